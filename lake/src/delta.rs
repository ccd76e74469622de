//! One Delta table's part of a lake commit: its log entry, written once; and what other Delta readers need now and then.
//!
//! The entry is what deltalake's `CommitBuilder` would write, from the same `CommitData`. The builder itself is left out: it loads a
//! table's whole file list before each commit to look for conflicts, and there can be none, since lake commits are already in one
//! line. Its store also does not fsync, and an entry torn by a power cut would stop every reader. See docs/decisions/005.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake_core::kernel::transaction::CommitData;
use deltalake_core::kernel::{Action, Add, Metadata, Protocol, Remove, Transaction, new_metadata};
use deltalake_core::logstore::get_actions;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableBuilder};
use object_store::prefix::PrefixStore;
use serde_json::json;
use url::Url;

use crate::lake::{ChangeKind, DataFile, FileStatistics, Lake, LakeError, Snapshot};
use crate::schema::Table;
use crate::state::Record;
use crate::storage::Storage;

/// The application id of Weir's transactions.
pub(crate) const APPLICATION: &str = "weir";

/// Delta commits between two checkpoints of a table. Only other programs replay the log; Weir reads its own state.
const CHECKPOINT_EVERY: u64 = 20;

fn entry_path(table: Table, version: u64) -> String {
    format!("{}/_delta_log/{version:020}.json", table.name())
}

fn failed(table: Table) -> impl Fn(deltalake_core::DeltaTableError) -> LakeError {
    move |error| LakeError::Delta { table, error: error.to_string() }
}

/// What a log entry is to us.
enum Entry {
    /// A lake version's.
    Ours(u64),
    /// Someone else's that changes no data: properties, the start of a vacuum.
    Harmless,
    /// Someone else's that does.
    Foreign,
}

/// Brings a table at Delta version `at` to a record, if it is not there already, and gives its Delta version.
pub(crate) fn apply(storage: &Storage, record: &Record, table: Table, at: Option<u64>) -> Result<u64, LakeError> {
    let mut version = at.map_or(0, |at| at + 1);
    if at.is_none() {
        storage.make_folder(&format!("{}/_delta_log", table.name()))?;
    }
    loop {
        let path = entry_path(table, version);
        match storage.read(&path)? {
            None => {
                let bytes = entry(storage, record, table, version == 0)?;
                if storage.create_if_absent(&path, &bytes)? {
                    if at.is_none() {
                        // The folders are new too; a log whose first entry a power cut took away could not be continued.
                        storage.sync_folder(table.name())?;
                        storage.sync_folder("")?;
                    }
                    return Ok(version);
                }
                // Another process applies the same record: look at what it wrote.
            }
            Some(bytes) => match examine(storage, table, version, &bytes)? {
                Entry::Ours(of) if of == record.version => return Ok(version),
                Entry::Ours(of) if of > record.version => {
                    let problem = format!("it is of lake version {of}, {} was expected", record.version);
                    return Err(LakeError::Corrupt { path: storage.path(&path), problem });
                }
                Entry::Ours(_) | Entry::Harmless => version += 1,
                Entry::Foreign => {
                    return Err(LakeError::Foreign { table, delta_version: version, restore: version.saturating_sub(1) });
                }
            },
        }
    }
}

/// The first entry after a version that changes data and is not ours.
pub(crate) fn foreign_after(storage: &Storage, table: Table, version: u64) -> Result<Option<u64>, LakeError> {
    let mut next = version + 1;
    while let Some(bytes) = storage.read(&entry_path(table, next))? {
        if matches!(examine(storage, table, next, &bytes)?, Entry::Foreign) {
            return Ok(Some(next));
        }
        next += 1;
    }
    Ok(None)
}

fn examine(storage: &Storage, table: Table, version: u64, bytes: &[u8]) -> Result<Entry, LakeError> {
    let actions = get_actions(version, &bytes.to_vec().into())
        .map_err(|error| LakeError::Corrupt { path: storage.path(&entry_path(table, version)), problem: error.to_string() })?;
    let mut entry = Entry::Harmless;
    for action in actions {
        match action {
            Action::Txn(transaction) if transaction.app_id == APPLICATION => {
                return Ok(Entry::Ours(transaction.version.unsigned_abs()));
            }
            Action::Add(_) | Action::Remove(_) => entry = Entry::Foreign,
            _ => {}
        }
    }
    Ok(entry)
}

fn entry(storage: &Storage, record: &Record, table: Table, first: bool) -> Result<Vec<u8>, LakeError> {
    let mut actions = Vec::new();
    let mut operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
    if record.kind == ChangeKind::Compaction {
        operation = DeltaOperation::Optimize { predicate: None, target_size: 0 };
    }
    if first {
        let (protocol, metadata) = (protocol(table)?, metadata(table)?);
        if let Some(location) = location(storage, table)? {
            operation = DeltaOperation::Create {
                mode: SaveMode::ErrorIfExists,
                location,
                protocol: protocol.clone(),
                metadata: metadata.clone(),
            };
        }
        actions.push(Action::Protocol(protocol));
        actions.push(Action::Metadata(metadata));
    }
    let data_change = record.kind != ChangeKind::Compaction;
    for path in record.removes.get(&table).into_iter().flatten() {
        actions.push(Action::Remove(Remove {
            path: path.clone(),
            data_change,
            deletion_timestamp: Some(record.at / 1000),
            extended_file_metadata: Some(true),
            partition_values: Some(HashMap::new()),
            ..Remove::default()
        }));
    }
    for file in record.adds.get(&table).into_iter().flatten() {
        actions.push(Action::Add(Add {
            path: file.path.clone(),
            size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
            modification_time: record.at / 1000,
            data_change,
            stats: Some(statistics_json(file)),
            ..Add::default()
        }));
    }
    let version = i64::try_from(record.version).unwrap_or(i64::MAX);
    let transaction = Transaction::new_with_last_update(APPLICATION, version, Some(record.at / 1000));
    let words = HashMap::from([(String::from("weirRun"), json!(record.run_id.as_str()))]);
    let data = CommitData::new(actions, operation, words, vec![transaction]);
    data.get_bytes().map(|bytes| bytes.to_vec()).map_err(|error| LakeError::Delta { table, error: error.to_string() })
}

fn protocol(table: Table) -> Result<Protocol, LakeError> {
    serde_json::from_value(json!({ "minReaderVersion": 1, "minWriterVersion": 2 }))
        .map_err(|error| LakeError::Delta { table, error: error.to_string() })
}

fn metadata(table: Table) -> Result<Metadata, LakeError> {
    let columns: Vec<_> = table.statistics_columns().collect();
    let interval = CHECKPOINT_EVERY.to_string();
    // The second line keeps other writers from putting values of other columns into the log.
    let configuration = [
        ("delta.enableDeletionVectors", "false"),
        ("delta.dataSkippingStatsColumns", &columns.join(",")),
        ("delta.checkpointInterval", &interval),
    ];
    new_metadata(&table.delta_schema()?, Vec::<String>::new(), configuration)
        .map_err(|error| LakeError::Delta { table, error: error.to_string() })
}

/// A file's statistics as the Delta log states them.
fn statistics_json(file: &DataFile) -> String {
    let FileStatistics { event_date, event_time, school_id } = &file.statistics;
    let day = crate::data_file::date_name(*event_date);
    let mut low = json!({ "event_date": day, "school_id": school_id.0 });
    let mut high = json!({ "event_date": day, "school_id": school_id.1 });
    let mut none = json!({ "event_date": 0, "school_id": 0 });
    if let Some((first, last)) = event_time {
        low["event_time"] = json!(time_name(*first));
        high["event_time"] = json!(time_name(*last));
        none["event_time"] = json!(0);
    }
    json!({ "numRecords": file.rows, "minValues": low, "maxValues": high, "nullCount": none }).to_string()
}

fn time_name(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |time| format!("{time:.6}"))
}

impl Lake {
    /// The paths of a table's files as the Delta log tells them at the version that belongs to a snapshot; for checks, since a
    /// snapshot's own list comes from the lake's state.
    pub fn delta_files(&self, snapshot: &Snapshot, table: Table) -> Result<Vec<String>, LakeError> {
        let state = self.state_at(snapshot.version)?.ok_or(LakeError::Gone { version: snapshot.version })?;
        let Some(version) = state.delta.get(&table).copied() else { return Ok(Vec::new()) };
        let builder = self.table_builder(table)?.with_version(version);
        let prefix = format!("{}/", table.name());
        let mut files = block_on(table, async move {
            let table_now = builder.load().await.map_err(failed(table))?;
            let log = table_now
                .snapshot()
                .map_err(failed(table))?
                .log_data()
                .iter()
                .map(|file| file.path().into_owned())
                .collect::<Vec<_>>();
            Ok(log)
        })?;
        for file in &mut files {
            if let Some(rest) = file.strip_prefix(&prefix) {
                *file = rest.to_owned();
            }
        }
        files.sort();
        Ok(files)
    }

    /// Writes the checkpoints that are due, for other readers of the Delta tables. One table in a commit at most is due, since the
    /// tables' turns are spread.
    pub(crate) fn checkpoint_due(&self, tables: &[(Table, u64)]) -> Result<(), LakeError> {
        for (table, version) in tables {
            if *version > 0 && (version + 3 * *table as u64).is_multiple_of(CHECKPOINT_EVERY) {
                self.checkpoint(*table, *version)?;
            }
        }
        Ok(())
    }

    fn checkpoint(&self, table: Table, version: u64) -> Result<(), LakeError> {
        let builder = self.table_builder(table)?.with_version(version);
        block_on(table, async move {
            let table_now: DeltaTable = builder.load().await.map_err(failed(table))?;
            deltalake_core::checkpoints::create_checkpoint(&table_now, None).await.map_err(failed(table))
        })?;
        if self.storage.remote().is_some() {
            return Ok(());
        }
        // Delta's local store does not fsync; a torn checkpoint would stop other readers until the next.
        let path = self.storage.path(&format!("{}/_delta_log/{version:020}.checkpoint.parquet", table.name()));
        std::fs::File::open(&path).and_then(|file| file.sync_all()).map_err(|error| LakeError::io(&path, error))
    }

    fn table_builder(&self, table: Table) -> Result<DeltaTableBuilder, LakeError> {
        let rejected = || LakeError::Rejected {
            problem: format!("the lake's root {} is not an absolute path", self.storage.path("").display()),
        };
        if let Some(remote) = self.storage.remote() {
            // The store as Weir opened it, with its root at the table's folder: Delta's library knows no address that Weir's build does,
            // and needs no account of its own. What it is told here names no place.
            let nowhere = Url::parse("memory:///").map_err(|_| rejected())?;
            let folder = PrefixStore::new(remote.store(), table.name());
            let builder = DeltaTableBuilder::from_url(nowhere.clone()).map_err(failed(table))?;
            return Ok(builder.with_storage_backend(Arc::new(folder), nowhere));
        }
        let url = location(&self.storage, table)?.ok_or_else(rejected)?;
        DeltaTableBuilder::from_url(url).map_err(failed(table))
    }
}

/// Where a table lies; none where the lake's root is no absolute path.
fn location(storage: &Storage, table: Table) -> Result<Option<Url>, LakeError> {
    if let Some(remote) = storage.remote() {
        return Ok(Some(remote.folder_url(table.name())));
    }
    let folder = storage.path(table.name());
    let folder = folder.canonicalize().map_err(|error| LakeError::io(&folder, error))?;
    Ok(Url::from_directory_path(&folder).ok())
}

/// Runs one of Delta's futures to its end on a thread of its own, so that it works wherever the caller stands: a runtime started
/// inside another one's thread panics.
fn block_on<T: Send>(table: Table, future: impl Future<Output = Result<T, LakeError>> + Send) -> Result<T, LakeError> {
    let stopped = |error: &dyn std::fmt::Display| LakeError::Delta { table, error: error.to_string() };
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| stopped(&error))?;
            runtime.block_on(future)
        });
        thread.join().map_err(|_| stopped(&"its library stopped unexpectedly"))?
    })
}
