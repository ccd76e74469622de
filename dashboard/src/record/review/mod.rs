//! The pages on which an annual review is prepared, commented on, signed and kept.

mod actions;
mod copies;
mod sign;
mod signed;
mod write;

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use weir_lake::estate::{AcademicYear, School};
use weir_lake::ids::SchoolId;
use weir_pack::bundle::Bundle;
use weir_register::records::{Body, By, Review};
use weir_register::{Ability, Reach, Role};

use super::{Here, Reported, wrong};
use crate::error::PageError;
use crate::review::bundle::{Known, Whose};
use crate::review::nation::Nation;
use crate::review::{bundle, files};
use crate::{Dashboard, Schools};

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
        .route("/school/{school}/{year}/review/whole/{form}", get(copies::whole))
        .route("/school/{school}/{year}/review/signed", get(signed::page))
        .route("/school/{school}/{year}/review/signed/{revision}/{form}", get(signed::file))
        .route("/school/{school}/{year}/review/revise", post(signed::revise))
}

/// Who reads a copy of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Governors, who sign it.
    Governors,
    /// Those from whom nothing is hidden.
    Whole,
}

/// The school and year of the address, and whoever asked.
pub(super) struct ReviewHere {
    pub(super) here: Here,
    pub(super) year: AcademicYear,
    /// The schools of the review: this one, or all of a governing body that has one review, the one that keeps it first.
    pub(super) schools: Vec<SchoolId>,
    /// Whose it is, where there are several.
    pub(super) body: Option<String>,
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
        let body = here.register().review(&here.id, year).await?.and_then(|review| review.body);
        let (schools, body) = match body {
            Some(body) => (body.schools, Some(body.name)),
            None => (vec![here.id.clone()], None),
        };
        let at = Self { here, year, schools, body, base, nation };
        // A review of several schools is for those who may see them all.
        if at.body.is_some() && at.role(Ability::ReadRegister).is_none() {
            return Err(PageError::NotYours);
        }
        Ok(at)
    }
}

impl ReviewHere {
    /// The role under which they may do something at every school of the review.
    fn role(&self, ability: Ability) -> Option<Role> {
        self.here.person.access.role_over(ability, &Reach::Schools(self.schools.iter().cloned().collect()))
    }

    /// As the one who does something to the review.
    fn by(&self, ability: Ability) -> Result<By, PageError> {
        let role = self.role(ability).ok_or(PageError::NotYours)?;
        Ok(By { id: self.here.person.session.account.id, role })
    }

    /// The review; a page of one that nobody has opened does not exist.
    async fn review(&self) -> Result<Review, PageError> {
        self.here.register().review(&self.here.id, self.year).await?.ok_or(PageError::NotFound)
    }

    /// The bundle as it would be signed now.
    async fn draft(&self, dashboard: &Dashboard, review: &Review) -> Result<Bundle, PageError> {
        let (schools, body) = self.known(dashboard, Reader::Governors).await?;
        let number = review.revision().map_or(1, |revision| revision.number);
        let draft = bundle::draft(&Whose { schools: &schools, body: body.as_deref() }, number, self.moment()?)?;
        let before = review.frozen().map(|(revision, frozen)| (revision.number, frozen)).filter(|(before, _)| *before < number);
        Ok(files::compared(draft, before)?)
    }

    fn moment(&self) -> Result<Timestamp, PageError> {
        Timestamp::from_microsecond(self.here.now()).map_err(|_| PageError::Failed)
    }

    /// What is known of the review's schools, for a reader, and whose it is where there are several.
    async fn known(&self, dashboard: &Dashboard, reader: Reader) -> Result<(Vec<Known>, Option<String>), PageError> {
        let (today, of_estate) = (self.here.today(), self.here.gate.schools()?);
        let mut known = Vec::with_capacity(self.schools.len());
        for school in &self.schools {
            let page = match reader {
                Reader::Governors => dashboard.figures.school_year(school, self.year).await?,
                Reader::Whole => self.here.evidence.whole_year(school, self.year).await?,
            };
            let nation = of_estate.get(school).map(|school| school.nation.as_str()).unwrap_or_default();
            let reported = Reported::of(self.here.register(), school, nation, self.year, today).await?;
            let reported = if reader == Reader::Whole { reported.in_full() } else { reported };
            known.push(Known { page, reported });
        }
        Ok((known, self.body.clone()))
    }

    fn to(&self, page: &str) -> Response {
        Redirect::to(&format!("{}{page}", self.base)).into_response()
    }
}

async fn open(at: ReviewHere) -> Result<Response, PageError> {
    let (register, now) = (at.here.register(), at.here.now());
    let of_estate = at.here.gate.schools()?;
    let opened = match governing_body(&of_estate, &at.here.id) {
        // One review for all of its schools, opened by somebody who may write for all of them.
        Some(body) => {
            let reach = Reach::Schools(body.schools.iter().cloned().collect());
            let role = at.here.person.access.role_over(Ability::WriteRegister, &reach).ok_or(PageError::NotYours)?;
            let by = By { id: at.here.person.session.account.id, role };
            register.open_joint_review(by, &body, at.year, now).await
        }
        None => register.open_review(at.by(Ability::WriteRegister)?, &at.here.id, at.year, now).await,
    };
    if let Err(error) = opened {
        wrong(error)?;
    }
    Ok(at.to("/sign"))
}

/// The governing body whose one review is this school's, as the review has it or else as schools.csv does, with its schools' names; none
/// where the school has a review of its own.
pub(crate) fn joint(
    dashboard: &Dashboard,
    school: &SchoolId,
    reported: &Reported,
) -> Result<Option<(Body, Vec<String>)>, PageError> {
    let Some(gate) = &dashboard.gate else { return Ok(None) };
    let schools = gate.schools()?;
    let body = match &reported.review {
        Some(review) => review.body.clone(),
        None => governing_body(&schools, school),
    };
    let name = |id: &SchoolId| schools.get(id).map_or_else(|| id.to_string(), |school| school.name.clone());
    Ok(body.map(|body| {
        let names = body.schools.iter().map(name).collect();
        (body, names)
    }))
}

/// The governing body of a school, where it has other schools as well; the one whose id comes first keeps the review.
pub(crate) fn governing_body(schools: &Schools, of: &SchoolId) -> Option<Body> {
    let name = schools.get(of)?.governing_body.as_deref().map(str::trim).filter(|name| !name.is_empty())?;
    let is_in = |school: &School| school.governing_body.as_deref().map(str::trim) == Some(name);
    let schools: Vec<SchoolId> = schools.values().filter(|school| is_in(school)).map(|school| school.school_id.clone()).collect();
    (schools.len() > 1).then(|| Body { name: name.to_owned(), schools })
}
