//! The `weir` command: reads what was asked, calls the library that does it, prints the answer.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods))]

mod answer;
mod commands;
mod doctor;
mod erased;
mod nightly;
mod output;
mod policy_file;
mod progress;
mod prompt;
mod raising;
mod uploading;
mod xlsx;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Planning a question and opening many small files allocate far more than they compute: the system's allocator took a quarter of a roll-up.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Weir reads the logs of a school's web filter and firewall and turns them into evidence that a safeguarding lead and a governor can use.
#[derive(Parser)]
#[command(
    name = "weir",
    version,
    max_term_width = 110,
    after_help = "Exit status: 0 done; 1 done, but with findings (quarantined lines, a figure that differs); 2 refused or failed.

Start with:
  weir demo                    an invented estate of schools, ready in a minute
  weir init my-schools         the files that say whose logs these are
  weir inspect access.log      what each line would become; stores nothing"
)]
struct Arguments {
    /// The estate's weir.toml; by default the nearest one, from the current folder upwards
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Demo),
    Init(commands::init::Init),
    Formats(commands::formats::Formats),
    Inspect(commands::inspect::Inspect),
    Ingest(commands::ingest::Ingest),
    Quarantine(commands::quarantine::Quarantine),
    Undo(commands::undo::Undo),
    Reclassify(commands::reclassify::Reclassify),
    Reopen(commands::reopen::Reopen),
    Rollup(commands::rollup::Rollup),
    Verify(commands::verify::Verify),
    Listen(commands::listen::Listen),
    Fetch(commands::fetch::Fetch),
    Watch(commands::watch::Watch),
    Nightly(commands::nightly::Nightly),
    Retention(commands::retention::Retention),
    Compact(commands::compact::Compact),
    Report(commands::report::Report),
    Query(commands::query::Query),
    Alerts(commands::alerts::Alerts),
    Sql(commands::sql::Sql),
    Serve(commands::serve::Serve),
    User(commands::user::User),
    Audit(commands::audit::Audit),
    Mail(commands::mail::Mail),
    Keys(commands::keys::Keys),
    Backup(commands::backup::Backup),
    Restore(commands::restore::Restore),
    Doctor(commands::doctor::Doctor),
    Erase(commands::erase::Erase),
    ExportSubject(commands::export_subject::ExportSubject),
}

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Done.
    Done,
    /// Done, but someone should look.
    WithFindings,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = arguments.config.as_deref();
    let ended = match arguments.command {
        Command::Demo(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Formats(command) => command.run(config),
        Command::Inspect(command) => command.run(config),
        Command::Ingest(command) => command.run(config),
        Command::Quarantine(command) => command.run(config),
        Command::Undo(command) => command.run(config),
        Command::Reclassify(command) => command.run(config),
        Command::Reopen(command) => command.run(config),
        Command::Rollup(command) => command.run(config),
        Command::Verify(command) => command.run(config),
        Command::Listen(command) => command.run(config),
        Command::Fetch(command) => command.run(config),
        Command::Watch(command) => command.run(config),
        Command::Nightly(command) => command.run(config),
        Command::Retention(command) => command.run(config),
        Command::Compact(command) => command.run(config),
        Command::Report(command) => command.run(config),
        Command::Query(command) => command.run(config),
        Command::Alerts(command) => command.run(config),
        Command::Sql(command) => command.run(config),
        Command::Serve(command) => command.run(config),
        Command::User(command) => command.run(config),
        Command::Audit(command) => command.run(config),
        Command::Mail(command) => command.run(config),
        Command::Keys(command) => command.run(config),
        Command::Backup(command) => command.run(config),
        Command::Restore(command) => command.run(config),
        Command::Doctor(command) => command.run(config),
        Command::Erase(command) => command.run(config),
        Command::ExportSubject(command) => command.run(config),
    };
    match ended {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::WithFindings) => ExitCode::from(1),
        // A reader that stops early (`weir sql ... | head`) is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weir: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe))
}
