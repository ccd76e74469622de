//! Reads records by a compiled format: decoder, rules, columns, time and action in that order; one a thread, with its own scratch.

use std::sync::Arc;

use super::columns::Column;
use super::plan::{ActionWord, Flag, Plan, TimeForm, Verdict};
use super::repeats::{Look, Repeats, next_epoch};
use super::rules::{Rule, Ruled, decide, number, settle};
use crate::decode::{
    LONGEST_RECORD, NO_SLOT, Shape, Slots, Span, cef::Cef, csv::Csv, find_byte, json::Json, kv::Kv, labelled::Labelled,
    leef::Leef, pattern::Patterns, syslog, w3c::W3c,
};
use crate::decoded::{Action, Alike, Decoded, FIELD_COUNT, Field, Kind, LineReader, Outcome, Time};

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
    who: Option<u32>,
    what: Option<u32>,
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
            who: None,
            what: None,
        }
    }
}

/// What fields that repeat say of a record, as far as they do without those that vary.
struct What {
    /// None where the status is made of fields that vary.
    status: Option<Option<i32>>,
    decision: Decision,
}

/// The verdict, or what is left to ask for it.
#[derive(Clone)]
enum Decision {
    Settled(Verdict),
    /// Rules with tests of fields that vary, and what the word of the action says, if it is made of fields that repeat.
    Open {
        rules: Vec<Rule>,
        word: Option<ActionWord>,
    },
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
    who: Repeats<()>,
    what: Repeats<What>,
    epoch: u64,
    /// Sessions without a host are events of their own kind.
    keep_flows: bool,
    /// Only the columns of the last row's outcome are of that row.
    text: [Span; FIELD_COUNT],
}

impl Reader {
    /// A reader that has seen nothing yet.
    pub(crate) fn new(plan: Arc<Plan>, keep_flows: bool) -> Self {
        let decoder = plan.decoder();
        let slots = Slots::new(plan.names.len());
        let (who, what) = (Repeats::new(&plan.who.fields), Repeats::new(&plan.what.fields));
        let state = State { decoder, slots, who, what, epoch: next_epoch(), keep_flows, text: [Span::default(); FIELD_COUNT] };
        Self { plan, state }
    }
}

impl Reader {
    /// The fields of `record` that the format looks at, with what stands in them; none where the line lacks one.
    pub(crate) fn taken_apart(&mut self, record: &[u8]) -> Vec<(String, Option<String>)> {
        let record = bare(record, self.plan.nul_ends_record);
        self.state.slots.clear();
        self.state.shape(&self.plan, record);
        let slots = &self.state.slots;
        let value = |slot: usize| {
            let text = slots.bytes(record, u16::try_from(slot).unwrap_or(NO_SLOT));
            (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
        };
        self.plan.names.iter().enumerate().map(|(slot, name)| (name.clone(), value(slot))).collect()
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
        let Some(head) = &plan.head else { return self.decoded(record, from) };
        if head.patterns.split(record, from, &mut self.slots) != Shape::Record {
            return Shape::Unreadable;
        }
        let body = self.slots.span(head.body).bounds();
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
        let what = self.what(plan, record);
        let (verdict, status) = match what.and_then(|number| self.what.value(number)) {
            Some(What { decision: Decision::Settled(verdict), status }) => (*verdict, *status),
            Some(What { decision: Decision::Open { rules, word }, status }) => {
                let status = *status;
                let (rules, word) = (rules.as_slice(), *word);
                // The rules are lent from what is remembered, while fields are read.
                let open = open_verdict(plan, rules, word, record, &mut self.slots);
                (open, status)
            }
            None => (verdict(plan, record, &mut self.slots), None),
        };
        match verdict.ruled {
            Ruled::Ignored("flow") if self.keep_flows => self.flow(plan, record, what.map(|number| (number, status))),
            Ruled::Ignored(reason) => Row::only(Outcome::Ignored(reason)),
            Ruled::Quarantined(reason) => Row::only(Outcome::Quarantined(reason)),
            Ruled::Admin(operation) => self.admin(plan, record, operation),
            Ruled::Event(kind) => self.event(plan, record, kind, verdict.action, what.map(|number| (number, status))),
        }
    }

    /// The number of this record's decision and columns about what was asked.
    fn what(&mut self, plan: &Plan, record: &[u8]) -> Option<u32> {
        if self.what.is_stale() || self.who.is_stale() {
            self.who.clear();
            self.what.clear();
            self.epoch = next_epoch();
        }
        match self.what.look(record, &self.slots) {
            Look::Known(number) => Some(number),
            Look::Never => None,
            Look::New => {
                self.take(&plan.what.columns, record);
                let status_repeats = !plan.status().is_some_and(|column| column.fields().any(|field| plan.varies(field)));
                let status = status_repeats.then(|| self.status(plan, record));
                let what = What { status, decision: self.decision(plan, record) };
                self.what.remember(record, &self.slots, &plan.what.columns, &self.text, what)
            }
        }
    }

    /// The verdict as far as it follows from fields that repeat.
    fn decision(&mut self, plan: &Plan, record: &[u8]) -> Decision {
        let varies = |field| plan.varies(field);
        if plan.required.iter().any(|field| !varies(*field) && self.slots.span(*field).is_empty()) {
            return Decision::Settled(MISSING_FIELD);
        }
        let rules = settle(&plan.rules, record, &self.slots, varies);
        let word_repeats = !plan.action.iter().any(|(source, _)| source.fields().any(varies));
        if word_repeats && !plan.required.iter().copied().any(varies) && rules.iter().all(|rule| rule.conditions.0.is_empty()) {
            return Decision::Settled(verdict(plan, record, &mut self.slots));
        }
        Decision::Open { rules, word: word_repeats.then(|| action_word(plan, record, &mut self.slots)) }
    }

    /// Takes columns from the record's fields.
    #[inline]
    fn take(&mut self, columns: &[(Field, Column)], record: &[u8]) {
        for (field, column) in columns {
            self.text[*field as usize] = column.text(record, &mut self.slots);
        }
    }

    fn status(&mut self, plan: &Plan, record: &[u8]) -> Option<i32> {
        self.number(plan.status(), record).and_then(|n| i32::try_from(n).ok()).filter(|n| *n > 0)
    }

    fn admin(&mut self, plan: &Plan, record: &[u8], operation: &'static str) -> Row {
        for columns in [&plan.who.columns, &plan.what.columns, &plan.columns, &plan.admin_columns] {
            self.take(columns, record);
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

    fn event(
        &mut self,
        plan: &Plan,
        record: &[u8],
        kind: Kind,
        action: Option<ActionWord>,
        what: Option<(u32, Option<Option<i32>>)>,
    ) -> Row {
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
        let who = match self.who.look(record, &self.slots) {
            Look::Known(number) => Some(number),
            unknown => {
                self.take(&plan.who.columns, record);
                match unknown {
                    Look::New => self.who.remember(record, &self.slots, &plan.who.columns, &self.text, ()),
                    _ => None,
                }
            }
        };
        let (what, status) = match what {
            Some((number, status)) => (Some(number), status.unwrap_or_else(|| self.status(plan, record))),
            None => {
                self.take(&plan.what.columns, record);
                (None, self.status(plan, record))
            }
        };
        self.take(&plan.columns, record);
        let mut row = Row { kind, action, time, who, what, status, ..Row::only(Outcome::Event) };
        row.bytes_in = self.number(plan.bytes_in(), record);
        row.bytes_out = self.number(plan.bytes_out(), record);
        row.tls_inspected = plan.tls_inspected.as_ref().and_then(|flag| match flag {
            Flag::Word(column) => {
                let span = column.text(record, &mut self.slots);
                truth(span.of(record, &self.slots.scratch))
            }
            Flag::Fixed(cases) => {
                cases.iter().find(|(conditions, _)| conditions.hold(record, &self.slots)).and_then(|(_, flag)| *flag)
            }
        });
        row
    }

    /// A session is no decision: a word of its own for how it ended is no fault of the line.
    fn flow(&mut self, plan: &Plan, record: &[u8], what: Option<(u32, Option<Option<i32>>)>) -> Row {
        let word = action_word(plan, record, &mut self.slots);
        self.event(plan, record, Kind::Flow, matches!(word, ActionWord::Action(_)).then_some(word), what)
    }

    fn number(&mut self, column: Option<&Column>, record: &[u8]) -> Option<i64> {
        let span = column?.text(record, &mut self.slots);
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

/// What a record without a field that must be there is.
const MISSING_FIELD: Verdict = Verdict { ruled: Ruled::Quarantined("missing_field"), action: None };

/// What the rules say, and the action by the first of rule and word that gives one.
fn verdict(plan: &Plan, record: &[u8], slots: &mut Slots) -> Verdict {
    open_verdict(plan, &plan.rules, None, record, slots)
}

/// As [`verdict`], of rules that were settled as far as they could be; `word` is what the action's word says, if that is known.
fn open_verdict(plan: &Plan, rules: &[Rule], word: Option<ActionWord>, record: &[u8], slots: &mut Slots) -> Verdict {
    if plan.required.iter().any(|slot| slots.span(*slot).is_empty()) {
        return MISSING_FIELD;
    }
    let (ruled, action) = decide(rules, record, slots);
    let ruled = ruled.unwrap_or(plan.otherwise);
    let action = match (ruled, action) {
        (Ruled::Event(_), Some(action)) => Some(ActionWord::Action(action)),
        (Ruled::Event(Kind::Concern), None) => None,
        (Ruled::Event(_), None) => Some(word.unwrap_or_else(|| action_word(plan, record, slots))),
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
pub(super) fn truth(text: &[u8]) -> Option<bool> {
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
    if nul_ends_record && find_byte(record, 0, 0).is_some() {
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
            let state = &self.state;
            let scratch = &state.slots.scratch;
            let plan = &self.plan;
            let mut hand_out = |columns: &[(Field, Column)]| {
                for (field, _) in columns {
                    decoded.text[*field as usize] = state.text[*field as usize].of(record, scratch);
                }
            };
            hand_out(&plan.columns);
            if row.who.is_none() {
                hand_out(&plan.who.columns);
            }
            if row.what.is_none() {
                hand_out(&plan.what.columns);
            }
            if row.outcome == Outcome::AdminEvent {
                hand_out(&plan.admin_columns);
                decoded.text[Field::Operation as usize] = state.text[Field::Operation as usize].of(record, scratch);
            }
            if let Some(number) = row.who {
                state.who.hand_out(number, &mut decoded.text);
            }
            if let Some(number) = row.what {
                state.what.hand_out(number, &mut decoded.text);
            }
            decoded.alike = Alike {
                epoch: state.epoch,
                who: row.who.filter(|_| plan.who.is_whole).unwrap_or(0),
                what: row.what.filter(|_| plan.what.is_whole).unwrap_or(0),
            };
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
