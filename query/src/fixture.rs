//! A small invented estate with a real lake in a temporary folder, for tests: rows are given as plain values, dates as text.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use jiff::civil::Date;
use weir_lake::calendar::epoch_day;
use weir_lake::estate::{
    AcademicYear, CalendarKind, CalendarRow, Estate, Expected, Layer, PolicyRow, Roll, School, SchoolOf, Source,
};
use weir_lake::ids::{FileId, FormatId, RunId, SchoolId, SourceId};
use weir_lake::lake::{Change, ChangeKind, Lake, Receipt, Slice};
use weir_lake::schema::Table;

use crate::engine::{Engine, EngineOptions};

/// One event; what is not given is a pupil's allowed web page.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// UTC.
    pub at: &'static str,
    pub school: &'static str,
    pub source: &'static str,
    pub kind: &'static str,
    pub action: Option<&'static str>,
    pub user: Option<&'static str>,
    pub user_type: &'static str,
    pub year_group: Option<&'static str>,
    pub profile: Option<&'static str>,
    pub category: Option<&'static str>,
    pub theme: Option<&'static str>,
    pub term: Option<&'static str>,
    pub help: bool,
    pub severity: Option<i32>,
    pub furniture: bool,
    pub scheme: &'static str,
    pub tls_inspected: Option<bool>,
    pub host: Option<&'static str>,
    pub domain: Option<&'static str>,
    pub query: Option<&'static str>,
    /// As read; none: the engine of the term, if there is one.
    pub engine: Option<&'static str>,
    pub ip: Option<&'static str>,
    pub device: Option<&'static str>,
    pub file: &'static str,
}

pub(crate) const EVENT: Event = Event {
    at: "2025-09-08T09:00:00Z",
    school: "elm",
    source: "elm-filter",
    kind: "web",
    action: Some("allowed"),
    user: Some("k1-pupil-a"),
    user_type: "pupil",
    year_group: Some("7"),
    profile: Some("pupils"),
    category: Some("education"),
    theme: None,
    term: None,
    help: false,
    severity: None,
    furniture: false,
    scheme: "https",
    tls_inspected: None,
    host: Some("fern.example"),
    domain: None,
    query: None,
    engine: None,
    ip: None,
    device: None,
    file: "f0",
};

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn texts(values: impl Iterator<Item = Option<&'static str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Rows of `events`. Dates are London's: all times given stand well inside a day.
pub(crate) fn rows(events: &[Event]) -> RecordBatch {
    let instants: Vec<jiff::Timestamp> = events.iter().map(|e| e.at.parse().unwrap()).collect();
    let london = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let all = || events.iter();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "event_time",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(instants.iter().map(|at| at.as_microsecond())).with_timezone("UTC"),
            ),
        ),
        (
            "event_date",
            Arc::new(Date32Array::from_iter_values(instants.iter().map(|at| epoch_day(at.to_zoned(london.clone()).date())))),
        ),
        ("school_id", texts(all().map(|e| Some(e.school)))),
        ("source_id", texts(all().map(|e| Some(e.source)))),
        ("format_id", texts(all().map(|_| Some("larkfilter-csv")))),
        ("kind", texts(all().map(|e| Some(e.kind)))),
        ("action", texts(all().map(|e| e.action))),
        ("user_key", texts(all().map(|e| e.user))),
        ("user_type", texts(all().map(|e| Some(e.user_type)))),
        ("year_group", texts(all().map(|e| e.year_group))),
        ("profile", texts(all().map(|e| e.profile))),
        ("scheme", texts(all().map(|e| Some(e.scheme)))),
        ("host", texts(all().map(|e| e.host))),
        ("domain", texts(all().map(|e| e.domain))),
        ("url_path", texts(all().map(|_| Some("/pages/fern")))),
        ("url_query", texts(all().map(|e| e.query))),
        ("src_ip", texts(all().map(|e| e.ip))),
        ("device_key", texts(all().map(|e| e.device))),
        ("tls_inspected", Arc::new(all().map(|e| e.tls_inspected).collect::<BooleanArray>())),
        ("bytes_in", Arc::new(Int64Array::from_iter_values(all().map(|_| 100)))),
        ("category", texts(all().map(|e| e.category))),
        ("theme", texts(all().map(|e| e.theme))),
        ("help_seeking", Arc::new(all().map(|e| Some(e.help)).collect::<BooleanArray>())),
        ("search_engine", texts(all().map(|e| e.engine.or(e.term.map(|_| "larksearch"))))),
        ("search_term", texts(all().map(|e| e.term))),
        ("concern_id", texts(all().map(|e| e.severity.map(|_| "entry-1")))),
        ("concern_severity", Arc::new(all().map(|e| e.severity).collect::<Int32Array>())),
        ("furniture", Arc::new(all().map(|e| Some(e.furniture)).collect::<BooleanArray>())),
        ("file_id", texts(all().map(|e| Some(e.file)))),
        ("line_no", Arc::new(Int64Array::from_iter_values(1..=events.len() as i64))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn source(id: &str, school: &str, layer: Layer) -> (SourceId, Source) {
    let id = SourceId::parse(id).unwrap();
    let source = Source {
        id: id.clone(),
        school: SchoolOf::One(SchoolId::parse(school).unwrap()),
        format: None,
        inbox: None,
        tz: "Europe/London".into(),
        layer,
        logs_allowed: true,
        keep_flows: false,
    };
    (id, source)
}

/// Two schools: `elm` with 200 pupils, a filter, a firewall and a DNS filter; `oak` with 100 and a DNS filter only. Two half-terms in
/// each of two years: 8 September to 10 October 2025 (25 school days) and 3 November to 12 December (30), and the year before the same
/// weeks (9 September to 11 October, 4 November to 13 December 2024).
pub(crate) fn estate() -> Estate {
    let school = |id: &str, name: &str| School {
        school_id: SchoolId::parse(id).unwrap(),
        name: name.into(),
        urn: None,
        phase: "secondary".into(),
        nation: "england".into(),
        timezone: "Europe/London".into(),
        governing_body: None,
        trust: None,
        authority: None,
        opens: None,
        closes: None,
    };
    let roll = |id: &str, year: i16, pupils: u32| Roll {
        school_id: SchoolId::parse(id).unwrap(),
        academic_year: AcademicYear(year),
        year_group: "*".into(),
        pupils,
    };
    let block = |start: &str, end: &str, label: &str| CalendarRow {
        school_id: None,
        start: day(start),
        end: day(end),
        kind: CalendarKind::HalfTermBlock,
        label: label.into(),
    };
    let policy = |who: Option<&str>, category: &str, expected: Expected| PolicyRow {
        school_id: None,
        profile_or_user_type: who.map(Into::into),
        category: category.into(),
        expected,
        reason: "agreed by governors".into(),
        from: None,
        to: None,
    };
    let mut estate = Estate {
        rolls: vec![roll("elm", 2024, 200), roll("elm", 2025, 200), roll("oak", 2025, 100)],
        calendar: vec![
            block("2024-09-09", "2024-10-11", "Autumn 1"),
            block("2024-11-04", "2024-12-13", "Autumn 2"),
            block("2025-09-08", "2025-10-10", "Autumn 1"),
            block("2025-11-03", "2025-12-12", "Autumn 2"),
        ],
        policy: vec![
            policy(Some("staff"), "gambling", Expected::Allow),
            policy(None, "gambling", Expected::Block),
            policy(None, "education", Expected::Allow),
        ],
        ..Default::default()
    };
    for school in [school("elm", "Elm School"), school("oak", "Oak School")] {
        estate.schools.insert(school.school_id.clone(), school);
    }
    estate.sources.extend([
        source("elm-filter", "elm", Layer::Filter),
        source("elm-wall", "elm", Layer::Firewall),
        source("elm-dns", "elm", Layer::Dns),
        source("oak-dns", "oak", Layer::Dns),
    ]);
    estate
}

/// Engine options as of a day.
pub(crate) fn options(today: &str) -> EngineOptions {
    EngineOptions { today: Some(day(today)), partitions: 2, ..EngineOptions::default() }
}

/// A lake in a temporary folder.
pub(crate) struct TestLake {
    pub lake: Lake,
    pub folder: tempfile::TempDir,
}

impl TestLake {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { lake: Lake::open(&folder.path().join("lake")).unwrap(), folder }
    }

    /// Commits rows of `events` and marks their slices stale.
    pub(crate) fn ingest(&self, events: &[Event]) {
        let rows = rows(events);
        let files = self.lake.write_rows(Table::Events, &rows).unwrap();
        let stale = slices_of(events);
        self.commit(files.into_iter().map(|file| (Table::Events, file)).collect(), stale, Vec::new());
    }

    /// As [`TestLake::ingest`], as one file of the first event's source with its receipt: when it was read, and lines not readable.
    pub(crate) fn ingest_file(&self, events: &[Event], received: &str, quarantined: u64) {
        let rows = rows(events);
        let files = self.lake.write_rows(Table::Events, &rows).unwrap();
        let micros = |at: &str| at.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        let first = &events[0];
        let file_id = FileId::parse(first.file).unwrap();
        let receipt = Receipt {
            head_id: file_id.clone(),
            file_id,
            byte_from: 0,
            byte_to: 100,
            line_from: 0,
            path: "inbox/day.csv".into(),
            school_id: Some(SchoolId::parse(first.school).unwrap()),
            source_id: SourceId::parse(first.source).unwrap(),
            format_id: FormatId::parse("larkfilter-csv").unwrap(),
            format_version: 1,
            lines: events.len() as u64 + quarantined,
            events: events.len() as u64,
            admin_events: 0,
            ignored: std::collections::BTreeMap::new(),
            quarantined,
            first_event_time: events.iter().map(|e| micros(e.at)).min(),
            last_event_time: events.iter().map(|e| micros(e.at)).max(),
            run_id: RunId::parse("run-1").unwrap(),
            received_at: micros(received),
            revision: 1,
            lake_version: 0,
        };
        let adds = files.into_iter().map(|file| (Table::Events, file)).collect();
        self.commit(adds, slices_of(events), vec![receipt]);
    }

    pub(crate) fn commit(
        &self,
        adds: Vec<(Table, weir_lake::lake::DataFile)>,
        stale: std::collections::BTreeSet<Slice>,
        receipts: Vec<Receipt>,
    ) {
        let snapshot = self.lake.snapshot().unwrap();
        let change = Change::new(ChangeKind::Ingest, RunId::parse("run-1").unwrap(), snapshot.version);
        self.lake.commit(Change { adds, stale, receipts, ..change }).unwrap();
    }

    pub(crate) async fn roll_up(&self, today: &str) -> crate::rollup::RollupReport {
        crate::rollup::roll_up(&self.lake, &estate(), &options(today), &RunId::parse("run-2").unwrap()).await.unwrap()
    }

    pub(crate) fn engine(&self, today: &str) -> Engine {
        Engine::open(&self.lake.snapshot().unwrap(), &estate(), &options(today)).unwrap()
    }
}

pub(crate) fn slices_of(events: &[Event]) -> std::collections::BTreeSet<Slice> {
    let london = jiff::tz::TimeZone::get("Europe/London").unwrap();
    events
        .iter()
        .map(|e| Slice {
            school_id: SchoolId::parse(e.school).unwrap(),
            source_id: SourceId::parse(e.source).unwrap(),
            date: epoch_day(e.at.parse::<jiff::Timestamp>().unwrap().to_zoned(london.clone()).date()),
        })
        .collect()
}
