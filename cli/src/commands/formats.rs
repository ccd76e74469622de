//! `weir formats`: what Weir can read, how well each is known, and whether a format file holds.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use weir_ingest::format::{Catalogue, Format};
use weir_lake::estate::Estate;

use super::format_tools as tools;
use crate::Ended;
use crate::output::{Output, print_rows, table};

/// What Weir can read, and how well each format is known
#[derive(Args)]
#[command(after_help = "Examples:
  weir formats list
  weir formats show squid
  weir formats new export.csv --out my-filter.toml    proposes a format file; no value of the sample is written
  weir formats test my-filter.toml                    each sample: passed, or the line taken apart
  weir formats unmapped                               the filter's categories that no map knows
  weir formats unclaimed                              lines of a shared filter that no rule gives to a school")]
pub struct Formats {
    /// A folder with more format files
    #[arg(long, global = true, value_name = "DIR")]
    formats_dir: Option<PathBuf>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Every format, a line each
    List {
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        output: Output,
    },
    /// One format: where each column comes from, and what each word means
    Show {
        /// Its id, as `formats list` prints it
        id: String,
    },
    /// Propose a format file from a sample of an unknown log
    New(tools::New),
    /// Check a format file against its own samples, and take apart those that fail
    Test {
        /// The TOML file
        file: PathBuf,
    },
    /// Categories in the lake that no map knows
    Unmapped(super::unmapped::Unmapped),
    /// Lines that no rule gives to a school, and the rules that would
    Unclaimed(super::unclaimed::Unclaimed),
}

#[derive(Serialize)]
struct Line {
    id: String,
    title: String,
    vendor: String,
    product: String,
    version: u32,
    layer: String,
    evidence: String,
    logs: &'static str,
    gives: Vec<&'static str>,
}

impl Line {
    fn of(format: &Format) -> Self {
        Line {
            id: format.id().to_owned(),
            title: format.title().to_owned(),
            vendor: format.vendor().to_owned(),
            product: format.product().to_owned(),
            version: format.version(),
            layer: format.layer().to_owned(),
            evidence: format.evidence().to_owned(),
            logs: format.logs(),
            gives: format.gives_what(),
        }
    }
}

/// What the columns of the list mean, under it.
const LIST_WORDS: &str = "logs: all requests; blocked ones alone, which gives no share of anything; changes by administrators; findings of a device monitor.
gives: what a line may hold. Whether yours does depends on the product's settings; `weir formats show ID` names them.";

/// The shipped formats and those of a folder.
pub fn catalogue(folder: Option<&Path>) -> anyhow::Result<Catalogue> {
    let catalogue = Catalogue::embedded();
    Ok(match folder {
        Some(folder) => catalogue.with_folder(folder)?,
        None => catalogue,
    })
}

/// The same with the estate's own formats before those of the folder (`formats` in weir.toml).
pub fn catalogue_of(estate: &Estate, folder: Option<&Path>) -> anyhow::Result<Catalogue> {
    let catalogue = catalogue(estate.formats.as_deref()).context("key formats of weir.toml")?;
    Ok(match folder {
        Some(folder) => catalogue.with_folder(folder)?,
        None => catalogue,
    })
}

impl Formats {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        match self.what.unwrap_or(What::List { output: Output::Table }) {
            What::List { output } => {
                let lines: Vec<_> =
                    catalogue(self.formats_dir.as_deref())?.all()?.iter().map(|format| Line::of(format)).collect();
                print_rows(
                    output,
                    &lines,
                    &["id", "product", "vendor", "layer", "logs", "gives", "version", "evidence"],
                    |line| {
                        vec![
                            line.id.clone(),
                            line.product.clone(),
                            line.vendor.clone(),
                            line.layer.clone(),
                            line.logs.to_owned(),
                            line.gives.join(", "),
                            line.version.to_string(),
                            line.evidence.clone(),
                        ]
                    },
                )?;
                if matches!(output, Output::Table) {
                    println!("{LIST_WORDS}");
                }
                Ok(Ended::Done)
            }
            What::Show { id } => {
                let format = catalogue(self.formats_dir.as_deref())?.get(&id)?;
                let told = format.explain();
                println!("{}\n", format.title());
                for (what, value) in &told.facts {
                    println!("{what:>14}  {value}");
                }
                println!("{:>14}  {}", "time", told.time.join("; else "));
                let (samples, rejects) = told.samples;
                println!("{:>14}  {samples} lines that must give a row, {rejects} that must be refused\n", "samples");
                for (title, header, rows) in [
                    ("Columns", ["column", "comes from"], &told.columns),
                    ("Words of decision", ["the vendor's word", "becomes"], &told.actions),
                    ("What a line is, first match wins", ["when", "it is"], &told.rules),
                ] {
                    if !rows.is_empty() {
                        let rows: Vec<_> = rows.iter().map(|(a, b)| vec![a.clone(), b.clone()]).collect();
                        println!("{title}\n{}\n", table(&header, &rows));
                    }
                }
                Ok(Ended::Done)
            }
            What::Test { file } => tools::test(&file),
            What::New(new) => new.run(self.formats_dir.as_deref()),
            What::Unclaimed(unclaimed) => unclaimed.run(config),
            What::Unmapped(unmapped) => unmapped.run(config, self.formats_dir.as_deref()),
        }
    }
}
