//! `weir demo`: an estate of invented schools, from nothing to pages in a minute.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use weir_ingest::engine::{IngestOptions, ingest};
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_lake::vault::Vault;
use weir_register::accounts::{Accounts, NewAccount};
use weir_register::alerts::Listed;
use weir_register::records::By;
use weir_register::{Actor, Place, Register, Role};
use weir_sample_data::{EstateOptions, write_estate};

mod records;

use super::{alerts, formats, ingest as ingest_command, inspect, rollup, serve};
use crate::output::{sentence, table};
use crate::raising::Look;
use crate::{Ended, progress};

/// An estate of invented schools: generate, ingest, roll up, serve
#[derive(Args)]
#[command(after_help = "Examples:
  weir demo
  weir demo --dir /tmp/demo --port 8700
  weir demo --prepare          make it and end, without serving

Everything in it is invented: schools, people, sites and searches. Delete the folder to be rid of it.")]
pub struct Demo {
    /// Folder to make it in; an estate that is there already is served as it is
    #[arg(long, default_value = "weir-demo")]
    dir: PathBuf,
    /// Port
    #[arg(long, default_value_t = 8600)]
    port: u16,
    /// Make the estate and end, without serving it
    #[arg(long)]
    prepare: bool,
}

/// Written last, so that a demo that was stopped half-way is made anew.
const READY: &str = "demo-is-ready";

impl Demo {
    pub fn run(self) -> anyhow::Result<Ended> {
        let began = Instant::now();
        let weir_toml = self.dir.join("weir.toml");
        let ready = self.dir.join(READY);
        if ready.try_exists().with_context(|| self.dir.display().to_string())? {
            println!("The estate in {} is ready.", self.dir.display());
        } else {
            make(&self.dir, &weir_toml)?;
            std::fs::OpenOptions::new().create(true).append(true).open(&ready).with_context(|| ready.display().to_string())?;
            println!("\nReady in {:.0} seconds.", began.elapsed().as_secs_f64());
        }
        println!("It lies in {}; try: weir --config {} sql", self.dir.display(), weir_toml.display());
        if self.prepare {
            return Ok(Ended::Done);
        }
        let estate = Estate::load(&weir_toml)?;
        if estate.serving.listen.is_some() || estate.serving.url.is_some() {
            anyhow::bail!(
                "a demo stays on this computer, for its sign-ins are printed; take [serve] out of {}",
                weir_toml.display()
            );
        }
        super::runtime()?.block_on(async {
            let accounts = Accounts::of_estate(&estate).await?;
            people(&estate, &accounts).await?;
            serve::serve(&estate, accounts, self.port).await
        })
    }
}

fn make(dir: &Path, weir_toml: &Path) -> anyhow::Result<()> {
    if weir_toml.try_exists().with_context(|| weir_toml.display().to_string())? {
        anyhow::bail!(
            "{} holds an estate that is not a finished demo; delete the folder if it was a demo that was stopped, or choose another with --dir",
            dir.display()
        );
    }
    let bar = progress::bar(1000, "inventing schools", false);
    let zone = clock::zone(clock::DEFAULT_ZONE).context("the time zone data lack Europe/London")?;
    let options = EstateOptions { to: demo_end(clock::today(&zone)), ..EstateOptions::default() };
    write_estate(dir, &options, &|done| bar.set_position((done * 1000.0) as u64))?;
    bar.finish_and_clear();

    let estate = Estate::load(weir_toml)?;
    let lake = super::estate::lake(&estate)?;
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let catalogue = formats::catalogue(None)?;
    let bar = progress::bar(estate.sources.len() as u64, "reading logs", false);
    let mut total = weir_ingest::report::Ledger::default();
    for source in estate.sources.values() {
        let Some(inbox) = source.inbox.clone() else { continue };
        let options =
            IngestOptions { settled: true, ..IngestOptions::new(super::run_id("demo")?, source.clone(), clock::now_micros()) };
        let report = ingest(&estate, &lake, &vault, &catalogue, &[inbox], &options)?;
        total.add(&report.total);
        if report.refused().next().is_some() {
            ingest_command::print(&report);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!(
        "Read {} schools' logs from {} sources.\n{}",
        estate.schools.len(),
        estate.sources.len(),
        sentence(&inspect::ledger_words(&total))
    );
    let (report, published) = rollup::run(&lake, &estate)?;
    println!(
        "Rolled up {} days of {} sources; published {} figures of half-terms that are over.",
        report.dates,
        estate.sources.len(),
        published.cells
    );
    println!("Alerts: {}.", alerts::words(&alerts::run(&estate, Look::New)?));
    Ok(())
}

/// Invented people, one of each role, with passwords that are random and printed this once: somebody else's demo must not open with them.
async fn people(estate: &Estate, accounts: &Accounts) -> anyhow::Result<()> {
    if !accounts.is_empty().await? {
        println!("Its people keep the passwords that were printed at first; for new ones: weir user reset");
        return Ok(());
    }
    let first = estate.schools.keys().next().context("the demo has no school")?;
    let school = Place::School(first.clone());
    let watched = most_alerts(estate, accounts.register()).await?.filter(|watched| watched != first);
    let mut lines = Vec::new();
    for role in Role::ALL {
        let place = match role {
            Role::Administrator | Role::Officer | Role::Auditor | Role::DataProtection => Place::Everywhere,
            _ => school.clone(),
        };
        let email = format!("{}@weir-demo.example", role.word());
        let name = format!("Demo {}", role.words());
        let new = NewAccount { email: email.clone(), name, role, place: place.clone(), from: accounts.today(), to: None };
        let (id, link) = accounts.add(Actor::of_command(), &new).await?;
        let password = accounts.set_random_password(&link).await?;
        if role == Role::Leader {
            records::record(accounts, first, By { id, role }).await?;
        }
        let mut places = place.to_string();
        // Whoever answers alerts sees some, also where the first school has none this fortnight.
        if let Some(watched) = watched.clone().filter(|_| matches!(role, Role::Dsl | Role::Leader)) {
            let watched = Place::School(watched);
            places = format!("{places}, {watched}");
            accounts.give_role(Actor::of_command(), id, role, &watched, accounts.today(), None).await?;
        }
        let step = if role.needs_second_step() { "asks for an app at first" } else { "" };
        lines.push(vec![email, password, places, step.to_owned()]);
    }
    println!(
        "\nSign in as one of these, printed this once:\n{}",
        table(&["e-mail", "password", "schools", "second step"], &lines)
    );
    Ok(())
}

/// The school with the most open alerts.
async fn most_alerts(estate: &Estate, register: &Register) -> anyhow::Result<Option<SchoolId>> {
    let mut most = (0, None);
    for school in estate.schools.keys() {
        let open = register.alerts(school, Listed::Open).await?.len();
        if open > most.0 {
            most = (open, Some(school.clone()));
        }
    }
    Ok(most.1)
}

/// The last day of the invented logs: yesterday, as a nightly reading would have it, as far as the invented term dates reach. Today is not
/// over; a school week that begins today counts for nothing yet.
fn demo_end(today: jiff::civil::Date) -> jiff::civil::Date {
    let shipped = EstateOptions::default().to;
    today.yesterday().unwrap_or(today).max(shipped).min(jiff::civil::date(2027, 8, 31))
}
