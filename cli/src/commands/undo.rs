//! `weir undo`: takes a file or a run out of the lake again, after showing what would go.

use std::path::Path;

use clap::Args;
use weir_lake::ids::{FileId, RunId};
use weir_lake::lake::{Lake, Snapshot};
use weir_lake::undo::UndoTarget;
use weir_register::Action;

use crate::Ended;
use crate::output::table;

/// Take a file's or a run's rows out of the lake again
#[derive(Args)]
#[command(after_help = "Examples:
  weir undo access-2026-11-05.log        shows what would go, then asks
  weir undo 3f2a91                       the beginning of a file id is enough
  weir undo ingest-20261105-213000 --yes

Rows, their rollups, the receipt and the duplicate index go in one step. The input file itself is not touched; reading it again brings its rows back.")]
pub struct Undo {
    /// A file's id or its beginning, a file's name as ingested, or a run id
    #[arg(value_name = "FILE|RUN")]
    what: String,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

impl Undo {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let estate = super::estate::load(config)?;
        let lake = super::estate::lake(&estate)?;
        let snapshot = lake.snapshot()?;
        let target = find(&lake, &snapshot, &self.what)?;
        let plan = lake.undo_plan(&snapshot, &target)?;
        println!("Undoing {target} takes out:");
        let rows: Vec<_> = plan
            .receipts
            .iter()
            .map(|receipt| {
                let name =
                    Path::new(&receipt.path).file_name().map_or(receipt.path.clone(), |name| name.to_string_lossy().into_owned());
                vec![
                    name,
                    receipt.source_id.to_string(),
                    receipt.lines.to_string(),
                    receipt.events.to_string(),
                    receipt.run_id.to_string(),
                ]
            })
            .collect();
        println!("{}", table(&["file", "source", "lines", "events", "run"], &rows));
        for (of, rows) in plan.rows.iter().filter(|(_, rows)| **rows > 0) {
            println!("  {rows} rows of {}", of.name());
        }
        if !plan.read_again.is_empty() {
            println!("\nThese files overlap with it and dropped lines as duplicates. Undo them too and read them again:");
            for receipt in &plan.read_again {
                println!("  {}", receipt.path);
            }
        }
        if !self.yes && !super::confirmed("Take it out")? {
            anyhow::bail!("nothing was taken out; say --yes to do it");
        }
        let run = super::run_id("undo")?;
        super::audited(&estate, super::act(Action::Undo).on("run", &run))?;
        let version = lake.undo(&plan, &run)?;
        println!("\nDone: the lake is at version {version}. Run `weir rollup` to bring the figures up to date.");
        Ok(if plan.read_again.is_empty() { Ended::Done } else { Ended::WithFindings })
    }
}

/// A file by id, by the beginning of its id or by its name; or a run.
fn find(lake: &Lake, snapshot: &Snapshot, what: &str) -> anyhow::Result<UndoTarget> {
    let receipts = lake.receipts(snapshot)?;
    if let Ok(run) = RunId::parse(what)
        && receipts.iter().any(|receipt| receipt.run_id == run)
    {
        return Ok(UndoTarget::Run(run));
    }
    let mut found: Vec<FileId> = receipts
        .iter()
        .filter(|receipt| {
            let is_id = what.len() >= 6 && receipt.file_id.as_str().starts_with(what);
            is_id || receipt.path == what || Path::new(&receipt.path).file_name().is_some_and(|name| name == what)
        })
        .map(|receipt| receipt.file_id.clone())
        .collect();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(UndoTarget::File(one.clone())),
        [] => anyhow::bail!(
            "no file or run {what:?} in the lake; see what there is with: weir sql \"SELECT path, file_id, run_id FROM receipts\""
        ),
        many => anyhow::bail!(
            "{what:?} is {} files; give the file id: {}",
            many.len(),
            many.iter().map(FileId::as_str).collect::<Vec<_>>().join(", ")
        ),
    }
}
