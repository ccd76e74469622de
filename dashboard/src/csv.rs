//! The figures behind a chart as comma-separated text, with the same marks as the page.

use weir_lake::estate::AcademicYear;

use crate::view::{DayKind, Figure, Overview, SchoolYear, Shown};

/// Columns of a figure's file.
const FIGURE_HEADER: &str = "school_id,school,academic_year,figure,title,unit,half_term,first_day,last_day,value,same_period_last_year,usual_low,usual_high,numerator,denominator,school_days,days_with_logs,definition,definition_version,lake_version,final\r\n";

/// One figure, or several, by half-term.
pub(crate) fn figures<'a>(page: &SchoolYear, figures: impl IntoIterator<Item = &'a Figure>) -> String {
    let mut out = String::from(FIGURE_HEADER);
    for figure in figures {
        let decimals = figure.unit.decimals;
        let unit = format!("{} {}", figure.unit.sign, figure.unit.words);
        for (period, point) in page.periods.iter().zip(&figure.points) {
            let usual = |pick: fn((f64, f64)) -> f64| point.usual.map(|usual| plain(pick(usual), decimals)).unwrap_or_default();
            row(
                &mut out,
                &[
                    page.school.id.as_str(),
                    &page.school.name,
                    &page.year.to_string(),
                    &figure.id,
                    &figure.title,
                    unit.trim(),
                    &period.label,
                    &period.start.to_string(),
                    &period.end.to_string(),
                    &value(point.value, decimals),
                    &value(point.last_year, decimals),
                    &usual(|usual| usual.0),
                    &usual(|usual| usual.1),
                    &value(point.numerator, 0),
                    &value(point.denominator, 0),
                    &period.coverage.school_days.to_string(),
                    &period.coverage.with_logs.to_string(),
                    &figure.method.id,
                    &figure.method.version.to_string(),
                    &page.as_of.map(|as_of| as_of.lake_version.to_string()).unwrap_or_default(),
                    if point.is_final { "yes" } else { "no" },
                ],
            );
        }
    }
    out
}

/// The year by day.
pub(crate) fn days(page: &SchoolYear) -> String {
    let column = if page.days_per_hundred { "requests_stopped_per_100_pupils" } else { "requests_stopped" };
    let mut out = format!("school_id,school,academic_year,half_term,day,{column}\r\n");
    for block in &page.blocks {
        for day in &block.days {
            let shown = match day.kind {
                DayKind::Stopped(value) => plain(value, 1),
                DayKind::Few => "[c]".into(),
                DayKind::NoLogs => "no logs".into(),
                DayKind::NoSchool => "no school".into(),
                DayKind::BeforeLogs => "before the first log".into(),
                DayKind::Ahead => "to come".into(),
            };
            let year = page.year.to_string();
            row(&mut out, &[page.school.id.as_str(), &page.school.name, &year, &block.label, &day.date.to_string(), &shown]);
        }
    }
    out
}

/// All schools with their logs.
pub(crate) fn schools(overview: &Overview) -> String {
    let mut out = String::from("school_id,school,phase,academic_year,pupils,school_days,days_with_logs,findings\r\n");
    for line in &overview.schools {
        let number = |number: u32| number.to_string();
        row(
            &mut out,
            &[
                line.school.id.as_str(),
                &line.school.name,
                &line.school.phase,
                &line.year.to_string(),
                &line.pupils.map(number).unwrap_or_else(|| "[x]".into()),
                &number(line.coverage.school_days),
                &number(line.coverage.with_logs),
                &line.findings.as_ref().map_or_else(|| "not looked at".into(), |findings| findings.len().to_string()),
            ],
        );
    }
    out
}

/// The name a browser saves a file under: letters, digits and dashes only.
pub(crate) fn file_name(school: &str, year: AcademicYear, what: &str) -> String {
    format!("weir_{}_{}_{}.csv", dashes(school), year, dashes(what))
}

/// As [`file_name`], for what is of no one year.
pub(crate) fn plain_file_name(school: &str, what: &str) -> String {
    format!("weir_{}_{}.csv", dashes(school), dashes(what))
}

fn dashes(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// A number without thousands marks, or the mark.
fn value(shown: Shown, decimals: usize) -> String {
    match shown {
        Shown::Number(value) => plain(value, decimals),
        Shown::Hidden => "[c]".into(),
        Shown::NotAvailable => "[x]".into(),
        Shown::NotApplicable => "[z]".into(),
        Shown::NoLogs => "no logs".into(),
        Shown::ToCome => "to come".into(),
    }
}

fn plain(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}")
}

/// One line, with quotation marks where they are needed and nothing that a spreadsheet would run.
pub(crate) fn row(out: &mut String, cells: &[&str]) {
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        // A spreadsheet runs a cell that begins like this as a formula; a name from a file must not.
        let guard = if cell.starts_with(weir_pack::FORMULA_SIGNS) { "'" } else { "" };
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(guard);
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(guard);
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let mut out = String::new();
        row(&mut out, &["plain", "a,b", "say \"x\"", "=1+1", "line\nbreak", ""]);
        assert_eq!(out, "plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,\"line\nbreak\",\r\n");
    }

    #[test]
    fn file_names_hold_nothing_odd() {
        assert_eq!(file_name("oak.field", AcademicYear(2025), "theme_rate:drugs"), "weir_oak-field_2025-26_theme-rate-drugs.csv");
    }
}
