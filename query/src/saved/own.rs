//! The catalogue: shipped queries, and a school's own from its folder, each planned before it is offered. A bad one is named with file,
//! line and reason; the others still work.

use std::io;
use std::path::{Path, PathBuf};

use datafusion::common::ScalarValue;
use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::resolve::resolve_table_references;
use jiff::civil::date;
use serde::Serialize;

use super::header::{self, Wrong};
use super::parameter::{Context, HalfTerm, Kind, Parameter};
use super::{Role, SavedQuery};
use crate::engine::Engine;
use crate::error::QueryError;
use crate::scope::Scope;

/// Longest file taken.
const MOST_BYTES: u64 = 64 * 1024;

/// A file that is no good query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The file.
    pub file: PathBuf,
    /// The line of what is wrong.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} line {}: {}", self.file.display(), self.line, self.reason)
    }
}

/// Every query there is.
#[derive(Debug, Clone, Default)]
pub struct SavedQueries {
    /// Those that can be run, shipped ones first, by id.
    pub good: Vec<SavedQuery>,
    /// Files of the school's folder that can't.
    pub refused: Vec<Refused>,
}

impl SavedQueries {
    /// The shipped queries and those of a folder, which need not be there.
    pub async fn of(engine: &Engine, folder: Option<&Path>) -> Result<Self, QueryError> {
        let mut queries = Self { good: SavedQuery::shipped()?.to_vec(), refused: Vec::new() };
        let session = engine.signed_in(&Scope::All);
        for file in folder.map(files).transpose().map_err(unreadable)?.unwrap_or_default() {
            match own(&session, &file, &queries.good).await {
                Ok(query) => queries.good.push(query),
                Err(Wrong { line, reason }) => queries.refused.push(Refused { file, line, reason }),
            }
        }
        Ok(queries)
    }

    /// The query of an id.
    pub fn find(&self, id: &str) -> Result<&SavedQuery, QueryError> {
        // People and shells like hyphens.
        let id = &id.replace('-', "_");
        if let Some(query) = self.good.iter().find(|query| &query.id == id) {
            return Ok(query);
        }
        let stem = |refused: &&Refused| refused.file.file_stem().is_some_and(|stem| stem == id.as_str());
        if let Some(refused) = self.refused.iter().find(stem) {
            return Err(QueryError::Refused(refused.to_string()));
        }
        Err(QueryError::UnknownQuery(id.clone()))
    }
}

fn unreadable(error: io::Error) -> QueryError {
    QueryError::BadHeader { file: "queries".into(), problem: format!("the folder can't be read: {error}") }
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    Ok(files)
}

async fn own(session: &Engine, file: &Path, known: &[SavedQuery]) -> Result<SavedQuery, Wrong> {
    let first = |reason: String| Wrong { line: 1, reason };
    let length = std::fs::metadata(file).map_err(|error| first(format!("the file can't be read: {error}")))?.len();
    if length > MOST_BYTES {
        return Err(first(format!("{length} bytes; a query's file has {MOST_BYTES} at most")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| first(format!("the file can't be read as UTF-8 text: {error}")))?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let query = header::parse(stem, &text)?;
    if known.iter().any(|known| known.id == query.id) {
        return Err(first(format!("a query {:?} is shipped with Weir; give yours another name", query.id)));
    }
    check(session, &query).await?;
    Ok(SavedQuery { file: Some(file.to_path_buf()), ..query })
}

/// Line of the SQL's first word.
fn first_line(sql: &str) -> usize {
    sql.lines().position(|line| !line.starts_with("--") && !line.trim().is_empty()).map_or(1, |at| at + 1)
}

/// Refuses a query whose tables its readers may not see: governors read what is published and nothing else.
pub(super) fn governed(query: &SavedQuery) -> Result<(), Wrong> {
    if !query.audience.contains(&Role::Governor) {
        return Ok(());
    }
    let line = first_line(&query.sql);
    let wrong = |reason: String| Wrong { line, reason };
    let statements = DFParserBuilder::new(query.sql.as_str())
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| wrong(format!("this is not SQL that can be read: {}", error.strip_backtrace())))?;
    for statement in &statements {
        let (tables, _) = resolve_table_references(statement, true).map_err(|error| wrong(error.strip_backtrace()))?;
        if let Some(table) = tables.iter().find(|table| !table.table().starts_with("published_") || table.schema().is_some()) {
            let named = table.to_string();
            let line =
                query.sql.lines().position(|text| !text.starts_with("--") && text.contains(&named)).map_or(line, |at| at + 1);
            return Err(Wrong {
                line,
                reason: format!(
                    "a governor's query names {named}; it may name only tables that begin with published_, where small numbers are hidden"
                ),
            });
        }
    }
    Ok(())
}

/// A value of a parameter's type, so that a query can be planned before anyone gives one.
fn samples(parameter: &Parameter) -> Vec<(String, ScalarValue)> {
    let day = || ScalarValue::Date32(Some(0));
    let text = || ScalarValue::from("x");
    let kinds: Vec<ScalarValue> = match parameter.kind {
        Kind::Date => vec![day()],
        Kind::Week => vec![day(), day()],
        Kind::Year => vec![text(), text()],
        Kind::HalfTerm => vec![text(), text(), day(), day()],
        Kind::Number => vec![ScalarValue::Int64(Some(1))],
        Kind::Time => vec![ScalarValue::from("00:00")],
        Kind::Theme | Kind::Category | Kind::UserKey | Kind::Text | Kind::Choice(_) => vec![text()],
    };
    parameter.bound_names().into_iter().zip(kinds).collect()
}

/// Plans a query and takes its defaults, without reading a row.
pub(super) async fn check(session: &Engine, query: &SavedQuery) -> Result<(), Wrong> {
    let line = first_line(&query.sql);
    let half_term = |number: i8, label: &str| HalfTerm {
        year: "2025-26".into(),
        label: label.into(),
        start: date(2025, number, 1),
        end: date(2025, number, 28),
    };
    let context = Context {
        today: date(2025, 11, 5),
        half_terms: vec![half_term(9, "Autumn 1"), half_term(11, "Autumn 2")],
        categories: Vec::new(),
    };
    for parameter in query.parameters.iter().filter(|parameter| parameter.default.is_some()) {
        if let Err(reason) = parameter.value(None, &context) {
            let at = query.sql.lines().position(|line| line.starts_with("-- parameter:") && line.contains(&parameter.name));
            return Err(Wrong { line: at.map_or(1, |at| at + 1), reason: format!("the default is not good: {reason}") });
        }
    }
    let named = query.placeholders();
    let mut values = vec![("school".to_string(), ScalarValue::from("x"))];
    values.extend(query.parameters.iter().flat_map(samples));
    values.retain(|(name, _)| named.contains(&name.as_str()));
    match session.check(&query.sql, &values, query.needs_reason).await {
        Ok(columns) => charted(query, &columns),
        Err((at, error)) => Err(Wrong { line: at.unwrap_or(line), reason: error.to_string() }),
    }
}

/// Whether the columns that the chart names are there.
fn charted(query: &SavedQuery, columns: &[String]) -> Result<(), Wrong> {
    use super::Chart;
    let needed: Vec<&String> = match &query.chart {
        Chart::None => Vec::new(),
        Chart::Bars { label, value } => vec![label, value],
        Chart::Line { x, value, series, before } => [x, value].into_iter().chain(series).chain(before).collect(),
        Chart::Timeline { time } => vec![time],
        Chart::Heat { row, column, value } => vec![row, column, value],
    };
    let line = query.sql.lines().position(|line| line.starts_with("-- chart:")).map_or(1, |at| at + 1);
    match needed.into_iter().find(|name| !columns.contains(name)) {
        None => Ok(()),
        Some(name) => {
            Err(Wrong { line, reason: format!("chart: the answer has no column {name:?}; it has {}", columns.join(", ")) })
        }
    }
}
