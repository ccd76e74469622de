//! What a night did: kept as a file beside weir.toml, and printed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::ids::RunId;
use weir_lake::storage::write_file;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Done, or nothing to do.
    Done,
    /// Done; someone should look.
    Findings,
    /// Not done, because a step before it failed.
    Skipped,
    /// Failed; the next night tries again.
    Failed,
}

impl How {
    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            How::Done => "done",
            How::Findings => "LOOK",
            How::Skipped => "skipped",
            How::Failed => "FAILED",
        }
    }
}

/// One step of a night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it does.
    pub step: String,
    /// How it ended.
    pub how: How,
    /// One sentence.
    pub text: String,
    /// What a person should look at, a line each.
    pub look: Vec<String>,
}

impl Step {
    /// A step that is done, with what should be looked at.
    pub fn done(step: &str, text: String, look: Vec<String>) -> Self {
        Self { step: step.to_owned(), how: if look.is_empty() { How::Done } else { How::Findings }, text, look }
    }

    /// A step that failed.
    pub fn failed(step: &str, error: &anyhow::Error) -> Self {
        Self { step: step.to_owned(), how: How::Failed, text: format!("{error:#}"), look: Vec::new() }
    }

    /// A step that was not begun.
    pub fn skipped(step: &str, why: &str) -> Self {
        Self { step: step.to_owned(), how: How::Skipped, text: why.to_owned(), look: Vec::new() }
    }
}

/// A night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Night {
    /// The run.
    pub run_id: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

impl Night {
    /// A night that begins now.
    pub fn new(run_id: &RunId) -> Self {
        let now = clock::now();
        Self { run_id: run_id.to_string(), began: now, ended: now, steps: Vec::new() }
    }

    /// The worst of its steps.
    pub fn how(&self) -> How {
        let has = |how| self.steps.iter().any(|step| step.how == how);
        [How::Failed, How::Skipped, How::Findings].into_iter().find(|how| has(*how)).unwrap_or(How::Done)
    }

    /// Keeps the report in the folder `nights` of the estate and gives its path. It names files and sources, never a person.
    pub fn keep(&mut self, estate: &Estate) -> anyhow::Result<PathBuf> {
        self.ended = clock::now();
        let folder = estate.home.join("nights");
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let path = folder.join(format!("{}.json", self.run_id));
        write_file(&path, serde_json::to_string_pretty(self)?.as_bytes())?;
        Ok(path)
    }
}

/// The nights that are written down, oldest first.
pub fn kept(estate: &Estate) -> anyhow::Result<Vec<PathBuf>> {
    let folder = estate.home.join("nights");
    let mut reports: Vec<_> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    reports.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    // Names begin with the time.
    reports.sort();
    Ok(reports)
}

/// A report as it stands in its file.
pub fn read(path: &Path) -> anyhow::Result<serde_json::Value> {
    let text = std::fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// The steps of a report that failed, each with what it said.
pub fn failed(report: &serde_json::Value) -> Vec<(&str, &str)> {
    let steps = report.get("steps").and_then(|steps| steps.as_array()).map_or(&[][..], Vec::as_slice);
    let told = steps.iter().filter(|step| said(step, "how") == "failed");
    told.map(|step| (said(step, "step"), said(step, "text"))).collect()
}

fn said<'a>(step: &'a serde_json::Value, name: &str) -> &'a str {
    step.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

/// When a report that is written down ended.
pub fn ended(report: &serde_json::Value) -> anyhow::Result<Timestamp> {
    let ended = report.get("ended").and_then(|ended| ended.as_str()).and_then(|ended| ended.parse().ok());
    ended.context("a night without an end")
}
