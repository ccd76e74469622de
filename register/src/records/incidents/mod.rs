//! Incidents: what happened, whom it is about by key, what was done and who outside was told. Every step is kept; the newest counts.

mod counts;
mod fields;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use weir_lake::ids::{SchoolId, UserKey};

use super::words::lists;
use crate::{AccountId, Role};

pub use counts::{IncidentCounts, Part as CountedPart};
pub use fields::{IncidentField, IncidentHolds, OUTSIDE, THEMES};
pub use write::NewIncident;

lists! {
    /// Whom an incident is about, and so who reads it.
    IncidentAbout {
        /// A pupil or several.
        Pupil = "pupil", "a pupil or several";
        /// Nobody: the filter or its watching failed.
        Nobody = "nobody", "nobody: the filter or its watching failed";
        /// A member of staff: the head's matter.
        Staff = "staff", "a member of staff";
        /// The head: the chair of governors' matter.
        Head = "head", "the head";
    }

    /// What somebody did with it.
    IncidentStep {
        /// Recorded it first.
        Opened = "opened", "recorded";
        /// Changed or added something.
        Changed = "changed", "changed";
        /// Closed it.
        Closed = "closed", "closed";
        /// Opened it again.
        Reopened = "reopened", "opened again";
    }
}

impl IncidentAbout {
    /// Whether somebody in this role reads and writes it. What is about staff is the head's, what is about the head the chair's.
    pub const fn is_for(self, role: Role) -> bool {
        match self {
            Self::Pupil | Self::Nobody => matches!(role, Role::Dsl | Role::Leader),
            Self::Staff => matches!(role, Role::Leader),
            Self::Head => matches!(role, Role::Chair),
        }
    }

    /// What incidents of this kind are about, in a word or two.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Pupil => "pupils",
            Self::Nobody => "failures of the filter",
            Self::Staff => "staff",
            Self::Head => "the head",
        }
    }

    /// Who reads it, in words.
    pub const fn readers(self) -> &'static str {
        match self {
            Self::Pupil | Self::Nobody => "the safeguarding lead, the deputies and the head",
            Self::Staff => "the head alone",
            Self::Head => "the chair of governors alone",
        }
    }
}

/// What an incident's fields say, by field.
pub type Said = BTreeMap<String, String>;

/// A step of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub what: IncidentStep,
    /// By whom.
    pub by: String,
    /// When, microseconds.
    pub at: i64,
    /// All that the fields said from then on.
    pub said: Said,
}

/// An incident as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// School.
    pub school: SchoolId,
    /// Whom it is about.
    pub about: IncidentAbout,
    /// Who recorded it first.
    pub opened_by: AccountId,
    /// When, microseconds.
    pub opened_at: i64,
    /// Keys of the people it is about.
    pub keys: BTreeSet<UserKey>,
    /// The alerts it took up.
    pub alerts: BTreeSet<i64>,
    /// Every step, oldest first; at least one.
    pub steps: Vec<Step>,
}

impl Incident {
    /// What a field says; empty where it says nothing.
    pub fn says(&self, field: &str) -> &str {
        self.steps.last().and_then(|step| step.said.get(field)).map_or("", String::as_str)
    }

    /// The words that a field with several of them says.
    pub fn several(&self, field: &str) -> impl Iterator<Item = &str> {
        self.says(field).split(' ').filter(|word| !word.is_empty())
    }

    /// The day in a field that holds a moment.
    pub fn day(&self, field: &str) -> Option<Date> {
        moment(self.says(field)).map(|(day, _)| day)
    }

    /// Whether something is still to be done.
    pub fn is_open(&self) -> bool {
        self.steps.last().is_none_or(|step| step.what != IncidentStep::Closed)
    }

    /// Whether the safeguarding lead was told on the day it happened; none where nobody wrote down when.
    pub fn was_told_same_day(&self) -> Option<bool> {
        self.day("happened").zip(self.day("told_lead")).map(|(happened, told)| happened == told)
    }

    /// The bodies outside that were told.
    pub fn told_outside(&self) -> impl Iterator<Item = &'static IncidentField> {
        OUTSIDE.iter().filter_map(|name| IncidentField::of(name)).filter(|field| !self.says(field.name).is_empty())
    }
}

/// A day, and the time where it is known, of a field that holds a moment.
pub fn moment(text: &str) -> Option<(Date, Option<DateTime>)> {
    match text.contains('T') {
        true => text.parse::<DateTime>().ok().map(|at| (at.date(), Some(at))),
        false => text.parse::<Date>().ok().map(|day| (day, None)),
    }
}
