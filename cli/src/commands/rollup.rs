//! `weir rollup`: brings rollups, and so every figure, up to date with what was read.

use std::path::Path;

use clap::Args;
use weir_lake::estate::Estate;
use weir_lake::lake::Lake;
use weir_query::engine::EngineOptions;
use weir_query::publish::{PublishOptions, PublishReport, publish};
use weir_query::rollup::{RollupReport, roll_up};

use crate::{Ended, progress};

/// Bring the figures up to date with what was read
#[derive(Args)]
#[command(after_help = "Example:
  weir rollup

Recomputes exactly the schools, sources and days that changed since the last time, then publishes
the figures of half-terms and years that have been over for 14 days.")]
pub struct Rollup {}

impl Rollup {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let (report, published) = run(&lake, &estate)?;
        if report.slices == 0 {
            println!("Nothing changed since the last time.");
        } else {
            println!(
                "Brought {} school days of sources up to date; the lake is at version {}.",
                report.slices, report.lake_version
            );
        }
        if published.cells + published.revised > 0 {
            println!(
                "Published {} figures of periods that are over, {} of them hidden; {} changed since they were published.",
                published.cells, published.hidden, published.revised
            );
        }
        for figure in &published.held_back {
            println!("Held back: {figure}. A hidden number could have been worked out.");
        }
        Ok(if published.held_back.is_empty() { Ended::Done } else { Ended::WithFindings })
    }
}

/// Rolls up the stale slices, then publishes what is over.
pub fn run(lake: &Lake, estate: &Estate) -> anyhow::Result<(RollupReport, PublishReport)> {
    let options = EngineOptions { meanings: super::meanings(estate)?, ..EngineOptions::default() };
    super::runtime()?.block_on(async {
        let spinner = progress::busy("bringing figures up to date");
        let report = roll_up(lake, estate, &options, &super::run_id("rollup")?).await;
        spinner.finish_and_clear();
        let (report, run_id) = (report?, super::run_id("publish")?);
        let spinner = progress::busy("publishing figures of half-terms that are over");
        let published = publish(lake, estate, &options, PublishOptions::default(), &run_id).await;
        spinner.finish_and_clear();
        Ok((report, published?))
    })
}
