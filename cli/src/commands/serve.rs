//! `weir serve`: the pages, on this computer only until sign-in exists.

use std::path::Path;

use clap::Args;
use weir_dashboard::{Dashboard, EngineFigures, bind};
use weir_lake::estate::Estate;
use weir_query::engine::EngineOptions;

use crate::Ended;

/// Serve the pages on this computer
#[derive(Args)]
#[command(after_help = "Example:
  weir serve --port 8600

Until sign-in exists the pages are open to whoever sits at this computer, so Weir refuses to serve any other.")]
pub struct Serve {
    /// Port
    #[arg(long, default_value_t = 8600)]
    port: u16,
}

impl Serve {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        serve(&estate, self.port)
    }
}

/// Serves an estate until Ctrl-C.
pub fn serve(estate: &Estate, port: u16) -> anyhow::Result<Ended> {
    let weir_toml = estate.home.join("weir.toml");
    let figures = EngineFigures::new(
        move || Estate::load(&weir_toml),
        EngineOptions { meanings: super::meanings(estate)?, ..EngineOptions::default() },
    );
    super::runtime()?.block_on(async {
        let bound = bind(port).await?;
        println!("\nOpen {}   (Ctrl-C ends it)", bound.url());
        bound.run(Dashboard::new(figures)).await?;
        Ok(Ended::Done)
    })
}
