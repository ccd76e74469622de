//! The one error type at the edge of a request: always a page with a way back, never a detail of what failed.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::figures::FiguresError;
use crate::pages::{self, ErrorPage};

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// No such page, school, year or figure.
    NotFound,
    /// Pages only read.
    NotAllowed,
    /// The browser asked for another machine's name.
    Misdirected(u16),
    /// The engine was busy; already logged.
    Busy,
    /// The engine failed; already logged.
    Failed,
}

impl From<FiguresError> for PageError {
    fn from(error: FiguresError) -> Self {
        match error {
            FiguresError::NotFound => Self::NotFound,
            busy @ FiguresError::Busy(_) => {
                tracing::warn!(error = %busy, "a page could not be made just now");
                Self::Busy
            }
            other => {
                tracing::error!(error = %other, "a page could not be made");
                Self::Failed
            }
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be written");
        Self::Failed
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, lines): (StatusCode, &str, Vec<String>) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "This page does not exist",
                vec![
                    "If you typed the address, check that it is right.".into(),
                    "If you followed a link, the school, year or figure may have been renamed or may have no page yet.".into(),
                ],
            ),
            Self::NotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "This page can only be read", vec!["Nothing was changed.".into()])
            }
            Self::Misdirected(port) => (
                StatusCode::MISDIRECTED_REQUEST,
                "Weir does not answer under this address",
                vec![
                    format!("On the machine that runs Weir, open http://localhost:{port}/"),
                    "Weir has no sign-in yet, so it answers on that machine only, and only under its own name and port.".into(),
                ],
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Weir is busy",
                vec!["New logs are being read, or too much was asked at once. Nothing is lost. Try again in a minute.".into()],
            ),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                vec![
                    "Nothing is lost: pages only read. Try again in a minute.".into(),
                    "If it happens again, ask whoever looks after Weir to read its log.".into(),
                ],
            ),
        };
        let with_way_back = status != StatusCode::MISDIRECTED_REQUEST;
        let page = ErrorPage { frame: pages::Frame::plain(title), title: title.into(), lines, with_way_back };
        match pages::html(&page) {
            Ok(body) => (status, body).into_response(),
            Err(_) => (status, title.to_string()).into_response(),
        }
    }
}
