//! `weir query`: saved questions in plain words, run for one school, with what the answer means beside it.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use weir_dashboard::asked_act;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_query::engine::{Engine, Reason};
use weir_query::saved::{Answered, Asked, Chart, Kind, Parameter, Role, SavedQueries, SavedQuery};
use weir_register::{Act, Action};

use super::estate;
use crate::Ended;
use crate::answer::{chart, html, layout};
use crate::output::{self, Output, print_rows, write_answer};

/// Saved questions in plain words: list them, look at one, run one
#[derive(Args)]
#[command(after_help = "Examples:
  weir query list
  weir query show came_up_again
  weir query run themes_this_week --school harbour-secondary
  weir query run who_searched_for --school harbour-secondary --param words=\"help\" --reason \"concern raised on 3 November\"
  weir query run annual-trends --school harbour-secondary --html year.html
  weir query run annual-trends --school harbour-secondary --output xlsx --out year.xlsx

A school's own questions are .sql files in the folder `queries` beside weir.toml; docs/queries.md shows how to write one.")]
pub struct Query {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Every question, a line each
    List {
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        output: Output,
    },
    /// One question: what it asks for, what its answer means, and its SQL
    Show {
        /// Its id, as `query list` prints it
        id: String,
    },
    /// Ask one of a school
    Run(Run),
}

#[derive(Args)]
struct Run {
    /// Its id, as `query list` prints it
    id: String,
    /// The school, as schools.csv names it; not needed where there is only one
    #[arg(long, value_name = "ID")]
    school: Option<String>,
    /// A value, as name=value; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Write the answer to this new file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a page with chart and table to this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Draw the chart where standard output is no terminal too
    #[arg(long)]
    chart: bool,
    /// Why what pupils typed must be read, where the question shows it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Query {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = estate::load(config)?;
        let lake = estate::lake(&estate)?;
        let runtime = super::runtime()?;
        let engine = Engine::open(&lake.snapshot()?, &estate, &super::engine_options(&estate)?)?;
        let folder = estate.home.join("queries");
        let queries = runtime.block_on(SavedQueries::of(&engine, Some(&folder)))?;
        match self.what.unwrap_or(What::List { output: Output::Table }) {
            What::List { output } => list(&queries, output),
            What::Show { id } => show(queries.find(&id)?),
            What::Run(run) => {
                let query = queries.find(&run.id)?;
                let asked = run.asked(&estate)?;
                let prepared = runtime.block_on(query.prepare(&engine, &asked))?;
                super::audited(&estate, run.act(query, &asked)?)?;
                let answered = runtime.block_on(async {
                    tokio::select! {
                        answer = prepared.answer() => Ok(answer?),
                        _ = tokio::signal::ctrl_c() => anyhow::bail!("stopped"),
                    }
                })?;
                run.hand_over(query, &answered)
            }
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    query: &'a SavedQuery,
    origin: String,
}

fn origin(query: &SavedQuery) -> String {
    query.file.as_ref().map_or_else(|| "Weir".into(), |_| "this estate".into())
}

fn list(queries: &SavedQueries, output: Output) -> anyhow::Result<Ended> {
    let lines: Vec<Line<'_>> = queries.good.iter().map(|query| Line { query, origin: origin(query) }).collect();
    const HEADER: [&str; 5] = ["id", "question", "for", "asks for", "from"];
    let cells = |line: &Line<'_>| {
        let who: Vec<&str> = line.query.audience.iter().map(|role| role.words()).collect();
        let mut asks: Vec<&str> = line.query.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        if line.query.needs_reason {
            asks.push("a reason");
        }
        vec![line.query.id.clone(), line.query.title.clone(), who.join(", "), asks.join(", "), line.origin.clone()]
    };
    if output == Output::Table {
        let header = HEADER.map(str::to_owned);
        let rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
        print!("{}", layout::table(&header, &rows, &[], output::width()));
    } else {
        print_rows(output, &lines, &HEADER, cells)?;
    }
    for refused in &queries.refused {
        eprintln!("refused: {refused}");
    }
    Ok(if queries.refused.is_empty() { Ended::Done } else { Ended::WithFindings })
}

fn type_of(parameter: &Parameter) -> String {
    let any = if parameter.is_optional() { ", or any" } else { "" };
    match &parameter.kind {
        // The list is long, and `weir sql` prints it better.
        Kind::Theme => format!("a theme such as self_harm{any}"),
        kind => format!("{}{any}", kind.accepts()),
    }
}

fn show(query: &SavedQuery) -> anyhow::Result<Ended> {
    let mut out = io::stdout().lock();
    let who: Vec<&str> = query.audience.iter().map(|role| role.words()).collect();
    writeln!(out, "{}\n", query.title)?;
    for (what, text) in [("Means", &query.explanation), ("Can't tell", &query.limits)] {
        writeln!(out, "{}\n", output::wrapped(&format!("{what}: {text}"), output::width()))?;
    }
    writeln!(out, "For: {}", who.join(", "))?;
    writeln!(
        out,
        "Version {}, from {}",
        query.version,
        query.file.as_ref().map_or("Weir".into(), |file| file.display().to_string())
    )?;
    if query.needs_reason {
        writeln!(out, "It shows what was typed: --reason is needed.")?;
    }
    if !query.parameters.is_empty() {
        let rows: Vec<Vec<String>> = query
            .parameters
            .iter()
            .map(|parameter| {
                let default = parameter.default.clone().unwrap_or_else(|| "must be given".into());
                vec![parameter.name.clone(), parameter.label.clone(), type_of(parameter), default]
            })
            .collect();
        let header = ["--param", "what it is", "use", "if not given"].map(str::to_owned);
        writeln!(out, "\n{}", layout::table(&header, &rows, &[], output::width()).trim_end())?;
    }
    let body: Vec<&str> = query.sql.lines().skip_while(|line| line.starts_with("--")).collect();
    writeln!(out, "\n{}", body.join("\n"))?;
    Ok(Ended::Done)
}

impl Run {
    fn asked(&self, estate: &Estate) -> anyhow::Result<Asked> {
        let school = match &self.school {
            Some(school) => school.clone(),
            None => {
                let mut schools = estate.schools.keys();
                match (schools.next(), schools.next()) {
                    (Some(only), None) => only.as_str().to_owned(),
                    _ => {
                        let known: Vec<&str> = estate.schools.keys().map(|school| school.as_str()).collect();
                        anyhow::bail!("which school? give --school with one of {}", known.join(", "));
                    }
                }
            }
        };
        let mut values = BTreeMap::new();
        for given in &self.parameters {
            let (name, value) =
                given.split_once('=').with_context(|| format!("--param {given:?}: use name=value, such as week=2026-11-16"))?;
            let twice = values.insert(name.trim().to_owned(), value.to_owned());
            anyhow::ensure!(twice.is_none(), "--param {name} is given twice");
        }
        let reason = match &self.reason {
            None => None,
            Some(text) => {
                Some(Reason::new(text).context("--reason needs words, for example --reason \"concern raised on 3 November\"")?)
            }
        };
        // Whoever runs commands on this machine runs Weir.
        Ok(Asked { school, values, role: Role::Administrator, reason })
    }

    /// What the audit trail keeps of it.
    fn act(&self, query: &SavedQuery, asked: &Asked) -> anyhow::Result<Act> {
        Ok(asked_act(super::act(Action::Query).at(&SchoolId::parse(&asked.school)?), &query.id, asked))
    }

    fn hand_over(&self, query: &SavedQuery, answered: &Answered) -> anyhow::Result<Ended> {
        if let Some(file) = &self.html {
            write_new(file, html::page(query, answered)?.as_bytes())?;
            eprintln!("written: {}", file.display());
        }
        if let Some(file) = &self.out {
            let mut bytes = Vec::new();
            match self.output {
                Output::Table => self.tell(&mut bytes, query, answered, output::FILE_WIDTH)?,
                output => write_answer(&mut bytes, output, &answered.answer, &notes(query, answered))?,
            }
            write_new(file, &bytes)?;
            eprintln!("written: {}", file.display());
            return Ok(Ended::Done);
        }
        match self.output {
            Output::Table => {
                let mut out = io::BufWriter::new(io::stdout().lock());
                self.tell(&mut out, query, answered, output::width())?;
                out.flush().context("standard output")?;
            }
            output => output::print_answer(output, &answered.answer)?,
        }
        Ok(Ended::Done)
    }

    /// Title, answer, chart, explanation and limits, for a person.
    fn tell(&self, out: &mut dyn Write, query: &SavedQuery, answered: &Answered, width: usize) -> anyhow::Result<()> {
        writeln!(out, "{}", output::wrapped(&query.title, width))?;
        let mut asked = vec![answered.school.clone()];
        asked.extend(answered.parameters.iter().map(|(what, value)| format!("{what}: {value}")));
        writeln!(out, "{}\n", output::wrapped(&asked.join(" | "), width))?;
        if answered.answer.rows() == 0 {
            writeln!(out, "Nothing was found in what we can see.\n")?;
        } else {
            writeln!(out, "{}\n", output::table_for_people(&answered.answer, width)?)?;
        }
        let drawn = self.chart || (self.out.is_none() && io::stdout().is_terminal());
        if drawn
            && !matches!(query.chart, Chart::None)
            && let Some(text) = chart::in_text(&query.chart, &answered.answer, width)?
        {
            writeln!(out, "{text}")?;
        }
        for (what, text) in [("What it means", &query.explanation), ("What it can't tell", &query.limits)] {
            writeln!(out, "{}", output::wrapped(&format!("{what}: {text}"), width))?;
        }
        writeln!(out, "As of lake version {}, query version {}.", answered.lake_version, query.version)?;
        Ok(())
    }
}

/// What stands beside an answer wherever it goes.
pub fn notes(query: &SavedQuery, answered: &Answered) -> Vec<(String, String)> {
    let mut notes = vec![("Question".to_owned(), query.title.clone()), ("School".to_owned(), answered.school.clone())];
    notes.extend(answered.parameters.iter().cloned());
    notes.push(("What it means".to_owned(), query.explanation.clone()));
    notes.push(("What it can't tell".to_owned(), query.limits.clone()));
    notes.push(("As of".to_owned(), format!("lake version {}, query version {}", answered.lake_version, query.version)));
    notes
}

/// A file that is there is never written over.
fn write_new(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = std::fs::File::create_new(file).and_then(|mut open| {
        open.write_all(bytes)?;
        open.sync_all()
    });
    written.with_context(|| format!("{}: can't be written; a file that is there is never written over", file.display()))
}
