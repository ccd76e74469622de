//! Cuts a buffer into records: lines, or several lines where a quote stays open; the same cuts however the bytes were split into blocks.

use memchr::{memchr, memchr_iter};

/// A record longer than this is quarantined as `line_too_long`; real lines end below 64 KiB.
pub(crate) const MAX_RECORD_BYTES: usize = 1 << 20;

/// Lines one quoted record may span. A quote left open for longer is a stray one: its line is read alone, so that one bad
/// line can't swallow the file.
pub(crate) const MAX_RECORD_LINES: u64 = 100;

/// How records are cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cutter {
    /// Newlines inside quotes belong to the record.
    pub(crate) multiline: bool,
    /// Longest record; tests use small ones.
    pub(crate) max_bytes: usize,
}

/// One record of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// End of its bytes, without its line end.
    pub(crate) end: usize,
    /// Where the next record starts.
    pub(crate) next: usize,
    /// Physical lines it spans.
    pub(crate) lines: u64,
}

impl Cutter {
    /// The record that starts at `at`; none when the buffer ends before that can be told. With `last` the buffer ends where the
    /// stream does, and a line without a newline is a record.
    pub(crate) fn cut(&self, buffer: &[u8], at: usize, last: bool) -> Option<Record> {
        let rest = buffer.get(at..).filter(|rest| !rest.is_empty())?;
        let Some(first) = memchr(b'\n', rest) else {
            return last.then_some(Record { end: buffer.len(), next: buffer.len(), lines: 1 });
        };
        let alone = Record { end: trim(buffer, at, at + first), next: at + first + 1, lines: 1 };
        if !self.multiline || !is_open(rest.get(..first).unwrap_or_default()) {
            return Some(alone);
        }
        // The first line leaves a quote open: look for the line that closes it.
        let mut from = first + 1;
        for lines in 2..=MAX_RECORD_LINES {
            let found = memchr(b'\n', rest.get(from..).unwrap_or_default()).map(|length| from + length);
            let to = match found {
                Some(to) => to,
                None if rest.len() > self.max_bytes => return Some(alone),
                None if last && from < rest.len() => rest.len(),
                None if last => return Some(alone),
                None => return None,
            };
            if to > self.max_bytes {
                return Some(alone);
            }
            if is_open(rest.get(from..to).unwrap_or_default()) {
                let next = if found.is_some() { at + to + 1 } else { buffer.len() };
                let end = if found.is_some() { trim(buffer, at, at + to) } else { buffer.len() };
                return Some(Record { end, next, lines });
            }
            if found.is_none() {
                return Some(alone);
            }
            from = to + 1;
        }
        Some(alone)
    }
}

/// Whether a stretch flips the state of quoting. A doubled quote inside quotes flips it twice, which is right.
fn is_open(bytes: &[u8]) -> bool {
    memchr_iter(b'"', bytes).count() % 2 == 1
}

/// The end of a line without a carriage return before its newline.
fn trim(buffer: &[u8], from: usize, newline: usize) -> usize {
    if newline > from && buffer.get(newline - 1) == Some(&b'\r') { newline - 1 } else { newline }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, multiline: bool) -> Vec<(String, u64)> {
        let cutter = Cutter { multiline, max_bytes: 64 };
        let mut at = 0;
        let mut records = Vec::new();
        while let Some(record) = cutter.cut(text.as_bytes(), at, true) {
            records.push((String::from_utf8(text.as_bytes()[at..record.end].to_vec()).unwrap(), record.lines));
            at = record.next;
        }
        assert_eq!(at, text.len());
        records
    }

    fn wanted(records: &[(&str, u64)]) -> Vec<(String, u64)> {
        records.iter().map(|(text, lines)| ((*text).to_owned(), *lines)).collect()
    }

    #[test]
    fn lines_end_at_newlines_with_or_without_carriage_return() {
        assert_eq!(all("a\r\n\nb\n\rc", false), wanted(&[("a", 1), ("", 1), ("b", 1), ("\rc", 1)]));
    }

    #[test]
    fn a_quoted_newline_belongs_to_its_record_only_where_the_format_says_so() {
        let text = "1,\"x\r\ny\",2\r\n3\n";
        assert_eq!(all(text, true), wanted(&[("1,\"x\r\ny\",2", 2), ("3", 1)]));
        assert_eq!(all(text, false), wanted(&[("1,\"x", 1), ("y\",2", 1), ("3", 1)]));
    }

    #[test]
    fn a_stray_quote_costs_its_own_line_only() {
        let text = format!("a 5\" screen\n{}", "b\n".repeat(200));
        let records = all(&text, true);
        assert_eq!(records.len(), 201);
        assert_eq!(records[0], ("a 5\" screen".to_owned(), 1));
    }

    #[test]
    fn a_quote_closed_by_the_last_unfinished_line_counts() {
        assert_eq!(all("\"a\nb\"", true), wanted(&[("\"a\nb\"", 2)]));
        assert_eq!(all("\"a\nb", true), wanted(&[("\"a", 1), ("b", 1)]));
    }

    #[test]
    fn an_undecided_record_waits_for_more_bytes() {
        let cutter = Cutter { multiline: true, max_bytes: 64 };
        assert_eq!(cutter.cut(b"\"a\nb", 0, false), None);
        assert_eq!(cutter.cut(b"ab", 0, false), None);
    }
}
