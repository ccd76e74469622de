//! What somebody asked for at a school: a site that is blocked by mistake, or a bypass for teaching. Each sees their own requests alone.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::Ability;
use weir_register::records::{Change, ChangeState, Kind};

use super::change::{ask_fields, asked};
use super::changes::{days_words, state_words};
use super::check::number;
use super::check_form::FormPage;
use super::fields::{Typed, filled};
use super::{Here, wrong};
use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::words::{self, capital};

/// What may be asked for here: whoever does not write the register asks for no change of the policy.
const KINDS: [Kind; 2] = [Kind::Unblock, Kind::Bypass];

struct RequestLine {
    id: i64,
    what: String,
    about: String,
    asked: String,
    state: &'static str,
    class: &'static str,
    answer: Option<String>,
    withdraws: bool,
}

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    school: String,
    base: String,
    requests: Vec<RequestLine>,
}

fn line(change: &Change, here: &Here) -> RequestLine {
    let state = change.state(here.today());
    let (words, class) = match state {
        // Whoever asked takes nothing back.
        ChangeState::Late => ("ended", "cant"),
        ChangeState::Approved => ("approved, to be made by IT support", "higher"),
        state => state_words(state),
    };
    RequestLine {
        id: change.id,
        what: change.what.clone(),
        about: format!("{}, for {}, {}", capital(change.kind.words()), change.group.words(), days_words(change)),
        asked: words::day(change.asked_on),
        state: words,
        class,
        answer: change.decision.as_ref().map(|decision| {
            let word = if decision.is_approved { "Approved" } else { "Refused" };
            format!("{word} by {} on {}: {}", decision.by, words::day(decision.on), decision.why)
        }),
        withdraws: state == ChangeState::Waiting,
    }
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    let book = here.register().changes(&here.id).await?;
    let own = here.person.session.account.id;
    let requests = book.changes.iter().filter(|change| change.asked_by == own).map(|change| line(change, &here)).collect();
    let page = RequestsPage {
        frame: Frame { section: "register", ..Frame::plain(&format!("Your requests, {}", here.name)) },
        requests,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

fn ask_page(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let heading = "Ask for a site or a bypass";
    let page = FormPage {
        frame: FormPage::frame(heading, &wrong),
        heading,
        lede: vec!["The safeguarding lead decides. You see the answer on the page of your requests."],
        action: format!("{}/requests/ask", here.base),
        back: (format!("{}/requests", here.base), "Your requests"),
        fields: filled(ask_fields(&KINDS), typed, &wrong),
        button: "Ask for this",
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn ask_form(here: Here) -> Result<Response, PageError> {
    ask_page(here, &Typed::default(), Wrong::default())
}

pub(super) async fn ask(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let today = here.today();
    let new = match asked(&typed, &KINDS, today) {
        Ok(new) => new,
        Err(faults) => return ask_page(here, &typed, faults),
    };
    let by = here.by(Ability::Request)?;
    match here.register().ask_change(by, &here.id, &new, today).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/requests", here.base)).into_response()),
        Err(error) => ask_page(here, &typed, wrong(error)?),
    }
}

pub(super) async fn withdraw(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let by = here.by(Ability::Request)?;
    match here.register().withdraw_change(by, &here.id, number(&id)?, here.today()).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/requests", here.base)).into_response()),
        Err(error) => {
            wrong(error)?;
            Err(PageError::NotFound)
        }
    }
}
