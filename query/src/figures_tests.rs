//! Cells of `figures` over small hand-made tables; every wanted number is counted in the comment beside it.

use crate::engine::Engine;
use crate::fixture::{EVENT, Event, TestLake, slices_of};
use crate::output::to_ndjson;

async fn ask(engine: &Engine, text: &str) -> String {
    to_ndjson(&engine.sql(text, None).await.unwrap()).unwrap()
}

/// Every cell of one indicator, in order, as `day source dimensions numerator/denominator`.
async fn cells(lake: &TestLake, indicator: &str) -> Vec<String> {
    let text = format!(
        "SELECT concat(event_date, ' ', source_id, ' ', dimensions, ' ', numerator, '/', denominator) AS cell FROM figures
         WHERE indicator = '{indicator}' ORDER BY cell"
    );
    let answer = ask(&lake.engine("2025-12-20"), &text).await;
    answer
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["cell"].as_str().unwrap().to_string())
        .collect()
}

const FILE: &str = "aa00000000000000000000000000000000000000000000000000000000000000";
const OTHER: &str = "bb00000000000000000000000000000000000000000000000000000000000000";
const THIRD: &str = "cc00000000000000000000000000000000000000000000000000000000000000";

const SEARCH: Event = Event { category: Some("search"), term: Some("tides"), engine: Some("google"), ..EVENT };
const STOPPED: Event = Event { action: Some("blocked"), category: Some("weapons"), ..EVENT };
const AI: Event = Event { category: Some("ai_assistant"), domain: Some("chat.example"), ..EVENT };

#[tokio::test]
async fn search_pages_and_their_terms() {
    let lake = TestLake::new();
    lake.ingest(&[
        // Three search pages, two with a term.
        Event { ..SEARCH },
        Event { engine: Some("larksearch"), ..SEARCH },
        Event { term: None, ..SEARCH },
        // None: no engine, a suggestion, a monitor's finding.
        Event { ..EVENT },
        Event { furniture: true, ..SEARCH },
        Event { kind: "concern", action: None, ..SEARCH },
        // The firewall's own cell.
        Event { source: "elm-wall", term: None, ..SEARCH },
    ]);
    lake.roll_up("2025-12-20").await;
    assert_eq!(
        cells(&lake, "search_visible_share").await,
        ["2025-09-08 elm-filter {} 2.0/3.0", "2025-09-08 elm-wall {} 0.0/1.0"]
    );
    // Google's two of the filter: no mark, so nothing can be told. Larksearch has no mark at all and is left out.
    let part = |source: &str, part: &str, n: &str| format!("2025-09-08 {source} {{\"part\":\"{part}\"}} {n}");
    assert_eq!(
        cells(&lake, "safe_search_share").await,
        [
            part("elm-filter", "cannot_tell", "2.0/2.0"),
            part("elm-filter", "locked", "0.0/2.0"),
            part("elm-filter", "not_locked", "0.0/2.0"),
            part("elm-wall", "cannot_tell", "1.0/1.0"),
            part("elm-wall", "locked", "0.0/1.0"),
            part("elm-wall", "not_locked", "0.0/1.0"),
        ]
    );
}

#[tokio::test]
async fn safe_search_is_told_by_marks_only() {
    let lake = TestLake::new();
    lake.ingest(&[
        // Locked: 4. A mark first, a mark last, and two hosts that lock.
        Event { query: Some("safe=active&q=tides"), ..SEARCH },
        Event { engine: Some("bing"), query: Some("q=tides&adlt=strict"), ..SEARCH },
        Event { host: Some("forcesafesearch.google.com"), ..SEARCH },
        Event { engine: Some("yahoo"), query: Some("p=tides&vm=r"), ..SEARCH },
        // Not locked: 2.
        Event { query: Some("q=tides&safe=off"), ..SEARCH },
        Event { engine: Some("bing"), query: Some("adlt=off&q=tides"), ..SEARCH },
        // Can't tell: 3. A mark inside another word, another engine's mark, and no query at all.
        Event { query: Some("q=tides&unsafe=active"), ..SEARCH },
        Event { query: Some("q=tides&adlt=strict"), ..SEARCH },
        Event { ..SEARCH },
    ]);
    lake.roll_up("2025-12-20").await;
    assert_eq!(
        cells(&lake, "safe_search_share").await,
        [
            "2025-09-08 elm-filter {\"part\":\"cannot_tell\"} 3.0/9.0",
            "2025-09-08 elm-filter {\"part\":\"locked\"} 4.0/9.0",
            "2025-09-08 elm-filter {\"part\":\"not_locked\"} 2.0/9.0",
        ]
    );
}

#[tokio::test]
async fn the_five_things_of_a_stopped_request() {
    let lake = TestLake::new();
    let all = Event { ip: Some("10.0.0.7"), device: Some("d-1"), ..STOPPED };
    lake.ingest(&[
        // 5 stopped: all of it; no device; a shared sign-in; no address; neither site nor term.
        all.clone(),
        Event { device: None, ..all.clone() },
        Event { user_type: "shared", ..all.clone() },
        Event { ip: None, ..all.clone() },
        Event { host: None, ..all.clone() },
        // Not stopped, or furniture.
        Event { action: Some("warned"), ..all.clone() },
        Event { furniture: true, ..all.clone() },
    ]);
    lake.roll_up("2025-12-20").await;
    let field = |field: &str, n: &str| format!("2025-09-08 elm-filter {{\"field\":\"{field}\",\"kind\":\"web\"}} {n}/5.0");
    assert_eq!(
        cells(&lake, "evidence_fields").await,
        [field("address", "4.0"), field("all", "1.0"), field("content", "4.0"), field("device", "4.0"), field("person", "4.0")]
    );
}

#[tokio::test]
async fn ai_tools_and_overrides_by_site() {
    let lake = TestLake::new();
    lake.ingest(&[
        // Three requests to one tool: pupils allowed twice, staff stopped once. A widget is furniture; a row without a domain is none.
        Event { ..AI },
        Event { ..AI },
        Event { user_type: "staff", profile: None, action: Some("blocked"), ..AI },
        Event { furniture: true, ..AI },
        Event { domain: None, ..AI },
        // Bets: one stopped, one warned, one gone past. Elsewhere one stopped and nobody went past.
        Event { category: Some("gambling"), domain: Some("bet.example"), ..STOPPED },
        Event { category: Some("gambling"), domain: Some("bet.example"), action: Some("warned"), ..EVENT },
        Event { category: Some("gambling"), domain: Some("bet.example"), action: Some("overridden"), ..EVENT },
        Event { category: Some("gambling"), domain: Some("dice.example"), ..STOPPED },
    ]);
    lake.roll_up("2025-12-20").await;
    let chat = r#""category":"ai_assistant","domain":"chat.example","kind":"web""#;
    assert_eq!(
        cells(&lake, "ai_first_seen").await,
        [
            format!(
                "2025-09-08 elm-filter {{\"action\":\"allowed\",{chat},\"profile\":\"pupils\",\"user_type\":\"pupil\"}} 2.0/3.0"
            ),
            format!("2025-09-08 elm-filter {{\"action\":\"blocked\",{chat},\"user_type\":\"staff\"}} 1.0/3.0"),
        ]
    );
    assert_eq!(
        cells(&lake, "overrides").await,
        [concat!(
            "2025-09-08 elm-filter {\"category\":\"gambling\",\"domain\":\"bet.example\",\"kind\":\"web\",",
            "\"profile\":\"pupils\",\"user_type\":\"pupil\"} 1.0/3.0"
        )]
    );
}

#[tokio::test]
async fn how_late_lines_were_read() {
    let lake = TestLake::new();
    let at = |at: &'static str| Event { at, file: FILE, ..EVENT };
    // Read at 10:00:00. 9:59:00 is a minute; 9:00:00 is 60 minutes to the second; 8:59:59 is over an hour; the day before is 24 hours and
    // one second; a clock that runs ahead counts as no delay.
    let events = [at("2025-09-09T09:59:00Z"), at("2025-09-09T09:00:00Z"), at("2025-09-09T08:59:59Z"), at("2025-09-09T10:05:00Z")];
    let mut events = events.to_vec();
    events.push(Event { furniture: true, ..at("2025-09-08T09:59:59Z") });
    lake.ingest_file(&events, "2025-09-09T10:00:00Z", 0);
    lake.roll_up("2025-12-20").await;
    assert_eq!(
        cells(&lake, "alert_delay").await,
        [
            "2025-09-08 elm-filter {\"within_minutes\":\"2160\"} 1.0/1.0",
            "2025-09-09 elm-filter {\"within_minutes\":\"1\"} 2.0/4.0",
            "2025-09-09 elm-filter {\"within_minutes\":\"60\"} 1.0/4.0",
            "2025-09-09 elm-filter {\"within_minutes\":\"90\"} 1.0/4.0",
        ]
    );
}

/// Every cell but the lake version, which says when and not what.
async fn all_cells(lake: &TestLake) -> String {
    let text = "SELECT event_date, school_id, source_id, indicator, version, dimensions, numerator, denominator FROM figures ORDER BY 1, 2, 3, 4, 6";
    ask(&lake.engine("2025-12-20"), text).await
}

fn three_files() -> [Vec<Event>; 3] {
    let later = |event: Event| Event { at: "2025-09-09T09:00:00Z", ..event };
    let first = [SEARCH, AI, STOPPED, later(SEARCH)].map(|event| Event { file: FILE, ..event });
    let second = [AI, later(STOPPED), Event { action: Some("overridden"), domain: Some("bet.example"), ..EVENT }];
    let second = second.map(|event| Event { file: OTHER, ..event });
    let third = [SEARCH, later(AI), STOPPED].map(|event| Event { file: THIRD, source: "elm-wall", ..event });
    [first.to_vec(), second.to_vec(), third.to_vec()]
}

#[tokio::test]
async fn the_order_of_files_and_rolling_up_again_change_no_cell() {
    let received = ["2025-09-10T08:00:00Z", "2025-09-12T08:00:00Z", "2025-09-11T08:00:00Z"];
    let files = three_files();
    let mut told = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for each in [false, true] {
            let lake = TestLake::new();
            for file in order {
                lake.ingest_file(&files[file], received[file], 0);
                if each {
                    lake.roll_up("2025-12-20").await;
                }
            }
            lake.roll_up("2025-12-20").await;
            let once = all_cells(&lake).await;
            // Stale once more, all of it: the same cells and none twice.
            let all: Vec<Event> = files.iter().flatten().cloned().collect();
            lake.commit(Vec::new(), slices_of(&all), Vec::new());
            assert_eq!(lake.roll_up("2025-12-20").await.slices, 4);
            assert_eq!(all_cells(&lake).await, once);
            told.push(once);
        }
    }
    assert!(told[0].lines().count() > 20, "{}", told[0]);
    assert!(told.iter().all(|cells| *cells == told[0]));
}

#[tokio::test]
async fn a_source_that_is_not_stale_keeps_its_cells() {
    let lake = TestLake::new();
    let wall = Event { source: "elm-wall", ..SEARCH };
    lake.ingest(&[SEARCH, wall.clone()]);
    lake.roll_up("2025-12-20").await;
    let before = all_cells(&lake).await;
    // The raw rows of both go, as retention would have it; only the filter is stale and gets a new row without a term.
    let snapshot = lake.lake.snapshot().unwrap();
    let old = snapshot.files[&weir_lake::schema::Table::Events].iter();
    let removes = old.map(|file| (weir_lake::schema::Table::Events, file.path.clone())).collect();
    let run = weir_lake::ids::RunId::parse("run-3").unwrap();
    let change = weir_lake::lake::Change::new(weir_lake::lake::ChangeKind::Ingest, run, snapshot.version);
    lake.lake.commit(weir_lake::lake::Change { removes, ..change }).unwrap();
    lake.ingest(&[Event { term: None, ..SEARCH }]);
    lake.roll_up("2025-12-20").await;
    let of =
        |cells: &str, source: &str| cells.lines().filter(|line| line.contains(source)).map(Into::into).collect::<Vec<String>>();
    let after = all_cells(&lake).await;
    assert_eq!(of(&after, "elm-wall"), of(&before, "elm-wall"));
    assert!(!of(&after, "elm-wall").is_empty());
    assert_eq!(cells(&lake, "search_visible_share").await[0], "2025-09-08 elm-filter {} 0.0/1.0");
}
