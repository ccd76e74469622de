//! Prints tables for people, and JSON, CSV, Parquet or workbooks for programs: one way each, for every command that answers a question.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;
use weir_query::engine::Answer;
use weir_query::output::csv_line;

use crate::answer::{Cells, layout};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A Parquet file on standard output.
    Parquet,
    /// An Excel workbook on standard output; instants in UTC.
    Xlsx,
}

/// Letters in a line of text that goes to a file.
pub const FILE_WIDTH: usize = 120;

/// Widest line of text that is read with ease.
const WIDEST: usize = 160;

/// Letters in a line of this terminal: `COLUMNS` where it is set, otherwise what the terminal says, 100 where there is none.
pub fn width() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
    let told = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    set.or_else(told).unwrap_or(100).clamp(40, WIDEST)
}

/// A sentence for a person: on a terminal broken at blanks, in a pipe one line.
pub fn sentence(text: &str) -> String {
    if io::stdout().is_terminal() { wrapped(text, width()) } else { text.to_owned() }
}

/// Text in lines of at most so many letters, broken at blanks.
pub fn wrapped(text: &str, width: usize) -> String {
    layout::lines(text, width).join("\n")
}

fn drawn(header: Vec<String>, rows: Vec<Vec<String>>, width: Option<usize>) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_preset(comfy_table::presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// A table, no wider than the terminal where there is one.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = io::stdout().is_terminal().then(width);
    drawn(header.iter().map(|name| (*name).to_owned()).collect(), rows.to_vec(), width)
}

/// An answer as a table of a width, with its columns' names in words and numbers to the right.
pub fn table_for_people(answer: &Answer, width: usize) -> anyhow::Result<String> {
    let cells = Cells::of(answer)?;
    let header: Vec<String> = cells.names.iter().map(|name| Cells::heading(name)).collect();
    let rows: Vec<Vec<String>> =
        cells.rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect();
    let count = rows.len();
    let text = layout::table(&header, &rows, &cells.is_number, width);
    Ok(format!("{text}({count} {})", if count == 1 { "row" } else { "rows" }))
}

/// Prints rows that serialise to flat objects, in the form asked for.
pub fn print_rows<T: serde::Serialize>(
    output: Output,
    rows: &[T],
    header: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match output {
        Output::Table => {
            let rows: Vec<_> = rows.iter().map(cells).collect();
            writeln!(out, "{}", table(header, &rows))?;
        }
        Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(rows)?)?,
        Output::Ndjson => {
            for row in rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        }
        Output::Csv => {
            write!(out, "{}", csv_line(header.iter().copied()))?;
            for row in rows {
                write!(out, "{}", csv_line(cells(row).iter().map(String::as_str)))?;
            }
        }
        Output::Parquet | Output::Xlsx => {
            anyhow::bail!("this list has no form as a Parquet file or workbook; use --output csv, json or ndjson")
        }
    }
    out.flush().context("standard output")
}

/// Prints the answer to a question.
pub fn print_answer(output: Output, answer: &Answer) -> anyhow::Result<()> {
    if matches!(output, Output::Xlsx | Output::Parquet) && io::stdout().is_terminal() {
        anyhow::bail!("a workbook or Parquet file is no text for a terminal; send it to a file, for example with > answer.xlsx")
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    write_answer(&mut out, output, answer, &[])?;
    out.flush().context("standard output")
}

/// Writes the answer to a question; notes, of which only a workbook has room, are what stands beside it.
pub fn write_answer(out: &mut dyn Write, output: Output, answer: &Answer, notes: &[(String, String)]) -> anyhow::Result<()> {
    match output {
        Output::Table => {
            let cells = Cells::of(answer)?;
            let rows: Vec<Vec<String>> =
                cells.rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect();
            let count = rows.len();
            let width = io::stdout().is_terminal().then(width);
            writeln!(out, "{}", drawn(cells.names, rows, width))?;
            writeln!(out, "{count} {}", if count == 1 { "row" } else { "rows" })?;
        }
        Output::Json => {
            let mut writer =
                arrow::json::WriterBuilder::new().with_explicit_nulls(true).build::<_, arrow::json::writer::JsonArray>(&mut *out);
            writer.write_batches(&answer.batches.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            if answer.rows() == 0 {
                write!(out, "[]")?;
            }
            writeln!(out)?;
        }
        Output::Ndjson => {
            let mut writer = arrow::json::WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, arrow::json::writer::LineDelimited>(&mut *out);
            writer.write_batches(&answer.batches.iter().collect::<Vec<_>>())?;
            writer.finish()?;
        }
        Output::Csv => {
            // Not Arrow's own writer: logs hold what anyone typed, and a spreadsheet runs what begins with a sign.
            out.write_all(weir_query::output::to_csv(answer)?.as_bytes())?;
        }
        Output::Parquet => {
            let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), answer.schema.clone(), None)?;
            for batch in &answer.batches {
                writer.write(batch)?;
            }
            out.write_all(&writer.into_inner()?)?;
        }
        Output::Xlsx => out.write_all(&crate::xlsx::workbook(answer, notes)?)?,
    }
    Ok(())
}
