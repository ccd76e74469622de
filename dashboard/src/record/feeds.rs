//! Did last night work: the technician's first page. What came, what could not be read, what no map knows, and which checks are overdue.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use weir_query::saved;
use weir_register::Ability;

use super::Here;
use super::panels::{Panel, Part, panel};
use crate::Dashboard;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words;

/// What is asked, in the order of the page.
const PARTS: [Part; 4] = [
    (
        "feeds",
        "What came, source by source",
        "A source whose last day is not the last school day has gone quiet: look whether the filter still sends or exports its log.",
    ),
    (
        "silent_days",
        "School days without a line",
        "If the log can still be had, put it into the inbox: days that are missing are read as if they had come in time.",
    ),
    (
        "lines_not_read",
        "Lines that could not be read, by reason",
        "They are kept. A new version of the filter\u{2019}s software often shows here first: weir inspect FILE shows what each line becomes.",
    ),
    (
        "unmapped_categories",
        "Categories of the filter that no map knows",
        "Their requests count, but in no theme. Add them to a map: weir unmapped prints the rows to fill in.",
    ),
];

#[derive(Template)]
#[template(path = "feeds.html")]
struct FeedsPage {
    frame: Frame,
    school: String,
    base: String,
    checks: Option<String>,
    overdue: u32,
    panels: Vec<Panel>,
    asks: bool,
}

pub(super) async fn page(State(dashboard): State<Dashboard>, here: Here) -> Result<Response, PageError> {
    let mut panels = Vec::new();
    for part in PARTS {
        // These are the technician's questions and tell of no person, whichever role opened the page.
        panels.push(panel(&dashboard, &here, part, saved::Role::Technician, &[]).await?);
    }
    let tally = if here.may(Ability::ReadRegister) {
        Some(here.register().checks(&here.id).await?.grid(here.today()).tally())
    } else {
        None
    };
    let checks = tally.as_ref().map(|tally| match (tally.planned, tally.overdue) {
        (0, _) => "No test of the filter is planned. Say what is tested, where and how often.".to_owned(),
        (planned, 0) => format!("None of {} is overdue.", words::plural(planned, "planned test")),
        (planned, overdue) => format!("{overdue} of {} overdue.", words::plural(planned, "planned test")),
    });
    let page = FeedsPage {
        frame: Frame { section: "feeds", ..Frame::plain(&format!("Did last night work? {}", here.name)) },
        overdue: tally.map_or(0, |tally| tally.overdue),
        checks,
        panels,
        asks: here.may(Ability::SavedQuestions),
        school: here.name.clone(),
        base: here.base.clone(),
    };
    Ok(html(&page)?.into_response())
}
