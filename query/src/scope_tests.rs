//! A signed-in reader of one school, and what hostile questions get: refused or stopped in plain words, and nothing of another school.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use weir_lake::ids::SchoolId;

use crate::engine::{Engine, EngineOptions, Reason};
use crate::fixture::{EVENT, Event, TestLake, estate, options};
use crate::output::to_ndjson;
use crate::scope::Scope;

/// Elm has two rows and oak three; oak's searches and a host are its own.
async fn two_schools() -> TestLake {
    let lake = TestLake::new();
    lake.ingest(&[
        Event { ..EVENT },
        Event { at: "2025-09-08T09:05:00Z", term: Some("elm leaves"), ..EVENT },
        Event { school: "oak", source: "oak-dns", term: Some("oak secret"), ..EVENT },
        Event { school: "oak", source: "oak-dns", at: "2025-09-08T09:06:00Z", user: Some("k1-pupil-o"), ..EVENT },
        Event { school: "oak", source: "oak-dns", at: "2025-09-09T09:06:00Z", user: Some("k1-pupil-o"), ..EVENT },
    ]);
    lake.roll_up("2025-12-20").await;
    lake
}

fn elm(engine: &Engine) -> Engine {
    engine.signed_in(&Scope::one(SchoolId::parse("elm").unwrap()))
}

async fn asked(session: &Engine, text: &str) -> Result<String, String> {
    match session.sql(text, None).await {
        Ok(answer) => Ok(to_ndjson(&answer).unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn every_table_and_view_holds_the_schools_rows_alone() {
    let lake = two_schools().await;
    let engine = lake.engine("2025-12-20");
    let session = elm(&engine);
    for table in [
        "events",
        "admin_events",
        "quarantine",
        "receipts",
        "pupil_days",
        "theme_weeks",
        "activity_hourly",
        "schools",
        "rolls",
        "calendar",
        "half_terms",
        "school_days",
        "policy",
        "sources",
        "pupils",
        "decisions",
        "logged_days",
        "decided_hours",
        "decided_days",
        "judged_days",
        "seen_days",
        "periods",
    ] {
        let all = asked(&session, &format!("SELECT DISTINCT x.school_id AS s FROM {table} x ORDER BY s")).await.unwrap();
        assert!(all.is_empty() || all == "{\"s\":\"elm\"}\n", "{table}: {all}");
    }
    // Elm's own are there, and are counted from rows and not from what a file says of itself.
    assert_eq!(asked(&session, "SELECT count(*) AS n FROM events").await.unwrap(), "{\"n\":2}\n");
    assert_eq!(asked(&session, "SELECT max(event_date) AS d FROM events").await.unwrap(), "{\"d\":\"2025-09-08\"}\n");
    assert_eq!(asked(&session, "SELECT count(*) AS n FROM schools").await.unwrap(), "{\"n\":1}\n");
    // An administrator's session holds both; one of no school holds nothing.
    let all = engine.signed_in(&Scope::All);
    assert_eq!(asked(&all, "SELECT count(*) AS n FROM events").await.unwrap(), "{\"n\":5}\n");
    let nobody = engine.signed_in(&Scope::Schools(BTreeSet::new()));
    assert_eq!(asked(&nobody, "SELECT count(*) AS n FROM events").await.unwrap(), "{\"n\":0}\n");
}

#[tokio::test]
async fn no_way_leads_to_another_schools_rows() {
    let lake = two_schools().await;
    let session = elm(&lake.engine("2025-12-20"));
    let reason = Reason::new("looking for oak");
    for text in [
        "SELECT count(*) AS n FROM events WHERE school_id = 'oak'",
        "SELECT count(*) AS n FROM events WHERE school_id <> 'elm' OR true AND school_id = 'oak'",
        "SELECT count(*) AS n FROM events WHERE search_term LIKE 'oak%' OR user_key = 'k1-pupil-o'",
        "SELECT count(*) AS n FROM (SELECT * FROM events UNION ALL SELECT * FROM events) x WHERE x.school_id = 'oak'",
        "SELECT count(*) AS n FROM decisions d FULL OUTER JOIN events e ON false WHERE coalesce(d.school_id, e.school_id) = 'oak'",
        "SELECT count(*) AS n FROM weir.lake.events WHERE school_id IN ('oak')",
        "SELECT count(*) AS n FROM pupil_days WHERE school_id > 'elm'",
        "WITH events AS (SELECT * FROM weir.lake.events) SELECT count(*) AS n FROM events WHERE event_date = DATE '2025-09-09'",
    ] {
        for reason in [None, reason.as_ref()] {
            let answer = session.sql(text, reason).await.unwrap();
            assert_eq!(to_ndjson(&answer).unwrap(), "{\"n\":0}\n", "{text}");
        }
    }
}

/// A condition that fails on a row tells of the row; it must never be asked of another school's.
#[tokio::test]
async fn no_condition_reaches_another_schools_rows() {
    let lake = two_schools().await;
    let engine = lake.engine("2025-12-20");
    let session = elm(&engine);
    let reason = Reason::new("looking for oak");
    for text in [
        "SELECT count(*) AS n FROM events WHERE 1 / (CASE WHEN school_id = 'oak' THEN 0 ELSE 1 END) = 1",
        "SELECT count(*) AS n FROM events WHERE 1 / (CASE WHEN search_term = 'oak secret' THEN 0 ELSE 1 END) = 1",
        "SELECT count(*) AS n FROM decisions WHERE CAST(CASE WHEN user_key = 'k1-pupil-o' THEN 'x' ELSE '1' END AS INT) = 1",
        "SELECT count(*) AS n FROM events e JOIN schools s ON s.school_id = e.school_id AND 1 / (CASE WHEN e.school_id = 'oak' THEN 0 ELSE 1 END) = 1",
        "SELECT count(*) AS n FROM activity_hourly WHERE 1 / (CASE WHEN school_id = 'oak' THEN 0 ELSE 1 END) = 1",
    ] {
        assert!(session.sql(text, reason.as_ref()).await.is_ok(), "{text}");
        // The same condition does fail where those rows are within reach.
        assert!(engine.signed_in(&Scope::All).sql(text, reason.as_ref()).await.is_err(), "{text}");
    }
}

#[tokio::test]
async fn hostile_questions_are_refused_in_words() {
    let lake = two_schools().await;
    let session = elm(&lake.engine("2025-12-20"));
    for (text, word) in [
        // Files
        ("SELECT * FROM read_parquet('/etc/passwd')", "read_parquet"),
        ("SELECT * FROM '/etc/passwd'", "/etc/passwd"),
        ("SELECT * FROM 'events/2025.parquet'", "not found"),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", "refused: CREATE EXTERNAL TABLE"),
        // Writes
        ("INSERT INTO events SELECT * FROM events", "refused: INSERT"),
        ("COPY events TO '/tmp/x.csv'", "refused: COPY"),
        ("CREATE TABLE x AS SELECT 1", "refused: CREATE"),
        ("CREATE VIEW x AS SELECT 1", "refused: CREATE"),
        ("DROP TABLE events", "refused: DROP"),
        ("UPDATE events SET action = 'allowed'", "refused: UPDATE"),
        ("DELETE FROM events", "refused: DELETE"),
        // Settings, plans and what else there is
        ("SET datafusion.execution.batch_size = 1", "refused: SET"),
        ("RESET datafusion.execution.batch_size", "refused: RESET"),
        ("SHOW TABLES", "refused: SHOW"),
        ("SHOW ALL", "refused: SHOW"),
        ("DESCRIBE events", "refused: "),
        ("EXPLAIN SELECT * FROM events", "refused: EXPLAIN"),
        ("EXPLAIN ANALYZE SELECT * FROM events", "refused: EXPLAIN"),
        ("EXPLAIN ANALYZE VERBOSE SELECT count(*) FROM events", "refused: EXPLAIN"),
        ("SELECT * FROM information_schema.tables", "information_schema"),
        ("SELECT * FROM information_schema.df_settings", "information_schema"),
        // Several statements, and other than questions
        ("SELECT 1; SELECT 2", "several statements"),
        ("SELECT 1; DROP TABLE events", "several statements"),
        ("PREPARE x AS SELECT 1", "refused: PREPARE"),
        ("EXECUTE x", "refused: EXECUTE"),
        ("BEGIN", "refused: "),
        ("SELECT", "not SQL"),
        // Without end
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r", "WITH RECURSIVE"),
        ("SELECT repeat('x', 2000000000)", "the function repeat"),
        ("SELECT lpad('x', 2000000000)", "the function lpad"),
        ("SELECT array_repeat('x', 1000000000)", "the function array_repeat"),
        ("SELECT range(0, 10000000000)", "the function range"),
        ("SELECT * FROM generate_series(1, 100000000000)", "generate_series"),
        ("SELECT arrow_cast('x', 'FixedSizeBinary(2000000000)')", "the function arrow_cast"),
        ("SELECT input_file_name()", "input_file_name"),
    ] {
        let told = asked(&session, text).await.expect_err(text);
        assert!(told.to_lowercase().contains(&word.to_lowercase()), "{text}: {told}");
        assert!(!told.contains("oak"), "{text}: {told}");
    }
    let long = format!("SELECT 1 {}", "+ 1 ".repeat(8000));
    assert!(asked(&session, &long).await.unwrap_err().contains("letters"), "a text of 32,000 letters");
}

#[tokio::test]
async fn deep_questions_do_not_bring_the_process_down() {
    let lake = two_schools().await;
    let session = elm(&lake.engine("2025-12-20"));
    let nested = format!("SELECT {}1{}", "(".repeat(4000), ")".repeat(4000));
    assert!(asked(&session, &nested).await.is_err());
    let sum = |steps: usize| format!("SELECT 1{} AS n", "+1".repeat(steps));
    assert!(asked(&session, &sum(4000)).await.unwrap_err().contains("400 at most"));
    assert_eq!(asked(&session, &sum(399)).await.unwrap(), "{\"n\":400}\n");
    let many = format!("SELECT count(*) AS n FROM {}", vec!["clock"; 600].join(", "));
    assert!(asked(&session, &many).await.unwrap_err().contains("400 at most"));
    assert_eq!(asked(&session, "SELECT 1 AS n").await.unwrap(), "{\"n\":1}\n");
}

#[tokio::test]
async fn an_error_prints_no_value() {
    let lake = two_schools().await;
    let engine = lake.engine("2025-12-20");
    let session = elm(&engine);
    let reason = Reason::new("a concern");
    for text in [
        "SELECT CAST(search_term AS INT) FROM events",
        "SELECT CAST(user_key AS INT) FROM events",
        "SELECT CAST(host AS TIMESTAMP) FROM events",
        "SELECT 1 / (CASE WHEN host = 'fern.example' THEN 0 ELSE 1 END) FROM events",
    ] {
        let told = session.sql(text, reason.as_ref()).await.unwrap_err().to_string();
        assert!(told.contains("could not be answered"), "{text}: {told}");
        for value in ["elm leaves", "k1-", "fern.example", "oak"] {
            assert!(!told.contains(value), "{text}: {told}");
        }
    }
}

#[tokio::test]
async fn memory_time_and_rows_have_limits() {
    let lake = two_schools().await;
    let small = EngineOptions { memory_bytes: 8 << 20, time_limit: Duration::from_secs(2), ..options("2025-12-20") };
    let engine = Engine::open(&lake.lake.snapshot().unwrap(), &estate(), &small).unwrap();
    let session = elm(&engine);
    let days = "school_days a, school_days b, school_days c, school_days d";
    let began = Instant::now();
    for (text, words) in [
        // 111 school days to the fourth power is 150 million rows.
        (format!("SELECT count(DISTINCT concat(a.date, b.date, c.date, d.date)) AS n FROM {days}, school_days e"), "ask for fewer days"),
        (format!("SELECT a.date FROM {days}"), "rows"),
        ("SELECT array_agg(x.a) AS n FROM (SELECT concat(a.date, b.date, c.date) AS a FROM school_days a, school_days b, school_days c) x".into(), "memory"),
    ] {
        let told = asked(&session, &text).await.expect_err(&text);
        assert!(told.contains(words) || told.contains("within 2 seconds"), "{text}: {told}");
    }
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

const KEY: &str = "k1-000000000000000000000000000000aa";

#[tokio::test]
async fn private_visits_and_illegal_addresses_are_not_shown() {
    let lake = TestLake::new();
    let of = |at: &'static str, category: &'static str| Event { at, user: Some(KEY), category: Some(category), ..EVENT };
    lake.ingest(&[
        // On the 8th no urgent search stands beside the visits; on the 9th one does.
        Event { theme: Some("help_seeking"), help: true, ..of("2025-09-08T09:00:00Z", "help_lines") },
        Event { action: Some("blocked"), ..of("2025-09-08T09:01:00Z", "sex_education") },
        Event { action: Some("blocked"), theme: Some("illegal"), ..of("2025-09-08T09:02:00Z", "csam") },
        of("2025-09-08T09:03:00Z", "education"),
        Event { theme: Some("help_seeking"), help: true, ..of("2025-09-09T09:00:00Z", "help_lines") },
        Event { theme: Some("suicide"), term: Some("a worry"), severity: Some(4), ..of("2025-09-09T09:10:00Z", "search") },
    ]);
    lake.roll_up("2025-12-20").await;
    let session = elm(&lake.engine("2025-12-20"));
    let text =
        "SELECT to_char(e.local_time, '%d %H:%M') AS at, e.host, e.url_path AS path, e.category, e.theme, e.help_seeking AS help
                FROM events e ORDER BY e.event_time";
    let reason = Reason::new("a concern");
    let told = to_ndjson(&session.sql(text, reason.as_ref()).await.unwrap()).unwrap();
    // London is an hour ahead of UTC in September.
    let wanted = [
        r#"{"at":"08 10:00","host":"private support site","path":null,"category":"private_support","theme":null,"help":false}"#,
        r#"{"at":"08 10:01","host":"fern.example","path":"/pages/fern","category":"sex_education","theme":null,"help":false}"#,
        r#"{"at":"08 10:02","host":"address not shown","path":null,"category":"csam","theme":"illegal","help":false}"#,
        r#"{"at":"08 10:03","host":"fern.example","path":"/pages/fern","category":"education","theme":null,"help":false}"#,
        r#"{"at":"09 10:00","host":"fern.example","path":"/pages/fern","category":"help_lines","theme":"help_seeking","help":true}"#,
        r#"{"at":"09 10:10","host":"fern.example","path":"/pages/fern","category":"search","theme":"suicide","help":false}"#,
        "",
    ];
    assert_eq!(told, wanted.join("\n"));
    let days = "SELECT p.event_date AS day, p.user_key IS NOT NULL AS named FROM pupil_days p WHERE p.topic = 'help_seeking' ORDER BY day";
    let told = asked(&session, days).await.unwrap();
    assert_eq!(told, "{\"day\":\"2025-09-08\",\"named\":false}\n{\"day\":\"2025-09-09\",\"named\":true}\n");
    // Without a reason nothing that was typed is shown.
    let terms =
        asked(&session, "SELECT DISTINCT e.search_term AS t FROM events e WHERE e.search_term IS NOT NULL").await.unwrap();
    assert_eq!(terms, "{\"t\":\"[hidden]\"}\n");
}
