//! The annual review for the command line: as a draft or a copy for other readers, made anew. What is signed comes from the register as it
//! was stored.

use jiff::Timestamp;
use weir_lake::clock;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_pack::bundle::{Audience, Bundle};
use weir_register::{Register, RegisterError};

use crate::Schools;
use crate::evidence::Evidence;
use crate::figures::{Figures, FiguresError};
use crate::record::{Reported, governing_body};
use crate::review::bundle::{DraftError, Known, Whose, draft};
use crate::review::{copies, files};

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

/// The review of a school and year as it would be made now, for a reader: the governors' is a draft, and marked as one wherever it is read;
/// the others are copies that nobody signs. Of a governing body with several schools it is one for all of them; the summary is a school's own.
/// Whoever asks has the whole register and every number, as whoever runs the machine does.
pub async fn review_for(
    figures: &(impl Figures + Evidence),
    register: &Register,
    schools: &Schools,
    school: &SchoolId,
    year: AcademicYear,
    audience: Audience,
) -> Result<Bundle, ReportError> {
    let review = register.review(school, year).await?;
    let at = Timestamp::from_microsecond(clock::now_micros()).unwrap_or(Timestamp::UNIX_EPOCH);
    let nation = |school: &SchoolId| schools.get(school).map(|school| school.nation.as_str()).unwrap_or_default();
    if audience == Audience::Public {
        let signed = review.as_ref().and_then(|review| review.frozen()).map(|(revision, frozen)| (revision.number, frozen.at));
        return Ok(copies::summary(&figures.public_year(school, year).await?, nation(school), signed, at)?);
    }
    let number = review.as_ref().and_then(|review| review.revision()).map_or(1, |revision| revision.number);
    let body = match review {
        Some(review) => review.body,
        None => governing_body(schools, school),
    };
    let of_review = body.as_ref().map_or_else(|| vec![school.clone()], |body| body.schools.clone());
    let mut known = Vec::with_capacity(of_review.len());
    for school in &of_review {
        let reported = Reported::of(register, school, nation(school), year, clock::today_here()).await?;
        known.push(match audience {
            Audience::Safeguarding => Known { page: figures.whole_year(school, year).await?, reported: reported.in_full() },
            _ => Known { page: figures.school_year(school, year).await?, reported },
        });
    }
    let body = body.as_ref().map(|body| body.name.as_str());
    Ok(match audience {
        Audience::Safeguarding => copies::whole(&known, body, number, at)?,
        _ => files::marked(draft(&Whose { schools: &known, body }, number, at)?),
    })
}
