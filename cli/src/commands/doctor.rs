//! `weir doctor`: what is wrong, and the mend for each.

use std::io::Write as _;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::doctor::{Checked, look};
use crate::output::{Output, print_rows, width, wrapped};
use crate::{Ended, doctor};

/// Look for what is wrong, and say the mend
#[derive(Args)]
#[command(after_help = "Examples:
  weir doctor                      every check, for people
  weir doctor --output json        for a program that watches

It looks at the estate's files, who else can read names and keys, the clock, the disk, the keys, the register and its trail, the lake,
the last night, the feeds, the copies and the mail, and changes nothing. Exit status: 0 nothing found, 1 something was found.")]
pub struct Doctor {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// A finding, or a check that found nothing, as programs read it.
#[derive(Serialize)]
struct Row {
    check: &'static str,
    state: &'static str,
    found: Option<String>,
    mend: Option<String>,
}

impl Doctor {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let checked = look(config);
        let found = checked.iter().filter_map(|checked| checked.findings.as_ref()).map(Vec::len).sum::<usize>();
        match self.output {
            // Written at once, so that a reader that stops early is no failure.
            Output::Table => std::io::stdout().write_all(printed(&checked, found).as_bytes())?,
            output => print_rows(output, &rows(checked), &["check", "state", "found", "mend"], |row| {
                let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
                vec![row.check.to_owned(), row.state.to_owned(), or_empty(&row.found), or_empty(&row.mend)]
            })?,
        }
        Ok(if found == 0 { Ended::Done } else { Ended::WithFindings })
    }
}

fn rows(checked: Vec<Checked>) -> Vec<Row> {
    let empty = |check, state| vec![Row { check, state, found: None, mend: None }];
    checked
        .into_iter()
        .flat_map(|Checked { check, findings }| match findings {
            None => empty(check, "not_looked_at"),
            Some(findings) if findings.is_empty() => empty(check, "ok"),
            Some(findings) => findings
                .into_iter()
                .map(|doctor::Finding { found, mend }| Row { check, state: "look", found: Some(found), mend: Some(mend) })
                .collect(),
        })
        .collect()
}

/// The width of the names of checks.
const NAMES: usize = 13;

fn printed(checked: &[Checked], found: usize) -> String {
    let mut text = String::new();
    for Checked { check, findings } in checked {
        match findings {
            None => text.push_str(&format!("{check:NAMES$}not looked at\n")),
            Some(findings) if findings.is_empty() => text.push_str(&format!("{check:NAMES$}ok\n")),
            Some(findings) => {
                text.push_str(&format!("{check:NAMES$}LOOK\n"));
                for finding in findings {
                    text.push_str(&hung("- ", &finding.found));
                    text.push_str(&hung("  mend: ", &finding.mend));
                }
            }
        }
    }
    text.push_str(&match found {
        0 => String::from("\nNothing was found.\n"),
        1 => String::from("\n1 thing to mend.\n"),
        many => format!("\n{many} things to mend.\n"),
    });
    text
}

/// A sentence under its check, broken at blanks, further lines below its first word.
fn hung(mark: &str, text: &str) -> String {
    let room = width().saturating_sub(2 + mark.len()).max(20);
    let lines = wrapped(text, room);
    let mark_of = |number: usize| if number == 0 { mark.to_owned() } else { " ".repeat(mark.len()) };
    lines.lines().enumerate().map(|(number, line)| format!("  {}{line}\n", mark_of(number))).collect()
}
