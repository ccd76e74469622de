//! The published cells as their readers see them: the newest revision of each.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use jiff::civil::Date;

use crate::engine::Engine;
use crate::error::QueryError;
use crate::publish::block::Mark;
use crate::rows::rows;

/// Which cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub audience: String,
    /// `school`, `governing_body`, `trust`, `authority` or `estate`.
    pub grain: String,
    /// A school, or `*` for a group.
    pub school_id: String,
    pub group: Option<String>,
    pub year: String,
    /// Number of the half-term; 0 for the year.
    pub period: u32,
    pub indicator: String,
    pub dimension: Option<String>,
}

/// A published cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PublishedCell {
    pub key: Key,
    /// The period's last day.
    pub end: Date,
    pub label: String,
    pub version: u32,
    pub mark: Mark,
    pub value: Option<f64>,
    pub numerator: Option<f64>,
    pub denominator: Option<f64>,
    pub threshold: u32,
    pub revision: u32,
    /// What this revision added to the value before it, where both are shown.
    pub change: Option<f64>,
    /// A digest of what it was computed from.
    pub inputs: String,
    pub lake_version: u64,
}

const NEWEST_LAST: &str = "ORDER BY p.revision, p.lake_version";

/// The newest revision of every cell; of one school where `school` is given.
pub(crate) async fn newest(engine: &Engine, school: Option<&str>) -> Result<BTreeMap<Key, PublishedCell>, QueryError> {
    let (where_clause, parameters) = match school {
        Some(school) => ("WHERE p.school_id = $school", vec![("school", ScalarValue::from(school))]),
        None => ("", Vec::new()),
    };
    read(engine, where_clause, &parameters).await
}

/// The newest revision of every cell of a year for one reader.
pub(crate) async fn newest_of_year(engine: &Engine, audience: &str, year: &str) -> Result<Vec<PublishedCell>, QueryError> {
    let parameters = [("audience", ScalarValue::from(audience)), ("year", ScalarValue::from(year))];
    let cells = read(engine, "WHERE p.audience = $audience AND p.academic_year = $year", &parameters).await?;
    Ok(cells.into_values().collect())
}

async fn read(
    engine: &Engine,
    where_clause: &str,
    parameters: &[(&str, ScalarValue)],
) -> Result<BTreeMap<Key, PublishedCell>, QueryError> {
    let text = format!("SELECT p.* FROM published_figures p {where_clause} {NEWEST_LAST}");
    let found = engine.rows(&text, parameters).await?;
    let mut cells = BTreeMap::new();
    for row in rows(&found) {
        let key = Key {
            audience: row.required_text("audience")?,
            grain: row.required_text("grain")?,
            school_id: row.required_text("school_id")?,
            group: row.text("group_name")?,
            year: row.required_text("academic_year")?,
            period: row.count("period")? as u32,
            indicator: row.required_text("indicator")?,
            dimension: row.text("dimension")?,
        };
        let mark = row.required_text("mark")?;
        let mark = Mark::from_name(&mark)
            .ok_or_else(|| QueryError::Shape { what: format!("mark {mark:?}"), expected: "shown, c or x".into() })?;
        let cell = PublishedCell {
            key: key.clone(),
            end: row.required_day("event_date")?,
            label: row.required_text("label")?,
            version: row.count("version")? as u32,
            mark,
            value: row.number("value")?,
            numerator: row.number("numerator")?,
            denominator: row.number("denominator")?,
            threshold: row.count("threshold")? as u32,
            revision: row.count("revision")? as u32,
            change: row.number("change")?,
            inputs: row.required_text("inputs")?,
            lake_version: row.count("lake_version")?,
        };
        cells.insert(key, cell);
    }
    Ok(cells)
}
