//! The indicators that set a year beside the one before: how many times as many, and weeks in which a theme built up.

use std::collections::BTreeMap;

use crate::indicators::{Cell, Year};
use crate::meanings::counts_in;
use crate::pupil_days::{AI, HELP};
use crate::terms::HalfTerm;
use crate::weekly::{CIRCUMVENTION, SchoolWeek};

/// Half as many again: the rise that a signal looks for.
const RISE: f64 = 1.5;

/// The running sum over which a week is unusual, in weeks that hold one pupil more than expected.
const LIMIT: f64 = 7.0;

/// Logs on fewer of the days than this say too little.
const LEAST_COVERAGE: f64 = 0.9;

/// Fewer pupil-weeks than this tell of few people.
const FEW: f64 = 5.0;

/// A theme over some weeks.
#[derive(Default, Clone, Copy)]
struct Sum {
    /// Pupil-weeks, and those that already counted a year before.
    people: f64,
    comparable: f64,
    exposure: f64,
    logged: u32,
    counted: u32,
}

impl Sum {
    fn is_whole(self) -> bool {
        f64::from(self.logged) >= LEAST_COVERAGE * f64::from(self.counted) && self.exposure > 0.0
    }
}

impl Year<'_> {
    /// Pupils of a theme in a week, of what counts in the rates of a year.
    fn pupils_of(&self, topic: &str, monday: i32, year: &str) -> f64 {
        let rows = self.school.weeks.get(topic).map_or(&[][..], Vec::as_slice);
        rows.iter().filter(|(week, since, _)| *week == monday && counts_in(since, year)).map(|(.., people)| *people as f64).sum()
    }

    fn sum(&self, topic: &str, weeks: &[(i32, &SchoolWeek)], pupils: f64, year: &str) -> Sum {
        let mut sum = Sum::default();
        for (monday, week) in weeks {
            sum.logged += week.logged_days;
            sum.counted += week.counted_days;
            sum.exposure += pupils * f64::from(week.logged_days) / 5.0;
            if week.logged_days > 0 {
                sum.people += self.pupils_of(topic, *monday, year);
                sum.comparable += self.pupils_of(topic, *monday, &self.last_year);
            }
        }
        sum
    }

    /// The rate of each theme over that of the same half-term last year.
    pub(crate) fn change(&self, term: &HalfTerm, all: &BTreeMap<i32, SchoolWeek>, cells: &mut Vec<Cell>) {
        let (Some(pupils), Some(pupils_before)) = (self.pupils, self.pupils_before) else { return };
        let of = |is_wanted: &dyn Fn(&SchoolWeek) -> bool| -> Vec<(i32, &SchoolWeek)> {
            all.iter().filter(|(_, week)| week.past_days > 0 && is_wanted(week)).map(|(monday, week)| (*monday, week)).collect()
        };
        let now = of(&|week| week.year == self.year && week.number == term.number);
        let Some((_, first)) = now.first() else { return };
        let before = of(&|week| week.year == self.last_year && week.label == first.label);
        for topic in self.school.weeks.keys().filter(|topic| !matches!(topic.as_str(), AI | HELP | CIRCUMVENTION)) {
            let now = self.sum(topic, &now, pupils, self.year);
            let before = self.sum(topic, &before, pupils_before, &self.last_year);
            let new = now.people - now.comparable;
            if !now.is_whole() || !before.is_whole() || (new > 0.0 && (new < FEW || now.comparable < FEW)) {
                continue;
            }
            let expected = before.comparable * now.exposure / before.exposure;
            cells.push(self.cell(term, "theme_change", Some(topic), Some(now.comparable), Some(expected), 1.0));
        }
    }

    /// Weeks in which the running sum of what was above last year's rate passed its limit.
    pub(crate) fn signals(&self, all: &BTreeMap<i32, SchoolWeek>, cells: &mut Vec<Cell>) {
        let (Some(pupils), Some(pupils_before)) = (self.pupils, self.pupils_before) else { return };
        let logged = |year: &str| -> Vec<(i32, &SchoolWeek)> {
            let own = |week: &&SchoolWeek| week.year == year && week.logged_days > 0;
            all.iter().filter(|(_, week)| own(week)).map(|(monday, week)| (*monday, week)).collect()
        };
        let (now, before) = (logged(self.year), logged(&self.last_year));
        for topic in self.school.weeks.keys().filter(|topic| !matches!(topic.as_str(), AI | HELP)) {
            let mut sum = 0.0_f64;
            // Half-term -> weeks judged, signals, all that was expected.
            let mut told: BTreeMap<u32, (u32, u32, f64)> = BTreeMap::new();
            for (monday, week) in &now {
                let same: Vec<_> = before.iter().filter(|(_, then)| then.label == week.label).copied().collect();
                if same.is_empty() {
                    continue;
                }
                let then = self.sum(topic, &same, pupils_before, &self.last_year);
                if then.exposure <= 0.0 {
                    continue;
                }
                let expected = then.comparable / then.exposure * pupils * f64::from(week.logged_days) / 5.0;
                let seen = self.pupils_of(topic, *monday, &self.last_year);
                sum = (sum + seen * RISE.ln() - (RISE - 1.0) * expected).max(0.0);
                let term = told.entry(week.number).or_default();
                term.0 += 1;
                term.1 += u32::from(sum > LIMIT * RISE.ln());
                term.2 += expected;
            }
            for (number, (weeks, signals, expected)) in told {
                let Some(term) = self.half_terms.iter().find(|term| term.year == self.year && term.number == number) else {
                    continue;
                };
                if expected / f64::from(weeks) >= 1.0 {
                    let cell =
                        self.cell(term, "trend_signal", Some(topic), Some(f64::from(signals)), Some(f64::from(weeks)), 1.0);
                    cells.push(Cell { value: Some(f64::from(signals)), ..cell });
                }
            }
        }
    }
}
