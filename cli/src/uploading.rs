//! Exports that come through the browser: looked at as `weir inspect` looks, and read as `weir ingest` reads, in turn with nights and
//! watches. Of a line, no log-in, site or search goes back to the browser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::civil::Date;
use weir_dashboard::{Looked, LookedLine, MOST_BYTES, Outcome, Taken, UploadRefused, UploadSource, Uploads};
use weir_ingest::engine::{IngestError, IngestOptions, ingest};
use weir_ingest::format::Catalogue;
use weir_ingest::input::{self, Limits};
use weir_ingest::inspect::{InspectedLine, inspect};
use weir_ingest::report::{FileStatus, IngestReport, Ledger};
use weir_lake::clock;
use weir_lake::estate::{Estate, SchoolOf, Source};
use weir_lake::ids::SchoolId;
use weir_lake::vault::Vault;

use crate::commands;
use crate::commands::formats::catalogue_of;
use crate::commands::ingest::source_of_school;
use crate::nightly::turn::Turn;

/// How much more than the largest upload an export may hold once it is unpacked: logs pack some 20 times.
const UNPACKED: u64 = 40;

/// Lines shown of each outcome.
const FIRST: usize = 3;

/// Uploads into an estate, as weir.toml has it at that moment.
pub struct EstateUploads {
    weir_toml: PathBuf,
}

impl EstateUploads {
    pub fn new(weir_toml: PathBuf) -> Self {
        Self { weir_toml }
    }

    fn estate(&self) -> Result<Estate, UploadRefused> {
        Estate::load(&self.weir_toml).map_err(|error| UploadRefused::Failed(error.to_string()))
    }

    /// What reading needs, for a source that the school may upload to.
    fn ready(&self, school: &SchoolId, source: &str) -> Result<(Estate, Catalogue, Source), UploadRefused> {
        let estate = self.estate()?;
        let catalogue = catalogue_of(&estate, None).map_err(failed)?;
        let source = sources_of(&estate, &catalogue, school)?.into_iter().find(|known| known.id.as_str() == source);
        let source = source.ok_or_else(|| UploadRefused::Said("There is no such source at this school any more.".into()))?;
        Ok((estate, catalogue, source))
    }

    fn limits(&self) -> Limits {
        Limits { total: self.most_bytes().saturating_mul(UNPACKED), ..Limits::default() }
    }
}

/// The sources whose lines are this school's alone. One that serves several schools is read on the machine: a technician of one school
/// must not bring lines of another.
fn sources_of(estate: &Estate, catalogue: &Catalogue, school: &SchoolId) -> Result<Vec<Source>, UploadRefused> {
    let is_own = |source: &&Source| matches!(&source.school, SchoolOf::One(id) if id == school);
    let own: Vec<Source> = estate.sources.values().filter(is_own).cloned().collect();
    if own.is_empty() {
        return Ok(vec![source_of_school(estate, catalogue, school, None).map_err(failed)?]);
    }
    Ok(own)
}

fn failed(error: impl Into<anyhow::Error>) -> UploadRefused {
    UploadRefused::Failed(format!("{:#}", error.into()))
}

/// A refusal of a file in plain words: where it lies on the machine is nobody's business.
fn refused(error: IngestError, file: &Path) -> UploadRefused {
    UploadRefused::Said(without_path(&error.to_string(), file))
}

/// Errors begin small and end without a stop; on a page they are sentences.
fn sentence(words: &str) -> String {
    let mut letters = words.trim().trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn without_path(words: &str, file: &Path) -> String {
    sentence(words.replace(&file.display().to_string(), "the file").trim_start_matches("the file: "))
}

impl Uploads for EstateUploads {
    fn most_bytes(&self) -> u64 {
        let most = self.estate().ok().and_then(|estate| estate.serving.upload_mb);
        most.map_or(MOST_BYTES, |most| u64::from(most) << 20)
    }

    fn folder(&self) -> Result<PathBuf, UploadRefused> {
        let estate = self.estate()?;
        let folder = estate.home.join("uploads");
        if weir_lake::estate::is_inside(&folder, &estate.lake_root) {
            return Err(UploadRefused::Failed("the folder of uploads lies inside the lake; choose another place for it".into()));
        }
        let free = fs4::available_space(&estate.home).map_err(failed)?;
        if free < estate.receiving.keep_free.saturating_add(self.most_bytes()) {
            return Err(UploadRefused::Said(
                "The disk is nearly full, so nothing can be uploaded. Tell whoever runs Weir.".into(),
            ));
        }
        Ok(folder)
    }

    fn sources(&self, school: &SchoolId) -> Result<Vec<UploadSource>, UploadRefused> {
        let estate = self.estate()?;
        let catalogue = catalogue_of(&estate, None).map_err(failed)?;
        let words = |source: &Source| match &source.format {
            Some(format) => format!("{}, {}", source.id, format.as_str()),
            None => format!("{}, the format is found from the lines", source.id),
        };
        let sources = sources_of(&estate, &catalogue, school)?;
        Ok(sources.iter().map(|source| UploadSource { id: source.id.to_string(), words: words(source) }).collect())
    }

    fn look(&self, school: &SchoolId, source: &str, file: &Path) -> Result<Looked, UploadRefused> {
        let (estate, catalogue, source) = self.ready(school, source)?;
        let mut options = IngestOptions::new(commands::run_id("look").map_err(failed)?, source, clock::now_micros());
        options.settled = true;
        options.limits = self.limits();
        let mut seen = Seen::default();
        let mut looked = Looked::default();
        for found in input::find(&[file.to_path_buf()]) {
            let found = found.map_err(|error| refused(IngestError::from(error), file))?;
            let inspected = inspect(&estate, &catalogue, &found, &options, &mut |line| seen.add(line));
            let inspected = inspected.map_err(|error| refused(error, file))?;
            looked.lines += inspected.ledger.lines;
            if let Some(error) = inspected.refused {
                looked.refused = Some(without_path(&error.to_string(), file));
            }
        }
        looked.formats = seen.formats.iter().map(|id| title_of(&catalogue, id)).collect();
        looked.days = seen.days;
        looked.outcomes = seen.outcomes();
        Ok(looked)
    }

    fn take(&self, school: &SchoolId, source: &str, file: &Path) -> Result<Taken, UploadRefused> {
        let (estate, catalogue, source) = self.ready(school, source)?;
        let turn = Turn::of_upload(&estate).map_err(failed)?;
        let _turn = turn.map_err(|_| {
            UploadRefused::Said(
                "Weir is reading other logs at this moment. Nothing was read in; try again in some minutes.".into(),
            )
        })?;
        let run = commands::run_id("upload").map_err(failed)?;
        let mut options = IngestOptions::new(run, source, clock::now_micros());
        options.settled = true;
        options.limits = self.limits();
        let report = read(&estate, &catalogue, file, &options).map_err(failed)?;
        if let Some(why) = report.refused().find_map(|file| file.message.clone()) {
            return Err(UploadRefused::Said(format!("Nothing of it was read in. {}", without_path(&why, file))));
        }
        Ok(taken(&report, file))
    }
}

fn title_of(catalogue: &Catalogue, id: &str) -> String {
    catalogue.get(id).map_or_else(|_| id.to_owned(), |format| format.title().to_owned())
}

fn read(estate: &Estate, catalogue: &Catalogue, file: &Path, options: &IngestOptions) -> anyhow::Result<IngestReport> {
    let lake = commands::estate::lake(estate)?;
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    ingest(estate, &lake, &vault, catalogue, &[file.to_path_buf()], options).context("an upload could not be read in")
}

fn taken(report: &IngestReport, file: &Path) -> Taken {
    let is_known = !report.files.is_empty()
        && report.files.iter().all(|file| matches!(file.status, FileStatus::AlreadyRead | FileStatus::Empty));
    let mut notes: Vec<String> =
        report.files.iter().filter_map(|read| read.message.as_deref()).map(|words| without_path(words, file)).collect();
    for read in &report.files {
        notes.extend(read.closed.iter().map(|closed| {
            format!(
                "{} lines are of days that are closed ({} to {}) and were passed over. Keep the export, and tell whoever runs Weir.",
                closed.lines, closed.from, closed.to
            )
        }));
    }
    notes.extend(report.missing.iter().map(|missing| {
        format!("The export lacks {}: Weir can\u{2019}t show {}. {}", missing.missing, missing.costs, sentence(&missing.mend))
    }));
    notes.extend(report.warnings.iter().map(|warning| without_path(warning, file)));
    Taken { run: report.run_id.clone(), outcomes: outcomes_of(&report.total), lines: report.total.lines, is_known, notes }
}

fn outcomes_of(ledger: &Ledger) -> Vec<Outcome> {
    let of = |outcome: &'static str, reason: Option<String>, lines: u64| Outcome { outcome, reason, lines, first: Vec::new() };
    let mut outcomes = vec![of("event", None, ledger.events), of("admin_event", None, ledger.admin_events)];
    outcomes.extend(ledger.ignored.iter().map(|(reason, lines)| of("ignored", Some(reason.to_string()), *lines)));
    outcomes.push(of("quarantined", None, ledger.quarantined));
    outcomes.retain(|outcome| outcome.lines > 0);
    outcomes
}

/// An outcome, and why.
type OutcomeOf = (&'static str, Option<&'static str>);

/// What was seen of the lines so far.
#[derive(Default)]
struct Seen {
    formats: Vec<String>,
    days: Option<(Date, Date)>,
    of: BTreeMap<OutcomeOf, (u64, Vec<LookedLine>)>,
}

impl Seen {
    fn add(&mut self, line: &InspectedLine) {
        if !self.formats.contains(&line.format) {
            self.formats.push(line.format.clone());
        }
        let (lines, first) = self.of.entry((line.outcome, line.reason)).or_default();
        *lines += 1;
        if first.len() < FIRST {
            first.push(looked_line(line));
        }
        if line.outcome == "event"
            && let Some(day) = text(line, "event_date").and_then(|day| day.parse::<Date>().ok())
        {
            let (begin, end) = self.days.unwrap_or((day, day));
            self.days = Some((begin.min(day), end.max(day)));
        }
    }

    /// Events first, then what is passed over, the most before; what can't be read last.
    fn outcomes(self) -> Vec<Outcome> {
        let place = |outcome: &str| ["event", "admin_event", "ignored"].iter().position(|known| *known == outcome).unwrap_or(3);
        let mut outcomes: Vec<Outcome> = self
            .of
            .into_iter()
            .map(|((outcome, reason), (lines, first))| Outcome { outcome, reason: reason.map(str::to_owned), lines, first })
            .collect();
        outcomes.sort_by_key(|outcome| (place(outcome.outcome), std::cmp::Reverse(outcome.lines)));
        outcomes
    }
}

fn text<'a>(line: &'a InspectedLine, column: &str) -> Option<&'a str> {
    let found = line.columns.iter().find(|(name, _)| *name == column)?;
    found.1.as_str().filter(|text| !text.is_empty())
}

/// A line in words that are all Weir's own: whether somebody is named, never who.
fn looked_line(line: &InspectedLine) -> LookedLine {
    let has = |column: &str| text(line, column).is_some();
    let word = |column: &str| text(line, column).unwrap_or_default().to_owned();
    LookedLine {
        line_no: line.line_no,
        time: word("event_time").split(['.', 'Z']).next().unwrap_or_default().replace('T', " "),
        action: if has("action") { word("action") } else { word("operation") },
        category: word("category"),
        has_person: has("user") || has("actor"),
        has_site: has("host"),
        has_search: has("search_term"),
    }
}

#[cfg(test)]
mod tests;
