//! Pages of a school whose logs are made up by hand, so that each state, mark and finding has a known reason.

use weir_lake::schema::Table;

use crate::fixture::{EVENT, Event, TestLake, day};
use crate::page::{Calendar, FindingKind, Heat, School, SchoolYear, Tone, overview, school_year};
use crate::state::{Reason, Shown, State};

const ALARM: Event = Event { category: Some("weapons"), theme: Some("violence_weapons"), action: Some("blocked"), ..EVENT };

fn leak(text: String) -> &'static str {
    text.leak()
}

/// Weekdays from one day to another.
fn weekdays(from: &str, to: &str) -> Vec<String> {
    use jiff::ToSpan;
    day(from)
        .series(1.day())
        .take_while(|date| *date <= day(to))
        .filter(|date| date.weekday().to_monday_zero_offset() < 5)
        .map(|date| date.to_string())
        .collect()
}

/// One ordinary page on every school day of Autumn 1 in both years, and `pupils` pupils stopped once a week on weapons pages.
fn two_autumns(last_year: usize, this_year: usize) -> Vec<Event> {
    let mut events = Vec::new();
    for (from, to, pupils) in [("2024-09-09", "2024-10-11", last_year), ("2025-09-08", "2025-10-10", this_year)] {
        for (at, date) in weekdays(from, to).into_iter().enumerate() {
            let noon = leak(format!("{date}T11:00:00Z"));
            events.push(Event { at: noon, ..EVENT });
            // A different group each week, on its Monday.
            if at % 5 == 0 {
                for pupil in 0..pupils {
                    events.push(Event { at: noon, user: Some(leak(format!("k1-pupil-{at}-{pupil}"))), ..ALARM });
                }
            }
        }
    }
    events
}

async fn page(lake: &TestLake, today: &str) -> SchoolYear {
    school_year(&School::new(&lake.engine(today), "elm"), "2025-26").await.unwrap()
}

#[tokio::test]
async fn a_clear_rise_is_higher_than_usual() {
    let lake = TestLake::new();
    lake.ingest(&two_autumns(4, 12));
    lake.roll_up("2025-12-20").await;
    let page = page(&lake, "2025-12-20").await;
    assert_eq!((page.periods.len(), page.current, page.as_of), (2, Some(0), Some(day("2025-10-10"))));
    assert_eq!(page.calendar, Calendar::Until(day("2025-12-12")));
    assert_eq!(page.years, ["2025-26", "2024-25"]);
    let figure = page.figures.iter().find(|figure| figure.id == "theme_rate:violence_weapons").unwrap();
    // 12 pupils a week for 5 weeks on 200 x 5 pupil-weeks: 6 in every 100; last year 4 a week: 2 in every 100. 60 against 20: clear.
    assert_eq!((figure.value, &figure.state), (Shown::Value(6.0), &State::Higher));
    assert_eq!(
        (figure.comparison.with.as_deref(), figure.comparison.value),
        (Some("same half-term last year"), Shown::Value(2.0))
    );
    let ratio = figure.comparison.ratio.unwrap();
    assert!((ratio.ratio - 3.0).abs() < 1e-9 && ratio.lower > 1.0);
    assert_eq!((figure.school_days, figure.days_with_logs), (25, 25));
    assert_eq!(figure.series.len(), 2);
    assert_eq!((figure.series[1].value, figure.series[1].to_come), (Shown::NotAvailable, false));
    assert_eq!(figure.title, "Violence and weapons");
    let band = figure.usual.unwrap();
    assert!(band.0 < 2.0 && 2.0 < band.1 && band.1 < 6.0);
    // The first figure is the one that is not usual.
    assert_eq!(page.figures[0].state, State::Higher);
    assert_eq!(page.answers.len(), 3);
    assert_eq!(page.answers[0].lead, "No failure found in what we can see.");
    assert_eq!(page.answers[2].tone, Tone::Fine);
}

#[tokio::test]
async fn few_people_are_a_mark_everywhere() {
    let lake = TestLake::new();
    // The same 4 pupils would be hidden; here 3 pupils in the last week of each year only.
    let mut events = two_autumns(0, 0);
    for pupil in 0..3 {
        events.push(Event { at: "2025-10-06T10:00:00Z", user: Some(leak(format!("k1-few-{pupil}"))), ..ALARM });
    }
    lake.ingest(&events);
    lake.roll_up("2025-12-20").await;
    let page = page(&lake, "2025-12-20").await;
    let figure = page.figures.iter().find(|figure| figure.id == "theme_rate:violence_weapons").unwrap();
    assert_eq!((figure.value, &figure.state), (Shown::Hidden, &State::CantSay(Reason::TooFew)));
    assert_eq!((figure.series[0].value, figure.series[0].numerator), (Shown::Hidden, Shown::Hidden));
    assert_eq!((figure.interval, figure.comparison.ratio, figure.usual), (None, None, None));
    let text = serde_json::to_string(&page).unwrap();
    assert!(!text.contains("k1-"), "a key reached a page");
    assert!(!text.contains("fern.example"), "a host reached a page");
}

#[tokio::test]
async fn a_day_without_logs_is_never_a_zero() {
    let lake = TestLake::new();
    let mut events = two_autumns(0, 0);
    // Silent from 17 to 19 September 2025 (Wednesday to Friday), and on the Monday after.
    events
        .retain(|event| !["2025-09-17", "2025-09-18", "2025-09-19", "2025-09-22"].iter().any(|gone| event.at.starts_with(gone)));
    // Two requests stopped on the first day.
    events.extend([Event { user: None, ..ALARM }, Event { user: None, ..ALARM }]);
    lake.ingest(&events);
    lake.roll_up("2025-11-12").await;
    let page = page(&lake, "2025-11-12").await;
    let heat = |date: &str| page.heat.iter().find(|entry| entry.date == day(date)).map(|entry| (entry.weekday, entry.what));
    assert_eq!(heat("2025-09-08"), Some((1, Heat::Stopped(2))));
    assert_eq!(heat("2025-09-09"), Some((2, Heat::Stopped(0))));
    assert_eq!(heat("2025-09-17"), Some((3, Heat::NoLogs)));
    assert_eq!(heat("2025-10-20"), Some((1, Heat::NoSchool)));
    assert_eq!(heat("2025-11-12"), Some((3, Heat::ToCome)));
    assert_eq!(heat("2025-09-13"), None);
    let silent = page.findings.iter().find(|finding| finding.kind == FindingKind::SilentFeed).unwrap();
    // 4 days in September and 3 to 11 November (7 school days), when it is still silent.
    assert_eq!((silent.count, silent.tone, silent.about.as_str()), (Shown::Value(11.0), Tone::Urgent, "elm-filter"));
    assert!(silent.text.starts_with("3 to 11 November 2025; 17 to 22 September 2025"), "{}", silent.text);
    // 21 of 25 days is under 90 %.
    assert_eq!(page.answers[2].lead, "No.");
    let blocked = page.figures.iter().find(|figure| figure.id == "blocked_share").unwrap();
    assert_eq!(blocked.state, State::CantSay(Reason::LowCoverage));
    assert_eq!((page.coverage.school_days, page.coverage.days_with_logs), (25, 21));
    assert_eq!(page.coverage.layers, ["filter"]);
}

#[tokio::test]
async fn findings_name_what_policy_and_logs_disagree_on() {
    let lake = TestLake::new();
    let mut events = two_autumns(0, 0);
    events.extend(vec![Event { category: Some("gambling"), at: "2025-09-10T09:00:00Z", ..EVENT }; 14]);
    events.push(Event { category: Some("csam"), at: "2025-10-09T09:00:00Z", ..EVENT });
    events.extend(vec![Event { action: Some("blocked"), at: "2025-09-11T09:00:00Z", ..EVENT }; 30]);
    events.extend(vec![Event { category: Some("ai_assistant"), at: "2025-09-12T09:00:00Z", ..EVENT }; 6]);
    lake.ingest(&events);
    lake.roll_up("2025-10-13").await;
    let page = page(&lake, "2025-10-13").await;
    let found: Vec<(FindingKind, &str, Shown, bool)> = page
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.about.as_str(), finding.count, finding.audience.contains(&"governor")))
        .collect();
    assert_eq!(
        found,
        [
            // Seen on 9 October; 10 October is the one school day since: someone looks first.
            (FindingKind::FilterFailure, "csam", Shown::Hidden, false),
            (FindingKind::FilterFailure, "gambling", Shown::Value(14.0), true),
            // 30 of 80 in education: 25 + 25 ordinary pages over two years count by year: 30 of 55.
            (FindingKind::OverBlocking, "education", Shown::Value(30.0), true),
            (FindingKind::AiFirstSeen, "ai_assistant", Shown::Value(6.0), true),
        ]
    );
    assert!(page.findings[2].text.contains("54.5%"), "{}", page.findings[2].text);
    assert_eq!(page.answers[0].tone, Tone::Urgent);
    assert!(page.answers[0].text.contains("gambling") && !page.answers[0].text.contains("abuse"), "{}", page.answers[0].text);
}

#[tokio::test]
async fn a_rise_in_an_earlier_half_term_stays_a_finding() {
    let mut events = two_autumns(4, 12);
    for event in &mut events {
        if event.theme.is_some() {
            (event.category, event.theme) = (Some("circumvention"), Some("circumvention"));
        }
    }
    // Autumn 2 has begun, quietly, so that the figures speak of it.
    for date in weekdays("2025-11-03", "2025-11-14") {
        events.push(Event { at: leak(format!("{date}T11:00:00Z")), ..EVENT });
    }
    let lake = TestLake::new();
    lake.ingest(&events);
    lake.roll_up("2025-11-15").await;
    let page = page(&lake, "2025-11-15").await;
    assert_eq!(page.current, Some(1));
    // Autumn 1: 60 pupil-weeks against 20 the year before, as in the test of a clear rise.
    let rise = page.findings.iter().find(|finding| finding.kind == FindingKind::CircumventionRise).unwrap();
    assert_eq!((rise.first, rise.last, rise.count), (day("2025-09-08"), day("2025-10-10"), Shown::Value(6.0)));
    assert!(rise.title.ends_with("Autumn 1"));
}

#[tokio::test]
async fn without_a_calendar_there_is_a_page_without_figures() {
    let lake = TestLake::new();
    lake.ingest(&[Event { at: "2023-10-10T09:00:00Z", ..EVENT }]);
    lake.roll_up("2025-12-20").await;
    let page = school_year(&School::new(&lake.engine("2025-12-20"), "elm"), "2023-24").await.unwrap();
    assert_eq!((page.calendar, page.current, page.figures.len(), page.heat.len()), (Calendar::Missing, None, 0, 0));
    assert_eq!(page.coverage.sources.len(), 3);
    assert!(school_year(&School::new(&lake.engine("2025-12-20"), "ash"), "2023-24").await.is_err());
}

#[tokio::test]
async fn the_overview_lists_every_school_with_its_coverage() {
    let lake = TestLake::new();
    lake.ingest(&two_autumns(0, 0));
    lake.roll_up("2025-10-04").await;
    let overview = overview(&lake.engine("2025-10-04")).await.unwrap();
    let schools: Vec<(&str, u32, u32, u64)> = overview
        .schools
        .iter()
        .map(|school| (school.school.school_id.as_str(), school.school_days, school.days_with_logs, school.decisions))
        .collect();
    // As of Saturday 4 October: 20 past school days. Oak has no logs. Decisions of days still to come by this clock count too: 25.
    assert_eq!(schools, [("oak", 0, 0, 0), ("elm", 20, 20, 25)]);
    assert_eq!(overview.schools[1].newest_year, "2025-26");
    assert!(overview.schools.iter().all(|school| school.has_calendar));
    assert_eq!(lake.lake.snapshot().unwrap().files[&Table::ActivityHourly].len(), 50);
}
