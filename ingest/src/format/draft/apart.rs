//! Takes the lines of an unknown log apart: which decoder fits, the names of its fields, and their values line by line.

use crate::decode::csv;
use crate::decode::syslog::{self, Body};

use super::vocabulary::{Vocabulary, is_address, is_host, plain};

/// Lines looked at: enough to see every usual word, and soon read.
const MOST_LINES: usize = 500;

/// How lines are taken apart, by its name in a format file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    Csv,
    Json,
    Kv,
    Cef,
    Leef,
    W3c,
}

impl Decoder {
    pub(super) fn name(self) -> &'static str {
        match self {
            Decoder::Csv => "csv",
            Decoder::Json => "json",
            Decoder::Kv => "kv",
            Decoder::Cef => "cef",
            Decoder::Leef => "leef",
            Decoder::W3c => "w3c",
        }
    }
}

/// A field of the log and its values; an empty one where a line has none.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldOf {
    /// As a format file names it; empty for a column without a header word.
    pub(super) name: String,
    /// The key that a CEF label belongs to.
    pub(super) labelled: Option<String>,
    pub(super) values: Vec<String>,
    /// Some value stood in quotation marks.
    pub(super) quoted: bool,
}

/// A log taken apart.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) decoder: Decoder,
    pub(super) delimiter: char,
    /// A syslog header stands before the lines; whether it names a program.
    pub(super) frame: Option<bool>,
    pub(super) fields: Vec<FieldOf>,
    pub(super) rows: usize,
    /// Lines before the header.
    pub(super) before_header: usize,
    /// Columns have no names in the file, so the format counts them.
    pub(super) is_numbered: bool,
}

struct Pairs(Vec<(String, String, bool)>);

/// Takes `text` apart; none where no decoder fits.
pub(super) fn take_apart(text: &str, vocabulary: &Vocabulary) -> Option<Sheet> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).take(MOST_LINES).collect();
    if lines.is_empty() {
        return None;
    }
    let most = |fits: &dyn Fn(&str) -> bool| lines.iter().filter(|line| fits(line)).count() * 10 >= lines.len() * 8;
    if most(&|line| line.contains("CEF:")) {
        return Some(of_pairs(Decoder::Cef, ' ', &lines, &cef));
    }
    if most(&|line| line.contains("LEEF:")) {
        return Some(of_pairs(Decoder::Leef, '\t', &lines, &leef));
    }
    if lines.iter().any(|line| line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("#fields:"))) {
        return w3c(&lines);
    }
    if most(&|line| json(line).is_some()) {
        return Some(of_pairs(Decoder::Json, ' ', &lines, &|line| json(line).unwrap_or(Pairs(Vec::new()))));
    }
    if let Some(sheet) = headed(&lines, vocabulary) {
        return Some(sheet);
    }
    let best = [' ', '\t', ';', ',', '|'].map(|delimiter| {
        let pairs: usize = lines.iter().map(|line| kv(body(line, None), delimiter).0.len()).sum();
        (pairs, delimiter)
    });
    let (pairs, delimiter) = best.into_iter().rev().max_by_key(|(pairs, _)| *pairs)?;
    if pairs >= lines.len() * 3 {
        return Some(of_pairs(Decoder::Kv, delimiter, &lines, &|line| kv(body(line, None), delimiter)));
    }
    unheaded(&lines)
}

/// Everything a line holds, by name, as far as the decoder gives names; for a person to compare with a format file.
pub(super) fn fields_of(decode: &str, delimiter: Option<char>, header: &[&str], line: &str) -> Vec<(String, String)> {
    let pairs = match decode {
        "kv" => kv(body(line, None), delimiter.unwrap_or(' ')),
        "json" => json(line).unwrap_or(Pairs(Vec::new())),
        "cef" => cef(line),
        "leef" => leef(line),
        "csv" | "w3c" => {
            let usual = if decode == "csv" { ',' } else { ' ' };
            let delimiter = u8::try_from(delimiter.unwrap_or(usual)).unwrap_or(b',');
            let names = match header
                .iter()
                .rev()
                .find_map(|line| line.get(..8).filter(|s| s.eq_ignore_ascii_case("#fields:")).and(line.get(8..)))
            {
                Some(names) => names.split_whitespace().map(str::to_owned).collect(),
                None => header.last().map(|line| cells(line, delimiter)).unwrap_or_default(),
            };
            Pairs(names.into_iter().zip(cells(line, delimiter)).map(|(name, text)| (name, text, false)).collect())
        }
        _ => Pairs(Vec::new()),
    };
    pairs.0.into_iter().map(|(name, value, _)| (name, value)).collect()
}

fn syslog_of(line: &str, mark: Option<&'static str>) -> syslog::Header {
    syslog::header(line.as_bytes(), mark.map_or(Body::Text, Body::From))
}

fn body<'l>(line: &'l str, mark: Option<&'static str>) -> &'l str {
    line.get(syslog_of(line, mark).body..).unwrap_or(line)
}

fn of_pairs(decoder: Decoder, delimiter: char, lines: &[&str], split: &dyn Fn(&str) -> Pairs) -> Sheet {
    let mut fields: Vec<FieldOf> = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        let Pairs(pairs) = split(line);
        for (name, value, quoted) in &pairs {
            let label = pairs.iter().find(|(key, _, _)| decoder == Decoder::Cef && *key == format!("{name}Label"));
            let (name, labelled) = match label {
                Some((_, label, _)) => (format!("label.{label}"), Some(name.clone())),
                None => (name.clone(), None),
            };
            let at = fields.iter().position(|field| field.name == name).unwrap_or_else(|| {
                fields.push(FieldOf { name, labelled, values: vec![String::new(); lines.len()], quoted: false });
                fields.len() - 1
            });
            if let Some(field) = fields.get_mut(at) {
                field.quoted |= quoted;
                if let Some(cell) = field.values.get_mut(row) {
                    cell.clone_from(value);
                }
            }
        }
    }
    fields.retain(|field| !field.name.ends_with("Label"));
    let mark = match decoder {
        Decoder::Cef => Some("CEF:"),
        Decoder::Leef => Some("LEEF:"),
        Decoder::Json => Some("{"),
        _ => None,
    };
    let headers: Vec<_> = lines.iter().map(|line| syslog_of(line, mark)).collect();
    let is_framed = headers.iter().zip(lines).filter(|(header, line)| header.body > line.len() - line.trim_start().len()).count();
    let frame = (is_framed * 2 > lines.len()).then(|| mark.is_none() && headers.iter().any(|header| !header.program.is_empty()));
    Sheet { decoder, delimiter, frame, fields, rows: lines.len(), before_header: 0, is_numbered: false }
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Pairs of which the value goes on to the delimiter before the next key.
fn kv(line: &str, delimiter: char) -> Pairs {
    let mut pairs = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('=') {
        let key = before.rsplit([' ', delimiter]).next().unwrap_or_default().trim();
        if !is_key(key) {
            rest = after;
            continue;
        }
        if let Some((value, left)) = after.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            pairs.push((key.to_owned(), value.to_owned(), true));
            rest = left;
            continue;
        }
        let mut end = after.len();
        for (at, _) in after.match_indices(delimiter) {
            let next = after.get(at + delimiter.len_utf8()..).unwrap_or_default();
            let word = next.split_once('=').map_or("", |(word, _)| word).trim_start_matches(' ');
            if is_key(word) || !next.contains('=') && delimiter != ' ' {
                end = at;
                break;
            }
        }
        let value = after.get(..end).unwrap_or_default().trim();
        pairs.push((key.to_owned(), value.to_owned(), false));
        rest = after.get(end..).unwrap_or_default();
    }
    Pairs(pairs)
}

fn cef(line: &str) -> Pairs {
    let after = line.split_once("CEF:").map_or("", |(_, after)| after);
    let mut parts = after.splitn(8, '|');
    kv(parts.nth(7).unwrap_or_default(), ' ')
}

fn leef(line: &str) -> Pairs {
    let after = line.split_once("LEEF:").map_or("", |(_, after)| after);
    let parts: Vec<&str> = after.splitn(6, '|').collect();
    let rest = parts.get(5).copied().unwrap_or_default();
    // The second version may name its delimiter in a sixth part of the head.
    let (delimiter, rest) = match rest.split_once('|') {
        Some((mark, rest)) if after.starts_with('2') && mark.chars().count() == 1 => (mark.chars().next().unwrap_or('\t'), rest),
        _ => ('\t', rest),
    };
    kv(rest, delimiter)
}

fn json(line: &str) -> Option<Pairs> {
    let body = line.get(line.find('{')?..)?;
    let serde_json::Value::Object(object) = serde_json::from_str(body).ok()? else { return None };
    let mut pairs = Vec::new();
    flat("", &object, &mut pairs);
    Some(Pairs(pairs))
}

fn flat(before: &str, object: &serde_json::Map<String, serde_json::Value>, pairs: &mut Vec<(String, String, bool)>) {
    use serde_json::Value;
    for (key, value) in object {
        if !is_key(key) || key.contains('.') {
            continue;
        }
        let name = format!("{before}{key}");
        match value {
            Value::Object(inner) => flat(&format!("{name}."), inner, pairs),
            Value::String(text) => pairs.push((name, text.clone(), true)),
            Value::Null => pairs.push((name, String::new(), true)),
            Value::Array(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                if texts.len() == items.len() {
                    pairs.push((format!("{name}[]"), texts.join("; "), true));
                }
            }
            other => pairs.push((name, other.to_string(), false)),
        }
    }
}

fn cells(line: &str, delimiter: u8) -> Vec<String> {
    let (mut spans, mut scratch) = (Vec::new(), Vec::new());
    csv::cells(line.as_bytes(), 0, delimiter, true, &mut spans, &mut scratch);
    let text = |span: &crate::decode::Span| String::from_utf8_lossy(span.of(line.as_bytes(), &scratch)).into_owned();
    spans.iter().map(text).collect()
}

fn of_columns(decoder: Decoder, delimiter: u8, names: Vec<String>, lines: &[&str], before_header: usize) -> Sheet {
    let mut fields: Vec<FieldOf> = names.into_iter().map(|name| FieldOf { name, ..FieldOf::default() }).collect();
    for line in lines {
        let found = cells(line, delimiter);
        for (at, field) in fields.iter_mut().enumerate() {
            field.values.push(found.get(at).cloned().unwrap_or_default());
        }
    }
    let delimiter = char::from(delimiter);
    Sheet { decoder, delimiter, frame: None, fields, rows: lines.len(), before_header, is_numbered: false }
}

fn w3c(lines: &[&str]) -> Option<Sheet> {
    let head = lines.iter().position(|line| line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("#fields:")))?;
    let words = lines.get(head)?.get(8..)?.split_whitespace().map(str::to_owned).collect();
    let rows: Vec<&str> = lines.iter().skip(head + 1).copied().filter(|line| !line.starts_with('#')).collect();
    let tabs = rows.iter().filter(|line| line.contains('\t')).count() * 2 > rows.len();
    Some(of_columns(Decoder::W3c, if tabs { b'\t' } else { b' ' }, words, &rows, 0))
}

/// A table under a header: the first of the first lines with at least two words that formats know, one of a time or an address asked
/// for, and nothing that is a value.
fn headed(lines: &[&str], vocabulary: &Vocabulary) -> Option<Sheet> {
    for (at, line) in lines.iter().take(30).enumerate() {
        for delimiter in [b',', b'\t', b';', b'|'] {
            let found = cells(line, delimiter);
            let is_value = |text: &str| {
                let is_name = is_host(text) && vocabulary.column(text).is_none();
                text.len() > 60 || is_name || is_address(text) || ["@", "://", "="].iter().any(|mark| text.contains(mark))
            };
            if found.len() < 3 || found.iter().any(|text| is_value(text)) {
                continue;
            }
            let known: Vec<_> = found.iter().filter_map(|text| vocabulary.column(text)).collect();
            if known.len() >= 2 && known.iter().any(|column| ["time", "url", "host"].contains(column)) {
                return Some(of_columns(Decoder::Csv, delimiter, found, lines.get(at + 1..)?, at));
            }
        }
    }
    None
}

/// A table without a header: the same number of columns, four at least, in nearly all lines.
fn unheaded(lines: &[&str]) -> Option<Sheet> {
    for delimiter in [b'\t', b',', b';', b'|'] {
        let widths: Vec<usize> = lines.iter().map(|line| cells(line, delimiter).len()).collect();
        let width = *widths.iter().max()?;
        if width >= 4 && widths.iter().filter(|n| **n == width).count() * 10 >= lines.len() * 9 {
            let names = (1..=width).map(|n| format!("column {n}")).collect();
            let mut sheet = of_columns(Decoder::Csv, delimiter, names, lines, 0);
            sheet.is_numbered = true;
            return Some(sheet);
        }
    }
    None
}

impl Sheet {
    /// Whether the name of a field may be repeated: it is a word of formats, a column's heading, or a plain key of most lines; and
    /// nothing that stands as a value somewhere.
    pub(super) fn may_name(&self, field: &FieldOf, vocabulary: &Vocabulary) -> bool {
        let name = field.name.as_str();
        if self.is_numbered || vocabulary.column(name).is_some() {
            return !name.is_empty();
        }
        let is_heading = matches!(self.decoder, Decoder::Csv | Decoder::W3c);
        let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || " _-/()&#.".contains(c)) && name.len() <= 60;
        let plain_name = plain(name);
        let is_value = self.fields.iter().flat_map(|field| &field.values).any(|value| plain(value) == plain_name);
        let lines = field.values.iter().filter(|value| !value.is_empty()).count();
        let is_usual = lines >= 2 && lines * 2 >= self.rows && !name.contains(['.', '[']);
        !plain_name.is_empty() && fits && !is_value && !is_host(name) && (is_heading || is_usual)
    }
}
