//! Alerts: raised from the lake by key, taken by a person, closed with an outcome. The register holds where an event is, never its words.

mod counts;
mod handle;
mod heads;
mod notices;
mod raise;
mod read;
mod reveals;
mod second;
mod watch;

use weir_lake::ids::{SchoolId, UserKey};

use crate::records::AlertOutcome;
use crate::{AccountId, Role};

pub use counts::{AlertFact, AlertTally, RevealFact};
pub use handle::NewClosing;
pub use heads::HeadKey;
pub(crate) use heads::mark as mark_heads;
pub use notices::{Notice, To, next_for};
pub use raise::{NewEvent, NewGroup, Raised};
pub use read::Listed;
pub(crate) use read::read_one;
pub use reveals::reason;
pub use second::{ASKED_FOR, RevealState, StaffReveal};
pub use watch::Watch;

/// The highest severity: told at once, closed by two people.
pub const MOST_SEVERE: u8 = 4;

/// Minutes until a head sees what is urgent and nobody has taken.
pub const HEAD_SEES_AFTER: i64 = 60;

pub(crate) const MINUTE: i64 = 60 * 1_000_000;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $one:ident = $word:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$each])* $one,)* }

        impl $name {
            /// The word in the register.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$one => $word,)* }
            }

            /// The one of a word.
            pub fn parse(word: &str) -> Option<Self> {
                [$(Self::$one,)*].into_iter().find(|one| one.word() == word)
            }
        }
    )*};
}

words! {
    /// What an alert is about.
    AlertKind {
        /// One person and theme.
        Person = "person";
        /// Several pupils at the same time: it looks like a lesson.
        Lesson = "lesson";
        /// What is listed as illegal.
        Illegal = "illegal";
    }

    /// Whom it is about.
    Who {
        /// A pupil.
        Pupil = "pupil";
        /// A member of staff: a matter of the head.
        Staff = "staff";
        /// A sign-in of many, or nobody who is known.
        Unidentified = "unidentified";
        /// Several pupils.
        Class = "class";
    }

    /// How it stands.
    AlertState {
        /// Nobody has taken it.
        New = "new";
        /// Somebody looks into it.
        Taken = "taken";
        /// Somebody wants to close it; a second person must agree.
        Closing = "closing";
        /// Closed with an outcome.
        Closed = "closed";
        /// Its events turned out to be part of a lesson.
        Folded = "folded";
    }

    /// What an event was.
    What {
        /// A search.
        Search = "search";
        /// A page opened or stopped.
        Page = "page";
        /// A device monitor's finding.
        Monitor = "monitor";
        /// Something listed as illegal.
        Listed = "listed";
    }
}

impl AlertState {
    /// Whether something is still to be done.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Taken | Self::Closing)
    }
}

/// How somebody wants to close it, or closed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// What came of it.
    pub outcome: AlertOutcome,
    /// Why; may be empty where one person is enough.
    pub why: String,
    /// Whose account.
    pub by: AccountId,
    /// Their name.
    pub by_name: String,
    /// When, microseconds.
    pub at: i64,
    /// Who agreed, where two are needed.
    pub second: Option<String>,
}

/// An alert as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: i64,
    /// School.
    pub school: SchoolId,
    /// What it is about.
    pub kind: AlertKind,
    /// Whom it is about.
    pub who: Who,
    /// It is about a head: the chair's matter.
    pub is_of_head: bool,
    /// Key of the person, or of the device where nobody is known.
    pub subject: Option<UserKey>,
    /// Theme.
    pub theme: String,
    /// 1 to 4.
    pub severity: u8,
    /// Orders the list; never shown.
    pub(crate) score: i64,
    /// One of its searches asks for help.
    pub asks_for_help: bool,
    /// People in it.
    pub people: u32,
    /// Events in it.
    pub events: u32,
    /// First event, microseconds.
    pub first_at: i64,
    /// Last event.
    pub last_at: i64,
    /// Since when it waits for somebody.
    pub raised_at: i64,
    /// How it stands.
    pub state: AlertState,
    /// Who has taken it: account and name.
    pub holder: Option<(AccountId, String)>,
    /// When it was first taken.
    pub acknowledged_at: Option<i64>,
    /// How it is to be closed, or was.
    pub closing: Option<Closing>,
    /// The number of a child protection file.
    pub reference: Option<String>,
    /// The closed one whose matter it takes up again.
    pub follows: Option<i64>,
    /// The lesson that its events are part of.
    pub folded_into: Option<i64>,
}

impl Alert {
    /// Told at once, and closed by two people.
    pub fn is_urgent(&self) -> bool {
        self.severity >= MOST_SEVERE || self.kind == AlertKind::Illegal
    }

    /// Whether somebody in this role may see it at this time, and act on it. A member of staff's is the head's alone; a pupil's the
    /// safeguarding lead's, and the head's while it is urgent and nobody takes it, or while it waits for a second person. What is about a
    /// head is the chair's, and nobody else's.
    pub fn is_for(&self, role: Role, account: AccountId, now: i64) -> bool {
        if self.is_of_head || role == Role::Chair {
            return self.is_of_head && role == Role::Chair;
        }
        match (role, self.who) {
            (Role::Leader, Who::Staff) => true,
            (Role::Leader, _) => {
                let is_waiting = self.state == AlertState::New && now - self.raised_at >= HEAD_SEES_AFTER * MINUTE;
                let is_theirs = self.is_held_by(account) || self.closing.as_ref().is_some_and(|closing| closing.by == account);
                self.is_urgent() && (is_waiting || self.state == AlertState::Closing) || is_theirs
            }
            (Role::Dsl, Who::Staff) => false,
            (Role::Dsl, _) => true,
            _ => false,
        }
    }

    /// Whether this account has taken it and it is open.
    pub fn is_held_by(&self, account: AccountId) -> bool {
        self.state.is_open() && self.holder.as_ref().is_some_and(|(holder, _)| *holder == account)
    }
}

/// An event of an alert: where it lies in the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEvent {
    /// When, microseconds.
    pub at: i64,
    /// The school's local date.
    pub day: jiff::civil::Date,
    /// Key of the person or device.
    pub subject: Option<UserKey>,
    /// Input file.
    pub file_id: String,
    /// Its line.
    pub line_no: i64,
    /// What it was.
    pub what: What,
    /// 1 to 4.
    pub severity: u8,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who wrote it.
    pub by: String,
    /// When, microseconds.
    pub at: i64,
    /// What.
    pub text: String,
}

/// An alert with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFile {
    /// The alert.
    pub alert: Alert,
    /// Its events, oldest first.
    pub events: Vec<AlertEvent>,
    /// Its notes, oldest first.
    pub notes: Vec<Note>,
    /// Accounts to whom its name was revealed.
    pub revealed_to: Vec<AccountId>,
}
