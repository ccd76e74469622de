//! All schools: those with the least logs first, because they are the ones to ask first and can't be judged; never a league table.

use askama::Template;

use super::{Frame, NextStep};
use crate::chart::{Svg, coverage_bar, tone_shape};
use crate::view::{Missing, Overview, SchoolLine};
use crate::words;

/// Shares of days are compared in thousandths.
const PARTS: u32 = 1000;

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
    pub(crate) looked: bool,
    pub(crate) lacks: Vec<String>,
}

impl OverviewPage {
    /// The page.
    pub(crate) fn new(overview: &Overview) -> Self {
        let with_findings =
            overview.schools.iter().filter(|line| line.findings.as_ref().is_some_and(|findings| !findings.is_empty())).count();
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
        let mut lines: Vec<&SchoolLine> = overview.schools.iter().collect();
        // Compared as fractions in whole numbers: with_logs / school_days, ties by name. What is lacking altogether comes first.
        lines.sort_by(|a, b| {
            let share = |line: &SchoolLine| {
                u64::from(line.coverage.with_logs) * u64::from(PARTS) / u64::from(line.coverage.school_days.max(1))
            };
            (a.missing.is_empty(), share(a))
                .cmp(&(b.missing.is_empty(), share(b)))
                .then_with(|| a.school.name.cmp(&b.school.name))
        });
        Self {
            frame: Frame { section: "schools", as_of: overview.as_of, ..Frame::plain("All schools") },
            name: overview.name.clone(),
            has_lake: overview.has_lake,
            summary,
            rows: lines.into_iter().map(Row::new).collect(),
        }
    }
}

impl Row {
    fn new(line: &SchoolLine) -> Self {
        let findings = line
            .findings
            .iter()
            .flatten()
            .take(FINDINGS_A_SCHOOL)
            .map(|finding| (tone_shape(finding.tone), finding.tone.class(), finding.tone.words(), finding.title.clone()))
            .collect();
        let hidden = line.findings.as_ref().map_or(0, Vec::len).saturating_sub(FINDINGS_A_SCHOOL) as u32;
        let mut about = line.school.phase.clone();
        if let Some(pupils) = line.pupils {
            about.push_str(&format!(", {}", words::plural(pupils, "pupil")));
        }
        about.push_str(&format!(", {}", words::year_words(line.year)));
        if let Some(first) = about.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        Self {
            link: format!("/school/{}/{}", line.school.id, line.year),
            name: line.school.name.clone(),
            about,
            bar: coverage_bar(line.coverage),
            logs: match line.missing.first() {
                Some(Missing::NoCalendar) => "no term dates".into(),
                Some(Missing::NoLake | Missing::NoRows(_)) => "no logs".into(),
                _ => words::logs_on(line.coverage),
            },
            has_days: line.coverage.school_days > 0,
            findings,
            looked: line.findings.is_some(),
            more: (hidden > 0).then(|| format!("and {hidden} more")),
            lacks: line.missing.iter().map(|missing| NextStep::of(missing, &line.school, line.year).title).collect(),
        }
    }
}
