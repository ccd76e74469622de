//! Fields of a form as data: one template draws them all, with their hints, what was typed, and what is wrong with it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::account::form::{Wrong, typed_day};

/// What was typed, by field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Typed(pub(super) BTreeMap<String, String>);

impl Typed {
    /// What was typed into a field.
    pub(super) fn of(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// As if this had been typed.
    pub(super) fn with(mut self, field: &str, value: impl Into<String>) -> Self {
        self.0.insert(field.into(), value.into());
        self
    }

    /// The day in a field; none where it is empty, and a fault where it can't be read.
    pub(super) fn day(&self, field: &'static str, wrong: &mut Wrong) -> Option<Date> {
        let text = self.of(field).trim();
        let day = typed_day(text);
        if day.is_none() && !text.is_empty() {
            wrong.0.push((field, "Use a day such as 1 9 2026 or 2026-09-01.".into()));
        }
        day
    }
}

/// An entry of a list to choose from.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) value: String,
    pub(super) words: String,
}

impl Entry {
    pub(super) fn new(value: impl Into<String>, words: impl Into<String>) -> Self {
        Self { value: value.into(), words: words.into() }
    }
}

/// What a field takes.
#[derive(Debug, Clone)]
pub(super) enum Takes {
    /// A line of so many characters.
    Line(u16),
    /// Several lines.
    Lines,
    /// Rows of a table, pasted.
    Rows,
    /// A day.
    Day,
    /// One of these.
    OneOf(Vec<Entry>),
    /// Ticks, each a field of its own that takes `yes`.
    Ticks(Vec<Entry>),
    /// Several questions with the same answers, each a field of its own.
    Each(Vec<Entry>, Vec<Entry>),
}

/// A field of a form.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) takes: Takes,
    pub(super) why: Option<String>,
    typed: Typed,
}

impl Field {
    pub(super) fn new(name: &'static str, label: impl Into<String>, hint: &str, takes: Takes) -> Self {
        Self { name, label: label.into(), hint: hint.into(), takes, why: None, typed: Typed::default() }
    }

    /// What was typed into it.
    pub(super) fn value(&self) -> &str {
        self.typed.of(self.name)
    }

    /// What was typed into one of its parts.
    pub(super) fn part(&self, name: &str) -> &str {
        self.typed.of(name)
    }

    /// What describes it to a screen reader: its hint and what is wrong, as far as there are any.
    pub(super) fn described(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let why = self.why.as_ref().map(|_| format!("{}-why", self.name));
        let ids: Vec<String> = hint.into_iter().chain(why).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// Fields with what was typed and what is wrong.
pub(super) fn filled(fields: Vec<Field>, typed: &Typed, wrong: &Wrong) -> Vec<Field> {
    fields
        .into_iter()
        .map(|field| Field { why: wrong.of(field.name).map(str::to_owned), typed: typed.clone(), ..field })
        .collect()
}
