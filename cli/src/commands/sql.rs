//! `weir sql`: any read-only question over the lake, and a prompt when no text is given.

use std::path::Path;

use anyhow::Context;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use weir_lake::ids::SchoolId;
use weir_query::engine::{Answer, Engine, Reason};
use weir_query::scope::Scope;
use weir_register::{Action, Detail};

use super::estate;
use crate::output::{Output, print_answer};
use crate::{Ended, prompt};

/// Ask the lake anything, read-only; without a text, a prompt
#[derive(Args)]
#[command(after_help = "Examples:
  weir sql \"SELECT action, count(*) AS n FROM events GROUP BY action ORDER BY n DESC\"
  weir sql --output ndjson \"SELECT count(*) n FROM events\"
  weir sql --output xlsx \"SELECT * FROM receipts\" > receipts.xlsx
  weir sql --school harbour-secondary \"SELECT count(*) AS n FROM events\"
  weir sql                       a prompt: a statement ends with ;  and \\h helps

Tables and columns are in docs/columns.md. Search terms and paths of URLs read [hidden] unless --sensitive says why they are needed.
Each statement is written into the audit trail before it is answered: `weir audit list --action sql` shows them.")]
pub struct Sql {
    /// The question
    text: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Show search terms and paths of URLs, and why
    #[arg(long, value_name = "REASON")]
    sensitive: Option<String>,
    /// At the prompt: keep what is asked in a file of your own, to go back to it another day. It may hold what a child typed
    #[arg(long, conflicts_with = "text")]
    keep_history: bool,
    /// Only this school's rows, as someone signed in for it sees them: no EXPLAIN, no addresses of private or illegal sites
    #[arg(long, value_name = "ID")]
    school: Option<String>,
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
        let mut engine = Engine::open(&snapshot, &estate, &super::engine_options(&estate)?)?;
        let names = if self.text.is_none() { runtime.block_on(names(&engine))? } else { Vec::new() };
        if let Some(school) = &self.school {
            let known = estate.schools.keys().find(|known| known.as_str() == school);
            let known = known.with_context(|| format!("no school {school:?} in schools.csv"))?;
            engine = engine.signed_in(&Scope::one(known.clone()));
        }
        let ask = |text: &str| -> anyhow::Result<Answer> {
            let mut act = super::act(Action::Sql).with("statement", Detail::typed(text));
            if let Some(reason) = &reason {
                act = act.because(reason.as_str());
            }
            if let Some(school) = &self.school {
                act = act.at(&SchoolId::parse(school)?);
            }
            super::audited(&estate, act)?;
            runtime.block_on(async {
                tokio::select! {
                    answer = engine.sql(text, reason.as_ref()) => Ok(answer?),
                    _ = tokio::signal::ctrl_c() => anyhow::bail!("stopped"),
                }
            })
        };
        match &self.text {
            Some(text) => print_answer(self.output, &ask(text)?)?,
            None => {
                let history = if self.keep_history { Some(prompt::history_file()?) } else { None };
                prompt::run(self.output, names, history.as_deref(), ask)?;
            }
        }
        Ok(Ended::Done)
    }
}

/// Names of tables and columns, to complete them at the prompt. They say nothing of a lake's rows, so no audit row is due.
async fn names(engine: &Engine) -> anyhow::Result<Vec<String>> {
    const NAMES: &str = "SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'lake'
UNION SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'lake'";
    let answer = engine.sql(NAMES, None).await?;
    let mut names = Vec::new();
    for batch in &answer.batches {
        let column = ArrayFormatter::try_new(batch.column(0), &FormatOptions::default())?;
        names.extend((0..batch.num_rows()).map(|row| column.value(row).to_string()));
    }
    Ok(names)
}
