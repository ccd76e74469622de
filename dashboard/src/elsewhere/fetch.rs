//! Asks a provider: over TLS, to the addresses it gives and no further, in a few seconds and a megabyte.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};

/// Longest wait for a provider.
const LONGEST: Duration = Duration::from_secs(10);

/// Most bytes of an answer; a provider's keys are a few thousand.
const MOST: usize = 1 << 20;

/// Why a provider gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The request failed.
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    /// The answer has no end.
    #[error("its answer is over a megabyte")]
    TooLong,
    /// The answer is none.
    #[error("its answer can't be read: {0}")]
    Answer(#[from] axum::http::Error),
}

/// What asks. Redirects are not followed: a provider that is sent elsewhere is another.
pub(crate) fn client(is_local: bool) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .https_only(!is_local)
        .timeout(LONGEST)
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Asks once.
pub(crate) async fn fetch(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let mut response = client.execute(request.try_into()?).await?;
    let mut answer = axum::http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(answer.body(body)?)
}
