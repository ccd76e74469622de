//! A September roll-over, with new rosters, groups, rolls and term dates, changes no earlier figure; nor does a second box that logs the
//! same requests.

use std::collections::BTreeMap;
use std::fs;

use weir_tests::Home;

/// 2026-06-10T09:00:00Z and 2026-09-16T09:00:00Z, both Wednesdays.
const JUNE: i64 = 1_781_082_000;
const SEPTEMBER: i64 = 1_789_549_200;

const YEAR: &str = "
my-school,2025-09-01,2025-10-24,half_term_block,Autumn 1
my-school,2025-11-03,2025-12-19,half_term_block,Autumn 2
my-school,2026-01-05,2026-02-13,half_term_block,Spring 1
my-school,2026-02-23,2026-03-27,half_term_block,Spring 2
my-school,2026-04-13,2026-05-22,half_term_block,Summer 1
my-school,2026-06-01,2026-07-21,half_term_block,Summer 2
";
const NEXT_YEAR: &str = "
my-school,2026-09-02,2026-10-23,half_term_block,Autumn 1
my-school,2026-11-02,2026-12-18,half_term_block,Autumn 2
my-school,2027-01-04,2027-02-12,half_term_block,Spring 1
my-school,2027-02-22,2027-03-25,half_term_block,Spring 2
my-school,2027-04-12,2027-05-28,half_term_block,Summer 1
my-school,2027-06-07,2027-07-21,half_term_block,Summer 2
";

/// What every figure of a year is made from, and who was counted, by school week.
const FIGURES: [&str; 4] = [
    "SELECT event_date, topic, user_type, year_group, people, person_days, requests FROM theme_weeks",
    "SELECT event_date, user_key, user_type, year_group, topic, severity, requests, blocked, searches FROM pupil_days",
    "SELECT event_date, user_type, year_group, profile, hour, kind, action, category, furniture, requests, identified, bytes \
     FROM activity_hourly",
    "SELECT school_id, date, half_term, academic_year FROM school_days",
];

fn sorted(home: &Home, query: &str) -> Vec<String> {
    let mut rows: Vec<String> = home.sql(query).iter().map(serde_json::Value::to_string).collect();
    rows.sort_unstable();
    rows
}

fn figures(home: &Home, before: &str) -> Vec<Vec<String>> {
    FIGURES
        .iter()
        .map(|query| {
            let date = if query.contains("school_days") { "date" } else { "event_date" };
            sorted(home, &format!("{query} WHERE {date} < DATE '{before}'"))
        })
        .collect()
}

fn fortigate(time: i64, user: &str, group: &str, host: &str, action: &str, category: &str) -> String {
    format!(
        "type=\"utm\" subtype=\"webfilter\" eventtime={time}000000000 user=\"{user}\" group=\"{group}\" srcip=10.20.30.41 \
         service=\"HTTPS\" hostname=\"{host}\" action=\"{action}\" url=\"/a/\" profile=\"pupils\" catdesc=\"{category}\" sentbyte=1 rcvdbyte=2\n"
    )
}

/// Three days of a class: pages, and a refusal that is a theme.
fn class(from: i64, group: &str) -> String {
    let mut text = String::new();
    for day in 0..3 {
        for (at, user) in ["apatel", "bkaur", "dmorgan"].into_iter().enumerate() {
            let time = from + day * 86_400 + at as i64 * 300;
            text += &fortigate(time, user, group, "maps.example", "passthrough", "Education");
            text += &fortigate(time + 60, user, group, "dice.example", "blocked", "Gambling");
        }
    }
    text
}

fn append(home: &Home, file: &str, text: &str) {
    let path = home.estate().join(file);
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, before + text).unwrap();
}

fn ingest(home: &Home, name: &str, text: &str) {
    let path = home.path().join(name);
    fs::write(&path, text).unwrap();
    assert!(home.ingest("fortigate", &path).status <= 1);
    home.weir_ok(["rollup"], 0);
}

#[test]
fn the_september_roll_over() {
    let home = Home::new();
    // Term dates and groups of last year only: what `weir init` wrote of this one goes.
    fs::write(home.estate().join("calendar.csv"), format!("school_id,start,end,kind,label{YEAR}")).unwrap();
    let header = "school_id,match,pattern,user_type,year_group,boarder,from,to\n";
    let last_year = "my-school,group,Class Oak,pupil,5,no,2025-09-01,";
    fs::write(home.estate().join("groups.csv"), format!("{header}{last_year}\n")).unwrap();
    fs::write(home.estate().join("rolls.csv"), "school_id,academic_year,year_group,pupils\nmy-school,2025-26,*,210\n").unwrap();
    let roster = "person,logins,user_type,year_group,from,to\nD Morgan,dmorgan,pupil,6,2025-09-01,";
    fs::write(home.estate().join("roster.csv"), format!("{roster}\n")).unwrap();
    ingest(&home, "june.log", &class(JUNE, "Class Oak"));
    let earlier = figures(&home, "2026-09-01");
    assert!(earlier.iter().all(|rows| !rows.is_empty()), "{:?}", earlier.iter().map(Vec::len).collect::<Vec<_>>());
    let years = |home: &Home| sorted(home, "SELECT DISTINCT year_group FROM events WHERE event_date < DATE '2026-09-01'");
    assert_eq!(years(&home), [r#"{"year_group":"5"}"#, r#"{"year_group":"6"}"#]);

    // The roll-over: old rows get a last day, new ones are added, and the class moves up.
    fs::write(
        home.estate().join("groups.csv"),
        format!("{header}{last_year}2026-08-31\nmy-school,group,Class Oak,pupil,6,no,2026-09-01,\n"),
    )
    .unwrap();
    fs::write(
        home.estate().join("roster.csv"),
        format!("{roster}2026-08-31\nD Morgan,dmorgan,pupil,7,2026-09-01,\nA Patel,apatel,staff,,2026-09-01,\n"),
    )
    .unwrap();
    append(&home, "calendar.csv", NEXT_YEAR.trim_start());
    append(&home, "rolls.csv", "my-school,2026-27,*,190\n");
    home.weir_ok(["rollup"], 0);
    assert_eq!(figures(&home, "2026-09-01"), earlier, "by the new files alone");
    ingest(&home, "september.log", &class(SEPTEMBER, "Class Oak"));
    assert_eq!(figures(&home, "2026-09-01"), earlier, "by the first logs of the year");
    // All of it told again under today's files, and rolled up again.
    home.weir_ok(["reclassify"], 0);
    home.weir_ok(["rollup"], 0);
    assert_eq!(figures(&home, "2026-09-01"), earlier, "by reclassifying everything");
    let september: BTreeMap<String, i64> = home
        .sql("SELECT coalesce(year_group, user_type) AS who, count(*) AS n FROM events WHERE event_date >= DATE '2026-09-01' GROUP BY 1")
        .iter()
        .map(|row| (row["who"].as_str().unwrap().to_owned(), row["n"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        september,
        BTreeMap::from([("6".into(), 6), ("7".into(), 6), ("staff".into(), 6)]),
        "and the new year has moved up"
    );
}

#[test]
fn a_request_that_a_firewall_and_a_filter_log_counts_once() {
    let home = Home::new();
    append(
        &home,
        "weir.toml",
        "\n[[source]]\nid = \"my-school-gate\"\nschool = \"my-school\"\nformat = \"fortigate\"\nlayer = \"firewall\"\nlogs_allowed = true\n",
    );
    let (mut filter, mut gate) = (String::new(), String::new());
    for number in 0..20 {
        let time = SEPTEMBER + number * 30;
        let (status, action) = if number % 4 == 0 { ("TCP_DENIED/403", "blocked") } else { ("TCP_MISS/200", "passthrough") };
        filter += &format!(
            "{time}.000 61 10.20.30.41 {status} 8811 GET http://maps.example/a/ apatel HIER_DIRECT/192.0.2.8 text/html\n"
        );
        gate += &fortigate(time, "apatel", "", "maps.example", action, "Education");
    }
    // On the next day the filter is silent, and the firewall is what there is.
    for number in 0..5 {
        gate += &fortigate(SEPTEMBER + 86_400 + number, "apatel", "", "maps.example", "passthrough", "Education");
    }
    for (name, source, text) in [("filter.log", "my-school-filter", filter), ("gate.log", "my-school-gate", gate)] {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        let format = if source == "my-school-gate" { "fortigate" } else { "squid" };
        let arguments = ["ingest", "--source", source, "--format", format, "--settled", path.to_str().unwrap()];
        let ran = home.weir(arguments);
        assert!(ran.status <= 1, "{}", ran.stderr);
    }
    home.weir_ok(["rollup"], 0);
    assert_eq!(home.number("SELECT count(*) AS n FROM events"), 45, "every line of both is kept");
    let by_day = |table: &str, count: &str| {
        let query = format!("SELECT event_date, source_id, {count} AS n FROM {table} GROUP BY 1, 2 ORDER BY 1, 2");
        let rows = home.sql(&query).into_iter();
        rows.map(|row| (row["source_id"].as_str().unwrap().to_owned(), row["n"].as_i64().unwrap())).collect::<Vec<_>>()
    };
    let wanted = [("my-school-filter".to_owned(), 20), ("my-school-gate".to_owned(), 5)];
    assert_eq!(by_day("decided_days", "CAST(sum(requests) AS BIGINT)"), wanted);
    assert_eq!(by_day("decisions", "count(*)"), wanted);
    let blocked = "SELECT CAST(sum(requests) AS BIGINT) AS n FROM decided_days WHERE action = 'blocked'";
    assert_eq!(home.number(blocked), 5, "refused by both boxes, counted once");
}
