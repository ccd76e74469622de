//! Shows what each line of an input would become, names in clear, and stores nothing: for the technician's own screen.

use std::io::{Cursor, Read};
use std::sync::Arc;

use memchr::memchr;
use serde_json::{Map, Value, json};
use weir_lake::batch::{DictColumn, EventBatch, NULL_ID, NumberColumn, TextColumn};
use weir_lake::estate::{Estate, People, Source};
use weir_lake::ids::{FileId, FormatId, SchoolId, UserKey};
use weir_lake::lake::LakeError;
use weir_lake::names::{ClearName, Named, Pseudonyms};
use weir_lake::schema::Table;

use crate::decoded::{Decoded, Field, LineReader, Outcome};
use crate::engine::{
    Block, BlockSource, Cutter, Cutting, EstatePeople, IngestError, IngestOptions, MAX_RECORD_BYTES, UNIT_BYTES, check_schools,
    choose_format, headers_of, vendor_of,
};
use crate::input::{self, Input, InputError, Opened};
use crate::normalise::{FileContext, Normaliser, Pushed, Reference, When};
use crate::report::Ledger;

/// Bytes of an input's beginning that tell its format.
const BEGINNING_BYTES: usize = 96 << 10;

/// One line, as it would be.
#[derive(Debug, Clone, PartialEq)]
pub struct InspectedLine {
    /// Line of the input, from 1.
    pub line_no: u64,
    /// `event`, `admin_event`, `ignored` or `quarantined`.
    pub outcome: &'static str,
    /// Why it is ignored or quarantined.
    pub reason: Option<&'static str>,
    /// The format it was read as.
    pub format: String,
    /// Columns of the row in the order of the schema, with `user` and `device` in clear in the place of their keys; none where there is
    /// no row.
    pub columns: Vec<(&'static str, Value)>,
}

impl InspectedLine {
    /// The object that `weir inspect` prints, in its order.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{");
        let head = [
            ("line_no", json!(self.line_no)),
            ("outcome", json!(self.outcome)),
            ("reason", json!(self.reason)),
            ("format", json!(self.format)),
        ];
        for (name, value) in head.iter().chain(&self.columns) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&Value::from(*name).to_string());
            text.push(':');
            text.push_str(&value.to_string());
        }
        text.push('}');
        text
    }

    /// The same as a value.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("line_no".into(), json!(self.line_no));
        map.insert("outcome".into(), json!(self.outcome));
        map.insert("reason".into(), json!(self.reason));
        map.insert("format".into(), json!(self.format));
        map.extend(self.columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(map)
    }
}

/// Gives one key for everyone: what is inspected is never stored.
struct NoKeys(UserKey);

impl Pseudonyms for NoKeys {
    fn key(&mut self, _school: &SchoolId, _named: Named, _realm: &str, _name: &ClearName) -> UserKey {
        self.0.clone()
    }
}

/// What reads lines for inspection.
struct Inspector<'a> {
    reader: Box<dyn LineReader>,
    normaliser: Normaliser,
    batch: EventBatch,
    format: String,
    ends_at_nul: bool,
    ledger: Ledger,
    each: &'a mut dyn FnMut(&InspectedLine),
}

/// What an inspection came to.
#[derive(Debug)]
pub struct Inspected {
    /// What became of the lines.
    pub ledger: Ledger,
    /// Why an ingest refuses the input all the same: not one of its lines can be read, and what they lack could be told.
    pub refused: Option<IngestError>,
}

/// Shows every line of one input to `each`, in order, and gives its ledger. The options' source, format and clock count; nothing is
/// written anywhere.
pub fn inspect(
    estate: &Estate,
    catalogue: &crate::format::Catalogue,
    input: &Input,
    options: &IngestOptions,
    each: &mut dyn FnMut(&InspectedLine),
) -> Result<Inspected, IngestError> {
    let opened = input::open(input, options.limits)?;
    inspect_opened(estate, catalogue, Reference::of_estate(estate)?, &input.label(), opened, UNIT_BYTES, options, each)
}

/// The same of what is open, in blocks of `unit` bytes.
#[expect(clippy::too_many_arguments, reason = "the parts of one call, all but two of them the public one's")]
pub(crate) fn inspect_opened(
    estate: &Estate,
    catalogue: &crate::format::Catalogue,
    reference: Arc<Reference>,
    label: &str,
    mut opened: Opened,
    unit: usize,
    options: &IngestOptions,
    each: &mut dyn FnMut(&InspectedLine),
) -> Result<Inspected, IngestError> {
    let fault = |error| InputError::of(label, error);
    let school_zone = check_schools(estate, options).unwrap_or_else(|_| options.source.tz.clone());
    let mut beginning = Vec::with_capacity(BEGINNING_BYTES);
    opened.reader.by_ref().take(BEGINNING_BYTES as u64).read_to_end(&mut beginning).map_err(fault)?;
    let (format, refused) = match choose_format(catalogue, &options.format, label, &beginning) {
        Ok(chosen) => (chosen.format, None),
        Err(error) => match error.nearest() {
            Some(nearest) => (Arc::clone(nearest), Some(error)),
            None => return Err(error),
        },
    };
    let mut reader = format.reader();
    let cutter = Cutter { multiline: reader.is_multiline(), max_bytes: MAX_RECORD_BYTES };
    // Looked for only to read a file without a header as an ingest would.
    let headers = headers_of(&mut *reader, cutter, &beginning, beginning.len() < BEGINNING_BYTES);
    let mut reader = format.reader();
    for header in &headers {
        reader.read(header);
    }
    let vendor = vendor_of(&reference, &format);
    let people = EstatePeople::new(
        Arc::new(People::new(estate)),
        options.user.as_ref().map(|user| user.reveal_in_clear().into()),
        Arc::default(),
    );
    let rejected = |error: weir_lake::ids::IdError| LakeError::Rejected { problem: error.to_string() };
    let key = UserKey::parse(&format!("k0-{:032}", 0)).map_err(rejected)?;
    let mut normaliser = Normaliser::new(reference, Box::new(people), Box::new(NoKeys(key)));
    let written_at_micros =
        opened.modified.and_then(|time| i64::try_from(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_micros()).ok());
    let context = Arc::new(FileContext {
        school: options.source.school.clone(),
        source_id: options.source.id.clone(),
        format_id: FormatId::parse(format.id()).map_err(rejected)?,
        file_id: FileId::from_digest([0; 32]),
        zone: options.source.tz.clone(),
        school_zone,
        vendor,
        keep_allowed_queries: true,
        written_at_micros,
        now_micros: options.now_micros,
    });
    normaliser.begin_file(context).map_err(|error| IngestError::Zone { source_id: options.source.id.to_string(), error })?;
    let cutting = Cutting { cutter, unit, settled: true, line_from: 0 };
    let mut source = BlockSource::new(Box::new(Cursor::new(beginning).chain(opened.reader)), cutting);
    let ends_at_nul = reader.nul_ends_record();
    let mut inspector = Inspector {
        reader,
        normaliser,
        batch: EventBatch::default(),
        format: format.id().to_owned(),
        ends_at_nul,
        ledger: Ledger::default(),
        each,
    };
    let mut block = Block::default();
    while source.pull(&mut block).map_err(fault)? {
        if let Some((line, _)) = block.too_long.take() {
            inspector.plain(line, Outcome::Quarantined("line_too_long"));
        }
        let records = block.bytes.get(..block.records.end).unwrap_or_default();
        let (mut at, mut line_no) = (block.records.start, block.first_line);
        while let Some(record) = cutter.cut(records, at, true) {
            inspector.record(records.get(at..record.end).unwrap_or_default(), line_no, record.lines);
            at = record.next;
            line_no += record.lines;
        }
    }
    if inspector.normaliser.take_notes().contradicts {
        return Err(IngestError::NamesOthers { path: label.to_owned() });
    }
    Ok(Inspected { ledger: inspector.ledger, refused })
}

impl Inspector<'_> {
    fn record(&mut self, record: &[u8], line_no: u64, lines: u64) {
        for line in line_no + 1..line_no + lines {
            *self.ledger.ignored.entry(String::from("continuation")).or_insert(0) += 1;
            self.ledger.lines += 1;
            let _ = line;
        }
        if record.len() > MAX_RECORD_BYTES {
            return self.plain(line_no, Outcome::Quarantined("line_too_long"));
        }
        if memchr(0, record).is_some() {
            if !self.ends_at_nul {
                let outcome = match self.reader.read(record).outcome {
                    ignored @ Outcome::Ignored(_) => ignored,
                    _ => Outcome::Quarantined("nul_bytes"),
                };
                return self.plain(line_no, outcome);
            }
            for part in record.strip_suffix(b"\0").unwrap_or(record).split(|byte| *byte == 0) {
                self.line(part, line_no);
            }
            return;
        }
        match std::str::from_utf8(record) {
            Ok(_) => self.line(record, line_no),
            Err(_) => {
                let text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(record).0.into_owned();
                self.line(text.as_bytes(), line_no);
            }
        }
    }

    /// A line without a row.
    fn plain(&mut self, line_no: u64, outcome: Outcome) {
        self.tell(line_no, outcome, Vec::new());
    }

    fn line(&mut self, line: &[u8], line_no: u64) {
        let Self { reader, normaliser, batch, .. } = self;
        let decoded = reader.read(line);
        let read: Result<Vec<(&'static str, Value)>, &'static str> = match decoded.outcome {
            Outcome::Event => normaliser.when(&decoded).and_then(|when| event(normaliser, batch, &decoded, when, line_no)),
            Outcome::AdminEvent => normaliser.when(&decoded).map(|when| admin_event(normaliser, &decoded, when)),
            Outcome::Ignored(_) | Outcome::Quarantined(_) => Ok(Vec::new()),
        };
        let outcome = decoded.outcome;
        match read {
            Ok(columns) => self.tell(line_no, outcome, columns),
            Err(reason) => self.plain(line_no, Outcome::Quarantined(reason)),
        }
    }

    fn tell(&mut self, line_no: u64, outcome: Outcome, columns: Vec<(&'static str, Value)>) {
        self.ledger.lines += 1;
        let (name, reason) = match outcome {
            Outcome::Event => {
                self.ledger.events += 1;
                ("event", None)
            }
            Outcome::AdminEvent => {
                self.ledger.admin_events += 1;
                ("admin_event", None)
            }
            Outcome::Ignored(reason) => {
                *self.ledger.ignored.entry(reason.to_owned()).or_insert(0) += 1;
                ("ignored", Some(reason))
            }
            Outcome::Quarantined(reason) => {
                self.ledger.quarantined += 1;
                ("quarantined", Some(reason))
            }
        };
        (self.each)(&InspectedLine { line_no, outcome: name, reason, format: self.format.clone(), columns });
    }
}

fn clear(name: Option<ClearName>) -> Value {
    name.map_or(Value::Null, |name| Value::from(name.reveal_in_clear()))
}

fn time(micros: i64) -> Value {
    // Milliseconds where that is all there is.
    jiff::Timestamp::from_microsecond(micros).map_or(Value::Null, |time| {
        let digits = if micros % 1000 == 0 { 3 } else { 6 };
        Value::from(format!("{time:.digits$}"))
    })
}

fn date(days: i32) -> Value {
    let date = jiff::civil::Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(days));
    Value::from(date.to_string())
}

fn dict(column: &DictColumn) -> Value {
    match column.ids.first() {
        Some(id) if *id != NULL_ID => Value::from(String::from_utf8_lossy(column.strings.get(*id)).into_owned()),
        _ => Value::Null,
    }
}

fn text(column: &TextColumn) -> Value {
    column.get(0).map_or(Value::Null, |text| Value::from(String::from_utf8_lossy(text).into_owned()))
}

fn number(column: &NumberColumn) -> Value {
    match (column.values.first(), column.valid.first()) {
        (Some(value), Some(true)) => Value::from(*value),
        _ => Value::Null,
    }
}

/// The columns of an event's row.
fn event(
    normaliser: &mut Normaliser,
    batch: &mut EventBatch,
    decoded: &Decoded<'_>,
    when: When,
    line_no: u64,
) -> Result<Vec<(&'static str, Value)>, &'static str> {
    batch.clear();
    if let Pushed::Quarantined(reason) = normaliser.push(decoded, when, line_no as i64, batch) {
        return Err(reason);
    }
    let dictionaries = batch.dict_columns();
    let mut columns = Vec::with_capacity(Table::Events.columns().len());
    for column in Table::Events.columns() {
        let (name, value) = match column.name {
            "file_id" | "line_no" => continue,
            "event_time" => (column.name, time(when.micros_utc)),
            "event_date" => (column.name, date(when.date)),
            "user_key" => ("user", clear(normaliser.user_in_clear(decoded))),
            "device_key" => ("device", clear(normaliser.device_in_clear(decoded))),
            "url_path" => (column.name, text(&batch.url_path)),
            "url_query" => (column.name, text(&batch.url_query)),
            "search_term" => (column.name, text(&batch.search_term)),
            "status" => (column.name, number(&batch.status)),
            "bytes_in" => (column.name, number(&batch.bytes_in)),
            "bytes_out" => (column.name, number(&batch.bytes_out)),
            "concern_severity" => (column.name, number(&batch.concern_severity)),
            "tls_inspected" => {
                let inspected = batch.tls_inspected.first().filter(|inspected| **inspected < 2);
                (column.name, inspected.map_or(Value::Null, |inspected| Value::from(*inspected == 1)))
            }
            "help_seeking" => (column.name, Value::from(batch.help_seeking.first() == Some(&true))),
            "furniture" => (column.name, Value::from(batch.furniture.first() == Some(&true))),
            "other_themes" => {
                let themes = dict(&batch.other_themes);
                let list = themes.as_str().map(|themes| themes.split(';').map(Value::from).collect::<Vec<_>>());
                (column.name, list.map_or(Value::Null, Value::from))
            }
            name => (name, dictionaries.iter().find(|(known, _)| *known == name).map_or(Value::Null, |(_, column)| dict(column))),
        };
        columns.push((name, value));
    }
    Ok(columns)
}

/// The columns of an admin event, as the line has them.
fn admin_event(normaliser: &mut Normaliser, decoded: &Decoded<'_>, when: When) -> Vec<(&'static str, Value)> {
    let row = normaliser.admin(decoded, when, 0);
    let field = |field| match decoded.text(field) {
        [] => Value::Null,
        text => Value::from(String::from_utf8_lossy(text).into_owned()),
    };
    vec![
        ("event_time", time(when.micros_utc)),
        ("event_date", date(when.date)),
        ("school_id", row.school_id.map_or(Value::Null, |school| Value::from(school.as_str()))),
        ("actor", if decoded.text(Field::Actor).is_empty() { field(Field::User) } else { field(Field::Actor) }),
        ("operation", Value::from(row.operation)),
        ("object", field(Field::Object)),
        ("detail", field(Field::Detail)),
    ]
}

/// A source for files of which nothing is known: of one school, in the given zone.
pub fn unknown_source(zone: &str) -> Result<Source, weir_lake::ids::IdError> {
    use weir_lake::estate::{Layer, SchoolOf};
    use weir_lake::ids::SourceId;
    Ok(Source {
        id: SourceId::parse("inspected")?,
        school: SchoolOf::One(SchoolId::parse("inspected")?),
        format: None,
        inbox: None,
        tz: zone.to_owned(),
        layer: Layer::Filter,
        logs_allowed: true,
        keep_flows: false,
    })
}
