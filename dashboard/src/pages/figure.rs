//! One figure: what is it, and can I trust it? Chart, table, meaning, method, limits.

use askama::Template;

use super::{Frame, Picker};
use crate::chart::{Size, Svg, plot, state_shape};
use crate::view::{Figure, Method, Period, Point, SchoolRef, SchoolYear, Shown, Unit};
use crate::words;

use super::school::Card;

/// The page.
#[derive(Debug, Template)]
#[template(path = "figure.html")]
pub(crate) struct FigurePage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) period: Option<String>,
    pub(crate) question: String,
    pub(crate) card: Card,
    pub(crate) interval: Option<String>,
    pub(crate) ratio: Option<String>,
    pub(crate) drawings: Option<(Svg, Svg)>,
    pub(crate) this_year: String,
    pub(crate) last_year: String,
    pub(crate) unit: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) longer: Vec<LongerRow>,
    pub(crate) is_final: bool,
    pub(crate) has_counts: bool,
    pub(crate) has_usual: bool,
    pub(crate) method: Method,
    pub(crate) limits: Vec<String>,
    pub(crate) others: Vec<Other>,
}

/// A half-term in the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) dates: String,
    pub(crate) value: String,
    pub(crate) last_year: String,
    pub(crate) usual: String,
    pub(crate) numerator: String,
    pub(crate) denominator: String,
    pub(crate) logs: String,
    pub(crate) standing: String,
    pub(crate) is_current: bool,
}

/// A term, or the year.
#[derive(Debug)]
pub(crate) struct LongerRow {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) last_year: String,
    pub(crate) ratio: String,
    pub(crate) logs: String,
}

/// Another figure of the same school and year.
#[derive(Debug)]
pub(crate) struct Other {
    pub(crate) link: String,
    pub(crate) title: String,
    pub(crate) shape: Svg,
    pub(crate) class: &'static str,
    pub(crate) state: &'static str,
    pub(crate) is_this: bool,
}

impl FigurePage {
    /// The page.
    pub(crate) fn new(page: &SchoolYear, figure: &Figure, schools: &[SchoolRef]) -> Self {
        let base = format!("/school/{}/{}", page.school.id, page.year);
        let this_year = words::year_words(page.year);
        let last_year = words::year_words(page.year.previous());
        let counts = crate::view::Unit { decimals: 0, sign: "", words: String::new(), per_hundred_pupils: false };
        let years = (this_year.as_str(), last_year.as_str());
        let rows = page
            .periods
            .iter()
            .zip(&figure.points)
            .enumerate()
            .map(|(position, (period, point))| Row {
                label: period.label.clone(),
                dates: format!("{} to {}", words::short_day(period.start), words::short_day(period.end)),
                value: words::cell(point.value, &figure.unit),
                last_year: words::cell(point.last_year, &figure.unit),
                usual: point.usual.map_or_else(
                    || String::from("\u{2013}"),
                    |(low, high)| {
                        format!("{} to {}", words::number(low, figure.unit.decimals), words::number(high, figure.unit.decimals))
                    },
                ),
                numerator: words::cell(point.numerator, &counts),
                denominator: words::cell(point.denominator, &counts),
                logs: if period.coverage.school_days == 0 {
                    "to come".into()
                } else {
                    format!("{} of {}", period.coverage.with_logs, period.coverage.school_days)
                },
                standing: standing(period, point, &figure.unit),
                is_current: figure.current == Some(position),
            })
            .collect();
        let mut limits = vec![];
        if !figure.method.caveat.is_empty() {
            limits.push(sentence(&figure.method.caveat));
        }
        limits.extend(figure.limits.iter().cloned());
        Self {
            frame: Frame {
                picker: Some(Picker::new(schools, &page.school, page.year, Some(&figure.id))),
                as_of: page.as_of,
                ..Frame::plain(&format!("{}, {}, {}", figure.title, page.school.name, this_year))
            },
            name: page.school.name.clone(),
            period: page.current.and_then(|position| page.periods.get(position)).map(|period| period.label.clone()),
            question: if figure.question.is_empty() { figure.title.clone() } else { figure.question.clone() },
            card: Card::new(figure, page, &base),
            interval: figure.interval.map(|(low, high)| {
                format!(
                    "Allowing for chance: {}{sign} to {}{sign} (95% interval)",
                    words::number(low, figure.unit.decimals),
                    words::number(high, figure.unit.decimals),
                    sign = figure.unit.sign
                )
            }),
            ratio: figure.ratio.clone(),
            drawings: can_be_drawn(figure)
                .then(|| (plot(figure, &page.periods, years, Size::Wide), plot(figure, &page.periods, years, Size::Narrow))),
            has_counts: figure.points.iter().any(|point| point.numerator.number().is_some()),
            has_usual: figure.points.iter().any(|point| point.usual.is_some()),
            unit: format!("{} {}", figure.unit.sign, figure.unit.words).trim().to_string(),
            rows,
            longer: figure
                .longer
                .iter()
                .map(|longer| LongerRow {
                    label: if longer.is_partial { format!("{}, in part", longer.label) } else { longer.label.clone() },
                    value: words::cell(longer.value, &figure.unit),
                    last_year: words::cell(longer.last_year, &figure.unit),
                    ratio: longer.ratio.clone().unwrap_or_else(|| "\u{2013}".into()),
                    logs: words::days_of(longer.coverage),
                })
                .collect(),
            is_final: figure.now().is_none_or(|point| point.is_final),
            method: figure.method.clone(),
            limits,
            others: page
                .figures
                .iter()
                .map(|other| Other {
                    link: format!("{base}/figure/{}", other.id),
                    title: other.title.clone(),
                    shape: state_shape(other.state),
                    class: other.state.class(),
                    state: other.state.words(),
                    is_this: other.id == figure.id,
                })
                .collect(),
            this_year,
            last_year,
            base,
        }
    }
}

/// Whether late logs may still change a half-term's number.
fn standing(period: &Period, point: &Point, unit: &Unit) -> String {
    match (point.is_final, point.change) {
        (true, Some(change)) => {
            let sign = if change < 0.0 { "" } else { "+" };
            format!("final; late logs: {sign}{}{}", words::number(change, unit.decimals.max(1)), unit.sign)
        }
        (true, None) => "final".into(),
        (false, _) if period.coverage.with_logs == 0 => "\u{2013}".into(),
        (false, _) => "not final".into(),
    }
}

/// An empty pair of axes looks like zero.
fn can_be_drawn(figure: &Figure) -> bool {
    figure
        .points
        .iter()
        .any(|point| matches!(point.value, Shown::Number(_) | Shown::Hidden) || point.last_year.number().is_some())
}

/// Headers write caveats as half a sentence; a page prints a whole one.
fn sentence(text: &str) -> String {
    let mut text = words::capital(text.trim());
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}
