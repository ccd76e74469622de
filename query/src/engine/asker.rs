//! Asks questions of a context: one, or many shared out over threads; apart from the engine that made it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use tokio::task::JoinSet;

use super::{Engine, with_parameters};
use crate::error::QueryError;
use crate::explain::Limits;
use crate::file_rows::WantedRows;
use crate::frame::Question;
use crate::scan::FilesTable;
use crate::tables;

/// A context and the limits of its questions, apart from its engine.
#[derive(Clone)]
pub(crate) struct Asker {
    context: SessionContext,
    limits: Limits,
    time_limit: Duration,
    threads: usize,
}

impl Engine {
    /// What asks a context of this engine.
    pub(crate) fn asker(&self, context: &SessionContext) -> Asker {
        Asker {
            context: context.clone(),
            limits: self.limits(),
            time_limit: self.options.time_limit,
            threads: self.options.partitions.max(1),
        }
    }
}

impl Asker {
    /// Rows of a question with parameters.
    pub(crate) async fn rows(&self, text: &str, parameters: &[(&str, ScalarValue)]) -> Result<Vec<RecordBatch>, QueryError> {
        let answer = async {
            let frame = with_parameters(self.context.sql(text).await?, parameters)?;
            frame.collect().await
        };
        tokio::time::timeout(self.time_limit, answer)
            .await
            .map_err(|_| self.limits.timed_out())?
            .map_err(|error| self.limits.explain(error))
    }

    /// The context that is asked.
    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    /// The rows of some files, in no plan.
    pub(crate) async fn rows_of(&self, table: &FilesTable, wanted: &WantedRows) -> Result<Vec<RecordBatch>, QueryError> {
        let runtime = self.context.runtime_env();
        tokio::time::timeout(self.time_limit, table.rows(&runtime, wanted, self.threads))
            .await
            .map_err(|_| self.limits.timed_out())?
            .map_err(|error| self.limits.explain(error))
    }

    /// An answer as a table in memory. Each batch is copied as it comes, so that no page it was read from is kept.
    pub(crate) async fn in_memory(&self, text: &str) -> Result<Arc<dyn TableProvider>, QueryError> {
        let answer = async {
            let frame = self.context.sql(text).await?;
            let schema = tables::plain_texts(frame.schema().as_arrow());
            let mut rows = Vec::new();
            let mut stream = frame.execute_stream().await?;
            while let Some(batch) = stream.next().await {
                rows.push(tables::with_schema(&batch?, &schema)?);
            }
            MemTable::try_new(schema, vec![rows])
        };
        let table = tokio::time::timeout(self.time_limit, answer)
            .await
            .map_err(|_| self.limits.timed_out())?
            .map_err(|error| self.limits.explain(error))?;
        Ok(Arc::new(table))
    }

    /// The answers of many questions, in their order. A small question is planning, which keeps one thread busy: so as many are asked at
    /// once as there are threads.
    pub(crate) async fn all(&self, questions: Vec<Question>) -> Result<Vec<Vec<RecordBatch>>, QueryError> {
        let mut answers: Vec<Vec<RecordBatch>> = questions.iter().map(|_| Vec::new()).collect();
        let questions: Arc<[Question]> = questions.into();
        let next = Arc::new(AtomicUsize::new(0));
        // Dropped before its end, the set ends what it started.
        let mut askers = JoinSet::new();
        for _ in 0..self.threads.min(questions.len()) {
            let (asker, questions, next) = (self.clone(), Arc::clone(&questions), Arc::clone(&next));
            askers.spawn(async move {
                let mut answers = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(question) = questions.get(at) else { return Ok::<_, QueryError>(answers) };
                    answers.push((at, asker.rows(&question.text, &question.parameters).await?));
                }
            });
        }
        while let Some(done) = askers.join_next().await {
            let done = done.map_err(|error| QueryError::Engine(error.to_string()))??;
            for (at, answer) in done {
                if let Some(place) = answers.get_mut(at) {
                    *place = answer;
                }
            }
        }
        Ok(answers)
    }
}
