//! The summary of a school's year for anyone: a page behind sign-in as all are, and files that a school may put where it likes.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use weir_lake::clock;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_pack::Kind;
use weir_pack::bundle::{Bundle, Figure, Table};
use weir_register::{Ability, Act, Action};

use crate::Dashboard;
use crate::error::PageError;
use crate::gate::Viewer;
use crate::pages::{Frame, Picker, html};
use crate::review::{copies, files};
use crate::view::SchoolYear;
use crate::words;

/// Forms in the order of the page, with what they are for.
const FORMS: [(&str, &str); 4] = [
    ("pdf", "PDF, to print or put on a website"),
    ("html", "Page in one file (HTML)"),
    ("xlsx", "Workbook (XLSX)"),
    ("zip", "Every table (CSV, zipped)"),
];

/// A figure's line.
struct Line {
    title: String,
    value: String,
    coverage: String,
    meaning: String,
    table: Option<(Vec<String>, Vec<Vec<String>>)>,
}

#[derive(Template)]
#[template(path = "summary.html")]
struct SummaryPage {
    frame: Frame,
    name: String,
    base: String,
    year: String,
    lead: Vec<String>,
    unseen: Vec<String>,
    groups: Vec<(String, Vec<Line>)>,
    forms: [(&'static str, &'static str); 4],
}

/// The pages' figures, and the bundle made of them.
async fn made(dashboard: &Dashboard, school: &str, year: &str) -> Result<(SchoolYear, Bundle), PageError> {
    let school = SchoolId::parse(school).map_err(|_| PageError::NotFound)?;
    let year = AcademicYear::parse(year).ok_or(PageError::NotFound)?;
    let page = dashboard.figures.public_year(&school, year).await?;
    let (nation, signed, now) = match &dashboard.gate {
        None => (String::new(), None, clock::now_micros()),
        Some(gate) => {
            let nation = gate.schools()?.get(&school).map(|school| school.nation.clone()).unwrap_or_default();
            let review = gate.accounts.register().review(&school, year).await?;
            let frozen = review.as_ref().and_then(|review| review.frozen());
            (nation, frozen.map(|(revision, frozen)| (revision.number, frozen.at)), gate.accounts.now())
        }
    };
    let at = Timestamp::from_microsecond(now).map_err(|_| PageError::Failed)?;
    let bundle = copies::summary(&page, &nation, signed, at)?;
    Ok((page, bundle))
}

fn line(figure: &Figure) -> Line {
    let table = figure.table.as_ref().map(|table| {
        let titles = table.columns.iter().map(|column| column.title.clone()).collect();
        (titles, rows(table))
    });
    Line {
        title: figure.title.clone(),
        value: figure.value.clone(),
        coverage: figure.coverage.clone().unwrap_or_default(),
        meaning: figure.meaning.clone(),
        table,
    }
}

/// The rows as the documents show them.
fn rows(table: &Table) -> Vec<Vec<String>> {
    table
        .rows
        .iter()
        .map(|row| table.columns.iter().zip(row).map(|(column, cell)| weir_pack::said(column.kind, cell)).collect())
        .collect()
}

pub(crate) async fn page(
    State(dashboard): State<Dashboard>,
    Path((school, year)): Path<(String, String)>,
) -> Result<Html<String>, PageError> {
    let (of, bundle) = made(&dashboard, &school, &year).await?;
    let picker = Picker::new(&dashboard.figures.schools().await?, &of.school, of.year, None);
    let year = words::year_words(of.year);
    let title = format!("A summary for everyone, {}, {year}", of.school.name);
    let blocks = bundle.sections.iter().flat_map(|section| &section.blocks);
    html(&SummaryPage {
        frame: Frame { picker: Some(picker), as_of: of.as_of, ..Frame::plain(&title) },
        name: of.school.name.clone(),
        base: format!("/school/{}/{}", of.school.id, of.year),
        year,
        lead: bundle.lead.clone(),
        unseen: bundle.unseen.clone(),
        groups: blocks.map(|block| (block.asks.clone(), block.figures.iter().map(line).collect())).collect(),
        forms: FORMS,
    })
}

pub(crate) async fn file(
    State(dashboard): State<Dashboard>,
    Path((school, year, form)): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    let kind = files::form(&form).ok_or(PageError::NotFound)?;
    let (of, bundle) = made(&dashboard, &school, &year).await?;
    if let (Some(gate), Some(Viewer::Person(person))) = (&dashboard.gate, Viewer::of_this()) {
        let role = person.access.role_at(Ability::Figures, &of.school.id);
        let act = Act::new(person.session.account.actor(role), Action::Export).at(&of.school.id);
        let act = act.on("review", format!("{}:summary", of.year)).with("form", kind.map_or("json", Kind::extension));
        let _receipt = gate.accounts.register().audit(act).await?;
    }
    let bytes = match kind {
        None => bundle.to_json().map_err(|_| PageError::Failed)?,
        Some(kind) => files::file(bundle, kind).await?,
    };
    let media = kind.map_or("application/json", Kind::media_type);
    let mut response = ([(header::CONTENT_TYPE, media)], bytes).into_response();
    let name = format!("weir_{}_{}_summary.{}", of.school.id, of.year, kind.map_or("json", Kind::extension));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
