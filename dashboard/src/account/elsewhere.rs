//! Signing in at a provider outside: the way there, the way back, and the page for somebody whose account there is not known here.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use openidconnect::CsrfToken;
use serde::Deserialize;
use weir_register::accounts::{AccountError, Came, Stage};
use weir_register::{Act, Action, Actor};

use super::sign_in::{Way, after, gate, next_of, way_in, with_next};
use crate::Dashboard;
use crate::elsewhere::{Back, Provider, Refused};
use crate::error::PageError;
use crate::gate::Gate;
use crate::pages::{Frame, html};

#[derive(Template)]
#[template(path = "unknown_here.html")]
struct UnknownPage {
    frame: Frame,
    provider: String,
    number: String,
}

/// To the provider. A link and no form: a browser would not let a form of ours lead elsewhere.
pub(super) async fn begin(
    State(dashboard): State<Dashboard>,
    Path(id): Path<String>,
    wanted: Result<Query<Way>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let provider = dashboard.providers.get(&id).ok_or(PageError::NotFound)?;
    let back = format!("{}/sign-in/back/{}", gate.base(&headers), provider.id);
    let browser = CsrfToken::new_random_len(32).into_secret();
    let begun = provider.begin(&back, &browser, &next_of(wanted)).await.map_err(|error| said(provider, &error))?;
    dashboard.providers.ways.begin(begun.state, begun.way);
    Ok(gate.with_way(&browser, Redirect::to(&begun.to)))
}

/// What a provider sends somebody back with.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sent {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// Back from the provider.
pub(super) async fn back(
    State(dashboard): State<Dashboard>,
    Path(id): Path<String>,
    sent: Result<Query<Sent>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let gate = gate(&dashboard)?;
    let provider = dashboard.providers.get(&id).ok_or(PageError::NotFound)?;
    let Query(sent) = sent.map_err(|_| PageError::WayLost)?;
    let answer = come_back(&dashboard, gate, provider, sent, &headers).await;
    Ok(gate.without_way(answer.unwrap_or_else(IntoResponse::into_response)))
}

async fn come_back(
    dashboard: &Dashboard,
    gate: &Gate,
    provider: &Provider,
    sent: Sent,
    headers: &HeaderMap,
) -> Result<Response, PageError> {
    let browser = gate.came_on_way(headers);
    let way = sent.state.and_then(|state| dashboard.providers.ways.end(&state, &provider.id, browser.as_deref()));
    let way = way.ok_or(PageError::WayLost)?;
    // Another provider's answer, mixed up or mixed in.
    let is_theirs = sent.iss.is_none_or(|issuer| issuer == provider.issuer);
    let code = sent.code.filter(|_| is_theirs).ok_or(PageError::WayLost)?;
    let next = way.next.clone();
    let who = match provider.finish(Back { code, way }).await {
        Ok(who) => who,
        Err(error) => {
            let page = said(provider, &error);
            if !matches!(error, Refused::Away(_)) {
                let act = Act::new(Actor::Nobody, Action::SignIn).refused().with("elsewhere", true);
                let _receipt = gate.accounts.register().audit(act).await?;
            }
            return Err(page);
        }
    };
    let came_with = gate.came_with(headers);
    match gate.accounts.sign_in_elsewhere(&who, came_with.as_deref()).await {
        Ok(Came::In(token, stage)) => {
            let to = match stage {
                Stage::Full => after(&next),
                Stage::Code => with_next("/sign-in/code", &next),
                Stage::Enrol => with_next("/sign-in/second-step", &next),
            };
            Ok(gate.with_session(&token, Redirect::to(&to)))
        }
        Ok(Came::Unknown { number }) => {
            let page = UnknownPage { frame: way_in("Not known here yet"), provider: provider.name.clone(), number };
            Ok(html(&page)?.into_response())
        }
        Err(AccountError::Register(error)) => Err(error.into()),
        Err(_) => Err(PageError::WayLost),
    }
}

/// Into the log, and a page that says no more than it must.
fn said(provider: &Provider, error: &Refused) -> PageError {
    tracing::warn!(provider = provider.id, %error, "a sign-in elsewhere failed");
    match error {
        Refused::Away(_) => PageError::ProviderAway,
        Refused::Unbelieved(_) | Refused::Stranger => PageError::ProviderRefused,
    }
}
