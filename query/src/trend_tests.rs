//! Series over a small lake: sums of what may be seen, gaps as gaps, weeks for the safeguarding lead alone.

use jiff::ToSpan;

use super::*;
use crate::fixture::{EVENT, Event, TestLake, day};
use crate::page::{School, school_year};

const ALARM: Event = Event { category: Some("weapons"), theme: Some("violence_weapons"), action: Some("blocked"), ..EVENT };

/// An ordinary page on every weekday, and on Mondays as many pupils on weapons pages as the list says, week by week.
fn weeks_of(from: &str, mondays: &[usize]) -> Vec<Event> {
    let mut events = Vec::new();
    for (week, pupils) in mondays.iter().enumerate() {
        for weekday in 0..5 {
            let date = day(from) + (week as i32 * 7 + weekday).days();
            let noon: &'static str = format!("{date}T11:00:00Z").leak();
            events.push(Event { at: noon, ..EVENT });
            for pupil in (0..*pupils).filter(|_| weekday == 0) {
                events.push(Event { at: noon, user: Some(format!("k1-pupil-{week}-{pupil}").leak()), ..ALARM });
            }
        }
    }
    events
}

async fn lake_of(events: &[Event], today: &str) -> TestLake {
    let lake = TestLake::new();
    lake.ingest(events);
    lake.roll_up(today).await;
    lake
}

#[tokio::test]
async fn half_terms_add_up_to_a_term_and_a_year() {
    let mut events = weeks_of("2024-09-09", &[4, 4, 4, 4, 4]);
    events.extend(weeks_of("2024-11-04", &[5, 5, 5, 5, 5, 5]));
    events.extend(weeks_of("2025-09-08", &[8, 8, 8, 8, 8]));
    events.extend(weeks_of("2025-11-03", &[10, 10, 10, 10, 10, 10]));
    let lake = lake_of(&events, "2025-12-20").await;
    let now = school_year(&School::new(&lake.engine("2025-12-20"), "elm"), "2025-26").await.unwrap();
    let then = school_year(&School::new(&lake.engine("2025-12-20"), "elm"), "2024-25").await.unwrap();
    let of =
        |page: &crate::page::SchoolYear| page.figures.iter().find(|it| it.id == "theme_rate:violence_weapons").unwrap().clone();
    let (figure, before) = (of(&now), of(&then));
    let by = |grain| series(&figure, &now.periods, &now.year, Some((&before, &then.periods)), grain);
    let halves = by(Grain::HalfTerm);
    assert_eq!(halves.iter().map(|point| point.label.as_str()).collect::<Vec<_>>(), ["Autumn 1", "Autumn 2"]);
    // 8 and 10 pupils a week of 200: 4 and 5 in every 100; last year 2 and 2.5.
    assert_eq!(halves.iter().map(|point| point.value).collect::<Vec<_>>(), [Shown::Value(4.0), Shown::Value(5.0)]);
    assert_eq!(halves.iter().map(|point| point.last_year).collect::<Vec<_>>(), [Shown::Value(2.0), Shown::Value(2.5)]);
    let term = by(Grain::Term);
    assert_eq!(term.len(), 1);
    // 40 + 60 on 200 x 11 weeks.
    assert_eq!((term[0].label.as_str(), term[0].numerator), ("Autumn", Shown::Value(100.0)));
    assert!((term[0].value.value().unwrap() - 100.0 / 22.0).abs() < 1e-9);
    // 100 against 50 on equal exposure: the ratio is 2, and its exact interval leaves 1 out.
    let ratio = term[0].ratio.unwrap();
    assert!((ratio.ratio - 2.0).abs() < 1e-9 && ratio.lower > 1.0 && ratio.upper.unwrap() < 3.5, "{ratio:?}");
    let (low, high) = term[0].interval.unwrap();
    assert!(low < 100.0 / 22.0 && 100.0 / 22.0 < high);
    assert_eq!(by(Grain::Year)[0].numerator, Shown::Value(100.0));
    assert!(!term[0].is_partial && !term[0].is_gap && !term[0].is_final);
}

#[tokio::test]
async fn a_hidden_half_term_hides_its_term_and_a_gap_is_no_zero() {
    let mut events = weeks_of("2025-09-08", &[8, 8, 8, 8, 8]);
    events.extend(weeks_of("2025-11-03", &[0, 3, 0, 0, 0, 0]));
    let lake = lake_of(&events, "2025-12-20").await;
    let page = school_year(&School::new(&lake.engine("2025-12-20"), "elm"), "2025-26").await.unwrap();
    let figure = page.figures.iter().find(|it| it.id == "theme_rate:violence_weapons").unwrap();
    let term = series(figure, &page.periods, &page.year, None, Grain::Term);
    assert_eq!((term[0].value, term[0].numerator, term[0].interval), (Shown::Hidden, Shown::Hidden, None));
    // Without any log of Autumn 2 the term is its first half alone, and says so.
    let lake = lake_of(&weeks_of("2025-09-08", &[8, 8, 8, 8, 8]), "2025-12-20").await;
    let page = school_year(&School::new(&lake.engine("2025-12-20"), "elm"), "2025-26").await.unwrap();
    let figure = page.figures.iter().find(|it| it.id == "theme_rate:violence_weapons").unwrap();
    let halves = series(figure, &page.periods, &page.year, None, Grain::HalfTerm);
    assert_eq!((halves[1].value, halves[1].is_gap, halves[1].last_year), (Shown::NotAvailable, true, Shown::NotAvailable));
    let term = series(figure, &page.periods, &page.year, None, Grain::Term);
    assert_eq!((term[0].value, term[0].is_partial), (Shown::Value(4.0), true));
}

#[tokio::test]
async fn weeks_are_for_the_safeguarding_lead() {
    let mut events = weeks_of("2024-09-09", &[4, 4, 4, 4, 4]);
    events.extend(weeks_of("2025-09-08", &[4, 5, 12, 12, 4]));
    // The second week's logs of this year are lost.
    events.retain(|event| !(event.at >= "2025-09-15" && event.at < "2025-09-20"));
    let lake = lake_of(&events, "2025-12-20").await;
    let engine = lake.engine("2025-12-20");
    let theme = Some("violence_weapons");
    for audience in [Audience::Governor, Audience::Public] {
        assert!(weeks(&engine, "elm", "2025-26", "theme_rate", theme, audience).await.is_err());
    }
    let found = weeks(&engine, "elm", "2025-26", "theme_rate", theme, Audience::Dsl).await.unwrap();
    // 4 expected a week: half as many again are looked for, and the limit is 7 pupils' weight.
    assert_eq!((found.looks_for, found.days_between.clone()), (1.5, None));
    assert!((found.limit - 7.0 * 1.5f64.ln()).abs() < 1e-12);
    let autumn: Vec<&Week> = found.weeks.iter().take(5).collect();
    assert_eq!(autumn[0].point.label, "2025-09-08");
    // A lost week is a gap: no value, no sum; the sum goes on after it.
    assert!(autumn[1].point.is_gap && autumn[1].sum.is_none() && autumn[1].point.value == Shown::NotAvailable);
    // max(0, 4 ln 1.5 - 2) = 0 (below), then 12 ln 1.5 - 2 = 2.8656, 5.7311, and 4 ln 1.5 - 2 = -0.3781 less.
    let sums: Vec<f64> = autumn.iter().filter_map(|week| week.sum).collect();
    for (found, wanted) in sums.iter().zip([0.0, 2.8656, 5.7311, 5.3530]) {
        assert!((found - wanted).abs() < 0.000_1, "{sums:?}");
    }
    assert_eq!(autumn.iter().map(|week| week.is_signal).collect::<Vec<_>>(), [false, false, true, true, true]);
    assert_eq!(autumn[2].point.last_year, Shown::Value(2.0));
    // Autumn 2 of last year has no logs: nothing is expected, nothing signals.
    assert!(found.weeks[5..].iter().all(|week| week.expected.is_none() && !week.is_signal));
}

#[tokio::test]
async fn what_is_rare_is_told_by_the_days_between() {
    let mut events = weeks_of("2024-09-09", &[1, 0, 0, 0, 0]);
    events.extend(weeks_of("2025-09-08", &[1, 0, 1, 1, 0]));
    let lake = lake_of(&events, "2025-12-20").await;
    let engine = lake.engine("2025-12-20");
    let found = weeks(&engine, "elm", "2025-26", "theme_rate", Some("violence_weapons"), Audience::Dsl).await.unwrap();
    // Mondays of the first, third and fourth week: ten school days, then five.
    assert_eq!(found.days_between, Some(vec![(day("2025-09-22"), 10), (day("2025-09-29"), 5)]));
    assert!(found.weeks.iter().all(|week| week.sum.is_none() && !week.is_signal));
}
