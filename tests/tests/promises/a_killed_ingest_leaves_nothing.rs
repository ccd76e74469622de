//! Killed at any named point and run again, every table equals that of a run nobody touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use weir_tests::{Home, sample_data_bin};

/// Every point at which a run can be ended; between the tables of a lake commit too.
const POINTS: [&str; 12] = [
    "ingest_after_block",
    "ingest_rows_written",
    "ingest_before_commit",
    "after_data_files",
    "before_commit_record",
    "after_commit_record",
    "between_tables_1",
    "between_tables_2",
    "between_tables_3",
    "after_tables",
    "before_state",
    "ingest_after_commit",
];

/// What must be equal: everything but run ids, versions and times of the run itself. Keys differ between estates, so they are compared by
/// how they group rows.
const TABLES: [&str; 5] = [
    "SELECT event_time, action, host, url_path, url_query, status, bytes_in, search_term, line_no, file_id, count(*) OVER (PARTITION BY user_key) AS of_person \
     FROM events ORDER BY file_id, line_no",
    "SELECT event_time, operation, object, detail, line_no, file_id FROM admin_events ORDER BY file_id, line_no",
    "SELECT file_id, line_no, format_id, reason FROM quarantine ORDER BY file_id, line_no",
    "SELECT file_id, byte_from, byte_to, lines, events, admin_events, ignored, quarantined, first_event_time, last_event_time FROM receipts ORDER BY file_id",
    "SELECT event_date, count(*) AS n, count(DISTINCT user_key) AS people FROM events GROUP BY event_date ORDER BY event_date",
];

fn tables(home: &Home) -> Vec<Vec<serde_json::Value>> {
    TABLES.iter().map(|query| home.sql(query)).collect()
}

fn logs(folder: &Path) -> [PathBuf; 2] {
    // FortiGate lines give events and admin events; two broken lines give quarantine: all tables change in one commit.
    ["one", "two"].map(|name| {
        let log = folder.join(format!("{name}.log"));
        let seed = if name == "one" { "31" } else { "32" };
        let made = Command::new(sample_data_bin()).args(["--format", "fortigate", "--rows", "600", "--seed", seed, "--out"]).arg(&log).status().unwrap();
        assert!(made.success());
        let mut text = std::fs::read(&log).unwrap();
        let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let line = String::from_utf8(text[..first].to_vec()).unwrap();
        // An event whose action no table knows, and a change of configuration.
        let odd = line.replace("action=\"passthrough\"", "action=\"mislaid\"").replace("action=\"blocked\"", "action=\"mislaid\"");
        assert!(odd.contains("mislaid"), "the sample's first line is a web decision: {line}");
        text.extend_from_slice(odd.as_bytes());
        let at = line.split(' ').find(|pair| pair.starts_with("eventtime=")).unwrap();
        text.extend_from_slice(
            format!(
                "date=2026-11-05 time=09:00:00 devname=\"gate\" devid=\"FGVM01\" {at} tz=\"+0000\" logid=\"0100044547\" type=\"event\" subtype=\"system\" \
                 level=\"information\" vd=\"root\" logdesc=\"Object attribute configured\" user=\"netadmin\" ui=\"GUI\" action=\"Edit\" cfgtid=1 \
                 cfgpath=\"webfilter.profile\" cfgobj=\"pupils\" cfgattr=\"category[11]\" msg=\"Edit webfilter.profile pupils\"\n"
            )
            .as_bytes(),
        );
        std::fs::write(&log, text).unwrap();
        log
    })
}

#[test]
fn at_every_named_point() {
    let shared = tempfile::tempdir().unwrap();
    let [one, two] = logs(shared.path());
    let whole = Home::new();
    assert!(whole.ingest("fortigate", &one).status <= 1);
    assert!(whole.ingest("fortigate", &two).status <= 1);
    let expected = tables(&whole);
    assert!(
        expected.iter().all(|rows| !rows.is_empty()),
        "every table has rows: {:?}",
        expected.iter().map(Vec::len).collect::<Vec<_>>()
    );

    let mut never_reached = Vec::new();
    for point in POINTS {
        let home = Home::new();
        assert!(home.ingest("fortigate", &one).status <= 1);
        let before = home.number("SELECT count(*) AS n FROM events");
        let killed = home
            .command()
            .env("WEIR_FAILPOINT", point)
            .args(["ingest", "--school", &home.school(), "--format", "fortigate"])
            .arg(&two)
            .output()
            .unwrap();
        if killed.status.code().is_some() {
            never_reached.push(point);
            continue;
        }
        // A reader sees all of the second file or nothing of it.
        let seen = home.number("SELECT count(*) AS n FROM events");
        let all = whole.number("SELECT count(*) AS n FROM events");
        assert!(seen == before || seen == all, "{point}: {seen} events, neither {before} nor {all}");
        let again = home.ingest("fortigate", &two);
        assert!(again.status <= 1, "{point}: {}", again.stderr);
        assert_eq!(tables(&home), expected, "{point}");
    }
    assert!(never_reached.is_empty(), "points that no run reaches: {never_reached:?}");
}

/// Moments that nobody thought of. The long form tries as many as it takes to hit every phase many times over.
#[test]
fn at_any_moment() {
    let shared = tempfile::tempdir().unwrap();
    let [one, two] = logs(shared.path());
    let whole = Home::new();
    assert!(whole.ingest("fortigate", &one).status <= 1);
    let began = Instant::now();
    assert!(whole.ingest("fortigate", &two).status <= 1);
    let took = began.elapsed();
    let expected = tables(&whole);
    let all = whole.number("SELECT count(*) AS n FROM events");
    let rounds = if weir_tests::is_long() { 200 } else { 4 };
    for round in 0..rounds {
        let home = Home::new();
        assert!(home.ingest("fortigate", &one).status <= 1);
        let before = home.number("SELECT count(*) AS n FROM events");
        let mut ingest = home.command();
        ingest.args(["ingest", "--school", &home.school(), "--format", "fortigate"]).arg(&two);
        let mut running = ingest.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the time an ingest takes: each moment's golden-section neighbour is far from it.
        let share = (f64::from(round) * 0.618_033_988_75 + 0.5).fract();
        std::thread::sleep(took.mul_f64(share));
        running.kill().unwrap();
        running.wait().unwrap();
        let seen = home.number("SELECT count(*) AS n FROM events");
        assert!(seen == before || seen == all, "after {share:.3} of {took:?}: {seen} events, neither {before} nor {all}");
        let again = home.ingest("fortigate", &two);
        assert!(again.status <= 1, "after {share:.3} of {took:?}: {}", again.stderr);
        assert_eq!(tables(&home), expected, "after {share:.3} of {took:?}");
    }
}
