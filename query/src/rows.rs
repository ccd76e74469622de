//! Values out of answer batches, by column name: absent columns and nulls read as none, a wrong type is an error.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use arrow::util::display::FormatOptions;
use jiff::civil::Date;
use weir_lake::calendar::date_of_epoch_day;

use crate::error::QueryError;

/// A value that does not fit its column is an error. Arrow's default makes it null, and a null is left out of a figure without a word.
pub(crate) const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

/// One row of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    batch: &'a RecordBatch,
    at: usize,
}

/// All rows of an answer.
pub(crate) fn rows(batches: &[RecordBatch]) -> impl Iterator<Item = Row<'_>> {
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| Row { batch, at }))
}

impl Row<'_> {
    /// The one value as a single-row array of a type.
    fn value(self, name: &str, wanted: &DataType) -> Result<Option<ArrayRef>, QueryError> {
        let Some(column) = self.batch.column_by_name(name) else { return Ok(None) };
        if column.is_null(self.at) {
            return Ok(None);
        }
        let one = column.slice(self.at, 1);
        let one = cast_with_options(&one, wanted, &STRICT)
            .map_err(|error| QueryError::Shape { what: format!("column {name}"), expected: format!("{wanted} ({error})") })?;
        Ok((!one.is_null(0)).then_some(one))
    }

    /// Text.
    pub(crate) fn text(self, name: &str) -> Result<Option<String>, QueryError> {
        Ok(self.value(name, &DataType::Utf8)?.map(|value| value.as_string::<i32>().value(0).to_string()))
    }

    /// A number.
    pub(crate) fn number(self, name: &str) -> Result<Option<f64>, QueryError> {
        Ok(self.value(name, &DataType::Float64)?.map(|value| value.as_primitive::<Float64Type>().value(0)))
    }

    /// A whole number.
    pub(crate) fn whole(self, name: &str) -> Result<Option<i64>, QueryError> {
        Ok(self.value(name, &DataType::Int64)?.map(|value| value.as_primitive::<Int64Type>().value(0)))
    }

    /// A whole number that is never negative; absent is 0.
    pub(crate) fn count(self, name: &str) -> Result<u64, QueryError> {
        Ok(self.whole(name)?.unwrap_or(0).max(0).unsigned_abs())
    }

    /// A day.
    pub(crate) fn day(self, name: &str) -> Result<Option<Date>, QueryError> {
        Ok(self.value(name, &DataType::Date32)?.map(|value| date_of_epoch_day(value.as_primitive::<Date32Type>().value(0))))
    }

    /// A day that must be there.
    pub(crate) fn required_day(self, name: &str) -> Result<Date, QueryError> {
        self.day(name)?.ok_or_else(|| missing(name))
    }

    /// Text that must be there.
    pub(crate) fn required_text(self, name: &str) -> Result<String, QueryError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }
}

/// A column of a type; none where the answer has no such column.
fn column(batch: &RecordBatch, name: &str, wanted: &DataType) -> Result<Option<ArrayRef>, QueryError> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    cast_with_options(column, wanted, &STRICT)
        .map(Some)
        .map_err(|error| QueryError::Shape { what: format!("column {name}"), expected: format!("{wanted} ({error})") })
}

/// A whole column of numbers.
pub(crate) fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<f64>>, QueryError> {
    let found = column(batch, name, &DataType::Float64)?;
    Ok(found.map_or_else(|| vec![None; batch.num_rows()], |found| found.as_primitive::<Float64Type>().iter().collect()))
}

/// A whole column of whole numbers; a day is its number since 1970.
pub(crate) fn wholes(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, QueryError> {
    let found = column(batch, name, &DataType::Int64)?;
    Ok(found.map_or_else(|| vec![None; batch.num_rows()], |found| found.as_primitive::<Int64Type>().iter().collect()))
}

/// A whole column of texts, the empty one for none.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray, QueryError> {
    let none = || StringArray::from_iter_values(std::iter::repeat_n("", batch.num_rows()));
    Ok(column(batch, name, &DataType::Utf8)?.map_or_else(none, |found| found.as_string::<i32>().clone()))
}

fn missing(name: &str) -> QueryError {
    QueryError::Shape { what: format!("column {name}"), expected: "a value".into() }
}
