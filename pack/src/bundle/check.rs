//! Refuses bundles that no document could show faithfully.

use std::collections::HashSet;

use jiff::civil::Date;
use serde_json::Value;

use super::{Bundle, Cell, Chart, ChartKind, ColumnKind, FORMAT, Figure, Section, Table};
use crate::error::BundleError;

/// Columns of a table at most: more can't be read on paper.
const MOST_COLUMNS: usize = 16;

/// Text as documents can show it: characters that control a terminal, a page's direction or nothing at all become a space, lines may break.
pub fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").chars().map(|c| if is_odd(c) { ' ' } else { c }).collect()
}

/// Whether a character is none that a reader sees, and no line's end.
fn is_odd(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        // Not characters, by the standard's own word.
        || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

pub(super) fn check(bundle: &Bundle) -> Result<(), BundleError> {
    let refuse = |at: &str, what: String| Err(BundleError::Refused { at: at.to_owned(), what });
    if bundle.format != FORMAT {
        return Err(BundleError::Format { found: bundle.format, known: FORMAT });
    }
    if bundle.frozen_at.subsec_nanosecond() != 0 {
        return refuse("frozen_at", "parts of a second; use whole ones".into());
    }
    if bundle.sections.is_empty() {
        return refuse("sections", "none; a review has at least one".into());
    }
    if bundle.sections.len() > 1 && bundle.sections.iter().any(|section| section.heading.is_none()) {
        return refuse("sections", "several, and one without the school's name".into());
    }
    for section in &bundle.sections {
        check_section(section)?;
    }
    let mut ids = HashSet::new();
    for table in &bundle.appendices {
        check_table(table, &mut ids)?;
    }
    let mut ids = HashSet::new();
    for definition in &bundle.definitions {
        check_id(&definition.id, &mut ids)?;
    }
    let value = serde_json::to_value(bundle).map_err(BundleError::Json)?;
    check_texts(&value, &mut String::new())
}

fn check_section(section: &Section) -> Result<(), BundleError> {
    let mut ids = HashSet::new();
    let mut last = 0;
    for block in &section.blocks {
        let at = || format!("block {}", block.number);
        if block.number <= last || block.number > 21 {
            return Err(BundleError::Refused { at: at(), what: "out of order; blocks go from 1 to 21, each once".into() });
        }
        last = block.number;
        for figure in &block.figures {
            check_figure(figure, &mut ids)?;
        }
        for table in &block.tables {
            check_table(table, &mut ids)?;
        }
    }
    Ok(())
}

fn check_id<'a>(id: &'a str, ids: &mut HashSet<&'a str>) -> Result<(), BundleError> {
    let refuse = |what: &str| Err(BundleError::Refused { at: format!("id {id:?}"), what: what.to_owned() });
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | ':');
    if id.is_empty() || id.len() > 80 || !id.chars().all(is_plain) {
        return refuse("use 1 to 80 small letters, digits, _, - and :");
    }
    if !ids.insert(id) {
        return refuse("used twice; an id stands for one figure or table");
    }
    Ok(())
}

fn check_figure<'a>(figure: &'a Figure, ids: &mut HashSet<&'a str>) -> Result<(), BundleError> {
    check_id(&figure.id, ids)?;
    if let Some(table) = &figure.table {
        // A figure's own table may share its id: its file is the figure's.
        let mut own = HashSet::new();
        check_table(table, if table.id == figure.id { &mut own } else { ids })?;
    }
    figure.chart.as_ref().map_or(Ok(()), |chart| check_chart(&figure.id, chart))
}

fn check_chart(id: &str, chart: &Chart) -> Result<(), BundleError> {
    let refuse = |what: String| Err(BundleError::Refused { at: format!("chart of {id}"), what });
    if chart.says.trim().is_empty() {
        return refuse("no words for those who don't see it".into());
    }
    if chart.points.is_empty() {
        return refuse("no points; leave the chart out".into());
    }
    let mut last: Option<Date> = None;
    for point in &chart.points {
        let low = |low: f64| low < 0.0;
        if point.value.is_some_and(|value| low(value.get())) || point.band.is_some_and(|(from, to)| low(from.get()) || from > to)
        {
            return refuse(format!("point {:?} goes below zero, or its band backwards", point.label));
        }
        if point.value.is_some() == point.mark.is_some() {
            return refuse(format!("point {:?} has a value and a mark, or neither", point.label));
        }
        if chart.kind == ChartKind::Strip {
            match point.label.parse::<Date>() {
                Ok(day) if last.is_none_or(|last| last < day) => last = Some(day),
                _ => return refuse(format!("point {:?} is no ISO date after the one before", point.label)),
            }
        }
    }
    Ok(())
}

fn check_table<'a>(table: &'a Table, ids: &mut HashSet<&'a str>) -> Result<(), BundleError> {
    check_id(&table.id, ids)?;
    let refuse = |what: String| Err(BundleError::Refused { at: format!("table {}", table.id), what });
    if table.columns.is_empty() || table.columns.len() > MOST_COLUMNS {
        return refuse(format!("{} columns; use 1 to {MOST_COLUMNS}", table.columns.len()));
    }
    for (row, cells) in (1..).zip(&table.rows) {
        if cells.len() != table.columns.len() {
            return refuse(format!("row {row} has {} cells for {} columns", cells.len(), table.columns.len()));
        }
        for (column, cell) in table.columns.iter().zip(cells) {
            let fits = match cell {
                Cell::Number(_) => matches!(column.kind, ColumnKind::Number { .. } | ColumnKind::Percent { .. }),
                Cell::Date(_) => column.kind == ColumnKind::Date,
                Cell::Text(_) | Cell::Mark(_) | Cell::Empty => true,
            };
            if !fits {
                return refuse(format!("row {row}, column {:?}: a cell of another kind than its column", column.title));
            }
        }
    }
    Ok(())
}

/// Refuses characters that no document shows, wherever they are.
fn check_texts(value: &Value, at: &mut String) -> Result<(), BundleError> {
    let length = at.len();
    match value {
        Value::String(text) => {
            if let Some(odd) = text.chars().find(|c| is_odd(*c)) {
                let what = format!("the character U+{:04X}; put the text through plain()", u32::from(odd));
                return Err(BundleError::Refused { at: at.trim_start_matches('.').to_owned(), what });
            }
        }
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                at.push_str(&format!(".{place}"));
                check_texts(value, at)?;
                at.truncate(length);
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                at.push('.');
                at.push_str(name);
                check_texts(value, at)?;
                at.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}
