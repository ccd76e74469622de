//! How a person may come in besides by password, as an administrator sees it: providers outside, who waits to be known, tokens of programs.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use weir_register::accounts::{AccountError, TokenLine};
use weir_register::{Ability, AccountId};

use super::Signed;
use super::people::{Typed, finish, gate, somebody};
use crate::error::PageError;
use crate::gate::Gate;
use crate::{Dashboard, words};

/// All of them.
pub(super) struct WaysIn {
    /// Who waits for an administrator to say that they are this person.
    pub(super) claims: Vec<ClaimLine>,
    /// Providers they may sign in with: issuer and name.
    pub(super) elsewhere: Vec<(String, String)>,
    pub(super) tokens: Vec<TokenWords>,
}

impl WaysIn {
    pub(super) async fn read(dashboard: &Dashboard, gate: &Gate, id: AccountId) -> Result<Self, PageError> {
        let (accounts, providers) = (&gate.accounts, &dashboard.providers);
        let claims = accounts.identity_claims(id).await.map_err(failed)?.into_iter().map(|claim| ClaimLine {
            id: claim.id,
            words: format!("through {}, {}", providers.name_of(&claim.issuer), words::moment(claim.asked_at)),
            number: claim.number,
        });
        let issuers = accounts.identities(id).await.map_err(failed)?.into_iter();
        Ok(Self {
            claims: claims.collect(),
            elsewhere: issuers.map(|issuer| (issuer.clone(), providers.name_of(&issuer))).collect(),
            tokens: accounts.tokens(id).await.map_err(failed)?.into_iter().map(TokenWords::new).collect(),
        })
    }
}

/// Somebody who came through a provider.
pub(super) struct ClaimLine {
    pub(super) id: i64,
    pub(super) words: String,
    pub(super) number: String,
}

/// A token, as it is shown.
pub(super) struct TokenWords {
    pub(super) id: i64,
    pub(super) label: String,
    pub(super) words: String,
}

impl TokenWords {
    pub(super) fn new(token: TokenLine) -> Self {
        let used = token.used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", words::moment(at)));
        let words = format!("made {}, {used}, works until {}", words::moment(token.made_at), words::moment(token.expires));
        Self { id: token.id, label: token.label, words }
    }
}

/// What can't be said at a field.
fn failed(error: AccountError) -> PageError {
    match error {
        AccountError::Register(error) => error.into(),
        _ => PageError::NotFound,
    }
}

#[derive(Deserialize)]
pub(super) struct Claimed {
    #[serde(default)]
    claim: String,
    #[serde(default)]
    answer: String,
}

/// Whether whoever came through a provider is this person.
pub(super) async fn identity(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    typed: Result<Form<Claimed>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let account = somebody(gate, &person, &id).await?;
    let claim = typed.claim.parse().map_err(|_| PageError::NotFound)?;
    let done = gate.accounts.answer_claim(person.actor(Ability::People), account.id, claim, typed.answer == "yes").await;
    finish(&dashboard, &person, &account, done, Typed::default(), "elsewhere").await
}

#[derive(Deserialize)]
pub(super) struct Parted {
    #[serde(default)]
    issuer: String,
}

/// Takes a provider away from somebody.
pub(super) async fn part(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    typed: Result<Form<Parted>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let account = somebody(gate, &person, &id).await?;
    let done = gate.accounts.part(person.actor(Ability::People), account.id, &typed.issuer).await;
    finish(&dashboard, &person, &account, done, Typed::default(), "elsewhere").await
}

/// Which token.
#[derive(Deserialize)]
pub(super) struct Revoked {
    #[serde(default)]
    pub(super) token: String,
}

/// Ends a token of somebody.
pub(super) async fn revoke_token(
    State(dashboard): State<Dashboard>,
    Signed(person): Signed,
    Path(id): Path<String>,
    typed: Result<Form<Revoked>, FormRejection>,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let Form(typed) = typed?;
    let account = somebody(gate, &person, &id).await?;
    let token = typed.token.parse().map_err(|_| PageError::NotFound)?;
    let done = gate.accounts.revoke_token(person.actor(Ability::People), account.id, token).await;
    finish(&dashboard, &person, &account, done, Typed::default(), "tokens").await
}
