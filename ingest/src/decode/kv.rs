//! Splits `key=value` pairs, bare or quoted, and learns the order in which keys follow each other.
//!
//! A key is first guessed from the keys that followed the last one before, so that a line of a known layout costs one comparison a key
//! and no hash. Several layouts live side by side: each key remembers its latest followers.

use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte};

/// Followers remembered a key. FortiGate interleaves some four layouts; three guesses cover all but the rare optional key.
const FOLLOWERS: usize = 3;

/// Keys learnt, wanted or not. A box writes at most some 200 different ones; what comes after is read but not learnt.
const MOST_KEYS: usize = 512;

/// Places of the hash table: four times the keys, so that probes stay short.
const TABLE: usize = MOST_KEYS * 4;

struct Key {
    /// The name with its `=`, so that one comparison finds both.
    name: Box<[u8]>,
    slot: u16,
    followers: [u16; FOLLOWERS],
}

/// Reads pairs; one a reader, because it learns.
pub(crate) struct Kv {
    separators: Box<[u8]>,
    /// Entry 0 stands for the start of a line.
    keys: Vec<Key>,
    table: Vec<u16>,
}

impl Kv {
    /// A decoder for the wanted `names`, whose pairs stand apart by one of `separators` (the same throughout a line).
    pub(crate) fn new(names: &[String], separators: &[u8]) -> Self {
        let mut kv = Self {
            separators: if separators.is_empty() { b" ".as_slice().into() } else { separators.into() },
            keys: vec![Key { name: Box::default(), slot: NO_SLOT, followers: [0; FOLLOWERS] }],
            table: vec![0; TABLE],
        };
        for (slot, name) in names.iter().enumerate() {
            kv.intern(name.as_bytes(), slot as u16);
        }
        kv
    }

    fn place(&self, name: &[u8]) -> Result<u16, usize> {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut at = (hash ^ (hash >> 32)) as usize % TABLE;
        loop {
            match self.table[at] {
                0 => return Err(at),
                n => {
                    let known = &self.keys[n as usize].name;
                    if known.len() == name.len() + 1 && known.starts_with(name) {
                        return Ok(n);
                    }
                }
            }
            at = (at + 1) % TABLE;
        }
    }

    fn intern(&mut self, name: &[u8], slot: u16) -> u16 {
        match self.place(name) {
            Ok(known) => known,
            Err(_) if self.keys.len() >= MOST_KEYS => 0,
            Err(at) => {
                let id = self.keys.len() as u16;
                let mut with_equals = Vec::with_capacity(name.len() + 1);
                with_equals.extend_from_slice(name);
                with_equals.push(b'=');
                self.keys.push(Key { name: with_equals.into(), slot, followers: [0; FOLLOWERS] });
                self.table[at] = id;
                id
            }
        }
    }

    /// The key that starts `rest`, guessed from the one before.
    #[inline]
    fn guess(&self, before: u16, rest: &[u8]) -> Option<u16> {
        self.keys[before as usize].followers.into_iter().find(|&n| n != 0 && rest.starts_with(&self.keys[n as usize].name))
    }

    fn learn(&mut self, before: u16, key: u16) {
        let followers = &mut self.keys[before as usize].followers;
        if key != 0 && !followers.contains(&key) {
            followers.rotate_right(1);
            followers[0] = key;
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
        let mut before = 0_u16;
        let mut pairs = 0_usize;
        // The last pair, kept back because a bare value may go on over blanks.
        let mut open: Option<(u16, usize, usize)> = None;
        let mut at = from;
        while at < record.len() {
            if record[at] == separator || record[at] == b' ' {
                at += 1;
                continue;
            }
            let rest = &record[at..];
            let (key, slot, value) = match self.guess(before, rest) {
                Some(key) => {
                    let known = &self.keys[key as usize];
                    (key, known.slot, at + known.name.len())
                }
                None => {
                    let length = name_length(rest);
                    if length == 0 || rest.get(length) != Some(&b'=') {
                        // No pair: a syslog header before the first one, or more of a bare value.
                        let end = find_byte(record, at, separator).unwrap_or(record.len());
                        if let Some((_, _, open_end)) = &mut open {
                            *open_end = end;
                        }
                        at = end;
                        continue;
                    }
                    let key = self.intern(&rest[..length], NO_SLOT);
                    self.learn(before, key);
                    (key, self.keys[key as usize].slot, at + length + 1)
                }
            };
            if let Some((slot, start, end)) = open.take() {
                slots.set(slot, Span::new(start, end));
            }
            pairs += 1;
            before = key;
            if record.get(value) == Some(&b'"') {
                let (start, end, next) = quoted(record, value, separator);
                if slot != NO_SLOT {
                    slots.set(slot, Span::new(start, end));
                }
                at = next;
            } else {
                let end = find_byte(record, value, separator).unwrap_or(record.len());
                open = Some((slot, value, end));
                at = end;
            }
        }
        if let Some((slot, start, end)) = open {
            slots.set(slot, Span::new(start, end));
        }
        if pairs == 0 { Shape::Unreadable } else { Shape::Record }
    }
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
fn quoted(record: &[u8], open: usize, separator: u8) -> (usize, usize, usize) {
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
        let table: &[(&str, &[&str], &[u8], &[&str])] = &[
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
    fn no_pairs_are_not_a_record() {
        let mut slots = Slots::new(0);
        assert_eq!(Kv::new(&[], b" ").split(b"just some words", 0, &mut slots), Shape::Unreadable);
    }

    #[test]
    fn more_keys_than_can_be_learnt_are_still_read() {
        let names = ["wanted".to_string()];
        let mut kv = Kv::new(&names, b" ");
        for n in 0..2000 {
            let line = format!("key{n}=1 wanted={n} other{n}=2");
            let mut slots = Slots::new(1);
            kv.split(line.as_bytes(), 0, &mut slots);
            assert_eq!(slots.bytes(line.as_bytes(), 0), n.to_string().as_bytes());
        }
    }
}
