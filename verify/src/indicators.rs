//! The indicators by their definitions, from stored rollups: each one's numerator, denominator and value by half-term.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weir_lake::calendar::{Calendar, epoch_day};
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::ids::SchoolId;

use crate::error::VerifyError;
use crate::facts::{Day, SAFE_SEARCH, School, Share};
use crate::once::FileRead;
use crate::records::Records;
use crate::report::{Difference, Report};
use crate::rollups::Verification;
use crate::terms::{HalfTerm, half_terms};

/// Indicator, version, dimension, what it takes of a day, and the factor to its unit.
type SharePart = (&'static str, u32, Option<&'static str>, fn(&Day) -> Share, f64);

/// A number of a cell, and its name.
type Measure = (&'static str, fn(&Cell) -> Option<f64>);

/// The indicators that are recomputed here, each in the versions of its definition that are known.
pub const COVERED: [(&str, u32); 36] = [
    ("ai_first_seen", 1),
    ("ai_use_rate", 1),
    ("alert_delay", 1),
    ("alert_response", 1),
    ("blocked_share", 1),
    ("categorised_share", 1),
    ("checks_overdue", 1),
    ("circumvention_allowed", 1),
    ("circumvention_rate", 1),
    ("coverage_days", 1),
    ("evidence_fields", 1),
    ("false_positive_share", 1),
    ("filter_failures", 1),
    ("filter_failures", 2),
    ("help_seeking", 1),
    ("high_risk_searches", 1),
    ("identified_share", 1),
    ("illegal_allowed", 1),
    ("overblock_share", 1),
    ("overblock_share", 2),
    ("out_of_hours", 1),
    ("overrides", 1),
    ("path_visible_share", 1),
    ("quarantine_share", 1),
    ("repeat_attempts", 1),
    ("requests", 1),
    ("retention_kept", 1),
    ("reveals", 1),
    ("safe_search_share", 1),
    ("search_visible_share", 1),
    ("silent_hours", 1),
    ("theme_change", 1),
    ("theme_rate", 1),
    ("trend_signal", 1),
    ("unapproved_changes", 2),
    ("unblock_days", 1),
];

/// Rows an hour that a source usually has, by the median, for its silence to mean something.
const USUAL_ROWS: f64 = 20.0;

/// School days whose hours say what is usual: four weeks.
const USUAL_DAYS: usize = 20;

/// One half-term of one indicator, for one theme or source where it has several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// School.
    pub school_id: String,
    /// Academic year, `2025-26`.
    pub academic_year: String,
    /// Place of the half-term in the year, from 1.
    pub period_no: u32,
    /// Indicator.
    pub indicator: String,
    /// Version of its definition.
    pub version: u32,
    /// Theme or source.
    pub dimension: Option<String>,
    /// Which of several numbers of it.
    pub part: Option<String>,
    /// What was counted.
    pub numerator: Option<f64>,
    /// What it was counted over.
    pub denominator: Option<f64>,
    /// The figure.
    pub value: Option<f64>,
}

impl Cell {
    fn key(&self) -> CellKey<'_> {
        (&self.school_id, &self.academic_year, self.period_no, &self.indicator, self.dimension.as_deref(), self.part.as_deref())
    }

    fn says_something(&self) -> bool {
        self.numerator.is_some() || self.denominator.is_some() || self.value.is_some()
    }
}

type CellKey<'a> = (&'a str, &'a str, u32, &'a str, Option<&'a str>, Option<&'a str>);

/// The cells of a school and year, and the half-terms they are of.
#[derive(Debug, Clone, Default)]
pub struct SchoolYear {
    /// School.
    pub school_id: String,
    /// Academic year; empty for a school without term dates, of which there are no cells.
    pub academic_year: String,
    /// Its half-terms with past school days: number, label, first and last day since 1970.
    pub periods: Vec<(u32, String, i32, i32)>,
    /// The cells.
    pub cells: Vec<Cell>,
}

impl Verification<'_> {
    /// The cells of every school in question and every academic year of theirs in which logs came; or of one year.
    pub fn indicators(&self, year: Option<&str>) -> Result<Vec<SchoolYear>, VerifyError> {
        let calendar = Calendar::new(self.estate);
        let (facts, files_read) = (self.facts()?, self.files_read()?);
        let mut found = Vec::new();
        for (id, school) in &facts {
            let Ok(school_id) = SchoolId::parse(id) else { continue };
            let half_terms = half_terms(self.estate, &calendar, &school_id);
            let logged: BTreeSet<i32> = school.hours.values().flat_map(|dates| dates.keys().copied()).collect();
            let has_logs = |term: &&HalfTerm| logged.range(term.start..=term.end).next().is_some();
            let mut years: BTreeSet<&str> = half_terms.iter().filter(has_logs).map(|term| term.year.as_str()).collect();
            if half_terms.is_empty() {
                found.push(SchoolYear { school_id: id.clone(), ..SchoolYear::default() });
            }
            if let Some(year) = year {
                years = half_terms.iter().map(|term| term.year.as_str()).filter(|known| *known == year).collect();
            }
            let (from, to) = self.estate.hours.of(&school_id);
            let lessons = usize::from(from.hour().unsigned_abs())..usize::from(to.hour().unsigned_abs());
            let minutes = |time: jiff::civil::Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
            let kept = |time: u32| i32::try_from(time).unwrap_or(i32::MAX);
            let retention = &self.estate.retention;
            let today = epoch_day(self.today);
            for year in years {
                let lessons = std::ops::Range::clone(&lessons);
                let last_year = AcademicYear::parse(year).map_or_else(String::new, |year| year.previous().to_string());
                let of = Year {
                    id,
                    school,
                    half_terms: &half_terms,
                    year,
                    today,
                    logged: &logged,
                    lessons,
                    lesson_minutes: (minutes(from), minutes(to)),
                    pupils: pupils(self.estate, &school_id, year),
                    pupils_before: pupils(self.estate, &school_id, &last_year),
                    last_year,
                    records: self.records,
                    files_read: files_read.get(id).map_or(&[], Vec::as_slice),
                    oldest_raw: self.oldest_raw(id),
                    kept_for: [kept(retention.raw_days), kept(retention.pupil_days_months)],
                };
                found.push(of.cells());
            }
        }
        Ok(found)
    }
}

/// Pupils on roll: the row of the whole school, otherwise those of its year groups together.
fn pupils(estate: &Estate, school: &SchoolId, year: &str) -> Option<f64> {
    let rolls = || estate.rolls.iter().filter(|roll| roll.school_id == *school && roll.academic_year.to_string() == year);
    let whole = rolls().filter(|roll| roll.year_group == "*").map(|roll| roll.pupils).max();
    let groups: Vec<u32> = rolls().filter(|roll| roll.year_group != "*").map(|roll| roll.pupils).collect();
    whole.or_else(|| (!groups.is_empty()).then(|| groups.iter().sum())).map(f64::from)
}

/// A school's year and all that is known of it.
pub(crate) struct Year<'a> {
    pub(crate) id: &'a str,
    pub(crate) school: &'a School,
    pub(crate) half_terms: &'a [HalfTerm],
    pub(crate) year: &'a str,
    pub(crate) today: i32,
    /// Dates on which any source has rows.
    pub(crate) logged: &'a BTreeSet<i32>,
    /// Hours of lessons.
    lessons: std::ops::Range<usize>,
    /// The same in minutes of a day.
    pub(crate) lesson_minutes: (i32, i32),
    /// Pupils on roll.
    pub(crate) pupils: Option<f64>,
    /// Those of last year.
    pub(crate) pupils_before: Option<f64>,
    pub(crate) last_year: String,
    pub(crate) records: &'a Records,
    pub(crate) files_read: &'a [FileRead],
    /// The first day of which a file may hold raw rows.
    pub(crate) oldest_raw: Option<i32>,
    /// Days that raw rows are kept, and months that people's days are.
    pub(crate) kept_for: [i32; 2],
}

impl Year<'_> {
    pub(crate) fn terms(&self) -> impl Iterator<Item = &HalfTerm> {
        self.half_terms.iter().filter(|term| term.year == self.year)
    }

    /// The past school days of a half-term.
    pub(crate) fn past<'t>(&self, term: &'t HalfTerm) -> impl Iterator<Item = i32> + use<'t> {
        let today = self.today;
        term.days.iter().copied().filter(move |day| *day < today)
    }

    pub(crate) fn cell(
        &self,
        term: &HalfTerm,
        indicator: &str,
        dimension: Option<&str>,
        of: Option<f64>,
        over: Option<f64>,
        per: f64,
    ) -> Cell {
        let value = of.zip(over).filter(|(_, over)| *over != 0.0).map(|(of, over)| per * of / over);
        Cell {
            school_id: self.id.to_owned(),
            academic_year: self.year.to_owned(),
            period_no: term.number,
            indicator: indicator.to_owned(),
            version: 1,
            dimension: dimension.map(str::to_owned),
            part: None,
            numerator: of,
            denominator: over,
            value,
        }
    }

    /// School days of all years, in order.
    pub(crate) fn all_days(&self) -> Vec<i32> {
        let mut days: Vec<i32> = self.half_terms.iter().flat_map(|term| term.days.iter().copied()).collect();
        days.sort_unstable();
        days
    }

    fn cells(&self) -> SchoolYear {
        let (mut cells, all) = (Vec::new(), self.school_weeks());
        for term in self.terms() {
            let logged = self.past(term).filter(|day| self.logged.contains(day)).count() as f64;
            self.shares(term, &mut cells);
            let requests: i64 = self.past(term).filter_map(|day| self.school.days.get(&day)).map(|day| day.requests).sum();
            // A school of which nothing that was ever logged is a decision has no requests to share out.
            if logged > 0.0 && !self.school.days.is_empty() {
                let over = self.pupils.map(|pupils| pupils * logged);
                cells.push(self.cell(term, "requests", None, Some(requests as f64), over, 1.0));
            }
            self.coverage(term, &mut cells);
            self.delays(term, &mut cells);
            self.by_week(term, &all, &mut cells);
            self.change(term, &all, &mut cells);
        }
        self.signals(&all, &mut cells);
        self.retention(&all, &mut cells);
        self.silence(&mut cells);
        cells.retain(Cell::says_something);
        let periods = self.terms().filter(|term| self.past(term).next().is_some());
        let periods = periods.map(|term| (term.number, term.label.clone(), term.start, term.end)).collect();
        SchoolYear { school_id: self.id.to_owned(), academic_year: self.year.to_owned(), periods, cells }
    }

    /// Shares of decisions on past school days; without any decision there is no share.
    fn shares(&self, term: &HalfTerm, cells: &mut Vec<Cell>) {
        let parts: [SharePart; 15] = [
            ("blocked_share", 1, None, |day| day.blocked, 100.0),
            ("categorised_share", 1, None, |day| day.categorised, 100.0),
            ("circumvention_allowed", 1, None, |day| day.circumvention, 100.0),
            ("evidence_fields", 1, None, |day| day.evidence, 100.0),
            ("filter_failures", 1, None, |day| day.failures[0], 10_000.0),
            ("filter_failures", 2, None, |day| day.failures[1], 10_000.0),
            ("identified_share", 1, None, |day| day.identified, 100.0),
            ("overblock_share", 1, None, |day| day.overblocked[0], 100.0),
            ("overblock_share", 2, None, |day| day.overblocked[1], 100.0),
            ("overrides", 1, None, |day| day.overrides, 100.0),
            ("path_visible_share", 1, None, |day| day.path_visible, 100.0),
            ("safe_search_share", 1, Some(SAFE_SEARCH[0]), |day| day.safe_search[0], 100.0),
            ("safe_search_share", 1, Some(SAFE_SEARCH[1]), |day| day.safe_search[1], 100.0),
            ("safe_search_share", 1, Some(SAFE_SEARCH[2]), |day| day.safe_search[2], 100.0),
            ("search_visible_share", 1, None, |day| day.search_visible, 100.0),
        ];
        for (indicator, version, dimension, part, per) in parts {
            let mut sum = Share::default();
            for day in self.past(term).filter_map(|day| self.school.days.get(&day)) {
                sum.add(part(day));
            }
            if sum.is_told {
                let cell = self.cell(term, indicator, dimension, Some(sum.of as f64), Some(sum.over as f64), per);
                cells.push(Cell { version, ..cell });
            }
        }
    }

    /// Past school days on which a source has rows, of those since it began.
    fn coverage(&self, term: &HalfTerm, cells: &mut Vec<Cell>) {
        for (source, dates) in &self.school.hours {
            let Some(began) = dates.keys().next() else { continue };
            let days: Vec<i32> = self.past(term).filter(|day| day >= began).collect();
            if !days.is_empty() {
                let logged = days.iter().filter(|day| dates.contains_key(day)).count() as f64;
                cells.push(self.cell(term, "coverage_days", Some(source), Some(logged), Some(days.len() as f64), 100.0));
            }
        }
    }

    /// School hours without any row of a source that usually has twenty or more: by the median over those of the last twenty school
    /// days on which it logged during lessons.
    fn silence(&self, cells: &mut Vec<Cell>) {
        let all = self.all_days();
        for (source, dates) in &self.school.hours {
            let lessons = self.lessons.clone();
            let in_lessons = |day: &i32| dates.get(day).is_some_and(|hours| hours[lessons.clone()].iter().any(|rows| *rows > 0));
            // Hours that the source ever has on a school day.
            let asked: Vec<usize> =
                lessons.clone().filter(|hour| all.iter().any(|day| dates.get(day).is_some_and(|h| h[*hour] > 0))).collect();
            for term in self.terms() {
                let (mut expected, mut silent) = (0_u32, 0_u32);
                for day in self.past(term) {
                    let at = all.partition_point(|other| *other < day);
                    let before: Vec<i32> =
                        all[at.saturating_sub(USUAL_DAYS)..at].iter().copied().filter(|day| in_lessons(day)).collect();
                    for hour in &asked {
                        let rows: Vec<i64> = before.iter().filter_map(|day| dates.get(day)).map(|hours| hours[*hour]).collect();
                        if median(rows).is_some_and(|usual| usual >= USUAL_ROWS) {
                            expected += 1;
                            silent += u32::from(dates.get(&day).is_none_or(|hours| hours[*hour] == 0));
                        }
                    }
                }
                if expected > 0 {
                    let (of, over) = (Some(f64::from(silent)), Some(f64::from(expected)));
                    cells.push(self.cell(term, "silent_hours", Some(source), of, over, 100.0));
                }
            }
        }
    }
}

fn median(mut values: Vec<i64>) -> Option<f64> {
    values.sort_unstable();
    let middle = values.len() / 2;
    let high = *values.get(middle)? as f64;
    if values.len() % 2 == 1 {
        return Some(high);
    }
    let low = *values.get(middle.checked_sub(1)?)? as f64;
    Some((low + high) / 2.0)
}

/// Whether two numbers are one but for the order in which a machine added.
fn is_same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0),
        _ => false,
    }
}

/// Compares a school year's cells with what another engine says; cells of definitions that are not [`COVERED`] are left out and named.
/// `question` gives the question an indicator answers.
pub fn compare(ours: &SchoolYear, theirs: &[Cell], question: impl Fn(&str) -> Option<String>, report: &mut Report) {
    let is_covered = |cell: &&Cell| COVERED.contains(&(cell.indicator.as_str(), cell.version));
    let mut versions: BTreeMap<&str, u32> = BTreeMap::new();
    for cell in theirs {
        versions.insert(&cell.indicator, cell.version);
        if !is_covered(&cell) {
            let what = format!("indicator {}, version {}", cell.indicator, cell.version);
            report.leaves_out(what, "the second engine does not know it yet");
        }
    }
    let in_their_version = |cell: &&Cell| versions.get(cell.indicator.as_str()).map_or(cell.version == 1, |v| *v == cell.version);
    let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
    for cell in ours.cells.iter().filter(in_their_version) {
        one.insert(cell.key(), cell);
    }
    for cell in theirs.iter().filter(is_covered).filter(|cell| cell.says_something()) {
        if other.insert(cell.key(), cell).is_some() {
            report.differs(ours.difference(cell, question(&cell.indicator), "cells", Some(1.0), Some(2.0)));
        }
    }
    let keys: BTreeSet<CellKey<'_>> = one.keys().chain(other.keys()).copied().collect();
    for key in keys {
        let (one, other) = (one.get(&key).copied(), other.get(&key).copied());
        let Some(either) = one.or(other) else { continue };
        report.compared(&either.indicator, 3);
        let values: [Measure; 3] =
            [("numerator", |cell| cell.numerator), ("denominator", |cell| cell.denominator), ("value", |cell| cell.value)];
        for (measure, value) in values {
            let (recomputed, stored) = (one.and_then(value), other.and_then(value));
            if !is_same(recomputed, stored) {
                report.differs(ours.difference(either, question(&either.indicator), measure, recomputed, stored));
                report.differing_spans.extend(ours.span(either.period_no));
            }
        }
    }
}

impl SchoolYear {
    fn difference(
        &self,
        cell: &Cell,
        question: Option<String>,
        measure: &'static str,
        recomputed: Option<f64>,
        stored: Option<f64>,
    ) -> Difference {
        let period = self.periods.iter().find(|(number, ..)| *number == cell.period_no);
        let mut key = BTreeMap::from([
            ("school_id", cell.school_id.clone()),
            ("academic_year", cell.academic_year.clone()),
            ("half_term", period.map_or_else(|| cell.period_no.to_string(), |(_, label, ..)| label.clone())),
        ]);
        key.extend(cell.dimension.clone().map(|dimension| ("dimension", dimension)));
        key.extend(cell.part.clone().map(|part| ("part", part)));
        Difference { of: cell.indicator.clone(), question, key, measure, recomputed, stored }
    }

    /// The school and days of a half-term.
    fn span(&self, period_no: u32) -> Option<(SchoolId, i32, i32)> {
        let (_, _, first, last) = self.periods.iter().find(|(number, ..)| *number == period_no)?;
        Some((SchoolId::parse(&self.school_id).ok()?, *first, *last))
    }
}
