//! A closed date keeps its figures whatever comes late, and once opened holds what a full re-export says and nothing else, also when
//! the command is killed on its way.

use std::fs;

use weir_tests::{Home, squid_line};

/// 2026-11-05, a Thursday, in days since 1970.
const THURSDAY: i32 = 20_762;

/// Rows of every table but for keys and what tells one run from another.
const TABLES: [&str; 7] = [
    "SELECT event_time, action, host, url_path, category, search_term, line_no, file_id FROM events ORDER BY file_id, line_no",
    "SELECT event_time, operation, line_no, file_id FROM admin_events ORDER BY file_id, line_no",
    "SELECT file_id, line_no, reason FROM quarantine ORDER BY file_id, line_no",
    "SELECT file_id, lines, events, ignored, quarantined FROM receipts ORDER BY file_id",
    "SELECT event_date, topic, severity, requests, blocked, searches FROM pupil_days",
    "SELECT event_date, hour, kind, action, category, furniture, requests, identified FROM activity_hourly",
    "SELECT event_date, topic, people, person_days, requests FROM theme_weeks",
];

fn tables(home: &Home) -> Vec<Vec<String>> {
    TABLES.iter().map(|query| sorted(home, query)).collect()
}

fn sorted(home: &Home, query: &str) -> Vec<String> {
    let mut rows: Vec<String> = home.sql(query).iter().map(serde_json::Value::to_string).collect();
    rows.sort_unstable();
    rows
}

/// Lines of one day after that Thursday: a search that is a concern and pages, and one that no format reads.
fn day(number: i64, pages: std::ops::Range<i64>) -> String {
    let second = |n: i64| number * 86_400 + n * 60;
    let mut lines: Vec<String> =
        pages.clone().map(|n| squid_line(second(n), "apatel", &format!("http://maps.example/p{n}"))).collect();
    lines.push(squid_line(second(pages.end), "apatel", "http://www.bing.com/search?q=online+casino+no+id+check"));
    lines.push(squid_line(second(pages.end), "apatel", "http://maps.example/odd").replace(" 200 ", " ").replace("/200 ", "/x "));
    lines.join("\n") + "\n"
}

/// Thursday and Friday were read from one partial export, rolled up, and Thursday closed.
fn closed_home() -> Home {
    let home = Home::new();
    let partial = home.path().join("partial.log");
    fs::write(&partial, day(0, 0..6) + &day(1, 0..5)).unwrap();
    assert!(home.ingest("squid", &partial).status <= 1);
    home.weir_ok(["rollup"], 0);
    home.close([THURSDAY]);
    home
}

fn source(home: &Home) -> String {
    home.sql("SELECT DISTINCT source_id FROM receipts")[0]["source_id"].as_str().unwrap().to_owned()
}

#[test]
fn late_lines_change_nothing_until_it_is_opened() {
    let home = closed_home();
    let before = tables(&home);
    let full = home.path().join("full.log");
    fs::write(&full, day(0, 0..9)).unwrap();
    let late = home.ingest("squid", &full);
    assert_eq!(late.status, 1, "someone must hear of it: {}", late.stdout);
    let source = source(&home);
    let command = format!("weir reopen {} {source} 2026-11-05 2026-11-05", home.school());
    assert!(late.stdout.contains("keep this file") && late.stdout.contains(&command), "{}", late.stdout);
    home.weir_ok(["rollup"], 0);
    let after = tables(&home);
    assert_eq!((&after[0], &after[4..]), (&before[0], &before[4..]), "events, and every figure");
    assert_eq!(home.number("SELECT count(*) AS n FROM receipts WHERE ignored LIKE '%closed_date%'"), 1);

    // The preview changes nothing, and says what would go.
    let school = home.school();
    let asked = ["reopen", &school, &source, "2026-11-01", "2026-11-30"];
    let preview = home.weir(asked);
    assert_eq!(preview.status, 2, "without --yes nothing is opened in a pipe");
    for words in ["2026-11-05", "7 rows of events", "pupil_days", "partial.log", "full.log"] {
        assert!(preview.stdout.contains(words), "{words}: {}", preview.stdout);
    }
    assert!(!preview.stdout.contains("2026-11-06"), "that day is open: {}", preview.stdout);
    assert_eq!(tables(&home)[0], before[0]);
    let told = home.weir_ok([&asked[..], &["--yes", "--output", "json"]].concat(), 0);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["dates"][0], &told["rows"]["events"]), (&"2026-11-05".into(), &7.into()));
    assert_eq!(home.number("SELECT count(*) AS n FROM pupil_days WHERE event_date = DATE '2026-11-05'"), 0);
    assert_eq!(home.number("SELECT count(*) AS n FROM events WHERE event_date = DATE '2026-11-06'"), 6);

    // The export that came too late is read now, and the partial one has nothing to add.
    assert!(home.ingest("squid", &full).status <= 1);
    let whole = Home::new();
    for (file, text) in [("full.log", day(0, 0..9)), ("friday.log", day(1, 0..5))] {
        fs::write(whole.path().join(file), text).unwrap();
        assert!(whole.ingest("squid", &whole.path().join(file)).status <= 1);
    }
    for home in [&home, &whole] {
        home.weir_ok(["rollup"], 0);
    }
    let rows = "SELECT event_time, action, host, url_path, category, search_term FROM events";
    assert_eq!(sorted(&home, rows), sorted(&whole, rows));
    assert_eq!(tables(&home)[4..], tables(&whole)[4..], "the figures of the re-export, and of Friday as they were");
    assert_eq!(home.ingest("squid", &full).status, 0);
}

#[test]
fn what_cannot_be_opened_is_explained() {
    let home = closed_home();
    let (school, source) = (home.school(), source(&home));
    let table: [(&[&str], &[&str]); 6] = [
        (&["nowhere", &source, "2026-11-05", "2026-11-05"], &["SCHOOL", "nowhere", &school]),
        (&[&school, "nothing", "2026-11-05", "2026-11-05"], &["SOURCE", "nothing", &source]),
        (&[&school, &source, "05/11/2026", "2026-11-05"], &["FROM", "05/11/2026", "2026-11-05"]),
        (&[&school, &source, "2026-11-05", "2026-11-31"], &["TO", "2026-11-31", "year-month-day"]),
        (&[&school, &source, "2026-11-06", "2026-11-05"], &["later than", "first day first"]),
        (&[&school, &source, "2026-11-06", "2026-11-09"], &["no date from 2026-11-06 to 2026-11-09", "2026-11-05"]),
    ];
    for (arguments, wanted) in table {
        let ran = home.weir([&["reopen"], arguments, &["--yes"]].concat());
        assert_eq!(ran.status, 2, "{arguments:?}");
        for words in wanted {
            assert!(ran.stderr.contains(words), "{arguments:?}: {words:?} in {}", ran.stderr);
        }
    }
    // A mistake in a closed date is not undone behind its back.
    let undo = home.weir(["undo", "partial.log", "--yes"]);
    assert_eq!(undo.status, 2);
    assert!(undo.stderr.contains("is closed") && undo.stderr.contains("weir reopen"), "{}", undo.stderr);
}

#[test]
fn killed_anywhere_it_is_opened_or_it_is_not() {
    let points = [
        "reopen_rows_written",
        "after_data_files",
        "before_commit_record",
        "after_commit_record",
        "between_tables_1",
        "between_tables_2",
        "between_tables_3",
        "after_tables",
        "before_state",
    ];
    let finish = |home: &Home| {
        let full = home.path().join("full.log");
        fs::write(&full, day(0, 0..9)).unwrap();
        assert!(home.ingest("squid", &full).status <= 1);
        home.weir_ok(["rollup"], 0);
        tables(home)
    };
    let arguments = |home: &Home| {
        ["reopen".to_owned(), home.school(), source(home), "2026-11-05".into(), "2026-11-05".into(), "--yes".into()]
    };
    let whole = closed_home();
    whole.weir_ok(arguments(&whole), 0);
    let expected = finish(&whole);
    for point in points {
        let home = closed_home();
        let before = home.number("SELECT count(*) AS n FROM events");
        let killed = home.command().env("WEIR_FAILPOINT", point).args(arguments(&home)).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point} is reached");
        let seen = home.number("SELECT count(*) AS n FROM events");
        assert!(seen == before || seen == before - 7, "{point}: {seen}");
        // Again: it opens, or says that nothing is closed there any more.
        let again = home.weir(arguments(&home));
        assert_eq!(again.status == 0, seen == before, "{point}: {}", again.stderr);
        assert_eq!(finish(&home), expected, "{point}");
    }
}
