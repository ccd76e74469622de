//! The indicators that count school weeks: pupil-weeks of topics, and what is told of a week with its weekend and the holiday after it.

use std::collections::BTreeMap;

use crate::facts::Share;
use crate::indicators::{Cell, Year};
use crate::meanings::counts_in;
use crate::pupil_days::{AI, HELP};
use crate::rollups::monday;
use crate::terms::HalfTerm;

/// The topic that has an indicator of its own.
pub(crate) const CIRCUMVENTION: &str = "circumvention";

/// School days that somebody has to look at what was let through before a governor reads of it.
const LOOKED_AT_AFTER: usize = 5;

/// A school week: one with a school day.
#[derive(Debug, Clone, Default)]
pub(crate) struct SchoolWeek {
    pub(crate) year: String,
    /// The half-term of its first school day.
    pub(crate) number: u32,
    pub(crate) label: String,
    /// Its last school day.
    pub(crate) last: i32,
    /// The day before the next school week.
    pub(crate) until: i32,
    pub(crate) past_days: u32,
    /// Of these, since the first log.
    pub(crate) counted_days: u32,
    pub(crate) logged_days: u32,
}

/// Weeks of one half-term by their Mondays.
pub(crate) type Weeks<'a> = BTreeMap<i32, &'a SchoolWeek>;

impl Year<'_> {
    /// The school weeks of all years by their Mondays.
    pub(crate) fn school_weeks(&self) -> BTreeMap<i32, SchoolWeek> {
        let began = self.logged.first().copied();
        let mut weeks: BTreeMap<i32, SchoolWeek> = BTreeMap::new();
        for term in self.half_terms {
            for day in &term.days {
                let week = weeks.entry(monday(*day)).or_insert_with(|| SchoolWeek {
                    year: term.year.clone(),
                    number: term.number,
                    label: term.label.clone(),
                    last: *day,
                    until: i32::MAX,
                    ..SchoolWeek::default()
                });
                week.last = week.last.max(*day);
                week.past_days += u32::from(*day < self.today);
                week.counted_days += u32::from(*day < self.today && began.is_some_and(|began| began <= *day));
                week.logged_days += u32::from(*day < self.today && self.logged.contains(day));
            }
        }
        let mondays: Vec<i32> = weeks.keys().copied().skip(1).collect();
        for (week, next) in weeks.values_mut().zip(mondays) {
            week.until = next - 1;
        }
        weeks
    }

    pub(crate) fn by_week(&self, term: &HalfTerm, all: &BTreeMap<i32, SchoolWeek>, cells: &mut Vec<Cell>) {
        let own = |week: &SchoolWeek| week.year == self.year && week.number == term.number && week.past_days > 0;
        let weeks: Weeks<'_> = all.iter().filter(|(_, week)| own(week)).map(|(monday, week)| (*monday, week)).collect();
        let logged: u32 = weeks.values().map(|week| week.logged_days).sum();
        if logged > 0 {
            let exposure = self.pupils.map(|pupils| pupils * f64::from(logged) / 5.0);
            self.topics(term, &weeks, exposure, cells);
            self.people(term, &weeks, exposure, cells);
        }
        self.illegal(term, &weeks, cells);
        self.new_tools(term, &weeks, cells);
        self.unread(term, &weeks, cells);
        self.again(term, &weeks, cells);
        self.recorded(term, &weeks, cells);
    }

    /// Pupil-weeks of each topic; a week counts if a past school day of it has logs.
    fn topics(&self, term: &HalfTerm, weeks: &BTreeMap<i32, &SchoolWeek>, exposure: Option<f64>, cells: &mut Vec<Cell>) {
        let people = |topic: &str| -> Option<f64> {
            let rows = self.school.weeks.get(topic).map_or(&[][..], Vec::as_slice);
            let is_counted =
                |week: &i32, since: &str| weeks.get(week).is_some_and(|week| week.logged_days > 0) && counts_in(since, self.year);
            Some(rows.iter().filter(|(week, since, _)| is_counted(week, since)).map(|(_, _, people)| *people as f64).sum())
        };
        // Of one topic alone there is no rate without a roll; of themes that were seen there is their number.
        for (indicator, topic) in [("circumvention_rate", CIRCUMVENTION), ("help_seeking", HELP), ("ai_use_rate", AI)] {
            if exposure.is_some() {
                cells.push(self.cell(term, indicator, None, people(topic), exposure, 100.0));
            }
        }
        for topic in self.school.weeks.keys().filter(|topic| !matches!(topic.as_str(), AI | HELP | CIRCUMVENTION)) {
            cells.push(self.cell(term, "theme_rate", Some(topic), people(topic), exposure, 100.0));
        }
    }

    /// What needs the days of people: not of a half-term in which those of a week are gone and its themes are still counted.
    fn people(&self, term: &HalfTerm, weeks: &BTreeMap<i32, &SchoolWeek>, exposure: Option<f64>, cells: &mut Vec<Cell>) {
        let school = self.school;
        if weeks.keys().any(|week| school.theme_weeks.contains(week) && !school.people.contains_key(week)) {
            return;
        }
        let (mut severe, mut outside) = (0, Share::default());
        for (_, told) in school.people.iter().filter(|(week, _)| weeks.get(week).is_some_and(|week| week.logged_days > 0)) {
            severe += told.severe.iter().filter(|(since, _)| counts_in(since, self.year)).map(|(_, people)| people).sum::<i64>();
            outside.add(told.outside);
        }
        if exposure.is_some() {
            cells.push(self.cell(term, "high_risk_searches", None, Some(severe as f64), exposure, 100.0));
        }
        if outside.is_told {
            cells.push(self.cell(term, "out_of_hours", None, Some(outside.of as f64), Some(outside.over as f64), 100.0));
        }
    }

    /// Requests let through on any day in categories that every policy blocks, but for the last five school days; and the days that
    /// logged what was let through.
    fn illegal(&self, term: &HalfTerm, weeks: &BTreeMap<i32, &SchoolWeek>, cells: &mut Vec<Cell>) {
        let mut past: Vec<i32> =
            self.half_terms.iter().flat_map(|term| term.days.iter().copied()).filter(|day| *day < self.today).collect();
        past.sort_unstable();
        let Some(last) = past.len().checked_sub(LOOKED_AT_AFTER + 1).and_then(|at| past.get(at)) else { return };
        let is_counted = |day: i32| day <= *last && weeks.iter().any(|(first, week)| (*first..=week.until).contains(&day));
        let days: Vec<Share> = (self.school.days.iter())
            .filter(|(day, told)| told.illegal.is_told && is_counted(**day))
            .map(|(_, told)| told.illegal)
            .collect();
        if !days.is_empty() {
            let of = days.iter().map(|day| day.of).sum::<i64>() as f64;
            let cell = self.cell(term, "illegal_allowed", None, Some(of), Some(days.len() as f64), 1.0);
            cells.push(Cell { value: Some(of), ..cell });
        }
    }
}
