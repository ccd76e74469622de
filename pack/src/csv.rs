//! Every table as a comma-separated file, safe to open in a spreadsheet, and all of them as one archive.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::bundle::{Audience, Bundle, Cell, ColumnKind, Table};
use crate::error::PackError;
use crate::{lists, words};

/// What a spreadsheet may take for the beginning of a formula.
pub const FORMULA_SIGNS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// Its name: letters, digits, `_`, `-`, and `.csv`.
    pub name: String,
    /// Its text, UTF-8.
    pub bytes: Vec<u8>,
}

/// All tables: figures, those of blocks, lists, appendices.
pub fn tables(bundle: &Bundle) -> Vec<TableFile> {
    let mut files = vec![file("figures", &lists::all_figures(bundle)), file("lines", &lists::lines(bundle))];
    // An empty list of findings would say of a summary that there are none.
    let of_review = [lists::findings, lists::actions, lists::signatures, lists::differences];
    let of_review = of_review.into_iter().filter(|_| bundle.audience != Audience::Public);
    for list in of_review.chain([lists::definitions, lists::glossary]) {
        let table = list(bundle);
        files.push(file(&table.id, &table));
    }
    for (place, section) in (1..).zip(&bundle.sections) {
        for block in &section.blocks {
            let tables = block.figures.iter().filter_map(|figure| figure.table.as_ref()).chain(&block.tables);
            for (within, table) in (1..).zip(tables) {
                // The place keeps names apart that would be the same without their colons.
                files.push(file(&format!("s{place}-block{:02}-{within:02}-{}", block.number, table.id), table));
            }
        }
    }
    for (place, table) in (1..).zip(&bundle.appendices) {
        files.push(file(&format!("appendix{place:02}-{}", table.id), table));
    }
    if !words::warning(bundle.audience).is_empty() {
        // A file of it is soon alone in some folder.
        for file in &mut files {
            file.name = format!("small-numbers-{}", file.name);
        }
    }
    files
}

/// The archive's bytes.
pub(crate) fn write(bundle: &Bundle, digest: &str) -> Result<Vec<u8>, PackError> {
    // The archive's own clock begins in 1980 and means nothing here; the files say when they were frozen.
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("README.txt", options)?;
    archive.write_all(read_me(bundle, digest).as_bytes())?;
    for file in tables(bundle) {
        archive.start_file(file.name, options)?;
        archive.write_all(&file.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn read_me(bundle: &Bundle, digest: &str) -> String {
    let mut text = format!(
        "{}\r\n{}, {}\r\n{}: {} {}\r\nRevision {}, frozen {}\r\nDigest (BLAKE3 of the bundle): {digest}\r\n\r\n",
        bundle.title,
        bundle.body.name,
        bundle.year,
        words::audience(bundle.audience),
        words::audience_says(bundle.audience),
        words::warning(bundle.audience),
        bundle.revision,
        words::moment(bundle.frozen_at),
    );
    for (mark, meaning) in words::marks(bundle.audience) {
        text.push_str(&format!("{mark} {meaning}\r\n"));
    }
    text.push_str("A cell that a spreadsheet might run as a formula begins with an apostrophe.\r\n");
    text
}

fn file(name: &str, table: &Table) -> TableFile {
    let mut text = String::new();
    let header: Vec<String> = table.columns.iter().map(|column| guarded(&column.title)).collect();
    line(&mut text, &header);
    for row in &table.rows {
        let cells: Vec<String> = table.columns.iter().zip(row).map(|(column, cell)| plain(column.kind, cell)).collect();
        line(&mut text, &cells);
    }
    TableFile { name: format!("{}.csv", name.replace(':', "-")), bytes: text.into_bytes() }
}

/// A cell for programs: numbers without marks between thousands, days as 2026-07-14.
fn plain(kind: ColumnKind, cell: &Cell) -> String {
    match (cell, kind) {
        (Cell::Text(text) | Cell::Mark(text), _) => guarded(text),
        (Cell::Number(value), ColumnKind::Number { decimals } | ColumnKind::Percent { decimals }) => {
            format!("{:.*}", usize::from(decimals), value.get())
        }
        (Cell::Number(value), ColumnKind::Text | ColumnKind::Date) => value.get().to_string(),
        (Cell::Date(date), _) => date.to_string(),
        (Cell::Empty, _) => String::new(),
    }
}

/// A spreadsheet runs a cell that begins like a formula; what someone wrote must not be.
fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA_SIGNS) { format!("'{text}") } else { text.to_owned() }
}

fn line(out: &mut String, cells: &[String]) {
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Column, Number};

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let cells = ["plain", "a,b", "say \"x\"", "=1+1", "-2", "@a", "+44", "line\nbreak", "\tx", ""];
        let rows = vec![
            cells.iter().map(|cell| Cell::Text((*cell).to_owned())).collect(),
            vec![Cell::Number(Number::new(-2.5).unwrap())],
        ];
        let mut columns = vec![Column { title: "a".into(), kind: ColumnKind::Text }; cells.len()];
        columns[0].kind = ColumnKind::Number { decimals: 2 };
        let table = Table { id: "t".into(), title: "T".into(), columns, rows };
        let file = file("theme_rate:x", &table);
        assert_eq!(file.name, "theme_rate-x.csv");
        let text = String::from_utf8(file.bytes).unwrap();
        let expected = "plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,'-2,'@a,'+44,\"line\nbreak\",'\tx,\r\n-2.50\r\n";
        assert_eq!(text.split_once("\r\n").unwrap().1, expected);
    }
}
