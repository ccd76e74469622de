//! `weir rollup`: brings rollups, and so every figure, up to date with what was read.

use std::path::Path;

use clap::Args;
use weir_lake::estate::Estate;
use weir_lake::lake::Lake;
use weir_query::engine::EngineOptions;
use weir_query::rollup::{RollupReport, roll_up};

use crate::Ended;

/// Bring the figures up to date with what was read
#[derive(Args)]
#[command(after_help = "Example:
  weir rollup

Recomputes exactly the schools, sources and days that changed since the last time.")]
pub struct Rollup {}

impl Rollup {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let report = run(&lake, &estate)?;
        if report.slices == 0 {
            println!("Nothing changed since the last time.");
        } else {
            println!(
                "Brought {} school days of sources up to date; the lake is at version {}.",
                report.slices, report.lake_version
            );
        }
        Ok(Ended::Done)
    }
}

/// Rolls up the stale slices.
pub fn run(lake: &Lake, estate: &Estate) -> anyhow::Result<RollupReport> {
    let options = EngineOptions { meanings: super::meanings(estate)?, ..EngineOptions::default() };
    Ok(super::runtime()?.block_on(roll_up(lake, estate, &options, &super::run_id("rollup")?))?)
}
