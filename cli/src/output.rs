//! Prints tables for people, and JSON, CSV, Parquet or workbooks for programs.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;

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

/// One cell as people read it.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_preset(comfy_table::presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.clone());
    }
    table.to_string()
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
            let mut writer = csv::Writer::from_writer(&mut out);
            writer.write_record(header)?;
            for row in rows {
                writer.write_record(cells(row))?;
            }
            writer.flush()?;
        }
        Output::Parquet | Output::Xlsx => {
            anyhow::bail!("this list has no form as a Parquet file or workbook; use --output csv, json or ndjson")
        }
    }
    out.flush().context("standard output")
}

/// Prints the answer to a question.
pub fn print_answer(output: Output, answer: &weir_query::engine::Answer) -> anyhow::Result<()> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    use weir_query::output::printable;

    let mut out = io::BufWriter::new(io::stdout().lock());
    match output {
        Output::Table => {
            let header: Vec<&str> = answer.schema.fields().iter().map(|field| field.name().as_str()).collect();
            let options = FormatOptions::default().with_null("");
            let mut rows = Vec::new();
            for batch in &answer.batches {
                let columns = batch
                    .columns()
                    .iter()
                    .map(|column| ArrayFormatter::try_new(column, &options))
                    .collect::<Result<Vec<_>, _>>()?;
                rows.extend(
                    (0..batch.num_rows())
                        .map(|row| columns.iter().map(|column| printable(&column.value(row).to_string())).collect::<Vec<_>>()),
                );
            }
            writeln!(out, "{}", table(&header, &rows))?;
            writeln!(out, "{} {}", rows.len(), if rows.len() == 1 { "row" } else { "rows" })?;
        }
        Output::Json => {
            let mut writer =
                arrow::json::WriterBuilder::new().with_explicit_nulls(true).build::<_, arrow::json::writer::JsonArray>(&mut out);
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
                .build::<_, arrow::json::writer::LineDelimited>(&mut out);
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
        Output::Xlsx if io::stdout().is_terminal() => {
            anyhow::bail!(
                "a workbook is no text for a terminal; send it to a file: weir sql --output xlsx \"SELECT ...\" > answer.xlsx"
            )
        }
        Output::Xlsx => out.write_all(&crate::xlsx::workbook(answer)?)?,
    }
    out.flush().context("standard output")
}
