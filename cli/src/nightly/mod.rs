//! A night without anyone watching: step by step, each safe to do twice, so that a night which was cut short is finished by the next.
//!
//! A step that fails stops only what would build on it: without figures no raw row goes.

pub mod backup;
pub mod feeds;
pub mod inbox;
pub mod mail;
pub mod report;

use std::path::Path;

use weir_ingest::engine::{IngestOptions, ingest};
use weir_ingest::format::Catalogue;
use weir_ingest::report::{FileStatus, IngestReport};
use weir_lake::clock;
use weir_lake::estate::{Estate, Source};
use weir_lake::ids::RunId;
use weir_lake::lake::Lake;
use weir_lake::vault::Vault;
use weir_query::engine::{Engine, EngineOptions};

use crate::commands;
use crate::raising::Look;
use inbox::Inbox;
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
    for (number, source) in (1..).zip(estate.sources.values()) {
        let name = format!("read {}", source.id);
        // A run of its own, so that one source's night can be undone alone.
        let run_id = RunId::parse(&format!("{run_id}.{number}"))?;
        match read(estate, &lake, &vault, catalogue, source, &run_id) {
            Ok(Some((text, look))) => drop(take(Step::done(&name, text, look))),
            Ok(None) => {}
            Err(error) => drop(take(Step::failed(&name, &error))),
        }
    }
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

/// What a step says, and what should be looked at.
type Said = (String, Vec<String>);

fn of(name: &str, result: anyhow::Result<Said>) -> Step {
    match result {
        Ok((text, look)) => Step::done(name, text, look),
        Err(error) => Step::failed(name, &error),
    }
}

/// Reads a source's inbox, file by file so that one bad file keeps no other back. None for a source without an inbox.
fn read(
    estate: &Estate,
    lake: &Lake,
    vault: &Vault,
    catalogue: &Catalogue,
    source: &Source,
    run_id: &RunId,
) -> anyhow::Result<Option<Said>> {
    let Some(inbox) = Inbox::of(estate, source)? else { return Ok(None) };
    let waiting = inbox.waiting()?;
    let mut look: Vec<String> =
        waiting.links.iter().map(|link| format!("{} is a link; links are not read", link.display())).collect();
    let mut options = IngestOptions::new(run_id.clone(), source.clone(), clock::now_micros());
    // What has rested for ten minutes is finished; a filter's own log is not.
    options.settled = inbox.is_own();
    let report = ingest(estate, lake, vault, catalogue, &waiting.ready, &options)?;
    for path in waiting.ready.iter().filter(|_| inbox.is_own()) {
        match verdict(&report, path) {
            Verdict::Done => inbox.done(path)?,
            Verdict::Stays => {}
            Verdict::Failed(reason) => inbox.failed(path, &reason)?,
        }
    }
    let refused = report.refused().filter_map(|file| file.message.clone());
    look.extend(refused);
    look.extend(report.to_keep().map(|file| {
        format!(
            "{}: lines of closed dates were not counted; `weir reopen` takes a full re-export",
            file_name(Path::new(&file.path))
        )
    }));
    if report.total.quarantined > 0 {
        look.push(format!("{} lines could not be read and are in quarantine", report.total.quarantined));
    }
    look.extend(report.warnings.iter().cloned());
    let read = report.files.iter().filter(|file| file.status == FileStatus::Read).count();
    let mut text = match (read, waiting.ready.is_empty()) {
        (_, true) => String::from("nothing waited"),
        (0, false) => String::from("nothing new"),
        (1, false) => format!("1 file: {}", commands::inspect::ledger_words(&report.total)),
        (many, false) => format!("{many} files: {}", commands::inspect::ledger_words(&report.total)),
    };
    if !waiting.unsettled.is_empty() {
        text.push_str(&format!("; {} still on the way", waiting.unsettled.len()));
    }
    Ok(Some((text, look)))
}

/// What becomes of a file in Weir's own inbox.
enum Verdict {
    Done,
    Stays,
    Failed(String),
}

/// A file is done when every part of it is; an archive has many.
fn verdict(report: &IngestReport, path: &Path) -> Verdict {
    let label = path.display().to_string();
    let member = format!("{label}!");
    let mut verdict = None;
    for file in report.files.iter().filter(|file| file.path == label || file.path.starts_with(&member)) {
        let reason = match file.status {
            FileStatus::Refused => file.message.clone().unwrap_or_else(|| String::from("refused")),
            _ if !file.closed.is_empty() => String::from(
                "It has lines of dates whose figures stand; they were not counted. To take a full re-export instead: weir reopen",
            ),
            FileStatus::Waiting => return Verdict::Stays,
            _ => {
                verdict = verdict.or(Some(Verdict::Done));
                continue;
            }
        };
        verdict = Some(match verdict {
            Some(Verdict::Failed(before)) => Verdict::Failed(format!("{before}\n{reason}")),
            _ => Verdict::Failed(reason),
        });
    }
    // A file that the report does not know was not read: it stays for the next night.
    verdict.unwrap_or(Verdict::Stays)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
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
    let plan = lake.retention_plan(&lake.snapshot()?, estate, clock::today_here(), clock::now_micros())?;
    if plan.is_empty() {
        return Ok((String::from("nothing is past its time"), Vec::new()));
    }
    lake.retain(&plan, run_id)?;
    let rows: Vec<_> = plan.going.iter().map(|(table, going)| format!("{} rows of {}", going.rows, table.name())).collect();
    Ok((format!("{} were past their time and are gone", rows.join(", ")), Vec::new()))
}

fn old_exports(estate: &Estate) -> anyhow::Result<Said> {
    let mut gone = 0;
    for source in estate.sources.values() {
        if let Some(inbox) = Inbox::of(estate, source)? {
            gone += inbox.forget(estate.retention.exports_days)?;
        }
    }
    let days = estate.retention.exports_days;
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
