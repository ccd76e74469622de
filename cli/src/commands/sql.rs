//! `weir sql`: any read-only question over the lake, and a prompt when no text is given.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use clap::Args;
use weir_query::engine::{Answer, Engine, EngineOptions, Reason};

use super::estate;
use crate::Ended;
use crate::output::{Output, print_answer};

/// Ask the lake anything, read-only; without a text, a prompt
#[derive(Args)]
#[command(after_help = "Examples:
  weir sql \"SELECT action, count(*) AS n FROM events GROUP BY action ORDER BY n DESC\"
  weir sql --output ndjson \"SELECT count(*) n FROM events\"
  weir sql --output xlsx \"SELECT * FROM receipts\" > receipts.xlsx
  weir sql                       a prompt: one statement a line, Ctrl-D ends it

Tables and columns are in docs/columns.md. Search terms and paths of URLs read [hidden] unless --sensitive says why they are needed.")]
pub struct Sql {
    /// The question
    text: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Show search terms and paths of URLs, and why
    #[arg(long, value_name = "REASON")]
    sensitive: Option<String>,
}

impl Sql {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let reason = match &self.sensitive {
            None => None,
            Some(text) => Some(
                Reason::new(text)
                    .context("--sensitive needs a reason in words, for example --sensitive \"concern raised on 3 November\"")?,
            ),
        };
        let estate = estate::load(config)?;
        let lake = estate::lake(&estate)?;
        let snapshot = lake.snapshot()?;
        let runtime = super::runtime()?;
        let options = EngineOptions { meanings: super::meanings(&estate)?, ..EngineOptions::default() };
        let engine = Engine::open(&snapshot, &estate, &options)?;
        let ask = |text: &str| -> anyhow::Result<Answer> {
            runtime.block_on(async {
                tokio::select! {
                    answer = engine.sql(text, reason.as_ref()) => Ok(answer?),
                    _ = tokio::signal::ctrl_c() => anyhow::bail!("stopped"),
                }
            })
        };
        match &self.text {
            Some(text) => print_answer(self.output, &ask(text)?)?,
            None => self.prompt(ask)?,
        }
        Ok(Ended::Done)
    }

    fn prompt(&self, ask: impl Fn(&str) -> anyhow::Result<Answer>) -> anyhow::Result<()> {
        let is_terminal = io::stdin().is_terminal();
        let mut lines = io::stdin().lock().lines();
        loop {
            if is_terminal {
                eprint!("weir> ");
                io::stderr().flush()?;
            }
            let Some(line) = lines.next().transpose()? else { return Ok(()) };
            let text = line.trim().trim_end_matches(';');
            match text {
                "" => continue,
                "quit" | "exit" | "\\q" => return Ok(()),
                _ => {}
            }
            match ask(text) {
                Ok(answer) => print_answer(self.output, &answer)?,
                // A slip at the prompt is no reason to leave it; in a pipe it is.
                Err(error) if is_terminal => eprintln!("{error:#}"),
                Err(error) => return Err(error),
            }
        }
    }
}
