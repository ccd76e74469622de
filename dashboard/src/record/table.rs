//! Rows of a table that somebody pasted, from a spreadsheet or as CSV, by the names or labels of its columns.

use super::fields::Typed;

/// A column that rows may have.
pub(super) struct Column {
    /// Its name in CSV.
    pub(super) name: &'static str,
    /// What pages call it; may be empty.
    pub(super) label: &'static str,
}

impl Column {
    pub(super) const fn named(name: &'static str) -> Self {
        Self { name, label: "" }
    }
}

/// The rows under their headings, each with its line from 1; otherwise what is wrong, in words. Columns of `passed_over` may be there and
/// say nothing. A cell that a spreadsheet was kept from taking for a formula loses its mark.
pub(super) fn table(text: &str, known: &[Column], passed_over: &[&str]) -> Result<Vec<(u64, Typed)>, String> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') { b'\t' } else { b',' };
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| format!("The headings can\u{2019}t be read: {error}."))?.clone();
    let mut columns: Vec<Option<&'static str>> = Vec::new();
    for head in &heads {
        let head = head.trim();
        let is_it = |column: &&Column| column.name.eq_ignore_ascii_case(head) || column.label.eq_ignore_ascii_case(head);
        let found = known.iter().find(|column| !head.is_empty() && is_it(column)).map(|column| column.name);
        if found.is_none() && !passed_over.contains(&head) {
            let names: Vec<&str> = known.iter().map(|column| column.name).collect();
            return Err(format!("There is no column {head:?} in this list; use {}.", names.join(", ")));
        }
        if found.is_some() && columns.contains(&found) {
            return Err(format!("The column {head:?} stands twice."));
        }
        columns.push(found);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("A row can\u{2019}t be read: {error}."))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        if record.len() > columns.len() {
            return Err(format!("Row {line} has {} cells under {} headings.", record.len(), columns.len()));
        }
        let typed = columns.iter().zip(&record).fold(Typed::default(), |typed, (column, cell)| match column {
            Some(name) => typed.with(name, plain(cell)),
            None => typed,
        });
        rows.push((line, typed));
    }
    if rows.is_empty() {
        return Err("There is no row under the headings.".into());
    }
    Ok(rows)
}

fn plain(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(weir_pack::FORMULA_SIGNS)).unwrap_or(cell)
}
