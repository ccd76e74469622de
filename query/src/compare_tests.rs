//! The comparison: who is placed, who is not and why, and where.

use super::*;
use crate::fixture::{EVENT, TestLake};

fn school(at: usize, phase: &str) -> SchoolFacts {
    SchoolFacts {
        school_id: format!("school-{at:02}"),
        name: format!("School {at:02}"),
        phase: phase.into(),
        nation: "england".into(),
        urn: None,
        governing_body: None,
        trust: Some("Weald Trust".into()),
        authority: None,
        pupils: Some(300),
    }
}

fn member(at: usize, phase: &str, can_compare: bool) -> Member {
    Member {
        school: school(at, phase),
        school_days: 35,
        days_with_logs: if can_compare { 35 } else { 20 },
        identified_percent: Shown::Value(90.0),
        can_compare,
    }
}

fn cell(at: usize, period: u32, number: Option<(f64, f64)>) -> PublishedCell {
    PublishedCell {
        key: crate::published::Key {
            audience: "governor".into(),
            grain: "school".into(),
            school_id: format!("school-{at:02}"),
            group: None,
            year: "2025-26".into(),
            period,
            indicator: "theme_rate".into(),
            dimension: Some("gambling".into()),
        },
        end: jiff::civil::date(2025, 10, 24),
        label: "Autumn 1".into(),
        version: 1,
        mark: if number.is_some() { crate::publish::block::Mark::Shown } else { crate::publish::block::Mark::Hidden },
        value: number.map(|(numerator, denominator)| 100.0 * numerator / denominator),
        numerator: number.map(|number| number.0),
        denominator: number.map(|number| number.1),
        threshold: 5,
        revision: 1,
        change: None,
        inputs: String::new(),
        lake_version: 1,
    }
}

fn group() -> GroupRef {
    GroupRef { kind: "trust", name: "Weald Trust".into(), slug: "weald-trust".into(), schools: 12, members: Vec::new() }
}

/// The twelve schools of the worked funnel: pupils and counts over 35 days.
const TWELVE: [(f64, f64); 12] = [
    (412.0, 37.0),
    (380.0, 21.0),
    (205.0, 14.0),
    (610.0, 66.0),
    (180.0, 8.0),
    (455.0, 30.0),
    (520.0, 52.0),
    (340.0, 15.0),
    (590.0, 71.0),
    (150.0, 11.0),
    (700.0, 38.0),
    (298.0, 20.0),
];

fn one(members: &[Member], cells: &[PublishedCell]) -> GroupFigure {
    let all: Vec<&PublishedCell> = cells.iter().collect();
    figure(Indicator::find("theme_rate").unwrap(), Some("gambling"), &all, &group(), members, Some(1)).unwrap()
}

#[test]
fn the_worked_funnel() {
    let members: Vec<Member> = (0..12).map(|at| member(at, "primary", true)).collect();
    let cells: Vec<PublishedCell> =
        TWELVE.iter().enumerate().map(|(at, (pupils, count))| cell(at, 1, Some((*count, pupils * 35.0)))).collect();
    let found = one(&members, &cells);
    assert!((found.tau2 - 0.018_196).abs() < 0.000_001);
    let places = found.funnel.unwrap();
    assert!((places[8].adjusted_z - 1.5194).abs() < 0.000_05 && (places[8].limits998.1 - 2.1734).abs() < 0.000_05);
    // With the differences between schools allowed for, nobody is outside.
    assert!(found.places.iter().all(|place| *place == Place::Inside));
}

#[test]
fn outside_is_named_by_how_far() {
    let limits = Placed { member: 0, expected: 30.0, ratio: 1.0, adjusted_z: 0.0, limits95: (0.6, 1.5), limits998: (0.4, 2.0) };
    for (ratio, wanted) in [
        (0.3, Place::FarBelow),
        (0.5, Place::Below),
        (0.6, Place::Inside),
        (1.5, Place::Inside),
        (1.6, Place::Above),
        (2.1, Place::FarAbove),
    ] {
        assert_eq!(standing(&Placed { ratio, ..limits.clone() }), wanted, "{ratio}");
    }
}

#[test]
fn who_is_not_placed_and_why() {
    let mut members: Vec<Member> = (0..12).map(|at| member(at, "primary", at != 3)).collect();
    members[5].school.phase = "special".into();
    let cells: Vec<PublishedCell> = (0..12).map(|at| cell(at, 1, (at != 7).then_some((20.0 + at as f64, 10_000.0)))).collect();
    let found = one(&members, &cells);
    assert_eq!((found.places[3], found.places[5], found.places[7]), (Place::Coverage, Place::Alone, Place::TooFew));
    // Nine are left: no funnel, and nobody is outside anything.
    assert!(found.funnel.is_none());
    assert!((0..12).filter(|at| ![3, 5, 7].contains(at)).all(|at| found.places[at] == Place::Inside));
    assert_eq!(found.series[7], [("Autumn 1".to_string(), Shown::Hidden)]);
}

#[test]
fn a_funnel_is_made_from_what_is_shown() {
    // A hidden school of whatever size changes no expectation: nothing about it can be told from the others' places.
    let members: Vec<Member> = (0..12).map(|at| member(at, "primary", true)).collect();
    let mut cells: Vec<PublishedCell> = (0..11).map(|at| cell(at, 1, Some((20.0 + at as f64, 10_000.0)))).collect();
    cells.push(cell(11, 1, None));
    let with = one(&members, &cells);
    let without = one(&members[..11], &cells[..11]);
    assert_eq!(with.funnel, without.funnel);
    let total: f64 = with.funnel.unwrap().iter().map(|placed| placed.expected).sum();
    // What is expected adds up to what is seen: 20 + 21 + ... + 30.
    assert!((total - 275.0).abs() < 1e-9, "{total}");
}

#[test]
fn addresses_of_groups() {
    for (name, wanted) in [
        ("Tideway Learning Trust", "tideway-learning-trust"),
        ("Corff Ll\u{f4}n", "corff-ll\u{f4}n"),
        ("!!", "group"),
        ("All", "group"),
    ] {
        assert_eq!(slug(name), wanted);
    }
    let both = [("trust", 2), ("authority", 3)].map(|(kind, schools)| Group {
        kind,
        name: "Weald".into(),
        members: (0..schools).collect(),
    });
    let slugs: Vec<String> = refs(&both, &[]).into_iter().map(|group| group.slug).collect();
    assert_eq!(slugs, ["weald", "weald-authority"]);
}

#[tokio::test]
async fn an_estate_without_published_figures_shows_coverage() {
    let lake = TestLake::new();
    lake.ingest(&[EVENT]);
    lake.roll_up("2025-09-12").await;
    let engine = lake.engine("2025-09-12");
    assert_eq!(compare(&engine, "no-such", "2025-26").await.unwrap(), None);
    let found = compare(&engine, "all", "2025-26").await.unwrap().unwrap();
    assert_eq!((found.period, found.figures.len(), found.members.len()), (None, 0, 2));
    // Oak has no logs at all, elm one day of four since its first.
    assert_eq!(found.members.iter().map(|member| member.can_compare).collect::<Vec<_>>(), [false, false]);
    assert_eq!((found.members[1].school.school_id.as_str(), found.members[1].days_with_logs), ("elm", 1));
}
