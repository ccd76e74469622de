//! The pages on which an annual review is prepared, commented on, signed and kept.

mod actions;
mod sign;
mod signed;
mod write;

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use weir_lake::estate::AcademicYear;
use weir_pack::bundle::Bundle;
use weir_register::Ability;
use weir_register::records::Review;

use super::{Here, Reported, wrong};
use crate::Dashboard;
use crate::error::PageError;
use crate::review::nation::Nation;
use crate::review::{bundle, files};

/// The addresses of this part. What each asks for stands in the gate's table.
pub(super) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/school/{school}/{year}/review/open", post(open))
        .route("/school/{school}/{year}/review/write/{block}", get(write::form).post(write::write))
        .route("/school/{school}/{year}/review/ask/{block}", get(write::ask_form).post(write::ask))
        .route("/school/{school}/{year}/review/actions", get(actions::page))
        .route("/school/{school}/{year}/review/actions/add", post(actions::add))
        .route("/school/{school}/{year}/review/actions/{action}", get(actions::end_form).post(actions::end))
        .route("/school/{school}/{year}/review/ready", post(sign::ready))
        .route("/school/{school}/{year}/review/sign", get(sign::page).post(sign::sign))
        .route("/school/{school}/{year}/review/sign/begin", post(sign::begin))
        .route("/school/{school}/{year}/review/sign/stop", post(sign::stop))
        .route("/school/{school}/{year}/review/sign/empty", post(sign::empty))
        .route("/school/{school}/{year}/review/draft/{form}", get(signed::draft))
        .route("/school/{school}/{year}/review/signed", get(signed::page))
        .route("/school/{school}/{year}/review/signed/{revision}/{form}", get(signed::file))
        .route("/school/{school}/{year}/review/revise", post(signed::revise))
}

/// The school and year of the address, and whoever asked.
pub(super) struct ReviewHere {
    pub(super) here: Here,
    pub(super) year: AcademicYear,
    /// Before the addresses of the review's pages.
    pub(super) base: String,
    pub(super) nation: &'static Nation,
}

impl FromRequestParts<Dashboard> for ReviewHere {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Dashboard) -> Result<Self, PageError> {
        let here = Here::from_request_parts(parts, dashboard).await?;
        let named = RawPathParams::from_request_parts(parts, dashboard).await.map_err(|_| PageError::NotFound)?;
        let year = named.iter().find(|(name, _)| *name == "year").and_then(|(_, year)| AcademicYear::parse(year));
        let year = year.ok_or(PageError::NotFound)?;
        let (base, nation) = (format!("{}/{year}/review", here.base), Nation::of(&here.nation));
        Ok(Self { here, year, base, nation })
    }
}

impl ReviewHere {
    /// The review; a page of one that nobody has opened does not exist.
    async fn review(&self) -> Result<Review, PageError> {
        self.here.register().review(&self.here.id, self.year).await?.ok_or(PageError::NotFound)
    }

    /// The bundle as it would be signed now.
    async fn draft(&self, dashboard: &Dashboard, review: &Review) -> Result<Bundle, PageError> {
        let page = dashboard.figures.school_year(&self.here.id, self.year).await?;
        let today = self.here.today();
        let reported = Reported::of(self.here.register(), &self.here.id, &self.here.nation, self.year, today).await?;
        let number = review.revision().map_or(1, |revision| revision.number);
        let at = Timestamp::from_microsecond(self.here.now()).map_err(|_| PageError::Failed)?;
        let draft = bundle::draft(&page, &reported, number, at)?;
        let before = review.frozen().map(|(revision, frozen)| (revision.number, frozen)).filter(|(before, _)| *before < number);
        Ok(files::compared(draft, before)?)
    }

    fn to(&self, page: &str) -> Response {
        Redirect::to(&format!("{}{page}", self.base)).into_response()
    }
}

async fn open(at: ReviewHere) -> Result<Response, PageError> {
    let by = at.here.by(Ability::WriteRegister)?;
    if let Err(error) = at.here.register().open_review(by, &at.here.id, at.year, at.here.now()).await {
        wrong(error)?;
    }
    Ok(at.to("/sign"))
}
