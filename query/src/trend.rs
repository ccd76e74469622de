//! A figure over time: by half-term, term and year from what its reader may see, by week with signals for the safeguarding lead alone.
//!
//! A gap in the logs is a gap, never a zero: it is in no sum and sets no signal off.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use jiff::civil::Date;
use serde::Serialize;
use weir_lake::estate::AcademicYear;

use crate::cards::counts_people;
use crate::engine::Engine;
use crate::error::QueryError;
use crate::indicator::Indicator;
use crate::page::{Figure, Period, Ratio};
use crate::rows::rows;
use crate::state::{CONFIDENCE, LEAST_COVERAGE, Shown, Unit};
use crate::statistics::{CUSUM_LIMIT, cusum_of_expected, poisson_interval, rate_ratio};
use crate::suppression::Audience;

/// How long a point of a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// A half-term.
    HalfTerm,
    /// A term: the half-terms that share the first word of their names.
    Term,
    /// The school year.
    Year,
}

/// A point of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrendPoint {
    /// `Autumn 1`, `Autumn`, `2025-26` or the Monday of a week.
    pub label: String,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// Past school days.
    pub school_days: u32,
    /// Of them with logs.
    pub days_with_logs: u32,
    /// The figure.
    pub value: Shown,
    /// What was counted.
    pub numerator: Shown,
    /// What it was counted over.
    pub denominator: Shown,
    /// Exact 95 % interval of the figure, where people are counted.
    pub interval: Option<(f64, f64)>,
    /// The same span last year.
    pub last_year: Shown,
    /// This year over last year with its exact 99 % interval, where both may be seen.
    pub ratio: Option<Ratio>,
    /// Whether school days are still to come, or a part of it has no logs.
    pub is_partial: bool,
    /// Whether no past school day has logs.
    pub is_gap: bool,
    /// Whether the number is published.
    pub is_final: bool,
}

/// Half-terms put together: what is known of a span.
#[derive(Clone, Copy)]
struct Sum {
    numerator: Shown,
    denominator: Shown,
    is_final: bool,
}

impl Sum {
    const NOTHING: Sum = Sum { numerator: Shown::NotAvailable, denominator: Shown::NotAvailable, is_final: true };

    /// A hidden part hides the sum; a part without a figure is in no sum.
    fn with(self, numerator: Shown, denominator: Shown, is_final: bool) -> Sum {
        let add = |sum: Shown, one: Shown| match (sum, one) {
            (Shown::Hidden, _) | (_, Shown::Hidden) => Shown::Hidden,
            (Shown::Value(sum), Shown::Value(one)) => Shown::Value(sum + one),
            (Shown::NotAvailable, one) => one,
            (sum, Shown::NotAvailable) => sum,
        };
        if numerator == Shown::NotAvailable {
            return self;
        }
        Sum {
            numerator: add(self.numerator, numerator),
            denominator: add(self.denominator, denominator),
            is_final: self.is_final && is_final,
        }
    }

    fn value(self, unit: Unit) -> Shown {
        match (self.numerator, self.denominator) {
            (Shown::Value(numerator), Shown::Value(denominator)) if denominator > 0.0 => {
                Shown::Value(numerator / denominator * unit.scale())
            }
            (Shown::Hidden, _) | (_, Shown::Hidden) => Shown::Hidden,
            _ => Shown::NotAvailable,
        }
    }
}

/// Whether an indicator's half-terms add up to terms and years: pupil-weeks and requests do, distinct pupils do not.
pub fn adds_up(indicator: &str) -> bool {
    Indicator::find(indicator).is_ok_and(|indicator| indicator.adds_up)
}

/// The name of the span a half-term belongs to.
fn span_of(grain: Grain, year: &str, period: &Period) -> String {
    match grain {
        Grain::HalfTerm => period.label.clone(),
        Grain::Year => year.to_string(),
        Grain::Term => {
            let word = period.label.rsplit_once(' ').filter(|(_, last)| last.bytes().all(|b| b.is_ascii_digit()));
            word.map_or_else(|| format!("Term {}", period.number.div_ceil(2)), |(word, _)| word.to_string())
        }
    }
}

fn sum_of(figure: &Figure, periods: &[Period], is_in: impl Fn(&Period) -> bool) -> Sum {
    let points = periods.iter().zip(&figure.series).filter(|(period, _)| is_in(period));
    points.fold(Sum::NOTHING, |sum, (_, point)| sum.with(point.numerator, point.denominator, point.is_final))
}

/// A figure's year by half-term, term or as a whole, with last year's beside it: from the numbers of its cards, so that nothing hidden
/// there can come out here. `before` is the same figure and the half-terms of the year before.
pub fn series(
    now: &Figure,
    periods: &[Period],
    year: &str,
    before: Option<(&Figure, &[Period])>,
    grain: Grain,
) -> Vec<TrendPoint> {
    let counts_people = now.unit == Unit::PupilsPer100Week;
    let mut points: Vec<TrendPoint> = Vec::new();
    for chunk in periods.chunk_by(|a, b| span_of(grain, year, a) == span_of(grain, year, b)) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        let numbers = first.number..=last.number;
        let sum = sum_of(now, periods, |period| numbers.contains(&period.number));
        let labels: Vec<&str> = chunk.iter().map(|period| period.label.as_str()).collect();
        let then = before.map_or(Sum::NOTHING, |(figure, before)| {
            // Half-terms of the same name; only where all of them are on file is the span the same.
            let same = |period: &Period| labels.contains(&period.label.as_str());
            let all_there = before.iter().filter(|period| same(period)).count() == labels.len();
            if all_there { sum_of(figure, before, same) } else { Sum::NOTHING }
        });
        let past = chunk.iter().map(|period| period.past_days).sum::<u32>();
        let logged = chunk.iter().map(|period| period.days_with_logs).sum::<u32>();
        let value = sum.value(now.unit);
        let whole = |shown: Shown| shown.value().map(|value| value.round() as u64);
        let interval = whole(sum.numerator).zip(sum.denominator.value()).filter(|_| counts_people).map(|(count, exposure)| {
            let found = poisson_interval(count, 0.95);
            (found.lower / exposure * now.unit.scale(), found.upper / exposure * now.unit.scale())
        });
        let ratio = (|| {
            let (x1, e1) = (whole(sum.numerator)?, sum.denominator.value()?);
            let (x2, e2) = (whole(then.numerator)?, then.denominator.value()?);
            let found = rate_ratio(x1, e1, x2, e2, CONFIDENCE)?;
            let finite = |number: f64| number.is_finite().then_some(number);
            Some(Ratio { ratio: finite(found.ratio)?, lower: found.interval.lower, upper: finite(found.interval.upper) })
        })();
        points.push(TrendPoint {
            label: span_of(grain, year, first),
            start: first.start,
            end: last.end,
            school_days: past,
            days_with_logs: logged,
            value,
            numerator: sum.numerator,
            denominator: sum.denominator,
            interval,
            last_year: then.value(now.unit),
            ratio: ratio.filter(|_| counts_people),
            is_partial: chunk.iter().any(|period| period.is_partial || (period.past_days > 0 && period.days_with_logs == 0)),
            is_gap: past > 0 && logged == 0,
            is_final: sum.is_final && value.value().is_some(),
        });
    }
    points
}

/// A week of a theme.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Week {
    /// The week.
    pub point: TrendPoint,
    /// Pupils expected by last year's same half-term; none without such a half-term.
    pub expected: Option<f64>,
    /// The running sum of what was more than expected; none where nothing is expected or the week has no logs.
    pub sum: Option<f64>,
    /// Whether the sum is over its limit: a prompt to look, never a finding.
    pub is_signal: bool,
}

/// A school's weeks of a theme.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weeks {
    /// In order.
    pub weeks: Vec<Week>,
    /// How many times the usual the sum looks for.
    pub looks_for: f64,
    /// Over this the sum is a signal.
    pub limit: f64,
    /// Under one pupil a week is expected: school days between one day with the theme and the next, in place of a sum.
    pub days_between: Option<Vec<(Date, u32)>>,
}

/// Pupils a week from which half as many again are looked for; below, twice as many.
const MANY: f64 = 4.0;
/// Under this many a week, days between say more than counts.
const RARE: f64 = 1.0;

struct WeekRow {
    monday: Date,
    period: u32,
    days: (Date, Date),
    school_days: u32,
    past: u32,
    logged: u32,
    pupils: Option<f64>,
    people: f64,
    comparable: f64,
}

impl WeekRow {
    /// Pupil-weeks that could have been: a week of three days with logs is three fifths of one.
    fn exposure(&self) -> Option<f64> {
        self.pupils.map(|pupils| pupils * f64::from(self.logged) / 5.0).filter(|exposure| *exposure > 0.0)
    }
}

async fn week_rows(engine: &Engine, school: &str, topic: &str, year: &str, known_in: &str) -> Result<Vec<WeekRow>, QueryError> {
    let parameters = [
        ("school", ScalarValue::from(school)),
        ("year", ScalarValue::from(year)),
        ("known_in", ScalarValue::from(known_in)),
        ("topic", ScalarValue::from(topic)),
    ];
    rows(&engine.rows(include_str!("../findings/weeks.sql"), &parameters).await?)
        .map(|row| {
            Ok(WeekRow {
                monday: row.required_day("week")?,
                period: row.count("period_no")? as u32,
                days: (row.required_day("first_day")?, row.required_day("last_day")?),
                school_days: row.count("school_days")? as u32,
                past: row.count("past_days")? as u32,
                logged: row.count("logged_days")? as u32,
                pupils: row.number("pupils")?.filter(|pupils| *pupils > 0.0),
                people: row.number("people")?.unwrap_or(0.0),
                comparable: row.number("comparable")?.unwrap_or(0.0),
            })
        })
        .collect()
}

/// A school's weeks of a theme, for the safeguarding lead; nobody else is given weeks: a governor reads half-terms, and never is a
/// sensitive theme told by week.
pub async fn weeks(
    engine: &Engine,
    school: &str,
    year: &str,
    indicator: &str,
    theme: Option<&str>,
    audience: Audience,
) -> Result<Weeks, QueryError> {
    let indicator = Indicator::find(indicator)?;
    let shape = |what: String, expected: &str| QueryError::Shape { what, expected: expected.into() };
    if audience != Audience::Dsl {
        return Err(shape(format!("weeks of {} for a {}", indicator.id, audience.name()), "the safeguarding lead as reader"));
    }
    let topic = match (indicator.id.as_str(), theme) {
        ("theme_rate", Some(theme)) => theme,
        ("circumvention_rate", None) => "circumvention",
        _ => return Err(shape(format!("weeks of {}", indicator.id), "theme_rate with a theme, or circumvention_rate")),
    };
    let last_year = AcademicYear::parse(year)
        .ok_or_else(|| shape(format!("academic year {year:?}"), "the form 2025-26"))?
        .previous()
        .to_string();
    let now = week_rows(engine, school, topic, year, &last_year).await?;
    let then = week_rows(engine, school, topic, &last_year, &last_year).await?;
    // Last year's rate a half-term, from half-terms with nearly all their logs.
    let mut usual: BTreeMap<u32, (f64, f64, u32, u32)> = BTreeMap::new();
    for week in &then {
        let (count, exposure, past, logged) = usual.entry(week.period).or_default();
        *past += week.past;
        *logged += week.logged;
        if let Some(own) = week.exposure() {
            *count += week.comparable;
            *exposure += own;
        }
    }
    let rate = |period: u32| {
        let (count, exposure, past, logged) = usual.get(&period)?;
        (*exposure > 0.0 && f64::from(*logged) >= LEAST_COVERAGE * f64::from(*past)).then(|| count / exposure)
    };
    let full_weeks: Vec<f64> = now.iter().filter_map(|week| Some(rate(week.period)? * week.pupils?)).collect();
    let mean = if full_weeks.is_empty() { None } else { Some(full_weeks.iter().sum::<f64>() / full_weeks.len() as f64) };
    let looks_for = if mean.is_some_and(|mean| mean >= MANY) { 1.5 } else { 2.0 };
    // In the form with a changing expectation the sum counts log-likelihood: each pupil too many weighs ln R.
    let limit = CUSUM_LIMIT * f64::ln(looks_for);
    let is_rare = mean.is_some_and(|mean| mean < RARE);
    let expected: Vec<Option<f64>> = now.iter().map(|week| Some(rate(week.period)? * week.exposure()?)).collect();
    let in_sum: Vec<(f64, f64)> =
        now.iter().zip(&expected).filter_map(|(week, expected)| Some((week.comparable, (*expected)?))).collect();
    let mut sums = cusum_of_expected(&in_sum, looks_for).into_iter();
    let unit = indicator.unit.scale();
    let weeks = now
        .iter()
        .zip(expected)
        .map(|(week, expected)| {
            let exposure = week.exposure();
            let value = exposure.map_or(Shown::NotAvailable, |exposure| Shown::Value(week.people / exposure * unit));
            let sum = if expected.is_some() { sums.next() } else { None };
            let before = then.iter().find(|other| other.period == week.period && same_place(&now, week, &then, other));
            let last = before.and_then(|other| Some(Shown::Value(other.comparable / other.exposure()? * unit)));
            let interval = exposure.filter(|_| counts_people(indicator)).map(|exposure| {
                let found = poisson_interval(week.people.round() as u64, 0.95);
                (found.lower / exposure * unit, found.upper / exposure * unit)
            });
            Week {
                point: TrendPoint {
                    label: week.monday.to_string(),
                    start: week.days.0,
                    end: week.days.1,
                    school_days: week.past,
                    days_with_logs: week.logged,
                    value,
                    numerator: if week.logged > 0 { Shown::Value(week.people) } else { Shown::NotAvailable },
                    denominator: exposure.map_or(Shown::NotAvailable, Shown::Value),
                    interval,
                    last_year: last.unwrap_or(Shown::NotAvailable),
                    ratio: None,
                    is_partial: week.past < week.school_days || (week.logged > 0 && week.logged < week.past),
                    is_gap: week.past > 0 && week.logged == 0,
                    is_final: false,
                },
                expected,
                sum: sum.filter(|_| !is_rare),
                is_signal: !is_rare && sum.is_some_and(|sum| sum > limit),
            }
        })
        .collect();
    let days_between = if is_rare { Some(days_between(engine, school, year, topic).await?) } else { None };
    Ok(Weeks { weeks, looks_for, limit, days_between })
}

/// Whether two weeks are the same in the order of their half-term.
fn same_place(now: &[WeekRow], week: &WeekRow, then: &[WeekRow], other: &WeekRow) -> bool {
    let place = |all: &[WeekRow], one: &WeekRow| {
        all.iter().filter(|week| week.period == one.period).position(|week| week.monday == one.monday)
    };
    place(now, week) == place(then, other)
}

/// For each school day with the theme, the school days since the one before.
async fn days_between(engine: &Engine, school: &str, year: &str, topic: &str) -> Result<Vec<(Date, u32)>, QueryError> {
    let parameters =
        [("school", ScalarValue::from(school)), ("year", ScalarValue::from(year)), ("topic", ScalarValue::from(topic))];
    let found = engine.rows(include_str!("../findings/days_with_topic.sql"), &parameters).await?;
    let days: Vec<(Date, u64)> =
        rows(&found).map(|row| Ok((row.required_day("date")?, row.count("day_no")?))).collect::<Result<_, QueryError>>()?;
    Ok(days.windows(2).map(|pair| (pair[1].0, pair[1].1.saturating_sub(pair[0].1) as u32)).collect())
}

#[cfg(test)]
#[path = "trend_tests.rs"]
mod tests;
