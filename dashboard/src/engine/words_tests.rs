//! What of the engine's answers reaches a page, and as what.

use jiff::civil::date;
use weir_lake::estate::AcademicYear;
use weir_query::indicator::Group;
use weir_query::page::{self, Calendar, FindingKind, Heat, HeatDay};
use weir_query::state as engine;
use weir_query::suppression::Audience;

use super::school_year;
use crate::view::{DayKind, Missing, Shown, State, Tone};

fn facts(pupils: Option<u32>) -> page::SchoolFacts {
    page::SchoolFacts {
        school_id: "oakfield".into(),
        name: "Oakfield Junior School".into(),
        phase: "junior".into(),
        nation: "england".into(),
        urn: None,
        governing_body: None,
        trust: None,
        authority: None,
        pupils,
    }
}

fn period(number: u32, label: &str, past_days: u32, days_with_logs: u32) -> page::Period {
    let month = 8 + i8::try_from(number).unwrap();
    page::Period {
        number,
        label: label.into(),
        start: date(2025, month, 1),
        end: date(2025, month, 28),
        school_days: 20,
        past_days,
        days_with_logs,
        is_partial: past_days < 20,
    }
}

fn point(label: &str, value: engine::Shown, to_come: bool) -> page::Point {
    let counted = if value.value().is_some() { engine::Shown::Value(50.0) } else { value };
    page::Point {
        label: label.into(),
        value,
        to_come,
        is_partial: false,
        numerator: counted,
        denominator: counted,
        is_final: false,
        change: None,
    }
}

fn figure(id: &str, audience: &str, values: [engine::Shown; 3]) -> page::Figure {
    page::Figure {
        id: id.into(),
        indicator: id.split(':').next().unwrap().into(),
        group: Group::Reaching,
        dimension: None,
        title: "Drugs".into(),
        question: "How many pupils reach for drugs?".into(),
        standard: String::new(),
        unit: engine::Unit::PupilsPer100Week,
        value: values[1],
        interval: None,
        state: engine::State::CantSay(engine::Reason::NoHistory),
        comparison: page::Comparison {
            with: Some("same half-term last year".into()),
            value: engine::Shown::Value(1.5),
            ratio: None,
        },
        series: vec![
            point("Autumn 1", values[0], false),
            point("Autumn 2", values[1], false),
            point("Spring 1", values[2], true),
        ],
        usual: Some((0.5, 1.5)),
        school_days: 20,
        days_with_logs: 19,
        means: String::new(),
        ask: String::new(),
        caveat: String::new(),
        provenance: page::Provenance {
            kind: "measured",
            numerator: "n".into(),
            denominator: "d".into(),
            exclusions: String::new(),
            version: 3,
            sql: "SELECT 1",
        },
        audience: vec![audience.into()],
    }
}

fn finding(audience: &'static str) -> page::Finding {
    page::Finding {
        kind: FindingKind::CircumventionRise,
        tone: page::Tone::Urgent,
        title: format!("for {audience}"),
        text: String::new(),
        ask: String::new(),
        first: date(2025, 9, 1),
        last: date(2025, 9, 2),
        count: engine::Shown::Hidden,
        about: "circumvention".into(),
        audience: vec![audience],
    }
}

fn heat(day: i8, what: Heat) -> HeatDay {
    let date = date(2025, 9, day);
    HeatDay { date, week: date, weekday: 1, what }
}

fn a_page() -> page::SchoolYear {
    let values = [engine::Shown::NotAvailable, engine::Shown::Hidden, engine::Shown::NotAvailable];
    page::SchoolYear {
        school: facts(Some(200)),
        year: "2025-26".into(),
        years: vec!["2025-26".into(), "2024-25".into()],
        lake_version: 7,
        as_of: Some(date(2025, 10, 20)),
        calendar: Calendar::Until(date(2026, 7, 20)),
        periods: vec![period(1, "Autumn 1", 20, 0), period(2, "Autumn 2", 20, 19), period(3, "Spring 1", 0, 0)],
        current: Some(1),
        coverage: page::Coverage {
            school_days: 20,
            days_with_logs: 19,
            identified_percent: engine::Shown::Value(91.0),
            decisions: 10,
            layers: vec!["dns".into()],
            sources: Vec::new(),
        },
        answers: vec![page::Answer {
            question: "Is it watched?".into(),
            tone: page::Tone::Quiet,
            lead: "x".into(),
            text: "y".into(),
        }],
        figures: vec![figure("theme_rate:drugs", "governor", values), figure("help_seeking", "dsl", values)],
        heat: vec![
            heat(1, Heat::Stopped(0)),
            heat(2, Heat::Stopped(4)),
            heat(3, Heat::Stopped(5)),
            heat(4, Heat::NoLogs),
            heat(5, Heat::NoSchool),
            heat(8, Heat::BeforeLogs),
            heat(9, Heat::ToCome),
        ],
        findings: vec![finding("governor"), finding("dsl"), finding("technician")],
    }
}

const YEAR: AcademicYear = AcademicYear(2025);

#[test]
fn governors_see_what_is_for_governors_only() {
    let page = school_year(&a_page(), None, YEAR, Audience::Governor).unwrap();
    assert_eq!(page.figures.iter().map(|figure| figure.id.as_str()).collect::<Vec<_>>(), ["theme_rate:drugs"]);
    assert_eq!(page.findings.iter().map(|finding| finding.title.as_str()).collect::<Vec<_>>(), ["for governor"]);
    assert_eq!(page.findings[0].tone, Tone::Urgent);
}

#[test]
fn a_day_with_fewer_than_5_requests_has_no_number() {
    let page = school_year(&a_page(), None, YEAR, Audience::Governor).unwrap();
    let kinds: Vec<DayKind> = page.blocks[0].days.iter().map(|day| day.kind).collect();
    assert_eq!(
        kinds,
        [
            DayKind::Few,
            DayKind::Few,
            DayKind::Stopped(2.5),
            DayKind::NoLogs,
            DayKind::NoSchool,
            DayKind::BeforeLogs,
            DayKind::Ahead
        ]
    );
    let mut without_roll = a_page();
    without_roll.school = facts(None);
    let page = school_year(&without_roll, None, YEAR, Audience::Governor).unwrap();
    assert!(!page.days_per_hundred);
    assert_eq!(page.blocks[0].days[2].kind, DayKind::Stopped(5.0));
    assert_eq!(page.missing, [Missing::NoRoll]);
}

#[test]
fn no_logs_hidden_and_to_come_stay_apart() {
    let page = school_year(&a_page(), None, YEAR, Audience::Governor).unwrap();
    let figure = &page.figures[0];
    assert_eq!(figure.points.iter().map(|point| point.value).collect::<Vec<_>>(), [Shown::NoLogs, Shown::Hidden, Shown::ToCome]);
    assert_eq!(
        figure.points.iter().map(|point| point.numerator).collect::<Vec<_>>(),
        [Shown::NoLogs, Shown::Hidden, Shown::ToCome]
    );
    assert_eq!((figure.state, figure.reason.as_deref()), (State::CantSay, Some("there is no earlier period to compare with")));
    assert_eq!(figure.comparison, "same half-term last year: 1.5");
}

#[test]
fn last_year_comes_from_its_own_page_by_half_term() {
    let mut last = a_page();
    last.figures[0].series[0].value = engine::Shown::Value(0.75);
    last.figures[0].series[2].value = engine::Shown::Hidden;
    let page = school_year(&a_page(), Some(&last), YEAR, Audience::Governor).unwrap();
    let beside: Vec<Shown> = page.figures[0].points.iter().map(|point| point.last_year).collect();
    // The current half-term's is the engine's own comparison.
    assert_eq!(beside, [Shown::Number(0.75), Shown::Number(1.5), Shown::Hidden]);
}

#[test]
fn what_is_lacking_is_named() {
    let mut none = a_page();
    none.lake_version = 0;
    assert_eq!(school_year(&none, None, YEAR, Audience::Governor).unwrap().missing, [Missing::NoLake]);
    let mut no_calendar = a_page();
    no_calendar.calendar = Calendar::Missing;
    no_calendar.periods.clear();
    assert_eq!(school_year(&no_calendar, None, YEAR, Audience::Governor).unwrap().missing, [Missing::NoCalendar]);
    let mut no_rows = a_page();
    no_rows.periods.iter_mut().for_each(|period| period.days_with_logs = 0);
    assert_eq!(
        school_year(&no_rows, None, YEAR, Audience::Governor).unwrap().missing,
        [Missing::NoRows(Some(date(2025, 10, 20)))]
    );
    let mut never = no_calendar;
    never.as_of = None;
    assert_eq!(
        school_year(&never, None, YEAR, Audience::Governor).unwrap().missing,
        [Missing::NoCalendar, Missing::NoRows(None)]
    );
}

#[tokio::test]
async fn the_method_page_lists_what_governors_see_without_a_lake() {
    use crate::Figures;
    let figures = crate::EngineFigures::new(|| Err::<weir_lake::estate::Estate, _>("no estate"), Default::default());
    let methods = figures.methods().await.unwrap();
    let rate = methods.iter().find(|method| method.id == "theme_rate").expect("theme_rate is for governors");
    assert!(rate.version >= 1 && rate.sql.contains("SELECT") && !rate.numerator.is_empty() && !rate.caveat.is_empty());
    assert!(methods.windows(2).all(|pair| pair[0].title <= pair[1].title));
    assert!(figures.overview().await.is_err(), "an estate that can't be read is an error, never an empty page");
}

#[test]
fn a_range_that_says_nothing_is_not_drawn() {
    for (range, is_share, wanted) in [
        ((-0.5, 1.2), false, Some((0.0, 1.2))),
        ((40.0, 170.0), true, None),
        ((88.0, 104.0), true, Some((88.0, 100.0))),
        ((0.0, 170.0), false, Some((0.0, 170.0))),
    ] {
        assert_eq!(super::usual_to_draw(range, is_share), wanted, "{range:?}");
    }
}

#[test]
fn a_share_says_of_what() {
    for (denominator, wanted) in [
        ("decisions on school days", "of requests on school days"),
        ("expected source-hours: school hours in which the source usually has rows", "of expected source-hours"),
        ("", ""),
    ] {
        assert_eq!(super::share_of(denominator), wanted);
    }
}

#[test]
fn logs_of_names_only_are_said_to_hold_no_more() {
    let page = school_year(&a_page(), None, YEAR, Audience::Governor).unwrap();
    assert!(page.unseen.iter().any(|line| line.contains("only the names")), "{:?}", page.unseen);
    assert!(page.unseen.iter().any(|line| line.contains("9% of requests")), "{:?}", page.unseen);
}
