//! A night without anyone watching: step by step, each safe to do twice, so that a night which was cut short is finished by the next.
//!
//! A step that fails stops only what would build on it: without figures no raw row goes.

pub mod backup;
pub mod feeds;
pub mod fetching;
pub mod inbox;
pub mod mail;
mod read;
pub mod report;
pub mod turn;

use weir_ingest::format::Catalogue;
use weir_lake::clock;
use weir_lake::estate::{Estate, UNKNOWN_SENDERS};
use weir_lake::ids::RunId;
use weir_lake::lake::Lake;
use weir_lake::vault::Vault;
use weir_query::engine::{Engine, EngineOptions};

use crate::commands;
use crate::raising::Look;
use inbox::Inbox;
use read::Reading;
use report::{How, Night, Step};

/// Days of small files are merged from this many files on.
const SMALL_FILES: usize = 4;

/// Does a night's work and gives its report. An error is one that let nothing begin.
pub fn run(estate: &Estate, run_id: &RunId, catalogue: &Catalogue, said: impl Fn(&Step)) -> anyhow::Result<Night> {
    let lake = commands::estate::lake(estate)?;
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let mut night = Night::new(run_id);
    let mut take = |step: Step| {
        said(&step);
        let is_done = matches!(step.how, How::Done | How::Findings);
        night.steps.push(step);
        is_done
    };
    fetching::all(estate, None, None, &mut take)?;
    Reading { estate, lake: &lake, vault: &vault, catalogue }.all(run_id, &mut take)?;
    let is_rolled_up = take(of("figures", figures(estate, &lake)));
    // Not only after figures: what a child searched for must not wait for a sum.
    take(of("alerts", alerts(estate)));
    let feeds = look_at_feeds(estate, &lake);
    take(of("feeds", feeds.as_ref().map(feeds_said).map_err(|error| anyhow::anyhow!("{error:#}"))));
    if is_rolled_up {
        // Before retention, which closes a date unverified when it takes the rows that a verification reads.
        take(of("verify", commands::verify::night(estate, &lake)));
        take(of("retention", retention(estate, &lake, run_id)));
    } else {
        take(Step::skipped("verify", "the figures are not up to date"));
        take(Step::skipped("retention", "raw rows stay until their figures are made"));
    }
    take(of("old exports", old_exports(estate)));
    take(of("tidy", tidy(&lake, run_id)));
    if estate.backup.is_some() {
        take(of("backup", backup::step(estate)));
    }
    if estate.mail.is_some() {
        let silent = feeds.map(|feeds| feeds.silent).unwrap_or_default();
        // Last, so that a letter can say of every other step that it failed.
        let step = of("mail", mail::step(estate, &lake, night.how(), silent));
        said(&step);
        night.steps.push(step);
    }
    Ok(night)
}

/// One look of the same-day path: what came is read and made into figures and alerts, and who waits for one is told. Whether anything was read is what it gives.
pub fn look(
    estate: &Estate,
    run_id: &RunId,
    catalogue: &Catalogue,
    is_first: bool,
    take: &mut dyn FnMut(Step) -> bool,
) -> anyhow::Result<bool> {
    let lake = commands::estate::lake(estate)?;
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    fetching::all(estate, None, None, take)?;
    let has_read = Reading { estate, lake: &lake, vault: &vault, catalogue }.all(run_id, take)?;
    // The first look finishes what the run before may have left.
    if has_read || is_first {
        take(of("figures", figures(estate, &lake)));
        take(of("alerts", alerts(estate)));
    }
    // Not only after something new: who is told next goes by the clock.
    if estate.mail.is_some() {
        take(of("mail", mail::of_alerts(estate)));
    }
    Ok(has_read)
}

/// What a step says, and what should be looked at.
type Said = (String, Vec<String>);

fn of(name: &str, result: anyhow::Result<Said>) -> Step {
    match result {
        Ok((text, look)) => Step::done(name, text, look),
        Err(error) => Step::failed(name, &error),
    }
}

fn figures(estate: &Estate, lake: &Lake) -> anyhow::Result<Said> {
    let (report, published) = commands::rollup::run(lake, estate)?;
    let mut text = match report.slices {
        0 => String::from("nothing changed"),
        1 => String::from("1 day of a source brought up to date"),
        many => format!("{many} days of sources brought up to date"),
    };
    match published.cells + published.revised {
        0 => {}
        1 => text.push_str("; 1 figure published"),
        many => text.push_str(&format!("; {many} figures published")),
    }
    Ok((text, Vec::new()))
}

fn alerts(estate: &Estate) -> anyhow::Result<Said> {
    let report = commands::alerts::run(estate, Look::New)?;
    let look = match report.raised.urgent {
        0 => Vec::new(),
        _ => vec![String::from("urgent alerts wait for the safeguarding lead")],
    };
    Ok((commands::alerts::words(&report), look))
}

fn look_at_feeds(estate: &Estate, lake: &Lake) -> anyhow::Result<feeds::Feeds> {
    let engine = Engine::open(&lake.snapshot()?, estate, &EngineOptions::default())?;
    commands::runtime()?.block_on(feeds::look(estate, &engine))
}

fn feeds_said(feeds: &feeds::Feeds) -> Said {
    let look = feeds.sentences();
    let text =
        if look.is_empty() { "every source has logs of the last school day" } else { "not every source is as it should be" };
    (text.into(), look)
}

fn retention(estate: &Estate, lake: &Lake, run_id: &RunId) -> anyhow::Result<Said> {
    let holds = commands::retention::holds(estate)?;
    let plan = lake.retention_plan(&lake.snapshot()?, estate, &holds, clock::today_here(), clock::now_micros())?;
    if plan.is_empty() {
        return Ok((String::from("nothing is past its time"), Vec::new()));
    }
    lake.retain(&plan, run_id)?;
    let rows: Vec<_> = plan.going.iter().map(|(table, going)| format!("{} rows of {}", going.rows, table.name())).collect();
    Ok((format!("{} were past their time and are gone", rows.join(", ")), Vec::new()))
}

fn old_exports(estate: &Estate) -> anyhow::Result<Said> {
    let mut gone = 0;
    let days = estate.retention.exports_days;
    for source in estate.sources.values() {
        gone += Inbox::of_spool(estate, source).forget(estate.exports_days_of(source))?;
    }
    gone += inbox::forget_written(&estate.receiving.spool.join(UNKNOWN_SENDERS), days)?;
    let text = match gone {
        0 => format!("none was put away more than {days} days ago"),
        1 => format!("1 export, put away more than {days} days ago, is gone"),
        many => format!("{many} exports, put away more than {days} days ago, are gone"),
    };
    Ok((text, Vec::new()))
}

fn tidy(lake: &Lake, run_id: &RunId) -> anyhow::Result<Said> {
    let merged = lake.compact_due(SMALL_FILES, run_id)?;
    let vacuumed = lake.vacuum(std::time::Duration::from_secs(24 * 3600))?;
    Ok((format!("{merged} days merged, {} files that nothing refers to removed", vacuumed.files), Vec::new()))
}
