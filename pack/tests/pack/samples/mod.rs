//! Invented reviews: a tiny infant school whose figures are all hidden, a large secondary, a school without logs for a term, and a trust.

mod tables;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use weir_pack::bundle::*;

use self::tables::{appendices, policy_table, recorded};

/// What a note, an answer or a name may hold: nothing of it is markup, code or a formula.
pub const HOSTILE: [&str; 5] = [
    "The quote was $5 *each* for #sys.version and _two_ [seats], see @desk; `code` // no comment \\ end",
    "<script>alert(1)</script> & <b>bold</b>",
    "=1+1",
    "= Not a heading\n- not a list",
    "Gŵyl Tŷ’r Ddraig \u{1f600} 漢字 and\nhttps://intranet.larkfield.example/a-path-without-any-place-to-break/abcdefghijklmnopqrstuvwxyz0123456789",
];

const HALF_TERMS: [&str; 6] = ["Autumn 1", "Autumn 2", "Spring 1", "Spring 2", "Summer 1", "Summer 2"];

/// The blocks: heading, question, where the evidence comes from.
const BLOCKS: [(&str, &str, Basis); 21] = [
    ("Sign-off and dates", "Who took part in this review, and when is the next one due?", Basis::Reported),
    ("Who is responsible", "Are a senior leader and a governor named, and does everyone know their part?", Basis::Reported),
    ("What we use", "Which systems filter and monitor, and what does their provider state?", Basis::Both),
    ("Our pupils and their risks", "Whom do we protect, and who is at greater risk?", Basis::Both),
    ("How complete the logs are", "Do all sites, devices and groups reach the logs, and is every line read?", Basis::Measured),
    ("What is blocked and why", "What is blocked, for whom, and for what reason?", Basis::Both),
    ("Illegal content", "Are the lists of illegal content on for everyone, and was that tested?", Basis::Both),
    ("Checks made", "Was filtering tested on every kind of device, at every site, for every group?", Basis::Reported),
    ("What pupils met, by theme", "What are pupils reaching for, and is it changing?", Basis::Measured),
    ("Searches", "Can searches be read, is safe search on, and were there searches of high risk?", Basis::Measured),
    ("Ways round the filter", "Can pupils get round it?", Basis::Both),
    ("Artificial intelligence", "Which tools are used, by whom, and was each assessed?", Basis::Both),
    ("Over-blocking and changes", "Does filtering get in the way of teaching, and who may change it?", Basis::Both),
    ("Monitoring and response", "Do alerts reach the safeguarding lead, and what comes of them?", Basis::Both),
    ("Incidents and what we learned", "What happened, was it referred, and what did we change?", Basis::Reported),
    ("What should have started a review", "Did anything happen that asks for a review before the year is over?", Basis::Both),
    ("Data protection", "Is what we hold about children lawful, known to them, and let go in time?", Basis::Both),
    ("Policies and training", "Are policies up to date, and do staff know what to do?", Basis::Reported),
    ("Limits and gaps", "What do we not know, and who will see to it?", Basis::Both),
    (
        "What is measured, and what is reported",
        "Which of this is counted by a machine, and which is somebody’s word?",
        Basis::Both,
    ),
    ("How it was worked out", "Can every number be worked out again?", Basis::Measured),
];

/// Figures of blocks: block, id, title, unit, value of the first half-term of a large school, growth a half-term.
const FIGURES: [(u8, &str, &str, &str, f64, f64); 14] = [
    (5, "coverage_days", "Days with logs", "% of school days", 100.0, 0.0),
    (5, "identified_share", "People identified", "% of decisions", 91.0, 1.1),
    (6, "blocked_share", "Share blocked", "% of decisions", 2.1, 0.2),
    (6, "filter_failures", "Allowed where policy says block", "in 10,000 decisions", 0.8, 0.1),
    (9, "theme_rate:gambling", "Gambling", "pupils in every 100, in a school week", 1.2, 0.4),
    (9, "theme_rate:violence", "Violence and weapons", "pupils in every 100, in a school week", 3.1, -0.2),
    (9, "theme_rate:hate", "Hate speech", "pupils in every 100, in a school week", 0.4, 0.0),
    (10, "search_visible_share", "Searches we can read", "% of searches", 64.0, -1.0),
    (10, "safe_search_share", "Safe search", "% of searches we can read", 97.5, 0.2),
    (11, "circumvention_rate", "Ways round the filter", "pupils in every 100, in a school week", 2.0, 0.6),
    (12, "ai_use_rate", "Use of AI tools", "pupils in every 100, in a school week", 11.0, 4.0),
    (13, "overblock_share", "Over-blocking", "% of decisions where the policy allows", 0.6, -0.05),
    (13, "overrides", "Went past a block", "% of blocks and warnings", 1.4, 0.1),
    (14, "alert_response", "Alerts answered in one school day", "% of alerts", 88.0, 1.5),
];

/// A school whose review is invented.
struct School {
    name: &'static str,
    pupils: u32,
    /// Every count of people is hidden.
    is_hidden: bool,
    /// Half-terms without logs.
    silent: std::ops::Range<usize>,
    /// Long tables and notes.
    is_full: bool,
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn number(value: f64) -> Number {
    Number::new(value).unwrap()
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn columns(titles: &[(&str, ColumnKind)]) -> Vec<Column> {
    titles.iter().map(|(title, kind)| Column { title: (*title).into(), kind: *kind }).collect()
}

fn note(words: &str) -> Note {
    Note { text: words.into(), by: "R. Osei, safeguarding lead".into(), on: date(2026, 6, 30) }
}

fn figure(school: &School, at: &(u8, &str, &str, &str, f64, f64)) -> Figure {
    let (_, id, title, unit, first, step) = *at;
    let of_people = unit.starts_with("pupils");
    let points: Vec<Point> = (0..6)
        .map(|place| {
            let value =
                number((first + step * place as f64 + [0.0, 0.3, -0.1, 0.2, 0.0, 0.4][place] * first / 20.0).clamp(0.0, 100.0));
            let mark = if school.silent.contains(&place) {
                Some(Mark::NoLogs)
            } else if (school.is_hidden && of_people) || (id == "theme_rate:hate" && place % 3 == 1) {
                Some(Mark::Hidden)
            } else if place == 5 {
                Some(Mark::NotOver)
            } else {
                None
            };
            let band = (of_people && !school.is_hidden).then(|| (number(first * 0.8), number(first * 1.3)));
            Point { label: HALF_TERMS[place].into(), value: mark.is_none().then_some(value), mark, band }
        })
        .collect();
    let shown = |point: &Point| match (point.value, point.mark) {
        (Some(value), _) => Cell::Number(value),
        (None, Some(Mark::Hidden)) => Cell::Mark("[c]".into()),
        (None, Some(Mark::NotOver)) => Cell::Mark("not over".into()),
        (None, _) => Cell::Mark("no logs".into()),
    };
    let kind = if unit.starts_with('%') { ColumnKind::Percent { decimals: 1 } } else { ColumnKind::Number { decimals: 1 } };
    let last = points.iter().rev().find_map(|point| point.value);
    let value = match last {
        Some(value) if unit.starts_with('%') => format!("{:.1}{unit}", value.get()),
        Some(value) => format!("{:.1} {unit}", value.get()),
        None => "hidden: too few pupils".into(),
    };
    let state = match (last, step) {
        (None, _) => State::CantSay,
        _ if !school.silent.is_empty() => State::CantSay,
        (_, step) if step >= 0.4 && of_people => State::Higher,
        (_, step) if step < 0.0 && of_people => State::Lower,
        _ => State::Usual,
    };
    let rows = points.iter().map(|point| vec![text(point.label.clone()), shown(point)]).collect();
    let says = format!(
        "{title}, {unit}, by half-term: {}.",
        points
            .iter()
            .map(|point| match (point.value, point.mark) {
                (Some(value), _) => format!("{} {:.1}", point.label, value.get()),
                (_, Some(Mark::Hidden)) => format!("{} hidden", point.label),
                (_, Some(Mark::NotOver)) => format!("{} not over", point.label),
                _ => format!("{} no logs", point.label),
            })
            .collect::<Vec<_>>()
            .join(", ")
    );
    let kind_of_chart = if id.ends_with("share") { ChartKind::Bars } else { ChartKind::Line };
    Figure {
        id: id.into(),
        title: title.into(),
        state: Some(state),
        value,
        comparison: last.map(|_| format!("same half-term last year: {first:.1}")),
        coverage: Some(if school.silent.is_empty() { "logs on 187 of 190 days".into() } else { "logs on 121 of 190 days".into() }),
        meaning: match state {
            State::Higher => "More pupils than usual were stopped from a page about it or searched for it. It may be a game, a lesson or a worry.".into(),
            State::CantSay => "There is too little to go by: too few people, or days without logs.".into(),
            _ => "No clear difference from the same half-term last year.".into(),
        },
        ask: (state == State::Higher).then(|| "What did the safeguarding lead find out?".into()),
        measured: id != "alert_response",
        chart: Some(Chart { kind: kind_of_chart, title: format!("{title}, {unit}"), says, points }),
        table: Some(Table {
            id: id.into(),
            title: format!("{title} by half-term"),
            columns: columns(&[("Half-term", ColumnKind::Text), (unit, kind)]),
            rows,
        }),
    }
}

/// Weekdays from September to July but for holidays, as requests stopped.
fn strip(school: &School) -> Figure {
    let terms = [
        ("2025-09-03", "2025-10-24"),
        ("2025-11-03", "2025-12-19"),
        ("2026-01-05", "2026-02-13"),
        ("2026-02-23", "2026-03-27"),
        ("2026-04-13", "2026-05-22"),
        ("2026-06-01", "2026-07-21"),
    ];
    let mut points = Vec::new();
    for (place, (from, to)) in terms.iter().enumerate() {
        let (mut at, to) = (day(from), day(to));
        while at <= to {
            let weekday = i32::from(at.weekday().to_monday_zero_offset());
            if weekday < 5 {
                let seed = at.day_of_year() as i32 * 37 % 23;
                let mark = match (school.silent.contains(&place), at > date(2026, 7, 10), seed == 5 && school.is_hidden) {
                    (true, _, _) => Some(Mark::NoLogs),
                    (_, true, _) => Some(Mark::NotOver),
                    (_, _, true) => Some(Mark::Hidden),
                    _ => None,
                };
                let value = mark.is_none().then(|| number(f64::from(4 + seed + weekday * 2)));
                points.push(Point { label: at.to_string(), value, mark, band: None });
            }
            at = at.tomorrow().unwrap();
        }
    }
    Figure {
        id: "requests_stopped".into(),
        title: "Requests stopped, day by day".into(),
        state: None,
        value: "18 for every 100 pupils on a school day".into(),
        comparison: None,
        coverage: Some("logs on 187 of 190 days".into()),
        meaning: "All categories together. Darker days had more requests stopped.".into(),
        ask: None,
        measured: true,
        chart: Some(Chart {
            kind: ChartKind::Strip,
            title: "Requests stopped for every 100 pupils, each school day".into(),
            says: "A year of school days. Mondays have fewest requests stopped, Fridays most; no half-term stands out.".into(),
            points,
        }),
        table: None,
    }
}

fn section(school: &School, heading: Option<&str>) -> Section {
    let blocks = (1..)
        .zip(BLOCKS)
        .map(|(number, (title, asks, basis))| {
            let mut figures: Vec<Figure> = FIGURES.iter().filter(|at| at.0 == number).map(|at| figure(school, at)).collect();
            if number == 9 {
                figures.push(strip(school));
            }
            let mut notes = Vec::new();
            if school.is_full && matches!(number, 3 | 11 | 15 | 19) {
                notes.push(note("Staff asked twice for a list of what changed; the provider now sends one each month."));
            }
            if school.is_full && number == 19 {
                notes.extend(HOSTILE.iter().map(|words| note(words)));
            }
            let missing = if !school.is_full && matches!(basis, Basis::Reported) {
                vec![Missing {
                    what: format!("Everything for \u{201c}{title}\u{201d}"),
                    who: "head and safeguarding lead".into(),
                }]
            } else if number == 17 {
                vec![Missing {
                    what: "Date of the data protection impact assessment".into(),
                    who: "data protection officer".into(),
                }]
            } else {
                vec![]
            };
            let tables = match number {
                6 => vec![policy_table(school)],
                2 if school.is_full => vec![Table {
                    id: "roles".into(),
                    title: "Who holds which role".into(),
                    columns: columns(&[
                        ("Role", ColumnKind::Text),
                        ("Name", ColumnKind::Text),
                        ("Since", ColumnKind::Date),
                        ("Trained", ColumnKind::Date),
                    ]),
                    rows: vec![
                        vec![
                            text("Senior leader"),
                            text("A. Marlowe"),
                            Cell::Date(date(2024, 9, 1)),
                            Cell::Date(date(2026, 1, 12)),
                        ],
                        vec![text("Governor"), text("=SUM(A1)"), Cell::Date(date(2025, 9, 1)), Cell::Mark("[x]".into())],
                        vec![text("Safeguarding lead"), text("R. Osei"), Cell::Date(date(2022, 4, 19)), Cell::Empty],
                    ],
                }],
                _ if school.is_full && figures.is_empty() => vec![recorded(number)],
                _ => vec![],
            };
            Block { number, title: title.into(), asks: asks.into(), basis, figures, tables, notes, missing }
        })
        .collect();
    Section { heading: heading.map(str::to_owned), blocks }
}

fn bundle(id: &str, name: &str, sections: Vec<Section>, rows: u32) -> Bundle {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Bundle {
        format: FORMAT,
        weir_version: "0.1.0".into(),
        lake_version: 412,
        frozen_at: at("2026-07-14T15:30:00Z"),
        audience: Audience::Governors,
        revision: 1,
        year: "2025-26".into(),
        first_day: date(2025, 9, 1),
        last_day: date(2026, 8, 31),
        body: Body { id: id.into(), name: name.into(), nation: "England".into() },
        title: "Annual review of filtering and monitoring".into(),
        lead: vec![
            "No failure of the filter was found in what we can see.".into(),
            "Logs reached us on 187 of 190 school days, and 9 in every 10 decisions carry a person.".into(),
            "More pupils than last year reached for gambling and for ways round the filter: ask what came of it.".into(),
        ],
        unseen: vec![
            "What pupils do on their own phones and data plans.".into(),
            "What is said inside an app, a game or a chat: we see that it was opened, not what was written.".into(),
            "Searches whose words are encrypted: about 1 in every 3.".into(),
        ],
        questions: vec![
            "What did the safeguarding lead find out about gambling in the spring, and what was done?".into(),
            "Who approved the three changes of the filter that no record explains?".into(),
            "When will the missing data protection impact assessment be signed?".into(),
        ],
        findings: vec![
            Finding {
                state: State::Higher,
                heading: "Gambling".into(),
                text: "2.8 in every 100 pupils in a school week; last year 1.2.".into(),
                ask: Some("Is it one year group, one game, or one lesson?".into()),
            },
            Finding {
                state: State::Look,
                heading: "Three changes nobody recorded".into(),
                text: "The filter’s own log shows them on 9 March, 4 May and 1 June.".into(),
                ask: Some("Who made them?".into()),
            },
            Finding {
                state: State::CantSay,
                heading: "The annexe".into(),
                text: "No logs came from the annexe before October.".into(),
                ask: None,
            },
            Finding {
                state: State::Lower,
                heading: "Violence and weapons".into(),
                text: "2.1 in every 100 pupils in a school week; last year 3.1.".into(),
                ask: None,
            },
        ],
        sections,
        actions: vec![
            Action {
                what: "Record who may change the filter, and have the provider send its change log each month".into(),
                owner: "A. Marlowe".into(),
                due: Some(date(2026, 9, 30)),
                state: "open".into(),
                carried_from: None,
            },
            Action {
                what: "Sign the data protection impact assessment".into(),
                owner: "data protection officer".into(),
                due: Some(date(2026, 5, 1)),
                state: "overdue".into(),
                carried_from: Some("2024-25".into()),
            },
        ],
        signatures: vec![
            Signature { name: "A. Marlowe".into(), role: "Head".into(), on: Some(at("2026-07-13T09:02:11Z")) },
            Signature { name: "R. Osei".into(), role: "Safeguarding lead".into(), on: Some(at("2026-07-13T10:40:00Z")) },
            Signature { name: "T. Brandt".into(), role: "IT support".into(), on: Some(at("2026-07-13T11:15:30Z")) },
            Signature { name: String::new(), role: "Chair of governors".into(), on: None },
        ],
        replaces: None,
        differences: vec![],
        appendices: appendices(rows),
        definitions: FIGURES
            .iter()
            .filter(|at| !at.1.contains(':') || at.1.ends_with(":gambling"))
            .map(|(_, id, title, unit, ..)| Definition {
                id: id.split(':').next().unwrap().into(),
                title: (*title).into(),
                unit: (*unit).into(),
                counts: "People with at least one event of the theme in a school week".into(),
                of: "Pupils on roll, for each school week".into(),
                leaves_out: "Boarders out of hours; days without logs".into(),
                caveat: "New devices or a new filter change it too".into(),
                version: 1,
            })
            .collect(),
        glossary: vec![
            Term {
                word: "Filter".into(),
                meaning: "What stands between a device and the internet and refuses some pages.".into(),
            },
            Term { word: "Half-term".into(), meaning: "One of six parts of the school year, about seven weeks.".into() },
            Term { word: "School week".into(), meaning: "Five school days.".into() },
        ],
    }
}

/// A tiny infant school: every count of pupils is hidden, and little was supplied.
pub fn tiny() -> Bundle {
    let school = School { name: "Larkfield Infants", pupils: 24, is_hidden: true, silent: 0..0, is_full: false };
    let mut bundle = bundle("larkfield", school.name, vec![section(&school, None)], 6);
    bundle.lead.truncate(2);
    bundle.questions.drain(..1);
    bundle.findings = vec![];
    bundle.actions = vec![];
    bundle
}

/// A large secondary with everything filled in, and words that must not be taken for markup.
pub fn large() -> Bundle {
    let school = School { name: "Thornbury Vale Academy", pupils: 1_640, is_hidden: false, silent: 0..0, is_full: true };
    let mut bundle = bundle("thornbury-vale", school.name, vec![section(&school, None)], 64);
    bundle.revision = 2;
    bundle.replaces = Some(Replaced { revision: 1, frozen_at: "2026-07-01T08:00:00Z".parse().unwrap(), digest: "0f".repeat(32) });
    bundle.differences = vec![
        Difference {
            what: "Gambling, Spring 2".into(),
            was: "2.3 in every 100 pupils".into(),
            is: "2.5 in every 100 pupils".into(),
        },
        Difference { what: "Training of the governor".into(), was: "not supplied".into(), is: "[x]".into() },
    ];
    bundle
}

/// A Welsh school whose logs of the spring term never came.
pub fn silent() -> Bundle {
    let school = School { name: "Ysgol Tŷ’r Felin", pupils: 310, is_hidden: false, silent: 2..4, is_full: false };
    let mut bundle = bundle("ty-r-felin", school.name, vec![section(&school, None)], 12);
    bundle.body.nation = "Wales".into();
    bundle.lead = vec![
        "No logs came from 5 January to 27 March: for that time nothing can be said.".into(),
        "Before and after, no failure of the filter was found in what we can see.".into(),
    ];
    for signature in &mut bundle.signatures {
        signature.on = None;
    }
    bundle
}

/// A trust of four schools, for its safeguarding lead.
pub fn trust() -> Bundle {
    let schools = [
        School { name: "Ashcombe Primary", pupils: 210, is_hidden: false, silent: 0..0, is_full: false },
        School { name: "Brindle Lane Juniors", pupils: 180, is_hidden: false, silent: 4..5, is_full: false },
        School { name: "Corran High School", pupils: 1_120, is_hidden: false, silent: 0..0, is_full: true },
        School { name: "Dunmore Infants", pupils: 44, is_hidden: true, silent: 0..0, is_full: false },
    ];
    let sections = schools.iter().map(|school| section(school, Some(school.name))).collect();
    let mut bundle = bundle("four-rivers", "Four Rivers Trust", sections, 40);
    bundle.audience = Audience::Safeguarding;
    bundle
}

/// All of them, with a name for their files.
pub fn all() -> [(&'static str, Bundle); 4] {
    [("tiny", tiny()), ("large", large()), ("silent", silent()), ("trust", trust())]
}
