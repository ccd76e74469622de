//! `weir ingest --replay`: lines in quarantine read again, source by source, after a format was mended.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_ingest::engine::{FormatChoice, IngestOptions, replay};
use weir_ingest::format::Catalogue;
use weir_ingest::report::ReplayReport;
use weir_lake::clock;
use weir_lake::estate::{Estate, Layer, SchoolOf, Source};
use weir_lake::ids::SourceId;
use weir_lake::lake::{Lake, Receipt};
use weir_lake::vault::Vault;

use crate::Ended;
use crate::output::{Output, print_rows};

/// Which lines are wanted.
pub struct Wanted<'a> {
    /// Of one source.
    pub source: Option<&'a str>,
    /// As another format than they were read as.
    pub format: Option<FormatChoice>,
    /// Quarantined for one reason.
    pub reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    source_id: &'a str,
    format_id: &'a str,
    reason: &'a str,
    lines: u64,
    events: u64,
    admin_events: u64,
    ignored: u64,
    stay: u64,
    closed: u64,
    not_tried: u64,
}

pub fn run(estate: &Estate, catalogue: &Catalogue, wanted: &Wanted<'_>, output: Output) -> anyhow::Result<Ended> {
    let lake = super::estate::lake(estate)?;
    let sources = sources(estate, &lake)?;
    if let Some(name) = wanted.source {
        anyhow::ensure!(
            sources.contains_key(name) || estate.sources.contains_key(&SourceId::parse(name)?),
            "source {name} has nothing in the lake and is not in weir.toml"
        );
    }
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let run_id = super::run_id("replay")?;
    let mut reports: Vec<ReplayReport> = Vec::new();
    for source in sources.into_values().filter(|source| wanted.source.is_none_or(|name| source.id.as_str() == name)) {
        let mut options = IngestOptions::new(run_id.clone(), source, clock::now_micros());
        options.format = wanted.format.clone().unwrap_or(FormatChoice::Auto);
        reports.push(replay(estate, &lake, &vault, catalogue, &options, wanted.reason)?);
    }
    let rows: Vec<Row<'_>> = reports.iter().flat_map(rows).collect();
    if output == Output::Table && rows.is_empty() {
        println!("No line is in quarantine.");
        return Ok(Ended::Done);
    }
    let header = ["source", "format", "reason", "lines", "events", "admin", "ignored", "stay", "of closed dates", "not whole"];
    print_rows(output, &rows, &header, |row| {
        let mut cells = vec![row.source_id.to_owned(), row.format_id.to_owned(), row.reason.to_owned()];
        let counts = [row.lines, row.events, row.admin_events, row.ignored, row.stay, row.closed, row.not_tried];
        cells.extend(counts.map(|count| if count == 0 { String::new() } else { count.to_string() }));
        cells
    })?;
    let sum = |of: fn(&Row<'_>) -> u64| rows.iter().map(of).sum::<u64>();
    let stay = sum(|row| row.stay);
    if output == Output::Table {
        let left = sum(|row| row.lines) - stay;
        println!("{left} of {} lines left quarantine; {stay} stay.", sum(|row| row.lines));
        if sum(|row| row.closed) > 0 {
            println!("Lines of closed dates stay until `weir reopen` opens their dates.");
        }
        match reports.iter().filter_map(|report| report.lake_version).max() {
            Some(version) => println!("The lake is at version {version}. Run `weir rollup` to bring the figures up to date."),
            None => println!("Nothing could be read that could not before; the lake is as it was."),
        }
    }
    Ok(if stay > 0 { Ended::WithFindings } else { Ended::Done })
}

fn rows(report: &ReplayReport) -> impl Iterator<Item = Row<'_>> {
    report.lines.iter().map(|lines| Row {
        source_id: &report.source_id,
        format_id: &lines.format_id,
        reason: &lines.reason,
        lines: lines.lines,
        events: lines.events,
        admin_events: lines.admin_events,
        ignored: lines.ignored.values().sum(),
        stay: lines.stay,
        closed: lines.closed,
        not_tried: lines.not_tried,
    })
}

/// The sources with lines in quarantine: those of weir.toml, and those that a command made up for a school.
fn sources(estate: &Estate, lake: &Lake) -> anyhow::Result<BTreeMap<String, Source>> {
    let mut sources = BTreeMap::new();
    for receipt in lake.receipts(&lake.snapshot()?)?.iter().filter(|receipt| receipt.quarantined > 0) {
        let id = receipt.source_id.to_string();
        let Some(source) = estate.sources.get(&receipt.source_id).cloned().or_else(|| made_up(estate, receipt)) else {
            anyhow::bail!("source {id} has lines in quarantine and is not in weir.toml any more; add it there again");
        };
        sources.entry(id).or_insert(source);
    }
    Ok(sources)
}

fn made_up(estate: &Estate, receipt: &Receipt) -> Option<Source> {
    let school = estate.schools.get(receipt.school_id.as_ref()?)?;
    Some(Source {
        id: receipt.source_id.clone(),
        school: SchoolOf::One(school.school_id.clone()),
        format: None,
        inbox: None,
        tz: school.timezone.clone(),
        layer: Layer::Filter,
        logs_allowed: true,
        keep_flows: false,
    })
}
