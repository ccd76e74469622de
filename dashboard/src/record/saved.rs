//! Saved questions of a school: those of the reader's role as plain questions, each with a form, its answer as a chart and a table, and as a
//! file. What is asked is written down before anything is read; nothing of it stands in an address.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use weir_query::alerts::theme_words;
use weir_query::cells::Cells;
use weir_query::engine::Reason;
use weir_query::saved::{self, Kind, Parameter, SavedQuery, TOPICS};
use weir_register::{Ability, Act, Action};

use super::Here;
use super::fields::{Entry, Typed};
use crate::Dashboard;
use crate::chart::{Svg, answer_charts};
use crate::csv;
use crate::error::PageError;
use crate::figures::FiguresError;
use crate::pages::{Frame, html};
use crate::plain;
use crate::questions::{Told, asked_act, role_for, roles};
use crate::routes::download;
use crate::words::capital;

/// Before the name of a parameter's field, so that none is taken for a field of the page's own.
const FIELD: &str = "value-";

/// Rows of an answer that a page shows; the file has all.
const ROWS: usize = 500;

/// A question in the list.
struct Line {
    link: String,
    title: String,
    explanation: String,
    asks: Option<String>,
}

#[derive(Template)]
#[template(path = "saved_questions.html")]
struct QuestionsPage {
    frame: Frame,
    school: String,
    base: String,
    sought: String,
    lines: Vec<Line>,
    all: usize,
}

/// What the list is narrowed to.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    words: String,
}

/// A parameter as a field.
struct Ask {
    id: String,
    label: String,
    hint: String,
    /// What to choose from; empty where it is typed.
    entries: Vec<Entry>,
    value: String,
}

/// An answer on a page.
struct Shown {
    facts: Vec<(String, String)>,
    names: Vec<String>,
    is_number: Vec<bool>,
    rows: Vec<Vec<String>>,
    chart: Option<Svg>,
    more: usize,
    lake_version: u64,
}

#[derive(Template)]
#[template(path = "saved_question.html")]
struct QuestionPage {
    frame: Frame,
    school: String,
    base: String,
    id: String,
    title: String,
    explanation: String,
    limits: String,
    version: u32,
    asks: Vec<Ask>,
    needs_reason: bool,
    reason: String,
    refused: Option<String>,
    shown: Option<Shown>,
}

/// The questions that the reader may ask here.
async fn theirs(dashboard: &Dashboard, here: &Here) -> Result<Vec<SavedQuery>, PageError> {
    let evidence = dashboard.evidence.as_ref().ok_or(PageError::NotFound)?;
    let held = roles(&here.person.access, &here.id);
    let mut questions = evidence.questions().await?;
    questions.retain(|question| role_for(question, &held).is_some());
    questions.sort_by(|a, b| a.title.cmp(&b.title));
    Ok(questions)
}

pub(super) async fn page(
    State(dashboard): State<Dashboard>,
    here: Here,
    sought: Result<Query<Sought>, QueryRejection>,
) -> Result<Response, PageError> {
    let sought = sought.map(|Query(sought)| sought.words.trim().to_owned()).unwrap_or_default();
    let questions = theirs(&dashboard, &here).await?;
    let wanted: Vec<String> = sought.split_whitespace().map(str::to_lowercase).collect();
    let is_sought = |question: &&SavedQuery| {
        let text = format!("{} {}", question.title, question.explanation).to_lowercase();
        wanted.iter().all(|word| text.contains(word.as_str()))
    };
    let line = |question: &SavedQuery| {
        let mut asks: Vec<String> = question.parameters.iter().map(|parameter| parameter.label.to_lowercase()).collect();
        asks.extend(question.needs_reason.then(|| "your reason".to_owned()));
        Line {
            link: format!("{}/saved/{}", here.base, question.id),
            title: question.title.clone(),
            explanation: question.explanation.clone(),
            asks: (!asks.is_empty()).then(|| capital(&asks.join(", "))),
        }
    };
    let page = QuestionsPage {
        frame: Frame { section: "saved", ..Frame::plain(&format!("Questions, {}", here.name)) },
        lines: questions.iter().filter(is_sought).map(line).collect(),
        all: questions.len(),
        school: here.name.clone(),
        base: here.base.clone(),
        sought,
    };
    Ok(html(&page)?.into_response())
}

/// What to choose from, or to type, for a parameter.
fn ask(parameter: &Parameter, typed: &Typed) -> Ask {
    let id = format!("{FIELD}{}", parameter.name);
    let value = if typed.has(&id) { typed.of(&id).to_owned() } else { parameter.default.clone().unwrap_or_default() };
    let mut entries: Vec<Entry> = match &parameter.kind {
        Kind::Theme => TOPICS.iter().map(|topic| Entry::new(*topic, capital(&theme_words(topic)))).collect(),
        Kind::Choice(choices) => choices.iter().map(|choice| Entry::new(choice, choice)).collect(),
        _ => Vec::new(),
    };
    if parameter.is_optional() && !entries.is_empty() {
        entries.insert(0, Entry::new("any", "Any"));
    }
    let hint = match &parameter.kind {
        Kind::UserKey => {
            "A key as Weir prints it: k1- and 32 letters and digits. \u{201c}Names behind keys\u{201d} finds one.".to_owned()
        }
        Kind::Category => "One of Weir\u{2019}s categories, such as gambling.".to_owned(),
        Kind::Theme | Kind::Choice(_) => String::new(),
        kind => {
            let any = if parameter.is_optional() { ", or any" } else { "" };
            format!("{}{any}.", capital(&kind.accepts()))
        }
    };
    Ask { id, label: parameter.label.clone(), hint, entries, value }
}

fn page_of(here: &Here, question: &SavedQuery, typed: &Typed, refused: Option<String>, shown: Option<Shown>) -> QuestionPage {
    let title =
        if refused.is_some() { format!("Error: {}", question.title) } else { format!("{}, {}", question.title, here.name) };
    QuestionPage {
        frame: Frame { section: "saved", ..Frame::plain(&title) },
        school: here.name.clone(),
        base: here.base.clone(),
        id: question.id.clone(),
        title: question.title.clone(),
        explanation: question.explanation.clone(),
        limits: question.limits.clone(),
        version: question.version,
        asks: question.parameters.iter().map(|parameter| ask(parameter, typed)).collect(),
        needs_reason: question.needs_reason,
        reason: typed.of("reason").to_owned(),
        refused,
        shown,
    }
}

async fn one(dashboard: &Dashboard, here: &Here, id: &str) -> Result<SavedQuery, PageError> {
    theirs(dashboard, here).await?.into_iter().find(|question| question.id == id).ok_or(PageError::NotFound)
}

pub(super) async fn form(
    State(dashboard): State<Dashboard>,
    here: Here,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let question = one(&dashboard, &here, &id).await?;
    Ok(html(&page_of(&here, &question, &Typed::default(), None, None))?.into_response())
}

pub(super) async fn answer(
    State(dashboard): State<Dashboard>,
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let question = one(&dashboard, &here, &id).await?;
    let held = roles(&here.person.access, &here.id);
    let role = role_for(&question, &held).ok_or(PageError::NotFound)?;
    let values: BTreeMap<String, String> = question
        .parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), typed.of(&format!("{FIELD}{}", parameter.name)).trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let reason = Reason::new(typed.of("reason"));
    if question.needs_reason && reason.is_none() {
        let words = "Say in a few words why you read what pupils typed: it is written down.";
        return Ok(html(&page_of(&here, &question, &typed, Some(words.into()), None))?.into_response());
    }
    let asked = saved::Asked { school: here.id.to_string(), values, role, reason: reason.filter(|_| question.needs_reason) };
    let is_file = typed.of("as") == "csv";
    let by = here.person.access.role_at(Ability::SavedQuestions, &here.id);
    let what = if is_file { Action::Export } else { Action::Query };
    let act = asked_act(Act::new(here.person.session.account.actor(by), what).at(&here.id), &question.id, &asked);
    let written = Box::pin(async {
        let written = here.register().audit(act).await;
        written.map(drop).map_err(|error| FiguresError::Failed(error.to_string()))
    });
    let evidence = dashboard.evidence.as_ref().ok_or(PageError::NotFound)?;
    let reply = match evidence.ask(&question.id, &asked, written).await? {
        Told::Refused(words) => {
            let words = format!("{}.", capital(words.trim_end_matches('.')));
            return Ok(html(&page_of(&here, &question, &typed, Some(words), None))?.into_response());
        }
        Told::Answer(reply) => *reply,
    };
    if is_file {
        return Ok(download(reply.csv, &csv::plain_file_name(here.id.as_str(), &question.id)));
    }
    let cells = &reply.cells;
    let shown = Shown {
        facts: reply.parameters.clone(),
        names: cells.names.iter().map(|name| capital(&Cells::heading(name))).collect(),
        is_number: cells.is_number.clone(),
        chart: answer_charts(&question.chart, cells).filter(|_| !cells.rows.is_empty()),
        more: cells.rows.len().saturating_sub(ROWS),
        rows: cells
            .rows
            .iter()
            .take(ROWS)
            .map(|row| row.iter().map(|cell| plain::seen(cell.as_deref().unwrap_or_default())).collect())
            .collect(),
        lake_version: reply.lake_version,
    };
    Ok(html(&page_of(&here, &question, &typed, None, Some(shown)))?.into_response())
}
