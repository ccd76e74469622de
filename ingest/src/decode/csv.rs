//! Splits one delimited record into cells and binds them to fields by position or by header; never reads, never guesses a character set.

use super::{LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, find_byte, find_either, plain_name, trim};

/// Cells a record may have; what stands beyond is dropped. The widest export known has some 150.
const MOST_CELLS: usize = 1024;

/// Columns by position, used where no header names them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// Cell numbers from 0 that must hold this text for the layout to apply.
    pub(crate) tests: Vec<(usize, Vec<u8>)>,
    /// Fewest and most cells for the layout to apply.
    pub(crate) width: (usize, usize),
    /// Slot of each cell.
    pub(crate) slots: Vec<u16>,
}

/// How columns are found.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// Between cells.
    pub(crate) delimiter: u8,
    /// Whether cells may stand in quotation marks.
    pub(crate) quoted: bool,
    /// Layouts by position; the first that applies is used.
    pub(crate) layouts: Vec<Layout>,
    /// Whether a header line names the columns.
    pub(crate) header: bool,
    /// Wanted names as headers are compared, in slot order.
    pub(crate) plain_names: Vec<Vec<u8>>,
    /// Slots of which at least one must be named by a line for it to be a header (the time's).
    pub(crate) key_slots: Vec<u16>,
}

/// Splits records; one a reader, because a header changes it.
pub(crate) struct Csv {
    columns: Columns,
    cells: Vec<Span>,
    bound: Option<Vec<u16>>,
    header_line: Vec<u8>,
    /// Records still to be looked at for a header, where columns can be told by position too.
    searching: u8,
}

/// Records of a file without a header that are looked at for one: a header stands first, or behind a short preamble.
const HEADER_WITHIN: u8 = 16;

impl Csv {
    /// A decoder that has seen no header yet.
    pub(crate) fn new(columns: Columns) -> Self {
        Self { columns, cells: Vec::with_capacity(64), bound: None, header_line: Vec::new(), searching: HEADER_WITHIN }
    }

    /// Whether `record` names columns.
    pub(crate) fn is_header(&mut self, record: &[u8], from: usize) -> bool {
        self.columns.header && self.header_slots(record, from).is_some()
    }

    /// Slots by the names in `record`, if it is a header: it names the time and at least one more wanted column.
    fn header_slots(&mut self, record: &[u8], from: usize) -> Option<Vec<u16>> {
        let mut scratch = Vec::new();
        cells(record, from, self.columns.delimiter, self.columns.quoted, &mut self.cells, &mut scratch);
        let slots: Vec<u16> = self
            .cells
            .iter()
            .map(|cell| {
                let name = plain_name(cell.of(record, &scratch));
                let known = !name.is_empty();
                self.columns.plain_names.iter().position(|n| known && *n == name).map_or(NO_SLOT, |n| n as u16)
            })
            .collect();
        let named = slots.iter().filter(|s| **s != NO_SLOT).count();
        (named >= 2 && self.columns.key_slots.iter().any(|slot| slots.contains(slot))).then_some(slots)
    }

    /// Takes columns named elsewhere (a `#Fields:` line).
    pub(crate) fn bind(&mut self, slots: Vec<u16>) {
        self.bound = Some(slots);
    }

    /// Splits `record` from `from` on.
    pub(crate) fn split(&mut self, record: &[u8], from: usize, slots: &mut Slots) -> Shape {
        if record.len() > LONGEST_RECORD {
            return Shape::Unreadable;
        }
        if self.columns.header {
            let is_sought = self.bound.is_none() && (self.columns.layouts.is_empty() || self.searching > 0);
            self.searching = self.searching.saturating_sub(1);
            // Files joined end to end repeat their header.
            if is_sought || (record.len() == self.header_line.len() && record == self.header_line) {
                if let Some(bound) = self.header_slots(record, from) {
                    self.bound = Some(bound);
                    self.header_line.clear();
                    self.header_line.extend_from_slice(record);
                    return Shape::Header;
                }
                if self.bound.is_none() && self.columns.layouts.is_empty() {
                    return Shape::NoHeader;
                }
            }
        }
        cells(record, from, self.columns.delimiter, self.columns.quoted, &mut self.cells, &mut slots.scratch);
        let places = match &self.bound {
            Some(bound) => bound,
            None => {
                let width = self.cells.len();
                let applies = |layout: &&Layout| {
                    (layout.width.0..=layout.width.1).contains(&width)
                        && layout.tests.iter().all(|(cell, text)| {
                            self.cells.get(*cell).is_some_and(|c| c.of(record, &slots.scratch).eq_ignore_ascii_case(text))
                        })
                };
                match self.columns.layouts.iter().find(applies) {
                    Some(layout) => &layout.slots,
                    None => return Shape::Unreadable,
                }
            }
        };
        for (cell, slot) in self.cells.iter().zip(places) {
            if *slot != NO_SLOT {
                slots.set(*slot, *cell);
            }
        }
        Shape::Record
    }
}

/// Cells of `record`; blanks around a cell and its quotation marks are dropped, doubled marks undone in `scratch`.
pub(crate) fn cells(record: &[u8], from: usize, delimiter: u8, quotes: bool, cells: &mut Vec<Span>, scratch: &mut Vec<u8>) {
    cells.clear();
    let mut at = from;
    loop {
        let mut start = at;
        while record.get(start).is_some_and(|b| *b == b' ' && *b != delimiter) {
            start += 1;
        }
        let (span, end) = if quotes && record.get(start) == Some(&b'"') {
            quoted_cell(record, start, delimiter, scratch)
        } else {
            let end = find_either(record, at, delimiter, delimiter);
            (bare(record, start, end), end)
        };
        if cells.len() < MOST_CELLS {
            cells.push(span);
        }
        if end >= record.len() {
            return;
        }
        at = end + 1;
    }
}

fn bare(record: &[u8], start: usize, end: usize) -> Span {
    let text = record.get(start..end).unwrap_or(&[]);
    let trimmed = trim(text);
    let lead = text.len() - text.trim_ascii_start().len();
    if trimmed.is_empty() { Span::default() } else { Span::new(start + lead, start + lead + trimmed.len()) }
}

/// The quoted cell that opens at `open`, and where it ends (at a delimiter or the end of the record).
fn quoted_cell(record: &[u8], open: usize, delimiter: u8, scratch: &mut Vec<u8>) -> (Span, usize) {
    let start = open + 1;
    let mut from = start;
    let mut doubled = false;
    while let Some(close) = find_byte(record, from, b'"') {
        if record.get(close + 1) == Some(&b'"') {
            doubled = true;
            from = close + 2;
            continue;
        }
        let mut after = close + 1;
        while record.get(after).is_some_and(|b| matches!(b, b' ' | b'\r') && *b != delimiter) {
            after += 1;
        }
        if after >= record.len() || record[after] == delimiter {
            let span = if doubled { undouble(record, start, close, scratch) } else { Span::new(start, close) };
            return (span, after);
        }
        // A bare mark inside: the vendor does not double them.
        from = close + 1;
    }
    (Span::new(start.min(record.len()), record.len()), record.len())
}

fn undouble(record: &[u8], start: usize, end: usize, scratch: &mut Vec<u8>) -> Span {
    let at = scratch.len();
    let mut last = 0;
    for &byte in record.get(start..end).unwrap_or(&[]) {
        if byte == b'"' && last == b'"' {
            last = 0;
            continue;
        }
        scratch.push(byte);
        last = byte;
    }
    Span::in_scratch(at, scratch.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, delimiter: u8) -> Vec<String> {
        let (mut found, mut scratch) = (Vec::new(), Vec::new());
        cells(line.as_bytes(), 0, delimiter, true, &mut found, &mut scratch);
        found.iter().map(|c| String::from_utf8_lossy(c.of(line.as_bytes(), &scratch)).into_owned()).collect()
    }

    #[test]
    fn records() {
        let table: &[(&str, u8, &[&str])] = &[
            ("a,b,c", b',', &["a", "b", "c"]),
            ("a,,c,", b',', &["a", "", "c", ""]),
            ("", b',', &[""]),
            (r#""a,b",c"#, b',', &["a,b", "c"]),
            (r#" "a", "b" ,c "#, b',', &["a", "b", "c"]),
            (r#""say ""hi""",b"#, b',', &[r#"say "hi""#, "b"]),
            (r#""",b"#, b',', &["", "b"]),
            (r#""a"b",c"#, b',', &[r#"a"b"#, "c"]),
            (r#""open,b"#, b',', &["open,b"]),
            ("\"two\nlines\",b", b',', &["two\nlines", "b"]),
            ("a\tb c\t\td", b'\t', &["a", "b c", "", "d"]),
            (r#"a "b c" - d"#, b' ', &["a", "b c", "-", "d"]),
            ("\"a\"\r", b',', &["a"]),
        ];
        for (line, delimiter, wanted) in table {
            assert_eq!(read(line, *delimiter), *wanted, "{line:?}");
        }
    }

    fn by_header() -> Csv {
        Csv::new(Columns {
            delimiter: b',',
            quoted: true,
            layouts: Vec::new(),
            header: true,
            plain_names: vec![b"when".to_vec(), b"sourceuser".to_vec()],
            key_slots: vec![0],
        })
    }

    #[test]
    fn a_header_binds_by_name_in_any_order() {
        for (header, line) in [("When,Source User", "t,u"), ("\u{feff}\"source_user\",other,\"WHEN\"", "u,x,t")] {
            let mut csv = by_header();
            let mut slots = Slots::new(2);
            assert_eq!(csv.split(b"Report for 2026", 0, &mut slots), Shape::NoHeader);
            assert_eq!(csv.split(header.as_bytes(), 0, &mut slots), Shape::Header);
            assert_eq!(csv.split(line.as_bytes(), 0, &mut slots), Shape::Record);
            assert_eq!((slots.bytes(line.as_bytes(), 0), slots.bytes(line.as_bytes(), 1)), (&b"t"[..], &b"u"[..]), "{header}");
            slots.clear();
            assert_eq!(csv.split(header.as_bytes(), 0, &mut slots), Shape::Header, "a repeated header is one again");
        }
    }

    #[test]
    fn layouts_go_by_cell_and_width() {
        let mut csv = Csv::new(Columns {
            delimiter: b',',
            quoted: true,
            layouts: vec![
                Layout { tests: vec![(1, b"url".to_vec())], width: (0, 99), slots: vec![0] },
                Layout { tests: Vec::new(), width: (3, 3), slots: vec![NO_SLOT, NO_SLOT, 0] },
            ],
            header: false,
            plain_names: Vec::new(),
            key_slots: Vec::new(),
        });
        for (line, wanted) in [("x,URL", Some("x")), ("a,b,c", Some("c")), ("a,b", None)] {
            let mut slots = Slots::new(1);
            let shape = csv.split(line.as_bytes(), 0, &mut slots);
            assert_eq!((shape == Shape::Record).then(|| slots.bytes(line.as_bytes(), 0)), wanted.map(str::as_bytes), "{line}");
        }
    }
}
