//! Pulls exports into their inboxes before they are read: each place a step, so that one that can't be reached keeps no other back.

use weir_fetch::{Fetched, When, fetch};
use weir_lake::clock;
use weir_lake::estate::{Estate, Fetch};

use super::report::Step;
use crate::commands;

/// What day and moment it is for a place.
pub fn when(days: Option<u32>) -> When {
    let now = clock::machine_now();
    When { today: now.to_zoned(jiff::tz::TimeZone::UTC).date(), now: now.as_second(), days }
}

/// Fetches for all sources that weir.toml says it of, or one.
pub fn all(estate: &Estate, only: Option<&str>, days: Option<u32>, take: &mut dyn FnMut(Step) -> bool) -> anyhow::Result<()> {
    let wanted: Vec<&Fetch> =
        estate.fetches.iter().filter(|fetch| only.is_none_or(|only| fetch.source.as_str() == only)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let runtime = commands::runtime()?;
    for one in wanted {
        let fetched = runtime.block_on(fetch(estate, one, when(days)));
        take(step(one, fetched));
    }
    Ok(())
}

fn step(of: &Fetch, fetched: Fetched) -> Step {
    let name = format!("fetch {}", of.source);
    let mut text = match fetched.files {
        0 => String::from("nothing new"),
        1 => format!("1 file, {} KB", fetched.bytes.div_ceil(1000)),
        many => format!("{many} files, {} KB", fetched.bytes.div_ceil(1000)),
    };
    if fetched.unfinished > 0 {
        text.push_str(&format!("; {} still being written there", fetched.unfinished));
    }
    match fetched.stopped {
        None => Step::done(&name, text, Vec::new()),
        Some(error) if fetched.files == 0 => Step::failed(&name, &error.into()),
        Some(error) => Step::failed(&name, &anyhow::anyhow!("{text}, then: {error}")),
    }
}
