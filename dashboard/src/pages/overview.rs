//! All schools: those with the least logs first, because they are the ones to ask first and can't be judged; never a league table.

use askama::Template;

use super::{Frame, NextStep};
use crate::chart::{Svg, coverage_bar, tone_shape};
use crate::view::{GroupLink, Missing, Overview, SchoolLine};
use crate::words;

/// Shares of days are compared in thousandths.
const PARTS: u32 = 1000;

/// Findings shown for a school before "and n more".
const FINDINGS_A_SCHOOL: usize = 3;

/// From this many schools on there is a field to find one by name.
const SCHOOLS_TO_SEARCH: usize = 9;

/// Lines on one page; more are found by name.
const LINES: usize = 200;

/// The page.
#[derive(Debug, Template)]
#[template(path = "overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) has_lake: bool,
    pub(crate) summary: String,
    pub(crate) any: bool,
    pub(crate) can_search: bool,
    pub(crate) sought: String,
    pub(crate) found: String,
    pub(crate) groups: Vec<GroupRow>,
    pub(crate) rows: Vec<Row>,
}

/// A group whose schools can be set side by side.
#[derive(Debug)]
pub(crate) struct GroupRow {
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) about: String,
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
    pub(crate) fn new(overview: &Overview, groups: &[GroupLink], sought: &str) -> Self {
        let sought = sought.trim();
        let with_findings =
            overview.schools.iter().filter(|line| line.findings.as_ref().is_some_and(|findings| !findings.is_empty())).count();
        let with_gaps = overview
            .schools
            .iter()
            .filter(|line| !line.missing.is_empty() || line.coverage.with_logs < line.coverage.school_days)
            .count();
        let schools = overview.schools.len() as u32;
        let looked = overview.schools.iter().filter(|line| line.findings.is_some() || !line.missing.is_empty()).count();
        let so_far = if looked < overview.schools.len() { format!(" of {looked} looked at so far") } else { String::new() };
        let summary = format!(
            "{}. {with_findings} with something to look at{so_far}, {with_gaps} with gaps in the evidence.",
            words::plural(schools, "school"),
        );
        let wanted = sought.to_lowercase();
        let mut lines: Vec<&SchoolLine> =
            overview.schools.iter().filter(|line| line.school.name.to_lowercase().contains(&wanted)).collect();
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
            any: !overview.schools.is_empty(),
            can_search: overview.schools.len() >= SCHOOLS_TO_SEARCH || !sought.is_empty(),
            found: match (lines.len(), sought.is_empty()) {
                (0, _) => "No school has these words in its name.".into(),
                (count, _) if count > LINES => format!("The first {LINES} of {count} are shown: find others by name."),
                (count, false) => format!("{} found.", words::plural(count as u32, "school")),
                (_, true) => String::new(),
            },
            sought: sought.into(),
            groups: groups_of(overview, groups),
            rows: lines.into_iter().take(LINES).map(Row::new).collect(),
        }
    }
}

/// The groups, in the newest year that any school has.
fn groups_of(overview: &Overview, groups: &[GroupLink]) -> Vec<GroupRow> {
    let Some(year) = overview.schools.iter().map(|line| line.year).max() else { return Vec::new() };
    groups
        .iter()
        .map(|group| GroupRow {
            link: format!("/group/{}/{year}", group.slug),
            name: group.name.clone(),
            about: match group.kind {
                "all schools" => words::plural(group.schools as u32, "school"),
                kind => format!("{kind}, {}", words::plural(group.schools as u32, "school")),
            },
        })
        .collect()
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
        Self {
            link: format!("/school/{}/{}", line.school.id, line.year),
            name: line.school.name.clone(),
            about: words::capital(&about),
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
