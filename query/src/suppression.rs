//! Small numbers kept from view: 0 to 4 people are one mark, and so is whatever would let a reader work one out.
//!
//! A table is hidden cell by cell, then completed so that no line has one hidden cell, then audited: the margins are solved, and a
//! table in which any hidden cell has a single possible value is refused. One function does it for tables and for published figures.

mod grid;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod simplex;

use serde::Serialize;

use crate::error::QueryError;
pub use grid::{Grid, Mask, Standing, Wanted, YEAR, least_possibilities, suppress_grid};

/// Fewer people than this are never shown to governors. A school may raise it to 10; there is no way to lower it.
pub const THRESHOLD: u64 = 5;
/// The threshold of the public summary, and the most a school may ask for.
pub const PUBLIC_THRESHOLD: u64 = 10;
/// Groups under this many pupils give no rate.
pub const LEAST_PUPILS: u32 = 20;

/// The threshold in force where a school asks for another: between 5 and 10.
pub fn threshold(asked: Option<u64>) -> u64 {
    asked.unwrap_or(THRESHOLD).clamp(THRESHOLD, PUBLIC_THRESHOLD)
}

/// Who reads a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Governors and trustees: published cells only.
    Governor,
    /// Safeguarding leads: figures as they are.
    Dsl,
    /// Anyone: the whole school, from 10 people on.
    Public,
}

impl Audience {
    /// The name stored beside a published cell.
    pub const fn name(self) -> &'static str {
        match self {
            Audience::Governor => "governor",
            Audience::Dsl => "dsl",
            Audience::Public => "public",
        }
    }

    /// Fewer people than this are a mark for this reader, where the school asks for `asked`; none: nothing is hidden.
    pub fn threshold(self, asked: Option<u64>) -> Option<u64> {
        match self {
            Audience::Governor => Some(threshold(asked)),
            Audience::Public => Some(PUBLIC_THRESHOLD),
            Audience::Dsl => None,
        }
    }
}

/// Themes that nobody but the safeguarding lead may see by anything finer than the whole school and a half-term: not by year group,
/// profile, week or day, and in no sentence that says when most of it fell.
pub const SENSITIVE: [&str; 9] = [
    "self_harm",
    "suicide",
    "eating_disorder",
    "abuse_home",
    "grooming",
    "exploitation",
    "extremism",
    "nudes_sextortion",
    "sexual_content",
];

/// Whether a theme is sensitive.
pub fn is_sensitive(theme: &str) -> bool {
    SENSITIVE.contains(&theme)
}

/// A cell as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// The number.
    Shown(u64),
    /// `[c]`.
    Hidden,
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

/// Hides a list of numbers of people that are shown with their total.
pub fn suppress_list(values: &[u64], threshold: u64) -> Result<Suppressed, QueryError> {
    suppress(&[values.to_vec()], false, threshold)
}

/// Hides a table of numbers of people shown with row totals and column totals.
pub fn suppress_table(rows: &[Vec<u64>], threshold: u64) -> Result<Suppressed, QueryError> {
    suppress(rows, true, threshold)
}

fn suppress(rows: &[Vec<u64>], with_columns: bool, threshold: u64) -> Result<Suppressed, QueryError> {
    let width = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != width) {
        return Err(QueryError::Shape { what: "a table to suppress".into(), expected: "rows of one length".into() });
    }
    let wanted = |value: u64| {
        let is_few = value < threshold;
        Some(Wanted { is_few, least: 0, most: threshold.saturating_sub(1), standing: Standing::New })
    };
    // The column totals are those of a group that has the rows as its members.
    let mut all: Vec<Vec<u64>> = rows.to_vec();
    if with_columns {
        all.insert(0, (0..width).map(|column| rows.iter().map(|row| row[column]).sum()).collect());
    }
    let grid = Grid {
        parents: (0..all.len()).map(|entity| (with_columns && entity > 0).then_some(0)).collect(),
        values: all
            .iter()
            .enumerate()
            .map(
                |(entity, row)| {
                    if with_columns && entity == 0 { Vec::new() } else { row.iter().map(|value| Some(vec![*value])).collect() }
                },
            )
            .collect(),
        cells: all.iter().map(|row| [row.iter().sum()].iter().chain(row).map(|value| wanted(*value)).collect()).collect(),
    };
    let mask = suppress_grid(&grid, "the table")?;
    let show = |entity: usize, column: usize, value: u64| if mask[entity][column] { Cell::Hidden } else { Cell::Shown(value) };
    let total = |entity: usize| show(entity, YEAR, all[entity].iter().sum());
    let of = |entity: usize| all[entity].iter().enumerate().map(|(at, value)| show(entity, at + 1, *value)).collect::<Vec<_>>();
    let first = usize::from(with_columns);
    Ok(Suppressed {
        cells: (first..all.len()).map(of).collect(),
        row_totals: (first..all.len()).map(total).collect(),
        column_totals: if with_columns { of(0) } else { Vec::new() },
        grand_total: with_columns.then(|| total(0)),
        least_possibilities: least_possibilities(&grid, &mask)?,
    })
}

#[cfg(test)]
mod tests {
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
}
