//! Indicators over small hand-made tables; every wanted figure is worked out in the comment beside it.

use weir_lake::calendar::epoch_day;
use weir_lake::ids::RunId;
use weir_lake::lake::{Change, ChangeKind};
use weir_lake::schema::Table;

use crate::error::QueryError;
use crate::fixture::{EVENT, Event, TestLake, day};
use crate::indicator::{By, FigureRow, Grain, Indicator, run, run_by};

const ALARM: Event = Event { category: Some("weapons"), theme: Some("violence_weapons"), action: Some("blocked"), ..EVENT };
const PROXY: Event = Event { category: Some("circumvention"), theme: Some("circumvention"), action: Some("blocked"), ..EVENT };

async fn figures(lake: &TestLake, today: &str, id: &str, year: &str) -> Vec<FigureRow> {
    run(&lake.engine(today), id, "elm", year).await.unwrap()
}

type Short<'a> = (u32, Option<&'a str>, Option<f64>, Option<f64>, Option<f64>);

fn short(rows: &[FigureRow]) -> Vec<Short<'_>> {
    rows.iter().map(|row| (row.period_no, row.dimension.as_deref(), row.numerator, row.denominator, row.value)).collect()
}

#[test]
fn every_header_is_whole() {
    let all = Indicator::all().unwrap();
    for id in
        ["blocked_share", "requests", "theme_rate", "circumvention_rate", "identified_share", "silent_hours", "coverage_days"]
    {
        assert!(all.iter().any(|indicator| indicator.id == id), "{id}");
    }
    assert!(matches!(Indicator::find("nothing"), Err(QueryError::UnknownIndicator { .. })));
}

#[tokio::test]
async fn every_indicator_runs_on_an_empty_lake_and_needs_a_calendar() {
    let lake = TestLake::new();
    let engine = lake.engine("2025-12-20");
    for indicator in Indicator::all().unwrap() {
        for row in run(&engine, &indicator.id, "elm", "2025-26").await.unwrap() {
            assert_eq!((row.value, row.coverage), (None, None), "{}", indicator.id);
        }
        let none = run(&engine, &indicator.id, "elm", "2023-24").await;
        assert!(matches!(none, Err(QueryError::NoCalendar { .. })), "{}: {none:?}", indicator.id);
        let unknown = run(&engine, &indicator.id, "ash", "2025-26").await;
        assert!(matches!(unknown, Err(QueryError::UnknownSchool(_))), "{}", indicator.id);
    }
}

#[tokio::test]
async fn shares_of_decisions() {
    let lake = TestLake::new();
    lake.ingest(&[
        // Autumn 1, on two days: 4 decisions of the filter, 1 blocked, 3 identified (a guest is left out of that share).
        Event { ..ALARM },
        Event { ..EVENT },
        Event { at: "2025-09-15T09:00:00Z", ..EVENT },
        Event { at: "2025-09-15T09:01:00Z", user: None, ..EVENT },
        // Not decisions: furniture, the firewall on a day the filter logged, a Saturday.
        Event { furniture: true, ..ALARM },
        Event { source: "elm-wall", ..ALARM },
        Event { at: "2025-09-13T09:00:00Z", ..ALARM },
    ]);
    lake.roll_up("2025-12-20").await;
    // 100 * 1 / 4. Autumn 2 has no logs: no value, not a zero.
    let rows = figures(&lake, "2025-12-20", "blocked_share", "2025-26").await;
    assert_eq!(short(&rows), [(1, None, Some(1.0), Some(4.0), Some(25.0)), (2, None, None, None, None)]);
    // 25 school days in Autumn 1 (five whole weeks), all since the first log of 8 September; logs on 2 of them.
    assert_eq!((rows[0].school_days, rows[0].counted_days, rows[0].logged_days), (25, 25, 2));
    let rows = figures(&lake, "2025-12-20", "identified_share", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, None, Some(3.0), Some(4.0), Some(75.0)));
    // 4 decisions over 200 pupils x 2 days with logs.
    let rows = figures(&lake, "2025-12-20", "requests", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, None, Some(4.0), Some(400.0), Some(0.01)));
    // Policy allows education (3 decisions, none stopped); it says nothing of weapons.
    let rows = figures(&lake, "2025-12-20", "overblock_share", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, None, Some(0.0), Some(3.0), Some(0.0)));
}

#[tokio::test]
async fn policy_is_asked_in_its_order() {
    let bet = Event { category: Some("gambling"), ..EVENT };
    let lake = TestLake::new();
    lake.ingest(&[
        // Policy: gambling is allowed to staff, blocked for all others. 1 failure of 4 decisions that policy speaks of.
        Event { ..bet },
        Event { action: Some("blocked"), ..bet },
        Event { user_type: "staff", profile: Some("staff"), ..bet },
        Event { action: Some("overridden"), ..bet },
        // Nothing is said of weapons.
        Event { ..ALARM },
    ]);
    lake.roll_up("2025-12-20").await;
    let rows = figures(&lake, "2025-12-20", "filter_failures", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, None, Some(1.0), Some(4.0), Some(2500.0)));
}

#[tokio::test]
async fn theme_rates_count_pupil_weeks_over_days_with_logs() {
    let mut events = vec![
        // Week 1: pupil a on two days, pupil b on a Saturday. Week 2: pupil a. 3 pupil-weeks of violence.
        Event { ..ALARM },
        Event { at: "2025-09-10T09:00:00Z", ..ALARM },
        Event { at: "2025-09-13T09:00:00Z", user: Some("k1-pupil-b"), ..ALARM },
        Event { at: "2025-09-15T09:00:00Z", ..ALARM },
        // Staff and the unidentified are in no pupil-week.
        Event { user: Some("k1-staff"), user_type: "staff", ..ALARM },
        Event { user: None, ..ALARM },
        // One pupil looked for a way round, once.
        Event { at: "2025-09-16T09:00:00Z", ..PROXY },
        // In a holiday week: no school week, no exposure, no pupil-week.
        Event { at: "2025-10-21T09:00:00Z", ..ALARM },
    ];
    // Logs on ten school days: the two whole weeks from 8 September.
    for day in ["09", "11", "12", "17", "18", "19"] {
        let at: &'static str = format!("2025-09-{day}T11:00:00Z").leak();
        events.push(Event { at, ..EVENT });
    }
    let lake = TestLake::new();
    lake.ingest(&events);
    lake.roll_up("2025-12-20").await;
    let rows = figures(&lake, "2025-12-20", "theme_rate", "2025-26").await;
    assert_eq!(rows[0].logged_days, 10);
    // 3 pupil-weeks over 200 pupils x 10 / 5 weeks = 400 pupil-weeks: 0.75 in every 100.
    assert_eq!(
        short(&rows),
        [(1, Some("violence_weapons"), Some(3.0), Some(400.0), Some(0.75)), (2, Some("violence_weapons"), None, None, None)]
    );
    // Two pupils; pupil a is in 2 of the 3 pupil-weeks. All of it counted last year too.
    assert_eq!((rows[0].people, rows[0].most_active, rows[0].comparable), (Some(2), Some(2.0), Some(3.0)));
    let rows = figures(&lake, "2025-12-20", "circumvention_rate", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, None, Some(1.0), Some(400.0), Some(0.25)));
    let rows = figures(&lake, "2025-12-20", "circumvention_allowed", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, None, Some(0.0), Some(1.0), Some(0.0)));
}

#[tokio::test]
async fn part_periods_and_days_before_the_first_log_are_told_apart() {
    let lake = TestLake::new();
    lake.ingest(&[Event { at: "2025-09-16T09:00:00Z", ..EVENT }, Event { at: "2025-09-18T09:00:00Z", ..EVENT }]);
    lake.roll_up("2025-09-19").await;
    // As of Friday 19 September: 8 to 18 September are 9 past days, of which 16 to 18 are since the first log, and 2 have logs.
    let rows = figures(&lake, "2025-09-19", "blocked_share", "2025-26").await;
    let row = &rows[0];
    assert_eq!((row.school_days, row.past_days, row.counted_days, row.logged_days), (25, 9, 3, 2));
    assert!((row.coverage.unwrap() - 2.0 / 3.0).abs() < 1e-12);
    let rows = figures(&lake, "2025-09-19", "coverage_days", "2025-26").await;
    let elm_filter = rows.iter().find(|row| row.period_no == 1).unwrap();
    assert_eq!(
        (elm_filter.dimension.as_deref(), elm_filter.numerator, elm_filter.denominator),
        (Some("elm-filter"), Some(2.0), Some(3.0))
    );
}

#[tokio::test]
async fn an_hour_is_silent_where_it_usually_is_not() {
    // 25 rows at ten (UTC 09:00) and 5 at eleven on each day of the first week; the second Monday has rows at eleven only, the second
    // Tuesday none at all. Ten o'clock is expected (median 25); eleven is not (5 < 20).
    let mut events = Vec::new();
    for day in 8..=12 {
        let ten: &'static str = format!("2025-09-{day:02}T09:00:00Z").leak();
        let eleven: &'static str = format!("2025-09-{day:02}T10:00:00Z").leak();
        events.extend(vec![Event { at: ten, ..EVENT }; 25]);
        events.extend(vec![Event { at: eleven, ..EVENT }; 5]);
    }
    events.extend(vec![Event { at: "2025-09-15T10:00:00Z", ..EVENT }; 5]);
    let lake = TestLake::new();
    lake.ingest(&events);
    lake.roll_up("2025-09-17").await;
    // Expected: ten o'clock on 9, 10, 11, 12 (8 September has no day before it), 15 and 16 September = 6 hours; silent on 15 and 16.
    // On 16 September the days before with logs are 8 to 12 and 15: five times 25 and once 0, median 25.
    let rows = figures(&lake, "2025-09-17", "silent_hours", "2025-26").await;
    let row = rows.iter().find(|row| row.period_no == 1).unwrap();
    assert_eq!((row.dimension.as_deref(), row.numerator, row.denominator), (Some("elm-filter"), Some(2.0), Some(6.0)));
}

#[tokio::test]
async fn sessions_without_a_host_change_no_figure() {
    let rows = [
        Event { ..ALARM },
        Event { user: None, ..EVENT },
        Event { at: "2025-09-15T09:00:00Z", source: "elm-wall", ..PROXY },
        Event { at: "2025-09-16T09:00:00Z", source: "elm-dns", kind: "dns", ..EVENT },
    ];
    let mut with_flows = rows.to_vec();
    for at in ["2025-09-09T09:00:00Z", "2025-09-15T09:00:00Z", "2025-09-17T09:00:00Z"] {
        // As bad as a row can be: blocked, with a theme and a person, and also on a day with no other row.
        for source in ["elm-filter", "elm-wall"] {
            with_flows.extend(std::iter::repeat_n(Event { at, source, kind: "flow", ..ALARM }, 30));
        }
    }
    let mut told = Vec::new();
    for rows in [rows.to_vec(), with_flows] {
        let lake = TestLake::new();
        lake.ingest(&rows);
        lake.roll_up("2025-12-20").await;
        let engine = lake.engine("2025-12-20");
        let mut all = Vec::new();
        for indicator in Indicator::all().unwrap() {
            all.push((indicator.id.clone(), format!("{:?}", run(&engine, &indicator.id, "elm", "2025-26").await.unwrap())));
        }
        let counts = "SELECT (SELECT count(*) FROM activity_hourly) AS hours, (SELECT count(*) FROM pupil_days) AS people, \
                      (SELECT count(*) FROM theme_weeks) AS weeks";
        all.push((String::from("rollups"), format!("{:?}", engine.rows(counts, &[]).await.unwrap())));
        told.push(all);
    }
    for (without, with) in told[0].iter().zip(&told[1]) {
        assert_eq!(without, with);
    }
}

#[tokio::test]
async fn people_that_are_forgotten_are_no_zero() {
    let search = Event { category: Some("search"), theme: Some("self_harm"), term: Some("one"), severity: Some(3), ..EVENT };
    let lake = TestLake::new();
    lake.ingest(&[
        search.clone(),
        Event { at: "2025-11-03T09:00:00Z", ..search.clone() },
        Event { at: "2025-11-04T09:00:00Z", ..EVENT },
    ]);
    lake.roll_up("2025-12-20").await;
    // The people of Autumn 1 go, as they do after the next half-term; the counts without keys stay.
    let snapshot = lake.lake.snapshot().unwrap();
    let old = snapshot.files[&Table::PupilDays].iter().filter(|file| file.statistics.event_date < epoch_day(day("2025-10-20")));
    let removes = old.map(|file| (Table::PupilDays, file.path.clone())).collect();
    let change = Change::new(ChangeKind::Retention, RunId::parse("run-3").unwrap(), snapshot.version);
    lake.lake.commit(Change { removes, ..change }).unwrap();
    for id in ["high_risk_searches", "out_of_hours", "repeat_attempts"] {
        let rows = figures(&lake, "2025-12-20", id, "2025-26").await;
        assert_eq!((rows[0].numerator, rows[0].value), (None, None), "{id}: the keys are gone");
        assert!(rows[1].numerator.is_some(), "{id}: these are not");
    }
    // One pupil in one week with one school day with logs: 100 x 1 / (200 / 5) = 2.5.
    let rows = figures(&lake, "2025-12-20", "theme_rate", "2025-26").await;
    assert_eq!(short(&rows)[0], (1, Some("self_harm"), Some(1.0), Some(40.0), Some(2.5)));
}

#[tokio::test]
async fn what_cannot_be_taken_apart_says_so() {
    let lake = TestLake::new();
    let engine = lake.engine("2025-12-20");
    let error = run_by(&engine, "theme_rate", "elm", "2025-26", Grain::Week, Some(By::Profile)).await.unwrap_err().to_string();
    assert!(error.contains("theme_rate by profile") && error.contains("year_group"), "{error}");
    for indicator in Indicator::all().unwrap() {
        for by in &indicator.by {
            let rows = run_by(&engine, &indicator.id, "elm", "2025-26", Grain::Week, Some(*by)).await.unwrap();
            assert!(rows.iter().all(|row| row.week.is_some() && row.value.is_none()), "{}", indicator.id);
        }
    }
}
