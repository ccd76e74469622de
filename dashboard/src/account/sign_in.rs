//! The way in: a link for a first password, the password, the second step; and the way out.

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use weir_register::accounts::{AccountError, LinkFor, Stage, qr};

use super::Signed;
use super::form::{About, Wrong, wrong};
use crate::Dashboard;
use crate::error::PageError;
use crate::gate::{Gate, Viewer, home, own_path};
use crate::pages::{Frame, html};

/// The first page of all.
#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    wrong: Wrong,
    email: String,
    next: String,
    said: Option<&'static str>,
    by_letter: bool,
    /// Providers: where each is begun, and its name.
    doors: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    frame: Frame,
    wrong: Wrong,
    next: String,
}

#[derive(Template)]
#[template(path = "second_step.html")]
struct SecondStepPage {
    frame: Frame,
    wrong: Wrong,
    next: String,
    typed: String,
    path: String,
    size: i32,
    is_asked: bool,
}

/// Recovery codes, shown this once.
#[derive(Template)]
#[template(path = "codes.html")]
pub(super) struct CodesPage {
    pub(super) frame: Frame,
    pub(super) codes: Vec<String>,
    pub(super) next: String,
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    frame: Frame,
    wrong: Wrong,
    is_first: bool,
    email: String,
    name: String,
}

/// Where to go on to, and what to say first.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Way {
    #[serde(default)]
    next: String,
    #[serde(default)]
    said: String,
}

/// A frame of the way in.
pub(super) fn way_in(title: &str) -> Frame {
    Frame { section: "in", ..Frame::plain(title) }
}

pub(super) fn gate(dashboard: &Dashboard) -> Result<&Gate, PageError> {
    dashboard.gate.as_deref().ok_or(PageError::NotFound)
}

pub(super) fn next_of(way: Result<Query<Way>, QueryRejection>) -> String {
    way.map(|Query(way)| own_path(&way.next).unwrap_or_default().to_owned()).unwrap_or_default()
}

pub(super) async fn form(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    way: Result<Query<Way>, QueryRejection>,
) -> Result<Response, PageError> {
    gate(&dashboard)?;
    if let Viewer::Person(person) = viewer
        && person.session.stage == Stage::Full
    {
        return Ok(Redirect::to(home(&person.access)).into_response());
    }
    let said = match way.as_ref().map(|Query(way)| way.said.as_str()) {
        Ok("out") => Some("You are signed out."),
        Ok("everywhere") => Some("You are signed out everywhere."),
        Ok("password") => Some("Your password is set. Sign in with it."),
        _ => None,
    };
    let next = next_of(way);
    let page = SignInPage {
        frame: way_in("Sign in"),
        wrong: Wrong::default(),
        email: String::new(),
        doors: doors(&dashboard, &next),
        next,
        said,
        by_letter: dashboard.letters.is_some(),
    };
    Ok(html(&page)?.into_response())
}

/// The providers, each with where to go on to.
fn doors(dashboard: &Dashboard, next: &str) -> Vec<(String, String)> {
    dashboard.providers.doors().into_iter().map(|(path, name)| (with_next(&path, next), name)).collect()
}

#[derive(Deserialize)]
pub(super) struct Password {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn password(
    State(dashboard): State<Dashboard>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    typed: Result<Form<Password>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let address = viewer.address().ok_or(PageError::NotFound)?;
    let next = own_path(&typed.next).unwrap_or_default().to_owned();
    let came_with = gate.came_with(&headers);
    match gate.accounts.sign_in(&typed.email, &typed.password, address, came_with.as_deref()).await {
        Ok((token, stage)) => {
            let to = match stage {
                Stage::Full => after(&next),
                Stage::Code => with_next("/sign-in/code", &next),
                Stage::Enrol => with_next("/sign-in/second-step", &next),
            };
            Ok(gate.with_session(&token, Redirect::to(&to)))
        }
        Err(error) => {
            let wrong = wrong(
                error,
                ("password", "Address or password are not right. After ten wrong tries you have to wait 15 minutes."),
                &[],
            )?;
            let page = SignInPage {
                frame: way_in("Error: Sign in"),
                wrong,
                email: typed.email,
                doors: doors(&dashboard, &next),
                next,
                said: None,
                by_letter: dashboard.letters.is_some(),
            };
            Ok(html(&page)?.into_response())
        }
    }
}

/// On to where they wanted; to the first page otherwise, which sends on those who have no figures.
pub(super) fn after(next: &str) -> String {
    if next.is_empty() { "/".to_owned() } else { next.to_owned() }
}

pub(super) fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() {
        return path.to_owned();
    }
    let encoded: String = next
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    format!("{path}?next={encoded}")
}

pub(super) async fn code_form(Signed(person): Signed, way: Result<Query<Way>, QueryRejection>) -> Result<Response, PageError> {
    match person.session.stage {
        Stage::Code => {
            Ok(html(&CodePage { frame: way_in("Enter your code"), wrong: Wrong::default(), next: next_of(way) })?.into_response())
        }
        Stage::Enrol => Ok(Redirect::to("/sign-in/second-step").into_response()),
        Stage::Full => Ok(Redirect::to(home(&person.access)).into_response()),
    }
}

#[derive(Deserialize)]
pub(super) struct Code {
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn code(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    typed: Result<Form<Code>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    if person.session.stage != Stage::Code {
        return Ok(Redirect::to("/account").into_response());
    }
    let next = own_path(&typed.next).unwrap_or_default().to_owned();
    match gate.accounts.enter_code(&person.session, &typed.code, person.address).await {
        Ok(token) => Ok(gate.with_session(&token, Redirect::to(&after(&next)))),
        // The session ended meanwhile, or somebody used the same code in another window.
        Err(AccountError::NoSuch) => Ok(gate.without_session(Redirect::to("/sign-in"))),
        Err(error) => {
            let words = "This code is not right. Each works once, and for half a minute: wait for the next one.";
            let wrong = wrong(error, ("code", words), &[])?;
            Ok(html(&CodePage { frame: way_in("Error: Enter your code"), wrong, next })?.into_response())
        }
    }
}

pub(super) async fn second_step_form(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    way: Result<Query<Way>, QueryRejection>,
) -> Result<Response, PageError> {
    if person.session.account.has_second_step {
        return Ok(Redirect::to("/account").into_response());
    }
    second_step_page(gate(&dashboard)?, &person.session, next_of(way), Wrong::default()).await
}

async fn second_step_page(
    gate: &Gate,
    session: &weir_register::accounts::Session,
    next: String,
    wrong: Wrong,
) -> Result<Response, PageError> {
    let set_up = match gate.accounts.begin_second_step(session).await {
        Ok(set_up) => set_up,
        Err(AccountError::Register(error)) => return Err(error.into()),
        Err(_) => return Ok(Redirect::to("/account").into_response()),
    };
    let (path, size) = qr(&set_up.link).ok_or(PageError::Failed)?;
    let title = if wrong.is_empty() { "Set up a second step" } else { "Error: Set up a second step" };
    let page = SecondStepPage {
        frame: way_in(title),
        wrong,
        next,
        typed: set_up.typed.to_string(),
        path,
        size,
        is_asked: session.stage == Stage::Enrol,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn second_step(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    typed: Result<Form<Code>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let next = own_path(&typed.next).unwrap_or_default().to_owned();
    match gate.accounts.finish_second_step(&person.session, &typed.code, person.address).await {
        Ok((token, codes)) => {
            let page = CodesPage { frame: way_in("Keep your recovery codes"), codes, next: after(&next) };
            Ok(gate.with_session(&token, html(&page)?))
        }
        Err(AccountError::NoSuch) => Ok(Redirect::to("/account").into_response()),
        Err(error) => {
            let words = "This code is not right. Check that your phone’s clock is right, and enter the code the app shows now.";
            let wrong = wrong(error, ("code", words), &[])?;
            second_step_page(gate, &person.session, next, wrong).await
        }
    }
}

pub(super) async fn sign_out(State(dashboard): State<Dashboard>, Signed(person): Signed) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    match gate.accounts.sign_out(&person.session).await {
        Ok(()) => Ok(gate.without_session(Redirect::to("/sign-in?said=out"))),
        Err(AccountError::Register(error)) => Err(error.into()),
        Err(_) => Err(PageError::Failed),
    }
}

pub(super) async fn link_form(State(dashboard): State<Dashboard>, Path(secret): Path<String>) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let (is_first, email, name) = match gate.accounts.link(&secret).await {
        Ok(LinkFor::First) => (true, String::new(), String::new()),
        Ok(LinkFor::Account(account)) => (false, account.email, account.name),
        Err(AccountError::Register(error)) => return Err(error.into()),
        Err(_) => return Err(PageError::LinkGone),
    };
    Ok(html(&LinkPage { frame: way_in(link_title(is_first)), wrong: Wrong::default(), is_first, email, name })?.into_response())
}

const fn link_title(is_first: bool) -> &'static str {
    if is_first { "Set up Weir" } else { "Choose your password" }
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn link(
    State(dashboard): State<Dashboard>,
    Path(secret): Path<String>,
    typed: Result<Form<NewPassword>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let schools = gate.schools()?;
    let names: Vec<&str> = schools.values().map(|school| school.name.as_str()).collect();
    let (is_first, email, name, done) = match gate.accounts.link(&secret).await {
        Ok(LinkFor::First) => {
            let done = gate.accounts.set_up(&secret, &typed.email, &typed.name, &typed.password, &names).await;
            (true, typed.email, typed.name, done)
        }
        Ok(LinkFor::Account(account)) => {
            let done = gate.accounts.set_password_by_link(&secret, &typed.password, &names).await;
            (false, account.email, account.name, done)
        }
        Err(error) => (false, String::new(), String::new(), Err(error)),
    };
    match done {
        Ok(_) => Ok(gate.without_session(Redirect::to("/sign-in?said=password"))),
        Err(AccountError::LinkGone) => Err(PageError::LinkGone),
        Err(error) => {
            let fields: &[About] = &[
                ("email", |error| matches!(error, AccountError::Email | AccountError::Taken)),
                ("name", |error| matches!(error, AccountError::Name)),
            ];
            let wrong = wrong(error, ("password", "Choose another password."), fields)?;
            let frame = way_in(&format!("Error: {}", link_title(is_first)));
            Ok(html(&LinkPage { frame, wrong, is_first, email, name })?.into_response())
        }
    }
}
