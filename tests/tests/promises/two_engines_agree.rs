//! Two engines that share nothing but the lake agree on every value of any estate, and a single wrong one is told with both values.

mod any_estate;
mod broken;
mod world;

use weir_lake::calendar::epoch_day;
use weir_lake::closed::Agreement;
use weir_lake::lake::Slice;
use weir_lake::schema::Table;
use weir_query::engine::Engine;
use weir_query::indicator::{Indicator, run_all};
use world::{Estates, Event, id, plain};

/// A pupil's search and a blocked page on one morning.
fn morning() -> Vec<Event> {
    let search = Event {
        category: Some("search"),
        theme: Some("gambling"),
        search: Some(("larksearch", "bet on it")),
        concern: Some(("bet-1", 3)),
        ..plain("2025-09-09T09:10:00Z")
    };
    let page =
        Event { category: Some("gambling"), theme: Some("gambling"), action: Some("blocked"), ..plain("2025-09-09T09:12:00Z") };
    vec![search, page, plain("2025-09-09T10:00:00Z"), plain("2025-09-11T15:30:00Z")]
}

#[test]
fn a_changed_rollup_is_told_with_both_values() {
    for (table, column, was, is) in [
        (Table::ActivityHourly, "requests", 1.0, 2.0),
        (Table::PupilDays, "out_of_hours", 0.0, 1.0),
        (Table::ThemeWeeks, "people", 1.0, 2.0),
    ] {
        let estates = Estates::of(&morning(), "2025-12-20");
        let agreed = estates.verified(Indicator::all().unwrap());
        assert_eq!(agreed.differences, [], "{}", table.name());
        assert!(agreed.checked[table.name()].cells > 0);
        estates.doctor(table, column);
        let report = estates.verified(&[]);
        let told: Vec<_> = report.differences.iter().filter(|difference| difference.of == table.name()).collect();
        assert_eq!(told.len(), 1, "{:?}", report.differences);
        assert_eq!((told[0].measure, told[0].recomputed, told[0].stored), (column, Some(was), Some(is)));
        assert_eq!(told[0].key["school_id"], "elm");
        assert!(!told[0].key.values().any(|value| value.contains("0123456789abcdef")), "a whole key: {:?}", told[0].key);
        if table == Table::ThemeWeeks {
            let monday = epoch_day("2025-09-08".parse().unwrap());
            assert!(report.differing_spans.contains(&(id("elm"), monday, monday + 6)), "the week's dates are in doubt");
            continue;
        }
        // The date is left out of the agreement, and every other one is in it.
        let snapshot = estates.lake.snapshot().unwrap();
        let (agreement, differing) = Agreement::between(&snapshot, &report.stored, &report.recomputed);
        let day = |slices: &mut dyn Iterator<Item = &Slice>| slices.map(|slice| slice.date).collect::<Vec<_>>();
        let (tuesday, thursday) = (epoch_day("2025-09-09".parse().unwrap()), epoch_day("2025-09-11".parse().unwrap()));
        assert_eq!((day(&mut differing.iter()), day(&mut agreement.slices())), (vec![tuesday], vec![thursday]));
    }
}

#[test]
fn silence_in_lessons_is_found_by_both() {
    // Twenty-five rows each morning at ten for four weeks of Autumn 1 (24 school days, one an INSET day), but none on three of them.
    let mut events = Vec::new();
    for day in 8..=30 {
        for second in 0..25 {
            let hour = if matches!(day, 18 | 25 | 26) { 11 } else { 9 };
            events.push(plain(&format!("2025-09-{day:02}T{hour:02}:00:{second:02}Z")));
        }
    }
    let estates = Estates::of(&events, "2025-12-20");
    let report = estates.verified(Indicator::all().unwrap());
    assert_eq!(report.differences, []);
    let snapshot = estates.lake.snapshot().unwrap();
    let engine = Engine::open(&snapshot, &estates.estate, &estates.options()).unwrap();
    let silent = Indicator::find("silent_hours").unwrap();
    let figures = estates.runtime.block_on(run_all(&engine, std::slice::from_ref(silent), "elm", &["2025-26"])).unwrap();
    assert!(figures.iter().any(|figure| figure.numerator.is_some_and(|silent| silent > 0.0)), "{figures:?}");
}
