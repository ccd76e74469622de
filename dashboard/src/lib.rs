//! Weir's pages: is filtering working at this school, is it watched, is the evidence complete, and who says so.
//!
//! Plain HTML drawn on the server: no script, no inline style, nothing fetched from elsewhere. Figures come through
//! [`Figures`], from the query engine ([`EngineFigures`]) or from an invented estate ([`Example`]).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice, clippy::disallowed_methods))]

mod account;
mod assets;
mod chart;
mod csv;
mod engine;
mod error;
mod evidence;
mod example;
mod figures;
mod gate;
mod pages;
mod plain;
mod record;
mod report;
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

use gate::{Gate, Scoped};
use weir_lake::estate::Serving;
use weir_register::accounts::Accounts;

pub use chart::{Anchor, Axis, Canvas, Svg, escape};
pub use engine::{EngineFigures, records_of};
pub use evidence::{Evidence, Keeping, Known, Names, VaultNames};
pub use example::Example;
pub use figures::{Asked, Figures, FiguresError};
pub use gate::Schools;
pub use report::{GOVERNORS, ReportError, draft_review};
pub use serve::{Bound, ServeError, bind, bind_for, bind_on, serve};

/// What the pages need: where their figures come from, and who may see them.
#[derive(Clone)]
pub struct Dashboard {
    figures: Arc<dyn Figures>,
    gate: Option<Arc<Gate>>,
    /// What the safeguarding lead may read of the logs, and the names behind keys; none without sign-in.
    evidence: Option<Arc<dyn Evidence>>,
    names: Option<Arc<dyn Names>>,
    serving: Serving,
}

impl Dashboard {
    /// Pages over these figures without sign-in, on this machine alone: for figures that are invented.
    pub fn new(figures: impl Figures + 'static) -> Self {
        Self { figures: Arc::new(figures), gate: None, evidence: None, names: None, serving: Serving::default() }
    }

    /// Pages over these figures for people with accounts, who see the schools of their roles; reached as weir.toml says.
    pub fn with_sign_in(
        figures: impl Figures + Evidence + 'static,
        accounts: Accounts,
        serving: Serving,
        schools: impl Fn() -> Result<Schools, String> + Send + Sync + 'static,
    ) -> Self {
        let gate = Gate::new(accounts, serving.clone(), Box::new(schools));
        let figures = Arc::new(figures);
        let evidence: Arc<dyn Evidence> = figures.clone();
        Self { figures: Arc::new(Scoped(figures)), gate: Some(Arc::new(gate)), evidence: Some(evidence), names: None, serving }
    }

    /// The same with names behind keys, for those who may see one.
    #[must_use]
    pub fn with_names(self, names: impl Names + 'static) -> Self {
        Self { names: Some(Arc::new(names)), ..self }
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
