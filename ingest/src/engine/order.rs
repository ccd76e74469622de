//! The order of a batch's rows in their files: by date, school, time, then as read.

use std::ops::Range;

use weir_lake::batch::EventBatch;

/// Fills `rows` with the rows of `range` in the order (event_date, school_id, event_time, line read). Logs come nearly sorted, and
/// checking that is free.
pub(crate) fn sort_rows(batch: &EventBatch, range: Range<usize>, rows: &mut Vec<u32>) {
    rows.clear();
    rows.extend(range.start as u32..range.end as u32);
    let ranks = school_ranks(batch);
    let key = |row: u32| {
        let row = row as usize;
        (batch.event_date[row], ranks[batch.school_id.ids[row] as usize], batch.event_time[row])
    };
    if !sort_nearly_sorted(rows, key) {
        // Keys beside their rows: sorting rows by keys that lie elsewhere takes twice as long. The row itself breaks ties, so that rows
        // of one instant stay in the order read.
        let mut keyed: Vec<_> = range.map(|row| (key(row as u32), row as u32)).collect();
        keyed.sort_unstable();
        rows.clear();
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
}

/// Steps back that a row may cost on average before the rows count as unsorted. A proxy writes a line when a request has ended and
/// gives the time of its beginning, so a row stands a few places late.
const STEPS_A_ROW: usize = 8;

/// Sorts rows that stand near their places, those of equal keys as they stood; false where they do not, and then their order is void.
fn sort_nearly_sorted<K: Ord + Copy>(rows: &mut [u32], key: impl Fn(u32) -> K) -> bool {
    let Some(mut last) = rows.first().map(|row| key(*row)) else { return true };
    let mut steps = rows.len() * STEPS_A_ROW;
    for at in 1..rows.len() {
        let row = rows[at];
        let own = key(row);
        if last <= own {
            last = own;
            continue;
        }
        let mut to = at;
        while to > 0 && key(rows[to - 1]) > own {
            rows[to] = rows[to - 1];
            to -= 1;
        }
        rows[to] = row;
        match steps.checked_sub(at - to) {
            Some(left) => steps = left,
            None => return false,
        }
    }
    true
}

/// The place of every school id in the order of the ids' text.
fn school_ranks(batch: &EventBatch) -> Vec<u32> {
    let strings = &batch.school_id.strings;
    let mut ids: Vec<u32> = (0..strings.len() as u32).collect();
    ids.sort_by(|a, b| strings.get(*a).cmp(strings.get(*b)));
    let mut ranks = vec![0; ids.len()];
    for (rank, id) in ids.into_iter().enumerate() {
        ranks[id as usize] = rank as u32;
    }
    ranks
}

/// The stretches of `rows`, which are sorted, that share a date.
pub(crate) fn by_date<'a>(batch: &'a EventBatch, rows: &'a [u32]) -> impl Iterator<Item = (i32, &'a [u32])> {
    rows.chunk_by(|a, b| batch.event_date[*a as usize] == batch.event_date[*b as usize])
        .filter_map(|stretch| stretch.first().map(|first| (batch.event_date[*first as usize], stretch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[(i32, &str, i64)]) -> EventBatch {
        let mut batch = EventBatch::default();
        for (date, school, time) in rows {
            batch.event_date.push(*date);
            batch.event_time.push(*time);
            let id = batch.school_id.strings.intern(school.as_bytes());
            batch.school_id.ids.push(id);
        }
        batch
    }

    #[test]
    fn rows_near_their_places_and_far_from_them_are_sorted() {
        for far in [1, 3, 40, 5000] {
            // Each stretch of `far` times stands backwards, every time twice.
            let times: Vec<i64> = (0..5000).map(|n: i64| (n / far * far + far - 1 - n % far) / 2).collect();
            let batch = batch(&times.iter().map(|time| (1, "oak", *time)).collect::<Vec<_>>());
            let mut rows = Vec::new();
            sort_rows(&batch, 0..5000, &mut rows);
            let mut wanted: Vec<u32> = (0..5000).collect();
            wanted.sort_by_key(|row| times[*row as usize]);
            assert!(rows == wanted, "{far}");
        }
    }

    #[test]
    fn rows_go_by_date_school_time_and_then_as_read() {
        let batch = batch(&[(2, "oak", 9), (1, "oak", 5), (1, "ash", 7), (1, "oak", 5), (1, "oak", 4), (2, "ash", 9)]);
        let mut rows = Vec::new();
        sort_rows(&batch, 0..6, &mut rows);
        assert_eq!(rows, [2, 4, 1, 3, 5, 0]);
        let dates: Vec<_> = by_date(&batch, &rows).map(|(date, rows)| (date, rows.to_vec())).collect();
        assert_eq!(dates, [(1, vec![2, 4, 1, 3]), (2, vec![5, 0])]);
        sort_rows(&batch, 3..5, &mut rows);
        assert_eq!(rows, [4, 3]);
    }
}
