//! The rows of one school straight from a table's files: a few rows of each of a thousand small files.
//!
//! A scan of the query engine would plan each file anew (its schema, its filter, its bounds), which costs many times what reading it does.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, Scalar, StringArray, new_null_array};
use arrow::compute::cast_with_options;
use arrow::compute::kernels::cmp::eq;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use tokio::task::JoinSet;
use weir_lake::lake::DataFile;

use crate::rows::STRICT;

/// Files that are asked for while one is decoded.
const AHEAD: usize = 8;

/// The rows of a school from the files of one table, in their order; `folder` is the table's.
pub(crate) async fn school_rows(
    store: Arc<dyn ObjectStore>,
    folder: &str,
    files: &[DataFile],
    schema: &SchemaRef,
    school: &str,
    threads: usize,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let may_hold = |file: &&DataFile| {
        let (first, last) = &file.statistics.school_id;
        (first.as_str()..=last.as_str()).contains(&school)
    };
    let paths: Vec<Path> = files.iter().filter(may_hold).map(|file| Path::from(format!("{folder}/{}", file.path))).collect();
    let mut readers = JoinSet::new();
    for (at, paths) in paths.chunks(paths.len().div_ceil(threads.max(1)).max(1)).enumerate() {
        let (store, schema, school, paths) = (Arc::clone(&store), Arc::clone(schema), school.to_string(), paths.to_vec());
        readers.spawn(async move {
            let get = |path: Path| {
                let store = Arc::clone(&store);
                async move { store.get(&path).await?.bytes().await }
            };
            let mut fetched = futures::stream::iter(paths).map(get).buffered(AHEAD);
            let mut rows = Vec::new();
            while let Some(file) = fetched.try_next().await? {
                for batch in of_school(file, &school)? {
                    rows.push(fitted(&batch, &schema)?);
                }
            }
            Ok::<_, DataFusionError>((at, rows))
        });
    }
    let mut parts = Vec::new();
    while let Some(part) = readers.join_next().await {
        parts.push(part.map_err(|error| DataFusionError::External(Box::new(error)))??);
    }
    parts.sort_by_key(|(at, _)| *at);
    Ok(parts.into_iter().flat_map(|(_, rows)| rows).collect())
}

/// A file's rows of one school.
fn of_school<R: ChunkReader + 'static>(file: R, school: &str) -> Result<Vec<RecordBatch>, DataFusionError> {
    let broken = |error: ParquetError| DataFusionError::ParquetError(Box::new(error));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(broken)?;
    let columns = builder.parquet_schema();
    let at = (0..columns.num_columns()).find(|at| columns.column(*at).name() == "school_id");
    let at = at.ok_or_else(|| DataFusionError::Plan("a file without the column school_id".into()))?;
    let mask = ProjectionMask::leaves(columns, [at]);
    let wanted = Scalar::new(StringArray::from(vec![school]));
    let is_wanted = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
        eq(&cast_with_options(batch.column(0), &DataType::Utf8, &STRICT)?, &wanted)
    });
    let reader = builder.with_row_filter(RowFilter::new(vec![Box::new(is_wanted)])).build().map_err(broken)?;
    Ok(reader.collect::<Result<_, ArrowError>>()?)
}

/// A batch in the table's own schema; a column that an older file lacks has no values.
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
