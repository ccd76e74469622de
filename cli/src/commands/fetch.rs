//! `weir fetch`: exports pulled into their inboxes now, or a place only tried.

use std::path::Path;

use clap::Args;
use weir_fetch::check;

use super::nightly::print;
use crate::Ended;
use crate::nightly::fetching;
use crate::nightly::report::How;
use crate::nightly::turn::Turn;

/// Pull exports from where a filter leaves them (SFTP, S3) into their inboxes
#[derive(Args)]
#[command(after_help = "Examples:
  weir fetch                            everything that is new
  weir fetch --source cloud --days 30   the first time: as far back as the place keeps it
  weir fetch --check                    only connect and look

From where stands in weir.toml under [[fetch]]; docs/fetching.md shows it. `weir nightly` and `weir watch` do this before they read.
Nothing is deleted there. Exit status: 0 done, 2 a place could not be reached.")]
pub struct Fetch {
    /// Only for this source
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Days back, where the prefix names a date
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: Option<u32>,
    /// Fetch nothing; say whether the place can be reached and what lies there today
    #[arg(long)]
    check: bool,
}

impl Fetch {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let only = self.source.as_deref();
        let is_wanted = |fetch: &&weir_lake::estate::Fetch| only.is_none_or(|only| fetch.source.as_str() == only);
        anyhow::ensure!(
            estate.fetches.iter().any(|fetch| is_wanted(&fetch)),
            "weir.toml has no [[fetch]]{}; docs/fetching.md shows one",
            only.map_or_else(String::new, |only| format!(" for {only}"))
        );
        if self.check {
            let runtime = super::runtime()?;
            let mut failed = 0;
            for fetch in estate.fetches.iter().filter(is_wanted) {
                match runtime.block_on(check(&estate, fetch, fetching::when(self.days))) {
                    Ok(found) => println!("{}: reached; {found} files of the newest day", fetch.source),
                    Err(error) => {
                        failed += 1;
                        println!("{}: {error}", fetch.source);
                    }
                }
            }
            anyhow::ensure!(failed == 0, "not every place can be reached");
            return Ok(Ended::Done);
        }
        let _turn = Turn::of_fetch(&estate)?;
        let mut failed = false;
        fetching::all(&estate, only, self.days, &mut |step| {
            print(&step);
            failed |= step.how == How::Failed;
            step.how != How::Failed
        })?;
        anyhow::ensure!(!failed, "not everything was fetched; run it again, it goes on where it was");
        Ok(Ended::Done)
    }
}
