//! `weir reclassify`: applies today's roster, groups, categories and lexicon to the rows of open dates.

use std::path::{Path, PathBuf};

use clap::Args;
use weir_ingest::normalise::Reference;
use weir_ingest::reclassify::{ReclassifyOptions, ReclassifyReport, reclassify};
use weir_lake::vault::Vault;
use weir_register::Action;

use super::{dates, formats};
use crate::output::{Output, table};
use crate::{Ended, progress};

/// Apply today's roster, groups, categories and lexicon to open dates
#[derive(Args)]
#[command(after_help = "Examples:
  weir reclassify                              every open date
  weir reclassify 2026-09-01 2026-10-31
  weir reclassify --look                       what would change; changes nothing

For a roster.csv or groups.csv that came late, and after an update of Weir's categories or lexicon.
Each row gets what was valid on its day. Closed dates stay as they are. policy.csv needs no
reclassifying: figures read it as it is.

Told again: user_type, year_group, category, theme, risk_area, other_themes, help_seeking,
concern_id, concern_severity, furniture; user_key where the roster joins log-ins; user_key and
device_key where a log-in is shared or a device; url_query goes where a row is no concern any more.

Not told again, because the lake does not hold what is needed: log-ins that were joined or shared
before and are not now, realms of [user_domains], categories that the filter gave as a number only,
a device monitor's words, and the query of a row that is a concern only now. How many rows that is,
is printed. To tell those again, undo the files and read them again.")]
pub struct Reclassify {
    /// First day, such as 2026-09-01
    #[arg(value_name = "FROM", requires = "to")]
    from: Option<String>,
    /// Last day
    #[arg(value_name = "TO")]
    to: Option<String>,
    /// Only say what would change
    #[arg(long)]
    look: bool,
    /// A folder with more format files, as it was given to ingest
    #[arg(long, value_name = "DIR")]
    formats_dir: Option<PathBuf>,
    /// How to print what changed: a table, or json or ndjson for programs
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

impl Reclassify {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        anyhow::ensure!(
            matches!(self.output, Output::Table | Output::Json | Output::Ndjson),
            "reclassify prints a table, json or ndjson"
        );
        let days = match (&self.from, &self.to) {
            (Some(from), Some(to)) => Some(dates::range(from, to)?),
            _ => None,
        };
        let estate = super::estate::load(config)?;
        let catalogue = formats::catalogue_of(&estate, self.formats_dir.as_deref())?;
        let lake = super::estate::lake(&estate)?;
        let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
        let options = ReclassifyOptions { run_id: super::run_id("reclassify")?, days, threads: 0, look_only: self.look };
        if !self.look {
            super::audited(&estate, super::act(Action::Reclassify).on("run", &options.run_id))?;
        }
        let bar = progress::bar(0, "reading days", false);
        let heard = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let report = reclassify(&estate, &lake, &vault, &catalogue, &Reference::of_estate(&estate)?, &options, &heard);
        bar.finish_and_clear();
        let report = report?;
        match self.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
            Output::Ndjson => println!("{}", serde_json::to_string(&report)?),
            _ => print(&report, self.look),
        }
        Ok(Ended::Done)
    }
}

fn print(report: &ReclassifyReport, look: bool) {
    if report.rows == 0 {
        println!("No rows of open dates there; nothing was changed.");
    } else {
        let would = if look { "would change" } else { "changed" };
        println!("{} of {} rows of {} open days {would}.", report.changed_rows, report.rows, report.days);
    }
    if !report.changed.is_empty() {
        let rows: Vec<_> = report.changed.iter().map(|(column, rows)| vec![(*column).to_owned(), rows.to_string()]).collect();
        println!("{}", table(&["column", "rows"], &rows));
    }
    if !report.kept.is_empty() {
        println!("\nStays as it was, because the lake does not hold what is needed:");
        report.kept.iter().for_each(|(what, rows)| println!("  {what} ({rows} rows)"));
    }
    if report.closed_rows > 0 {
        println!("\n{} rows are of closed dates and stay as they are.", report.closed_rows);
    }
    if let Some(version) = report.lake_version {
        println!("\nThe lake is at version {version}. Run `weir rollup` to bring the figures up to date.");
    }
}
