//! Splits W3C extended logs: `#Fields:` names the columns, other `#` lines are remarks, and a file may name them anew at any line.

use super::{NO_SLOT, Shape, Slots, csv::Csv};

/// Reads W3C records; one a reader, because `#Fields:` changes it.
pub(crate) struct W3c {
    names: Vec<String>,
    csv: Csv,
}

impl W3c {
    /// A decoder for the wanted `names`; `csv` carries the delimiter and what to do without a `#Fields:` line.
    pub(crate) fn new(names: &[String], csv: Csv) -> Self {
        Self { names: names.iter().map(|n| n.to_ascii_lowercase()).collect(), csv }
    }

    /// Whether `record` names columns.
    pub(crate) fn is_header(record: &[u8]) -> bool {
        record.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"#Fields:"))
    }

    /// Splits `record` from `from` on.
    pub(crate) fn split(&mut self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        let body = record.get(from..).unwrap_or(&[]);
        if Self::is_header(body) {
            let columns = body[8..]
                .split(|b| matches!(b, b' ' | b'\t' | b'\r'))
                .filter(|name| !name.is_empty())
                .map(|name| self.names.iter().position(|n| n.as_bytes().eq_ignore_ascii_case(name)).map_or(NO_SLOT, |n| n as u16))
                .collect();
            self.csv.bind(columns);
            return Shape::Header;
        }
        if body.first() == Some(&b'#') {
            return Shape::Comment;
        }
        match self.csv.split(record, from, slots) {
            Shape::Unreadable => Shape::NoHeader,
            shape => shape,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::csv::Columns;
    use super::*;

    #[test]
    fn columns_follow_the_latest_directive() {
        let names = ["cs-host".to_string(), "rs(content-type)".to_string()];
        let csv = Csv::new(Columns {
            delimiter: b' ',
            quoted: true,
            layouts: Vec::new(),
            header: false,
            plain_names: Vec::new(),
            key_slots: Vec::new(),
        });
        let mut w3c = W3c::new(&names, csv);
        let mut read = |line: &str| {
            let mut slots = Slots::new(2);
            let shape = w3c.split(line.as_bytes(), 0, &mut slots);
            (
                shape,
                String::from_utf8_lossy(slots.bytes(line.as_bytes(), 0)).into_owned(),
                String::from_utf8_lossy(slots.bytes(line.as_bytes(), 1)).into_owned(),
            )
        };
        assert_eq!(read("a b").0, Shape::NoHeader);
        assert_eq!(read("#Version: 1.0").0, Shape::Comment);
        assert_eq!(read("#Fields: date CS-Host rs(Content-Type)").0, Shape::Header);
        assert_eq!(read("d a.example \"text/html; x\""), (Shape::Record, "a.example".into(), "text/html; x".into()));
        assert_eq!(read("#Fields: rs(Content-Type) cs-host").0, Shape::Header);
        assert_eq!(read("t b.example"), (Shape::Record, "b.example".into(), "t".into()));
    }
}
