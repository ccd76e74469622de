//! Reads inputs into the lake: blocks, workers, batches, sorted files, duplicates, the ledger and one commit.

mod blocks;
mod choice;
mod commit;
mod content_hash;
mod day_table;
mod days;
mod error;
mod evidence;
mod input_run;
mod known;
mod late;
mod order;
mod parts;
mod people;
mod positioned;
mod quarantine;
mod read_before;
mod records;
mod replay;
mod run;
mod run_index;
mod side_rows;
mod spread_sort;
mod tally;
mod totals;
mod worker;

use std::sync::Arc;

use weir_lake::estate::Source;
use weir_lake::ids::{FormatId, RunId};
use weir_lake::names::ClearName;

use crate::input::Limits;

pub(crate) use blocks::{Block, BlockSource, Cutting, UNIT_BYTES};
pub(crate) use choice::{choose_format, headers_of};
pub use error::IngestError;
pub(crate) use parts::discard;
pub(crate) use people::EstatePeople;
pub(crate) use records::{Cutter, MAX_RECORD_BYTES};
pub use replay::replay;
#[cfg(test)]
pub(crate) use run::ingest_under;
pub use run::vendor_of;
pub use run::{check_schools, ingest};

/// Which format an input is read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatChoice {
    /// The one that fits the input's first lines.
    Auto,
    /// This one.
    Id(FormatId),
}

impl FormatChoice {
    /// The source's own; `Auto` where it names none.
    pub fn of(source: &Source) -> Self {
        source.format.clone().map_or(Self::Auto, Self::Id)
    }
}

/// Hears how far an ingest is. Called from several threads.
pub trait Progress: Send + Sync {
    /// An input begins: where it lies and how many bytes it has on disk.
    fn begin(&self, path: &str, disk_bytes: u64) {
        let _ = (path, disk_bytes);
    }

    /// So many bytes on disk of that input are taken by now.
    fn at(&self, disk_bytes: u64) {
        let _ = disk_bytes;
    }

    /// The input is read.
    fn end(&self) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}

/// How to ingest.
pub struct IngestOptions {
    /// The run.
    pub run_id: RunId,
    /// The source the inputs come from.
    pub source: Source,
    /// Their format.
    pub format: FormatChoice,
    /// The person of an export whose lines name nobody because all are one person's.
    pub user: Option<ClearName>,
    /// Worker threads; 0 for one a core.
    pub threads: usize,
    /// The clock: microseconds since 1970, UTC.
    pub now_micros: i64,
    /// The inputs are finished: a last line without a newline is a line, however new the file is.
    pub settled: bool,
    /// The inputs are still written by Weir itself: a last line without a newline waits, however long it has rested.
    pub growing: bool,
    /// How far compressed inputs may expand.
    pub limits: Limits,
    /// Who hears how far it is.
    pub progress: Arc<dyn Progress>,
}

impl IngestOptions {
    /// Usual options.
    pub fn new(run_id: RunId, source: Source, now_micros: i64) -> Self {
        let format = FormatChoice::of(&source);
        Self {
            run_id,
            source,
            format,
            user: None,
            threads: 0,
            now_micros,
            settled: false,
            growing: false,
            limits: Limits::default(),
            progress: Arc::new(Silent),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
