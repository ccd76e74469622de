use weir_lake::closed::{Agreement, FiguresDigest};
use weir_lake::lake::Slice;

use super::*;
use crate::report::{ClosedLines, FileStatus};

/// 2026-11-05, a Thursday.
pub(crate) const THURSDAY: i32 = 20_762;

const DAY_SECONDS: f64 = 86_400.0;

pub(crate) fn slice(date: i32) -> Slice {
    let source = Home::source();
    let SchoolOf::One(school_id) = source.school else { unreachable!() };
    Slice { school_id, source_id: source.id, date }
}

/// Closes dates as a verification that agrees would, long after their last line. Rolling up is the query layer's; here the slices
/// are said to be.
pub(crate) fn close(home: &Home, dates: &[i32]) {
    let run = RunId::parse("close").unwrap();
    let snapshot = home.lake.snapshot().unwrap();
    let rolled = snapshot.stale.clone();
    let change = weir_lake::lake::Change::new(weir_lake::lake::ChangeKind::Rollup, run.clone(), snapshot.version);
    home.lake.commit(weir_lake::lake::Change { rolled, ..change }).unwrap();
    let figures: BTreeMap<_, _> = dates.iter().map(|date| (slice(*date), FiguresDigest::of(b"the same"))).collect();
    let (agreement, differing) = Agreement::between(&home.lake.snapshot().unwrap(), &figures, &figures);
    assert!(differing.is_empty());
    home.lake.close(&agreement, NOW + 15 * 86_400_000_000, &run).unwrap();
}

#[test]
fn lines_of_a_closed_date_are_counted_and_their_file_is_to_be_kept() {
    let home = Home::new();
    let line = |day: f64, n: u32| squid(day * DAY_SECONDS + f64::from(n), "apatel", &format!("p{n}")) + "\n";
    let first: String = [line(0.0, 1), line(0.0, 2), line(1.0, 3)].concat();
    home.ingest(&home.file("first.log", &first), PLAINLY);
    close(&home, &[THURSDAY]);
    let before = home.rows(Table::Events, true);

    // Of the closed day one line that is known and two that are not; of the open day one of each.
    let late = [line(0.0, 1), line(0.0, 7), line(0.0, 8), line(1.0, 3), line(1.0, 4)].concat();
    let path = home.file("late.log", &late);
    let report = home.ingest(&path, PLAINLY);
    let wanted = BTreeMap::from([(String::from("closed_date"), 2), (String::from("duplicate"), 2)]);
    assert_eq!((report.total.lines, report.total.events, &report.total.ignored), (5, 1, &wanted));
    let day = String::from("2026-11-05");
    let told = [ClosedLines { school_id: "ash".into(), from: day.clone(), to: day, lines: 2 }];
    assert_eq!(report.files[0].closed, told);
    let message = report.files[0].message.as_deref().unwrap();
    assert!(message.contains("keep this file") && message.contains("weir reopen ash gate 2026-11-05 2026-11-05"), "{message}");
    assert!(report.has_findings(), "someone must hear of it");
    let after = home.rows(Table::Events, true);
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|row| after.contains(row)), "the closed day is as it was");
    let stale = home.lake.snapshot().unwrap().stale;
    assert_eq!(stale.into_iter().collect::<Vec<_>>(), [slice(THURSDAY + 1)]);
    let receipt = home.receipts().into_iter().find(|receipt| receipt.path.ends_with("late.log")).unwrap();
    assert!(receipt.balances() && receipt.ignored == wanted);
    assert_eq!(home.ingest(&path, PLAINLY).files[0].status, FileStatus::AlreadyRead);
}

#[test]
fn a_file_of_nothing_but_closed_dates_is_read_and_not_refused() {
    let home = Home::new();
    home.ingest(&home.file("first.log", squid(0.0, "apatel", "p1") + "\n"), PLAINLY);
    close(&home, &[THURSDAY]);
    let report = home.ingest(&home.file("late.log", squid(5.0, "apatel", "p2") + "\n"), PLAINLY);
    assert_eq!((report.files[0].status, report.total.events), (FileStatus::Read, 0));
    assert_eq!(report.files[0].closed[0].lines, 1);
}
