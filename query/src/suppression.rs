//! Small numbers kept from view: 0 to 4 people are one mark, and so is whatever would let a reader work one out.
//!
//! A table is hidden cell by cell, then completed so that no line has one hidden cell, then audited: the margins are solved, and a
//! table in which any hidden cell has a single possible value is refused.

use crate::error::QueryError;

/// Fewer people than this are never shown to governors. A school may raise it to 10; there is no way to lower it.
pub const THRESHOLD: u64 = 5;
/// The threshold of the public summary, and the most a school may ask for.
pub const PUBLIC_THRESHOLD: u64 = 10;

/// The threshold in force where a school asks for another: between 5 and 10.
pub fn threshold(asked: Option<u64>) -> u64 {
    asked.unwrap_or(THRESHOLD).clamp(THRESHOLD, PUBLIC_THRESHOLD)
}

/// A cell as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// The number.
    Shown(u64),
    /// `[c]`.
    Hidden,
}

impl Cell {
    const fn is_hidden(self) -> bool {
        matches!(self, Cell::Hidden)
    }
}

/// A table whose rows and columns add up to shown margins. One row without column margins is a plain list with its total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// Cells, row by row.
    pub cells: Vec<Vec<Cell>>,
    /// Row totals; hidden only where no second cell could hide another.
    pub row_totals: Vec<Cell>,
    /// Column totals; empty where the table shows none.
    pub column_totals: Vec<Cell>,
    /// The total of a table with both margins.
    pub grand_total: Option<Cell>,
    /// How many values each hidden cell may have, as far as the margins tell: the smallest of them. None where nothing is hidden.
    pub least_possibilities: Option<u64>,
}

/// Hides a list of numbers that are shown with their total.
pub fn suppress_list(values: &[u64], threshold: u64) -> Result<Suppressed, QueryError> {
    suppress(&[values.to_vec()], false, threshold)
}

/// Hides a table shown with row totals and column totals.
pub fn suppress_table(rows: &[Vec<u64>], threshold: u64) -> Result<Suppressed, QueryError> {
    suppress(rows, true, threshold)
}

/// A line of a table: its cells by position, and its total.
#[derive(Clone, Copy)]
enum Line {
    Row(usize),
    Column(usize),
}

struct Work<'a> {
    values: &'a [Vec<u64>],
    cells: Vec<Vec<Cell>>,
    row_totals: Vec<Cell>,
    column_totals: Vec<Cell>,
    grand_total: Cell,
}

impl Work<'_> {
    fn positions(&self, line: Line) -> Vec<(usize, usize)> {
        match line {
            Line::Row(row) => (0..self.values[row].len()).map(|column| (row, column)).collect(),
            Line::Column(column) => (0..self.values.len()).map(|row| (row, column)).collect(),
        }
    }

    fn total(&mut self, line: Line) -> &mut Cell {
        match line {
            Line::Row(row) => &mut self.row_totals[row],
            Line::Column(column) => &mut self.column_totals[column],
        }
    }

    /// Hides a second cell where a line shows its total and hides exactly one. True if something changed.
    fn complete(&mut self, line: Line) -> bool {
        let positions = self.positions(line);
        let hidden = positions.iter().filter(|(row, column)| self.cells[*row][*column].is_hidden()).count();
        if hidden != 1 || self.total(line).is_hidden() {
            return false;
        }
        let smallest = positions
            .into_iter()
            .filter(|(row, column)| !self.cells[*row][*column].is_hidden())
            .min_by_key(|(row, column)| self.values[*row][*column]);
        match smallest {
            Some((row, column)) => self.cells[row][column] = Cell::Hidden,
            None => *self.total(line) = Cell::Hidden,
        }
        true
    }

    fn lines(&self) -> Vec<Line> {
        (0..self.row_totals.len()).map(Line::Row).chain((0..self.column_totals.len()).map(Line::Column)).collect()
    }

    fn complete_all(&mut self) {
        loop {
            let mut changed = false;
            for line in self.lines() {
                changed |= self.complete(line);
            }
            if !changed {
                return;
            }
        }
    }

    /// How many values each hidden cell and total may have, given everything shown and that numbers are not negative: exactly.
    ///
    /// The table is a circulation: source -> row (its total) -> column (the cell) -> sink (the column's total) -> source (the grand
    /// total). Shown numbers are fixed edges; a hidden one may move up without end and down to 0. How far it can move is the flow that
    /// the rest of the network carries back, and flows of whole numbers have whole answers.
    fn possibilities(&self, with_columns: bool) -> Vec<u64> {
        let (rows, columns) = (self.values.len(), self.values.first().map_or(0, Vec::len));
        let (source, sink) = (rows + columns, rows + columns + 1);
        let mut edges: Vec<(usize, usize, u64, bool)> = Vec::new();
        for (row, values) in self.values.iter().enumerate() {
            edges.push((source, row, values.iter().sum(), self.row_totals[row].is_hidden()));
            for (column, value) in values.iter().enumerate() {
                edges.push((row, rows + column, *value, self.cells[row][column].is_hidden()));
            }
        }
        for column in 0..columns {
            let sum = self.values.iter().map(|row| row[column]).sum();
            // A list shows no column totals; they are as good as hidden, but nothing that must be kept from view.
            edges.push((rows + column, sink, sum, !with_columns || self.column_totals[column].is_hidden()));
        }
        let most = self.values.iter().flatten().sum::<u64>() + 1;
        edges.push((sink, source, most - 1, self.grand_total.is_hidden()));
        let must_hide = edges.len() - 1 - if with_columns { 0 } else { columns };
        let hidden: Vec<usize> = (0..edges.len()).filter(|edge| edges[*edge].3).collect();
        let counted = hidden.iter().filter(|edge| **edge < must_hide || (with_columns && **edge == edges.len() - 1));
        counted
            .map(|edge| {
                let (from, to, value, _) = edges[*edge];
                let others: Vec<(usize, usize, u64)> = hidden
                    .iter()
                    .filter(|other| *other != edge)
                    .map(|other| (edges[*other].0, edges[*other].1, edges[*other].2))
                    .collect();
                let up = flow(&others, sink + 1, to, from, most);
                let down = flow(&others, sink + 1, from, to, value);
                up + down + 1
            })
            .collect()
    }
}

/// The most that can be moved from one node to another, at most `limit`, over edges that go up without end and down to 0.
fn flow(edges: &[(usize, usize, u64)], nodes: usize, from: usize, to: usize, limit: u64) -> u64 {
    let mut values: Vec<u64> = edges.iter().map(|(_, _, value)| *value).collect();
    let mut moved = 0;
    while moved < limit {
        // Breadth first: how each node was reached, by which edge and which way.
        let mut reached: Vec<Option<(usize, bool)>> = vec![None; nodes];
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for (edge, (tail, head, _)) in edges.iter().enumerate() {
                let up = *tail == node;
                let next = if up { *head } else { *tail };
                if (up || (*head == node && values[edge] > 0)) && next != from && reached[next].is_none() {
                    reached[next] = Some((edge, up));
                    queue.push_back(next);
                }
            }
        }
        let mut path = Vec::new();
        let mut node = to;
        while node != from {
            let Some((edge, up)) = reached[node] else { return moved };
            path.push((edge, up));
            node = if up { edges[edge].0 } else { edges[edge].1 };
        }
        let room = path.iter().filter(|(_, up)| !up).map(|(edge, _)| values[*edge]).fold(limit - moved, u64::min);
        for (edge, up) in path {
            if up {
                values[edge] += room;
            } else {
                values[edge] -= room;
            }
        }
        moved += room;
    }
    moved
}

fn suppress(values: &[Vec<u64>], with_columns: bool, threshold: u64) -> Result<Suppressed, QueryError> {
    let width = values.first().map_or(0, Vec::len);
    if values.iter().any(|row| row.len() != width) {
        return Err(QueryError::Shape { what: "a table to suppress".into(), expected: "rows of one length".into() });
    }
    let show = |value: u64| if value < threshold { Cell::Hidden } else { Cell::Shown(value) };
    let column_sum = |column: usize| values.iter().map(|row| row[column]).sum::<u64>();
    let mut work = Work {
        values,
        cells: values.iter().map(|row| row.iter().map(|value| show(*value)).collect()).collect(),
        row_totals: values.iter().map(|row| show(row.iter().sum())).collect(),
        column_totals: if with_columns { (0..width).map(|column| show(column_sum(column))).collect() } else { Vec::new() },
        // A list has one total, its row's.
        grand_total: if with_columns { show(values.iter().flatten().sum()) } else { Cell::Hidden },
    };
    work.complete_all();
    let mut least = work.possibilities(with_columns).into_iter().min();
    // Completing lines leaves some tables solvable across lines (a loop of hidden cells that the margins pin down, for instance all
    // zeros). The smallest shown cell goes next, then totals, until nothing hidden has one possible value.
    while least == Some(1) {
        let smallest = (0..values.len())
            .flat_map(|row| (0..width).map(move |column| (row, column)))
            .filter(|(row, column)| !work.cells[*row][*column].is_hidden())
            .min_by_key(|(row, column)| values[*row][*column]);
        match smallest {
            Some((row, column)) => work.cells[row][column] = Cell::Hidden,
            None => {
                let totals = [&mut work.grand_total].into_iter().chain(&mut work.row_totals).chain(&mut work.column_totals);
                match totals.into_iter().find(|total| !total.is_hidden()) {
                    Some(total) => *total = Cell::Hidden,
                    None => return Err(QueryError::Solvable("the table".into())),
                }
            }
        }
        work.complete_all();
        least = work.possibilities(with_columns).into_iter().min();
    }
    let Work { cells, row_totals, column_totals, grand_total, .. } = work;
    Ok(Suppressed {
        cells,
        row_totals,
        column_totals,
        grand_total: with_columns.then_some(grand_total),
        least_possibilities: least,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cell::{Hidden as C, Shown};
    use super::*;

    #[test]
    fn a_list_with_its_total() {
        let found = suppress_list(&[12, 3, 9, 7, 0], THRESHOLD).unwrap();
        assert_eq!(found.cells, [[Shown(12), C, Shown(9), Shown(7), C]]);
        assert_eq!(found.row_totals, [Shown(31)]);
        // The two hidden sum to 3: 0, 1, 2 or 3.
        assert_eq!(found.least_possibilities, Some(4));
    }

    #[test]
    fn a_table_with_its_margins() {
        let found = suppress_table(&[vec![14, 3, 9], vec![11, 8, 6], vec![7, 12, 10]], THRESHOLD).unwrap();
        assert_eq!(found.cells, [[Shown(14), C, C], [Shown(11), C, C], [Shown(7), Shown(12), Shown(10)]]);
        assert_eq!(found.row_totals, [Shown(26), Shown(25), Shown(29)]);
        assert_eq!(found.column_totals, [Shown(32), Shown(23), Shown(25)]);
        assert_eq!(found.grand_total, Some(Shown(80)));
        // Row 1 leaves 12 for its two cells, column 2 leaves 11: the hidden 3 may be 0 to 11.
        assert_eq!(found.least_possibilities, Some(12));
    }

    #[test]
    fn where_no_second_cell_exists_the_total_goes() {
        let found = suppress_list(&[3], THRESHOLD).unwrap();
        assert_eq!((found.cells, found.row_totals), (vec![vec![C]], vec![C]));
        // Two zeros under a shown total of 8 would be known to be zeros.
        let found = suppress_list(&[0, 8, 0], THRESHOLD).unwrap();
        assert!(found.least_possibilities.unwrap() > 1, "{found:?}");
        let shown = suppress_list(&[7, 8], THRESHOLD).unwrap();
        assert_eq!((shown.cells, shown.least_possibilities), (vec![vec![Shown(7), Shown(8)]], None));
    }

    #[test]
    fn a_threshold_goes_up_only() {
        assert_eq!([threshold(None), threshold(Some(1)), threshold(Some(7)), threshold(Some(50))], [5, 5, 7, 10]);
    }

    /// All fillings of the hidden cells that fit everything shown, counted for one cell: its distinct values, at most two.
    fn can_be_solved(values: &[Vec<u64>], found: &Suppressed) -> bool {
        let hidden: Vec<(usize, usize)> = (0..values.len())
            .flat_map(|row| (0..values[row].len()).map(move |column| (row, column)))
            .filter(|(row, column)| found.cells[*row][*column] == C)
            .collect();
        let mut seen: Vec<std::collections::BTreeSet<u64>> = vec![Default::default(); hidden.len()];
        let most: u64 = values.iter().flatten().sum();
        let mut filling = values.to_vec();
        fn fill(
            at: usize,
            hidden: &[(usize, usize)],
            filling: &mut Vec<Vec<u64>>,
            found: &Suppressed,
            most: u64,
            seen: &mut Vec<std::collections::BTreeSet<u64>>,
        ) {
            if at == hidden.len() {
                let rows = filling.iter().zip(&found.row_totals).all(|(row, total)| match total {
                    Shown(total) => row.iter().sum::<u64>() == *total,
                    C => true,
                });
                let columns = found.column_totals.iter().enumerate().all(|(column, total)| match total {
                    Shown(total) => filling.iter().map(|row| row[column]).sum::<u64>() == *total,
                    C => true,
                });
                let all = match found.grand_total {
                    Some(Shown(total)) => filling.iter().flatten().sum::<u64>() == total,
                    _ => true,
                };
                if rows && columns && all {
                    for (position, (row, column)) in hidden.iter().enumerate() {
                        seen[position].insert(filling[*row][*column]);
                    }
                }
                return;
            }
            let (row, column) = hidden[at];
            for value in 0..=most {
                filling[row][column] = value;
                // A row that is over its total can't be mended.
                let over = match found.row_totals[row] {
                    Shown(total) => {
                        let known: u64 = (0..filling[row].len())
                            .filter(|c| !hidden[at + 1..].contains(&(row, *c)))
                            .map(|c| filling[row][c])
                            .sum();
                        known > total
                    }
                    C => false,
                };
                if !over {
                    fill(at + 1, hidden, filling, found, most, seen);
                }
            }
        }
        fill(0, &hidden, &mut filling, found, most, &mut seen);
        seen.iter().any(|values| values.len() < 2)
    }

    proptest! {
        #![proptest_config(crate::properties::cases(80))]

        #[test]
        fn no_hidden_cell_can_be_worked_out(values in proptest::collection::vec(proptest::collection::vec(0u64..8, 3), 2)) {
            let found = suppress_table(&values, THRESHOLD).unwrap();
            for (row, cells) in found.cells.iter().enumerate() {
                for (column, cell) in cells.iter().enumerate() {
                    prop_assert!(values[row][column] >= THRESHOLD || *cell == C);
                }
            }
            prop_assert!(!can_be_solved(&values, &found), "{:?}", found);
        }
    }
}
