//! `activity_hourly` by its definition: every row that is a decision or says that logs came, counted by local hour and kind.

use weir_lake::schema::Table;

use crate::cells::{Cells, Shape};
use crate::columns::NONE;

/// What the rows are told apart by and count.
pub(crate) const SHAPE: Shape<10, 6> = Shape {
    table: Table::ActivityHourly,
    keys: ["school_id", "source_id", "profile", "user_type", "year_group", "hour", "kind", "action", "category", "furniture"],
    measures: ["requests", "identified", "https", "path_visible", "categorised", "bytes"],
};

/// Words that rows are compared with, as numbers.
pub(crate) struct Known {
    pub(crate) flow: u32,
    pub(crate) https: u32,
    pub(crate) uncategorised: u32,
    pub(crate) shared: u32,
    pub(crate) device: u32,
}

/// One raw row, as far as activity goes.
pub(crate) struct Row {
    pub(crate) key: [u32; 10],
    pub(crate) user_key: u32,
    pub(crate) scheme: u32,
    pub(crate) tls_inspected: bool,
    pub(crate) bytes: i64,
}

/// Counts a row; firewall sessions without a host are neither decisions nor proof of logs.
pub(crate) fn count(cells: &mut Cells<10, 6>, row: &Row, known: &Known) {
    let [_, _, _, user_type, _, _, kind, _, category, _] = row.key;
    if kind == known.flow {
        return;
    }
    let is_one_person = row.user_key != NONE && user_type != known.shared && user_type != known.device;
    let is_https = row.scheme == known.https;
    let is_categorised = category != NONE && category != known.uncategorised;
    let counts = cells.entry(row.key).or_default();
    for (sum, more) in counts.iter_mut().zip([
        1,
        i64::from(is_one_person),
        i64::from(is_https),
        i64::from(is_https && row.tls_inspected),
        i64::from(is_categorised),
        row.bytes,
    ]) {
        *sum += more;
    }
}
