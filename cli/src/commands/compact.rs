//! `weir compact`: merges a day's small files and removes what nothing refers to any more.

use std::path::Path;
use std::time::Duration;

use clap::Args;

use crate::Ended;
use crate::progress;

/// Merge each day's small files, and remove files that nothing refers to
#[derive(Args)]
#[command(after_help = "Examples:
  weir compact
  weir compact --small-files 2        also days of two files

No row changes. A query that is running keeps its files: only what has been unreferenced for a day is removed.")]
pub struct Compact {
    /// Merge days that have at least this many small files
    #[arg(long, default_value_t = 4)]
    small_files: usize,
}

impl Compact {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let run_id = super::run_id("compact")?;
        let due = lake.compaction_due(&lake.snapshot()?, self.small_files);
        let bar = progress::bar(due.len() as u64, "merging", false);
        let mut merged = 0;
        for day in &due {
            // Each day is a commit of its own, so the snapshot is taken anew.
            lake.compact(&lake.snapshot()?, day, &run_id)?;
            merged += 1;
            bar.inc(1);
        }
        bar.finish_and_clear();
        let vacuumed = lake.vacuum(Duration::from_secs(24 * 3600))?;
        println!("{merged} days merged; {} unreferenced files removed", vacuumed.files);
        Ok(Ended::Done)
    }
}
