//! The estate: whose logs these are, when school is in session, who is a pupil, and what policy expects, as checked values.

mod backup;
mod error;
mod holidays;
mod init;
mod load;
mod logins;
mod mail;
mod people;
mod places;
mod policy;
mod receiving;
mod roster;
mod rows;
mod school_map;
mod serving;
mod settings;
mod sign_in;
mod table;
mod tables_arrow;
mod term_dates;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{FormatId, SchoolId, SourceId};

pub use backup::Backup;
pub use error::{EstateError, Problem};
pub use holidays::{bank_holidays, easter_sunday};
pub use init::{init, init_for};
pub use load::CalendarState;
pub use logins::{Login, SharedNames, normalise_login};
pub use mail::{Encryption, Mail, MailSecret, MailSignIn};
pub use people::{People, PeopleCache, PersonFacts, RealmName, Seen};
pub use places::is_inside;
pub use receiving::{Listening, Receiving, Sender, TlsFiles, UNKNOWN_SENDERS, UnknownSender};
pub use roster::{Roster, RosterRow};
pub use school_map::{SchoolMap, Site, school_of};
pub use serving::{Serving, ServingTls};
pub use settings::{Engine, Retention, SchoolHours};
pub use sign_in::{SignInProvider, SignInRole};
pub use tables_arrow::estate_tables;
pub use term_dates::{TermDates, half_terms_from_ics, six_half_terms};

/// The layer of a source: where in the path it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// A web filter; first choice for decisions.
    Filter,
    /// A firewall.
    Firewall,
    /// A DNS filter.
    Dns,
    /// A device monitor: concerns, never decisions.
    Monitor,
}

/// One `[[source]]` of weir.toml.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// The school, or rules that find one.
    pub school: SchoolOf,
    /// The format, or none to detect it at each file.
    pub format: Option<FormatId>,
    /// Folder that nightly and watch read.
    pub inbox: Option<PathBuf>,
    /// Zone of local times, an IANA name; `Europe/London` by default.
    pub tz: String,
    /// Where in the path it stands.
    pub layer: Layer,
    /// Whether allowed requests are logged at all.
    pub logs_allowed: bool,
    /// Keep `flow` lines as events rather than ignoring them.
    pub keep_flows: bool,
}

/// Which school a line belongs to.
#[derive(Debug, Clone)]
pub enum SchoolOf {
    /// All lines are one school's.
    One(SchoolId),
    /// First rule that matches; no match is quarantined as `no_school`.
    Map(Vec<SchoolRule>),
}

/// One rule of a `school_map`.
#[derive(Debug, Clone)]
pub struct SchoolRule {
    /// What is looked at.
    pub on: SchoolRuleOn,
    /// Address range (CIDR) for `src_ip`, otherwise the text to equal, case folded; a trailing `*` matches any ending.
    pub pattern: String,
    /// The school.
    pub school: SchoolId,
}

/// What a school rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchoolRuleOn {
    /// Client address range.
    SrcIp,
    /// The vendor's group.
    Group,
    /// Filter policy.
    Profile,
    /// A site column of the export.
    Site,
}

/// One row of schools.csv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Its id.
    pub school_id: SchoolId,
    /// Its name for people.
    pub name: String,
    /// Unique reference number, if given.
    pub urn: Option<String>,
    /// infant, junior, primary, secondary, special, all_through, ...
    pub phase: String,
    /// england, wales or scotland.
    pub nation: String,
    /// IANA zone.
    pub timezone: String,
    /// Governing body; one review each.
    pub governing_body: Option<String>,
    /// Trust, if any.
    pub trust: Option<String>,
    /// Local authority, if any.
    pub authority: Option<String>,
    /// First day, if given.
    pub opens: Option<Date>,
    /// Last day, if given.
    pub closes: Option<Date>,
}

/// One row of rolls.csv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// School.
    pub school_id: SchoolId,
    /// For example `2025-26`.
    pub academic_year: AcademicYear,
    /// A year group, or `*` for the whole school.
    pub year_group: String,
    /// Pupils on roll.
    pub pupils: u32,
}

/// An academic year by the calendar year it starts in; September to August (Scotland: mid-August), written `2025-26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AcademicYear(pub i16);

impl AcademicYear {
    /// Parses `2025-26`.
    pub fn parse(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('-')?;
        if start.len() != 4 || end.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        let start: i16 = start.parse().ok()?;
        let end: i16 = end.parse().ok()?;
        ((2000..=2199).contains(&start) && (start + 1) % 100 == end).then_some(Self(start))
    }

    /// The year a date falls in: from 1 September, in Scotland from 15 August.
    ///
    /// A school may open a few days earlier; `Calendar::academic_year` therefore asks the school's half-terms first.
    pub fn of(date: Date, nation: &str) -> Self {
        let turn = if nation == "scotland" { (8, 15) } else { (9, 1) };
        Self(if (date.month(), date.day()) >= turn { date.year() } else { date.year() - 1 })
    }

    /// The year before.
    pub fn previous(self) -> Self {
        Self(self.0 - 1)
    }

    /// The year after.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for AcademicYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.0, (self.0 + 1) % 100)
    }
}

/// What a row of calendar.csv is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalendarKind {
    /// Half a term of school days.
    HalfTermBlock,
    /// A holiday inside a block, bank holidays included.
    Holiday,
    /// Staff training: no pupils.
    Inset,
    /// Closed: snow, election, building works.
    Closure,
}

impl CalendarKind {
    /// As written in calendar.csv.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HalfTermBlock => "half_term_block",
            Self::Holiday => "holiday",
            Self::Inset => "inset",
            Self::Closure => "closure",
        }
    }
}

/// One row of calendar.csv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRow {
    /// None for `*`: every school without own rows of that kind and time.
    pub school_id: Option<SchoolId>,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// What it is.
    pub kind: CalendarKind,
    /// For example `Autumn 1`.
    pub label: String,
}

/// The type of person behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserType {
    /// A pupil.
    Pupil,
    /// Staff.
    Staff,
    /// A guest or visitor.
    Guest,
    /// A sign-in of many: never a pupil-week, not identified.
    Shared,
    /// A device, no person.
    Device,
    /// Not known.
    Unknown,
}

impl UserType {
    /// Every type with the word the files use.
    pub(crate) const WORDS: [(&'static str, UserType); 6] = [
        ("pupil", Self::Pupil),
        ("staff", Self::Staff),
        ("guest", Self::Guest),
        ("shared", Self::Shared),
        ("device", Self::Device),
        ("unknown", Self::Unknown),
    ];

    /// As written in `events.user_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pupil => "pupil",
            Self::Staff => "staff",
            Self::Guest => "guest",
            Self::Shared => "shared",
            Self::Device => "device",
            Self::Unknown => "unknown",
        }
    }
}

/// What a groups.csv row matches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchOn {
    /// The vendor's group.
    Group,
    /// Filter policy.
    Profile,
    /// The log-in.
    User,
}

/// One row of groups.csv: file order matters, a school's own rows come before `*`.
#[derive(Debug, Clone)]
pub struct GroupRow {
    /// None for `*`.
    pub school_id: Option<SchoolId>,
    /// What is matched.
    pub on: MatchOn,
    /// Text to equal, case folded; `*` matches any run of characters.
    pub pattern: String,
    /// The type it gives.
    pub user_type: UserType,
    /// The year group it gives.
    pub year_group: Option<String>,
    /// Boards at the school.
    pub boarder: bool,
    /// First day it holds.
    pub from: Option<Date>,
    /// Last day it holds.
    pub to: Option<Date>,
}

/// What policy expects of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expected {
    /// Refused.
    Block,
    /// A warning page.
    Warn,
    /// Let through.
    Allow,
}

impl Expected {
    /// As written in policy.csv.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

/// One row of policy.csv.
#[derive(Debug, Clone)]
pub struct PolicyRow {
    /// None for `*`.
    pub school_id: Option<SchoolId>,
    /// Filter profile or user type; None for `*`.
    pub profile_or_user_type: Option<String>,
    /// Canonical category.
    pub category: String,
    /// What policy expects.
    pub expected: Expected,
    /// Why, in the words the review needs.
    pub reason: String,
    /// First day it holds.
    pub from: Option<Date>,
    /// Last day it holds.
    pub to: Option<Date>,
}

/// The estate, checked.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    /// Folder of weir.toml.
    pub home: PathBuf,
    /// The lake's root.
    pub lake_root: PathBuf,
    /// Keys, vault and anything with names, outside the lake.
    pub vault_root: PathBuf,
    /// The register: accounts, roles and the audit trail, in one file outside the lake.
    pub register_path: PathBuf,
    /// Sources by id.
    pub sources: BTreeMap<SourceId, Source>,
    /// Domain part of a user name, lower case -> realm. Absent domains are the realm `default`.
    pub user_domains: BTreeMap<String, String>,
    /// Keep `url_query` on allowed rows too.
    pub keep_allowed_queries: bool,
    /// Schools by id.
    pub schools: BTreeMap<SchoolId, School>,
    /// Pupils on roll.
    pub rolls: Vec<Roll>,
    /// Calendar rows.
    pub calendar: Vec<CalendarRow>,
    /// Group rows in file order.
    pub groups: Vec<GroupRow>,
    /// Policy rows in file order.
    pub policy: Vec<PolicyRow>,
    /// Who holds which log-ins; names in clear, so it prints as a count only.
    pub roster: Arc<Roster>,
    /// School hours.
    pub hours: SchoolHours,
    /// How long rows are kept.
    pub retention: Retention,
    /// Outgoing mail, if set up.
    pub mail: Option<Mail>,
    /// Where copies of the register go, if set up.
    pub backup: Option<Backup>,
    /// What runs the queries.
    pub engine: Engine,
    /// How the pages are reached.
    pub serving: Serving,
    /// Where people may sign in besides.
    pub sign_in: Vec<SignInProvider>,
    /// What is received as it happens.
    pub receiving: Receiving,
    /// Folder of the estate's own formats, if any.
    pub formats: Option<PathBuf>,
    /// Files that could have been there and are not, for `weir doctor`.
    pub missing: Vec<&'static str>,
}

impl Layer {
    /// Every layer with the word the files use.
    pub(crate) const WORDS: [(&'static str, Layer); 4] =
        [("filter", Self::Filter), ("firewall", Self::Firewall), ("dns", Self::Dns), ("monitor", Self::Monitor)];

    /// As written in weir.toml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Firewall => "firewall",
            Self::Dns => "dns",
            Self::Monitor => "monitor",
        }
    }
}

/// Whether a date lies between two others, either open.
pub(crate) fn is_valid_on(date: Date, from: Option<Date>, to: Option<Date>) -> bool {
    from.is_none_or(|from| from <= date) && to.is_none_or(|to| date <= to)
}
