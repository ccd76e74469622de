//! What people record about a school: the checks they made of its filter, the changes they asked of it, the books they keep, the incidents
//! they deal with, what people ask about the rows kept of them, and the annual reviews they sign.

mod books;
mod changes;
mod checks;
mod counted;
mod digests;
mod explanations;
mod grid;
mod imports;
mod incidents;
mod policy_rows;
mod questions;
mod review_actions;
mod review_signing;
mod review_writing;
mod reviews;
mod subject_requests;
pub(crate) mod typed;
mod words;

use weir_lake::ids::SchoolId;

use crate::{AccountId, Act, Action, Actor, RegisterError, Role};

pub use books::{Book, BookField, BookPages, Entry, Holds, NewEntry, Spans};
pub use changes::{Change, ChangeBook, ChangeState, ChangeTally, Decision, NewChange};
pub use checks::{Check, CheckBook, NewCheck, NewSpot, Spot};
pub use counted::{Counted, CountedAlert, CountedChange, CountedPlan, CountedReveal, CountedTest};
pub use digests::DigestRead;
pub use explanations::Explanation;
pub use grid::{Cell, CellState, Grid, GridRow, Tally};
pub use incidents::{
    CountedPart, Incident, IncidentAbout, IncidentCounts, IncidentField, IncidentHolds, IncidentStep, NewIncident, OUTSIDE, Said,
    Step, THEMES, moment as incident_moment,
};
pub use policy_rows::{EXPECTED, PolicyLine};
pub use questions::{AskedAbout, Question, Reply};
pub use review_actions::{ActionState, NewAction, ReviewAction};
pub use review_signing::{Frozen, FrozenFile, Round, Seat, Signature, ToFreeze};
pub use reviews::{Answer, Body, Comment, Part, PartDone, Review, ReviewState, Revision};
pub use subject_requests::{NewEnd, NewSubjectRequest, SubjectKind, SubjectOutcome, SubjectRequest};
pub use words::{AlertOutcome, Device, Kind, Test, UserGroup, View};

/// What is wrong with something to be recorded: a field, and words for its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The field, by the name it has on the form.
    pub field: &'static str,
    /// A sentence.
    pub words: &'static str,
}

impl Fault {
    pub(crate) const fn at(field: &'static str, words: &'static str) -> Self {
        Self { field, words }
    }
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The register failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There is no such record at this school, or it is past what was to be done to it.
    #[error("there is no such record")]
    NoSuch,
    /// It can't be recorded as it is.
    #[error("what was typed can't be recorded")]
    Wrong(Vec<Fault>),
}

impl From<sqlx::Error> for RecordError {
    fn from(error: sqlx::Error) -> Self {
        Self::Register(error.into())
    }
}

/// Who records something, and under which role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Whose account.
    pub id: AccountId,
    /// The role that allows it at this school.
    pub role: Role,
}

impl By {
    /// The act of recording at a school.
    pub(crate) fn records(self, school: &SchoolId) -> Act {
        Act::new(Actor::Account { id: self.id, role: Some(self.role) }, Action::Record).at(school)
    }
}
