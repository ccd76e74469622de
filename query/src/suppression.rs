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

    /// Lowest and highest value of every hidden cell that the shown cells and totals allow, by narrowing until nothing changes.
    /// A primary cell is known to be under the threshold only to those who know the rule's order of hiding, so the audit grants a reader
    /// no more than that numbers are not negative; and no less than every shown total.
    fn ranges(&mut self) -> Vec<Vec<(u64, u64)>> {
        let most = self.values.iter().flatten().sum::<u64>();
        let mut ranges: Vec<Vec<(u64, u64)>> = self
            .cells
            .iter()
            .enumerate()
            .map(|(row, cells)| {
                let bounds = |(column, cell): (usize, &Cell)| match cell {
                    Cell::Shown(value) => (*value, *value),
                    Cell::Hidden => (0, most.max(self.values[row][column])),
                };
                cells.iter().enumerate().map(bounds).collect()
            })
            .collect();
        loop {
            let before = ranges.clone();
            for line in self.lines() {
                let Cell::Shown(total) = *self.total(line) else { continue };
                let positions = self.positions(line);
                for (row, column) in &positions {
                    let others = positions.iter().filter(|other| *other != &(*row, *column));
                    let (low, high) =
                        others.fold((0, 0), |(low, high), (r, c)| (low + ranges[*r][*c].0, high + ranges[*r][*c].1));
                    let range = &mut ranges[*row][*column];
                    range.0 = range.0.max(total.saturating_sub(high));
                    range.1 = range.1.min(total.saturating_sub(low));
                }
            }
            if ranges == before {
                return ranges;
            }
        }
    }
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
    };
    work.complete_all();
    let mut least = solve(&mut work);
    // Completing lines leaves some tables solvable across lines (a loop of hidden cells that the margins pin down, for instance all
    // zeros). The smallest shown cell goes next, until none is or nothing is left to hide.
    while least == Some(1) {
        let smallest = (0..values.len())
            .flat_map(|row| (0..width).map(move |column| (row, column)))
            .filter(|(row, column)| !work.cells[*row][*column].is_hidden())
            .min_by_key(|(row, column)| values[*row][*column]);
        match smallest {
            Some((row, column)) => work.cells[row][column] = Cell::Hidden,
            None => match work.row_totals.iter_mut().chain(&mut work.column_totals).find(|total| !total.is_hidden()) {
                Some(total) => *total = Cell::Hidden,
                None => return Err(QueryError::Solvable("the table".into())),
            },
        }
        work.complete_all();
        least = solve(&mut work);
    }
    let Work { cells, row_totals, column_totals, .. } = work;
    Ok(Suppressed { cells, row_totals, column_totals, least_possibilities: least })
}

/// The fewest values that any hidden cell may have.
fn solve(work: &mut Work<'_>) -> Option<u64> {
    let ranges = work.ranges();
    let cells = work.cells.iter().flatten().zip(ranges.iter().flatten());
    cells.filter(|(cell, _)| cell.is_hidden()).map(|(_, (low, high))| high.saturating_sub(*low) + 1).min()
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
                if rows && columns {
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
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_hidden_cell_can_be_worked_out(values in proptest::collection::vec(proptest::collection::vec(0u64..9, 3), 2)) {
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
