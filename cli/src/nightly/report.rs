//! What a night did: kept as a file beside weir.toml, and printed.

use std::path::PathBuf;

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
