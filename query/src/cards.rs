//! Figure cards out of indicator rows: what is compared with what, what must not be shown, and the state that follows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use weir_lake::estate::AcademicYear;

use crate::indicator::{FigureRow, Hides, Indicator};
use crate::page::{Comparison, Figure, Period, Point, Provenance, Ratio};
use crate::published::{Key as CellKey, PublishedCell};
use crate::state::{Counted, Evidence, LEAST_COVERAGE, Reason, Shown, State, Unit, state_of_figure, usual_band};
use crate::statistics::{poisson_interval, rate_ratio, wilson};
use crate::suppression::{Audience, LEAST_PUPILS, THRESHOLD};
use crate::words;

/// A share of what is seen that moved by more points than this makes periods incomparable.
const MOVED_POINTS: f64 = 10.0;
/// Hours fall silent by the school day, days by the week: that many of them are one happening.
const SILENT_HOURS_AT_ONCE: f64 = 8.0;
const SILENT_DAYS_AT_ONCE: f64 = 5.0;

/// What could be seen of a half-term.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub start: Date,
    /// Source -> its first day in the half-term.
    pub sources: BTreeMap<String, Date>,
    pub layers: BTreeSet<String>,
    pub requests: f64,
    pub identified: f64,
    pub https: f64,
    pub path_visible: f64,
    /// Whether a source that fed decisions logs allowed requests.
    pub logs_allowed: bool,
}

impl Seen {
    pub(crate) fn identified_share(&self) -> Option<f64> {
        (self.requests > 0.0).then(|| self.identified / self.requests)
    }

    fn visible_share(&self) -> Option<f64> {
        (self.https > 0.0).then(|| self.path_visible / self.https)
    }

    /// The latest day on which what can be seen changed from `then` to this; none if it did not.
    fn changed_since(&self, then: &Seen, minding_identified: bool) -> Option<Date> {
        let moved = |now: Option<f64>, before: Option<f64>| match (now, before) {
            (Some(now), Some(before)) => (now - before).abs() * 100.0 > MOVED_POINTS,
            _ => false,
        };
        let came = self.sources.iter().filter(|(source, _)| !then.sources.contains_key(*source)).map(|(_, first)| *first).max();
        let went = then.sources.keys().any(|source| !self.sources.contains_key(source));
        let shares = moved(self.visible_share(), then.visible_share())
            || (minding_identified && moved(self.identified_share(), then.identified_share()));
        came.or_else(|| (went || shares || self.layers != then.layers).then_some(self.start))
    }
}

/// A half-term by academic year and number.
pub(crate) type Key = (String, u32);

/// Everything the cards of a school year are made from.
#[derive(Clone, Copy)]
pub(crate) struct Deck<'a> {
    pub periods: &'a [Period],
    /// Index of the half-term spoken of.
    pub current: usize,
    pub year: &'a str,
    pub last_year: &'a str,
    pub seen: &'a BTreeMap<Key, Seen>,
    pub pupils: Option<u32>,
    /// Who reads them.
    pub audience: Audience,
    /// What governors may see of periods that are over.
    pub published: &'a BTreeMap<CellKey, PublishedCell>,
}

/// Whether a figure counts people, and so is hidden when they are few.
pub(crate) fn counts_people(indicator: &Indicator) -> bool {
    indicator.hides == Hides::People
}

/// Whether a figure is a count of people over the pupils on roll.
const fn is_of_pupils(unit: Unit) -> bool {
    matches!(unit, Unit::PupilsPer100Week | Unit::PupilsPer100)
}

/// Whether a figure is set beside an earlier one. Some stand for themselves: they are told of one moment, or by their middle, have
/// nothing to be compared over, or are a comparison already. What people recorded grows with their habit of recording.
fn is_compared(indicator: &Indicator) -> bool {
    !indicator.is_recorded && !matches!(indicator.unit, Unit::Minutes | Unit::Hours | Unit::Days | Unit::Ratio)
}

/// The figure that is a change of another one's rate.
const THEME_CHANGE: &str = "theme_change";

/// Whether a figure counts requests that are rare: one to four of them are one to four people.
pub(crate) fn counts_rare_requests(indicator: &Indicator) -> bool {
    indicator.hides == Hides::FewRequests
}

impl Deck<'_> {
    /// Cards of one indicator from its rows of this year and last, one a dimension.
    pub(crate) fn cards(&self, indicator: &Indicator, rows: &[FigureRow], before: &[FigureRow]) -> Vec<Figure> {
        let (rows, before) = (&self.as_published(indicator, rows), &self.as_published(indicator, before));
        let kinds: BTreeSet<(Option<&str>, Option<&str>)> =
            rows.iter().map(|row| (row.dimension.as_deref(), row.part.as_deref())).collect();
        kinds
            .into_iter()
            .filter_map(|kind| {
                let of = |rows: &[FigureRow]| -> Vec<FigureRow> {
                    rows.iter().filter(|row| (row.dimension.as_deref(), row.part.as_deref()) == kind).cloned().collect()
                };
                self.card(indicator, kind, &of(rows), &of(before))
            })
            .collect()
    }

    fn card(
        &self,
        indicator: &Indicator,
        (dimension, part): (Option<&str>, Option<&str>),
        rows: &[FigureRow],
        before: &[FigureRow],
    ) -> Option<Figure> {
        let period = self.periods.get(self.current)?;
        let now = rows.iter().find(|row| row.period_no == period.number);
        let (then, with) = if self.compares(indicator) { self.compared_with(indicator, rows, before) } else { (None, None) };
        let value = now.map_or(Shown::NotAvailable, |row| self.shown(indicator, row));
        let then_value = match (&then, value) {
            (None, _) => Shown::NotAvailable,
            (Some(then), _) if then.hidden => Shown::Hidden,
            // A count is compared over its days and printed as it was; only earlier half-terms together need the same days.
            (Some(then), _) if indicator.unit == Unit::Count && then.is_last_year => Shown::Value(then.counted.count),
            (Some(then), _) if indicator.unit == Unit::Count => {
                let days = now.and_then(|row| row.denominator).unwrap_or(0.0);
                Shown::Value(then.counted.count / then.counted.exposure * days)
            }
            (Some(then), _) => Shown::Value(then.counted.count / then.counted.exposure * indicator.unit.scale()),
        };
        let counted_now = now.and_then(|row| counted(row, comparable(row, then.as_ref())));
        let dispersion = self.dispersion(indicator, now, then.as_ref());
        let evidence = Evidence {
            now: counted_now,
            then: then.as_ref().map(|then| then.counted),
            identified: if counts_people(indicator) { self.seen_now().and_then(Seen::identified_share) } else { None },
            seen_changed: then.as_ref().and_then(|then| then.seen_changed),
            dispersion,
        };
        let (mut state, ratio) = state_of_figure(&evidence);
        if let Some(reason) = self.reason_not_shown(indicator, value) {
            state = State::CantSay(reason);
        } else if !self.compares(indicator) {
            state = State::CantSay(Reason::NotCompared);
        } else if indicator.unit == Unit::PupilsPer100 && period.is_partial {
            state = State::CantSay(Reason::PartPeriod);
        }
        let both_shown = value.value().is_some() && then_value.value().is_some();
        let finite = |number: f64| number.is_finite().then_some(number);
        // A ratio of what already counted last year must not tell of fewer than 5 pupil-weeks that are new.
        let tells_of_few = self.audience != Audience::Dsl
            && counts_people(indicator)
            && now.is_some_and(|row| {
                let new = row.numerator.unwrap_or(0.0) - row.comparable.or(row.numerator).unwrap_or(0.0);
                [new, row.comparable.unwrap_or(0.0)].iter().any(|count| *count > 0.0 && *count < THRESHOLD as f64)
            });
        let ratio = ratio.filter(|_| both_shown && !tells_of_few).and_then(|found| {
            Some(Ratio { ratio: finite(found.ratio)?, lower: found.interval.lower, upper: finite(found.interval.upper) })
        });
        let most = if indicator.unit == Unit::Percent { 100.0 } else { f64::INFINITY };
        let usual = match (&then, counted_now, dispersion) {
            // Completeness has no usual band: all of it is wanted.
            _ if matches!(indicator.id.as_str(), "coverage_days" | "silent_hours") => None,
            // A count's range would be one of its days, and that of a whole half-term is not this part of it.
            _ if indicator.unit == Unit::Count || (indicator.unit == Unit::PupilsPer100 && period.is_partial) => None,
            (Some(then), Some(now), Some(dispersion)) if both_shown => {
                let scale = indicator.unit.scale();
                usual_band(now.exposure, then.counted, dispersion)
                    .map(|band| (band.lower * scale, (band.upper * scale).min(most)))
            }
            _ => None,
        };
        let mut id = dimension.map_or_else(|| indicator.id.clone(), |dimension| format!("{}:{dimension}", indicator.id));
        let mut title = match dimension {
            Some(theme) if indicator.id == "theme_rate" => words::title_of(theme),
            Some(theme) if indicator.id == THEME_CHANGE => format!("{}: change on last year", words::title_of(theme)),
            Some(what) => format!("{}: {}", indicator.title, words::kind_of(what)),
            None => indicator.title.clone(),
        };
        if let Some(part) = part {
            id = format!("{id}:{}", part.replace(' ', "_"));
            title = format!("{title}, {part}");
        }
        Some(Figure {
            id,
            indicator: indicator.id.clone(),
            group: indicator.group,
            dimension: dimension.map(Into::into),
            title,
            question: indicator.question.clone(),
            standard: indicator.standard.clone(),
            unit: indicator.unit,
            value,
            interval: now.and_then(|row| self.interval(indicator, row, value)),
            state,
            comparison: Comparison { with, value: then_value, ratio },
            series: self.periods.iter().map(|period| self.point(indicator, period, rows)).collect(),
            usual,
            school_days: now.map_or(0, |row| row.counted_days),
            days_with_logs: now.map_or(0, |row| row.logged_days),
            means: indicator.means.clone(),
            ask: indicator.ask.clone(),
            caveat: indicator.caveat.clone(),
            provenance: Provenance {
                kind: if indicator.is_recorded { "self-reported" } else { "measured" },
                numerator: indicator.numerator.clone(),
                denominator: indicator.denominator.clone(),
                exclusions: indicator.exclusions.clone(),
                version: indicator.version,
                sql: indicator.sql,
            },
            audience: indicator.audience.clone(),
        })
    }

    fn cell(&self, indicator: &Indicator, row: &FigureRow) -> Option<&PublishedCell> {
        self.cell_of(&indicator.id, &row.academic_year, row)
    }

    fn cell_of(&self, indicator: &str, year: &str, row: &FigureRow) -> Option<&PublishedCell> {
        self.published.get(&CellKey {
            // The safeguarding lead reads the numbers that governors read, and those behind their marks.
            audience: if self.audience == Audience::Public { Audience::Public } else { Audience::Governor }.name().into(),
            grain: "school".into(),
            school_id: row.school_id.clone(),
            group: None,
            year: year.into(),
            period: row.period_no,
            indicator: indicator.into(),
            dimension: row.dimension.clone(),
        })
    }

    /// Whether governors saw both rates that a change is of; none where one of them is not published yet.
    fn both_rates_were_shown(&self, row: &FigureRow) -> Option<bool> {
        let before = AcademicYear::parse(&row.academic_year)?.previous().to_string();
        let shown = |year: &str| Some(self.cell_of("theme_rate", year, row)?.value.is_some());
        match (shown(&row.academic_year), shown(&before)) {
            (Some(now), Some(then)) => Some(now && then),
            // One hidden rate is enough.
            (Some(false), None) | (None, Some(false)) => Some(false),
            _ => None,
        }
    }

    /// Rows with the numbers that were published in place of those that late logs have made of them since.
    fn as_published(&self, indicator: &Indicator, rows: &[FigureRow]) -> Vec<FigureRow> {
        let mut rows = rows.to_vec();
        for row in &mut rows {
            let Some(cell) = self.cell(indicator, row) else { continue };
            if let (Some(value), Some(numerator)) = (cell.value, cell.numerator) {
                if row.numerator != Some(numerator) {
                    row.comparable = Some(numerator);
                }
                (row.value, row.numerator, row.denominator) = (Some(value), Some(numerator), cell.denominator);
            }
        }
        rows
    }

    fn seen_now(&self) -> Option<&Seen> {
        let number = self.periods.get(self.current)?.number;
        self.seen.get(&(self.year.to_string(), number))
    }

    /// Whether a figure is set against an earlier one: not for the public, who see published numbers of the whole school alone.
    fn compares(&self, indicator: &Indicator) -> bool {
        self.audience != Audience::Public && is_compared(indicator)
    }

    /// The number as its reader may see it.
    fn shown(&self, indicator: &Indicator, row: &FigureRow) -> Shown {
        match self.audience {
            Audience::Dsl => return row.value.map_or(Shown::NotAvailable, Shown::Value),
            Audience::Public => return self.cell(indicator, row).map_or(Shown::NotAvailable, PublishedCell::shown),
            Audience::Governor => {}
        }
        if let Some(cell) = self.cell(indicator, row) {
            return cell.shown();
        }
        let Some(value) = row.value else { return Shown::NotAvailable };
        match indicator.hides {
            Hides::Nothing => {}
            Hides::People => {
                if row.pupils.is_none_or(|pupils| pupils < LEAST_PUPILS) {
                    return Shown::NotAvailable;
                }
                // The rest of a share adds up with it to what is counted over: it tells of people just as well.
                let rest = row.denominator.unwrap_or(0.0) - row.numerator.unwrap_or(0.0);
                let few_are_left = indicator.unit == Unit::Percent && rest < THRESHOLD as f64;
                let published = if indicator.id == THEME_CHANGE { self.both_rates_were_shown(row) } else { None };
                if published.map_or(row.people.unwrap_or(0) < THRESHOLD, |shown| !shown) || few_are_left {
                    return Shown::Hidden;
                }
            }
            Hides::FewRequests => {
                if row.numerator.is_some_and(|count| count > 0.0 && count < THRESHOLD as f64) {
                    return Shown::Hidden;
                }
            }
        }
        Shown::Value(value)
    }

    fn reason_not_shown(&self, indicator: &Indicator, value: Shown) -> Option<Reason> {
        match value {
            Shown::Value(_) => None,
            Shown::Hidden => Some(Reason::TooFew),
            Shown::NotAvailable => Some(if self.periods.get(self.current).is_none_or(|period| period.days_with_logs == 0) {
                Reason::NoLogs
            } else if (is_of_pupils(indicator.unit) || indicator.unit == Unit::PerPupilDay) && self.pupils.is_none() {
                Reason::NoRoll
            } else if self.audience != Audience::Dsl
                && counts_people(indicator)
                && self.pupils.is_some_and(|pupils| pupils < LEAST_PUPILS)
            {
                Reason::SmallSchool
            } else if self.seen_now().is_some_and(|seen| !seen.logs_allowed) {
                Reason::NotLogged
            } else if matches!(indicator.id.as_str(), "filter_failures" | "overblock_share") {
                Reason::NoPolicy
            } else if indicator.id == THEME_CHANGE {
                Reason::NoHistory
            } else {
                Reason::NothingToCount
            }),
        }
    }

    fn interval(&self, indicator: &Indicator, row: &FigureRow, value: Shown) -> Option<(f64, f64)> {
        value.value()?;
        if indicator.id == THEME_CHANGE {
            // What last year's rate leads one to expect, and the pupil-weeks that rate was made of.
            let (now, expected, then) = (row.numerator?, row.denominator?, row.comparable?);
            let interval = rate_ratio(now.round() as u64, expected, then.round() as u64, then, 0.95)?.interval;
            return interval.upper.is_finite().then_some((interval.lower, interval.upper));
        }
        if indicator.id == "false_positive_share" {
            let interval = wilson(row.numerator?.round() as u64, row.denominator?.round() as u64, 0.95)?;
            return Some((interval.lower * 100.0, interval.upper * 100.0));
        }
        if !is_of_pupils(indicator.unit) {
            return None;
        }
        let (count, exposure) = (row.numerator?, row.denominator.filter(|exposure| *exposure > 0.0)?);
        let interval = poisson_interval(count.round() as u64, 0.95);
        let per = indicator.unit.scale() / exposure;
        Some((interval.lower * per, interval.upper * per))
    }

    fn point(&self, indicator: &Indicator, period: &Period, rows: &[FigureRow]) -> Point {
        let row = rows.iter().find(|row| row.period_no == period.number);
        let value = row.map_or(Shown::NotAvailable, |row| self.shown(indicator, row));
        let part = |number: Option<f64>| match value {
            Shown::Hidden => Shown::Hidden,
            Shown::NotAvailable => Shown::NotAvailable,
            Shown::Value(_) => number.map_or(Shown::NotAvailable, Shown::Value),
        };
        Point {
            label: period.label.clone(),
            value,
            to_come: period.past_days == 0,
            is_partial: period.is_partial && period.past_days > 0,
            numerator: part(row.and_then(|row| row.numerator)),
            denominator: part(row.and_then(|row| row.denominator)),
            is_final: row.is_some_and(|row| self.cell(indicator, row).is_some()),
            change: row.and_then(|row| self.cell(indicator, row)?.change).filter(|change| *change != 0.0),
        }
    }

    fn dispersion(&self, indicator: &Indicator, now: Option<&FigureRow>, then: Option<&Then>) -> Option<f64> {
        match indicator.id.as_str() {
            "silent_hours" => Some(SILENT_HOURS_AT_ONCE),
            "coverage_days" => Some(SILENT_DAYS_AT_ONCE),
            _ if is_of_pupils(indicator.unit) => Some(1.0),
            _ => {
                let both = [now.and_then(|row| row.dispersion), then.and_then(|then| then.dispersion)];
                both.into_iter().flatten().reduce(f64::max)
            }
        }
    }

    /// The same half-term last year; without logs of it, at least two earlier half-terms that saw alike, pooled.
    fn compared_with(&self, indicator: &Indicator, rows: &[FigureRow], before: &[FigureRow]) -> (Option<Then>, Option<String>) {
        let Some(period) = self.periods.get(self.current) else { return (None, None) };
        let minding_identified = indicator.id != "identified_share";
        let changed = |row: &FigureRow, year: &str| {
            let then = self.seen.get(&(year.to_string(), row.period_no));
            match (self.seen_now(), then) {
                (Some(now), Some(then)) => now.changed_since(then, minding_identified),
                _ => None,
            }
        };
        let hidden = |row: &FigureRow| self.shown(indicator, row).value().is_none();
        let same = before
            .iter()
            .find(|row| row.label == period.label)
            .or_else(|| before.iter().find(|row| row.period_no == period.number))
            .and_then(|row| Some((row, counted(row, row.numerator)?)));
        if let Some((row, counted)) = same {
            let then = Then {
                counted,
                hidden: hidden(row),
                seen_changed: changed(row, self.last_year),
                dispersion: row.dispersion,
                is_last_year: true,
            };
            return (Some(then), Some("same half-term last year".into()));
        }
        let earlier: Vec<(&FigureRow, Counted)> = before
            .iter()
            .map(|row| (row, self.last_year))
            .chain(rows.iter().filter(|row| row.period_no < period.number).map(|row| (row, self.year)))
            .filter(|(row, year)| changed(row, year).is_none())
            .filter_map(|(row, _)| Some((row, counted(row, row.numerator)?)))
            .filter(|(_, counted)| counted.coverage >= LEAST_COVERAGE)
            .collect();
        if earlier.len() < 2 {
            return (None, None);
        }
        let pooled =
            earlier.iter().fold(Counted { count: 0.0, exposure: 0.0, most_active: 0.0, coverage: 1.0 }, |sum, (_, one)| {
                Counted {
                    count: sum.count + one.count,
                    exposure: sum.exposure + one.exposure,
                    // Perhaps one child in all of them: the cautious reading.
                    most_active: sum.most_active + one.most_active,
                    coverage: sum.coverage.min(one.coverage),
                }
            });
        let then = Then {
            counted: pooled,
            hidden: earlier.iter().any(|(row, _)| hidden(row)),
            seen_changed: None,
            dispersion: earlier.iter().filter_map(|(row, _)| row.dispersion).reduce(f64::max),
            is_last_year: false,
        };
        (Some(then), Some(format!("{} earlier half-terms together", earlier.len())))
    }
}

struct Then {
    counted: Counted,
    hidden: bool,
    seen_changed: Option<Date>,
    dispersion: Option<f64>,
    is_last_year: bool,
}

/// What counts now in a comparison: with last year, only what already counted then.
fn comparable(row: &FigureRow, then: Option<&Then>) -> Option<f64> {
    if then.is_some_and(|then| then.is_last_year) { row.comparable.or(row.numerator) } else { row.numerator }
}

fn counted(row: &FigureRow, count: Option<f64>) -> Option<Counted> {
    let exposure = row.denominator.filter(|exposure| *exposure > 0.0)?;
    let most_active = match row.most_active {
        Some(most) => most,
        // Keys are gone: at worst one person was there every week.
        None if row.people.is_some() => (f64::from(row.logged_days) / 5.0).ceil().min(count?),
        None => 0.0,
    };
    Some(Counted { count: count?, exposure, most_active, coverage: row.coverage.unwrap_or(0.0) })
}
