//! The shipped indicators: one SQL file each, whose header feeds every page, pack and test that shows it.

use std::sync::LazyLock;

use datafusion::common::ScalarValue;
use jiff::civil::Date;
use serde::Serialize;
use weir_lake::estate::AcademicYear;

use crate::embedded;
use crate::engine::Engine;
use crate::error::QueryError;
use crate::figuring::Figuring;
pub use crate::frame::{By, Grain};
use crate::rows::rows;
use crate::state::Unit;

/// What the header of an indicator's file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Indicator {
    /// Id, the file's stem.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The standard it serves.
    pub standard: String,
    /// Unit.
    pub unit: Unit,
    /// What is counted.
    pub numerator: String,
    /// What it is counted over.
    pub denominator: String,
    /// What is left out.
    pub exclusions: String,
    /// Who may see it: governor, dsl, technician.
    pub audience: Vec<String>,
    /// Version of the definition.
    pub version: u32,
    /// The question of a page under which it stands.
    pub group: Group,
    /// What its SQL counts in.
    pub cells: Cells,
    /// Whether its numerators add up over half-terms, as pupil-weeks, requests, days and hours do. Distinct pupils and medians do not.
    /// Only such a figure is published.
    pub adds_up: bool,
    /// What it may be taken apart by.
    pub by: Vec<By>,
    /// What governors must not see of it.
    pub hides: Hides,
    /// Whether it counts what people recorded, not what logs say.
    pub is_recorded: bool,
    /// What limits it.
    pub caveat: String,
    /// What it means, for the page.
    pub means: String,
    /// What to ask the head.
    pub ask: String,
    /// The file's text.
    #[serde(skip)]
    pub sql: &'static str,
}

/// The questions under which a page gathers its figures, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// What are pupils reaching for?
    Reaching,
    /// Does the filter hold, and is it fair?
    Filter,
    /// Searches.
    Searches,
    /// Generative AI.
    Ai,
    /// How much can be seen?
    Visibility,
    /// How good are the records?
    Records,
}

impl Group {
    const ALL: [(&'static str, Group); 6] = [
        ("reaching", Group::Reaching),
        ("filter", Group::Filter),
        ("searches", Group::Searches),
        ("ai", Group::Ai),
        ("visibility", Group::Visibility),
        ("records", Group::Records),
    ];

    /// The question, for a page.
    pub const fn question(self) -> &'static str {
        match self {
            Group::Reaching => "What are pupils reaching for?",
            Group::Filter => "Does the filter hold, and is it fair?",
            Group::Searches => "What do searches tell?",
            Group::Ai => "Is AI in use?",
            Group::Visibility => "How much can we see?",
            Group::Records => "How good are the records?",
        }
    }
}

/// What an indicator's SQL gives a row for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cells {
    /// A school day.
    SchoolDays,
    /// A school week, named by its Monday.
    SchoolWeeks,
    /// Already a half-term or week, from school days: the parts don't add up.
    SchoolDaysSummed,
    /// Already a half-term or week, from school weeks.
    SchoolWeeksSummed,
}

impl Cells {
    const ALL: [(&'static str, Cells); 4] = [
        ("school days", Cells::SchoolDays),
        ("school weeks", Cells::SchoolWeeks),
        ("school days, summed", Cells::SchoolDaysSummed),
        ("school weeks, summed", Cells::SchoolWeeksSummed),
    ];
}

/// What governors must not see of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hides {
    /// Nothing: it tells of a filter, a source or a tool.
    Nothing,
    /// 0 to 4 people; the SQL says how many there are.
    People,
    /// 1 to 4 requests, which are 1 to 4 people. No request at all says something of the filter, not of a child.
    FewRequests,
}

impl Hides {
    const ALL: [(&'static str, Hides); 3] =
        [("nothing", Hides::Nothing), ("people", Hides::People), ("few requests", Hides::FewRequests)];
}

/// Themes that governors see for the whole school by half-term or longer only.
const NEVER_IN_PARTS: [&str; 9] = [
    "self_harm",
    "suicide",
    "eating_disorder",
    "abuse_home",
    "grooming",
    "exploitation",
    "extremism",
    "nudes_sextortion",
    "sexual_content",
];

/// One half-term or week of one indicator, for one theme or source where it has several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureRow {
    /// Indicator.
    pub indicator: String,
    /// Version of its definition.
    pub version: u32,
    /// School.
    pub school_id: String,
    /// Academic year.
    pub academic_year: String,
    /// Position of the half-term in the year, from 1.
    pub period_no: u32,
    /// Its label.
    pub label: String,
    /// The Monday of the week, where the figure speaks of one.
    pub week: Option<Date>,
    /// The first school day of what it speaks of.
    pub start: Date,
    /// Its last day.
    pub end: Date,
    /// Its school days.
    pub school_days: u32,
    /// Of them past; fewer than all: a part period.
    pub past_days: u32,
    /// Of the past ones, those since the school's first source began.
    pub counted_days: u32,
    /// Of those, the ones with logs.
    pub logged_days: u32,
    /// Pupils on roll that year.
    pub pupils: Option<u32>,
    /// Theme or source.
    pub dimension: Option<String>,
    /// The profile, user type or year group, where it was taken apart by one; none there: not known.
    pub part: Option<String>,
    /// What was counted; none without logs.
    pub numerator: Option<f64>,
    /// What it was counted over.
    pub denominator: Option<f64>,
    /// The figure; none without logs or denominator, never a zero in their place.
    pub value: Option<f64>,
    /// Logged share of the counted days, 0 to 1; none before the first logs.
    pub coverage: Option<f64>,
    /// The numerator with only what already counted a year before.
    pub comparable: Option<f64>,
    /// Distinct people behind the numerator, at least; none where people are not counted.
    pub people: Option<u64>,
    /// The most active person's part of the numerator.
    pub most_active: Option<f64>,
    /// How many times more the weeks vary than chance; none where it can't be told.
    pub dispersion: Option<f64>,
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn parse(name: &str, text: &'static str) -> Result<Indicator, QueryError> {
    let file = || format!("indicators/{name}.sql");
    let field = |key: &str| {
        text.lines()
            .take_while(|line| line.starts_with("--"))
            .find_map(|line| line.strip_prefix("-- ")?.strip_prefix(key)?.strip_prefix(": "))
            .map(|value| value.trim().to_string())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| QueryError::BadHeader { file: file(), problem: format!("the header lacks `-- {key}: ...`") })
    };
    let bad = |problem: String| QueryError::BadHeader { file: file(), problem };
    let id = field("id")?;
    if id != name {
        return Err(bad(format!("id is {id:?}; use the file's name")));
    }
    let unit = field("unit")?;
    let (group, cells, hides) = (field("group")?, field("cells")?, field("hides").unwrap_or_else(|_| "nothing".into()));
    let by = field("by").map(|by| by.split(',').map(|part| By::parse(part.trim())).collect::<Option<Vec<By>>>());
    let Some(by) = by.unwrap_or_else(|_| Some(Vec::new())) else {
        return Err(bad("by knows profile, user_type and year_group only".into()));
    };
    let adds_up = match field("adds").as_deref() {
        Err(_) => false,
        Ok("over half-terms") => true,
        Ok(adds) => return Err(bad(format!("adds {adds:?}; use `over half-terms`, or leave it out"))),
    };
    let is_recorded = match field("from").as_deref() {
        Err(_) => false,
        Ok("the register") => true,
        Ok(from) => return Err(bad(format!("from {from:?}; use `the register`, or leave it out"))),
    };
    let audience: Vec<String> = field("audience")?.split(',').map(|who| who.trim().to_string()).collect();
    if let Some(who) = audience.iter().find(|who| !matches!(who.as_str(), "governor" | "dsl" | "technician")) {
        return Err(bad(format!("audience {who:?}; use governor, dsl or technician")));
    }
    Ok(Indicator {
        unit: Unit::parse(&unit).ok_or_else(|| bad(format!("unit {unit:?} is not known")))?,
        version: field("version")?.parse().map_err(|_| bad("version is not a whole number".into()))?,
        group: named(&Group::ALL, &group).ok_or_else(|| bad(format!("group {group:?} is not known")))?,
        cells: named(&Cells::ALL, &cells).ok_or_else(|| bad(format!("cells {cells:?} are not known")))?,
        hides: named(&Hides::ALL, &hides).ok_or_else(|| bad(format!("hides {hides:?} is not known")))?,
        adds_up,
        is_recorded,
        by,
        id,
        title: field("title")?,
        question: field("question")?,
        standard: field("standard")?,
        numerator: field("numerator")?,
        denominator: field("denominator")?,
        exclusions: field("exclusions")?,
        audience,
        caveat: field("caveat")?,
        means: field("means")?,
        ask: field("ask")?,
        sql: text,
    })
}

static INDICATORS: LazyLock<Result<Vec<Indicator>, String>> = LazyLock::new(|| {
    let parsed: Result<Vec<Indicator>, QueryError> = embedded::INDICATORS.iter().map(|(name, text)| parse(name, text)).collect();
    parsed.map_err(|error| error.to_string())
});

impl Indicator {
    /// Every indicator, by id.
    pub fn all() -> Result<&'static [Indicator], QueryError> {
        match &*INDICATORS {
            Ok(indicators) => Ok(indicators),
            Err(problem) => Err(QueryError::BadHeader { file: "indicators".into(), problem: problem.clone() }),
        }
    }

    /// The indicator of an id.
    pub fn find(id: &str) -> Result<&'static Indicator, QueryError> {
        let all = Self::all()?;
        all.iter().find(|indicator| indicator.id == id).ok_or_else(|| QueryError::UnknownIndicator {
            found: id.to_string(),
            known: all.iter().map(|indicator| indicator.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Whether governors may see it of a theme by week, or in parts. Some themes they see for a whole school and half-term only, and
    /// whatever counts people without naming a theme may be of one of those.
    pub fn is_for_governors(&self, dimension: Option<&str>, grain: Grain, by: Option<By>) -> bool {
        let is_whole = grain == Grain::HalfTerm && by.is_none();
        let is_harmless = match dimension {
            Some(theme) => !NEVER_IN_PARTS.contains(&theme),
            None => self.hides != Hides::People || matches!(self.id.as_str(), "circumvention_rate" | "ai_use_rate"),
        };
        self.audience.iter().any(|who| who == "governor") && (is_whole || is_harmless)
    }
}

/// A school's figures of one indicator and academic year (`2025-26`) by half-term, from the rollups only. Without term dates there are
/// none: [`QueryError::NoCalendar`].
pub async fn run(engine: &Engine, id: &str, school: &str, year: &str) -> Result<Vec<FigureRow>, QueryError> {
    run_by(engine, id, school, year, Grain::HalfTerm, None).await
}

/// As [`run`], by half-term or week, and taken apart where the indicator's header allows it. Nothing is hidden here: ask
/// [`Indicator::is_for_governors`] before a governor sees it.
pub async fn run_by(
    engine: &Engine,
    id: &str,
    school: &str,
    year: &str,
    grain: Grain,
    by: Option<By>,
) -> Result<Vec<FigureRow>, QueryError> {
    let indicator = Indicator::find(id)?;
    if let Some(by) = by.filter(|by| !indicator.by.contains(by)) {
        let can = indicator.by.iter().map(|by| by.column()).collect::<Vec<_>>().join(", ");
        return Err(QueryError::Shape {
            what: format!("{id} by {}", by.column()),
            expected: if can.is_empty() { "the whole school: it can't be taken apart".into() } else { can },
        });
    }
    let figuring = Figuring::new(engine.asker(engine.full().await?), school);
    let figures = figuring.figures(&[(indicator, academic_year(year)?)], (grain, by)).await?.concat();
    if figures.is_empty() {
        let parameters = [("school", ScalarValue::from(school))];
        let known = engine.rows("SELECT s.school_id FROM schools s WHERE s.school_id = $school", &parameters).await?;
        if rows(&known).next().is_none() {
            return Err(QueryError::UnknownSchool(school.to_string()));
        }
        let parameters = [("school", ScalarValue::from(school)), ("year", ScalarValue::from(year))];
        let text = "SELECT h.half_term FROM half_terms h WHERE h.school_id = $school AND h.academic_year = $year";
        if rows(&engine.rows(text, &parameters).await?).next().is_none() {
            return Err(QueryError::NoCalendar { school: school.to_string(), year: year.to_string() });
        }
    }
    Ok(figures)
}

/// A school's figures of some indicators and years by half-term, made as its pages make them: the rollups are read once for all.
pub async fn run_all(
    engine: &Engine,
    indicators: &[Indicator],
    school: &str,
    years: &[&str],
) -> Result<Vec<FigureRow>, QueryError> {
    let figuring = Figuring::new(engine.asker(&engine.school_context(school).await?), school);
    let mut wanted = Vec::new();
    for year in years {
        let year = academic_year(year)?;
        wanted.extend(indicators.iter().map(|indicator| (indicator, year)));
    }
    Ok(figuring.figures(&wanted, (Grain::HalfTerm, None)).await?.concat())
}

/// A year as it is written, `2025-26`.
pub(crate) fn academic_year(year: &str) -> Result<AcademicYear, QueryError> {
    AcademicYear::parse(year)
        .ok_or_else(|| QueryError::Shape { what: format!("academic year {year:?}"), expected: "the form 2025-26".into() })
}
