//! Splits `key=value` pairs, bare or quoted, in whatever order the product writes them.

use super::keys::{KeyId, Keys, START, Sight};
use super::marks::{mark, pieces};
use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte, find_either};

/// Reads pairs; one a reader, because it learns their order.
pub(crate) struct Kv {
    separators: Box<[u8]>,
    keys: Keys,
    /// Where the pairs of a plain record end.
    ends: Vec<u32>,
    /// Slots that the pairs of this record filled, to take back where the plain way was not the right one.
    filled: Vec<u16>,
    /// The keys of the last plain record of each number of pairs: the layouts that a product interleaves differ in it, as a rule.
    layouts: Vec<Vec<Sight>>,
    /// The keys of this record.
    met: Vec<KeyId>,
}

/// Pairs of the longest record whose layout is kept.
const LONGEST_LAYOUT: usize = 128;

/// Longest record split the plain way, whose places take 32 bits.
const LONGEST_PLAIN: usize = 1 << 16;

/// A pair that is not closed for good: a bare value may go on over blanks, and a quoted one over bare quotation marks.
struct Open {
    slot: u16,
    start: usize,
    end: usize,
    quoted: bool,
}

impl Kv {
    /// A decoder for the wanted `names` (an empty one is somebody else's), whose pairs stand apart by one of `separators` (the same throughout a line).
    pub(crate) fn new(names: &[String], separators: &[u8]) -> Self {
        Self {
            separators: if separators.is_empty() { b" ".as_slice().into() } else { separators.into() },
            keys: Keys::new(names.iter().enumerate().map(|(slot, name)| (name.as_bytes(), slot as u16))),
            ends: Vec::with_capacity(128),
            filled: Vec::with_capacity(64),
            layouts: vec![Vec::new(); LONGEST_LAYOUT],
            met: Vec::with_capacity(128),
        }
    }

    /// Which of the separators this line uses: the one that stands before the second key.
    fn separator(&self, record: &[u8], from: usize) -> u8 {
        let usual = self.separators.first().copied().unwrap_or(b' ');
        if self.separators.len() < 2 {
            return usual;
        }
        let Some(equals) = find_byte(record, from, b'=') else { return usual };
        let mut at = equals + 1;
        if record.get(at) == Some(&b'"') {
            at = find_byte(record, at + 1, b'"').map_or(record.len(), |n| n + 1);
        }
        if let [one, other] = *self.separators {
            loop {
                at = find_either(record, at, one, other);
                match record.get(at) {
                    None => return usual,
                    Some(byte) if starts_pair(&record[at + 1..]) => return *byte,
                    Some(_) => at += 1,
                }
            }
        }
        while at < record.len() {
            let byte = record[at];
            if self.separators.contains(&byte) && starts_pair(&record[at + 1..]) {
                return byte;
            }
            at += 1;
        }
        usual
    }

    /// Splits `record` from `from` on.
    pub(crate) fn split(&mut self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        if record.len() > LONGEST_RECORD {
            return Shape::Unreadable;
        }
        let separator = self.separator(record, from);
        if self.split_plain(record, from, separator, slots) {
            return Shape::Record;
        }
        self.filled.iter().for_each(|slot| slots.unset(*slot));
        self.split_with_care(record, from, separator, slots)
    }

    /// Splits a record as nearly all are: every quotation mark opens or closes a whole value, none is escaped, and every piece between
    /// separators is a pair. False for any other record, of which some slots may be filled.
    ///
    /// One pass marks the separators outside quotation marks, sixteen bytes at a time; the rest is a step a pair.
    fn split_plain(&mut self, record: &[u8], from: usize, separator: u8, slots: &mut Slots) -> bool {
        let text = record.get(from..).unwrap_or(&[]);
        self.filled.clear();
        if record.len() > LONGEST_PLAIN {
            return false;
        }
        let Some(quotes) = mark_ends(text, from, separator, &mut self.ends) else { return false };
        self.ends.push(record.len() as u32);
        if self.split_alike(record, from, quotes, slots) {
            return true;
        }
        self.filled.drain(..).for_each(|slot| slots.unset(slot));
        self.split_guessing(record, from, quotes, slots)
    }

    /// Splits a record of the same keys in the same order as the last one of as many pairs: a comparison a key, none waiting for the one
    /// before. False for any other record, of which some slots may be filled.
    fn split_alike(&mut self, record: &[u8], from: usize, quotes: u32, slots: &mut Slots) -> bool {
        let Some(layout) = self.layouts.get(self.ends.len()).filter(|layout| layout.len() == self.ends.len()) else {
            return false;
        };
        let mut quotes_of_values = 0_u32;
        let mut at = from;
        for (sight, end) in layout.iter().zip(&self.ends) {
            let end = *end as usize;
            while record.get(at) == Some(&b' ') {
                at += 1;
            }
            let Some((slot, value)) = sight.stands(record, at) else { return false };
            let Some(span) = plain_value(record, value, end, &mut quotes_of_values) else { return false };
            if slot != NO_SLOT && slots.span(slot).is_empty() {
                slots.set(slot, span);
                self.filled.push(slot);
            }
            at = end + 1;
        }
        quotes == quotes_of_values
    }

    /// Splits a plain record by guessing each key from the one before, and keeps its layout.
    fn split_guessing(&mut self, record: &[u8], from: usize, quotes: u32, slots: &mut Slots) -> bool {
        let mut quotes_of_values = 0_u32;
        let mut before: KeyId = START;
        let mut at = from;
        self.met.clear();
        for end in &self.ends {
            let end = *end as usize;
            while at < end && record[at] == b' ' {
                at += 1;
            }
            if at == end {
                at = end + 1;
                continue;
            }
            let (key, slot, value) = match self.keys.guess(before, record, at) {
                Some((key, slot, length)) => (key, slot, at + length),
                None => {
                    let rest = &record[at..];
                    let length = name_length(rest);
                    if length == 0 || rest.get(length) != Some(&b'=') {
                        return false;
                    }
                    let (key, slot) = self.keys.find(before, &rest[..length]);
                    (key, slot, at + length + 1)
                }
            };
            before = key;
            self.met.push(key);
            at = end + 1;
            let Some(span) = plain_value(record, value, end, &mut quotes_of_values) else { return false };
            if slot != NO_SLOT && slots.span(slot).is_empty() {
                slots.set(slot, span);
                self.filled.push(slot);
            }
        }
        // Any other mark stands inside a value, and only care tells where that one ends.
        let is_plain = quotes == quotes_of_values && before != START;
        if is_plain
            && self.met.len() == self.ends.len()
            && !self.met.contains(&START)
            && let Some(layout) = self.layouts.get_mut(self.ends.len())
        {
            layout.clear();
            layout.extend(self.met.iter().filter_map(|key| self.keys.sight(*key)));
        }
        is_plain
    }

    /// Splits any record; what the plain way finds, this finds too.
    fn split_with_care(&mut self, record: &[u8], from: usize, separator: u8, slots: &mut Slots) -> Shape {
        let mut before: KeyId = START;
        let mut is_any = false;
        let mut open = Open { slot: NO_SLOT, start: 0, end: 0, quoted: false };
        let mut at = from;
        while at < record.len() {
            if record[at] == separator || record[at] == b' ' {
                at += 1;
                continue;
            }
            let rest = record.get(at..).unwrap_or(&[]);
            let (key, slot, value) = match self.keys.guess(before, record, at) {
                Some((key, slot, length)) => (key, slot, at + length),
                None => {
                    let length = name_length(rest);
                    if length == 0 || rest.get(length) != Some(&b'=') {
                        at = self.more(record, at, separator, is_any, &mut open);
                        continue;
                    }
                    let (key, slot) = self.keys.find(before, &rest[..length]);
                    (key, slot, at + length + 1)
                }
            };
            if open.slot != NO_SLOT {
                slots.set(open.slot, Span::new(open.start, open.end));
            }
            is_any = true;
            before = key;
            let quoted = record.get(value) == Some(&b'"');
            let (start, end);
            if quoted {
                // The first mark that can close does; should no pair follow it, `more` looks again.
                let close = find_byte(record, value + 1, b'"').unwrap_or(record.len());
                let closes = record.get(close + 1).is_none_or(|&next| next == separator || next == b' ')
                    && record.get(close - 1).is_some_and(|&last| last != b'\\')
                    && close < record.len();
                (start, end, at) =
                    if closes { (value + 1, close, close + 1) } else { careful_quoted_value(record, value, separator) };
            } else {
                end = find_byte(record, value, separator).unwrap_or(record.len());
                (start, at) = (value, end);
            }
            open = Open { slot, start, end, quoted };
            at += usize::from(record.get(at) == Some(&separator));
        }
        if open.slot != NO_SLOT {
            slots.set(open.slot, Span::new(open.start, open.end));
        }
        if is_any { Shape::Record } else { Shape::Unreadable }
    }

    /// What stands at `at` is no pair: a syslog header before the first one, or more of the open value. Answers where reading goes on.
    #[cold]
    #[inline(never)]
    fn more(&self, record: &[u8], at: usize, separator: u8, is_any: bool, open: &mut Open) -> usize {
        if is_any && open.quoted {
            let (start, end, next) = careful_quoted_value(record, open.start - 1, separator);
            if next > at {
                (open.start, open.end) = (start, end);
                return next;
            }
        }
        let end = find_byte(record, at, separator).unwrap_or(record.len());
        if is_any && !open.quoted {
            open.end = end;
        }
        end
    }
}

/// Collects the places of separators outside quotation marks, and gives the number of marks; none where one is escaped or left open.
#[inline]
fn mark_ends(text: &[u8], from: usize, separator: u8, ends: &mut Vec<u32>) -> Option<u32> {
    ends.clear();
    let (mut quotes, mut is_inside, mut was_escape, mut escaped) = (0_u32, 0_u64, 0_u64, 0_u64);
    pieces(text, |number, piece| {
        let marks = mark(piece, b'"');
        let escapes = mark(piece, b'\\');
        escaped |= (escapes << 1 | was_escape) & marks;
        was_escape = escapes >> 63;
        quotes += marks.count_ones();
        // Each bit becomes whether an odd number of marks stand up to it: inside a value, its opening mark included.
        let mut inside = marks;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= is_inside;
        is_inside = 0_u64.wrapping_sub(inside >> 63);
        let mut gaps = mark(piece, separator) & !inside;
        let start = from + number * 64;
        while gaps != 0 {
            ends.push((start + gaps.trailing_zeros() as usize) as u32);
            gaps &= gaps - 1;
        }
    });
    (is_inside == 0 && escaped == 0).then_some(quotes)
}

/// The value between `value` and `end`, without its quotation marks, which are counted; none where it is no plain one.
#[inline(always)]
fn plain_value(record: &[u8], value: usize, end: usize, quotes: &mut u32) -> Option<Span> {
    if record.get(value) != Some(&b'"') {
        return Some(Span::new(value, end.max(value)));
    }
    if value + 1 >= end || record.get(end - 1) != Some(&b'"') {
        return None;
    }
    *quotes += 2;
    Some(Span::new(value + 1, end - 1))
}

/// Length of the key name that `text` starts with.
fn name_length(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count()
}

/// Whether `text`, after blanks, starts with a key and its `=`.
fn starts_pair(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let length = name_length(text);
    length > 0 && text.get(length) == Some(&b'=')
}

/// The quoted value that opens at `open`: start, end, and where reading goes on.
///
/// A quotation mark closes where the end, or a separator and another pair, follow; so bare ones inside do no harm. Where nothing closes so
/// before the next value opens, the first mark before a separator does. Doubled opening marks (`""text""`) are taken off together.
#[cold]
#[inline(never)]
fn careful_quoted_value(record: &[u8], open: usize, separator: u8) -> (usize, usize, usize) {
    let is_separator = |byte: Option<&u8>| byte.is_some_and(|&b| b == separator || b == b' ');
    let doubled = record.get(open + 1) == Some(&b'"') && record.get(open + 2).is_some_and(|&b| b != separator && b != b' ');
    let start = if doubled { open + 2 } else { open + 1 };
    let mut from = start;
    let mut perhaps = None;
    while let Some(close) = find_byte(record, from, b'"') {
        let after = if doubled && record.get(close + 1) == Some(&b'"') { close + 2 } else { close + 1 };
        if after >= record.len() || (is_separator(record.get(after)) && starts_pair(&record[after + 1..])) {
            return (start, close, after.min(record.len()));
        }
        if perhaps.is_some() && close > start && record[close - 1] == b'=' {
            break;
        }
        if is_separator(record.get(after)) && (close == start || record[close - 1] != b'\\') {
            perhaps = perhaps.or(Some((start, close, after)));
        }
        from = after;
    }
    perhaps.unwrap_or((start.min(record.len()), record.len(), record.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str, names: &[&str], separators: &[u8]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        let mut kv = Kv::new(&names, separators);
        let mut answer = Vec::new();
        // Twice: the second reading goes by the learnt order and must give the same.
        for _ in 0..2 {
            let mut slots = Slots::new(names.len());
            kv.split(line.as_bytes(), 0, &mut slots);
            let now: Vec<String> =
                (0..names.len()).map(|n| String::from_utf8_lossy(slots.bytes(line.as_bytes(), n as u16)).into_owned()).collect();
            assert!(answer.is_empty() || answer == now, "learnt order changed the answer: {answer:?} {now:?}");
            answer = now;
        }
        answer
    }

    #[test]
    fn pairs() {
        type Row<'r> = (&'r str, &'r [&'r str], &'r [u8], &'r [&'r str]);
        let table: &[Row<'_>] = &[
            (r#"date=2026-01-05 user="apatel" n=3"#, &["date", "user", "n"], b" ,", &["2026-01-05", "apatel", "3"]),
            (r#"a=1,b="x, y",c=2"#, &["a", "b", "c"], b" ,", &["1", "x, y", "2"]),
            ("a=av,https,web b=2", &["a", "b"], b" ,", &["av,https,web", "2"]),
            ("a=two words b=2", &["a", "b"], b" ", &["two words", "2"]),
            (r#"a="say "hi" now" b=2"#, &["a", "b"], b" ", &[r#"say "hi" now"#, "2"]),
            (r#"a="x" rest b="y""#, &["a", "b"], b" ", &["x", "y"]),
            (r#"a="x" rest"#, &["a"], b" ", &["x"]),
            (r#"a="x\" y" b="C:\" c=3"#, &["a", "b", "c"], b" ", &[r#"x\" y"#, r"C:\", "3"]),
            (r#"a="" b= c=3"#, &["a", "b", "c"], b" ", &["", "", "3"]),
            ("a=\"\"Agent (x)\"\"\tb=2", &["a", "b"], b"\t", &["Agent (x)", "2"]),
            (r#"a="never closed b=2"#, &["a", "b"], b" ", &["never closed b=2", ""]),
            ("Nov  5 10:00:00 box a=1", &["a"], b" ", &["1"]),
            ("a=1 a=2", &["a"], b" ", &["1"]),
            ("url=http://x.example/?q=1&r=2 b=2", &["url", "q", "b"], b" ", &["http://x.example/?q=1&r=2", "", "2"]),
        ];
        for (line, names, separators, wanted) in table {
            assert_eq!(&read(line, names, separators), wanted, "{line}");
        }
    }

    #[test]
    fn learnt_layouts_live_side_by_side() {
        let names = ["a".to_string(), "b".to_string(), "c".to_string()];
        let mut kv = Kv::new(&names, b" ");
        for line in ["a=1 b=2 c=3", "c=3 a=1 b=2", "b=2 x=0 c=3 a=1", "a=1 c=3 b=2"].iter().cycle().take(40) {
            let mut slots = Slots::new(3);
            assert_eq!(kv.split(line.as_bytes(), 0, &mut slots), Shape::Record);
            for (slot, wanted) in [(0, "1"), (1, "2"), (2, "3")] {
                assert_eq!(slots.bytes(line.as_bytes(), slot), wanted.as_bytes(), "{line}");
            }
        }
    }

    #[test]
    fn usual_lines_are_plain() {
        let names = ["a", "b", "user"].map(String::from);
        let mut kv = Kv::new(&names, b" ,");
        for line in [
            r#"a=2026-01-05 x="two words, so" user="apatel" b=3"#,
            r#"a=1,b="x, y",user="""#,
            &format!("a=1 x=\"{}\" b=2", "y ".repeat(90)),
        ] {
            let separator = kv.separator(line.as_bytes(), 0);
            assert!(kv.split_plain(line.as_bytes(), 0, separator, &mut Slots::new(3)), "{line}");
        }
    }

    #[test]
    fn what_stood_in_the_slots_before_stays() {
        let mut kv = Kv::new(&["a", "head"].map(String::from), b" ");
        let line = br#"word a=1 rest of it "x" b"#;
        let mut slots = Slots::new(2);
        slots.set(1, Span::new(0, 4));
        assert_eq!(kv.split(line, 5, &mut slots), Shape::Record);
        assert_eq!((slots.bytes(line, 0), slots.bytes(line, 1)), (&br#"1 rest of it "x" b"#[..], &b"word"[..]));
    }

    fn pair() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "[abc]=[a-z0-9/=]{0,6}",
            8 => "[abc]=\"[a-z ,=]{0,12}\"",
            1 => "[abc]=\"\"[a-z ]{0,4}\"\"",
            1 => r#"[abc ="\\,]{0,12}"#,
            1 => "[a-z]{60,70}",
        ]
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn plain_pairs_are_those_found_with_care(
            lines in proptest::collection::vec(proptest::collection::vec(pair(), 0..6), 1..12),
            comma: bool,
        ) {
            let separator = if comma { b',' } else { b' ' };
            let names = ["a".to_string(), "b".to_string(), "c".to_string()];
            // One reader for all lines: those of a layout that was met before are read another way.
            let (mut plain, mut careful) = (Kv::new(&names, b" ,"), Kv::new(&names, b" ,"));
            for line in lines.iter().chain(&lines) {
                let line = line.join(if comma { "," } else { " " });
                let record = line.as_bytes();
                let mut found = Slots::new(3);
                if plain.split_plain(record, 0, separator, &mut found) {
                    let mut slots = Slots::new(3);
                    prop_assert_eq!(careful.split_with_care(record, 0, separator, &mut slots), Shape::Record);
                    for slot in 0..3 {
                        prop_assert_eq!(found.bytes(record, slot), slots.bytes(record, slot), "{} of {}", slot, line);
                    }
                }
            }
        }
    }

    #[test]
    fn no_pairs_are_not_a_record() {
        let mut slots = Slots::new(0);
        assert_eq!(Kv::new(&[], b" ").split(b"just some words", 0, &mut slots), Shape::Unreadable);
    }
}
