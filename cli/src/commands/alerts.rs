//! `weir alerts`: which alerts wait at which school, and raising them from the lake. No name and no key is printed.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde::Serialize;
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_query::alerts::Days;
use weir_register::alerts::{Alert, AlertState, Listed};
use weir_register::{Action, BlockingRegister, Register};

use super::formats;
use crate::Ended;
use crate::output::{Output, print_rows};
use crate::raising::{Look, Report, raise};

/// Alerts for the safeguarding lead: which wait, and raising them from the logs
#[derive(Args)]
#[command(after_help = "Examples:
  weir alerts                              which alerts wait, at which school; nobody is named
  weir alerts list --all --output json
  weir alerts raise                        look at what came since the last look; `weir nightly` does it too
  weir alerts raise --from 2026-11-09 --to 2026-11-20

People read, take and close alerts on the pages (`weir serve`). Exit status of list: 0 none waits, 1 some do.")]
pub struct Alerts {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Alerts of every school, or of one
    List(List),
    /// Raise what the lake holds and the register does not know yet
    Raise(Raise),
}

#[derive(Args)]
struct List {
    /// Only this school
    #[arg(long, value_name = "ID")]
    school: Option<String>,
    /// Those that are over too
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

#[derive(Args)]
struct Raise {
    /// First day to look at; by default what came since the last look, two weeks back at most
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Last day to look at; today by default
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<Date>,
}

impl Alerts {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        match self.what.unwrap_or(What::List(List { school: None, all: false, output: Output::Table })) {
            What::List(wanted) => list(&estate, &wanted),
            What::Raise(wanted) => {
                let to = wanted.to.unwrap_or_else(clock::today_here);
                let look = wanted.from.map_or(Look::New, |from| Look::Days(Days { from, to }));
                println!("{}", words(&run(&estate, look)?));
                Ok(Ended::Done)
            }
        }
    }
}

/// Raises alerts of an estate.
pub fn run(estate: &Estate, look: Look) -> anyhow::Result<Report> {
    let snapshot = super::estate::lake(estate)?.snapshot()?;
    let catalogue = formats::catalogue_of(estate, None)?;
    super::runtime()?.block_on(async {
        let register = Register::of_estate(estate).await?;
        let report = raise(estate, &snapshot, &catalogue, &register, look).await;
        register.close().await;
        report
    })
}

/// What raising came to, in a sentence.
pub fn words(report: &Report) -> String {
    let Some(days) = report.days else { return String::from("nothing new has come") };
    let raised = &report.raised;
    let mut words = match raised.alerts {
        0 => String::from("no new alert"),
        1 => String::from("1 new alert"),
        many => format!("{many} new alerts"),
    };
    if raised.urgent > 0 {
        words.push_str(&format!(", {} urgent", raised.urgent));
    }
    if raised.joined > 0 {
        words.push_str(&format!("; {} open ones have more", raised.joined));
    }
    if raised.folded > 0 {
        words.push_str(&format!("; {} were part of a lesson", raised.folded));
    }
    format!("{words} ({} to {})", days.from, days.to)
}

#[derive(Serialize)]
struct Line {
    alert: i64,
    school: String,
    severity: u8,
    urgent: bool,
    kind: &'static str,
    who: &'static str,
    theme: String,
    people: u32,
    events: u32,
    first: String,
    last: String,
    state: &'static str,
    acknowledged: Option<String>,
    outcome: Option<&'static str>,
}

fn time(micros: i64) -> anyhow::Result<String> {
    Ok(jiff::Timestamp::from_microsecond(micros)?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn line(alert: &Alert) -> anyhow::Result<Line> {
    let closing = alert.closing.as_ref().filter(|_| alert.state == AlertState::Closed);
    Ok(Line {
        alert: alert.id,
        school: alert.school.to_string(),
        severity: alert.severity,
        urgent: alert.is_urgent(),
        kind: alert.kind.word(),
        who: alert.who.word(),
        theme: alert.theme.clone(),
        people: alert.people,
        events: alert.events,
        first: time(alert.first_at)?,
        last: time(alert.last_at)?,
        state: alert.state.word(),
        acknowledged: alert.acknowledged_at.map(time).transpose()?,
        outcome: closing.map(|closing| closing.outcome.word()),
    })
}

fn list(estate: &Estate, wanted: &List) -> anyhow::Result<Ended> {
    let schools: Vec<SchoolId> = match &wanted.school {
        Some(id) => {
            let id = SchoolId::parse(id)?;
            anyhow::ensure!(estate.schools.contains_key(&id), "schools.csv has no school {id}");
            vec![id]
        }
        None => estate.schools.keys().cloned().collect(),
    };
    super::audited(estate, super::act(Action::Query).on("alerts", "list"))?;
    let register = BlockingRegister::of_estate(estate)?;
    let listed = if wanted.all { Listed::All } else { Listed::Open };
    let mut lines = Vec::new();
    for school in &schools {
        for alert in register.wait(register.register().alerts(school, listed))? {
            lines.push(line(&alert)?);
        }
    }
    const HEADER: [&str; 8] = ["alert", "school", "severity", "about", "who", "events", "last", "state"];
    print_rows(wanted.output, &lines, &HEADER, |line| {
        let severity = if line.urgent { format!("{} urgent", line.severity) } else { line.severity.to_string() };
        let who = if line.people > 1 { format!("{} people", line.people) } else { line.who.to_owned() };
        let (about, last) = (line.theme.replace('_', " "), line.last.clone());
        vec![
            line.alert.to_string(),
            line.school.clone(),
            severity,
            about,
            who,
            line.events.to_string(),
            last,
            line.state.to_owned(),
        ]
    })?;
    let waits = lines.iter().any(|line| line.state == AlertState::New.word());
    if wanted.output == Output::Table && lines.is_empty() {
        println!("No alert waits. What the logs don't show raises none.");
    }
    Ok(if waits { Ended::WithFindings } else { Ended::Done })
}
