#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]
//! The second engine: recomputes every figure of a lake straight from its data files, by the definitions and by nothing of the first
//! engine, and says which values differ. Writes nothing.

mod activity;
mod cells;
mod columns;
mod error;
mod facts;
mod figures;
mod indicators;
mod last_year;
mod local_time;
mod meanings;
mod once;
mod pupil_days;
mod recorded;
mod records;
mod report;
mod rollups;
mod terms;
mod theme_weeks;
mod weekly;
mod weeks;

pub use error::VerifyError;
pub use indicators::{COVERED, Cell, SchoolYear, compare};
pub use meanings::Meanings;
pub use records::{Alert, Change, Records};
pub use report::{Checked, Difference, Report, Unchecked};
pub use rollups::Verification;
