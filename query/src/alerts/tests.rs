//! Which rows of the lake are candidates: each kind with a row of its own.

use jiff::civil::Date;

use super::{Days, Found, Group, Lateness, Person, Wanted, Weights, days_since, found};
use crate::engine::{Engine, EngineOptions, Reason};
use crate::fixture::{EVENT, Event, TestLake, day, estate, options};
use crate::{CategoryMeaning, Meanings};

const A: &str = "k1-0000000000000000000000000000000a";
const B: &str = "k1-0000000000000000000000000000000b";

/// 2025-09-08 is a Monday.
const SEARCH: Event = Event {
    theme: Some("violence_weapons"),
    term: Some("a term"),
    severity: Some(3),
    user: Some(A),
    category: Some("search"),
    ..EVENT
};
const PAGE: Event = Event {
    theme: Some("sexual_content"),
    category: Some("pornography"),
    user: Some(A),
    scheme: "http",
    action: Some("blocked"),
    ..EVENT
};

fn meanings() -> Meanings {
    let of = |id: &str, severity, theme: &str| {
        (id.to_owned(), CategoryMeaning { severity, theme: Some(theme.to_owned()), since: None })
    };
    let categories = [
        of("pornography", 3, "sexual_content"),
        of("csam", 4, "illegal"),
        of("ai_undress", 4, "ai_harm"),
        of("gambling", 2, "gambling"),
    ];
    Meanings { categories: categories.into(), ..Meanings::default() }
}

fn engine(lake: &TestLake, today: &str) -> Engine {
    let options = EngineOptions { meanings: meanings(), ..options(today) };
    Engine::open(&lake.lake.snapshot().unwrap(), &estate(), &options).unwrap()
}

fn week() -> Days {
    Days { from: day("2025-09-08"), to: day("2025-09-12") }
}

async fn of(events: &[Event]) -> Vec<Found> {
    let lake = TestLake::new();
    lake.ingest(events);
    found(&engine(&lake, "2025-09-12"), week(), &Weights::default()).await.unwrap()
}

/// Whether these rows raise an alert, and how severe the most severe event is.
async fn severity(events: &[Event]) -> Option<i64> {
    let found = of(events).await;
    found.iter().flat_map(|one| &one.events).filter(|event| event.raises).map(|event| event.severity).max()
}

#[tokio::test]
async fn searches_count_as_their_entries_say() {
    for (entry, wanted) in [(1, None), (2, None), (3, Some(3)), (4, Some(4))] {
        assert_eq!(severity(&[Event { severity: Some(entry), ..SEARCH }]).await, wanted, "{entry}");
    }
    assert_eq!(severity(&[Event { furniture: true, ..SEARCH }]).await, None, "a suggestion");
    assert_eq!(severity(&[Event { action: Some("blocked"), ..SEARCH }]).await, Some(3));
    assert_eq!(
        severity(&[Event { kind: "concern", action: None, term: None, ..SEARCH }]).await,
        Some(3),
        "a device monitor's finding"
    );
}

#[tokio::test]
async fn a_category_alone_counts_for_an_opened_page_only() {
    assert_eq!(severity(&[PAGE]).await, Some(3));
    assert_eq!(severity(&[Event { scheme: "https", tls_inspected: Some(true), ..PAGE }]).await, Some(3));
    assert_eq!(severity(&[Event { scheme: "https", tls_inspected: Some(false), ..PAGE }]).await, None, "only the host was seen");
    assert_eq!(severity(&[Event { scheme: "https", ..PAGE }]).await, None);
    assert_eq!(severity(&[Event { furniture: true, ..PAGE }]).await, None, "nobody opened it");
    assert_eq!(severity(&[Event { kind: "dns", ..PAGE }]).await, None, "a name that was asked for");
    assert_eq!(severity(&[Event { kind: "app", ..PAGE }]).await, None);
    assert_eq!(severity(&[Event { theme: Some("gambling"), category: Some("gambling"), ..PAGE }]).await, None);
}

#[tokio::test]
async fn a_category_is_at_most_three_and_two_where_the_vendor_joins() {
    // Listed as illegal in the table with 4.
    let undress = Event { theme: Some("ai_harm"), category: Some("ai_undress"), ..PAGE };
    assert_eq!(severity(&[undress]).await, Some(3));
    let lake = TestLake::new();
    lake.ingest(&[PAGE]);
    let joined = Weights { vendor: Box::new(|_, _, _, _| Some(2)), ..Weights::default() };
    // The fixture's rows have no vendor's words, so nothing was joined.
    let found = found(&engine(&lake, "2025-09-12"), week(), &joined).await.unwrap();
    assert_eq!(found[0].events[0].severity, 3);
}

#[tokio::test]
async fn what_is_listed_alerts_at_once() {
    let csam = Event { theme: Some("illegal"), category: Some("csam"), scheme: "https", ..PAGE };
    for event in [
        csam.clone(),
        Event { furniture: true, ..csam.clone() },
        Event { user_type: "staff", ..csam.clone() },
        Event { user: None, user_type: "unknown", ..csam.clone() },
    ] {
        let found = of(std::slice::from_ref(&event)).await;
        assert_eq!(found.len(), 1, "{event:?}");
        assert!(found[0].is_illegal && found[0].events[0].severity == 3 && found[0].events[0].what == "listed");
    }
    assert_eq!(severity(&[Event { kind: "dns", ..csam }]).await, None);
}

#[tokio::test]
async fn staff_raise_nothing_else() {
    assert_eq!(of(&[Event { user_type: "staff", severity: Some(4), ..SEARCH }]).await, []);
    assert_eq!(of(&[Event { user_type: "staff", ..PAGE }]).await, []);
    let illegal = Event { user_type: "staff", theme: Some("illegal"), ..SEARCH };
    assert_eq!(of(&[illegal]).await[0].group, Group::One(Person::Staff(Some(A.into()))));
}

#[tokio::test]
async fn a_sign_in_of_many_counts_where_it_is_most_severe() {
    let shared = Event { user_type: "shared", device: Some(B), ..SEARCH };
    assert_eq!(of(std::slice::from_ref(&shared)).await, []);
    let found = of(&[Event { severity: Some(4), ..shared }]).await;
    assert_eq!(found[0].group, Group::One(Person::Unidentified(Some(B.into()))));
}

#[tokio::test]
async fn a_search_that_was_still_being_typed_is_none() {
    let typed = |at, term| Event { at, term: Some(term), ..SEARCH };
    let all = [
        typed("2025-09-08T09:00:00Z", "how to hurt"),
        typed("2025-09-08T09:00:04Z", "how to hurt my chances"),
        typed("2025-09-08T09:00:30Z", "how to hurt my chances of a place"),
    ];
    let found = of(&all).await;
    // Between the second and the third lie 26 seconds.
    let lines: Vec<i64> = found[0].events.iter().map(|event| event.line_no).collect();
    assert_eq!(lines, [2, 3]);
}

#[tokio::test]
async fn out_of_hours_and_plans_weigh_more() {
    let weights = || Weights { entry: Box::new(|id| (id == "entry-1").then_some((40, true))), ..Weights::default() };
    let lake = TestLake::new();
    // 10 in the morning of a school day in London, and 9 in the evening.
    lake.ingest(&[SEARCH, Event { at: "2025-09-08T20:00:00Z", user: Some(B), ..SEARCH }]);
    let found = found(&engine(&lake, "2025-09-12"), week(), &weights()).await.unwrap();
    assert_eq!(found.iter().map(|one| one.score).collect::<Vec<_>>(), [50, 55]);
}

#[tokio::test]
async fn only_what_came_since_is_looked_at() {
    let lake = TestLake::new();
    let file = "a".repeat(64);
    let file: &'static str = Box::leak(file.into_boxed_str());
    lake.ingest_file(&[Event { at: "2025-09-10T09:00:00Z", file, ..SEARCH }], "2025-09-11T02:00:00Z", 0);
    let engine = engine(&lake, "2025-09-12");
    let today = day("2025-09-12");
    let span = |from: &str| Some(Days { from: day(from), to: today });
    assert_eq!(days_since(&engine, None).await.unwrap(), span("2025-08-30"), "two weeks, the first time");
    assert_eq!(days_since(&engine, Some((0, today))).await.unwrap(), span("2025-09-09"));
    let newest: (u64, Date) = (engine.lake_version(), today);
    assert_eq!(days_since(&engine, Some(newest)).await.unwrap(), None);
    assert_eq!(days_since(&engine, Some((newest.0, day("2025-09-11")))).await.unwrap(), None);
}

/// An export that comes late stands beside newer ones, and its day is looked at; nor does a greatest value beside a least one hide it.
#[tokio::test]
async fn a_late_day_is_looked_at_beside_newer_ones() {
    let lake = TestLake::new();
    let days = ["2025-09-10", "2025-09-11", "2025-09-08", "2025-09-09"];
    for (number, day) in days.iter().enumerate() {
        let file: &'static str = Box::leak(format!("{number:064x}").into_boxed_str());
        let at: &'static str = Box::leak(format!("{day}T09:00:00Z").into_boxed_str());
        lake.ingest_file(&[Event { at, file, ..SEARCH }], "2025-09-12T02:00:00Z", 0);
    }
    let engine = engine(&lake, "2025-09-12");
    let looked = days_since(&engine, Some((0, day("2025-09-11")))).await.unwrap();
    assert_eq!(looked, Some(Days { from: day("2025-09-07"), to: day("2025-09-12") }));
    let asked = "SELECT min(CAST(first_event_time AS DATE)) AS first_day, max(lake_version) AS newest FROM receipts";
    let batches = engine.rows(asked, &[]).await.unwrap();
    let first = super::rows(&batches).next().unwrap().day("first_day").unwrap();
    assert_eq!(first, Some(day("2025-09-08")));
}

#[tokio::test]
async fn the_words_of_an_alert_hide_what_is_listed() {
    let lake = TestLake::new();
    let csam = Event { theme: Some("illegal"), category: Some("csam"), host: Some("listed.example"), ..PAGE };
    lake.ingest(&[SEARCH, csam]);
    let engine = engine(&lake, "2025-09-12");
    let of_lines = |lines: &[i64]| Wanted {
        school: weir_lake::ids::SchoolId::parse("elm").unwrap(),
        subject: Some(A.into()),
        lines: lines.iter().map(|line| ("f0".to_owned(), *line)).collect(),
        days: (day("2025-09-08"), day("2025-09-08")),
    };
    let why = Reason::new("alert 1").unwrap();
    let moments = engine.words_of(&of_lines(&[1, 2]), &why).await.unwrap();
    let told: Vec<_> = moments.iter().map(|one| (one.time.as_str(), one.what.as_str(), one.of_what.as_str())).collect();
    assert_eq!(told, [("10:00:00", "searched for", "a term"), ("10:00:00", "was stopped from", "address not shown")]);
    assert_eq!(engine.words_of(&of_lines(&[1]), &why).await.unwrap().len(), 1);
    let school = weir_lake::ids::SchoolId::parse("elm").unwrap();
    let at = "2025-09-08T09:20:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let around = engine.before_and_after(&school, A, at, &why).await.unwrap();
    assert_eq!(around.len(), 2);
    assert!(around.iter().all(|one| !one.of_what.contains("listed.example")));
    assert_eq!(engine.lateness(&school).await.unwrap(), Lateness::NoLogs);
}
