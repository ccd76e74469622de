//! A date closes fourteen days after its last line came and once two engines agree on it: not before, not when a value differs; late
//! lines of it change nothing, and it opens again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray as _, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use serde_json::Value;
use weir_lake::estate::Estate;
use weir_lake::ids::RunId;
use weir_lake::lake::{Change, ChangeKind, Lake};
use weir_lake::schema::Table;
use weir_tests::{Home, Ran, squid_line};

/// The day after the lines' own, when they are read.
const CAME: &str = "2026-11-06T08:00:00Z";
const TOO_EARLY: &str = "2026-11-20T07:59:59Z";
const DUE: &str = "2026-11-20T08:00:00Z";

fn at(home: &Home, now: &str, arguments: &[&str], status: i32) -> Ran {
    let ran: Ran = home.command().env("WEIR_NOW", now).args(arguments).output().unwrap().into();
    assert_eq!(ran.status, status, "{arguments:?}\nstdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    ran
}

/// Reads a file; the status says whether someone should look.
fn ingest(home: &Home, now: &str, file: &Path) -> i32 {
    let school = home.school();
    let mut command = home.command();
    command.env("WEIR_NOW", now).args(["ingest", "--school", &school, "--format", "squid"]).arg(file);
    let ran: Ran = command.output().unwrap().into();
    assert!((0..=1).contains(&ran.status), "{}{}", ran.stdout, ran.stderr);
    ran.status
}

fn verified(home: &Home, now: &str, status: i32) -> Value {
    let ran = at(home, now, &["verify", "--close", "--output", "json"], status);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn lines(pages: std::ops::Range<i64>) -> String {
    let mut lines: Vec<String> =
        pages.clone().map(|n| squid_line(n * 60, "apatel", &format!("http://maps.example/p{n}"))).collect();
    lines.push(squid_line(pages.end * 60, "apatel", "http://www.bing.com/search?q=online+casino+no+id+check"));
    lines.join("\n") + "\n"
}

/// A Thursday morning's lines, read and rolled up.
fn home() -> Home {
    let home = Home::new();
    let file = home.path().join("partial.log");
    fs::write(&file, lines(0..6)).unwrap();
    ingest(&home, CAME, &file);
    home
}

fn closed_lines(home: &Home) -> i64 {
    home.number("SELECT count(*) AS n FROM receipts WHERE ignored LIKE '%closed_date%'")
}

#[test]
fn not_before_its_time_and_then_for_good() {
    let home = home();
    // What is not rolled up has no figures to agree on.
    let unrolled = verified(&home, DUE, 0);
    assert_eq!((&unrolled["closing"]["closed"], &unrolled["closing"]["not_rolled_up"]), (&0.into(), &1.into()));
    home.weir_ok(["rollup"], 0);
    let early = verified(&home, TOO_EARLY, 0);
    assert_eq!((&early["closing"]["closed"], &early["closing"]["not_due"]), (&0.into(), &1.into()), "{early}");
    assert_eq!(early["closing"]["first_due"], "2026-11-21", "a day is told on the whole of which it may close");
    // Without --close nothing closes, however late it is.
    let plain = at(&home, DUE, &["verify"], 0);
    assert!(plain.stdout.contains("all agree"), "{}", plain.stdout);
    let school = home.school();
    let due = verified(&home, DUE, 0);
    assert_eq!((&due["closing"]["closed"], &due["differing"]), (&1.into(), &0.into()), "{due}");
    assert!(due["cells"].as_u64() > Some(20), "{due}");

    // The outcome is kept in the lake.
    let kept =
        fs::read_to_string(Estate::load(&home.estate().join("weir.toml")).unwrap().lake_root.join("_weir/verified/all.json"));
    let kept: Value = serde_json::from_str(&kept.unwrap()).unwrap();
    assert_eq!((&kept["compared"]["pupil_days"]["differences"], &kept["of"]), (&0.into(), &Value::Null));

    let before = home.sql("SELECT * FROM activity_hourly ORDER BY hour, action, category");
    let full = home.path().join("full.log");
    fs::write(&full, lines(0..9)).unwrap();
    assert_eq!(ingest(&home, DUE, &full), 1, "someone must hear of it");
    assert_eq!(closed_lines(&home), 1, "the late lines are counted");
    home.weir_ok(["rollup"], 0);
    assert_eq!(home.sql("SELECT * FROM activity_hourly ORDER BY hour, action, category"), before);
    let again = verified(&home, "2026-12-24T08:00:00Z", 0);
    assert_eq!((&again["closing"]["closed"], &again["closing"]["closed_before"]), (&0.into(), &1.into()), "{again}");

    // Opened again it takes the full export, and closes on that one's own time.
    let source = home.sql("SELECT DISTINCT source_id FROM receipts")[0]["source_id"].as_str().unwrap().to_owned();
    at(&home, DUE, &["reopen", &school, &source, "2026-11-05", "2026-11-05", "--yes"], 0);
    ingest(&home, DUE, &full);
    home.weir_ok(["rollup"], 0);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 10);
    let reopened = verified(&home, "2026-11-25T08:00:00Z", 0);
    assert_eq!((&reopened["closing"]["closed"], &reopened["closing"]["not_due"]), (&0.into(), &1.into()), "{reopened}");
    assert_eq!(verified(&home, "2026-12-24T08:00:00Z", 0)["closing"]["closed"], 1);
}

#[test]
fn a_date_that_differs_stays_open_and_both_values_are_shown() {
    let home = home();
    home.weir_ok(["rollup"], 0);
    let lake = Lake::open(&Estate::load(&home.estate().join("weir.toml")).unwrap().lake_root).unwrap();
    let snapshot = lake.snapshot().unwrap();
    let file = &snapshot.files[&Table::PupilDays][0];
    let more = |rows: &RecordBatch| {
        let index = rows.schema().index_of("searches").unwrap();
        let old = rows.column(index).as_primitive::<Int64Type>();
        let mut columns = rows.columns().to_vec();
        columns[index] = Arc::new(Int64Array::from_iter_values(old.values().iter().map(|searches| searches + 41)));
        Ok(Some(RecordBatch::try_new(rows.schema(), columns).unwrap()))
    };
    let changed = lake.change_rows(Table::PupilDays, file, more).unwrap().unwrap();
    let change = Change::new(ChangeKind::Compaction, RunId::parse("test").unwrap(), snapshot.version);
    let removes = vec![(Table::PupilDays, file.path.clone())];
    lake.commit(Change { adds: vec![(Table::PupilDays, changed)], removes, ..change }).unwrap();

    let told = verified(&home, DUE, 1);
    assert_eq!((&told["closing"]["closed"], &told["closing"]["differing"]), (&0.into(), &1.into()), "{told}");
    let difference = &told["differences"][0];
    assert_eq!((&difference["of"], &difference["measure"]), (&"pupil_days".into(), &"searches".into()));
    assert_eq!((&difference["recomputed"], &difference["stored"]), (&1.0.into(), &42.0.into()));
    let key = home.sql("SELECT DISTINCT user_key FROM pupil_days")[0]["user_key"].as_str().unwrap().to_owned();
    let words = at(&home, DUE, &["verify"], 1).stdout;
    assert!(words.contains("1 value differs") && words.contains("42"), "{words}");
    assert!(!words.contains(&key) && !told.to_string().contains(&key), "a whole key is told");
}

#[test]
fn what_is_asked_wrongly_is_explained() {
    let home = home();
    let school = home.school();
    let table: [(&[&str], &str); 4] = [
        (&["verify", "nowhere", "2026-27"], "SCHOOL"),
        (&["verify", &school, "2026"], "YEAR"),
        (&["verify", &school], "YEAR"),
        (&["verify", "--output", "xlsx"], "json"),
    ];
    for (arguments, words) in table {
        let ran = home.weir(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}
