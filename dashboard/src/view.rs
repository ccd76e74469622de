//! What a page shows, as plain values: every text is final, every number is already allowed to be seen.
//!
//! Nothing here can hold a pupil, a key, a search term or a host: the types have no place for them. Suppression happened before
//! ([`Shown::Hidden`]); a page never sees the number behind a mark.

mod group;

use jiff::civil::Date;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_query::indicator::Group as QuestionGroup;

pub use group::{Group, GroupFigure, GroupLink, Member, Place, Spot};

/// A number as a reader may see it, or the reason why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// The number itself.
    Number(f64),
    /// `[c]`: 0 to 4 people, or hidden to protect such a number.
    Hidden,
    /// `[x]`: not available.
    NotAvailable,
    /// `[z]`: does not apply here.
    NotApplicable,
    /// No logs came; never to be read as zero.
    NoLogs,
    /// The period has not begun or not ended.
    ToCome,
}

impl Shown {
    /// The number, where there is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value),
            _ => None,
        }
    }
}

/// How a figure stands, always word, shape and colour together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No clear difference.
    Usual,
    /// Clearly higher.
    Higher,
    /// Clearly lower.
    Lower,
    /// Too little data, a gap in the logs, or suppressed.
    CantSay,
}

impl State {
    /// The words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Higher => "higher than usual",
            Self::Lower => "lower than usual",
            Self::CantSay => "can\u{2019}t say yet",
        }
    }

    /// The class that gives the colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::CantSay => "cant",
        }
    }
}

/// How pressing an answer or a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Someone must answer.
    Urgent,
    /// Look at it.
    Notice,
    /// Nothing to do, or nothing can be said yet.
    Quiet,
    /// As usual.
    Fine,
}

impl Tone {
    /// The words that stand before a finding.
    pub fn words(self) -> &'static str {
        match self {
            Self::Urgent => "needs an answer",
            Self::Notice => "worth a look",
            Self::Quiet => "good to know",
            Self::Fine => "as usual",
        }
    }

    /// The class that gives the colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Notice => "higher",
            Self::Quiet => "cant",
            Self::Fine => "usual",
        }
    }
}

/// How a number is written and what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Digits after the point.
    pub decimals: usize,
    /// Set close after the number: `%` or nothing.
    pub sign: &'static str,
    /// The words after the number, for example `in every 100 pupils, in a school week`.
    pub words: String,
    /// Whether a plain "about 3 in every 100 pupils" can be said first.
    pub per_hundred_pupils: bool,
}

/// A school, as links and pickers need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolRef {
    /// Its id, used in addresses.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
    /// Its phase in the estate's words.
    pub phase: String,
    /// Academic years that can be asked for, newest first.
    pub years: Vec<AcademicYear>,
}

/// How many school days have logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// School days with logs.
    pub with_logs: u32,
    /// School days up to now.
    pub school_days: u32,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How pressing it is.
    pub tone: Tone,
    /// What happened, in one line.
    pub title: String,
    /// How sure, and what is not known.
    pub detail: String,
    /// What to ask the head; may be empty.
    pub ask: String,
    /// The figure behind it, if there is one.
    pub figure: Option<String>,
}

/// One of the three plain answers at the top of a school's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// "Is filtering working?"
    pub question: String,
    /// Shape and colour.
    pub tone: Tone,
    /// The first words, said strongly: "No failure found in what we can see."
    pub lead: String,
    /// The rest.
    pub text: String,
}

/// One half-term (or other period) of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// As in calendar.csv, for example `Autumn 1`.
    pub label: String,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// Logs in it.
    pub coverage: Coverage,
    /// Whether school days of it are still to come.
    pub unfinished: bool,
}

/// A figure in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// This year.
    pub value: Shown,
    /// The same period last year.
    pub last_year: Shown,
    /// Usual range, low to high, if there is enough to say.
    pub usual: Option<(f64, f64)>,
    /// What was counted, where it may be shown.
    pub numerator: Shown,
    /// Out of what.
    pub denominator: Shown,
    /// Whether it is published; until then late logs may change it.
    pub is_final: bool,
    /// What late logs added after it was first published.
    pub change: Option<f64>,
}

/// A figure over a term or the whole year.
#[derive(Debug, Clone, PartialEq)]
pub struct Longer {
    /// `Autumn`, or the year in words.
    pub label: String,
    /// This year.
    pub value: Shown,
    /// The same term last year.
    pub last_year: Shown,
    /// "1.4 times that, 1.1 to 1.9 (99% interval)", where both may be seen.
    pub ratio: Option<String>,
    /// Logs in it.
    pub coverage: Coverage,
    /// Whether a part of it is still to come or has no logs.
    pub is_partial: bool,
}

/// How a figure is made: read from the header of its SQL file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Method {
    /// The indicator's id, one for all themes.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The standard it serves.
    pub standard: String,
    /// The unit, in words.
    pub unit: String,
    /// What is counted.
    pub numerator: String,
    /// Out of what.
    pub denominator: String,
    /// What is left out.
    pub leaves_out: String,
    /// The limit that must stand beside the figure.
    pub caveat: String,
    /// Version of the definition.
    pub version: u32,
    /// The SQL text.
    pub sql: String,
}

/// A figure over the periods of one year.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its id in addresses: the indicator, and the theme after a point where there is one.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The question of the page under which it stands.
    pub group: QuestionGroup,
    /// The question it answers.
    pub question: String,
    /// How the current period stands.
    pub state: State,
    /// Why nothing can be said, where nothing can.
    pub reason: Option<String>,
    /// How its numbers are written.
    pub unit: Unit,
    /// Which period the card is about, by position in `points`.
    pub current: Option<usize>,
    /// One a period of the year, in order.
    pub points: Vec<Point>,
    /// The same by term and for the year.
    pub longer: Vec<Longer>,
    /// 95 % interval of the current number, where there is one.
    pub interval: Option<(f64, f64)>,
    /// "same half-term last year: 1.2"; empty where there is nothing to compare with.
    pub comparison: String,
    /// "2.6 times as many, 1.4 to 4.9 (99% interval)", where both numbers may be seen.
    pub ratio: Option<String>,
    /// What it means, in a sentence or two.
    pub meaning: String,
    /// What to ask the head.
    pub ask: String,
    /// `measured`, `self-reported` or both.
    pub provenance: String,
    /// Logs in the current period.
    pub coverage: Coverage,
    /// Limits that belong to this figure here and now, beyond the definition's caveat.
    pub limits: Vec<String>,
    /// How it is made.
    pub method: Method,
}

impl Figure {
    /// The point the card is about.
    pub fn now(&self) -> Option<&Point> {
        self.points.get(self.current?)
    }

    /// The number the card shows.
    pub fn shown(&self) -> Shown {
        self.now().map_or(Shown::NotAvailable, |point| point.value)
    }
}

/// What a day of the calendar is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DayKind {
    /// A school day with logs, and requests stopped: for every 100 pupils where the roll is known, otherwise all.
    Stopped(f64),
    /// A school day with logs and 0 to 4 requests stopped: too few to say how many.
    Few,
    /// A school day without logs.
    NoLogs,
    /// A holiday, training day or closure inside a half-term.
    NoSchool,
    /// A school day before the first log of this school.
    BeforeLogs,
    /// A school day that is still ahead.
    Ahead,
}

/// A weekday inside a half-term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// What it is.
    pub kind: DayKind,
}

/// The weekdays of one half-term.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// As in calendar.csv.
    pub label: String,
    /// Monday to Friday only, in order.
    pub days: Vec<Day>,
}

/// What a school's page lacks before it can say anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// No log of any school was read yet.
    NoLake,
    /// calendar.csv has no half-terms for this school and year.
    NoCalendar,
    /// rolls.csv has no number of pupils for this school and year.
    NoRoll,
    /// No log falls in this year; the newest day with logs in any year, if there is one.
    NoRows(Option<Date>),
}

/// One source of logs at a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// Its id in weir.toml.
    pub name: String,
    /// What it is, in words: a web filter, a firewall, ...
    pub layer: String,
    /// First and last day with logs; none: it never sent any.
    pub days: Option<(Date, Date)>,
    /// Logs in the half-term the page is about.
    pub coverage: Coverage,
}

/// From what a page was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The last day with logs, if any.
    pub last_day: Option<Date>,
    /// The lake version.
    pub lake_version: u64,
}

/// A school in the list of all schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolLine {
    /// Which.
    pub school: SchoolRef,
    /// The year the line is about.
    pub year: AcademicYear,
    /// Pupils on roll, if known.
    pub pupils: Option<u32>,
    /// Logs so far this year.
    pub coverage: Coverage,
    /// What to look at, most pressing first; none where nobody has looked yet, which is not the same as nothing found.
    pub findings: Option<Vec<Finding>>,
    /// What is lacking, if anything.
    pub missing: Vec<Missing>,
}

/// The page of all schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Trust, authority or the word for all of them; may be empty.
    pub name: String,
    /// In any order; the page sorts them.
    pub schools: Vec<SchoolLine>,
    /// Whether any log was read.
    pub has_lake: bool,
    /// When.
    pub as_of: Option<AsOf>,
}

/// The page of one school and year.
#[derive(Debug, Clone, PartialEq)]
pub struct SchoolYear {
    /// Which.
    pub school: SchoolRef,
    /// The year.
    pub year: AcademicYear,
    /// Pupils on roll, if known.
    pub pupils: Option<u32>,
    /// The half-terms, in order.
    pub periods: Vec<Period>,
    /// The half-term the cards are about, by position.
    pub current: Option<usize>,
    /// Working, watched, complete.
    pub answers: Vec<Answer>,
    /// What to look at, most pressing first.
    pub findings: Vec<Finding>,
    /// All figures, most important first.
    pub figures: Vec<Figure>,
    /// Whether the days count requests for every 100 pupils; otherwise all requests.
    pub days_per_hundred: bool,
    /// The year by day; empty where there is no calendar.
    pub blocks: Vec<Block>,
    /// Where the logs come from.
    pub sources: Vec<SourceLine>,
    /// What these logs cannot show at this school.
    pub unseen: Vec<String>,
    /// What is lacking, if anything.
    pub missing: Vec<Missing>,
    /// When.
    pub as_of: Option<AsOf>,
}
