//! The ledger as rows of `receipts`: written by the commit that makes them true, merged before they become many small files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, Date32Array, Int32Array, Int64Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type, TimestampMicrosecondType};

use crate::arrow_schema::UTC;
use crate::ids::{FileId, FormatId, RunId, SchoolId, SourceId};
use crate::lake::{Change, DataFile, Lake, LakeError, Receipt, Snapshot};
use crate::rows::read_table;
use crate::schema::Table;
use crate::state::State;

/// Files of receipts that a day may have before they are merged. Each costs an open and a footer whenever the ledger is read.
const FILES_A_DAY: usize = 16;

/// The `school_id` of a receipt whose source serves many schools.
const MANY_SCHOOLS: &str = "*";

const MICROS_A_DAY: i64 = 86_400_000_000;

/// What a commit does to the table of receipts.
#[derive(Default)]
pub(crate) struct Ledger {
    pub adds: Vec<DataFile>,
    pub removes: Vec<String>,
}

impl Lake {
    /// All receipts of a snapshot, oldest first.
    pub fn receipts(&self, snapshot: &Snapshot) -> Result<Vec<Receipt>, LakeError> {
        let mut all = Vec::new();
        for file in snapshot.files.get(&Table::Receipts).into_iter().flatten() {
            all.extend(self.receipts_of(file)?.iter().cloned());
        }
        all.sort_by(|a, b| {
            (a.lake_version, a.received_at, &a.path, a.byte_from).cmp(&(b.lake_version, b.received_at, &b.path, b.byte_from))
        });
        Ok(all)
    }

    fn receipts_of(&self, file: &DataFile) -> Result<Arc<Vec<Receipt>>, LakeError> {
        if let Some(held) = self.cached().receipts.get(&file.path) {
            return Ok(Arc::clone(held));
        }
        let path = self.path_of(Table::Receipts, file);
        let damaged = |problem: String| LakeError::Corrupt { path: path.clone(), problem };
        let mut receipts = Vec::new();
        read_table(&path, Table::Receipts, |rows| {
            receipts.extend(from_rows(rows).map_err(&damaged)?);
            Ok(())
        })?;
        let receipts = Arc::new(receipts);
        self.cached().receipts.insert(file.path.clone(), Arc::clone(&receipts));
        Ok(receipts)
    }
}

/// Writes the receipts of a change, takes out those that go, and merges a day's files once there are too many.
pub(crate) fn prepare(lake: &Lake, state: &State, change: &Change, version: u64) -> Result<Ledger, LakeError> {
    let mut ledger = Ledger::default();
    let mut days: BTreeMap<i32, Vec<Receipt>> = BTreeMap::new();
    for receipt in &change.receipts {
        days.entry(day_of(receipt)).or_default().push(Receipt { lake_version: version, ..receipt.clone() });
    }
    let mut stay: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
    let going: BTreeSet<&(FileId, u64)> = change.receipt_removes.iter().collect();
    let mut gone = 0;
    for file in state.files.get(&Table::Receipts).into_iter().flatten() {
        let day = file.statistics.event_date;
        if !going.is_empty() {
            let held = lake.receipts_of(file)?;
            let kept: Vec<_> = held.iter().filter(|r| !going.contains(&(r.file_id.clone(), r.byte_from))).cloned().collect();
            if kept.len() < held.len() {
                gone += held.len() - kept.len();
                ledger.removes.push(file.path.clone());
                days.entry(day).or_default().extend(kept);
                continue;
            }
        }
        stay.entry(day).or_default().push(file);
    }
    if gone < going.len() {
        return Err(LakeError::Rejected { problem: format!("{} receipts should go, {gone} are in the lake", going.len()) });
    }
    for (day, mut receipts) in days {
        let others = stay.get(&day).map_or(&[][..], Vec::as_slice);
        if others.len() + 1 > FILES_A_DAY {
            for file in others {
                receipts.extend(lake.receipts_of(file)?.iter().cloned());
                ledger.removes.push(file.path.clone());
            }
        }
        if !receipts.is_empty() {
            ledger.adds.extend(lake.write_rows(Table::Receipts, &to_rows(&receipts)?)?);
        }
    }
    Ok(ledger)
}

fn day_of(receipt: &Receipt) -> i32 {
    i32::try_from(receipt.received_at.div_euclid(MICROS_A_DAY)).unwrap_or(0)
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn to_rows(receipts: &[Receipt]) -> Result<RecordBatch, LakeError> {
    fn text<'a>(receipts: &'a [Receipt], value: impl Fn(&'a Receipt) -> &'a str) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(receipts.iter().map(value)))
    }
    let whole = |value: fn(&Receipt) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(receipts.iter().map(|receipt| number(value(receipt)))))
    };
    let small = |value: fn(&Receipt) -> u32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(receipts.iter().map(|receipt| value(receipt) as i32)))
    };
    let time = |value: fn(&Receipt) -> Option<i64>| -> ArrayRef {
        Arc::new(receipts.iter().map(value).collect::<TimestampMicrosecondArray>().with_timezone(UTC))
    };
    let reasons: Vec<String> = receipts
        .iter()
        .map(|receipt| serde_json::to_string(&receipt.ignored))
        .collect::<Result<_, _>>()
        .map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
    let arrays = Table::Receipts.columns().iter().map(|column| -> Result<ArrayRef, LakeError> {
        Ok(match column.name {
            "event_date" => Arc::new(Date32Array::from_iter_values(receipts.iter().map(day_of))),
            "school_id" => text(receipts, |receipt| receipt.school_id.as_ref().map_or(MANY_SCHOOLS, SchoolId::as_str)),
            "file_id" => text(receipts, |receipt| receipt.file_id.as_str()),
            "head_id" => text(receipts, |receipt| receipt.head_id.as_str()),
            "byte_from" => whole(|receipt| receipt.byte_from),
            "byte_to" => whole(|receipt| receipt.byte_to),
            "line_from" => whole(|receipt| receipt.line_from),
            "path" => text(receipts, |receipt| &receipt.path),
            "source_id" => text(receipts, |receipt| receipt.source_id.as_str()),
            "format_id" => text(receipts, |receipt| receipt.format_id.as_str()),
            "format_version" => small(|receipt| receipt.format_version),
            "lines" => whole(|receipt| receipt.lines),
            "events" => whole(|receipt| receipt.events),
            "admin_events" => whole(|receipt| receipt.admin_events),
            "ignored" => Arc::new(StringArray::from(reasons.clone())),
            "ignored_lines" => whole(|receipt| receipt.ignored.values().sum()),
            "quarantined" => whole(|receipt| receipt.quarantined),
            "first_event_time" => time(|receipt| receipt.first_event_time),
            "last_event_time" => time(|receipt| receipt.last_event_time),
            "run_id" => text(receipts, |receipt| receipt.run_id.as_str()),
            "received_at" => time(|receipt| Some(receipt.received_at)),
            "revision" => small(|receipt| receipt.revision),
            "lake_version" => whole(|receipt| receipt.lake_version),
            other => return Err(LakeError::Rejected { problem: format!("a receipt has no value for column {other}") }),
        })
    });
    RecordBatch::try_new(Table::Receipts.plain_schema(), arrays.collect::<Result<_, _>>()?)
        .map_err(|error| LakeError::Rejected { problem: error.to_string() })
}

fn from_rows(rows: &RecordBatch) -> Result<Vec<Receipt>, String> {
    fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, String> {
        rows.column_by_name(name).ok_or_else(|| format!("there is no column {name}"))
    }
    fn values<'a, T: ArrowPrimitiveType>(rows: &'a RecordBatch, name: &str) -> Result<&'a PrimitiveArray<T>, String> {
        column(rows, name)?.as_primitive_opt::<T>().ok_or_else(|| format!("column {name} has another type"))
    }
    let text = |name: &str| column(rows, name)?.as_string_opt::<i32>().ok_or_else(|| format!("column {name} is not text"));
    let whole = |name: &str, row: usize| -> Result<u64, String> {
        u64::try_from(values::<Int64Type>(rows, name)?.value(row)).map_err(|_| format!("column {name} is below zero"))
    };
    let small = |name: &str, row: usize| -> Result<u32, String> {
        u32::try_from(values::<Int32Type>(rows, name)?.value(row)).map_err(|_| format!("column {name} is below zero"))
    };
    let time = |name: &str, row: usize| -> Result<Option<i64>, String> {
        let times = values::<TimestampMicrosecondType>(rows, name)?;
        Ok(times.is_valid(row).then(|| times.value(row)))
    };
    let said = |error: crate::ids::IdError| error.to_string();
    (0..rows.num_rows())
        .map(|row| {
            let school = text("school_id")?.value(row);
            Ok(Receipt {
                file_id: FileId::parse(text("file_id")?.value(row)).map_err(said)?,
                head_id: FileId::parse(text("head_id")?.value(row)).map_err(said)?,
                byte_from: whole("byte_from", row)?,
                byte_to: whole("byte_to", row)?,
                line_from: whole("line_from", row)?,
                path: text("path")?.value(row).to_owned(),
                school_id: if school == MANY_SCHOOLS { None } else { Some(SchoolId::parse(school).map_err(said)?) },
                source_id: SourceId::parse(text("source_id")?.value(row)).map_err(said)?,
                format_id: FormatId::parse(text("format_id")?.value(row)).map_err(said)?,
                format_version: small("format_version", row)?,
                lines: whole("lines", row)?,
                events: whole("events", row)?,
                admin_events: whole("admin_events", row)?,
                ignored: serde_json::from_str(text("ignored")?.value(row)).map_err(|error| error.to_string())?,
                quarantined: whole("quarantined", row)?,
                first_event_time: time("first_event_time", row)?,
                last_event_time: time("last_event_time", row)?,
                run_id: RunId::parse(text("run_id")?.value(row)).map_err(said)?,
                received_at: time("received_at", row)?.ok_or("received_at is empty")?,
                revision: small("revision", row)?,
                lake_version: whole("lake_version", row)?,
            })
        })
        .collect()
}
