//! Parameters of a saved query: typed, with defaults in words (`today`, `this week`), checked before any SQL is made of them.

use datafusion::common::ScalarValue;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use weir_lake::calendar::epoch_day;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::UserKey;

use crate::words;

/// What a parameter's value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A day: `$name`.
    Date,
    /// A time of day: `$name`, as `HH:MM`.
    Time,
    /// A school week: `$name`, its Monday, and `$name_end`, its Sunday.
    Week,
    /// An academic year: `$name` as `2025-26`, and `$last_name`, the one before.
    Year,
    /// A half-term: `$name`, its label, `$name_year`, `$name_from` and `$name_to`.
    HalfTerm,
    /// A theme or watched category, by its id.
    Theme,
    /// One of Weir's categories.
    Category,
    /// A person's key.
    UserKey,
    /// Any text.
    Text,
    /// A whole number that is not negative.
    Number,
    /// One of some words.
    Choice(Vec<String>),
}

impl Kind {
    /// The types there are, for messages.
    pub(super) const WORDS: &str =
        "date, time, week, year, half_term, theme, category, user_key, text, number or choice: ONE, OTHER";

    pub(super) fn parse(text: &str) -> Option<Kind> {
        Some(match text {
            "date" => Kind::Date,
            "time" => Kind::Time,
            "week" => Kind::Week,
            "year" => Kind::Year,
            "half_term" => Kind::HalfTerm,
            "theme" => Kind::Theme,
            "category" => Kind::Category,
            "user_key" => Kind::UserKey,
            "text" => Kind::Text,
            "number" => Kind::Number,
            other => {
                let choices: Vec<String> =
                    other.strip_prefix("choice:")?.split(',').map(|choice| choice.trim().to_string()).collect();
                if choices.iter().any(String::is_empty) {
                    return None;
                }
                Kind::Choice(choices)
            }
        })
    }

    /// What may be given, for people.
    pub fn accepts(&self) -> String {
        match self {
            Kind::Date => "a date as year-month-day such as 2026-11-05, today, yesterday or 7 days ago".into(),
            Kind::Time => "a time of day such as 09:05 or 14:30".into(),
            Kind::Week => "this week, last week, or any date of the week such as 2026-11-05".into(),
            Kind::Year => "this year, last year, or a year such as 2025-26".into(),
            Kind::HalfTerm => "this half-term, last half-term, or one of the calendar such as 2025-26 Autumn 1".into(),
            Kind::Theme => format!("one of {}", words::TOPICS.join(", ")),
            Kind::Category => {
                "one of Weir's categories, such as gambling; `weir sql \"SELECT category FROM categories\"` lists them".into()
            }
            Kind::UserKey => "a key as Weir prints it: k1- and 32 letters and digits".into(),
            Kind::Text => "a text of 1 to 200 letters".into(),
            Kind::Number => "a whole number, 0 to 1000000".into(),
            Kind::Choice(choices) => choices.join(" or "),
        }
    }
}

/// One parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it is where nothing is given; none: it must be given.
    pub default: Option<String>,
    /// What it is, for people.
    pub label: String,
}

/// A half-term of the school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HalfTerm {
    pub year: String,
    pub label: String,
    pub start: Date,
    pub end: Date,
}

/// What values are understood by.
pub(super) struct Context {
    pub today: Date,
    /// Half-terms of the school, by time.
    pub half_terms: Vec<HalfTerm>,
    /// Known categories; none known: any is taken.
    pub categories: Vec<String>,
}

/// A value understood: what goes into the SQL, and how it reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub bound: Vec<(String, ScalarValue)>,
    pub words: String,
}

fn text(value: &str) -> ScalarValue {
    ScalarValue::from(value)
}

fn date(value: Date) -> ScalarValue {
    ScalarValue::Date32(Some(epoch_day(value)))
}

/// A day in one form only: of 05/11/2026 nobody can tell whose order it follows.
fn plain_date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 4 | 7));
    text.parse().ok().filter(|_| is_plain)
}

fn day(text: &str, today: Date) -> Option<Date> {
    match text {
        "today" => Some(today),
        "yesterday" => today.checked_sub(1.day()).ok(),
        _ => match text.strip_suffix(" days ago") {
            Some(days) => today.checked_sub(i64::from(days.parse::<u16>().ok()?).days()).ok(),
            None => plain_date(text),
        },
    }
}

fn monday(date: Date) -> Option<Date> {
    date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()
}

impl Parameter {
    /// The names it gives to the SQL.
    pub(super) fn bound_names(&self) -> Vec<String> {
        let name = &self.name;
        match self.kind {
            Kind::Week => vec![name.clone(), format!("{name}_end")],
            Kind::Year => vec![name.clone(), format!("last_{name}")],
            Kind::HalfTerm => vec![name.clone(), format!("{name}_year"), format!("{name}_from"), format!("{name}_to")],
            _ => vec![name.clone()],
        }
    }

    /// Whether it may be `any`, which leaves its condition out.
    pub fn is_optional(&self) -> bool {
        self.default.as_deref() == Some("any")
    }

    /// What is said of a value that is not understood.
    fn refusal(&self, found: &str) -> String {
        let any = if self.is_optional() { ", or any" } else { "" };
        format!("parameter {} ({}): found {found:?}; use {}{any}", self.name, self.label, self.kind.accepts())
    }

    /// The value of what was given, or of the default.
    pub(super) fn value(&self, given: Option<&str>, context: &Context) -> Result<Value, String> {
        let Some(found) = given.or(self.default.as_deref()).map(str::trim) else {
            return Err(format!("parameter {} ({}) is missing; use {}", self.name, self.label, self.kind.accepts()));
        };
        if found == "any" && self.is_optional() {
            let bound = vec![(self.name.clone(), ScalarValue::Utf8(None))];
            return Ok(Value { bound, words: "any".into() });
        }
        self.understood(found, context)?.ok_or_else(|| self.refusal(found))
    }

    fn understood(&self, found: &str, context: &Context) -> Result<Option<Value>, String> {
        let name = &self.name;
        let one = |value: ScalarValue, words: String| Value { bound: vec![(name.clone(), value)], words };
        Ok(match &self.kind {
            Kind::Date => day(found, context.today).map(|day| one(date(day), words::day(day))),
            Kind::Time => {
                let time = found.split_once(':').and_then(|(hour, minute)| {
                    let two = |text: &str| (text.len() <= 2).then(|| text.parse::<u8>().ok()).flatten();
                    Some((two(hour)?, two(minute).filter(|_| minute.len() == 2)?))
                        .filter(|(hour, minute)| *hour < 24 && *minute < 60)
                });
                time.map(|(hour, minute)| format!("{hour:02}:{minute:02}")).map(|time| one(text(&time), time))
            }
            Kind::Week => self.week(found, context.today),
            Kind::Year => {
                let this = AcademicYear::parse(&context.year());
                let year = match found {
                    "this year" => this,
                    "last year" => this.map(AcademicYear::previous),
                    _ => AcademicYear::parse(found),
                };
                year.map(|year| Value {
                    bound: vec![
                        (name.clone(), text(&year.to_string())),
                        (format!("last_{name}"), text(&year.previous().to_string())),
                    ],
                    words: year.to_string(),
                })
            }
            Kind::HalfTerm => self.half_term(found, context)?,
            Kind::Theme => words::TOPICS
                .into_iter()
                .find(|topic| *topic == found || words::title_of(topic).eq_ignore_ascii_case(found))
                .map(|topic| one(text(topic), words::title_of(topic))),
            Kind::Category => {
                let known = context.categories.is_empty() || context.categories.iter().any(|category| category == found);
                known.then(|| one(text(found), words::title_of(found)))
            }
            // Not shown again: a name given by mistake would stand in a message.
            Kind::UserKey => match UserKey::parse(found) {
                Ok(key) => Some(one(text(key.as_str()), key.as_str().to_string())),
                Err(_) => {
                    return Err(format!("parameter {name} ({}): this is no key; use {}", self.label, self.kind.accepts()));
                }
            },
            Kind::Text => (1..=200).contains(&found.chars().count()).then(|| one(text(found), found.to_string())),
            Kind::Number => found
                .parse::<i64>()
                .ok()
                .filter(|number| (0..=1_000_000).contains(number))
                .map(|number| one(ScalarValue::Int64(Some(number)), number.to_string())),
            Kind::Choice(choices) => {
                choices.iter().find(|choice| *choice == found).map(|choice| one(text(choice), choice.clone()))
            }
        })
    }

    fn week(&self, found: &str, today: Date) -> Option<Value> {
        let within = match found {
            "this week" => today,
            "last week" => today.checked_sub(7.days()).ok()?,
            _ => day(found, today)?,
        };
        let first = monday(within)?;
        let last = first.checked_add(6.days()).ok()?;
        Some(Value {
            bound: vec![(self.name.clone(), date(first)), (format!("{}_end", self.name), date(last))],
            words: words::span(first, last),
        })
    }

    fn half_term(&self, found: &str, context: &Context) -> Result<Option<Value>, String> {
        let began: Vec<&HalfTerm> = context.half_terms.iter().filter(|half_term| half_term.start <= context.today).collect();
        let chosen = match found {
            "this half-term" => began.last().copied(),
            "last half-term" => began.len().checked_sub(2).and_then(|at| began.get(at)).copied(),
            _ => context.half_terms.iter().find(|half_term| half_term.named().eq_ignore_ascii_case(found)),
        };
        let Some(chosen) = chosen else {
            if context.half_terms.is_empty() {
                return Err(format!(
                    "parameter {}: calendar.csv has no half-terms of this school; add its term dates",
                    self.name
                ));
            }
            let known: Vec<String> = context.half_terms.iter().rev().take(6).map(HalfTerm::named).collect();
            return Err(format!("{}; there are {}", self.refusal(found), known.join(", ")));
        };
        let name = &self.name;
        Ok(Some(Value {
            bound: vec![
                (name.clone(), text(&chosen.label)),
                (format!("{name}_year"), text(&chosen.year)),
                (format!("{name}_from"), date(chosen.start)),
                (format!("{name}_to"), date(chosen.end)),
            ],
            words: format!("{}, {}", chosen.named(), words::span(chosen.start, chosen.end)),
        }))
    }
}

impl HalfTerm {
    /// `2025-26 Autumn 1`, as people name it.
    fn named(&self) -> String {
        if self.label.starts_with(&self.year) { self.label.clone() } else { format!("{} {}", self.year, self.label) }
    }
}

impl Context {
    /// The academic year of today: the calendar's, or from September.
    fn year(&self) -> String {
        let began = self.half_terms.iter().rfind(|half_term| half_term.start <= self.today && self.today <= half_term.end);
        match began {
            Some(half_term) => half_term.year.clone(),
            None => {
                let start = if self.today.month() >= 9 { self.today.year() } else { self.today.year() - 1 };
                AcademicYear(start).to_string()
            }
        }
    }
}
