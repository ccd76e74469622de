//! One file a command.

pub mod alerts;
pub mod audit;
pub mod backup;
pub mod compact;
pub mod dates;
pub mod demo;
pub mod doctor;
pub mod erase;
pub mod estate;
pub mod export_subject;
pub mod fetch;
pub mod format_tools;
pub mod formats;
pub mod ingest;
pub mod init;
pub mod inspect;
pub mod keys;
pub mod listen;
pub mod mail;
pub mod nightly;
pub mod quarantine;
pub mod query;
pub mod reclassify;
pub mod reopen;
pub mod replay;
pub mod report;
pub mod restore;
pub mod retention;
pub mod rollup;
pub mod serve;
pub mod sql;
pub mod unclaimed;
pub mod undo;
pub mod unmapped;
pub mod user;
pub mod verify;
pub mod watch;

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;
use weir_ingest::normalise::Reference;
use weir_lake::estate::Estate;
use weir_query::engine::EngineOptions;
use weir_query::records::Records;
use weir_query::{CategoryMeaning, Meanings};
use weir_register::{Act, Action, Actor, BlockingRegister, RegisterError};

/// A runtime for the parts that serve or query.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")
}

/// What categories and lexicon entries mean: from the reader's data to the query layer, which do not know each other.
pub fn meanings(estate: &Estate) -> anyhow::Result<Meanings> {
    let reference = Reference::of_estate(estate)?;
    let categories = reference.taxonomies.categories().iter().map(|category| {
        let meaning = CategoryMeaning {
            severity: i32::from(category.severity),
            theme: category.theme.map(|theme| theme.as_str().to_owned()),
            since: Some(category.since.clone()),
        };
        (category.id.clone(), meaning)
    });
    let entries = reference.lexicon.entries().map(|(entry, _)| (entry.id.clone(), entry.since.clone()));
    Ok(Meanings { categories: categories.collect(), entries_since: entries.collect() })
}

/// What the query layer is given for questions and figures: what categories mean, and what people recorded.
pub fn engine_options(estate: &Estate) -> anyhow::Result<EngineOptions> {
    Ok(EngineOptions { meanings: meanings(estate)?, records: records(estate)?, ..EngineOptions::default() })
}

/// What people recorded; nothing where there is no register yet.
pub fn records(estate: &Estate) -> anyhow::Result<Records> {
    let register = match BlockingRegister::of_estate_existing(estate) {
        Ok(register) => register,
        Err(RegisterError::Missing { .. }) => return Ok(Records::default()),
        Err(error) => {
            return Err(anyhow::Error::new(error).context("the register can't be opened, so nothing was done"));
        }
    };
    Ok(register.wait(weir_dashboard::records_of(register.register(), &estate.schools))?)
}

/// Asks on a terminal; in a pipe nobody can answer, so the answer is no.
pub fn confirmed(question: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("\n{question}? Type yes: ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("standard input")?;
    Ok(answer.trim() == "yes")
}

/// What somebody at the command line does goes into the audit trail before it is done; without its row nothing is.
pub fn audited(estate: &Estate, act: Act) -> anyhow::Result<()> {
    let register = BlockingRegister::of_estate(estate).context("the audit trail can't be written, so nothing was done")?;
    let _receipt = register.audit(act).context("the audit trail can't be written, so nothing was done")?;
    Ok(())
}

/// What whoever runs this command does.
pub fn act(action: Action) -> Act {
    Act::new(Actor::of_command(), action)
}

/// A new run's id: what it does and when, to the microsecond, so that two runs never share one. By the machine's own clock: `WEIR_NOW`
/// stands still.
pub fn run_id(what: &str) -> anyhow::Result<weir_lake::ids::RunId> {
    let now = weir_lake::clock::machine_now();
    Ok(weir_lake::ids::RunId::parse(&format!("{what}-{}-{:06}", now.strftime("%Y%m%d-%H%M%S"), now.subsec_nanosecond() / 1000))?)
}
