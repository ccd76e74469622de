//! Rollups of small hand-made tables; every wanted number is counted by hand in the comment beside it.

mod searches;

use crate::engine::Engine;
use crate::fixture::{EVENT, Event, TestLake};
use crate::output::to_ndjson;

async fn ask(engine: &Engine, text: &str) -> String {
    to_ndjson(&engine.sql(text, None).await.unwrap()).unwrap()
}

const ALARM: Event = Event { category: Some("weapons"), theme: Some("violence_weapons"), action: Some("blocked"), ..EVENT };
const SEARCH: Event = Event { category: Some("search"), ..EVENT };

#[tokio::test]
async fn an_empty_lake_answers_with_nothing() {
    let lake = TestLake::new();
    let engine = lake.engine("2025-09-12");
    assert_eq!(ask(&engine, "SELECT count(*) n FROM events").await, "{\"n\":0}\n");
    assert_eq!(ask(&engine, "SELECT count(*) n FROM decisions").await, "{\"n\":0}\n");
    assert_eq!(ask(&engine, "SELECT count(*) n FROM school_days WHERE school_id = 'elm'").await, "{\"n\":110}\n");
    let report = lake.roll_up("2025-09-12").await;
    assert_eq!((report.slices, report.files_added, report.lake_version), (0, 0, 0));
}

#[test]
fn a_number_that_does_not_fit_its_column_is_an_error_and_no_null() {
    use arrow::array::{ArrayRef, Float64Array, new_null_array};
    let table = weir_lake::schema::Table::ThemeWeeks;
    let schema = table.scan_schema();
    let columns = schema.fields().iter().map(|field| {
        let array: ArrayRef = match field.name().as_str() {
            "requests" => std::sync::Arc::new(Float64Array::from(vec![1e300])),
            _ => new_null_array(field.data_type(), 1),
        };
        (field.name().clone(), array, true)
    });
    let rows = arrow::array::RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let error = crate::rollup::conformed(table, &[rows]).unwrap_err().to_string();
    assert!(error.contains("1e300") || error.contains("1000"), "{error}");
}

#[tokio::test]
async fn hours_are_the_schools_own_and_rows_add_up() {
    let lake = TestLake::new();
    lake.ingest(&[
        // 8 September is summer time: 09:00 UTC is 10 o'clock. Two alike, one of them with a path; one more hour later.
        Event { tls_inspected: Some(true), ..EVENT },
        Event { at: "2025-09-08T09:59:59Z", user: Some("k1-pupil-b"), ..EVENT },
        Event { at: "2025-09-08T10:00:00Z", user: None, scheme: "http", category: None, ..EVENT },
        // 3 November is winter time: 09:00 UTC is 9 o'clock. A shared sign-in is not identified.
        Event { at: "2025-11-03T09:00:00Z", user_type: "shared", ..EVENT },
    ]);
    let report = lake.roll_up("2025-12-20").await;
    assert_eq!((report.slices, report.dates, report.rows["activity_hourly"]), (2, 2, 3));
    let engine = lake.engine("2025-12-20");
    assert_eq!(
        ask(
            &engine,
            "SELECT event_date, hour, requests, identified, https, path_visible, categorised, bytes FROM activity_hourly
             ORDER BY event_date, hour"
        )
        .await,
        concat!(
            "{\"event_date\":\"2025-09-08\",\"hour\":10,\"requests\":2,\"identified\":2,\"https\":2,\"path_visible\":1,\"categorised\":2,\"bytes\":200}\n",
            "{\"event_date\":\"2025-09-08\",\"hour\":11,\"requests\":1,\"identified\":0,\"https\":0,\"path_visible\":0,\"categorised\":0,\"bytes\":100}\n",
            "{\"event_date\":\"2025-11-03\",\"hour\":9,\"requests\":1,\"identified\":0,\"https\":1,\"path_visible\":0,\"categorised\":1,\"bytes\":100}\n",
        )
    );
}

#[tokio::test]
async fn a_request_that_two_boxes_logged_counts_once() {
    let lake = TestLake::new();
    lake.ingest(&[
        // 8 September: filter 2 (one of them furniture, so 1 decision), firewall 3, dns 2. The filter decides: 1.
        Event { ..EVENT },
        Event { furniture: true, ..EVENT },
        Event { source: "elm-wall", ..EVENT },
        Event { source: "elm-wall", ..EVENT },
        Event { source: "elm-wall", ..EVENT },
        Event { source: "elm-dns", kind: "dns", ..EVENT },
        Event { source: "elm-dns", kind: "dns", ..EVENT },
        // 9 September: the filter is silent. The firewall decides: 2, and its application row is none.
        Event { at: "2025-09-09T09:00:00Z", source: "elm-wall", ..EVENT },
        Event { at: "2025-09-09T09:01:00Z", source: "elm-wall", ..EVENT },
        Event { at: "2025-09-09T09:01:00Z", source: "elm-wall", kind: "app", ..EVENT },
        Event { at: "2025-09-09T09:00:00Z", source: "elm-dns", kind: "dns", ..EVENT },
        // Oak has a DNS filter only: 1 name asked for.
        Event { school: "oak", source: "oak-dns", kind: "dns", ..EVENT },
    ]);
    lake.roll_up("2025-09-12").await;
    let engine = lake.engine("2025-09-12");
    let wanted = concat!(
        "{\"school_id\":\"elm\",\"event_date\":\"2025-09-08\",\"n\":1}\n",
        "{\"school_id\":\"elm\",\"event_date\":\"2025-09-09\",\"n\":2}\n",
        "{\"school_id\":\"oak\",\"event_date\":\"2025-09-08\",\"n\":1}\n",
    );
    let raw = "SELECT school_id, event_date, count(*) n FROM decisions GROUP BY 1, 2 ORDER BY 1, 2";
    assert_eq!(ask(&engine, raw).await, wanted);
    let rolled = "SELECT school_id, event_date, sum(requests) n FROM decided_hours GROUP BY 1, 2 ORDER BY 1, 2";
    assert_eq!(ask(&engine, rolled).await, wanted);
}

#[tokio::test]
async fn topics_are_themes_help_and_assistants() {
    let lake = TestLake::new();
    lake.ingest(&[
        // A search that is a concern and a call for help: two topics. 07:30 UTC is 08:30 in London: inside school hours.
        Event {
            at: "2025-09-08T07:30:00Z",
            term: Some("clover"),
            theme: Some("mental_distress"),
            severity: Some(3),
            help: true,
            ..SEARCH
        },
        // An assistant allowed after school (15:00 UTC is 16:00 in London, when school is over).
        Event { at: "2025-09-08T15:00:00Z", category: Some("ai_assistant"), ..EVENT },
        // A Saturday is out of hours at any time.
        Event { at: "2025-09-13T10:00:00Z", ..ALARM },
        // Nobody's: unidentified, a shared sign-in, background traffic.
        Event { user: None, ..ALARM },
        Event { user_type: "shared", ..ALARM },
        Event { furniture: true, ..ALARM },
    ]);
    lake.roll_up("2025-09-20").await;
    assert_eq!(
        ask(
            &lake.engine("2025-09-20"),
            "SELECT event_date, topic, since, severity, requests, blocked, searches, opened, out_of_hours FROM pupil_days ORDER BY 1, 2"
        )
        .await,
        concat!(
            "{\"event_date\":\"2025-09-08\",\"topic\":\"ai_assistant\",\"since\":\"always\",\"severity\":0,\"requests\":1,\"blocked\":0,\"searches\":0,\"opened\":1,\"out_of_hours\":1}\n",
            "{\"event_date\":\"2025-09-08\",\"topic\":\"help_seeking\",\"since\":\"always\",\"severity\":0,\"requests\":1,\"blocked\":0,\"searches\":1,\"opened\":0,\"out_of_hours\":0}\n",
            "{\"event_date\":\"2025-09-08\",\"topic\":\"mental_distress\",\"since\":\"always\",\"severity\":3,\"requests\":1,\"blocked\":0,\"searches\":1,\"opened\":0,\"out_of_hours\":0}\n",
            "{\"event_date\":\"2025-09-13\",\"topic\":\"violence_weapons\",\"since\":\"always\",\"severity\":1,\"requests\":1,\"blocked\":1,\"searches\":0,\"opened\":0,\"out_of_hours\":1}\n",
        )
    );
}

#[tokio::test]
async fn a_pupil_counts_once_a_week_and_a_request_once_a_layer() {
    let lake = TestLake::new();
    lake.ingest(&[
        // Week of 8 September: pupil a on two days, three requests, of which the firewall saw one again; pupil b once.
        Event { ..ALARM },
        Event { at: "2025-09-08T09:30:00Z", ..ALARM },
        Event { source: "elm-wall", ..ALARM },
        Event { at: "2025-09-10T09:00:00Z", ..ALARM },
        Event { at: "2025-09-12T09:00:00Z", user: Some("k1-pupil-b"), ..ALARM },
        // Week of 15 September: pupil a.
        Event { at: "2025-09-15T09:00:00Z", ..ALARM },
    ]);
    lake.roll_up("2025-09-20").await;
    assert_eq!(
        ask(&lake.engine("2025-09-20"), "SELECT event_date, topic, people, person_days, requests FROM theme_weeks ORDER BY 1")
            .await,
        concat!(
            "{\"event_date\":\"2025-09-08\",\"topic\":\"violence_weapons\",\"people\":2,\"person_days\":3,\"requests\":4}\n",
            "{\"event_date\":\"2025-09-15\",\"topic\":\"violence_weapons\",\"people\":1,\"person_days\":1,\"requests\":1}\n",
        )
    );
}

#[tokio::test]
async fn only_stale_slices_change_and_a_second_run_does_nothing() {
    let lake = TestLake::new();
    lake.ingest(&[
        Event { ..ALARM },
        Event { at: "2025-09-09T09:00:00Z", ..ALARM },
        Event { school: "oak", source: "oak-dns", kind: "dns", user: Some("k1-oak"), ..ALARM },
    ]);
    lake.roll_up("2025-09-20").await;
    // The firewall's log of 8 September comes later: one date is stale, and the filter's and Oak's rows of that date stay.
    lake.ingest(&[Event { source: "elm-wall", user: Some("k1-pupil-b"), ..ALARM }]);
    let report = lake.roll_up("2025-09-20").await;
    // New files: activity, pupil days and figures of 8 September, theme weeks of that Monday; each takes the place of one.
    assert_eq!((report.slices, report.dates, report.files_added, report.files_removed), (1, 1, 4, 4));
    let engine = lake.engine("2025-09-20");
    assert_eq!(
        ask(&engine, "SELECT event_date, source_id, sum(requests) n FROM activity_hourly GROUP BY 1, 2 ORDER BY 1, 2").await,
        concat!(
            "{\"event_date\":\"2025-09-08\",\"source_id\":\"elm-filter\",\"n\":1}\n",
            "{\"event_date\":\"2025-09-08\",\"source_id\":\"elm-wall\",\"n\":1}\n",
            "{\"event_date\":\"2025-09-08\",\"source_id\":\"oak-dns\",\"n\":1}\n",
            "{\"event_date\":\"2025-09-09\",\"source_id\":\"elm-filter\",\"n\":1}\n",
        )
    );
    // Pupil a's second day, 9 September, was not stale but belongs to the week that was counted again.
    assert_eq!(
        ask(&engine, "SELECT school_id, people, person_days FROM theme_weeks ORDER BY 1").await,
        "{\"school_id\":\"elm\",\"people\":2,\"person_days\":3}\n{\"school_id\":\"oak\",\"people\":1,\"person_days\":1}\n"
    );
    let report = lake.roll_up("2025-09-20").await;
    assert_eq!((report.slices, report.files_added), (0, 0));
}

#[tokio::test]
async fn questions_only_read_and_hide_what_was_typed() {
    let lake = TestLake::new();
    lake.ingest(&[Event { term: Some("clover"), ..SEARCH }, Event { ..EVENT }]);
    let engine = lake.engine("2025-09-20");
    let hidden = "SELECT search_term, url_path, url_query FROM events ORDER BY search_term";
    assert_eq!(
        ask(&engine, hidden).await,
        concat!(
            "{\"search_term\":\"[hidden]\",\"url_path\":\"[hidden]\",\"url_query\":null}\n",
            "{\"search_term\":null,\"url_path\":\"[hidden]\",\"url_query\":null}\n"
        )
    );
    // What is hidden can't be guessed by filtering, nor seen through the view of decisions.
    assert_eq!(ask(&engine, "SELECT count(*) n FROM events WHERE search_term = 'clover'").await, "{\"n\":0}\n");
    assert_eq!(ask(&engine, "SELECT count(*) n FROM decisions WHERE search_term = 'clover'").await, "{\"n\":0}\n");
    let reason = crate::engine::Reason::new("asked by the head").unwrap();
    let shown = engine.sql("SELECT count(*) n FROM events WHERE search_term = 'clover'", Some(&reason)).await.unwrap();
    assert_eq!(to_ndjson(&shown).unwrap(), "{\"n\":1}\n");
    assert!(crate::engine::Reason::new(" .. ").is_none());
    for text in [
        "DROP TABLE events",
        "CREATE TABLE t AS SELECT 1",
        "INSERT INTO schools SELECT * FROM schools",
        "COPY events TO 'out.parquet'",
        "SET datafusion.execution.batch_size = 1",
        "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/tmp/t.parquet'",
        "DELETE FROM schools",
        "UPDATE schools SET name = 'x'",
        "EXPLAIN ANALYZE INSERT INTO schools SELECT * FROM schools",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "SELECT nothing FROM events",
    ] {
        let error = engine.sql(text, None).await.err().map(|error| error.to_string());
        assert!(error.is_some(), "{text} was accepted");
        println!("{text}\n  -> {}", error.unwrap());
    }
    assert!(engine.sql("SHOW TABLES", None).await.unwrap().rows() > 10);
    assert!(engine.sql("EXPLAIN SELECT count(*) FROM events", None).await.unwrap().rows() > 0);
}

#[tokio::test]
async fn files_of_other_days_are_not_opened() {
    let lake = TestLake::new();
    lake.ingest(&[
        Event { ..EVENT },
        Event { at: "2025-09-09T09:00:00Z", ..EVENT },
        Event { at: "2025-09-10T09:00:00Z", school: "oak", source: "oak-dns", kind: "dns", ..EVENT },
    ]);
    let snapshot = lake.lake.snapshot().unwrap();
    // Without the files on disk only a query that needs none of them can answer.
    for file in &snapshot.files[&weir_lake::schema::Table::Events] {
        if file.statistics.event_date != 20_339 {
            std::fs::remove_file(lake.lake.path_of(weir_lake::schema::Table::Events, file).unwrap()).unwrap();
        }
    }
    let engine = lake.engine("2025-09-20");
    // 20 339 days after 1970 is 8 September 2025.
    assert_eq!(
        ask(&engine, "SELECT host FROM events WHERE event_date = DATE '2025-09-08'").await,
        "{\"host\":\"fern.example\"}\n"
    );
    let early = "SELECT host FROM events WHERE event_time < TIMESTAMP '2025-09-08T23:00:00Z'";
    assert_eq!(ask(&engine, early).await, "{\"host\":\"fern.example\"}\n");
    assert_eq!(ask(&engine, "SELECT host FROM events WHERE school_id = 'ash'").await, "");
    let gone = engine.sql("SELECT host FROM events WHERE school_id = 'oak'", None).await.err().unwrap().to_string();
    assert!(gone.contains("ask again"), "{gone}");
    assert!(!gone.contains(&lake.folder.path().display().to_string()), "{gone}");
}

/// Measures, rather than checks: 1.5 million rows over 300 dates and 12 schools. Run with `--ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute; for measuring"]
async fn a_whole_year_at_once() {
    use std::collections::BTreeSet;
    use std::time::Instant;

    use weir_lake::ids::{SchoolId, SourceId};
    use weir_lake::lake::Slice;
    use weir_lake::schema::Table;

    let lake = TestLake::new();
    let (mut adds, mut stale) = (Vec::new(), BTreeSet::new());
    let categories = ["education", "search", "weapons", "games", "social_media", "gambling", "adv", "general"];
    for date in 20_339..20_639 {
        let mut events = Vec::with_capacity(5_000);
        for row in 0..5_000_usize {
            let school: &'static str =
                ["elm", "oak", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11"][row * 12 / 5_000];
            let mixed = (row * 2_654_435_761 + date as usize * 97) >> 7;
            let at = jiff::Timestamp::from_second(i64::from(date) * 86_400 + 28_800 + (row % 417) as i64 * 60).unwrap();
            // Most pages are of three categories, and a pupil's school day has 7 hours.
            let category = categories[(mixed % 64).min(7).min(mixed % 3 + mixed % 64 / 48 * 4)];
            events.push(Event {
                at: at.to_string().leak(),
                school,
                source: "elm-filter",
                user: Some(format!("k1-{:032x}", mixed % 300).leak()),
                year_group: Some(["7", "8", "9", "10", "11"][mixed % 5]),
                category: Some(category),
                theme: (category == "weapons").then_some("violence_weapons"),
                term: (category == "search").then_some("fern"),
                action: Some(if mixed.is_multiple_of(10) { "blocked" } else { "allowed" }),
                furniture: mixed.is_multiple_of(3),
                ..EVENT
            });
            stale.insert(Slice {
                school_id: SchoolId::parse(school).unwrap(),
                source_id: SourceId::parse("elm-filter").unwrap(),
                date,
            });
        }
        let files = lake.lake.write_rows(Table::Events, &crate::fixture::rows(&events)).unwrap();
        adds.extend(files.into_iter().map(|file| (Table::Events, file)));
    }
    lake.commit(adds, stale, Vec::new());
    // The machine may be shared: processor seconds beside the clock's.
    let processor = || {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let ticks: Vec<f64> = stat.split_whitespace().skip(13).take(2).map(|field| field.parse().unwrap()).collect();
        (ticks[0] + ticks[1]) / 100.0
    };
    let (began, used) = (Instant::now(), processor());
    let report = lake.roll_up("2026-08-01").await;
    println!("rolled up in {:?}, {:.1} s of processor: {report:?}", began.elapsed(), processor() - used);
    let engine = lake.engine("2026-08-01");
    for school in ["elm", "elm", "oak"] {
        let (began, used) = (Instant::now(), processor());
        let page = crate::page::school_year(&crate::page::School::new(&engine, school), "2025-26").await.unwrap();
        println!(
            "page of {school} in {:?}, {:.2} s of processor: {} figures",
            began.elapsed(),
            processor() - used,
            page.figures.len()
        );
    }
    let began = Instant::now();
    crate::page::overview(&engine).await.unwrap();
    println!("overview in {:?}", began.elapsed());
}
