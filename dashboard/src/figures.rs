//! Where pages get their figures: one trait, so that every page renders without an engine, too.

use std::future::Future;
use std::pin::Pin;

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_lake::verification::Standing;
use weir_query::unclaimed::UnclaimedSource;

use crate::view::{Group, GroupLink, Method, Overview, SchoolRef, SchoolYear};

/// A question under way.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, FiguresError>> + Send + 'a>>;

/// A source of figures that governors may see.
pub trait Figures: Send + Sync {
    /// The schools there are, in alphabetical order of their names.
    fn schools(&self) -> Asked<'_, Vec<SchoolRef>>;

    /// All schools, coverage first.
    fn overview(&self) -> Asked<'_, Overview>;

    /// One school and year; [`FiguresError::NotFound`] where the estate has no such school.
    fn school_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear>;

    /// The same with nothing but what was published for everyone: 0 to 9 people are one mark.
    fn public_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear>;

    /// The groups whose schools can be set side by side.
    fn groups(&self) -> Asked<'_, Vec<GroupLink>>;

    /// A group's schools in a year; [`FiguresError::NotFound`] where the estate has no such group.
    fn group<'a>(&'a self, group: &'a str, year: AcademicYear) -> Asked<'a, Group>;

    /// How every figure is made.
    fn methods(&self) -> Asked<'_, Vec<Method>>;

    /// Whether two engines agree on a school's figures of a year, as they stand.
    fn standing<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, Standing>;

    /// For the technician: lines that no rule gives to a school.
    fn unclaimed(&self) -> Asked<'_, Vec<UnclaimedSource>>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FiguresError {
    /// No such school, or not a year it can be asked for.
    #[error("no such school or year")]
    NotFound,
    /// The engine had too much to do, or the lake changed under it: the same question may be answered in a minute.
    #[error("the figures could not be read just now: {0}")]
    Busy(String),
    /// The engine failed. The text is for the log, never for a page.
    #[error("the figures could not be read: {0}")]
    Failed(String),
}
