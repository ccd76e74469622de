//! Times every indicator of a school and year from the rollups, each time with a snapshot opened anew, as whoever asks first after a run.
//!
//! `year-of-figures WEIR.TOML SCHOOL YEAR [TIMES]` prints one JSON object: milliseconds each time took, and how many figures there are.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use weir_lake::estate::Estate;
use weir_lake::lake::Lake;
use weir_query::engine::{Engine, EngineOptions};
use weir_query::indicator::{Indicator, run_all};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().context("use: year-of-figures WEIR.TOML SCHOOL YEAR [TIMES]");
    let (config, school, year) = (PathBuf::from(next()?), next()?, next()?);
    let times: usize = next().map_or(Ok(1), |times| times.parse()).context("TIMES is no number")?;
    let estate = Estate::load(&config)?;
    let lake = Lake::open(&estate.lake_root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut milliseconds, mut figures) = (Vec::new(), 0);
    for _ in 0..times {
        let began = Instant::now();
        let engine = Engine::open(&lake.snapshot()?, &estate, &EngineOptions::default())?;
        figures = runtime.block_on(run_all(&engine, Indicator::all()?, &school, &[&year]))?.len();
        milliseconds.push(format!("{:.1}", began.elapsed().as_secs_f64() * 1000.0));
    }
    println!(
        "{{\"school\":{school:?},\"year\":{year:?},\"indicators\":{},\"figures\":{figures},\"milliseconds\":[{}]}}",
        Indicator::all()?.len(),
        milliseconds.join(",")
    );
    Ok(())
}
