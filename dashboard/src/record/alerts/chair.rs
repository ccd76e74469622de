//! The chair of governors says under which log-ins the head stands in the logs, so that what is about the head comes to the chair alone.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::{Ability, Action};

use askama::Template;

use crate::account::form::Wrong;
use crate::error::PageError;
use crate::pages::{Frame, html};
use crate::record::fields::{Field, Takes, Typed, filled};
use crate::record::{Here, wrong};

#[derive(Template)]
#[template(path = "head.html")]
struct HeadPage {
    frame: Frame,
    school: String,
    base: String,
    wrong: Wrong,
    /// How each key became known.
    keys: Vec<&'static str>,
    has_told: bool,
    fields: Vec<Field>,
}

async fn page_of(here: Here, typed: &Typed, wrong: Wrong) -> Result<Response, PageError> {
    let known = here.register().head_keys(&here.id).await?;
    let hint =
        "As the filter writes it, for example jsmith. The log-in itself is kept nowhere. It is written down that you named one.";
    let why = Field::new("reason", "Why", "For example: so that what is about the head comes to me.", Takes::Line(100));
    let title = if wrong.is_empty() {
        "By which key do the logs know the head?"
    } else {
        "Error: By which key do the logs know the head?"
    };
    let page = HeadPage {
        frame: Frame { section: "today", ..Frame::plain(title) },
        has_told: known.iter().any(|one| one.is_told),
        keys: known
            .iter()
            .map(|one| if one.is_told { "a log-in that a chair named" } else { "the address that a head signs in with" })
            .collect(),
        fields: filled(vec![Field::new("login", "A log-in of the head", hint, Takes::Line(100)), why], typed, &wrong),
        wrong,
        school: here.name,
        base: here.base,
    };
    Ok(html(&page)?.into_response())
}

pub(super) async fn form(here: Here) -> Result<Response, PageError> {
    page_of(here, &Typed::default(), Wrong::default()).await
}

pub(super) async fn tell(here: Here, typed: Result<Form<Typed>, FormRejection>) -> Result<Response, PageError> {
    let Form(typed) = typed?;
    let by = here.by(Ability::HeadMatters)?;
    let names = here.names.clone().ok_or(PageError::NotFound)?;
    if typed.of("login").trim().is_empty() {
        return page_of(here, &typed, Wrong::one("login", "Type a log-in.")).await;
    }
    let receipt = match here.register().find_key(by, &here.id, typed.of("reason")).await {
        Ok(receipt) => receipt,
        Err(error) => {
            wrong(error)?;
            return page_of(here, &typed, Wrong::one("reason", "Say why, in a few words.")).await;
        }
    };
    receipt.spend(Action::Find, None)?;
    let (school, today, login) = (here.id.clone(), here.today(), typed.of("login").to_owned());
    let found = tokio::task::spawn_blocking(move || names.find(&school, &login, today)).await.map_err(|_| PageError::Failed)?;
    let keys = found.map_err(|error| {
        tracing::error!(%error, "the vault could not be read");
        PageError::Failed
    })?;
    // Only somebody of whom the logs do not say that it is a pupil.
    let mut fit = Vec::new();
    for key in keys {
        if !here.evidence.user_types(&here.id, &key).await?.contains("pupil") {
            fit.push(key);
        }
    }
    if fit.is_empty() {
        let words = "The logs of this school hold no member of staff of this log-in. Check how the filter writes it.";
        return page_of(here, &typed, Wrong::one("login", words)).await;
    }
    match here.register().tell_head_keys(by, &here.id, &fit).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/head", here.base)).into_response()),
        Err(error) => page_of(here, &typed, wrong(error)?).await,
    }
}

pub(super) async fn forget(here: Here) -> Result<Response, PageError> {
    let by = here.by(Ability::HeadMatters)?;
    match here.register().forget_head_keys(by, &here.id).await {
        Ok(()) => Ok(Redirect::to(&format!("{}/head", here.base)).into_response()),
        Err(error) => page_of(here, &Typed::default(), wrong(error)?).await,
    }
}
