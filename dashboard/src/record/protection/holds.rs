//! Rows that a safeguarding lead holds back from erasure while a case is open, each with the day on which to look at it again.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_lake::ids::UserKey;
use weir_register::erasure::NewHold;
use weir_register::records::By;
use weir_register::{Ability, Actor};

use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::Here;
use crate::record::check::number;
use crate::record::fields::{Field, Takes, Typed, filled};
use crate::words;

struct HoldLine {
    id: i64,
    key: String,
    until: String,
}

#[derive(Template)]
#[template(path = "holds.html")]
struct HoldsPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    holds: Vec<HoldLine>,
    fields: Vec<Field>,
}

async fn page_of(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let holds = here.register().holds(here.today()).await?;
    let fields = vec![
        Field::new("key", "Key", "As an alert prints it: k1- and 32 letters and digits.", Takes::Line(60)),
        Field::new(
            "review_on",
            "To be looked at again by",
            "The last day it holds, for example 18 12 2026. Hold it anew if the case is still open.",
            Takes::Day,
        ),
        Field::new("why", "Why", "It goes into the audit trail. No name.", Takes::Lines),
    ];
    let title = if wrong.is_empty() { "Rows held back" } else { "Error: Rows held back" };
    let page = HoldsPage {
        frame: Frame { section: "today", ..Frame::plain(title) },
        holds: holds
            .iter()
            .filter(|hold| hold.school == here.id)
            .map(|hold| HoldLine { id: hold.id, key: hold.key.as_str().to_owned(), until: words::day(hold.review_on) })
            .collect(),
        fields: filled(fields, typed, &wrong),
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    page_of(here, &Typed::default(), Wrong::default()).await
}

fn actor(by: By) -> Actor {
    Actor::Account { id: by.id, role: Some(by.role) }
}

pub(super) async fn place(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = here.by(Ability::Hold)?;
    let mut faults = Wrong::default();
    let review_on = typed.day("review_on", &mut faults);
    if typed.of("review_on").trim().is_empty() || review_on.is_some_and(|day| day < here.today()) {
        faults.0.push(("review_on", "Give a day that is not past.".into()));
    }
    let key = UserKey::parse(typed.of("key").trim()).ok();
    if key.is_none() {
        faults.0.push(("key", "Use a key such as an alert prints.".into()));
    }
    let why = weir_register::alerts::reason(typed.of("why")).ok();
    if why.is_none() {
        faults.0.push(("why", "Say why, in a few words.".into()));
    }
    let (Some(review_on), Some(key), Some(why), true) = (review_on, key, why, faults.is_empty()) else {
        return page_of(here, &typed, faults).await;
    };
    let new = NewHold { placed_by: by.id, school: here.id.clone(), key, review_on };
    here.register().hold(actor(by), &new, &why, here.now()).await?;
    Ok(Redirect::to(&format!("{}/holds", here.base)).into_response())
}

pub(super) async fn end(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let (id, by) = (number(&id)?, here.by(Ability::Hold)?);
    let all = here.register().holds(here.today()).await?;
    if !all.iter().any(|hold| hold.id == id && hold.school == here.id) {
        return Err(PageError::NotFound);
    }
    here.register().end_hold(actor(by), id, here.today()).await?;
    Ok(Redirect::to(&format!("{}/holds", here.base)).into_response())
}
