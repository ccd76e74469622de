//! One person goes, everybody else stays, and no file of the lake knows the key any more.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, TimestampMicrosecondArray,
};

use super::*;
use crate::closed::{Agreement, FiguresDigest};
use crate::lake_tests::{assert_delta_agrees, contents};
use crate::schema::ColumnType;
use crate::test_rows::{FILE, change, receipt, run};

const DAY: i32 = 20_762;
const GONE: &str = "k1-00112233445566778899aabbccddeeff";
const STAYS: &str = "k1-ffeeddccbbaa99887766554433221100";

/// Rows of a table, one a key, of one school and source; texts of an administrator's change hold the key among others.
fn rows_of(lake: &Lake, table: Table, date: i32, keys: &[&str]) -> Vec<(Table, DataFile)> {
    let count = keys.len();
    let texts =
        |text: &dyn Fn(&str) -> String| Arc::new(StringArray::from_iter_values(keys.iter().map(|key| text(key)))) as ArrayRef;
    let columns =
        table.columns().iter().filter(|column| column.column_type != ColumnType::TextList).map(|column| -> (&str, ArrayRef) {
            let values: ArrayRef = match (column.name, column.column_type) {
                ("event_date", _) => Arc::new(Date32Array::from(vec![date; count])),
                ("school_id", _) => Arc::new(StringArray::from(vec!["ash"; count])),
                ("source_id", _) => Arc::new(StringArray::from(vec!["gate"; count])),
                ("user_key" | "actor_key", _) => texts(&|key| key.to_owned()),
                ("device_key", _) => texts(&|_| String::from("k1-99999999999999999999999999999999")),
                ("detail", _) => texts(&|key| format!("unblocked for user={key}; by {STAYS}.")),
                ("raw", _) => {
                    Arc::new(BinaryArray::from_iter_values(keys.iter().map(|key| format!("sealed {key}").into_bytes())))
                }
                (_, ColumnType::Dict | ColumnType::Text) => Arc::new(StringArray::from(vec!["x"; count])),
                (_, ColumnType::Timestamp) => {
                    Arc::new(TimestampMicrosecondArray::from(vec![i64::from(date) * 86_400_000_000; count]).with_timezone("UTC"))
                }
                (_, ColumnType::Date) => Arc::new(Date32Array::from(vec![date; count])),
                (_, ColumnType::Int32) => Arc::new(Int32Array::from(vec![1; count])),
                (_, ColumnType::Int64) => Arc::new(Int64Array::from(vec![1; count])),
                (_, ColumnType::Float64) => Arc::new(Float64Array::from(vec![1.0; count])),
                (_, ColumnType::Bool) => Arc::new(BooleanArray::from(vec![false; count])),
                (_, ColumnType::Binary | ColumnType::TextList) => panic!("no such column here"),
            };
            (column.name, values)
        });
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    lake.write_rows(table, &rows).unwrap().into_iter().map(|file| (table, file)).collect()
}

fn slice(date: i32) -> Slice {
    Slice { school_id: SchoolId::parse("ash").unwrap(), source_id: SourceId::parse("gate").unwrap(), date }
}

const WITH_KEYS: [Table; 4] = [Table::Events, Table::AdminEvents, Table::Quarantine, Table::PupilDays];

/// Two days with rows of both people in every table that knows people; the first day is closed.
fn lake_of_two(folder: &std::path::Path) -> Lake {
    let lake = Lake::open(folder).unwrap();
    for date in [DAY, DAY + 1] {
        let mut adds = Vec::new();
        for table in WITH_KEYS.into_iter().chain([Table::ActivityHourly]) {
            adds.extend(rows_of(&lake, table, date, &[GONE, STAYS, GONE]));
        }
        let time = i64::from(date) * 86_400_000_000;
        let file = if date == DAY { FILE.to_owned() } else { "bb".repeat(32) };
        let base = lake.snapshot().unwrap().version;
        lake.commit(Change { adds, receipts: vec![receipt(&file, 3, (time, time + 1))], ..change(base) }).unwrap();
    }
    let snapshot = lake.snapshot().unwrap();
    let figures = BTreeMap::from([(slice(DAY), FiguresDigest::of(b"agreed"))]);
    let (agreement, _) = Agreement::between(&snapshot, &figures, &figures);
    lake.close(&agreement, 1_793_872_800_000_000 + 15 * 86_400_000_000, &run()).unwrap();
    assert!(lake.snapshot().unwrap().closed.has(&slice(DAY)));
    lake
}

fn subject<'a>(key: &'a dyn Fn(&UserKey) -> bool, line: &'a dyn Fn(&[u8]) -> Result<bool, LakeError>) -> Subject<'a> {
    Subject { key, line }
}

#[test]
fn no_file_knows_the_key_and_everybody_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of_two(folder.path());
    let before = contents(&lake);
    let with_key = lake.files_with(&[GONE]).unwrap();
    for table in WITH_KEYS {
        let there = with_key.iter().filter(|path| path.starts_with(&format!("{}/", table.name()))).count();
        assert_eq!(there, 2, "the search finds what is there: {} {with_key:?}", table.name());
    }
    let is_gone = |key: &UserKey| key.as_str() == GONE;
    let is_line = |line: &[u8]| Ok(line.ends_with(GONE.as_bytes()));
    let subject = subject(&is_gone, &is_line);
    let plan = lake.erasure_plan(&lake.snapshot().unwrap(), &subject).unwrap();
    assert_eq!(plan.rows, WITH_KEYS.map(|table| (table, 4)).into());
    assert_eq!(plan.slices, BTreeSet::from([slice(DAY + 1)]), "figures of a closed date stand");
    let version = lake.erase(&plan, &subject, &run()).unwrap();

    assert_eq!(lake.files_with(&[GONE]).unwrap(), Vec::<String>::new());
    assert_eq!(lake.files_with(&[&GONE.to_uppercase()]).unwrap(), Vec::<String>::new());
    let snapshot = lake.snapshot().unwrap();
    assert_eq!(snapshot.version, version);
    assert!(snapshot.stale.contains(&slice(DAY + 1)) && !snapshot.stale.contains(&slice(DAY)));
    assert!(snapshot.closed.has(&slice(DAY)));
    assert_eq!(lake.check(&snapshot).unwrap(), Vec::<String>::new());
    assert_delta_agrees(&lake);
    let after = contents(&lake);
    for (table, rows) in &before {
        let mut wanted: Vec<String> = match *table {
            "admin_events" => rows
                .iter()
                .map(|row| row.replace(&format!("|{GONE}|"), "|-|").replace(&format!("user={GONE};"), "user=(erased);"))
                .collect(),
            _ => rows.iter().filter(|row| !row.contains(GONE) && !is_sealed(row)).cloned().collect(),
        };
        wanted.sort();
        assert_eq!(after[table], wanted, "{table}");
    }
    assert!(after["admin_events"].iter().all(|row| row.contains(STAYS)), "others' keys stay");
    for receipt in lake.receipts(&snapshot).unwrap() {
        assert!(receipt.balances(), "what was read was read");
    }
    let again = lake.erasure_plan(&snapshot, &subject).unwrap();
    assert!(again.is_empty(), "nothing is left to erase");
}

/// Whether a row of the quarantine is the sealed line of the person: bytes are shown as hex.
fn is_sealed(row: &str) -> bool {
    let hex: String = format!("sealed {GONE}").bytes().map(|byte| format!("{byte:02x}")).collect();
    row.contains(&hex)
}

#[test]
fn a_plan_of_another_lake_version_is_refused_and_nothing_goes() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of_two(folder.path());
    let is_gone = |key: &UserKey| key.as_str() == GONE;
    let none = |_: &[u8]| Ok(false);
    let subject = subject(&is_gone, &none);
    let plan = lake.erasure_plan(&lake.snapshot().unwrap(), &subject).unwrap();
    assert_eq!(plan.rows.get(&Table::Quarantine), None);
    lake.commit(change(plan.base)).unwrap();
    let before = contents(&lake);
    assert!(matches!(lake.erase(&plan, &subject, &run()), Err(LakeError::LostRace { .. })));
    assert_eq!(contents(&lake), before);
    assert_eq!(lake.files_with(&[GONE]).unwrap().len(), 8);
}

#[test]
fn keys_are_found_wherever_they_stand_in_a_text() {
    let found = |text: &str| keys_in(text).map(|(at, key)| (at, key.as_str().to_owned())).collect::<Vec<_>>();
    assert_eq!(found(&format!("user={GONE}; é {STAYS}.")), [(5, GONE.to_owned()), (45, STAYS.to_owned())]);
    assert_eq!(found(&format!("x{GONE} {GONE}0 k1-00")), []);
}
