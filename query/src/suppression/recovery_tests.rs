//! A reader who wants to know: tries to work out hidden numbers from everything that is published, by exact linear programming.
//!
//! The reader knows who adds up to what, pupils on roll and days with logs, which marks stand for few people, and that few is 0 to 4
//! a week; of a cell hidden for another's sake nothing. It must succeed where only few cells are hidden, and fail where the rest of
//! the suppression is done.

use proptest::prelude::*;

use super::simplex::System;
use super::*;
use crate::indicator::{FigureRow, Indicator};
use crate::publish::block::{Before, Block, Mark, Number, Outcome};
use crate::publish::groups::{all_groups, nested};

/// Pupil-weeks and distinct people of a half-term.
type Few = (u64, u64);

/// An estate: for each school its groups (governing body, trust, authority) and its half-terms.
#[derive(Debug, Clone)]
struct Estate {
    groups: Vec<[Option<u8>; 3]>,
    figures: Vec<Vec<Option<Few>>>,
}

const WEEKS: u64 = 7;

fn row(school: usize, period: usize, figure: Few) -> FigureRow {
    let (numerator, people) = figure;
    let start = jiff::civil::date(2025, 9, 1);
    FigureRow {
        indicator: "theme_rate".into(),
        version: 1,
        school_id: format!("school-{school}"),
        academic_year: "2025-26".into(),
        period_no: period as u32 + 1,
        label: format!("Half-term {}", period + 1),
        start,
        // 7 weeks less a day: five whole weeks between, and two more for its ends.
        end: jiff::civil::date(2025, 10, 10),
        school_days: 30,
        past_days: 30,
        counted_days: 30,
        logged_days: 30,
        pupils: Some(90),
        dimension: Some("gambling".into()),
        week: None,
        part: None,
        numerator: Some(numerator as f64),
        denominator: Some(540.0),
        value: Some(numerator as f64 / 5.4),
        coverage: Some(1.0),
        comparable: Some(numerator as f64),
        people: Some(people),
        most_active: None,
        dispersion: None,
    }
}

/// What was published: parents, outcomes, and which cells are few, by entity and column.
struct Release {
    parents: Vec<Option<usize>>,
    outcomes: Vec<Vec<Option<Outcome>>>,
    is_few: Vec<Vec<bool>>,
}

impl Estate {
    fn schools(&self) -> Vec<crate::page::SchoolFacts> {
        let name = |kind: &str, group: Option<u8>| group.map(|group| format!("{kind} {group}"));
        self.groups
            .iter()
            .enumerate()
            .map(|(at, [body, trust, authority])| crate::page::SchoolFacts {
                school_id: format!("school-{at}"),
                name: format!("School {at}"),
                phase: "primary".into(),
                nation: "england".into(),
                urn: None,
                governing_body: name("body", *body),
                trust: name("trust", *trust),
                authority: name("authority", *authority),
                pupils: Some(90),
            })
            .collect()
    }

    fn block(&self, half_terms: usize, with_year: bool, before: Option<&Release>) -> Block<'static> {
        let schools = self.schools();
        let groups = all_groups(&schools);
        let (kept, of_groups, of_schools) = nested(&groups, schools.len());
        let first = kept.len();
        let entities = first + schools.len();
        let columns = self.figures[0].len() + 1;
        let is_due = |column: usize| if column == YEAR { with_year } else { column <= half_terms };
        Block {
            indicator: Indicator::find("theme_rate").unwrap(),
            parents: of_groups.into_iter().chain(of_schools).collect(),
            rows: (0..entities)
                .map(|entity| {
                    let Some(school) = entity.checked_sub(first) else { return Vec::new() };
                    let figures = self.figures[school].iter().enumerate();
                    figures
                        .map(|(period, figure)| figure.filter(|_| is_due(period + 1)).map(|figure| row(school, period, figure)))
                        .collect()
                })
                .collect(),
            is_due: vec![(0..columns).map(is_due).collect(); entities],
            before: match before {
                Some(release) => release
                    .outcomes
                    .iter()
                    .map(|columns| {
                        columns
                            .iter()
                            .map(|outcome| outcome.map(|outcome| Before { mark: outcome.mark, number: outcome.number }))
                            .collect()
                    })
                    .collect(),
                None => vec![vec![None; columns]; entities],
            },
            follows: vec![Vec::new(); entities],
            threshold: THRESHOLD,
        }
    }

    fn release(&self) -> Release {
        self.release_of(self.figures[0].len(), true, None)
    }

    fn release_of(&self, half_terms: usize, with_year: bool, before: Option<&Release>) -> Release {
        let block = self.block(half_terms, with_year, before);
        let outcomes = block.outcomes().unwrap();
        let is_few = self.few(&block.parents);
        Release { parents: block.parents, outcomes, is_few }
    }

    /// Which cells are few by the rule itself, computed here anew: people of a year at least those of its largest half-term, people
    /// of a group those of its schools.
    fn few(&self, parents: &[Option<usize>]) -> Vec<Vec<bool>> {
        let columns = self.figures[0].len() + 1;
        let first = parents.len() - self.figures.len();
        let mut people = vec![vec![0u64; columns]; parents.len()];
        for (school, figures) in self.figures.iter().enumerate() {
            let mut year = 0;
            for (period, figure) in figures.iter().enumerate() {
                let here = figure.map_or(0, |(_, people)| people);
                year = year.max(here);
                let mut entity = Some(first + school);
                while let Some(at) = entity {
                    people[at][period + 1] += here;
                    entity = parents[at];
                }
            }
            let mut entity = Some(first + school);
            while let Some(at) = entity {
                people[at][YEAR] += year;
                entity = parents[at];
            }
        }
        people
            .iter()
            .map(|columns| {
                let most = columns.iter().skip(1).copied().max().unwrap_or(0).max(columns[YEAR]);
                columns
                    .iter()
                    .enumerate()
                    .map(|(at, people)| if at == YEAR { most < THRESHOLD } else { *people < THRESHOLD })
                    .collect()
            })
            .collect()
    }
}

/// The hidden few cells that the reader works out: a single value, or a value that can't be none.
fn recovered(release: &Release) -> Vec<(usize, usize)> {
    let mut unknown: Vec<(usize, usize)> = Vec::new();
    let at = |unknown: &[(usize, usize)], cell: (usize, usize)| unknown.iter().position(|other| *other == cell);
    let columns = release.outcomes[0].len();
    for entity in 0..release.parents.len() {
        for column in 0..columns {
            if release.outcomes[entity][column].is_some_and(|outcome| outcome.mark == Mark::Hidden) {
                unknown.push((entity, column));
            }
        }
    }
    let mut system = System { numbers: unknown.len(), sums: Vec::new() };
    let mut add = |parts: Vec<(usize, usize)>, total: (usize, usize)| {
        let cell = |(entity, column): (usize, usize)| release.outcomes[entity][column];
        let parts: Vec<(usize, usize)> =
            parts.into_iter().filter(|part| cell(*part).is_some_and(|it| it.mark != Mark::NotAvailable)).collect();
        if cell(total).is_none() || parts.is_empty() {
            return;
        }
        let mut numbers = Vec::new();
        let mut known = 0i128;
        for (part, times) in parts.into_iter().map(|part| (part, 1)).chain([(total, -1)]) {
            match (at(&unknown, part), cell(part).and_then(|outcome| outcome.number)) {
                (Some(number), _) => numbers.push((number, times)),
                // Rate times exposure is as good as the count: both are in every shown cell.
                (None, Some(number)) => known += times * (number.numerator.round() as i128),
                (None, None) => return,
            }
        }
        if !numbers.is_empty() {
            system.sums.push((numbers, -known));
        }
    };
    for entity in 0..release.parents.len() {
        add((1..columns).map(|column| (entity, column)).collect(), (entity, YEAR));
        let members: Vec<usize> = (0..release.parents.len()).filter(|member| release.parents[*member] == Some(entity)).collect();
        if !members.is_empty() {
            for column in 0..columns {
                add(members.iter().map(|member| (*member, column)).collect(), (entity, column));
            }
        }
    }
    for (number, (entity, column)) in unknown.iter().enumerate() {
        if release.is_few[*entity][*column] {
            let half_terms = if *column == YEAR { columns - 1 } else { 1 };
            system.at_most(number, ((THRESHOLD - 1) * WEEKS) as i128 * half_terms as i128);
        }
    }
    let mut solved = system.solve().expect("what was published is possible");
    unknown
        .iter()
        .enumerate()
        .filter(|(number, (entity, column))| {
            let (least, most) = solved.range(*number, system.numbers);
            let is_one = most.is_some_and(|most| most.floor() <= least.ceiling());
            is_one || (release.is_few[*entity][*column] && least.ceiling() > 0)
        })
        .map(|(_, cell)| *cell)
        .collect()
}

fn schools(groups: [Option<u8>; 3], figures: &[&[u64]]) -> Estate {
    // One week's worth: as many people as pupil-weeks.
    let figures = figures.iter().map(|row| row.iter().map(|value| Some((*value, *value))).collect()).collect::<Vec<_>>();
    Estate { groups: vec![groups; figures.len()], figures }
}

/// The few are hidden and nothing else.
fn unprotected(estate: &Estate) -> Release {
    let mut release = estate.release();
    let (columns, first) = (estate.figures[0].len() + 1, release.parents.len() - estate.figures.len());
    let mut sums = vec![vec![0u64; columns]; release.parents.len()];
    for (school, figures) in estate.figures.iter().enumerate() {
        for (period, (numerator, _)) in figures.iter().enumerate().filter_map(|(period, figure)| Some((period, (*figure)?))) {
            let mut entity = Some(first + school);
            while let Some(at) = entity {
                sums[at][period + 1] += numerator;
                sums[at][YEAR] += numerator;
                entity = release.parents[at];
            }
        }
    }
    for (entity, outcomes) in release.outcomes.iter_mut().enumerate() {
        for (column, outcome) in outcomes.iter_mut().enumerate() {
            if let Some(outcome) = outcome.as_mut().filter(|outcome| outcome.mark != Mark::NotAvailable) {
                *outcome = if release.is_few[entity][column] {
                    Outcome { mark: Mark::Hidden, number: None }
                } else {
                    let number = Number { numerator: sums[entity][column] as f64, denominator: 540.0 };
                    Outcome { mark: Mark::Shown, number: Some(number) }
                };
            }
        }
    }
    release
}

#[track_caller]
fn holds(estate: &Estate) {
    let release = estate.release();
    for (entity, few) in release.is_few.iter().enumerate() {
        for (column, few) in few.iter().enumerate() {
            if let Some(outcome) = release.outcomes[entity][column].filter(|_| *few) {
                assert!(outcome.mark != Mark::Shown && outcome.number.is_none(), "few people are shown: {entity} {column}");
            }
        }
    }
    assert_eq!(recovered(&release), [], "worked out from what is published: {estate:?}");
}

#[test]
fn a_year_against_its_half_terms() {
    // The first worked table of the rule: 12, 3, 9, 7, 0 with their total.
    let one = schools([None; 3], &[&[12, 3, 9, 7, 0]]);
    holds(&one);
    let shown: Vec<Mark> = one.release().outcomes.last().unwrap().iter().map(|outcome| outcome.unwrap().mark).collect();
    assert_eq!(shown, [Mark::Shown, Mark::Shown, Mark::Hidden, Mark::Shown, Mark::Shown, Mark::Hidden]);
    // With one small half-term alone, its number is the year less the others.
    let alone = schools([None; 3], &[&[12, 3, 9, 7, 8]]);
    assert_eq!(recovered(&unprotected(&alone)), [(0, 2)]);
    holds(&alone);
}

#[test]
fn a_table_with_its_margins() {
    let table = schools([None, Some(1), None], &[&[14, 3, 9], &[11, 8, 6], &[7, 12, 10]]);
    assert_eq!(recovered(&unprotected(&table)).len(), 1);
    holds(&table);
}

#[test]
fn an_infant_school_of_ninety() {
    // Hardly anything ever happens: nearly every cell is few, and a shown year must not tell the rest.
    for half_terms in [[0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 2, 0], [4, 4, 4, 4, 4, 4], [0, 0, 6, 0, 0, 0], [5, 0, 5, 5, 5, 5]] {
        holds(&schools([None; 3], &[&half_terms]));
    }
    assert_eq!(recovered(&unprotected(&schools([None; 3], &[&[5, 0, 5, 5, 5, 5]]))), [(0, 2)]);
}

#[test]
fn a_federation_of_two() {
    // Whoever governs both sees the federation's figures and may come from one of the schools.
    let two = schools([Some(1), None, Some(1)], &[&[3, 11, 9, 8, 14, 7], &[21, 17, 30, 25, 19, 22]]);
    assert!(!recovered(&unprotected(&two)).is_empty());
    holds(&two);
    holds(&schools([Some(1), None, None], &[&[0, 0, 0, 0, 0, 0], &[6, 0, 7, 9, 5, 5]]));
}

#[test]
fn a_trust_of_three() {
    let three = schools([None, Some(1), Some(2)], &[&[2, 12, 16, 9, 8, 11], &[31, 4, 22, 18, 27, 20], &[15, 14, 3, 19, 12, 10]]);
    assert!(!recovered(&unprotected(&three)).is_empty());
    holds(&three);
}

#[test]
fn half_terms_published_one_after_another() {
    // What was shown in the autumn stays shown; the year must give way where a half-term was hidden alone.
    let three = schools([None, Some(1), None], &[&[2, 12, 16], &[31, 6, 22], &[15, 14, 9]]);
    let autumn = three.release_of(1, false, None);
    let spring = three.release_of(2, false, Some(&autumn));
    let year = three.release_of(3, true, Some(&spring));
    for (earlier, later) in [(&autumn, &spring), (&spring, &year)] {
        assert_eq!(recovered(later), []);
        for (before, after) in earlier.outcomes.iter().flatten().zip(later.outcomes.iter().flatten()) {
            if let Some(before) = before {
                assert_eq!(Some(*before), *after, "a published cell changed");
            }
        }
    }
}

#[test]
fn where_nobody_is_few_nothing_is_hidden() {
    let three = schools([Some(1), Some(1), Some(2)], &[&[12, 12, 16], &[31, 6, 22], &[15, 14, 5]]);
    assert!(three.release().outcomes.iter().flatten().flatten().all(|outcome| outcome.mark == Mark::Shown));
}

#[test]
fn rare_requests_are_hidden_and_none_at_all_is_said() {
    let one = schools([None; 3], &[&[3, 40, 0, 12]]);
    let mut block = one.block(4, true, None);
    block.indicator = Indicator::find("filter_failures").unwrap();
    for row in block.rows.iter_mut().flatten().flatten() {
        (row.people, row.denominator) = (None, Some(10_000.0));
    }
    let marks: Vec<Mark> = block.outcomes().unwrap().last().unwrap().iter().map(|outcome| outcome.unwrap().mark).collect();
    // 3 requests are at most 3 people. The year would tell them, so the smallest half-term goes too: the one of none.
    assert_eq!(marks, [Mark::Shown, Mark::Hidden, Mark::Shown, Mark::Hidden, Mark::Shown]);
    // What got through is hidden wherever the pupils who tried are, whatever its own number.
    block.indicator = Indicator::find("circumvention_allowed").unwrap();
    block.follows = block.rows.iter().map(|row| (0..row.len()).map(|column| column == 1).collect()).collect();
    let marks: Vec<Mark> = block.outcomes().unwrap().last().unwrap().iter().map(|outcome| outcome.unwrap().mark).collect();
    assert_eq!(marks[2], Mark::Hidden);
}

fn estates() -> impl Strategy<Value = Estate> {
    let group = || proptest::option::of(0u8..2);
    let figure = prop_oneof![
        4 => (0u64..12).prop_map(|people| Some((people, people))),
        2 => (0u64..7, 1u64..4).prop_map(|(people, weeks)| Some((people * weeks, people))),
        1 => Just(None),
    ];
    (1usize..6, 2usize..5).prop_flat_map(move |(schools, half_terms)| {
        let groups = proptest::collection::vec([group(), group(), group()], schools);
        let figures = proptest::collection::vec(proptest::collection::vec(figure.clone(), half_terms), schools);
        (groups, figures).prop_map(|(groups, figures)| Estate { groups, figures })
    })
}

proptest! {
    #![proptest_config(crate::properties::cases(120))]

    #[test]
    fn no_estate_can_be_worked_out(estate in estates()) {
        holds(&estate);
    }

    #[test]
    fn nor_one_published_half_term_by_half_term(estate in estates()) {
        let all = estate.figures[0].len();
        let mut before: Option<Release> = None;
        for half_terms in 1..=all {
            // A block that can't be made safe is held back whole; then nothing new is published.
            let block = estate.block(half_terms, half_terms == all, before.as_ref());
            let Ok(outcomes) = block.outcomes() else { break };
            let is_few = estate.few(&block.parents);
            let release = Release { parents: block.parents, outcomes, is_few };
            prop_assert_eq!(recovered(&release), vec![]);
            before = Some(release);
        }
    }
}
