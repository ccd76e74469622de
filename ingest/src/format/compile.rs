//! Compiles a format file to a plan: names become slots, words become tables, and a row needs no lookup by name.

use std::collections::BTreeMap;

use super::columns::{Column, Cut, Nulls, Source, Table, Unescape};
use super::error::{FormatError, Place};
use super::groups::{Grouped, varying};
use super::plan::{ActionWord, DecoderPlan, Flag, Head, Plan, TEXT_COLUMNS, TimeForm};
use super::reader::truth;
use super::rules::{Conditions, Rule, Ruled, Test};
use super::spec::{ColumnSpec, FullColumnSpec, IfSpec, LayoutSpec, OneOrMany, Says, Spec, TestSpec, Texts, TimeSpec, Width};
use super::time::{Epoch, Layout as TimeLayout, zone_offset};
use super::words::intern;
use crate::decode::{NO_SLOT, csv, pattern, plain_name, slot_of, syslog::Body};
use crate::decoded::{Action, Field, Kind};

/// Fields the syslog header gives, in the order of [`Plan::frame_slots`].
const FRAME_FIELDS: [&str; 3] = ["syslog.time", "syslog.host", "syslog.program"];

/// Columns that are numbers, in the order of [`Plan::numbers`].
const NUMBER_COLUMNS: [&str; 3] = ["status", "bytes_in", "bytes_out"];

struct Compiler<'s> {
    spec: &'s Spec,
    place: &'s Place<'s>,
    names: Vec<String>,
    tables: BTreeMap<&'s str, &'s BTreeMap<String, String>>,
}

/// Compiles `spec`; `place` knows the file for messages.
pub(crate) fn compile(spec: &Spec, place: &Place<'_>) -> Result<Plan, FormatError> {
    let tables = spec.table.iter().map(|(name, table)| (name.as_str(), table)).collect();
    Compiler { spec, place, names: Vec::new(), tables }.plan()
}

fn bytes(texts: &Option<Texts>) -> Vec<Box<[u8]>> {
    texts.iter().flat_map(|t| t.as_slice()).map(|t| t.as_bytes().into()).collect()
}

/// The action of a word in a format file.
pub(crate) fn action_of(word: &str) -> Option<Action> {
    [Action::Allowed, Action::Blocked, Action::Warned, Action::Overridden].into_iter().find(|action| action.as_str() == word)
}

/// The kind of a word in a format file.
pub(crate) fn kind_of(word: &str) -> Option<Kind> {
    [Kind::Web, Kind::Dns, Kind::App, Kind::Concern, Kind::Flow].into_iter().find(|kind| kind.as_str() == word)
}

impl Compiler<'_> {
    fn bad(&self, key: impl Into<String>, found: impl std::fmt::Display, accepted: &str) -> FormatError {
        self.place.bad(&key.into(), &found.to_string(), accepted)
    }

    fn slot(&mut self, name: &str) -> u16 {
        if let Some(known) = self.names.iter().position(|n| n == name) {
            return known as u16;
        }
        self.names.push(name.to_string());
        (self.names.len() - 1) as u16
    }

    fn plan(mut self) -> Result<Plan, FormatError> {
        let spec = self.spec;
        if spec.sample.is_empty() {
            return Err(self.bad("sample", "none", "at least one [[sample]] with a line and the row it must give"));
        }
        let tells_apart: Vec<u16> = spec.tells_apart.iter().map(|name| self.slot(name)).collect();
        let required: Vec<u16> = spec.require.iter().map(|name| self.slot(name)).chain(tells_apart.iter().copied()).collect();
        let rules = self.rules()?;
        let otherwise = self.otherwise()?;
        let time = self.times()?;
        let (mut columns, mut admin_columns) = (Vec::new(), Vec::new());
        let mut action = Vec::new();
        let mut numbers = [None, None, None];
        let mut tls_inspected = None;
        for (name, sources) in &spec.columns {
            let key = format!("columns.{name}");
            if name == "action" {
                action = self.actions(&key, sources)?;
                continue;
            }
            let column = self.column(&key, sources)?;
            if let Some(n) = NUMBER_COLUMNS.iter().position(|c| c == name) {
                numbers[n] = Some(column);
            } else if name == "tls_inspected" {
                tls_inspected = Some(column.fixed(truth).map_or_else(|| Flag::Word(column), Flag::Fixed));
            } else if let Some((_, field)) = TEXT_COLUMNS.iter().find(|(c, _)| c == name) {
                let is_admin = matches!(field, Field::Actor | Field::Operation | Field::Object | Field::Detail);
                if is_admin { &mut admin_columns } else { &mut columns }.push((*field, column));
            } else {
                let mut known: Vec<&str> = TEXT_COLUMNS.iter().map(|(c, _)| *c).collect();
                known.extend(NUMBER_COLUMNS);
                known.extend(["action", "tls_inspected"]);
                return Err(self.bad(key, name, &known.join(", ")));
            }
        }
        let varying = varying(&columns, &time, numbers.get(1..).unwrap_or_default());
        let varies = |field: u16| varying.contains(&field);
        let Grouped { mut who, mut what, others: columns } = Grouped::new(columns, varies);
        let status = numbers.first().into_iter().flatten().flat_map(Column::fields);
        let verdict = rules
            .iter()
            .flat_map(|rule| rule.conditions.fields())
            .chain(action.iter().flat_map(|(s, _): &(Source, _)| s.fields()));
        what.fields.extend(required.iter().copied().chain(status).chain(verdict).filter(|field| !varies(*field)));
        who.tidy();
        what.tidy();
        let head = self.head()?;
        let frame_slots = FRAME_FIELDS.map(|name| slot_of(&self.names, name.as_bytes()));
        let decoder = self.decoder(&time)?;
        let frame = self.frame()?;
        Ok(Plan {
            decoder,
            frame,
            head,
            frame_slots,
            comments: bytes(&spec.comment).into_iter().map(Vec::from).collect(),
            required,
            tells_apart,
            varying,
            who,
            what,
            multiline: spec.multiline,
            nul_ends_record: spec.nul_ends_record,
            cut_at: spec.cut_at,
            rules,
            otherwise,
            time,
            columns,
            admin_columns,
            action,
            numbers,
            tls_inspected,
            names: self.names,
        })
    }

    fn frame(&self) -> Result<Option<Body>, FormatError> {
        match (self.spec.frame.as_deref(), self.spec.decode.as_str()) {
            // CEF and LEEF bring their own beginning, whatever stands before it.
            (None | Some("syslog"), "cef") => Ok(Some(Body::From("CEF:"))),
            (None | Some("syslog"), "leef") => Ok(Some(Body::From("LEEF:"))),
            (None, _) => Ok(None),
            (Some("syslog"), "json") => Ok(Some(Body::From("{"))),
            (Some("syslog"), "csv") => Ok(Some(Body::Columns(self.delimiters(b",")?.first().copied().unwrap_or(b',')))),
            (Some("syslog"), _) => Ok(Some(Body::Text)),
            (Some(other), _) => Err(self.bad("frame", other, "syslog")),
        }
    }

    fn head(&mut self) -> Result<Option<Head>, FormatError> {
        let Some(texts) = &self.spec.head else { return Ok(None) };
        if !matches!(self.spec.decode.as_str(), "kv" | "labelled") {
            return Err(self.bad("head", format!("decode = {:?}", self.spec.decode), "a head with kv or labelled"));
        }
        let body = self.slot("body");
        let patterns = self.patterns("head", texts)?;
        let known = texts.as_slice().iter().flat_map(|text| pattern::names(text));
        let fields = known.map(|name| slot_of(&self.names, name.as_bytes())).filter(|slot| *slot != NO_SLOT).collect();
        Ok(Some(Head { patterns, body, fields }))
    }

    fn patterns(&self, key: &str, texts: &Texts) -> Result<pattern::Patterns, FormatError> {
        let compiled: Result<Vec<_>, _> = texts.as_slice().iter().map(|t| pattern::Pattern::new(t, &self.names)).collect();
        Ok(pattern::Patterns(compiled.map_err(|error| self.bad(key, error, "see docs/formats.md"))?))
    }

    fn delimiters(&self, usual: &[u8]) -> Result<Vec<u8>, FormatError> {
        let Some(texts) = &self.spec.delimiter else { return Ok(usual.to_vec()) };
        let one = |text: &String| match text.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err(self.bad("delimiter", text, "one ASCII character, or several of one character each for kv")),
        };
        texts.as_slice().iter().map(one).collect()
    }

    fn decoder(&self, time: &[TimeForm]) -> Result<DecoderPlan, FormatError> {
        let spec = self.spec;
        Ok(match spec.decode.as_str() {
            "kv" => DecoderPlan::Kv(self.delimiters(b" ")?),
            "csv" => DecoderPlan::Csv(self.csv_columns(b',', time)?),
            "json" => DecoderPlan::Json,
            "cef" => DecoderPlan::Cef,
            "leef" => DecoderPlan::Leef,
            "w3c" => DecoderPlan::W3c(self.csv_columns(b' ', time)?),
            "pattern" => {
                let Some(texts) = &spec.pattern else {
                    return Err(self.bad("pattern", "nothing", "a pattern, or a list of them"));
                };
                let known: Vec<&str> = texts.as_slice().iter().flat_map(|t| pattern::names(t)).collect();
                if let Some(name) =
                    self.names.iter().find(|n| !known.contains(&n.as_str()) && !FRAME_FIELDS.contains(&n.as_str()))
                {
                    return Err(self.bad(
                        "pattern",
                        format!("no field {name}"),
                        "a field for every name that columns, time and rules use",
                    ));
                }
                DecoderPlan::Pattern(self.patterns("pattern", texts)?)
            }
            "labelled" => DecoderPlan::Labelled(self.delimiters(b",")?.first().copied().unwrap_or(b',')),
            other => return Err(self.bad("decode", other, "kv, labelled, csv, json, cef, leef, w3c or pattern")),
        })
    }

    fn csv_columns(&self, usual: u8, time: &[TimeForm]) -> Result<csv::Columns, FormatError> {
        let spec = self.spec;
        let delimiter = self.delimiters(&[usual])?.first().copied().unwrap_or(usual);
        let mut layouts = Vec::new();
        let whole =
            (!spec.fields.is_empty()).then(|| LayoutSpec { fields: spec.fields.clone(), when: BTreeMap::new(), width: None });
        for layout in spec.layout.iter().chain(&whole) {
            let slots = layout.fields.iter().map(|name| slot_of(&self.names, name.as_bytes())).collect();
            let width = match layout.width {
                None => (1, usize::MAX),
                Some(Width::Exactly(n)) => (n, n),
                Some(Width::Between([from, to])) => (from, to),
            };
            let mut tests = Vec::new();
            for (column, text) in &layout.when {
                let Some(n) = column.parse::<usize>().ok().and_then(|n| n.checked_sub(1)) else {
                    return Err(self.bad("layout.when", column, "a column number from 1"));
                };
                tests.push((n, text.as_bytes().to_vec()));
            }
            layouts.push(csv::Layout { tests, width, slots });
        }
        if layouts.is_empty() && !spec.header && spec.decode == "csv" {
            return Err(self.bad("fields", "nothing", "header = true, or fields in the order of the columns"));
        }
        let key_slots = time
            .iter()
            .flat_map(|form| match form {
                TimeForm::Epoch { slot, .. } => vec![*slot],
                TimeForm::Layout { slots, .. } => slots.clone(),
            })
            .collect();
        let plain_names = self.names.iter().map(|name| plain_name(name.as_bytes())).collect();
        Ok(csv::Columns { delimiter, quoted: spec.quotes, layouts, header: spec.header, plain_names, key_slots })
    }

    fn conditions(&mut self, key: &str, spec: &IfSpec) -> Result<Conditions, FormatError> {
        let mut all = Vec::new();
        for (name, test) in spec {
            let slot = self.slot(name);
            let tests = match test {
                TestSpec::Is(texts) => vec![Test::Is(bytes(&Some(texts.clone())))],
                TestSpec::Says(says) => tests_of(says),
            };
            if tests.is_empty() {
                return Err(self.bad(
                    format!("{key}.if.{name}"),
                    "nothing",
                    "a word, a list of words, or is, not, starts, ends, contains, present, address, at_least, below",
                ));
            }
            all.push((slot, tests));
        }
        Ok(Conditions(all))
    }

    fn kind(&self, key: &str, word: &str) -> Result<Kind, FormatError> {
        kind_of(word).ok_or_else(|| self.bad(key, word, "web, dns, app, concern or flow"))
    }

    fn rules(&mut self) -> Result<Vec<Rule>, FormatError> {
        let spec = self.spec;
        let mut rules = Vec::new();
        for when in &spec.when {
            let key = "when";
            let conditions = self.conditions(key, &when.if_)?;
            let outcome = match (&when.event, &when.admin, &when.ignored, &when.quarantined) {
                (None, None, None, None) => None,
                (Some(kind), None, None, None) => Some(Ruled::Event(self.kind("when.event", kind)?)),
                (None, Some(operation), None, None) => Some(Ruled::Admin(intern(operation))),
                (None, None, Some(reason), None) => Some(Ruled::Ignored(intern(reason))),
                (None, None, None, Some(reason)) => Some(Ruled::Quarantined(intern(reason))),
                _ => return Err(self.bad(key, "two outcomes in one rule", "one of event, admin, ignored, quarantined")),
            };
            let action = match &when.action {
                None => None,
                Some(word) => {
                    Some(action_of(word).ok_or_else(|| self.bad("when.action", word, "allowed, blocked, warned or overridden"))?)
                }
            };
            if outcome.is_none() && action.is_none() {
                return Err(self.bad(key, "a rule that decides nothing", "event, admin, ignored, quarantined or action"));
            }
            rules.push(Rule { conditions, outcome, action });
        }
        Ok(rules)
    }

    fn otherwise(&self) -> Result<Ruled, FormatError> {
        let Some(spec) = &self.spec.otherwise else { return Ok(Ruled::Event(Kind::Web)) };
        Ok(match (&spec.event, &spec.ignored, &spec.quarantined) {
            (Some(kind), None, None) => Ruled::Event(self.kind("otherwise.event", kind)?),
            (None, Some(reason), None) => Ruled::Ignored(intern(reason)),
            (None, None, Some(reason)) => Ruled::Quarantined(intern(reason)),
            _ => return Err(self.bad("otherwise", "no outcome or two", "one of event, ignored, quarantined")),
        })
    }

    fn times(&mut self) -> Result<Vec<TimeForm>, FormatError> {
        let spec = self.spec;
        let mut forms = Vec::new();
        for form in spec.time.as_slice() {
            forms.push(self.time(form)?);
        }
        // The syslog header's time comes last, wherever there is a frame.
        if spec.frame.is_some() {
            let layouts = ["%b %d %H:%M:%S%f", "rfc3339", "%b %d %Y %H:%M:%S%f"];
            let layouts = layouts.iter().filter_map(|l| TimeLayout::parse(l).ok()).collect();
            let slots = vec![self.slot("syslog.time")];
            forms.push(TimeForm::Layout { slots, layouts, offset: None, zone: None });
        }
        Ok(forms)
    }

    fn time(&mut self, spec: &TimeSpec) -> Result<TimeForm, FormatError> {
        let slots: Vec<u16> = spec.from.as_slice().iter().map(|name| self.slot(name)).collect();
        match (&spec.epoch, &spec.layout) {
            (Some(unit), None) => {
                let unit = Epoch::parse(unit).ok_or_else(|| self.bad("time.epoch", unit, "s, ms, us, ns or auto"))?;
                let [slot] = slots[..] else { return Err(self.bad("time.from", "several fields", "one field for an epoch")) };
                Ok(TimeForm::Epoch { slot, unit })
            }
            (None, Some(layouts)) => {
                let mut compiled = Vec::new();
                for layout in layouts.as_slice() {
                    compiled.push(TimeLayout::parse(layout).map_err(|part| {
                        self.bad("time.layout", part, "%Y %y %m %b %d %H %I %M %S %f %p %a %z %Z, or rfc3339")
                    })?);
                }
                let offset = match &spec.zone {
                    None => None,
                    Some(zone) => Some(
                        zone_offset(zone.as_bytes())
                            .ok_or_else(|| self.bad("time.zone", zone, "UTC or an offset such as +01:00"))?,
                    ),
                };
                let zone = spec.zone_from.as_ref().map(|name| self.slot(name));
                Ok(TimeForm::Layout { slots, layouts: compiled, offset, zone })
            }
            _ => Err(self.bad("time", "neither or both of epoch and layout", "one of them")),
        }
    }

    fn actions(&mut self, key: &str, specs: &OneOrMany<ColumnSpec>) -> Result<Vec<(Source, Table<ActionWord>)>, FormatError> {
        let mut actions = Vec::new();
        for spec in specs.as_slice() {
            let full = full(spec);
            let source = self.source(key, &full)?;
            let table = match (&full.table, &full.value) {
                (Some(name), _) => self.action_table(key, name)?,
                // Without a table the words must be the canonical ones.
                (None, _) => {
                    let words = ["allowed", "blocked", "warned", "overridden"];
                    let known = words.iter().filter_map(|w| Some((w.as_bytes().into(), ActionWord::Action(action_of(w)?))));
                    Table { words: known.collect(), beginnings: Vec::new() }
                }
            };
            actions.push((Source { table: None, ..source }, table));
        }
        Ok(actions)
    }

    fn action_table(&self, key: &str, name: &str) -> Result<Table<ActionWord>, FormatError> {
        self.table(key, name, |value| {
            if let Some(action) = action_of(value) {
                return Some(ActionWord::Action(action));
            }
            let (outcome, reason) = value.split_once(' ')?;
            match outcome {
                "ignored" => Some(ActionWord::Ignored(intern(reason))),
                "quarantined" => Some(ActionWord::Quarantined(intern(reason))),
                _ => None,
            }
        })
    }

    fn table<T>(&self, key: &str, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Table<T>, FormatError> {
        let Some(entries) = self.tables.get(name) else {
            return Err(self.bad(key, format!("table {name:?}"), "the name of a [table.NAME] in this file"));
        };
        let (mut words, mut beginnings) = (Vec::<(Box<[u8]>, T)>::new(), Vec::<(Box<[u8]>, T)>::new());
        for (word, value) in entries.iter() {
            let value = read(value).ok_or_else(|| {
                self.bad(
                    format!("table.{name}.{word}"),
                    value,
                    "allowed, blocked, warned, overridden, or ignored and a reason, as in \"ignored auth_challenge\"",
                )
            })?;
            match word.strip_suffix('*') {
                Some(beginning) => beginnings.push((Box::from(beginning.as_bytes()), value)),
                None => words.push((Box::from(word.as_bytes()), value)),
            }
        }
        beginnings.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        Ok(Table { words, beginnings })
    }

    fn column(&mut self, key: &str, specs: &OneOrMany<ColumnSpec>) -> Result<Column, FormatError> {
        let mut sources = Vec::new();
        for spec in specs.as_slice() {
            let full = full(spec);
            let mut source = self.source(key, &full)?;
            if let Some(name) = &full.table {
                source.table = Some(self.table(key, name, |value| Some(value.as_bytes().into()))?);
            }
            source.is_plain = source.value.is_none()
                && source.unlike.is_none()
                && source.conditions.0.is_empty()
                && source.cuts.is_empty()
                && source.unescape.is_none()
                && source.split.is_none()
                && source.table.is_none();
            sources.push(source);
        }
        Ok(Column { sources })
    }

    fn source(&mut self, key: &str, spec: &FullColumnSpec) -> Result<Source, FormatError> {
        if spec.from.is_none() == spec.value.is_none() {
            return Err(self.bad(key, "neither or both of from and value", "one of them"));
        }
        let slots = spec.from.iter().flat_map(Texts::as_slice).map(|name| self.slot(name)).collect();
        let null = Nulls::new(spec.null.as_ref().unwrap_or(&self.spec.null).iter().map(String::as_str));
        let mut cuts = Vec::new();
        let text = |t: &String| -> Box<[u8]> { t.as_bytes().into() };
        cuts.extend(spec.after.iter().map(|t| Cut::After(text(t))));
        cuts.extend(spec.after_last.iter().map(|t| Cut::AfterLast(text(t))));
        cuts.extend(spec.before.iter().map(|t| Cut::Before(text(t))));
        cuts.extend(spec.before_last.iter().map(|t| Cut::BeforeLast(text(t))));
        cuts.extend(spec.strip_prefix.iter().flat_map(Texts::as_slice).map(|t| Cut::StripPrefix(text(t))));
        cuts.extend(spec.strip_suffix.iter().flat_map(Texts::as_slice).map(|t| Cut::StripSuffix(text(t))));
        let unescape = match spec.unescape.as_deref() {
            None => None,
            Some("backslash") => Some(Unescape::Backslash),
            Some("percent") => Some(Unescape::Percent),
            Some(other) => return Err(self.bad(format!("{key}.unescape"), other, "backslash or percent")),
        };
        Ok(Source {
            slots,
            value: spec.value.as_ref().map(text),
            conditions: self.conditions(key, &spec.if_)?,
            null,
            unlike: spec.unlike.as_ref().map(|name| self.slot(name)),
            cuts,
            unescape,
            split: spec.split.as_ref().map(text),
            join: spec.join.as_deref().unwrap_or("; ").as_bytes().into(),
            drop: spec.drop.iter().map(text).collect(),
            table: None,
            is_plain: false,
        })
    }
}

fn full(spec: &ColumnSpec) -> FullColumnSpec {
    match spec {
        ColumnSpec::From(name) => FullColumnSpec { from: Some(Texts::One(name.clone())), ..FullColumnSpec::default() },
        ColumnSpec::Full(full) => (**full).clone(),
    }
}

fn tests_of(says: &Says) -> Vec<Test> {
    let mut tests = Vec::new();
    let mut add = |texts: &Option<Texts>, test: fn(Vec<Box<[u8]>>) -> Test| {
        if texts.is_some() {
            tests.push(test(bytes(texts)));
        }
    };
    add(&says.is, Test::Is);
    add(&says.not, Test::Not);
    add(&says.starts, Test::Starts);
    add(&says.ends, Test::Ends);
    add(&says.contains, Test::Contains);
    tests.extend(says.present.map(Test::Present));
    tests.extend(says.address.map(Test::Address));
    tests.extend(says.at_least.map(Test::AtLeast));
    tests.extend(says.below.map(Test::Below));
    tests
}
