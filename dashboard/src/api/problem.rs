//! Errors for programs: problem details (RFC 9457) in the place of the page that a person would read.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::START;

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Says no more than the status.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    title: &'static str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    detail: &'static str,
}

impl Problem {
    fn of(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::UNAUTHORIZED => "send a token that works: Authorization: Bearer weir_...",
            StatusCode::FORBIDDEN => "the role of the token's owner does not include this",
            StatusCode::NOT_FOUND => "there is no such address, school or year for the token's owner",
            StatusCode::METHOD_NOT_ALLOWED => "this can only be read",
            StatusCode::TOO_MANY_REQUESTS => "too many requests; wait as Retry-After says",
            StatusCode::SERVICE_UNAVAILABLE => "busy; try again in a minute",
            StatusCode::MISDIRECTED_REQUEST => "Weir does not answer under this name",
            _ if status.is_server_error() => "something went wrong; try again in a minute",
            _ => "this request was not understood",
        };
        Self { kind: "about:blank", title: status.canonical_reason().unwrap_or("Error"), status: status.as_u16(), detail }
    }
}

/// A refusal for a program.
pub(crate) fn refusal(status: StatusCode) -> Response {
    let Ok(body) = serde_json::to_vec(&Problem::of(status)) else { return status.into_response() };
    let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
    let headers = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        _ => {}
    }
    response
}

/// Puts a problem in the place of an error page where a program asked.
pub(crate) async fn for_programs(request: Request, next: Next) -> Response {
    let is_programs = request.uri().path().starts_with(START);
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/problem+json");
    if is_programs && is_error && !is_problem { refusal(status) } else { response }
}
