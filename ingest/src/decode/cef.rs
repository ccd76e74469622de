//! Splits an ArcSight CEF record: seven header parts between bars, then `key=value` pairs whose values hold blanks without quotes.
//!
//! Header parts are `cef.vendor`, `cef.product`, `cef.version`, `cef.id`, `cef.name`, `cef.severity`. `label.NAME` is the value of the
//! custom field (`cs1`, `cn2`, `flexString1` ...) whose label in the same record is NAME.

use super::keys::{Keys, START};
use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte};

const HEADER: [&str; 6] = ["cef.vendor", "cef.product", "cef.version", "cef.id", "cef.name", "cef.severity"];

/// Custom fields remembered while their labels are awaited: six strings, three numbers and the rest of the kind.
const MOST_CUSTOM: usize = 24;

/// A key as it stands in the record, and who asked for it.
#[derive(Clone, Copy)]
struct Pair {
    name: Span,
    slot: u16,
}

/// Reads CEF records; one a reader, because it learns the order of keys.
pub(crate) struct Cef {
    header: [u16; 6],
    keys: Keys,
    labels: Vec<(Box<[u8]>, u16)>,
}

impl Cef {
    /// A decoder for the wanted `names`.
    pub(crate) fn new(names: &[String]) -> Self {
        let (mut header, mut labels, mut keys) = ([NO_SLOT; 6], Vec::new(), Vec::new());
        for (slot, name) in names.iter().enumerate() {
            let slot = slot as u16;
            if let Some(place) = HEADER.iter().position(|h| h == name) {
                header[place] = slot;
            } else if let Some(label) = name.strip_prefix("label.") {
                labels.push((label.as_bytes().into(), slot));
            } else {
                keys.push((name.as_bytes(), slot));
            }
        }
        Self { header, keys: Keys::new(keys.into_iter()), labels }
    }

    /// Splits `record` from `from` on, where `CEF:` stands, or the version after it: relays take the word for a program's name and cut it off.
    pub(crate) fn split(&mut self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        let body = record.get(from..).unwrap_or(&[]);
        let version = body.strip_prefix(b"CEF:").unwrap_or(body).trim_ascii_start();
        if record.len() > LONGEST_RECORD || !matches!(version, [b'0' | b'1', b'|', ..]) {
            return Shape::Unreadable;
        }
        let start = record.len() - version.len();
        let Some(mut at) = find_byte(record, start, b'|').map(|n| n + 1) else { return Shape::Unreadable };
        for slot in self.header {
            let Some(end) = header_end(record, at) else { return Shape::Unreadable };
            if slot != NO_SLOT {
                slots.set(slot, Span::new(at, end));
            }
            at = end + 1;
        }
        self.extension(record, at, slots);
        Shape::Record
    }

    fn extension(&mut self, record: &[u8], from: usize, slots: &mut Slots) {
        let mut custom = [(Span::default(), Span::default()); MOST_CUSTOM];
        let mut customs = 0_usize;
        let mut before = START;
        let mut open: Option<(Pair, usize)> = None;
        let mut at = from;
        while let Some(equals) = find_byte(record, at, b'=') {
            at = equals + 1;
            let Some(key) = key_before(record, from, equals) else { continue };
            if let Some((pair, value)) = open {
                let end = key.saturating_sub(1).max(value);
                self.take(record, pair, trimmed(record, value, end), &mut custom, &mut customs, slots);
            }
            let slot;
            (before, slot) = match self.keys.guess(before, record, key) {
                Some((id, slot, length)) if key + length == equals + 1 => (id, slot),
                _ => self.keys.find(before, &record[key..equals]),
            };
            open = Some((Pair { name: Span::new(key, equals), slot }, equals + 1));
        }
        if let Some((pair, value)) = open {
            self.take(record, pair, trimmed(record, value, record.len()), &mut custom, &mut customs, slots);
        }
        if self.labels.is_empty() {
            return;
        }
        for n in 0..customs {
            let (key, label) = custom[n];
            let Some(base) = key.of(record, &[]).strip_suffix(b"Label") else { continue };
            let text = label.of(record, &[]);
            let Some((_, slot)) = self.labels.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) else { continue };
            if let Some((_, value)) = custom[..customs].iter().find(|(key, _)| key.of(record, &[]) == base) {
                let value = unescaped(record, *value, slots);
                slots.set(*slot, value);
            }
        }
    }

    fn take(
        &self,
        record: &[u8],
        pair: Pair,
        value: Span,
        custom: &mut [(Span, Span); MOST_CUSTOM],
        customs: &mut usize,
        slots: &mut Slots,
    ) {
        if pair.slot != NO_SLOT {
            let value = unescaped(record, value, slots);
            slots.set(pair.slot, value);
        }
        if !self.labels.is_empty() && *customs < MOST_CUSTOM && is_custom(pair.name.of(record, &[])) {
            custom[*customs] = (pair.name, value);
            *customs += 1;
        }
    }
}

fn is_custom(name: &[u8]) -> bool {
    let base = name.strip_suffix(b"Label").unwrap_or(name);
    base.last().is_some_and(u8::is_ascii_digit)
        && [&b"cs"[..], b"cn", b"cfp", b"c6a", b"flex", b"deviceCustom"].iter().any(|prefix| base.starts_with(prefix))
}

/// End of the header part that starts at `at`: a bar without a backslash before it.
fn header_end(record: &[u8], at: usize) -> Option<usize> {
    let mut from = at;
    loop {
        let bar = find_byte(record, from, b'|')?;
        if bar == at || record[bar - 1] != b'\\' {
            return Some(bar);
        }
        from = bar + 1;
    }
}

/// Start of the key that ends before `equals`, if what stands there is a key: a word of key letters after a blank.
fn key_before(record: &[u8], from: usize, equals: usize) -> Option<usize> {
    let mut start = equals;
    while start > from && is_key_byte(record[start - 1]) {
        start -= 1;
    }
    (start < equals && (start == from || record[start - 1] == b' ' || record[start - 1] == b'\t')).then_some(start)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}

fn trimmed(record: &[u8], start: usize, end: usize) -> Span {
    let text = record.get(start..end).unwrap_or(&[]);
    let lead = text.len() - text.trim_ascii_start().len();
    let length = text.trim_ascii().len();
    if length == 0 { Span::default() } else { Span::new(start + lead, start + lead + length) }
}

/// `value` with `\=`, `\|` and `\\` undone, in the scratch if there was anything to undo.
pub(crate) fn unescaped(record: &[u8], value: Span, slots: &mut Slots) -> Span {
    let text = value.of(record, &[]);
    if memchr::memchr(b'\\', text).is_none() {
        return value;
    }
    slots.rewrite(|scratch| {
        let mut bytes = text.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            let next = if byte == b'\\' { bytes.peek().copied() } else { None };
            match next {
                Some(b'=' | b'|' | b'\\') => scratch.extend(bytes.next()),
                // Escaped line ends stay as written: a Windows name behind a single backslash (`SCH\nora`) looks the same.
                _ => scratch.push(byte),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let table: &[(&str, &[(&str, &str)])] = &[
            (
                r"CEF:0|Lark|Filter|1.0|42|url blocked|4|src=10.0.0.1 msg=two words here act=blocked",
                &[
                    ("cef.vendor", "Lark"),
                    ("cef.id", "42"),
                    ("cef.name", "url blocked"),
                    ("src", "10.0.0.1"),
                    ("msg", "two words here"),
                    ("act", "blocked"),
                ],
            ),
            (
                r"CEF:0|L\|ark|F|1|4|n|4|request=http://x.example/?a=b&c\=d act=x",
                &[("cef.vendor", r"L\|ark"), ("request", "http://x.example/?a=b&c=d"), ("act", "x")],
            ),
            (
                r"CEF:0|L|F|1|4|n|4|duser=SCH\\apatel cs1Label=Policy cs1=Year 9 cs2=x cs2Label=Other",
                &[("duser", r"SCH\apatel"), ("label.policy", "Year 9"), ("label.other", "x")],
            ),
            (r"CEF:0|L|F|1|4|n|4|duser= act=x", &[("duser", ""), ("act", "x")]),
            (r"CEF: 0|L|F|1|4|n|4|act=x", &[("cef.vendor", "L"), ("act", "x")]),
            (r" 0|L|F|1|4|n|4|act=x", &[("cef.vendor", "L"), ("act", "x")]),
            (r"CEF:0|L|F|1|4|n|4|", &[("cef.severity", "4")]),
        ];
        for (line, wanted) in table {
            let names: Vec<String> = wanted.iter().map(|(n, _)| n.to_string()).collect();
            let mut cef = Cef::new(&names);
            let mut slots = Slots::new(names.len());
            assert_eq!(cef.split(line.as_bytes(), 0, &mut slots), Shape::Record, "{line}");
            for (slot, (name, value)) in wanted.iter().enumerate() {
                assert_eq!(String::from_utf8_lossy(slots.bytes(line.as_bytes(), slot as u16)), *value, "{name} in {line}");
            }
        }
    }

    #[test]
    fn cut_headers_are_unreadable() {
        for line in ["CEF:0|a|b", "CEF", "", "LEEF:1.0|a|b|c|d|", "0|a|b", "2|a|b|c|d|e|f|g=1", "10|a|b|c|d|e|f|g=1"] {
            assert_eq!(Cef::new(&[]).split(line.as_bytes(), 0, &mut Slots::new(0)), Shape::Unreadable, "{line}");
        }
    }
}
