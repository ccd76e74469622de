//! What a page shows of a school or of all schools: from the rollups only, already suppressed for governors, never a key, host or term.

use jiff::civil::Date;
use serde::Serialize;

pub use crate::assemble::{School, school_year, school_year_for};
use crate::indicator::Group;
pub use crate::overview::overview;
use crate::state::{Shown, State, Unit};

/// Everything the pages of one school and academic year show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SchoolYear {
    /// The school.
    pub school: SchoolFacts,
    /// The year, for example `2025-26`.
    pub year: String,
    /// Years the pickers offer, newest first: those with logs or a calendar.
    pub years: Vec<String>,
    /// The lake version the figures were computed from.
    pub lake_version: u64,
    /// The last day with logs of this school, in any year: what the figures are "as of".
    pub as_of: Option<Date>,
    /// Whether there are term dates. Without them there are no figures and no heat strip, only coverage and findings.
    pub calendar: Calendar,
    /// The half-terms of the year, in order; empty without a calendar.
    pub periods: Vec<Period>,
    /// Index in `periods` of the half-term that the figures speak of: the latest with a past school day and logs.
    pub current: Option<usize>,
    /// Completeness of the evidence over the current half-term.
    pub coverage: Coverage,
    /// The answers a governor wants first, in the order to print them.
    pub answers: Vec<Answer>,
    /// Figures of the current half-term, in the order to print them: those that are not usual first, then by title.
    pub figures: Vec<Figure>,
    /// One entry for each weekday, Monday to Friday, from the first to the last block of the year.
    pub heat: Vec<HeatDay>,
    /// What a person should look at, most serious first.
    pub findings: Vec<Finding>,
}

/// What schools.csv and rolls.csv say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchoolFacts {
    /// Its id.
    pub school_id: String,
    /// Its name.
    pub name: String,
    /// infant, junior, primary, secondary, ...
    pub phase: String,
    /// england, wales or scotland.
    pub nation: String,
    /// Unique reference number.
    pub urn: Option<String>,
    /// Governing body.
    pub governing_body: Option<String>,
    /// Trust.
    pub trust: Option<String>,
    /// Local authority.
    pub authority: Option<String>,
    /// Pupils on roll that year; none where rolls.csv has no row.
    pub pupils: Option<u32>,
}

/// Whether there are term dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "calendar", content = "last_day", rename_all = "snake_case")]
pub enum Calendar {
    /// Present; the last school day it knows, in any year.
    Until(Date),
    /// calendar.csv has no half-term block for this school and year.
    Missing,
}

/// A half-term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Position in the year, from 1.
    pub number: u32,
    /// As calendar.csv names it, for example `Autumn 1`.
    pub label: String,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// School days.
    pub school_days: u32,
    /// Of them past.
    pub past_days: u32,
    /// Of the past ones, those with logs.
    pub days_with_logs: u32,
    /// Whether school days are still to come: a part period.
    pub is_partial: bool,
}

/// How complete the evidence is, over one half-term.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Past school days since the first source began.
    pub school_days: u32,
    /// Of them with logs.
    pub days_with_logs: u32,
    /// Share of decisions tied to one person, 0 to 100.
    pub identified_percent: Shown,
    /// Decisions seen.
    pub decisions: u64,
    /// Layers that fed decisions: `filter`, `firewall`, `dns`.
    pub layers: Vec<String>,
    /// One entry a source that belongs to the school or has logs of it.
    pub sources: Vec<SourceCoverage>,
}

/// One source's part of the evidence, over the same half-term.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceCoverage {
    /// Source id.
    pub source_id: String,
    /// filter, firewall, dns or monitor.
    pub layer: String,
    /// First day with logs ever; none: it never sent any.
    pub began: Option<Date>,
    /// Last day with logs ever.
    pub last: Option<Date>,
    /// Past school days since it began.
    pub school_days: u32,
    /// Of them with logs.
    pub days_with_logs: u32,
}

/// One of the first sentences of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// For example `Is filtering working?`
    pub question: String,
    /// Colour and shape of the sentence.
    pub tone: Tone,
    /// The bold beginning.
    pub lead: String,
    /// The rest.
    pub text: String,
}

/// How serious something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// ◆ needs an answer.
    Urgent,
    /// ▲ look at it.
    Notice,
    /// ○ can't say yet, or plain information.
    Quiet,
    /// ● usual.
    Fine,
}

/// A figure card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Indicator id, with the theme after a colon where there is one: `theme_rate:violence_weapons`. Fit for a URL.
    pub id: String,
    /// Indicator id alone.
    pub indicator: String,
    /// The question under which a page gathers it.
    pub group: Group,
    /// Theme or source, where the figure is one of several.
    pub dimension: Option<String>,
    /// Title for people.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Standard it serves.
    pub standard: String,
    /// Unit.
    pub unit: Unit,
    /// The number of the current half-term.
    pub value: Shown,
    /// 95 % interval of the number, for rates.
    pub interval: Option<(f64, f64)>,
    /// Its state.
    pub state: State,
    /// What it was compared with.
    pub comparison: Comparison,
    /// The year by half-term, one entry for each of [`SchoolYear::periods`].
    pub series: Vec<Point>,
    /// Band of usual values for the chart, in the figure's unit.
    pub usual: Option<(f64, f64)>,
    /// Past school days since the first source began, in the current half-term.
    pub school_days: u32,
    /// Of them with logs.
    pub days_with_logs: u32,
    /// What it means, for people.
    pub means: String,
    /// What to ask the head.
    pub ask: String,
    /// What limits it.
    pub caveat: String,
    /// How it is worked out.
    pub provenance: Provenance,
    /// Who may see it: `governor`, `dsl`, `technician`.
    pub audience: Vec<String>,
}

/// What a figure was compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// For example `same half-term last year`, or `3 earlier half-terms`; none where there is nothing to compare with.
    pub with: Option<String>,
    /// The number then.
    pub value: Shown,
    /// Ratio now to then with its exact 99 % interval, where both may be shown. An infinite limit is left out.
    pub ratio: Option<Ratio>,
}

/// A ratio of two rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// Now divided by then.
    pub ratio: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit; none for infinity.
    pub upper: Option<f64>,
}

/// One half-term of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Label of the half-term.
    pub label: String,
    /// The number; not available where there are no logs or the period is to come.
    pub value: Shown,
    /// Whether the period is to come.
    pub to_come: bool,
    /// Whether only a part of it is past.
    pub is_partial: bool,
    /// What is counted; hidden with the number.
    pub numerator: Shown,
    /// What it is counted over; hidden with the number.
    pub denominator: Shown,
    /// Whether the number is published: until then late logs may change it.
    pub is_final: bool,
    /// What late logs added to the number since it was first published, where both may be seen.
    pub change: Option<f64>,
}

/// Where a number comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Always `measured` here; the register's figures are `self-reported`.
    pub kind: &'static str,
    /// Definition of the numerator.
    pub numerator: String,
    /// Definition of the denominator.
    pub denominator: String,
    /// What is left out.
    pub exclusions: String,
    /// Version of the definition.
    pub version: u32,
    /// The SQL, for the method page.
    pub sql: &'static str,
}

/// One weekday of the heat strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeatDay {
    /// The day.
    pub date: Date,
    /// Monday of its week: the column.
    pub week: Date,
    /// 1 Monday to 5 Friday: the row.
    pub weekday: u8,
    /// What is drawn.
    pub what: Heat,
}

/// What the heat strip draws for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "day", content = "stopped", rename_all = "snake_case")]
pub enum Heat {
    /// Requests stopped, all categories together.
    Stopped(u64),
    /// A past school day without logs: hatched, never a zero.
    NoLogs,
    /// Holiday, INSET or closure: blank.
    NoSchool,
    /// Before the school's first source began: blank with a note.
    BeforeLogs,
    /// Still to come.
    ToCome,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// How serious.
    pub tone: Tone,
    /// Heading for people.
    pub title: String,
    /// One or two sentences, with the limits of what is known.
    pub text: String,
    /// What to ask the head.
    pub ask: String,
    /// First day it was seen.
    pub first: Date,
    /// Last day it was seen.
    pub last: Date,
    /// How many requests, days or changes, as the kind says; hidden under 5 requests.
    pub count: Shown,
    /// What it is about: a category, a source, an operation. Never a person or host.
    pub about: String,
    /// Who may see it: `governor`, `dsl`, `technician`.
    pub audience: Vec<&'static str>,
}

/// What kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Let through although policy says block.
    FilterFailure,
    /// A source sent nothing on past school days.
    SilentFeed,
    /// Ways round the filter are clearly more than usual.
    CircumventionRise,
    /// Stopped although policy says allow.
    OverBlocking,
    /// AI tools seen for the first time.
    AiFirstSeen,
    /// The filter's own log shows changes of its configuration.
    ConfigurationChange,
}

/// One school in the list of all schools.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SchoolSummary {
    /// The school.
    pub school: SchoolFacts,
    /// The academic year looked at: the one of today.
    pub year: String,
    /// Newest year with logs, for the link; the current one where there are none.
    pub newest_year: String,
    /// Last day with logs.
    pub last_day: Option<Date>,
    /// Past school days since its first source began, this year.
    pub school_days: u32,
    /// Of them with logs.
    pub days_with_logs: u32,
    /// Share of decisions tied to one person this year.
    pub identified_percent: Shown,
    /// Decisions this year.
    pub decisions: u64,
    /// Requests stopped this year.
    pub stopped: u64,
    /// Whether there are term dates for that year.
    pub has_calendar: bool,
    /// Sources that feed it.
    pub sources: Vec<String>,
}

/// All schools with their coverage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// The lake version.
    pub lake_version: u64,
    /// Schools, those with the least coverage first, then by name.
    pub schools: Vec<SchoolSummary>,
}
