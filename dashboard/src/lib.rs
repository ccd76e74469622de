//! Weir's pages: is filtering working at this school, is it watched, is the evidence complete, and who says so.
//!
//! Plain HTML drawn on the server: no script, no inline style, nothing fetched from elsewhere. Figures come through
//! [`Figures`], from the query engine ([`EngineFigures`]) or from an invented estate ([`Example`]).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice, clippy::disallowed_methods))]

mod assets;
mod chart;
mod csv;
mod engine;
mod error;
mod example;
mod figures;
mod pages;
mod review;
mod routes;
mod security;
mod serve;
#[cfg(test)]
mod tests;
pub mod view;
mod words;

use std::fmt;
use std::sync::Arc;

pub use engine::EngineFigures;
pub use example::Example;
pub use figures::{Asked, Figures, FiguresError};
pub use serve::{Bound, ServeError, bind, bind_on, serve};

/// What the pages need: where their figures come from.
#[derive(Clone)]
pub struct Dashboard {
    figures: Arc<dyn Figures>,
}

impl Dashboard {
    /// Pages over these figures.
    pub fn new(figures: impl Figures + 'static) -> Self {
        Self { figures: Arc::new(figures) }
    }

    /// Every page and guard, for answers on this port.
    pub fn router(&self, port: u16) -> axum::Router {
        routes::router(self.clone(), port)
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dashboard")
    }
}
