//! `weir inspect`: what each line of a log would become; stores nothing.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use weir_ingest::engine::{FormatChoice, IngestOptions};
use weir_ingest::input;
use weir_ingest::inspect::{InspectedLine, inspect, unknown_source};
use weir_ingest::report::Ledger;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::names::ClearName;
use weir_register::Action;

use super::{formats, ingest};
use crate::Ended;
use crate::output::{Output, table};

/// Lines shown to people; the ledger still counts them all.
const SHOWN: usize = 40;

/// Show what each line of a log would become; stores nothing
#[derive(Args)]
#[command(after_help = "Examples:
  weir inspect access.log
  weir inspect --format squid --tz UTC access.log.gz
  weir inspect --output ndjson access.log | head -1

Works without an estate; where one is near (weir.toml upwards from here), its own formats and people are known. Names are shown in clear, on your own screen only: nothing is stored, and nothing leaves this computer.")]
pub struct Inspect {
    /// Format id, or auto to find it from the lines
    #[arg(long, default_value = "auto")]
    format: String,
    /// A folder with more format files
    #[arg(long, value_name = "DIR")]
    formats_dir: Option<PathBuf>,
    /// Zone of times that carry none, for example Europe/London
    #[arg(long, value_name = "ZONE", default_value = "Europe/London")]
    tz: String,
    /// The person of an export whose lines name nobody because all are one person's
    #[arg(long, value_name = "NAME", value_parser = ingest::login)]
    user: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Inspect {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = estate_or_none(config)?;
        // Names are shown in clear. Away from any estate there is no trail to write to, and nobody's names are kept there.
        if !estate.register_path.as_os_str().is_empty() {
            super::audited(&estate, super::act(Action::Inspect).with("files", self.files.len() as u64))?;
        }
        let catalogue = formats::catalogue_of(&estate, self.formats_dir.as_deref())?;
        let mut options = IngestOptions::new(super::run_id("inspect")?, unknown_source(&self.tz)?, clock::now_micros());
        options.format = ingest::format_choice(&self.format, &catalogue)?;
        if let FormatChoice::Id(id) = &options.format {
            catalogue.get(id.as_str())?;
        }
        options.user = self.user.clone().map(ClearName::new);
        options.settled = true;
        let mut out = BufWriter::new(io::stdout().lock());
        let mut total = Ledger::default();
        let mut shown = Vec::new();
        let mut failed: io::Result<()> = Ok(());
        for input in input::find(&self.files) {
            let input = input?;
            let mut each = |line: &InspectedLine| match self.output {
                Output::Table if shown.len() < SHOWN => shown.push(cells(line)),
                Output::Table => {}
                _ if failed.is_ok() => failed = writeln!(out, "{}", line.to_json()),
                _ => {}
            };
            let inspected = inspect(&estate, &catalogue, &input, &options, &mut each)?;
            total.add(&inspected.ledger);
            if let Some(why) = inspected.refused {
                eprintln!("weir: {why}");
            }
        }
        failed.context("standard output")?;
        match self.output {
            Output::Table => {
                let header = ["line", "outcome", "time (UTC)", "action", "user", "host", "category or term"];
                writeln!(out, "{}", table(&header, &shown))?;
                if total.lines as usize > shown.len() {
                    writeln!(
                        out,
                        "The first {} of {} lines; --output ndjson shows all, with every column.",
                        shown.len(),
                        total.lines
                    )?;
                }
                writeln!(out, "\n{}", ledger_words(&total))?;
            }
            Output::Ndjson => {}
            _ => anyhow::bail!("inspect prints a table or --output ndjson"),
        }
        out.flush().context("standard output")?;
        Ok(if total.quarantined > 0 { Ended::WithFindings } else { Ended::Done })
    }
}

/// With an estate, its own formats are known and people's types are shown as it has them; without one everyone is unknown. One that is
/// only near by and can't be read is no reason to show nothing.
fn estate_or_none(config: Option<&Path>) -> anyhow::Result<Estate> {
    if let Some(config) = config {
        return Ok(Estate::load(config)?);
    }
    let Ok(near) = Estate::find(&std::env::current_dir().context("the current folder")?) else { return Ok(Estate::default()) };
    Ok(Estate::load(&near).unwrap_or_else(|error| {
        eprintln!("weir: shown without {}, which can't be read: {error}", near.display());
        Estate::default()
    }))
}

fn cells(line: &InspectedLine) -> Vec<String> {
    let columns: BTreeMap<&str, &serde_json::Value> = line.columns.iter().map(|(name, value)| (*name, value)).collect();
    let text = |name: &str| match columns.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let either = |a: &str, b: &str| if text(a).is_empty() { text(b) } else { text(a) };
    vec![
        line.line_no.to_string(),
        line.reason.map_or(line.outcome.to_owned(), |reason| format!("{} ({reason})", line.outcome)),
        text("event_time").trim_end_matches('Z').replace('T', " "),
        either("action", "operation"),
        either("user", "actor"),
        either("host", "object").chars().take(60).collect(),
        either("search_term", "vendor_category").chars().take(40).collect(),
    ]
}

/// `120 lines: 100 events, 2 admin events, 18 ignored (auth_challenge 18), 0 in quarantine`
pub fn ledger_words(ledger: &Ledger) -> String {
    let ignored: Vec<_> = ledger.ignored.iter().map(|(reason, lines)| format!("{reason} {lines}")).collect();
    let why = if ignored.is_empty() { String::new() } else { format!(" ({})", ignored.join(", ")) };
    format!(
        "{} lines: {} events, {} admin events, {} ignored{why}, {} in quarantine",
        ledger.lines,
        ledger.events,
        ledger.admin_events,
        ledger.ignored_lines(),
        ledger.quarantined
    )
}
