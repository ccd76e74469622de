//! `sample-data`: writes a whole sample estate, or any number of lines of one format.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Parser;
use jiff::civil::Date;
use weir_sample_data::{
    EstateOptions, Format, LineOptions, format_ids, write_estate, write_export, write_lines, write_with_truth,
};

/// Invented web filter logs in vendors' own formats, the same bytes for the same seed.
///
/// With --estate DIR: fourteen schools with weir.toml, CSV files, a year of logs and truth.json.
/// With --format ID --rows N: N lines of one format. With --truth FILE: awkward ones, and beside each the row it must become.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Write a whole estate into this folder.
    #[arg(long, conflicts_with_all = ["format", "exports"])]
    estate: Option<PathBuf>,
    /// Write one small export of each format into this folder.
    #[arg(long, conflicts_with = "format")]
    exports: Option<PathBuf>,
    /// First day of the estate.
    #[arg(long, default_value = "2025-09-01")]
    from: Date,
    /// Last day of the estate.
    #[arg(long, default_value = "2026-11-20")]
    to: Date,
    /// Traffic of the estate, as a factor.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Plant nothing in the estate: ordinary use alone, lessons that look like concerns included.
    #[arg(long, requires = "estate")]
    no_plants: bool,
    /// Format of the lines.
    #[arg(long, required_unless_present_any = ["estate", "exports"])]
    format: Option<String>,
    /// Number of lines.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Everything follows from it.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// File for the lines; standard output by default.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write awkward lines, and into this file the row that each must become, as ndjson.
    #[arg(long)]
    truth: Option<PathBuf>,
    /// Which of the shapes of a format to write, from 0 (with --truth, and for formats that estates do not use).
    #[arg(long, default_value_t = 0)]
    shape: usize,
    /// Distinct hosts.
    #[arg(long)]
    hosts: Option<usize>,
    /// Distinct log-ins.
    #[arg(long)]
    users: Option<usize>,
    /// Make nearly every path different.
    #[arg(long)]
    unique_paths: bool,
    /// FortiGate: three orders of fields in one file.
    #[arg(long)]
    layouts: bool,
    /// The wide case: 50,000 hosts, 20,000 users, unique paths, three layouts.
    #[arg(long)]
    wide: bool,
    /// First day of the lines.
    #[arg(long, default_value = "2026-11-18")]
    first_day: Date,
    /// Days to spread the lines over.
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// Leave the order of time.
    #[arg(long)]
    shuffle: bool,
}

#[expect(clippy::disallowed_methods, reason = "sample lines are made again after a crash")]
fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.estate {
        let options = EstateOptions {
            seed: arguments.seed,
            from: arguments.from,
            to: arguments.to,
            scale: arguments.scale,
            plants: !arguments.no_plants,
        };
        let truth = write_estate(folder, &options, &|_| {})?;
        println!(
            "{}: {} lines of {} sources, {} findings; the truth is in truth.json",
            folder.display(),
            truth.lines,
            truth.sources.len(),
            truth.findings.len()
        );
        return Ok(());
    }
    if let Some(folder) = &arguments.exports {
        std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        for format in Format::ALL {
            let path = folder.join(format!("{}.log", format.id()));
            let mut file = File::create(&path).with_context(|| format!("{}", path.display()))?;
            write_export(format, &mut file)?;
        }
        return Ok(());
    }
    let id = arguments.format.as_deref().unwrap_or_default();
    let known = format_ids();
    if !known.contains(&id) {
        bail!("format {id:?} is not known; use one of {}", known.join(", "));
    }
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("{}", path.display()))?)),
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
    };
    let format = match (Format::from_id(id), &arguments.truth) {
        (Some(format), None) => format,
        (_, path) => {
            let mut truth: Box<dyn Write> = match path {
                Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("{}", path.display()))?)),
                None => Box::new(std::io::sink()),
            };
            write_with_truth(id, arguments.shape, arguments.rows, arguments.seed, &mut *out, &mut |line| {
                writeln!(truth, "{}", line.to_json()).map_err(|error| weir_sample_data::Error::Io { path: "truth".into(), error })
            })?;
            truth.flush()?;
            return Ok(());
        }
    };
    let base = if arguments.wide { LineOptions::wide() } else { LineOptions::default() };
    let options = LineOptions {
        hosts: arguments.hosts.unwrap_or(base.hosts),
        users: arguments.users.unwrap_or(base.users),
        unique_paths: base.unique_paths || arguments.unique_paths,
        layouts: base.layouts || arguments.layouts,
        first_day: arguments.first_day,
        days: arguments.days,
        shuffle: arguments.shuffle,
    };
    write_lines(format, arguments.rows, arguments.seed, &mut *out, options)?;
    Ok(())
}
