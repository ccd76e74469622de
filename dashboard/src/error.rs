//! The one error type at the edge of a request: always a page with a way back, never a detail of what failed.

use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use weir_pack::PackError;
use weir_register::RegisterError;

use crate::figures::FiguresError;
use crate::pages::{self, ErrorPage};
use crate::review::bundle::DraftError;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// No such page, school, year or figure.
    NotFound,
    /// Pages only read.
    NotAllowed,
    /// The browser asked for another machine's name, or from where nobody may.
    Misdirected(String),
    /// A role that the reader doesn't have.
    NotYours,
    /// The one-time link is used or too old.
    LinkGone,
    /// The link of a letter is used or too old.
    LetterGone,
    /// Who holds such a role signs in with a password and a second step.
    NotByLetter,
    /// Somebody came back from a provider on a way that was not begun here, or was ended.
    WayLost,
    /// A provider does not answer; already logged.
    ProviderAway,
    /// A provider's answer is not to be believed; already logged.
    ProviderRefused,
    /// A form from elsewhere.
    Foreign,
    /// A form that can't be read, or is far too long.
    NotUnderstood,
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

impl From<RegisterError> for PageError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Busy => {
                tracing::warn!("the register was busy");
                Self::Busy
            }
            error => {
                tracing::error!(%error, "the register failed");
                Self::Failed
            }
        }
    }
}

impl From<DraftError> for PageError {
    fn from(error: DraftError) -> Self {
        tracing::error!(%error, "a review could not be put together");
        Self::Failed
    }
}

impl From<PackError> for PageError {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Busy { .. } | PackError::TooLong { .. } => {
                tracing::warn!(%error, "a document could not be made just now");
                Self::Busy
            }
            error => {
                tracing::error!(%error, "a document could not be made");
                Self::Failed
            }
        }
    }
}

impl From<FormRejection> for PageError {
    fn from(_: FormRejection) -> Self {
        Self::NotUnderstood
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
            Self::NotYours => (
                StatusCode::FORBIDDEN,
                "Your role does not include this page",
                vec!["If it should, ask whoever gives accounts for Weir at your school. That you asked for it was noted.".into()],
            ),
            Self::LinkGone => (
                StatusCode::GONE,
                "This link no longer works",
                vec![
                    "Each link works once, for three days, and only until a newer one is made.".into(),
                    "Ask whoever gives accounts for Weir at your school for a new one. For the very first account, start Weir again.".into(),
                ],
            ),
            Self::LetterGone => (
                StatusCode::GONE,
                "This link no longer works",
                vec![
                    "The link in a letter works once, for 15 minutes, and only until a newer one is sent.".into(),
                    "Go to the page where you sign in and ask for another.".into(),
                ],
            ),
            Self::NotByLetter => (
                StatusCode::FORBIDDEN,
                "Sign in with your password",
                vec![
                    "One of your roles comes to names, so it asks for a password and a code. The link in a letter does not sign you in.".into(),
                    "If you have no password, ask whoever gives accounts for Weir at your school for a link.".into(),
                ],
            ),
            Self::WayLost => (
                StatusCode::BAD_REQUEST,
                "This sign-in could not be finished",
                vec![
                    "It was not begun in this browser, took longer than 10 minutes, was broken off, or had been finished before.".into(),
                    "Go to the page where you sign in and begin again.".into(),
                ],
            ),
            Self::ProviderAway => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The other sign-in can’t be reached",
                vec![
                    "Try again in a minute, or sign in with your password.".into(),
                    "If it stays so, ask whoever looks after Weir to read its log.".into(),
                ],
            ),
            Self::ProviderRefused => (
                StatusCode::FORBIDDEN,
                "This account can’t sign in here",
                vec![
                    "Use the account that your school gave you. If that is the one you used, ask whoever looks after Weir to read its log.".into(),
                ],
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form came from another site",
                vec!["Nothing was changed. Open the page here and fill in its form again.".into()],
            ),
            Self::NotUnderstood => (
                StatusCode::BAD_REQUEST,
                "This form could not be read",
                vec!["Nothing was changed. Go back and try again.".into()],
            ),
            Self::Misdirected(url) => (
                StatusCode::MISDIRECTED_REQUEST,
                "Weir does not answer under this address",
                vec![
                    format!("Open {url}"),
                    "Weir answers under its own name only, on the machine that runs it or through the proxy that its settings name.".into(),
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
                    "Nothing is lost. Try again in a minute.".into(),
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
