//! What goes and what stays: by table, by school, and never before its figures are made.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use jiff::civil::date;

use super::*;
use crate::estate::{CalendarKind, CalendarRow};
use crate::event_file::EventFileWriter;
use crate::lake_tests::{assert_delta_agrees, contents};
use crate::schema::ColumnType;
use crate::test_rows::{FILE, batch_of, change, receipt, run};

/// 5 November 2026; the receipts of `test_rows` came that day.
const DAY: i32 = 20_762;
const CAME: i64 = 1_793_872_800_000_000;

fn estate() -> Estate {
    let block = |school: Option<&str>, start, end, label: &str| CalendarRow {
        school_id: school.map(|school| SchoolId::parse(school).unwrap()),
        start,
        end,
        kind: CalendarKind::HalfTermBlock,
        label: label.into(),
    };
    let mut estate = Estate::default();
    for id in ["ash", "beech"] {
        let school = crate::estate::School {
            school_id: SchoolId::parse(id).unwrap(),
            name: id.into(),
            urn: None,
            phase: "primary".into(),
            nation: "england".into(),
            timezone: "Europe/London".into(),
            governing_body: None,
            trust: None,
            authority: None,
            opens: None,
            closes: None,
        };
        estate.schools.insert(school.school_id.clone(), school);
    }
    estate.calendar = vec![
        block(Some("ash"), date(2026, 11, 2), date(2026, 12, 18), "Autumn 2"),
        block(Some("ash"), date(2027, 1, 4), date(2027, 2, 12), "Spring 1"),
        block(Some("beech"), date(2026, 11, 2), date(2026, 12, 18), "Autumn 2"),
        block(Some("beech"), date(2027, 1, 11), date(2027, 2, 26), "Spring 1"),
    ];
    estate
}

/// Rows of a table for (school, date), every other column filled with something.
fn rows_of(lake: &Lake, table: Table, rows: &[(&str, i32)]) -> Vec<(Table, DataFile)> {
    let count = rows.len();
    let columns = table.columns().iter().map(|column| -> (&str, ArrayRef) {
        let values: ArrayRef = match (column.name, column.column_type) {
            ("event_date", _) => Arc::new(Date32Array::from_iter_values(rows.iter().map(|(_, day)| *day))),
            ("school_id", _) => Arc::new(StringArray::from_iter_values(rows.iter().map(|(school, _)| *school))),
            (_, ColumnType::Dict | ColumnType::Text) => Arc::new(StringArray::from(vec!["gate"; count])),
            (_, ColumnType::Timestamp) => Arc::new(TimestampMicrosecondArray::from(vec![5; count]).with_timezone("UTC")),
            (_, ColumnType::Date) => Arc::new(Date32Array::from(vec![DAY; count])),
            (_, ColumnType::Int32) => Arc::new(Int32Array::from(vec![1; count])),
            (_, ColumnType::Int64) => Arc::new(Int64Array::from(vec![1; count])),
            (_, ColumnType::Float64) => Arc::new(Float64Array::from(vec![1.0; count])),
            (_, ColumnType::Bool) => Arc::new(BooleanArray::from(vec![false; count])),
            (_, ColumnType::Binary) => Arc::new(BinaryArray::from_vec(vec![b"xx".as_slice(); count])),
            (_, ColumnType::TextList) => panic!("no such column here"),
        };
        (column.name, values)
    });
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    lake.write_rows(table, &rows).unwrap().into_iter().map(|file| (table, file)).collect()
}

/// A lake with one line of 5 November, rolled up or not, and its index.
fn lake_of_a_day(folder: &std::path::Path, is_rolled_up: bool) -> Lake {
    let lake = Lake::open(folder).unwrap();
    let at = i64::from(DAY) * MICROS_A_DAY + 9 * 3_600_000_000;
    let mut writer = EventFileWriter::create(folder, DAY, "one").unwrap();
    writer.append(&batch_of(&[("ash", DAY, at)]), &[0]).unwrap();
    let mut index = lake.index_writer(&SourceId::parse("gate").unwrap(), DAY);
    index.add_run([(1, 1)]).unwrap();
    lake.commit(Change {
        adds: vec![(Table::Events, writer.finish(&[]).unwrap())],
        receipts: vec![receipt(FILE, 1, (at, at))],
        index: vec![index.finish().unwrap()],
        stale: if is_rolled_up { BTreeSet::new() } else { BTreeSet::from([slice()]) },
        ..change(0)
    })
    .unwrap();
    lake
}

fn slice() -> Slice {
    Slice { school_id: SchoolId::parse("ash").unwrap(), source_id: SourceId::parse("gate").unwrap(), date: DAY }
}

fn plan(lake: &Lake, today: Date, now: i64) -> RetentionPlan {
    lake.retention_plan(&lake.snapshot().unwrap(), &estate(), &BTreeSet::new(), today, now).unwrap()
}

const LONG_AFTER: i64 = CAME + 200 * MICROS_A_DAY;

#[test]
fn raw_rows_go_after_ninety_days_and_their_date_takes_no_more_lines() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of_a_day(folder.path(), true);
    // 5 November + 90 days is 3 February: that day they still stay.
    assert!(plan(&lake, date(2027, 2, 3), LONG_AFTER).is_empty());
    let due = plan(&lake, date(2027, 2, 4), LONG_AFTER);
    assert_eq!(due.going, BTreeMap::from([(Table::Events, Going { rows: 1, first: DAY, last: DAY })]));
    assert_eq!(due.unverified, BTreeSet::from([slice()]));
    assert!(contents(&lake).contains_key("events"), "a plan changes nothing");

    lake.retain(&due, &run()).unwrap();
    let snapshot = lake.snapshot().unwrap();
    assert!(!contents(&lake).contains_key("events"));
    assert!(snapshot.closed.has(&slice()));
    assert!(lake.index(&snapshot, &slice().source_id, DAY).unwrap().is_none());
    assert_eq!(lake.receipts(&snapshot).unwrap().len(), 1, "that a file was read is never forgotten");
    assert_delta_agrees(&lake);
    // What a later line would do: its slice would become stale, and its figures would be made from it alone.
    let late = lake.commit(Change { stale: BTreeSet::from([slice()]), ..change(snapshot.version) });
    assert!(matches!(late, Err(LakeError::Closed { .. })), "{late:?}");
    assert!(matches!(lake.retain(&due, &run()), Err(LakeError::LostRace { .. })), "a plan is good once");
    assert!(plan(&lake, date(2027, 2, 4), LONG_AFTER).is_empty());
    lake.vacuum(std::time::Duration::ZERO).unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path().join("events")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["_delta_log"]);
}

#[test]
fn raw_rows_wait_for_their_figures_and_for_a_fortnight_after_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let today = date(2027, 6, 1);
    let lake = lake_of_a_day(folder.path(), false);
    let early = plan(&lake, today, LONG_AFTER);
    assert!(early.is_empty());
    assert_eq!(early.waiting, [Waiting { date: DAY, why: Why::NotRolledUp }]);
    let rolled = Change { kind: ChangeKind::Rollup, rolled: BTreeSet::from([slice()]), ..change(1) };
    lake.commit(rolled).unwrap();
    let fortnight = CAME + DAYS_UNTIL_CLOSING * MICROS_A_DAY;
    let early = plan(&lake, today, fortnight - 1);
    assert_eq!((early.is_empty(), &early.waiting[..]), (true, &[Waiting { date: DAY, why: Why::CameLately }][..]));
    assert!(!plan(&lake, today, fortnight).is_empty());
}

#[test]
fn keys_go_at_the_end_of_each_schools_own_next_half_term() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let adds = rows_of(&lake, Table::PupilDays, &[("ash", DAY), ("beech", DAY), ("gone-school", DAY)]);
    lake.commit(Change { adds, ..change(0) }).unwrap();
    // Spring 1 ends on 12 February at ash and on 26 February at beech; the third school has no half-terms.
    assert!(plan(&lake, date(2027, 2, 12), LONG_AFTER).is_empty());
    let due = plan(&lake, date(2027, 2, 13), LONG_AFTER);
    assert_eq!(due.going[&Table::PupilDays].rows, 1);
    lake.retain(&due, &run()).unwrap();
    let left = contents(&lake)["pupil_days"].clone();
    assert!(left.len() == 2 && left.iter().all(|row| !row.contains("|ash|")), "{left:?}");
    assert_delta_agrees(&lake);
    assert_eq!(plan(&lake, date(2027, 2, 27), LONG_AFTER).going[&Table::PupilDays].rows, 1);
    // Thirteen months after 5 November 2026, whatever the calendar says.
    assert_eq!(plan(&lake, date(2027, 12, 4), LONG_AFTER).going[&Table::PupilDays].rows, 1);
    assert_eq!(plan(&lake, date(2027, 12, 5), LONG_AFTER).going[&Table::PupilDays].rows, 2);
}

#[test]
fn each_table_has_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let tables = [Table::AdminEvents, Table::Quarantine, Table::ThemeWeeks, Table::ActivityHourly, Table::Figures];
    let adds = tables.iter().flat_map(|table| rows_of(&lake, *table, &[("ash", DAY)])).collect();
    lake.commit(Change { adds, ..change(0) }).unwrap();
    let going = |today| plan(&lake, today, LONG_AFTER).going.into_keys().collect::<Vec<_>>();
    assert_eq!(going(date(2026, 12, 5)), []);
    assert_eq!(going(date(2026, 12, 6)), [Table::Quarantine], "30 days");
    assert_eq!(going(date(2027, 12, 5)), [Table::Quarantine]);
    assert_eq!(going(date(2027, 12, 6)), [Table::AdminEvents, Table::Quarantine], "13 months");
    assert_eq!(going(date(2028, 12, 5)), [Table::AdminEvents, Table::Quarantine]);
    assert_eq!(going(date(2028, 12, 6)).len(), 5, "25 months");
}

fn under(lake: &Lake, estate: &Estate, holds: &[&str], today: Date) -> RetentionPlan {
    let holds = holds.iter().map(|key| UserKey::parse(key).unwrap()).collect();
    lake.retention_plan(&lake.snapshot().unwrap(), estate, &holds, today, LONG_AFTER).unwrap()
}

/// Raw rows of two schools in one file of one source, and their index.
fn lake_of_two_schools(folder: &std::path::Path) -> Lake {
    let lake = Lake::open(folder).unwrap();
    let adds = rows_of(&lake, Table::PupilDays, &[("ash", DAY), ("beech", DAY)]);
    let at = i64::from(DAY) * MICROS_A_DAY + 9 * 3_600_000_000;
    let mut writer = EventFileWriter::create(folder, DAY, "two").unwrap();
    writer.append(&batch_of(&[("ash", DAY, at), ("ash", DAY, at + 1), ("beech", DAY, at)]), &[0, 1, 2]).unwrap();
    let mut index = lake.index_writer(&SourceId::parse("gate").unwrap(), DAY);
    index.add_run([(1, 1)]).unwrap();
    let events = writer.finish(&[]).unwrap();
    lake.commit(Change {
        adds: adds.into_iter().chain([(Table::Events, events)]).collect(),
        receipts: vec![receipt(FILE, 3, (at, at + 1))],
        index: vec![index.finish().unwrap()],
        ..change(0)
    })
    .unwrap();
    lake
}

#[test]
fn a_school_that_keeps_less_lets_go_of_its_rows_in_a_shared_file() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_of_two_schools(folder.path());
    let mut estate = estate();
    let ash = SchoolId::parse("ash").unwrap();
    estate.retention_by_school.insert(ash, Retention { raw_days: 30, ..Retention::default() });
    // 5 November + 30 days is 5 December: that day they still stay.
    assert!(under(&lake, &estate, &[], date(2026, 12, 5)).is_empty());
    let due = under(&lake, &estate, &[], date(2026, 12, 6));
    assert_eq!(due.by_school, BTreeMap::from([((String::from("ash"), Table::Events), Going { rows: 2, first: DAY, last: DAY })]));
    assert_eq!(due.unverified, BTreeSet::from([slice()]));
    lake.retain(&due, &run()).unwrap();
    let snapshot = lake.snapshot().unwrap();
    let left = contents(&lake)["events"].clone();
    assert!(left.len() == 1 && left[0].contains("|beech|"), "{left:?}");
    assert!(lake.index(&snapshot, &slice().source_id, DAY).unwrap().is_some(), "the other school's lines still need it");
    assert!(
        snapshot.closed.has(&slice()) && !snapshot.closed.has(&Slice { school_id: SchoolId::parse("beech").unwrap(), ..slice() })
    );
    assert_delta_agrees(&lake);
    assert!(under(&lake, &estate, &[], date(2026, 12, 6)).is_empty(), "what is gone goes once");
    // What left the lake leaves the disk.
    lake.vacuum(std::time::Duration::ZERO).unwrap();
    let files = std::fs::read_dir(folder.path().join("events")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).collect();
    assert_eq!(files.len(), 1, "the file that held both schools is gone: {files:?}");
    let rest = under(&lake, &estate, &[], date(2027, 2, 4));
    assert_eq!(rest.by_school[&(String::from("beech"), Table::Events)].rows, 1);
    lake.retain(&rest, &run()).unwrap();
    let snapshot = lake.snapshot().unwrap();
    assert!(lake.index(&snapshot, &slice().source_id, DAY).unwrap().is_none());
}

#[test]
fn a_hold_keeps_the_rows_of_a_case_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let (held, other) = ("k1-0123456789abcdef0123456789abcdef", "k1-fedcba9876543210fedcba9876543210");
    let mut adds = Vec::new();
    for key in [held, other, held] {
        let files = rows_of(&lake, Table::PupilDays, &[("ash", DAY)]);
        for (table, file) in files {
            let with_key = lake
                .change_rows(table, &file, |rows| {
                    let mut columns = rows.columns().to_vec();
                    let at = rows.schema().index_of("user_key").unwrap();
                    columns[at] = Arc::new(StringArray::from(vec![key; rows.num_rows()]));
                    Ok(Some(RecordBatch::try_new(rows.schema(), columns).unwrap()))
                })
                .unwrap();
            adds.extend(with_key.map(|file| (table, file)));
        }
    }
    lake.commit(Change { adds, ..change(0) }).unwrap();
    let today = date(2027, 12, 5);
    let due = under(&lake, &estate(), &[held], today);
    assert_eq!((due.going[&Table::PupilDays].rows, due.held[&Table::PupilDays]), (1, 2));
    lake.retain(&due, &run()).unwrap();
    let left = contents(&lake)["pupil_days"].clone();
    assert!(left.len() == 2 && left.iter().all(|row| row.contains(held)), "{left:?}");
    assert_delta_agrees(&lake);
    assert!(under(&lake, &estate(), &[held], today).is_empty());
    // Its review day is past, or it was ended.
    assert_eq!(under(&lake, &estate(), &[], today).going[&Table::PupilDays].rows, 2);
}
