//! Splits `Label: value, Label: value` and `label:"value"; label:"value"`, where labels may hold blanks and bare values the delimiter.

use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte};

/// Longest label; what is longer before a colon is text. Cisco's longest known has 33 characters.
const LONGEST_LABEL: usize = 48;

/// Reads labelled values.
pub(crate) struct Labelled {
    delimiter: u8,
    /// The wanted labels by length, so that most are told apart without a comparison.
    wanted: Vec<Vec<(Box<[u8]>, u16)>>,
}

impl Labelled {
    /// A decoder for the wanted `names`, whose pairs stand apart by `delimiter`.
    pub(crate) fn new(names: &[String], delimiter: u8) -> Self {
        let mut wanted: Vec<Vec<(Box<[u8]>, u16)>> = vec![Vec::new(); LONGEST_LABEL + 1];
        for (slot, name) in names.iter().enumerate() {
            if let Some(same_length) = wanted.get_mut(name.len()) {
                same_length.push((name.as_bytes().into(), slot as u16));
            }
        }
        Self { delimiter, wanted }
    }

    fn slot(&self, label: &[u8]) -> u16 {
        let same_length = self.wanted.get(label.len()).map_or(&[][..], Vec::as_slice);
        same_length.iter().find(|(name, _)| **name == *label).map_or(NO_SLOT, |(_, slot)| *slot)
    }

    /// Splits `record` from `from` on.
    pub(crate) fn split(&self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        if record.len() > LONGEST_RECORD {
            return Shape::Unreadable;
        }
        let mut at = from;
        let mut is_any = false;
        while at < record.len() {
            at += blanks(&record[at..]);
            let Some((length, value)) = label(&record[at..]) else {
                // No label here: what stands before the next delimiter is nobody's.
                at = find_byte(record, at, self.delimiter).map_or(record.len(), |n| n + 1);
                continue;
            };
            is_any = true;
            let slot = self.slot(&record[at..at + length]);
            let start = at + value;
            let (span, next) = if record.get(start) == Some(&b'"') {
                let close = quoted_end(record, start + 1);
                let next = find_byte(record, close, self.delimiter).map_or(record.len(), |n| n + 1);
                (Span::new(start + 1, close), next)
            } else {
                let end = self.bare_end(record, start);
                (Span::new(start, start + record[start..end].trim_ascii_end().len()), (end + 1).min(record.len()))
            };
            slots.set(slot, span);
            at = next;
        }
        if is_any { Shape::Record } else { Shape::Unreadable }
    }

    /// Where the bare value from `from` on ends: at a delimiter that a blank and another label follow.
    fn bare_end(&self, record: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(end) = find_byte(record, at, self.delimiter) {
            let rest = &record[end + 1..];
            let gap = blanks(rest);
            if rest.len() == gap || gap > 0 && label(&rest[gap..]).is_some() {
                return end;
            }
            at = end + 1;
        }
        record.len()
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// The label that starts `text`: its length, and where its value starts. A colon that text follows at once is part of a value (`http://`).
fn label(text: &[u8]) -> Option<(usize, usize)> {
    let length = text.iter().take(LONGEST_LABEL + 1).take_while(|b| b.is_ascii_alphanumeric() || b" _-/.()".contains(b)).count();
    if length == 0 || length > LONGEST_LABEL || !(text[0].is_ascii_alphabetic() || text[0] == b'_') || text[length - 1] == b' ' {
        return None;
    }
    // Check Point writes two colons after some labels.
    let colons = text[length..].iter().take_while(|b| **b == b':').count();
    let after = &text[length + colons..];
    let gap = blanks(after);
    let is_label = (1..=2).contains(&colons) && (gap > 0 || after.is_empty() || after[0] == b'"');
    is_label.then_some((length, length + colons + gap))
}

/// The quotation mark from `from` on that no backslash stands before, or the end.
fn quoted_end(record: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(mark) = find_byte(record, at, b'"') {
        let backslashes = record[from..mark].iter().rev().take_while(|b| **b == b'\\').count();
        if backslashes % 2 == 0 {
            return mark;
        }
        at = mark + 1;
    }
    record.len().max(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values() {
        type Row<'r> = (&'r str, u8, &'r [&'r str], &'r [&'r str]);
        let table: &[Row<'_>] = &[
            ("User: apatel, URL: http://a.example/x", b',', &["User", "URL"], &["apatel", "http://a.example/x"]),
            ("Reason: URL Block, File Block, User: x", b',', &["Reason", "User"], &["URL Block, File Block", "x"]),
            ("URL: http://a.example/a,b:c, Next Label: 2", b',', &["URL", "Next Label"], &["http://a.example/a,b:c", "2"]),
            ("User: , Client: y", b',', &["User", "Client"], &["", "y"]),
            ("Start: 2026-11-05T09:14:02Z, Id: 7", b',', &["Start", "Id"], &["2026-11-05T09:14:02Z", "7"]),
            (
                r#"action:"Block"; sys_message::"x"; b:"c; d:\"e\"""#,
                b';',
                &["action", "sys_message", "b"],
                &["Block", "x", r#"c; d:\"e\""#],
            ),
            (r#"a:"x\\"; b:"y"]"#, b';', &["a", "b"], &[r"x\\", "y"]),
            (r#"a:"never closed; b:"y""#, b';', &["a", "b"], &["never closed; b:", ""]),
            ("words, Label: v", b',', &["Label"], &["v"]),
            ("A: 1, A: 2", b',', &["A"], &["1"]),
        ];
        for (line, delimiter, names, wanted) in table {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            let mut slots = Slots::new(names.len());
            assert_eq!(Labelled::new(&names, *delimiter).split(line.as_bytes(), 0, &mut slots), Shape::Record, "{line}");
            let found: Vec<String> =
                (0..names.len()).map(|n| String::from_utf8_lossy(slots.bytes(line.as_bytes(), n as u16)).into_owned()).collect();
            assert_eq!(&found, wanted, "{line}");
        }
    }

    #[test]
    fn text_without_labels_is_not_a_record() {
        let decoder = Labelled::new(&[], b',');
        for line in ["just some words", "http://a.example/", "", ":", "12:30 today"] {
            assert_eq!(decoder.split(line.as_bytes(), 0, &mut Slots::new(0)), Shape::Unreadable, "{line}");
        }
    }
}
