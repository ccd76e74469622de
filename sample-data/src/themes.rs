//! Plants what a safeguarding lead looks for, a week at a time, and counts exactly what was planted.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{self, Block};
use crate::content::{THEMES, Theme};
use crate::days::{Day, monday};
use crate::line::Action;
use crate::people::{Kind, People};
use crate::policy;
use crate::rng::Rng;
use crate::school_day::{SchoolDay, Visit};
use crate::schools::School;
use crate::truth::ThemeTruth;

/// What one person does about one theme on one day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incident {
    pub day: Day,
    pub person: u32,
    pub theme: &'static Theme,
}

/// Counts what was written, by half-term and theme.
#[derive(Debug, Default)]
pub(crate) struct ThemeCount {
    cells: BTreeMap<(i32, usize, &'static str), Cell>,
}

#[derive(Debug, Default)]
struct Cell {
    half_term: String,
    pupil_weeks: BTreeSet<(Day, u32)>,
    searches: u64,
    pages: u64,
}

impl ThemeCount {
    /// Counts requests of a pupil on a school day or any day inside a block's weeks.
    pub fn add(&mut self, school: &School, day: Day, person: u32, theme: &'static str, searches: u64, pages: u64) {
        let Some((place, block)) = block_with_weekends(school.nation, day) else { return };
        let cell = self.cells.entry((block.year, place, theme)).or_default();
        if cell.half_term.is_empty() {
            cell.half_term = block.title();
        }
        cell.pupil_weeks.insert((monday(day), person));
        cell.searches += searches;
        cell.pages += pages;
    }

    /// The rows for truth.json, by half-term, then theme.
    pub fn rows(&self) -> Vec<ThemeTruth> {
        self.cells
            .iter()
            .map(|((_, _, theme), cell)| ThemeTruth {
                half_term: cell.half_term.clone(),
                theme: (*theme).to_owned(),
                pupil_weeks: cell.pupil_weeks.len() as u64,
                pupils: cell.pupil_weeks.iter().map(|(_, person)| person).collect::<BTreeSet<_>>().len() as u64,
                searches: cell.searches,
                pages: cell.pages,
            })
            .collect()
    }
}

fn block_with_weekends(nation: &str, day: Day) -> Option<(usize, &'static Block)> {
    calendar::blocks(nation).iter().enumerate().find(|(_, block)| (monday(block.start)..=monday(block.end) + 6).contains(&day))
}

/// The incidents of the week that starts on a Monday, over all its school days whether in range or not, so that a shorter
/// range of days holds the same lines for the days it has.
pub(crate) fn plan_week(school: &School, people: &People, seed: u64, week: Day) -> Vec<Incident> {
    let mut rng = Rng::named(seed, &format!("week/{}/{week}", school.id));
    let days: Vec<Day> = (week..week + 5).filter(|&day| calendar::is_school_day(school.id, school.nation, day)).collect();
    let pupils = people.pupils_on(week + 4);
    let mut plan = Vec::new();
    if days.is_empty() || pupils.is_empty() {
        return plan;
    }
    let mut years = Rng::named(seed, &format!("regulars/{}/{}", school.id, calendar::year_of(week + 4)));
    let regulars: Vec<u32> = (0..1 + pupils.len() / 80).map(|_| *years.pick(pupils)).collect();
    for theme in &THEMES {
        let rate = if school.phase.is_older() { theme.older } else { theme.young };
        let visible = (school.format.shows_paths() && !theme.terms.is_empty())
            || theme.site.is_some_and(|site| school.format.names_category(site.category));
        let count = rng.poisson(rate * pupils.len() as f64 / 100.0 * days.len() as f64 / 5.0);
        if !visible {
            continue;
        }
        let mut chosen = BTreeSet::new();
        for _ in 0..count {
            // Some come up again and again: one in four is one of the year's regulars.
            chosen.insert(if rng.chance(0.25) { *rng.pick(&regulars) } else { *rng.pick(pupils) });
        }
        for person in chosen {
            plan.push(Incident { day: *rng.pick(&days), person, theme });
            if rng.chance(0.15) {
                plan.push(Incident { day: *rng.pick(&days), person, theme });
            }
        }
    }
    // People whose searches must stay out of every pupil rate: a member of staff who prepares a lesson, a library desk.
    for others in [&people.staff, &people.shared] {
        if school.phase.is_older() && rng.chance(0.25) {
            plan.push(Incident { day: *rng.pick(&days), person: *rng.pick(others), theme: &THEMES[0] });
        }
    }
    plan
}

/// Writes an incident into the day; gives back how many searches and pages carry the theme.
pub(crate) fn play(day: &mut SchoolDay<'_>, incident: &Incident) -> (u64, u64) {
    let evening = day.school.phase.is_older() && day.rng.chance(0.12);
    let mut time_ms = if evening {
        let minutes = day.rng.between(975, 1_300);
        day.at(minutes)
    } else {
        day.lesson_time()
    };
    let device = day.device_of(incident.person);
    let second = day.people.all.get(incident.person as usize).is_some_and(|person| person.second.is_some());
    let (mut searches, mut pages) = (0, 0);
    let theme = incident.theme;
    let can_search = day.school.format.shows_paths() && !theme.terms.is_empty();
    let site = theme.site.filter(|site| day.school.format.names_category(site.category));
    if can_search && (site.is_none() || day.rng.chance(0.6)) {
        for _ in 0..day.rng.between(1, 3) {
            let second_login = second && day.rng.chance(0.5);
            let term = *day.rng.pick(theme.terms);
            let site = crate::content::LESSON_SITES[0];
            day.search(&Visit { time_ms, person: incident.person, second_login, device, site, action: Action::Allowed }, term);
            searches += 1;
            time_ms += day.rng.between(15_000, 90_000);
        }
    }
    if let Some(site) = site {
        let wanted = if searches == 0 { day.rng.between(1, 4) } else { day.rng.between(0, 2) };
        for _ in 0..wanted {
            let action = policy::expected(day.school, Kind::Pupil, site.category);
            let second_login = second && day.rng.chance(0.5);
            day.page(&Visit { time_ms, person: incident.person, second_login, device, site, action });
            pages += 1;
            time_ms += day.rng.between(4_000, 60_000);
        }
    }
    (searches, pages)
}
