//! One's own account: roles, sessions, password, recovery codes.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use weir_register::accounts::AccountError;

use super::Signed;
use super::form::{About, Wrong, wrong};
use super::people::{RoleLine, place_words};
use super::sign_in::CodesPage;
use super::ways_in::{Revoked, TokenWords};
use crate::error::PageError;
use crate::gate::{Gate, Person};
use crate::pages::{Frame, html};
use crate::{Dashboard, words};

/// The page.
#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    wrong: Wrong,
    name: String,
    email: String,
    roles: Vec<RoleLine>,
    sessions: Vec<(String, bool)>,
    has_second_step: bool,
    codes_left: u32,
    said: Option<&'static str>,
    tokens: Vec<TokenWords>,
    typed: NewToken,
    has_password: bool,
    /// How many wishes for a name wait for this person to confirm.
    confirms: usize,
}

/// A token, shown this once.
#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage {
    frame: Frame,
    label: String,
    token: String,
}

async fn page_of(gate: &Gate, person: &Person, wrong: Wrong, said: Option<&'static str>) -> Result<Response, PageError> {
    page_with(gate, person, wrong, said, NewToken::default()).await
}

async fn page_with(
    gate: &Gate,
    person: &Person,
    wrong: Wrong,
    said: Option<&'static str>,
    typed: NewToken,
) -> Result<Response, PageError> {
    let session = &person.session;
    let schools = gate.schools()?;
    let today = gate.accounts.today();
    let sessions = gate.accounts.open_sessions(session).await?;
    let title = if wrong.is_empty() { "Your account" } else { "Error: Your account" };
    let page = AccountPage {
        frame: Frame { section: "account", ..Frame::plain(title) },
        wrong,
        name: session.account.name.clone(),
        email: session.account.email.clone(),
        roles: session
            .account
            .roles_on(today)
            .map(|held| RoleLine::new(held, today, place_words(&held.place, &schools)))
            .collect(),
        sessions: sessions
            .into_iter()
            .map(|open| {
                (format!("signed in {}, used {}", words::moment(open.made_at), words::moment(open.seen_at)), open.is_this)
            })
            .collect(),
        has_second_step: session.account.has_second_step,
        codes_left: gate.accounts.recovery_codes_left(session.account.id).await.map_err(failed)?,
        confirms: gate.accounts.register().to_confirm(session.account.id, gate.accounts.now()).await?.len(),
        said,
        tokens: gate.accounts.tokens(session.account.id).await.map_err(failed)?.into_iter().map(TokenWords::new).collect(),
        typed,
        has_password: session.account.has_password,
    };
    Ok(html(&page)?.into_response())
}

/// What can't be said at a field.
fn failed(error: AccountError) -> PageError {
    match error {
        AccountError::Register(error) => error.into(),
        _ => PageError::NotFound,
    }
}

fn gate(dashboard: &Dashboard) -> Result<&Gate, PageError> {
    dashboard.gate.as_deref().ok_or(PageError::NotFound)
}

pub(super) async fn page(State(dashboard): State<Dashboard>, Signed(person): Signed) -> Result<Response, PageError> {
    page_of(gate(&dashboard)?, &person, Wrong::default(), None).await
}

#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
}

pub(super) async fn password(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    typed: Result<Form<Change>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let schools = gate.schools()?;
    let names: Vec<&str> = schools.values().map(|school| school.name.as_str()).collect();
    match gate.accounts.change_password(&person.session, &typed.old, &typed.new, &names, person.address).await {
        Ok(token) => Ok(gate.with_session(&token, Redirect::to("/account"))),
        Err(error) => {
            let fields: &[About] = &[("new", |error| matches!(error, AccountError::Weak(_)))];
            let wrong = wrong(error, ("old", "This is not your current password."), fields)?;
            page_of(gate, &person, wrong, None).await
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    password: String,
}

pub(super) async fn recovery_codes(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    typed: Result<Form<Asked>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    match gate.accounts.new_recovery_codes(&person.session, &typed.password, person.address).await {
        Ok(codes) => {
            let page = CodesPage { frame: Frame::plain("Keep your recovery codes"), codes, next: "/account".into() };
            Ok(html(&page)?.into_response())
        }
        Err(error) => {
            let wrong = wrong(error, ("password", "This is not your password."), &[])?;
            page_of(gate, &person, wrong, None).await
        }
    }
}

pub(super) async fn sign_out_everywhere(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    gate.accounts.sign_out_everywhere(&person.session).await.map_err(failed)?;
    Ok(gate.without_session(Redirect::to("/sign-in?said=everywhere")))
}

/// What is typed for a token.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct NewToken {
    #[serde(default)]
    label: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    own: String,
}

/// Makes a token and shows it this once.
pub(super) async fn make_token(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    typed: Result<Form<NewToken>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(mut typed) = typed?;
    let password = std::mem::take(&mut typed.own);
    let made = match typed.days.trim().parse() {
        Ok(days) => gate.accounts.make_token(&person.session, &typed.label, days, &password, person.address).await,
        Err(_) => Err(AccountError::Days),
    };
    match made {
        Ok(token) => {
            let label = typed.label.trim().to_owned();
            let frame = Frame { section: "account", ..Frame::plain("Keep this token") };
            Ok(html(&TokenPage { frame, label, token: token.as_str().to_owned() })?.into_response())
        }
        Err(AccountError::Days) => {
            let wrong = Wrong::one("days", "Use a number of days from 1 to 366.");
            page_with(gate, &person, wrong, None, typed).await
        }
        Err(error) => {
            let fields: &[About] = &[("label", |error| matches!(error, AccountError::Label | AccountError::ManyTokens))];
            let wrong = wrong(error, ("own", "This is not your password."), fields)?;
            page_with(gate, &person, wrong, None, typed).await
        }
    }
}

/// Ends a token of one's own.
pub(super) async fn revoke_token(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    typed: Result<Form<Revoked>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let token = typed.token.parse().map_err(|_| PageError::NotFound)?;
    let account = &person.session.account;
    gate.accounts.revoke_token(account.actor(None), account.id, token).await.map_err(failed)?;
    Ok(Redirect::to("/account").into_response())
}
