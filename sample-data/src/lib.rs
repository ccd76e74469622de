//! A seeded generator of whole estates in vendors' own formats, with the truth beside them; the same seed gives the same bytes.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]

mod bench_lines;
mod browsing;
mod calendar;
mod category;
mod content;
mod days;
mod estate_files;
mod findings;
mod line;
mod people;
mod policy;
mod rng;
mod school_day;
mod schools;
mod shape;
mod shapes;
mod text;
mod themes;
mod traces;
mod truth;
mod unit;
mod vendor;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use jiff::civil::{Date, date};

pub use bench_lines::{LineOptions, write_export, write_lines};
pub use shape::{TruthLine, format_ids, shapes_of, write_with_truth};
pub use traces::{Traces, traces};
pub use truth::{FileTruth, Finding, SchoolTruth, SourceTruth, ThemeTruth, Truth};
pub use vendor::Format;

use schools::{SCHOOLS, TRUST_FIREWALL};
use unit::{Unit, UnitTruth};

/// What estate to write.
#[derive(Debug, Clone, PartialEq)]
pub struct EstateOptions {
    /// Everything follows from it.
    pub seed: u64,
    /// First day with logs; 2025-09-01 at the earliest.
    pub from: Date,
    /// Last day with logs ("today"); 2027-08-31 at the latest.
    pub to: Date,
    /// Traffic, as a factor of the demo's. Planted themes and stories do not change with it.
    pub scale: f64,
    /// Whether themes and stories are planted; without them there is nothing but ordinary use, lessons that look like concerns included.
    pub plants: bool,
}

impl Default for EstateOptions {
    fn default() -> Self {
        Self { seed: 2026, from: date(2025, 9, 1), to: date(2026, 11, 20), scale: 1.0, plants: true }
    }
}

/// Why an estate or lines could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// The options cannot be met.
    #[error("{0}")]
    Options(String),
    /// The truth could not be written as JSON.
    #[error("truth.json: {0}")]
    Json(#[from] serde_json::Error),
    /// A generating thread ended early.
    #[error("a generating thread ended early; this is a defect of the generator")]
    Thread,
}

impl Error {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

#[expect(clippy::disallowed_methods, reason = "a sample estate is made again after a crash")]
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|error| Error::io(path, error))
}

/// Writes an estate into a folder: weir.toml, the CSV files, `inbox/<source>/` with one log file a month, and truth.json.
/// Files of an earlier run with the same names are replaced; nothing else in the folder is touched.
/// `progress` is called on the caller's thread with the share done, 0 to 1.
pub fn write_estate(dir: &Path, options: &EstateOptions, progress: &dyn Fn(f32)) -> Result<Truth, Error> {
    let days = checked_days(options)?;
    std::fs::create_dir_all(dir).map_err(|error| Error::io(dir, error))?;
    let people: Vec<people::People> = SCHOOLS.iter().map(|school| people::People::of(school, options.seed)).collect();
    estate_files::write(dir, &people)?;

    // The largest unit first, so that two threads end at about the same time; the result does not depend on the order.
    let mut units: Vec<Unit> = vec![Unit {
        schools: TRUST_FIREWALL.schools.iter().map(|id| schools::index_of(id)).collect(),
        firewall: Some(&TRUST_FIREWALL),
    }];
    let mut alone: Vec<usize> =
        (0..SCHOOLS.len()).filter(|&index| !TRUST_FIREWALL.schools.contains(&SCHOOLS[index].id)).collect();
    alone.sort_by_key(|&index| (std::cmp::Reverse(SCHOOLS[index].lines), index));
    units.extend(alone.into_iter().map(|index| Unit { schools: vec![index], firewall: None }));

    let results = run_units(&units, dir, options, &days, progress)?;
    let truth = gather(options, results);
    let json = serde_json::to_vec_pretty(&truth)?;
    write_file(&dir.join("truth.json"), &json)?;
    progress(1.0);
    Ok(truth)
}

fn checked_days(options: &EstateOptions) -> Result<Vec<days::Day>, Error> {
    let (from, to) = (days::day_of(options.from), days::day_of(options.to));
    let (earliest, latest) = (days::day(2025, 9, 1), days::day(2027, 8, 31));
    if from < earliest || to > latest || from > to {
        return Err(Error::Options(format!(
            "days from {} to {}: use days between 2025-09-01 and 2027-08-31, in order",
            options.from, options.to
        )));
    }
    if !(options.scale.is_finite() && options.scale > 0.0 && options.scale <= 1_000.0) {
        return Err(Error::Options(format!("scale {}: use a number above 0 and up to 1000", options.scale)));
    }
    Ok((from..=to).collect())
}

/// Two threads take units in turn; the caller's thread reports progress.
fn run_units(
    units: &[Unit],
    dir: &Path,
    options: &EstateOptions,
    days: &[days::Day],
    progress: &dyn Fn(f32),
) -> Result<Vec<UnitTruth>, Error> {
    let total = (SCHOOLS.len() * days.len()).max(1) as f32;
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel::<usize>();
    let outcomes: Vec<Result<Vec<UnitTruth>, Error>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..2)
            .map(|_| {
                let sender = sender.clone();
                let next = &next;
                scope.spawn(move || {
                    let mut done = Vec::new();
                    while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                        // A closed channel only means that nobody watches any more.
                        done.push(unit::run(unit, dir, options, days, &|| sender.send(1).unwrap_or(()))?);
                    }
                    Ok(done)
                })
            })
            .collect();
        drop(sender);
        let mut finished = 0;
        for count in receiver {
            finished += count;
            if finished % 64 == 0 {
                progress((finished as f32 / total).min(0.99));
            }
        }
        handles.into_iter().map(|handle| handle.join().unwrap_or(Err(Error::Thread))).collect()
    });
    let mut results = Vec::new();
    for outcome in outcomes {
        results.extend(outcome?);
    }
    Ok(results)
}

fn gather(options: &EstateOptions, mut results: Vec<UnitTruth>) -> Truth {
    results.sort_by_key(|unit| unit.schools.first().map(|school| school.0));
    let mut schools: Vec<(usize, SchoolTruth)> = Vec::new();
    let (mut sources, mut findings) = (Vec::new(), Vec::new());
    for unit in results {
        schools.extend(unit.schools);
        sources.extend(unit.sources);
        findings.extend(unit.findings);
    }
    schools.sort_by_key(|school| school.0);
    Truth {
        seed: options.seed,
        from: options.from.to_string(),
        to: options.to.to_string(),
        lines: sources.iter().map(|source: &SourceTruth| source.lines).sum(),
        schools: schools.into_iter().map(|school| school.1).collect(),
        sources,
        findings,
    }
}
