//! `theme_weeks` by its definition, from the stored days of people: distinct people a school, week and topic.
//!
//! A person counts once a week and topic, under the earliest `since` of what matched and the type and year group of the week's last
//! day. A request that two layers logged counts once: the layer that saw more of that person that day.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use weir_lake::estate::{Estate, Layer, SchoolOf};
use weir_lake::schema::Table;

use crate::cells::{Cells, Shape};
use crate::columns::Words;
use crate::meanings::earlier;
use crate::pupil_days::{AI, HELP};

/// What the rows are told apart by and count; `event_date` is the week's Monday.
pub(crate) const SHAPE: Shape<5, 3> = Shape {
    table: Table::ThemeWeeks,
    keys: ["school_id", "topic", "since", "user_type", "year_group"],
    measures: ["people", "person_days", "requests"],
};

/// The layer of a school's source: that of weir.toml, or `filter` for one that is no longer in it.
pub(crate) fn layer_of(estate: &Estate, school: &str, source: &str) -> Layer {
    let found = estate.sources.values().find(|known| known.id.as_str() == source);
    let serves = found.filter(|known| match &known.school {
        SchoolOf::One(own) => own.as_str() == school,
        SchoolOf::Map(rules) => rules.iter().any(|rule| rule.school.as_str() == school),
    });
    serves.map_or(Layer::Filter, |known| known.layer)
}

/// Who someone is in a week's rows, and how much was seen of them.
#[derive(Clone, Copy)]
struct Person {
    since: u32,
    user_type: u32,
    year_group: u32,
    requests: i64,
}

impl Person {
    /// The same person under another source, layer or kind of match of the same day; `requests` is for the caller to join.
    fn joined(self, other: Self, words: &mut Words) -> Self {
        let since = earlier(words.shown(self.since), words.shown(other.since)).to_owned();
        let later = |one: u32, other: u32| if words.text(one) >= words.text(other) { one } else { other };
        let (user_type, year_group) = (later(self.user_type, other.user_type), later(self.year_group, other.year_group));
        Self { since: words.id(&since), user_type, year_group, requests: self.requests }
    }
}

/// School, topic, person and date.
type PersonDay = (u32, u32, u32, i32);

/// The days of a week so far.
#[derive(Default)]
pub(crate) struct Week {
    /// What each layer saw.
    days: HashMap<PersonDay, Vec<(Layer, Person)>, RandomState>,
    layers: HashMap<(u32, u32), Layer, RandomState>,
}

impl Week {
    /// Adds the stored days of one date.
    pub(crate) fn add(&mut self, date: i32, rows: &Cells<7, 9>, estate: &Estate, words: &mut Words) {
        for ([school, source, user, user_type, year_group, topic, since], [severity, _, requests, ..]) in rows {
            if *severity < 1 && !matches!(words.shown(*topic), HELP | AI) {
                continue;
            }
            let layer = *self
                .layers
                .entry((*school, *source))
                .or_insert_with(|| layer_of(estate, words.shown(*school), words.shown(*source)));
            let person = Person { since: *since, user_type: *user_type, year_group: *year_group, requests: *requests };
            let layers = self.days.entry((*school, *topic, *user, date)).or_default();
            match layers.iter_mut().find(|(known, _)| *known == layer) {
                None => layers.push((layer, person)),
                Some((_, known)) => {
                    let requests = known.requests + person.requests;
                    *known = Person { requests, ..known.joined(person, words) };
                }
            }
        }
    }

    /// The rows of the week.
    pub(crate) fn rows(self, words: &mut Words) -> Cells<5, 3> {
        let mut people: HashMap<(u32, u32, u32), (i32, Person, i64), RandomState> = HashMap::default();
        for ((school, topic, user, date), layers) in self.days {
            let day = layers.into_iter().map(|(_, person)| person).reduce(|one, other| {
                let requests = one.requests.max(other.requests);
                Person { requests, ..one.joined(other, words) }
            });
            let Some(day) = day else { continue };
            people
                .entry((school, topic, user))
                .and_modify(|(last, week, days)| {
                    let since = earlier(words.shown(week.since), words.shown(day.since)).to_owned();
                    let newer = if date > *last { day } else { *week };
                    *week = Person { since: words.id(&since), requests: week.requests + day.requests, ..newer };
                    *last = date.max(*last);
                    *days += 1;
                })
                .or_insert((date, day, 1));
        }
        let mut cells = Cells::default();
        for ((school, topic, _), (_, person, days)) in people {
            let key = [school, topic, person.since, person.user_type, person.year_group];
            let [people, person_days, requests] = cells.entry(key).or_insert([0; 3]);
            *people += 1;
            *person_days += days;
            *requests += person.requests;
        }
        cells
    }
}
