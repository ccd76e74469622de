//! Writes any number of lines of a shape, and beside each line the row it must become.

use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};

use super::request::Request;
use super::row::{ADMIN_COLUMNS, COLUMNS};
use super::value::{finish, write};
use super::{Case, Is, Record, Row, Shape, of_format};
use crate::Error;
use crate::rng::Rng;

/// The truth of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct TruthLine {
    /// Line of the file, from 1.
    pub line_no: u64,
    /// `event`, `admin_event`, `ignored` or `quarantined`.
    pub outcome: &'static str,
    /// Why it is ignored or quarantined.
    pub reason: Option<&'static str>,
    /// The row, null where the line does not say; empty where there is none.
    pub columns: Map<String, Value>,
}

impl TruthLine {
    /// As one object, in the words of `weir inspect`.
    pub fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("line_no".to_owned(), self.line_no.into());
        object.insert("outcome".to_owned(), self.outcome.into());
        object.insert("reason".to_owned(), self.reason.into());
        object.extend(self.columns.clone());
        Value::Object(object).to_string()
    }
}

fn one_of<'a>(rng: &mut Rng, records: &'a [Record]) -> Option<&'a Record> {
    let mut draw = rng.below(records.iter().map(|record| record.weight).sum());
    records.iter().find(|record| {
        let is_it = draw < record.weight;
        draw = draw.saturating_sub(record.weight);
        is_it
    })
}

/// Writes one record and tells its truth.
fn line(shape: &Shape, record: &Record, request: &Request, rng: &mut Rng, out: &mut String) -> TruthLine {
    let mut draw = || record.verdicts.get(rng.below(record.verdicts.len())).copied().unwrap_or((Is::Allowed, &[]));
    let mut verdict = draw();
    // Words that no product has are rare, so that a file stays recognisable.
    if matches!(verdict.0, Is::Quarantined(_)) && !request.serial.is_multiple_of(5) {
        verdict = draw();
    }
    let case = Case { shape, record, verdict, request };
    let mut row = Row::default();
    for (before, value) in shape.head {
        out.push_str(before);
        out.push_str(&write(value, &case, &mut row).text().unwrap_or_default());
    }
    let fields = record.fields.iter().map(|(name, value)| (*name, write(value, &case, &mut row))).collect();
    shape.layout.put(out, fields);
    out.push_str(shape.tail);
    finish(&case, &mut row);
    let (outcome, reason, columns) = match verdict.0 {
        Is::Ignored(reason) => ("ignored", Some(reason), Map::new()),
        Is::Quarantined(reason) => ("quarantined", Some(reason), Map::new()),
        Is::Admin(_) => ("admin_event", None, row.columns(&ADMIN_COLUMNS)),
        _ => ("event", None, event_columns(row, request)),
    };
    TruthLine { line_no: 0, outcome, reason, columns }
}

fn event_columns(row: Row, request: &Request) -> Map<String, Value> {
    let mut columns = row.columns(&COLUMNS);
    // Weir has categories of its own for hosts that everyone knows; invented ones have the vendor's alone.
    if request.target.search.is_some() {
        columns.remove("category");
    }
    columns
}

/// Writes `rows` lines of a format's shape (0 is the first), after the head of the file, and calls `truth` for every line.
/// The same seed gives the same bytes. Returns the bytes written.
pub fn write_with_truth(
    id: &str,
    shape: usize,
    rows: u64,
    seed: u64,
    out: &mut dyn Write,
    truth: &mut dyn FnMut(&TruthLine) -> Result<(), Error>,
) -> Result<u64, Error> {
    let fault = |error| Error::io(Path::new("output"), error);
    let Some(shape) = of_format(id).get(shape).copied() else {
        return Err(Error::Options(format!("format {id:?} has no shape {shape}")));
    };
    let mut rng = Rng::named(seed, id);
    let (mut bytes, mut line_no) = (0, 0);
    let mut plain = |text: &str, reason, out: &mut dyn Write| -> Result<u64, Error> {
        line_no += 1;
        truth(&TruthLine { line_no, outcome: "ignored", reason: Some(reason), columns: Map::new() })?;
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).map_err(fault)?;
        Ok(text.len() as u64 + 1)
    };
    for (text, reason) in shape.file_head {
        bytes += plain(text, reason, out)?;
    }
    let names: Vec<&str> = shape.records.first().map_or(Vec::new(), |record| record.fields.iter().map(|field| field.0).collect());
    if let Some(header) = shape.layout.header(&names) {
        bytes += plain(&header, "header", out)?;
    }
    let mut text = String::new();
    for row in 0..rows {
        let Some(record) = one_of(&mut rng, shape.records) else { break };
        let request = Request::new(&mut rng, row, rows, shape);
        text.clear();
        let mut told = line(shape, record, &request, &mut rng, &mut text);
        line_no += 1;
        told.line_no = line_no;
        truth(&told)?;
        text.push('\n');
        out.write_all(text.as_bytes()).map_err(fault)?;
        bytes += text.len() as u64;
    }
    out.flush().map_err(fault)?;
    Ok(bytes)
}
