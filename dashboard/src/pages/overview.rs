//! All schools: coverage first, then what needs looking at, in alphabetical order because this is no league table.

use askama::Template;

use super::{Frame, NextStep};
use crate::chart::{Svg, coverage_bar, tone_shape};
use crate::view::{Overview, SchoolLine};
use crate::words;

/// Findings shown for a school before "and n more".
const FINDINGS_A_SCHOOL: usize = 3;

/// The page.
#[derive(Debug, Template)]
#[template(path = "overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) has_lake: bool,
    pub(crate) summary: String,
    pub(crate) rows: Vec<Row>,
}

/// A school's line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) bar: Svg,
    pub(crate) logs: String,
    pub(crate) has_days: bool,
    pub(crate) findings: Vec<(Svg, &'static str, &'static str, String)>,
    pub(crate) more: Option<String>,
    pub(crate) lacks: Vec<String>,
}

impl OverviewPage {
    /// The page.
    pub(crate) fn new(overview: &Overview) -> Self {
        let with_findings = overview.schools.iter().filter(|line| !line.findings.is_empty()).count();
        let with_gaps = overview
            .schools
            .iter()
            .filter(|line| !line.missing.is_empty() || line.coverage.with_logs < line.coverage.school_days)
            .count();
        let schools = overview.schools.len() as u32;
        let summary = format!(
            "{}. {} with something to look at, {} with gaps in the evidence.",
            words::plural(schools, "school"),
            with_findings,
            with_gaps
        );
        Self {
            frame: Frame { section: "schools", as_of: overview.as_of, ..Frame::plain("All schools") },
            name: overview.name.clone(),
            has_lake: overview.has_lake,
            summary,
            rows: overview.schools.iter().map(Row::new).collect(),
        }
    }
}

impl Row {
    fn new(line: &SchoolLine) -> Self {
        let findings = line
            .findings
            .iter()
            .take(FINDINGS_A_SCHOOL)
            .map(|finding| (tone_shape(finding.tone), finding.tone.class(), finding.tone.words(), finding.title.clone()))
            .collect();
        let hidden = line.findings.len().saturating_sub(FINDINGS_A_SCHOOL) as u32;
        let mut about = line.school.phase.clone();
        if let Some(pupils) = line.pupils {
            about.push_str(&format!(", {}", words::plural(pupils, "pupil")));
        }
        about.push_str(&format!(", {}", words::year_words(line.year)));
        if let Some(first) = about.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        Self {
            link: format!("/school/{}/{}", line.school.id, words::year_slug(line.year)),
            name: line.school.name.clone(),
            about,
            bar: coverage_bar(line.coverage),
            logs: words::logs_on(line.coverage),
            has_days: line.coverage.school_days > 0,
            findings,
            more: (hidden > 0).then(|| format!("and {hidden} more")),
            lacks: line.missing.iter().map(|missing| NextStep::of(missing, &line.school, line.year).title).collect(),
        }
    }
}
