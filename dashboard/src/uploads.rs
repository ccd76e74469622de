//! Exports that a technician drops into the browser: kept in a private file of their own until they are read or dropped, and read by
//! whatever reads logs for the command. Pages know neither formats nor lake.

mod shelf;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use weir_lake::ids::SchoolId;

pub(crate) use shelf::{Arriving, Held, Shelf, Stage};

/// Bytes of an upload at most, where weir.toml does not say.
pub const MOST_BYTES: u64 = 200 << 20;

/// Reads exports for the pages; every call blocks.
pub trait Uploads: Send + Sync {
    /// Bytes of an upload at most.
    fn most_bytes(&self) -> u64 {
        MOST_BYTES
    }

    /// The folder in which uploads wait, never inside the lake; refused where the disk has no room.
    fn folder(&self) -> Result<PathBuf, UploadRefused>;

    /// The sources of a school that an export may be for; there is always one.
    fn sources(&self, school: &SchoolId) -> Result<Vec<UploadSource>, UploadRefused>;

    /// What each line of a file would become; stores nothing.
    fn look(&self, school: &SchoolId, source: &str, file: &Path) -> Result<Looked, UploadRefused>;

    /// Reads a file into the lake, by the way, the ledger and the lock of `weir ingest`.
    fn take(&self, school: &SchoolId, source: &str, file: &Path) -> Result<Taken, UploadRefused>;
}

/// A source that an export may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSource {
    /// Its id.
    pub id: String,
    /// What it is, in words.
    pub words: String,
}

/// What became of lines, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `event`, `admin_event`, `ignored` or `quarantined`.
    pub outcome: &'static str,
    /// Why it is ignored or quarantined.
    pub reason: Option<String>,
    /// How many lines.
    pub lines: u64,
    /// The first of them.
    pub first: Vec<LookedLine>,
}

/// One line as a technician may see it: there is no room for a log-in, a site, a search or any other word of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedLine {
    /// Line of the file, from 1.
    pub line_no: u64,
    /// When, as UTC; empty where there is none.
    pub time: String,
    /// What the filter did, in Weir's words.
    pub action: String,
    /// Weir's own category; empty where there is none.
    pub category: String,
    /// Whether it names a person.
    pub has_person: bool,
    /// Whether it names a site.
    pub has_site: bool,
    /// Whether a search can be read.
    pub has_search: bool,
}

/// What a file would become.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// The formats it was read as.
    pub formats: Vec<String>,
    /// Lines in all.
    pub lines: u64,
    /// What they would become, the most first.
    pub outcomes: Vec<Outcome>,
    /// The first and last day of its events.
    pub days: Option<(Date, Date)>,
    /// Why it would be refused all the same.
    pub refused: Option<String>,
}

/// What reading a file came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// The run, by which it is undone.
    pub run: String,
    /// What became of its lines, duplicates among them.
    pub outcomes: Vec<Outcome>,
    /// Lines in all.
    pub lines: u64,
    /// Whether all of it was read before.
    pub is_known: bool,
    /// What else a person should know.
    pub notes: Vec<String>,
}

/// Why an upload goes no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefused {
    /// For the technician to read: what is wrong with the file, or what holds it up.
    #[error("{0}")]
    Said(String),
    /// For the log of the program, never for a page.
    #[error("{0}")]
    Failed(String),
}
