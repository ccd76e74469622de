//! What candidate events come to together: one group a person and theme, one for what a class has in common.
//!
//! Nothing here knows which alerts are open: the register joins a group to the open one, and drops what is known already.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::REPEAT_DAYS;
use super::seen::Seen;

/// So many pupils with the same term or host within half an hour look like a lesson.
pub const LESSON_PUPILS: usize = 5;
const LESSON_MICROS: i64 = 30 * 60 * 1_000_000;

/// Only an entry is this severe: never a category, never repetition. It is kept apart from a class.
const MOST: i64 = 4;

/// From this severity on an event raises an alert; below it joins one that is open.
const RAISES: i64 = 3;

/// Themes in which somebody may come to harm: the plain word in a search raises an alert too.
const HARM: [&str; 7] = ["self_harm", "suicide", "eating_disorder", "abuse_home", "grooming", "exploitation", "nudes_sextortion"];

/// On so many days of [`REPEAT_DAYS`] a theme came up again.
const REPEATS: usize = 3;
const REPEAT_SCORE: i64 = 10;

/// Whom a group is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// A pupil, by key.
    Pupil(String),
    /// A member of staff, by key where there is one.
    Staff(Option<String>),
    /// A sign-in of many, a guest, or nobody who is known: by the device's key where there is one.
    Unidentified(Option<String>),
}

/// What kind of group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// One person and theme.
    One(Person),
    /// A class, by the digest of what it has in common.
    Lesson([u8; 16]),
}

/// An event of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEvent {
    /// The same event read from another file has the same.
    pub identity: [u8; 16],
    /// When, microseconds.
    pub at: i64,
    /// The school's local date.
    pub day: Date,
    /// Key of the person or device.
    pub subject: Option<String>,
    /// Input file.
    pub file_id: String,
    /// Its line.
    pub line_no: i64,
    /// `search`, `page`, `monitor` or `listed`.
    pub what: String,
    /// 2 to 4; a repetition counted in.
    pub severity: i64,
    /// It asks for help too.
    pub asks_for_help: bool,
    /// Whether it raises an alert where none is open.
    pub raises: bool,
}

/// Events that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// School.
    pub school: String,
    /// Whom it is about.
    pub group: Group,
    /// Theme.
    pub theme: String,
    /// Whether it holds what is listed as illegal.
    pub is_illegal: bool,
    /// Orders the list.
    pub score: i64,
    /// Events, oldest first.
    pub events: Vec<FoundEvent>,
}

/// Joins candidates, in order of time, into groups of events from a day on.
pub(crate) fn join(seen: Vec<Seen>, from: Date) -> Vec<Found> {
    let seen: Vec<Seen> = seen.into_iter().filter(|one| !one.is_only_a_call_for_help()).collect();
    let lessons = lessons(&seen);
    let mut groups: BTreeMap<(String, Group, String), Vec<&Seen>> = BTreeMap::new();
    for (one, lesson) in seen.iter().zip(lessons) {
        let (group, theme) = match lesson {
            Some(shared) => (Group::Lesson(shared.digest), shared.theme),
            None => (Group::One(person(one)), one.theme.clone()),
        };
        groups.entry((one.school.clone(), group, theme)).or_default().push(one);
    }
    let mut found: Vec<Found> =
        groups.into_iter().filter_map(|((school, group, theme), events)| of_group(school, group, theme, &events, from)).collect();
    found.sort_by(|a, b| (&a.school, &a.group, &a.theme).cmp(&(&b.school, &b.group, &b.theme)));
    found
}

fn person(one: &Seen) -> Person {
    match one.user_type.as_str() {
        "pupil" if one.user_key.is_some() => Person::Pupil(one.user_key.clone().unwrap_or_default()),
        "staff" => Person::Staff(one.user_key.clone()),
        _ => Person::Unidentified(one.device_key.clone()),
    }
}

fn of_group(school: String, group: Group, theme: String, events: &[&Seen], from: Date) -> Option<Found> {
    let mut score = events.iter().map(|one| one.score).max().unwrap_or(0);
    let mut all: Vec<FoundEvent> = Vec::with_capacity(events.len());
    let days: BTreeSet<Date> = events.iter().map(|one| one.day).collect();
    for one in events {
        let again = matches!(group, Group::One(Person::Pupil(_))) && comes_again(&days, one.day);
        let severity = if again && one.severity < RAISES { one.severity + 1 } else { one.severity };
        if again {
            score = score.max(one.score + REPEAT_SCORE);
        }
        all.push(event(one, severity));
    }
    // What lies before the first day is here for repetition alone, unless it is what came up again.
    let raised_again = all.iter().any(|event| event.day >= from && event.raises);
    let keeps = |event: &FoundEvent| event.day >= from || (raised_again && is_within_a_week(&days, event.day, from));
    all.retain(keeps);
    let is_illegal = events.iter().any(|one| one.is_illegal && one.day >= from);
    (!all.is_empty() && all.iter().any(|event| event.day >= from)).then_some(Found {
        school,
        group,
        theme,
        is_illegal,
        score,
        events: all,
    })
}

/// Whether the theme had come up on three days of the seven that end on this one.
fn comes_again(days: &BTreeSet<Date>, day: Date) -> bool {
    days.iter().filter(|other| **other <= day && days_between(**other, day) < REPEAT_DAYS).count() >= REPEATS
}

/// Whether an earlier day is one of three in seven with a day from the first one on.
fn is_within_a_week(days: &BTreeSet<Date>, earlier: Date, from: Date) -> bool {
    days.iter().any(|day| *day >= from && days_between(earlier, *day) < REPEAT_DAYS && comes_again(days, *day))
}

fn days_between(first: Date, last: Date) -> i32 {
    (last - first).get_days()
}

fn event(one: &Seen, severity: i64) -> FoundEvent {
    let subject = match person(one) {
        Person::Pupil(key) => Some(key),
        Person::Staff(key) | Person::Unidentified(key) => key,
    };
    let mut hasher = blake3::Hasher::new_derive_key("weir 2026-11-23 an event of an alert 1");
    for text in
        [one.school.as_str(), subject.as_deref().unwrap_or("-"), one.theme.as_str(), one.of_what.as_str(), one.what.as_str()]
    {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&one.at.to_le_bytes());
    FoundEvent {
        identity: short(&hasher),
        at: one.at,
        day: one.day,
        subject,
        file_id: one.file_id.clone(),
        line_no: one.line_no,
        what: one.what.clone(),
        severity,
        asks_for_help: one.asks_for_help,
        raises: severity >= RAISES || (one.what != "page" && HARM.contains(&one.theme.as_str())),
    }
}

fn short(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// What a class has in common.
#[derive(Debug, Clone, PartialEq)]
struct Shared {
    digest: [u8; 16],
    theme: String,
}

/// For each candidate, whether it is part of what looks like a lesson.
fn lessons(seen: &[Seen]) -> Vec<Option<Shared>> {
    let mut by_what: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, one) in seen.iter().enumerate() {
        let is_fit = one.user_type == "pupil" && one.severity < MOST && !one.is_illegal && !one.of_what.is_empty();
        if is_fit {
            by_what.entry((&one.school, &one.of_what)).or_default().push(place);
        }
    }
    let mut marks = vec![None; seen.len()];
    for ((school, of_what), places) in by_what {
        let of = |place: usize| seen.get(place);
        let mut start = 0;
        for end in 0..places.len() {
            let Some(last) = places.get(end).and_then(|place| of(*place)) else { continue };
            while places.get(start).and_then(|place| of(*place)).is_some_and(|first| last.at - first.at > LESSON_MICROS) {
                start += 1;
            }
            let window = places.get(start..=end).unwrap_or_default();
            let pupils: BTreeSet<&str> = window.iter().filter_map(|place| of(*place)?.user_key.as_deref()).collect();
            if pupils.len() < LESSON_PUPILS {
                continue;
            }
            let mut hasher = blake3::Hasher::new_derive_key("weir 2026-11-23 what a class has in common 1");
            hasher.update(school.as_bytes());
            hasher.update(&[0]);
            hasher.update(of_what.as_bytes());
            let shared = Shared { digest: short(&hasher), theme: last.theme.clone() };
            for place in window {
                if let Some(mark) = marks.get_mut(*place) {
                    *mark = Some(shared.clone());
                }
            }
        }
    }
    marks
}
