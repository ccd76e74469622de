//! `weir ingest`: reads logs into the lake, each line once, and prints the ledger.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::Args;
use indicatif::ProgressBar;
use weir_ingest::engine::{FormatChoice, IngestOptions, Progress, ingest};
use weir_ingest::format::Catalogue;
use weir_ingest::normalise::people::is_nobody;
use weir_ingest::report::{FileStatus, IngestReport};
use weir_lake::clock;
use weir_lake::estate::{Estate, Layer, SchoolOf, Source, normalise_login};
use weir_lake::ids::{FormatId, SchoolId, SourceId};
use weir_lake::names::ClearName;
use weir_lake::vault::Vault;

use super::{formats, inspect, replay};
use crate::output::{Output, sentence, table};
use crate::{Ended, progress};

/// Read logs into the lake, each line once
#[derive(Args)]
#[command(after_help = "Examples:
  weir ingest access.log                       the estate's only school; the format is found from the lines
  weir ingest --source oakfield-filter         everything in that source's inbox
  weir ingest --school oakfield --format squid logs/
  weir ingest --user apatel one-person.csv     an export whose lines name nobody
  weir ingest --replay                         lines in quarantine once more, after a format was mended

Files, folders, .gz, .zst and .zip. A file that was read before adds nothing. A file is taken whole or not at all.")]
pub struct Ingest {
    /// A source of weir.toml
    #[arg(long, value_name = "ID", conflicts_with_all = ["school"])]
    source: Option<String>,
    /// A school, where weir.toml has no source for these logs
    #[arg(long, value_name = "ID")]
    school: Option<String>,
    /// Format id, or auto
    #[arg(long, value_name = "ID")]
    format: Option<String>,
    /// A folder with more format files
    #[arg(long, value_name = "DIR")]
    formats_dir: Option<PathBuf>,
    /// The person of an export whose lines name nobody because all are one person's
    #[arg(long, value_name = "NAME", value_parser = login)]
    user: Option<String>,
    /// Read lines in quarantine again instead, of every source or of the one named
    #[arg(long, conflicts_with_all = ["school", "user", "settled", "paths"])]
    replay: bool,
    /// With --replay: only lines quarantined for this reason
    #[arg(long, requires = "replay")]
    reason: Option<String>,
    /// A last line without a newline is a line, however new the file is
    #[arg(long)]
    settled: bool,
    /// How to print the ledger: a table, or json for programs
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Files and folders; the source's inbox by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Ingest {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let catalogue = formats::catalogue_of(&estate, self.formats_dir.as_deref())?;
        if self.replay {
            let format = self.format.as_deref().map(|format| format_choice(format, &catalogue)).transpose()?;
            let wanted = replay::Wanted { source: self.source.as_deref(), format, reason: self.reason.as_deref() };
            return replay::run(&estate, &catalogue, &wanted, self.output);
        }
        let source = self.source(&estate, &catalogue)?;
        let paths = if self.paths.is_empty() {
            let inbox = source.inbox.clone();
            vec![inbox.ok_or_else(|| anyhow::anyhow!("source {} has no inbox in weir.toml; name the files to read", source.id))?]
        } else {
            self.paths.clone()
        };
        let lake = super::estate::lake(&estate)?;
        let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
        let mut options = IngestOptions::new(super::run_id("ingest")?, source, clock::now_micros());
        if let Some(format) = &self.format {
            options.format = format_choice(format, &catalogue)?;
        }
        options.user = self.user.clone().map(ClearName::new);
        options.settled = self.settled;
        options.progress = Arc::new(Bar::default());
        let report = ingest(&estate, &lake, &vault, &catalogue, &paths, &options)?;
        match self.output {
            Output::Table => {
                print(&report);
                if report.total.quarantined > 0 && matches!(options.source.school, SchoolOf::Map(_)) {
                    println!("Lines that no rule gives to a school, and the rules that would: weir formats unclaimed");
                }
            }
            Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
            Output::Ndjson => println!("{}", serde_json::to_string(&report)?),
            _ => anyhow::bail!("ingest prints a table, json or ndjson"),
        }
        let refused = report.refused().count();
        anyhow::ensure!(
            refused == 0 || refused < report.files.len(),
            "nothing was read: {}",
            report.refused().filter_map(|file| file.message.clone()).collect::<Vec<_>>().join("; ")
        );
        Ok(if report.has_findings() { Ended::WithFindings } else { Ended::Done })
    }

    /// The source named, the one of a school, or the only one there is.
    fn source(&self, estate: &Estate, catalogue: &Catalogue) -> anyhow::Result<Source> {
        let known = || estate.sources.keys().map(SourceId::as_str).collect::<Vec<_>>().join(", ");
        if let Some(id) = &self.source {
            let id = SourceId::parse(id)?;
            let source = estate.sources.get(&id);
            return source
                .cloned()
                .ok_or_else(|| anyhow::anyhow!("source {id:?} is not in weir.toml; there are: {}", known(), id = id.as_str()));
        }
        let school = match &self.school {
            Some(id) => {
                let school = SchoolId::parse(id)?;
                let schools = || estate.schools.keys().map(SchoolId::as_str).collect::<Vec<_>>().join(", ");
                anyhow::ensure!(
                    estate.schools.contains_key(&school),
                    "school {id:?} is not in schools.csv; there are: {}",
                    schools()
                );
                school
            }
            None if estate.sources.len() == 1 => {
                return estate.sources.values().next().cloned().ok_or_else(|| anyhow::anyhow!("no source"));
            }
            None => match estate.schools.keys().collect::<Vec<_>>()[..] {
                [one] => one.clone(),
                _ => anyhow::bail!("whose logs are these? give --source ({}) or --school", known()),
            },
        };
        source_of_school(estate, catalogue, &school, self.format.as_deref().filter(|format| *format != "auto"))
    }
}

/// The school's one source, if it has one for this; otherwise a source of its own, named after school and format.
pub fn source_of_school(
    estate: &Estate,
    catalogue: &Catalogue,
    school: &SchoolId,
    format: Option<&str>,
) -> anyhow::Result<Source> {
    if let Some(format) = format {
        known_format(format, catalogue)?;
    }
    let own: Vec<&Source> = estate
        .sources
        .values()
        .filter(|source| matches!(&source.school, SchoolOf::One(id) if id == school))
        .filter(|source| format.is_none() || source.format.is_none() || source.format.as_ref().map(FormatId::as_str) == format)
        .collect();
    if let [one] = own[..] {
        return Ok(one.clone());
    }
    let zone = estate.schools.get(school).map_or_else(|| clock::DEFAULT_ZONE.to_owned(), |school| school.timezone.clone());
    let layer = match format.map(|format| catalogue.get(format)).transpose()?.as_ref().map(|format| format.layer()) {
        Some("firewall") => Layer::Firewall,
        Some("dns") => Layer::Dns,
        Some("monitor") => Layer::Monitor,
        _ => Layer::Filter,
    };
    Ok(Source {
        id: SourceId::parse(&format.map_or(school.as_str().to_owned(), |format| format!("{school}-{format}")))?,
        school: SchoolOf::One(school.clone()),
        format: format.map(FormatId::parse).transpose()?,
        inbox: None,
        tz: zone,
        layer,
        logs_allowed: true,
        keep_flows: false,
    })
}

/// A log-in that names somebody; the message does not repeat it.
pub fn login(text: &str) -> Result<String, &'static str> {
    match normalise_login(text) {
        Some(_) if !is_nobody(text) => Ok(text.to_owned()),
        _ => Err("give the log-in of one person, as other logs of the school write it"),
    }
}

/// `auto`, or a format that is there.
pub fn format_choice(text: &str, catalogue: &Catalogue) -> anyhow::Result<FormatChoice> {
    if text == "auto" {
        return Ok(FormatChoice::Auto);
    }
    known_format(text, catalogue)?;
    Ok(FormatChoice::Id(FormatId::parse(text)?))
}

/// Refuses a format id that is not there, and names those that look like it.
fn known_format(id: &str, catalogue: &Catalogue) -> anyhow::Result<()> {
    let Err(error) = catalogue.get(id) else { return Ok(()) };
    let mut near: Vec<_> =
        catalogue.ids().map(|known| (strsim::jaro_winkler(id, known), known)).filter(|(likeness, _)| *likeness > 0.7).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<_> = near.into_iter().take(3).map(|(_, known)| known).collect();
    if near.is_empty() {
        return Err(error.into());
    }
    anyhow::bail!("{error}; the nearest: {}", near.join(", "))
}

/// Prints a report for people.
pub fn print(report: &IngestReport) {
    let rows: Vec<_> = report
        .files
        .iter()
        .map(|file| {
            let what = match file.status {
                FileStatus::Read if file.bytes_before > 0 => String::from("read on"),
                FileStatus::Read => String::from("read"),
                FileStatus::AlreadyRead => String::from("already read, nothing added"),
                FileStatus::Waiting => String::from("waits for the end of its last line"),
                FileStatus::Empty => String::from("empty"),
                FileStatus::Refused => String::from("REFUSED"),
            };
            let name =
                Path::new(&file.path).file_name().map_or_else(|| file.path.clone(), |name| name.to_string_lossy().into_owned());
            let n = |n: u64| if n == 0 { String::new() } else { n.to_string() };
            let ledger = &file.ledger;
            vec![
                name,
                file.format.clone().unwrap_or_default(),
                what,
                n(ledger.lines),
                n(ledger.events),
                n(ledger.admin_events),
                n(ledger.ignored_lines()),
                n(ledger.quarantined),
            ]
        })
        .collect();
    println!("{}", table(&["file", "format", "", "lines", "events", "admin", "ignored", "quarantine"], &rows));
    for file in &report.files {
        let Some(message) = &file.message else { continue };
        // What refuses a file says which.
        let name = Path::new(&file.path).file_name().map_or_else(String::new, |name| format!("{}: ", name.to_string_lossy()));
        let says_which = matches!(file.status, FileStatus::Refused | FileStatus::Empty);
        println!("{}{message}", if says_which { "" } else { &name });
    }
    println!("{}", sentence(&format!("{}: {}", report.source_id, inspect::ledger_words(&report.total))));
    if report.total.quarantined > 0 {
        println!("Lines in quarantine could not be read: `weir quarantine` says why.");
    }
    if !report.missing.is_empty() {
        println!("\nWhat this source does not give:");
        for missing in &report.missing {
            println!("  {} ({:.0} of 100). Weir can't show {}.", missing.missing, missing.share * 100.0, missing.costs);
            println!("    The mend: {}", missing.mend);
        }
    }
    if !report.unmapped_categories.is_empty() {
        let mut unmapped: Vec<_> = report.unmapped_categories.iter().collect();
        unmapped.sort_by_key(|(name, rows)| (std::cmp::Reverse(**rows), (*name).clone()));
        let words: Vec<_> = unmapped.iter().take(8).map(|(name, rows)| format!("{name} ({rows})")).collect();
        println!("\n{} of the filter's categories are not mapped yet; their rows are kept: {}", unmapped.len(), words.join(", "));
    }
    if report.ambiguous_times > 0 {
        println!("\n{} times fall in the repeated hour of October; the first reading was taken", report.ambiguous_times);
    }
    for warning in &report.warnings {
        println!("\n{warning}");
    }
    match report.lake_version {
        Some(version) => println!(
            "\nThe lake is at version {version}; {:.2} s. Run `weir rollup` to bring the figures up to date.",
            report.seconds
        ),
        None => println!("\nNothing new; the lake is as it was."),
    }
}

/// A bar over the bytes of the input that is being read.
#[derive(Default)]
struct Bar(Mutex<Option<ProgressBar>>);

impl Progress for Bar {
    fn begin(&self, path: &str, disk_bytes: u64) {
        let name = Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned());
        if let Ok(mut bar) = self.0.lock() {
            *bar = Some(progress::bar(disk_bytes, &name, true));
        }
    }

    fn at(&self, disk_bytes: u64) {
        if let Ok(bar) = self.0.lock()
            && let Some(bar) = bar.as_ref()
        {
            bar.set_position(disk_bytes);
        }
    }

    fn end(&self) {
        if let Ok(mut bar) = self.0.lock()
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
}
