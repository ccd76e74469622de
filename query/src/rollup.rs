//! Rolls up exactly the slices whose raw rows changed: reads them, keeps what did not change, and commits all of it at once.
//!
//! A rollup file holds one date, so every file of a stale date is replaced: the stale slices anew from raw rows, the other schools'
//! and sources' rows of that date as they stood. Dates are worked on many at a time, by whole weeks, up to a number of raw rows. Their
//! slices are shared out over the threads; while one batch is computed, the one before is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast_with_options, concat_batches, filter_record_batch};
use arrow::datatypes::{Date32Type, SchemaRef};
use datafusion::common::ScalarValue;
use tokio::task::JoinSet;
use weir_lake::estate::Estate;
use weir_lake::ids::RunId;
use weir_lake::lake::{Change, ChangeKind, DataFile, Lake, LakeError, Slice, Snapshot};
use weir_lake::rows::write_rows;
use weir_lake::schema::Table;

use crate::embedded;
use crate::engine::{Engine, EngineOptions, Tables};
use crate::error::QueryError;
use crate::figures::{self, Kept};
use crate::rows::STRICT;
use crate::stale::{Asked, Part};
use crate::tables;

/// Longest time of one query of a roll-up; beyond it something is wrong.
const LONGEST_QUERY: Duration = Duration::from_secs(3600);

/// Threads that write files. Each file is fsynced by itself; waiting for eight at once is as quick as waiting for one.
const WRITERS: usize = 8;

/// Raw rows whose weeks are computed before their files are written; a week of more is a batch of its own.
const ROWS_IN_BATCH: u64 = 1_000_000;

/// What a roll-up did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RollupReport {
    /// Slices that were out of date.
    pub slices: usize,
    /// Distinct dates among them.
    pub dates: usize,
    /// Rows written, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Files written.
    pub files_added: usize,
    /// Files replaced.
    pub files_removed: usize,
    /// The lake version after it; that of the snapshot where nothing was stale.
    pub lake_version: u64,
    /// Time spent in queries.
    pub querying: Duration,
    /// Time spent writing files.
    pub writing: Duration,
}

/// Rolls up what is stale and commits it. Another run that commits meanwhile makes it start again, twice at most.
pub async fn roll_up(lake: &Lake, estate: &Estate, options: &EngineOptions, run_id: &RunId) -> Result<RollupReport, QueryError> {
    let mut races = 0;
    loop {
        let snapshot = lake.snapshot()?;
        let mut report = RollupReport { lake_version: snapshot.version, slices: snapshot.stale.len(), ..Default::default() };
        if snapshot.stale.is_empty() {
            return Ok(report);
        }
        let change = compute(lake.root(), &snapshot, estate, options, run_id, &mut report).await?;
        match lake.commit(change) {
            Ok(version) => {
                report.lake_version = version;
                return Ok(report);
            }
            Err(LakeError::LostRace { .. }) if races < 2 => races += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Computes and writes the new files; the change makes them visible.
async fn compute(
    root: &Path,
    snapshot: &Snapshot,
    estate: &Estate,
    options: &EngineOptions,
    run_id: &RunId,
    report: &mut RollupReport,
) -> Result<Change, QueryError> {
    // Nobody waits at a page for this, and a first import may bring years. Each part is one thread's: two halves of a question would have
    // to be put together again.
    let one_thread = EngineOptions { time_limit: options.time_limit.max(LONGEST_QUERY), partitions: 1, ..options.clone() };
    let engine = Engine::open(snapshot, estate, &one_thread)?;
    let rolling = Rolling::new(&engine, snapshot, estate, options.partitions.max(1)).await?;
    let mut change =
        Change { rolled: snapshot.stale.clone(), ..Change::new(ChangeKind::Rollup, run_id.clone(), snapshot.version) };
    let mut computed: Option<(Batch<'_>, Rows)> = None;
    for batch in batches(snapshot) {
        report.dates += batch.dates.len();
        let began = Instant::now();
        let rows = match computed.take() {
            None => rolling.rows_anew(&batch).await?,
            Some((before, rows)) => {
                tokio::try_join!(rolling.rows_anew(&batch), rolling.finish(root, &before, rows, &mut change, report))?.0
            }
        };
        report.querying += began.elapsed();
        computed = Some((batch, rows));
    }
    if let Some((last, rows)) = computed {
        rolling.finish(root, &last, rows, &mut change, report).await?;
    }
    report.files_added = change.adds.len();
    report.files_removed = change.removes.len();
    Ok(change)
}

/// Computed rows by table.
type Rows = BTreeMap<Table, Vec<RecordBatch>>;

/// Stale slices of some whole weeks.
struct Batch<'a> {
    slices: Vec<&'a Slice>,
    dates: BTreeSet<i32>,
    /// Files with raw rows of its days.
    files_of_day: BTreeMap<i32, Vec<&'a DataFile>>,
    /// First and last day of its weeks, Monday and Sunday.
    days: (i32, i32),
}

/// Monday of the week of days since 1970 (1 January 1970 was a Thursday).
fn monday(date: i32) -> i32 {
    date - (date + 3).rem_euclid(7)
}

fn batches(snapshot: &Snapshot) -> Vec<Batch<'_>> {
    let mut files_of_day: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
    for file in snapshot.files.get(&Table::Events).into_iter().flatten() {
        files_of_day.entry(file.statistics.event_date).or_default().push(file);
    }
    let mut weeks: BTreeMap<i32, Vec<&Slice>> = BTreeMap::new();
    for slice in &snapshot.stale {
        weeks.entry(monday(slice.date)).or_default().push(slice);
    }
    let mut batches: Vec<Batch<'_>> = Vec::new();
    let mut rows = u64::MAX;
    for (week, slices) in weeks {
        let of_week: BTreeMap<i32, Vec<&DataFile>> =
            files_of_day.range(week..=week + 6).map(|(day, files)| (*day, files.clone())).collect();
        let more = of_week.values().flatten().map(|file| file.rows).sum::<u64>();
        if rows.saturating_add(more) > ROWS_IN_BATCH {
            batches.push(Batch {
                slices: Vec::new(),
                dates: BTreeSet::new(),
                files_of_day: BTreeMap::new(),
                days: (week, week + 6),
            });
            rows = 0;
        }
        rows += more;
        if let Some(batch) = batches.last_mut() {
            batch.dates.extend(slices.iter().map(|slice| slice.date));
            batch.slices.extend(slices);
            batch.files_of_day.extend(of_week);
            batch.days.1 = week + 6;
        }
    }
    batches
}

fn text_of(rollup: &str) -> Result<&'static str, QueryError> {
    embedded::ROLLUPS
        .iter()
        .find(|(name, _)| *name == rollup)
        .map(|(_, text)| *text)
        .ok_or_else(|| QueryError::BadHeader { file: format!("rollups/{rollup}.sql"), problem: "missing".into() })
}

/// What is alike for all batches of a roll-up.
struct Rolling<'a> {
    engine: &'a Engine,
    snapshot: &'a Snapshot,
    estate: &'a Estate,
    threads: usize,
    /// What is made from raw rows, and the texts that make it.
    wanted: Vec<(Table, Option<Kept>)>,
    asked: Asked,
}

impl<'a> Rolling<'a> {
    async fn new(engine: &'a Engine, snapshot: &'a Snapshot, estate: &'a Estate, threads: usize) -> Result<Self, QueryError> {
        let (mut wanted, mut texts) = (Vec::new(), Vec::new());
        for table in [Table::ActivityHourly, Table::PupilDays] {
            texts.push(text_of(table.name())?);
            wanted.push((table, None));
        }
        for kept in figures::all()? {
            texts.push(kept.text);
            wanted.push((Table::Figures, Some(kept)));
        }
        Ok(Self { engine, snapshot, estate, threads, wanted, asked: Asked::new(engine, texts).await? })
    }

    /// The rows of a batch's stale slices from raw rows, as many parts at a time as there are threads.
    async fn rows_anew(&self, batch: &Batch<'_>) -> Result<Rows, QueryError> {
        // A raw row's slice is either rolled up or stale: where nothing was rolled up before, as at a first import, every row is.
        let is_everything = !batch.has_rolled_days(self.snapshot);
        let within = |first: &str, last: &str| {
            self.estate.schools.keys().filter(|school| (first..=last).contains(&school.as_str())).count()
        };
        let mut waiting = Part::all(&batch.slices, &batch.files_of_day, within).into_iter();
        // Dropped before its end, the set ends what it started.
        let mut working = JoinSet::new();
        let mut rows = Rows::new();
        loop {
            while working.len() < self.threads
                && let Some(part) = waiting.next()
            {
                working.spawn(part.work(self.engine, self.estate, &self.asked, is_everything)?.answers());
            }
            let Some(done) = working.join_next().await else { return Ok(rows) };
            let answers = done.map_err(|error| QueryError::Engine(error.to_string()))??;
            for ((table, kept), mut answer) in self.wanted.iter().zip(answers) {
                if let Some(kept) = kept {
                    answer = answer.iter().map(|answer| kept.rows(answer, self.snapshot.version)).collect::<Result<_, _>>()?;
                }
                rows.entry(*table).or_default().extend(answer);
            }
        }
    }

    /// Puts the other rows of a batch's dates beside those made anew, and writes its files.
    async fn finish(
        &self,
        root: &Path,
        batch: &Batch<'_>,
        mut rows: Rows,
        change: &mut Change,
        report: &mut RollupReport,
    ) -> Result<(), QueryError> {
        // Cells of `figures` belong to one source, so those of a source that is not stale stay as they stood, even where its raw rows are
        // gone.
        let has_rolled_days = batch.has_rolled_days(self.snapshot);
        for table in [Table::ActivityHourly, Table::PupilDays, Table::Figures] {
            let kept = if has_rolled_days { batch.rows_kept(self.engine, table).await? } else { Vec::new() };
            rows.entry(table).or_default().extend(kept);
        }
        let pupil_days = rows.get(&Table::PupilDays).map_or(&[][..], Vec::as_slice);
        let theme_weeks = batch.weeks_anew(self.engine, pupil_days).await?;
        rows.insert(Table::ThemeWeeks, theme_weeks);
        let mondays: BTreeSet<i32> = batch.dates.iter().map(|date| monday(*date)).collect();
        for table in rows.keys() {
            let dates = if *table == Table::ThemeWeeks { &mondays } else { &batch.dates };
            let old = self.snapshot.files.get(table).into_iter().flatten();
            let replaced = old.filter(|file| dates.contains(&file.statistics.event_date));
            change.removes.extend(replaced.map(|file| (*table, file.path.clone())));
        }
        let began = Instant::now();
        let root = root.to_path_buf();
        let written = tokio::task::spawn_blocking(move || write_in_parallel(&root, &rows)).await;
        for (table, file) in written.map_err(|error| QueryError::Engine(error.to_string()))?? {
            *report.rows.entry(table.name()).or_default() += file.rows;
            change.adds.push((table, file));
        }
        report.writing += began.elapsed();
        Ok(())
    }
}

impl Batch<'_> {
    /// Whether any day of the batch's weeks was rolled up before.
    fn has_rolled_days(&self, snapshot: &Snapshot) -> bool {
        let files = snapshot.files.get(&Table::ActivityHourly).into_iter().flatten();
        files.map(|file| file.statistics.event_date).any(|date| (self.days.0..=self.days.1).contains(&date))
    }

    /// Rows of the stale dates that belong to slices which are not stale.
    async fn rows_kept(&self, engine: &Engine, table: Table) -> Result<Vec<RecordBatch>, QueryError> {
        let replaced = Tables::from([
            ("stale", tables::slices(self.slices.iter().copied())?),
            ("stale_dates", tables::dates(self.dates.iter().copied())?),
        ]);
        let context = engine.context_with(replaced)?;
        let text = format!(
            "SELECT {} FROM {} o
             LEFT SEMI JOIN stale_dates d ON d.event_date = o.event_date
             LEFT ANTI JOIN stale s ON s.school_id = o.school_id AND s.source_id = o.source_id AND s.event_date = o.event_date
             WHERE o.event_date BETWEEN $from AND $to",
            columns(table, "o"),
            table.name()
        );
        let days = [("from", ScalarValue::Date32(Some(self.days.0))), ("to", ScalarValue::Date32(Some(self.days.1)))];
        engine.rows_in(&context, &text, &days).await
    }

    /// `theme_weeks` of the batch's weeks: the touched schools anew from pupil_days, the others as they stood.
    async fn weeks_anew(&self, engine: &Engine, pupil_days: &[RecordBatch]) -> Result<Vec<RecordBatch>, QueryError> {
        let touched: BTreeSet<(&str, i32)> =
            self.slices.iter().map(|slice| (slice.school_id.as_str(), monday(slice.date))).collect();
        let weeks: BTreeSet<i32> = touched.iter().map(|(_, week)| *week).collect();
        let days = [("from", ScalarValue::Date32(Some(self.days.0))), ("to", ScalarValue::Date32(Some(self.days.1)))];
        // Days of the same weeks that are not stale count too.
        let dates = Tables::from([("stale_dates", tables::dates(self.dates.iter().copied())?)]);
        let text = format!(
            "SELECT {} FROM pupil_days o LEFT ANTI JOIN stale_dates d ON d.event_date = o.event_date
             WHERE o.event_date BETWEEN $from AND $to",
            columns(Table::PupilDays, "o")
        );
        let mut week_pupil_days = engine.rows_in(&engine.context_with(dates)?, &text, &days).await?;
        week_pupil_days.extend(pupil_days.iter().cloned());
        let week_pupil_days = conformed(Table::PupilDays, &week_pupil_days)?;
        let replaced = Tables::from([
            ("week_pupil_days", tables::of_batches(week_pupil_days)?),
            ("touched_weeks", tables::school_weeks(touched.iter().copied())?),
            ("touched_mondays", tables::dates(weeks.iter().copied())?),
        ]);
        let context = engine.context_with(replaced)?;
        let mut rows = engine.rows_in(&context, text_of("theme_weeks")?, &[]).await?;
        let text = format!(
            "SELECT {} FROM theme_weeks o
             LEFT SEMI JOIN touched_mondays d ON d.event_date = o.event_date
             LEFT ANTI JOIN touched_weeks t ON t.school_id = o.school_id AND t.week = o.event_date
             WHERE o.event_date BETWEEN $from AND $to",
            columns(Table::ThemeWeeks, "o")
        );
        rows.extend(engine.rows_in(&context, &text, &days).await?);
        Ok(rows)
    }
}

fn columns(table: Table, alias: &str) -> String {
    let names: Vec<String> = table.columns().iter().map(|column| format!("{alias}.{}", column.name)).collect();
    names.join(", ")
}

/// Rows in the table's scan schema, whatever nullability their queries gave them; one empty batch where there is none.
pub(crate) fn conformed(table: Table, rows: &[RecordBatch]) -> Result<Vec<RecordBatch>, QueryError> {
    let schema = table.scan_schema();
    let mut batches = vec![RecordBatch::new_empty(Arc::clone(&schema))];
    for batch in rows.iter().filter(|batch| batch.num_rows() > 0) {
        batches.push(in_schema(table, &schema, batch)?);
    }
    Ok(batches)
}

fn shape(table: Table, problem: impl ToString) -> QueryError {
    QueryError::Shape { what: format!("rollup {}", table.name()), expected: problem.to_string() }
}

fn in_schema(table: Table, schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let array = batch.column_by_name(field.name()).ok_or_else(|| shape(table, format!("column {}", field.name())))?;
        arrays.push(cast_with_options(array, field.data_type(), &STRICT).map_err(|error| shape(table, error))?);
    }
    RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|error| shape(table, error))
}

fn dates_of(table: Table, rows: &RecordBatch) -> Result<&[i32], QueryError> {
    let column = rows.column_by_name("event_date").and_then(|column| column.as_primitive_opt::<Date32Type>());
    column.map(|dates| dates.values().as_ref()).ok_or_else(|| shape(table, "event_date as a date"))
}

/// Writes rows as files of one date each, several at once. Only the rows of the dates that are being written are copied.
fn write_in_parallel(root: &Path, rows: &Rows) -> Result<Vec<(Table, DataFile)>, QueryError> {
    let mut files: BTreeMap<(i32, Table), Vec<(&RecordBatch, usize)>> = BTreeMap::new();
    for (table, rows) in rows {
        for batch in rows {
            for date in dates_of(*table, batch)? {
                let of_date = files.entry((*date, *table)).or_default();
                match of_date.last_mut().filter(|(last, _)| std::ptr::eq(*last, batch)) {
                    Some((_, count)) => *count += 1,
                    None => of_date.push((batch, 1)),
                }
            }
        }
    }
    let files: Vec<(_, Vec<(&RecordBatch, usize)>)> = files.into_iter().collect();
    let next = AtomicUsize::new(0);
    let write = || {
        let mut written = Vec::new();
        while let Some(((date, table), batches)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let of_date = of_date(*table, *date, batches)?;
            written.extend(write_rows(root, *table, &of_date, &[])?.into_iter().map(|file| (*table, file)));
        }
        Ok::<_, QueryError>(written)
    };
    let written: Vec<Result<Vec<(Table, DataFile)>, QueryError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut files = Vec::new();
    for part in written {
        files.extend(part?);
    }
    Ok(files)
}

/// The rows of one date out of batches that hold so many each.
fn of_date(table: Table, date: i32, batches: &[(&RecordBatch, usize)]) -> Result<RecordBatch, QueryError> {
    let schema = table.plain_schema();
    let mut parts = Vec::new();
    for (batch, count) in batches {
        let plain = if *count == batch.num_rows() {
            in_schema(table, &schema, batch)?
        } else {
            let is_of_date: BooleanArray = dates_of(table, batch)?.iter().map(|other| Some(*other == date)).collect();
            in_schema(table, &schema, &filter_record_batch(batch, &is_of_date).map_err(|error| shape(table, error))?)?
        };
        parts.push(plain);
    }
    concat_batches(&schema, &parts).map_err(|error| shape(table, error))
}
