//! What only raw rows can give, as rows of `figures`: one SQL file each, whose further columns are the dimensions of its cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast_with_options;
use arrow::datatypes::DataType;

use crate::embedded;
use crate::error::QueryError;
use crate::rows::STRICT;

/// Columns that every file gives; all others are dimensions.
const OWN: [&str; 5] = ["event_date", "school_id", "source_id", "numerator", "denominator"];

/// One file of `query/figures`.
pub(crate) struct Kept {
    /// Indicator id, the file's stem.
    pub id: &'static str,
    /// Version of its definition.
    version: i32,
    /// Its SQL.
    pub text: &'static str,
}

/// Every file, by id.
pub(crate) fn all() -> Result<Vec<Kept>, QueryError> {
    embedded::FIGURES
        .iter()
        .map(|(id, text)| {
            let bad = |problem: &str| QueryError::BadHeader { file: format!("figures/{id}.sql"), problem: problem.into() };
            let field = |key: &str| text.lines().find_map(|line| line.strip_prefix("-- ")?.strip_prefix(key)?.strip_prefix(": "));
            if field("id") != Some(id) {
                return Err(bad("the header's id is not the file's name"));
            }
            let version = field("version").and_then(|version| version.trim().parse().ok());
            Ok(Kept { id, version: version.ok_or_else(|| bad("the header lacks `-- version: N`"))?, text })
        })
        .collect()
}

impl Kept {
    /// An answer of its SQL as rows of `figures`.
    pub(crate) fn rows(&self, answer: &RecordBatch, lake_version: u64) -> Result<RecordBatch, QueryError> {
        let shape = |problem: String| QueryError::Shape { what: format!("figures/{}.sql", self.id), expected: problem };
        let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
        for name in OWN {
            let column = answer.column_by_name(name).ok_or_else(|| shape(format!("column {name}")))?;
            columns.push((name, Arc::clone(column)));
        }
        // By name, so that equal cells have equal text whatever the order in the SQL.
        let mut dimensions: BTreeMap<&str, ArrayRef> = BTreeMap::new();
        let schema = answer.schema_ref();
        for (field, column) in
            schema.fields().iter().zip(answer.columns()).filter(|(field, _)| !OWN.contains(&field.name().as_str()))
        {
            let text = cast_with_options(column, &DataType::Utf8, &STRICT).map_err(|error| shape(error.to_string()))?;
            dimensions.insert(field.name(), text);
        }
        let objects = (0..answer.num_rows()).map(|row| object(dimensions.iter().map(|(name, column)| (*name, column)), row));
        let rows = answer.num_rows();
        columns.push(("dimensions", Arc::new(StringArray::from_iter_values(objects))));
        columns.push(("indicator", Arc::new(StringArray::from(vec![self.id; rows]))));
        columns.push(("version", Arc::new(Int32Array::from(vec![self.version; rows]))));
        let lake_version = i64::try_from(lake_version).map_err(|error| shape(error.to_string()))?;
        columns.push(("lake_version", Arc::new(Int64Array::from(vec![lake_version; rows]))));
        RecordBatch::try_from_iter(columns).map_err(|error| shape(error.to_string()))
    }
}

/// The dimensions of one row as a JSON object; what has no value is left out.
fn object<'a>(dimensions: impl Iterator<Item = (&'a str, &'a ArrayRef)>, row: usize) -> String {
    let mut text = String::from("{");
    for (name, column) in dimensions.filter(|(_, column)| !column.is_null(row)) {
        if text.len() > 1 {
            text.push(',');
        }
        quote(name, &mut text);
        text.push(':');
        quote(column.as_string::<i32>().value(row), &mut text);
    }
    text.push('}');
    text
}

/// JSON text in which a quotation mark or backslash stands as `\uXXXX`: so the next quotation mark always ends the value, and SQL can
/// cut it out (view `figure_cells`). A profile's name may hold anything.
fn quote(value: &str, text: &mut String) {
    text.push('"');
    for letter in value.chars() {
        if letter.is_control() || matches!(letter, '"' | '\\') {
            text.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            text.push(letter);
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_json_that_sql_can_cut() {
        let text = |value: Option<&str>| Arc::new(StringArray::from(vec![value])) as ArrayRef;
        let columns =
            [("domain", text(Some("fern.example"))), ("kind", text(None)), ("profile", text(Some("6th \"form\" \\ \t")))];
        let object = object(columns.iter().map(|(name, column)| (*name, column)), 0);
        assert_eq!(object, r#"{"domain":"fern.example","profile":"6th \u0022form\u0022 \u005c \u0009"}"#);
        let parsed: BTreeMap<String, String> = serde_json::from_str(&object).unwrap();
        assert_eq!(parsed["profile"], "6th \"form\" \\ \t");
        assert_eq!(
            object.split("\"profile\":\"").nth(1).unwrap().split('"').next().unwrap(),
            r"6th \u0022form\u0022 \u005c \u0009"
        );
    }

    #[test]
    fn every_file_has_its_header() {
        let ids: Vec<&str> = all().unwrap().iter().map(|kept| kept.id).collect();
        assert_eq!(
            ids,
            ["ai_first_seen", "alert_delay", "evidence_fields", "overrides", "safe_search_share", "search_visible_share"]
        );
    }
}
