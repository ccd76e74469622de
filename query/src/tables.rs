//! The estate as small tables in memory, beside the lake's: schools, rolls, calendar, school days, policy, sources, and what categories mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use jiff::civil::Date;
use weir_lake::estate::{CalendarKind, Estate, Expected, Layer, SchoolOf};

use crate::calendar;
use crate::error::QueryError;

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

/// Days since 1970.
pub(crate) fn days(day: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    day.duration_since(epoch).as_hours().div_euclid(24) as i32
}

/// The day of days since 1970.
pub(crate) fn day_of(days: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?).ok()
}

fn text<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter(values))
}

fn dates(values: impl IntoIterator<Item = Option<Date>>) -> ArrayRef {
    Arc::new(values.into_iter().map(|day| day.map(days)).collect::<Date32Array>())
}

fn whole(values: impl IntoIterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

/// A table in memory from named columns. All columns may hold nulls: the planner needs no promise here.
pub(crate) fn in_memory(columns: Vec<(&str, ArrayRef)>) -> Result<Arc<dyn TableProvider>, QueryError> {
    let fields: Vec<Field> = columns.iter().map(|(name, values)| Field::new(*name, values.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, values)| values).collect())
        .map_err(|error| QueryError::Engine(error.to_string()))?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![rows]]).map_err(QueryError::from)?))
}

const fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Filter => "filter",
        Layer::Firewall => "firewall",
        Layer::Dns => "dns",
        Layer::Monitor => "monitor",
    }
}

/// The estate's tables by name.
pub(crate) fn estate_tables(
    estate: &Estate,
    meanings: &Meanings,
    today: Date,
) -> Result<Vec<(&'static str, Arc<dyn TableProvider>)>, QueryError> {
    Ok(vec![
        ("schools", schools(estate)?),
        ("rolls", rolls(estate)?),
        ("calendar", calendar_rows(estate)?),
        ("school_days", school_days(estate, today)?),
        ("policy", policy(estate)?),
        ("sources", sources(estate)?),
        ("categories", categories(meanings)?),
        ("lexicon_since", lexicon_since(meanings)?),
    ])
}

fn schools(estate: &Estate) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || estate.schools.values();
    in_memory(vec![
        ("school_id", text(all().map(|s| Some(s.school_id.as_str())))),
        ("name", text(all().map(|s| Some(s.name.as_str())))),
        ("urn", text(all().map(|s| s.urn.as_deref()))),
        ("phase", text(all().map(|s| Some(s.phase.as_str())))),
        ("nation", text(all().map(|s| Some(s.nation.as_str())))),
        ("timezone", text(all().map(|s| Some(s.timezone.as_str())))),
        ("governing_body", text(all().map(|s| s.governing_body.as_deref()))),
        ("trust", text(all().map(|s| s.trust.as_deref()))),
        ("authority", text(all().map(|s| s.authority.as_deref()))),
        ("opens", dates(all().map(|s| s.opens))),
        ("closes", dates(all().map(|s| s.closes))),
    ])
}

fn rolls(estate: &Estate) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || estate.rolls.iter();
    let years: Vec<String> = all().map(|r| calendar::year_text(r.academic_year.0)).collect();
    in_memory(vec![
        ("school_id", text(all().map(|r| Some(r.school_id.as_str())))),
        ("academic_year", text(years.iter().map(|year| Some(year.as_str())))),
        ("year_group", text(all().map(|r| Some(r.year_group.as_str())))),
        ("pupils", whole(all().map(|r| r.pupils as i32))),
    ])
}

fn calendar_rows(estate: &Estate) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || estate.calendar.iter();
    in_memory(vec![
        ("school_id", text(all().map(|r| Some(r.school_id.as_ref().map_or("*", |id| id.as_str()))))),
        ("start_date", dates(all().map(|r| Some(r.start)))),
        ("end_date", dates(all().map(|r| Some(r.end)))),
        (
            "kind",
            text(all().map(|r| {
                Some(match r.kind {
                    CalendarKind::HalfTermBlock => "half_term_block",
                    CalendarKind::Holiday => "holiday",
                    CalendarKind::Inset => "inset",
                    CalendarKind::Closure => "closure",
                })
            })),
        ),
        ("label", text(all().map(|r| Some(r.label.as_str())))),
    ])
}

/// One row a school and school day, numbered over all years so that "the last 20 school days" is arithmetic.
fn school_days(estate: &Estate, today: Date) -> Result<Arc<dyn TableProvider>, QueryError> {
    struct Row {
        school: usize,
        block: usize,
        day: Date,
        number: i32,
    }
    let schools: Vec<_> = estate.schools.values().collect();
    let blocks: Vec<Vec<calendar::Block>> =
        schools.iter().map(|school| calendar::blocks(&estate.calendar, &school.school_id)).collect();
    let mut rows = Vec::new();
    for (school, of_school) in blocks.iter().enumerate() {
        let (opens, closes) = (schools[school].opens, schools[school].closes);
        let mut number = 0;
        for (block, of_block) in of_school.iter().enumerate() {
            for day in &of_block.school_days {
                if opens.is_none_or(|first| first <= *day) && closes.is_none_or(|last| *day <= last) {
                    number += 1;
                    rows.push(Row { school, block, day: *day, number });
                }
            }
        }
    }
    let block = |row: &Row| &blocks[row.school][row.block];
    in_memory(vec![
        ("school_id", text(rows.iter().map(|r| Some(schools[r.school].school_id.as_str())))),
        ("date", dates(rows.iter().map(|r| Some(r.day)))),
        ("academic_year", text(rows.iter().map(|r| Some(block(r).academic_year.as_str())))),
        ("period_no", whole(rows.iter().map(|r| block(r).number))),
        ("label", text(rows.iter().map(|r| Some(block(r).label.as_str())))),
        ("start_date", dates(rows.iter().map(|r| Some(block(r).start)))),
        ("end_date", dates(rows.iter().map(|r| Some(block(r).end)))),
        ("week", dates(rows.iter().map(|r| Some(calendar::monday(r.day))))),
        ("day_no", whole(rows.iter().map(|r| r.number))),
        ("is_past", Arc::new(BooleanArray::from_iter(rows.iter().map(|r| Some(r.day < today))))),
    ])
}

fn policy(estate: &Estate) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || estate.policy.iter();
    in_memory(vec![
        ("file_order", whole(0..estate.policy.len() as i32)),
        ("school_id", text(all().map(|r| Some(r.school_id.as_ref().map_or("*", |id| id.as_str()))))),
        ("profile_or_user_type", text(all().map(|r| Some(r.profile_or_user_type.as_deref().unwrap_or("*"))))),
        ("category", text(all().map(|r| Some(r.category.as_str())))),
        (
            "expected",
            text(all().map(|r| {
                Some(match r.expected {
                    Expected::Block => "block",
                    Expected::Warn => "warn",
                    Expected::Allow => "allow",
                })
            })),
        ),
        ("reason", text(all().map(|r| Some(r.reason.as_str())))),
        ("from_date", dates(all().map(|r| r.from))),
        ("to_date", dates(all().map(|r| r.to))),
    ])
}

fn sources(estate: &Estate) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || estate.sources.values();
    in_memory(vec![
        ("source_id", text(all().map(|s| Some(s.id.as_str())))),
        (
            "school_id",
            text(all().map(|s| match &s.school {
                SchoolOf::One(id) => Some(id.as_str()),
                SchoolOf::Map(_) => None,
            })),
        ),
        ("format_id", text(all().map(|s| s.format.as_ref().map(|id| id.as_str())))),
        ("timezone", text(all().map(|s| Some(s.tz.as_str())))),
        ("layer", text(all().map(|s| Some(layer_name(s.layer))))),
        ("logs_allowed", Arc::new(BooleanArray::from_iter(all().map(|s| Some(s.logs_allowed))))),
    ])
}

fn categories(meanings: &Meanings) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || meanings.categories.iter();
    in_memory(vec![
        ("category", text(all().map(|(id, _)| Some(id.as_str())))),
        ("severity", whole(all().map(|(_, meaning)| meaning.severity))),
        ("theme", text(all().map(|(_, meaning)| meaning.theme.as_deref()))),
        ("since", text(all().map(|(_, meaning)| meaning.since.as_deref()))),
    ])
}

fn lexicon_since(meanings: &Meanings) -> Result<Arc<dyn TableProvider>, QueryError> {
    let all = || meanings.entries_since.iter();
    in_memory(vec![
        ("concern_id", text(all().map(|(id, _)| Some(id.as_str())))),
        ("since", text(all().map(|(_, year)| Some(year.as_str())))),
    ])
}

/// Slices as a table: school, source, event_date.
pub(crate) fn slices<'a>(
    slices: impl Iterator<Item = &'a weir_lake::lake::Slice> + Clone,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![
        ("school_id", text(slices.clone().map(|s| Some(s.school_id.as_str())))),
        ("source_id", text(slices.clone().map(|s| Some(s.source_id.as_str())))),
        ("event_date", Arc::new(Date32Array::from_iter_values(slices.map(|s| s.date)))),
    ])
}

/// Schools and Mondays as a table.
pub(crate) fn school_weeks<'a>(weeks: impl Iterator<Item = (&'a str, i32)> + Clone) -> Result<Arc<dyn TableProvider>, QueryError> {
    in_memory(vec![
        ("school_id", text(weeks.clone().map(|(school, _)| Some(school)))),
        ("week", Arc::new(Date32Array::from_iter_values(weeks.map(|(_, monday)| monday)))),
    ])
}

/// Whether a data type is text however it is held.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}
