//! `weir serve`: the pages, for people with accounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::Notify;
use weir_dashboard::{Dashboard, EngineFigures, VaultNames, bind_for};
use weir_lake::estate::Estate;
use weir_lake::vault::Vault;
use weir_query::engine::EngineOptions;
use weir_register::Actor;
use weir_register::accounts::Accounts;

use crate::Ended;
use crate::policy_file::EstatePolicy;
use crate::uploading::EstateUploads;

/// Serve the pages
#[derive(Args)]
#[command(after_help = "Example:
  weir serve --port 8600

The first time it prints a one-time link, by which the first administrator makes an account; everybody else's comes from there, or from `weir user add`.

The pages answer on this computer. For others, give a certificate or put a proxy before them, under [serve] in weir.toml: docs/serving.md.")]
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
    let policy = EstatePolicy::new(weir_toml.clone());
    let uploads = EstateUploads::new(weir_toml.clone());
    let letters = Arc::new(Notify::new());
    let waits = letters.clone();
    let postman = tokio::spawn(send_letters(accounts.clone(), weir_toml.clone(), letters));
    let schools = move || Estate::load(&weir_toml).map(|estate| estate.schools).map_err(|error| error.to_string());
    tokio::spawn(figures.clone().keep_ready());
    let dashboard = Dashboard::with_sign_in(figures, accounts.clone(), estate.serving.clone(), schools)
        .with_names(names)
        .with_uploads(uploads)
        .with_policy(policy);
    let dashboard = if estate.mail.is_some() { dashboard.with_letters(move || waits.notify_one()) } else { dashboard };
    let dashboard = dashboard.with_providers(&estate.sign_in)?;
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
    postman.abort();
    accounts.register().close().await;
    Ok(Ended::Done)
}

/// How often letters are sent that could not go at once.
const LETTERS_EVERY: Duration = Duration::from_secs(60);

/// Sends letters as soon as one is asked for, and those that had to wait: a link to sign in must not wait for the night.
async fn send_letters(accounts: Accounts, weir_toml: PathBuf, asked: Arc<Notify>) {
    let mut said = String::new();
    loop {
        tokio::select! {
            () = asked.notified() => {}
            () = tokio::time::sleep(LETTERS_EVERY) => {}
        }
        let failure = match Estate::load(&weir_toml) {
            Ok(estate) if estate.mail.is_none() => String::new(),
            Ok(estate) => match weir_post::deliver(&accounts, &estate, &Actor::of_command()).await {
                Ok(delivery) => delivery.failures.join("; "),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        // Once, not every minute while a mail server is away.
        if !failure.is_empty() && failure != said {
            eprintln!("mail: {failure}");
        }
        said = failure;
    }
}
