//! One check: what was found, what is to be done, and the forms that close or withdraw it.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::Ability;
use weir_register::records::RecordError;

use super::checks::{place_words, results_words, state_of};
use super::fields::{Field, Takes, Typed, filled};
use super::{Here, wrong};
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words;

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    heading: String,
    id: i64,
    state: &'static str,
    class: &'static str,
    facts: Vec<(&'static str, Vec<String>)>,
    closing: Vec<Field>,
    withdrawing: Vec<Field>,
}

pub(super) fn number(id: &str) -> Result<i64, PageError> {
    id.parse().map_err(|_| PageError::NotFound)
}

/// What people wrote, line by line.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

async fn page_of(here: Here, id: i64, typed: Typed, wrong: Wrong) -> Result<Response, PageError> {
    let book = here.register().checks(&here.id).await?;
    let check = book.check(id).ok_or(PageError::NotFound)?;
    let heading = format!("Check of {}", words::day(check.day));
    let title = if wrong.is_empty() { heading.clone() } else { format!("Error: {heading}") };
    let (state, class) = state_of(check, here.today());
    let one = |text: String| vec![text];
    let mut facts = vec![
        ("Where", one(book.spot(check.spot).map(place_words).unwrap_or_default())),
        ("What was tested", results_words(check)),
        ("Made by", one(format!("{}, from the view of: {}", check.done_by, check.view.words()))),
        ("What was seen", lines(&check.found)),
        ("What is to be done", lines(&check.action)),
        ("Who sees to it", if check.owner.is_empty() { Vec::new() } else { one(check.owner.clone()) }),
        ("By", check.due.map(words::day).into_iter().collect()),
    ];
    if let Some((on, note)) = &check.closed {
        facts.push(("Done on", one(words::day(*on))));
        facts.push(("What was done", lines(note)));
    }
    if let Some(why) = &check.withdrawn {
        facts.push(("Withdrawn because", lines(why)));
    }
    facts.push(("Recorded", one(format!("{}, {}", check.recorded_by, words::moment(check.recorded_at)))));
    facts.retain(|(_, lines)| !lines.is_empty());
    let closing = vec![
        Field::new("closed_on", "Done on", "For example 23 11 2026. Leave it empty for today.", Takes::Day),
        Field::new("note", "What was done", "Test again after the mend, and record that as a check of its own.", Takes::Lines),
    ];
    let why = Field::new(
        "why",
        "What was wrong with it",
        "The check stays in the list, marked as withdrawn, and counts no longer.",
        Takes::Lines,
    );
    let page = CheckPage {
        frame: Frame { section: "register", ..Frame::plain(&title) },
        id: check.id,
        state,
        class,
        facts,
        closing: if check.is_open() { filled(closing, &typed, &wrong) } else { Vec::new() },
        withdrawing: if check.withdrawn.is_none() { filled(vec![why], &typed, &wrong) } else { Vec::new() },
        heading,
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    page_of(here, number(&id)?, Typed::default(), Wrong::default()).await
}

pub(super) async fn close(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let mut faults = Wrong::default();
    let on = typed.day("closed_on", &mut faults).unwrap_or(here.today());
    if !faults.is_empty() {
        return page_of(here, id, typed, faults).await;
    }
    let by = here.by(Ability::WriteRegister)?;
    let done = here.register().close_check(by, &here.id, id, on, typed.of("note"), here.today()).await;
    finish(here, id, done, typed).await
}

pub(super) async fn withdraw(
    here: Here,
    Path((_, id)): Path<(String, String)>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let by = here.by(Ability::WriteRegister)?;
    let done = here.register().withdraw_check(by, &here.id, id, typed.of("why"), here.now()).await;
    finish(here, id, done, typed).await
}

/// Back to the check: anew when it was done, with what is wrong when not.
async fn finish(here: Here, id: i64, done: Result<(), RecordError>, typed: Typed) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{}/checks/{id}", here.base)).into_response()),
        Err(error) => page_of(here, id, typed, wrong(error)?).await,
    }
}
