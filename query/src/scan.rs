//! One lake table as DataFusion scans it: exactly a snapshot's named files, pruned by day and school before any is opened.
//!
//! Not a `ListingTable`: that one lists folders and would read every footer to learn what the lake commit already says.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use weir_lake::arrow_schema::UTC;
use weir_lake::lake::DataFile;
use weir_lake::schema::Table;

use crate::file_rows::{WantedRows, rows_of};

/// What the lake commit says of each file, as columns for a pruning predicate.
struct FileBounds<'a> {
    files: &'a [DataFile],
}

impl FileBounds<'_> {
    fn values(&self, column: &Column, low: bool) -> Option<ArrayRef> {
        let files = self.files.iter();
        Some(match column.name() {
            "event_date" => Arc::new(Date32Array::from_iter_values(files.map(|file| file.statistics.event_date))),
            "event_time" => {
                let times: TimestampMicrosecondArray =
                    files.map(|file| file.statistics.event_time.map(|(first, last)| if low { first } else { last })).collect();
                Arc::new(times.with_timezone(UTC))
            }
            "school_id" => Arc::new(StringViewArray::from_iter_values(files.map(|file| {
                let (first, last) = &file.statistics.school_id;
                if low { first } else { last }
            }))),
            _ => return None,
        })
    }
}

impl PruningStatistics for FileBounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, true)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, false)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        matches!(column.name(), "event_date" | "school_id")
            .then(|| Arc::new(UInt64Array::from(vec![0; self.files.len()])) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.files.iter().map(|file| file.rows))))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// A lake table over named files.
pub(crate) struct FilesTable {
    table: Table,
    schema: SchemaRef,
    files: Vec<DataFile>,
    store: ObjectStoreUrl,
}

impl std::fmt::Debug for FilesTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} files)", self.table.name(), self.files.len())
    }
}

impl FilesTable {
    /// The files of `table`, in a store whose root is the folder of the tables.
    pub(crate) fn new(table: Table, mut files: Vec<DataFile>, store: ObjectStoreUrl) -> Self {
        // By day, so that neighbours in a scan partition are neighbours in time.
        files.sort_by(|a, b| (a.statistics.event_date, &a.path).cmp(&(b.statistics.event_date, &b.path)));
        Self { table, schema: table.scan_schema(), files, store }
    }

    fn column_statistics(&self, bounds: Option<(&DataFile, &DataFile)>) -> Vec<ColumnStatistics> {
        let mut columns = Statistics::unknown_column(&self.schema);
        let Some((first, last)) = bounds else { return columns };
        let mut set = |name: &str, low: ScalarValue, high: ScalarValue| {
            if let Some(index) = self.table.column_index(name) {
                columns[index].min_value = Precision::Exact(low);
                columns[index].max_value = Precision::Exact(high);
                columns[index].null_count = Precision::Exact(0);
            }
        };
        set(
            "event_date",
            ScalarValue::Date32(Some(first.statistics.event_date)),
            ScalarValue::Date32(Some(last.statistics.event_date)),
        );
        if std::ptr::eq(first, last) {
            let (low, high) = first.statistics.school_id.clone();
            set("school_id", ScalarValue::Utf8View(Some(low)), ScalarValue::Utf8View(Some(high)));
            if let Some((low, high)) = first.statistics.event_time {
                let instant = |at| ScalarValue::TimestampMicrosecond(Some(at), Some(UTC.into()));
                set("event_time", instant(low), instant(high));
            }
        }
        columns
    }

    fn partitioned(&self, file: &DataFile) -> PartitionedFile {
        let statistics = Statistics {
            num_rows: Precision::Exact(file.rows as usize),
            total_byte_size: Precision::Absent,
            column_statistics: self.column_statistics(Some((file, file))),
        };
        PartitionedFile::new(format!("{}/{}", self.table.name(), file.path), file.bytes).with_statistics(Arc::new(statistics))
    }

    /// The rows of some schools and columns, in no plan.
    pub(crate) async fn rows(&self, runtime: &RuntimeEnv, wanted: &WantedRows, threads: usize) -> Result<Vec<RecordBatch>> {
        let store = runtime.object_store(&self.store)?;
        rows_of(store, self.table.name(), self.files.iter(), wanted, threads).await
    }

    /// Files that the filters can't rule out by what the commit says of them.
    fn pruned(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&DataFile>> {
        let Some(filter) = conjunction(filters.to_vec()) else { return Ok(self.files.iter().collect()) };
        let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let physical = state.create_physical_expr(filter, &schema)?;
        // A filter that can't be turned into one on bounds rules nothing out; the rows are filtered later anyway.
        let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema));
        let Some(predicate) = builder.build(physical) else { return Ok(self.files.iter().collect()) };
        let keep = predicate.prune(&FileBounds { files: &self.files })?;
        Ok(self.files.iter().zip(keep).filter_map(|(file, keep)| keep.then_some(file)).collect())
    }
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.pruned(state, filters)?;
        let (Some(first), Some(last)) = (files.first(), files.last()) else {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        };
        let statistics = Statistics {
            num_rows: Precision::Exact(files.iter().map(|file| file.rows as usize).sum()),
            total_byte_size: Precision::Inexact(files.iter().map(|file| file.bytes as usize).sum()),
            column_statistics: self.column_statistics(Some((first, last))),
        };
        let group = FileGroup::new(files.iter().map(|file| self.partitioned(file)).collect());
        let groups = group.split_files(state.config().target_partitions());
        let mut source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_metadata_size_hint(FOOTER_HINT_BYTES);
        source = with_cached_footers(source, state, &self.store)?;
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Bytes read from a file's end at once, so that footer and page index mostly take one read instead of two or three.
const FOOTER_HINT_BYTES: usize = 64 * 1024;

/// Footers are parsed once an engine, not once a query: rollups are a small file a day, so footers are half their cost.
fn with_cached_footers(source: ParquetSource, state: &dyn Session, store: &ObjectStoreUrl) -> Result<ParquetSource> {
    use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
    let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
    let store = state.runtime_env().object_store(store)?;
    Ok(source.with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache))))
}
