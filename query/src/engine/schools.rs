//! The rollups of some schools in memory, so that many questions read the files once.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, SessionContext, col, lit};
use weir_lake::schema::Table;

use super::{Engine, EngineOptions, bare_context, configuration, new_context, views, with_parameters};
use crate::error::QueryError;
use crate::rollup::conformed;
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
            let rows = frame.collect().await.map_err(|error| self.limits().explain(error))?;
            tables.insert(table.name(), tables::of_batches(conformed(table, &rows)?)?);
        }
        bare_context(&self.runtime, &self.options, &tables)
    }

    /// A context of one school: its rollups and what the views make of them are in memory, so that many questions read once.
    pub(crate) async fn school_context(&self, school: &str) -> Result<SessionContext, QueryError> {
        self.school_context_of(self.full().await?, school).await
    }

    /// As [`Engine::school_context`], from another context of this engine.
    pub(crate) async fn school_context_of(&self, from: &SessionContext, school: &str) -> Result<SessionContext, QueryError> {
        let parameters = [("school", ScalarValue::from(school))];
        let mut tables = self.tables.clone();
        for table in OF_SCHOOLS {
            let text = format!("SELECT * FROM {} o WHERE o.school_id = $school", table.name());
            let rows = self.rows_in(from, &text, &parameters).await?;
            tables.insert(table.name(), tables::of_batches(conformed(table, &rows)?)?);
        }
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
}
