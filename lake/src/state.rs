//! The lake at one version, in one file: written after a commit is applied everywhere, so that reading needs no history.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::closed::{ClosedDates, Closing};
use crate::delta;
use crate::failpoint;
use crate::ids::{RunId, SourceId};
use crate::lake::{ChangeKind, DataFile, IndexFile, Lake, LakeError, Slice};
use crate::schema::Table;
use crate::storage::Storage;

/// The format of records and states. A lake of a higher one is refused rather than misread.
/// Format 2 knows closed dates, which a program that doesn't would open by writing a state without them.
pub(crate) const LAKE_FORMAT: u32 = 2;

/// States kept. One is enough to read; a few more let a process that is between two calls finish, and survive a damaged newest one.
pub(crate) const STATES_KEPT: u64 = 16;

pub(crate) const COMMITS: &str = "_weir/commits";
pub(crate) const STATES: &str = "_weir/state";

/// One lake commit: creating its file is the commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub format: u32,
    pub version: u64,
    pub kind: ChangeKind,
    pub run_id: RunId,
    /// Microseconds since 1970.
    pub at: i64,
    pub adds: BTreeMap<Table, Vec<DataFile>>,
    pub removes: BTreeMap<Table, Vec<String>>,
    pub index: Vec<IndexFile>,
    /// Index files whose place `index` takes, for vacuum.
    pub index_removes: Vec<String>,
    pub stale: BTreeSet<Slice>,
    pub rolled: BTreeSet<Slice>,
    #[serde(default)]
    pub closes: Vec<Closing>,
    #[serde(default)]
    pub opens: BTreeSet<Slice>,
}

impl Record {
    /// The tables it changes, in the order they are applied.
    pub(crate) fn tables(&self) -> BTreeSet<Table> {
        self.adds.keys().chain(self.removes.keys()).copied().collect()
    }
}

pub(crate) fn record_path(version: u64) -> String {
    format!("{COMMITS}/{version}.json")
}

pub(crate) fn state_path(version: u64) -> String {
    format!("{STATES}/{version}.json")
}

/// The record of a version, or none.
pub(crate) fn read_record(storage: &Storage, version: u64) -> Result<Option<Record>, LakeError> {
    let path = record_path(version);
    let Some(bytes) = storage.read(&path)? else { return Ok(None) };
    let record = parse(storage, &path, &bytes, |record: &Record| record.format)?;
    if record.version != version {
        return Err(LakeError::Corrupt { path: storage.path(&path), problem: format!("it says version {}", record.version) });
    }
    Ok(Some(record))
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Parses JSON that states its format. A newer one is refused whether or not it happens to parse.
fn parse<T: for<'de> Deserialize<'de>>(
    storage: &Storage,
    path: &str,
    bytes: &[u8],
    format_of: impl Fn(&T) -> u32,
) -> Result<T, LakeError> {
    let parsed = serde_json::from_slice::<T>(bytes);
    let format = match &parsed {
        Ok(value) => format_of(value),
        Err(_) => serde_json::from_slice::<Format>(bytes).map_or(LAKE_FORMAT, |found| found.format),
    };
    if format > LAKE_FORMAT {
        return Err(LakeError::TooNew { path: storage.path(path), found: format, known: LAKE_FORMAT });
    }
    parsed.map_err(|error| LakeError::Corrupt { path: storage.path(path), problem: error.to_string() })
}

/// One (source, date)'s index file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexEntry {
    pub path: String,
    pub entries: u64,
}

/// Everything a reader or the next commit needs to know of one lake version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub format: u32,
    pub version: u64,
    pub at: i64,
    /// The Delta version of each table that exists.
    pub delta: BTreeMap<Table, u64>,
    pub files: BTreeMap<Table, Vec<DataFile>>,
    pub index: BTreeMap<SourceId, BTreeMap<i32, IndexEntry>>,
    pub stale: BTreeSet<Slice>,
    #[serde(default)]
    pub closed: ClosedDates,
}

impl State {
    /// The state after a record; its Delta versions are the caller's to note.
    pub(crate) fn after(&self, record: &Record) -> Result<State, String> {
        if record.version != self.version + 1 {
            return Err(format!("commit {} does not follow version {}", record.version, self.version));
        }
        let mut next = State { format: LAKE_FORMAT, version: record.version, at: record.at, ..self.clone() };
        for (table, paths) in &record.removes {
            let gone: HashSet<&str> = paths.iter().map(String::as_str).collect();
            let files = next.files.entry(*table).or_default();
            let before = files.len();
            files.retain(|file| !gone.contains(file.path.as_str()));
            if before - files.len() != gone.len() {
                return Err(format!("a file of {} that should go is not in the lake", table.name()));
            }
        }
        for (table, files) in &record.adds {
            let held = next.files.entry(*table).or_default();
            let names: HashSet<&str> = held.iter().map(|file| file.path.as_str()).collect();
            if let Some(twice) = files.iter().find(|file| names.contains(file.path.as_str())) {
                return Err(format!("{} is in table {} already", twice.path, table.name()));
            }
            held.extend(files.iter().cloned());
        }
        for file in &record.index {
            let days = next.index.entry(file.source_id.clone()).or_default();
            if file.entries == 0 {
                days.remove(&file.date);
            } else {
                days.insert(file.date, IndexEntry { path: file.path.clone(), entries: file.entries });
            }
        }
        next.index.retain(|_, days| !days.is_empty());
        next.files.retain(|_, files| !files.is_empty());
        for slice in &record.rolled {
            next.stale.remove(slice);
        }
        next.stale.extend(record.stale.iter().cloned());
        record.opens.iter().for_each(|slice| next.closed.remove(slice));
        record.closes.iter().for_each(|closing| next.closed.insert(&closing.slice));
        Ok(next)
    }
}

impl Lake {
    /// The newest state; version 0 for a new lake.
    pub(crate) fn newest_state(&self) -> Result<Arc<State>, LakeError> {
        let mut versions = state_versions(&self.storage)?;
        versions.sort_unstable_by(|a, b| b.cmp(a));
        let mut damaged = None;
        for version in versions {
            match self.state_at(version) {
                Ok(Some(state)) => return Ok(state),
                // Pruned by another process between listing and reading: a newer one exists.
                Ok(None) => return self.newest_state(),
                // A power cut can leave the newest state damaged; the one before it and the commit record make it again.
                Err(LakeError::Corrupt { path, problem }) => damaged = damaged.or(Some(LakeError::Corrupt { path, problem })),
                Err(error) => return Err(error),
            }
        }
        damaged.map_or_else(|| Ok(Arc::default()), Err)
    }

    /// The state of one version, if it is still kept.
    pub(crate) fn state_at(&self, version: u64) -> Result<Option<Arc<State>>, LakeError> {
        if let Some(state) = self.cached().state.clone().filter(|state| state.version == version) {
            return Ok(Some(state));
        }
        if version == 0 {
            return Ok(Some(Arc::default()));
        }
        let path = state_path(version);
        let Some(bytes) = self.storage.read(&path)? else { return Ok(None) };
        let state = Arc::new(parse(&self.storage, &path, &bytes, |state: &State| state.format)?);
        self.remember(&state);
        Ok(Some(state))
    }

    fn remember(&self, state: &Arc<State>) {
        let mut cache = self.cached();
        if cache.state.as_ref().is_none_or(|held| held.version < state.version) {
            cache.state = Some(Arc::clone(state));
        }
    }

    /// Applies commit records that follow the newest state, unless another live process is doing so.
    pub(crate) fn recover(&self) -> Result<(), LakeError> {
        self.storage.make_folder(COMMITS)?;
        self.storage.make_folder(STATES)?;
        let state = self.newest_state()?;
        if self.storage.size(&record_path(state.version + 1))?.is_none() {
            return Ok(());
        }
        match crate::commit::Turn::try_take(&self.storage)? {
            Some(turn) => match self.finish_unapplied(&turn) {
                // An account that may only read a store: there is no lock to tell it so before it tries.
                Err(LakeError::NoPermission { .. }) if self.storage.remote().is_some() => Ok(()),
                other => other.map(|_| ()),
            },
            None => Ok(()),
        }
    }

    /// Applies every record that follows the newest state and gives the state after them. Needs the writers' turn.
    pub(crate) fn finish_unapplied(&self, _: &crate::commit::Turn) -> Result<Arc<State>, LakeError> {
        let mut state = self.newest_state()?;
        while let Some(record) = read_record(&self.storage, state.version + 1)? {
            let next = state
                .after(&record)
                .map_err(|problem| LakeError::Corrupt { path: self.storage.path(&record_path(record.version)), problem })?;
            state = self.apply(next, &record)?;
        }
        Ok(state)
    }

    /// Brings every table to a record and notes the state after it, in which only the Delta versions are still those before. Doing it
    /// twice does no harm.
    pub(crate) fn apply(&self, mut next: State, record: &Record) -> Result<Arc<State>, LakeError> {
        let tables: Vec<Table> = record.tables().into_iter().collect();
        let apply = |table: Table| delta::apply(&self.storage, record, table, next.delta.get(&table).copied());
        let applied: Vec<Result<u64, LakeError>> = if failpoint::armed() || tables.len() < 2 {
            tables
                .iter()
                .enumerate()
                .map(|(index, table)| {
                    let version = apply(*table);
                    failpoint::hit(&format!("between_tables_{}", index + 1));
                    version
                })
                .collect()
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = tables.iter().map(|table| (*table, scope.spawn(|| apply(*table)))).collect();
                threads
                    .into_iter()
                    .map(|(table, thread)| {
                        let stopped = |_| LakeError::Delta { table, error: String::from("its commit stopped unexpectedly") };
                        thread.join().map_err(stopped).and_then(|version| version)
                    })
                    .collect()
            })
        };
        for (table, version) in tables.iter().zip(applied) {
            next.delta.insert(*table, version?);
        }
        failpoint::hit("after_tables");
        let next = Arc::new(next);
        let path = state_path(next.version);
        let bytes = serde_json::to_vec(&*next)
            .map_err(|error| LakeError::Corrupt { path: self.storage.path(&path), problem: error.to_string() })?;
        self.storage.replace(&path, &bytes, || failpoint::hit("before_state"))?;
        self.remember(&next);
        if let Some(old) = next.version.checked_sub(STATES_KEPT) {
            self.storage.remove(&state_path(old))?;
        }
        Ok(next)
    }
}

pub(crate) fn state_versions(storage: &Storage) -> Result<Vec<u64>, LakeError> {
    let names = storage.names(STATES)?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect())
}
