//! `weir formats unclaimed`: lines that no `school_map` rule gave to a school, and the rules that would; reads only.

use std::path::Path;

use clap::Args;
use serde::Serialize;
use weir_query::engine::{Engine, EngineOptions};
use weir_query::unclaimed::{UnclaimedSource, unclaimed};

use super::estate;
use crate::Ended;
use crate::output::{Output, print_rows};

/// Files named in the advice; `weir undo` takes one at a time.
const FILES: usize = 5;

/// Lines that no rule gives to a school, and the rules that would
#[derive(Args)]
#[command(after_help = "Examples:
  weir formats unclaimed
  weir formats unclaimed --output json

For sources that serve many schools (school_map in weir.toml). Of such a line Weir keeps the client's address range, group, profile and
site in clear, and nothing else; the line itself stays sealed. A line stands once under each of them that it has.")]
pub struct Unclaimed {
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

#[derive(Serialize)]
struct Line<'s> {
    source_id: &'s str,
    key: &'static str,
    value: &'s str,
    lines: u64,
    rule: &'s str,
}

impl Unclaimed {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = estate::load(config)?;
        let snapshot = estate::lake(&estate)?.snapshot()?;
        let options = EngineOptions { meanings: super::meanings(&estate)?, ..EngineOptions::default() };
        let engine = Engine::open(&snapshot, &estate, &options)?;
        let sources = super::runtime()?.block_on(unclaimed(&engine))?;
        let is_table = matches!(self.output, Output::Table);
        if is_table && sources.is_empty() {
            println!("Every line has found its school.");
            return Ok(Ended::Done);
        }
        let lines: Vec<Line<'_>> = sources.iter().flat_map(lines_of).collect();
        print_rows(self.output, &lines, &["source", "by", "value", "lines", "rule for its school_map"], |line| {
            vec![
                line.source_id.to_owned(),
                line.key.to_owned(),
                line.value.to_owned(),
                line.lines.to_string(),
                line.rule.to_owned(),
            ]
        })?;
        if is_table {
            sources.iter().for_each(advise);
        }
        Ok(if sources.is_empty() { Ended::Done } else { Ended::WithFindings })
    }
}

fn lines_of(source: &UnclaimedSource) -> impl Iterator<Item = Line<'_>> {
    let id = source.source_id.as_str();
    source.claims.iter().map(move |claim| Line {
        source_id: id,
        key: claim.key,
        value: &claim.value,
        lines: claim.lines,
        rule: &claim.rule,
    })
}

fn advise(source: &UnclaimedSource) {
    let UnclaimedSource { source_id, lines, say_nothing, files, .. } = source;
    let (wait, in_files) =
        (if *lines == 1 { "line waits" } else { "lines wait" }, if files.len() == 1 { "file" } else { "files" });
    println!("\n{source_id}: {lines} {wait} for a school, in {} {in_files}.", files.len());
    if *say_nothing > 0 {
        println!("{say_nothing} of them say nothing that a rule could go by: log the client's address, group, policy or site.");
    }
    println!(
        "Copy the rules that hold for one school into its school_map, before any wider rule, with the school's id for SCHOOL. Then"
    );
    println!("take each file out and read it again, so that its lines find their school:");
    for file in files.iter().take(FILES) {
        println!("  weir undo {file}");
    }
    if files.len() > FILES {
        println!("  and {} more", files.len() - FILES);
    }
}
