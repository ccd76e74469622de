//! Any estate: what two engines must agree on is drawn at random.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use weir_lake::lake::Slice;
use weir_query::indicator::Indicator;

use super::world::{Estates, Event};

fn events() -> impl Strategy<Value = Vec<Event>> {
    let when = (0..24_i64, 0..14_i64, 0..4_i64, 0..40_i64);
    let whose = prop_oneof![
        4 => Just(("elm", "elm-filter")),
        2 => Just(("elm", "elm-wall")),
        1 => Just(("elm", "elm-blocks")),
        2 => Just(("oak", "oak-dns")),
    ];
    let kind = prop_oneof![6 => Just("web"), 3 => Just("dns"), 1 => Just("app"), 1 => Just("concern"), 1 => Just("flow")];
    let action = prop::sample::select(vec![Some("allowed"), Some("blocked"), Some("warned"), Some("overridden"), None]);
    let who = prop::sample::select(vec![
        (Some("k1-a"), "pupil", Some("7")),
        (Some("k1-b"), "pupil", None),
        (Some("k1-a"), "pupil", Some("8")),
        (Some("k1-c"), "staff", None),
        (Some("k1-d"), "shared", None),
        (Some("k1-e"), "guest", None),
        (None, "unknown", None),
        (Some("k1-f"), "device", None),
    ]);
    let profile = prop::sample::select(vec![None, Some("pupils"), Some("sixth form")]);
    let category = prop::sample::select(vec![
        None,
        Some("education"),
        Some("gambling"),
        Some("circumvention"),
        Some("remote_access"),
        Some("ai_assistant"),
        Some("uncategorised"),
    ]);
    let themes = prop::sample::select(vec![
        (None, vec![]),
        (Some("gambling"), vec![]),
        (Some("circumvention"), vec!["gambling"]),
        (Some("self_harm"), vec!["suicide", "gambling"]),
        (Some("help_seeking"), vec![]),
    ]);
    let search = prop_oneof![
        2 => Just(None),
        3 => (
            prop::sample::select(vec!["larksearch", "finch"]),
            prop::sample::select(vec!["bet", "bet on", "bet on it", "dice", "help"]),
        ).prop_map(Some),
    ];
    let concern = prop::sample::select(vec![None, Some(("bet-1", 3)), Some(("bet-2", 1)), Some(("gone", 2))]);
    let domain = prop::sample::select(vec![None, Some("fern.example"), Some("moss.example")]);
    let rest = (any::<bool>(), prop::bool::weighted(0.2), any::<Option<bool>>(), prop::option::of(0..5000_i64), domain);
    let is_last_year = prop::bool::weighted(0.3);
    let event = (when, whose, kind, action, who, (profile, category, themes), search, concern, (rest, is_last_year)).prop_map(
        |(
            (day, hour, minute, second),
            whose,
            kind,
            action,
            who,
            (profile, category, themes),
            search,
            concern,
            (rest, is_last_year),
        )| {
            let (help, furniture, tls_inspected, bytes, domain) = rest;
            // From the first Sunday on, over the turn of the clocks (26 October) into the next half-term by days 20 apart.
            let start: Timestamp = "2025-09-07T06:00:00Z".parse().unwrap();
            let days = if day < 12 { day } else { 46 + day };
            // The same weekday of the same school week a year before.
            let days = if is_last_year { days - 364 } else { days };
            let at = start + jiff::SignedDuration::from_secs(days * 86_400 + hour * 3600 + minute * 300 + second);
            Event {
                at,
                school: whose.0,
                source: whose.1,
                kind,
                action,
                user: who.0,
                user_type: who.1,
                year_group: who.2,
                profile,
                category,
                theme: themes.0,
                other_themes: themes.1,
                help,
                search,
                // An entry is what gives a search its theme.
                concern: concern.filter(|_| search.is_some() && themes.0.is_some()),
                furniture,
                scheme: if furniture { None } else { Some("https") },
                tls_inspected,
                bytes,
                domain,
            }
        },
    );
    prop::collection::vec(event, 1..120)
}

/// Few and always the same as a rule, many and new ones each time in the long form.
fn cases() -> ProptestConfig {
    let (cases, rng_seed) = if weir_tests::is_long() { (500, RngSeed::Random) } else { (6, RngSeed::Fixed(2026)) };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn on_any_estate(events in events(), today in prop::sample::select(vec!["2025-09-12", "2025-11-06", "2025-12-20"])) {
        let report = Estates::of(&events, today).verified(Indicator::all().unwrap());
        prop_assert_eq!(&report.differences, &[]);
        let slices: BTreeSet<&Slice> = report.stored.keys().collect();
        prop_assert_eq!(slices.len(), report.recomputed.len());
        prop_assert!(report.checked["activity_hourly"].cells > 0 || events.iter().all(|event| event.kind == "flow"));
    }
}
