//! The grid of site, device, group and test: what was tested, what failed, what never was, what is overdue.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{CheckBook, Spot, Test};

/// How a planned test stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellState {
    /// The newest test failed.
    Failed,
    /// It never was made.
    Untested,
    /// It passed, but longer ago than planned.
    Overdue,
    /// It passed in time.
    Tested,
}

/// A planned test at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// How it stands.
    pub state: CellState,
    /// The newest test's day.
    pub last: Option<Date>,
    /// The day by which it is to pass again; none where it never did.
    pub due: Option<Date>,
    /// Whether it has not passed within its interval, for whatever reason.
    pub has_no_pass: bool,
}

/// A place, and its planned tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridRow<'a> {
    /// The place.
    pub spot: &'a Spot,
    /// Its tests; what is not planned there is not in it.
    pub cells: BTreeMap<Test, Cell>,
}

/// The grid as it stood on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid<'a> {
    /// Tests that are planned anywhere, in order.
    pub tests: Vec<Test>,
    /// Places in the plan that day.
    pub rows: Vec<GridRow<'a>>,
}

/// How many cells stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Planned tests.
    pub planned: u32,
    /// Passed in time.
    pub tested: u32,
    /// Failed when last tested.
    pub failed: u32,
    /// Never tested.
    pub untested: u32,
    /// Passed too long ago.
    pub overdue: u32,
    /// Without a pass within the interval: the numerator of *checks overdue*.
    pub no_pass: u32,
}

impl CheckBook {
    /// The grid on a day, from the checks made until then. The plan is today's, less the places that came later.
    pub fn grid(&self, on: Date) -> Grid<'_> {
        let rows: Vec<GridRow<'_>> = self
            .spots
            .iter()
            .filter(|spot| spot.added_on <= on && spot.ended_on.is_none_or(|ended| ended > on))
            .map(|spot| GridRow {
                spot,
                cells: spot.plan.iter().map(|(test, every)| (*test, self.cell(spot.id, *test, *every, on))).collect(),
            })
            .collect();
        let tests = Test::ALL.iter().copied().filter(|test| rows.iter().any(|row| row.cells.contains_key(test))).collect();
        Grid { tests, rows }
    }

    fn cell(&self, spot: i64, test: Test, every: u16, on: Date) -> Cell {
        // Newest first, and of one day the one recorded last: a second test the same day shows that the mend held.
        let mut of_cell = self
            .checks
            .iter()
            .filter(|check| check.withdrawn.is_none() && check.spot == spot && check.day <= on)
            .filter_map(|check| check.results.get(&test).map(|passed| (check.day, *passed)));
        let newest = of_cell.clone().next();
        let due =
            of_cell.find(|(_, passed)| *passed).map(|(day, _)| day.saturating_add(jiff::Span::new().days(i64::from(every))));
        let has_no_pass = due.is_none_or(|due| due < on);
        let state = match newest {
            None => CellState::Untested,
            Some((_, false)) => CellState::Failed,
            Some((_, true)) if has_no_pass => CellState::Overdue,
            Some((_, true)) => CellState::Tested,
        };
        Cell { state, last: newest.map(|(day, _)| day), due, has_no_pass }
    }
}

impl Grid<'_> {
    /// How many cells stand how.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for cell in self.rows.iter().flat_map(|row| row.cells.values()) {
            tally.planned += 1;
            tally.no_pass += u32::from(cell.has_no_pass);
            match cell.state {
                CellState::Tested => tally.tested += 1,
                CellState::Failed => tally.failed += 1,
                CellState::Untested => tally.untested += 1,
                CellState::Overdue => tally.overdue += 1,
            }
        }
        tally
    }
}
