//! `undo` and ingest again equals never having erred; overlapping exports count once, in any order.

use std::fs;
use std::path::Path;
use std::process::Command;

use weir_tests::{Home, sample_data_bin};

fn made(folder: &Path, format: &str, rows: &str, seed: &str) -> Vec<String> {
    let log = folder.join("made.log");
    let made = Command::new(sample_data_bin())
        .args(["--format", format, "--rows", rows, "--seed", seed, "--out"])
        .arg(&log)
        .status()
        .unwrap();
    assert!(made.success());
    fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect()
}

fn rows(home: &Home) -> Vec<serde_json::Value> {
    home.sql(
        "SELECT event_time, action, host, url_path, status, bytes_in, search_term, count(*) AS n FROM events \
         GROUP BY ALL ORDER BY event_time, host, url_path, action, status, bytes_in, search_term",
    )
}

/// Every rollup, row by row, but for keys that are random.
fn rollups(home: &Home) -> Vec<String> {
    home.weir_ok(["rollup"], 0);
    let mut rows = Vec::new();
    for query in [
        "SELECT 'day' AS of, event_date, topic, severity, requests, blocked, searches, opened, first_time, last_time, user_key FROM pupil_days",
        "SELECT 'week' AS of, event_date, topic, people, person_days, requests FROM theme_weeks",
        "SELECT 'hour' AS of, event_date, hour, kind, action, category, furniture, requests, identified, bytes FROM activity_hourly",
    ] {
        let found = home.sql(query);
        assert!(!found.is_empty(), "{query}");
        rows.extend(found.iter().map(serde_json::Value::to_string));
    }
    rows.sort_unstable();
    rows
}

#[test]
fn undo_then_again_equals_never_having_erred() {
    let home = Home::new();
    let lines = made(home.path(), "squid", "4000", "41");
    let (wrong, right) = (home.path().join("wrong.log"), home.path().join("right.log"));
    fs::write(&right, lines[..2500].join("\n") + "\n").unwrap();
    fs::write(&wrong, lines[2500..].join("\n") + "\n").unwrap();
    assert!(home.ingest("squid", &right).status <= 1);
    let (before, rolled_before) = (rows(&home), rollups(&home));
    assert!(home.ingest("squid", &wrong).status <= 1);
    let (both, rolled_both) = (rows(&home), rollups(&home));
    assert_ne!(before, both);
    assert_ne!(rolled_before, rolled_both);

    let file = home.sql("SELECT file_id FROM receipts WHERE path LIKE '%wrong.log'")[0]["file_id"].as_str().unwrap().to_owned();
    let preview = home.weir(["undo", file.as_str()]);
    assert_ne!(preview.status, 0, "without --yes nothing is taken out in a pipe: {}", preview.stdout);
    assert_eq!(rows(&home), both);
    home.weir_ok(["undo", file.as_str(), "--yes"], 0);
    assert_eq!(rows(&home), before);
    assert_eq!(rollups(&home), rolled_before);
    assert_eq!(home.number("SELECT count(*) AS n FROM receipts"), 1);

    assert!(home.ingest("squid", &wrong).status <= 1);
    assert_eq!(rows(&home), both);
    assert_eq!(rollups(&home), rolled_both);
}

#[test]
fn overlapping_exports_in_any_order_give_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let lines = made(folder.path(), "squid", "3000", "43");
    // Three exports that overlap, and one line that a browser sent three times within one of them.
    let twice = [&lines[900..1400], &lines[1399..1400], &lines[1399..1400]].concat();
    let exports = [lines[..1000].to_vec(), twice, lines[1300..].to_vec()];
    let mut answers = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]] {
        let home = Home::new();
        for index in order {
            let log = home.path().join(format!("export-{index}.log"));
            fs::write(&log, exports[index].join("\n") + "\n").unwrap();
            let ran = home.ingest("squid", &log);
            assert!(ran.status <= 1, "{}", ran.stderr);
        }
        let ledger = &home
            .sql("SELECT sum(lines) AS lines, sum(events + admin_events + ignored_lines + quarantined) AS told FROM receipts")[0];
        assert_eq!(ledger["lines"], ledger["told"]);
        answers.push(rows(&home));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the order of files changed the rows");

    // One export of everything, with the line that came three times.
    let home = Home::new();
    let mut all = lines.clone();
    all.insert(1400, lines[1399].clone());
    all.insert(1400, lines[1399].clone());
    let log = home.path().join("all.log");
    fs::write(&log, all.join("\n") + "\n").unwrap();
    assert!(home.ingest("squid", &log).status <= 1);
    assert_eq!(rows(&home), answers[0]);
}

#[test]
fn a_growing_file_is_read_in_segments() {
    let home = Home::new();
    let lines = made(home.path(), "squid", "900", "47");
    let log = home.path().join("access.log");
    let mut told = 0;
    for until in [300, 301, 700, 900] {
        // The last line has no end yet but at the end: it waits.
        let mut text = lines[..until].join("\n");
        if until == 900 {
            text.push('\n');
        }
        fs::write(&log, text).unwrap();
        let ran = home.ingest("squid", &log);
        assert!(ran.status <= 1, "{}", ran.stderr);
        let lines = home.number("SELECT sum(lines) AS n FROM receipts");
        assert!(lines >= told && lines <= until as i64);
        told = lines;
    }
    assert_eq!(told, 900);
    let whole = Home::new();
    let log = whole.path().join("access.log");
    fs::write(&log, lines.join("\n") + "\n").unwrap();
    assert!(whole.ingest("squid", &log).status <= 1);
    assert_eq!(rows(&home), rows(&whole));
    let line_numbers = |home: &Home| home.sql("SELECT line_no FROM events ORDER BY line_no");
    assert_eq!(line_numbers(&home), line_numbers(&whole), "line numbers count from the file's start");
}
