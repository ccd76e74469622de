//! What governors may see of a figure, from rows made by hand.

use std::collections::BTreeMap;

use jiff::civil::date;

use crate::cards::{Deck, Seen};
use crate::frame::{By, Grain};
use crate::indicator::{FigureRow, Indicator};
use crate::page::{Figure, Period};
use crate::publish::block::Mark;
use crate::published::{Key, PublishedCell};
use crate::state::{Reason, Shown, State};
use crate::suppression::Audience;

fn period(number: u32, past_days: u32) -> Period {
    let month = 8 + number as i8;
    Period {
        number,
        label: format!("Autumn {number}"),
        start: date(2025, month, 1),
        end: date(2025, month, 28),
        school_days: 20,
        past_days,
        days_with_logs: past_days,
        is_partial: past_days < 20,
    }
}

fn row(id: &str, period_no: u32, numerator: f64, denominator: f64, value: f64, people: Option<u64>) -> FigureRow {
    let indicator = Indicator::find(id).unwrap();
    FigureRow {
        indicator: id.into(),
        version: indicator.version,
        school_id: "elm".into(),
        academic_year: "2025-26".into(),
        period_no,
        label: format!("Autumn {period_no}"),
        week: None,
        start: date(2025, 9, 1),
        end: date(2025, 9, 28),
        school_days: 20,
        past_days: 20,
        counted_days: 20,
        logged_days: 20,
        pupils: Some(200),
        dimension: None,
        part: None,
        numerator: Some(numerator),
        denominator: Some(denominator),
        value: Some(value),
        coverage: Some(1.0),
        comparable: None,
        people,
        most_active: people.map(|_| 1.0),
        dispersion: Some(1.0),
    }
}

fn card(row: &FigureRow, before: &[FigureRow], past_days: u32) -> Figure {
    card_beside(row, before, past_days, &BTreeMap::new())
}

/// As [`card`], where governors have seen some published cells.
fn card_beside(row: &FigureRow, before: &[FigureRow], past_days: u32, published: &BTreeMap<Key, PublishedCell>) -> Figure {
    card_for(Audience::Governor, row, before, past_days, published)
}

/// As [`card_beside`], for a reader.
fn card_for(
    audience: Audience,
    row: &FigureRow,
    before: &[FigureRow],
    past_days: u32,
    published: &BTreeMap<Key, PublishedCell>,
) -> Figure {
    let periods = [period(1, past_days)];
    let then = Seen { start: date(2024, 9, 1), requests: 100.0, identified: 90.0, logs_allowed: true, ..Seen::default() };
    let seen = BTreeMap::from([
        (("2025-26".to_string(), 1), Seen { start: date(2025, 9, 1), ..then.clone() }),
        (("2024-25".to_string(), 1), then),
    ]);
    let deck = Deck {
        periods: &periods,
        current: 0,
        year: "2025-26",
        last_year: "2024-25",
        seen: &seen,
        pupils: Some(200),
        audience,
        published,
    };
    deck.cards(Indicator::find(&row.indicator).unwrap(), std::slice::from_ref(row), before).remove(0)
}

#[test]
fn a_share_that_counts_people_hides_both_its_sides() {
    for (numerator, denominator, people, wanted) in [
        // 10 of 40 times, 6 pupils: shown. 4 pupils: hidden.
        (10.0, 40.0, 6, Shown::Value(25.0)),
        (10.0, 40.0, 4, Shown::Hidden),
        // 38 of 40 leaves 2 times, which are at most 2 pupils; all of 40 leaves none, which must not be told either.
        (38.0, 40.0, 20, Shown::Hidden),
        (40.0, 40.0, 20, Shown::Hidden),
        (35.0, 40.0, 20, Shown::Value(87.5)),
    ] {
        let row = row("out_of_hours", 1, numerator, denominator, 100.0 * numerator / denominator, Some(people));
        let card = card(&row, &[], 20);
        assert_eq!(card.value, wanted, "{numerator} of {denominator}, {people} people");
        assert_eq!(card.series[0].numerator.value().is_some(), matches!(wanted, Shown::Value(_)));
    }
}

/// A cell that was published, with 20 for every number of it.
fn published_cell(audience: Audience, year: &str, mark: Mark, dimension: Option<&str>) -> (Key, PublishedCell) {
    let key = Key {
        audience: audience.name().into(),
        grain: "school".into(),
        school_id: "elm".into(),
        group: None,
        year: year.into(),
        period: 1,
        indicator: "theme_rate".into(),
        dimension: dimension.map(Into::into),
    };
    let number = (mark == Mark::Shown).then_some(20.0);
    let cell = PublishedCell {
        key: key.clone(),
        end: date(2025, 9, 28),
        label: "Autumn 1".into(),
        version: 1,
        mark,
        value: number,
        numerator: number,
        denominator: number,
        threshold: 5,
        revision: 1,
        change: None,
        inputs: String::new(),
        lake_version: 1,
    };
    (key, cell)
}

#[test]
fn each_reader_sees_what_is_theirs() {
    // 4 pupils: a mark for governors, the number for the safeguarding lead, and nothing that was not published for everyone.
    let few = row("theme_rate", 1, 4.0, 1000.0, 0.4, Some(4));
    let of = |audience: Audience, published: &BTreeMap<Key, PublishedCell>| card_for(audience, &few, &[], 20, published);
    let none = BTreeMap::new();
    assert_eq!(of(Audience::Governor, &none).value, Shown::Hidden);
    assert_eq!(of(Audience::Dsl, &none).value, Shown::Value(0.4));
    assert_eq!(of(Audience::Dsl, &none).series[0].numerator, Shown::Value(4.0));
    let public = of(Audience::Public, &none);
    assert_eq!((public.value, public.series[0].numerator), (Shown::NotAvailable, Shown::NotAvailable));
    // What was hidden from governors for good has its number for the lead, and what the public sees is the public's own cell.
    let cell = |audience: Audience, mark: Mark| published_cell(audience, "2025-26", mark, None);
    let both = BTreeMap::from([cell(Audience::Governor, Mark::Hidden), cell(Audience::Public, Mark::Hidden)]);
    assert_eq!(of(Audience::Governor, &both).value, Shown::Hidden);
    assert_eq!(of(Audience::Dsl, &both).value, Shown::Value(0.4));
    assert_eq!(of(Audience::Public, &both).value, Shown::Hidden);
    let shown = BTreeMap::from([cell(Audience::Public, Mark::Shown)]);
    let public = of(Audience::Public, &shown);
    assert_eq!(
        (public.value, public.comparison.with, public.state),
        (Shown::Value(20.0), None, State::CantSay(Reason::NotCompared))
    );
}

#[test]
fn one_to_four_requests_are_people() {
    for (id, requests, wanted) in [
        ("overrides", 0.0, Shown::Value(0.0)),
        ("overrides", 1.0, Shown::Hidden),
        ("overrides", 4.0, Shown::Hidden),
        ("overrides", 5.0, Shown::Value(5.0)),
        ("illegal_allowed", 3.0, Shown::Hidden),
        // Tools and changes of settings are no people.
        ("ai_first_seen", 1.0, Shown::Value(1.0)),
        ("unapproved_changes", 1.0, Shown::Value(1.0)),
    ] {
        assert_eq!(card(&row(id, 1, requests, 100.0, requests, None), &[], 20).value, wanted, "{id}: {requests}");
    }
    for id in ["repeat_attempts", "high_risk_searches", "ai_use_rate"] {
        assert_eq!(card(&row(id, 1, 4.0, 200.0, 2.0, Some(4)), &[], 20).value, Shown::Hidden, "{id}");
        assert_eq!(card(&row(id, 1, 5.0, 200.0, 2.5, Some(5)), &[], 20).value, Shown::Value(2.5), "{id}");
    }
}

#[test]
fn what_grows_with_the_half_term_is_not_compared_before_its_end() {
    let now = row("repeat_attempts", 1, 60.0, 200.0, 30.0, Some(60));
    let before = [FigureRow { academic_year: "2024-25".into(), ..row("repeat_attempts", 1, 20.0, 200.0, 10.0, Some(20)) }];
    assert_eq!(card(&now, &before, 20).state, State::Higher);
    let part = card(&now, &before, 12);
    assert_eq!((part.state, part.usual), (State::CantSay(Reason::PartPeriod), None));
}

#[test]
fn a_count_stands_beside_the_count_of_last_year() {
    // 30 tools on 20 days against 10 on 40 days: 1.5 a day against 0.25, six times as many.
    let before = [FigureRow { academic_year: "2024-25".into(), ..row("ai_first_seen", 1, 10.0, 40.0, 10.0, None) }];
    let card = card(&row("ai_first_seen", 1, 30.0, 20.0, 30.0, None), &before, 20);
    assert_eq!((card.value, card.comparison.value), (Shown::Value(30.0), Shown::Value(10.0)));
    assert_eq!(card.state, State::Higher);
    assert!((card.comparison.ratio.unwrap().ratio - 6.0).abs() < 1e-9);
}

#[test]
fn a_time_is_compared_with_nothing() {
    let before = [FigureRow { academic_year: "2024-25".into(), ..row("alert_delay", 1, 1.0, 2.0, 60.0, None) }];
    let now = FigureRow {
        dimension: Some("elm-filter".into()),
        part: Some("19 in 20".into()),
        ..row("alert_delay", 1, 1.0, 2.0, 90.0, None)
    };
    let card = card(&now, &before, 20);
    assert_eq!(card.state, State::CantSay(Reason::NotCompared));
    assert_eq!((card.comparison.with, card.comparison.value), (None, Shown::NotAvailable));
    assert_eq!(card.id, "alert_delay:elm-filter:19_in_20");
}

#[test]
fn some_themes_are_told_of_whole_schools_and_half_terms_only() {
    let may = |id: &str, theme: Option<&str>, grain, by| Indicator::find(id).unwrap().is_for_governors(theme, grain, by);
    let (whole, week) = (Grain::HalfTerm, Grain::Week);
    assert!(may("theme_rate", Some("suicide"), whole, None));
    for theme in [
        "self_harm",
        "suicide",
        "eating_disorder",
        "abuse_home",
        "grooming",
        "exploitation",
        "extremism",
        "nudes_sextortion",
        "sexual_content",
    ] {
        assert!(!may("theme_rate", Some(theme), week, None), "{theme} by week");
        assert!(!may("theme_rate", Some(theme), whole, Some(By::YearGroup)), "{theme} by year group");
    }
    assert!(may("theme_rate", Some("gambling"), week, None));
    // Serious searches are mostly of those themes.
    assert!(may("high_risk_searches", None, whole, None) && !may("high_risk_searches", None, week, None));
    assert!(may("blocked_share", None, week, Some(By::Profile)));
    assert!(!may("help_seeking", None, whole, None), "for the safeguarding lead alone");
}

fn near(found: Option<(f64, f64)>, wanted: (f64, f64)) -> bool {
    found.is_some_and(|found| (found.0 - wanted.0).abs() < 5e-5 && (found.1 - wanted.1).abs() < 5e-5)
}

/// 37 pupil-weeks on 12772 against 22 on 13365: 21.0239 were to be expected.
fn change(people: u64) -> FigureRow {
    let expected = 22.0 * 12772.0 / 13365.0;
    let change = row("theme_change", 1, 37.0, expected, 37.0 / expected, Some(people));
    FigureRow { dimension: Some("gambling".into()), comparable: Some(22.0), ..change }
}

#[test]
fn a_change_has_the_exact_interval_of_the_ratio() {
    let found = card(&change(9), &[], 20);
    assert_eq!((found.title.as_str(), found.id.as_str()), ("Gambling: change on last year", "theme_change:gambling"));
    assert!((found.value.value().unwrap() - 1.7599).abs() < 5e-5);
    assert!(near(found.interval, (1.0113, 3.1319)), "{:?}", found.interval);
    assert_eq!(found.state, State::CantSay(Reason::NotCompared));
    // Fewer than five people on either side.
    let few = card(&change(4), &[], 20);
    assert_eq!((few.value, few.interval, few.state), (Shown::Hidden, None, State::CantSay(Reason::TooFew)));
}

#[test]
fn a_change_of_a_hidden_rate_is_hidden_and_of_two_shown_ones_is_not() {
    for (now, then, people, is_shown) in [
        (Some(Mark::Shown), Some(Mark::Shown), 1, true),
        (Some(Mark::Hidden), Some(Mark::Shown), 9, false),
        (Some(Mark::Shown), Some(Mark::Hidden), 9, false),
        (None, Some(Mark::Hidden), 9, false),
        (None, Some(Mark::Shown), 9, true),
        (None, Some(Mark::Shown), 4, false),
    ] {
        let cells = [
            now.map(|mark| published_cell(Audience::Governor, "2025-26", mark, Some("gambling"))),
            then.map(|mark| published_cell(Audience::Governor, "2024-25", mark, Some("gambling"))),
        ];
        let published: BTreeMap<_, _> = cells.into_iter().flatten().collect();
        let found = card_beside(&change(people), &[], 20, &published);
        assert_eq!(found.value != Shown::Hidden, is_shown, "{now:?} {then:?} {people}");
    }
}

#[test]
fn what_people_recorded_says_so_and_is_compared_with_nothing() {
    let alarms = row("false_positive_share", 1, 3.0, 24.0, 12.5, Some(5));
    let before = [FigureRow { academic_year: "2024-25".into(), ..row("false_positive_share", 1, 20.0, 24.0, 83.3, Some(9)) }];
    let found = card(&alarms, &before, 20);
    assert_eq!((found.provenance.kind, found.state), ("self-reported", State::CantSay(Reason::NotCompared)));
    // Wilson's interval of 3 in 24.
    assert!(near(found.interval, (4.3443, 31.0039)), "{:?}", found.interval);
    assert_eq!(card(&row("blocked_share", 1, 3.0, 24.0, 12.5, None), &[], 20).provenance.kind, "measured");
    let response = FigureRow {
        dimension: Some("all_hours".into()),
        part: Some("half".into()),
        ..row("alert_response", 1, 5.0, 6.0, 17.0, Some(5))
    };
    assert_eq!(card(&response, &[], 20).title, "Response to alerts: all hours, half");
}
