//! The SQL of a figure around an indicator's own: by half-term or week, whole or in parts, from the same file.
//!
//! An indicator says what is counted on a day or in a school week. What is alike for all of them stands once, in `query/frames`: which
//! half-term or week a day belongs to, adding up, how much weeks vary, how many people stand behind a sum, and the row without a figure
//! where there are no logs.

use serde::Serialize;

use crate::indicator::{Cells, Hides, Indicator};
use crate::state::Unit;

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
const NO_NUMBER: &str = "CAST(NULL AS DOUBLE)";
const NO_COUNT: &str = "CAST(NULL AS BIGINT)";

/// The SQL that answers an indicator.
pub(crate) fn sql(indicator: &Indicator, grain: Grain, by: Option<By>) -> String {
    let body = indicator.sql.lines().skip_while(|line| line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let (cells, persons) = body.split_once(";\n").map_or((body.as_str(), None), |(cells, persons)| (cells, Some(persons)));
    // What the outermost SELECT gives, which is the last one that begins a line.
    let given = cells.rsplit_once("\nSELECT ").map_or(cells, |(_, given)| given);
    let gives = |column: &str| given.contains(&format!(" AS {column}"));
    let marked = match indicator.cells {
        Cells::SchoolDays | Cells::SchoolDaysSummed => {
            "SELECT d.date AS day, d.period_no, d.week FROM seen_days d
             WHERE d.school_id = $school AND d.academic_year = $year AND d.is_past"
        }
        Cells::SchoolWeeks | Cells::SchoolWeeksSummed => {
            "SELECT w.week AS day, w.period_no, w.week FROM term_weeks w
             WHERE w.school_id = $school AND w.academic_year = $year AND w.past_days > 0"
        }
    };
    let base = match grain {
        Grain::HalfTerm => "CAST(NULL AS DATE) AS week, p.period_no AS key FROM periods p",
        Grain::Week => "p.week, p.week AS key FROM term_weeks p",
    };
    let sums = match indicator.cells {
        Cells::SchoolDays | Cells::SchoolWeeks => include_str!("../frames/cells.sql"),
        Cells::SchoolDaysSummed | Cells::SchoolWeeksSummed => include_str!("../frames/sums.sql"),
    };
    let value = match indicator.unit {
        Unit::Count | Unit::Days | Unit::Hours | Unit::Minutes => "a.numerator".to_string(),
        unit => format!("{:.1} * a.numerator / nullif(a.denominator, 0)", unit.scale()),
    };
    let (parts, roll, groups) = match by {
        None => (NO_TEXT.to_string(), "'*'", "h.year_group = '*'"),
        Some(by) => {
            let roll = if by == By::YearGroup { "p.part" } else { NO_TEXT };
            (format!("h.{}", by.column()), roll, "h.year_group <> '*'")
        }
    };
    let people = if persons.is_some() { include_str!("../frames/people.sql") } else { include_str!("../frames/nobody.sql") };
    let text = format!(
        "WITH marked AS (\n{marked}\n),\nbase AS (\nSELECT p.school_id, p.academic_year, p.period_no, p.label, p.start_date, p.end_date, \
         p.school_days, p.past_days, p.counted_days, p.logged_days, p.pupils, {base}\n\
         WHERE p.school_id = $school AND p.academic_year = $year\n),\n{sums},\n{people}\n{}",
        include_str!("../frames/rows.sql")
    );
    text.replace("{cells}", cells)
        .replace("{persons}", persons.unwrap_or_default())
        .replace("{comparable}", if gives("comparable") { "CAST(comparable AS DOUBLE)" } else { NO_NUMBER })
        .replace("{people}", if gives("people") { "CAST(people AS BIGINT)" } else { NO_COUNT })
        .replace("{counts_people}", if indicator.hides == Hides::People { "s.key IS NOT NULL" } else { "false" })
        .replace("{value}", &value)
        .replace("{by}", &parts)
        .replace("{roll}", roll)
        .replace("{groups}", groups)
        .replace("{key}", if grain == Grain::Week { "week" } else { "period_no" })
}
