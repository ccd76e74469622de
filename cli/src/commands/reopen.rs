//! `weir reopen`: opens closed dates for a full re-export, after showing what would go.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde::Serialize;
use weir_lake::data_file::date_name;
use weir_lake::estate::{Estate, SchoolOf};
use weir_lake::ids::{SchoolId, SourceId};
use weir_lake::lake::{Lake, Receipt};
use weir_lake::reopen::{REOPENED, ReopenPlan};
use weir_register::Action;

use super::dates;
use crate::Ended;
use crate::output::{Output, table};

/// Open closed dates again, to read a full export of them
#[derive(Args)]
#[command(after_help = "Examples:
  weir reopen oakfield oakfield-filter 2026-09-07 2026-09-11        shows what would go, then asks
  weir reopen oakfield oakfield-filter 2026-09-07 2026-09-07 --yes
  weir ingest --source oakfield-filter full-export.csv              then read everything there is of those days

The rows, rollups and duplicate index of the dates go in one step, and files that had a part in
them no longer count as read. What is read next is all that the dates will hold, so read an export
of the whole days. Dates that are not closed stay as they are. Where one source serves many
schools, the dates open for all of them.")]
pub struct Reopen {
    /// A school of schools.csv
    #[arg(value_name = "SCHOOL")]
    school: String,
    /// A source, as in weir.toml or in the receipts of the lake
    #[arg(value_name = "SOURCE")]
    source: String,
    /// First day, such as 2026-09-07
    #[arg(value_name = "FROM")]
    from: String,
    /// Last day
    #[arg(value_name = "TO")]
    to: String,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// How to print what goes: a table, or json or ndjson for programs
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// What a program is told.
#[derive(Serialize)]
struct Told {
    school: String,
    source: String,
    dates: Vec<String>,
    schools: Vec<String>,
    rows: BTreeMap<&'static str, u64>,
    files_forgotten: usize,
    files_marked: usize,
    lake_version: Option<u64>,
}

impl Reopen {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        anyhow::ensure!(
            matches!(self.output, Output::Table | Output::Json | Output::Ndjson),
            "reopen prints a table, json or ndjson"
        );
        let days = dates::range(&self.from, &self.to)?;
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let snapshot = lake.snapshot()?;
        let (school, source) = self.whose(&estate, &lake)?;
        let plan = lake.reopen_plan(&snapshot, &school, &source, days)?;
        if self.output == Output::Table {
            preview(&plan);
        }
        if !self.yes && (self.output != Output::Table || !super::confirmed("Open them")?) {
            if self.output != Output::Table {
                self.print(&plan, None)?;
            }
            anyhow::bail!("nothing was opened; say --yes to do it");
        }
        let run = super::run_id("reopen")?;
        super::audited(&estate, super::act(Action::Reopen).at(&school).on("run", &run))?;
        let version = lake.reopen(&plan, &run)?;
        if self.output == Output::Table {
            println!(
                "\nDone: the lake is at version {version}. Now read a full export of these days with `weir ingest`, then run `weir rollup`."
            );
        } else {
            self.print(&plan, Some(version))?;
        }
        Ok(Ended::Done)
    }

    /// The school and the source, if the estate or the lake knows them.
    fn whose(&self, estate: &Estate, lake: &Lake) -> anyhow::Result<(SchoolId, SourceId)> {
        let school = SchoolId::parse(&self.school)?;
        anyhow::ensure!(
            estate.schools.contains_key(&school),
            "SCHOOL: found {:?}; there are: {}",
            self.school,
            estate.schools.keys().map(SchoolId::as_str).collect::<Vec<_>>().join(", ")
        );
        let source = SourceId::parse(&self.source)?;
        let receipts = lake.receipts(&lake.snapshot()?)?;
        let mut known: Vec<&str> = receipts.iter().map(|receipt| receipt.source_id.as_str()).collect();
        known.extend(estate.sources.keys().map(SourceId::as_str));
        known.sort_unstable();
        known.dedup();
        anyhow::ensure!(known.contains(&source.as_str()), "SOURCE: found {:?}; there are: {}", self.source, known.join(", "));
        if let Some(SchoolOf::One(own)) = estate.sources.get(&source).map(|source| &source.school) {
            anyhow::ensure!(*own == school, "source {source} is of school {own}, not of {school}");
        }
        Ok((school, source))
    }

    fn print(&self, plan: &ReopenPlan, lake_version: Option<u64>) -> anyhow::Result<()> {
        let mut schools: Vec<String> = plan.slices.iter().map(|slice| slice.school_id.to_string()).collect();
        schools.sort_unstable();
        schools.dedup();
        let told = Told {
            school: self.school.clone(),
            source: self.source.clone(),
            dates: plan.dates.iter().map(|date| date_name(*date)).collect(),
            schools,
            rows: plan.rows.iter().map(|(of, rows)| (of.name(), *rows)).collect(),
            files_forgotten: plan.gone.len(),
            files_marked: plan.kept.len(),
            lake_version,
        };
        match self.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&told)?),
            _ => println!("{}", serde_json::to_string(&told)?),
        }
        Ok(())
    }
}

fn preview(plan: &ReopenPlan) {
    println!("Opening {} closed dates of source {} takes out:", plan.dates.len(), plan.source_id);
    let count = |date: i32| plan.opens.iter().filter(|slice| slice.date == date).count();
    let rows: Vec<_> = plan.dates.iter().map(|date| vec![date_name(*date), count(*date).to_string()]).collect();
    println!("{}", table(&["date", "schools that open"], &rows));
    for (of, rows) in plan.rows.iter().filter(|(_, rows)| **rows > 0) {
        println!("  {rows} rows of {}", of.name());
    }
    let names = |receipts: &[Receipt]| {
        for receipt in receipts {
            println!("  {}", receipt.path);
        }
    };
    if !plan.gone.is_empty() {
        println!("\nThese files held nothing else; they no longer count as read:");
        names(&plan.gone);
    }
    if !plan.kept.is_empty() {
        println!(
            "\nThese files keep their rows of other dates (or dropped lines only); if they come again they are read from their beginning, \
             and the ledger calls what went `{REOPENED}`:"
        );
        names(&plan.kept);
    }
    let others = plan.slices.iter().filter(|slice| !plan.opens.contains(*slice)).count();
    if others > 0 {
        println!(
            "\nThe source serves more schools; {others} of their days that were open lose their rows too, and need the re-export."
        );
    }
}
