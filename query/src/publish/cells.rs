//! Published cells as rows of `published_figures`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use weir_lake::calendar::epoch_day;

use crate::error::QueryError;
use crate::published::PublishedCell;

/// The batch of some cells.
pub(crate) fn batch_of(cells: &[PublishedCell]) -> Result<RecordBatch, QueryError> {
    fn texts<'a>(cells: &'a [PublishedCell], of: impl Fn(&'a PublishedCell) -> Option<&'a str>) -> ArrayRef {
        Arc::new(cells.iter().map(of).collect::<StringArray>())
    }
    fn numbers(cells: &[PublishedCell], of: impl Fn(&PublishedCell) -> Option<f64>) -> ArrayRef {
        Arc::new(cells.iter().map(of).collect::<Float64Array>())
    }
    fn wholes(cells: &[PublishedCell], of: impl Fn(&PublishedCell) -> u32) -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(cells.iter().map(|cell| i32::try_from(of(cell)).unwrap_or(i32::MAX))))
    }
    let days: ArrayRef = Arc::new(Date32Array::from_iter_values(cells.iter().map(|cell| epoch_day(cell.end))));
    let versions: ArrayRef =
        Arc::new(Int64Array::from_iter_values(cells.iter().map(|cell| i64::try_from(cell.lake_version).unwrap_or(i64::MAX))));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("event_date", days),
        ("school_id", texts(cells, |cell| Some(&cell.key.school_id))),
        ("audience", texts(cells, |cell| Some(&cell.key.audience))),
        ("grain", texts(cells, |cell| Some(&cell.key.grain))),
        ("group_name", texts(cells, |cell| cell.key.group.as_deref())),
        ("academic_year", texts(cells, |cell| Some(&cell.key.year))),
        ("period", wholes(cells, |cell| cell.key.period)),
        ("label", texts(cells, |cell| Some(&cell.label))),
        ("indicator", texts(cells, |cell| Some(&cell.key.indicator))),
        ("version", wholes(cells, |cell| cell.version)),
        ("dimension", texts(cells, |cell| cell.key.dimension.as_deref())),
        ("mark", texts(cells, |cell| Some(cell.mark.name()))),
        ("value", numbers(cells, |cell| cell.value)),
        ("numerator", numbers(cells, |cell| cell.numerator)),
        ("denominator", numbers(cells, |cell| cell.denominator)),
        ("threshold", wholes(cells, |cell| cell.threshold)),
        ("revision", wholes(cells, |cell| cell.revision)),
        ("change", numbers(cells, |cell| cell.change)),
        ("inputs", texts(cells, |cell| Some(&cell.inputs))),
        ("lake_version", versions),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect())
        .map_err(|error| QueryError::Shape { what: "published figures".into(), expected: error.to_string() })
}
