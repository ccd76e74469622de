//! The audit trail: who did what to what, why, and when; only ever added to, each row bound to the one before.

mod chain;
mod list;
mod os_user;
mod verify;

use std::collections::BTreeMap;
use std::fmt;

use weir_lake::ids::{SchoolId, UserKey};

use crate::{AccountId, Place, RegisterError, Role};

pub(crate) use chain::append;
pub use list::{AuditRow, Sought};
pub(crate) use verify::verify_connection;
pub use verify::{Finding, Head, Verified};

/// Longest reason, in characters.
const REASON: usize = 1000;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person signed in, under the role that allowed it.
    Account {
        /// Whose account.
        id: AccountId,
        /// The role.
        role: Option<Role>,
    },
    /// Somebody at the command line, by the name the machine knows them by.
    Command(String),
    /// Nobody who is known: a sign-in that failed, a page without a session.
    Nobody,
}

impl Actor {
    /// Whoever runs this command, as the machine knows them.
    pub fn of_command() -> Self {
        Self::Command(os_user::name())
    }

    fn word(&self) -> String {
        match self {
            Self::Account { id, .. } => format!("account:{id}"),
            Self::Command(name) => format!("command:{name}"),
            Self::Nobody => "nobody".to_owned(),
        }
    }

    fn role(&self) -> Option<Role> {
        match self {
            Self::Account { role, .. } => *role,
            Self::Command(_) | Self::Nobody => None,
        }
    }
}

/// Whether the act was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused; nothing else happened.
    Refused,
}

impl Outcome {
    /// The word in the trail.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What was done. The words stand in the trail for good: add, never rename.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word in the trail.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

actions! {
    /// The first administrator's account was made.
    SetUp = "set-up",
    /// Signed in.
    SignIn = "sign-in",
    /// Signed out.
    SignOut = "sign-out",
    /// Every session of an account was ended.
    SignOutEverywhere = "sign-out-everywhere",
    /// A one-time link was made.
    MakeLink = "make-link",
    /// A one-time link was used.
    UseLink = "use-link",
    /// A password was set or changed.
    SetPassword = "set-password",
    /// A second step was set up.
    SetSecondStep = "set-second-step",
    /// The second step was taken away.
    RemoveSecondStep = "remove-second-step",
    /// New recovery codes were made.
    MakeRecoveryCodes = "make-recovery-codes",
    /// A recovery code was used.
    UseRecoveryCode = "use-recovery-code",
    /// An account was added.
    AddAccount = "add-account",
    /// An account was closed or opened again.
    CloseAccount = "close-account",
    /// A role was given.
    GiveRole = "give-role",
    /// A role was ended.
    EndRole = "end-role",
    /// An account at a provider of sign-in was joined with one here, or parted from it.
    JoinIdentity = "join-identity",
    /// A token for a program was made.
    MakeToken = "make-token",
    /// A token for a program was revoked.
    RevokeToken = "revoke-token",
    /// A page or file was asked for.
    Open = "open",
    /// Figures or rows were taken out as a file.
    Export = "export",
    /// The name behind a key was shown.
    Reveal = "reveal",
    /// The key of a name was looked up.
    Find = "find",
    /// A head asked for the name behind a key of staff.
    AskReveal = "ask-reveal",
    /// A second person answered that.
    ConfirmReveal = "confirm-reveal",
    /// A quarantined line was opened.
    OpenLine = "open-line",
    /// Rows were asked for in SQL.
    Sql = "sql",
    /// A saved question was run.
    Query = "query",
    /// Lines were looked at before they are read.
    Inspect = "inspect",
    /// Logs were read in.
    Ingest = "ingest",
    /// A file or run was taken back.
    Undo = "undo",
    /// Rows were told again.
    Reclassify = "reclassify",
    /// Closed dates were opened.
    Reopen = "reopen",
    /// Dates were closed.
    CloseDates = "close-dates",
    /// Figures were recomputed and compared.
    Verify = "verify",
    /// Somebody was erased.
    Erase = "erase",
    /// It was asked that somebody be erased.
    AskErasure = "ask-erasure",
    /// Somebody's rows were held back from erasure.
    PlaceHold = "place-hold",
    /// Such a hold was ended.
    EndHold = "end-hold",
    /// Old rows were deleted.
    Retain = "retain",
    /// An entry of the register was written.
    Record = "record",
    /// Alerts were raised from the logs.
    RaiseAlerts = "raise-alerts",
    /// A review was signed.
    Sign = "sign",
    /// The trail was read.
    ReadAudit = "read-audit",
    /// A letter was put into the outbox.
    MakeMail = "make-mail",
    /// A letter was sent; refused: it will not be sent any more.
    SendMail = "send-mail",
    /// The address in a letter was opened by whom it was sent to.
    ReadMail = "read-mail",
    /// Keys were rotated, or old ones forgotten.
    RotateKeys = "rotate-keys",
    /// The register was copied.
    Backup = "backup",
    /// The register was put back from a copy.
    Restore = "restore",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A value beside an act. No kind of it is a name, an address of a site or a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail(serde_json::Value);

impl Detail {
    /// What somebody typed into Weir itself, such as a statement of `weir sql`. Never a value of a log.
    pub fn typed(text: &str) -> Self {
        Self(text.into())
    }
}

macro_rules! details {
    ($($from:ty),*) => {$(
        impl From<$from> for Detail {
            fn from(value: $from) -> Self {
                Self(value.into())
            }
        }
    )*};
}

details!(bool, i64, u64, u32, &'static str);

impl From<&SchoolId> for Detail {
    fn from(school: &SchoolId) -> Self {
        Self(school.as_str().into())
    }
}

impl From<Role> for Detail {
    fn from(role: Role) -> Self {
        Self(role.word().into())
    }
}

impl From<Place> for Detail {
    fn from(place: Place) -> Self {
        Self(place.to_string().into())
    }
}

/// One row of the trail before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Act {
    actor: Actor,
    action: Action,
    outcome: Outcome,
    school: Option<SchoolId>,
    object: Option<String>,
    subject: Option<UserKey>,
    reason: Option<String>,
    detail: BTreeMap<&'static str, Detail>,
}

impl Act {
    /// Somebody does something.
    pub fn new(actor: Actor, action: Action) -> Self {
        Self {
            actor,
            action,
            outcome: Outcome::Done,
            school: None,
            object: None,
            subject: None,
            reason: None,
            detail: BTreeMap::new(),
        }
    }

    /// It was refused.
    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Refused;
        self
    }

    /// At this school.
    pub fn at(mut self, school: &SchoolId) -> Self {
        self.school = Some(school.clone());
        self
    }

    /// To this thing: a kind and its id. An id is never a name.
    pub fn on(mut self, kind: &'static str, id: impl fmt::Display) -> Self {
        self.object = Some(format!("{kind}:{id}"));
        self
    }

    /// About this pupil or other person of the logs. The trail gets a mark instead of the key, made with a secret of its own that
    /// erasing the person destroys.
    pub fn about(mut self, key: &UserKey) -> Self {
        self.subject = Some(key.clone());
        self
    }

    /// For this reason, as the person gave it, in one line.
    pub fn because(mut self, reason: &str) -> Self {
        let reason = reason.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
        self.reason = Some(reason.collect());
        self
    }

    /// With this beside it.
    pub fn with(mut self, key: &'static str, value: impl Into<Detail>) -> Self {
        self.set(key, value);
        self
    }

    /// Adds what is known only now.
    pub fn set(&mut self, key: &'static str, value: impl Into<Detail>) {
        self.detail.insert(key, value.into());
    }

    /// Names the thing when its number is known.
    pub fn set_object(&mut self, kind: &'static str, id: impl fmt::Display) {
        self.object = Some(format!("{kind}:{id}"));
    }

    pub(crate) fn check(&self) -> Result<(), RegisterError> {
        let is_bad = |reason: &String| reason.is_empty() || reason.chars().count() > REASON;
        if self.reason.as_ref().is_some_and(is_bad) { Err(RegisterError::Reason) } else { Ok(()) }
    }
}

/// Shows that an act stands in the trail, on disk. Functions that reveal take one, and it is used up: one row, one reveal.
#[derive(Debug)]
#[must_use]
pub struct Receipt {
    number: u64,
    hash: [u8; 32],
    action: Action,
    outcome: Outcome,
    subject: Option<UserKey>,
}

impl Receipt {
    /// The row's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The row as a head to note elsewhere.
    pub fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash }
    }

    /// Uses the receipt up, for a reveal of this kind about this person. One for anything else, or for a refusal, is an error.
    pub fn spend(self, action: Action, subject: Option<&UserKey>) -> Result<(), RegisterError> {
        if self.action == action && self.outcome == Outcome::Done && self.subject.as_ref() == subject {
            Ok(())
        } else {
            Err(RegisterError::NotAudited)
        }
    }
}
