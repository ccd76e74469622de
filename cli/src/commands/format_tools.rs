//! `weir formats new` and `weir formats test`: a format file proposed from a sample, and what is wrong with one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use weir_ingest::format::draft::{draft, questions};
use weir_ingest::format::{self, Check, Why};
use weir_lake::ids::FormatId;

use super::formats;
use crate::Ended;
use crate::output::table;

/// What is read of a sample: hundreds of the longest usual lines.
const MOST_BYTES: u64 = 4 << 20;

/// Propose a format file from a sample of an unknown log
#[derive(Args)]
#[command(after_help = "Examples:
  weir formats new export.csv                          shows the proposal
  weir formats new export.csv --out my-filter.toml     writes it; its name becomes the format's id

The file holds names of columns, known words of decision and invented samples: no name, host, address or search of the sample. What
Weir does not know is left in it as lines that begin with \"# question:\". docs/new-format.md goes through it in ten minutes.")]
pub struct New {
    /// A log or export; twenty rows with every kind of decision do
    sample: PathBuf,
    /// Where to write the format file; it must not be there yet
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
}

impl New {
    pub fn run(self, formats_dir: Option<&Path>) -> anyhow::Result<Ended> {
        let mut sample = Vec::new();
        let file = File::open(&self.sample).with_context(|| format!("{}: can't be read", self.sample.display()))?;
        file.take(MOST_BYTES).read_to_end(&mut sample).with_context(|| format!("{}: can't be read", self.sample.display()))?;
        if sample.len() as u64 == MOST_BYTES {
            // The last line may be cut.
            let end = sample.iter().rposition(|byte| *byte == b'\n').unwrap_or(sample.len());
            sample.truncate(end);
        }
        // The id never comes from the sample's name, which may be a pupil's.
        let id = match &self.out {
            None => "my-filter".to_owned(),
            Some(out) => {
                let stem = out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                anyhow::ensure!(
                    out.extension().is_some_and(|ending| ending == "toml") && FormatId::parse(&stem).is_ok(),
                    "--out {}: use a name of 1 to 64 of a-z, 0-9, '-', '_' and '.', with the ending .toml",
                    out.display()
                );
                stem
            }
        };
        let draft = draft(&formats::catalogue(formats_dir)?, &sample, &id)
            .with_context(|| format!("{}: no format can be proposed", self.sample.display()))?;
        match &self.out {
            None => println!("{}", draft.text),
            Some(out) => {
                let written = File::create_new(out).and_then(|mut file| {
                    file.write_all(draft.text.as_bytes())?;
                    file.sync_all()
                });
                written.with_context(|| {
                    format!("{}: can't be written; a file that is there is never written over", out.display())
                })?;
            }
        }
        // What the sample says goes to this screen alone, apart from the file.
        let rows: Vec<_> = draft.columns.iter().map(|(column, field)| vec![(*column).to_owned(), field.clone()]).collect();
        eprintln!("{} rows read as {}\n{}", draft.rows, draft.decoder, table(&["column", "from"], &rows));
        if !draft.unknown_fields.is_empty() {
            eprintln!("Read by no column: {}", shown(&draft.unknown_fields));
        }
        if !draft.unknown_words.is_empty() {
            eprintln!("Words of decision that are not known: {}", shown(&draft.unknown_words));
        }
        let failed = draft.report.checks.iter().filter(|check| !check.differences.is_empty()).count();
        let whole =
            if failed == 0 && !draft.report.checks.is_empty() { "its samples hold" } else { "its samples do not hold yet" };
        match &self.out {
            None => eprintln!("\n{} questions; {whole}. With --out my-filter.toml it is written.", draft.questions()),
            Some(out) => eprintln!(
                "\n{} is written: {} questions; {whole}. Next: answer them, then `weir formats test {}`.",
                out.display(),
                draft.questions(),
                out.display()
            ),
        }
        Ok(if draft.questions() > 0 || failed > 0 { Ended::WithFindings } else { Ended::Done })
    }
}

/// Words of a log on the screen: no control character of theirs reaches the terminal.
fn shown(words: &[String]) -> String {
    words.join(", ").chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Runs a format file's samples and takes apart those that fail.
pub fn test(file: &Path) -> anyhow::Result<Ended> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}: can't be read", file.display()))?;
    let report = format::test(&file.display().to_string(), &text)?;
    let mut out = std::io::stdout().lock();
    for check in &report.checks {
        let passed = if check.differences.is_empty() { "passed " } else { "differs" };
        writeln!(out, "{passed} line {}: {}", check.line, check.what)?;
        if let Some(why) = &check.why {
            writeln!(out, "{}\n", explained(check, why))?;
        }
    }
    let failed = report.checks.iter().filter(|check| !check.differences.is_empty()).count();
    writeln!(out, "\n{}: {} of {} samples hold", report.id, report.checks.len() - failed, report.checks.len())?;
    let left = questions(&text);
    if left > 0 {
        writeln!(out, "{left} questions are left: lines that begin with \"# question:\"")?;
    }
    Ok(if report.passed() { Ended::Done } else { Ended::WithFindings })
}

/// A failing line: what became of it, each column wanted and found, and what stands in it.
fn explained(check: &Check, why: &Why) -> String {
    let shown = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() };
    let compared: Vec<_> = why
        .compared
        .iter()
        .map(|step| {
            let mark = if step.differs() { "differs" } else { "" };
            vec![step.field.clone(), shown(&step.wanted), shown(&step.got), mark.to_owned()]
        })
        .collect();
    let mut fields: Vec<_> = why
        .fields
        .iter()
        .map(|(name, value)| vec![name.clone(), value.clone().unwrap_or_else(|| "(not in the line)".into()), String::new()])
        .collect();
    fields.extend(why.unread.iter().map(|(name, value)| vec![name.clone(), shown(value), "read by no column".to_owned()]));
    let mend = why.mend.as_ref().map(|mend| format!("  look at: {mend}\n")).unwrap_or_default();
    format!(
        "\n  {}\n  became: {}\n{mend}{}\n{}",
        why.text,
        why.became,
        table(&[check.what.as_str(), "wanted", "found", ""], &compared),
        table(&["field of the line", "holds", ""], &fields)
    )
}
