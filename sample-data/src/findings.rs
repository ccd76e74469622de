//! The stories planted on purpose, each with the figures a reader must find.

use std::collections::{BTreeMap, BTreeSet};

use crate::category::Category;
use crate::content::{LESSON_SITES, Site, THEMES};
use crate::days::{Day, day, iso, weekday};
use crate::line::Action;
use crate::people::{Kind, People};
use crate::rng::Rng;
use crate::school_day::{SchoolDay, Visit};
use crate::themes::ThemeCount;
use crate::truth::Finding;

/// The days the Oakfield juniors' filter sends nothing.
const SILENT: [Day; 2] = [day(2026, 10, 13), day(2026, 10, 14)];
const SILENT_SCHOOL: &str = "oakfield-juniors";

const CLUSTER: (&str, Day, Day) = ("harbour-secondary", day(2026, 11, 10), day(2026, 11, 13));
const CLUSTER_TERMS: [&str; 3] = ["self harm", ASKING_TERM, "self harm help"];
/// It asks for help too, and stays what it says: severe words stand beside a call for help.
const ASKING_TERM: &str = "how to stop self harming";
const CLUSTER_PUPILS: usize = 9;

const RISE: (&str, Day, Day) = ("ysgol-cwm-derw", day(2026, 9, 14), day(2026, 10, 23));
/// Pupils in 100 a school week, beside the usual rate.
const RISE_RATE: f64 = 1.5;

const CHANGE: (&str, Day) = ("kestrel-academy", day(2026, 10, 5));
const FAILURE: (&str, Day, Day) = ("kestrel-academy", day(2026, 10, 6), day(2026, 10, 22));
const FAILURE_SITE: Site =
    Site { host: "www.spinharbour.example", category: Category::Gambling, paths: &["/free-spins/", "/"], inspectable: true };

const OVERBLOCK: (&str, Day, Day) = ("st-brannocks", day(2026, 9, 21), day(2026, 11, 20));
const OVERBLOCK_SITE: Site = Site {
    host: "www.cellsandgenes.example",
    category: Category::Pornography,
    paths: &["/gcse/reproduction/", "/gcse/cells/"],
    inspectable: true,
};
const OVERBLOCK_ADVICE: Site = Site {
    host: "www.growing-up-guide.example",
    category: Category::SexEducation,
    paths: &["/lessons/", "/year-9/"],
    inspectable: true,
};

const NEW_AI: (&str, Day) = ("ysgol-nant-y-coed", day(2026, 10, 8));
const NEW_AI_SITE: Site = Site { host: "www.perplexity.ai", category: Category::AiAssistant, paths: &["/"], inspectable: false };

/// Whether a school's own filter is silent on a day.
pub(crate) fn is_silent(school: &str, day: Day) -> bool {
    school == SILENT_SCHOOL && SILENT.contains(&day)
}

/// What one school's stories have come to so far.
#[derive(Debug, Default)]
pub(crate) struct Stories {
    figures: BTreeMap<&'static str, Figures>,
}

#[derive(Debug)]
struct Figures {
    from: Day,
    to: Day,
    people: BTreeSet<u32>,
    person_weeks: BTreeSet<(Day, u32)>,
    counts: BTreeMap<&'static str, u64>,
}

impl Stories {
    fn figures(&mut self, kind: &'static str, day: Day) -> &mut Figures {
        let figures = self.figures.entry(kind).or_insert_with(|| Figures {
            from: day,
            to: day,
            people: BTreeSet::new(),
            person_weeks: BTreeSet::new(),
            counts: BTreeMap::new(),
        });
        figures.to = figures.to.max(day);
        figures
    }

    fn count(&mut self, kind: &'static str, day: Day, what: &'static str, number: u64) {
        *self.figures(kind, day).counts.entry(what).or_default() += number;
    }

    fn person(&mut self, kind: &'static str, day: Day, person: u32) {
        let figures = self.figures(kind, day);
        figures.people.insert(person);
        figures.person_weeks.insert((crate::days::monday(day), person));
    }

    /// Notes a silent school day.
    pub fn silent_day(&mut self, day: Day) {
        self.count("silent_feed", day, "silent_school_days", 1);
    }

    /// Adds what the stories of this school have for this day.
    pub fn play(&mut self, seed: u64, today: &mut SchoolDay<'_>, themes: &mut ThemeCount) {
        let (id, date, school_day) = (today.school.id, today.day, today.is_school_day());
        let within = |story: (&str, Day, Day)| story.0 == id && (story.1..=story.2).contains(&date);
        if within(CLUSTER) && school_day {
            self.cluster(seed, today, themes);
        }
        if within(RISE) && school_day {
            self.rise(seed, today, themes);
        }
        if (id, date) == CHANGE {
            today.push_policy_change(20 * 60 + 14, "it.contractor", "ftgd-wf:filters[gambling]:action[block->monitor]");
            self.count("unapproved_change", date, "admin_events", 1);
        }
        if within(FAILURE) && school_day {
            self.filter_failure(today, themes);
        }
        if within(OVERBLOCK) && school_day {
            self.over_blocking(today, themes);
        }
        if id == NEW_AI.0 && date >= NEW_AI.1 && school_day {
            self.new_ai(today);
        }
    }

    fn visit(today: &mut SchoolDay<'_>, person: u32, site: Site, action: Action) -> Visit {
        let (time_ms, device) = (today.lesson_time(), today.device_of(person));
        Visit { time_ms, person, second_login: false, device, site, action }
    }

    /// Nine pupils of Years 9 and 10; each searches on one to three of the four days.
    fn cluster(&mut self, seed: u64, today: &mut SchoolDay<'_>, themes: &mut ThemeCount) {
        let mut rng = Rng::named(seed, "story/cluster");
        let older = pupils_of(today.people, today.day, &[2023, 2024]);
        let mut chosen = BTreeSet::new();
        while chosen.len() < CLUSTER_PUPILS.min(older.len()) {
            chosen.insert(*rng.pick(&older));
        }
        for person in chosen {
            // Which of the four days, as four bits, never none.
            let days = 1 + rng.below(15);
            if days >> (today.day - CLUSTER.1) & 1 == 0 {
                continue;
            }
            let searches = today.rng.between(1, 3) as u64;
            let mut asking = 0;
            for _ in 0..searches {
                let visit = Self::visit(today, person, LESSON_SITES[0], Action::Allowed);
                let term = *today.rng.pick(&CLUSTER_TERMS);
                asking += u64::from(term == ASKING_TERM);
                today.search(&visit, term);
            }
            themes.add(today.school, today.day, person, "self_harm", searches, 0);
            if asking > 0 {
                themes.add(today.school, today.day, person, "help_seeking", asking, 0);
            }
            self.person("search_cluster", today.day, person);
            self.count("search_cluster", today.day, "searches", searches);
        }
    }

    fn rise(&mut self, seed: u64, today: &mut SchoolDay<'_>, themes: &mut ThemeCount) {
        let week = crate::days::monday(today.day);
        let mut rng = Rng::named(seed, &format!("story/rise/{week}"));
        let pupils = today.people.pupils_on(today.day);
        let Some(site) = THEMES.iter().find(|theme| theme.id == "circumvention").and_then(|theme| theme.site) else { return };
        for _ in 0..rng.poisson(RISE_RATE * pupils.len() as f64 / 100.0) {
            let person = *rng.pick(pupils);
            if rng.between(0, 4) != i64::from(weekday(today.day)) {
                continue;
            }
            let requests = today.rng.between(2, 6) as u64;
            for _ in 0..requests {
                let visit = Self::visit(today, person, site, Action::Blocked);
                today.page(&visit);
            }
            themes.add(today.school, today.day, person, "circumvention", 0, requests);
            self.person("circumvention_rise", today.day, person);
            self.count("circumvention_rise", today.day, "blocked_requests", requests);
        }
    }

    fn filter_failure(&mut self, today: &mut SchoolDay<'_>, themes: &mut ThemeCount) {
        let pupils = today.people.pupils_on(today.day);
        for _ in 0..today.rng.between(1, 3) {
            let person = *today.rng.pick(pupils);
            let requests = today.rng.between(1, 3) as u64;
            for _ in 0..requests {
                let visit = Self::visit(today, person, FAILURE_SITE, Action::Allowed);
                today.page(&visit);
            }
            themes.add(today.school, today.day, person, "gambling", 0, requests);
            self.person("filter_failure", today.day, person);
            self.count("filter_failure", today.day, "allowed_requests", requests);
        }
    }

    /// A biology class on Tuesdays and Thursdays, and a lesson on growing up on Wednesdays, both stopped.
    fn over_blocking(&mut self, today: &mut SchoolDay<'_>, themes: &mut ThemeCount) {
        let (site, cohort, counted) = match weekday(today.day) {
            1 | 3 => (OVERBLOCK_SITE, 2023, "biology_requests_blocked"),
            2 => (OVERBLOCK_ADVICE, 2024, "sex_education_requests_blocked"),
            _ => return,
        };
        let class = pupils_of(today.people, today.day, &[cohort]);
        if class.is_empty() {
            return;
        }
        let start = today.at(725);
        for place in 0..7 {
            let person = class[(place * 5 + today.day as usize) % class.len()];
            let mut visit = Self::visit(today, person, site, Action::Blocked);
            visit.time_ms = start + today.rng.between(60_000, 1_500_000);
            today.page(&visit);
            if site.category == Category::Pornography {
                // The log says adult, so any reader must count it so: that is what makes over-blocking harmful.
                themes.add(today.school, today.day, person, "sexual_content", 0, 1);
            }
            self.person("over_blocking", today.day, person);
            self.count("over_blocking", today.day, counted, 1);
        }
    }

    fn new_ai(&mut self, today: &mut SchoolDay<'_>) {
        if today.day == NEW_AI.1 || today.rng.chance(0.4) {
            let staff = *today.rng.pick(&today.people.staff);
            let visit = Self::visit(today, staff, NEW_AI_SITE, Action::Allowed);
            today.page(&visit);
            self.count("ai_first_seen", today.day, "allowed_requests_staff", 1);
        }
        if today.day > NEW_AI.1 && today.rng.chance(0.5) {
            let pupil = *today.rng.pick(today.people.pupils_on(today.day));
            let visit =
                Self::visit(today, pupil, NEW_AI_SITE, crate::policy::expected(today.school, Kind::Pupil, NEW_AI_SITE.category));
            today.page(&visit);
            self.count("ai_first_seen", today.day, "blocked_requests_pupils", 1);
        }
    }

    /// The stories for truth.json.
    pub fn findings(&self, school: &str, source: &str) -> Vec<Finding> {
        self.figures
            .iter()
            .map(|(kind, figures)| {
                let mut expected: BTreeMap<String, u64> =
                    figures.counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
                if !figures.people.is_empty() {
                    expected.insert("people".to_owned(), figures.people.len() as u64);
                    expected.insert("person_weeks".to_owned(), figures.person_weeks.len() as u64);
                }
                Finding {
                    kind: (*kind).to_owned(),
                    school_id: school.to_owned(),
                    source_id: source.to_owned(),
                    from: iso(figures.from),
                    to: iso(figures.to),
                    what: sentence(kind).to_owned(),
                    expected,
                }
            })
            .collect()
    }
}

/// The pupils of some cohorts who are on roll that day.
fn pupils_of(people: &People, day: Day, cohorts: &[i32]) -> Vec<u32> {
    let in_cohort = |person: &&u32| people.all.get(**person as usize).is_some_and(|person| cohorts.contains(&person.entry));
    people.pupils_on(day).iter().filter(in_cohort).copied().collect()
}

fn sentence(kind: &str) -> &'static str {
    match kind {
        "silent_feed" => "the filter sent no log on two school days",
        "search_cluster" => "a group of pupils in Years 9 and 10 searched for self-harm and for help with it in one week",
        "circumvention_rise" => "far more pupils than a year before were stopped from a VPN download site",
        "filter_failure" => "a gambling site was let through although policy says block, after a filter change",
        "over_blocking" => {
            "a biology revision site was stopped as adult, and lessons on growing up were stopped although policy allows them"
        }
        "unapproved_change" => "an outside technician set gambling from block to monitor one evening; nobody recorded it",
        _ => "an AI tool not seen before appeared",
    }
}

/// Schools with a story, for tests.
#[cfg(test)]
pub(crate) fn story_schools() -> BTreeSet<&'static str> {
    [SILENT_SCHOOL, CLUSTER.0, RISE.0, CHANGE.0, FAILURE.0, OVERBLOCK.0, NEW_AI.0].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar;
    use crate::schools::SCHOOLS;

    #[test]
    fn stories_stand_at_schools_that_exist_on_school_days() {
        for id in story_schools() {
            assert!(SCHOOLS.iter().any(|school| school.id == id), "{id}");
        }
        for silent in SILENT {
            assert!(calendar::is_school_day(SILENT_SCHOOL, "england", silent));
        }
    }
}
