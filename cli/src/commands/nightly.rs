//! `weir nightly`: everything that a night has to do, in one command for a timer.

use std::io::{IsTerminal, Write as _};
use std::path::Path;

use clap::Args;

use super::formats;
use crate::nightly::report::{How, Step};
use crate::nightly::turn::Turn;
use crate::output::Output;
use crate::{Ended, nightly};

/// Read every inbox, bring the figures up to date, check the feeds, and let go what is past its time
#[derive(Args)]
#[command(after_help = "Examples:
  weir nightly                             what a timer runs; docs/nightly.md shows one for Linux and one for Windows
  weir nightly --output json               the report for a program

Files in an inbox inside the estate's folder move to done/ or failed/ once they have rested for ten minutes. An inbox elsewhere is
the filter's own log folder: its files are read where they are. A night that was cut short is finished by the next.
Exit status: 0 done, 1 done but someone should look, 2 a step failed.")]
pub struct Nightly {
    /// How to print the report: a table, json or ndjson
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

impl Nightly {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let turn = Turn::of_night(&estate)?;
        let catalogue = formats::catalogue_of(&estate, None)?;
        let run_id = super::run_id("nightly")?;
        let is_table = self.output == Output::Table;
        if let Some(owner) = turn.cut_short.as_ref().filter(|_| is_table) {
            println!("The last run was cut short ({owner}); this one finishes what it left.");
        }
        let night = nightly::run(&estate, &run_id, &catalogue, |step| {
            if is_table {
                print(step);
            }
        });
        let mut night = match night {
            Ok(night) => night,
            Err(error) => {
                if let Err(mail) = nightly::mail::night_did_not_begin(&estate) {
                    eprintln!("weir: technicians could not be told by mail: {mail:#}");
                }
                return Err(error);
            }
        };
        let kept = night.keep(&estate)?;
        match self.output {
            Output::Table => println!("\nThe report is kept in {}", kept.display()),
            Output::Json => println!("{}", serde_json::to_string_pretty(&night)?),
            Output::Ndjson => println!("{}", serde_json::to_string(&night)?),
            _ => anyhow::bail!("nightly prints a table, json or ndjson"),
        }
        match night.how() {
            How::Done => Ok(Ended::Done),
            How::Findings => Ok(Ended::WithFindings),
            How::Skipped | How::Failed => anyhow::bail!("not every step was done; what failed is tried again the next night"),
        }
    }
}

/// Prints a step for people.
pub fn print(step: &Step) {
    println!("{:7} {}: {}", step.how.words(), step.step, step.text);
    for look in &step.look {
        println!("          - {look}");
    }
    if std::io::stdout().is_terminal() {
        drop(std::io::stdout().flush());
    }
}
