//! A member of staff's name takes two: the head asks, the person they named confirms it from their own account, and the head is shown it once.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use weir_lake::names::ClearName;
use weir_register::alerts::{RevealState, StaffReveal};
use weir_register::records::RecordError;
use weir_register::{Ability, Action};

use super::page::named;
use crate::Dashboard;
use crate::account::Signed;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::Here;
use crate::record::check::number;
use crate::record::fields::Typed;
use crate::words;

#[derive(Template)]
#[template(path = "name_asked.html")]
struct AskedPage {
    frame: Frame,
    school: String,
    base: String,
    id: i64,
    key: String,
    why: String,
    second: String,
    asked: String,
    alert: Option<i64>,
    state: &'static str,
    what_next: String,
    may_show: bool,
    /// The name, shown this once.
    name: Option<ClearName>,
}

/// How a wish stands, in words.
pub(super) const fn state_words(state: RevealState) -> &'static str {
    match state {
        RevealState::Waiting => "waits for the second person",
        RevealState::Confirmed => "confirmed: the name can be shown once",
        RevealState::Declined => "the second person said no",
        RevealState::Shown => "the name was shown",
        RevealState::Lapsed => "past its day: ask again if it is still needed",
    }
}

fn what_next(asked: &StaffReveal, state: RevealState) -> String {
    match state {
        RevealState::Waiting => format!(
            "Tell {} yourself. They find it on their own account\u{2019}s page, under \u{201c}To confirm\u{201d}, within 24 hours of your asking.",
            asked.second.1
        ),
        RevealState::Confirmed => "Look within 24 hours of their answer. It is written down before you see it.".into(),
        RevealState::Declined => "No name is shown. Speak with them.".into(),
        RevealState::Shown | RevealState::Lapsed => String::new(),
    }
}

fn page_of(here: Here, asked: &StaffReveal, name: Option<ClearName>) -> Result<Response, PageError> {
    let state = if name.is_some() { RevealState::Shown } else { asked.state(here.now()) };
    let page = AskedPage {
        frame: Frame { section: "today", ..Frame::plain("A name you asked for") },
        id: asked.id,
        key: asked.key.as_str().to_owned(),
        why: asked.why.clone(),
        second: asked.second.1.clone(),
        asked: words::moment(asked.asked_at),
        alert: asked.alert,
        state: state_words(state),
        what_next: what_next(asked, state),
        may_show: state == RevealState::Confirmed,
        name,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

/// A wish of this head's own.
async fn own(here: &Here, id: &str) -> Result<StaffReveal, PageError> {
    let (id, account) = (number(id)?, here.by(Ability::RevealStaff)?.id);
    let all = here.register().staff_names_asked(&here.id).await?;
    all.into_iter().find(|one| one.id == id && one.asked_by.0 == account).ok_or(PageError::NotFound)
}

pub(super) async fn page(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let asked = own(&here, &id).await?;
    page_of(here, &asked, None)
}

pub(super) async fn show(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let asked = own(&here, &id).await?;
    let by = here.by(Ability::RevealStaff)?;
    let names = here.names.clone().ok_or(PageError::NotFound)?;
    let (key, receipt) = match here.register().staff_name_shown(by, &here.id, asked.id, here.now()).await {
        Ok(shown) => shown,
        Err(RecordError::Register(error)) => return Err(error.into()),
        Err(_) => return page_of(here, &asked, None),
    };
    receipt.spend(Action::Reveal, Some(&key))?;
    let name = named(names, key, &here).await?;
    page_of(here, &asked, name)
}

/// Something to confirm.
struct ToConfirm {
    id: i64,
    who: String,
    school: String,
    when: String,
    why: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    frame: Frame,
    waiting: Vec<ToConfirm>,
}

pub(super) async fn to_confirm(State(dashboard): State<Dashboard>, Signed(person): Signed) -> Result<Response, PageError> {
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let schools = gate.schools()?;
    let found = gate.accounts.register().to_confirm(person.session.account.id, gate.accounts.now()).await?;
    let line = |one: StaffReveal| ToConfirm {
        id: one.id,
        who: one.asked_by.1,
        school: schools.get(&one.school).map_or_else(|| one.school.to_string(), |school| school.name.clone()),
        when: words::moment(one.asked_at),
        why: one.why,
    };
    let page = ConfirmPage {
        frame: Frame { section: "account", ..Frame::plain("What are you asked to confirm?") },
        waiting: found.into_iter().map(line).collect(),
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn answer(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let gate = dashboard.gate.clone().ok_or(PageError::NotFound)?;
    let agrees = match typed.of("agree") {
        "yes" => true,
        "no" => false,
        _ => return Err(PageError::NotFound),
    };
    let register = gate.accounts.register();
    match register.answer_staff_name(person.session.account.id, id, agrees, gate.accounts.now()).await {
        Ok(()) => Ok(Redirect::to("/confirm").into_response()),
        Err(RecordError::Register(error)) => Err(error.into()),
        Err(_) => Err(PageError::NotFound),
    }
}
