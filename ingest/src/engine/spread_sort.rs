//! Sorts keyed hashes: their leading bits are spread evenly, so one pass puts nearly every one where it belongs.

/// Hashes a bucket gets on average; so few are sorted by insertion.
const IN_A_BUCKET: usize = 8;

/// Bits of the most buckets: their counters stay in the second-level cache.
const MOST_BITS: u32 = 16;

/// Below this many, distributing costs more than it saves.
const FEW: usize = 256;

/// Sorts `hashes`; as quick as one pass where their leading bits are spread evenly, and correct whatever they are.
pub(crate) fn sort_spread(hashes: &mut Vec<u128>) {
    if hashes.len() < FEW {
        hashes.sort_unstable();
        return;
    }
    let bits = (hashes.len() / IN_A_BUCKET).ilog2().min(MOST_BITS);
    let bucket = |hash: u128| (hash >> (u128::BITS - bits)) as usize;
    let mut ends = vec![0_u32; (1 << bits) + 1];
    for hash in hashes.iter() {
        ends[bucket(*hash) + 1] += 1;
    }
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let mut sorted = vec![0; hashes.len()];
    for hash in hashes.iter() {
        let end = &mut ends[bucket(*hash)];
        sorted[*end as usize] = *hash;
        *end += 1;
    }
    let mut from = 0;
    for end in ends.iter().take(1 << bits) {
        let end = *end as usize;
        if let Some(few) = sorted.get_mut(from..end) {
            few.sort_unstable();
        }
        from = end;
    }
    *hashes = sorted;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn hashes_come_out_sorted(
            mut hashes in prop::collection::vec(prop_oneof![any::<u128>(), 0..10_u128, Just(u128::MAX)], 0..3000),
        ) {
            let mut wanted = hashes.clone();
            wanted.sort_unstable();
            sort_spread(&mut hashes);
            prop_assert_eq!(hashes, wanted);
        }
    }
}
