//! A read-only interface for programs: published figures and the register in numbers, as JSON, for whoever brings a token of somebody who
//! may read them. The gate decides, by the same table as for pages.

mod answers;
mod document;
mod limits;
pub(crate) mod problem;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_register::records::Book;

use crate::Dashboard;
use crate::error::PageError;
use answers::{FiguresAnswer, RegisterAnswer, SchoolsAnswer};

pub(crate) use limits::Limits;

/// Every address of this part begins so.
pub(crate) const START: &str = "/api/";

/// The addresses of this part. What each asks for stands in the gate's table.
pub(crate) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/api/v1/openapi.json", get(description))
        .route("/api/v1/schools", get(schools))
        .route("/api/v1/schools/{school}/register", get(register))
        .route("/api/v1/schools/{school}/years/{year}/figures", get(figures))
}

/// An answer as JSON.
fn json(value: &impl Serialize) -> Result<Response, PageError> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        PageError::Failed
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

async fn description() -> Result<Response, PageError> {
    json(&document::description())
}

/// The schools whose figures the token's owner may read.
#[utoipa::path(
    get,
    path = "/api/v1/schools",
    operation_id = "schools",
    responses((status = 200, description = "The schools", body = SchoolsAnswer, content_type = "application/json")),
    security(("token" = []))
)]
async fn schools(State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    json(&SchoolsAnswer::new(dashboard.figures.schools().await?))
}

/// The figures of a school year that are published, by half-term. What is hidden because it is small stays hidden; what late logs may still
/// change is left out.
#[utoipa::path(
    get,
    path = "/api/v1/schools/{school}/years/{year}/figures",
    operation_id = "figures",
    params(
        ("school" = String, Path, description = "The school's id", example = "oakfield", min_length = 1, max_length = 64),
        ("year" = String, Path, description = "The school year", example = "2025-26", pattern = r"^[0-9]{4}-[0-9]{2}$")
    ),
    responses((status = 200, description = "The figures", body = FiguresAnswer, content_type = "application/json")),
    security(("token" = []))
)]
async fn figures(
    State(dashboard): State<Dashboard>,
    Path((school, year)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let school = SchoolId::parse(&school).map_err(|_| PageError::NotFound)?;
    let year = AcademicYear::parse(&year).ok_or(PageError::NotFound)?;
    json(&FiguresAnswer::new(&dashboard.figures.school_year(&school, year).await?))
}

/// What people recorded about a school, in numbers: checks, changes of the filter, and how many entries each list has. No words of it.
#[utoipa::path(
    get,
    path = "/api/v1/schools/{school}/register",
    operation_id = "register",
    params(("school" = String, Path, description = "The school's id", example = "oakfield", min_length = 1, max_length = 64)),
    responses((status = 200, description = "The register in numbers", body = RegisterAnswer, content_type = "application/json")),
    security(("token" = []))
)]
async fn register(State(dashboard): State<Dashboard>, Path(school): Path<String>) -> Result<Response, PageError> {
    let gate = dashboard.gate.as_ref().ok_or(PageError::NotFound)?;
    let school = SchoolId::parse(&school).map_err(|_| PageError::NotFound)?;
    let (register, today) = (gate.accounts.register(), gate.accounts.today());
    let (checks, changes) = (register.checks(&school).await?, register.changes(&school).await?);
    let books = register.books(&school).await?;
    let lists = Book::ALL.into_iter().map(|book| (book, books.get(book.id)));
    json(&RegisterAnswer::new(&school, &checks, &changes, lists, today))
}
