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
        let files = snapshot.files.get(&Table::Receipts).map_or(&[][..], Vec::as_slice);
        self.load_ledger(files);
        let unread = files.iter().filter(|file| !self.cached().receipts.contains_key(&file.path)).count();
        let mut all = Vec::new();
        for file in files {
            all.extend(self.receipts_of(file)?.iter().cloned());
        }
        if unread > crate::ledger::FILES_BESIDE {
            self.save_ledger(files)?;
        }
        all.sort_by(|a, b| {
            (a.lake_version, a.received_at, &a.path, a.byte_from).cmp(&(b.lake_version, b.received_at, &b.path, b.byte_from))
        });
        Ok(all)
    }

    pub(crate) fn receipts_of(&self, file: &DataFile) -> Result<Arc<Vec<Receipt>>, LakeError> {
        if let Some(held) = self.cached().receipts.get(&file.path) {
            return Ok(Arc::clone(held));
        }
        let path = self.path_of(Table::Receipts, file)?;
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

pub(crate) fn to_rows(receipts: &[Receipt]) -> Result<RecordBatch, LakeError> {
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

/// The columns of rows of receipts, found once.
struct Columns<'a> {
    rows: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn column(&self, name: &str) -> Result<&'a ArrayRef, String> {
        self.rows.column_by_name(name).ok_or_else(|| format!("there is no column {name}"))
    }

    fn text(&self, name: &str) -> Result<&'a StringArray, String> {
        self.column(name)?.as_string_opt::<i32>().ok_or_else(|| format!("column {name} is not text"))
    }

    fn values<T: ArrowPrimitiveType>(&self, name: &str) -> Result<&'a PrimitiveArray<T>, String> {
        self.column(name)?.as_primitive_opt::<T>().ok_or_else(|| format!("column {name} has another type"))
    }

    fn whole(&self, name: &'static str) -> Result<impl Fn(usize) -> Result<u64, String> + use<'a>, String> {
        let values = self.values::<Int64Type>(name)?;
        Ok(move |row| u64::try_from(values.value(row)).map_err(|_| format!("column {name} is below zero")))
    }

    fn small(&self, name: &'static str) -> Result<impl Fn(usize) -> Result<u32, String> + use<'a>, String> {
        let values = self.values::<Int32Type>(name)?;
        Ok(move |row| u32::try_from(values.value(row)).map_err(|_| format!("column {name} is below zero")))
    }

    fn time(&self, name: &'static str) -> Result<impl Fn(usize) -> Option<i64> + use<'a>, String> {
        let values = self.values::<TimestampMicrosecondType>(name)?;
        Ok(move |row| values.is_valid(row).then(|| values.value(row)))
    }
}

pub(crate) fn from_rows(rows: &RecordBatch) -> Result<Vec<Receipt>, String> {
    let columns = Columns { rows };
    let (file_id, head_id) = (columns.text("file_id")?, columns.text("head_id")?);
    let (byte_from, byte_to) = (columns.whole("byte_from")?, columns.whole("byte_to")?);
    let (line_from, path) = (columns.whole("line_from")?, columns.text("path")?);
    let (school_id, source_id) = (columns.text("school_id")?, columns.text("source_id")?);
    let (format_id, format_version) = (columns.text("format_id")?, columns.small("format_version")?);
    let (lines, events, admin_events) = (columns.whole("lines")?, columns.whole("events")?, columns.whole("admin_events")?);
    let (ignored, quarantined) = (columns.text("ignored")?, columns.whole("quarantined")?);
    let (first, last) = (columns.time("first_event_time")?, columns.time("last_event_time")?);
    let (run_id, received_at) = (columns.text("run_id")?, columns.time("received_at")?);
    let (revision, lake_version) = (columns.small("revision")?, columns.whole("lake_version")?);
    let said = |error: crate::ids::IdError| error.to_string();
    let receipt = |row: usize| {
        let school = school_id.value(row);
        Ok(Receipt {
            file_id: FileId::parse(file_id.value(row)).map_err(said)?,
            head_id: FileId::parse(head_id.value(row)).map_err(said)?,
            byte_from: byte_from(row)?,
            byte_to: byte_to(row)?,
            line_from: line_from(row)?,
            path: path.value(row).to_owned(),
            school_id: if school == MANY_SCHOOLS { None } else { Some(SchoolId::parse(school).map_err(said)?) },
            source_id: SourceId::parse(source_id.value(row)).map_err(said)?,
            format_id: FormatId::parse(format_id.value(row)).map_err(said)?,
            format_version: format_version(row)?,
            lines: lines(row)?,
            events: events(row)?,
            admin_events: admin_events(row)?,
            ignored: serde_json::from_str(ignored.value(row)).map_err(|error| error.to_string())?,
            quarantined: quarantined(row)?,
            first_event_time: first(row),
            last_event_time: last(row),
            run_id: RunId::parse(run_id.value(row)).map_err(said)?,
            received_at: received_at(row).ok_or("received_at is empty")?,
            revision: revision(row)?,
            lake_version: lake_version(row)?,
        })
    };
    (0..rows.num_rows()).map(receipt).collect()
}
