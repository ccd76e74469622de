//! Takes a syslog header off a record: where the body starts, and what the header says of time, host and program.
//!
//! Relays rewrite headers freely, so every part is optional and a record without any header is its own body.

use super::{Span, find_byte};

/// What a syslog header gave.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header {
    /// Where the body starts.
    pub(crate) body: usize,
    /// Time as written.
    pub(crate) time: Span,
    /// Host as written.
    pub(crate) host: Span,
    /// Program name, without process id and colon.
    pub(crate) program: Span,
}

/// How the body of a format begins, so that a header of unknown make can be left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// `key=value` pairs or anything else: after time, host and program, as far as they are there.
    Text,
    /// Delimited columns: a word without the delimiter before them is a host, and a program may stand behind it.
    Columns(u8),
    /// From this text on.
    From(&'static str),
}

/// Finds the header of `record`.
pub(crate) fn header(record: &[u8], body: Body) -> Header {
    let mut found = Header::default();
    let mut at = skip_blanks(record, 0);
    let mut framed = false;
    if record.get(at) == Some(&b'<')
        && let Some(close) = find_byte(record, at, b'>')
        && (2..=4).contains(&(close - at))
        && record[at + 1..close].iter().all(u8::is_ascii_digit)
    {
        at = skip_blanks(record, close + 1);
        framed = true;
    }
    // RFC 5424 writes its version, a 1, before the time.
    let mut is_5424 = false;
    if framed && record.get(at) == Some(&b'1') && record.get(at + 1) == Some(&b' ') {
        is_5424 = true;
        at += 2;
    }
    if let Some(length) = time_length(&record[at..]) {
        found.time = Span::new(at, at + length);
        at = skip_blanks(record, at + length);
        framed = true;
    } else if is_5424 && record.get(at) == Some(&b'-') {
        at = skip_blanks(record, at + 1);
    }
    found.body = at;
    if let Body::From(mark) = body {
        let start = memchr::memmem::find(&record[at..], mark.as_bytes()).map_or(at, |n| at + n);
        found.host = if framed && start > at { word(record, at) } else { Span::default() };
        found.body = start;
        return found;
    }
    if !framed || found.time.is_empty() && !is_5424 {
        return found;
    }
    let host = word(record, at);
    let after_host = skip_blanks(record, at + host.len());
    match body {
        Body::Columns(delimiter) => {
            if !host.of(record, &[]).contains(&delimiter) && after_host < record.len() {
                found.host = host;
                found.body = after_host;
                if is_5424 {
                    // A relay that leaves the fields behind the host out has columns there already.
                    let after = after_5424_data(record, after_host);
                    if !record[after_host..after].contains(&delimiter) {
                        found.program = word(record, after_host);
                        found.body = after;
                    }
                } else if let Some((program, next)) = program(record, after_host)
                    && program.of(record, &[]).first().is_some_and(u8::is_ascii_alphabetic)
                {
                    // A first column that is a clock has a colon too.
                    found.program = program;
                    found.body = next;
                }
            }
        }
        Body::Text | Body::From(_) => {
            // A word that is a pair or a quoted text already belongs to the body, and so does Cisco's mark of a message.
            let text = host.of(record, &[]);
            if text.starts_with(b"%") || text.iter().any(|b| matches!(b, b'=' | b'"')) {
                return found;
            }
            found.host = host;
            found.body = after_host;
            if is_5424 {
                found.program = word(record, after_host);
                found.body = after_5424_data(record, after_host);
            } else if let Some((program, next)) = program(record, after_host) {
                found.program = program;
                found.body = next;
            }
        }
    }
    found
}

fn skip_blanks(record: &[u8], mut at: usize) -> usize {
    while matches!(record.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

fn word(record: &[u8], at: usize) -> Span {
    Span::new(at, find_byte(record, at, b' ').unwrap_or(record.len()).max(at))
}

/// `name[pid]: ` or `name: `.
fn program(record: &[u8], at: usize) -> Option<(Span, usize)> {
    let rest = record.get(at..)?;
    let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'(' | b')')))?;
    let mut next = end;
    if end > 0 && rest.get(next) == Some(&b'[') {
        next = find_byte(rest, next, b']')? + 1;
    }
    if end == 0 || rest.get(next) != Some(&b':') {
        return None;
    }
    Some((Span::new(at, at + end), skip_blanks(record, at + next + 1)))
}

/// Program, process id, message id and structured data of RFC 5424, left behind.
fn after_5424_data(record: &[u8], mut at: usize) -> usize {
    for _ in 0..3 {
        at = skip_blanks(record, find_byte(record, at, b' ').unwrap_or(record.len()));
    }
    if record.get(at) == Some(&b'-') {
        return skip_blanks(record, at + 1);
    }
    while record.get(at) == Some(&b'[') {
        let mut in_quotes = false;
        let mut escaped = false;
        let mut end = at;
        while let Some(&byte) = record.get(end) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_quotes = !in_quotes,
                b']' if !in_quotes => break,
                _ => {}
            }
            end += 1;
        }
        at = (end + 1).min(record.len());
    }
    skip_blanks(record, at)
}

/// Length of the time a header starts with: `Nov  5 10:00:00`, `Nov 5 2026 10:00:00`, or RFC 3339.
pub(crate) fn time_length(text: &[u8]) -> Option<usize> {
    if text.get(..3).is_some_and(|m| month(m).is_some()) {
        let mut at = 3;
        let mut blanks = 0;
        while at < text.len() && at < 32 {
            let byte = text[at];
            if byte == b' ' && text.get(at - 1) != Some(&b' ') {
                blanks += 1;
            }
            if byte == b':' {
                break;
            }
            if !(byte.is_ascii_digit() || byte == b' ') {
                return None;
            }
            at += 1;
        }
        let clock = text.get(at.checked_sub(2)?..)?;
        if !(2..=3).contains(&blanks) || clock.len() < 8 || clock[2] != b':' || clock[5] != b':' {
            return None;
        }
        let mut end = at - 2 + 8;
        if text.get(end) == Some(&b'.') {
            end += 1;
            while text.get(end).is_some_and(u8::is_ascii_digit) {
                end += 1;
            }
        }
        return matches!(text.get(end), None | Some(b' ' | b':')).then_some(end);
    }
    let date = text.get(..19)?;
    if date[4] != b'-' || date[7] != b'-' || date[10] != b'T' || date[13] != b':' || !date[0].is_ascii_digit() {
        return None;
    }
    Some(find_byte(text, 0, b' ').unwrap_or(text.len()))
}

/// Month of an English abbreviation, 1 to 12.
pub(crate) fn month(name: &[u8]) -> Option<u8> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name: [u8; 3] = name.get(..3)?.try_into().ok()?;
    let name = name.map(|b| b.to_ascii_lowercase());
    MONTHS.iter().position(|m| **m == name).map(|n| n as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let table: &[(&str, Body, &str, &str, &str)] = &[
            ("a=1 b=2", Body::Text, "", "", "a=1 b=2"),
            ("<188>date=2026-01-05 a=1", Body::Text, "", "", "date=2026-01-05 a=1"),
            ("<185> date=2026-01-05 a=1", Body::Text, "", "", "date=2026-01-05 a=1"),
            ("<30>Nov  5 10:00:00 gate a=1", Body::Text, "Nov  5 10:00:00", "gate", "a=1"),
            ("Nov 15 10:00:00 gate a=1", Body::Text, "Nov 15 10:00:00", "gate", "a=1"),
            ("Nov 5 10:00:00 gate squid[12]: x y", Body::Text, "Nov 5 10:00:00", "gate", "x y"),
            ("Nov 5 2026 10:00:00 gate: x y", Body::Text, "Nov 5 2026 10:00:00", "gate:", "x y"),
            ("2026-11-05T10:00:00.5+00:00 gate a=1", Body::Text, "2026-11-05T10:00:00.5+00:00", "gate", "a=1"),
            (r#"<13>1 2026-11-05T10:00:00Z gate app 1 ID [x y="]"] a=1"#, Body::Text, "2026-11-05T10:00:00Z", "gate", "a=1"),
            ("<13>1 2026-11-05T10:00:00Z gate app - - - a=1", Body::Text, "2026-11-05T10:00:00Z", "gate", "a=1"),
            ("2026-11-05T10:00:00Z  %FTD-1-430003: A: b", Body::Text, "2026-11-05T10:00:00Z", "", "%FTD-1-430003: A: b"),
            ("2026-11-05T10:00:00Z gate %FTD-1-430003: A: b", Body::Text, "2026-11-05T10:00:00Z", "gate", "%FTD-1-430003: A: b"),
            ("Nov  5 10:00:00 1,2026/11/05,x", Body::Columns(b','), "Nov  5 10:00:00", "", "1,2026/11/05,x"),
            ("Nov  5 10:00:00 gate 1,2026/11/05,x", Body::Columns(b','), "Nov  5 10:00:00", "gate", "1,2026/11/05,x"),
            ("<30>Nov  5 10:00:00 box e2guardian[12]: 17.5\tx y", Body::Columns(b'\t'), "Nov  5 10:00:00", "box", "17.5\tx y"),
            ("Nov  5 10:00:00 gate app: 1,x", Body::Columns(b','), "Nov  5 10:00:00", "gate", "1,x"),
            ("Nov  5 10:00:00 gate 10:00:00,x", Body::Columns(b','), "Nov  5 10:00:00", "gate", "10:00:00,x"),
            ("<14>1 2026-11-05T10:00:00Z gate app - - - 1,x", Body::Columns(b','), "2026-11-05T10:00:00Z", "gate", "1,x"),
            ("<14>1 2026-11-05T10:00:00Z gate 1,x y z a,b", Body::Columns(b','), "2026-11-05T10:00:00Z", "gate", "1,x y z a,b"),
            ("<14>Nov  5 10:00:00 INFO uvm[0]:  {}", Body::From("{"), "Nov  5 10:00:00", "INFO", "{}"),
            ("Nov  5 10:00:00 gate CEF:0|a", Body::From("CEF:"), "Nov  5 10:00:00", "gate", "CEF:0|a"),
            ("2026-11-05 10:00:00 not a header", Body::Text, "", "", "2026-11-05 10:00:00 not a header"),
            ("November is a month", Body::Text, "", "", "November is a month"),
            ("<>", Body::Text, "", "", "<>"),
            ("", Body::Text, "", "", ""),
        ];
        for (line, body, time, host, rest) in table {
            let found = header(line.as_bytes(), *body);
            let text = |span: Span| String::from_utf8_lossy(span.of(line.as_bytes(), &[])).into_owned();
            assert_eq!(
                (text(found.time).as_str(), text(found.host).as_str(), line.get(found.body..).unwrap()),
                (*time, *host, *rest),
                "{line}"
            );
        }
    }
}
