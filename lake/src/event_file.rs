//! The plain way from an event batch to a Parquet file: Arrow arrays through Arrow's own writer. It is what any faster writer must equal.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Int32Type, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::arrow_schema::UTC;
use crate::batch::{DictColumn, EventBatch, NULL_ID, NumberColumn, TextColumn};
use crate::data_file::{StagedFile, small_writer_properties, writer_properties};
use crate::lake::{DataFile, FileStatistics, LakeError};
use crate::schema::Table;

/// The version of what a data file's footer says about itself.
pub const FILE_FORMAT_VERSION: u32 = 1;

/// Writes one file of `events`: one event date, one row group an append.
pub struct EventFileWriter {
    staged: StagedFile,
    writer: ArrowWriter<File>,
    date: i32,
    extent: Extent,
}

impl EventFileWriter {
    /// Starts `<date>-<name>.parquet` in the lake at `root`; nothing is visible before a commit names the finished file.
    pub fn create(root: &Path, date: i32, name: &str) -> Result<Self, LakeError> {
        let staged = StagedFile::create(root, Table::Events, date, name)?;
        let writer = arrow_writer(&staged)?;
        Ok(Self { staged, writer, date, extent: Extent::default() })
    }

    /// Appends rows of a batch as one row group. `rows` selects them in the order (school_id, event_time), all of this file's date.
    pub fn append(&mut self, batch: &EventBatch, rows: &[u32]) -> Result<(), LakeError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.extent.take_in(batch, rows, self.date)?;
        let arrays = event_arrays(batch, rows)?;
        let written = self.writer.write(&arrays).and_then(|()| self.writer.flush());
        written.map_err(|error| LakeError::parquet(self.staged.path(), &error))
    }

    /// Finishes the file: footer with `key_values`, fsync, footer read again, name. Refused if no row was appended.
    pub fn finish(mut self, key_values: &[(String, String)]) -> Result<DataFile, LakeError> {
        let (rows, statistics) = self.extent.finish(self.date)?;
        describe(&mut self.writer, rows, key_values);
        self.writer.finish().map_err(|error| LakeError::parquet(self.staged.path(), &error))?;
        self.staged.seal(rows, statistics)
    }
}

/// What a file's row groups span: what its statistics need.
#[derive(Default)]
pub(crate) struct Extent {
    rows: u64,
    seen: Option<GroupExtent>,
}

/// Earliest and latest time, first and last school.
#[derive(Clone)]
pub(crate) struct GroupExtent {
    pub(crate) time: (i64, i64),
    pub(crate) school: (String, String),
}

impl Extent {
    /// Checks that rows are of the date and in order, and gives what they span.
    pub(crate) fn take_in(&mut self, batch: &EventBatch, rows: &[u32], date: i32) -> Result<GroupExtent, LakeError> {
        check_order(batch, rows, date)?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Err(LakeError::Rejected { problem: String::from("a row group without rows") });
        };
        let times = rows.iter().map(|row| batch.event_time[*row as usize]);
        let time = times.fold((i64::MAX, i64::MIN), |(low, high), time| (low.min(time), high.max(time)));
        let school = (school(batch, *first)?.to_owned(), school(batch, *last)?.to_owned());
        self.rows += rows.len() as u64;
        let whole = self.seen.get_or_insert_with(|| GroupExtent { time, school: school.clone() });
        whole.time = (whole.time.0.min(time.0), whole.time.1.max(time.1));
        if school.0 < whole.school.0 {
            whole.school.0.clone_from(&school.0);
        }
        if school.1 > whole.school.1 {
            whole.school.1.clone_from(&school.1);
        }
        Ok(GroupExtent { time, school })
    }

    /// The rows and statistics of the whole file; refused if there are none.
    pub(crate) fn finish(&mut self, event_date: i32) -> Result<(u64, FileStatistics), LakeError> {
        let Some(whole) = self.seen.take() else {
            return Err(LakeError::Rejected { problem: String::from("an event file without rows") });
        };
        Ok((self.rows, FileStatistics { event_date, event_time: Some(whole.time), school_id: whole.school }))
    }
}

/// A footer that declares an order which rows do not have misleads every reader, so the order is checked and not assumed.
fn check_order(batch: &EventBatch, rows: &[u32], date: i32) -> Result<(), LakeError> {
    let key = |row: u32| (batch.school_id.ids[row as usize], batch.event_time[row as usize]);
    for pair in rows.windows(2) {
        let ((school_a, time_a), (school_b, time_b)) = (key(pair[0]), key(pair[1]));
        let in_order = if school_a == school_b { time_a <= time_b } else { school(batch, pair[0])? < school(batch, pair[1])? };
        if !in_order {
            let problem = format!("rows {} and {} are not in the order (school_id, event_time)", pair[0], pair[1]);
            return Err(LakeError::Rejected { problem });
        }
    }
    match rows.iter().find(|row| batch.event_date[**row as usize] != date) {
        Some(row) => Err(LakeError::Rejected { problem: format!("row {row} is of another date than its file") }),
        None => Ok(()),
    }
}

fn school(batch: &EventBatch, row: u32) -> Result<&str, LakeError> {
    match batch.school_id.ids[row as usize] {
        NULL_ID => Err(LakeError::Rejected { problem: format!("row {row} has no school") }),
        id => utf8(batch.school_id.strings.get(id)),
    }
}

/// Arrow's writer for rows with dictionaries.
fn arrow_writer(staged: &StagedFile) -> Result<ArrowWriter<File>, LakeError> {
    writer_for(Table::Events.arrow_schema(), writer_properties(Table::Events), staged)
}

/// Arrow's writer for rows of any table with plain text.
pub(crate) fn plain_writer(table: Table, small: bool, staged: &StagedFile) -> Result<ArrowWriter<File>, LakeError> {
    let properties = if small { small_writer_properties(table) } else { writer_properties(table) };
    writer_for(table.plain_schema(), properties, staged)
}

/// The Arrow schema stays out of the footer: readers are given theirs.
fn writer_for(schema: SchemaRef, properties: WriterProperties, staged: &StagedFile) -> Result<ArrowWriter<File>, LakeError> {
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true)
        .with_schema_root(String::from("weir"));
    ArrowWriter::try_new_with_options(staged.handle()?, schema, options)
        .map_err(|error| LakeError::parquet(staged.path(), &error))
}

/// What a data file says about itself, beside its caller's words.
pub(crate) fn own_words(rows: u64) -> [(String, String); 2] {
    [(String::from("weir.file_format"), FILE_FORMAT_VERSION.to_string()), (String::from("weir.rows"), rows.to_string())]
}

/// Puts a file's own and its caller's words into its footer.
pub(crate) fn describe(writer: &mut ArrowWriter<File>, rows: u64, key_values: &[(String, String)]) {
    for (key, value) in own_words(rows).into_iter().chain(key_values.iter().cloned()) {
        writer.append_key_value_metadata(KeyValue::new(key, value));
    }
}

/// The rows of a batch in the schema of `events`.
pub fn event_arrays(batch: &EventBatch, rows: &[u32]) -> Result<RecordBatch, LakeError> {
    let dictionaries = batch.dict_columns();
    let schema = Table::Events.arrow_schema();
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let name = field.name().as_str();
        let array: ArrayRef = match name {
            "event_time" => {
                let times = rows.iter().map(|row| batch.event_time[*row as usize]);
                Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone(UTC))
            }
            "event_date" => Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| batch.event_date[*row as usize]))),
            "url_path" => plain_text(&batch.url_path, rows)?,
            "url_query" => plain_text(&batch.url_query, rows)?,
            "search_term" => plain_text(&batch.search_term, rows)?,
            "status" => narrow(name, &batch.status, rows)?,
            "concern_severity" => narrow(name, &batch.concern_severity, rows)?,
            "bytes_in" => wide(&batch.bytes_in, rows),
            "bytes_out" => wide(&batch.bytes_out, rows),
            "line_no" => Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| batch.line_no[*row as usize]))),
            "tls_inspected" => Arc::new(
                rows.iter()
                    .map(|row| match batch.tls_inspected[*row as usize] {
                        0 => Some(false),
                        1 => Some(true),
                        _ => None,
                    })
                    .collect::<BooleanArray>(),
            ),
            "help_seeking" => flags(&batch.help_seeking, rows),
            "furniture" => flags(&batch.furniture, rows),
            "other_themes" => list(&batch.other_themes, rows)?,
            _ => match dictionaries.iter().find(|(column, _)| *column == name) {
                Some((_, column)) => dictionary(column, rows)?,
                None => return Err(LakeError::Rejected { problem: format!("the event batch has no column {name}") }),
            },
        };
        arrays.push(array);
    }
    RecordBatch::try_new(schema, arrays).map_err(|error| LakeError::Rejected { problem: error.to_string() })
}

fn utf8(bytes: &[u8]) -> Result<&str, LakeError> {
    std::str::from_utf8(bytes).map_err(|_| LakeError::Rejected { problem: String::from("text that is not UTF-8") })
}

/// Only the values that these rows use go into the dictionary: the interner may hold those of a whole run.
fn dictionary(column: &DictColumn, rows: &[u32]) -> Result<ArrayRef, LakeError> {
    let mut renumbered = vec![NULL_ID; column.strings.len()];
    let mut values: Vec<&str> = Vec::new();
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let id = column.ids[*row as usize];
        keys.push(if id == NULL_ID {
            None
        } else {
            let slot = &mut renumbered[id as usize];
            if *slot == NULL_ID {
                *slot = values.len() as u32;
                values.push(utf8(column.strings.get(id))?);
            }
            Some(*slot as i32)
        });
    }
    let values = Arc::new(StringArray::from(values));
    DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), values)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| LakeError::Rejected { problem: error.to_string() })
}

fn list(column: &DictColumn, rows: &[u32]) -> Result<ArrayRef, LakeError> {
    let element = Arc::new(Field::new("element", arrow::datatypes::DataType::Utf8, true));
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(element);
    for row in rows {
        match column.ids[*row as usize] {
            NULL_ID => builder.append_null(),
            id => {
                for value in utf8(column.strings.get(id))?.split(';') {
                    builder.values().append_value(value.trim());
                }
                builder.append(true);
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn plain_text(column: &TextColumn, rows: &[u32]) -> Result<ArrayRef, LakeError> {
    let mut bytes = Vec::new();
    let mut lengths = Vec::with_capacity(rows.len());
    let mut valid = Vec::with_capacity(rows.len());
    for row in rows {
        let value = column.get(*row as usize);
        bytes.extend_from_slice(value.unwrap_or_default());
        lengths.push(value.map_or(0, <[u8]>::len));
        valid.push(value.is_some());
    }
    StringArray::try_new(OffsetBuffer::from_lengths(lengths), bytes.into(), Some(NullBuffer::from(valid)))
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|_| LakeError::Rejected { problem: String::from("text that is not UTF-8") })
}

fn wide(column: &NumberColumn, rows: &[u32]) -> ArrayRef {
    let value = |row: &u32| column.valid[*row as usize].then(|| column.values[*row as usize]);
    Arc::new(rows.iter().map(value).collect::<Int64Array>())
}

fn narrow(name: &str, column: &NumberColumn, rows: &[u32]) -> Result<ArrayRef, LakeError> {
    let values = rows.iter().map(|row| {
        let value = column.values[*row as usize];
        if !column.valid[*row as usize] {
            return Ok(None);
        }
        i32::try_from(value)
            .map(Some)
            .map_err(|_| LakeError::Rejected { problem: format!("{name} {value} does not fit 32 bits") })
    });
    Ok(Arc::new(values.collect::<Result<Int32Array, _>>()?))
}

fn flags(column: &[bool], rows: &[u32]) -> ArrayRef {
    Arc::new(rows.iter().map(|row| Some(column[*row as usize])).collect::<BooleanArray>())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _, ListArray};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::metadata::ParquetMetaDataReader;

    use super::*;
    use crate::test_rows::batch_of;

    fn written(folder: &Path) -> DataFile {
        let batch = batch_of(&[("beech", 20_762, 5), ("ash", 20_762, 7), ("beech", 20_762, 3), ("ash", 20_763, 1)]);
        let mut writer = EventFileWriter::create(folder, 20_762, "one").unwrap();
        writer.append(&batch, &[1, 2]).unwrap();
        writer.append(&batch, &[0]).unwrap();
        writer.finish(&[(String::from("weir.run"), String::from("r1"))]).unwrap()
    }

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path());
        assert_eq!(file.path, "2026-11-05-one.parquet");
        assert_eq!(file.rows, 3);
        assert_eq!(file.statistics.school_id, (String::from("ash"), String::from("beech")));
        assert_eq!(file.statistics.event_time, Some((3, 7)));

        let path = folder.path().join("events").join(&file.path);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
        let rows: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let all = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
        let schools: Vec<_> = all.column_by_name("school_id").unwrap().as_string::<i32>().iter().flatten().collect();
        assert_eq!(schools, ["ash", "beech", "beech"]);
        let hosts: Vec<_> = all.column_by_name("host").unwrap().as_string::<i32>().iter().collect();
        assert_eq!(hosts, [Some("h1.example"), None, Some("h0.example")]);
        let paths: Vec<_> = all.column_by_name("url_path").unwrap().as_string::<i32>().iter().collect();
        assert_eq!(paths, [Some("/1"), None, Some("/0")]);
        let themes: &ListArray = all.column_by_name("other_themes").unwrap().as_list();
        assert!(themes.is_null(0));
        assert_eq!(themes.value(1).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["gambling", "violence"]);
        let inspected = all.column_by_name("tls_inspected").unwrap().as_boolean();
        assert_eq!(inspected.iter().collect::<Vec<_>>(), [Some(true), None, Some(false)]);
    }

    #[test]
    fn statistics_stand_only_on_day_time_and_school() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path());
        let path = folder.path().join("events").join(&file.path);
        let footer = ParquetMetaDataReader::new().parse_and_finish(&File::open(&path).unwrap()).unwrap();
        assert_eq!(footer.num_row_groups(), 2);
        for group in footer.row_groups() {
            for column in group.columns() {
                let name = column.column_path().string();
                let allowed = crate::schema::STATISTICS_COLUMNS.contains(&name.as_str());
                let has_values = column.statistics().is_some_and(|s| s.min_bytes_opt().is_some() || s.max_bytes_opt().is_some());
                assert_eq!(has_values, allowed, "{name}");
                assert!(column.column_index_offset().is_none() && column.offset_index_offset().is_none(), "{name}");
                assert!(column.bloom_filter_offset().is_none(), "{name}");
            }
            assert_eq!(group.sorting_columns().unwrap().len(), 2);
        }
        let words = footer.file_metadata().key_value_metadata().unwrap();
        assert!(words.iter().any(|word| word.key == "weir.rows" && word.value.as_deref() == Some("3")));
        assert!(words.iter().any(|word| word.key == "weir.run"));
        assert!(!words.iter().any(|word| word.key == "ARROW:schema"));
        let bytes = std::fs::read(&path).unwrap();
        let length = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
        let footer_bytes = &bytes[bytes.len() - 8 - length..];
        assert!(!footer_bytes.windows(3).any(|window| window == b"k1-"), "a key stands in the footer");
    }

    #[test]
    fn rows_out_of_order_or_of_another_day_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let batch = batch_of(&[("beech", 20_762, 5), ("ash", 20_762, 7), ("beech", 20_762, 3), ("ash", 20_763, 1)]);
        for rows in [&[0, 1][..], &[0, 2], &[1, 3]] {
            let mut writer = EventFileWriter::create(folder.path(), 20_762, "two").unwrap();
            assert!(matches!(writer.append(&batch, rows), Err(LakeError::Rejected { .. })), "{rows:?}");
        }
        let left = std::fs::read_dir(folder.path().join("events")).unwrap().count();
        assert_eq!(left, 0, "a writer that is dropped leaves nothing");
    }

    #[test]
    fn a_file_without_rows_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let writer = EventFileWriter::create(folder.path(), 20_762, "none").unwrap();
        assert!(matches!(writer.finish(&[]), Err(LakeError::Rejected { .. })));
    }
}
