//! What must hold of any bytes at all: the bodies of the fuzz targets, which the tests run on seeded mutations of sample lines.
//!
//! Each body panics where a promise is broken and returns nothing. The folder `fuzz` at the root puts them under libFuzzer.

#![allow(clippy::expect_used, clippy::panic, reason = "a broken promise must stop the fuzzer")]

pub mod mutate;
mod seeds;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Read};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use weir_lake::estate::Estate;
use weir_lake::ids::{FormatId, RunId};

use crate::decode::csv::{Columns, Csv, Layout};
use crate::decode::pattern::{self, Pattern, Patterns};
use crate::decode::syslog::{self, Body};
use crate::decode::{NO_SLOT, Shape, Slots, cef::Cef, json::Json, kv::Kv, leef::Leef, w3c::W3c};
use crate::decoded::{Outcome, Time};
use crate::engine::{FormatChoice, IngestOptions};
use crate::format::{Catalogue, Format};
use crate::input::{Limits, Opened, is_array, open_bytes};
use crate::inspect::{inspect_opened, unknown_source};
use crate::normalise::Reference;
pub use seeds::seeds;

/// One target: its name, and what must not panic.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("kv", kv),
    ("csv", csv),
    ("json", json),
    ("cef", cef),
    ("leef", leef),
    ("w3c", w3c),
    ("pattern", pattern),
    ("syslog", syslog_frame),
    ("open", open),
    ("read", read),
];

static CATALOGUE: LazyLock<Vec<Arc<Format>>> = LazyLock::new(|| Catalogue::embedded().all().expect("embedded formats compile"));

/// 2026-11-10T12:00:00Z: plausible beside the samples' own times.
const NOW: i64 = 1_794_312_000_000_000;

fn names() -> Vec<String> {
    ["a", "b", "c.d", "e[]", "f{}", "g[0].h", "cef.id", "leef.id", "label.x", "cs1"].map(String::from).to_vec()
}

/// The first byte says how; the rest is read.
fn choice(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}

/// Splits each line, under each kind of frame, with one decoder that remembers what it saw; every piece must lie within the line.
fn split_lines(data: &[u8], names: usize, mut split: impl FnMut(&[u8], usize, &mut Slots) -> Shape) {
    let mut slots = Slots::new(names);
    for record in data.split(|byte| *byte == b'\n') {
        for body in [Body::Text, Body::Columns(b','), Body::From("{")] {
            let from = syslog::header(record, body).body;
            slots.clear();
            split(record, from, &mut slots);
            for slot in 0..names as u16 {
                assert!(slots.span(slot).lies_within(record, &slots.scratch), "slot {slot} points beyond its line");
            }
        }
    }
}

/// Reads each line with one of the embedded formats of a decoder.
fn read_lines(decoder: &str, which: usize, data: &[u8]) {
    let formats: Vec<&Arc<Format>> = CATALOGUE.iter().filter(|format| format.decoder() == decoder).collect();
    let Some(format) = formats.get(which % formats.len().max(1)) else { return };
    let mut reader = format.reader();
    for record in data.split(|byte| *byte == b'\n') {
        reader.is_header(record);
        let decoded = reader.read(record);
        if let Outcome::Ignored(reason) | Outcome::Quarantined(reason) = decoded.outcome {
            assert!(!reason.is_empty(), "a line without a row has a reason");
        }
        if decoded.outcome == Outcome::Event {
            assert!(!matches!(decoded.time, Time::Missing), "an event has a time");
        }
    }
}

/// `key=value` pairs.
pub fn kv(data: &[u8]) {
    let (which, data) = choice(data);
    let names = names();
    let separators: [&[u8]; 4] = [b" ", b" ,", b"", b";\t"];
    let mut kv = Kv::new(&names, separators[which % 4]);
    split_lines(data, names.len(), |record, from, slots| kv.split(record, from, slots));
    read_lines("kv", which, data);
}

fn columns(which: usize) -> Columns {
    Columns {
        delimiter: [b',', b'\t', b'|', b' '][which % 4],
        quoted: which & 4 == 0,
        layouts: vec![Layout { tests: vec![(1, b"a".to_vec())], width: (1, 9), slots: vec![0, NO_SLOT, 2] }],
        header: which & 8 == 0,
        plain_names: vec![b"a".to_vec(), b"b".to_vec()],
        key_slots: vec![0],
    }
}

/// Columns.
pub fn csv(data: &[u8]) {
    let (which, data) = choice(data);
    let mut csv = Csv::new(columns(which));
    split_lines(data, 10, |record, from, slots| csv.split(record, from, slots));
    read_lines("csv", which, data);
}

/// One JSON object a line.
pub fn json(data: &[u8]) {
    let (which, data) = choice(data);
    let names = names();
    let mut json = Json::new(&names);
    split_lines(data, names.len(), |record, from, slots| json.split(record, from, slots));
    read_lines("json", which, data);
}

/// ArcSight's common event format.
pub fn cef(data: &[u8]) {
    let (which, data) = choice(data);
    let names = names();
    let mut cef = Cef::new(&names);
    split_lines(data, names.len(), |record, from, slots| cef.split(record, from, slots));
    read_lines("cef", which, data);
}

/// QRadar's log event extended format.
pub fn leef(data: &[u8]) {
    let (which, data) = choice(data);
    let names = names();
    let mut leef = Leef::new(&names);
    split_lines(data, names.len(), |record, from, slots| leef.split(record, from, slots));
    read_lines("leef", which, data);
}

/// W3C extended log files.
pub fn w3c(data: &[u8]) {
    let (which, data) = choice(data);
    let names = names();
    let mut w3c = W3c::new(&names, Csv::new(columns(3 | which & 4 | 8)));
    split_lines(data, names.len(), |record, from, slots| w3c.split(record, from, slots));
    read_lines("w3c", which, data);
}

/// Positional text. The first line is a pattern, as a technician may write one; the shipped patterns read the rest too.
pub fn pattern(data: &[u8]) {
    let (which, data) = choice(data);
    let end = memchr::memchr(b'\n', data).unwrap_or(data.len());
    let (text, lines) = (String::from_utf8_lossy(data.get(..end).unwrap_or_default()), data.get(end..).unwrap_or_default());
    let names: Vec<String> = pattern::names(&text).into_iter().take(16).map(str::to_owned).collect();
    if let Ok(pattern) = Pattern::new(&text, &names) {
        let patterns = Patterns(vec![pattern]);
        split_lines(lines, names.len(), |record, from, slots| patterns.split(record, from, slots));
    }
    read_lines("pattern", which, lines);
}

/// A syslog frame round anything.
pub fn syslog_frame(data: &[u8]) {
    for record in data.split(|byte| *byte == b'\n') {
        for body in [Body::Text, Body::Columns(b','), Body::Columns(b'\t'), Body::From("{"), Body::From("CEF:")] {
            let header = syslog::header(record, body);
            assert!(header.body <= record.len(), "the body starts within the line");
            for span in [header.time, header.host, header.program] {
                assert!(span.lies_within(record, &[]), "a part of the frame points beyond its line");
            }
        }
        assert!(syslog::time_length(record).is_none_or(|length| length <= record.len()), "a time ends within the line");
        let _ = syslog::month(record);
    }
}

/// Limits that a few kilobytes can reach.
const TIGHT: Limits = Limits { ratio: 50, ratio_from: 16 << 10, total: 1 << 20 };

/// Any file: a stream of text is given whole and within the limits, or there is an error.
pub fn open(data: &[u8]) {
    for opened in open_bytes(data, TIGHT).into_iter().take(8) {
        let Ok(mut opened) = opened else { continue };
        let mut text = Vec::new();
        if opened.reader.read_to_end(&mut text).is_err() {
            continue;
        }
        if opened.plain {
            assert!(text == data, "plain text is given as it is");
        } else if opened.compressed {
            assert!(text.len() as u64 <= TIGHT.total, "a packed file expands within the limit");
        } else if is_array(data) {
            // A newline behind each object, and of what stands between objects nothing that is not there.
            assert!(text.len() <= 2 * data.len(), "an array gives its own objects");
        } else {
            assert!(std::str::from_utf8(&text).is_ok(), "UTF-16 becomes UTF-8");
        }
    }
}

/// What one reading of a file said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) lines: u64,
    pub(crate) events: u64,
    pub(crate) admin_events: u64,
    pub(crate) ignored: u64,
    pub(crate) quarantined: u64,
}

/// A whole file through detection (or, by the first byte, as one format) and reading: every line has one outcome and no line is lost.
pub fn read(data: &[u8]) {
    let (which, data) = choice(data);
    let (unit, data) = choice(data);
    read_counted(which, unit, data);
}

/// The format that a first byte stands for; none for detection.
pub(crate) fn format_of(which: usize) -> Option<&'static Arc<Format>> {
    which.checked_sub(1).and_then(|at| CATALOGUE.get(at))
}

fn read_counted(which: usize, unit: usize, data: &[u8]) -> Option<Counted> {
    static REFERENCE: LazyLock<Arc<Reference>> =
        LazyLock::new(|| Reference::embedded().expect("embedded reference data is whole"));
    static SHARED: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);
    let source = unknown_source("Europe/London").expect("a literal");
    let mut options = IngestOptions::new(RunId::parse("fuzz").expect("a literal"), source, NOW);
    options.format =
        format_of(which).map_or(FormatChoice::Auto, |format| FormatChoice::Id(FormatId::parse(format.id()).expect("a known id")));
    let opened = Opened {
        reader: Box::new(Cursor::new(data.to_vec())),
        disk_bytes: data.len() as u64,
        consumed: Arc::default(),
        compressed: false,
        plain: true,
        modified: Some(SystemTime::UNIX_EPOCH + Duration::from_micros(NOW as u64)),
    };
    let mut told = Counted::default();
    let mut format = String::new();
    let mut last_line = 0;
    let read = inspect_opened(
        &Estate::default(),
        &SHARED,
        Arc::clone(&REFERENCE),
        "memory",
        opened,
        1024 << (unit % 6),
        &options,
        &mut |line| {
            assert!(line.line_no >= last_line, "lines come in order");
            assert_eq!(line.reason.is_some(), matches!(line.outcome, "ignored" | "quarantined"), "a reason goes with no row");
            last_line = line.line_no;
            format.clone_from(&line.format);
            match line.outcome {
                "event" => told.events += 1,
                "admin_event" => told.admin_events += 1,
                "ignored" => told.ignored += 1,
                "quarantined" => told.quarantined += 1,
                other => panic!("outcome {other}"),
            }
            // What is printed must be JSON, whatever the bytes were.
            serde_json::from_str::<serde_json::Value>(&line.to_json()).expect("an object a line");
        },
    );
    let ledger = read.ok()?.ledger;
    let continued = ledger.ignored.get("continuation").copied().unwrap_or(0);
    told.ignored += continued;
    told.lines = ledger.lines;
    assert_eq!(
        (told.events, told.admin_events, told.ignored, told.quarantined),
        (ledger.events, ledger.admin_events, ledger.ignored_lines(), ledger.quarantined),
        "the ledger counts what was told"
    );
    assert_eq!(told.lines, told.events + told.admin_events + told.ignored + told.quarantined, "one outcome a line");
    // Counted apart from the reader: newlines, and an unfinished last line.
    let lines = memchr::memchr_iter(b'\n', data).count() as u64 + u64::from(data.last().is_some_and(|last| *last != b'\n'));
    let nul_ends = CATALOGUE.iter().any(|known| known.id() == format && known.reader().nul_ends_record());
    let most = if nul_ends { lines + memchr::memchr_iter(0, data).count() as u64 } else { lines };
    assert!((lines..=most).contains(&told.lines), "{lines} lines went in, {} came out of {format}", told.lines);
    Some(told)
}
