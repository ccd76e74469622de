//! Remembers what a record's repeating fields came to: most lines of a log say who and what in one of some thousand ways.
//!
//! The key is the raw bytes of every field that is looked at, compared in full, so a remembered answer is the answer. Fields that hardly
//! repeat (free text where words were expected) are no longer asked after a while.

use std::sync::atomic::{AtomicU64, Ordering};

use super::columns::Column;
use crate::decode::{Slots, Span};
use crate::decoded::{FIELD_COUNT, Field};

/// Answers kept. A school has some thousand people and a few dozen ways to decide; a trust's central box perhaps twenty times as many.
/// The memory stays under some megabytes.
const MOST_ENTRIES: usize = 1 << 16;

/// Words of a key; a record whose fields are longer is answered afresh.
const KEY_WORDS: usize = 96;

/// Longest field in a key: lengths take a byte.
const LONGEST_FIELD: usize = u8::MAX as usize;

/// Places looked at before a key counts as unknown, so that made-up values can't make the search long.
const MOST_PROBES: usize = 8;

/// Questions after which it is looked whether answers repeat.
const TRIAL: u32 = 4096;

/// Trials in a row without half the answers known, after which nothing is asked any more.
const MOST_BAD_TRIALS: u32 = 8;

/// Numbers epochs over all readers, so that no number is ever taken for one of another reader.
static NEXT_EPOCH: AtomicU64 = AtomicU64::new(1);

/// An epoch that no reader has had yet.
pub(crate) fn next_epoch() -> u64 {
    NEXT_EPOCH.fetch_add(1, Ordering::Relaxed)
}

struct Entry<T> {
    hash: u64,
    key: (u32, u32),
    texts: (u32, u32),
    value: T,
}

/// What is remembered of a group of fields: the text of its columns, and a value.
pub(crate) struct Repeats<T> {
    fields: Vec<u16>,
    /// Entry number plus one, by hash; 0 is free.
    table: Vec<u32>,
    entries: Vec<Entry<T>>,
    keys: Vec<u64>,
    texts: Vec<(Field, u32, u32)>,
    bytes: Vec<u8>,
    key: Box<[u64; KEY_WORDS]>,
    /// Of the key asked for last: words, and hash.
    asked_for: (usize, u64),
    asked: u32,
    known: u32,
    bad_trials: u32,
    is_worth_it: bool,
}

/// Whether a record's fields are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Entry of this number, from 1.
    Known(u32),
    /// Not yet; [`Repeats::remember`] may follow.
    New,
    /// Can't be remembered.
    Never,
}

impl<T> Repeats<T> {
    /// Over the fields that columns and value are made of.
    pub(crate) fn new(fields: &[u16]) -> Self {
        Self {
            fields: fields.to_vec(),
            table: vec![0; 256],
            entries: Vec::new(),
            keys: Vec::new(),
            texts: Vec::new(),
            bytes: Vec::new(),
            key: Box::new([0; KEY_WORDS]),
            asked_for: (0, 0),
            asked: 0,
            known: 0,
            bad_trials: 0,
            is_worth_it: true,
        }
    }

    /// Whether the fields of this record are known.
    pub(crate) fn look(&mut self, record: &[u8], slots: &Slots) -> Look {
        if !self.is_worth_it {
            return Look::Never;
        }
        let Some((words, hash)) = self.write_key(record, slots) else { return Look::Never };
        self.asked += 1;
        let key = &self.key[..words];
        let mask = self.table.len() - 1;
        for probe in 0..MOST_PROBES {
            let number = self.table[(hash as usize + probe) & mask];
            if number == 0 {
                break;
            }
            let entry = &self.entries[number as usize - 1];
            if &self.keys[entry.key.0 as usize..entry.key.1 as usize] == key {
                self.known += 1;
                return Look::Known(number);
            }
        }
        self.asked_for = (words, hash);
        Look::New
    }

    /// The fields' bytes as words: lengths first, so that no two records share a key.
    #[inline]
    fn write_key(&mut self, record: &[u8], slots: &Slots) -> Option<(usize, u64)> {
        let key = &mut self.key;
        let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
        let mut at = self.fields.len().div_ceil(8);
        key.get_mut(..at)?.fill(0);
        let mut put = |at: usize, word: u64| -> Option<()> {
            *key.get_mut(at)? = word;
            hash = (hash.rotate_left(26) ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
            Some(())
        };
        let mut lengths = 0_u64;
        for (number, &field) in self.fields.iter().enumerate() {
            let span = slots.span(field);
            let length = span.len();
            if length > LONGEST_FIELD {
                return None;
            }
            lengths |= (length as u64) << (8 * (number & 7));
            if number & 7 == 7 {
                put(number / 8, lengths)?;
                lengths = 0;
            }
            if length == 0 {
                continue;
            }
            if length < 8 {
                put(at, span.word(record, &slots.scratch))?;
                at += 1;
                continue;
            }
            let text = span.of(record, &slots.scratch);
            let (eights, rest) = text.as_chunks::<8>();
            for eight in eights {
                put(at, u64::from_le_bytes(*eight))?;
                at += 1;
            }
            if !rest.is_empty()
                && let Some(last) = text.last_chunk::<8>()
            {
                // The last word overlaps the one before: with equal lengths, equal words are equal texts.
                put(at, u64::from_le_bytes(*last))?;
                at += 1;
            }
        }
        if !self.fields.len().is_multiple_of(8) {
            put(self.fields.len() / 8, lengths)?;
        }
        Some((at, hash ^ (hash >> 32)))
    }

    /// Remembers the fields that [`Repeats::look`] did not know, with the text of `columns` that stands in `text`, and gives their number;
    /// none where there is no room.
    pub(crate) fn remember(
        &mut self,
        record: &[u8],
        slots: &Slots,
        columns: &[(Field, Column)],
        text: &[Span; FIELD_COUNT],
        value: T,
    ) -> Option<u32> {
        let (words, hash) = self.asked_for;
        let mask = self.table.len() - 1;
        let place = (0..MOST_PROBES).map(|probe| (hash as usize + probe) & mask).find(|place| self.table[*place] == 0)?;
        if self.entries.len() >= MOST_ENTRIES {
            return None;
        }
        let keys_from = self.keys.len() as u32;
        self.keys.extend_from_slice(&self.key[..words]);
        let texts_from = self.texts.len() as u32;
        for (field, _) in columns {
            let text = text[*field as usize].of(record, &slots.scratch);
            if !text.is_empty() {
                let from = self.bytes.len() as u32;
                self.bytes.extend_from_slice(text);
                self.texts.push((*field, from, self.bytes.len() as u32));
            }
        }
        self.entries.push(Entry {
            hash,
            key: (keys_from, self.keys.len() as u32),
            texts: (texts_from, self.texts.len() as u32),
            value,
        });
        self.table[place] = self.entries.len() as u32;
        if self.entries.len() * 3 > self.table.len() {
            self.grow();
        }
        Some(self.entries.len() as u32)
    }

    /// A larger table; an entry that finds no place in it is not found again, and costs a line afresh.
    fn grow(&mut self) {
        let size = self.table.len() * 2;
        self.table.clear();
        self.table.resize(size, 0);
        for (number, entry) in self.entries.iter().enumerate() {
            let place =
                (0..MOST_PROBES).map(|probe| (entry.hash as usize + probe) & (size - 1)).find(|place| self.table[*place] == 0);
            if let Some(place) = place {
                self.table[place] = number as u32 + 1;
            }
        }
    }

    /// What is remembered under a number.
    #[inline]
    pub(crate) fn value(&self, number: u32) -> Option<&T> {
        self.entries.get(number as usize - 1).map(|entry| &entry.value)
    }

    /// Hands out the text of the columns under a number.
    #[inline]
    pub(crate) fn hand_out<'a>(&'a self, number: u32, into: &mut [&'a [u8]; FIELD_COUNT]) {
        let Some(entry) = self.entries.get(number as usize - 1) else { return };
        for (field, from, to) in self.texts.get(entry.texts.0 as usize..entry.texts.1 as usize).unwrap_or_default() {
            into[*field as usize] = self.bytes.get(*from as usize..*to as usize).unwrap_or_default();
        }
    }

    /// Whether it is time to forget everything, because what is remembered does not come again; the numbers are void then.
    pub(crate) fn is_stale(&mut self) -> bool {
        if self.asked < TRIAL {
            return false;
        }
        let is_bad = self.known * 2 < self.asked;
        (self.asked, self.known) = (0, 0);
        self.bad_trials = if is_bad { self.bad_trials + 1 } else { 0 };
        self.is_worth_it &= self.bad_trials < MOST_BAD_TRIALS;
        is_bad && self.entries.len() >= MOST_ENTRIES / 2
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
        self.table.resize(256, 0);
        self.entries.clear();
        self.keys.clear();
        self.texts.clear();
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots_of(texts: &[&str]) -> (Vec<u8>, Slots) {
        let mut slots = Slots::new(texts.len());
        let mut record = Vec::new();
        for (slot, text) in texts.iter().enumerate() {
            slots.set(slot as u16, Span::new(record.len(), record.len() + text.len()));
            record.extend_from_slice(text.as_bytes());
        }
        (record, slots)
    }

    #[test]
    fn a_remembered_answer_is_the_answer() {
        let mut repeats = Repeats::new(&[0, 1]);
        let columns = [(Field::User, Column::default())];
        let rows = [
            ["ab", "c"],
            ["a", "bc"],
            ["", "abc"],
            ["abc", ""],
            ["12345678", "9"],
            ["1234567", "89"],
            ["123456789", ""],
            ["abcdefghijklm", "x"],
            ["abcdefghijklM", "x"],
        ];
        let mut numbers = vec![0; rows.len()];
        for round in 0..3000 {
            let row = round % rows.len();
            let (record, slots) = slots_of(&rows[row]);
            let mut text = [Span::default(); FIELD_COUNT];
            text[Field::User as usize] = slots.span(0);
            match repeats.look(&record, &slots) {
                Look::Known(number) => assert_eq!(number, numbers[row], "{:?}", rows[row]),
                Look::New => {
                    assert_eq!(numbers[row], 0, "{:?} was forgotten", rows[row]);
                    numbers[row] = repeats.remember(&record, &slots, &columns, &text, row).unwrap();
                }
                Look::Never => panic!("too long?"),
            }
            assert_eq!(repeats.value(numbers[row]), Some(&row));
            let mut out: [&[u8]; FIELD_COUNT] = [&[]; FIELD_COUNT];
            repeats.hand_out(numbers[row], &mut out);
            assert_eq!(out[Field::User as usize], rows[row][0].as_bytes());
        }
    }

    #[test]
    fn entries_are_found_again_after_growing() {
        let fields: Vec<u16> = (0..9).collect();
        let mut repeats = Repeats::new(&fields);
        let mut remembered = Vec::new();
        for number in 0..5000_u32 {
            let texts: Vec<String> =
                (0..9).map(|field| format!("{field}-{}", number.wrapping_mul(2_654_435_761 + field))).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let (record, slots) = slots_of(&texts);
            assert_eq!(repeats.look(&record, &slots), Look::New);
            if repeats.remember(&record, &slots, &[], &[Span::default(); FIELD_COUNT], number).is_some() {
                remembered.push((record, slots, number));
            }
        }
        let found = remembered
            .iter()
            .filter(|(record, slots, number)| match repeats.look(record, slots) {
                Look::Known(entry) => {
                    assert_eq!(repeats.value(entry), Some(number));
                    true
                }
                _ => false,
            })
            .count();
        assert!(found > 4950, "{found} of {} were found again", remembered.len());
    }

    #[test]
    fn fields_that_hardly_repeat_are_given_up() {
        let mut repeats = Repeats::new(&[0]);
        for round in 0..(MOST_BAD_TRIALS + 1) * TRIAL {
            let text = round.to_string();
            let (record, slots) = slots_of(&[&text]);
            if repeats.look(&record, &slots) == Look::New {
                repeats.remember(&record, &slots, &[], &[Span::default(); FIELD_COUNT], ());
            }
            if repeats.is_stale() {
                repeats.clear();
            }
        }
        assert!(!repeats.is_worth_it);
        let (record, slots) = slots_of(&["1"]);
        assert_eq!(repeats.look(&record, &slots), Look::Never);
    }

    #[test]
    fn a_field_too_long_is_answered_afresh() {
        let mut repeats = Repeats::<()>::new(&[0]);
        let long = "x".repeat(LONGEST_FIELD + 1);
        let (record, slots) = slots_of(&[&long]);
        assert_eq!(repeats.look(&record, &slots), Look::Never);
    }
}
