//! Knows the keys a product writes and the order they come in: a key is first guessed from the keys that followed the last one before.
//!
//! A line of a known layout then costs one comparison a key and no hash. Several layouts live side by side, because each key remembers
//! its latest followers.

use super::NO_SLOT;

/// Followers remembered a key. FortiGate interleaves some four layouts; three guesses cover all but the rare optional key.
const FOLLOWERS: usize = 3;

/// Keys learnt, wanted or not. A box writes at most some 200 different ones; what comes after is read but not learnt.
const MOST_KEYS: usize = 512;

/// Places of the hash table: four times the keys, so that probes stay short.
const TABLE: usize = MOST_KEYS * 4;

/// A key's number; [`START`] stands for the start of a line, and for keys that were not learnt.
pub(crate) type KeyId = u16;

/// Before the first key.
pub(crate) const START: KeyId = 0;

struct Key {
    /// The name with its `=`, so that one comparison finds both.
    name: Box<[u8]>,
    sight: Sight,
    /// The latest follower, as far as it takes to know it: a line of a known layout then needs this key alone.
    next: Sight,
    followers: [KeyId; FOLLOWERS],
}

/// What tells a key at sight: nearly all differ in their first sixteen bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    start: u128,
    mask: u128,
    /// Of the name with its `=`.
    length: u32,
    id: KeyId,
    slot: u16,
}

/// Sight of no key.
const UNSEEN: Sight = Sight { start: 1, mask: 0, length: 0, id: START, slot: NO_SLOT };

/// Bytes that tell a key at sight.
const SIGHT_BYTES: u32 = 16;

impl Sight {
    /// Whether the key stands at `at`, for one that sixteen bytes tell: its slot and the place of its value.
    #[inline(always)]
    pub(super) fn stands(&self, record: &[u8], at: usize) -> Option<(u16, usize)> {
        let first = first_sixteen(record.get(at..)?);
        (first & self.mask == self.start && self.length <= SIGHT_BYTES).then_some((self.slot, at + self.length as usize))
    }
}

impl Key {
    fn new(name: &[u8], id: KeyId, slot: u16) -> Self {
        let mut with_equals = name.to_vec();
        with_equals.push(b'=');
        let length = with_equals.len().min(SIGHT_BYTES as usize);
        let mask = u128::MAX >> (128 - 8 * length);
        let start = first_sixteen(&with_equals) & mask;
        let sight = Sight { start, mask, length: with_equals.len() as u32, id, slot };
        Self { name: with_equals.into(), sight, next: UNSEEN, followers: [START; FOLLOWERS] }
    }

    /// Whether `rest`, whose first sixteen bytes are `first`, starts with this key and its `=`.
    #[inline(always)]
    fn starts(&self, rest: &[u8], first: u128) -> bool {
        first & self.sight.mask == self.sight.start && (self.sight.length <= SIGHT_BYTES || rest.starts_with(&self.name))
    }
}

/// The first sixteen bytes of `rest`, zeroes where it is shorter.
#[inline(always)]
fn first_sixteen(rest: &[u8]) -> u128 {
    match rest.first_chunk::<16>() {
        Some(sixteen) => u128::from_le_bytes(*sixteen),
        None => first_few(rest),
    }
}

/// As [`first_sixteen`], at the end of a record.
#[cold]
#[inline(never)]
fn first_few(rest: &[u8]) -> u128 {
    rest.iter().take(16).rev().fold(0, |word, byte| word << 8 | u128::from(*byte))
}

/// The keys of one reader.
pub(crate) struct Keys {
    keys: Vec<Key>,
    table: Vec<KeyId>,
}

impl Keys {
    /// The wanted names with their slots; the others are learnt on the way.
    pub(crate) fn new<'n>(wanted: impl Iterator<Item = (&'n [u8], u16)>) -> Self {
        let mut keys = Self { keys: vec![Key::new(b"", START, NO_SLOT)], table: vec![START; TABLE] };
        for (name, slot) in wanted {
            keys.intern(name, slot);
        }
        keys
    }

    /// The key of `name`, or the place in the table where it belongs.
    fn place(&self, name: &[u8]) -> Result<KeyId, usize> {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut at = (hash ^ (hash >> 32)) as usize % TABLE;
        loop {
            match self.table[at] {
                START => return Err(at),
                id => {
                    let known = &self.keys[id as usize].name;
                    if known.len() == name.len() + 1 && known.starts_with(name) {
                        return Ok(id);
                    }
                }
            }
            at = (at + 1) % TABLE;
        }
    }

    fn intern(&mut self, name: &[u8], slot: u16) -> KeyId {
        match self.place(name) {
            Ok(known) => known,
            Err(_) if self.keys.len() >= MOST_KEYS => START,
            Err(at) => {
                let id = self.keys.len() as KeyId;
                self.keys.push(Key::new(name, id, slot));
                self.table[at] = id;
                id
            }
        }
    }

    /// The key at `at`, guessed from the one before: its number, slot and length with the `=`.
    #[inline(always)]
    pub(crate) fn guess(&self, before: KeyId, record: &[u8], at: usize) -> Option<(KeyId, u16, usize)> {
        let rest = record.get(at..)?;
        let first = first_sixteen(rest);
        let key = self.keys.get(before as usize)?;
        let next = &key.next;
        if first & next.mask == next.start && next.length <= SIGHT_BYTES {
            return Some((next.id, next.slot, next.length as usize));
        }
        self.guess_again(&key.followers, rest, first)
    }

    /// The other followers; apart, so that the usual case stays small.
    #[inline(never)]
    fn guess_again(&self, followers: &[KeyId; FOLLOWERS], rest: &[u8], first: u128) -> Option<(KeyId, u16, usize)> {
        for id in followers.iter().copied() {
            let key = self.keys.get(id as usize)?;
            if id != START && key.starts(rest, first) {
                return Some((id, key.sight.slot, key.name.len()));
            }
        }
        None
    }

    /// What tells a key that was found.
    pub(super) fn sight(&self, key: KeyId) -> Option<Sight> {
        self.keys.get(key as usize).map(|key| key.sight)
    }

    /// The key `name`, which was not guessed, and its slot; remembered as a follower of `before`.
    pub(crate) fn find(&mut self, before: KeyId, name: &[u8]) -> (KeyId, u16) {
        let id = self.intern(name, NO_SLOT);
        let sight = self.keys[id as usize].sight;
        let key = &mut self.keys[before as usize];
        if id != START && !key.followers.contains(&id) {
            key.followers.rotate_right(1);
            key.followers[0] = id;
            key.next = sight;
        }
        (id, sight.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_follow_what_was_found() {
        let names = ["a", "longer_than_eight", "ab"];
        let mut keys = Keys::new(names.iter().enumerate().map(|(n, name)| (name.as_bytes(), n as u16)));
        assert_eq!(keys.guess(START, b"a=1", 0), None);
        let (a, slot) = keys.find(START, b"a");
        assert_eq!(slot, 0);
        assert_eq!(keys.guess(START, b"a=1", 0), Some((a, 0, 2)));
        assert_eq!(keys.guess(START, b"ab=1", 0), None);
        let (long, _) = keys.find(a, b"longer_than_eight");
        assert_eq!(keys.guess(a, b"longer_than_eight=x", 0), Some((long, 1, 18)));
        assert_eq!(keys.guess(a, b"longer_than_nine=xy", 0), None);
        assert_eq!(keys.guess(a, b"longer_than", 0), None);
        assert_eq!(keys.guess(START, b"a", 0), None);
        assert_eq!(keys.find(a, b"unwanted").1, NO_SLOT);
    }

    #[test]
    fn more_keys_than_can_be_learnt() {
        let mut keys = Keys::new([(&b"wanted"[..], 7)].into_iter());
        for n in 0..5000 {
            keys.find(START, format!("key{n}").as_bytes());
        }
        assert_eq!(keys.find(START, b"wanted").1, 7);
    }
}
