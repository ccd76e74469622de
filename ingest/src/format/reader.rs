//! Reads records by a compiled format: decoder, rules, columns, time and action in that order; one a thread, with its own scratch.

use std::sync::Arc;

use super::memo::Memo;
use super::plan::{ActionWord, Plan, TimeForm, Verdict};
use super::rules::{Ruled, decide, number};
use crate::decode::{
    LONGEST_RECORD, Shape, Slots, Span, cef::Cef, csv::Csv, json::Json, kv::Kv, labelled::Labelled, leef::Leef,
    pattern::Patterns, syslog, w3c::W3c,
};
use crate::decoded::{Action, Decoded, FIELD_COUNT, Field, Kind, LineReader, Outcome, Time};

/// A decoder with what it has learnt so far.
pub(crate) enum Decoder {
    Kv(Kv),
    Csv(Csv),
    Json(Json),
    Cef(Cef),
    Leef(Leef),
    W3c(Box<W3c>),
    Pattern(Patterns),
    Labelled(Labelled),
}

/// What is known of a record before text is handed out.
struct Row {
    outcome: Outcome,
    kind: Kind,
    action: Option<Action>,
    time: Time,
    status: Option<i32>,
    bytes_in: Option<i64>,
    bytes_out: Option<i64>,
    tls_inspected: Option<bool>,
}

impl Row {
    fn only(outcome: Outcome) -> Self {
        let kind = Kind::Web;
        Self {
            outcome,
            kind,
            action: None,
            time: Time::Missing,
            status: None,
            bytes_in: None,
            bytes_out: None,
            tls_inspected: None,
        }
    }
}

/// Reads one format.
pub(crate) struct Reader {
    plan: Arc<Plan>,
    state: State,
}

/// What changes from record to record; apart from the plan, so that a row counts no references.
struct State {
    decoder: Decoder,
    slots: Slots,
    memo: Memo,
    /// Only the columns of the last row's outcome are of that row.
    text: [Span; FIELD_COUNT],
}

impl Reader {
    /// A reader that has seen nothing yet.
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let decoder = plan.decoder();
        let slots = Slots::new(plan.names.len());
        let memo = Memo::new(&plan.verdict_fields);
        Self { plan, state: State { decoder, slots, memo, text: [Span::default(); FIELD_COUNT] } }
    }
}

impl State {
    fn shape(&mut self, plan: &Plan, record: &[u8]) -> Shape {
        let Some(frame) = plan.frame else { return self.unframed(plan, record, 0) };
        let header = syslog::header(record, frame);
        let shape = self.unframed(plan, record, header.body);
        // Afterwards, because a pattern that does not match takes back every field.
        for (slot, span) in plan.frame_slots.iter().zip([header.time, header.host, header.program]) {
            self.slots.set(*slot, span);
        }
        shape
    }

    /// Reads what stands behind the syslog header, the head first. What a head leaves may be plain text: its own fields stand alone then.
    #[inline]
    fn unframed(&mut self, plan: &Plan, record: &[u8], from: usize) -> Shape {
        let Some((head, slot)) = &plan.head else { return self.decoded(record, from) };
        if head.split(record, from, &mut self.slots) != Shape::Record {
            return Shape::Unreadable;
        }
        let body = self.slots.span(*slot).bounds();
        self.decoded(record.get(..body.end).unwrap_or(record), body.start);
        Shape::Record
    }

    #[inline]
    fn decoded(&mut self, record: &[u8], body: usize) -> Shape {
        let slots = &mut self.slots;
        match &mut self.decoder {
            Decoder::Kv(kv) => kv.split(record, body, slots),
            Decoder::Csv(csv) => csv.split(record, body, slots),
            Decoder::Json(json) => json.split(record, body, slots),
            Decoder::Cef(cef) => cef.split(record, body, slots),
            Decoder::Leef(leef) => leef.split(record, body, slots),
            Decoder::W3c(w3c) => w3c.split(record, body, slots),
            Decoder::Pattern(patterns) => patterns.split(record, body, slots),
            Decoder::Labelled(labelled) => labelled.split(record, body, slots),
        }
    }

    fn row(&mut self, plan: &Plan, record: &[u8]) -> Row {
        self.slots.clear();
        if record.trim_ascii().is_empty() {
            return Row::only(Outcome::Ignored("blank"));
        }
        if record.len() > LONGEST_RECORD {
            return Row::only(Outcome::Quarantined("too_long"));
        }
        if plan.comments.iter().any(|mark| record.starts_with(mark)) {
            return Row::only(Outcome::Ignored("comment"));
        }
        match self.shape(plan, record) {
            Shape::Record => {}
            Shape::Header => return Row::only(Outcome::Ignored("header")),
            Shape::Comment => return Row::only(Outcome::Ignored("comment")),
            Shape::NoHeader => return Row::only(Outcome::Quarantined("no_header")),
            Shape::Unreadable => {
                let is_cut = plan.cut_at.is_some_and(|length| record.len() >= length);
                return Row::only(Outcome::Quarantined(if is_cut { "cut_record" } else { "unreadable" }));
            }
        }
        let verdict = self.memo.verdict(record, &mut self.slots, |slots| verdict(plan, record, slots));
        match verdict.ruled {
            Ruled::Ignored(reason) => Row::only(Outcome::Ignored(reason)),
            Ruled::Quarantined(reason) => Row::only(Outcome::Quarantined(reason)),
            Ruled::Admin(operation) => self.admin(plan, record, operation),
            Ruled::Event(kind) => self.event(plan, record, kind, verdict.action),
        }
    }

    fn admin(&mut self, plan: &Plan, record: &[u8], operation: &'static str) -> Row {
        for (field, column) in plan.columns.iter().chain(&plan.admin_columns) {
            self.text[*field as usize] = column.text(record, &mut self.slots);
        }
        if !plan.admin_columns.iter().any(|(field, _)| *field == Field::Operation)
            || self.text[Field::Operation as usize].is_empty()
        {
            self.text[Field::Operation as usize] = self.slots.rewrite(|scratch| scratch.extend_from_slice(operation.as_bytes()));
        }
        match self.time(plan, record) {
            Ok(time) => Row { time, ..Row::only(Outcome::AdminEvent) },
            Err(reason) => Row::only(Outcome::Quarantined(reason)),
        }
    }

    fn event(&mut self, plan: &Plan, record: &[u8], kind: Kind, action: Option<ActionWord>) -> Row {
        let action = match action {
            None => None,
            Some(ActionWord::Action(action)) => Some(action),
            Some(ActionWord::Ignored(reason)) => return Row::only(Outcome::Ignored(reason)),
            Some(ActionWord::Quarantined(reason)) => return Row::only(Outcome::Quarantined(reason)),
        };
        let time = match self.time(plan, record) {
            Ok(time) => time,
            Err(reason) => return Row::only(Outcome::Quarantined(reason)),
        };
        for (field, column) in &plan.columns {
            self.text[*field as usize] = column.text(record, &mut self.slots);
        }
        let mut row = Row { kind, action, time, ..Row::only(Outcome::Event) };
        row.status = self.number(plan, record, Plan::status).and_then(|n| i32::try_from(n).ok()).filter(|n| *n > 0);
        row.bytes_in = self.number(plan, record, Plan::bytes_in);
        row.bytes_out = self.number(plan, record, Plan::bytes_out);
        row.tls_inspected = plan.tls_inspected.as_ref().and_then(|column| {
            let span = column.text(record, &mut self.slots);
            truth(span.of(record, &self.slots.scratch))
        });
        row
    }

    fn number(&mut self, plan: &Plan, record: &[u8], which: fn(&Plan) -> Option<&super::columns::Column>) -> Option<i64> {
        let span = which(plan)?.text(record, &mut self.slots);
        number(span.of(record, &self.slots.scratch)).filter(|n| *n >= 0)
    }

    fn time(&mut self, plan: &Plan, record: &[u8]) -> Result<Time, &'static str> {
        let mut is_there = false;
        for form in &plan.time {
            let found = match form {
                TimeForm::Epoch { slot, unit } => {
                    let text = self.slots.bytes(record, *slot);
                    is_there |= !text.is_empty();
                    unit.read(text).map(Time::Instant)
                }
                TimeForm::Layout { slots, layouts, offset, zone } => {
                    let mut room = [0_u8; 96];
                    let text = joined(slots, record, &self.slots, &mut room);
                    is_there |= !text.is_empty();
                    let wall = if text.is_empty() { None } else { layouts.iter().find_map(|layout| layout.read(text)) };
                    wall.map(|wall| {
                        let named = zone.and_then(|slot| super::time::zone_offset(self.slots.bytes(record, slot)));
                        wall.time(named.or(*offset))
                    })
                }
            };
            if let Some(time) = found {
                return Ok(time);
            }
        }
        Err(if is_there { "bad_time" } else { "missing_time" })
    }
}

/// What the rules say, and the action by the first of rule and word that gives one.
fn verdict(plan: &Plan, record: &[u8], slots: &mut Slots) -> Verdict {
    if plan.required.iter().any(|slot| slots.span(*slot).is_empty()) {
        return Verdict { ruled: Ruled::Quarantined("missing_field"), action: None };
    }
    let (ruled, action) = decide(&plan.rules, record, slots);
    let ruled = ruled.unwrap_or(plan.otherwise);
    let action = match (ruled, action) {
        (Ruled::Event(_), Some(action)) => Some(ActionWord::Action(action)),
        (Ruled::Event(Kind::Concern), None) => None,
        (Ruled::Event(_), None) => Some(action_word(plan, record, slots)),
        _ => None,
    };
    Verdict { ruled, action }
}

fn action_word(plan: &Plan, record: &[u8], slots: &mut Slots) -> ActionWord {
    for (source, table) in &plan.action {
        let span = source.raw(record, slots);
        if !span.is_empty() {
            let word = span.of(record, &slots.scratch);
            return table.get(word).copied().unwrap_or(ActionWord::Quarantined("unknown_action"));
        }
    }
    ActionWord::Quarantined("missing_action")
}

/// One field, or several joined by a blank in `room`; empty unless all are there.
fn joined<'a>(slots: &[u16], record: &'a [u8], values: &'a Slots, room: &'a mut [u8; 96]) -> &'a [u8] {
    if let [slot] = slots {
        return values.bytes(record, *slot);
    }
    let mut length = 0;
    for (n, slot) in slots.iter().enumerate() {
        let text = values.bytes(record, *slot);
        let from = if n == 0 { 0 } else { length + 1 };
        let Some(place) = room.get_mut(from..from + text.len()).filter(|_| !text.is_empty()) else { return &[] };
        place.copy_from_slice(text);
        if n > 0 {
            room[length] = b' ';
        }
        length = from + text.len();
    }
    &room[..length]
}

/// A truth value in the words logs use.
fn truth(text: &[u8]) -> Option<bool> {
    let is = |words: [&[u8]; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is([b"true", b"yes", b"1", b"y"]) {
        Some(true)
    } else if is([b"false", b"no", b"0", b"n"]) {
        Some(false)
    } else {
        None
    }
}

/// The record without what a file puts around it: a byte order mark, a carriage return, and, where NUL ends records, what stands before
/// the last NUL (the part cut short; the engine that splits at NUL hands it over by itself).
fn bare(record: &[u8], nul_ends_record: bool) -> &[u8] {
    let record = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    if nul_ends_record && memchr::memchr(0, record).is_some() {
        let whole = record.strip_suffix(b"\0").unwrap_or(record);
        return memchr::memrchr(0, whole).and_then(|at| whole.get(at + 1..)).unwrap_or(whole);
    }
    record
}

impl LineReader for Reader {
    fn read<'a>(&'a mut self, record: &'a [u8]) -> Decoded<'a> {
        let record = bare(record, self.plan.nul_ends_record);
        let row = self.state.row(&self.plan, record);
        let mut decoded = Decoded::empty(row.outcome);
        if matches!(row.outcome, Outcome::Event | Outcome::AdminEvent) {
            decoded.kind = row.kind;
            decoded.action = row.action;
            decoded.time = row.time;
            decoded.status = row.status;
            decoded.bytes_in = row.bytes_in;
            decoded.bytes_out = row.bytes_out;
            decoded.tls_inspected = row.tls_inspected;
            let scratch = &self.state.slots.scratch;
            let mut hand_out = |field: Field| decoded.text[field as usize] = self.state.text[field as usize].of(record, scratch);
            self.plan.columns.iter().for_each(|(field, _)| hand_out(*field));
            if row.outcome == Outcome::AdminEvent {
                self.plan.admin_columns.iter().for_each(|(field, _)| hand_out(*field));
                hand_out(Field::Operation);
            }
        }
        decoded
    }

    fn is_multiline(&self) -> bool {
        self.plan.multiline
    }

    fn nul_ends_record(&self) -> bool {
        self.plan.nul_ends_record
    }

    fn is_header(&mut self, record: &[u8]) -> bool {
        let record = bare(record, self.plan.nul_ends_record);
        match &mut self.state.decoder {
            Decoder::Csv(csv) => csv.is_header(record, 0),
            Decoder::W3c(_) => W3c::is_header(record),
            _ => false,
        }
    }
}
