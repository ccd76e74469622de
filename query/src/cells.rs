//! An answer's cells in words, and the lines of its chart: what a terminal, a page and a file are made from.

use arrow::array::Array;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::engine::Answer;
use crate::error::QueryError;
use crate::output::printable;

/// Header and cells as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// Names of columns.
    pub names: Vec<String>,
    /// Whether a column holds numbers.
    pub is_number: Vec<bool>,
    /// Rows; none where there is no value.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Cells {
    /// The cells of an answer, control characters made visible.
    pub fn of(answer: &Answer) -> Result<Self, QueryError> {
        let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%SZ"));
        let fields = answer.schema.fields();
        let mut rows = Vec::with_capacity(answer.rows());
        for batch in &answer.batches {
            let columns = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).map_err(|error| QueryError::Engine(error.to_string())));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().zip(&columns);
                rows.push(
                    cells.map(|(array, text)| array.is_valid(row).then(|| printable(&text.value(row).to_string()))).collect(),
                );
            }
        }
        Ok(Self {
            names: fields.iter().map(|field| field.name().clone()).collect(),
            is_number: fields.iter().map(|field| field.data_type().is_numeric()).collect(),
            rows,
        })
    }

    /// Place of a column.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// A column's name as a heading.
    pub fn heading(name: &str) -> String {
        name.replace('_', " ")
    }
}

/// One line of a chart: its name, and a value, or a gap, for each place.
pub struct Series {
    /// Its name; empty where there is only one.
    pub name: String,
    /// Values by place.
    pub values: Vec<Option<f64>>,
    /// Values compared with, by place.
    pub before: Vec<Option<f64>>,
}

/// The places and lines of a chart of lines.
pub fn series(
    cells: &Cells,
    x: &str,
    value: &str,
    series: Option<&str>,
    before: Option<&str>,
) -> Option<(Vec<String>, Vec<Series>)> {
    let (x, value) = (cells.place(x)?, cells.place(value)?);
    let (by, before) = (series.and_then(|name| cells.place(name)), before.and_then(|name| cells.place(name)));
    let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let number = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().and_then(|text| text.parse::<f64>().ok());
    let mut places: Vec<String> = Vec::new();
    for row in &cells.rows {
        let place = text(row, x);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let mut lines: Vec<Series> = Vec::new();
    for row in &cells.rows {
        let name = by.map_or_else(String::new, |by| text(row, by));
        let at = places.iter().position(|place| *place == text(row, x))?;
        let gaps = || vec![None; places.len()];
        if !lines.iter().any(|line| line.name == name) {
            lines.push(Series { name: name.clone(), values: gaps(), before: gaps() });
        }
        let line = lines.iter_mut().find(|line| line.name == name)?;
        if let Some(slot) = line.values.get_mut(at) {
            *slot = number(row, value);
        }
        if let (Some(slot), Some(before)) = (line.before.get_mut(at), before) {
            *slot = number(row, before);
        }
    }
    Some((places, lines))
}
