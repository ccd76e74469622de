//! `weir reclassify` makes a lake equal to one that read the same logs under today's files, also when it is killed on its way.

use std::fs;

use weir_tests::{Home, squid_line};

/// Rows and rollups but for keys, which differ between estates, and what tells one run from another.
const TABLES: [&str; 5] = [
    "SELECT event_time, user_type, year_group, category, theme, concern_id, furniture, url_query, line_no, \
     count(*) OVER (PARTITION BY user_key) AS of_person FROM events",
    "SELECT file_id, lines, events, ignored FROM receipts",
    "SELECT event_date, user_type, year_group, topic, severity, requests FROM pupil_days",
    "SELECT event_date, user_type, year_group, hour, kind, action, category, requests, identified FROM activity_hourly",
    "SELECT event_date, user_type, year_group, topic, people, person_days, requests FROM theme_weeks",
];

fn tables(home: &Home) -> Vec<Vec<String>> {
    let sorted = |query: &&str| {
        let mut rows: Vec<String> = home.sql(query).iter().map(serde_json::Value::to_string).collect();
        rows.sort_unstable();
        rows
    };
    TABLES.iter().map(sorted).collect()
}

const ROSTER: &str = "person,logins,user_type,year_group,from,to
A Patel,apatel;apatel-home,pupil,8,,
B Kaur,bkaur,pupil,9,,2026-11-05
C Lowe,clowe,staff,,,
";

fn log() -> String {
    let urls =
        ["http://maps.example/", "http://www.bing.com/search?q=online+casino+free+spins", "http://www.bing.com/search?q=rivers"];
    let mut text = String::new();
    for day in 0..2 {
        for (at, user) in ["apatel", "apatel-home", "bkaur", "clowe", "kiosk1", "-"].into_iter().enumerate() {
            for (number, url) in urls.iter().enumerate() {
                text += &squid_line(day * 86_400 + (at * 100 + number * 20) as i64, user, url);
                text.push('\n');
            }
        }
    }
    text
}

fn read(home: &Home) {
    let path = home.path().join("access.log");
    fs::write(&path, log()).unwrap();
    assert!(home.ingest("squid", &path).status <= 1);
    home.weir_ok(["rollup"], 0);
}

fn amend(home: &Home) {
    fs::write(home.estate().join("roster.csv"), ROSTER).unwrap();
    let groups = home.estate().join("groups.csv");
    let text = fs::read_to_string(&groups).unwrap() + "*,user,kiosk*,shared,,no,,\n";
    fs::write(groups, text).unwrap();
}

/// The lake as it would be had the files been there from the beginning.
fn wanted() -> Vec<Vec<String>> {
    let home = Home::new();
    amend(&home);
    read(&home);
    tables(&home)
}

#[test]
fn as_if_they_had_been_there_from_the_beginning() {
    let wanted = wanted();
    let home = Home::new();
    read(&home);
    let before = tables(&home);
    assert_ne!(before, wanted);
    amend(&home);
    let looked = home.weir_ok(["reclassify", "--look"], 0);
    assert!(looked.stdout.contains("would change") && looked.stdout.contains("year_group"), "{}", looked.stdout);
    assert_eq!(tables(&home), before, "only looked at");

    // Of the one day first, then of all.
    let told = home.weir_ok(["reclassify", "2026-11-06", "2026-11-06", "--output", "ndjson"], 0);
    let told: serde_json::Value = serde_json::from_str(told.stdout.trim()).unwrap();
    // Friday: three rows each of the two log-ins of one person, of the member of staff and of the kiosk.
    assert_eq!((&told["days"], &told["rows"], &told["changed_rows"]), (&1.into(), &18.into(), &12.into()));
    assert_eq!(told["changed"]["user_type"], 12);
    assert_eq!(told["changed"]["user_key"], 6, "the second log-in joins the first, and the kiosk names nobody");
    let told = home.weir_ok(["reclassify"], 0);
    assert!(told.stdout.contains("weir rollup"), "{}", told.stdout);
    home.weir_ok(["rollup"], 0);
    assert_eq!(tables(&home), wanted);
    assert_eq!(
        home.number("SELECT count(*) AS n FROM events WHERE year_group = '9'"),
        3,
        "the Thursday only, as the roster says"
    );

    let again = home.weir_ok(["reclassify"], 0);
    assert!(again.stdout.contains("0 of 36 rows"), "{}", again.stdout);
    for (arguments, words) in [(&["reclassify", "2026-11-06"][..], "TO"), (&["reclassify", "6 Nov", "2026-11-06"], "6 Nov")] {
        let ran = home.weir(arguments);
        assert!(ran.status == 2 && ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn killed_anywhere_it_is_done_or_it_is_not() {
    let wanted = wanted();
    for point in [
        "reclassify_rows_written",
        "after_data_files",
        "before_commit_record",
        "after_commit_record",
        "between_tables_1",
        "after_tables",
        "before_state",
    ] {
        let home = Home::new();
        read(&home);
        let before = tables(&home);
        amend(&home);
        let killed = home.command().env("WEIR_FAILPOINT", point).arg("reclassify").output().unwrap();
        assert_eq!(killed.status.code(), None, "{point} is reached");
        let seen = tables(&home);
        assert!(seen[0] == before[0] || seen[0] == wanted[0], "{point}: neither the rows before nor those after");
        home.weir_ok(["reclassify"], 0);
        home.weir_ok(["rollup"], 0);
        assert_eq!(tables(&home), wanted, "{point}");
    }
}
