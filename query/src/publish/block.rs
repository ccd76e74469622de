//! One figure of one school year over all schools, suppressed as a whole: what adds up is judged together.

use jiff::civil::Date;

use crate::cards::{counts_people, counts_rare_requests};
use crate::error::QueryError;
use crate::indicator::{FigureRow, Indicator};
use crate::suppression::{Grid, LEAST_PUPILS, Mask, Standing, Wanted, YEAR, suppress_grid};

/// How a published cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The number stands beside it.
    Shown,
    /// `[c]`: fewer than 5, perhaps none, or hidden to protect such a number.
    Hidden,
    /// `[x]`: not available.
    NotAvailable,
}

impl Mark {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Mark::Shown => "shown",
            Mark::Hidden => "c",
            Mark::NotAvailable => "x",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Mark::Shown, Mark::Hidden, Mark::NotAvailable].into_iter().find(|mark| mark.name() == name)
    }
}

/// A number over what it is counted over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub numerator: f64,
    pub denominator: f64,
}

/// What readers saw of a cell before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Before {
    pub mark: Mark,
    pub number: Option<Number>,
}

/// One figure over all schools of a school year. Entities are groups first, larger before smaller, then schools.
pub(crate) struct Block<'a> {
    pub indicator: &'a Indicator,
    pub parents: Vec<Option<usize>>,
    /// For each entity its half-terms as computed, by position; empty for groups.
    pub rows: Vec<Vec<Option<FigureRow>>>,
    /// For each entity and column (the year first) whether it is published now.
    pub is_due: Vec<Vec<bool>>,
    /// For each entity and column what was published before.
    pub before: Vec<Vec<Option<Before>>>,
    /// For each school and half-term whether another figure's mark hides this one too.
    pub follows: Vec<Vec<bool>>,
    pub threshold: u64,
}

/// What a cell comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    pub mark: Mark,
    pub number: Option<Number>,
}

/// A reader who knows that requests are hidden for being of few pupils does not know how many requests that makes.
const ANY: u64 = u64::MAX >> 3;

/// What is known of one entity's column.
#[derive(Clone, Copy)]
struct Known {
    number: Number,
    /// Distinct people at least; none where people are not counted.
    people: Option<u64>,
    weeks: u64,
    follows: bool,
}

impl Known {
    fn with(self, other: Known, people: fn(u64, u64) -> u64, weeks: fn(u64, u64) -> u64) -> Known {
        Known {
            number: Number {
                numerator: self.number.numerator + other.number.numerator,
                denominator: self.number.denominator + other.number.denominator,
            },
            people: self.people.zip(other.people).map(|(a, b)| people(a, b)),
            weeks: weeks(self.weeks, other.weeks),
            follows: self.follows && other.follows,
        }
    }
}

fn weeks_between(start: Date, end: Date) -> u64 {
    // Weeks a half-term touches; one more than it may have is a wider bound, never a narrower.
    u64::try_from((end - start).get_days() / 7 + 2).unwrap_or(2)
}

impl Block<'_> {
    fn columns(&self) -> usize {
        self.is_due.iter().map(Vec::len).max().unwrap_or(1)
    }

    fn is_group(&self, entity: usize) -> bool {
        self.parents.contains(&Some(entity))
    }

    /// What was computed of a half-term, where a rate may be given at all.
    fn computed(&self, entity: usize, column: usize) -> Option<Known> {
        let row = self.rows.get(entity)?.get(column.checked_sub(1)?)?.as_ref()?;
        let number = Number { numerator: row.numerator?, denominator: row.denominator.filter(|number| *number > 0.0)? };
        let people = counts_people(self.indicator).then(|| row.people.unwrap_or(0)).or(row.people);
        if people.is_some() && row.pupils.is_none_or(|pupils| pupils < LEAST_PUPILS) {
            return None;
        }
        let follows = self.follows.get(entity).and_then(|columns| columns.get(column - 1)).copied().unwrap_or(false);
        Some(Known { number, people, weeks: weeks_between(row.start, row.end), follows })
    }

    /// Everything known, sums included.
    fn known(&self) -> Vec<Vec<Option<Known>>> {
        let columns = self.columns();
        let mut known: Vec<Vec<Option<Known>>> =
            (0..self.parents.len()).map(|entity| (0..columns).map(|column| self.computed(entity, column)).collect()).collect();
        if !self.indicator.adds_up {
            return known;
        }
        let join = |into: &mut Option<Known>, one: Known, people: fn(u64, u64) -> u64, weeks: fn(u64, u64) -> u64| {
            *into = Some(into.map_or(one, |sum| sum.with(one, people, weeks)));
        };
        for entity in (0..self.parents.len()).rev() {
            for column in 1..columns {
                let Some(one) = known[entity][column] else { continue };
                // A year has at least as many people as its largest half-term.
                join(&mut known[entity][YEAR], one, u64::max, |a, b| a + b);
            }
            if let Some(parent) = self.parents[entity] {
                // A group's year is summed from its half-terms in its own turn.
                for column in (0..columns).filter(|column| *column != YEAR) {
                    let Some(one) = known[entity][column] else { continue };
                    join(&mut known[parent][column], one, |a, b| a + b, u64::max);
                }
            }
        }
        // People of a group over the year: those of its schools' years.
        for entity in (0..self.parents.len()).filter(|entity| self.is_group(*entity)) {
            let of_members = |known: &[Vec<Option<Known>>]| {
                let members = (0..self.parents.len()).filter(|member| self.parents[*member] == Some(entity));
                members.filter_map(|member| known[member][YEAR]?.people).sum::<u64>()
            };
            let people = of_members(&known);
            if let Some(year) = &mut known[entity][YEAR] {
                year.people = year.people.map(|least| least.max(people));
            }
        }
        known
    }

    fn wanted(&self, known: Known, before: Option<Before>) -> Wanted {
        let standing = match before {
            Some(Before { mark: Mark::Hidden, .. }) => Standing::Hidden,
            Some(Before { mark: Mark::Shown, number }) if number == Some(known.number) => Standing::Shown,
            _ => Standing::New,
        };
        let (is_few, least, most) = match known.people {
            Some(people) => (people < self.threshold, 0, (self.threshold - 1) * known.weeks),
            // One to four requests are one to four people. No request at all says something of the filter, not of a child.
            None if known.follows => (true, 0, ANY),
            None => {
                let few = counts_rare_requests(self.indicator)
                    && known.number.numerator > 0.0
                    && known.number.numerator < self.threshold as f64;
                (few, 1, self.threshold - 1)
            }
        };
        Wanted { is_few, least, most, standing }
    }

    /// The outcome of every cell that is due; none for the others.
    pub(crate) fn outcomes(&self) -> Result<Vec<Vec<Option<Outcome>>>, QueryError> {
        let known = self.known();
        let mask = self.mask(&known)?;
        Ok((0..self.parents.len())
            .map(|entity| {
                (0..self.columns())
                    .map(|column| {
                        self.is_due[entity][column].then_some(())?;
                        let has_row = self.is_group(entity)
                            || column == YEAR
                            || self.rows[entity].get(column - 1).is_some_and(|row| row.is_some());
                        Some(match known[entity][column] {
                            Some(known) if !mask[entity][column] => Outcome { mark: Mark::Shown, number: Some(known.number) },
                            Some(_) => Outcome { mark: Mark::Hidden, number: None },
                            None if has_row && column != YEAR && !self.is_group(entity) => {
                                Outcome { mark: Mark::NotAvailable, number: None }
                            }
                            None => return None,
                        })
                    })
                    .collect()
            })
            .collect())
    }

    fn mask(&self, known: &[Vec<Option<Known>>]) -> Result<Mask, QueryError> {
        let measures = |number: Number| {
            let whole = |value: f64| value.round().max(0.0) as u64;
            // Pupils on roll and days with logs are no secret, so a rate's denominator is none; a share's is.
            if counts_people(self.indicator) {
                vec![whole(number.numerator)]
            } else {
                vec![whole(number.numerator), whole(number.denominator)]
            }
        };
        let columns = self.columns();
        let grid = Grid {
            parents: self.parents.clone(),
            values: (0..self.parents.len())
                .map(|entity| {
                    if self.is_group(entity) {
                        return Vec::new();
                    }
                    (1..columns).map(|column| known[entity][column].map(|known| measures(known.number))).collect()
                })
                .collect(),
            cells: (0..self.parents.len())
                .map(|entity| {
                    (0..columns)
                        .map(|column| {
                            let before = self.before[entity][column];
                            let is_published = self.is_due[entity][column] || before.is_some();
                            known[entity][column].filter(|_| is_published).map(|known| self.wanted(known, before))
                        })
                        .collect()
                })
                .collect(),
        };
        suppress_grid(&grid, &self.indicator.id)
    }

    /// A number in the figure's unit.
    pub(crate) fn value(&self, number: Number) -> f64 {
        number.numerator / number.denominator * self.indicator.unit.scale()
    }
}
