//! `weir retention`: what is past its time goes, after it was shown.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use weir_lake::clock;
use weir_lake::data_file::date_name;
use weir_lake::estate::Estate;
use weir_lake::ids::UserKey;
use weir_lake::retention::Why;
use weir_register::{Action, BlockingRegister, RegisterError};

use crate::Ended;
use crate::output::{Output, print_rows};

/// Take out rows that are past their time
#[derive(Args)]
#[command(after_help = "Examples:
  weir retention --dry-run           what would go, and what waits
  weir retention                     shows it, then asks
  weir retention --yes --now         at once from the disk too

How long each table is kept stands in weir.toml under [retention], and under [retention.school.ID] for a school that keeps less. `weir
nightly` does this every night. A safeguarding lead's hold (weir erase hold) keeps a pupil's rows. Figures for governors stay.
Files leave the disk a day later, so that no running query fails; --now does not wait.")]
pub struct Retention {
    /// Only show what would go
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Remove the files from the disk at once
    #[arg(long, conflicts_with = "dry_run")]
    now: bool,
    /// How to print the list
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// What goes of one school and table.
#[derive(Serialize)]
struct Row {
    school: String,
    table: &'static str,
    rows: u64,
    first: String,
    last: String,
}

impl Retention {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let plan = lake.retention_plan(&lake.snapshot()?, &estate, &holds(&estate)?, clock::today_here(), clock::now_micros())?;
        let rows: Vec<Row> = plan
            .by_school
            .iter()
            .map(|((school, table), going)| Row {
                school: school.clone(),
                table: table.name(),
                rows: going.rows,
                first: date_name(going.first),
                last: date_name(going.last),
            })
            .collect();
        let is_table = self.output == Output::Table;
        if plan.is_empty() && is_table {
            println!("Nothing is past its time.");
        } else {
            print_rows(self.output, &rows, &["school", "table", "rows", "from", "to"], |row| {
                vec![row.school.clone(), row.table.to_owned(), row.rows.to_string(), row.first.clone(), row.last.clone()]
            })?;
        }
        if is_table {
            for (why, words) in [
                (Why::NotRolledUp, "wait for their figures: run `weir rollup`"),
                (Why::CameLately, "came less than 14 days ago and wait until then"),
            ] {
                let dates = plan.waiting.iter().filter(|waiting| waiting.why == why).count();
                if dates > 0 {
                    println!("Raw rows of {dates} older {} {words}.", if dates == 1 { "day" } else { "days" });
                }
            }
            let held: u64 = plan.held.values().sum();
            if held > 0 {
                println!(
                    "{held} rows past their time stay, because a safeguarding lead holds them: `weir erase list` says until when."
                );
            }
            if !plan.unverified.is_empty() {
                println!(
                    "{} days of sources close by this without having been verified; their figures stand as they are.",
                    plan.unverified.len()
                );
            }
        }
        if plan.is_empty() || self.dry_run {
            return Ok(Ended::Done);
        }
        if !self.yes && !super::confirmed("Take them out for good")? {
            anyhow::bail!("nothing was taken out; say --yes to do it");
        }
        let run = super::run_id("retention")?;
        super::audited(&estate, super::act(Action::Retain).on("run", &run))?;
        let version = lake.retain(&plan, &run)?;
        let vacuumed = lake.vacuum(if self.now { Duration::ZERO } else { Duration::from_secs(24 * 3600) })?;
        if is_table {
            println!("Done: the lake is at version {version}; {} files left the disk.", vacuumed.files);
        }
        Ok(Ended::Done)
    }
}

/// The keys of pupils whose rows a safeguarding lead holds today; none where there is no register.
pub fn holds(estate: &Estate) -> anyhow::Result<BTreeSet<UserKey>> {
    let register = match BlockingRegister::of_estate_existing(estate) {
        Ok(register) => register,
        Err(RegisterError::Missing { .. }) => return Ok(BTreeSet::new()),
        Err(error) => {
            return Err(anyhow::Error::new(error).context("the register can't say whose rows are held, so nothing was taken out"));
        }
    };
    let holds = register.wait(register.register().holds(clock::today_here()))?;
    Ok(holds.into_iter().map(|hold| hold.key).collect())
}
