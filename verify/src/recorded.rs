//! The indicators that count what people recorded, by their definitions: checks, requests, changes, alerts, reveals.

use std::collections::BTreeMap;

use crate::indicators::{Cell, Year};
use crate::terms::HalfTerm;
use crate::weekly::Weeks;

/// The rating from which an alert is serious.
const SERIOUS: u8 = 3;

const MINUTES_A_DAY: i32 = 24 * 60;

/// The shares of alerts of which a time is told: the part's name, and how many of how many.
const PARTS: [(&str, usize, usize); 2] = [("half", 1, 2), ("9 in 10", 9, 10)];

/// The value in the middle.
fn middle(mut values: Vec<usize>) -> Option<f64> {
    values.sort_unstable();
    let high = *values.get(values.len() / 2)? as f64;
    let low = *values.get((values.len() - 1) / 2)? as f64;
    Some((low + high) / 2.0)
}

impl Year<'_> {
    pub(crate) fn recorded(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        // A day belongs to the half-term of the school week that it follows or falls in.
        let is_here = |day: i32| weeks.iter().any(|(first, week)| (*first..=week.until).contains(&day));
        self.checks(term, weeks, cells);
        self.requests(term, &is_here, cells);
        self.unrecorded(term, weeks, cells);
        self.alerts(term, &is_here, cells);
        self.reveals(term, weeks, cells);
    }

    /// Planned tests that did not pass within their interval, as of the last school day.
    fn checks(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        let Some(last) = weeks.values().map(|week| week.last).max() else { return };
        let on = last.min(self.today);
        let (mut late, mut planned) = (0_u32, 0_u32);
        for (school, place, test, every, since, until) in &self.records.plan {
            if school != self.id || *since > on || until.is_some_and(|until| until <= on) {
                continue;
            }
            let is_pass = |made: &&(String, i64, String, i32, bool)| {
                made.0 == *school && made.1 == *place && made.2 == *test && made.4 && made.3 <= on && on - made.3 <= *every
            };
            planned += 1;
            late += u32::from(!self.records.tests.iter().any(|made| is_pass(&made)));
        }
        if planned > 0 {
            cells.push(self.cell(term, "checks_overdue", None, Some(f64::from(late)), Some(f64::from(planned)), 100.0));
        }
    }

    /// School days until somebody decided on a site or bypass, and those that wait.
    fn requests(&self, term: &HalfTerm, is_here: &dyn Fn(i32) -> bool, cells: &mut Vec<Cell>) {
        let school_days: Vec<i32> = self.all_days();
        let (mut decided, mut waiting, mut granted) = (Vec::new(), Vec::new(), 0_u32);
        for change in self.records.changes.iter().filter(|change| change.school == self.id && change.is_for_a_lesson) {
            let until = change.decided.unwrap_or(self.today - 1);
            if !is_here(until) {
                continue;
            }
            let days = school_days.iter().filter(|day| change.asked < **day && **day <= until).count();
            if change.decided.is_some() {
                decided.push(days);
                granted += u32::from(change.granted);
            } else {
                waiting.push(days);
            }
        }
        let (of, waits) = (decided.len() as f64, waiting.len() as f64);
        if let Some(value) = middle(decided) {
            let cell = self.cell(term, "unblock_days", None, Some(f64::from(granted)), Some(of), 1.0);
            cells.push(Cell { value: Some(value), ..cell });
        }
        if let Some(value) = middle(waiting) {
            let cell = self.cell(term, "unblock_days", Some("waiting"), Some(waits), Some(of + waits), 1.0);
            cells.push(Cell { value: Some(value), ..cell });
        }
    }

    /// Changes that the filter's log shows and no record of that day accounts for: one record, one thing.
    fn unrecorded(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        let logged = weeks.values().any(|week| week.logged_days > 0);
        if self.school.changes.is_empty() || !logged {
            return;
        }
        let is_counted =
            |day: i32| weeks.iter().any(|(first, week)| week.logged_days > 0 && (*first..=week.until).contains(&day));
        let own = || self.records.changes.iter().filter(|change| change.school == self.id);
        let (mut all, mut unrecorded) = (0_i64, 0_i64);
        for (day, things) in self.school.changes.iter().filter(|(day, _)| is_counted(**day)) {
            let records = own().filter(|change| change.made == Some(*day)).count()
                + own().filter(|change| change.ended == Some(*day)).count();
            // The things changed that day, those first changed before.
            let mut things: Vec<(i64, &str, i64)> =
                things.iter().map(|(object, (first, lines))| (*first, object.as_str(), *lines)).collect();
            things.sort_unstable();
            all += things.iter().map(|(.., lines)| lines).sum::<i64>();
            unrecorded += things.iter().skip(records).map(|(.., lines)| lines).sum::<i64>();
        }
        let cell = self.cell(term, "unapproved_changes", None, Some(unrecorded as f64), Some(all as f64), 100.0);
        cells.push(Cell { version: 2, ..cell });
    }

    fn alerts(&self, term: &HalfTerm, is_here: &dyn Fn(i32) -> bool, cells: &mut Vec<Cell>) {
        let own = || self.records.alerts.iter().filter(|alert| alert.school == self.id);
        let closed = own().filter(|alert| alert.closed.is_some_and(is_here)).filter_map(|alert| alert.is_false);
        let (wrong, outcomes) = closed.fold((0_u32, 0_u32), |(wrong, all), is_false| (wrong + u32::from(is_false), all + 1));
        if outcomes > 0 {
            let (of, over) = (Some(f64::from(wrong)), Some(f64::from(outcomes)));
            cells.push(self.cell(term, "false_positive_share", None, of, over, 100.0));
        }
        let school_days = self.all_days();
        let (mut clock, mut lessons, mut in_time) = (Vec::new(), Vec::new(), 0_u32);
        for alert in own().filter(|alert| alert.severity >= SERIOUS && is_here(alert.happened.0)) {
            let (day, minute) = alert.happened;
            let (until, to) = alert.acknowledged.unwrap_or((self.today, 0));
            clock.push(((until - day) * MINUTES_A_DAY + to - minute).max(0));
            let of_day = |lesson: &i32| {
                let from = if *lesson == day { minute } else { 0 };
                let end = if *lesson == until { to } else { MINUTES_A_DAY };
                (end.min(self.lesson_minutes.1) - from.max(self.lesson_minutes.0)).max(0)
            };
            lessons.push(school_days.iter().filter(|lesson| (day..=until).contains(*lesson)).map(of_day).sum::<i32>());
            let due = school_days.iter().find(|lesson| **lesson >= day);
            in_time += u32::from(alert.acknowledged.is_some() && due.is_some_and(|due| until <= *due));
        }
        for (dimension, minutes) in [("all_hours", &mut clock), ("school_hours", &mut lessons)] {
            minutes.sort_unstable();
            for (part, share, of) in PARTS {
                // The first by which at least that share is done.
                let place = (minutes.len() * share).div_ceil(of).max(1);
                let Some(value) = minutes.get(place - 1) else { continue };
                let (done, alerts) = (Some(f64::from(in_time)), Some(minutes.len() as f64));
                let cell = self.cell(term, "alert_response", Some(dimension), done, alerts, 1.0);
                cells.push(Cell { value: Some(f64::from(*value) / 60.0), part: Some(part.to_owned()), ..cell });
            }
        }
    }

    /// Names revealed in the weeks since reveals are written down, and the past school days of those weeks.
    fn reveals(&self, term: &HalfTerm, weeks: &Weeks<'_>, cells: &mut Vec<Cell>) {
        let Some(since) = self.records.trail_since else { return };
        let weeks: BTreeMap<_, _> = weeks.iter().filter(|(_, week)| since <= week.until).collect();
        if weeks.is_empty() {
            return;
        }
        let is_here = |day: i32| weeks.iter().any(|(first, week)| (**first..=week.until).contains(&day));
        let shown = self.records.reveals.iter().filter(|(school, day, _)| school == self.id && is_here(*day)).count() as f64;
        let days: u32 = weeks.values().map(|week| week.past_days).sum();
        let cell = self.cell(term, "reveals", None, Some(shown), Some(f64::from(days)), 1.0);
        cells.push(Cell { value: Some(shown), ..cell });
    }
}
