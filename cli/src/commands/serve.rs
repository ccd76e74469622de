//! `weir serve`: the pages, for people with accounts.

use std::path::Path;

use clap::Args;
use weir_dashboard::{Dashboard, EngineFigures, VaultNames, bind_for};
use weir_lake::estate::Estate;
use weir_lake::vault::Vault;
use weir_query::engine::EngineOptions;
use weir_register::Actor;
use weir_register::accounts::Accounts;

use crate::Ended;

/// Serve the pages
#[derive(Args)]
#[command(after_help = "Example:
  weir serve --port 8600

The first time it prints a one-time link, by which the first administrator makes an account; everybody else's comes from there, or from `weir user add`.

The pages answer on this computer. For others, put a proxy that speaks TLS before them and say so under [serve] in weir.toml.")]
pub struct Serve {
    /// Port
    #[arg(long, default_value_t = 8600)]
    port: u16,
}

impl Serve {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        super::runtime()?.block_on(async {
            let accounts = Accounts::of_estate(&estate).await?;
            serve(&estate, accounts, self.port).await
        })
    }
}

/// Serves an estate until Ctrl-C.
pub async fn serve(estate: &Estate, accounts: Accounts, port: u16) -> anyhow::Result<Ended> {
    let weir_toml = estate.home.join("weir.toml");
    let figures = {
        let weir_toml = weir_toml.clone();
        EngineFigures::new(
            move || Estate::load(&weir_toml),
            EngineOptions { meanings: super::meanings(estate)?, ..EngineOptions::default() },
        )
        .with_register(accounts.register().clone())
    };
    let names = {
        let weir_toml = weir_toml.clone();
        let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
        VaultNames::new(vault, move || Estate::load(&weir_toml).map_err(|error| error.to_string()))
    };
    let schools = move || Estate::load(&weir_toml).map(|estate| estate.schools).map_err(|error| error.to_string());
    tokio::spawn(figures.clone().keep_ready());
    let dashboard = Dashboard::with_sign_in(figures, accounts.clone(), estate.serving.clone(), schools).with_names(names);
    let bound = bind_for(&dashboard, port).await?;
    if let Some(link) = accounts.first_link(Actor::of_command()).await? {
        println!(
            "\nNobody has an account yet. This link makes the first one, once, within three days; it is for whoever will give the others theirs:\n\n  {}{}",
            bound.url().trim_end_matches('/'),
            link.path()
        );
    }
    println!("\nOpen {}   (Ctrl-C ends it)", bound.url());
    bound.run(dashboard).await?;
    accounts.register().close().await;
    Ok(Ended::Done)
}
