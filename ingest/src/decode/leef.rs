//! Splits an IBM LEEF record, version 1 or 2: header parts between bars, then pairs between tabs or the delimiter the header names.
//!
//! Header parts are `leef.vendor`, `leef.product`, `leef.version`, `leef.id`.

use super::keys::{Keys, START};
use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte};

const HEADER: [&str; 4] = ["leef.vendor", "leef.product", "leef.version", "leef.id"];

/// Reads LEEF records; one a reader, because it learns the order of keys.
pub(crate) struct Leef {
    header: [u16; 4],
    keys: Keys,
}

impl Leef {
    /// A decoder for the wanted `names`.
    pub(crate) fn new(names: &[String]) -> Self {
        let (mut header, mut keys) = ([NO_SLOT; 4], Vec::new());
        for (slot, name) in names.iter().enumerate() {
            match HEADER.iter().position(|h| h == name) {
                Some(place) => header[place] = slot as u16,
                None => keys.push((name.as_bytes(), slot as u16)),
            }
        }
        Self { header, keys: Keys::new(keys.into_iter()) }
    }

    /// Splits `record` from `from` on, where `LEEF:` stands.
    pub(crate) fn split(&mut self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        let start = from + b"LEEF:".len();
        if record.len() > LONGEST_RECORD || record.get(from..start) != Some(b"LEEF:") {
            return Shape::Unreadable;
        }
        let Some(bar) = find_byte(record, start, b'|') else { return Shape::Unreadable };
        let is_second = record[start..bar].starts_with(b"2");
        let mut at = bar + 1;
        for slot in self.header {
            let Some(end) = find_byte(record, at, b'|') else { return Shape::Unreadable };
            if slot != NO_SLOT {
                slots.set(slot, Span::new(at, end));
            }
            at = end + 1;
        }
        let mut delimiter = b'\t';
        if is_second
            && let Some(end) = find_byte(record, at, b'|')
            && end - at <= 5
        {
            delimiter = named_delimiter(&record[at..end]).unwrap_or(delimiter);
            at = end + 1;
        }
        let mut before = START;
        while at < record.len() {
            let end = find_byte(record, at, delimiter).unwrap_or(record.len());
            let pair = &record[at..end];
            let found = match self.keys.guess(before, pair, 0) {
                Some((id, slot, length)) => Some((id, slot, at + length)),
                None => find_byte(pair, 0, b'=').map(|equals| {
                    let (id, slot) = self.keys.find(before, pair[..equals].trim_ascii());
                    (id, slot, at + equals + 1)
                }),
            };
            if let Some((id, slot, value)) = found {
                before = id;
                if slot != NO_SLOT {
                    slots.set(slot, Span::new(value, end));
                }
            }
            at = end + 1;
        }
        Shape::Record
    }
}

/// The delimiter of a version 2 header: one character, or its code as `x09` or `0x09`.
fn named_delimiter(text: &[u8]) -> Option<u8> {
    match text {
        [one] => Some(*one),
        [] => None,
        _ => {
            let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"x"))?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let table: &[(&str, &str, &str)] = &[
            ("LEEF:1.0|Lark|Gate|1|0042|src=10.0.0.1\tmsg=a b=c\tdisp=Deny", "a b=c", "Deny"),
            ("LEEF:2.0|Lark|Gate|1|0042|^|src=10.0.0.1^msg=tab\there^disp=Deny", "tab\there", "Deny"),
            ("LEEF:2.0|Lark|Gate|1|0042|0x5E|msg=m^disp=Deny", "m", "Deny"),
            ("LEEF:2.0|Lark|Gate|1|0042||msg=m\tdisp=Deny", "m", "Deny"),
            ("LEEF:1.0|Lark|Gate|1|0042|disp=Deny\tpart", "", "Deny"),
        ];
        let names = ["msg".to_string(), "disp".to_string(), "leef.id".to_string()];
        for (line, msg, disp) in table {
            let mut slots = Slots::new(3);
            assert_eq!(Leef::new(&names).split(line.as_bytes(), 0, &mut slots), Shape::Record);
            let text = |slot| String::from_utf8_lossy(slots.bytes(line.as_bytes(), slot)).into_owned();
            assert_eq!((text(0).as_str(), text(1).as_str(), text(2).as_str()), (*msg, *disp, "0042"), "{line}");
        }
        assert_eq!(Leef::new(&names).split(b"LEEF:1.0|a|b|c", 0, &mut Slots::new(3)), Shape::Unreadable);
    }
}
