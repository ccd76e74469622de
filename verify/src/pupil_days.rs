//! `pupil_days` by its definition: what each person reached for on a day at a source, with typing and repeats taken for one search.
//!
//! Shared sign-ins and devices are no person. A theme's severity is at least 1; help-seeking and watched categories are 0, never a
//! concern.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_lake::schema::Table;

use crate::cells::{Cells, Shape};
use crate::columns::{NONE, Words};
use crate::error::VerifyError;
use crate::local_time::LocalTime;
use crate::meanings::{ALWAYS, Meanings};

/// What the rows are told apart by and count.
pub(crate) const SHAPE: Shape<7, 9> = Shape {
    table: Table::PupilDays,
    keys: ["school_id", "source_id", "user_key", "user_type", "year_group", "topic", "since"],
    measures: [
        "severity",
        "search_severity",
        "requests",
        "blocked",
        "searches",
        "opened",
        "out_of_hours",
        "first_time",
        "last_time",
    ],
};

/// A search that goes on within this time, as a longer term, was still being typed.
const TYPING: i64 = 10_000_000;

/// The same term within this time is the same search.
const REPEAT: i64 = 15 * 60 * 1_000_000;

/// The topic of a call for help.
pub(crate) const HELP: &str = "help_seeking";

/// The one watched category.
pub(crate) const AI: &str = "ai_assistant";

/// A raw row that may stand in a person's day: not background, of an identified person, with a topic or a search.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) school: u32,
    pub(crate) source: u32,
    pub(crate) user: u32,
    pub(crate) user_type: u32,
    pub(crate) year_group: u32,
    pub(crate) kind: u32,
    pub(crate) action: u32,
    pub(crate) category: u32,
    pub(crate) theme: u32,
    /// The other themes, joined by blanks.
    pub(crate) other_themes: u32,
    pub(crate) help: bool,
    pub(crate) engine: u32,
    pub(crate) term: u32,
    pub(crate) concern: u32,
    pub(crate) severity: i64,
    pub(crate) time: i64,
    pub(crate) line: i64,
}

/// The school days (since 1970) of each school.
pub(crate) type SchoolDays = HashMap<String, BTreeSet<i32>>;

/// What a day's rows are told by.
pub(crate) struct Definition<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) school_days: &'a SchoolDays,
    pub(crate) meanings: &'a Meanings,
    pub(crate) date: i32,
}

/// The words of a school's day, found once.
struct SchoolDay {
    local: LocalTime,
    /// School hours in minutes; none where pupils are not at school that day.
    hours: Option<(i64, i64)>,
}

impl Definition<'_> {
    fn school_day(&self, school: &str) -> Result<SchoolDay, VerifyError> {
        let local = LocalTime::of(self.estate, school)?;
        let hours = SchoolId::parse(school).ok().and_then(|id| {
            let is_school_day = self.school_days.get(school).is_some_and(|days| days.contains(&self.date));
            let (from, to) = self.estate.hours.of(&id);
            let minutes = |time: jiff::civil::Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
            is_school_day.then(|| (minutes(from), minutes(to)))
        });
        Ok(SchoolDay { local, hours })
    }

    /// The rows of `pupil_days` of one date.
    pub(crate) fn rows(&self, mut seen: Vec<Seen>, words: &mut Words) -> Result<Cells<7, 9>, VerifyError> {
        let mut cells = Cells::default();
        let mut days: HashMap<u32, SchoolDay> = HashMap::new();
        seen.sort_unstable_by_key(|row| (row.school, row.source, row.user, row.time, row.line));
        for person in seen.chunk_by(|a, b| (a.school, a.source, a.user) == (b.school, b.source, b.user)) {
            let school = person[0].school;
            let day = match days.entry(school) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.school_day(words.shown(school))?),
            };
            for row in one_search_each(person, words) {
                self.add(&mut cells, row, day, words);
            }
        }
        Ok(cells)
    }

    fn add(&self, cells: &mut Cells<7, 9>, row: &Seen, day: &mut SchoolDay, words: &mut Words) {
        let topics = topics(row, words);
        if topics.is_empty() {
            return;
        }
        let category = self.meanings.categories.get(words.shown(row.category));
        let entry = self.meanings.entries_since.get(words.shown(row.concern));
        let since = entry.or(category.and_then(|(_, since)| since.as_ref())).map_or(ALWAYS, String::as_str);
        let since = words.id(since);
        let category_severity = category.map_or(0, |(severity, _)| *severity);
        let minute = day.local.minute(row.time);
        let is_in_school = day.hours.is_some_and(|(from, to)| from <= minute && minute < to);
        let (action, is_search) = (words.shown(row.action), row.term != NONE);
        let is_stopped = matches!(action, "blocked" | "warned");
        let is_opened = !is_search && words.shown(row.kind) == "web" && matches!(action, "allowed" | "overridden");
        for topic in topics {
            let (severity, search_severity) = if topic == HELP || topic == AI {
                (0, 0)
            } else if topic == words.shown(row.theme) {
                (row.severity.max(category_severity).max(1), if is_search { row.severity } else { 0 })
            } else {
                (1, 0)
            };
            let key = [row.school, row.source, row.user, row.user_type, row.year_group, words.id(&topic), since];
            let [highest, highest_search, requests, blocked, searches, opened, out_of_hours, first, last] =
                cells.entry(key).or_insert([0, 0, 0, 0, 0, 0, 0, row.time, row.time]);
            *highest = (*highest).max(severity);
            *highest_search = (*highest_search).max(search_severity);
            *requests += 1;
            *blocked += i64::from(is_stopped);
            *searches += i64::from(is_search);
            *opened += i64::from(is_opened);
            *out_of_hours += i64::from(!is_in_school);
            *first = (*first).min(row.time);
            *last = (*last).max(row.time);
        }
    }
}

/// Each theme, a call for help, and a watched category; each once.
fn topics(row: &Seen, words: &Words) -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    let themes = words.text(row.theme).into_iter().chain(words.shown(row.other_themes).split(' '));
    let help = row.help.then_some(HELP);
    let watched = (words.text(row.category) == Some(AI)).then_some(AI);
    for topic in themes.chain(help).chain(watched).filter(|topic| !topic.is_empty()) {
        if !topics.iter().any(|known| known == topic) {
            topics.push(topic.to_owned());
        }
    }
    topics
}

/// A person's rows of a day, in order, without what was still being typed and without repeats of a search.
fn one_search_each<'r>(person: &'r [Seen], words: &Words) -> Vec<&'r Seen> {
    let mut engines: HashMap<&str, Vec<&Seen>> = HashMap::new();
    let mut kept: Vec<&Seen> = Vec::new();
    for row in person {
        match row.term {
            NONE => kept.push(row),
            _ => engines.entry(words.shown(row.engine)).or_default().push(row),
        }
    }
    let mut terms: HashMap<u32, Vec<&Seen>> = HashMap::new();
    for searches in engines.values_mut() {
        // Of equal times the shorter term comes first: many logs know whole seconds.
        searches.sort_by(|a, b| {
            (a.time, words.shown(a.term), words.shown(a.action), a.line).cmp(&(
                b.time,
                words.shown(b.term),
                words.shown(b.action),
                b.line,
            ))
        });
        let is_refused = |row: &Seen| matches!(words.shown(row.action), "blocked" | "warned");
        for (at, row) in searches.iter().enumerate() {
            let is_typing = searches.get(at + 1).is_some_and(|next| {
                // The same term again says no more, unless it was refused first and let through then.
                let stands_alone = next.term == row.term && is_refused(row) && !is_refused(next);
                !stands_alone && words.shown(next.term).starts_with(words.shown(row.term)) && next.time - row.time <= TYPING
            });
            if !is_typing {
                terms.entry(row.term).or_default().push(row);
            }
        }
    }
    for same in terms.values_mut() {
        same.sort_by_key(|row| (row.time, row.line));
        for (at, row) in same.iter().enumerate() {
            let is_repeat = at.checked_sub(1).and_then(|before| same.get(before)).is_some_and(|b| row.time - b.time <= REPEAT);
            if !is_repeat {
                kept.push(row);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(words: &mut Words, engine: &str, term: &str, second: i64) -> Seen {
        Seen {
            school: words.id("elm"),
            source: words.id("gate"),
            user: words.id("k1-someone"),
            user_type: words.id("pupil"),
            year_group: NONE,
            kind: words.id("web"),
            action: words.id("allowed"),
            category: NONE,
            theme: words.id("gambling"),
            other_themes: NONE,
            help: false,
            engine: words.id(engine),
            term: words.id(term),
            concern: NONE,
            severity: 2,
            time: second * 1_000_000,
            line: second,
        }
    }

    /// Engine, term and second of searches; and the seconds of those that stay.
    type Case<'a> = (&'a [(&'a str, &'a str, i64)], &'a [i64]);

    #[test]
    fn typing_and_repeats_are_one_search() {
        let table: &[Case] = &[
            (&[("a", "bet", 0), ("a", "bet on", 10), ("a", "bet on line", 20)], &[20]),
            (&[("a", "bet", 0), ("a", "bet on", 11)], &[0, 11]),
            (&[("a", "bet", 0), ("b", "bet on", 5)], &[0, 5]),
            (&[("a", "bet", 0), ("a", "dice", 5)], &[0, 5]),
            (&[("a", "bet", 0), ("a", "bet", 900), ("b", "bet", 1800)], &[0]),
            (&[("a", "bet", 0), ("a", "bet", 901)], &[0, 901]),
            // What was still being typed is no earlier search of the same term.
            (&[("a", "bet", 0), ("a", "bet on", 5), ("a", "bet", 20)], &[5, 20]),
        ];
        for (searches, wanted) in table {
            let mut words = Words::default();
            let rows: Vec<Seen> =
                searches.iter().map(|(engine, term, second)| search(&mut words, engine, term, *second)).collect();
            let mut kept: Vec<i64> = one_search_each(&rows, &words).iter().map(|row| row.line).collect();
            kept.sort_unstable();
            assert_eq!(kept, *wanted, "{searches:?}");
        }
    }
}
