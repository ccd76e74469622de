//! What indicators are made of: a school's stored rollups, by day and source, read once for all of them.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use weir_lake::calendar::date_of_epoch_day;
use weir_lake::estate::{Estate, Expected, Layer, SchoolOf};
use weir_lake::lake::DataFile;
use weir_lake::schema::Table;

use crate::activity;
use crate::cells::Cells;
use crate::columns::{NONE, Words};
use crate::error::VerifyError;
use crate::rollups::{Verification, in_parallel};
use crate::theme_weeks::{self, layer_of};

/// Something counted, over what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) of: i64,
    pub(crate) over: i64,
}

impl Share {
    fn count(&mut self, requests: i64, is_counted: bool) {
        self.over += requests;
        if is_counted {
            self.of += requests;
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.of += other.of;
        self.over += other.over;
    }
}

/// A school's decisions of a day.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Day {
    pub(crate) requests: i64,
    /// Of sources that log what they allow.
    pub(crate) blocked: Share,
    pub(crate) circumvention: Share,
    pub(crate) identified: Share,
    /// Of what policy speaks of: allowed where it says block. Of all sources, and of those that log what they allow.
    pub(crate) failures: [Share; 2],
    /// Of what policy allows: stopped. Of all sources, and of those that log what they allow.
    pub(crate) overblocked: [Share; 2],
}

/// What is stored of a school.
#[derive(Debug, Clone, Default)]
pub(crate) struct School {
    pub(crate) days: BTreeMap<i32, Day>,
    /// Rows of each hour, by source and date; a date is there if the source has any row on it.
    pub(crate) hours: BTreeMap<String, BTreeMap<i32, [i64; 24]>>,
    /// Pupils a week, by topic: Monday, `since`, people.
    pub(crate) weeks: BTreeMap<String, Vec<(i32, String, i64)>>,
}

/// Schools by id.
pub(crate) type Facts = BTreeMap<String, School>;

/// Categories of ways round a filter.
const CIRCUMVENTION: [&str; 3] = ["circumvention", "encrypted_dns", "remote_access"];

/// Which of the layers that logged a school's day gives its decisions: the lowest there is. A name asked of a DNS filter is a decision
/// only where nothing logged a web request.
fn rank(kind: &str, layer: Layer) -> Option<u8> {
    match (kind, layer) {
        ("web", Layer::Filter) => Some(1),
        ("web", Layer::Firewall) => Some(2),
        ("dns", Layer::Filter | Layer::Firewall | Layer::Dns) => Some(3),
        _ => None,
    }
}

fn logs_allowed(estate: &Estate, school: &str, source: &str) -> bool {
    let serves = |of: &SchoolOf| match of {
        SchoolOf::One(own) => own.as_str() == school,
        SchoolOf::Map(rules) => rules.iter().any(|rule| rule.school.as_str() == school),
    };
    estate.sources.values().all(|known| known.id.as_str() != source || !serves(&known.school) || known.logs_allowed)
}

/// What policy expects of a category on a day: a school's own rows first, then those of all, in file order.
fn expected(estate: &Estate, school: &str, profile: &str, user_type: &str, category: &str, date: i32) -> Option<Expected> {
    let day = date_of_epoch_day(date);
    let speaks = |who: &str| who.to_lowercase() == profile.to_lowercase() || who.to_lowercase() == user_type;
    let of = |own: bool| {
        estate.policy.iter().find(|row| {
            row.school_id.as_ref().map_or(!own, |id| own && id.as_str() == school)
                && row.category == category
                && row.profile_or_user_type.as_deref().is_none_or(speaks)
                && row.from.is_none_or(|from| from <= day)
                && row.to.is_none_or(|to| day <= to)
        })
    };
    of(true).or_else(|| of(false)).map(|row| row.expected)
}

/// What a source is, for one school.
#[derive(Clone, Copy)]
struct Source {
    layer: Layer,
    logs_allowed: bool,
}

impl Verification<'_> {
    /// Everything stored of the schools in question, of all dates: what was usual is needed of the days before.
    pub(crate) fn facts(&self) -> Result<Facts, VerifyError> {
        let mut work: BTreeMap<(Table, i32), Vec<DataFile>> = BTreeMap::new();
        for table in [Table::ActivityHourly, Table::ThemeWeeks] {
            for file in self.files(table) {
                work.entry((table, file.statistics.event_date)).or_default().push(file.clone());
            }
        }
        let parts = in_parallel(work.into_iter().collect(), |((table, date), files)| {
            if table == Table::ActivityHourly { self.day_facts(date, &files) } else { self.week_facts(date, &files) }
        })?;
        let mut all = Facts::new();
        for part in parts {
            for (id, part) in part {
                let school = all.entry(id).or_default();
                school.days.extend(part.days);
                for (source, dates) in part.hours {
                    school.hours.entry(source).or_default().extend(dates);
                }
                for (topic, weeks) in part.weeks {
                    school.weeks.entry(topic).or_default().extend(weeks);
                }
            }
        }
        Ok(all)
    }

    fn is_asked(&self, school: &str) -> bool {
        self.school.is_none_or(|only| only.as_str() == school)
    }

    fn day_facts(&self, date: i32, files: &[DataFile]) -> Result<Facts, VerifyError> {
        let (mut words, mut rows) = (Words::default(), Cells::default());
        for file in files {
            let path = self.lake.path_of(Table::ActivityHourly, file)?;
            let mut keep = |key: &[u32; 10], words: &Words| Ok(self.is_asked(words.shown(key[0])));
            activity::SHAPE.stored(&path, &mut words, &mut rows, &mut keep, &mut Vec::new())?;
        }
        let mut sources: HashMap<(u32, u32), Source, RandomState> = HashMap::default();
        let mut expectations: HashMap<[u32; 4], Option<Expected>, RandomState> = HashMap::default();
        let mut first: HashMap<u32, u8> = HashMap::new();
        let mut facts = Facts::new();
        let mut ranked = Vec::new();
        for (key, values) in &rows {
            let [school, source, profile, user_type, _, hour, kind, action, category, furniture] = *key;
            let [requests, identified, ..] = *values;
            let told = facts.entry(words.shown(school).to_owned()).or_default();
            let hours = told.hours.entry(words.shown(source).to_owned()).or_default().entry(date).or_default();
            if let Some(slot) = words.shown(hour).parse::<usize>().ok().and_then(|hour| hours.get_mut(hour)) {
                *slot += requests;
            }
            if words.shown(furniture) == "true" {
                continue;
            }
            let about = *sources.entry((school, source)).or_insert_with(|| Source {
                layer: layer_of(self.estate, words.shown(school), words.shown(source)),
                logs_allowed: logs_allowed(self.estate, words.shown(school), words.shown(source)),
            });
            let Some(rank) = rank(words.shown(kind), about.layer) else { continue };
            first.entry(school).and_modify(|first| *first = rank.min(*first)).or_insert(rank);
            ranked.push((rank, school, about, profile, user_type, action, category, requests, identified));
        }
        for (rank, school, about, profile, user_type, action, category, requests, identified) in ranked {
            if first.get(&school) != Some(&rank) {
                continue;
            }
            let told = facts.entry(words.shown(school).to_owned()).or_default();
            let day = told.days.entry(date).or_default();
            let (action, user_type_word) = (words.shown(action), words.shown(user_type));
            day.requests += requests;
            if user_type_word != "guest" {
                day.identified.over += requests;
                day.identified.of += identified;
            }
            let category_word = words.shown(category);
            if about.logs_allowed {
                day.blocked.count(requests, action == "blocked");
                let by_staff = category_word == "remote_access" && user_type_word == "staff";
                if CIRCUMVENTION.contains(&category_word) && !by_staff {
                    day.circumvention.count(requests, matches!(action, "allowed" | "overridden"));
                }
            }
            if category == NONE {
                continue;
            }
            let expected = *expectations.entry([school, profile, user_type, category]).or_insert_with(|| {
                expected(self.estate, words.shown(school), words.shown(profile), user_type_word, category_word, date)
            });
            let Some(expected) = expected else { continue };
            let counted = if about.logs_allowed { 2 } else { 1 };
            for failures in day.failures.iter_mut().take(counted) {
                failures.count(requests, expected == Expected::Block && action == "allowed");
            }
            for overblocked in day.overblocked.iter_mut().take(counted).filter(|_| expected == Expected::Allow) {
                overblocked.count(requests, matches!(action, "blocked" | "warned"));
            }
        }
        Ok(facts)
    }

    fn week_facts(&self, week: i32, files: &[DataFile]) -> Result<Facts, VerifyError> {
        let (mut words, mut rows) = (Words::default(), Cells::default());
        for file in files {
            let path = self.lake.path_of(Table::ThemeWeeks, file)?;
            let mut keep = |key: &[u32; 5], words: &Words| Ok(self.is_asked(words.shown(key[0])));
            theme_weeks::SHAPE.stored(&path, &mut words, &mut rows, &mut keep, &mut Vec::new())?;
        }
        let mut facts = Facts::new();
        for ([school, topic, since, user_type, _], [people, ..]) in &rows {
            if words.shown(*user_type) != "pupil" {
                continue;
            }
            let told = facts.entry(words.shown(*school).to_owned()).or_default();
            let weeks = told.weeks.entry(words.shown(*topic).to_owned()).or_default();
            weeks.push((week, words.shown(*since).to_owned(), *people));
        }
        Ok(facts)
    }
}
