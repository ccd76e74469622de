//! Lines that a format could not read wait sealed; once it is mended they are read again, and a replay that is killed at any named point
//! loses none and doubles none.

use std::fs;
use std::path::Path;

use weir_tests::Home;

/// Points that a replay comes by.
const POINTS: [&str; 11] = [
    "ingest_after_block",
    "ingest_rows_written",
    "ingest_before_commit",
    "after_data_files",
    "before_commit_record",
    "after_commit_record",
    "between_tables_1",
    "between_tables_2",
    "after_tables",
    "before_state",
    "ingest_after_commit",
];

/// But for versions, runs and times of the runs themselves.
const TABLES: [&str; 3] = [
    "SELECT event_time, action, host, line_no, file_id, count(*) OVER (PARTITION BY user_key) AS of_person FROM events ORDER BY file_id, line_no",
    "SELECT file_id, line_no, format_id, reason FROM quarantine ORDER BY file_id, line_no",
    "SELECT file_id, lines, events, admin_events, ignored, quarantined, first_event_time, last_event_time FROM receipts ORDER BY file_id",
];

/// An invented format; mended it knows one word more.
fn format(more: &str) -> String {
    format!(
        r#"id = "lark-export"
title = "LarkFilter daily export"
vendor = "Lark Networks"
version = 1
url = "https://lark.example/export"
decode = "csv"
header = true

[time]
column = "When"
layout = "%d/%m/%Y %H:%M:%S"

[columns]
user = {{ from = "Person", null = ["", "-"] }}
host = "Site"
action = {{ from = "Verdict", table = "verdict" }}

[table.verdict]
Passed = "allowed"
Stopped = "blocked"
{more}

[[sample]]
header = 'When,Person,Site,Verdict'
line = '05/11/2026 09:14:02,apatel,maps.example,Passed'
row = {{ event_time = "2026-11-05T09:14:02Z", user = "apatel", host = "maps.example", action = "allowed" }}

[[reject]]
header = 'When,Person,Site,Verdict'
line = '05/11/2026 09:14:02,apatel,maps.example,Unheard'
reason = "unknown_action"
"#
    )
}

const MENDED: &str = "Coached = \"warned\"";

fn home(log: &Path, more: &str) -> Home {
    let home = Home::new();
    let folder = home.estate().join("formats");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("lark-export.toml"), format(more)).unwrap();
    let settings = home.estate().join("weir.toml");
    let text = fs::read_to_string(&settings).unwrap().replacen("# formats = \"formats\"", "formats = \"formats\"", 1);
    fs::write(&settings, text).unwrap();
    let ran = home.ingest("lark-export", log);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    home
}

fn mend(home: &Home) {
    fs::write(home.estate().join("formats/lark-export.toml"), format(MENDED)).unwrap();
}

fn tables(home: &Home) -> Vec<Vec<serde_json::Value>> {
    TABLES.iter().map(|query| home.sql(query)).collect()
}

fn export() -> String {
    let mut text = String::from("When,Person,Site,Verdict\n");
    for n in 0..200 {
        let verdict = ["Passed", "Coached", "Stopped", "Coached", "Unheard"][n % 5];
        text += &format!("05/11/2026 10:{:02}:{:02},pupil{},p{n}.example,{verdict}\n", n / 60, n % 60, n % 7);
    }
    text
}

#[test]
fn none_lost_and_none_doubled_wherever_it_is_killed() {
    let shared = tempfile::tempdir().unwrap();
    let log = shared.path().join("export.csv");
    fs::write(&log, export()).unwrap();
    let wanted = tables(&home(&log, MENDED));
    assert_eq!((wanted[0].len(), wanted[1].len()), (160, 40));

    let mut never_reached = Vec::new();
    for point in POINTS {
        let home = home(&log, "");
        assert_eq!(home.number("SELECT count(*) AS n FROM quarantine"), 120);
        mend(&home);
        let killed = home.command().env("WEIR_FAILPOINT", point).args(["ingest", "--replay"]).output().unwrap();
        if killed.status.code().is_some() {
            never_reached.push(point);
            continue;
        }
        // A line is in quarantine or it is a row, whatever the moment.
        let (rows, waiting) =
            (home.number("SELECT count(*) AS n FROM events"), home.number("SELECT count(*) AS n FROM quarantine"));
        assert!((rows, waiting) == (80, 120) || (rows, waiting) == (160, 40), "{point}: {rows} rows, {waiting} in quarantine");
        home.weir_ok(["ingest", "--replay"], 1);
        assert_eq!(tables(&home), wanted, "{point}");
        assert_eq!(home.weir_ok(["ingest", "--replay", "--output", "json"], 1).stdout.matches("\"events\": 0").count(), 1);
    }
    assert!(never_reached.is_empty(), "points that no replay reaches: {never_reached:?}");
}

#[test]
fn what_waits_is_listed_explained_and_shown_without_a_name() {
    let shared = tempfile::tempdir().unwrap();
    let log = shared.path().join("export.csv");
    fs::write(&log, export()).unwrap();
    let home = home(&log, "");
    let list = home.weir_ok(["quarantine", "--output", "ndjson"], 1).stdout;
    let row: serde_json::Value = serde_json::from_str(list.trim()).unwrap();
    assert_eq!(
        (row["reason"].as_str(), row["lines"].as_u64(), row["files"].as_u64()),
        (Some("unknown_action"), Some(120), Some(1))
    );
    let words = home.weir_ok(["quarantine", "explain", "unknown_action"], 0).stdout;
    assert!(words.contains("weir ingest --replay --reason unknown_action"), "{words}");
    let shapes = home.weir_ok(["quarantine", "sample", "-n", "2"], 0).stdout;
    assert!(shapes.contains("99/99/9999 99:99:99,xxxxx9,x9.xxxxxxx,xxxxxxx") && !shapes.contains("pupil"), "{shapes}");
    assert_eq!(home.weir(["quarantine", "sample", "--clear"]).status, 2, "in clear only with a reason");
    let clear = home.weir_ok(["quarantine", "sample", "-n", "1", "--clear", "--why", "a new word of the vendor's"], 0).stdout;
    assert!(clear.contains("pupil1,p1.example,Coached"), "{clear}");
    let trail = home.weir_ok(["audit", "list", "--action", "open-line"], 0).stdout;
    assert!(trail.contains("a new word of the vendor's"), "{trail}");
    mend(&home);
    let ran = home.weir_ok(["ingest", "--replay"], 1);
    assert!(ran.stdout.contains("80 of 120 lines left quarantine; 40 stay."), "{}", ran.stdout);
    home.weir_ok(["rollup"], 0);
    assert_eq!(home.number("SELECT sum(requests) AS n FROM activity_hourly"), 160, "figures know them");
}
