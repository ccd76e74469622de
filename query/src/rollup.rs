//! Rolls up exactly the slices whose raw rows changed: reads them, keeps what did not change, and commits all of it at once.
//!
//! A rollup file holds one date, so every file of a stale date is replaced: the stale slices anew from raw rows, the other schools'
//! and sources' rows of that date as they stood. Dates are worked on many at a time, by whole weeks, up to a number of raw rows:
//! one query a date would plan and open files a thousand times for a year.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast_with_options, concat_batches, filter_record_batch};
use arrow::datatypes::Date32Type;
use datafusion::common::ScalarValue;
use weir_lake::estate::Estate;
use weir_lake::ids::RunId;
use weir_lake::lake::{Change, ChangeKind, DataFile, Lake, LakeError, Slice, Snapshot};
use weir_lake::schema::Table;

use crate::embedded;
use crate::engine::{Engine, EngineOptions, Tables};
use crate::error::QueryError;
use crate::figures;
use crate::rows::STRICT;
use crate::stale::{ROWS_IN_MEMORY, Stale};
use crate::tables;

/// Longest time of one query of a roll-up; beyond it something is wrong.
const LONGEST_QUERY: Duration = Duration::from_secs(3600);

/// Threads that write files. Each file is fsynced by itself; waiting for eight at once is as quick as waiting for one.
const WRITERS: i32 = 8;

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

/// Where computed rows go: the lake in earnest, a folder in tests.
pub(crate) type Sink<'a> = dyn Fn(Table, &RecordBatch) -> Result<Vec<DataFile>, LakeError> + Sync + 'a;

/// Rolls up what is stale and commits it. Another run that commits meanwhile makes it start again, twice at most.
pub async fn roll_up(lake: &Lake, estate: &Estate, options: &EngineOptions, run_id: &RunId) -> Result<RollupReport, QueryError> {
    let mut races = 0;
    loop {
        let snapshot = lake.snapshot()?;
        let write = |table: Table, rows: &RecordBatch| lake.write_rows(table, rows);
        let (mut report, change) = compute(&snapshot, estate, options, run_id, &write).await?;
        let Some(change) = change else { return Ok(report) };
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

/// Computes and writes the new files; the change makes them visible. None where nothing is stale.
pub(crate) async fn compute(
    snapshot: &Snapshot,
    estate: &Estate,
    options: &EngineOptions,
    run_id: &RunId,
    write: &Sink<'_>,
) -> Result<(RollupReport, Option<Change>), QueryError> {
    let mut report = RollupReport { lake_version: snapshot.version, slices: snapshot.stale.len(), ..Default::default() };
    if snapshot.stale.is_empty() {
        return Ok((report, None));
    }
    // Nobody waits at a page for this, and a first import may bring years.
    let options = EngineOptions { time_limit: options.time_limit.max(LONGEST_QUERY), ..options.clone() };
    let engine = Engine::open(snapshot, estate, &options)?;
    let mut change =
        Change { rolled: snapshot.stale.clone(), ..Change::new(ChangeKind::Rollup, run_id.clone(), snapshot.version) };
    for batch in batches(snapshot) {
        report.dates += batch.dates.len();
        batch.roll_up(&engine, snapshot, estate, write, &mut change, &mut report).await?;
    }
    report.files_added = change.adds.len();
    report.files_removed = change.removes.len();
    Ok((report, Some(change)))
}

/// Stale slices of some whole weeks.
struct Batch<'a> {
    slices: Vec<&'a Slice>,
    dates: BTreeSet<i32>,
    /// Raw rows of its days.
    rows_of_day: BTreeMap<i32, u64>,
    /// First and last day of its weeks, Monday and Sunday.
    days: (i32, i32),
}

/// Monday of the week of days since 1970 (1 January 1970 was a Thursday).
fn monday(date: i32) -> i32 {
    date - (date + 3).rem_euclid(7)
}

fn batches(snapshot: &Snapshot) -> Vec<Batch<'_>> {
    let mut rows_of_day: BTreeMap<i32, u64> = BTreeMap::new();
    for file in snapshot.files.get(&Table::Events).into_iter().flatten() {
        *rows_of_day.entry(file.statistics.event_date).or_default() += file.rows;
    }
    let mut weeks: BTreeMap<i32, Vec<&Slice>> = BTreeMap::new();
    for slice in &snapshot.stale {
        weeks.entry(monday(slice.date)).or_default().push(slice);
    }
    let mut batches: Vec<Batch<'_>> = Vec::new();
    let mut rows = u64::MAX;
    for (week, slices) in weeks {
        let of_week: BTreeMap<i32, u64> = rows_of_day.range(week..=week + 6).map(|(day, rows)| (*day, *rows)).collect();
        let more = of_week.values().sum::<u64>();
        if rows.saturating_add(more) > ROWS_IN_MEMORY {
            batches.push(Batch {
                slices: Vec::new(),
                dates: BTreeSet::new(),
                rows_of_day: BTreeMap::new(),
                days: (week, week + 6),
            });
            rows = 0;
        }
        rows += more;
        if let Some(batch) = batches.last_mut() {
            batch.dates.extend(slices.iter().map(|slice| slice.date));
            batch.slices.extend(slices);
            batch.rows_of_day.extend(of_week);
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

impl Batch<'_> {
    async fn roll_up(
        &self,
        engine: &Engine,
        snapshot: &Snapshot,
        estate: &Estate,
        write: &Sink<'_>,
        change: &mut Change,
        report: &mut RollupReport,
    ) -> Result<(), QueryError> {
        let began = Instant::now();
        // All rows of the stale dates: those of stale slices anew from raw rows, the others as they stood. Cells of `figures` belong to
        // one source, so those of a source that is not stale stay as they stood, even where its raw rows are gone.
        let kept = figures::all()?;
        let mut wanted = Vec::new();
        let mut rows: BTreeMap<Table, Vec<RecordBatch>> = BTreeMap::new();
        for table in [Table::ActivityHourly, Table::PupilDays, Table::Figures] {
            rows.insert(table, self.rows_kept(engine, table).await?);
        }
        for table in [Table::ActivityHourly, Table::PupilDays] {
            wanted.push((table, text_of(table.name())?, None));
        }
        wanted.extend(kept.iter().map(|kept| (Table::Figures, kept.text, Some(kept))));
        let texts: Vec<&str> = wanted.iter().map(|(_, text, _)| *text).collect();
        // A raw row's slice is either rolled up or stale: where nothing was rolled up before, as at a first import, every row is.
        let is_everything = !self.has_rolled_days(snapshot);
        for stale in Stale::parts(&self.slices, &self.rows_of_day, is_everything) {
            for (context, texts) in stale.contexts(engine, estate, &texts).await? {
                for ((table, _, kept), text) in wanted.iter().zip(&texts) {
                    let mut answer = engine.rows_in(&context, text, &[]).await?;
                    answer.retain(|answer| answer.num_rows() > 0);
                    if let Some(kept) = kept {
                        answer = answer.iter().map(|answer| kept.rows(answer, snapshot.version)).collect::<Result<_, _>>()?;
                    }
                    rows.entry(*table).or_default().extend(answer);
                }
            }
        }
        let pupil_days = rows.get(&Table::PupilDays).map_or(&[][..], Vec::as_slice);
        let theme_weeks = self.weeks_anew(engine, pupil_days).await?;
        rows.insert(Table::ThemeWeeks, theme_weeks);
        report.querying += began.elapsed();
        let mondays: BTreeSet<i32> = self.dates.iter().map(|date| monday(*date)).collect();
        let began = Instant::now();
        for (table, rows) in rows {
            let dates = if table == Table::ThemeWeeks { &mondays } else { &self.dates };
            let files = write_in_parallel(table, &rows, write)?;
            *report.rows.entry(table.name()).or_default() += files.iter().map(|file| file.rows).sum::<u64>();
            change.adds.extend(files.into_iter().map(|file| (table, file)));
            let old = snapshot.files.get(&table).into_iter().flatten();
            let replaced = old.filter(|file| dates.contains(&file.statistics.event_date));
            change.removes.extend(replaced.map(|file| (table, file.path.clone())));
        }
        report.writing += began.elapsed();
        Ok(())
    }

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
    let shape = |problem: String| QueryError::Shape { what: format!("rollup {}", table.name()), expected: problem };
    let mut batches = vec![RecordBatch::new_empty(Arc::clone(&schema))];
    for batch in rows.iter().filter(|batch| batch.num_rows() > 0) {
        let mut arrays = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let array = batch.column_by_name(field.name()).ok_or_else(|| shape(format!("column {}", field.name())))?;
            arrays.push(cast_with_options(array, field.data_type(), &STRICT).map_err(|error| shape(error.to_string()))?);
        }
        batches.push(RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| shape(error.to_string()))?);
    }
    Ok(batches)
}

/// Writes rows as files of one date each, several at once.
fn write_in_parallel(table: Table, rows: &[RecordBatch], write: &Sink<'_>) -> Result<Vec<DataFile>, QueryError> {
    let batches = conformed(table, rows)?;
    let shape = |problem: String| QueryError::Shape { what: format!("rollup {}", table.name()), expected: problem };
    let all = concat_batches(&table.scan_schema(), &batches).map_err(|error| shape(error.to_string()))?;
    if all.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let date_index = table.column_index("event_date").ok_or_else(|| shape("column event_date".into()))?;
    let dates = all.column(date_index).as_primitive_opt::<Date32Type>().ok_or_else(|| shape("event_date as a date".into()))?;
    let mut parts = Vec::new();
    for writer in 0..WRITERS {
        let mine: BooleanArray =
            dates.iter().map(|date| date.map(|date| (date / 7 + date).rem_euclid(WRITERS) == writer)).collect();
        let part = filter_record_batch(&all, &mine).map_err(|error| shape(error.to_string()))?;
        if part.num_rows() > 0 {
            parts.push(part);
        }
    }
    let written: Vec<Result<Vec<DataFile>, LakeError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = parts.iter().map(|part| scope.spawn(move || write(table, part))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut files = Vec::new();
    for part in written {
        files.extend(part?);
    }
    Ok(files)
}
