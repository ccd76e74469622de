//! The lake's promises: all or nothing over every table, whatever the process dies of, and what Delta says is what a snapshot says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{BinaryArray, Date32Array, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::commit::Turn;
use crate::event_file::EventFileWriter;
use crate::ids::{SchoolId, SourceId};
use crate::lake::{Change, DataFile, Lake, LakeError, Slice};
use crate::rows::read_table;
use crate::schema::Table;
use crate::test_rows::{FILE, batch_from, change, receipt};

const SECOND_FILE: &str = "bb00000000000000000000000000000000000000000000000000000000000000";
const DAY: i32 = 20_762;

/// Every row of every table as text, sorted; the same for two lakes that hold the same.
pub(crate) fn contents(lake: &Lake) -> BTreeMap<&'static str, Vec<String>> {
    let snapshot = lake.snapshot().unwrap();
    let mut all = BTreeMap::new();
    for (table, files) in &snapshot.files {
        let mut lines = Vec::new();
        for file in files {
            read_table(&lake.path_of(*table, file).unwrap(), *table, |rows| {
                let options = FormatOptions::default().with_null("-");
                let columns: Vec<_> = rows.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
                for row in 0..rows.num_rows() {
                    lines.push(columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|"));
                }
                Ok(())
            })
            .unwrap();
        }
        lines.sort();
        all.insert(table.name(), lines);
    }
    all
}

/// What Delta's log says is active is what the snapshot says, table by table.
pub(crate) fn assert_delta_agrees(lake: &Lake) {
    let snapshot = lake.snapshot().unwrap();
    for table in Table::ALL {
        let mut named: Vec<String> = snapshot.files.get(&table).into_iter().flatten().map(|file| file.path.clone()).collect();
        named.sort();
        assert_eq!(lake.delta_files(&snapshot, table).unwrap(), named, "{}", table.name());
    }
}

fn event_file(lake: &Lake, name: &str, file: &str, rows: &[(&str, i32, i64)]) -> DataFile {
    let batch = batch_from(rows, file);
    let mut writer = EventFileWriter::create(lake.root(), rows[0].1, name).unwrap();
    writer.append(&batch, &(0..rows.len() as u32).collect::<Vec<_>>()).unwrap();
    writer.finish(&[]).unwrap()
}

fn quarantine(lake: &Lake, file: &str, lines: i64) -> Vec<DataFile> {
    let count = lines as usize;
    let rows = RecordBatch::try_from_iter([
        ("event_date", Arc::new(Date32Array::from(vec![DAY + 1; count])) as _),
        ("school_id", Arc::new(StringArray::from(vec!["ash"; count])) as _),
        ("source_id", Arc::new(StringArray::from(vec!["gate"; count])) as _),
        ("file_id", Arc::new(StringViewArray::from(vec![file; count])) as _),
        ("line_no", Arc::new(Int64Array::from_iter_values(1..=lines)) as _),
        ("format_id", Arc::new(StringArray::from(vec!["larkfilter-csv"; count])) as _),
        ("reason", Arc::new(StringArray::from(vec!["bad_time"; count])) as _),
        ("received_at", Arc::new(TimestampMicrosecondArray::from(vec![5; count]).with_timezone("UTC")) as _),
        ("raw", Arc::new(BinaryArray::from_vec(vec![b"xx".as_slice(); count])) as _),
    ])
    .unwrap();
    lake.write_rows(Table::Quarantine, &rows).unwrap()
}

fn slice() -> Slice {
    Slice { school_id: SchoolId::parse("ash").unwrap(), source_id: SourceId::parse("gate").unwrap(), date: DAY }
}

/// Reads one input file into the lake: events, quarantine, receipt and index in one change.
pub(crate) fn ingest(lake: &Lake, name: &str, file: &str) -> Result<u64, LakeError> {
    let base = lake.snapshot()?.version;
    let rows = [("ash", DAY, 1), ("ash", DAY, 2), ("beech", DAY, 1)];
    let mut receipt = receipt(file, 3, (1, 2));
    receipt.quarantined = 2;
    receipt.lines += 2;
    let mut index = lake.index_writer(&slice().source_id, DAY);
    let snapshot = lake.snapshot()?;
    if let Some(old) = lake.index(&snapshot, &slice().source_id, DAY)? {
        index.add_file(lake.open_index(&old)?);
    }
    index.add_run([(7, 1), (8, 1), (9, 1)])?;
    let mut adds = vec![(Table::Events, event_file(lake, name, file, &rows))];
    adds.extend(quarantine(lake, file, 2).into_iter().map(|file| (Table::Quarantine, file)));
    lake.commit(Change {
        adds,
        receipts: vec![receipt],
        index: vec![index.finish()?],
        stale: BTreeSet::from([slice()]),
        ..change(base)
    })
}

#[test]
fn a_commit_shows_everywhere_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(lake.snapshot().unwrap().version, 0);
    assert_eq!(ingest(&lake, "one", FILE).unwrap(), 1);
    let other = Lake::open(folder.path()).unwrap();
    let snapshot = other.snapshot().unwrap();
    assert_eq!(snapshot.version, 1);
    assert_eq!(snapshot.stale, BTreeSet::from([slice()]));
    let receipts = other.receipts(&snapshot).unwrap();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].lake_version, 1);
    assert_eq!(receipts[0].ignored, BTreeMap::from([(String::from("blank"), 1), (String::from("comment"), 2)]));
    assert!(receipts[0].balances());
    let rows = contents(&other);
    assert_eq!((rows["events"].len(), rows["quarantine"].len(), rows["receipts"].len()), (3, 2, 1));
    let index = other.index(&snapshot, &slice().source_id, DAY).unwrap().unwrap();
    assert_eq!(other.read_index(&index).unwrap(), [(7, 1), (8, 1), (9, 1)]);
    assert_delta_agrees(&other);
}

#[test]
fn a_snapshot_stays_as_it_was_while_others_commit() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    ingest(&lake, "one", FILE).unwrap();
    let before = lake.snapshot().unwrap();
    let other = Lake::open(folder.path()).unwrap();
    ingest(&other, "two", SECOND_FILE).unwrap();
    assert_eq!(before.files[&Table::Events].len(), 1);
    assert_eq!(lake.snapshot().unwrap().version, 2);
    assert_eq!(lake.delta_files(&before, Table::Events).unwrap().len(), 1, "Delta too can be read at the older version");
}

#[test]
fn a_lost_race_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    ingest(&lake, "one", FILE).unwrap();
    let before = contents(&lake);
    let lost = lake.commit(Change { receipts: vec![receipt(SECOND_FILE, 0, (1, 2))], ..change(0) });
    assert!(matches!(lost, Err(LakeError::LostRace { newest: 1 })), "{lost:?}");
    assert_eq!(contents(&lake), before);
}

#[test]
fn writers_at_once_all_get_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    Lake::open(folder.path()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4u8 {
            let folder = folder.path();
            scope.spawn(move || {
                let lake = Lake::open(folder).unwrap();
                let file = format!("{writer:02x}").repeat(32);
                let mut attempt = 0;
                while let Err(error) = ingest(&lake, &format!("w{writer}-{attempt}"), &file) {
                    assert!(matches!(error, LakeError::LostRace { .. }), "{error}");
                    attempt += 1;
                }
            });
        }
    });
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(lake.snapshot().unwrap().version, 4);
    let rows = contents(&lake);
    assert_eq!((rows["events"].len(), rows["receipts"].len()), (12, 4));
    assert_delta_agrees(&lake);
}

#[test]
fn a_ledger_that_does_not_add_up_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let mut wrong = receipt(FILE, 3, (1, 2));
    wrong.lines += 1;
    let refused = lake.commit(Change { receipts: vec![wrong], ..change(0) });
    assert!(matches!(refused, Err(LakeError::Rejected { .. })), "{refused:?}");
    assert_eq!(lake.snapshot().unwrap().version, 0);
}

#[test]
fn a_file_that_is_not_there_or_twice_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let file = event_file(&lake, "one", FILE, &[("ash", DAY, 1)]);
    let absent = DataFile { path: String::from("absent.parquet"), ..file.clone() };
    assert!(matches!(lake.commit(Change { adds: vec![(Table::Events, absent)], ..change(0) }), Err(LakeError::Corrupt { .. })));
    lake.commit(Change { adds: vec![(Table::Events, file.clone())], ..change(0) }).unwrap();
    assert!(matches!(lake.commit(Change { adds: vec![(Table::Events, file)], ..change(1) }), Err(LakeError::Rejected { .. })));
    let unknown = vec![(Table::Events, String::from("unknown.parquet"))];
    assert!(matches!(lake.commit(Change { removes: unknown, ..change(1) }), Err(LakeError::Rejected { .. })));
    assert_eq!(lake.snapshot().unwrap().version, 1);
}

#[test]
fn many_small_receipt_files_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    for number in 0..40u64 {
        let file = format!("{number:064x}");
        lake.commit(Change { receipts: vec![receipt(&file, number, (1, 2))], ..change(number) }).unwrap();
    }
    let snapshot = lake.snapshot().unwrap();
    assert!(snapshot.files[&Table::Receipts].len() <= 16, "{}", snapshot.files[&Table::Receipts].len());
    let fresh = Lake::open(folder.path()).unwrap();
    let receipts = fresh.receipts(&snapshot).unwrap();
    assert_eq!(
        receipts.iter().map(|r| (r.events, r.lake_version)).collect::<Vec<_>>(),
        (0..40).map(|n| (n, n + 1)).collect::<Vec<_>>()
    );
    assert_delta_agrees(&fresh);
    let checkpoints = std::fs::read_dir(folder.path().join("receipts/_delta_log")).unwrap();
    let checkpoints =
        checkpoints.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".checkpoint.parquet")).count();
    assert_eq!(checkpoints, 2, "one every twenty commits");
}

#[test]
fn delta_statistics_name_day_time_and_school_only() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    ingest(&lake, "one", FILE).unwrap();
    let log = std::fs::read_to_string(folder.path().join("events/_delta_log/00000000000000000000.json")).unwrap();
    assert!(!log.contains("k1-00112233"), "a key stands in the log");
    let add = log.lines().find(|line| line.starts_with("{\"add\"")).unwrap();
    let add: serde_json::Value = serde_json::from_str(add).unwrap();
    let statistics: serde_json::Value = serde_json::from_str(add["add"]["stats"].as_str().unwrap()).unwrap();
    assert_eq!(
        statistics,
        serde_json::json!({
            "numRecords": 3,
            "minValues": { "event_time": "1970-01-01T00:00:00.000001Z", "event_date": "2026-11-05", "school_id": "ash" },
            "maxValues": { "event_time": "1970-01-01T00:00:00.000002Z", "event_date": "2026-11-05", "school_id": "beech" },
            "nullCount": { "event_time": 0, "event_date": 0, "school_id": 0 },
        })
    );
}

#[test]
fn lost_states_are_made_again_from_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    ingest(&lake, "one", FILE).unwrap();
    ingest(&lake, "two", SECOND_FILE).unwrap();
    let (before, state) = (contents(&lake), lake.newest_state().unwrap());
    for damage in ["torn newest", "all gone"] {
        let states = folder.path().join("_weir/state");
        match damage {
            "torn newest" => std::fs::write(states.join("2.json"), b"{\"format\":1,").unwrap(),
            _ => std::fs::remove_dir_all(&states).unwrap(),
        }
        let again = Lake::open(folder.path()).unwrap();
        assert_eq!(*again.newest_state().unwrap(), *state, "{damage}");
        assert_eq!(contents(&again), before, "{damage}");
    }
}

#[test]
fn a_newer_or_damaged_lake_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    Lake::open(folder.path()).unwrap();
    std::fs::write(folder.path().join("_weir/commits/1.json"), r#"{"format":9,"something":"else"}"#).unwrap();
    let error = Lake::open(folder.path()).err().unwrap();
    assert!(matches!(error, LakeError::TooNew { found: 9, known: 2, .. }), "{error}");
    std::fs::write(folder.path().join("_weir/commits/1.json"), "{").unwrap();
    let error = Lake::open(folder.path()).err().unwrap();
    assert!(matches!(&error, LakeError::Corrupt { path, .. } if path.ends_with("_weir/commits/1.json")), "{error}");
}

#[test]
fn a_newer_state_is_refused_even_if_it_reads_like_ours() {
    let folder = tempfile::tempdir().unwrap();
    ingest(&Lake::open(folder.path()).unwrap(), "one", FILE).unwrap();
    let path = folder.path().join("_weir/state/1.json");
    let newer = std::fs::read_to_string(&path).unwrap().replacen("\"format\":2", "\"format\":3", 1);
    std::fs::write(&path, newer).unwrap();
    let error = Lake::open(folder.path()).err().unwrap();
    assert!(matches!(error, LakeError::TooNew { found: 3, known: 2, .. }), "{error}");
}

#[test]
fn another_programs_rows_stop_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    ingest(&lake, "one", FILE).unwrap();
    let log = folder.path().join("events/_delta_log");
    let harmless = r#"{"commitInfo":{"operation":"VACUUM START"}}"#;
    std::fs::write(log.join("00000000000000000001.json"), harmless).unwrap();
    ingest(&lake, "two", SECOND_FILE).unwrap();
    assert_delta_agrees(&lake);
    let foreign = r#"{"remove":{"path":"x.parquet","dataChange":true,"deletionTimestamp":0}}"#;
    std::fs::write(log.join("00000000000000000003.json"), foreign).unwrap();
    let error = ingest(&lake, "three", &"cc".repeat(32)).unwrap_err();
    let LakeError::Unfinished { version: 3, error } = error else { panic!("{error}") };
    assert!(matches!(*error, LakeError::Foreign { table: Table::Events, delta_version: 3, restore: 2 }), "{error}");
}

#[test]
fn rows_are_sorted_and_split_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let dictionary: arrow::array::DictionaryArray<arrow::datatypes::Int8Type> =
        ["beech", "ash", "ash", "ash"].into_iter().collect();
    let schema = Schema::new(vec![
        Field::new("school_id", dictionary_type(), false),
        Field::new("event_date", DataType::Date32, false),
        Field::new("source_id", DataType::Utf8, false),
        Field::new("indicator", DataType::Utf8, false),
        Field::new("version", DataType::Int64, false),
        Field::new("dimensions", DataType::Utf8, false),
        Field::new("numerator", DataType::Float64, false),
        Field::new("denominator", DataType::Float64, false),
        Field::new("lake_version", DataType::Int64, false),
    ]);
    let rows = RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(dictionary),
            Arc::new(Date32Array::from(vec![1, 2, 1, 1])),
            Arc::new(StringArray::from(vec!["gate"; 4])),
            Arc::new(StringArray::from(vec!["a", "b", "c", "d"])),
            Arc::new(Int64Array::from(vec![1; 4])),
            Arc::new(StringArray::from(vec!["{}"; 4])),
            Arc::new(arrow::array::Float64Array::from(vec![1.0; 4])),
            Arc::new(arrow::array::Float64Array::from(vec![2.0; 4])),
            Arc::new(Int64Array::from(vec![7; 4])),
        ],
    )
    .unwrap();
    let files = lake.write_rows(Table::Figures, &rows).unwrap();
    let told: Vec<_> = files.iter().map(|f| (f.statistics.event_date, f.rows, f.statistics.school_id.clone())).collect();
    let schools = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(told, [(1, 3, schools("ash", "beech")), (2, 1, schools("ash", "ash"))]);
    assert!(files.iter().all(|file| file.statistics.event_time.is_none()));
    let without = rows.project(&[0, 1, 2]).unwrap();
    assert!(matches!(lake.write_rows(Table::Figures, &without), Err(LakeError::Rejected { .. })), "a required column is missing");
    let renamed = RecordBatch::try_from_iter([("colour", rows.column(2).clone())]).unwrap();
    assert!(matches!(lake.write_rows(Table::Figures, &renamed), Err(LakeError::Rejected { .. })), "an unknown column");
}

fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8))
}

#[test]
fn a_lake_can_be_used_from_inside_an_async_program() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_path_buf();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async move {
        tokio::task::spawn_blocking(move || {
            let lake = Lake::open(&root).unwrap();
            ingest(&lake, "one", FILE).unwrap();
            assert_delta_agrees(&lake);
        })
        .await
        .unwrap();
        // And even where it must not be: it blocks, but does not panic.
        let lake = Lake::open(folder.path()).unwrap();
        assert_delta_agrees(&lake);
    });
}

const CRASH_POINTS: [&str; 8] = [
    "after_data_files",
    "before_commit_record",
    "after_commit_record",
    "between_tables_1",
    "between_tables_2",
    "between_tables_3",
    "after_tables",
    "before_state",
];

#[test]
fn a_crash_at_any_point_leaves_all_or_nothing() {
    let whole = tempfile::tempdir().unwrap();
    let uninterrupted = Lake::open(whole.path()).unwrap();
    ingest(&uninterrupted, "one", FILE).unwrap();
    let first = contents(&uninterrupted);
    ingest(&uninterrupted, "two", SECOND_FILE).unwrap();
    let both = contents(&uninterrupted);
    for point in CRASH_POINTS {
        let folder = tempfile::tempdir().unwrap();
        ingest(&Lake::open(folder.path()).unwrap(), "one", FILE).unwrap();
        crash(folder.path(), point);
        let committed = folder.path().join("_weir/commits/2.json").exists();
        assert_eq!(committed, !matches!(point, "after_data_files" | "before_commit_record"), "{point}");
        let lake = Lake::open(folder.path()).unwrap();
        assert_eq!(contents(&lake), if committed { both.clone() } else { first.clone() }, "{point}");
        if !committed {
            ingest(&lake, "two-again", SECOND_FILE).unwrap();
            assert_eq!(contents(&lake), both, "{point}, run again");
        }
        assert_eq!(lake.snapshot().unwrap().version, 2, "{point}");
        assert_eq!(
            lake.newest_state().unwrap().delta,
            uninterrupted.newest_state().unwrap().delta,
            "{point}: no table was written twice"
        );
        assert_delta_agrees(&lake);
    }
}

/// Runs the second ingest in a process of its own that dies at `point`.
fn crash(root: &Path, point: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lake_tests::the_process_that_crashes", "--ignored", "--nocapture"])
        .env("WEIR_FAILPOINT", point)
        .env("WEIR_TEST_ROOT", root)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{point}: the process should have died there");
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!words.contains("panicked"), "{point}: it failed instead: {words}");
}

#[test]
#[ignore = "started by a_crash_at_any_point_leaves_all_or_nothing, which kills it"]
fn the_process_that_crashes() {
    let Some(root) = std::env::var_os("WEIR_TEST_ROOT") else { return };
    ingest(&Lake::open(Path::new(&root)).unwrap(), "two", SECOND_FILE).unwrap();
}

#[test]
fn two_processes_that_apply_the_same_commit_do_it_once() {
    let folder = tempfile::tempdir().unwrap();
    ingest(&Lake::open(folder.path()).unwrap(), "one", FILE).unwrap();
    let lakes: Vec<Lake> = (0..3).map(|_| Lake::open(folder.path()).unwrap()).collect();
    crash(folder.path(), "after_commit_record");
    // Without the lock, as on a file system that has none: the Delta entries alone keep them apart.
    std::thread::scope(|scope| {
        for lake in &lakes {
            scope.spawn(|| assert_eq!(lake.finish_unapplied(&Turn::unlocked()).unwrap().version, 2));
        }
    });
    let lake = Lake::open(folder.path()).unwrap();
    assert_eq!(
        lake.newest_state().unwrap().delta,
        BTreeMap::from([(Table::Events, 1), (Table::Quarantine, 1), (Table::Receipts, 1)])
    );
    assert_eq!(contents(&lake)["events"].len(), 6);
    assert_delta_agrees(&lake);
}

#[test]
fn what_is_missing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    ingest(&lake, "one", FILE).unwrap();
    assert_eq!(lake.check(&lake.snapshot().unwrap()).unwrap(), Vec::<String>::new());
    let events = folder.path().join("events");
    std::fs::write(events.join("2026-11-05-one.parquet"), b"short").unwrap();
    let index = lake.index(&lake.snapshot().unwrap(), &slice().source_id, DAY).unwrap().unwrap();
    std::fs::remove_file(folder.path().join(index.path)).unwrap();
    let foreign = r#"{"add":{"path":"x.parquet","partitionValues":{},"size":1,"modificationTime":0,"dataChange":true}}"#;
    std::fs::write(folder.path().join("receipts/_delta_log/00000000000000000001.json"), foreign).unwrap();
    let problems = lake.check(&lake.snapshot().unwrap()).unwrap();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].starts_with("events/2026-11-05-one.parquet has 5 bytes, "), "{problems:?}");
    assert!(problems[1].starts_with("receipts: "), "{problems:?}");
    assert!(problems[2].starts_with("index/gate/2026-11-05/"), "{problems:?}");
}

#[test]
fn errors_of_the_file_system_are_told_apart() {
    use std::io::{Error, ErrorKind};
    let path = Path::new("lake");
    assert!(matches!(LakeError::io(path, Error::from(ErrorKind::StorageFull)), LakeError::DiskFull { .. }));
    assert!(matches!(LakeError::io(path, Error::from(ErrorKind::QuotaExceeded)), LakeError::DiskFull { .. }));
    assert!(matches!(LakeError::io(path, Error::from(ErrorKind::PermissionDenied)), LakeError::NoPermission { .. }));
    assert!(matches!(LakeError::io(path, Error::from(ErrorKind::ReadOnlyFilesystem)), LakeError::NoPermission { .. }));
    assert!(matches!(LakeError::io(path, Error::from(ErrorKind::BrokenPipe)), LakeError::Io { .. }));
}
