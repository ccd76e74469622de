//! Reads what waits: every source's inbox and what was received for it, file by file so that one bad file keeps no other back.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::SignedDuration;
use weir_ingest::engine::{IngestOptions, ingest};
use weir_ingest::format::Catalogue;
use weir_ingest::report::{FileStatus, IngestReport};
use weir_lake::clock;
use weir_lake::estate::{Estate, Source};
use weir_lake::ids::RunId;
use weir_lake::lake::Lake;
use weir_lake::vault::Vault;

use super::Said;
use super::inbox::Inbox;
use super::report::{self, Step};
use crate::commands;

/// What reading needs.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub estate: &'a Estate,
    pub lake: &'a Lake,
    pub vault: &'a Vault,
    pub catalogue: &'a Catalogue,
}

/// The step that says why nothing was read at all.
const STEP: &str = "read";

/// A clock that was set right by less than this between two nights is no reason to stop.
const BEHIND: SignedDuration = SignedDuration::from_hours(1);

/// What of a file is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is whole, and Weir's to move.
    Whole,
    /// It is somebody else's and may grow.
    Others,
    /// The receiver is writing it.
    Growing,
}

impl Reading<'_> {
    /// Reads all sources; true where anything was new.
    pub fn all(self, run_id: &RunId, take: &mut dyn FnMut(Step) -> bool) -> anyhow::Result<bool> {
        if let Err(error) = self.has_room().and_then(|()| self.is_later_than_the_last_night()) {
            take(Step::failed(STEP, &error));
            return Ok(false);
        }
        let mut has_read = false;
        for (number, source) in (1..).zip(self.estate.sources.values()) {
            // A run of its own, so that one source's night can be undone alone.
            let inbox = self.inbox(source, &RunId::parse(&format!("{run_id}.{number}"))?);
            let spool = self.spool(source, &format!("{run_id}.{number}"));
            for (name, read) in [(format!("read {}", source.id), inbox), (format!("received for {}", source.id), spool)] {
                match read {
                    Ok(Some((said, files))) => {
                        has_read |= files > 0;
                        take(Step::done(&name, said.0, said.1));
                    }
                    Ok(None) => {}
                    Err(error) => drop(take(Step::failed(&name, &error))),
                }
            }
        }
        Ok(has_read)
    }

    /// Nothing is read once the disk is nearly full: a night must still be able to let go of what is past its time.
    fn has_room(self) -> anyhow::Result<()> {
        let estate = self.estate;
        let is_folder = !estate.lake_root.to_string_lossy().contains("://");
        for folder in [Some(&estate.home), Some(&estate.lake_root).filter(|_| is_folder)].into_iter().flatten() {
            let free = match fs4::available_space(folder) {
                Ok(free) => free,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| folder.display().to_string()),
            };
            anyhow::ensure!(
                free >= estate.receiving.keep_free,
                "{}: {} MB of the disk are free and keep_free in weir.toml asks for {} MB, so nothing was read; what waits stays where it is",
                folder.display(),
                free / 1_000_000,
                estate.receiving.keep_free / 1_000_000
            );
        }
        Ok(())
    }

    /// Nothing is read by a clock that went back: lines of yesterday would be ahead of it, and end in quarantine as implausible.
    fn is_later_than_the_last_night(self) -> anyhow::Result<()> {
        let now = clock::now();
        for path in report::kept(self.estate)?.iter().rev() {
            let last = report::read(path)?;
            // A night that was refused went by the clock that is wrong.
            if report::failed(&last).iter().any(|(step, _)| *step == STEP) {
                continue;
            }
            let ended = report::ended(&last)?;
            anyhow::ensure!(
                ended <= now.saturating_add(BEHIND)?,
                "the clock says {} and the last night ended at {}, so nothing was read: set the clock; if it was wrong in that night, delete {}",
                now.strftime("%Y-%m-%d %H:%M"),
                ended.strftime("%Y-%m-%d %H:%M"),
                path.display()
            );
            break;
        }
        Ok(())
    }

    /// Reads a source's inbox. None for a source without one.
    fn inbox(self, source: &Source, run_id: &RunId) -> anyhow::Result<Option<(Said, usize)>> {
        let Some(inbox) = Inbox::of(self.estate, source)? else { return Ok(None) };
        let waiting = inbox.waiting()?;
        let links = waiting.links.iter().map(|link| format!("{} is a link; links are not read", link.display()));
        let mut look: Vec<String> = links.collect();
        let state = if inbox.is_own() { State::Whole } else { State::Others };
        let report = self.read(source, &inbox, &waiting.ready, state, run_id.clone(), &mut look)?;
        let mut text = words(&[&report], waiting.ready.is_empty());
        text.push_str(&self.newest(&[&report])?);
        if !waiting.unsettled.is_empty() {
            text.push_str(&format!("; {} still on the way", waiting.unsettled.len()));
        }
        Ok(Some(((text, look), files_read(&report))))
    }

    /// Reads what was received for a source, and what is being received. None where there is none.
    fn spool(self, source: &Source, run_id: &str) -> anyhow::Result<Option<(Said, usize)>> {
        let inbox = Inbox::of_spool(self.estate, source);
        let (sealed, open) = inbox.received()?;
        if sealed.is_empty() && open.is_empty() {
            return Ok(None);
        }
        let mut look = Vec::new();
        let mut reports = Vec::new();
        for (paths, state, ending) in [(&sealed, State::Whole, "s"), (&open, State::Growing, "o")] {
            if !paths.is_empty() {
                let run_id = RunId::parse(&format!("{run_id}{ending}"))?;
                reports.push(self.read(source, &inbox, paths, state, run_id, &mut look)?);
            }
        }
        let reports: Vec<&IngestReport> = reports.iter().collect();
        let text = words(&reports, false) + &self.newest(&reports)?;
        Ok(Some(((text, look), reports.iter().map(|report| files_read(report)).sum())))
    }

    /// How old the newest line was when it was read: what a day's alerts are late by.
    fn newest(self, reports: &[&IngestReport]) -> anyhow::Result<String> {
        if reports.iter().all(|report| files_read(report) == 0) {
            return Ok(String::new());
        }
        let receipts = self.lake.receipts(&self.lake.snapshot()?)?;
        let is_of_these = |run: &str| reports.iter().any(|report| report.run_id == run);
        let newest = receipts.iter().filter(|receipt| is_of_these(receipt.run_id.as_str()));
        let newest = newest.filter_map(|receipt| Some((receipt.last_event_time?, receipt.received_at))).max();
        Ok(newest.map_or_else(String::new, |(last, received)| format!("; newest line {} old", age((received - last) / MINUTE))))
    }

    fn read(
        self,
        source: &Source,
        inbox: &Inbox,
        paths: &[PathBuf],
        state: State,
        run_id: RunId,
        look: &mut Vec<String>,
    ) -> anyhow::Result<IngestReport> {
        let mut options = IngestOptions::new(run_id, source.clone(), clock::now_micros());
        options.settled = state == State::Whole;
        options.growing = state == State::Growing;
        let report = ingest(self.estate, self.lake, self.vault, self.catalogue, paths, &options)?;
        for path in paths.iter().filter(|_| state == State::Whole) {
            match verdict(&report, path) {
                Verdict::Done => inbox.done(path)?,
                Verdict::Stays => {}
                Verdict::Failed(reason) => inbox.failed(path, &reason)?,
            }
        }
        // What was sealed while this look was on its way is read by the next.
        let is_here = |path: &str| state != State::Growing || Path::new(path).symlink_metadata().is_ok();
        look.extend(report.refused().filter(|file| is_here(&file.path)).filter_map(|file| file.message.clone()));
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
        Ok(report)
    }
}

const MINUTE: i64 = 60 * 1_000_000;

/// Minutes in words.
fn age(minutes: i64) -> String {
    match minutes {
        ..=1 => String::from("1 minute"),
        2..=119 => format!("{minutes} minutes"),
        120..=2879 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

fn files_read(report: &IngestReport) -> usize {
    report.files.iter().filter(|file| file.status == FileStatus::Read).count()
}

fn words(reports: &[&IngestReport], is_nothing: bool) -> String {
    let mut total = weir_ingest::report::Ledger::default();
    reports.iter().for_each(|report| total.add(&report.total));
    match (reports.iter().map(|report| files_read(report)).sum::<usize>(), is_nothing) {
        (_, true) => String::from("nothing waited"),
        (0, false) => String::from("nothing new"),
        (1, false) => format!("1 file: {}", commands::inspect::ledger_words(&total)),
        (many, false) => format!("{many} files: {}", commands::inspect::ledger_words(&total)),
    }
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
