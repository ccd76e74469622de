//! Answers as text: aligned tables for people, JSON, JSON lines and CSV for programs.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Number, Value};

use crate::engine::Answer;
use crate::error::QueryError;

fn formatters<'a>(batch: &'a RecordBatch, null: &'a str) -> Result<Vec<ArrayFormatter<'a>>, QueryError> {
    // Instants with a `Z`, dates as 2026-03-13: what every other program reads.
    let options =
        FormatOptions::new().with_null(null).with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.6fZ")).with_display_error(true);
    batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).map_err(|error| QueryError::Engine(error.to_string())))
        .collect()
}

/// One value as JSON: numbers and truth values as such, lists as lists, everything else as text.
fn json_value(column: &dyn Array, row: usize, as_text: &ArrayFormatter<'_>) -> Result<Value, QueryError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        // NaN and infinity have no JSON number.
        DataType::Float64 => Number::from_f64(column.as_primitive::<Float64Type>().value(row)).map_or(Value::Null, Value::Number),
        DataType::List(_) => {
            let inner = column.as_list::<i32>().value(row);
            let options = FormatOptions::new();
            let inner_text = ArrayFormatter::try_new(&inner, &options).map_err(|error| QueryError::Engine(error.to_string()))?;
            Value::Array((0..inner.len()).map(|at| json_value(&inner, at, &inner_text)).collect::<Result<_, _>>()?)
        }
        _ => Value::String(as_text.value(row).to_string()),
    })
}

/// One JSON object a row, in the order of the columns.
pub fn rows_as_json(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, QueryError> {
    let formatters = formatters(batch, "")?;
    let schema = batch.schema();
    (0..batch.num_rows())
        .map(|row| {
            let values = schema.fields().iter().zip(batch.columns()).zip(&formatters);
            values.map(|((field, column), text)| Ok((field.name().clone(), json_value(column, row, text)?))).collect()
        })
        .collect()
}

fn json_line(row: &Map<String, Value>, schema: &arrow::datatypes::Schema) -> Result<String, QueryError> {
    // A JSON map may be sorted by key; people and programs want the columns in the order asked for.
    let mut line = String::from("{");
    for (at, field) in schema.fields().iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        let name = Value::String(field.name().clone());
        line.push_str(&format!("{name}:{}", row.get(field.name()).unwrap_or(&Value::Null)));
    }
    line.push('}');
    Ok(line)
}

/// JSON lines: one object a row, each ended by a newline.
pub fn to_ndjson(answer: &Answer) -> Result<String, QueryError> {
    let mut text = String::new();
    for batch in &answer.batches {
        text.push_str(&batch_to_ndjson(batch)?);
    }
    Ok(text)
}

/// JSON lines of one batch, for streaming.
pub fn batch_to_ndjson(batch: &RecordBatch) -> Result<String, QueryError> {
    let mut text = String::new();
    for row in rows_as_json(batch)? {
        text.push_str(&json_line(&row, &batch.schema())?);
        text.push('\n');
    }
    Ok(text)
}

/// One JSON array of objects, ended by a newline.
pub fn to_json(answer: &Answer) -> Result<String, QueryError> {
    let lines = to_ndjson(answer)?;
    let rows: Vec<&str> = lines.lines().collect();
    Ok(if rows.is_empty() { "[]\n".into() } else { format!("[\n{}\n]\n", rows.join(",\n")) })
}

fn csv_field(value: &str) -> String {
    // A leading =, +, - or @ would be a formula to a spreadsheet; logs hold what anyone typed.
    let is_number = value.parse::<f64>().is_ok();
    let guarded = if !is_number && value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{value}")
    } else {
        value.to_string()
    };
    if guarded.contains([',', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// One line of CSV, as [`to_csv`] writes them.
pub fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.map(csv_field).collect::<Vec<_>>().join(",") + "\r\n"
}

/// CSV with a header, RFC 4180 quoting, no value as an empty field; a value that a spreadsheet would take for a formula gets a `'` before it.
pub fn to_csv(answer: &Answer) -> Result<String, QueryError> {
    let mut text = csv_line(answer.schema.fields().iter().map(|field| field.name().as_str()));
    for batch in &answer.batches {
        let formatters = formatters(batch, "")?;
        for row in 0..batch.num_rows() {
            let values: Vec<String> = formatters.iter().map(|column| column.value(row).to_string()).collect();
            text.push_str(&csv_line(values.iter().map(String::as_str)));
        }
    }
    Ok(text)
}

/// A table for people: columns aligned, numbers to the right, no value as `-`, control characters made visible.
pub fn to_table(answer: &Answer) -> Result<String, QueryError> {
    let fields = answer.schema.fields();
    let header: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let right: Vec<bool> = fields.iter().map(|field| field.data_type().is_numeric()).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for batch in &answer.batches {
        let formatters = formatters(batch, "-")?;
        for row in 0..batch.num_rows() {
            rows.push(formatters.iter().map(|column| printable(&column.value(row).to_string())).collect());
        }
    }
    let widths: Vec<usize> = (0..header.len())
        .map(|at| rows.iter().map(|row| &row[at]).chain([&header[at]]).map(|text| text.chars().count()).max().unwrap_or(0))
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                let fill = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
                if right[at] { format!("{fill}{cell}") } else { format!("{cell}{fill}") }
            })
            .collect();
        padded.join("  ").trim_end().to_string() + "\n"
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = line(&header) + &line(&rule);
    for row in &rows {
        text.push_str(&line(row));
    }
    let count = rows.len();
    text.push_str(&format!("({count} {})\n", if count == 1 { "row" } else { "rows" }));
    Ok(text)
}

/// Logs hold what strangers sent: an escape sequence must not reach the terminal.
pub fn printable(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn answer(columns: Vec<(&str, ArrayRef)>) -> Answer {
        let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, array)| array).collect()).unwrap();
        Answer { schema, batches: vec![batch] }
    }

    fn mixed() -> Answer {
        answer(vec![
            ("who", Arc::new(StringArray::from(vec![Some("y9, fern"), Some("=1+1"), None]))),
            ("n", Arc::new(Int64Array::from(vec![Some(123), Some(-5), None]))),
            ("share", Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::NAN), None]))),
        ])
    }

    #[test]
    fn json_lines_keep_columns_in_order_and_numbers_as_numbers() {
        let text = to_ndjson(&answer(vec![("n", Arc::new(Int64Array::from(vec![123])) as ArrayRef)])).unwrap();
        assert_eq!(text, "{\"n\":123}\n");
        assert_eq!(
            to_ndjson(&mixed()).unwrap(),
            "{\"who\":\"y9, fern\",\"n\":123,\"share\":0.5}\n{\"who\":\"=1+1\",\"n\":-5,\"share\":null}\n{\"who\":null,\"n\":null,\"share\":null}\n"
        );
        let parsed: Value = serde_json::from_str(&to_json(&mixed()).unwrap()).unwrap();
        assert_eq!(parsed.as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn csv_quotes_and_disarms_formulas() {
        assert_eq!(to_csv(&mixed()).unwrap(), "who,n,share\r\n\"y9, fern\",123,0.5\r\n'=1+1,-5,NaN\r\n,,\r\n");
    }

    #[test]
    fn tables_align_and_show_control_characters() {
        let table = to_table(&answer(vec![
            ("term", Arc::new(StringArray::from(vec!["fern", "a\u{1b}[2J"])) as ArrayRef),
            ("n", Arc::new(Int64Array::from(vec![7, 1234])) as ArrayRef),
        ]))
        .unwrap();
        let wanted = ["term           n", "----------  ----", "fern           7", "a\\u{1b}[2J  1234", "(2 rows)", ""];
        assert_eq!(table, wanted.join("\n"));
    }
}
