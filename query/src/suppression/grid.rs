//! Hides what lets a reader work out a small number in figures that add up: half-terms to a year, schools to their groups.
//!
//! Such figures are a circulation: a group's half-term flows to its schools, a school's half-terms to its year, and the years back to
//! the group's year. What is shown is fixed; what is hidden may move between what a reader knows of it. How far one hidden number
//! can move is the flow that the others carry back, and flows of whole numbers have whole answers: the audit is exact.

use std::collections::{HashMap, VecDeque};

use crate::error::QueryError;

/// The column of the year; half-terms follow from 1.
pub const YEAR: usize = 0;

/// What readers saw of a cell before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it may be shown or hidden.
    New,
    /// The number as it stands: nobody can be made to forget it.
    Shown,
    /// The mark: it stays.
    Hidden,
}

/// A cell that is to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Whether it is hidden for its own sake.
    pub is_few: bool,
    /// The least a reader knows such a cell to hold: 0, or 1 where a zero would have been shown.
    pub least: u64,
    /// The most a reader knows it to hold.
    pub most: u64,
    /// What was seen of it before.
    pub standing: Standing,
}

/// Figures that add up. An entity is a school, which has half-terms, or a group, which has schools or groups.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// The group each entity belongs to; a group stands before its members.
    pub parents: Vec<Option<usize>>,
    /// For each school its half-terms' numbers, one a measure; none without a figure. Empty for a group.
    pub values: Vec<Vec<Option<Vec<u64>>>>,
    /// For each entity its year and half-terms as wanted; none for what is not published.
    pub cells: Vec<Vec<Option<Wanted>>>,
}

/// Which cells are hidden, by entity and column.
pub type Mask = Vec<Vec<bool>>;

type At = (usize, usize);

/// A sum: parts and the total they add up to.
struct Line {
    parts: Vec<At>,
    total: At,
}

/// What may move in one measure.
struct Edge {
    from: usize,
    to: usize,
    value: i64,
    low: i64,
    high: i64,
}

const FREE: i64 = i64::MAX / 4;
const OUTSIDE: usize = 0;

/// One measure's movable numbers.
struct Network {
    edges: Vec<Edge>,
    /// Node -> edges that touch it.
    touching: HashMap<usize, Vec<usize>>,
    at: HashMap<At, usize>,
}

impl Grid {
    fn columns(&self) -> usize {
        self.cells.iter().map(Vec::len).max().unwrap_or(1)
    }

    fn is_group(&self, entity: usize) -> bool {
        self.parents.contains(&Some(entity))
    }

    fn wanted(&self, at: At) -> Option<Wanted> {
        self.cells.get(at.0)?.get(at.1).copied().flatten()
    }

    /// Sums of every entity and column, by measure; none where no school has a figure.
    fn sums(&self) -> Result<Vec<Vec<Option<Vec<u64>>>>, QueryError> {
        let columns = self.columns();
        let mut sums: Vec<Vec<Option<Vec<u64>>>> = vec![vec![None; columns]; self.parents.len()];
        let add = |sum: &mut Option<Vec<u64>>, values: &[u64]| match sum {
            Some(sum) => sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
            None => *sum = Some(values.to_vec()),
        };
        for (entity, half_terms) in self.values.iter().enumerate() {
            for (at, values) in half_terms.iter().enumerate().filter_map(|(at, values)| Some((at + 1, values.as_ref()?))) {
                let mut of = Some(entity);
                while let Some(one) = of {
                    let row = sums.get_mut(one).filter(|row| at < row.len());
                    let row = row.ok_or_else(|| QueryError::Shape {
                        what: "figures to publish".into(),
                        expected: "a column for each half-term, and groups before their members".into(),
                    })?;
                    add(&mut row[YEAR], values);
                    add(&mut row[at], values);
                    of = self.parents.get(one).copied().flatten().filter(|parent| *parent < one);
                }
            }
        }
        Ok(sums)
    }

    fn lines(&self, sums: &[Vec<Option<Vec<u64>>>]) -> Vec<Line> {
        let columns = self.columns();
        let there = |at: &At| sums[at.0][at.1].is_some();
        let rows = (0..self.parents.len()).map(|entity| Line {
            parts: (1..columns).map(|column| (entity, column)).filter(there).collect(),
            total: (entity, YEAR),
        });
        let groups = (0..self.parents.len()).filter(|entity| self.is_group(*entity)).flat_map(|group| {
            (0..columns).map(move |column| {
                let members = (0..self.parents.len()).filter(|entity| self.parents[*entity] == Some(group));
                Line { parts: members.map(|member| (member, column)).filter(there).collect(), total: (group, column) }
            })
        });
        // A line with an unpublished part or total tells nothing by itself.
        rows.chain(groups)
            .filter(|line| line.parts.iter().chain([&line.total]).all(|at| self.wanted(*at).is_some()) && !line.parts.is_empty())
            .collect()
    }

    /// The numbers that may move in a measure, for a reader who knows which cells are few and what that means, or does not.
    fn network(&self, sums: &[Vec<Option<Vec<u64>>>], hidden: &Mask, measure: usize, knows_few: bool) -> Network {
        let columns = self.columns();
        let rows = 1 + self.parents.len();
        let node = |entity: usize, column: usize| {
            if self.is_group(entity) { rows + entity * columns + column } else { 1 + entity }
        };
        let mut network = Network { edges: Vec::new(), touching: HashMap::new(), at: HashMap::new() };
        for entity in 0..self.parents.len() {
            for column in 0..columns {
                let Some(value) = sums[entity][column].as_ref().and_then(|values| values.get(measure)) else { continue };
                let above = self.parents[entity].map_or(OUTSIDE, |parent| node(parent, column));
                let (from, to) = if column == YEAR { (node(entity, column), above) } else { (above, node(entity, column)) };
                let value = i64::try_from(*value).unwrap_or(FREE);
                let (low, high) = match self.wanted((entity, column)) {
                    Some(_) if !hidden[entity][column] => continue,
                    Some(wanted) if wanted.is_few && knows_few => {
                        let bound = |bound: u64| i64::try_from(bound).unwrap_or(FREE);
                        (bound(wanted.least).min(value), bound(wanted.most).max(value))
                    }
                    // Hidden for another's sake, or not published at all: anything from nothing up.
                    _ => (0, FREE),
                };
                let edge = network.edges.len();
                network.edges.push(Edge { from, to, value, low, high });
                network.touching.entry(from).or_default().push(edge);
                network.touching.entry(to).or_default().push(edge);
                network.at.insert((entity, column), edge);
            }
        }
        network
    }
}

impl Network {
    /// How far an edge can go up and down, looked for up to these amounts.
    fn room(&self, edge: usize, up: i64, down: i64) -> (i64, i64) {
        let Edge { from, to, value, low, high } = self.edges[edge];
        (self.flow(to, from, edge, up.min(high - value)), self.flow(from, to, edge, down.min(value - low)))
    }

    /// The most that the other edges carry from one node to another, at most `limit`: shortest ways first.
    fn flow(&self, from: usize, to: usize, without: usize, limit: i64) -> i64 {
        if from == to {
            // A number between the same two places is free to move by itself.
            return limit;
        }
        let mut moved: HashMap<usize, i64> = HashMap::new();
        let mut total = 0;
        while total < limit {
            let mut reached: HashMap<usize, (usize, bool)> = HashMap::new();
            let mut queue = VecDeque::from([from]);
            while let Some(node) = queue.pop_front() {
                if node == to {
                    break;
                }
                for edge in self.touching.get(&node).into_iter().flatten().copied().filter(|edge| *edge != without) {
                    let Edge { from: tail, to: head, value, low, high } = self.edges[edge];
                    let now = value + moved.get(&edge).copied().unwrap_or(0);
                    let next = if tail == node && now < high {
                        Some((head, true))
                    } else if head == node && now > low {
                        Some((tail, false))
                    } else {
                        None
                    };
                    if let Some((next, is_up)) = next.filter(|(next, _)| *next != from && !reached.contains_key(next)) {
                        reached.insert(next, (edge, is_up));
                        queue.push_back(next);
                    }
                }
            }
            let mut way = Vec::new();
            let mut node = to;
            while node != from {
                let Some((edge, is_up)) = reached.get(&node).copied() else { return total };
                way.push((edge, is_up));
                node = if is_up { self.edges[edge].from } else { self.edges[edge].to };
            }
            let room = way.iter().fold(limit - total, |least, (edge, is_up)| {
                let Edge { value, low, high, .. } = self.edges[*edge];
                let now = value + moved.get(edge).copied().unwrap_or(0);
                least.min(if *is_up { high - now } else { now - low })
            });
            for (edge, is_up) in way {
                *moved.entry(edge).or_default() += if is_up { room } else { -room };
            }
            total += room;
        }
        total
    }
}

/// Hides the few, then what would let a reader work them out, and audits the result: no hidden cell has a single possible value, and
/// one that stands for "fewer than 5, perhaps none" may indeed be none. `what` names the figures in the error.
pub fn suppress_grid(grid: &Grid, what: &str) -> Result<Mask, QueryError> {
    let sums = grid.sums()?;
    let columns = grid.columns();
    let lines = grid.lines(&sums);
    let mut hidden: Mask = (0..grid.parents.len())
        .map(|entity| {
            let is_hidden =
                |wanted: Wanted| wanted.standing == Standing::Hidden || (wanted.is_few && wanted.standing == Standing::New);
            (0..columns).map(|column| grid.wanted((entity, column)).is_some_and(is_hidden)).collect()
        })
        .collect();
    let mut work = Work { grid, sums: &sums, lines: &lines, hidden: &mut hidden };
    work.complete();
    loop {
        let unsafe_cells = work.unsafe_cells();
        if unsafe_cells.is_empty() {
            break;
        }
        let mut changed = false;
        for at in unsafe_cells {
            changed |= work.hide_beside(at);
        }
        if !changed {
            return Err(QueryError::Solvable(what.to_string()));
        }
        work.complete();
    }
    work.show_what_protects_nothing();
    Ok(hidden)
}

/// How many values each hidden cell may have for a reader who only sees the marks; the smallest of them.
pub fn least_possibilities(grid: &Grid, hidden: &Mask) -> Result<Option<u64>, QueryError> {
    let sums = grid.sums()?;
    let network = grid.network(&sums, hidden, 0, false);
    let most: i64 = network.edges.iter().map(|edge| edge.value).sum::<i64>() + 1;
    let hidden_at = network.at.iter().filter(|(at, _)| grid.wanted(**at).is_some());
    Ok(hidden_at
        .map(|(_, edge)| {
            let (up, down) = network.room(*edge, most, most);
            (up + down + 1).unsigned_abs()
        })
        .min())
}

struct Work<'a> {
    grid: &'a Grid,
    sums: &'a [Vec<Option<Vec<u64>>>],
    lines: &'a [Line],
    hidden: &'a mut Mask,
}

impl Work<'_> {
    fn is_hidden(&self, at: At) -> bool {
        self.hidden[at.0][at.1]
    }

    fn may_hide(&self, at: At) -> bool {
        !self.is_hidden(at) && self.grid.wanted(at).is_some_and(|wanted| wanted.standing == Standing::New)
    }

    fn value(&self, at: At) -> u64 {
        self.sums[at.0][at.1].as_ref().and_then(|values| values.first()).copied().unwrap_or(0)
    }

    /// The smallest cell that may be hidden, the first of equals.
    fn smallest(&self, of: impl Iterator<Item = At>) -> Option<At> {
        of.filter(|at| self.may_hide(*at)).min_by_key(|at| self.value(*at))
    }

    /// A line that shows its total and hides exactly one part hides its smallest other part, or the total where there is none.
    fn complete(&mut self) {
        let lines = self.lines;
        loop {
            let mut changed = false;
            for line in lines {
                let hidden = line.parts.iter().filter(|at| self.is_hidden(**at)).count();
                if hidden != 1 || self.is_hidden(line.total) {
                    continue;
                }
                let next = self.smallest(line.parts.iter().copied()).or_else(|| self.smallest([line.total].into_iter()));
                if let Some(at) = next {
                    self.hidden[at.0][at.1] = true;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Hidden cells that a reader who knows which are few could work out, or could tell to be more than none.
    fn unsafe_cells(&self) -> Vec<At> {
        let mut found = Vec::new();
        for measure in 0..self.measures() {
            let network = self.grid.network(self.sums, self.hidden, measure, true);
            for (at, edge) in &network.at {
                let Some(wanted) = self.grid.wanted(*at) else { continue };
                if (wanted.is_few || wanted.standing == Standing::Hidden) && !is_safe(&network, *edge, wanted) {
                    found.push(*at);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn measures(&self) -> usize {
        self.sums.iter().flatten().flatten().map(Vec::len).max().unwrap_or(0)
    }

    /// Hides one more cell near a hidden one: in its own lines, then in those of the cells hidden there, and so on.
    fn hide_beside(&mut self, at: At) -> bool {
        let mut near = vec![at];
        let mut seen = 0;
        let mut lines_seen = vec![false; self.lines.len()];
        while seen < near.len() {
            let ring: Vec<At> = near.split_off(seen);
            near.extend(ring.iter().copied());
            seen = near.len();
            let touching: Vec<usize> = (0..self.lines.len())
                .filter(|line| !lines_seen[*line])
                .filter(|line| ring.iter().any(|at| self.lines[*line].parts.contains(at) || self.lines[*line].total == *at))
                .collect();
            let parts = touching.iter().flat_map(|line| self.lines[*line].parts.iter().copied());
            let totals = touching.iter().map(|line| self.lines[*line].total);
            if let Some(next) = self.smallest(parts).or_else(|| self.smallest(totals)) {
                self.hidden[next.0][next.1] = true;
                return true;
            }
            for line in touching {
                lines_seen[line] = true;
                let cells = self.lines[line].parts.iter().chain([&self.lines[line].total]).copied();
                let fresh: Vec<At> = cells.filter(|at| self.is_hidden(*at) && !near.contains(at)).collect();
                near.extend(fresh);
            }
        }
        false
    }

    /// What was hidden for another's sake and can be worked out all the same protects nobody: it is shown.
    fn show_what_protects_nothing(&mut self) {
        let networks: Vec<Network> =
            (0..self.measures()).map(|measure| self.grid.network(self.sums, self.hidden, measure, true)).collect();
        let can_move = |network: &Network, at: &At| {
            network.at.get(at).is_some_and(|edge| {
                let (up, down) = network.room(*edge, 1, 1);
                up + down > 0
            })
        };
        for entity in 0..self.hidden.len() {
            for column in 0..self.hidden[entity].len() {
                let at = (entity, column);
                let is_helper = self.grid.wanted(at).is_some_and(|wanted| !wanted.is_few && wanted.standing == Standing::New);
                if is_helper && self.is_hidden(at) && !networks.iter().any(|network| can_move(network, &at)) {
                    self.hidden[entity][column] = false;
                }
            }
        }
    }
}

/// Whether a hidden cell has a second possible value and, where it means "perhaps none", may be none.
fn is_safe(network: &Network, edge: usize, wanted: Wanted) -> bool {
    let value = network.edges[edge].value;
    if wanted.is_few && wanted.least == 0 && value > 0 {
        return network.room(edge, 0, value).1 == value;
    }
    let (up, down) = network.room(edge, 1, 1);
    up + down > 0
}
