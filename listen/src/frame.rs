//! Cuts a connection's bytes into messages and makes each message one line; the same lines however the bytes were split. No I/O.
//!
//! RFC 6587 knows two framings: a newline behind each message, or its length before it. A connection's first bytes tell which it speaks,
//! and it keeps to that.

use memchr::{memchr, memchr3};

/// Longest message that stays whole: as long as the longest line that is read. What is longer is cut to a little more, so that it comes
/// to quarantine as too long and is never read as if it were whole.
pub const MAX_MESSAGE: usize = 1 << 20;

/// What of a longer message is kept.
const KEPT: usize = MAX_MESSAGE + 16;

/// Longest message that a length may announce. Beyond it the length is no length.
const MAX_ANNOUNCED: usize = 16 << 20;

/// What was found in some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Lines written, cut ones among them.
    pub lines: u64,
    /// Messages longer than [`MAX_MESSAGE`], which were cut.
    pub oversized: u64,
    /// Messages of nothing, which make no line.
    pub empty: u64,
    /// Messages that never ended, which make no line.
    pub torn: u64,
}

impl Found {
    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.oversized += other.oversized;
        self.empty += other.empty;
        self.torn += other.torn;
    }
}

/// A length was expected and something else came: where the next message begins can't be told any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message's length was expected and something else came")]
pub struct Unframed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The first bytes have not told the framing yet.
    Start,
    /// A newline behind each message.
    Lines,
    /// The digits of a length: its value, and how many there were.
    Length(usize, u8),
    /// So much of a counted message is to come.
    Body(usize),
}

/// One connection's framing.
#[derive(Debug)]
pub struct Framer {
    state: State,
    /// The message so far, [`KEPT`] bytes at most.
    pending: Vec<u8>,
    /// More of it came than is kept.
    is_over: bool,
}

impl Default for Framer {
    fn default() -> Self {
        Self { state: State::Start, pending: Vec::new(), is_over: false }
    }
}

impl Framer {
    /// Takes the connection's next bytes, writes every message that ends in them to `out`, a line each, and adds what was found. What was
    /// found before an error stands.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>, found: &mut Found) -> Result<(), Unframed> {
        let front;
        let mut bytes = bytes;
        if self.state == State::Start {
            self.pending.extend_from_slice(bytes);
            let Some(state) = framing_of(&self.pending) else { return Ok(()) };
            self.state = state;
            front = std::mem::take(&mut self.pending);
            bytes = &front;
        }
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Start | State::Lines => self.take_line(bytes, out, found),
                State::Length(value, digits) => self.take_length(bytes, value, digits)?,
                State::Body(left) => self.take_body(bytes, left, out, found),
            };
        }
        Ok(())
    }

    /// The connection ended. Where newlines end messages so does a proper end; a counted message that did not come whole is torn.
    pub fn finish(&mut self, is_proper: bool, out: &mut Vec<u8>) -> Found {
        let mut found = Found::default();
        let is_underway = !self.pending.is_empty() || matches!(self.state, State::Body(_) | State::Length(_, 1..));
        let is_counted = matches!(self.state, State::Body(_) | State::Length(..));
        let pending = std::mem::take(&mut self.pending);
        match (is_underway, is_proper && !is_counted) {
            (false, _) => {}
            (true, true) => line_of(&pending, self.is_over, out, &mut found),
            (true, false) => found.torn = 1,
        }
        *self = Self::default();
        found
    }

    fn take_line<'b>(&mut self, bytes: &'b [u8], out: &mut Vec<u8>, found: &mut Found) -> &'b [u8] {
        let Some(end) = memchr(b'\n', bytes) else {
            self.keep(bytes);
            return &[];
        };
        let (line, rest) = bytes.split_at(end);
        self.end(line, out, found);
        rest.get(1..).unwrap_or_default()
    }

    fn take_length<'b>(&mut self, bytes: &'b [u8], value: usize, digits: u8) -> Result<&'b [u8], Unframed> {
        let (&byte, rest) = bytes.split_first().ok_or(Unframed)?;
        self.state = match byte {
            // Some senders end counted messages with a newline all the same, behind what they counted.
            b'\n' | b'\r' if digits == 0 => State::Length(0, 0),
            b'0'..=b'9' if digits > 0 || byte != b'0' => {
                let value = value * 10 + usize::from(byte - b'0');
                if value > MAX_ANNOUNCED {
                    return Err(Unframed);
                }
                State::Length(value, digits + 1)
            }
            b' ' if digits > 0 => State::Body(value),
            _ => return Err(Unframed),
        };
        Ok(rest)
    }

    fn take_body<'b>(&mut self, bytes: &'b [u8], left: usize, out: &mut Vec<u8>, found: &mut Found) -> &'b [u8] {
        let (body, rest) = bytes.split_at(left.min(bytes.len()));
        if body.len() == left {
            self.end(body, out, found);
            self.state = State::Length(0, 0);
        } else {
            self.keep(body);
            self.state = State::Body(left - body.len());
        }
        rest
    }

    /// A message ends with `last`.
    fn end(&mut self, last: &[u8], out: &mut Vec<u8>, found: &mut Found) {
        if self.pending.is_empty() {
            line_of(last, false, out, found);
            return;
        }
        self.keep(last);
        line_of(&self.pending, self.is_over, out, found);
        self.pending.clear();
        self.is_over = false;
        // One long message must not hold its room for as long as the connection lives.
        self.pending.shrink_to(64 << 10);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT - self.pending.len();
        self.is_over |= bytes.len() > room;
        self.pending.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

/// The framing that a connection's first bytes tell; none while they could be either. A length is followed by a blank and the `<` that
/// begins every syslog message, so that a line which begins with a number is not taken for one.
fn framing_of(first: &[u8]) -> Option<State> {
    let digits = first.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_length = (1..=8).contains(&digits) && first.first() != Some(&b'0');
    match (first.get(digits), first.get(digits + 1)) {
        (None, _) if first.is_empty() || is_length => None,
        (Some(b' '), None) if is_length => None,
        (Some(b' '), Some(b'<')) if is_length => Some(State::Length(0, 0)),
        _ => Some(State::Lines),
    }
}

/// Writes one datagram's message as a line.
pub fn datagram(message: &[u8], out: &mut Vec<u8>) -> Found {
    let mut found = Found::default();
    line_of(message, false, out, &mut found);
    found
}

/// Writes a message as one line. What would make two of it is written as rsyslog writes it: `#012` for a newline, `#015` for a carriage
/// return, `#000` for a NUL; at its end they are left out.
fn line_of(message: &[u8], is_over: bool, out: &mut Vec<u8>, found: &mut Found) {
    let is_over = is_over || message.len() > MAX_MESSAGE;
    let kept = message.get(..KEPT).unwrap_or(message);
    let end = kept.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0)).map_or(0, |last| last + 1);
    let mut rest = kept.get(..end).unwrap_or_default();
    if rest.is_empty() && !is_over {
        found.empty += 1;
        return;
    }
    out.reserve(rest.len() + 1);
    while let Some(at) = memchr3(b'\n', b'\r', 0, rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(match rest.get(at) {
            Some(b'\n') => b"#012",
            Some(b'\r') => b"#015",
            _ => b"#000",
        });
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.push(b'\n');
    found.lines += 1;
    found.oversized += u64::from(is_over);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(bytes: &[u8], is_proper: bool) -> Result<(String, Found), Unframed> {
        split(&[bytes], is_proper)
    }

    fn split(parts: &[&[u8]], is_proper: bool) -> Result<(String, Found), Unframed> {
        let (mut framer, mut out, mut found) = (Framer::default(), Vec::new(), Found::default());
        for part in parts {
            framer.take(part, &mut out, &mut found)?;
        }
        found.add(framer.finish(is_proper, &mut out));
        Ok((String::from_utf8_lossy(&out).into_owned(), found))
    }

    #[test]
    fn the_first_bytes_tell_the_framing() {
        let table: &[(&str, &str)] = &[
            ("<13>a\n<13>b\n", "<13>a\n<13>b\n"),
            ("<13>a\r\n\n<13>b\0\n", "<13>a\n<13>b\n"),
            ("5 <13>a6 <13>bc", "<13>a\n<13>bc\n"),
            ("6 <13>a\n5 <13>b", "<13>a\n<13>b\n"),
            ("5 <13>a\n5 <13>b\n", "<13>a\n<13>b\n"),
            ("8 <13>a\nbc", "<13>a#012bc\n"),
            // Lines that begin with a number are lines.
            ("1793869200.000 61 10.20.30.41\n12 monkeys\n", "1793869200.000 61 10.20.30.41\n12 monkeys\n"),
            ("05 <b>\n", "05 <b>\n"),
            ("123456789 <13>\n", "123456789 <13>\n"),
            ("a\rb\0c\n", "a#015b#000c\n"),
            ("7", "7\n"),
            ("last without its newline", "last without its newline\n"),
            ("", ""),
        ];
        for (bytes, lines) in table {
            assert_eq!(whole(bytes.as_bytes(), true).unwrap().0, *lines, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(whole(b"a\n\n\r\nb\n", true).unwrap().1, Found { lines: 2, empty: 2, ..Found::default() });
        assert_eq!(whole(b"a\nb", false).unwrap().1, Found { lines: 1, torn: 1, ..Found::default() });
        assert_eq!(whole(b"5 <13>a9 <13>b", true).unwrap().1, Found { lines: 1, torn: 1, ..Found::default() });
        assert_eq!(whole(b"5 <13>a9", true).unwrap().1, Found { lines: 1, torn: 1, ..Found::default() });
    }

    #[test]
    fn a_lost_frame_ends_the_connection() {
        for bytes in [&b"5 <13>ax"[..], b"5 <13>a0 ", b"5 <13>a16777217 "] {
            assert_eq!(whole(bytes, true), Err(Unframed), "{bytes:?}");
        }
    }

    #[test]
    fn what_came_before_a_lost_frame_is_counted() {
        let long = format!("{} <13>{}", MAX_MESSAGE + 4, "a".repeat(MAX_MESSAGE));
        let (mut framer, mut out, mut found) = (Framer::default(), Vec::new(), Found::default());
        assert_eq!(framer.take(format!("5 <13>a{long}<13>lost").as_bytes(), &mut out, &mut found), Err(Unframed));
        assert_eq!(found, Found { lines: 2, oversized: 1, ..Found::default() });
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 2);
    }

    #[test]
    fn a_message_too_long_is_cut_to_what_no_reader_takes_for_whole() {
        for length in [MAX_MESSAGE, MAX_MESSAGE + 1, 3 * MAX_MESSAGE] {
            let long = vec![b'a'; length];
            let mut counted = format!("{} <", length + 1).into_bytes();
            counted.extend_from_slice(&long);
            let mut lined = long.clone();
            lined.extend_from_slice(b"\nb\n");
            for (bytes, others) in [(lined, 1), (counted, 0)] {
                let chunks: Vec<&[u8]> = bytes.chunks(60_000).collect();
                let (lines, found) = split(&chunks, true).unwrap();
                let first = lines.lines().next().unwrap();
                let is_over = first.len() > MAX_MESSAGE;
                assert_eq!(found.lines, 1 + others);
                assert_eq!(found.oversized, u64::from(is_over));
                assert_eq!(is_over, length > MAX_MESSAGE || others == 0, "{length}");
                assert!(first.len() <= KEPT);
            }
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            messages in prop::collection::vec("<[0-9]{1,3}>[a-z0-9 \\n\\r\\x00<]{0,40}", 0..12),
            is_counted: bool, is_proper: bool, cuts in prop::collection::vec(0usize..400, 0..20), junk in "[0-9 <\\n]{0,6}",
        ) {
            let mut bytes = Vec::new();
            for message in &messages {
                if is_counted { bytes.extend_from_slice(format!("{} ", message.len()).as_bytes()); }
                bytes.extend_from_slice(message.as_bytes());
                if !is_counted { bytes.push(b'\n'); }
            }
            bytes.extend_from_slice(junk.as_bytes());
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(split(&parts, is_proper), whole(&bytes, is_proper));
        }

        #[test]
        fn a_counted_message_is_one_line_whatever_it_holds(messages in prop::collection::vec("<1>[a-z\\n\\r\\x00]{0,30}z", 1..9)) {
            let bytes: String = messages.iter().map(|message| format!("{} {message}", message.len())).collect();
            let (lines, found) = whole(bytes.as_bytes(), true).unwrap();
            prop_assert_eq!(lines.matches('\n').count(), messages.len());
            prop_assert_eq!(found.lines, messages.len() as u64);
        }
    }
}
