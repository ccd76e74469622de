//! BLAKE3 of a stream whose units are hashed apart, in any order and on any thread, and joined at the end.

use blake3::Hasher;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

/// The hash of one unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitHash {
    /// Its place in the stream, in units.
    pub(crate) index: u64,
    value: ChainingValue,
    /// For the first unit also what the whole stream hashes to if nothing follows.
    root: Option<[u8; 32]>,
}

/// Hashes unit `index` of a stream cut into units of `unit` bytes. `unit` is 1,024 times a power of two (so that a unit is a whole
/// subtree of BLAKE3's tree) and only the last unit of a stream is shorter.
pub(crate) fn hash_unit(index: u64, unit: u64, bytes: &[u8]) -> UnitHash {
    let mut hasher = Hasher::new();
    if index == 0 {
        hasher.update(bytes);
        // Finalising without a root takes one chunk at least, so an empty stream has a root alone.
        let value = if bytes.is_empty() { [0; 32] } else { hasher.finalize_non_root() };
        return UnitHash { index, value, root: Some(*hasher.finalize().as_bytes()) };
    }
    hasher.set_input_offset(index * unit).update(bytes);
    UnitHash { index, value: hasher.finalize_non_root(), root: None }
}

/// Joins the units of a stream; none when one is missing. No units at all is an empty stream.
pub(crate) fn join(mut units: Vec<UnitHash>) -> Option<[u8; 32]> {
    units.sort_by_key(|unit| unit.index);
    if units.iter().zip(0..).any(|(unit, index)| unit.index != index) {
        return None;
    }
    match units.as_slice() {
        [] => Some(*blake3::hash(&[]).as_bytes()),
        [one] => one.root,
        many => {
            let (left, right) = many.split_at(left_units(many.len()));
            Some(*merge_subtrees_root(&subtree(left), &subtree(right), Mode::Hash).as_bytes())
        }
    }
}

fn subtree(units: &[UnitHash]) -> ChainingValue {
    match units {
        [one] => one.value,
        many => {
            let (left, right) = many.split_at(left_units(many.len()));
            merge_subtrees_non_root(&subtree(left), &subtree(right), Mode::Hash)
        }
    }
}

/// Units in the left half of BLAKE3's tree: the largest power of two below `units`, which is 2 or more.
fn left_units(units: usize) -> usize {
    units.div_ceil(2).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_joined_in_any_order_are_the_hash_of_the_whole() {
        for length in [0usize, 1, 1023, 1024, 1025, 2048, 4096, 4097, 5000, 7 * 1024, 8 * 1024, 9 * 1024 + 3, 65 * 1024, 100_000]
        {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
            for unit in [1024usize, 4096, 1 << 20] {
                let mut units: Vec<_> =
                    bytes.chunks(unit).enumerate().map(|(index, part)| hash_unit(index as u64, unit as u64, part)).collect();
                units.reverse();
                assert_eq!(join(units), Some(*blake3::hash(&bytes).as_bytes()), "{length} bytes in units of {unit}");
            }
        }
    }

    #[test]
    fn a_missing_unit_gives_no_hash() {
        let units = vec![hash_unit(0, 1024, &[1; 1024]), hash_unit(2, 1024, &[1; 10])];
        assert_eq!(join(units), None);
    }
}
