//! Runs a format's own samples and rejects: the format is its own test.

use std::collections::BTreeMap;

use jiff::civil;
use jiff::tz::TimeZone;

use super::error::Place;
use super::plan::TEXT_COLUMNS;
use super::reader::Reader;
use super::spec::{SampleSpec, Texts};
use super::{Format, FormatError};
use crate::decoded::{Decoded, LineReader, Outcome, Time};

/// Zone of samples that name none: where the schools are.
const USUAL_ZONE: &str = "Europe/London";

/// What came of one sample or reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Line of the format file.
    pub line: usize,
    /// `sample 1`, `reject 2`.
    pub what: String,
    /// The fields that differ; none when it passed.
    pub differences: Vec<Step>,
    /// Why it did not pass; none when it did.
    pub why: Option<Why>,
}

/// A line that did not come out as it must, from the inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The line.
    pub text: String,
    /// What became of it: `event`, `quarantined (bad_time)`.
    pub became: String,
    /// What usually mends that, in words.
    pub mend: Option<String>,
    /// Each field the format looks at, and what stands there; none where the line lacks it.
    pub fields: Vec<(String, Option<String>)>,
    /// What else the line holds: names that no column, rule or time looks at.
    pub unread: Vec<(String, String)>,
    /// Each column the sample speaks of, wanted and found, differing or not.
    pub compared: Vec<Step>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The field.
    pub field: String,
    /// What the sample says.
    pub wanted: String,
    /// What the format gave.
    pub got: String,
}

/// What came of all samples and rejects of a format file.
#[derive(Debug, Clone)]
pub struct Report {
    /// The format's id.
    pub id: String,
    /// One for each sample and reject, in file order.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether every sample and reject passed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.differences.is_empty())
    }
}

/// Compiles a format file and runs its samples, for `weir formats test`.
pub fn test(file: &str, text: &str) -> Result<Report, FormatError> {
    Ok(Format::parse(file, text)?.check())
}

impl Format {
    /// Runs the samples and rejects.
    pub fn check(&self) -> Report {
        let place = Place { file: &self.file, text: &self.text };
        let mut checks = Vec::new();
        for (n, sample) in self.spec.sample.iter().enumerate() {
            let line = place.line_of_item("sample", n);
            let compared = self.check_sample(sample);
            let why = |compared| self.why(&sample.header, &sample.line, compared);
            checks.push(Check::of(line, format!("sample {}", n + 1), compared, why));
        }
        for (n, reject) in self.spec.reject.iter().enumerate() {
            let line = place.line_of_item("reject", n);
            let mut reader = self.reader_after(&reject.header);
            let got = match reader.read(reject.line.as_bytes()).outcome {
                Outcome::Ignored(reason) | Outcome::Quarantined(reason) => reason.to_string(),
                outcome => outcome_word(outcome).to_string(),
            };
            let compared = vec![Step { field: "reason".into(), wanted: reject.reason.clone(), got }];
            let why = |compared| self.why(&reject.header, &reject.line, compared);
            checks.push(Check::of(line, format!("reject {}", n + 1), compared, why));
        }
        Report { id: self.id().to_string(), checks }
    }

    /// Refuses a format of which a sample fails.
    pub(crate) fn checked(self) -> Result<Self, FormatError> {
        let report = self.check();
        for check in report.checks {
            if let Some(step) = check.differences.first() {
                return Err(FormatError::Sample {
                    file: self.file,
                    line: check.line,
                    what: check.what,
                    difference: format!("{}: wanted {:?}, got {:?}", step.field, step.wanted, step.got),
                });
            }
        }
        Ok(self)
    }

    /// Header lines and lines of all samples, in order.
    pub(crate) fn sample_lines(&self) -> impl Iterator<Item = (Vec<&str>, &str)> {
        self.spec
            .sample
            .iter()
            .map(|s| (s.header.iter().flat_map(|h| h.as_slice()).map(String::as_str).collect(), s.line.as_str()))
    }

    fn why(&self, header: &Option<Texts>, line: &str, compared: Vec<Step>) -> Why {
        let mut reader = self.reader_after(header);
        let outcome = reader.read(line.as_bytes()).outcome;
        let mut fields = self.reader_after(header).taken_apart(line.as_bytes());
        let header: Vec<&str> = header.iter().flat_map(Texts::as_slice).map(String::as_str).collect();
        let delimiter = self.spec.delimiter.as_ref().and_then(|texts| texts.as_slice().first()?.chars().next());
        let mut unread = super::draft::fields_of(&self.spec.decode, delimiter, &header, line);
        let is_same = |a: &str, b: &str| crate::decode::plain_name(a.as_bytes()) == crate::decode::plain_name(b.as_bytes());
        // A header that was not recognised left its columns unread; a person wants to see them all the same.
        for (name, value) in fields.iter_mut().filter(|(_, value)| value.is_none()) {
            *value = unread.iter().find(|(known, text)| is_same(known, name) && !text.is_empty()).map(|(_, text)| text.clone());
        }
        unread.retain(|(name, _)| !fields.iter().any(|(known, _)| is_same(known, name)));
        let mend = mend(outcome, &fields).map(str::to_owned);
        Why { text: line.to_owned(), became: became(outcome), mend, fields, unread, compared }
    }

    fn reader_after(&self, header: &Option<Texts>) -> Reader {
        let mut reader = Reader::new(std::sync::Arc::clone(&self.plan), false);
        for line in header.iter().flat_map(|h| h.as_slice()) {
            reader.read(line.as_bytes());
        }
        reader
    }

    fn check_sample(&self, sample: &SampleSpec) -> Vec<Step> {
        let mut reader = self.reader_after(&sample.header);
        let decoded = reader.read(sample.line.as_bytes());
        let zone = sample.zone.as_deref().unwrap_or(USUAL_ZONE);
        let mut compared = Vec::new();
        let outcome_wanted = sample.row.get("outcome").and_then(|v| v.as_str()).unwrap_or("event");
        let got = became(decoded.outcome);
        if outcome_word(decoded.outcome) != outcome_wanted {
            return vec![Step { field: "outcome".into(), wanted: outcome_wanted.into(), got }];
        }
        let given = values(&decoded);
        for (field, wanted) in sample.row.iter().filter(|(field, _)| *field != "outcome") {
            let wanted = match wanted {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let got = if field == "event_time" {
                if same_moment(decoded.time, &wanted, zone) { wanted.clone() } else { written_time(decoded.time) }
            } else {
                match given.get(field.as_str()) {
                    Some(text) => text.clone(),
                    None if is_column(field) => String::new(),
                    None => format!("(no column {field})"),
                }
            };
            compared.push(Step { field: field.clone(), wanted, got });
        }
        compared
    }
}

impl Check {
    /// A check of everything that was compared; `why` is asked only where something differs.
    fn of(line: usize, what: String, compared: Vec<Step>, why: impl FnOnce(Vec<Step>) -> Why) -> Self {
        let differences: Vec<Step> = compared.iter().filter(|step| step.differs()).cloned().collect();
        let why = (!differences.is_empty()).then(|| why(compared));
        Check { line, what, differences, why }
    }
}

impl Step {
    /// Whether what came is not what was wanted.
    pub fn differs(&self) -> bool {
        self.wanted != self.got
    }
}

fn became(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ignored(reason) | Outcome::Quarantined(reason) => format!("{} ({reason})", outcome_word(outcome)),
        outcome => outcome_word(outcome).to_string(),
    }
}

/// What to look at first, by what Weir itself says of a line.
fn mend(outcome: Outcome, fields: &[(String, Option<String>)]) -> Option<&'static str> {
    let Outcome::Quarantined(reason) = outcome else { return None };
    Some(match reason {
        "unreadable" if fields.iter().all(|(_, value)| value.is_none()) => {
            "the decoder makes nothing of the line: look at decode, frame, delimiter, and pattern or head"
        }
        "unreadable" => "the decoder stops inside the line: look at delimiter, quotes, and pattern",
        "no_header" => {
            "no header was recognised: one must come before and hold the names of [time] and [columns]; compare them with the fields below"
        }
        "missing_field" => "a field of require is not in the line: see which one below",
        "missing_time" => "no field of [time] is in the line: compare its name with those below, capital letters and dots too",
        "bad_time" => "the field of [time] is there and its layout does not fit, sign by sign, to its end",
        "missing_action" => "no field of the action column is in the line, and no rule gives an action",
        "unknown_action" => "the word of the action column is not in its table: if it is a decision, add it there",
        _ => return None,
    })
}

fn is_column(name: &str) -> bool {
    TEXT_COLUMNS.iter().any(|(column, _)| *column == name)
        || ["kind", "action", "status", "bytes_in", "bytes_out", "tls_inspected"].contains(&name)
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Event => "event",
        Outcome::AdminEvent => "admin_event",
        Outcome::Ignored(_) => "ignored",
        Outcome::Quarantined(_) => "quarantined",
    }
}

/// What a row holds, by column.
fn values(decoded: &Decoded<'_>) -> BTreeMap<&'static str, String> {
    let mut values = BTreeMap::new();
    for (name, field) in TEXT_COLUMNS {
        let text = decoded.text(field);
        if !text.is_empty() {
            values.insert(name, String::from_utf8_lossy(text).into_owned());
        }
    }
    values.insert("kind", decoded.kind.as_str().into());
    let mut put = |name, value: Option<String>| value.map(|value| values.insert(name, value));
    put("action", decoded.action.map(|a| a.as_str().into()));
    put("status", decoded.status.map(|n| n.to_string()));
    put("bytes_in", decoded.bytes_in.map(|n| n.to_string()));
    put("bytes_out", decoded.bytes_out.map(|n| n.to_string()));
    put("tls_inspected", decoded.tls_inspected.map(|n| n.to_string()));
    values
}

fn wall(micros: i64) -> Option<civil::DateTime> {
    let span = jiff::Span::new().try_microseconds(micros).ok()?;
    civil::date(1970, 1, 1).to_datetime(civil::Time::midnight()).checked_add(span).ok()
}

/// Whether a line's time, in `zone` where it is local, is the moment `wanted`.
fn same_moment(time: Time, wanted: &str, zone: &str) -> bool {
    let Ok(wanted) = wanted.parse::<jiff::Timestamp>() else { return false };
    let local = |micros: i64| -> Option<jiff::Timestamp> {
        let zone = TimeZone::get(zone).ok()?;
        Some(zone.to_ambiguous_zoned(wall(micros)?).compatible().ok()?.timestamp())
    };
    match time {
        Time::Missing => false,
        Time::Instant(micros) => wanted.as_microsecond() == micros,
        Time::Local(micros) => local(micros) == Some(wanted),
        // The sample's own year is taken.
        Time::LocalWithoutYear(micros) => {
            let Some(leap) = civil::date(2024, 1, 1).at(0, 0, 0, 0).checked_add(jiff::Span::new().microseconds(micros)).ok()
            else {
                return false;
            };
            let Ok(dated) = leap.with().year(wanted.to_zoned(TimeZone::UTC).year()).build() else { return false };
            let Ok(zone) = TimeZone::get(zone) else { return false };
            zone.to_ambiguous_zoned(dated).compatible().is_ok_and(|z| z.timestamp() == wanted)
        }
    }
}

fn written_time(time: Time) -> String {
    match time {
        Time::Missing => "none".into(),
        Time::Instant(micros) => jiff::Timestamp::from_microsecond(micros).map_or_else(|e| e.to_string(), |t| t.to_string()),
        Time::Local(micros) => wall(micros).map_or_else(|| "out of range".into(), |t| format!("{t} local")),
        Time::LocalWithoutYear(micros) => format!("{micros} microseconds into an unnamed year"),
    }
}
