//! Remembers what raw bytes came to, so that a value seen before costs one hash and one comparison; bounded, and `Copy` values only.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use weir_lake::batch::{DictColumn, NULL_ID};

/// Entries after which a cache starts afresh. A school has some 50,000 hosts a term; ten times a small trust's still fits, and the
/// memory of a made-up flood of names stays under some tens of megabytes.
const MOST_ENTRIES: usize = 200_000;

/// No string was interned yet for this slot; not [`NULL_ID`], which says that there is no value.
pub(crate) const UNSET: u32 = u32::MAX - 1;

/// Between the parts of a key; no log writes it.
const UNIT: u8 = 0x1f;

struct Entry<V> {
    end: u32,
    value: V,
}

/// A map from bytes to small values. Open addressing with linear probing over (part of the hash, entry); keys lie in one block.
pub(crate) struct ByteCache<V: Copy> {
    hasher: RandomState,
    /// High half: part of the hash. Low half: entry number plus one; 0 is a free slot.
    slots: Vec<u64>,
    entries: Vec<Entry<V>>,
    keys: Vec<u8>,
    last: usize,
}

impl<V: Copy> Default for ByteCache<V> {
    fn default() -> Self {
        Self { hasher: RandomState::default(), slots: vec![0; 256], entries: Vec::new(), keys: Vec::new(), last: 0 }
    }
}

impl<V: Copy> ByteCache<V> {
    fn key(&self, entry: usize) -> &[u8] {
        let from = if entry == 0 { 0 } else { self.entries[entry - 1].end as usize };
        &self.keys[from..self.entries[entry].end as usize]
    }

    /// What `key` came to, if it is remembered.
    pub(crate) fn get(&mut self, key: &[u8]) -> Option<V> {
        // Rows come in runs: a page asks one host dozens of times for one person.
        if self.last < self.entries.len() && same(self.key(self.last), key) {
            return Some(self.entries[self.last].value);
        }
        let hash = self.hasher.hash_one(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            let entry = (slot as u32 - 1) as usize;
            if slot >> 32 == hash >> 32 && same(self.key(entry), key) {
                self.last = entry;
                return Some(self.entries[entry].value);
            }
            at = (at + 1) & mask;
        }
    }

    /// Like [`ByteCache::get`], for a key made of parts. Where it gives nothing, `key` holds the key to remember.
    pub(crate) fn get_joined<const N: usize>(&mut self, parts: [&[u8]; N], key: &mut Vec<u8>) -> Option<V> {
        // The run's next row again: told without putting the parts together.
        if self.last < self.entries.len() && is_joined(self.key(self.last), &parts) {
            return Some(self.entries[self.last].value);
        }
        key.clear();
        for part in parts {
            key.extend_from_slice(part);
            key.push(UNIT);
        }
        self.get(key)
    }

    /// Remembers a key that [`ByteCache::get`] did not know.
    pub(crate) fn insert(&mut self, key: &[u8], value: V) {
        if self.entries.len() >= MOST_ENTRIES || self.keys.len() + key.len() > u32::MAX as usize {
            self.clear();
        }
        self.keys.extend_from_slice(key);
        self.entries.push(Entry { end: self.keys.len() as u32, value });
        self.last = self.entries.len() - 1;
        if self.entries.len() * 2 > self.slots.len() {
            let size = self.slots.len() * 2;
            self.slots.clear();
            self.slots.resize(size, 0);
            for entry in 0..self.entries.len() {
                self.place(entry);
            }
        } else {
            self.place(self.last);
        }
    }

    fn place(&mut self, entry: usize) {
        let hash = self.hasher.hash_one(self.key(entry));
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (hash >> 32 << 32) | (entry as u64 + 1);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(256, 0);
        self.entries.clear();
        self.keys.clear();
        self.last = 0;
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Whether a key is made of these parts.
#[inline]
fn is_joined(key: &[u8], parts: &[&[u8]]) -> bool {
    let mut from = 0;
    for part in parts {
        let end = from + part.len();
        if key.get(end) != Some(&UNIT) || !same(&key[from..end], part) {
            return false;
        }
        from = end + 1;
    }
    from == key.len()
}

/// Whether two short texts are equal, eight bytes at a time: a call of the library's comparison costs more than most of ours take.
#[inline]
fn same(left: &[u8], right: &[u8]) -> bool {
    const WORD: usize = 8;
    let length = left.len();
    if length != right.len() {
        return false;
    }
    if length < WORD {
        return left.iter().zip(right).all(|(left, right)| left == right);
    }
    let ((left_words, _), (right_words, _)) = (left.as_chunks::<WORD>(), right.as_chunks::<WORD>());
    // What is left over is less than a word: the last word of both overlaps the one before.
    left_words.iter().zip(right_words).all(|(left, right)| u64::from_ne_bytes(*left) == u64::from_ne_bytes(*right))
        && left.last_chunk::<WORD>() == right.last_chunk::<WORD>()
}

/// The last value of a column and its id: most columns repeat theirs from row to row.
pub(crate) struct LastText {
    raw: Vec<u8>,
    id: u32,
}

impl Default for LastText {
    fn default() -> Self {
        Self { raw: Vec::new(), id: UNSET }
    }
}

impl LastText {
    /// Appends a row's raw value to its column; `tidy` turns it into what is stored, or into nothing.
    #[inline]
    pub(crate) fn push(&mut self, column: &mut DictColumn, raw: &[u8], tidy: impl FnOnce(&[u8], &mut Vec<u8>) -> bool) {
        let id = self.id(column, raw, tidy);
        column.ids.push(id);
    }

    /// The id of a raw value in its column.
    #[inline]
    pub(crate) fn id(&mut self, column: &mut DictColumn, raw: &[u8], tidy: impl FnOnce(&[u8], &mut Vec<u8>) -> bool) -> u32 {
        if raw.is_empty() {
            return NULL_ID;
        }
        if self.id != UNSET && same(&self.raw, raw) {
            return self.id;
        }
        self.raw.clear();
        // The buffer serves for tidying first: no second one to keep.
        let id = if tidy(raw, &mut self.raw) { column.strings.intern(&self.raw) } else { NULL_ID };
        self.raw.clear();
        self.raw.extend_from_slice(raw);
        self.id = id;
        id
    }

    pub(crate) fn clear(&mut self) {
        self.raw.clear();
        self.id = UNSET;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::text::plain;

    #[test]
    fn a_cache_remembers_and_stays_bounded() {
        let mut cache = ByteCache::default();
        for number in 0..MOST_ENTRIES as u32 {
            let key = number.to_string();
            assert_eq!(cache.get(key.as_bytes()), None);
            cache.insert(key.as_bytes(), number);
        }
        for number in (0..MOST_ENTRIES as u32).step_by(97) {
            assert_eq!(cache.get(number.to_string().as_bytes()), Some(number));
        }
        cache.insert(b"one more", 7);
        assert_eq!((cache.len(), cache.get(b"0"), cache.get(b"one more")), (1, None, Some(7)));
        cache.clear();
        assert_eq!(cache.get(b"one more"), None);
        cache.insert(b"", 9);
        assert_eq!(cache.get(b""), Some(9));
    }

    #[test]
    fn equal_texts_are_equal() {
        let text: Vec<u8> = (0..40).collect();
        for length in 0..text.len() {
            assert!(same(&text[..length], &text[..length]));
            assert!(!same(&text[..length], &text[..length + 1]));
            for changed in 0..length {
                let mut other = text[..length].to_vec();
                other[changed] ^= 0x80;
                assert!(!same(&text[..length], &other), "{length} {changed}");
            }
        }
    }

    #[test]
    fn a_key_of_parts_is_no_other_key() {
        let mut cache = ByteCache::default();
        let mut key = Vec::new();
        let rows: [[&[u8]; 2]; 5] = [[b"a", b"bc"], [b"ab", b"c"], [b"abc", b""], [b"", b"abc"], [b"a", b"b"]];
        for (value, parts) in rows.into_iter().enumerate() {
            assert_eq!(cache.get_joined(parts, &mut key), None);
            cache.insert(&key, value);
        }
        for (value, parts) in rows.into_iter().enumerate() {
            assert_eq!(cache.get_joined(parts, &mut key), Some(value));
            assert_eq!(cache.get_joined(parts, &mut key), Some(value));
        }
    }

    #[test]
    fn a_column_gets_tidy_text() {
        let mut column = DictColumn::default();
        let mut last = LastText::default();
        for (raw, want) in [
            (&b" Year 9 "[..], Some("Year 9")),
            (b" Year 9 ", Some("Year 9")),
            (b"-", None),
            (b"", None),
            (b"  ", None),
            (b"caf\xe9", Some("caf\u{fffd}")),
        ] {
            last.push(&mut column, raw, plain);
            let id = *column.ids.last().unwrap();
            let got = (id != NULL_ID).then(|| String::from_utf8(column.strings.get(id).to_vec()).unwrap());
            assert_eq!(got.as_deref(), want, "{raw:?}");
        }
        assert_eq!(column.strings.len(), 2);
    }
}
