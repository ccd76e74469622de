//! When school is in session, for every school of the estate: school days, half-terms, school weeks and school hours.
//!
//! A school day is a weekday in a `half_term_block` with no holiday, inset or closure on it. A school's own row takes the place of the
//! rows for `*` of the same kind that it overlaps.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};

use crate::estate::{AcademicYear, CalendarKind, CalendarRow, CalendarState, Estate};
use crate::ids::SchoolId;

/// Half a term of one school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfTerm {
    /// For example `Autumn 1`.
    pub label: String,
    /// The academic year it belongs to: that of its last day.
    pub academic_year: AcademicYear,
    /// Its place in the academic year, from 1.
    pub number: usize,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// School days in it.
    pub school_days: u32,
}

impl HalfTerm {
    /// School weeks: days / 5.
    pub fn school_weeks(&self) -> f64 {
        school_weeks(self.school_days)
    }
}

/// School weeks of a number of school days.
pub fn school_weeks(school_days: u32) -> f64 {
    f64::from(school_days) / 5.0
}

/// The Monday of a date's week; weeks are told apart by it.
pub fn school_week_monday(date: Date) -> Date {
    date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days())
}

/// Days since 1970.
pub fn epoch_day(date: Date) -> i32 {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours().div_euclid(24) as i32
}

/// The date of a number of days since 1970; the far end of the calendar for one beyond it.
pub fn date_of_epoch_day(day: i32) -> Date {
    Date::constant(1970, 1, 1).saturating_add(i64::from(day).days())
}

/// The calendar of every school.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    schools: HashMap<SchoolId, SchoolCalendar>,
}

#[derive(Debug, Clone)]
struct SchoolCalendar {
    dates: Arc<Dates>,
    nation: String,
    hours: (Time, Time),
    /// The school is open from and to these dates, where they are known.
    open: (i32, i32),
}

/// What rows of calendar.csv come to; shared by all schools that have no row of their own.
#[derive(Debug, Default)]
struct Dates {
    /// Effective rows, by start.
    rows: Vec<CalendarRow>,
    half_terms: Vec<HalfTerm>,
    /// School days since 1970, ascending.
    days: Vec<i32>,
}

impl Dates {
    fn new(rows: Vec<CalendarRow>, nation: &str) -> Self {
        let mut off: Vec<(Date, Date)> =
            rows.iter().filter(|row| row.kind != CalendarKind::HalfTermBlock).map(|row| (row.start, row.end)).collect();
        off.sort_unstable();
        let mut half_terms: Vec<HalfTerm> = Vec::new();
        let mut days = Vec::new();
        for row in rows.iter().filter(|row| row.kind == CalendarKind::HalfTermBlock) {
            let before = days.len();
            let mut date = row.start;
            while date <= row.end {
                let is_weekday = !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
                if is_weekday && !off.iter().any(|(start, end)| *start <= date && date <= *end) {
                    days.push(epoch_day(date));
                }
                match date.tomorrow() {
                    Ok(next) => date = next,
                    Err(_) => break,
                }
            }
            let academic_year = AcademicYear::of(row.end, nation);
            let number = 1 + half_terms.iter().filter(|half_term| half_term.academic_year == academic_year).count();
            half_terms.push(HalfTerm {
                label: row.label.clone(),
                academic_year,
                number,
                start: row.start,
                end: row.end,
                school_days: (days.len() - before) as u32,
            });
        }
        Self { rows, half_terms, days }
    }
}

/// The rows that hold for a school: its own, and those for `*` that none of its own of that kind overlaps.
fn effective_rows(own: &[&CalendarRow], shared: &[&CalendarRow]) -> Vec<CalendarRow> {
    let overlaps = |row: &CalendarRow| own.iter().any(|own| own.kind == row.kind && own.start <= row.end && row.start <= own.end);
    let mut rows: Vec<CalendarRow> =
        shared.iter().copied().filter(|row| !overlaps(row)).chain(own.iter().copied()).cloned().collect();
    rows.sort_by(|a, b| (a.start, a.end, a.kind, &a.label).cmp(&(b.start, b.end, b.kind, &b.label)));
    rows
}

impl Calendar {
    /// The calendar of an estate.
    pub fn new(estate: &Estate) -> Self {
        let mut rows: HashMap<Option<&SchoolId>, Vec<&CalendarRow>> = HashMap::new();
        for row in &estate.calendar {
            rows.entry(row.school_id.as_ref()).or_default().push(row);
        }
        let shared = rows.get(&None).map_or(&[][..], Vec::as_slice);
        let mut shared_dates: HashMap<&str, Arc<Dates>> = HashMap::new();
        let mut schools = HashMap::new();
        for (id, school) in &estate.schools {
            let dates = match rows.get(&Some(id)) {
                Some(own) => Arc::new(Dates::new(effective_rows(own, shared), &school.nation)),
                None => {
                    let make = || Arc::new(Dates::new(effective_rows(&[], shared), &school.nation));
                    shared_dates.entry(school.nation.as_str()).or_insert_with(make).clone()
                }
            };
            let open = (school.opens.map_or(i32::MIN, epoch_day), school.closes.map_or(i32::MAX, epoch_day));
            schools.insert(id.clone(), SchoolCalendar { dates, nation: school.nation.clone(), hours: estate.hours.of(id), open });
        }
        Self { schools }
    }

    fn dates(&self, school: &SchoolId) -> Option<&Dates> {
        self.schools.get(school).map(|school| school.dates.as_ref())
    }

    /// Where the days of a span lie among the school's days.
    fn days_between(&self, school: &SchoolId, from: Date, to: Date) -> (&[i32], Range<usize>) {
        let Some(found) = self.schools.get(school) else { return (&[], 0..0) };
        let (from, to) = (epoch_day(from).max(found.open.0), epoch_day(to).min(found.open.1));
        let days = &found.dates.days;
        let (start, end) = (days.partition_point(|day| *day < from), days.partition_point(|day| *day <= to));
        (days, start..end.max(start))
    }

    /// Whether pupils are at school that day.
    pub fn is_school_day(&self, school: &SchoolId, date: Date) -> bool {
        !self.days_between(school, date, date).1.is_empty()
    }

    /// School days from a date to another, both counted. 0 where no calendar is known: ask [`Calendar::state`] before making a rate.
    pub fn school_days(&self, school: &SchoolId, from: Date, to: Date) -> u32 {
        self.days_between(school, from, to).1.len() as u32
    }

    /// The school days from a date to another, both counted.
    pub fn school_dates(&self, school: &SchoolId, from: Date, to: Date) -> impl Iterator<Item = Date> + '_ {
        let (days, range) = self.days_between(school, from, to);
        days[range].iter().map(|day| date_of_epoch_day(*day))
    }

    /// Every half-term of a school, by date. School days before a school opened or after it closed are not counted.
    pub fn all_half_terms(&self, school: &SchoolId) -> Vec<HalfTerm> {
        let half_terms = self.dates(school).map_or(&[][..], |dates| &dates.half_terms);
        let counted = |half_term: &HalfTerm| HalfTerm {
            school_days: self.school_days(school, half_term.start, half_term.end),
            ..half_term.clone()
        };
        half_terms.iter().map(counted).collect()
    }

    /// The half-terms of an academic year, by date.
    pub fn half_terms(&self, school: &SchoolId, year: AcademicYear) -> Vec<HalfTerm> {
        let mut half_terms = self.all_half_terms(school);
        half_terms.retain(|half_term| half_term.academic_year == year);
        half_terms
    }

    /// The half-term a date lies in.
    pub fn half_term_of(&self, school: &SchoolId, date: Date) -> Option<HalfTerm> {
        self.all_half_terms(school).into_iter().find(|half_term| half_term.start <= date && date <= half_term.end)
    }

    /// The academic year of a date: that of its half-term, for schools that open in the last days of August, otherwise by nation.
    pub fn academic_year(&self, school: &SchoolId, date: Date) -> AcademicYear {
        let nation = self.schools.get(school).map_or("england", |school| school.nation.as_str());
        let half_terms = self.dates(school).map_or(&[][..], |dates| &dates.half_terms);
        let found = half_terms.iter().find(|half_term| half_term.start <= date && date <= half_term.end);
        found.map_or_else(|| AcademicYear::of(date, nation), |half_term| half_term.academic_year)
    }

    /// The same half-term of the year before: by label, or by place where both years have as many half-terms.
    pub fn same_half_term_last_year(&self, school: &SchoolId, half_term: &HalfTerm) -> Option<HalfTerm> {
        let last_year = self.half_terms(school, half_term.academic_year.previous());
        if let Some(found) = last_year.iter().find(|other| other.label.eq_ignore_ascii_case(&half_term.label)) {
            return Some(found.clone());
        }
        let this_year = self.half_terms(school, half_term.academic_year);
        (this_year.len() == last_year.len()).then(|| last_year.into_iter().nth(half_term.number - 1)).flatten()
    }

    /// Whether a local time lies in school hours on a school day.
    pub fn is_in_school_hours(&self, school: &SchoolId, local: DateTime) -> bool {
        let hours = self.schools.get(school).map(|school| school.hours);
        hours.is_some_and(|(from, to)| from <= local.time() && local.time() < to) && self.is_school_day(school, local.date())
    }

    /// Whether the school's term dates are known, and until when.
    pub fn state(&self, school: &SchoolId) -> CalendarState {
        let last = self.dates(school).and_then(|dates| dates.half_terms.iter().map(|half_term| half_term.end).max());
        last.map_or(CalendarState::None, CalendarState::Ends)
    }

    /// The rows of calendar.csv that hold for a school, by date.
    pub fn rows(&self, school: &SchoolId) -> &[CalendarRow] {
        self.dates(school).map_or(&[], |dates| &dates.rows)
    }
}

#[cfg(test)]
mod tests;
