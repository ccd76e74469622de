//! What indicators are made of: a school's stored rollups, by day and source, read once for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;
use weir_lake::calendar::date_of_epoch_day;
use weir_lake::estate::{Estate, Expected, Layer, SchoolOf};
use weir_lake::lake::DataFile;
use weir_lake::schema::Table;

use crate::activity;
use crate::cells::Cells;
use crate::columns::{NONE, Words, read};
use crate::error::VerifyError;
use crate::figures;
use crate::meanings::earlier;
use crate::once::MORE;
use crate::pupil_days::{self, AI, HELP};
use crate::rollups::{Verification, in_parallel, monday};
use crate::theme_weeks::{self, layer_of};

/// Something counted, over what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) of: i64,
    pub(crate) over: i64,
    /// Whether there was anything to count, though it may have come to nothing.
    pub(crate) is_told: bool,
}

impl Share {
    fn count(&mut self, requests: i64, is_counted: bool) {
        self.sum(if is_counted { requests } else { 0 }, requests);
    }

    fn sum(&mut self, of: i64, over: i64) {
        self.add(Self { of, over, is_told: true });
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.of += other.of;
        self.over += other.over;
        self.is_told |= other.is_told;
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
    pub(crate) categorised: Share,
    /// Of what was stopped or gone past: gone past.
    pub(crate) overrides: Share,
    /// Of encrypted web requests: more than the site was seen.
    pub(crate) path_visible: Share,
    /// Of figures: stopped with all five things, search pages with a term, searches locked, not locked, can't tell.
    pub(crate) evidence: Share,
    pub(crate) search_visible: Share,
    pub(crate) safe_search: [Share; 3],
    /// Of sources that log what they allow: let through in a category that every policy blocks.
    pub(crate) illegal: Share,
}

/// The parts of `safe_search_share`, in the order of [`Day::safe_search`].
pub(crate) const SAFE_SEARCH: [&str; 3] = ["locked", "not_locked", "cannot_tell"];

/// What is stored of a school.
#[derive(Debug, Clone, Default)]
pub(crate) struct School {
    pub(crate) days: BTreeMap<i32, Day>,
    /// Rows of each hour, by source and date; a date is there if the source has any row on it.
    pub(crate) hours: BTreeMap<String, BTreeMap<i32, [i64; 24]>>,
    /// Pupils a week, by topic: Monday, `since`, people.
    pub(crate) weeks: BTreeMap<String, Vec<(i32, String, i64)>>,
    /// Mondays of weeks with any theme week, of whomever.
    pub(crate) theme_weeks: BTreeSet<i32>,
    /// What the days of people say of a week, by its Monday; only of weeks that have such days.
    pub(crate) people: BTreeMap<i32, People>,
    /// Changes of the filter by date and thing changed: when first, and in how many lines; a date is there if its log has anything of
    /// administrators.
    pub(crate) changes: BTreeMap<i32, BTreeMap<String, (i64, i64)>>,
    /// Site of an AI tool -> the first day on which it was asked for.
    pub(crate) ai_since: BTreeMap<String, i32>,
    /// Events by the step of their delay, by source and date.
    pub(crate) delays: BTreeMap<String, BTreeMap<i32, BTreeMap<i64, i64>>>,
    /// Theme and pupil -> the days on which it came up, rated above 1.
    pub(crate) reached: BTreeMap<(String, String), BTreeSet<i32>>,
    /// The first day of any person.
    pub(crate) oldest_person: Option<i32>,
}

/// A week of people.
#[derive(Debug, Clone, Default)]
pub(crate) struct People {
    /// Pupils with a severe search, by the earliest `since` of theirs.
    pub(crate) severe: BTreeMap<String, i64>,
    /// Days of a pupil and theme: with anything outside school hours, of all.
    pub(crate) outside: Share,
}

/// Schools by id.
pub(crate) type Facts = BTreeMap<String, School>;

/// Categories of ways round a filter.
const CIRCUMVENTION: [&str; 3] = ["circumvention", "encrypted_dns", "remote_access"];

/// Categories that every policy blocks.
const ALWAYS_BLOCKED: [&str; 4] = ["csam", "terrorism", "illegal_other", "ai_undress"];

/// What an administrator does that changes what is filtered.
const CHANGES: [&str; 3] = ["configuration", "policy_change", "unblock"];

/// A search from which on a word is severe.
const SEVERE: i64 = 3;

/// The rank of names asked of a DNS filter.
const DNS: u8 = 3;

/// Which of the layers that logged a school's day gives its decisions: the lowest there is. A name asked of a DNS filter is a decision
/// only where nothing logged a web request.
fn rank(kind: &str, layer: Layer) -> Option<u8> {
    match (kind, layer) {
        ("web", Layer::Filter) => Some(1),
        ("web", Layer::Firewall) => Some(2),
        ("dns", Layer::Filter | Layer::Firewall | Layer::Dns) => Some(DNS),
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

/// A value of a JSON object of texts, in which a quotation mark stands as `\u0022`.
fn value_of<'d>(object: &'d str, name: &str) -> Option<&'d str> {
    let (_, rest) = object.split_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
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
        let mut days: BTreeMap<i32, [Vec<DataFile>; 3]> = BTreeMap::new();
        let mut weeks: BTreeMap<i32, [Vec<DataFile>; 2]> = BTreeMap::new();
        for (place, table) in [Table::ActivityHourly, Table::Figures, Table::AdminEvents].into_iter().enumerate() {
            for file in self.files(table) {
                days.entry(file.statistics.event_date).or_default()[place].push(file.clone());
            }
        }
        for (place, table) in [Table::ThemeWeeks, Table::PupilDays].into_iter().enumerate() {
            for file in self.files(table) {
                weeks.entry(monday(file.statistics.event_date)).or_default()[place].push(file.clone());
            }
        }
        let mut parts = in_parallel(days.into_iter().collect(), |(date, [files, figures, admin])| {
            let mut facts = self.day_facts(date, &files, &figures)?;
            self.changes(date, &admin, &mut facts)?;
            Ok(facts)
        })?;
        parts.extend(in_parallel(weeks.into_iter().collect(), |(week, [files, people])| {
            let mut facts = self.week_facts(week, &files)?;
            self.people_facts(week, &people, &mut facts)?;
            Ok(facts)
        })?);
        let mut all = Facts::new();
        for part in parts {
            for (id, part) in part {
                let school = all.entry(id).or_default();
                school.days.extend(part.days);
                for (source, dates) in part.hours {
                    school.hours.entry(source).or_default().extend(dates);
                }
                school.theme_weeks.extend(part.theme_weeks);
                school.people.extend(part.people);
                school.changes.extend(part.changes);
                for (site, first) in part.ai_since {
                    school.ai_since.entry(site).and_modify(|known| *known = first.min(*known)).or_insert(first);
                }
                for (source, dates) in part.delays {
                    school.delays.entry(source).or_default().extend(dates);
                }
                for (what, days) in part.reached {
                    school.reached.entry(what).or_default().extend(days);
                }
                school.oldest_person = school.oldest_person.into_iter().chain(part.oldest_person).min();
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

    fn day_facts(&self, date: i32, files: &[DataFile], figures: &[DataFile]) -> Result<Facts, VerifyError> {
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
            let [school, source, _, _, _, hour, kind, _, _, furniture] = *key;
            let requests = values[0];
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
            ranked.push((rank, about, key, values));
        }
        let mut deciding: BTreeSet<(u32, u32, bool)> = BTreeSet::new();
        for (rank, about, key, values) in ranked {
            let [school, source, profile, user_type, _, _, _, action, category, _] = *key;
            let [requests, identified, https, path_visible, categorised, _] = *values;
            if first.get(&school) != Some(&rank) {
                continue;
            }
            let is_dns = rank == DNS;
            deciding.insert((school, source, is_dns));
            let told = facts.entry(words.shown(school).to_owned()).or_default();
            let day = told.days.entry(date).or_default();
            let (action, user_type_word) = (words.shown(action), words.shown(user_type));
            day.requests += requests;
            if user_type_word != "guest" {
                day.identified.sum(identified, requests);
            }
            day.categorised.sum(categorised, requests);
            if !is_dns {
                day.path_visible.sum(path_visible, https);
            }
            if matches!(action, "blocked" | "warned" | "overridden") {
                day.overrides.count(requests, action == "overridden");
            }
            let category_word = words.shown(category);
            if about.logs_allowed {
                day.illegal.count(requests, action == "allowed" && ALWAYS_BLOCKED.contains(&category_word));
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
        self.kept_facts(date, figures, &deciding, &mut words, &mut facts)?;
        Ok(facts)
    }

    /// Adds what only raw rows could give, of the sources that decide for each school's day.
    fn kept_facts(
        &self,
        date: i32,
        files: &[DataFile],
        deciding: &BTreeSet<(u32, u32, bool)>,
        words: &mut Words,
        facts: &mut Facts,
    ) -> Result<(), VerifyError> {
        let mut rows = Cells::default();
        for file in files {
            let path = self.lake.path_of(Table::Figures, file)?;
            let mut keep = |key: &[u32; 5], words: &Words| Ok(self.is_asked(words.shown(key[0])));
            figures::SHAPE.stored(&path, words, &mut rows, &mut keep, &mut Vec::new())?;
        }
        for ([school, source, indicator, _, dimensions], [of, over]) in &rows {
            let dimensions = words.shown(*dimensions);
            if words.shown(*indicator) == "alert_delay" {
                let told = facts.entry(words.shown(*school).to_owned()).or_default();
                let steps = told.delays.entry(words.shown(*source).to_owned()).or_default().entry(date).or_default();
                // A step is its upper bound; the last has none.
                let step = value_of(dimensions, "within_minutes").and_then(|minutes| minutes.parse().ok()).unwrap_or(MORE);
                *steps.entry(step).or_default() += of;
                continue;
            }
            let is_dns = dimensions.contains("\"kind\":\"dns\"");
            let Some(told) = facts.get_mut(words.shown(*school)).filter(|_| deciding.contains(&(*school, *source, is_dns)))
            else {
                continue;
            };
            let day = told.days.entry(date).or_default();
            match words.shown(*indicator) {
                "evidence_fields" if dimensions.contains("\"field\":\"all\"") => day.evidence.sum(*of, *over),
                "search_visible_share" => day.search_visible.sum(*of, *over),
                "ai_first_seen" => {
                    if let Some(site) = value_of(dimensions, "domain") {
                        told.ai_since.insert(site.to_owned(), date);
                    }
                }
                "safe_search_share" => {
                    let part = SAFE_SEARCH.iter().position(|part| dimensions.contains(&format!("\"part\":\"{part}\"")));
                    if let Some(share) = part.and_then(|part| day.safe_search.get_mut(part)) {
                        share.sum(*of, *over);
                    }
                }
                _ => {}
            }
        }
        Ok(())
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
            let told = facts.entry(words.shown(*school).to_owned()).or_default();
            told.theme_weeks.insert(week);
            if words.shown(*user_type) != "pupil" {
                continue;
            }
            let weeks = told.weeks.entry(words.shown(*topic).to_owned()).or_default();
            weeks.push((week, words.shown(*since).to_owned(), *people));
        }
        Ok(facts)
    }

    fn people_facts(&self, week: i32, files: &[DataFile], facts: &mut Facts) -> Result<(), VerifyError> {
        let mut words = Words::default();
        // (school, person) -> the earliest since of their severe searches; (school, date, topic, person) -> outside school hours.
        let mut severe: HashMap<(u32, u32), u32, RandomState> = HashMap::default();
        let mut themes: HashMap<(u32, i32, u32, u32), bool, RandomState> = HashMap::default();
        for file in files {
            let (path, mut rows) = (self.lake.path_of(Table::PupilDays, file)?, Cells::default());
            let mut keep = |key: &[u32; 7], words: &Words| Ok(self.is_asked(words.shown(key[0])));
            pupil_days::SHAPE.stored(&path, &mut words, &mut rows, &mut keep, &mut Vec::new())?;
            let date = file.statistics.event_date;
            for ([school, _, user, user_type, _, topic, since], [severity, search_severity, _, _, _, _, outside, ..]) in &rows {
                let told = facts.entry(words.shown(*school).to_owned()).or_default();
                told.people.entry(week).or_default();
                told.oldest_person = told.oldest_person.into_iter().chain([date]).min();
                if words.shown(*user_type) != "pupil" {
                    continue;
                }
                let (topic_word, is_outside) = (words.shown(*topic), *outside > 0);
                if *search_severity >= SEVERE && topic_word != HELP {
                    let known = severe.get(&(*school, *user)).copied().unwrap_or(*since);
                    let first = earlier(words.shown(known), words.shown(*since)).to_owned();
                    severe.insert((*school, *user), words.id(&first));
                }
                let topic_word = words.shown(*topic);
                if *severity >= 2 && !matches!(topic_word, HELP | AI) {
                    let what = (topic_word.to_owned(), words.shown(*user).to_owned());
                    facts.entry(words.shown(*school).to_owned()).or_default().reached.entry(what).or_default().insert(date);
                }
                if *severity >= 1 && !matches!(topic_word, HELP | AI) {
                    *themes.entry((*school, date, *topic, *user)).or_default() |= is_outside;
                }
            }
        }
        // Every school with days of people has its entry by now.
        let mut told = |school: u32, tell: &dyn Fn(&mut People)| {
            if let Some(people) = facts.get_mut(words.shown(school)).and_then(|school| school.people.get_mut(&week)) {
                tell(people);
            }
        };
        for ((school, _), since) in severe {
            told(school, &|people| *people.severe.entry(words.shown(since).to_owned()).or_default() += 1);
        }
        for ((school, ..), is_outside) in themes {
            told(school, &|people| people.outside.count(1, is_outside));
        }
        Ok(())
    }

    fn changes(&self, date: i32, files: &[DataFile], facts: &mut Facts) -> Result<(), VerifyError> {
        let mut words = Words::default();
        for file in files {
            let path = self.lake.path_of(Table::AdminEvents, file)?;
            read(&path, Table::AdminEvents, &["school_id", "operation", "object", "event_time"], |columns| {
                let (schools, operations) = (columns.words("school_id", &mut words)?, columns.words("operation", &mut words)?);
                let (objects, times) = (columns.words("object", &mut words)?, columns.numbers("event_time", 0)?);
                for row in (0..columns.rows).filter(|row| self.is_asked(words.shown(schools[*row]))) {
                    let told = facts.entry(words.shown(schools[row]).to_owned()).or_default();
                    let things = told.changes.entry(date).or_default();
                    if CHANGES.contains(&words.shown(operations[row])) {
                        let thing = things.entry(words.shown(objects[row]).to_owned()).or_insert((times[row], 0));
                        *thing = (thing.0.min(times[row]), thing.1 + 1);
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
