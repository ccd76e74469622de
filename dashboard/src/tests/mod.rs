//! What every page promises, proved on every page that can be reached.

mod access;
mod alerts;
mod api;
mod books;
mod changes;
mod checks;
mod contrast;
mod elsewhere;
mod engine;
mod homes;
mod house;
mod imports;
mod incidents;
mod letters;
mod mail;
mod markup;
mod no_trap;
mod protection;
mod questions;
mod reviews;
mod routes;
mod serving;
mod sign_in;
mod uploads;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use crate::{Dashboard, Example};

/// An answer, read to its end.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or("")
    }
}

pub(super) async fn ask(example: Example, request: Request<Body>) -> Answered {
    let response = Dashboard::new(example).router(8080).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap();
    Answered { status: parts.status, headers: parts.headers, body }
}

pub(super) async fn get(example: Example, path: &str) -> Answered {
    ask(example, Request::get(path).header("host", "localhost:8080").body(Body::empty()).unwrap()).await
}
