//! An answer as a workbook of one sheet: numbers, dates and truth values as such, and no text that a spreadsheet would run.

use anyhow::bail;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use weir_pack::FORMULA_SIGNS;
use weir_query::engine::Answer;

/// Rows of a sheet below its header.
const MOST_ROWS: usize = 1_048_575;

/// Columns of a sheet.
const MOST_COLUMNS: usize = 16_384;

/// Letters of a cell.
const MOST_LETTERS: usize = 32_767;

/// The largest whole number of which a sheet shows every digit: it keeps fifteen.
const LARGEST: i128 = 999_999_999_999_999;

/// 1 January 1970 as a sheet counts days.
const EPOCH: f64 = 25_569.0;

const DAY_MICROS: f64 = 86_400e6;

/// What a cell holds.
#[derive(Debug, PartialEq)]
enum Cell {
    Empty,
    Number(f64),
    Truth(bool),
    Date(f64),
    Instant(f64),
    Text(String),
}

/// How cells look.
struct Looks {
    header: Format,
    date: Format,
    instant: Format,
    /// A cell so marked stays text when someone edits it.
    text_only: Format,
}

/// The workbook's bytes: the answer, and a sheet of notes where there are any. Instants are in UTC.
pub fn workbook(answer: &Answer, notes: &[(String, String)]) -> anyhow::Result<Vec<u8>> {
    let (rows, fields) = (answer.rows(), answer.schema.fields());
    if rows > MOST_ROWS || fields.len() > MOST_COLUMNS {
        bail!(
            "a sheet holds {MOST_ROWS} rows of {MOST_COLUMNS} columns, the answer has {rows} of {}; use --output csv or parquet, or ask for less",
            fields.len()
        );
    }
    let looks = Looks {
        header: Format::new().set_bold(),
        date: Format::new().set_num_format("yyyy-mm-dd"),
        instant: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        text_only: Format::new().set_quote_prefix(),
    };
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("answer")?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, field) in fields.iter().enumerate() {
        sheet.write_string_with_format(0, column as u16, field.name(), &looks.header)?;
        let width = match field.data_type() {
            DataType::Timestamp(_, _) => 19,
            DataType::Date32 => 11,
            _ => field.name().chars().count().clamp(10, 40),
        };
        sheet.set_column_width(column as u16, width as f64)?;
    }
    let mut row = 1;
    for batch in &answer.batches {
        for (at, array) in batch.columns().iter().enumerate() {
            let options = FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.6fZ"));
            let text = ArrayFormatter::try_new(array, &options)?;
            let nulls = array.logical_nulls();
            for within in 0..batch.num_rows() {
                let empty = nulls.as_ref().is_some_and(|nulls| nulls.is_null(within));
                let cell = if empty { Cell::Empty } else { cell(array, within, &text) };
                let place = (row + within as u32, at as u16);
                if let Cell::Text(text) = &cell
                    && text.encode_utf16().count() > MOST_LETTERS
                {
                    let name = fields.get(at).map_or("", |field| field.name());
                    bail!(
                        "row {} of column {name:?} has more than the {MOST_LETTERS} letters of a cell; use --output csv",
                        place.0
                    );
                }
                write(sheet, place, cell, &looks)?;
            }
        }
        row += batch.num_rows() as u32;
    }
    if !notes.is_empty() {
        let sheet = workbook.add_worksheet().set_name("about")?;
        sheet.set_column_width(0, 24.0)?.set_column_width(1, 100.0)?;
        let wrapped = Format::new().set_text_wrap();
        for (row, (what, text)) in (0..).zip(notes) {
            sheet.write_string_with_format(row, 0, what, &looks.header)?;
            let is_formula = text.starts_with(FORMULA_SIGNS);
            let look = if is_formula { &looks.text_only } else { &wrapped };
            sheet.write_string_with_format(row, 1, text, look)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

fn write(sheet: &mut Worksheet, (row, column): (u32, u16), cell: Cell, looks: &Looks) -> anyhow::Result<()> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Number(number) => sheet.write_number(row, column, number)?,
        Cell::Truth(truth) => sheet.write_boolean(row, column, truth)?,
        Cell::Date(days) => sheet.write_number_with_format(row, column, days, &looks.date)?,
        Cell::Instant(days) => sheet.write_number_with_format(row, column, days, &looks.instant)?,
        // Logs hold what anyone typed. A text cell is never run as it stands; marked, it is not when it is edited either.
        Cell::Text(text) if text.starts_with(FORMULA_SIGNS) => {
            sheet.write_string_with_format(row, column, text, &looks.text_only)?
        }
        Cell::Text(text) => sheet.write_string(row, column, text)?,
    };
    Ok(())
}

/// One value; `text` says it in words where a sheet has no kind for it.
fn cell(array: &dyn Array, row: usize, text: &ArrayFormatter<'_>) -> Cell {
    let as_text = || Cell::Text(text.value(row).to_string());
    // More digits than a sheet keeps stay text: a number that is quietly another one is worse.
    let whole = |number: i128| if number.abs() <= LARGEST { Cell::Number(number as f64) } else { as_text() };
    // A sheet knows neither infinity nor what is no number.
    let real = |number: f64| if number.is_finite() { Cell::Number(number) } else { as_text() };
    // A sheet's days begin in 1900, with one too many in that February.
    let day = |days: f64, kind: fn(f64) -> Cell| if days >= 61.0 { kind(days) } else { as_text() };
    let instant = |micros: f64| day(EPOCH + micros / DAY_MICROS, Cell::Instant);
    match array.data_type() {
        DataType::Boolean => Cell::Truth(array.as_boolean().value(row)),
        DataType::Int8 => whole(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => whole(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => whole(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => whole(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => whole(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => whole(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => whole(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => whole(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float32 => real(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => real(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, _) => {
            let text = text.value(row).to_string();
            let digits = text.chars().filter(char::is_ascii_digit).count();
            text.parse().ok().filter(|_| digits <= 15).map_or(Cell::Text(text), Cell::Number)
        }
        DataType::Date32 => day(EPOCH + f64::from(array.as_primitive::<Date32Type>().value(row)), Cell::Date),
        DataType::Timestamp(TimeUnit::Second, _) => instant(array.as_primitive::<TimestampSecondType>().value(row) as f64 * 1e6),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            instant(array.as_primitive::<TimestampMillisecondType>().value(row) as f64 * 1e3)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            instant(array.as_primitive::<TimestampMicrosecondType>().value(row) as f64)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            instant(array.as_primitive::<TimestampNanosecondType>().value(row) as f64 / 1e3)
        }
        _ => as_text(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn cells(array: ArrayRef) -> Vec<Cell> {
        let options = FormatOptions::new();
        let text = ArrayFormatter::try_new(&array, &options).unwrap();
        (0..array.len()).map(|row| cell(&array, row, &text)).collect()
    }

    #[test]
    fn values_keep_their_kind() {
        // 2026-11-05 is day 20,762 after 1970 and day 46,331 of a sheet.
        assert_eq!(cells(Arc::new(Date32Array::from(vec![20_762]))), [Cell::Date(46_331.0)]);
        let noon = TimestampMicrosecondArray::from(vec![20_762 * 86_400_000_000 + 43_200_000_000]).with_timezone("UTC");
        assert_eq!(cells(Arc::new(noon)), [Cell::Instant(46_331.5)]);
        assert_eq!(
            cells(Arc::new(Int64Array::from(vec![-7, 999_999_999_999_999, 1_000_000_000_000_001]))),
            [Cell::Number(-7.0), Cell::Number(999_999_999_999_999.0), Cell::Text("1000000000000001".into())]
        );
        assert_eq!(cells(Arc::new(Float64Array::from(vec![0.25, f64::NAN]))), [Cell::Number(0.25), Cell::Text("NaN".into())]);
        assert_eq!(cells(Arc::new(Date32Array::from(vec![-30_000]))), [Cell::Text("1887-11-12".into())]);
    }

    #[test]
    fn what_a_cell_cannot_hold_is_refused_and_not_cut() {
        let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(MOST_LETTERS + 1)]));
        let batch = RecordBatch::try_from_iter([("path", long)]).unwrap();
        let error = workbook(&Answer { schema: batch.schema(), batches: vec![batch] }, &[]).unwrap_err().to_string();
        assert!(error.contains("\"path\"") && error.contains("csv"), "{error}");
    }
}
