//! The invented figures: one for each state a card can have.

use weir_query::indicator::{Group, Indicator};

use super::{Kind, THIS};
use crate::view::{Answer, Coverage, Figure, Longer, Method, Point, SchoolYear, Shown, State, Tone, Unit};

struct Draft {
    id: &'static str,
    title: &'static str,
    question: &'static str,
    state: State,
    reason: Option<&'static str>,
    unit: fn() -> Unit,
    this: [f64; 6],
    last: [f64; 6],
    usual: Option<(f64, f64)>,
    ratio: Option<&'static str>,
    meaning: &'static str,
    ask: &'static str,
    limits: &'static [&'static str],
}

/// Stands for `[c]` in a draft.
const HIDDEN: f64 = -1.0;
/// Stands for `[x]` in a draft.
const ABSENT: f64 = -2.0;

fn weekly() -> Unit {
    Unit { decimals: 1, sign: "", words: "in every 100 pupils, in a school week".into(), per_hundred_pupils: true }
}

fn share(words: &str) -> Unit {
    Unit { decimals: 1, sign: "%", words: words.into(), per_hundred_pupils: false }
}

fn drafts() -> [Draft; 9] {
    [
        Draft {
            id: "filter_failures",
            title: "Let through, policy says block",
            question: "Was anything let through that policy says to block?",
            state: State::Higher,
            reason: None,
            unit: || Unit { decimals: 0, sign: "", words: "requests, to 1 site".into(), per_hundred_pupils: false },
            this: [0.0, 0.0, 0.0, 14.0, 0.0, 0.0],
            last: [0.0, 6.0, 0.0, 0.0, 0.0, 0.0],
            usual: None,
            ratio: None,
            meaning: "The filter calls the site a games site. Policy blocks gambling, so it should have been stopped.",
            ask: "who changes the filter, and by when?",
            limits: &["Compared with the policy of 4 September 2025."],
        },
        Draft {
            id: "theme_rate:violence_weapons",
            title: "Violence and weapons",
            question: "How many pupils reach for violence and weapons?",
            state: State::Higher,
            reason: None,
            unit: weekly,
            this: [1.4, 1.5, 1.3, 3.1, 0.0, 0.0],
            last: [1.1, 1.6, 1.0, 1.2, 1.5, 1.3],
            usual: Some((0.9, 2.0)),
            ratio: Some("2.6 times as many, 1.4 to 4.9 (99% interval)"),
            meaning: "More pupils than usual searched for this, or were stopped from a page about it.",
            ask: "what did the safeguarding lead find out?",
            limits: &[],
        },
        Draft {
            id: "search_visible_share",
            title: "Searches we can read",
            question: "How many searches can be read at all?",
            state: State::CantSay,
            reason: Some("what we can see changed on 4 February 2026"),
            unit: || share("of searches could be read"),
            this: [80.2, 81.0, 66.4, 58.1, 0.0, 0.0],
            last: [82.0, 81.1, 80.7, 81.3, 80.9, 81.4],
            usual: None,
            ratio: None,
            meaning: "Fewer searches can be read since tablets stopped being decrypted. A comparison with last year would mislead.",
            ask: "was this meant, and what is missed?",
            limits: &["Decryption changed on 4 February 2026: figures before and after are not alike."],
        },
        Draft {
            id: "theme_rate:self_harm",
            title: "Self-harm",
            question: "How many pupils reach for self-harm?",
            state: State::CantSay,
            reason: Some("fewer than 5, perhaps none"),
            unit: weekly,
            this: [HIDDEN; 6],
            last: [HIDDEN; 6],
            usual: None,
            ratio: None,
            meaning: "The number is too small to show without pointing at someone. The safeguarding lead sees it.",
            ask: "does the safeguarding lead read these alerts the same day?",
            limits: &["Shown for the whole school and by half-term only."],
        },
        Draft {
            id: "ai_use_rate",
            title: "Use of AI tools",
            question: "How many pupils use AI tools?",
            state: State::Lower,
            reason: None,
            unit: weekly,
            this: [9.8, 8.1, 6.2, 4.4, 0.0, 0.0],
            last: [2.0, 4.4, 7.9, 10.2, 11.8, 12.6],
            usual: Some((7.6, 12.8)),
            ratio: Some("0.4 times as many, 0.3 to 0.7 (99% interval)"),
            meaning: "Fewer pupils than usual opened an AI tool. What they wrote there is not in the logs.",
            ask: "is this what our AI policy set out to do?",
            limits: &[],
        },
        Draft {
            id: "circumvention_rate",
            title: "Ways round the filter",
            question: "Can pupils get round the filter?",
            state: State::Usual,
            reason: None,
            unit: weekly,
            this: [0.7, 1.0, 0.9, 0.8, 0.0, 0.0],
            last: [0.6, 0.9, 1.1, 0.9, 0.7, 0.8],
            usual: Some((0.5, 1.2)),
            ratio: Some("0.9 times as many, 0.4 to 2.0 (99% interval)"),
            meaning: "Few pupils looked for a VPN or proxy. All requests that we could see were stopped.",
            ask: "would we see one that worked?",
            limits: &["What wholly escapes the filter leaves no log."],
        },
        Draft {
            id: "overblock_share",
            title: "Teaching sites blocked by mistake",
            question: "Does the filter get in the way of teaching?",
            state: State::Usual,
            reason: None,
            unit: || share("of requests to teaching sites"),
            this: [0.9, 0.7, 0.7, 0.6, 0.0, 0.0],
            last: [1.0, 0.8, 0.8, 0.7, 0.7, 0.9],
            usual: Some((0.4, 1.0)),
            ratio: None,
            meaning: "Of every 1,000 requests to sites that policy allows, 6 were stopped.",
            ask: "do teachers know how to ask for a site?",
            limits: &[],
        },
        Draft {
            id: "identified_share",
            title: "People identified",
            question: "How many requests can be tied to one person?",
            state: State::Usual,
            reason: None,
            unit: || share("of requests are tied to one person"),
            this: [92.0, 91.4, 91.2, 91.0, 0.0, 0.0],
            last: [90.1, 90.8, 91.0, 91.3, 91.9, 92.2],
            usual: Some((88.0, 95.0)),
            ratio: None,
            meaning: "The rest comes from shared sign-ins, mostly tablets in Year 3. Those pupils are in no figure about pupils.",
            ask: "when will Year 3 have own sign-ins?",
            limits: &[],
        },
        Draft {
            id: "safe_search_share",
            title: "Safe search",
            question: "Is safe search on?",
            state: State::CantSay,
            reason: Some("the filter does not log allowed requests"),
            unit: || share("of searches had safe search locked"),
            this: [ABSENT; 6],
            last: [ABSENT; 6],
            usual: None,
            ratio: None,
            meaning: "This filter leaves no mark in its log that would show it.",
            ask: "who tests safe search, and when last?",
            limits: &[],
        },
    ]
}

fn method(draft: &Draft) -> Method {
    let id = draft.id.split(':').next().unwrap_or(draft.id);
    let (title, numerator) = if id == "theme_rate" {
        (
            "Theme rate, one for each theme",
            "Pupils with at least one search or page of the theme in a school week, each counted once a week",
        )
    } else {
        (draft.title, "As the title says, over the whole school")
    };
    Method {
        id: id.into(),
        title: title.into(),
        question: if id == "theme_rate" {
            "What are pupils reaching for, and is it rising?".into()
        } else {
            draft.question.into()
        },
        standard: "DfE filtering and monitoring standards; governors\u{2019} review".into(),
        unit: (draft.unit)().words,
        numerator: numerator.into(),
        denominator: if (draft.unit)().per_hundred_pupils {
            "Pupils on roll times school weeks".into()
        } else {
            "Requests of that kind".into()
        },
        leaves_out: "Staff, guests and people we could not identify".into(),
        caveat: "a search may be homework; unidentified traffic lowers it".into(),
        version: 1,
        sql: format!(
            "-- id: {id}\nSELECT period, SUM(numerator) AS numerator, SUM(denominator) AS denominator\nFROM published_example\nWHERE indicator = '{id}'\nGROUP BY period\nORDER BY period\n"
        ),
    }
}

/// Definitions, one for each indicator.
pub(super) fn methods() -> Vec<Method> {
    let mut methods: Vec<Method> = Vec::new();
    for method in drafts().iter().map(method) {
        if methods.iter().all(|other| other.id != method.id) {
            methods.push(method);
        }
    }
    methods
}

/// The figures of an invented school.
pub(super) fn figures(kind: Kind, page: &SchoolYear) -> Vec<Figure> {
    // Invented schools differ by a factor, so that no two pages look alike.
    let factor = match kind {
        Kind::Oakfield => 1.0,
        Kind::Millbrook => 1.3,
        _ => 0.8,
    };
    let quiet = kind != Kind::Oakfield || page.year != THIS;
    let small = kind == Kind::Tarn;
    drafts()
        .iter()
        .map(|draft| {
            let unit = (draft.unit)();
            let scale = |value: f64| if unit.per_hundred_pupils { value * factor } else { value };
            let show = |value: f64| match value {
                _ if small && unit.per_hundred_pupils => Shown::NotAvailable,
                HIDDEN => Shown::Hidden,
                ABSENT => Shown::NotAvailable,
                value => Shown::Number(scale(value)),
            };
            let band = draft.usual.filter(|_| !(small && unit.per_hundred_pupils)).map(|(low, high)| (scale(low), scale(high)));
            let points: Vec<Point> = page
                .periods
                .iter()
                .enumerate()
                .map(|(position, period)| {
                    let (this, last) = if page.year == THIS { (draft.this, draft.last) } else { (draft.last, [ABSENT; 6]) };
                    let source = if quiet && page.year == THIS { draft.last } else { this };
                    let value = match (period.coverage.school_days, period.coverage.with_logs) {
                        (0, _) => Shown::ToCome,
                        (_, 0) => Shown::NoLogs,
                        _ => show(source.get(position).copied().unwrap_or(ABSENT)),
                    };
                    let counted = match value {
                        Shown::Number(value) if unit.per_hundred_pupils => Shown::Number((value * 18.9).round()),
                        Shown::Number(value) => Shown::Number((value * 10.0).round()),
                        other => other,
                    };
                    let out_of = if matches!(value, Shown::Number(_)) { Shown::Number(1890.0) } else { value };
                    Point {
                        value,
                        last_year: show(last.get(position).copied().unwrap_or(ABSENT)),
                        usual: band,
                        numerator: counted,
                        denominator: out_of,
                        is_final: page.current.is_some_and(|current| position < current),
                        change: (position == 0 && unit.per_hundred_pupils && matches!(value, Shown::Number(_))).then_some(0.1),
                    }
                })
                .collect();
            let now = page.current.and_then(|position| points.get(position));
            let has_number = now.is_some_and(|point| point.value.number().is_some());
            let before = now.and_then(|point| point.last_year.number());
            let (state, reason) = match () {
                () if small && unit.per_hundred_pupils => {
                    (State::CantSay, Some("the group is under 20 pupils, so no rate is given"))
                }
                () if !has_number && now.is_some_and(|point| point.value == Shown::NoLogs) => {
                    (State::CantSay, Some("logs cover under 90% of the school days compared"))
                }
                () if draft.state == State::CantSay => (State::CantSay, draft.reason),
                () if quiet => (State::Usual, None),
                () => (draft.state, draft.reason),
            };
            Figure {
                id: draft.id.into(),
                title: draft.title.into(),
                group: group_of(draft.id),
                question: draft.question.into(),
                state,
                reason: reason.map(String::from),
                current: page.current,
                longer: points
                    .chunks(2)
                    .zip(["Autumn", "Spring", "Summer"])
                    .filter_map(|(term, label)| {
                        let first = term.first()?;
                        Some(Longer {
                            label: label.into(),
                            value: first.value,
                            last_year: first.last_year,
                            ratio: first.value.number().map(|_| "1.1 times that, 0.8 to 1.5 (99% interval)".into()),
                            coverage: Coverage { with_logs: 68, school_days: 70 },
                            is_partial: label == "Summer",
                        })
                    })
                    .collect(),
                interval: has_number
                    .then_some(band)
                    .flatten()
                    .and(now.and_then(|point| point.value.number()))
                    .filter(|_| unit.per_hundred_pupils)
                    .map(|v| (v * 0.7, v * 1.38)),
                comparison: before
                    .map(|value| format!("same half-term last year: {}{}", crate::words::number(value, unit.decimals), unit.sign))
                    .unwrap_or_default(),
                ratio: draft.ratio.filter(|_| !quiet).map(String::from),
                meaning: if quiet && state == State::Usual && draft.state != State::Usual {
                    "No clear difference from the same half-term last year.".into()
                } else {
                    draft.meaning.into()
                },
                ask: draft.ask.into(),
                provenance: "measured".into(),
                coverage: page
                    .current
                    .and_then(|position| page.periods.get(position))
                    .map(|period| period.coverage)
                    .unwrap_or_default(),
                limits: draft.limits.iter().map(|limit| String::from(*limit)).collect(),
                method: method(draft),
                unit,
                points,
            }
        })
        .collect()
}

fn group_of(id: &str) -> Group {
    let indicator = id.split([':', '.']).next().unwrap_or(id);
    Indicator::find(indicator).map_or(Group::Reaching, |indicator| indicator.group)
}

/// The three answers.
pub(super) fn answers(kind: Kind) -> Vec<Answer> {
    let answer = |question: &str, tone, lead: &str, text: &str| Answer {
        question: question.into(),
        tone,
        lead: lead.into(),
        text: text.into(),
    };
    let unseen = "We can\u{2019}t see phones on mobile data, e-mail, chat or apps.";
    let working = match kind {
        Kind::Oakfield => answer(
            "Is filtering working?",
            Tone::Notice,
            "No failure found in what we can see, but one.",
            &format!("A gambling site was let through although policy says block. {unseen}"),
        ),
        Kind::Brannoc => answer(
            "Is filtering working?",
            Tone::Quiet,
            "Can\u{2019}t say yet.",
            &format!("No logs since 23 February 2026. {unseen}"),
        ),
        _ => answer("Is filtering working?", Tone::Fine, "No failure found in what we can see.", unseen),
    };
    let watched = answer(
        "Is it watched?",
        Tone::Quiet,
        "Can\u{2019}t say yet.",
        "Weir does not record yet who reads the reports. Ask the head who reads them, and how soon.",
    );
    let complete = match kind {
        Kind::Oakfield => answer(
            "Is the evidence complete?",
            Tone::Notice,
            "Nearly.",
            "No logs on 2 days. Of what we could read, 91 of every 100 requests are tied to one person; tablets in Year 3 share a sign-in.",
        ),
        Kind::Brannoc => answer("Is the evidence complete?", Tone::Urgent, "No.", "No logs since 23 February 2026."),
        _ => answer(
            "Is the evidence complete?",
            Tone::Fine,
            "Yes, as far as the logs go.",
            "Logs on every school day. Of what we could read, 91 of every 100 requests are tied to one person.",
        ),
    };
    vec![working, watched, complete]
}
