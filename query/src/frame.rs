//! What is asked for a figure: by half-term or week, whole or in parts, from the same file.
//!
//! An indicator says what is counted on a day or in a school week. What is alike for all of them stands once, in `figuring`: one question
//! with everything around it took the planner ten times as long as the indicator's own.

use datafusion::common::ScalarValue;
use serde::Serialize;
use weir_lake::estate::AcademicYear;

use crate::indicator::{Cells, Indicator};

/// What one figure speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// A half-term.
    #[default]
    HalfTerm,
    /// A school week.
    Week,
}

/// What a figure may be taken apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Filter policy.
    Profile,
    /// Pupil, staff, guest and so on.
    UserType,
    /// Year group.
    YearGroup,
}

impl By {
    /// The part of a name in an indicator's header, which is the column's too.
    pub(crate) fn parse(text: &str) -> Option<By> {
        [By::Profile, By::UserType, By::YearGroup].into_iter().find(|by| by.column() == text)
    }

    /// Its column in the rollups.
    pub const fn column(self) -> &'static str {
        match self {
            By::Profile => "profile",
            By::UserType => "user_type",
            By::YearGroup => "year_group",
        }
    }
}

const NO_TEXT: &str = "CAST(NULL AS VARCHAR)";

/// A question about one school.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub text: String,
    pub parameters: Vec<(&'static str, ScalarValue)>,
}

impl Question {
    /// Of the values only those that the text names: the engine refuses the others.
    fn new(text: String, values: &[(&'static str, &str)]) -> Self {
        let named = values.iter().filter(|(name, _)| text.contains(&format!("${name}")));
        let parameters = named.map(|(name, value)| (*name, ScalarValue::from(*value))).collect();
        Self { text, parameters }
    }
}

/// The school days and weeks that figures are put into, and the half-terms and weeks that they are told of: all years of a school, in the
/// order of [`Terms`].
pub(crate) fn terms(school: &str) -> [Question; 4] {
    let told = "p.academic_year, p.period_no, p.label, p.start_date, p.end_date, p.school_days, p.past_days, p.counted_days, p.logged_days, \
                p.pupils";
    [
        "SELECT d.academic_year, d.date AS day, d.period_no, d.week FROM seen_days d WHERE d.school_id = $school AND d.is_past".to_string(),
        "SELECT w.academic_year, w.week AS day, w.period_no, w.week FROM term_weeks w WHERE w.school_id = $school AND w.past_days > 0"
            .to_string(),
        format!("SELECT {told} FROM periods p WHERE p.school_id = $school ORDER BY p.start_date"),
        format!("SELECT {told}, p.week FROM term_weeks p WHERE p.school_id = $school ORDER BY p.start_date"),
    ]
    .map(|text| Question::new(text, &[("school", school)]))
}

/// What an indicator asks of one school and year: its cells, and who stands behind them where people are counted.
pub(crate) struct Asked {
    pub cells: Question,
    pub persons: Option<Question>,
}

/// The questions of an indicator.
pub(crate) fn asked(indicator: &Indicator, school: &str, year: AcademicYear, grain: Grain, by: Option<By>) -> Asked {
    let body = indicator.sql.lines().skip_while(|line| line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let (cells, persons) = body.split_once(";\n").map_or((body.as_str(), None), |(cells, persons)| (cells, Some(persons)));
    let (parts, roll, groups) = match by {
        None => (NO_TEXT.to_string(), "'*'", "h.year_group = '*'"),
        Some(by) => {
            let roll = if by == By::YearGroup { "p.part" } else { NO_TEXT };
            (format!("h.{}", by.column()), roll, "h.year_group <> '*'")
        }
    };
    let (year, last_year) = (year.to_string(), year.previous().to_string());
    let values = [("school", school), ("year", year.as_str()), ("last_year", last_year.as_str())];
    let question = |text: &str| {
        let text = text
            .replace("{by}", &parts)
            .replace("{roll}", roll)
            .replace("{groups}", groups)
            .replace("{key}", if grain == Grain::Week { "week" } else { "period_no" });
        Question::new(text, &values)
    };
    let given;
    let cells = match indicator.cells {
        Cells::SchoolDays | Cells::SchoolWeeks => cells,
        // It puts its days together itself, into the half-terms or weeks of the year.
        Cells::SchoolDaysSummed => {
            given = format!(
                "WITH marked AS (\nSELECT d.date AS day, d.period_no, d.week FROM seen_days d\nWHERE d.school_id = $school AND \
                 d.academic_year = $year AND d.is_past\n),\ngiven AS (\n{cells}\n)\nSELECT g.* FROM given g"
            );
            &given
        }
        Cells::SchoolWeeksSummed => {
            given = format!(
                "WITH marked AS (\nSELECT w.week AS day, w.period_no, w.week FROM term_weeks w\nWHERE w.school_id = $school AND \
                 w.academic_year = $year AND w.past_days > 0\n),\ngiven AS (\n{cells}\n)\nSELECT g.* FROM given g"
            );
            &given
        }
    };
    Asked { cells: question(cells), persons: persons.map(question) }
}
