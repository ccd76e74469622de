//! Rows straight from a table's files, in no plan: those of some schools and columns, of a thousand small files or of a few large ones.
//!
//! A scan of the query engine would plan each file anew (its schema, its filter, its bounds), which costs many times what reading it does.
//! Of a file that is not small only the footer and the row groups that may hold the schools are read.

use std::io::Cursor;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, Scalar, StringArray, new_null_array};
use arrow::compute::cast_with_options;
use arrow::compute::kernels::boolean::and;
use arrow::compute::kernels::cmp::{gt_eq, lt_eq};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use bytes::Bytes;
use datafusion::common::DataFusionError;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use tokio::task::JoinSet;
use weir_lake::lake::DataFile;

use crate::rows::STRICT;

/// Files that are asked for while one is decoded.
const AHEAD: usize = 8;

/// Files of up to so many bytes are read whole: a second read costs as much as these bytes do.
const READ_WHOLE: u64 = 128 * 1024;

/// Bytes read from a larger file's end at once, so that the footer mostly takes one read.
const FOOTER_HINT: u64 = 64 * 1024;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8 * 1024;

/// What is wanted of a table's files.
#[derive(Debug, Clone)]
pub(crate) struct WantedRows {
    /// The first and last of the schools; none for all.
    pub schools: Option<RangeInclusive<String>>,
    /// The columns and the types they are given in. One that an older file lacks has no values.
    pub schema: SchemaRef,
}

/// The rows from the files of one table, in their order; `folder` is the table's. The files are shared out over `threads`.
pub(crate) async fn rows_of(
    store: Arc<dyn ObjectStore>,
    folder: &str,
    files: impl Iterator<Item = &DataFile>,
    wanted: &WantedRows,
    threads: usize,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let files = files.filter(|file| wanted.schools.as_ref().is_none_or(|schools| meet(&file.statistics.school_id, schools)));
    let files: Vec<(Path, u64)> = files.map(|file| (Path::from(format!("{folder}/{}", file.path)), file.bytes)).collect();
    if threads <= 1 {
        return in_order(store, files, wanted.clone()).await;
    }
    let mut readers = JoinSet::new();
    for (at, files) in files.chunks(files.len().div_ceil(threads).max(1)).enumerate() {
        let reading = in_order(Arc::clone(&store), files.to_vec(), wanted.clone());
        readers.spawn(async move { Ok::<_, DataFusionError>((at, reading.await?)) });
    }
    let mut parts = Vec::new();
    while let Some(part) = readers.join_next().await {
        parts.push(part.map_err(|error| DataFusionError::External(Box::new(error)))??);
    }
    parts.sort_by_key(|(at, _)| *at);
    Ok(parts.into_iter().flat_map(|(_, rows)| rows).collect())
}

async fn in_order(
    store: Arc<dyn ObjectStore>,
    files: Vec<(Path, u64)>,
    wanted: WantedRows,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let read = |(path, bytes): (Path, u64)| Opened::read(Arc::clone(&store), path, bytes, &wanted);
    let mut opened = futures::stream::iter(files).map(read).buffered(AHEAD);
    let mut rows = Vec::new();
    while let Some(file) = opened.try_next().await? {
        file.rows(&store, &wanted, &mut rows).await?;
    }
    Ok(rows)
}

fn meet((first, last): &(String, String), schools: &RangeInclusive<String>) -> bool {
    first <= schools.end() && last >= schools.start()
}

/// A part of a file that was read; places count from the file's beginning.
#[derive(Debug, Clone)]
struct Span {
    from: u64,
    bytes: Bytes,
}

impl Span {
    fn part(&self, start: u64, length: Option<usize>) -> Result<Bytes, ParquetError> {
        let outside = || ParquetError::EOF(format!("no byte {start} in what was read from byte {}", self.from));
        let from = start.checked_sub(self.from).and_then(|from| usize::try_from(from).ok()).ok_or_else(outside)?;
        let to = length.map_or(Some(self.bytes.len()), |length| from.checked_add(length));
        let to = to.filter(|to| from <= *to && *to <= self.bytes.len()).ok_or_else(outside)?;
        Ok(self.bytes.slice(from..to))
    }
}

impl Length for Span {
    fn len(&self) -> u64 {
        self.from + self.bytes.len() as u64
    }
}

impl ChunkReader for Span {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(Cursor::new(self.part(start, None)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.part(start, Some(length))
    }
}

fn broken(error: ParquetError) -> DataFusionError {
    DataFusionError::ParquetError(Box::new(error))
}

/// A file whose footer was read.
struct Opened {
    path: Path,
    metadata: ArrowReaderMetadata,
    /// The row groups that may hold rows that are wanted.
    groups: Vec<usize>,
    /// Place of the column `school_id`.
    school_at: usize,
    /// The whole file, if it was small.
    whole: Option<Span>,
}

impl Opened {
    async fn read(store: Arc<dyn ObjectStore>, path: Path, bytes: u64, wanted: &WantedRows) -> Result<Self, DataFusionError> {
        let from = if bytes <= READ_WHOLE { 0 } else { bytes - FOOTER_HINT };
        let mut span = Span { from, bytes: store.get_range(&path, from..bytes).await? };
        let mut reader = ParquetMetaDataReader::new();
        if let Err(error) = reader.try_parse_sized(&span.bytes, bytes) {
            let ParquetError::NeedMoreData(needed) = error else { return Err(broken(error)) };
            let from = bytes.saturating_sub(needed as u64);
            span = Span { from, bytes: store.get_range(&path, from..bytes).await? };
            reader.try_parse_sized(&span.bytes, bytes).map_err(broken)?;
        }
        let metadata = Arc::new(reader.finish().map_err(broken)?);
        let columns = metadata.file_metadata().schema_descr();
        let school_at = (0..columns.num_columns()).find(|at| columns.column(*at).name() == "school_id");
        let school_at = school_at.ok_or_else(|| DataFusionError::Plan("a file without the column school_id".into()))?;
        let may_hold = |group: &RowGroupMetaData| match (&wanted.schools, bounds(group, school_at)) {
            (Some(schools), Some(bounds)) => meet(&bounds, schools),
            _ => true,
        };
        let groups = metadata.row_groups().iter().enumerate().filter(|(_, group)| may_hold(group)).map(|(at, _)| at).collect();
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(broken)?;
        Ok(Self { path, metadata, groups, school_at, whole: (from == 0).then_some(span) })
    }

    /// The rows that are wanted, behind those that `rows` holds.
    async fn rows(
        &self,
        store: &Arc<dyn ObjectStore>,
        wanted: &WantedRows,
        rows: &mut Vec<RecordBatch>,
    ) -> Result<(), DataFusionError> {
        if let Some(whole) = &self.whole {
            return self.decode(whole.clone(), self.groups.clone(), wanted, rows);
        }
        for group in &self.groups {
            let chunks = self.metadata.metadata().row_group(*group).columns().iter().map(|column| column.byte_range());
            let (from, to) = chunks.fold((u64::MAX, 0), |(from, to), (start, length)| (from.min(start), to.max(start + length)));
            let span = Span { from, bytes: store.get_range(&self.path, from..to).await? };
            self.decode(span, vec![*group], wanted, rows)?;
        }
        Ok(())
    }

    fn decode(
        &self,
        span: Span,
        groups: Vec<usize>,
        wanted: &WantedRows,
        rows: &mut Vec<RecordBatch>,
    ) -> Result<(), DataFusionError> {
        if groups.is_empty() {
            return Ok(());
        }
        let group = |at: &usize| self.metadata.metadata().row_group(*at);
        let held: usize = groups.iter().map(|at| usize::try_from(group(at).num_rows()).unwrap_or(0)).sum();
        let is_theirs = |at: &usize, schools: &RangeInclusive<String>| {
            bounds(group(at), self.school_at).is_some_and(|(first, last)| schools.contains(&first) && schools.contains(&last))
        };
        let has_others = wanted.schools.as_ref().filter(|schools| !groups.iter().all(|at| is_theirs(at, schools)));
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(span, self.metadata.clone())
            .with_batch_size(held.clamp(1, BATCH_ROWS))
            .with_row_groups(groups);
        let names = wanted.schema.fields().iter().map(|field| field.name().as_str());
        let mask = ProjectionMask::columns(builder.parquet_schema(), names);
        if let Some(schools) = has_others {
            let mask = ProjectionMask::leaves(builder.parquet_schema(), [self.school_at]);
            let first = Scalar::new(StringArray::from(vec![schools.start().as_str()]));
            let last = Scalar::new(StringArray::from(vec![schools.end().as_str()]));
            let is_wanted = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
                let school = cast_with_options(batch.column(0), &DataType::Utf8, &STRICT)?;
                and(&gt_eq(&school, &first)?, &lt_eq(&school, &last)?)
            });
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(is_wanted)]));
        }
        for batch in builder.with_projection(mask).build().map_err(broken)? {
            let batch = batch?;
            if batch.num_rows() > 0 {
                rows.push(fitted(&batch, &wanted.schema)?);
            }
        }
        Ok(())
    }
}

/// The first and last school of a row group, as its footer says.
fn bounds(group: &RowGroupMetaData, school_at: usize) -> Option<(String, String)> {
    let statistics = group.columns().get(school_at)?.statistics()?;
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    Some((text(statistics.min_bytes_opt()?)?, text(statistics.max_bytes_opt()?)?))
}

/// A batch in the schema that is wanted.
fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns: Result<Vec<ArrayRef>, ArrowError> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => cast_with_options(column, field.data_type(), &STRICT),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, BooleanArray, Date32Array, Int32Array, Int64Array};
    use arrow::datatypes::{Field, Int64Type, Schema};
    use datafusion::object_store::local::LocalFileSystem;
    use weir_lake::rows::write_rows;
    use weir_lake::schema::Table;

    use super::*;

    const DATE: i32 = 20_000;

    /// A file of so many rows of each school, which are numbered through, with texts that nothing makes small.
    fn file(root: &std::path::Path, schools: &[(&str, usize)]) -> DataFile {
        let all: Vec<&str> = schools.iter().flat_map(|(school, rows)| std::iter::repeat_n(*school, *rows)).collect();
        let rows = all.len();
        let numbers = || Int64Array::from_iter_values(0..rows as i64);
        let profiles = (0..rows).map(|row| blake3::hash(&row.to_le_bytes()).to_hex().to_string());
        let text = |value: &str| Arc::new(StringArray::from(vec![value; rows])) as ArrayRef;
        let columns = Table::ActivityHourly.columns().iter().map(|column| {
            let values: ArrayRef = match column.name {
                "event_date" => Arc::new(Date32Array::from(vec![DATE; rows])),
                "school_id" => Arc::new(StringArray::from(all.clone())),
                "profile" => Arc::new(StringArray::from_iter_values(profiles.clone())),
                "hour" => Arc::new(Int32Array::from(vec![9; rows])),
                "furniture" => Arc::new(BooleanArray::from(vec![false; rows])),
                "requests" | "identified" | "https" | "path_visible" | "categorised" | "bytes" => Arc::new(numbers()),
                _ => text("web"),
            };
            (column.name, values)
        });
        let mut files = write_rows(root, Table::ActivityHourly, &RecordBatch::try_from_iter(columns).unwrap(), &[]).unwrap();
        assert_eq!(files.len(), 1);
        files.remove(0)
    }

    async fn numbers(root: &std::path::Path, file: &DataFile, schools: Option<(&str, &str)>) -> Vec<i64> {
        let fields = vec![Field::new("requests", DataType::Int64, true), Field::new("later", DataType::Utf8, true)];
        let schools = schools.map(|(first, last)| first.to_string()..=last.to_string());
        let wanted = WantedRows { schools, schema: Arc::new(Schema::new(fields)) };
        let store = Arc::new(LocalFileSystem::new_with_prefix(root).unwrap());
        let mut numbers = Vec::new();
        for batch in rows_of(store, "activity_hourly", std::iter::once(file), &wanted, 1).await.unwrap() {
            assert_eq!(batch.column(1).null_count(), batch.num_rows(), "a column that the file lacks");
            numbers.extend(batch.column(0).as_primitive::<Int64Type>().values());
        }
        // Rows of a school without a time stand in no order.
        numbers.sort_unstable();
        numbers
    }

    #[tokio::test]
    async fn a_school_is_given_its_own_rows_and_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        // The second is a large file, of which footer and row groups are read apart; in the last row group but one are two schools.
        for (schools, is_large) in [
            ([("elm", 3), ("fir", 1), ("oak", 2), ("yew", 1)], false),
            ([("elm", 1500), ("fir", 10), ("oak", 1500), ("yew", 20)], true),
        ] {
            let file = file(folder.path(), &schools);
            assert_eq!(file.bytes > READ_WHOLE, is_large, "{} bytes", file.bytes);
            let mut from = 0;
            for (school, rows) in schools {
                let own: Vec<i64> = (from..from + rows as i64).collect();
                assert_eq!(numbers(folder.path(), &file, Some((school, school))).await, own, "{school}");
                from += rows as i64;
            }
            let (first, second) = (schools[0].1 as i64, (schools[0].1 + schools[1].1 + schools[2].1) as i64);
            assert_eq!(numbers(folder.path(), &file, Some(("fig", "oak"))).await, (first..second).collect::<Vec<_>>());
            assert_eq!(numbers(folder.path(), &file, None).await, (0..from).collect::<Vec<_>>());
            for nobody in ["ash", "elms", "zelkova"] {
                assert_eq!(numbers(folder.path(), &file, Some((nobody, nobody))).await, [0_i64; 0], "{nobody}");
            }
        }
    }
}
