//! Admin events and quarantined lines as rows of their tables.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use weir_lake::ids::{FileId, FormatId, SourceId};
use weir_lake::lake::{DataFile, Lake, LakeError};
use weir_lake::schema::Table;

use super::quarantine::{Quarantine, QuarantinedLine};
use crate::normalise::AdminRow;

/// Written where a line's school could not be told.
const NO_SCHOOL: &str = "-";

/// Rows after which they are written: one row group.
const WRITE_ROWS: usize = 64 * 1024;

/// Bytes of sealed lines after which they are written.
const WRITE_BYTES: usize = 32 << 20;

const MICROS_A_DAY: i64 = 86_400_000_000;

struct Admin {
    row: AdminRow,
    file: Arc<str>,
}

struct Quarantined {
    line: QuarantinedLine,
    file: Arc<str>,
    format: Arc<str>,
}

/// What became of an input's rows.
pub(crate) struct Added {
    /// Files that were full.
    pub(crate) files: Vec<(Table, DataFile)>,
    /// Quarantined lines that were there already.
    pub(crate) held: u64,
}

/// Rows of inputs read to their end, on their way to files.
pub(crate) struct SideRows<'l> {
    lake: &'l Lake,
    source: SourceId,
    school: Option<String>,
    received_at: i64,
    admin: Vec<Admin>,
    quarantine: Vec<Quarantined>,
    quarantined_bytes: usize,
}

impl<'l> SideRows<'l> {
    pub(crate) fn new(lake: &'l Lake, source: SourceId, school: Option<String>, received_at: i64) -> Self {
        Self { lake, source, school, received_at, admin: Vec::new(), quarantine: Vec::new(), quarantined_bytes: 0 }
    }

    /// Takes an input's rows, without quarantined lines that the lake holds from an earlier reading of the same file.
    pub(crate) fn add(
        &mut self,
        file: &FileId,
        format: &FormatId,
        admin: Vec<AdminRow>,
        quarantine: Vec<Quarantine>,
        held: &HashSet<i64>,
    ) -> Result<Added, LakeError> {
        let (file, format): (Arc<str>, Arc<str>) = (file.as_str().into(), format.as_str().into());
        self.admin.extend(admin.into_iter().map(|row| Admin { row, file: Arc::clone(&file) }));
        let mut files = Vec::new();
        let mut dropped = 0;
        for found in quarantine {
            found.drain(|mut lines| {
                let before = lines.len();
                lines.retain(|line| !held.contains(&line.line_no));
                dropped += (before - lines.len()) as u64;
                self.quarantined_bytes += lines.iter().map(|line| line.raw.len()).sum::<usize>();
                let sealed =
                    lines.into_iter().map(|line| Quarantined { line, file: Arc::clone(&file), format: Arc::clone(&format) });
                self.quarantine.extend(sealed);
                let many = self.quarantine.len() >= WRITE_ROWS || self.quarantined_bytes >= WRITE_BYTES;
                files.extend(if many { self.write()? } else { Vec::new() });
                Ok(())
            })?;
        }
        files.extend(if self.admin.len() >= WRITE_ROWS { self.write()? } else { Vec::new() });
        Ok(Added { files, held: dropped })
    }

    /// Writes what is held.
    pub(crate) fn write(&mut self) -> Result<Vec<(Table, DataFile)>, LakeError> {
        let mut files = Vec::new();
        for rows in std::mem::take(&mut self.admin).chunks(WRITE_ROWS) {
            let batch = self.admin_batch(rows).map_err(rejected)?;
            files.extend(self.lake.write_rows(Table::AdminEvents, &batch)?.into_iter().map(|file| (Table::AdminEvents, file)));
        }
        for rows in std::mem::take(&mut self.quarantine).chunks(WRITE_ROWS) {
            let batch = self.quarantine_batch(rows).map_err(rejected)?;
            files.extend(self.lake.write_rows(Table::Quarantine, &batch)?.into_iter().map(|file| (Table::Quarantine, file)));
        }
        self.quarantined_bytes = 0;
        Ok(files)
    }

    fn admin_batch(&self, rows: &[Admin]) -> Result<RecordBatch, ArrowError> {
        let school = |row: &AdminRow| row.school_id.as_ref().map_or(NO_SCHOOL.to_owned(), ToString::to_string);
        let time = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.row.event_time)).with_timezone("UTC");
        RecordBatch::try_from_iter_with_nullable(vec![
            ("event_time", Arc::new(time) as ArrayRef, false),
            ("event_date", Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.row.event_date))), false),
            ("school_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| school(&row.row)))), false),
            ("source_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|_| self.source.as_str()))), false),
            ("actor_key", text(rows.iter().map(|row| row.row.actor_key.as_ref().map(|key| key.as_str()))), true),
            ("operation", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.row.operation.as_str()))), false),
            ("object", text(rows.iter().map(|row| row.row.object.as_deref())), true),
            ("detail", text(rows.iter().map(|row| row.row.detail.as_deref())), true),
            ("file_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &*row.file))), false),
            ("line_no", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.row.line_no))), false),
        ])
    }

    fn quarantine_batch(&self, rows: &[Quarantined]) -> Result<RecordBatch, ArrowError> {
        let school = self.school.as_deref().unwrap_or(NO_SCHOOL);
        let day = self.received_at.div_euclid(MICROS_A_DAY) as i32;
        let received = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|_| self.received_at)).with_timezone("UTC");
        RecordBatch::try_from_iter_with_nullable(vec![
            ("event_date", Arc::new(Date32Array::from_iter_values(rows.iter().map(|_| day))) as ArrayRef, false),
            ("school_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|_| school))), false),
            ("source_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|_| self.source.as_str()))), false),
            ("file_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &*row.file))), false),
            ("line_no", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.line.line_no))), false),
            ("format_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &*row.format))), false),
            ("reason", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.line.reason))), false),
            ("received_at", Arc::new(received), false),
            ("unclaimed", text(rows.iter().map(|row| row.line.unclaimed.as_deref())), true),
            ("raw", Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| row.line.raw.as_slice()))), false),
        ])
    }
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn rejected(error: ArrowError) -> LakeError {
    LakeError::Rejected { problem: error.to_string() }
}
