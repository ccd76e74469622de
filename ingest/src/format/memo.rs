//! Remembers what rules and action words made of the same words before: most lines of a log say one of a few dozen things.
//!
//! The key is the raw bytes of every field the decision looks at, compared in full, so a remembered answer is the answer. A format whose
//! decision looks at fields that hardly repeat (a URL) stops asking after a while.

use super::plan::Verdict;
use crate::decode::Slots;

/// Answers kept; a box uses some dozens of combinations.
const ENTRIES: usize = 256;

/// Longest key remembered; longer ones are free text and will not come again.
const LONGEST_KEY: usize = 512;

/// Questions after which it is clear whether answers repeat.
const TRIAL: u32 = 1024;

/// The answers of one reader.
pub(crate) struct Memo {
    fields: Vec<u16>,
    entries: Vec<(Vec<u8>, Verdict)>,
    key: Vec<u8>,
    asked: u32,
    known: u32,
    is_worth_it: bool,
}

impl Memo {
    /// A memo over the fields a decision looks at.
    pub(crate) fn new(fields: &[u16]) -> Self {
        Self {
            fields: fields.to_vec(),
            entries: vec![(Vec::new(), Verdict::default()); ENTRIES],
            key: Vec::with_capacity(LONGEST_KEY + 16),
            asked: 0,
            known: 0,
            is_worth_it: !fields.is_empty(),
        }
    }

    /// The answer for the fields of this record: the remembered one, or `decide`'s, which is then remembered.
    pub(crate) fn verdict(&mut self, record: &[u8], slots: &mut Slots, decide: impl FnOnce(&mut Slots) -> Verdict) -> Verdict {
        if !self.is_worth_it {
            return decide(slots);
        }
        self.key.clear();
        for field in &self.fields {
            let text = slots.bytes(record, *field);
            if self.key.len() + text.len() > LONGEST_KEY {
                return decide(slots);
            }
            // Lengths first, so that no two records share a key.
            self.key.extend_from_slice(&(text.len() as u16).to_le_bytes());
            self.key.extend_from_slice(text);
        }
        let Some((key, verdict)) = self.entries.get_mut(place(&self.key)) else { return decide(slots) };
        self.asked += 1;
        if *key == self.key {
            self.known += 1;
            if self.asked >= TRIAL {
                (self.asked, self.known) = (0, 0);
            }
            return *verdict;
        }
        if self.asked >= TRIAL {
            self.is_worth_it = self.known * 2 >= self.asked;
            (self.asked, self.known) = (0, 0);
        }
        *verdict = decide(slots);
        key.clear();
        key.extend_from_slice(&self.key);
        *verdict
    }
}

/// Place of a key among the entries.
fn place(key: &[u8]) -> usize {
    let (eights, tail) = key.as_chunks::<8>();
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    let mut mix = |word: u64| hash = (hash.rotate_left(23) ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
    eights.iter().for_each(|eight| mix(u64::from_le_bytes(*eight)));
    mix(tail.iter().fold(tail.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
    (hash >> 32) as usize % ENTRIES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Span;
    use crate::format::rules::Ruled;

    #[test]
    fn a_remembered_answer_is_the_answer() {
        let mut memo = Memo::new(&[0, 1]);
        let mut decided = 0;
        for round in 0..5000_u32 {
            // Two fields whose texts joined are alike ("ab" + "c", "a" + "bc") must not be taken for each other.
            let (first, second) = match round % 4 {
                0 => ("ab", "c"),
                1 => ("a", "bc"),
                2 => ("", "abc"),
                _ => ("abc", ""),
            };
            let record = format!("{first}{second}");
            let mut slots = Slots::new(2);
            slots.set(0, Span::new(0, first.len()));
            slots.set(1, Span::new(first.len(), record.len()));
            let reason: &'static str = ["ab+c", "a+bc", "+abc", "abc+"][round as usize % 4];
            let wanted = Verdict { ruled: Ruled::Ignored(reason), action: None };
            let found = memo.verdict(record.as_bytes(), &mut slots, |_| {
                decided += 1;
                wanted
            });
            assert_eq!(found.ruled, wanted.ruled);
        }
        assert!(decided < 100, "decided {decided} times");
    }

    #[test]
    fn fields_that_hardly_repeat_are_given_up() {
        let mut memo = Memo::new(&[0]);
        for round in 0..3 * TRIAL {
            let record = round.to_string();
            let mut slots = Slots::new(1);
            slots.set(0, Span::new(0, record.len()));
            memo.verdict(record.as_bytes(), &mut slots, |_| Verdict::default());
        }
        assert!(!memo.is_worth_it);
    }
}
