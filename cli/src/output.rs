//! Prints tables for people and JSON, CSV or Parquet for programs.

use std::io::{self, Write};

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
}

/// One cell as people read it.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.clone());
    }
    table.to_string()
}

/// Prints rows that serialise to flat objects, in the form asked for.
pub fn print_rows<T: serde::Serialize>(output: Output, rows: &[T], header: &[&str], cells: impl Fn(&T) -> Vec<String>) -> anyhow::Result<()> {
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
        Output::Parquet => anyhow::bail!("this list has no Parquet form; use --output csv, json or ndjson"),
    }
    out.flush().context("standard output")
}
