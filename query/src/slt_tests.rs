//! Runs `query/slt/*.slt`: one file an indicator, whose small tables and wanted figures were worked out by hand.
//!
//! A file gives lines of logs, then asks. How to write one is told in `query/slt/README.md`. Everything that depends on the engine is
//! behind [`Answers`], so that another engine answers the same files by implementing it. The files are sqllogictest's; of its form only
//! what they use is read here, because the crate of that name turns on features of others that would have the whole house built anew.

mod recorded;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;
use weir_lake::calendar::epoch_day;
use weir_lake::estate::{AcademicYear, CalendarKind, CalendarRow, Estate, Roll};
use weir_lake::ids::{FileId, FormatId, RunId, SchoolId, SourceId};
use weir_lake::lake::{Lake, Receipt, Slice};
use weir_lake::schema::Table;

use crate::engine::{Engine, EngineOptions};
use crate::error::QueryError;
use crate::figuring::{Figured, Terms};
use crate::fixture::{TestLake, day, estate, options};
use crate::frame::{self, By, Grain};
use crate::indicator::{FigureRow, Indicator};

/// What a file needs of an engine: rows of a question with parameters over a lake and the fixture's estate.
#[async_trait::async_trait]
trait Answers: Send {
    /// Opens a lake and its estate.
    async fn open(&mut self, lake: &Lake, estate: &Estate, options: &EngineOptions) -> Result<(), QueryError>;
    /// Answers.
    async fn rows(&self, text: &str, parameters: &[(&str, ScalarValue)]) -> Result<Vec<RecordBatch>, QueryError>;
}

#[derive(Default)]
struct Local(Option<Engine>);

#[async_trait::async_trait]
impl Answers for Local {
    async fn open(&mut self, lake: &Lake, estate: &Estate, options: &EngineOptions) -> Result<(), QueryError> {
        self.0 = Some(Engine::open(&lake.snapshot()?, estate, options)?);
        Ok(())
    }

    async fn rows(&self, text: &str, parameters: &[(&str, ScalarValue)]) -> Result<Vec<RecordBatch>, QueryError> {
        self.0.as_ref().unwrap().rows(text, parameters).await
    }
}

/// The tables that a file fills, in a scratch context; what a row does not give has the value here.
const SCRATCH: &str = "
CREATE TABLE lines (at VARCHAR, n INT DEFAULT 1, school VARCHAR DEFAULT 'elm', source VARCHAR DEFAULT 'elm-filter', kind VARCHAR DEFAULT 'web',
    action VARCHAR DEFAULT 'allowed', person VARCHAR DEFAULT 'k1-a', user_type VARCHAR DEFAULT 'pupil', year_group VARCHAR DEFAULT '7',
    profile VARCHAR DEFAULT 'pupils', category VARCHAR DEFAULT 'education', theme VARCHAR, severity INT, engine VARCHAR, term VARCHAR,
    help BOOLEAN DEFAULT false, furniture BOOLEAN DEFAULT false, scheme VARCHAR DEFAULT 'https', opened BOOLEAN, host VARCHAR DEFAULT 'fern.example',
    domain VARCHAR, query VARCHAR, ip VARCHAR, device VARCHAR, file VARCHAR DEFAULT 'f0');
CREATE TABLE changes (at VARCHAR, school VARCHAR DEFAULT 'elm', source VARCHAR DEFAULT 'elm-filter', operation VARCHAR, object VARCHAR);
CREATE TABLE files (file VARCHAR, source VARCHAR DEFAULT 'elm-filter', school VARCHAR DEFAULT 'elm', received VARCHAR, lines BIGINT,
    quarantined BIGINT DEFAULT 0, last VARCHAR);
";

/// `lines` as rows of `events`.
const EVENTS: &str = "
SELECT CAST(l.at AS TIMESTAMP) AS event_time,
       CAST(arrow_cast(arrow_cast(CAST(l.at AS TIMESTAMP), 'Timestamp(Microsecond, Some(\"UTC\"))'), 'Timestamp(Microsecond, Some(\"Europe/London\"))') AS DATE) AS event_date,
       l.school AS school_id, l.source AS source_id, 'larkfilter-csv' AS format_id, l.kind, l.action, l.person AS user_key, l.user_type,
       l.year_group, l.profile, l.device AS device_key, l.ip AS src_ip, l.scheme, l.host, l.domain, '/pages/fern' AS url_path, l.query AS url_query,
       l.opened AS tls_inspected, l.category, l.theme, l.help AS help_seeking, l.engine AS search_engine, l.term AS search_term,
       CASE WHEN l.severity IS NOT NULL THEN 'entry-1' END AS concern_id, l.severity AS concern_severity, l.furniture, l.file AS file_id,
       row_number() OVER (ORDER BY l.at) AS line_no
FROM (SELECT x.*, unnest(generate_series(1, x.n)) AS copy FROM lines x) l";

/// What one file has given so far.
struct Given<A> {
    answers: A,
    scratch: SessionContext,
    estate: Estate,
    /// Made when the first question after the last line given is asked.
    lake: Option<TestLake>,
    today: String,
    /// Since when reveals are written down.
    trail_since: Option<jiff::civil::Date>,
}

impl<A: Answers> Given<A> {
    async fn new(answers: A) -> Self {
        let scratch = SessionContext::new();
        for statement in
            SCRATCH.split(";\n").chain(recorded::SCRATCH.split(";\n")).filter(|statement| !statement.trim().is_empty())
        {
            scratch.sql(statement).await.unwrap().collect().await.unwrap();
        }
        Self { answers, scratch, estate: estate(), lake: None, today: "2025-12-20".into(), trail_since: None }
    }

    async fn given(&self, text: &str) -> RecordBatch {
        let frame = self.scratch.sql(text).await.unwrap();
        let schema = Arc::new(frame.schema().as_arrow().clone());
        concat_batches(&schema, &frame.collect().await.unwrap()).unwrap()
    }

    /// Writes what the file gave into a lake and rolls it up.
    async fn roll_up(&mut self) -> Result<(), QueryError> {
        let test = TestLake::new();
        let mut adds = Vec::new();
        let mut stale = BTreeSet::new();
        let events = self.given(EVENTS).await;
        if events.num_rows() > 0 {
            let events = conformed(&events);
            let (schools, sources) = (texts(&events, "school_id"), texts(&events, "source_id"));
            let dates = cast(events.column_by_name("event_date").unwrap(), &DataType::Date32).unwrap();
            for row in 0..events.num_rows() {
                stale.insert(Slice {
                    school_id: SchoolId::parse(&schools[row]).unwrap(),
                    source_id: SourceId::parse(&sources[row]).unwrap(),
                    date: dates.as_primitive::<Date32Type>().value(row),
                });
            }
            adds.extend(test.lake.write_rows(Table::Events, &events)?.into_iter().map(|file| (Table::Events, file)));
        }
        let changes = self.given("SELECT * FROM changes ORDER BY at").await;
        if changes.num_rows() > 0 {
            let rows = admin_events(&changes);
            adds.extend(test.lake.write_rows(Table::AdminEvents, &rows)?.into_iter().map(|file| (Table::AdminEvents, file)));
        }
        let cells = recorded::published(&self.given("SELECT * FROM published").await, &mut self.estate);
        if !cells.is_empty() {
            let rows = crate::publish::cells::batch_of(&cells)?;
            adds.extend(
                test.lake.write_rows(Table::PublishedFigures, &rows)?.into_iter().map(|file| (Table::PublishedFigures, file)),
            );
        }
        let receipts = receipts(&self.given("SELECT * FROM files ORDER BY file").await);
        if !adds.is_empty() || !receipts.is_empty() {
            test.commit(adds, stale, receipts);
            let run = RunId::parse("run-2").unwrap();
            crate::rollup::roll_up(&test.lake, &self.estate, &options(&self.today), &run).await?;
        }
        let mut recorded = Vec::new();
        for table in ["planned", "tested", "asked", "alerts", "reveals"] {
            recorded.push(self.given(&format!("SELECT * FROM {table}")).await);
        }
        let recorded: &[RecordBatch; 5] = recorded.as_slice().try_into().unwrap();
        let records = recorded::records(recorded, self.trail_since);
        let options = EngineOptions { records, ..options(&self.today) };
        self.answers.open(&test.lake, &self.estate, &options).await?;
        self.lake = Some(test);
        Ok(())
    }

    /// `indicator ID SCHOOL YEAR [week] [by profile|user_type|year_group]`.
    async fn indicator(&self, words: &[&str]) -> Result<Vec<RecordBatch>, QueryError> {
        let indicator = Indicator::find(words[0])?;
        let grain = if words.contains(&"week") { Grain::Week } else { Grain::HalfTerm };
        let by = words.iter().position(|word| *word == "by").map(|at| By::parse(words[at + 1]).unwrap());
        let year = AcademicYear::parse(words[2]).unwrap();
        let mut terms = Vec::new();
        for question in frame::terms(words[1]) {
            terms.push(self.answers.rows(&question.text, &question.parameters).await?);
        }
        let asked = frame::asked(indicator, words[1], year, grain, by);
        let cells = self.answers.rows(&asked.cells.text, &asked.cells.parameters).await?;
        let persons = match &asked.persons {
            Some(question) => Some(self.answers.rows(&question.text, &question.parameters).await?),
            None => None,
        };
        let figured = Figured { indicator, year, grain };
        let rows = figured.rows(&Terms::new(words[1], &terms)?, &cells, persons.as_deref())?;
        Ok(vec![stated(&rows)])
    }
}

fn texts(rows: &RecordBatch, name: &str) -> Vec<String> {
    let column = cast(rows.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|value| value.unwrap_or_default().to_string()).collect()
}

/// Times in microseconds and whole numbers as the lake wants them.
fn conformed(rows: &RecordBatch) -> RecordBatch {
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns()).map(|(field, column)| {
        let wanted = match field.name().as_str() {
            "event_time" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "line_no" => DataType::Int64,
            _ => match field.data_type() {
                DataType::Utf8View => DataType::Utf8,
                other => other.clone(),
            },
        };
        (field.name().clone(), cast(column, &wanted).unwrap(), true)
    });
    RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<_>>()).unwrap()
}

fn moment(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn admin_events(rows: &RecordBatch) -> RecordBatch {
    let london = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let at = texts(rows, "at");
    let days = at.iter().map(|at| epoch_day(at.parse::<jiff::Timestamp>().unwrap().to_zoned(london.clone()).date()));
    let text = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
    let times: arrow::array::PrimitiveArray<TimestampMicrosecondType> = at.iter().map(|at| Some(moment(at))).collect();
    RecordBatch::try_from_iter([
        ("event_time", Arc::new(times.with_timezone("UTC")) as ArrayRef),
        ("event_date", Arc::new(Date32Array::from_iter_values(days))),
        ("school_id", text(texts(rows, "school"))),
        ("source_id", text(texts(rows, "source"))),
        ("operation", text(texts(rows, "operation"))),
        ("object", text(texts(rows, "object"))),
        ("file_id", text(vec!["f0".into(); at.len()])),
        ("line_no", Arc::new(Int64Array::from_iter_values(1..=at.len() as i64))),
    ])
    .unwrap()
}

fn receipts(rows: &RecordBatch) -> Vec<Receipt> {
    let (files, sources, schools) = (texts(rows, "file"), texts(rows, "source"), texts(rows, "school"));
    let (received, last) = (texts(rows, "received"), texts(rows, "last"));
    let number = |name: &str, row: usize| {
        let column = cast(rows.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
        u64::try_from(column.as_primitive::<Int64Type>().value(row)).unwrap()
    };
    (0..rows.num_rows())
        .map(|row| {
            // Sixty-four letters make a file id; files are named by one in a test.
            let file_id = FileId::parse(&files[row].repeat(64 / files[row].len())).unwrap();
            let (lines, quarantined) = (number("lines", row), number("quarantined", row));
            Receipt {
                head_id: file_id.clone(),
                file_id,
                byte_from: 0,
                byte_to: 100,
                line_from: 0,
                path: "inbox/day.csv".into(),
                school_id: (schools[row] != "*").then(|| SchoolId::parse(&schools[row]).unwrap()),
                source_id: SourceId::parse(&sources[row]).unwrap(),
                format_id: FormatId::parse("larkfilter-csv").unwrap(),
                format_version: 1,
                lines,
                events: lines - quarantined,
                admin_events: 0,
                ignored: std::collections::BTreeMap::new(),
                quarantined,
                first_event_time: None,
                last_event_time: (!last[row].is_empty()).then(|| moment(&last[row])),
                run_id: RunId::parse("run-1").unwrap(),
                received_at: moment(&received[row]),
                revision: 1,
                lake_version: 0,
            }
        })
        .collect()
}

/// What a file states of a figure, as rows.
fn stated(rows: &[FigureRow]) -> RecordBatch {
    fn texts<'a>(rows: &'a [FigureRow], of: impl Fn(&'a FigureRow) -> Option<&'a str>) -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    }
    let numbers = |of: fn(&FigureRow) -> Option<f64>| Arc::new(rows.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let weeks: Date32Array = rows.iter().map(|row| row.week.map(epoch_day)).collect();
    let columns = [
        ("label", texts(rows, |row| Some(&row.label))),
        ("week", Arc::new(weeks) as ArrayRef),
        ("dimension", texts(rows, |row| row.dimension.as_deref())),
        ("part", texts(rows, |row| row.part.as_deref())),
        ("numerator", numbers(|row| row.numerator)),
        ("denominator", numbers(|row| row.denominator)),
        ("value", numbers(|row| row.value)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

/// What of a figure a file states: period or week, dimension, part, numerator, denominator, figure.
const STATED: [&str; 6] = ["label", "dimension", "part", "numerator", "denominator", "value"];

/// A value as a file writes it: numbers with at most four decimals, and none that says nothing.
fn written(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".into();
    }
    if matches!(column.data_type(), DataType::Float64) {
        let text = format!("{:.4}", column.as_primitive::<Float64Type>().value(row));
        return text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    let options = FormatOptions::default();
    ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string().replace(' ', "_")
}

/// Rows as a file writes them, one a line.
fn output(batches: &[RecordBatch], columns: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let all: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let wanted = if columns.is_empty() { &all[..] } else { columns };
        let found: Vec<&ArrayRef> = wanted.iter().map(|name| batch.column_by_name(name).unwrap()).collect();
        rows.extend(
            (0..batch.num_rows()).map(|row| found.iter().map(|column| written(column, row)).collect::<Vec<_>>().join(" ")),
        );
    }
    rows
}

impl<A: Answers> Given<A> {
    /// Does what a `statement ok` says.
    async fn state(&mut self, text: &str) -> Result<(), QueryError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        // What was asked before stands; the next question is over all that was given.
        self.lake = None;
        match words.as_slice() {
            ["today", day] => self.today = (*day).to_string(),
            ["trail", since] => self.trail_since = Some(day(since)),
            ["pupils", school, year, year_group, pupils] => {
                let (school_id, academic_year) = (SchoolId::parse(school).unwrap(), AcademicYear::parse(year).unwrap());
                let same = |roll: &Roll| {
                    roll.school_id == school_id && roll.academic_year == academic_year && roll.year_group == *year_group
                };
                self.estate.rolls.retain(|roll| !same(roll));
                let (year_group, pupils) = ((*year_group).to_string(), pupils.parse().unwrap());
                self.estate.rolls.push(Roll { school_id, academic_year, year_group, pupils });
            }
            // Half-terms in place of the fixture's, by start and end.
            ["half_terms", days @ ..] => {
                let blocks = days.chunks(2).enumerate().map(|(at, days)| CalendarRow {
                    school_id: None,
                    start: day(days[0]),
                    end: day(days[1]),
                    kind: CalendarKind::HalfTermBlock,
                    label: format!("Part {}", at % 2 + 1),
                });
                self.estate.calendar = blocks.collect();
            }
            ["logs_blocks_only", source] => {
                let source = SourceId::parse(source).unwrap();
                self.estate.sources.get_mut(&source).unwrap().logs_allowed = false;
            }
            ["INSERT", "INTO", ..] => drop(self.scratch.sql(text).await?.collect().await?),
            _ => panic!("no such statement: {text}"),
        }
        Ok(())
    }

    /// Answers a `query`.
    async fn ask(&mut self, text: &str) -> Result<Vec<String>, QueryError> {
        if self.lake.is_none() {
            self.roll_up().await?;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["indicator", words @ ..] => {
                let columns = STATED.map(|name| if name == "label" && words.contains(&"week") { "week" } else { name });
                Ok(output(&self.indicator(words).await?, &columns))
            }
            _ => Ok(output(&self.answers.rows(text, &[]).await?, &[])),
        }
    }

    /// Runs a file: records parted by blank lines, `statement ok` or `query` first. The first that is not as stated ends it.
    async fn run(&mut self, text: &str) -> Result<usize, String> {
        let mut asked = 0;
        for record in text.split("\n\n") {
            let lines: Vec<&str> = record.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect();
            let Some((kind, rest)) = lines.split_first() else { continue };
            let failed = |error: QueryError| format!("{}\n{error}", rest.join("\n"));
            match kind.split_whitespace().next() {
                Some("statement") => self.state(&rest.join("\n")).await.map_err(failed)?,
                Some("query") => {
                    let at = rest.iter().position(|line| *line == "----").ok_or("a query without an answer")?;
                    let found = self.ask(&rest[..at].join("\n")).await.map_err(failed)?;
                    let wanted: Vec<String> =
                        rest[at + 1..].iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
                    if found != wanted {
                        let question = rest[..at].join("\n");
                        return Err(format!("{question}\nwanted:\n{}\nfound:\n{}", wanted.join("\n"), found.join("\n")));
                    }
                    asked += 1;
                }
                other => return Err(format!("what is {other:?}?")),
            }
        }
        Ok(asked)
    }
}

fn slt_files() -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("slt");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "slt")).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_indicator_gives_what_was_worked_out_by_hand() {
    let only = std::env::var("WEIR_SLT").unwrap_or_default();
    let mut failed = Vec::new();
    for file in slt_files().into_iter().filter(|file| file.to_string_lossy().contains(&only)) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let mut given = Given::new(Local::default()).await;
        match given.run(&std::fs::read_to_string(&file).unwrap()).await {
            Ok(0) => failed.push(format!("{name}: asks nothing")),
            Ok(_) => {}
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn every_indicator_has_its_file() {
    let files: Vec<String> = slt_files().iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let ids: Vec<String> = Indicator::all().unwrap().iter().map(|indicator| indicator.id.clone()).collect();
    assert_eq!(files, ids, "query/slt has one file an indicator");
}
