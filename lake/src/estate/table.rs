//! Reads an estate's CSV file as rows of named cells that know their line; comments and blank lines are skipped, and every
//! fault is noted rather than ending the reading.

use std::path::Path;

use jiff::civil::Date;

use super::error::{Problem, found_text, found_use};

/// Where problems of all files gather.
#[derive(Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, file: &str, line: Option<u64>, column: Option<&str>, what: impl Into<String>) {
        self.0.push(Problem { file: file.to_owned(), line, column: column.map(str::to_owned), what: what.into() });
    }
}

/// One column a file may have: its name first, then other spellings people write.
pub(crate) struct ColumnSpec {
    pub(crate) names: &'static [&'static str],
    pub(crate) required: bool,
    /// Values are people's names: messages never repeat them.
    pub(crate) personal: bool,
}

pub(crate) const fn required(names: &'static [&'static str]) -> ColumnSpec {
    ColumnSpec { names, required: true, personal: false }
}

pub(crate) const fn optional(names: &'static [&'static str]) -> ColumnSpec {
    ColumnSpec { names, required: false, personal: false }
}

/// One row: a cell for each column of the spec, empty where the file lacks it.
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: Vec<String>,
}

/// A file read into rows.
pub(crate) struct CsvTable {
    pub(crate) file: &'static str,
    columns: &'static [ColumnSpec],
    pub(crate) rows: Vec<Row>,
}

impl CsvTable {
    /// Reads a file; `None` where there is no such file.
    pub(crate) fn read(
        folder: &Path,
        file: &'static str,
        columns: &'static [ColumnSpec],
        problems: &mut Problems,
    ) -> Option<CsvTable> {
        let bytes = match std::fs::read(folder.join(file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                problems.add(file, None, None, format!("cannot be read: {error}"));
                return Some(CsvTable { file, columns, rows: Vec::new() });
            }
        };
        Some(Self::parse(&bytes, file, columns, problems))
    }

    /// Reads a file's bytes.
    pub(crate) fn parse(bytes: &[u8], file: &'static str, columns: &'static [ColumnSpec], problems: &mut Problems) -> CsvTable {
        let mut table = CsvTable { file, columns, rows: Vec::new() };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines = LineCounter { bytes, at: 0, line: 1 };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let mut header: Option<Vec<Option<usize>>> = None;
        let mut header_width = 0;
        for record in reader.byte_records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    problems.add(file, error.position().map(csv::Position::line), None, format!("cannot be read: {error}"));
                    break;
                }
            };
            let line = lines.line_of(record.position().map_or(0, csv::Position::byte) as usize);
            let fields: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
            let Ok(fields) = fields else {
                problems.add(file, Some(line), None, "is not UTF-8 text; save the file as \"CSV UTF-8\"");
                continue;
            };
            // A spreadsheet leaves `,,,,` for an emptied row, and quotes a comment that holds a comma.
            if fields.iter().all(|field| field.is_empty()) || fields.first().is_some_and(|field| field.starts_with('#')) {
                continue;
            }
            match &header {
                None => {
                    header_width = fields.len();
                    match table.match_header(&fields, line, problems) {
                        Some(found) => header = Some(found),
                        None => return table,
                    }
                }
                Some(header) => {
                    if fields.len() > header_width && fields[header_width..].iter().any(|field| !field.is_empty()) {
                        problems.add(
                            file,
                            Some(line),
                            None,
                            format!(
                                "found {} fields where the header has {header_width}; put text that holds a comma in double quotes",
                                fields.len()
                            ),
                        );
                        continue;
                    }
                    let cells = header
                        .iter()
                        .map(|at| at.and_then(|at| fields.get(at)).map_or_else(String::new, |field| (*field).to_owned()))
                        .collect();
                    table.rows.push(Row { line, cells });
                }
            }
        }
        if header.is_none() {
            problems.add(file, None, None, format!("has no header line; the first line is {}", table.header_text()));
        }
        table
    }

    fn header_text(&self) -> String {
        self.columns.iter().map(|column| column.names[0]).collect::<Vec<_>>().join(",")
    }

    /// Column of the file for each column of the spec.
    fn match_header(&self, fields: &[&str], line: u64, problems: &mut Problems) -> Option<Vec<Option<usize>>> {
        let mut found = vec![None; self.columns.len()];
        let mut good = true;
        for (at, field) in fields.iter().enumerate() {
            if field.is_empty() {
                continue;
            }
            let folded = field.to_lowercase().replace([' ', '-'], "_");
            match self.columns.iter().position(|column| column.names.contains(&folded.as_str())) {
                Some(column) if found[column].is_none() => found[column] = Some(at),
                Some(_) => {
                    problems.add(self.file, Some(line), Some(field), "stands twice in the header; keep one");
                    good = false;
                }
                None => {
                    let hint = if field.contains(';') { " with commas between them" } else { "" };
                    problems.add(
                        self.file,
                        Some(line),
                        None,
                        format!("{} in the header; use {}{hint}", found_text(field), self.header_text()),
                    );
                    good = false;
                }
            }
        }
        for (column, at) in self.columns.iter().zip(&found) {
            if column.required && at.is_none() {
                problems.add(self.file, Some(line), Some(column.names[0]), "is not in the header; add it");
                good = false;
            }
        }
        good.then_some(found)
    }

    fn column(&self, name: &str) -> usize {
        let at = self.columns.iter().position(|column| column.names[0] == name);
        debug_assert!(at.is_some(), "{name} is a column of {}", self.file);
        at.unwrap_or(0)
    }

    /// A cell's text, empty where there is none.
    pub(crate) fn text<'r>(&self, row: &'r Row, name: &str) -> &'r str {
        row.cells.get(self.column(name)).map_or("", String::as_str)
    }

    /// A cell's text, none where empty.
    pub(crate) fn optional_text(&self, row: &Row, name: &str) -> Option<String> {
        let text = self.text(row, name);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Notes what is wrong with a cell; values of personal columns are not repeated.
    pub(crate) fn refuse(&self, row: &Row, name: &str, mend: &str, problems: &mut Problems) {
        let found = self.text(row, name);
        let what = if self.columns[self.column(name)].personal && !found.is_empty() {
            format!("found a value that is not accepted; {mend}")
        } else {
            format!("{}; {mend}", found_text(found))
        };
        problems.add(self.file, Some(row.line), Some(name), what);
    }

    /// A cell that must hold text.
    pub(crate) fn required_text(&self, row: &Row, name: &str, problems: &mut Problems) -> Option<String> {
        let text = self.optional_text(row, name);
        if text.is_none() {
            problems.add(self.file, Some(row.line), Some(name), "found nothing; give a value");
        }
        text
    }

    /// A cell that must be one of a few words.
    pub(crate) fn choice<T: Copy>(&self, row: &Row, name: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
        let text = self.text(row, name);
        let found = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, value)| *value);
        if found.is_none() {
            let accepted: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            problems.add(self.file, Some(row.line), Some(name), found_use(text, &accepted));
        }
        found
    }

    /// A date that must be there.
    pub(crate) fn date(&self, row: &Row, name: &str, problems: &mut Problems) -> Option<Date> {
        let date = parse_date(self.text(row, name));
        if date.is_none() {
            self.refuse(row, name, DATE_MEND, problems);
        }
        date
    }

    /// A date or nothing. The outer `None` says that a problem was noted.
    pub(crate) fn optional_date(&self, row: &Row, name: &str, problems: &mut Problems) -> Option<Option<Date>> {
        if self.text(row, name).is_empty() { Some(None) } else { self.date(row, name, problems).map(Some) }
    }

    /// The two dates a row is valid between, either open.
    pub(crate) fn validity(&self, row: &Row, problems: &mut Problems) -> Option<(Option<Date>, Option<Date>)> {
        let from = self.optional_date(row, "from", problems);
        let to = self.optional_date(row, "to", problems);
        let (from, to) = (from?, to?);
        if let (Some(first), Some(last)) = (from, to)
            && first > last
        {
            self.refuse(row, "to", &format!("use a date not before from ({first})"), problems);
            return None;
        }
        Some((from, to))
    }
}

const DATE_MEND: &str = "use a date such as 2026-09-01 or 01/09/2026";

/// A date as people and spreadsheets write it: `2026-09-01`, or day first with `/` as a British spreadsheet saves it.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    if let Some((day, rest)) = text.split_once('/') {
        let (month, year) = rest.split_once('/')?;
        if year.len() != 4 {
            return None;
        }
        return Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    }
    let well_formed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if well_formed { text.parse().ok() } else { None }
}

/// Counts lines. The csv reader's own position of a record lies before the comments and blank lines it skipped.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn line_of(&mut self, byte: usize) -> u64 {
        while self.at < byte.min(self.bytes.len()) {
            self.line += u64::from(self.bytes[self.at] == b'\n');
            self.at += 1;
        }
        loop {
            match self.bytes.get(self.at) {
                Some(b'\n') => self.line += 1,
                Some(b'\r' | b' ' | b'\t') => {}
                Some(b'#') => {
                    let rest = &self.bytes[self.at..];
                    self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                    continue;
                }
                _ => return self.line,
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[ColumnSpec] =
        &[required(&["school_id"]), required(&["match", "match_on"]), optional(&["from"]), optional(&["to"])];

    fn read(text: &str) -> (CsvTable, Vec<String>) {
        let mut problems = Problems::default();
        let table = CsvTable::parse(text.as_bytes(), "groups.csv", COLUMNS, &mut problems);
        (table, problems.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_are_counted_over_comments_blanks_and_quoted_newlines() {
        let (table, problems) = read(
            "\u{feff}# note, with comma\n\nSchool id,match-on\r\n# one\n\n  \na,b\n\"c\nd\",e\n\"# quoted, comment\",\n,,\nf,g",
        );
        assert_eq!(problems, Vec::<String>::new());
        let rows: Vec<_> =
            table.rows.iter().map(|row| (row.line, table.text(row, "school_id"), table.text(row, "match"))).collect();
        assert_eq!(rows, [(7, "a", "b"), (8, "c\nd", "e"), (12, "f", "g")]);
    }

    #[test]
    fn headers_and_widths_are_refused_with_the_mend() {
        for (text, wanted) in [
            ("", vec!["groups.csv: has no header line; the first line is school_id,match,from,to"]),
            (
                "school_id,matsch\n",
                vec![
                    "groups.csv line 1: found \"matsch\" in the header; use school_id,match,from,to",
                    "groups.csv line 1, column match: is not in the header; add it",
                ],
            ),
            ("school_id,match,match_on\n", vec!["groups.csv line 1, column match_on: stands twice in the header; keep one"]),
            (
                "school_id,match\na,b,c\n",
                vec!["groups.csv line 2: found 3 fields where the header has 2; put text that holds a comma in double quotes"],
            ),
        ] {
            assert_eq!(read(text).1, wanted, "{text:?}");
        }
    }

    #[test]
    fn dates_are_iso_or_day_first() {
        for (text, wanted) in [
            ("2026-09-01", Some("2026-09-01")),
            ("01/09/2026", Some("2026-09-01")),
            ("1/9/2026", Some("2026-09-01")),
            ("31/02/2026", None),
            ("1/9/26", None),
            ("20260901", None),
            ("2026-09-01T10:00", None),
            ("", None),
        ] {
            assert_eq!(parse_date(text).map(|d| d.to_string()).as_deref(), wanted, "{text:?}");
        }
    }
}
