//! `weir formats unmapped`: the vendors' categories in the lake that no map knows, with their rows; reads only.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use serde::Serialize;
use weir_ingest::normalise::Reference;
use weir_ingest::unmapped::{map_of, unmapped_names};
use weir_query::engine::{Engine, EngineOptions};

use super::{estate, formats};
use crate::Ended;
use crate::output::{Output, print_rows};

/// What is asked of the lake; small, because the vendors' words are few.
const QUESTION: &str = "SELECT source_id, format_id, vendor_category, count(*) AS all_rows, count(category) AS with_category
FROM events WHERE vendor_category IS NOT NULL GROUP BY source_id, format_id, vendor_category ORDER BY source_id, format_id, vendor_category";

/// Categories in the lake that no map knows
#[derive(Args)]
#[command(after_help = "Examples:
  weir formats unmapped
  weir formats unmapped --output json

A row may hold several categories: it counts for each of them that is not known. Where another of them, its number or the host told what
it is, the row has a category all the same; `uncategorised` counts the rows that have none.")]
pub struct Unmapped {
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Line {
    source_id: String,
    format_id: String,
    /// The file of taxonomies/ that could name it.
    map: Option<String>,
    vendor_category: String,
    rows: u64,
    uncategorised: u64,
}

impl Unmapped {
    pub fn run(self, config: Option<&Path>, formats_dir: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = estate::load(config)?;
        let snapshot = estate::lake(&estate)?.snapshot()?;
        let options = EngineOptions { meanings: super::meanings(&estate)?, ..EngineOptions::default() };
        let engine = Engine::open(&snapshot, &estate, &options)?;
        let answer = super::runtime()?.block_on(engine.sql(QUESTION, None))?;
        let catalogue = formats::catalogue_of(&estate, formats_dir)?;
        let reference = Reference::of_estate(&estate)?;
        let mut found: BTreeMap<(String, String, String), (u64, u64)> = BTreeMap::new();
        for batch in &answer.batches {
            let cells = FormatOptions::default();
            let columns =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &cells)).collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let texts: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
                let [source, format, words, rows, with_category] = texts.as_slice() else { continue };
                let rows: u64 = rows.parse().context("a count")?;
                let with_category: u64 = with_category.parse().context("a count")?;
                // A format that is not there any more leaves the common names.
                let known = catalogue.get(format).ok();
                let mut names = unmapped_names(&reference, known.as_deref(), words);
                names.sort();
                names.dedup();
                for name in names {
                    let counts = found.entry((source.clone(), format.clone(), name)).or_default();
                    counts.0 += rows;
                    counts.1 += rows - with_category;
                }
            }
        }
        let lines = found.into_iter().map(|((source_id, format_id, vendor_category), (rows, uncategorised))| {
            let map = catalogue.get(&format_id).ok().and_then(|format| map_of(&reference, &format));
            Line { source_id, format_id, map, vendor_category, rows, uncategorised }
        });
        let mut lines: Vec<Line> = lines.collect();
        lines.sort_by_key(|line| std::cmp::Reverse((line.uncategorised, line.rows)));
        let is_table = matches!(self.output, Output::Table);
        if is_table && lines.is_empty() {
            println!("Every category in the lake is known.");
            return Ok(Ended::Done);
        }
        print_rows(self.output, &lines, &["source", "format", "map", "category", "rows", "uncategorised"], |line| {
            vec![
                line.source_id.clone(),
                line.format_id.clone(),
                line.map.clone().unwrap_or_else(|| "(none)".into()),
                line.vendor_category.clone(),
                line.rows.to_string(),
                line.uncategorised.to_string(),
            ]
        })?;
        if is_table {
            println!("These rows are kept and counted; as far as they are uncategorised, no theme or risk area holds them.");
        }
        Ok(Ended::Done)
    }
}
