//! The truth beside the logs: what was planted, and what a careful reader of the files must count.

use std::collections::BTreeMap;

use serde::Serialize;

/// Everything planted in one estate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// The seed.
    pub seed: u64,
    /// First day, ISO.
    pub from: String,
    /// Last day, ISO.
    pub to: String,
    /// Lines over all sources.
    pub lines: u64,
    /// Per school.
    pub schools: Vec<SchoolTruth>,
    /// Per source.
    pub sources: Vec<SourceTruth>,
    /// Stories planted on purpose.
    pub findings: Vec<Finding>,
}

/// What is true of one school.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SchoolTruth {
    /// School id.
    pub school_id: String,
    /// Pupils on roll by academic year.
    pub pupils: BTreeMap<String, u64>,
    /// School days in the range by half-term.
    pub school_days: BTreeMap<String, u64>,
    /// Themes planted by half-term.
    pub themes: Vec<ThemeTruth>,
    /// Searches for lessons that look like concerns; none of them may count.
    pub lookalike_searches: u64,
    /// Self-harm searches of staff: in no pupil rate.
    pub staff_theme_searches: u64,
    /// Self-harm searches of shared sign-ins: in no pupil rate either.
    pub shared_theme_searches: u64,
    /// First day each AI tool's host appears.
    pub ai_first_seen: BTreeMap<String, String>,
}

/// One theme in one half-term at one school. A person with two log-ins is one pupil.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThemeTruth {
    /// For example `2026-27 Autumn 1`.
    pub half_term: String,
    /// Theme id.
    pub theme: String,
    /// Distinct pupil and school week.
    pub pupil_weeks: u64,
    /// Distinct pupils.
    pub pupils: u64,
    /// Requests that carry it by a search term.
    pub searches: u64,
    /// Requests that carry it by the vendor's category or the host.
    pub pages: u64,
}

/// What one source's files hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SourceTruth {
    /// Source id.
    pub source_id: String,
    /// Schools it serves.
    pub school_ids: Vec<String>,
    /// Format id.
    pub format: String,
    /// Layer.
    pub layer: String,
    /// Lines written, heads of files included.
    pub lines: u64,
    /// Lines that should be events.
    pub events: u64,
    /// Lines that should be admin events.
    pub admin_events: u64,
    /// Lines that should be ignored, by reason.
    pub ignored: BTreeMap<String, u64>,
    /// Lines with an action word the product does not have.
    pub quarantined: u64,
    /// Events by action.
    pub actions: BTreeMap<String, u64>,
    /// School days with no line at all, of any school served.
    pub silent_school_days: Vec<String>,
    /// Files in the order written, relative to the estate.
    pub files: Vec<FileTruth>,
}

impl SourceTruth {
    pub(crate) fn ignore(&mut self, reason: &str, lines: u64) {
        if lines > 0 {
            *self.ignored.entry(reason.to_owned()).or_default() += lines;
        }
    }
}

/// One log file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileTruth {
    /// Path relative to the estate.
    pub path: String,
    /// Lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One planted story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// `silent_feed`, `search_cluster`, `circumvention_rise`, `filter_failure`, `over_blocking`, `unapproved_change`, `ai_first_seen`.
    pub kind: String,
    /// School.
    pub school_id: String,
    /// Source.
    pub source_id: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// What it is, in a sentence.
    pub what: String,
    /// Figures to expect.
    pub expected: BTreeMap<String, u64>,
}
