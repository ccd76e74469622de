//! Rows of any table to data files and back: sorted, one date a file; and files rewritten without some of their rows.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, BooleanArray, RecordBatch, StringArray, UInt32Array, new_null_array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{SortColumn, cast, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use crate::data_file::StagedFile;
use crate::event_file::{describe, plain_writer};
use crate::lake::{DataFile, FileStatistics, Lake, LakeError};
use crate::schema::Table;

/// Rows read at a time. Small enough that a row of 41 columns times some tens of open row groups stays in memory.
pub(crate) const READ_ROWS: usize = 8 * 1024;

/// Up to so many rows a file, or each of its row groups, is written for speed and not for size: some hundred kilobytes, until days are
/// merged.
const FEW_ROWS: u64 = 4 * 1024;

/// Rows after which a row group ends with a school, so that whoever reads one school opens its rows alone, and a neighbour's. Of fewer
/// rows, what the footer says of each group costs more than reading the others' rows.
const SCHOOL_GROUP_ROWS: usize = 1024;

impl Lake {
    /// Writes rows in the table's schema as files of one date each, sorted; not visible before a commit names them.
    ///
    /// Columns are found by name and may have any type that casts without loss (text as views or dictionaries, for instance); a
    /// missing column that may be empty is empty.
    pub fn write_rows(&self, table: Table, rows: &RecordBatch) -> Result<Vec<DataFile>, LakeError> {
        write_rows(self.root(), table, rows, &[])
    }

    /// Writes a data file again with only the rows that `keep` says yes to, in their order. None if no row stays. The new file is
    /// not visible, and the old one not gone, before a commit says so.
    pub fn rewrite_rows(
        &self,
        table: Table,
        file: &DataFile,
        mut keep: impl FnMut(&RecordBatch) -> Result<BooleanArray, LakeError>,
    ) -> Result<Option<DataFile>, LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let mut writer = RowWriter::create(self.root(), table, file.statistics.event_date, file.rows)?;
        // Row group by row group: each is sorted, but the next may begin before this one ends.
        for group in 0..metadata.metadata().num_row_groups() {
            for rows in read_groups(&path, &metadata, vec![group], None)? {
                let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
                let kept = filter_record_batch(&rows, &keep(&rows)?).map_err(|error| LakeError::arrow(&path, &error))?;
                writer.append(&kept)?;
            }
            writer.end_row_group()?;
        }
        writer.finish(&[])
    }
}

impl Lake {
    /// Hands the rows of a data file to `each`, which gives them with other values where it has some, and writes the file again if any
    /// changed; none otherwise. Dates, schools, times and the order of rows must stay. A file that does not change is read once and
    /// nothing is written; of one that does, what came before the first change is read again.
    pub fn change_rows(
        &self,
        table: Table,
        file: &DataFile,
        mut each: impl FnMut(&RecordBatch) -> Result<Option<RecordBatch>, LakeError>,
    ) -> Result<Option<DataFile>, LakeError> {
        let path = self.path_of(table, file)?;
        let metadata = open_metadata(&path, table)?;
        let mut writer: Option<RowWriter> = None;
        for group in 0..metadata.metadata().num_row_groups() {
            for (number, rows) in read_groups(&path, &metadata, vec![group], None)?.enumerate() {
                let rows = rows.map_err(|error| LakeError::arrow(&path, &error))?;
                let changed = each(&rows)?;
                if writer.is_none() && changed.is_some() {
                    let mut created = RowWriter::create(self.root(), table, file.statistics.event_date, file.rows)?;
                    for before in 0..=group {
                        let batches = if before < group { usize::MAX } else { number };
                        for rows in read_groups(&path, &metadata, vec![before], None)?.take(batches) {
                            created.append(&rows.map_err(|error| LakeError::arrow(&path, &error))?)?;
                        }
                        if before < group {
                            created.end_row_group()?;
                        }
                    }
                    writer = Some(created);
                }
                if let Some(writer) = &mut writer {
                    writer.append(changed.as_ref().unwrap_or(&rows))?;
                }
            }
            if let Some(writer) = &mut writer {
                writer.end_row_group()?;
            }
        }
        let Some(writer) = writer else { return Ok(None) };
        let written = writer.finish(&[])?;
        match written.as_ref().map(|written| (written.rows, &written.statistics)) {
            Some(told) if told == (file.rows, &file.statistics) => Ok(written),
            _ => Err(refused(format!("{} was written again with other rows, days, schools or times", path.display()))),
        }
    }
}

/// See [`Lake::write_rows`]; `key_values` go into the footers.
pub fn write_rows(
    root: &Path,
    table: Table,
    rows: &RecordBatch,
    key_values: &[(String, String)],
) -> Result<Vec<DataFile>, LakeError> {
    let rows = sorted(table, &conform(table, rows)?)?;
    let mut files = Vec::new();
    let mut from = 0;
    while from < rows.num_rows() {
        let date = dates(&rows)?[from];
        let length = dates(&rows)?[from..].partition_point(|other| *other == date);
        let rows = rows.slice(from, length);
        let groups = school_groups(&rows)?;
        let mut writer = RowWriter::create(root, table, date, groups.iter().copied().max().unwrap_or(0) as u64)?;
        let mut start = 0;
        for group in groups {
            writer.append(&rows.slice(start, group))?;
            writer.end_row_group()?;
            start += group;
        }
        files.extend(writer.finish(key_values)?);
        from += length;
    }
    Ok(files)
}

fn refused(problem: impl Into<String>) -> LakeError {
    LakeError::Rejected { problem: problem.into() }
}

/// The rows in the table's own schema with plain text.
pub(crate) fn conform(table: Table, rows: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let schema = table.plain_schema();
    if let Some(field) = rows.schema().fields().iter().find(|field| table.column_index(field.name()).is_none()) {
        return Err(refused(format!("table {} has no column {}", table.name(), field.name())));
    }
    let arrays = schema.fields().iter().map(|field| -> Result<ArrayRef, LakeError> {
        #[expect(clippy::disallowed_methods, reason = "nulls before and after are compared below")]
        let array = match rows.column_by_name(field.name()) {
            Some(array) if array.data_type() == field.data_type() => Arc::clone(array),
            Some(array) => cast(array, field.data_type())
                .map_err(|error| refused(format!("column {} of {}: {error}", field.name(), table.name())))?,
            None if field.is_nullable() => new_null_array(field.data_type(), rows.num_rows()),
            None => return Err(refused(format!("rows of {} lack column {}", table.name(), field.name()))),
        };
        // A cast may silently make values empty.
        match rows.column_by_name(field.name()) {
            Some(given) if given.logical_null_count() != array.logical_null_count() => {
                Err(refused(format!("column {} of {} has values that are not {}", field.name(), table.name(), field.data_type())))
            }
            _ => Ok(array),
        }
    });
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, arrays).map_err(|error| refused(format!("rows of {}: {error}", table.name())))
}

fn sorted(table: Table, rows: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let columns: Vec<SortColumn> = ["event_date", "school_id", "event_time"]
        .into_iter()
        .filter_map(|name| rows.column_by_name(name))
        .map(|values| SortColumn { values: Arc::clone(values), options: None })
        .collect();
    let order = lexsort_to_indices(&columns, None).map_err(|error| refused(format!("rows of {}: {error}", table.name())))?;
    if is_identity(&order) {
        return Ok(rows.clone());
    }
    take_record_batch(rows, &order).map_err(|error| refused(format!("rows of {}: {error}", table.name())))
}

/// The lengths of the row groups of sorted rows of one date: each ends with a school.
fn school_groups(rows: &RecordBatch) -> Result<Vec<usize>, LakeError> {
    let (schools, _) = sort_key(rows)?;
    let mut groups = Vec::new();
    let mut start = 0;
    for at in 1..rows.num_rows() {
        if at - start >= SCHOOL_GROUP_ROWS && schools.value(at) != schools.value(at - 1) {
            groups.push(at - start);
            start = at;
        }
    }
    groups.push(rows.num_rows() - start);
    Ok(groups)
}

fn is_identity(order: &UInt32Array) -> bool {
    order.values().iter().enumerate().all(|(at, row)| at as u32 == *row)
}

fn dates(rows: &RecordBatch) -> Result<&[i32], LakeError> {
    let column = rows.column_by_name("event_date").and_then(|column| column.as_primitive_opt::<Date32Type>());
    column.map(|column| column.values().as_ref()).ok_or_else(|| refused("rows have no event_date"))
}

/// The `school_id` and `event_time` of rows in a plain schema.
pub(crate) fn sort_key(rows: &RecordBatch) -> Result<(&StringArray, Option<&ScalarBuffer<i64>>), LakeError> {
    let schools = rows.column_by_name("school_id").and_then(|column| column.as_string_opt::<i32>());
    let times = rows.column_by_name("event_time").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    schools.map(|schools| (schools, times.map(|times| times.values()))).ok_or_else(|| refused("rows have no school_id"))
}

/// Writes rows that are in the plain schema, of one date and in order, to one data file.
pub(crate) struct RowWriter {
    staged: StagedFile,
    writer: ArrowWriter<File>,
    table: Table,
    date: i32,
    rows: u64,
    schools: Option<(String, String)>,
    times: Option<(i64, i64)>,
}

impl RowWriter {
    /// `about` is the number of rows of a row group to come, or more.
    pub(crate) fn create(root: &Path, table: Table, date: i32, about: u64) -> Result<Self, LakeError> {
        let staged = StagedFile::create(root, table, date, &uuid::Uuid::new_v4().simple().to_string())?;
        let writer = plain_writer(table, about <= FEW_ROWS, &staged)?;
        Ok(Self { staged, writer, table, date, rows: 0, schools: None, times: None })
    }

    pub(crate) fn append(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if dates(rows)?.iter().any(|date| *date != self.date) {
            return Err(refused(format!("rows of another date than {} in its file", crate::data_file::date_name(self.date))));
        }
        self.writer.write(rows).map_err(|error| LakeError::parquet(self.staged.path(), &error))?;
        self.rows += rows.num_rows() as u64;
        let (schools, times) = sort_key(rows)?;
        let (first, last) = (schools.value(0), schools.value(rows.num_rows() - 1));
        self.schools = Some(match self.schools.take() {
            None => (first.to_owned(), last.to_owned()),
            Some((low, high)) => (low.min(first.to_owned()), high.max(last.to_owned())),
        });
        for time in times.into_iter().flat_map(|times| times.iter()) {
            let (low, high) = self.times.unwrap_or((*time, *time));
            self.times = Some((low.min(*time), high.max(*time)));
        }
        Ok(())
    }

    pub(crate) fn end_row_group(&mut self) -> Result<(), LakeError> {
        self.writer.flush().map_err(|error| LakeError::parquet(self.staged.path(), &error))
    }

    /// Bytes that the file will have, roughly.
    pub(crate) fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    pub(crate) fn finish(mut self, key_values: &[(String, String)]) -> Result<Option<DataFile>, LakeError> {
        let Some(school_id) = self.schools else { return Ok(None) };
        describe(&mut self.writer, self.rows, key_values);
        self.writer.finish().map_err(|error| LakeError::parquet(self.staged.path(), &error))?;
        let event_time = if self.table.column_index("event_time").is_some() { self.times } else { None };
        self.staged.seal(self.rows, FileStatistics { event_date: self.date, event_time, school_id }).map(Some)
    }
}

/// A file's footer, with the table's plain schema laid over it.
pub(crate) fn open_metadata(path: &Path, table: Table) -> Result<ArrowReaderMetadata, LakeError> {
    let file = File::open(path).map_err(|error| LakeError::io(path, error))?;
    let options = ArrowReaderOptions::new().with_schema(table.plain_schema());
    ArrowReaderMetadata::load(&file, options).map_err(|error| LakeError::parquet(path, &error))
}

/// The rows of some row groups, all columns or those named.
pub(crate) fn read_groups(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    groups: Vec<usize>,
    columns: Option<&[&str]>,
) -> Result<ParquetRecordBatchReader, LakeError> {
    let file = File::open(path).map_err(|error| LakeError::io(path, error))?;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    builder.with_row_groups(groups).with_batch_size(READ_ROWS).build().map_err(|error| LakeError::parquet(path, &error))
}

/// Hands all rows of a file to `each`, batch by batch.
pub(crate) fn read_table(
    path: &Path,
    table: Table,
    mut each: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let metadata = open_metadata(path, table)?;
    let groups = (0..metadata.metadata().num_row_groups()).collect();
    for rows in read_groups(path, &metadata, groups, None)? {
        each(&rows.map_err(|error: ArrowError| LakeError::arrow(path, &error))?)?;
    }
    Ok(())
}
