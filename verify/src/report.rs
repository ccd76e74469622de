//! What a verification found: how many values agree, which don't and with what values, and what could not be checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weir_lake::closed::FiguresDigest;
use weir_lake::ids::SchoolId;
use weir_lake::lake::Slice;

/// Differences that are kept one by one. A fault in a definition shows in every cell; more than these help nobody.
const KEPT: usize = 1_000;

/// A value that two engines did not compute alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The rollup or indicator.
    pub of: String,
    /// The question whose figure it is, for an indicator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Which cell: school, date and whatever else tells it apart; of a person's key its first characters only.
    pub key: BTreeMap<&'static str, String>,
    /// Which of its values.
    pub measure: &'static str,
    /// What this engine makes of it; none: there should be no such cell.
    pub recomputed: Option<f64>,
    /// What stands in the lake, or what the other engine says; none: there is no such cell.
    pub stored: Option<f64>,
}

/// How much of one rollup or indicator was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Values compared.
    pub cells: u64,
    /// Of them different.
    pub differences: u64,
}

/// Something that was not checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unchecked {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// The outcome of a verification.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// By rollup and indicator.
    pub checked: BTreeMap<String, Checked>,
    /// The first differences, in order.
    pub differences: Vec<Difference>,
    /// What was left out.
    pub unchecked: BTreeSet<Unchecked>,
    /// What stands in the lake of each open slice that was recomputed from raw rows.
    pub stored: BTreeMap<Slice, FiguresDigest>,
    /// What this engine made of it; a slice with a difference is not among them.
    pub recomputed: BTreeMap<Slice, FiguresDigest>,
    /// Slices left out because they are closed: their figures stand as they were verified.
    pub closed: u64,
    /// Slices left out because they are not rolled up.
    pub stale: u64,
    /// Slices left out because their raw rows, or their days of people, are past their time.
    pub without_raw: u64,
    /// Weeks of themes left out because the days of people they count are past their time.
    pub weeks_without_days: u64,
    /// Schools and spans (first and last day since 1970) in which something differs that belongs to no single slice.
    pub differing_spans: BTreeSet<(SchoolId, i32, i32)>,
}

impl Report {
    /// Notes values that were compared, whatever came of it.
    pub fn compared(&mut self, of: &str, cells: u64) {
        if let Some(checked) = self.checked.get_mut(of) {
            checked.cells += cells;
        } else {
            self.checked.insert(of.to_owned(), Checked { cells, differences: 0 });
        }
    }

    /// Notes a value that differs.
    pub fn differs(&mut self, difference: Difference) {
        self.checked.entry(difference.of.clone()).or_default().differences += 1;
        if self.differences.len() < KEPT {
            self.differences.push(difference);
        }
    }

    /// Notes what was left out.
    pub fn leaves_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.unchecked.insert(Unchecked { what: what.into(), why: why.into() });
    }

    /// All values compared.
    pub fn cells(&self) -> u64 {
        self.checked.values().map(|checked| checked.cells).sum()
    }

    /// All that differ.
    pub fn differing(&self) -> u64 {
        self.checked.values().map(|checked| checked.differences).sum()
    }

    /// Adds what another part found.
    pub fn add(&mut self, other: Report) {
        for (of, checked) in other.checked {
            let sum = self.checked.entry(of).or_default();
            sum.cells += checked.cells;
            sum.differences += checked.differences;
        }
        let room = KEPT.saturating_sub(self.differences.len());
        self.differences.extend(other.differences.into_iter().take(room));
        self.unchecked.extend(other.unchecked);
        self.stored.extend(other.stored);
        self.recomputed.extend(other.recomputed);
        self.closed += other.closed;
        self.stale += other.stale;
        self.without_raw += other.without_raw;
        self.weeks_without_days += other.weeks_without_days;
        self.differing_spans.extend(other.differing_spans);
    }

    /// Puts differences in a stable order.
    pub(crate) fn in_order(&mut self) {
        self.differences.sort_by(|a, b| (&a.of, &a.key, a.measure).cmp(&(&b.of, &b.key, b.measure)));
    }
}
