//! Which address shows which page.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use tower_http::csrf::CsrfLayer;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_register::Ability;

use crate::error::PageError;
use crate::gate::Viewer;
use crate::pages::{FigurePage, GroupPage, MethodPage, OverviewPage, ReviewPage, Rights, SchoolPage, UnclaimedPage, html};
use crate::record::Reported;
use crate::security::{Own, guard, in_time};
use crate::serve::numbers::count;
use crate::view::SchoolYear;
use crate::{Dashboard, account, api, assets, csv, gate, record, summary};

type Page = Result<Html<String>, PageError>;

/// Longest form, in bytes; none of ours comes near it.
const LONGEST_FORM: usize = 32 * 1024;

/// Every page, guarded.
pub(crate) fn router(dashboard: Dashboard, port: u16) -> Router {
    let own = Own::new(port, &dashboard.serving);
    let mut pages = Router::new()
        .route("/", get(overview))
        .route("/schools.csv", get(schools))
        .route("/go", get(go))
        .route("/method", get(method))
        .route("/unclaimed", get(unclaimed))
        .route("/health", get(health))
        .route("/group/{group}/{year}", get(group))
        .route("/school/{school}", get(newest))
        .route("/school/{school}/{year}", get(school))
        .route("/school/{school}/{year}/review", get(review))
        .route("/school/{school}/{year}/summary", get(summary::page))
        .route("/school/{school}/{year}/summary/{form}", get(summary::file))
        .route("/school/{school}/{year}/days.csv", get(days))
        .route("/school/{school}/{year}/figures.csv", get(figures))
        .route("/school/{school}/{year}/figure/{figure}", get(figure))
        .route(&assets::style_path(), get(style))
        .route("/assets/icon.svg", get(icon));
    if dashboard.gate.is_some() {
        pages = pages.merge(account::routes()).merge(record::routes()).merge(api::routes());
    }
    pages
        .route_layer(axum::middleware::from_fn_with_state(dashboard.clone(), gate::pass))
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::NotAllowed)
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(axum::middleware::from_fn(in_time))
        .layer(CsrfLayer::new().with_rejection_response(|_| PageError::Foreign.into_response()))
        .layer(axum::middleware::from_fn(api::problem::for_programs))
        .layer(axum::middleware::from_fn_with_state(own, guard))
        .layer(axum::middleware::from_fn_with_state(dashboard.clone(), count))
        .with_state(dashboard)
}

/// What the list of schools is narrowed to.
#[derive(Debug, Default, Deserialize)]
struct Sought {
    #[serde(default)]
    name: String,
}

async fn overview(State(dashboard): State<Dashboard>, sought: Result<Query<Sought>, QueryRejection>) -> Page {
    // An address that can't be read narrows nothing.
    let sought = sought.map(|Query(sought)| sought.name).unwrap_or_default();
    html(&OverviewPage::new(&dashboard.figures.overview().await?, &dashboard.figures.groups().await?, &sought))
}

/// What a group's page is about.
#[derive(Debug, Default, Deserialize)]
struct Compared {
    figure: Option<String>,
    school: Option<String>,
}

async fn group(
    State(dashboard): State<Dashboard>,
    Path((group, year)): Path<(String, String)>,
    compared: Result<Query<Compared>, QueryRejection>,
) -> Page {
    let Query(compared) = compared.map_err(|_| PageError::NotFound)?;
    let year: AcademicYear = AcademicYear::parse(&year).ok_or(PageError::NotFound)?;
    let found = dashboard.figures.group(&group, year).await?;
    html(&GroupPage::new(&found, compared.figure.as_deref(), compared.school.as_deref()).ok_or(PageError::NotFound)?)
}

async fn schools(State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    Ok(download(csv::schools(&dashboard.figures.overview().await?), "weir_schools.csv"))
}

async fn method(State(dashboard): State<Dashboard>) -> Page {
    html(&MethodPage::new(dashboard.figures.methods().await?))
}

async fn unclaimed(State(dashboard): State<Dashboard>) -> Page {
    html(&UnclaimedPage::new(&dashboard.figures.unclaimed().await?))
}

async fn school(State(dashboard): State<Dashboard>, Path((school, year)): Path<(String, String)>) -> Page {
    let page = read(&dashboard, &school, &year).await?;
    html(&SchoolPage::new(&page, &dashboard.figures.schools().await?))
}

async fn review(State(dashboard): State<Dashboard>, Path((school, year)): Path<(String, String)>) -> Page {
    let page = read(&dashboard, &school, &year).await?;
    let reported = Reported::read(&dashboard, &page.school.id, page.year).await?;
    let joint = record::joint(&dashboard, &page.school.id, &reported)?;
    let schools = joint.as_ref().map_or_else(|| vec![page.school.id.clone()], |(body, _)| body.schools.clone());
    let rights = Rights {
        writes: Viewer::may_over(Ability::WriteRegister, &schools),
        comments: Viewer::may_over(Ability::AskQuestions, &schools),
        reads: Viewer::may_over(Ability::ReadRegister, &schools),
        small_numbers: Viewer::may_over(Ability::SmallNumbers, &schools),
    };
    let joint = joint.map(|(body, names)| (body.name, names));
    html(&ReviewPage::new(&page, &dashboard.figures.schools().await?, &reported, rights, joint))
}

async fn figure(
    State(dashboard): State<Dashboard>,
    Path((school, year, figure)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let page = read(&dashboard, &school, &year).await?;
    // Ids hold no `.csv`; a route with a suffix after a parameter is not something the router knows.
    let (id, as_csv) = figure.strip_suffix(".csv").map_or((figure.as_str(), false), |id| (id, true));
    let found = page.figures.iter().find(|figure| figure.id == id).ok_or(PageError::NotFound)?;
    if as_csv {
        return Ok(download(csv::figures(&page, [found]), &csv::file_name(page.school.id.as_str(), page.year, id)));
    }
    Ok(html(&FigurePage::new(&page, found, &dashboard.figures.schools().await?))?.into_response())
}

async fn figures(
    State(dashboard): State<Dashboard>,
    Path((school, year)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let page = read(&dashboard, &school, &year).await?;
    Ok(download(csv::figures(&page, &page.figures), &csv::file_name(page.school.id.as_str(), page.year, "figures")))
}

async fn days(State(dashboard): State<Dashboard>, Path((school, year)): Path<(String, String)>) -> Result<Response, PageError> {
    let page = read(&dashboard, &school, &year).await?;
    Ok(download(csv::days(&page), &csv::file_name(page.school.id.as_str(), page.year, "days")))
}

async fn newest(State(dashboard): State<Dashboard>, Path(school): Path<String>) -> Result<Redirect, PageError> {
    let schools = dashboard.figures.schools().await?;
    let school = schools.iter().find(|other| other.id.as_str() == school).ok_or(PageError::NotFound)?;
    let year = school.years.first().ok_or(PageError::NotFound)?;
    Ok(Redirect::to(&format!("/school/{}/{}", school.id, year)))
}

/// What the pickers ask.
#[derive(Debug, Deserialize)]
struct Choice {
    school: String,
    year: Option<String>,
    figure: Option<String>,
}

/// The pickers' way to a page: the same figure where the other school or year has it, otherwise the school's page.
async fn go(State(dashboard): State<Dashboard>, choice: Result<Query<Choice>, QueryRejection>) -> Result<Redirect, PageError> {
    let Query(choice) = choice.map_err(|_| PageError::NotFound)?;
    let schools = dashboard.figures.schools().await?;
    let school = schools.iter().find(|other| other.id.as_str() == choice.school).ok_or(PageError::NotFound)?;
    let year = match choice.year {
        Some(year) => AcademicYear::parse(&year).ok_or(PageError::NotFound)?,
        None => *school.years.first().ok_or(PageError::NotFound)?,
    };
    let page = dashboard.figures.school_year(&school.id, year).await?;
    let base = format!("/school/{}/{}", school.id, year);
    // Only an id that the page itself knows goes into the address.
    let figure = choice.figure.and_then(|id| page.figures.into_iter().find(|figure| figure.id == id));
    Ok(Redirect::to(&figure.map_or(base.clone(), |figure| format!("{base}/figure/{}", figure.id))))
}

async fn health() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "ok\n")
}

async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")],
        assets::STYLE,
    )
}

async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], assets::ICON)
}

async fn read(dashboard: &Dashboard, school: &str, year: &str) -> Result<SchoolYear, PageError> {
    let school = SchoolId::parse(school).map_err(|_| PageError::NotFound)?;
    let year: AcademicYear = AcademicYear::parse(year).ok_or(PageError::NotFound)?;
    Ok(dashboard.figures.school_year(&school, year).await?)
}

pub(crate) fn download(text: String, name: &str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")], text).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
