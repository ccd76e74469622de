//! The one commit over all tables: everything a change needs is durable first, then one file decides, then each table follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use crate::closed::{is_closed, words};
use crate::failpoint;
use crate::lake::{Change, ChangeKind, DataFile, Lake, LakeError};
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
        if let Some(remote) = storage.remote() {
            // A store has no locks: between two writers the conditional put decides, so it must be one.
            remote.prove_conditional_put(LOCK)?;
            return Ok(Self { _held: None });
        }
        let path = storage.path(LOCK);
        let file = open(storage)?;
        match file.lock() {
            Ok(()) => Ok(Self { _held: Some(file) }),
            // Some network file systems have no locks.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(Self { _held: None }),
            Err(error) => Err(LakeError::io(&path, error)),
        }
    }

    /// What a file system without locks gives.
    #[cfg(test)]
    pub(crate) fn unlocked() -> Self {
        Self { _held: None }
    }

    /// The turn if nobody has it. None also where this account may only read: then there is nothing for it to finish.
    pub(crate) fn try_take(storage: &Storage) -> Result<Option<Self>, LakeError> {
        if storage.remote().is_some() {
            return Ok(Some(Self { _held: None }));
        }
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
    check_closed(&state, &change)?;
    check_files(&lake.storage, &change)?;
    let folders = folders_of(&state, &change);
    let record = record_of(lake, &state, change)?;
    publish(&lake.storage, &record)?;
    sync_folders(&lake.storage, folders)?;
    failpoint::hit("after_data_files");
    // Whatever could refuse the record must do so before it exists: from then on every process must be able to apply it.
    let next = state.after(&record).map_err(|problem| LakeError::Rejected { problem })?;
    let path = record_path(record.version);
    let bytes = serde_json::to_vec(&record).map_err(|error| LakeError::Rejected { problem: error.to_string() })?;
    failpoint::hit("before_commit_record");
    if !lake.storage.create_if_absent(&path, &bytes)? {
        return Err(LakeError::LostRace { newest: record.version });
    }
    failpoint::hit("after_commit_record");
    let unfinished = |error| LakeError::Unfinished { version: record.version, error: Box::new(error) };
    let next = lake.apply(next, &record).map_err(unfinished)?;
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

/// Closed dates are touched by nothing but what opens them.
fn check_closed(state: &State, change: &Change) -> Result<(), LakeError> {
    let touched = change.stale.iter().chain(&change.rolled).chain(change.closes.iter().map(|closing| &closing.slice));
    if let Some(slice) = touched.into_iter().find(|slice| state.closed.has(slice) && !change.opens.contains(*slice)) {
        return Err(is_closed(slice));
    }
    if let Some(slice) = change.opens.iter().find(|slice| change.kind != ChangeKind::Reopen || !state.closed.has(slice)) {
        return Err(LakeError::Rejected { problem: format!("{} can't be opened, because it is not closed", words(slice)) });
    }
    Ok(())
}

/// Every file is there in full. The files themselves were fsynced when they were written.
fn check_files(storage: &Storage, change: &Change) -> Result<(), LakeError> {
    for (table, file) in &change.adds {
        let path = format!("{}/{}", table.name(), file.path);
        let found = storage.written_size(&path)?;
        if found != Some(file.bytes) {
            let problem = format!("{} bytes were written, {} are there", file.bytes, found.unwrap_or(0));
            return Err(LakeError::Corrupt { path: storage.path(&path), problem });
        }
    }
    match change.index.iter().find(|index| index.entries > 0 && !matches!(storage.written_size(&index.path), Ok(Some(_)))) {
        Some(index) => {
            Err(LakeError::Corrupt { path: storage.path(&index.path), problem: String::from("the index file is not there") })
        }
        None => Ok(()),
    }
}

/// Brings the files that a record names to where the lake is.
fn publish(storage: &Storage, record: &Record) -> Result<(), LakeError> {
    if storage.remote().is_none() {
        return Ok(());
    }
    let data = record.adds.iter().flat_map(|(table, files)| files.iter().map(|file| format!("{}/{}", table.name(), file.path)));
    let index = record.index.iter().filter(|index| index.entries > 0).map(|index| index.path.clone());
    many_at_once(data.chain(index).collect(), |file| storage.publish(file))
}

/// The folders in which the change has new names.
fn folders_of(state: &State, change: &Change) -> BTreeSet<String> {
    let mut folders: BTreeSet<String> = change.adds.iter().map(|(table, _)| table.name().to_owned()).collect();
    if !change.receipts.is_empty() || !change.receipt_removes.is_empty() {
        folders.insert(Table::Receipts.name().to_owned());
    }
    for index in change.index.iter().filter(|index| index.entries > 0) {
        let parts: Vec<&str> = index.path.split('/').collect();
        // Where the day has no index yet, its folder is new, and perhaps those above it.
        let known = state.index.get(&index.source_id).is_some_and(|days| days.contains_key(&index.date));
        let from = if known { parts.len().saturating_sub(1) } else { 0 };
        folders.extend((from..parts.len()).map(|depth| parts[..depth].join("/")));
    }
    if state.version == 0 {
        folders.extend([String::new(), String::from("_weir")]);
    }
    folders
}

/// Folders made durable, or files brought to a store, at once.
const AT_ONCE: usize = 16;

/// Makes names durable, many folders at once: the file system's journal takes them together.
fn sync_folders(storage: &Storage, folders: BTreeSet<String>) -> Result<(), LakeError> {
    many_at_once(folders.into_iter().collect(), |folder| storage.sync_folder(folder))
}

fn many_at_once(names: Vec<String>, each: impl Fn(&str) -> Result<(), LakeError> + Sync) -> Result<(), LakeError> {
    std::thread::scope(|scope| {
        let each = &each;
        let run = move |part: &[String]| part.iter().try_for_each(|name| each(name));
        let threads: Vec<_> =
            names.chunks(names.len().div_ceil(AT_ONCE).max(1)).map(|part| scope.spawn(move || run(part))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(LakeError::Rejected { problem: String::from("a file could not be made durable") }))
        })
    })
}

fn record_of(lake: &Lake, state: &State, change: Change) -> Result<Record, LakeError> {
    let version = state.version + 1;
    let ledger = receipts::prepare(lake, state, &change, version)?;
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
        closes: change.closes,
        opens: change.opens,
    })
}

/// Microseconds since 1970, by the machine's clock: vacuum holds it against the times of files.
pub(crate) fn now() -> i64 {
    crate::clock::machine_now().as_microsecond()
}
