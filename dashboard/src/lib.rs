//! Weir's pages: is filtering working at this school, is it watched, is the evidence complete, and who says so.
//!
//! Plain HTML drawn on the server: no script, no inline style, nothing fetched from elsewhere. Figures come through
//! [`Figures`], from the query engine ([`EngineFigures`]) or from an invented estate ([`Example`]).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice, clippy::disallowed_methods))]

mod account;
mod api;
mod assets;
mod chart;
mod csv;
mod elsewhere;
mod engine;
mod error;
mod evidence;
mod example;
mod figures;
mod gate;
mod pages;
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

use elsewhere::Providers;
use gate::{Gate, Scoped};
use serve::numbers::Numbers;
use weir_lake::estate::{Serving, SignInProvider};
use weir_register::accounts::Accounts;

pub use chart::{Anchor, Axis, Canvas, Svg, escape};
pub use elsewhere::ProviderError;
pub use engine::{EngineFigures, records_of};
pub use evidence::{Evidence, Known, Names, VaultNames};
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
    /// Told when a letter waits to be sent at once; none where nobody would send it.
    letters: Option<Arc<dyn Fn() + Send + Sync>>,
    providers: Arc<Providers>,
    numbers: Arc<Numbers>,
    serving: Serving,
}

impl Dashboard {
    /// Pages over these figures without sign-in, on this machine alone: for figures that are invented.
    pub fn new(figures: impl Figures + 'static) -> Self {
        Self {
            figures: Arc::new(figures),
            gate: None,
            evidence: None,
            names: None,
            letters: None,
            providers: Arc::default(),
            numbers: Arc::default(),
            serving: Serving::default(),
        }
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
        Self {
            figures: Arc::new(Scoped(figures)),
            gate: Some(Arc::new(gate)),
            evidence: Some(evidence),
            names: None,
            letters: None,
            providers: Arc::default(),
            numbers: Arc::default(),
            serving,
        }
    }

    /// The same with names behind keys, for those who may see one.
    #[must_use]
    pub fn with_names(self, names: impl Names + 'static) -> Self {
        Self { names: Some(Arc::new(names)), ..self }
    }

    /// The same with sign-in by a link in a letter, where weir.toml says under which address people come. What is given is called when a
    /// letter waits, and must not take long.
    #[must_use]
    pub fn with_letters(self, waits: impl Fn() + Send + Sync + 'static) -> Self {
        let letters: Option<Arc<dyn Fn() + Send + Sync>> = self.serving.url.is_some().then(|| Arc::new(waits) as _);
        Self { letters, ..self }
    }

    /// The same with sign-in at providers outside. None of them is asked for anything before somebody goes there.
    pub fn with_providers(self, settings: &[SignInProvider]) -> Result<Self, ProviderError> {
        Ok(Self { providers: Arc::new(Providers::open(settings)?), ..self })
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
