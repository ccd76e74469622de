//! `weir quarantine`: lines that could not be read: how many and why, what a reason means, and a few of them by their shape.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, Subcommand};
use serde::Serialize;
use weir_lake::data_file::date_name;
use weir_lake::lake::LakeError;
use weir_lake::quarantine::SealedLine;
use weir_lake::schema::Table;
use weir_lake::vault::Vault;
use weir_register::{Action, Detail};

use crate::Ended;
use crate::output::{Output, print_rows};

/// Lines that could not be read, and why
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  weir quarantine                                      how many, by source, format and reason
  weir quarantine explain unknown_action               what that means, and the mend
  weir quarantine sample --reason unknown_action       a few lines with every letter and digit masked
  weir quarantine sample --clear --why \"the vendor's new action word\"

The lines are sealed and kept for 30 days. Showing one in clear is a row of the audit trail; it may hold names. After the mend:
weir ingest --replay"
)]
pub struct Quarantine {
    #[command(subcommand)]
    what: Option<What>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Subcommand)]
enum What {
    /// Say what a reason means and what to do
    Explain {
        /// The reason
        reason: String,
    },
    /// Show a few lines
    Sample {
        /// Only of this source
        #[arg(long, value_name = "ID")]
        source: Option<String>,
        /// Only quarantined for this reason
        #[arg(long)]
        reason: Option<String>,
        /// How many
        #[arg(short = 'n', long, default_value_t = 5)]
        lines: usize,
        /// In clear, names and all
        #[arg(long, requires = "why")]
        clear: bool,
        /// Why that is needed, without a name
        #[arg(long)]
        why: Option<String>,
    },
}

/// Lines of one source, format and reason.
#[derive(Serialize)]
struct Row {
    source_id: String,
    format_id: String,
    reason: String,
    lines: u64,
    files: usize,
    first_day: String,
    last_day: String,
}

impl Quarantine {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        match self.what {
            None => list(config, self.output),
            Some(What::Explain { reason }) => explain(&reason),
            Some(What::Sample { source, reason, lines, clear, why }) => {
                let is_wanted = |line: &SealedLine<'_>| {
                    source.as_deref().is_none_or(|source| line.source_id == source)
                        && reason.as_deref().is_none_or(|reason| line.reason == reason)
                };
                sample(config, is_wanted, lines, why.as_deref().filter(|_| clear))
            }
        }
    }
}

fn list(config: Option<&Path>, output: Output) -> anyhow::Result<Ended> {
    let estate = super::estate::load(config)?;
    let lake = super::estate::lake(&estate)?;
    let snapshot = lake.snapshot()?;
    type Found = (u64, std::collections::BTreeSet<String>, i32, i32);
    let mut found: BTreeMap<(String, String, String), Found> = BTreeMap::new();
    for file in snapshot.files.get(&Table::Quarantine).into_iter().flatten() {
        lake.quarantined::<LakeError>(file, |line| {
            let key = (line.source_id.to_owned(), line.format_id.to_owned(), line.reason.to_owned());
            let of = found.entry(key).or_insert_with(|| (0, Default::default(), line.date, line.date));
            of.0 += 1;
            if !of.1.contains(line.file_id) {
                of.1.insert(line.file_id.to_owned());
            }
            of.2 = of.2.min(line.date);
            of.3 = of.3.max(line.date);
            Ok(())
        })?;
    }
    let rows: Vec<Row> = found
        .into_iter()
        .map(|((source_id, format_id, reason), (lines, files, first, last))| Row {
            source_id,
            format_id,
            reason,
            lines,
            files: files.len(),
            first_day: date_name(first),
            last_day: date_name(last),
        })
        .collect();
    if rows.is_empty() && output == Output::Table {
        println!("No line is in quarantine.");
        return Ok(Ended::Done);
    }
    print_rows(output, &rows, &["source", "format", "reason", "lines", "files", "read from", "to"], |row| {
        vec![
            row.source_id.clone(),
            row.format_id.clone(),
            row.reason.clone(),
            row.lines.to_string(),
            row.files.to_string(),
            row.first_day.clone(),
            row.last_day.clone(),
        ]
    })?;
    if output == Output::Table {
        println!("`weir quarantine explain REASON` says what one means; `weir quarantine sample` shows some by their shape.");
    }
    Ok(if rows.is_empty() { Ended::Done } else { Ended::WithFindings })
}

/// What each reason means, and the mend.
const REASONS: &[(&str, &str)] = &[
    (
        "unreadable",
        "The line is not built as its format says. If the product was updated, mend the format (docs/new-format.md); if the file holds another product's lines, split it.",
    ),
    (
        "missing_field",
        "A field that the format cannot do without is not in the line. Have the product log it, or mend `require` in the format.",
    ),
    (
        "no_header",
        "The file has no line that names its columns, or its names are new. Export with the header, or add the new names to the format.",
    ),
    ("missing_time", "No field with a time is in the line. Have the product log it."),
    ("bad_time", "The time is not written as the format says. Add its layout to [time]."),
    (
        "implausible_time",
        "The time is before 2000 or more than a day ahead of this machine's clock. Look at both clocks and at the source's tz.",
    ),
    ("missing_action", "Nothing in the line says what was decided. Have the product log it."),
    (
        "unknown_action",
        "The word for what was decided is not in the format's table. Find out what it means from the vendor, and add it there.",
    ),
    ("unknown_record", "A kind of record that the format does not know. Add a rule for it: event, admin or ignored."),
    ("other_product", "The line is another product's. Give that product a source of its own."),
    ("no_school", "No rule of school_map gives the line to a school. `weir formats unclaimed` proposes the rules."),
    ("cut_record", "The record ends in its middle. It was cut on its way; export it again."),
    ("too_long", "The line is longer than any log line. It was kept in part and can't be read again."),
    ("line_too_long", "The line is longer than any log line. It was kept in part and can't be read again."),
    (
        "nul_bytes",
        "The line holds NUL bytes: it was damaged on its way, as by a full disk or a power cut. It can't be read again.",
    ),
];

fn explain(reason: &str) -> anyhow::Result<Ended> {
    let found = REASONS.iter().find(|(known, _)| *known == reason);
    let known = || REASONS.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
    let (_, words) = found.ok_or_else(|| {
        anyhow::anyhow!("{reason} is none of Weir's own reasons; a format may have one of its own. Weir's are: {}", known())
    })?;
    println!("{words}");
    if !reason.ends_with("too_long") && reason != "nul_bytes" {
        println!("After the mend: weir ingest --replay --reason {reason}");
    }
    Ok(Ended::Done)
}

fn sample(
    config: Option<&Path>,
    is_wanted: impl Fn(&SealedLine<'_>) -> bool,
    many: usize,
    why: Option<&str>,
) -> anyhow::Result<Ended> {
    let estate = super::estate::load(config)?;
    let lake = super::estate::lake(&estate)?;
    let vault = Vault::open(&estate.vault_root, &estate.lake_root)?;
    let snapshot = lake.snapshot()?;
    let mut sealed: Vec<(String, i64, String, Vec<u8>)> = Vec::new();
    for file in snapshot.files.get(&Table::Quarantine).into_iter().flatten() {
        lake.quarantined::<LakeError>(file, |line| {
            if sealed.len() < many && is_wanted(&line) {
                sealed.push((line.file_id.to_owned(), line.line_no, line.reason.to_owned(), line.raw.to_vec()));
            }
            Ok(())
        })?;
    }
    if sealed.is_empty() {
        println!("No such line is in quarantine.");
        return Ok(Ended::Done);
    }
    if let Some(why) = why {
        let act = super::act(Action::OpenLine).because(why).with("lines", Detail::from(sealed.len() as u64));
        super::audited(&estate, act)?;
    }
    for (file, line_no, reason, raw) in &sealed {
        let file: String = file.chars().take(12).collect();
        let shown = match vault.open_line(raw) {
            Ok(opened) => shown(&String::from_utf8_lossy(&opened.line), why.is_some()),
            Err(error) => error.to_string(),
        };
        println!("{file} line {line_no} ({reason})\n  {shown}");
    }
    Ok(Ended::Done)
}

/// Letters shown of a line.
const SHOWN: usize = 400;

/// A line as it may be printed: in clear without what a terminal would obey, otherwise its shape alone.
fn shown(line: &str, in_clear: bool) -> String {
    let of = |c: char| match c {
        c if c.is_control() => '\u{fffd}',
        c if in_clear => c,
        c if c.is_numeric() => '9',
        c if c.is_alphabetic() => 'x',
        c if c.is_ascii() => c,
        _ => 'x',
    };
    let mut shown: String = line.chars().take(SHOWN).map(of).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push_str(" ...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_holds_no_letter_of_the_line_and_clear_text_nothing_that_a_terminal_obeys() {
        let line = "2026-11-05 user=\"Zoë\u{0301} O'Neill\" ip=10.1.2.3\u{1b}[2J 愛";
        assert_eq!(shown(line, false), "9999-99-99 xxxx=\"xxxx x'xxxxx\" xx=99.9.9.9\u{fffd}[9x x");
        assert_eq!(shown(line, true), line.replace('\u{1b}', "\u{fffd}"));
        assert_eq!(shown(&"a".repeat(500), false).len(), 404);
    }

    #[test]
    fn every_reason_that_weir_gives_is_explained_once() {
        let names: std::collections::BTreeSet<_> = REASONS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), REASONS.len());
    }
}
