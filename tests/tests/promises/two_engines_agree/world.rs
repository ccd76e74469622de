//! An invented estate of two schools with a lake, and both engines over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use jiff::Timestamp;
use jiff::civil::Date;
use weir_lake::calendar::epoch_day;
use weir_lake::estate::{
    AcademicYear, CalendarKind, CalendarRow, Estate, Expected, Layer, PolicyRow, Roll, School, SchoolOf, Source,
};
use weir_lake::ids::{FileId, FormatId, RunId, SchoolId, SourceId};
use weir_lake::lake::{Change, ChangeKind, Lake, Receipt, Slice, Snapshot};
use weir_lake::schema::Table;
use weir_query::engine::{Engine, EngineOptions};
use weir_query::indicator::{Indicator, run_all};
use weir_query::records::{Alert, ChangeAsked, PlannedTest, Records, Reveal, TestMade};
use weir_query::rollup::roll_up;
use weir_query::{CategoryMeaning, Meanings};
use weir_verify::{Cell, Report, SchoolYear, Verification, compare};

/// A row of `events`. Every value is of an invented school.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) school: &'static str,
    pub(super) source: &'static str,
    pub(super) kind: &'static str,
    pub(super) action: Option<&'static str>,
    pub(super) user: Option<&'static str>,
    pub(super) user_type: &'static str,
    pub(super) year_group: Option<&'static str>,
    pub(super) profile: Option<&'static str>,
    pub(super) category: Option<&'static str>,
    pub(super) theme: Option<&'static str>,
    pub(super) other_themes: Vec<&'static str>,
    pub(super) help: bool,
    pub(super) search: Option<(&'static str, &'static str)>,
    pub(super) concern: Option<(&'static str, i32)>,
    pub(super) furniture: bool,
    pub(super) scheme: Option<&'static str>,
    pub(super) tls_inspected: Option<bool>,
    pub(super) bytes: Option<i64>,
    pub(super) domain: Option<&'static str>,
}

pub(super) fn plain(at: &str) -> Event {
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
        domain: None,
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
        ("domain", text(&|event| event.domain)),
        ("file_id", text(&|_| Some(FILE))),
        ("line_no", Arc::new(Int64Array::from_iter_values(1..=events.len() as i64))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

pub(super) fn id(school: &str) -> SchoolId {
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

pub(super) fn meanings() -> Meanings {
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

/// The one input file.
const FILE: &str = "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0";

/// Its receipt: read in the middle of December, with three lines that could not be.
fn receipt(events: &[Event]) -> Receipt {
    let file_id = FileId::parse(FILE).unwrap();
    let times = || events.iter().map(|event| event.at.as_microsecond());
    Receipt {
        head_id: file_id.clone(),
        file_id,
        byte_from: 0,
        byte_to: 100,
        line_from: 0,
        path: "inbox/day.csv".into(),
        school_id: Some(id("elm")),
        source_id: SourceId::parse("elm-filter").unwrap(),
        format_id: FormatId::parse("larkfilter-csv").unwrap(),
        format_version: 1,
        lines: events.len() as u64 + 3,
        events: events.len() as u64,
        admin_events: 0,
        ignored: BTreeMap::new(),
        quarantined: 3,
        first_event_time: times().min(),
        last_event_time: times().max(),
        run_id: RunId::parse("run-1").unwrap(),
        received_at: "2025-12-15T06:00:00Z".parse::<Timestamp>().unwrap().as_microsecond(),
        revision: 1,
        lake_version: 0,
    }
}

/// What an administrator of Elm did: one thing twice and another once on a day with one record, and a sign-in.
fn changes() -> RecordBatch {
    let all = [
        ("2025-09-09T08:00:00Z", "policy_change", Some("list a")),
        ("2025-09-09T09:00:00Z", "configuration", Some("list b")),
        ("2025-09-09T10:00:00Z", "policy_change", Some("list a")),
        ("2025-09-11T10:00:00Z", "unblock", None),
        ("2025-11-04T10:00:00Z", "sign_in", None),
    ];
    let at: Vec<Timestamp> = all.iter().map(|(at, ..)| at.parse().unwrap()).collect();
    let zone = weir_lake::clock::zone("Europe/London").unwrap();
    let text =
        |of: &dyn Fn(usize) -> Option<&'static str>| -> ArrayRef { Arc::new((0..all.len()).map(of).collect::<StringArray>()) };
    let times = at.iter().map(|at| at.as_microsecond());
    let dates = at.iter().map(|at| epoch_day(at.to_zoned(zone.clone()).date()));
    RecordBatch::try_from_iter_with_nullable([
        ("event_time", Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")) as ArrayRef, true),
        ("event_date", Arc::new(Date32Array::from_iter_values(dates)), true),
        ("school_id", text(&|_| Some("elm")), true),
        ("source_id", text(&|_| Some("elm-filter")), true),
        ("operation", text(&|row| Some(all[row].1)), true),
        ("object", text(&|row| all[row].2), true),
        ("file_id", text(&|_| Some(FILE)), true),
        ("line_no", Arc::new(Int64Array::from_iter_values(1..=all.len() as i64)), true),
    ])
    .unwrap()
}

/// What people of Elm recorded, for either engine.
pub(super) fn records() -> (Records, weir_verify::Records) {
    let day = |text: &str| -> Date { text.parse().unwrap() };
    let (school, elm) = (id("elm"), || "elm".to_owned());
    let (mut one, mut other) = (Records::default(), weir_verify::Records::default());
    for (place, test, every, since, until) in [
        (1, "adult", 31, "2025-09-01", None),
        (1, "terrorism", 366, "2025-09-01", None),
        (2, "adult", 31, "2025-11-10", None),
        (3, "adult", 31, "2025-09-01", Some("2025-09-20")),
    ] {
        let (since, until) = (day(since), until.map(day));
        let (school, test) = (school.clone(), test.to_owned());
        other.plan.push((elm(), place, test.clone(), i32::from(every), epoch_day(since), until.map(epoch_day)));
        one.plan.push(PlannedTest { school, place, test, every_days: every, since, until });
    }
    for (place, test, made, passed) in
        [(1, "adult", "2025-09-15", true), (1, "terrorism", "2025-09-15", false), (2, "adult", "2025-11-20", true)]
    {
        let (school, test) = (school.clone(), test.to_owned());
        other.tests.push((elm(), place, test.clone(), epoch_day(day(made)), passed));
        one.tests.push(TestMade { school, place, test, day: day(made), passed });
    }
    for (number, kind, asked, decided, granted, made, ended) in [
        (1, "unblock", "2025-09-08", Some("2025-09-11"), true, Some("2025-09-11"), None),
        (2, "bypass", "2025-09-12", Some("2025-09-15"), false, None, None),
        (3, "policy", "2025-09-08", Some("2025-09-08"), true, Some("2025-09-09"), Some("2025-10-22")),
        (4, "unblock", "2025-12-09", None, false, None, None),
    ] {
        let (asked, decided, made, ended) = (day(asked), decided.map(day), made.map(day), ended.map(day));
        other.changes.push(weir_verify::Change {
            school: elm(),
            is_for_a_lesson: kind != "policy",
            asked: epoch_day(asked),
            decided: decided.map(epoch_day),
            granted,
            made: made.map(epoch_day),
            ended: ended.map(epoch_day),
        });
        let (school, kind) = (school.clone(), kind.to_owned());
        one.changes.push(ChangeAsked { school, number, kind, asked, decided, granted, made, ended });
    }
    for (number, pupil, severity, happened, acknowledged, outcome, closed) in [
        (1, 1, 3, ("2025-09-08", 540), Some(("2025-09-08", 570)), Some("false_positive"), Some("2025-09-09")),
        (2, 2, 4, ("2025-09-08", 930), Some(("2025-09-09", 510)), Some("referred"), Some("2025-10-22")),
        (3, 2, 3, ("2025-09-13", 1320), Some(("2025-09-15", 600)), None, None),
        (4, 3, 3, ("2025-10-10", 720), None, None, None),
        (5, 4, 2, ("2025-11-05", 720), None, Some("false_positive"), Some("2025-11-06")),
    ] {
        let at = |(text, minute): (&str, u16)| (day(text), minute);
        let shifted = |(day, minute): (Date, u16)| (epoch_day(day), i32::from(minute));
        let (happened, acknowledged, closed) = (at(happened), acknowledged.map(at), closed.map(day));
        other.alerts.push(weir_verify::Alert {
            school: elm(),
            severity,
            happened: shifted(happened),
            acknowledged: acknowledged.map(shifted),
            is_false: outcome.map(|outcome| outcome == "false_positive"),
            closed: closed.map(epoch_day),
        });
        let (school, outcome) = (school.clone(), outcome.map(str::to_owned));
        one.alerts.push(Alert { school, number, pupil, severity, happened, acknowledged, outcome, closed });
    }
    for (shown, person) in [("2025-09-16", 1), ("2025-09-16", 2), ("2025-10-11", 1)] {
        other.reveals.push((elm(), epoch_day(day(shown)), person));
        one.reveals.push(Reveal { school: school.clone(), day: day(shown), role: "dsl".into(), person });
    }
    one.trail_since = Some(day("2025-09-15"));
    other.trail_since = one.trail_since.map(epoch_day);
    (one, other)
}

pub(super) struct Estates {
    _folder: tempfile::TempDir,
    pub(super) lake: Lake,
    pub(super) estate: Estate,
    pub(super) today: Date,
    pub(super) runtime: tokio::runtime::Runtime,
}

impl Estates {
    pub(super) fn of(events: &[Event], today: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(&folder.path().join("lake")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let estates = Self { _folder: folder, lake, estate: estate(), today: today.parse().unwrap(), runtime };
        let files = estates.lake.write_rows(Table::Events, &rows(events)).unwrap();
        let changes = estates.lake.write_rows(Table::AdminEvents, &changes()).unwrap();
        let stale = events.iter().map(|event| Slice {
            school_id: id(event.school),
            source_id: SourceId::parse(event.source).unwrap(),
            date: local_date(event),
        });
        let change = Change::new(ChangeKind::Ingest, RunId::parse("run-1").unwrap(), 0);
        let adds = files.into_iter().map(|file| (Table::Events, file));
        let adds = adds.chain(changes.into_iter().map(|file| (Table::AdminEvents, file))).collect();
        estates.lake.commit(Change { adds, stale: stale.collect(), receipts: vec![receipt(events)], ..change }).unwrap();
        let run = RunId::parse("run-2").unwrap();
        estates.runtime.block_on(roll_up(&estates.lake, &estates.estate, &estates.options(), &run)).unwrap();
        estates
    }

    pub(super) fn options(&self) -> EngineOptions {
        EngineOptions {
            today: Some(self.today),
            partitions: 1,
            meanings: meanings(),
            records: records().0,
            ..EngineOptions::default()
        }
    }

    /// What the second engine says of the rollups, and of the first one's answers to these indicators.
    pub(super) fn verified(&self, indicators: &[Indicator]) -> Report {
        let snapshot = self.lake.snapshot().unwrap();
        self.with_second(&snapshot, |verification| {
            let mut report = verification.rollups().unwrap();
            for ours in verification.indicators(None).unwrap() {
                self.compared(&snapshot, &ours, indicators, &mut report);
            }
            report
        })
    }

    /// The second engine over a state of the lake.
    pub(super) fn with_second<T>(&self, snapshot: &Snapshot, ask: impl FnOnce(&Verification<'_>) -> T) -> T {
        let told = meanings();
        let second = weir_verify::Meanings {
            categories: (told.categories.iter())
                .map(|(id, meaning)| (id.clone(), (i64::from(meaning.severity), meaning.since.clone())))
                .collect(),
            entries_since: told.entries_since,
        };
        ask(&Verification {
            lake: &self.lake,
            snapshot,
            estate: &self.estate,
            meanings: &second,
            records: &records().1,
            today: self.today,
            school: None,
            days: None,
            progress: &|_, _| {},
        })
    }

    /// Compares a school year of the second engine with what the first one answers.
    pub(super) fn compared(&self, snapshot: &Snapshot, ours: &SchoolYear, indicators: &[Indicator], report: &mut Report) {
        let engine = Engine::open(snapshot, &self.estate, &self.options()).unwrap();
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
                part: figure.part,
                numerator: figure.numerator,
                denominator: figure.denominator,
                value: figure.value,
            })
            .collect();
        compare(ours, &theirs, |id| Indicator::find(id).ok().map(|found| found.question.clone()), report);
    }

    /// Changes a number of one stored file by one and commits that, as no command can.
    pub(super) fn doctor(&self, table: Table, column: &str) {
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
