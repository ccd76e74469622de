//! `weir watch`: reads what came every few minutes, so that a school hears of it the same day.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use weir_lake::clock;
use weir_lake::estate::Estate;

use super::formats;
use super::listen::{Signal, Signals};
use crate::nightly::report::{How, Step};
use crate::nightly::turn::Turn;
use crate::{Ended, nightly};

/// Read inboxes and what is received every few minutes, and bring the figures of those days up to date
#[derive(Args)]
#[command(after_help = "Examples:
  weir watch                     until Ctrl-C; docs/receiving.md shows a service for Linux and a task for Windows
  weir watch --once              one look, for a timer of your own

How often stands in weir.toml: [watch] minutes = 5. weir.toml is read at each look, so a change needs no restart. A night (weir nightly)
and a watch take turns. Nothing is read while the disk has less free space than keep_free in weir.toml.
Exit status: 0 told to stop, 2 refused or failed; with --once 1 where someone should look.")]
pub struct Watch {
    /// Look once, and end
    #[arg(long)]
    once: bool,
}

impl Watch {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let weir_toml = estate.home.join("weir.toml");
        let weir_toml = config.map_or(weir_toml, PathBuf::from);
        if self.once {
            let mut look = Look { is_first: true, is_whole: true, told: BTreeSet::new() };
            return match look.take(&estate)? {
                How::Done => Ok(Ended::Done),
                How::Findings => Ok(Ended::WithFindings),
                How::Skipped => anyhow::bail!("nothing was done"),
                How::Failed => anyhow::bail!("not everything was done; the next look tries again"),
            };
        }
        let runtime = super::runtime()?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::new()?
        };
        let mut look = Look { is_first: true, is_whole: false, told: BTreeSet::new() };
        let mut estate = Some(estate);
        let mut minutes = 5;
        loop {
            let loaded = match estate.take() {
                Some(estate) => Ok(estate),
                None => Estate::load(&weir_toml).map_err(anyhow::Error::from),
            };
            let looked = loaded.and_then(|estate| {
                if look.is_first {
                    println!("looking every {} minutes; Ctrl-C ends it", estate.receiving.watch_minutes);
                }
                minutes = estate.receiving.watch_minutes;
                look.take(&estate)
            });
            // A slip in weir.toml, or a lake that can't be opened for a while, ends no watch.
            if let Err(error) = looked {
                said(&format!("FAILED  {error:#}"));
            }
            let wait = Duration::from_secs(u64::from(minutes) * 60);
            // Whoever asks for a reload gets a look at once.
            let next = runtime.block_on(async { tokio::time::timeout(wait, signals.next()).await });
            if matches!(next, Ok(Signal::Stop)) {
                return Ok(Ended::Done);
            }
        }
    }
}

/// Looks, and what they said before.
struct Look {
    is_first: bool,
    /// Whether what is as it was is said too.
    is_whole: bool,
    /// Findings of the look before, so that each is said once.
    told: BTreeSet<String>,
}

impl Look {
    fn take(&mut self, estate: &Estate) -> anyhow::Result<How> {
        let turn = match Turn::of_watch(estate)? {
            Ok(turn) => turn,
            Err(owner) => {
                said(&format!(
                    "another run is at work ({owner}); the next look comes in {} minutes",
                    estate.receiving.watch_minutes
                ));
                return Ok(How::Skipped);
            }
        };
        if let Some(owner) = &turn.cut_short {
            said(&format!("the last run was cut short ({owner}); this look finishes what it left"));
        }
        let catalogue = formats::catalogue_of(estate, None)?;
        let mut worst = How::Done;
        let mut found = BTreeSet::new();
        let run_id = super::run_id("watch")?;
        let mut take = |step: Step| {
            let is_new = |look: &&String| !self.told.contains(*look);
            let has_new = step.how == How::Failed || step.look.iter().any(|look| is_new(&look));
            let is_quiet =
                matches!(step.text.as_str(), "nothing waited" | "nothing new" | "nothing changed" | "nothing was sent");
            if has_new || !is_quiet || self.is_whole {
                said(&format!("{:7} {}: {}", step.how.words(), step.step, step.text));
                step.look.iter().filter(is_new).for_each(|look| println!("          - {look}"));
            }
            worst = match (worst, step.how) {
                (How::Failed, _) | (_, How::Failed) => How::Failed,
                (How::Findings, _) | (_, How::Findings) => How::Findings,
                (worst, _) => worst,
            };
            found.extend(step.look);
            step.how != How::Failed
        };
        nightly::look(estate, &run_id, &catalogue, self.is_first, &mut take)?;
        self.told = found;
        self.is_first = false;
        Ok(worst)
    }
}

fn said(text: &str) {
    println!("{} {text}", clock::machine_now().strftime("%H:%M:%SZ"));
}
