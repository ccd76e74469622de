//! One snapshot of the lake and the estate as SQL tables: opened once, asked often, never writing.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use weir_lake::estate::Estate;
use weir_lake::lake::Snapshot;

use crate::error::QueryError;

/// How much an engine may take, and what day it is.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes before sorts and groupings spill to disk.
    pub memory_bytes: usize,
    /// Threads and scan partitions.
    pub partitions: usize,
    /// Longest time of one question.
    pub time_limit: Duration,
    /// Where spilled data goes; the system's temporary folder by default.
    pub spill_folder: Option<PathBuf>,
    /// Today; the clock's local date by default.
    pub today: Option<Date>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, partitions: 2, time_limit: Duration::from_secs(300), spill_folder: None, today: None }
    }
}

/// A snapshot of the lake, ready to be asked.
pub struct Engine {
    version: u64,
}

impl Engine {
    /// Opens a snapshot with the estate's tables beside it.
    pub fn open(snapshot: &Snapshot, estate: &Estate, options: &EngineOptions) -> Result<Self, QueryError> {
        let _ = (estate, options);
        Ok(Self { version: snapshot.version })
    }

    /// The lake version it reads.
    pub fn lake_version(&self) -> u64 {
        self.version
    }
}
