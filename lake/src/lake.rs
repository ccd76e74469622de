//! The lake as callers see it: a snapshot to read, files to write unseen, and one commit that makes a change visible or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::closed::{ClosedDates, Closing};
use crate::ids::{FileId, FormatId, RunId, SchoolId, SourceId};
use crate::remote::Remote;
use crate::schema::Table;
use crate::state::State;
use crate::storage::Storage;

/// One (school, source, date) whose rollups are out of date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slice {
    /// School.
    pub school_id: SchoolId,
    /// Source.
    pub source_id: SourceId,
    /// Days since 1970, the school's local date.
    pub date: i32,
}

/// What a file's statistics may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatistics {
    /// Days since 1970; one a file.
    pub event_date: i32,
    /// Earliest and latest `event_time`, microseconds; none for tables without it.
    pub event_time: Option<(i64, i64)>,
    /// First and last `school_id` in sort order.
    pub school_id: (String, String),
}

/// A data file of a table: written and fsynced; visible once a commit names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path below the table's folder, `/` between parts.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Statistics.
    pub statistics: FileStatistics,
}

/// A consistent view of every table at one lake version.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The lake version: the newest commit applied everywhere; 0 for a new lake.
    pub version: u64,
    /// Files by table; absent tables have none.
    pub files: BTreeMap<Table, Vec<DataFile>>,
    /// Slices whose rollups are out of date.
    pub stale: BTreeSet<Slice>,
    /// Dates whose figures stand.
    pub closed: ClosedDates,
    /// Folder of the tables, or of this process's copies where they are in a store.
    pub root: PathBuf,
    /// The store whose root is the folder of the tables; none where that is a local folder.
    pub store: Option<Arc<dyn ObjectStore>>,
}

/// The ledger of one input file or sealed segment: `lines = events + admin_events + ignored + quarantined`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// BLAKE3 of the bytes `byte_from..byte_to`, decompressed.
    pub file_id: FileId,
    /// BLAKE3 of the first 4 KiB of them.
    pub head_id: FileId,
    /// First byte read.
    pub byte_from: u64,
    /// Byte after the last one read.
    pub byte_to: u64,
    /// Lines of the file before this segment.
    pub line_from: u64,
    /// Where the file lay.
    pub path: String,
    /// School, or none where the source serves many.
    pub school_id: Option<SchoolId>,
    /// Source.
    pub source_id: SourceId,
    /// Format.
    pub format_id: FormatId,
    /// Version of the format.
    pub format_version: u32,
    /// Lines read.
    pub lines: u64,
    /// Lines that became events.
    pub events: u64,
    /// Lines that became admin events.
    pub admin_events: u64,
    /// Reason -> lines ignored.
    pub ignored: BTreeMap<String, u64>,
    /// Lines in quarantine.
    pub quarantined: u64,
    /// Earliest line that is an event or admin event, microseconds; a duplicate and a line of a closed date count too.
    pub first_event_time: Option<i64>,
    /// Latest such line, microseconds.
    pub last_event_time: Option<i64>,
    /// Run that read it.
    pub run_id: RunId,
    /// When, microseconds since 1970.
    pub received_at: i64,
    /// 1, and one more at each replay.
    pub revision: u32,
    /// Set by the commit.
    pub lake_version: u64,
}

impl Receipt {
    /// Whether the ledger adds up.
    pub fn balances(&self) -> bool {
        self.lines == self.events + self.admin_events + self.ignored.values().sum::<u64>() + self.quarantined
    }
}

/// A sorted duplicate index of one source and day: see `index.rs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IndexFile {
    /// Source.
    pub source_id: SourceId,
    /// Days since 1970.
    pub date: i32,
    /// Path below the lake's root.
    pub path: String,
    /// Entries.
    pub entries: u64,
}

/// What a commit does, for people and for the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// New rows from input files.
    Ingest,
    /// Rollups of stale slices.
    Rollup,
    /// Figures of periods that are over.
    Publish,
    /// Rows of a file or run taken out.
    Undo,
    /// Rows rewritten under today's roster, groups, taxonomy and lexicon.
    Reclassify,
    /// Dates closed.
    Close,
    /// Closed dates opened again, and their rows taken out.
    Reopen,
    /// Files merged; no row changes.
    Compaction,
    /// Rows past their time taken out.
    Retention,
    /// A person's rows taken out.
    Erasure,
}

/// Everything one lake commit changes, over all tables.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it is.
    pub kind: ChangeKind,
    /// The run.
    pub run_id: RunId,
    /// The lake version that was read to make it. A commit on any other version is refused with [`LakeError::LostRace`].
    pub base: u64,
    /// Files that appear.
    pub adds: Vec<(Table, DataFile)>,
    /// Paths of files that go.
    pub removes: Vec<(Table, String)>,
    /// Receipts that appear (the commit writes them).
    pub receipts: Vec<Receipt>,
    /// Receipts that go, by file id and byte_from.
    pub receipt_removes: Vec<(FileId, u64)>,
    /// Index files that take the place of whatever their (source, date) had; one of no entries takes it away.
    pub index: Vec<IndexFile>,
    /// Slices that become stale.
    pub stale: BTreeSet<Slice>,
    /// Slices that are rolled up again.
    pub rolled: BTreeSet<Slice>,
    /// Slices that close.
    pub closes: Vec<Closing>,
    /// Closed slices that open again.
    pub opens: BTreeSet<Slice>,
}

impl Change {
    /// A change that does nothing yet.
    pub fn new(kind: ChangeKind, run_id: RunId, base: u64) -> Self {
        Self {
            kind,
            run_id,
            base,
            adds: Vec::new(),
            removes: Vec::new(),
            receipts: Vec::new(),
            receipt_removes: Vec::new(),
            index: Vec::new(),
            stale: BTreeSet::new(),
            rolled: BTreeSet::new(),
            closes: Vec::new(),
            opens: BTreeSet::new(),
        }
    }
}

/// What went wrong with the lake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// Another writer committed first.
    #[error("another run changed the lake first (it is at version {newest}); nothing was written, run the command again")]
    LostRace {
        /// The newest version.
        newest: u64,
    },
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The account may not read or write there.
    #[error("{path}: no permission; let the account that runs weir read and write the lake's folder, or run weir as its owner")]
    NoPermission {
        /// Which.
        path: PathBuf,
    },
    /// No space is left.
    #[error(
        "{path}: the disk is full; nothing was committed, free space (`weir retention` removes what is past its time) and run the command again"
    )]
    DiskFull {
        /// Which.
        path: PathBuf,
    },
    /// A record, state or data file does not hold what it must.
    #[error("{path} is damaged: {problem}; restore it from a backup of the lake")]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// A data file could not be read or written as Parquet.
    #[error("{path}: {problem}")]
    Parquet {
        /// Which.
        path: PathBuf,
        /// What the Parquet library says.
        problem: String,
    },
    /// The lake was written by a newer Weir.
    #[error("{path} was written by a newer weir (lake format {found}, this one knows {known}); update weir on this machine")]
    TooNew {
        /// The file that says so.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// Another program changed a table's data.
    #[error("table {table} has Delta version {delta_version}, which weir did not write; only weir may change the lake's tables: restore the table to Delta version {restore}", table = table.name())]
    Foreign {
        /// Table.
        table: Table,
        /// The version that is not Weir's.
        delta_version: u64,
        /// The last one that is.
        restore: u64,
    },
    /// Delta's library failed.
    #[error("table {table}: {error}", table = table.name())]
    Delta {
        /// Table.
        table: Table,
        /// What it says.
        error: String,
    },
    /// The caller asked for something the lake must not hold.
    #[error("refused: {problem}")]
    Rejected {
        /// What.
        problem: String,
    },
    /// The change is committed, but not every table has followed yet.
    #[error(
        "the change is committed as lake version {version}, but could not be applied to every table yet: {error}; the next weir command finishes it"
    )]
    Unfinished {
        /// Its version.
        version: u64,
        /// What stopped it.
        error: Box<LakeError>,
    },
    /// A snapshot is older than what the lake remembers.
    #[error("lake version {version} is too old to be read; try again")]
    Gone {
        /// Its version.
        version: u64,
    },
    /// The change would touch a closed date.
    #[error("{what} is closed, so its rows and figures stay as they are; to change them open it again with `{mend}`")]
    Closed {
        /// The date.
        what: String,
        /// The command that opens it.
        mend: String,
    },
    /// There is nothing to open again.
    #[error("no date from {from} to {to} of source {source_id} at school {school_id} is closed{closed}")]
    NothingClosed {
        /// The school asked for.
        school_id: SchoolId,
        /// The source asked for.
        source_id: SourceId,
        /// First date asked for.
        from: String,
        /// Last date asked for.
        to: String,
        /// Which are, in words.
        closed: String,
    },
    /// A date can't be closed yet.
    #[error("{what} can't be closed: {problem}")]
    MayNotClose {
        /// The date.
        what: String,
        /// Why, and what to do.
        problem: String,
    },
    /// No receipt has the file or run.
    #[error("no receipt of {what}; `weir sql \"SELECT file_id, path, run_id FROM receipts\"` lists what was read")]
    Unknown {
        /// The file or run asked for.
        what: String,
    },
}

impl LakeError {
    /// An error of the file system at a path, told apart where the mend differs.
    pub fn io(path: &Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let path = path.to_path_buf();
        match error.kind() {
            PermissionDenied | ReadOnlyFilesystem => Self::NoPermission { path },
            StorageFull | QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, error },
        }
    }

    /// An error of the Parquet library at a path.
    pub(crate) fn parquet(path: &Path, error: &parquet::errors::ParquetError) -> Self {
        Self::Parquet { path: path.to_path_buf(), problem: error.to_string() }
    }

    /// An error of the Arrow library at a path.
    pub(crate) fn arrow(path: &Path, error: &arrow::error::ArrowError) -> Self {
        Self::Parquet { path: path.to_path_buf(), problem: error.to_string() }
    }
}

/// A lake at a root. All calls block; async callers wrap them in `spawn_blocking`.
pub struct Lake {
    pub(crate) storage: Storage,
    pub(crate) cache: Mutex<Cache>,
}

/// What a process remembers of the lake; every entry is immutable on disk, so it never goes stale.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) state: Option<Arc<State>>,
    pub(crate) receipts: BTreeMap<String, Arc<Vec<Receipt>>>,
}

impl Lake {
    /// Opens the lake at a folder's path or a store's address (`s3://bucket/folder`), makes it if the folder is empty or absent, and finishes a commit that a crash left unapplied.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        Self::over(Storage::open(root)?)
    }

    pub(crate) fn over(storage: Storage) -> Result<Self, LakeError> {
        let lake = Self { storage, cache: Mutex::default() };
        lake.recover()?;
        Ok(lake)
    }

    /// The folder in which new files are written: the lake's own, or this process's where the lake is in a store.
    pub fn root(&self) -> &Path {
        self.storage.root()
    }

    /// The newest version that is applied to every table.
    pub fn snapshot(&self) -> Result<Snapshot, LakeError> {
        let state = self.newest_state()?;
        Ok(Snapshot {
            version: state.version,
            files: state.files.clone(),
            stale: state.stale.clone(),
            closed: state.closed.clone(),
            root: self.root().to_path_buf(),
            store: self.storage.remote().map(Remote::store),
        })
    }

    /// Makes a change visible: all of it or nothing. Gives the lake version.
    ///
    /// After [`LakeError::Unfinished`] the change is committed and must not be repeated; after any other error nothing is.
    pub fn commit(&self, change: Change) -> Result<u64, LakeError> {
        crate::commit::commit(self, change)
    }

    /// What is wrong with the files of a snapshot, in words: missing or cut short, or told otherwise by Delta's log, which may have
    /// changed since. Reads no rows.
    pub fn check(&self, snapshot: &Snapshot) -> Result<Vec<String>, LakeError> {
        crate::check::problems(self, snapshot)
    }

    /// Makes the names of new files in a table's folder durable; the commit does this itself for every file it adds.
    pub fn sync_folder(&self, table: Table) -> Result<(), LakeError> {
        self.storage.sync_folder(table.name())
    }

    /// The path of a data file; from a store it is fetched first.
    pub fn path_of(&self, table: Table, file: &DataFile) -> Result<PathBuf, LakeError> {
        self.storage.local_copy(&format!("{}/{}", table.name(), file.path))
    }

    pub(crate) fn cached(&self) -> MutexGuard<'_, Cache> {
        // The cache holds only whole values, so a panic elsewhere leaves it usable.
        self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
