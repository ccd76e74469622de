//! The rollups of some schools in memory, so that many questions read the files once.

use std::any::Any;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::prelude::{DataFrame, Expr, SessionContext, col, lit};
use futures::StreamExt;
use weir_lake::schema::Table;

use super::{Engine, EngineOptions, Tables, bare_context, configuration, new_context, views, with_parameters};
use crate::error::QueryError;
use crate::file_rows::WantedRows;
use crate::rollup::conformed;
use crate::scan::FilesTable;
use crate::tables;

/// What the figures of one school are made from.
pub(crate) const OF_SCHOOLS: [Table; 5] =
    [Table::ActivityHourly, Table::ThemeWeeks, Table::PupilDays, Table::AdminEvents, Table::Figures];

impl Engine {
    /// A context in which the rollups of some schools are in memory, so that many schools read the files once.
    pub(crate) async fn schools_context(&self, schools: &[&str]) -> Result<SessionContext, QueryError> {
        let mut tables = self.tables.clone();
        for table in OF_SCHOOLS {
            let names: Vec<Expr> = schools.iter().map(|school| lit(*school)).collect();
            let frame = self.full().await?.table(table.name()).await?.filter(col("school_id").in_list(names, false))?;
            tables.insert(table.name(), self.copied(table, frame).await?);
        }
        bare_context(&self.runtime, &self.options, &tables)
    }

    /// A context of one school: its rollups and what the views make of them are in memory, so that many questions read once.
    pub(crate) async fn school_context(&self, school: &str) -> Result<SessionContext, QueryError> {
        let limits = self.limits();
        let mut own = Tables::new();
        for table in OF_SCHOOLS {
            let provider = self.tables.get(table.name()).map(|provider| provider.as_ref() as &dyn Any);
            // What a signed-in reader may see is not the files' rows alone.
            let Some(files) = provider.and_then(|provider| provider.downcast_ref::<FilesTable>()) else {
                return self.school_context_of(self.full().await?, school).await;
            };
            let wanted = WantedRows { schools: Some(school.to_string()..=school.to_string()), schema: table.scan_schema() };
            let read = files.rows(&self.runtime, &wanted, self.options.partitions);
            let rows = tokio::time::timeout(self.options.time_limit, read)
                .await
                .map_err(|_| limits.timed_out())?
                .map_err(|error| limits.explain(error))?;
            own.insert(table.name(), one_batch(table, &rows)?);
        }
        self.school_context_with(own, school).await
    }

    /// As [`Engine::school_context`], from another context of this engine.
    pub(crate) async fn school_context_of(&self, from: &SessionContext, school: &str) -> Result<SessionContext, QueryError> {
        let mut own = Tables::new();
        for table in OF_SCHOOLS {
            let frame = from.table(table.name()).await?.filter(col("school_id").eq(lit(school)))?;
            own.insert(table.name(), self.copied(table, frame).await?);
        }
        self.school_context_with(own, school).await
    }

    async fn school_context_with(&self, own: Tables, school: &str) -> Result<SessionContext, QueryError> {
        let parameters = [("school", ScalarValue::from(school))];
        let mut tables = self.tables.clone();
        tables.extend(own);
        // The rows are few: what their questions take is planning, the more so where work is shared out over threads.
        let config = configuration(&EngineOptions { partitions: 1, ..self.options.clone() });
        let context = new_context(&self.runtime, config, &tables)?;
        for (name, text) in views(&[]) {
            if matches!(name, "decisions" | "decided_hours") {
                // Read once or never; the first one's rows are no rollup.
                let view = context.sql(&text).await?.into_view();
                context.register_table(name, view)?;
                continue;
            }
            let frame = context.sql(&format!("SELECT * FROM ({text}) v WHERE v.school_id = $school")).await?;
            let frame = with_parameters(frame, &parameters)?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let mut rows = frame.collect().await.map_err(|error| self.limits().explain(error))?;
            if rows.is_empty() {
                rows.push(RecordBatch::new_empty(schema));
            }
            context.register_table(name, tables::of_batches(rows)?)?;
        }
        Ok(context)
    }

    /// Some rows of a table in memory. Each file's are copied as they come: a text points into the page it was read from, and a few rows of
    /// each of a thousand files would keep all of their pages.
    async fn copied(&self, table: Table, frame: DataFrame) -> Result<Arc<dyn TableProvider>, QueryError> {
        let limits = self.limits();
        let read = async {
            let mut stream = frame.execute_stream().await?;
            let mut rows = Vec::new();
            while let Some(batch) = stream.next().await {
                rows.push(own_texts(&batch?)?);
            }
            Ok(rows)
        };
        let rows = tokio::time::timeout(self.options.time_limit, read)
            .await
            .map_err(|_| limits.timed_out())?
            .map_err(|error: DataFusionError| limits.explain(error))?;
        one_batch(table, &rows)
    }
}

/// Rows as a table of one batch: what is asked of many small ones takes a step for each of them.
fn one_batch(table: Table, rows: &[RecordBatch]) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = concat_batches(&table.scan_schema(), &conformed(table, rows)?).map_err(DataFusionError::from)?;
    tables::of_batches(vec![all])
}

/// A batch whose texts point into nothing else.
fn own_texts(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let own = |column: &ArrayRef| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef,
        None => Arc::clone(column),
    };
    Ok(RecordBatch::try_new(batch.schema(), batch.columns().iter().map(own).collect())?)
}
