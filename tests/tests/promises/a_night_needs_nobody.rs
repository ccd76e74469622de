//! A night reads what waits, puts it away, makes the figures and lets go what is past its time, whatever the night before died of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use weir_tests::{Home, Ran, squid_line};

/// Early on Friday 6 November 2026, after the lines of `squid_line`.
const FRIDAY: &str = "2026-11-06T02:00:00Z";

/// 119 days later: the raw rows of 5 November are past their 90 days.
const MARCH: &str = "2027-03-05T02:00:00Z";

fn night_at(home: &Home, now: &str) -> Command {
    let mut command = home.command();
    command.arg("nightly").env("WEIR_NOW", now);
    command
}

fn night(home: &Home, now: &str) -> Ran {
    night_at(home, now).output().unwrap().into()
}

fn inbox(home: &Home) -> PathBuf {
    home.estate().join("inbox/my-school-filter")
}

/// Puts a file into the inbox that was written an hour ago.
fn put(home: &Home, name: &str, bytes: &[u8]) -> PathBuf {
    let path = inbox(home).join(name);
    fs::create_dir_all(inbox(home)).unwrap();
    fs::write(&path, bytes).unwrap();
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(an_hour_ago).unwrap();
    path
}

fn thursday(lines: i64) -> String {
    let line = |n| squid_line(n * 60, "apatel", &format!("http://maps.example/p{n}")) + "\n";
    (0..lines).map(line).collect::<String>() + &squid_line(3600, "apatel", "http://www.bing.com/search?q=online+casino") + "\n"
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn lake(home: &Home) -> Vec<String> {
    let tables = [
        "SELECT event_time, host, url_path, category, search_term, line_no, file_id FROM events",
        "SELECT file_id, lines, events, ignored, quarantined FROM receipts",
        "SELECT event_date, hour, action, category, requests FROM activity_hourly",
        "SELECT event_date, topic, people, requests FROM theme_weeks",
    ];
    let rows = |query: &&str| -> Vec<String> { home.sql(query).iter().map(serde_json::Value::to_string).collect() };
    let mut all: Vec<String> = tables.iter().flat_map(rows).collect();
    all.sort_unstable();
    all
}

#[test]
fn what_waits_is_read_and_put_away() {
    let home = Home::new();
    put(&home, "thursday.log", thursday(9).as_bytes());
    put(&home, "picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    put(&home, "copying.log.part", thursday(3).as_bytes());
    fs::write(inbox(&home).join("just-now.log"), thursday(4)).unwrap();
    let ran = night(&home, FRIDAY);
    assert_eq!(ran.status, 1, "a file was refused: {}\n{}", ran.stdout, ran.stderr);
    for words in ["10 events", "2 still on the way", "picture.png", "no term dates"] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let put_away = |name: &str| names(&home.estate().join(name).join("my-school-filter"));
    assert_eq!(put_away("done"), ["thursday.log"]);
    assert_eq!(put_away("failed"), ["picture.png", "picture.png.reason.txt"]);
    assert_eq!(names(&inbox(&home)), ["copying.log.part", "just-now.log"]);
    assert_eq!(home.number("SELECT sum(requests) AS n FROM activity_hourly"), 10, "figures are made");
    let report = names(&home.estate().join("nights"));
    let report = fs::read_to_string(home.estate().join("nights").join(&report[0])).unwrap();
    assert!(!report.contains("apatel"), "a report names nobody");

    let before = lake(&home);
    let again = night(&home, FRIDAY);
    assert!(again.stdout.contains("nothing waited") && again.status <= 1, "{}", again.stdout);
    assert_eq!(lake(&home), before);
}

#[test]
fn a_night_that_was_cut_short_is_finished_by_the_next() {
    let whole = Home::new();
    put(&whole, "thursday.log", thursday(9).as_bytes());
    night(&whole, FRIDAY);
    for point in ["before_commit_record", "after_commit_record"] {
        let home = Home::new();
        put(&home, "thursday.log", thursday(9).as_bytes());
        let killed: Ran = night_at(&home, FRIDAY).env("WEIR_FAILPOINT", point).output().unwrap().into();
        assert_eq!(killed.status, -1, "{point}: {}", killed.stdout);
        assert_eq!(names(&inbox(&home)), ["thursday.log"], "nothing is put away before it counts");
        let ran = night(&home, "2026-11-06T02:10:00Z");
        assert!(ran.status <= 1, "{point}: {}", ran.stdout);
        assert_eq!(lake(&home), lake(&whole), "{point}");
        assert_eq!(names(&home.estate().join("done/my-school-filter")), ["thursday.log"], "{point}");
    }
}

#[test]
fn raw_rows_past_their_time_go_and_late_lines_do_not_replace_their_figures() {
    let home = Home::new();
    put(&home, "thursday.log", thursday(9).as_bytes());
    night(&home, FRIDAY);
    let shown = home.command().args(["retention", "--dry-run"]).env("WEIR_NOW", MARCH).output().unwrap();
    let shown = Ran::from(shown);
    assert!(shown.stdout.contains("events") && shown.stdout.contains("10"), "{}", shown.stdout);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 10, "a look takes nothing out");

    let ran = night(&home, MARCH);
    assert!(ran.status <= 1 && ran.stdout.contains("10 rows of events"), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);
    assert_eq!(home.number("SELECT sum(requests) AS n FROM activity_hourly"), 10, "the figures stay");

    // The same day again, with one line more.
    put(&home, "late.log", thursday(10).as_bytes());
    let late = night(&home, MARCH);
    assert_eq!(late.status, 1, "someone must hear of it: {}", late.stdout);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 0);
    assert_eq!(home.number("SELECT sum(requests) AS n FROM activity_hourly"), 10);
    assert_eq!(names(&home.estate().join("failed/my-school-filter")), ["late.log", "late.log.reason.txt"]);
}

#[test]
fn a_clock_that_went_back_reads_nothing() {
    let home = Home::new();
    put(&home, "thursday.log", thursday(9).as_bytes());
    assert!(night(&home, FRIDAY).status <= 1);
    put(&home, "more.log", thursday(12).as_bytes());
    // Twice: a night that was refused is no night to go by.
    for _ in 0..2 {
        let ran = night(&home, "2026-11-02T02:00:00Z");
        assert_eq!(ran.status, 2, "{}", ran.stdout);
        assert!(ran.stdout.contains("the clock says 2026-11-02 02:00") && ran.stdout.contains("set the clock"), "{}", ran.stdout);
        assert_eq!(names(&inbox(&home)), ["more.log"]);
    }
    assert!(night(&home, "2026-11-06T02:10:00Z").status <= 1);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 13);
    assert_eq!(home.number("SELECT count(*) AS n FROM quarantine"), 0);
}

#[test]
fn a_filters_own_log_folder_is_read_where_it_is() {
    let home = Home::new();
    let folder = home.path().join("var-log-squid");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("access.log"), thursday(5)).unwrap();
    let settings = home.estate().join("weir.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("\"inbox/my-school-filter\"", &format!("{:?}", folder.to_str().unwrap()))).unwrap();
    let ran = night(&home, FRIDAY);
    assert!(ran.status <= 1, "{}", ran.stderr);
    assert_eq!(names(&folder), ["access.log"]);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 6);
    assert!(names(&home.estate().join("done")).is_empty());
}

#[test]
fn two_nights_do_not_run_at_once() {
    let home = Home::new();
    let held = fs::File::create(home.estate().join("run.lock")).unwrap();
    held.lock().unwrap();
    let ran = night(&home, FRIDAY);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("another run is at work"), "{}", ran.stderr);
}
