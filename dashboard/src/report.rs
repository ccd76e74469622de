//! The annual review for the command line: as a draft, made anew. What is signed comes from the register as it was stored.

use jiff::Timestamp;
use weir_lake::clock;
use weir_lake::estate::{AcademicYear, School};
use weir_pack::bundle::Bundle;
use weir_register::{Register, RegisterError};

use crate::figures::{Figures, FiguresError};
use crate::record::Reported;
use crate::review::bundle::{DraftError, draft};
use crate::review::files;

/// The audience of what is stored.
pub const GOVERNORS: &str = files::GOVERNORS;

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The figures.
    #[error(transparent)]
    Figures(#[from] FiguresError),
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// It can't be put together.
    #[error("the review can't be put together: {0}")]
    Draft(String),
}

impl From<DraftError> for ReportError {
    fn from(error: DraftError) -> Self {
        Self::Draft(error.to_string())
    }
}

/// The review of a school and year as it would be signed now, and marked as a draft wherever it is read. Whoever asks for it has the whole
/// register, as whoever runs the machine does.
pub async fn draft_review(
    figures: &impl Figures,
    register: &Register,
    school: &School,
    year: AcademicYear,
) -> Result<Bundle, ReportError> {
    let page = figures.school_year(&school.school_id, year).await?;
    let reported = Reported::of(register, &school.school_id, &school.nation, year, clock::today_here()).await?;
    let number = reported.review.as_ref().and_then(|review| review.revision()).map_or(1, |revision| revision.number);
    let at = Timestamp::from_microsecond(clock::now_micros()).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(files::marked(draft(&page, &reported, number, at)?))
}
