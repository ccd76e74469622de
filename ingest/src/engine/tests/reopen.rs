use proptest::prelude::*;
use weir_lake::estate::{SchoolRule, SchoolRuleOn};
use weir_lake::lake::LakeError;
use weir_lake::reopen::{REOPENED, ReopenPlan};

use super::closed::{THURSDAY, close, slice};
use super::*;
use crate::report::FileStatus;

/// 2026-11-05T09:00:00Z in nanoseconds, as the firewall writes it.
const NINE: i64 = 1_793_869_200_000_000_000;

/// Nanoseconds of a line: days and seconds after that.
fn at(day: i64, second: i64) -> i64 {
    NINE + (day * 86_400 + second) * 1_000_000_000
}

fn web(day: i64, second: i64) -> String {
    format!(
        "type=\"utm\" subtype=\"webfilter\" eventtime={} user=\"apatel\" srcip=10.20.30.41 service=\"HTTPS\" \
         hostname=\"dice.example\" action=\"blocked\" url=\"/p{second}/\" catdesc=\"Gambling\"\n",
        at(day, second)
    )
}

fn change(day: i64, second: i64) -> String {
    format!(
        "type=\"event\" subtype=\"system\" eventtime={} user=\"netadmin\" cfgpath=\"webfilter.profile\" cfgobj=\"pupils\" msg=\"edit {second}\"\n",
        at(day, second)
    )
}

/// A line whose action no table knows.
fn odd(day: i64, second: i64) -> String {
    web(day, second).replace("blocked", "mislaid")
}

/// A day's lines: decisions, a change of configuration and a line for quarantine.
fn day(day: i64, decisions: std::ops::Range<i64>) -> String {
    let mut text: String = decisions.clone().map(|second| web(day, second)).collect();
    text += &change(day, decisions.end);
    text + &odd(day, decisions.end + 1)
}

fn read(home: &Home, name: &str, text: &str) -> IngestReport {
    read_path(home, &home.file(name, text), PLAINLY)
}

fn read_path(home: &Home, path: &Path, how: How) -> IngestReport {
    let format = FormatChoice::Id(FormatId::parse("fortigate").unwrap());
    let options = IngestOptions { threads: how.threads, settled: how.settled, format, ..home.options() };
    let paths = [path.to_path_buf()];
    let report = ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, &paths, &options, how.unit).unwrap();
    for file in &report.files {
        let ledger = &file.ledger;
        assert_eq!(ledger.lines, ledger.events + ledger.admin_events + ledger.ignored_lines() + ledger.quarantined);
    }
    report
}

fn plan(home: &Home, from: i32, to: i32) -> Result<ReopenPlan, LakeError> {
    let slice = slice(THURSDAY);
    home.lake.reopen_plan(&home.lake.snapshot().unwrap(), &slice.school_id, &slice.source_id, (from, to))
}

fn reopen(home: &Home, from: i32, to: i32) -> ReopenPlan {
    let plan = plan(home, from, to).unwrap();
    home.lake.reopen(&plan, &RunId::parse("reopen").unwrap()).unwrap();
    plan
}

/// The tables as they must be: rows, but for keys, which differ between vaults, and for the time of reading.
fn tables(home: &Home, with_place: bool) -> Vec<Vec<String>> {
    let keyless = |row: String| row.split('|').filter(|cell| !cell.starts_with("k1-")).collect::<Vec<_>>().join("|");
    [Table::Events, Table::AdminEvents, Table::Quarantine]
        .map(|table| home.rows(table, with_place).into_iter().map(keyless).collect())
        .to_vec()
}

/// What the receipts say in all, without those that a reopening marked.
fn told(home: &Home) -> (u64, u64, u64, u64) {
    let sum = |value: fn(&Receipt) -> u64| home.receipts().iter().map(value).sum();
    assert!(home.receipts().iter().all(Receipt::balances));
    (sum(|r| r.lines), sum(|r| r.events), sum(|r| r.admin_events), sum(|r| r.quarantined))
}

/// A lake that only ever read these.
fn alone(texts: &[&str]) -> Home {
    let home = Home::new();
    for (number, text) in texts.iter().enumerate() {
        read(&home, &format!("export-{number}.log"), text);
    }
    home
}

#[test]
fn a_file_of_the_opened_date_alone_is_read_as_if_for_the_first_time() {
    let text = day(0, 0..5);
    let home = alone(&[&text]);
    close(&home, &[THURSDAY]);
    let plan = reopen(&home, THURSDAY, THURSDAY);
    assert_eq!(plan.rows, BTreeMap::from([(Table::Events, 5), (Table::AdminEvents, 1), (Table::Quarantine, 1)]));
    assert!(tables(&home, true).iter().all(Vec::is_empty));
    assert_eq!((home.receipts().len(), home.index_entries()), (0, 0));
    assert!(!home.lake.snapshot().unwrap().closed.has(&slice(THURSDAY)));

    assert_eq!(read(&home, "export-0.log", &text).files[0].status, FileStatus::Read);
    let wanted = alone(&[&text]);
    assert_eq!(tables(&home, true), tables(&wanted, true));
    assert_eq!((told(&home), home.index_entries()), (told(&wanted), wanted.index_entries()));
}

#[test]
fn a_fuller_re_export_equals_a_lake_that_read_nothing_else() {
    let partial = day(0, 0..3);
    let full = day(0, 0..3) + &day(0, 10..14);
    let home = alone(&[&partial]);
    close(&home, &[THURSDAY]);
    assert_eq!(read(&home, "full.log", &full).total.ignored["closed_date"], 5, "four decisions and a change");
    reopen(&home, THURSDAY - 3, THURSDAY + 3);
    // The very file that came too late is the re-export: it must not count as read.
    assert_eq!(read(&home, "full.log", &full).files[0].status, FileStatus::Read);
    let wanted = alone(&[&full]);
    assert_eq!(tables(&home, true), tables(&wanted, true));
    assert_eq!((told(&home), home.index_entries()), (told(&wanted), wanted.index_entries()));
}

#[test]
fn a_file_with_other_dates_gives_up_one_and_keeps_the_rest() {
    let text = day(0, 0..5) + &day(1, 0..4);
    let home = alone(&[&text]);
    let before = tables(&home, true);
    close(&home, &[THURSDAY]);
    let plan = reopen(&home, THURSDAY, THURSDAY);
    assert_eq!((plan.gone.len(), plan.kept.len()), (0, 1));
    let receipt = &home.receipts()[0];
    assert!(receipt.balances());
    assert_eq!((receipt.events, receipt.admin_events, receipt.ignored[REOPENED], receipt.quarantined), (4, 1, 6, 2));
    assert_eq!(home.rows(Table::Events, false).len(), 4);

    let again = read(&home, "export-0.log", &text);
    assert_eq!((again.total.events, again.total.admin_events, again.total.quarantined), (5, 1, 0));
    assert_eq!(again.total.ignored["duplicate"], 4 + 1 + 2);
    assert_eq!(tables(&home, true), before);
    assert_eq!(read(&home, "export-0.log", &text).files[0].status, FileStatus::AlreadyRead, "now it is known again");
    // And it grows on as any file does.
    let grown = text + &web(1, 50);
    assert_eq!(read(&home, "export-0.log", &grown).total.lines, 1);
}

#[test]
fn an_export_that_had_only_duplicates_is_read_again() {
    let (one, two) = (day(0, 0..5), day(1, 0..4));
    let week = one.clone() + &two;
    let home = alone(&[&one, &two, &week]);
    close(&home, &[THURSDAY]);
    reopen(&home, THURSDAY, THURSDAY);
    assert_eq!(read(&home, "week.log", &week).total.events, 5);
    assert_eq!(tables(&home, false)[..2], tables(&alone(&[&week]), false)[..2]);
}

#[test]
fn a_log_that_grew_by_the_day_is_read_whole_again() {
    let days: Vec<String> = (0..4).map(|number| day(number, 0..6)).collect();
    let home = Home::new();
    let path = home.path("access.log");
    for upto in 1..=4 {
        fs::write(&path, days[..upto].concat()).unwrap();
        read_path(&home, &path, PLAINLY);
    }
    assert_eq!(home.receipts().len(), 4);
    let before = tables(&home, false);
    close(&home, &[THURSDAY, THURSDAY + 1, THURSDAY + 2]);
    reopen(&home, THURSDAY + 1, THURSDAY + 1);
    let report = read_path(&home, &path, PLAINLY);
    assert_eq!((report.total.lines, report.total.events, report.total.admin_events), (32, 6, 1));
    assert_eq!(tables(&home, false), before);
    assert_eq!(read_path(&home, &path, PLAINLY).files[0].status, FileStatus::AlreadyRead);
}

#[test]
fn only_closed_dates_that_were_asked_for_open() {
    let home = alone(&[&day(0, 0..3), &day(1, 0..3), &day(2, 0..3)]);
    close(&home, &[THURSDAY, THURSDAY + 2]);
    let nothing = plan(&home, THURSDAY + 1, THURSDAY + 1).err().unwrap().to_string();
    assert!(nothing.contains("closed are dates from 2026-11-05 to 2026-11-07"), "{nothing}");
    let plan = reopen(&home, THURSDAY - 10, THURSDAY + 1);
    assert_eq!(plan.dates.into_iter().collect::<Vec<_>>(), [THURSDAY]);
    let snapshot = home.lake.snapshot().unwrap();
    assert!(snapshot.closed.has(&slice(THURSDAY + 2)));
    assert_eq!(snapshot.stale.into_iter().collect::<Vec<_>>(), [slice(THURSDAY)]);
    assert_eq!(home.rows(Table::Events, false).len(), 6);
    let other = SourceId::parse("other").unwrap();
    let snapshot = home.lake.snapshot().unwrap();
    let unknown = home.lake.reopen_plan(&snapshot, &slice(0).school_id, &other, (0, 2 * THURSDAY));
    assert!(unknown.err().unwrap().to_string().contains("none of this source at this school is"));
}

#[test]
fn administrators_changes_of_overlapping_exports_count_once() {
    let (one, both) = (day(0, 0..2), day(0, 0..2) + &change(0, 40) + &change(0, 40));
    let home = alone(&[&one, &both]);
    assert_eq!(home.rows(Table::AdminEvents, false).len(), 3, "the one of both exports once, the equal two of one export twice");
}

#[test]
fn a_source_that_serves_many_schools_opens_for_all_of_them() {
    let mut home = Home::new();
    let elm = SchoolId::parse("elm").unwrap();
    let ash = home.estate.schools.values().next().unwrap().clone();
    home.estate.schools.insert(elm.clone(), School { school_id: elm.clone(), ..ash });
    let rule =
        |value: &str, school: &SchoolId| SchoolRule { on: SchoolRuleOn::SrcIp, pattern: value.into(), school: school.clone() };
    let map = vec![rule("10.20.30.0/24", &slice(0).school_id), rule("10.20.31.0/24", &elm)];
    let of_elm = |text: String| text.replace("10.20.30.41", "10.20.31.41");
    // Both schools on both days; of the Thursday only the first one's closes, and so it does for Elm on neither day.
    let text = day(0, 0..3) + &of_elm(day(0, 10..12)) + &day(1, 0..3) + &of_elm(day(1, 10..12));
    let path = home.file("both.log", &text);
    let read = |home: &Home| {
        let mut options = home.options();
        options.source.school = SchoolOf::Map(map.clone());
        options.format = FormatChoice::Id(FormatId::parse("fortigate").unwrap());
        options.settled = true;
        let paths = std::slice::from_ref(&path);
        ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, paths, &options, 1 << 20).unwrap()
    };
    read(&home);
    let before = tables(&home, true);
    close(&home, &[THURSDAY]);
    let late = day(0, 50..52) + &of_elm(day(0, 60..62));
    let late = home.file("late.log", late);
    let mut options = home.options();
    options.source.school = SchoolOf::Map(map.clone());
    options.format = FormatChoice::Id(FormatId::parse("fortigate").unwrap());
    let paths = [late];
    let report = ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, &paths, &options, 1 << 20).unwrap();
    let closed: Vec<_> = report.files[0].closed.iter().map(|lines| lines.school_id.as_str()).collect();
    assert_eq!(closed, ["ash"], "Elm's day is open");

    let plan = reopen(&home, THURSDAY, THURSDAY);
    assert_eq!(plan.opens.iter().map(|slice| slice.school_id.as_str()).collect::<Vec<_>>(), ["ash"]);
    let gone: Vec<_> = plan.slices.iter().map(|slice| (slice.school_id.as_str(), slice.date)).collect();
    assert_eq!(gone, [("ash", THURSDAY), ("elm", THURSDAY)], "their lines stand in one export");
    assert!(home.rows(Table::Events, false).iter().all(|row| row.contains("|2026-11-06|")));
    read(&home);
    // Quarantined lines of the late file have no date to tell that they are of that day.
    let after = tables(&home, true);
    assert_eq!(after[..2], before[..2], "the whole export again, and every row is back");
}

proptest! {
    #![proptest_config(crate::properties::cases(10))]

    /// Exports of several days that overlap, some days closed in between, late exports, then the full re-export.
    #[test]
    fn whatever_was_read_before_the_re_export_decides(
        exports in prop::collection::vec(prop::collection::vec((0i64..3, 0i64..4), 1..8), 1..5),
        closed in prop::collection::btree_set(0i32..3, 1..3),
        late in 0usize..3,
        old_too: bool,
    ) {
        let text = |lines: &[(i64, i64)]| lines.iter().map(|(day, second)| web(*day, *second)).collect::<String>();
        // Every day has a line before it closes.
        let base = text(&[(0, 9), (1, 9), (2, 9)]);
        let home = alone(&[&base]);
        let early = exports.len().saturating_sub(late);
        for (number, export) in exports[..early].iter().enumerate() {
            read(&home, &format!("early-{number}.log"), &text(export));
        }
        let dates: Vec<i32> = closed.iter().map(|day| THURSDAY + day).collect();
        close(&home, &dates);
        for (number, export) in exports[early..].iter().enumerate() {
            read(&home, &format!("late-{number}.log"), &text(export));
        }
        reopen(&home, THURSDAY, THURSDAY + 2);
        // The re-export has all there ever was of those days: of each line the larger count.
        let mut counts: BTreeMap<(i64, i64), usize> = BTreeMap::from([((0, 9), 1), ((1, 9), 1), ((2, 9), 1)]);
        for export in &exports {
            for line in export {
                let count = export.iter().filter(|other| *other == line).count();
                let most = counts.entry(*line).or_insert(0);
                *most = count.max(*most);
            }
        }
        let lines: Vec<(i64, i64)> = counts.iter().flat_map(|(line, count)| vec![*line; *count]).collect();
        let full = text(&lines);
        let of_days: String =
            text(&lines.iter().copied().filter(|(day, _)| closed.contains(&(*day as i32))).collect::<Vec<_>>());
        read(&home, "full.log", &of_days);
        if old_too {
            for (number, export) in exports.iter().enumerate() {
                read(&home, &format!("old-{number}.log"), &text(export));
            }
        }
        prop_assert_eq!(tables(&home, false), tables(&alone(&[&full]), false));
        prop_assert!(home.receipts().iter().all(Receipt::balances));
    }
}
