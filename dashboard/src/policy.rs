//! What a school's policy expects of the filter: read from policy.csv, which is the truth, and written to it for the pages.

use jiff::civil::Date;
use weir_lake::ids::SchoolId;
use weir_register::records::PolicyLine;

/// The policy of an estate; every call blocks.
pub trait PolicyFile: Send + Sync {
    /// What holds at a school, in the order in which it is asked: the first row that matches wins.
    fn rows(&self, school: &SchoolId) -> Result<Vec<PolicyStands>, PolicyRefused>;

    /// The categories that a row may name.
    fn categories(&self) -> Result<Vec<PolicyCategory>, PolicyRefused>;

    /// Writes rows before a school's others, so that they win from their first day on; the file of before is kept beside it. Rows that
    /// stand there already are not written twice.
    fn write(&self, school: &SchoolId, rows: &[PolicyLine]) -> Result<(), PolicyRefused>;
}

/// A row that stands in policy.csv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStands {
    /// Whether it is for every school.
    pub is_for_all: bool,
    /// A profile or user type; `*` is everybody.
    pub who: String,
    /// The category's id.
    pub category: String,
    /// `block`, `warn` or `allow`.
    pub expected: &'static str,
    /// Why.
    pub reason: String,
    /// From which day; none has always held.
    pub from: Option<Date>,
    /// To which day.
    pub to: Option<Date>,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCategory {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub words: String,
}

/// Why the policy can't be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefused {
    /// For whoever asked.
    #[error("{0}")]
    Said(String),
    /// For the log of the program, never for a page.
    #[error("{0}")]
    Failed(String),
}
