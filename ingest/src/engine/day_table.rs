//! Which rows of a source's day are in the lake already, for the multiset arithmetic of overlapping exports; asked by many threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries a bucket of the search table covers on average.
const ENTRIES_PER_BUCKET: usize = 8;

/// Told apart from a row's own identity: marks an occurrence that was dropped as a duplicate, so that a later segment of the same
/// growing file counts on from there. Random bits, so that chance meets no other identity.
pub(crate) const DROPPED: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834;

/// The rows kept so far of one day.
///
/// Of T rows kept with an identity, the file being read has brought C itself (in an earlier segment); the larger count of two
/// overlapping files stays, so its next T - C occurrences are duplicates and those after them are rows.
pub(crate) struct DayTable {
    sorted: Vec<u128>,
    starts: Vec<u32>,
    taken: Arc<Taken>,
}

/// Which kept rows an occurrence in the file being read has been set off against. Outlives the table, which may be dropped for memory.
pub(crate) struct Taken(Vec<AtomicU64>);

impl DayTable {
    /// Builds the table of a day from its entries (identity, tag of the segment that brought it), in any order. `own` are the tags of
    /// the segments of the file being read that are in the lake. `taken` carries on where a table of the same entries stopped.
    pub(crate) fn new(entries: impl Iterator<Item = (u128, u32)>, own: &[u32], taken: Option<Arc<Taken>>) -> Self {
        let (mut sorted, mut brought) = (Vec::new(), Vec::new());
        for (identity, tag) in entries {
            sorted.push(identity);
            if own.contains(&tag) && taken.is_none() {
                brought.push(identity);
            }
        }
        // A stable sort finds the sorted runs that entries come in and merges them.
        sorted.sort();
        let buckets = (sorted.len() / ENTRIES_PER_BUCKET).max(1);
        let mut starts = Vec::with_capacity(buckets + 1);
        let mut at = 0;
        for bucket in 0..buckets {
            while at < sorted.len() && bucket_of(sorted[at], buckets) < bucket {
                at += 1;
            }
            starts.push(at as u32);
        }
        starts.push(sorted.len() as u32);
        let taken = taken.unwrap_or_else(|| Arc::new(Taken((0..sorted.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect())));
        let table = Self { sorted, starts, taken };
        for identity in brought {
            // An occurrence that was kept is set off against itself, one that was dropped against the row it was dropped for. An entry
            // does not say which it is, and need not: the other of the two meets nothing that is ever asked for.
            table.take(identity);
            table.take(identity ^ DROPPED);
        }
        table
    }

    /// Whether an occurrence is a duplicate: sets it off against a kept row if one is left.
    pub(crate) fn take(&self, identity: u128) -> bool {
        let bucket = bucket_of(identity, self.starts.len() - 1);
        let range = self.starts[bucket] as usize..self.starts[bucket + 1] as usize;
        let from = range.start + self.sorted[range.clone()].partition_point(|kept| *kept < identity);
        for at in from..range.end {
            if self.sorted[at] != identity {
                return false;
            }
            let bit = 1 << (at % 64);
            if self.taken.0[at / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                return true;
            }
        }
        false
    }

    /// What a table of the same entries needs to carry on.
    pub(crate) fn taken(&self) -> Arc<Taken> {
        Arc::clone(&self.taken)
    }

    /// Bytes held.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.sorted.capacity() * 16 + self.starts.capacity() * 4
    }
}

/// Identities are evenly spread, so their leading bits say where they lie.
fn bucket_of(identity: u128, buckets: usize) -> usize {
    (((identity >> 64) * buckets as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Identities as spread as real ones.
    fn spread(number: u8) -> u128 {
        let hash = blake3::hash(&[number]);
        u128::from_le_bytes(hash.as_bytes()[..16].try_into().unwrap())
    }

    /// Reads segments of files one after the other, as (file, occurrences), and gives the rows kept of each identity.
    fn kept(segments: &[(u32, Vec<u8>)]) -> BTreeMap<u8, usize> {
        let mut entries: Vec<(u128, u32)> = Vec::new();
        let mut rows = BTreeMap::new();
        for (tag, numbers) in segments {
            let own: Vec<u32> = segments.iter().map(|(other, _)| *other).filter(|other| other == tag).collect();
            let own = own.as_slice();
            let table = DayTable::new(entries.iter().copied(), own, None);
            let mut table = Some(table);
            for (at, number) in numbers.iter().enumerate() {
                if at == numbers.len() / 2 {
                    // Dropped for memory and built again in the middle.
                    let taken = table.take().unwrap().taken();
                    table = Some(DayTable::new(entries.clone().into_iter(), own, Some(taken)));
                    // (entries of this segment join the day only once it is done)
                }
                if !table.as_ref().unwrap().take(spread(*number)) {
                    *rows.entry(*number).or_insert(0) += 1;
                }
            }
            // What this segment brings, recomputed with a fresh table so that kept and dropped are told apart.
            let table = DayTable::new(entries.iter().copied(), own, None);
            let brought: Vec<_> = numbers
                .iter()
                .map(|number| {
                    let identity = spread(*number);
                    (if table.take(identity) { identity ^ DROPPED } else { identity }, *tag)
                })
                .collect();
            entries.extend(brought);
        }
        rows
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn the_larger_count_stays_in_any_order_and_any_segments(
            files in prop::collection::vec(prop::collection::vec(0u8..6, 0..12), 1..4),
            cuts in prop::collection::vec(0usize..12, 4),
            reversed: bool,
        ) {
            let mut wanted: BTreeMap<u8, usize> = BTreeMap::new();
            for file in &files {
                let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
                file.iter().for_each(|number| *counts.entry(*number).or_insert(0) += 1);
                for (number, count) in counts {
                    let most = wanted.entry(number).or_insert(0);
                    *most = count.max(*most);
                }
            }
            // First segments of all files, then their second ones.
            let cut = |file: usize| cuts[file].min(files[file].len());
            let mut order: Vec<usize> = (0..files.len()).collect();
            if reversed {
                order.reverse();
            }
            let first = order.iter().map(|file| (*file as u32, files[*file][..cut(*file)].to_vec()));
            let second = order.iter().map(|file| (*file as u32, files[*file][cut(*file)..].to_vec()));
            let segments: Vec<_> = first.chain(second).collect();
            prop_assert_eq!(kept(&segments), wanted);
        }
    }
}
