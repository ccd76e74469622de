//! What programs are given: numbers, days and titles that pages show to the same reader, and nothing besides.

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use weir_lake::ids::SchoolId;
use weir_register::records::{Book, BookPages, ChangeBook, CheckBook, Kind};

use crate::view::{Figure, Period, Point, SchoolRef, SchoolYear, Shown};

/// The schools.
#[derive(Serialize, ToSchema)]
pub(super) struct SchoolsAnswer {
    schools: Vec<School>,
}

/// A school.
#[derive(Serialize, ToSchema)]
struct School {
    /// Its id, used in addresses.
    id: String,
    name: String,
    /// Its phase, in the estate's words.
    phase: String,
    /// School years that can be asked for, newest first.
    years: Vec<String>,
}

impl SchoolsAnswer {
    pub(super) fn new(schools: Vec<SchoolRef>) -> Self {
        let school = |school: SchoolRef| School {
            id: school.id.to_string(),
            name: school.name,
            phase: school.phase,
            years: school.years.iter().map(ToString::to_string).collect(),
        };
        Self { schools: schools.into_iter().map(school).collect() }
    }
}

/// A number, or the reason why there is none. Exactly one of the two is not null.
#[derive(Serialize, ToSchema)]
struct Amount {
    number: Option<f64>,
    why_none: Option<WhyNone>,
}

/// Why there is no number. None of these is zero.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WhyNone {
    /// 0 to 4 people, or hidden to protect such a number.
    Hidden,
    /// Not available.
    NotAvailable,
    /// Does not apply here.
    NotApplicable,
    /// No logs came.
    NoLogs,
    /// The period is not over.
    ToCome,
}

impl Amount {
    /// With as many digits as a page shows.
    fn new(shown: Shown, decimals: usize) -> Self {
        let why_none = match shown {
            Shown::Number(value) => {
                let scale = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
                return Self { number: Some((value * scale).round() / scale), why_none: None };
            }
            Shown::Hidden => WhyNone::Hidden,
            Shown::NotAvailable => WhyNone::NotAvailable,
            Shown::NotApplicable => WhyNone::NotApplicable,
            Shown::NoLogs => WhyNone::NoLogs,
            Shown::ToCome => WhyNone::ToCome,
        };
        Self { number: None, why_none: Some(why_none) }
    }
}

/// The published figures of a school year.
#[derive(Serialize, ToSchema)]
pub(super) struct FiguresAnswer {
    school: String,
    year: String,
    /// Pupils on roll, where that is known.
    pupils: Option<u32>,
    /// The version of the lake they were made from.
    lake_version: Option<u64>,
    figures: Vec<FigureAnswer>,
}

/// A figure.
#[derive(Serialize, ToSchema)]
struct FigureAnswer {
    id: String,
    title: String,
    /// What the number counts, in words.
    unit: String,
    /// The definition's id and version: a changed meaning is a new version.
    definition: String,
    definition_version: u32,
    /// The limit that must stand beside the figure.
    caveat: String,
    /// Half-terms for which it is published, in order.
    half_terms: Vec<HalfTerm>,
}

/// A figure in a half-term.
#[derive(Serialize, ToSchema)]
struct HalfTerm {
    label: String,
    #[schema(format = Date)]
    first_day: String,
    #[schema(format = Date)]
    last_day: String,
    value: Amount,
    same_period_last_year: Amount,
    numerator: Amount,
    denominator: Amount,
    school_days: u32,
    /// School days of it with logs: the share of the evidence that there is.
    days_with_logs: u32,
}

impl FiguresAnswer {
    pub(super) fn new(page: &SchoolYear) -> Self {
        Self {
            school: page.school.id.to_string(),
            year: page.year.to_string(),
            pupils: page.pupils,
            lake_version: page.as_of.map(|as_of| as_of.lake_version),
            figures: page.figures.iter().map(|figure| FigureAnswer::new(figure, &page.periods)).collect(),
        }
    }
}

impl FigureAnswer {
    fn new(figure: &Figure, periods: &[Period]) -> Self {
        let is_published = |(_, point): &(&Period, &Point)| point.is_final;
        let decimals = figure.unit.decimals;
        let half_term = |(period, point): (&Period, &Point)| HalfTerm {
            label: period.label.clone(),
            first_day: period.start.to_string(),
            last_day: period.end.to_string(),
            value: Amount::new(point.value, decimals),
            same_period_last_year: Amount::new(point.last_year, decimals),
            numerator: Amount::new(point.numerator, 0),
            denominator: Amount::new(point.denominator, 0),
            school_days: period.coverage.school_days,
            days_with_logs: period.coverage.with_logs,
        };
        Self {
            id: figure.id.clone(),
            title: figure.title.clone(),
            unit: format!("{} {}", figure.unit.sign, figure.unit.words).trim().to_owned(),
            definition: figure.method.id.clone(),
            definition_version: figure.method.version,
            caveat: figure.method.caveat.clone(),
            half_terms: periods.iter().zip(&figure.points).filter(is_published).map(half_term).collect(),
        }
    }
}

/// The register in numbers, as it stands today.
#[derive(Serialize, ToSchema)]
pub(super) struct RegisterAnswer {
    school: String,
    #[schema(format = Date)]
    as_of: String,
    checks: Checks,
    changes: Changes,
    lists: Vec<List>,
}

/// Checks of the filter.
#[derive(Serialize, ToSchema)]
struct Checks {
    /// Tests that are planned at some place.
    planned: u32,
    /// Passed in time.
    tested: u32,
    /// Failed when last tested.
    failed: u32,
    /// Never tested.
    untested: u32,
    /// Passed longer ago than planned.
    overdue: u32,
    /// The newest check's day.
    #[schema(format = Date)]
    last: Option<String>,
    /// Checks about which something is still to be done.
    open: u32,
}

/// Changes of the filter that were asked for.
#[derive(Serialize, ToSchema)]
struct Changes {
    asked: u32,
    waiting: u32,
    granted: u32,
    refused: u32,
    /// Made for a time that is up, and not taken back.
    late: u32,
    /// Half of the decisions took at most so many days from Monday to Friday.
    median_weekdays: Option<f64>,
}

/// A list that people keep.
#[derive(Serialize, ToSchema)]
struct List {
    id: String,
    title: String,
    /// Entries that hold.
    entries: u32,
    /// Entries past a day by which something was to be done.
    overdue: u32,
}

impl RegisterAnswer {
    pub(super) fn new<'a>(
        school: &SchoolId,
        checks: &CheckBook,
        changes: &ChangeBook,
        lists: impl Iterator<Item = (&'static Book, Option<&'a BookPages>)>,
        today: Date,
    ) -> Self {
        let tally = checks.grid(today).tally();
        let counting = || checks.checks.iter().filter(|check| check.withdrawn.is_none());
        let asked = changes.tally(Kind::ALL, |_| true, today);
        let list = |(book, pages): (&'static Book, Option<&'a BookPages>)| {
            let entries = || pages.into_iter().flat_map(BookPages::counting);
            List {
                id: book.id.to_owned(),
                title: book.title.to_owned(),
                entries: entries().count() as u32,
                overdue: entries().filter(|entry| entry.overdue(book, today).is_some()).count() as u32,
            }
        };
        Self {
            school: school.to_string(),
            as_of: today.to_string(),
            checks: Checks {
                planned: tally.planned,
                tested: tally.tested,
                failed: tally.failed,
                untested: tally.untested,
                overdue: tally.overdue,
                last: counting().map(|check| check.day).max().map(|day| day.to_string()),
                open: counting().filter(|check| check.is_open()).count() as u32,
            },
            changes: Changes {
                asked: asked.asked,
                waiting: asked.waiting,
                granted: asked.granted,
                refused: asked.refused,
                late: asked.late,
                median_weekdays: asked.median_weekdays,
            },
            lists: lists.map(list).collect(),
        }
    }
}
