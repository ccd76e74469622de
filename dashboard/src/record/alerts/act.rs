//! What is done about an alert through its forms: take it, note, close, answer a closing, open it again.

use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use weir_register::alerts::NewClosing;
use weir_register::records::{AlertOutcome, RecordError};

use super::page::page_of;
use crate::error::PageError;
use crate::record::check::number;
use crate::record::fields::Typed;
use crate::record::{Here, wrong};

type Sent = Result<Form<Typed>, FormRejection>;

/// Back to the alert: anew when it was done, with what is wrong when not.
async fn finish(here: Here, id: i64, done: Result<(), RecordError>, typed: Typed) -> Result<Response, PageError> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{}/alerts/{id}", here.base)).into_response()),
        Err(error) => page_of(here, id, typed, wrong(error)?).await,
    }
}

pub(super) async fn take(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let id = number(&id)?;
    let (by, _) = here.alert(id).await?;
    let done = here.register().take_alert(by, &here.id, id, here.now()).await;
    finish(here, id, done, Typed::default()).await
}

pub(super) async fn note(here: Here, Path((_, id)): Path<(String, String)>, typed: Sent) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let (by, _) = here.alert(id).await?;
    let (text, reference) = (typed.of("note"), typed.of("reference"));
    let done = here.register().note_alert(by, &here.id, id, text, reference, here.now()).await;
    finish(here, id, done, typed).await
}

pub(super) async fn close(here: Here, Path((_, id)): Path<(String, String)>, typed: Sent) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let (by, _) = here.alert(id).await?;
    let new = NewClosing {
        outcome: AlertOutcome::parse(typed.of("outcome")),
        why: typed.of("why").into(),
        reference: typed.of("reference").into(),
    };
    let done = here.register().close_alert(by, &here.id, id, &new, here.now()).await.map(|_| ());
    finish(here, id, done, typed).await
}

pub(super) async fn answer(here: Here, Path((_, id)): Path<(String, String)>, typed: Sent) -> Result<Response, PageError> {
    let (Form(typed), id) = (typed?, number(&id)?);
    let (by, _) = here.alert(id).await?;
    let agrees = match typed.of("agree") {
        "yes" => true,
        "no" => false,
        _ => return Err(PageError::NotUnderstood),
    };
    let base = here.base.clone();
    let done = here.register().answer_closing(by, &here.id, id, agrees, here.now()).await;
    match done {
        // A head who agreed sees it no longer.
        Ok(()) if here.alert(id).await.is_err() => Ok(Redirect::to(&format!("{base}/alerts")).into_response()),
        done => finish(here, id, done, typed).await,
    }
}

pub(super) async fn reopen(here: Here, Path((_, id)): Path<(String, String)>) -> Result<Response, PageError> {
    let id = number(&id)?;
    let (by, _) = here.alert(id).await?;
    let done = here.register().reopen_alert(by, &here.id, id, here.now()).await;
    finish(here, id, done, Typed::default()).await
}
