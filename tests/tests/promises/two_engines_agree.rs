//! Two engines that share nothing but the lake agree on every value of any estate, and a single wrong one is told with both values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use weir_lake::calendar::epoch_day;
use weir_lake::closed::Agreement;
use weir_lake::estate::{
    AcademicYear, CalendarKind, CalendarRow, Estate, Expected, Layer, PolicyRow, Roll, School, SchoolOf, Source,
};
use weir_lake::ids::{RunId, SchoolId, SourceId};
use weir_lake::lake::{Change, ChangeKind, Lake, Slice};
use weir_lake::schema::Table;
use weir_query::engine::{Engine, EngineOptions};
use weir_query::indicator::{Indicator, run_all};
use weir_query::rollup::roll_up;
use weir_query::{CategoryMeaning, Meanings};
use weir_verify::{Cell, Report, Verification, compare};

/// A row of `events`. Every value is of an invented school.
#[derive(Debug, Clone)]
struct Event {
    at: Timestamp,
    school: &'static str,
    source: &'static str,
    kind: &'static str,
    action: Option<&'static str>,
    user: Option<&'static str>,
    user_type: &'static str,
    year_group: Option<&'static str>,
    profile: Option<&'static str>,
    category: Option<&'static str>,
    theme: Option<&'static str>,
    other_themes: Vec<&'static str>,
    help: bool,
    search: Option<(&'static str, &'static str)>,
    concern: Option<(&'static str, i32)>,
    furniture: bool,
    scheme: Option<&'static str>,
    tls_inspected: Option<bool>,
    bytes: Option<i64>,
}

fn plain(at: &str) -> Event {
    Event {
        at: at.parse().unwrap(),
        school: "elm",
        source: "elm-filter",
        kind: "web",
        action: Some("allowed"),
        user: Some("k1-0123456789abcdef"),
        user_type: "pupil",
        year_group: Some("7"),
        profile: Some("pupils"),
        category: Some("education"),
        theme: None,
        other_themes: Vec::new(),
        help: false,
        search: None,
        concern: None,
        furniture: false,
        scheme: Some("https"),
        tls_inspected: Some(true),
        bytes: Some(100),
    }
}

fn local_date(event: &Event) -> i32 {
    epoch_day(event.at.to_zoned(weir_lake::clock::zone("Europe/London").unwrap()).date())
}

fn rows(events: &[Event]) -> RecordBatch {
    let text = |value: &dyn Fn(&Event) -> Option<&'static str>| -> ArrayRef {
        Arc::new(events.iter().map(value).collect::<StringArray>())
    };
    let mut themes = ListBuilder::new(StringBuilder::new());
    for event in events {
        event.other_themes.iter().for_each(|theme| themes.values().append_value(theme));
        themes.append(!event.other_themes.is_empty());
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "event_time",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(events.iter().map(|event| event.at.as_microsecond()))
                    .with_timezone("UTC"),
            ),
        ),
        ("event_date", Arc::new(Date32Array::from_iter_values(events.iter().map(local_date)))),
        ("school_id", text(&|event| Some(event.school))),
        ("source_id", text(&|event| Some(event.source))),
        ("format_id", text(&|_| Some("larkfilter-csv"))),
        ("kind", text(&|event| Some(event.kind))),
        ("action", text(&|event| event.action)),
        ("user_key", text(&|event| event.user)),
        ("user_type", text(&|event| Some(event.user_type))),
        ("year_group", text(&|event| event.year_group)),
        ("profile", text(&|event| event.profile)),
        ("category", text(&|event| event.category)),
        ("theme", text(&|event| event.theme)),
        ("other_themes", Arc::new(themes.finish())),
        ("help_seeking", Arc::new(events.iter().map(|event| Some(event.help)).collect::<BooleanArray>())),
        ("search_engine", text(&|event| event.search.map(|(engine, _)| engine))),
        ("search_term", text(&|event| event.search.map(|(_, term)| term))),
        ("concern_id", text(&|event| event.concern.map(|(id, _)| id))),
        (
            "concern_severity",
            Arc::new(events.iter().map(|event| event.concern.map(|(_, severity)| severity)).collect::<Int32Array>()),
        ),
        ("furniture", Arc::new(events.iter().map(|event| Some(event.furniture)).collect::<BooleanArray>())),
        ("scheme", text(&|event| event.scheme)),
        ("tls_inspected", Arc::new(events.iter().map(|event| event.tls_inspected).collect::<BooleanArray>())),
        ("bytes_in", Arc::new(events.iter().map(|event| event.bytes).collect::<Int64Array>())),
        ("file_id", text(&|_| Some("f0"))),
        ("line_no", Arc::new(Int64Array::from_iter_values(1..=events.len() as i64))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn id(school: &str) -> SchoolId {
    SchoolId::parse(school).unwrap()
}

fn source(estate: &mut Estate, id: &str, school: &str, layer: Layer, logs_allowed: bool) {
    let id = SourceId::parse(id).unwrap();
    let source = Source {
        id: id.clone(),
        school: SchoolOf::One(SchoolId::parse(school).unwrap()),
        format: None,
        inbox: None,
        tz: "Europe/London".into(),
        layer,
        logs_allowed,
        keep_flows: false,
    };
    estate.sources.insert(id, source);
}

/// Two schools, one with three layers, one with a DNS filter alone and no roll; two half-terms in each of two years.
fn estate() -> Estate {
    let mut estate = Estate::default();
    for (school, nation) in [("elm", "england"), ("oak", "wales")] {
        estate.schools.insert(
            id(school),
            School {
                school_id: id(school),
                name: school.to_uppercase(),
                urn: None,
                phase: "secondary".into(),
                nation: nation.into(),
                timezone: "Europe/London".into(),
                governing_body: None,
                trust: None,
                authority: None,
                opens: None,
                closes: None,
            },
        );
    }
    let roll = |year: i16, year_group: &str, pupils: u32| Roll {
        school_id: id("elm"),
        academic_year: AcademicYear(year),
        year_group: year_group.into(),
        pupils,
    };
    estate.rolls = vec![roll(2024, "*", 190), roll(2025, "7", 90), roll(2025, "8", 110)];
    let row = |school: Option<&str>, start: &str, end: &str, kind: CalendarKind, label: &str| CalendarRow {
        school_id: school.map(id),
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
        kind,
        label: label.into(),
    };
    estate.calendar = vec![
        row(None, "2024-09-09", "2024-10-11", CalendarKind::HalfTermBlock, "Autumn 1"),
        row(None, "2024-11-04", "2024-12-13", CalendarKind::HalfTermBlock, "Autumn 2"),
        row(None, "2025-09-08", "2025-10-10", CalendarKind::HalfTermBlock, "Autumn 1"),
        row(None, "2025-11-03", "2025-12-12", CalendarKind::HalfTermBlock, "Autumn 2"),
        row(Some("elm"), "2025-09-10", "2025-09-10", CalendarKind::Inset, "training"),
    ];
    let policy = |school: Option<&str>, who: Option<&str>, category: &str, expected: Expected, from: Option<&str>| PolicyRow {
        school_id: school.map(id),
        profile_or_user_type: who.map(Into::into),
        category: category.into(),
        expected,
        reason: "agreed by governors".into(),
        from: from.map(|from| from.parse().unwrap()),
        to: None,
    };
    estate.policy = vec![
        policy(None, Some("staff"), "gambling", Expected::Allow, None),
        policy(None, None, "gambling", Expected::Block, None),
        policy(None, None, "education", Expected::Allow, None),
        policy(Some("elm"), Some("Sixth Form"), "gambling", Expected::Warn, Some("2025-09-15")),
    ];
    source(&mut estate, "elm-filter", "elm", Layer::Filter, true);
    source(&mut estate, "elm-wall", "elm", Layer::Firewall, true);
    source(&mut estate, "elm-blocks", "elm", Layer::Filter, false);
    source(&mut estate, "oak-dns", "oak", Layer::Dns, true);
    estate
}

fn meanings() -> Meanings {
    let category = |severity: i32, since: &str| CategoryMeaning { severity, theme: None, since: Some(since.into()) };
    Meanings {
        categories: BTreeMap::from([
            ("gambling".into(), category(2, "2020-21")),
            ("circumvention".into(), category(2, "2025-26")),
            ("education".into(), CategoryMeaning::default()),
        ]),
        entries_since: BTreeMap::from([("bet-1".into(), "2020-21".into()), ("bet-2".into(), "2025-26".into())]),
    }
}

struct Estates {
    _folder: tempfile::TempDir,
    lake: Lake,
    estate: Estate,
    today: Date,
    runtime: tokio::runtime::Runtime,
}

impl Estates {
    fn of(events: &[Event], today: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(&folder.path().join("lake")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let estates = Self { _folder: folder, lake, estate: estate(), today: today.parse().unwrap(), runtime };
        let files = estates.lake.write_rows(Table::Events, &rows(events)).unwrap();
        let stale = events.iter().map(|event| Slice {
            school_id: id(event.school),
            source_id: SourceId::parse(event.source).unwrap(),
            date: local_date(event),
        });
        let change = Change::new(ChangeKind::Ingest, RunId::parse("run-1").unwrap(), 0);
        let adds = files.into_iter().map(|file| (Table::Events, file)).collect();
        estates.lake.commit(Change { adds, stale: stale.collect(), ..change }).unwrap();
        let run = RunId::parse("run-2").unwrap();
        estates.runtime.block_on(roll_up(&estates.lake, &estates.estate, &estates.options(), &run)).unwrap();
        estates
    }

    fn options(&self) -> EngineOptions {
        EngineOptions { today: Some(self.today), partitions: 1, meanings: meanings(), ..EngineOptions::default() }
    }

    /// What the second engine says of the rollups, and of the first one's answers to these indicators.
    fn verified(&self, indicators: &[Indicator]) -> Report {
        let snapshot = self.lake.snapshot().unwrap();
        let told = meanings();
        let second = weir_verify::Meanings {
            categories: (told.categories.iter())
                .map(|(id, meaning)| (id.clone(), (i64::from(meaning.severity), meaning.since.clone())))
                .collect(),
            entries_since: told.entries_since,
        };
        let verification = Verification {
            lake: &self.lake,
            snapshot: &snapshot,
            estate: &self.estate,
            meanings: &second,
            today: self.today,
            school: None,
            days: None,
            progress: &|_, _| {},
        };
        let mut report = verification.rollups().unwrap();
        let engine = Engine::open(&snapshot, &self.estate, &self.options()).unwrap();
        for ours in verification.indicators(None).unwrap() {
            let figures =
                self.runtime.block_on(run_all(&engine, indicators, &ours.school_id, &[ours.academic_year.as_str()])).unwrap();
            let theirs: Vec<Cell> = figures
                .into_iter()
                .map(|figure| Cell {
                    school_id: figure.school_id,
                    academic_year: figure.academic_year,
                    period_no: figure.period_no,
                    indicator: figure.indicator,
                    version: figure.version,
                    dimension: figure.dimension,
                    numerator: figure.numerator,
                    denominator: figure.denominator,
                    value: figure.value,
                })
                .collect();
            compare(&ours, &theirs, |id| Indicator::find(id).ok().map(|found| found.question.clone()), &mut report);
        }
        report
    }

    /// Changes a number of one stored file by one and commits that, as no command can.
    fn doctor(&self, table: Table, column: &str) {
        let snapshot = self.lake.snapshot().unwrap();
        let file = snapshot.files[&table].iter().min_by_key(|file| file.statistics.event_date).unwrap();
        let changed = self
            .lake
            .change_rows(table, file, |rows| {
                let index = rows.schema().index_of(column).unwrap();
                let old = rows.column(index).as_any().downcast_ref::<Int64Array>().unwrap();
                let new = Int64Array::from_iter_values(old.values().iter().enumerate().map(|(at, n)| n + i64::from(at == 0)));
                let mut columns = rows.columns().to_vec();
                columns[index] = Arc::new(new);
                Ok(Some(RecordBatch::try_new(rows.schema(), columns).unwrap()))
            })
            .unwrap()
            .unwrap();
        let change = Change::new(ChangeKind::Compaction, RunId::parse("run-3").unwrap(), snapshot.version);
        let removes = vec![(table, file.path.clone())];
        self.lake.commit(Change { adds: vec![(table, changed)], removes, ..change }).unwrap();
    }
}

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
fn a_broken_indicator_is_told_with_both_values() {
    let estates = Estates::of(&morning(), "2025-12-20");
    let mut broken = Indicator::find("blocked_share").unwrap().clone();
    broken.sql = Box::leak(broken.sql.replace("h.action = 'blocked'", "h.action <> 'blocked'").into_boxed_str());
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
    let rest = (any::<bool>(), prop::bool::weighted(0.2), any::<Option<bool>>(), prop::option::of(0..5000_i64));
    let event = (when, whose, kind, action, who, (profile, category, themes), search, concern, rest).prop_map(
        |((day, hour, minute, second), whose, kind, action, who, (profile, category, themes), search, concern, rest)| {
            let (help, furniture, tls_inspected, bytes) = rest;
            // From the first Sunday on, over the turn of the clocks (26 October) into the next half-term by days 20 apart.
            let start: Timestamp = "2025-09-07T06:00:00Z".parse().unwrap();
            let days = if day < 12 { day } else { 46 + day };
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
            }
        },
    );
    prop::collection::vec(event, 1..120)
}

/// Few and always the same as a rule, many and new ones each time in the long form.
fn cases() -> ProptestConfig {
    let (cases, rng_seed) = if weir_tests::is_long() { (500, RngSeed::Random) } else { (10, RngSeed::Fixed(2026)) };
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
