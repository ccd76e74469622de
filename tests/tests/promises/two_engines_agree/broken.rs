//! A broken definition of any figure is found, with both values.

use weir_query::indicator::Indicator;
use weir_verify::Report;

use super::morning;
use super::world::{Estates, Event, plain};

/// What no second engine looks at: it is made of published figures alone.
const LEFT_OUT: &str = "funnel_position";

fn broken(indicator: &Indicator, is: &str, instead: &str) -> Indicator {
    assert!(indicator.sql.contains(is), "{}: {is}", indicator.id);
    let mut broken = indicator.clone();
    let at = indicator.sql.rfind(is).unwrap();
    let sql = format!("{}{instead}{}", indicator.sql.get(..at).unwrap(), indicator.sql.get(at + is.len()..).unwrap());
    broken.sql = Box::leak(sql.into_boxed_str());
    broken
}

/// Two autumns in which every figure has something to say.
fn two_autumns() -> Vec<Event> {
    let mut events = Vec::new();
    for (year, month, first) in [(2024, 9, 9), (2025, 9, 8)] {
        for day in 0..33 {
            let date = jiff::civil::date(year, month, first) + jiff::Span::new().days(day);
            if date.weekday().to_monday_zero_offset() > 4 {
                continue;
            }
            // Twenty-five a morning, but for one day, on which the filter was silent in lessons.
            let rows = if (year, day) == (2025, 30) { 0 } else { 25 };
            events.extend((0..rows).map(|second| plain(&format!("{date}T09:00:{second:02}Z"))));
            events.push(plain(&format!("{date}T16:30:00Z")));
            // Two pupils a week, then seven.
            let pupils = if year == 2024 { &PUPILS[..2] } else { &PUPILS[..7] };
            if date.weekday().to_monday_zero_offset() == 1 {
                events.extend(pupils.iter().map(|pupil| bet(&format!("{date}T10:00:00Z"), pupil)));
            }
        }
    }
    // One of them three days running, and once at night.
    events.extend(["2025-09-10T10:00:00Z", "2025-09-11T10:00:00Z", "2025-09-11T20:00:00Z"].map(|at| bet(at, PUPILS[0])));
    let search = |at: &str| Event {
        category: Some("search"),
        theme: Some("gambling"),
        search: Some(("google", "bet on it")),
        concern: Some(("bet-1", 3)),
        ..plain(at)
    };
    events.push(search("2025-09-09T10:10:00Z"));
    events.push(Event { theme: Some("help_seeking"), help: true, concern: None, ..search("2025-09-09T11:10:00Z") });
    let of = |category: &'static str| Event {
        category: Some(category),
        theme: Some("circumvention"),
        ..plain("2025-09-09T11:20:00Z")
    };
    events.push(of("circumvention"));
    events.push(Event { theme: None, action: Some("overridden"), ..of("csam") });
    let tool = Event { category: Some("ai_assistant"), domain: Some("fern.example"), ..plain("2025-11-05T10:00:00Z") };
    events.extend([tool, plain("2025-12-01T10:00:00Z"), plain("2025-12-12T10:00:00Z")]);
    events
}

const PUPILS: [&str; 7] = ["k1-a", "k1-b", "k1-c", "k1-d", "k1-e", "k1-f", "k1-g"];

fn bet(at: &str, pupil: &'static str) -> Event {
    Event { user: Some(pupil), category: Some("gambling"), theme: Some("gambling"), action: Some("blocked"), ..plain(at) }
}

#[test]
fn a_broken_indicator_is_told_with_both_values() {
    let estates = Estates::of(&morning(), "2025-12-20");
    let broken = broken(Indicator::find("blocked_share").unwrap(), "h.action = 'blocked'", "h.action <> 'blocked'");
    let report = estates.verified(&[broken]);
    let told: Vec<_> = report.differences.iter().filter(|difference| difference.of == "blocked_share").collect();
    // One of four decisions was blocked; the broken text counts the other three.
    let values: Vec<_> = told.iter().map(|told| (told.measure, told.recomputed, told.stored)).collect();
    assert_eq!(values, [("numerator", Some(1.0), Some(3.0)), ("value", Some(25.0), Some(75.0))]);
    assert_eq!(told[0].question.as_deref(), Some("What does the filter stop, and is that changing?"));
    assert_eq!((told[0].key["school_id"].as_str(), told[0].key["half_term"].as_str()), ("elm", "Autumn 1"));
    // What was not asked of the first engine is missing there, and that is told too.
    assert!(report.differences.iter().any(|difference| difference.of == "requests" && difference.stored.is_none()));
}

#[test]
fn every_broken_figure_is_told() {
    let estates = Estates::of(&two_autumns(), "2025-12-20");
    let snapshot = estates.lake.snapshot().unwrap();
    let all: Vec<Indicator> = Indicator::all().unwrap().iter().filter(|one| one.id != LEFT_OUT).cloned().collect();
    let ours = estates.with_second(&snapshot, |verification| verification.indicators(None).unwrap());
    let compared = |indicators: &[Indicator]| {
        let mut report = Report::default();
        for school_year in &ours {
            estates.compared(&snapshot, school_year, indicators, &mut report);
        }
        report
    };
    let agreed = compared(&all);
    assert_eq!(agreed.differences, []);
    assert_eq!(
        agreed.unchecked.iter().map(|left| left.what.as_str()).collect::<Vec<_>>(),
        [""; 0],
        "everything is known to both"
    );
    // One too many in each, all at once: those that are not told are not looked at.
    let wrong: Vec<Indicator> = all.iter().map(|one| broken(one, " AS numerator", " + 1 AS numerator")).collect();
    let report = compared(&wrong);
    for indicator in &all {
        assert!(agreed.checked[&indicator.id].cells > 0, "{}: nothing was compared", indicator.id);
        let told = report.differences.iter().find(|told| told.of == indicator.id && told.measure == "numerator");
        let told = told.unwrap_or_else(|| panic!("{}: one too many was not told", indicator.id));
        assert!(told.recomputed.is_some() && told.stored.is_some(), "{}: {told:?}", indicator.id);
    }
}
