//! Publishing over a small lake: once, when the period is over, and never silently again.

use weir_lake::ids::RunId;

use super::*;
use crate::fixture::{EVENT, Event, TestLake, day, estate, options};
use crate::page::school_year;
use crate::rows::rows;

const ALARM: Event = Event { category: Some("weapons"), theme: Some("violence_weapons"), action: Some("blocked"), ..EVENT };

/// An ordinary page on every weekday, and on Mondays `pupils` pupils stopped on weapons pages.
fn half_term(from: &str, to: &str, pupils: usize) -> Vec<Event> {
    let mut events = Vec::new();
    let days = day(from).series(1.day()).take_while(|date| *date <= day(to));
    for date in days.filter(|date| date.weekday().to_monday_zero_offset() < 5) {
        let noon: &'static str = format!("{date}T11:00:00Z").leak();
        events.push(Event { at: noon, ..EVENT });
        if date.weekday().to_monday_zero_offset() == 0 {
            for pupil in 0..pupils {
                events.push(Event { at: noon, user: Some(format!("k1-pupil-{pupil}").leak()), ..ALARM });
            }
        }
    }
    events
}

async fn published(lake: &TestLake, today: &str) -> PublishReport {
    let run = RunId::parse("run-3").unwrap();
    publish(&lake.lake, &estate(), &options(today), PublishOptions::default(), &run).await.unwrap()
}

async fn cell(lake: &TestLake, audience: &str, period: u32, indicator: &str) -> Option<PublishedCell> {
    let engine = lake.engine("2025-12-20");
    let cells = crate::published::newest_of_year(&engine, audience, "2025-26").await.unwrap();
    cells.into_iter().find(|cell| cell.key.school_id == "elm" && cell.key.period == period && cell.key.indicator == indicator)
}

#[tokio::test]
async fn a_half_term_is_published_once_it_is_over() {
    let lake = TestLake::new();
    lake.ingest(&half_term("2025-09-08", "2025-10-10", 12));
    // Autumn 1 ends on 10 October: its 14 days end on the 24th. Nothing that waits for a roll-up is published either.
    assert_eq!(published(&lake, "2025-12-20").await, PublishReport { lake_version: 1, ..Default::default() });
    lake.roll_up("2025-10-24").await;
    assert_eq!(published(&lake, "2025-10-24").await.cells, 0);
    let report = published(&lake, "2025-10-25").await;
    assert!(report.cells > 0 && report.revised == 0 && report.held_back.is_empty(), "{report:?}");
    assert_eq!(report.lake_version, 3);
    let found = cell(&lake, "governor", 1, "theme_rate").await.unwrap();
    // 12 pupils in each of 5 weeks on 200 pupils x 5 weeks.
    assert_eq!((found.value, found.numerator, found.denominator), (Some(6.0), Some(60.0), Some(1000.0)));
    assert_eq!((found.end, found.label.as_str(), found.revision, found.threshold), (day("2025-10-10"), "Autumn 1", 1, 5));
    // The public summary hides from 10 people on; 12 are shown.
    assert_eq!(cell(&lake, "public", 1, "theme_rate").await.unwrap().value, Some(6.0));
    // Again: nothing.
    let again = published(&lake, "2025-10-25").await;
    assert_eq!(again, PublishReport { lake_version: 3, ..Default::default() });
}

#[tokio::test]
async fn hidden_cells_hold_no_number_and_the_public_sees_less() {
    let lake = TestLake::new();
    let mut events = half_term("2025-09-08", "2025-10-10", 7);
    events.extend(half_term("2025-11-03", "2025-12-12", 3));
    lake.ingest(&events);
    lake.roll_up("2026-08-01").await;
    let report = published(&lake, "2026-08-01").await;
    assert!(report.hidden > 0 && report.held_back.is_empty(), "{report:?}");
    let governor = [
        cell(&lake, "governor", 1, "theme_rate").await.unwrap(),
        cell(&lake, "governor", 2, "theme_rate").await.unwrap(),
        cell(&lake, "governor", 0, "theme_rate").await.unwrap(),
    ];
    // 35 and 18 pupil-weeks: one hidden half-term hides the other, and the year can be shown.
    assert_eq!(governor.each_ref().map(|cell| cell.mark), [Mark::Hidden, Mark::Hidden, Mark::Shown]);
    assert_eq!(governor[2].numerator, Some(53.0));
    assert!(governor[..2].iter().all(|cell| (cell.value, cell.numerator, cell.denominator) == (None, None, None)));
    let public = cell(&lake, "public", 0, "theme_rate").await.unwrap();
    assert_eq!((public.mark, public.threshold), (Mark::Hidden, 10));
    // The page follows: the first half-term's own number is hidden, for the year would give the other away.
    let page = school_year(&lake.engine("2026-08-01"), "elm", "2025-26").await.unwrap();
    let figure = page.figures.iter().find(|figure| figure.id == "theme_rate:violence_weapons").unwrap();
    assert_eq!(figure.series.iter().map(|point| point.value).collect::<Vec<_>>(), [Shown::Hidden, Shown::Hidden]);
    assert!(figure.series.iter().all(|point| point.is_final));
}

#[tokio::test]
async fn a_published_number_changes_by_revision_only() {
    let lake = TestLake::new();
    let mut events = half_term("2025-09-08", "2025-10-10", 12);
    events.extend(half_term("2025-11-03", "2025-11-14", 12));
    lake.ingest(&events);
    lake.roll_up("2025-11-15").await;
    published(&lake, "2025-11-15").await;
    // Ten late lines: a pupil more in each of ten requests, all in one week.
    let late: Vec<Event> = (0..10)
        .map(|pupil| Event { at: "2025-09-15T12:00:00Z", user: Some(format!("k1-late-{pupil}").leak()), ..ALARM })
        .collect();
    lake.ingest(&late);
    lake.roll_up("2025-11-15").await;
    let shown = async || {
        let page = school_year(&lake.engine("2025-11-15"), "elm", "2025-26").await.unwrap();
        let figure = page.figures.iter().find(|figure| figure.id == "theme_rate:violence_weapons").unwrap().clone();
        (figure.series[0].value, figure.series[0].change, figure.series[0].is_final, figure.series[1].is_final)
    };
    // Late logs alone change nothing that was published; the running half-term is not final.
    assert_eq!(shown().await, (Shown::Value(6.0), None, true, false));
    let report = published(&lake, "2025-11-15").await;
    assert!(report.revised > 0 && report.cells == 0, "{report:?}");
    let found = cell(&lake, "governor", 1, "theme_rate").await.unwrap();
    // 70 pupil-weeks on 1,000 are 7 in every 100: one more.
    let is_one = |change: Option<f64>| change.is_some_and(|change| (change - 1.0).abs() < 1e-9);
    assert!((found.revision, found.numerator) == (2, Some(70.0)) && is_one(found.change), "{found:?}");
    let (value, change, is_final, next_is_final) = shown().await;
    let is_seven = value.value().is_some_and(|value| (value - 7.0).abs() < 1e-9);
    assert!(is_seven && is_one(change) && is_final && !next_is_final, "{value:?} {change:?}");
    // The first revision keeps its row.
    let engine = lake.engine("2025-11-15");
    let text = "SELECT p.revision, p.value FROM published_figures p
                WHERE p.indicator = 'theme_rate' AND p.audience = 'governor' AND p.period = 1 AND p.grain = 'school'
                ORDER BY p.revision";
    let kept: Vec<(i64, f64)> = rows(&engine.rows(text, &[]).await.unwrap())
        .map(|row| (row.whole("revision").unwrap().unwrap(), row.number("value").unwrap().unwrap()))
        .collect();
    assert_eq!(kept.iter().map(|(revision, value)| (*revision, value.round())).collect::<Vec<_>>(), [(1, 6.0), (2, 7.0)]);
    assert_eq!(published(&lake, "2025-11-15").await.revised, 0);
}
