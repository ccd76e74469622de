//! What became of the lines of one input, counted by one worker and added up over all.

use std::collections::BTreeMap;

use crate::report::Ledger;

/// Counts of one input.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    pub(crate) admin_events: u64,
    pub(crate) quarantined: u64,
    /// A handful of reasons, so a list is faster than a map; the last one found is looked at first.
    ignored: Vec<(&'static str, u64)>,
    last: usize,
    /// Lines that a NUL ended, which the count of newlines does not know.
    pub(crate) ended_by_nul: u64,
    /// Earliest and latest line that is an event or admin event, or would be if it were no duplicate and its date not closed.
    pub(crate) times: Option<(i64, i64)>,
}

impl Tally {
    pub(crate) fn ignore(&mut self, reason: &'static str, lines: u64) {
        if self.ignored.get(self.last).is_none_or(|(known, _)| *known != reason) {
            self.last = self.ignored.iter().position(|(known, _)| *known == reason).unwrap_or_else(|| {
                self.ignored.push((reason, 0));
                self.ignored.len() - 1
            });
        }
        if let Some((_, count)) = self.ignored.get_mut(self.last) {
            *count += lines;
        }
    }

    pub(crate) fn saw_time(&mut self, time: i64) {
        self.times = Some(self.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        self.events += other.events;
        self.admin_events += other.admin_events;
        self.quarantined += other.quarantined;
        self.ended_by_nul += other.ended_by_nul;
        other.ignored.iter().for_each(|(reason, lines)| self.ignore(reason, *lines));
        if let Some((first, last)) = other.times {
            self.saw_time(first);
            self.saw_time(last);
        }
    }

    pub(crate) fn ignored(&self) -> BTreeMap<String, u64> {
        self.ignored.iter().map(|(reason, lines)| ((*reason).to_owned(), *lines)).collect()
    }

    /// Lines ignored for one reason.
    pub(crate) fn ignored_as(&self, reason: &str) -> u64 {
        self.ignored.iter().filter(|(known, _)| *known == reason).map(|(_, lines)| lines).sum()
    }

    /// The first reason for which lines were ignored.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        self.ignored.iter().find(|(_, lines)| *lines > 0).map(|(reason, _)| *reason)
    }

    /// All lines accounted for.
    pub(crate) fn lines(&self) -> u64 {
        self.events + self.admin_events + self.quarantined + self.ignored.iter().map(|(_, lines)| lines).sum::<u64>()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger {
            lines: self.lines(),
            events: self.events,
            admin_events: self.admin_events,
            ignored: self.ignored(),
            quarantined: self.quarantined,
        }
    }
}
