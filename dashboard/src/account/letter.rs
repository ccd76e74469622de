//! Signing in by a link in a letter: the page that asks for it, which answers everybody alike, and the page that the link opens.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use weir_register::accounts::{AccountError, Stage};

use super::form::Wrong;
use super::sign_in::way_in;
use crate::Dashboard;
use crate::error::PageError;
use crate::gate::{Gate, Viewer};
use crate::pages::{Frame, html};

#[derive(Template)]
#[template(path = "letter.html")]
struct AskPage {
    frame: Frame,
    wrong: Wrong,
    email: String,
}

#[derive(Template)]
#[template(path = "letter_asked.html")]
struct AskedPage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "letter_open.html")]
struct OpenPage {
    frame: Frame,
    name: String,
}

/// The gate and whoever sends letters; without either there is no such page.
fn letters(dashboard: &Dashboard) -> Result<(&Gate, &(dyn Fn() + Send + Sync)), PageError> {
    dashboard.gate.as_deref().zip(dashboard.letters.as_deref()).ok_or(PageError::NotFound)
}

fn failed(error: AccountError) -> PageError {
    match error {
        AccountError::Register(error) => error.into(),
        AccountError::NotByLetter => PageError::NotByLetter,
        _ => PageError::LetterGone,
    }
}

pub(super) async fn ask_form(State(dashboard): State<Dashboard>) -> Result<Response, PageError> {
    letters(&dashboard)?;
    let page = AskPage { frame: way_in("Sign in by e-mail"), wrong: Wrong::default(), email: String::new() };
    Ok(html(&page)?.into_response())
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    email: String,
}

pub(super) async fn ask(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    typed: Result<Form<Asked>, FormRejection>,
) -> Result<Response, PageError> {
    let (gate, waits) = letters(&dashboard)?;
    let Form(typed) = typed?;
    let address = viewer.address().ok_or(PageError::NotFound)?;
    if !typed.email.contains('@') {
        let wrong = Wrong::one("email", "Enter your e-mail address, such as name@school.example.");
        let page = AskPage { frame: way_in("Error: Sign in by e-mail"), wrong, email: typed.email };
        return Ok(html(&page)?.into_response());
    }
    if gate.accounts.ask_for_letter(&typed.email, address).await.map_err(failed)? {
        waits();
    }
    Ok(html(&AskedPage { frame: way_in("Look in your e-mail") })?.into_response())
}

pub(super) async fn open(State(dashboard): State<Dashboard>, Path(secret): Path<String>) -> Result<Response, PageError> {
    let (gate, _) = letters(&dashboard)?;
    let account = gate.accounts.letter_link(&secret).await.map_err(failed)?;
    Ok(html(&OpenPage { frame: way_in("Sign in"), name: account.name })?.into_response())
}

pub(super) async fn sign_in(
    State(dashboard): State<Dashboard>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let (gate, _) = letters(&dashboard)?;
    let came_with = gate.came_with(&headers);
    let (token, stage) = gate.accounts.sign_in_by_letter(&secret, came_with.as_deref()).await.map_err(failed)?;
    let to = if stage == Stage::Code { "/sign-in/code" } else { "/" };
    Ok(gate.with_session(&token, Redirect::to(to)))
}
