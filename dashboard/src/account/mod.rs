//! Signing in, one's own account, the address in a letter, and the people an administrator looks after.

mod elsewhere;
pub(crate) mod form;
mod letter;
mod mail;
mod own;
mod people;
mod sign_in;
mod ways_in;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, post};

use crate::Dashboard;
use crate::error::PageError;
use crate::gate::{Person, Viewer};

/// The addresses of this part. What each asks for stands in the gate's table.
pub(crate) fn routes() -> Router<Dashboard> {
    Router::new()
        .route("/sign-in", get(sign_in::form).post(sign_in::password))
        .route("/sign-in/code", get(sign_in::code_form).post(sign_in::code))
        .route("/sign-in/second-step", get(sign_in::second_step_form).post(sign_in::second_step))
        .route("/sign-in/letter", get(letter::ask_form).post(letter::ask))
        .route("/sign-in/letter/{secret}", get(letter::open).post(letter::sign_in))
        .route("/sign-in/with/{provider}", get(elsewhere::begin))
        .route("/sign-in/back/{provider}", get(elsewhere::back))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/link/{secret}", get(sign_in::link_form).post(sign_in::link))
        .route("/account", get(own::page))
        .route("/account/password", post(own::password))
        .route("/account/recovery-codes", post(own::recovery_codes))
        .route("/account/token", post(own::make_token))
        .route("/account/revoke-token", post(own::revoke_token))
        .route("/account/sign-out-everywhere", post(own::sign_out_everywhere))
        .route("/mail/{mail}", get(mail::open))
        .route("/people", get(people::list))
        .route("/people/add", get(people::add_form).post(people::add))
        .route("/people/{person}", get(people::person))
        .route("/people/{person}/give-role", post(people::give_role))
        .route("/people/{person}/end-role", post(people::end_role))
        .route("/people/{person}/link", post(people::link))
        .route("/people/{person}/identity", post(ways_in::identity))
        .route("/people/{person}/part", post(ways_in::part))
        .route("/people/{person}/revoke-token", post(ways_in::revoke_token))
        .route("/people/{person}/close", post(people::close))
        .route("/people/{person}/reopen", post(people::reopen))
}

/// Whoever asked, with a session. The gate has seen to it that there is one where the table says so.
pub(crate) struct Signed(pub(crate) std::sync::Arc<Person>);

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, PageError> {
        match parts.extensions.get::<Viewer>() {
            Some(Viewer::Person(person)) => Ok(Self(person.clone())),
            _ => Err(PageError::NotYours),
        }
    }
}
