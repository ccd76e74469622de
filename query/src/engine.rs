//! One snapshot of the lake and the estate as SQL tables: opened once, asked often, never writing.
//!
//! A question that is dropped stops; one that takes too long or too much memory ends in an error that says so.

mod asker;
mod hidden;
mod schools;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, ParamValues, ScalarValue};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use futures::{Stream, StreamExt};
use jiff::civil::Date;
use tokio::sync::OnceCell;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_lake::lake::{DataFile, Snapshot};
use weir_lake::schema::Table;

use crate::error::QueryError;
use crate::explain::Limits;
use crate::records::Records;
use crate::scan::FilesTable;
use crate::scope::{Scope, ScopedTable};
use crate::session;
use crate::tables::{self, Meanings};
pub(crate) use asker::Asker;
use hidden::hidden_events;
pub(crate) use schools::OF_SCHOOLS;

/// How much an engine may take, and what it can't know by itself.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes before sorts and groupings spill to disk.
    pub memory_bytes: usize,
    /// Threads and scan partitions.
    pub partitions: usize,
    /// Longest time of one question.
    pub time_limit: Duration,
    /// Where spilled data goes; the system's temporary folder by default.
    pub spill_folder: Option<PathBuf>,
    /// Today; the clock's date by default.
    pub today: Option<Date>,
    /// What categories and lexicon entries mean.
    pub meanings: Meanings,
    /// What people recorded.
    pub records: Records,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            partitions: std::thread::available_parallelism().map_or(2, usize::from),
            time_limit: Duration::from_secs(300),
            spill_folder: None,
            today: None,
            meanings: Meanings::default(),
            records: Records::default(),
        }
    }
}

/// Why someone may read search terms and paths; the caller has written it to the audit before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// A reason of at least some letters; none for anything shorter.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.chars().filter(|c| c.is_alphabetic()).count() >= 3).then(|| Self(text.to_string()))
    }

    /// The reason as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A table's name and where its rows come from.
pub(crate) type Tables = BTreeMap<&'static str, Arc<dyn TableProvider>>;

/// A snapshot of the lake, ready to be asked.
pub struct Engine {
    version: u64,
    today: Date,
    options: EngineOptions,
    runtime: Arc<RuntimeEnv>,
    tables: Tables,
    /// Zone of each school.
    zones: BTreeMap<SchoolId, String>,
    /// Whether it answers a signed-in reader: only questions, and no error that prints a value.
    is_session: bool,
    /// Terms and paths as they are: for rollups and indicators. Planned when first asked.
    full: OnceCell<SessionContext>,
    /// Terms and paths hidden.
    hidden: OnceCell<SessionContext>,
    /// Terms and paths shown to a signed-in reader with a reason.
    shown: OnceCell<SessionContext>,
}

impl Engine {
    /// Opens a snapshot with the estate's tables beside it. Reads no data file.
    pub fn open(snapshot: &Snapshot, estate: &Estate, options: &EngineOptions) -> Result<Self, QueryError> {
        let runtime = runtime(snapshot, options)?;
        let today = options.today.unwrap_or_else(weir_lake::clock::today_here);
        let mut tables: Tables = BTreeMap::new();
        for table in Table::ALL {
            let files = snapshot.files.get(&table).cloned().unwrap_or_default();
            tables.insert(table.name(), Arc::new(FilesTable::new(table, files, store_url()?)));
        }
        tables.extend(tables::small_tables(estate, &options.meanings, today)?);
        tables.extend(options.records.tables()?);
        tables.insert("raw_files", tables::raw_files(snapshot.files.get(&Table::Events).into_iter().flatten())?);
        Ok(Self {
            version: snapshot.version,
            today,
            options: options.clone(),
            runtime,
            tables,
            zones: estate.schools.values().map(|school| (school.school_id.clone(), school.timezone.clone())).collect(),
            is_session: false,
            full: OnceCell::new(),
            hidden: OnceCell::new(),
            shown: OnceCell::new(),
        })
    }

    /// The same view of the lake for a signed-in reader: only the rows of the scope, and only questions. Memory is shared with this one.
    pub fn signed_in(&self, scope: &Scope) -> Self {
        let mut tables = Tables::new();
        for (name, table) in &self.tables {
            let scoped: Option<Arc<dyn TableProvider>> = match scope {
                Scope::All => Some(Arc::clone(table)),
                Scope::Schools(_) if session::OF_NO_SCHOOL.contains(name) => Some(Arc::clone(table)),
                Scope::Schools(schools) => {
                    ScopedTable::new(Arc::clone(table), schools).map(|table| Arc::new(table) as Arc<dyn TableProvider>)
                }
            };
            tables.extend(scoped.map(|table| (*name, table)));
        }
        Self {
            version: self.version,
            today: self.today,
            options: self.options.clone(),
            runtime: Arc::clone(&self.runtime),
            tables,
            zones: self.zones.iter().filter(|(school, _)| scope.holds(school)).map(|(a, b)| (a.clone(), b.clone())).collect(),
            is_session: true,
            full: OnceCell::new(),
            hidden: OnceCell::new(),
            shown: OnceCell::new(),
        }
    }

    pub(crate) async fn full(&self) -> Result<&SessionContext, QueryError> {
        self.full.get_or_try_init(|| context(&self.runtime, &self.options, &self.tables)).await
    }

    /// The context that answers a question.
    pub(crate) async fn asked(&self, has_reason: bool) -> Result<&SessionContext, QueryError> {
        match (self.is_session, has_reason) {
            (true, true) => self.shown.get_or_try_init(|| self.session_context(true)).await,
            (true, false) => self.hidden.get_or_try_init(|| self.session_context(false)).await,
            (false, true) => self.full().await,
            (false, false) => self.hidden().await,
        }
    }

    async fn session_context(&self, has_reason: bool) -> Result<SessionContext, QueryError> {
        let plain = bare_context(&self.runtime, &self.options, &self.tables)?;
        let mut tables = self.tables.clone();
        for (name, text) in session::views(has_reason, &self.zones) {
            tables.insert(name, plain.sql(&text).await?.into_view());
        }
        let context = new_context(&self.runtime, session::settings(configuration(&self.options)), &tables)?;
        add_views(&context, &["local_time"]).await?;
        session::restrict(&context);
        Ok(context)
    }

    async fn hidden(&self) -> Result<&SessionContext, QueryError> {
        let made = || async {
            let mut tables = self.tables.clone();
            tables.insert("events", hidden_events(self.full().await?).await?);
            context(&self.runtime, &self.options, &tables).await
        };
        self.hidden.get_or_try_init(made).await
    }

    /// The lake version it reads.
    pub fn lake_version(&self) -> u64 {
        self.version
    }

    /// Today, as this engine takes it.
    pub fn today(&self) -> Date {
        self.today
    }

    /// Any read-only SQL over the lake's and the estate's tables. Search terms and paths read `[hidden]` without a reason.
    pub async fn sql(&self, text: &str, sensitive: Option<&Reason>) -> Result<Answer, QueryError> {
        self.ask(text, &[], sensitive).await
    }

    /// As [`Engine::sql`], with values for the text's `$names`.
    pub async fn ask(
        &self,
        text: &str,
        parameters: &[(String, ScalarValue)],
        sensitive: Option<&Reason>,
    ) -> Result<Answer, QueryError> {
        let (schema, mut stream) = self.ask_stream(text, parameters, sensitive).await?;
        let (mut batches, mut rows) = (Vec::new(), 0);
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            rows += batch.num_rows();
            if self.is_session && rows > session::MOST_ROWS {
                return Err(QueryError::TooManyRows { most: session::MOST_ROWS });
            }
            batches.push(batch);
        }
        Ok(Answer { schema, batches })
    }

    /// As [`Engine::sql`], batch by batch; dropping the stream stops the question.
    pub async fn sql_stream(
        &self,
        text: &str,
        sensitive: Option<&Reason>,
    ) -> Result<(SchemaRef, impl Stream<Item = Result<RecordBatch, QueryError>> + Send + Unpin + use<>), QueryError> {
        self.ask_stream(text, &[], sensitive).await
    }

    async fn ask_stream(
        &self,
        text: &str,
        parameters: &[(String, ScalarValue)],
        sensitive: Option<&Reason>,
    ) -> Result<(SchemaRef, impl Stream<Item = Result<RecordBatch, QueryError>> + Send + Unpin + use<>), QueryError> {
        let context = self.asked(sensitive.is_some()).await?;
        let plan = self.plan(context, text, parameters).await?;
        let deadline = tokio::time::Instant::now() + self.options.time_limit;
        let limits = self.limits();
        let started = async { context.execute_logical_plan(plan).await?.execute_stream().await };
        let stream = tokio::time::timeout_at(deadline, started)
            .await
            .map_err(|_| limits.timed_out())?
            .map_err(|error| limits.explain(error))?;
        let schema = stream.schema();
        let stream = futures::stream::unfold(Some(stream), move |stream| async move {
            let mut stream = stream?;
            match tokio::time::timeout_at(deadline, stream.next()).await {
                Err(_) => Some((Err(limits.timed_out()), None)),
                Ok(None) => None,
                Ok(Some(Err(error))) => Some((Err(limits.explain(error)), None)),
                Ok(Some(Ok(batch))) => Some((Ok(batch), Some(stream))),
            }
        });
        Ok((schema, Box::pin(stream)))
    }

    /// The plan of a question; what the planner finds wrong with it comes from its text alone, so it is told even to a signed-in reader.
    pub(crate) async fn plan(
        &self,
        context: &SessionContext,
        text: &str,
        parameters: &[(String, ScalarValue)],
    ) -> Result<LogicalPlan, QueryError> {
        if self.is_session {
            session::only_a_question(context, text).map_err(session::in_words)?;
        }
        let planned = async {
            let plan = read_only_plan(context, text).await?;
            if parameters.is_empty() { Ok(plan) } else { plan.with_param_values(ParamValues::from(parameters.to_vec())) }
        };
        planned.await.map_err(|error| if self.is_session { session::in_words(error.into()) } else { error.into() })
    }

    /// The columns of a question's answer; or what the planner finds wrong, and in which line of the text.
    pub(crate) async fn check(
        &self,
        text: &str,
        parameters: &[(String, ScalarValue)],
        has_reason: bool,
    ) -> Result<Vec<String>, (Option<usize>, QueryError)> {
        let context = self.asked(has_reason).await.map_err(|error| (None, error))?;
        session::only_a_question(context, text).map_err(|error| (session::line_of(&error), session::in_words(error)))?;
        let plan = match context.state().create_logical_plan(text).await {
            Ok(plan) => plan.with_param_values(ParamValues::from(parameters.to_vec())),
            Err(error) => Err(error),
        };
        let plan = plan.and_then(|plan| context.state().optimize(&plan)).map_err(|error| {
            let span = error.diagnostic().and_then(|told| told.span);
            (span.map(|span| span.start.line as usize), session::in_words(error.into()))
        })?;
        Ok(plan.schema().fields().iter().map(|field| field.name().clone()).collect())
    }

    /// Rows of a shipped query with parameters, over all columns.
    pub(crate) async fn rows(&self, text: &str, parameters: &[(&str, ScalarValue)]) -> Result<Vec<RecordBatch>, QueryError> {
        self.rows_in(self.full().await?, text, parameters).await
    }

    /// As [`Engine::rows`], in another context of this engine.
    pub(crate) async fn rows_in(
        &self,
        context: &SessionContext,
        text: &str,
        parameters: &[(&str, ScalarValue)],
    ) -> Result<Vec<RecordBatch>, QueryError> {
        self.asker(context).rows(text, parameters).await
    }

    /// A context with some tables replaced or added and without the views: for roll-ups, which make many and ask tables alone.
    pub(crate) fn context_with(&self, replaced: Tables) -> Result<SessionContext, QueryError> {
        let mut tables = self.tables.clone();
        tables.extend(replaced);
        bare_context(&self.runtime, &self.options, &tables)
    }

    /// Some files of a table, as a table.
    pub(crate) fn files_table(&self, table: Table, files: Vec<DataFile>) -> Result<FilesTable, QueryError> {
        Ok(FilesTable::new(table, files, store_url()?))
    }

    fn limits(&self) -> Limits {
        Limits {
            seconds: self.options.time_limit.as_secs(),
            megabytes: self.options.memory_bytes >> 20,
            tells_nothing: self.is_session,
        }
    }
}

/// Rows with their schema, which an empty answer has too.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: Vec<RecordBatch>,
}

impl Answer {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// The store whose root is the folder of the tables. A name of our own, so that a plan names no path of this machine.
fn store_url() -> Result<ObjectStoreUrl, QueryError> {
    Ok(ObjectStoreUrl::parse("weir://lake")?)
}

fn runtime(snapshot: &Snapshot, options: &EngineOptions) -> Result<Arc<RuntimeEnv>, QueryError> {
    let disk = DiskManagerBuilder::default().with_mode(match &options.spill_folder {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    });
    // Tells which operator took the memory when it runs out; the fair pool lets every one of them spill.
    let names = std::num::NonZeroUsize::new(3).unwrap_or(std::num::NonZeroUsize::MIN);
    let pool = TrackConsumersPool::new(FairSpillPool::new(options.memory_bytes), names);
    let runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(disk).with_memory_pool(Arc::new(pool)).build_arc()?;
    // A lake without a file may not have its folder yet; nothing is read from it then.
    if let Some(store) = &snapshot.store {
        runtime.register_object_store(store_url()?.as_ref(), Arc::clone(store));
    } else if let Ok(store) = LocalFileSystem::new_with_prefix(&snapshot.root) {
        runtime.register_object_store(store_url()?.as_ref(), Arc::new(store));
    } else if let Some(file) = snapshot.files.values().flatten().next() {
        return Err(QueryError::FileGone(snapshot.root.join(&file.path)));
    }
    Ok(runtime)
}

fn configuration(options: &EngineOptions) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.partitions.max(1))
        .with_information_schema(true)
        .with_default_catalog_and_schema("weir", "lake")
        .with_batch_size(8192);
    // Rollups are read by school and day: decoding only the rows that pass saves most of a file.
    config.options_mut().execution.parquet.pushdown_filters = true;
    // A least value beside a greatest one of another column comes out wrong with it where one of them is of an expression: the files that
    // can't change the plain column's are left out for both.
    config.options_mut().optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    // `weir sql` prints instants as the lake holds them.
    config.options_mut().execution.time_zone = Some("UTC".into());
    config
}

fn bare_context(runtime: &Arc<RuntimeEnv>, options: &EngineOptions, tables: &Tables) -> Result<SessionContext, QueryError> {
    new_context(runtime, configuration(options), tables)
}

fn new_context(runtime: &Arc<RuntimeEnv>, config: SessionConfig, tables: &Tables) -> Result<SessionContext, QueryError> {
    let state =
        SessionStateBuilder::new().with_config(config).with_runtime_env(Arc::clone(runtime)).with_default_features().build();
    let context = SessionContext::new_with_state(state);
    for (name, provider) in tables {
        context.register_table(*name, Arc::clone(provider))?;
    }
    Ok(context)
}

/// The views, each after those it reads; `more` columns that `events` has here.
fn views(more: &[&str]) -> Vec<(&'static str, String)> {
    let schema = Table::Events.scan_schema();
    let names = schema.fields().iter().map(|field| field.name().as_str()).chain(more.iter().copied());
    let columns: Vec<String> = names.map(|name| format!("r.{name}")).collect();
    vec![
        ("pupils", include_str!("../views/pupils.sql").into()),
        ("decisions", include_str!("../views/decisions.sql").replace("{columns}", &columns.join(", "))),
        ("logged_days", include_str!("../views/logged_days.sql").into()),
        ("decided_hours", include_str!("../views/decided_hours.sql").into()),
        ("decided_days", include_str!("../views/decided_days.sql").into()),
        ("judged_days", include_str!("../views/judged_days.sql").into()),
        ("seen_days", include_str!("../views/seen_days.sql").into()),
        ("periods", include_str!("../views/periods.sql").into()),
        ("term_weeks", include_str!("../views/term_weeks.sql").into()),
        ("year_groups", include_str!("../views/year_groups.sql").into()),
        ("forgotten_periods", include_str!("../views/forgotten_periods.sql").into()),
        ("named_weeks", include_str!("../views/named_weeks.sql").into()),
        ("figure_cells", include_str!("../views/figure_cells.sql").into()),
        ("decided_cells", include_str!("../views/decided_cells.sql").into()),
        ("files_read", include_str!("../views/files_read.sql").into()),
    ]
}

async fn context(runtime: &Arc<RuntimeEnv>, options: &EngineOptions, tables: &Tables) -> Result<SessionContext, QueryError> {
    let context = bare_context(runtime, options, tables)?;
    add_views(&context, &[]).await?;
    Ok(context)
}

async fn add_views(context: &SessionContext, more: &[&str]) -> Result<(), QueryError> {
    for (name, text) in views(more) {
        let view = context.sql(&text).await?.into_view();
        context.register_table(name, view)?;
    }
    Ok(())
}

/// The plan of a text that only reads; anything else is refused before it is planned for execution.
async fn read_only_plan(context: &SessionContext, text: &str) -> Result<LogicalPlan, DataFusionError> {
    let plan = context.state().create_logical_plan(text).await?;
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(&plan)?;
    Ok(plan)
}

pub(crate) fn with_parameters(frame: DataFrame, parameters: &[(&str, ScalarValue)]) -> Result<DataFrame, DataFusionError> {
    if parameters.is_empty() {
        return Ok(frame);
    }
    let values: Vec<(String, ScalarValue)> =
        parameters.iter().map(|(name, value)| ((*name).to_string(), value.clone())).collect();
    frame.with_param_values(ParamValues::from(values))
}
