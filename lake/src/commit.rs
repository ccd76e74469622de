//! The one commit over all tables: everything a change needs is durable first, then one file decides, then each table follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use crate::failpoint;
use crate::lake::{Change, ChangeKind, DataFile, IndexFile, Lake, LakeError};
use crate::receipts;
use crate::schema::Table;
use crate::state::{LAKE_FORMAT, Record, State, record_path};
use crate::storage::Storage;

/// The writers' turn on this machine. It saves work and waiting; what decides between two writers is the commit record alone.
pub(crate) struct Turn {
    _held: Option<File>,
}

const LOCK: &str = "_weir/lock";

impl Turn {
    /// Waits for the turn.
    pub(crate) fn take(storage: &Storage) -> Result<Self, LakeError> {
        let path = storage.path(LOCK);
        let file = open(storage)?;
        match file.lock() {
            Ok(()) => Ok(Self { _held: Some(file) }),
            // Some network file systems have no locks.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(Self { _held: None }),
            Err(error) => Err(LakeError::io(&path, error)),
        }
    }

    /// The turn if nobody has it. None also where this account may only read: then there is nothing for it to finish.
    pub(crate) fn try_take(storage: &Storage) -> Result<Option<Self>, LakeError> {
        let file = match open(storage) {
            Err(LakeError::NoPermission { .. }) => return Ok(None),
            other => other?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _held: Some(file) })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                Ok(Some(Self { _held: None }))
            }
            Err(std::fs::TryLockError::Error(error)) => Err(LakeError::io(&storage.path(LOCK), error)),
        }
    }
}

fn open(storage: &Storage) -> Result<File, LakeError> {
    let path = storage.path(LOCK);
    File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| LakeError::io(&path, error))
}

/// Makes a change visible and gives its lake version.
pub(crate) fn commit(lake: &Lake, change: Change) -> Result<u64, LakeError> {
    check(&change)?;
    let turn = Turn::take(&lake.storage)?;
    let state = lake.finish_unapplied(&turn)?;
    if change.base != state.version {
        return Err(LakeError::LostRace { newest: state.version });
    }
    make_durable(&lake.storage, &change)?;
    failpoint::hit("after_data_files");
    let record = record_of(lake, &state, change)?;
    // Whatever could refuse the record must do so before it exists: from then on every process must be able to apply it.
    state.after(&record).map_err(|problem| LakeError::Rejected { problem })?;
    let path = record_path(record.version);
    let bytes = serde_json::to_vec(&record).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
    failpoint::hit("before_commit_record");
    if !lake.storage.create_if_absent(&path, &bytes)? {
        return Err(LakeError::LostRace { newest: record.version });
    }
    failpoint::hit("after_commit_record");
    let unfinished = |error| LakeError::Unfinished { version: record.version, error: Box::new(error) };
    let next = lake.apply(&state, &record).map_err(unfinished)?;
    let touched: Vec<(Table, u64)> =
        record.tables().into_iter().filter_map(|table| next.delta.get(&table).map(|version| (table, *version))).collect();
    // Weir reads no checkpoint; the commit stands whether or not this one could be written, and the next turn writes the next.
    if let Err(error) = lake.checkpoint_due(&touched) {
        tracing::warn!(%error, "a delta checkpoint could not be written; other programs read this table more slowly");
    }
    Ok(record.version)
}

fn check(change: &Change) -> Result<(), LakeError> {
    if let Some(receipt) = change.receipts.iter().find(|receipt| !receipt.balances()) {
        return Err(LakeError::Rejected {
            problem: format!(
                "the ledger of file {} does not add up: {} lines, {} events, {} admin events, {} ignored, {} quarantined",
                receipt.file_id,
                receipt.lines,
                receipt.events,
                receipt.admin_events,
                receipt.ignored.values().sum::<u64>(),
                receipt.quarantined
            ),
        });
    }
    if change.adds.iter().any(|(table, _)| *table == Table::Receipts) && change.kind != ChangeKind::Compaction {
        return Err(LakeError::Rejected { problem: String::from("receipts are given to the commit as receipts, not as a file") });
    }
    let mut slots = BTreeSet::new();
    match change.index.iter().find(|index| !slots.insert((&index.source_id, index.date))) {
        Some(twice) => {
            Err(LakeError::Rejected { problem: format!("two index files of source {} and day {}", twice.source_id, twice.date) })
        }
        None => Ok(()),
    }
}

/// Every file is there in full, and its name is durable. The files themselves were fsynced when they were written.
fn make_durable(storage: &Storage, change: &Change) -> Result<(), LakeError> {
    let mut folders = BTreeSet::new();
    for (table, file) in &change.adds {
        let path = format!("{}/{}", table.name(), file.path);
        let found = storage.size(&path)?;
        if found != Some(file.bytes) {
            let problem = format!("{} bytes were written, {} are there", file.bytes, found.unwrap_or(0));
            return Err(LakeError::Corrupt { path: storage.path(&path), problem });
        }
        folders.insert(table.name().to_owned());
    }
    for IndexFile { path, entries, .. } in &change.index {
        if *entries > 0 {
            if storage.size(path)?.is_none() {
                return Err(LakeError::Corrupt {
                    path: storage.path(path),
                    problem: String::from("the index file is not there"),
                });
            }
            // The folders of a source and of its days may be new too.
            let parts: Vec<&str> = path.split('/').collect();
            folders.extend((0..parts.len()).map(|depth| parts[..depth].join("/")));
        }
    }
    folders.iter().try_for_each(|folder| storage.sync_folder(folder))
}

fn record_of(lake: &Lake, state: &State, change: Change) -> Result<Record, LakeError> {
    let version = state.version + 1;
    let ledger = receipts::prepare(lake, state, &change, version)?;
    if !ledger.adds.is_empty() {
        lake.sync_folder(Table::Receipts)?;
    }
    let mut adds: BTreeMap<Table, Vec<DataFile>> = BTreeMap::new();
    for (table, file) in change.adds.into_iter().chain(ledger.adds.into_iter().map(|file| (Table::Receipts, file))) {
        adds.entry(table).or_default().push(file);
    }
    let mut removes: BTreeMap<Table, Vec<String>> = BTreeMap::new();
    for (table, path) in change.removes.into_iter().chain(ledger.removes.into_iter().map(|path| (Table::Receipts, path))) {
        removes.entry(table).or_default().push(path);
    }
    let index_removes = change
        .index
        .iter()
        .filter_map(|index| state.index.get(&index.source_id)?.get(&index.date).map(|old| old.path.clone()))
        .collect();
    Ok(Record {
        format: LAKE_FORMAT,
        version,
        kind: change.kind,
        run_id: change.run_id,
        at: now(),
        adds,
        removes,
        index: change.index,
        index_removes,
        stale: change.stale,
        rolled: change.rolled,
    })
}

/// Microseconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
