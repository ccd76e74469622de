//! Small tables in memory beside the lake's: the estate, today, what categories mean, and the slices a rollup works on.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int32Array, RecordBatch, StringViewArray};
use arrow::compute::cast_with_options;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use jiff::civil::Date;
use weir_lake::calendar::{Calendar, epoch_day};
use weir_lake::estate::Estate;
use weir_lake::lake::{DataFile, Slice};

use crate::engine::Tables;
use crate::error::QueryError;
use crate::rows::STRICT;
use crate::words;

/// What the taxonomy and the lexicon say of categories and entries: given by the caller, because the files belong to reading.
#[derive(Debug, Clone, Default)]
pub struct Meanings {
    /// Canonical category -> what it means.
    pub categories: BTreeMap<String, CategoryMeaning>,
    /// Lexicon entry -> academic year (`2026-27`) from which it counts in rates; absent entries always did.
    pub entries_since: BTreeMap<String, String>,
}

/// What a canonical category means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryMeaning {
    /// Severity 0 to 4; themes without an entry here count as 1.
    pub severity: i32,
    /// Its theme, if any.
    pub theme: Option<String>,
    /// Academic year from which its mapping counts in rates; none: it always did.
    pub since: Option<String>,
}

pub(crate) fn text<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter(values))
}

/// A table in memory from named columns. All columns may hold nulls: the planner needs no promise here.
pub(crate) fn in_memory(columns: Vec<(&str, ArrayRef)>) -> Result<Arc<dyn TableProvider>, QueryError> {
    let fields: Vec<Field> = columns.iter().map(|(name, values)| Field::new(*name, values.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatch::try_new(schema, columns.into_iter().map(|(_, values)| values).collect())
        .map_err(|error| QueryError::Engine(error.to_string()))?;
    of_batches(vec![rows])
}

/// Rows as a table, in as many partitions as batches, at most.
pub(crate) fn of_batches(rows: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>, QueryError> {
    let Some(first) = rows.first() else {
        return Err(QueryError::Shape { what: "a table in memory".into(), expected: "at least one batch".into() });
    };
    Ok(Arc::new(MemTable::try_new(first.schema(), vec![rows])?))
}

/// A schema whose texts are of the kind that a filter copies. Views go on pointing into all that was read, and memory is counted by what
/// is pointed into: a sort of a few rows of many batches would seem to need all of them.
pub(crate) fn plain_texts(schema: &Schema) -> SchemaRef {
    let plain = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8View => field.as_ref().clone().with_data_type(DataType::Utf8),
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()))
}

/// A batch in another schema of the same columns.
pub(crate) fn with_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast_with_options(column, field.data_type(), &STRICT));
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
}

/// The files that hold raw rows, as the lake commit tells of them: `event_date`, `first_school`, `last_school`. No file is opened.
pub(crate) fn raw_files<'a>(files: impl Iterator<Item = &'a DataFile> + Clone) -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![
        ("event_date", Arc::new(Date32Array::from_iter_values(files.clone().map(|file| file.statistics.event_date)))),
        ("first_school", text(files.clone().map(|file| Some(file.statistics.school_id.0.as_str())))),
        ("last_school", text(files.map(|file| Some(file.statistics.school_id.1.as_str())))),
    ])
}

/// The estate's tables, `categories`, `themes`, `lexicon_since`, `retention` and `clock` (one row each: how long, today) by name.
pub(crate) fn small_tables(estate: &Estate, meanings: &Meanings, today: Date) -> Result<Tables, QueryError> {
    let estate_tables = weir_lake::estate::estate_tables(estate, &Calendar::new(estate))
        .map_err(|error| QueryError::Engine(format!("estate tables: {error}")))?;
    let mut tables = Tables::new();
    for (name, rows) in estate_tables {
        tables.insert(name, of_batches(vec![rows])?);
    }
    tables.insert("categories", categories(meanings)?);
    tables.insert("themes", themes()?);
    tables.insert("lexicon_since", lexicon_since(meanings)?);
    let kept = &estate.retention;
    let number = |number: u32| Arc::new(Int32Array::from(vec![i32::try_from(number).unwrap_or(i32::MAX)])) as ArrayRef;
    tables.insert(
        "retention",
        in_memory(vec![("raw_days", number(kept.raw_days)), ("pupil_days_months", number(kept.pupil_days_months))])?,
    );
    tables.insert("clock", in_memory(vec![("today", Arc::new(Date32Array::from(vec![epoch_day(today)])))])?);
    Ok(tables)
}

fn categories(meanings: &Meanings) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || meanings.categories.iter();
    in_memory(vec![
        ("category", text(all().map(|(id, _)| Some(id.as_str())))),
        ("severity", Arc::new(Int32Array::from_iter_values(all().map(|(_, meaning)| meaning.severity)))),
        ("theme", text(all().map(|(_, meaning)| meaning.theme.as_deref()))),
        ("title", titles(all().map(|(id, _)| id.as_str()))),
        ("since", text(all().map(|(_, meaning)| meaning.since.as_deref()))),
    ])
}

fn titles<'a>(ids: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(ids.map(words::title_of)))
}

/// Themes and watched categories, as rollups name them, with their titles for people.
fn themes() -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![("theme", text(words::TOPICS.into_iter().map(Some))), ("title", titles(words::TOPICS.into_iter()))])
}

fn lexicon_since(meanings: &Meanings) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || meanings.entries_since.iter();
    in_memory(vec![
        ("concern_id", text(all().map(|(id, _)| Some(id.as_str())))),
        ("since", text(all().map(|(_, year)| Some(year.as_str())))),
    ])
}

/// Slices as a table: school, source, event_date.
pub(crate) fn slices<'a>(slices: impl Iterator<Item = &'a Slice> + Clone) -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![
        ("school_id", text(slices.clone().map(|s| Some(s.school_id.as_str())))),
        ("source_id", text(slices.clone().map(|s| Some(s.source_id.as_str())))),
        ("event_date", Arc::new(Date32Array::from_iter_values(slices.map(|s| s.date)))),
    ])
}

/// Days as a table: event_date.
pub(crate) fn dates(days: impl Iterator<Item = i32>) -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![("event_date", Arc::new(Date32Array::from_iter_values(days)))])
}

/// Schools and Mondays as a table: school_id, week.
pub(crate) fn school_weeks<'a>(
    weeks: impl Iterator<Item = (&'a str, i32)> + Clone,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![
        ("school_id", text(weeks.clone().map(|(school, _)| Some(school)))),
        ("week", Arc::new(Date32Array::from_iter_values(weeks.map(|(_, monday)| monday)))),
    ])
}
