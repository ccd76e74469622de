//! The four states of a figure, how one is told from counts, and the words every page and pack uses.

use jiff::civil::Date;
use serde::Serialize;

use crate::statistics::{Interval, RateRatio, poisson_quantile, rate_ratio};

/// Whether a figure differs from what is usual at this school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum State {
    /// No clear difference.
    Usual,
    /// Clearly higher than in the period it is compared with.
    Higher,
    /// Clearly lower.
    Lower,
    /// Not known, and why.
    CantSay(Reason),
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "on", rename_all = "snake_case")]
pub enum Reason {
    /// There is no same half-term last year and there are not two earlier half-terms.
    NoHistory,
    /// Logs cover under 90 % of the school days, now or in the period compared with.
    LowCoverage,
    /// Fewer than half the decisions are tied to one person.
    FewIdentified,
    /// What can be seen changed, at the latest on this day: a source, layer or decryption came or went, or a share moved by over 10 points.
    SeenChanged(Date),
    /// Fewer than 5 people, perhaps none.
    TooFew,
    /// No logs in the period.
    NoLogs,
    /// rolls.csv has no pupils for the year.
    NoRoll,
    /// Fewer than 20 pupils on roll: no rate is given.
    SmallSchool,
    /// The source does not log what the figure needs.
    NotLogged,
    /// policy.csv says nothing of what was asked for.
    NoPolicy,
    /// Nothing of the kind happened, so there is no share of it.
    NothingToCount,
    /// The period has not begun or has no past school day.
    NotYet,
    /// The half-term is not over, and the figure grows with it.
    PartPeriod,
    /// The figure is not compared with an earlier one.
    NotCompared,
}

impl State {
    /// The word a page prints.
    pub const fn words(&self) -> &'static str {
        match self {
            State::Usual => "usual",
            State::Higher => "higher than usual",
            State::Lower => "lower than usual",
            State::CantSay(_) => "can't say yet",
        }
    }
}

impl Reason {
    /// The sentence a page prints beside *can't say yet*.
    pub fn words(&self) -> String {
        match self {
            Reason::NoHistory => "there is no earlier period to compare with".into(),
            Reason::LowCoverage => "logs cover under 90% of the school days compared".into(),
            Reason::FewIdentified => "fewer than half of the requests are tied to one person".into(),
            Reason::SeenChanged(day) => format!("what we can see changed on {}", day.strftime("%-d %B %Y")),
            Reason::TooFew => "fewer than 5, perhaps none".into(),
            Reason::NoLogs => "no logs".into(),
            Reason::NoRoll => "the number of pupils on roll is missing".into(),
            Reason::SmallSchool => "the group is under 20 pupils, so no rate is given".into(),
            Reason::NotLogged => "the filter does not log allowed requests".into(),
            Reason::NoPolicy => "the policy on file says nothing of what was asked for".into(),
            Reason::NothingToCount => "there was nothing of the kind to count".into(),
            Reason::NotYet => "the period has no past school day yet".into(),
            Reason::PartPeriod => "the half-term is not over yet".into(),
            Reason::NotCompared => "this figure is not compared with an earlier one".into(),
        }
    }
}

/// A number as a reader may see it. Marks: `[c]` hidden, `[x]` not available.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "shown", content = "value", rename_all = "snake_case")]
pub enum Shown {
    /// The number.
    Value(f64),
    /// `[c]`: 0 to 4 people, or hidden to protect such a number.
    Hidden,
    /// `[x]`: not available (no logs, no roll, not logged). Never a zero.
    NotAvailable,
}

impl Shown {
    /// The number, where it may be seen.
    pub const fn value(self) -> Option<f64> {
        match self {
            Shown::Value(value) => Some(value),
            Shown::Hidden | Shown::NotAvailable => None,
        }
    }

    /// The mark that stands for it in a table, or none where there is a number.
    pub const fn mark(self) -> Option<&'static str> {
        match self {
            Shown::Value(_) => None,
            Shown::Hidden => Some("[c]"),
            Shown::NotAvailable => Some("[x]"),
        }
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Pupils in every 100, in a school week.
    PupilsPer100Week,
    /// Pupils in every 100, over the whole half-term.
    PupilsPer100,
    /// A share, 0 to 100.
    Percent,
    /// Per pupil and school day.
    PerPupilDay,
    /// In every 10 000 requests.
    Per10000,
    /// A plain count.
    Count,
    /// A time in minutes.
    Minutes,
    /// A time in hours.
    Hours,
    /// A time in days.
    Days,
    /// How many times as many.
    Ratio,
}

impl Unit {
    /// The unit of an indicator's header.
    pub fn parse(text: &str) -> Option<Unit> {
        Some(match text {
            "pupils in every 100 in a school week" => Unit::PupilsPer100Week,
            "percent" => Unit::Percent,
            "per pupil a day" => Unit::PerPupilDay,
            "in every 10 000 requests" => Unit::Per10000,
            "count" => Unit::Count,
            "pupils in every 100" => Unit::PupilsPer100,
            "minutes" => Unit::Minutes,
            "hours" => Unit::Hours,
            "days" => Unit::Days,
            "ratio" => Unit::Ratio,
            _ => return None,
        })
    }

    /// The words after the number.
    pub const fn words(self) -> &'static str {
        match self {
            Unit::PupilsPer100Week => "in every 100 pupils, in a school week",
            Unit::Percent => "%",
            Unit::PerPupilDay => "requests a pupil, on a school day",
            Unit::Per10000 => "in every 10,000 requests",
            Unit::PupilsPer100 => "in every 100 pupils",
            Unit::Count => "",
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
            Unit::Days => "days",
            Unit::Ratio => "times as many",
        }
    }

    /// Decimals a page prints.
    pub const fn decimals(self) -> usize {
        match self {
            Unit::Count | Unit::Minutes | Unit::Days => 0,
            Unit::PupilsPer100Week
            | Unit::PupilsPer100
            | Unit::Percent
            | Unit::PerPupilDay
            | Unit::Per10000
            | Unit::Hours
            | Unit::Ratio => 1,
        }
    }

    /// From a count over its exposure to the unit; 1 where there is nothing to divide by.
    pub(crate) const fn scale(self) -> f64 {
        match self {
            Unit::PupilsPer100Week | Unit::PupilsPer100 | Unit::Percent => 100.0,
            Unit::Per10000 => 10_000.0,
            Unit::PerPupilDay | Unit::Count | Unit::Minutes | Unit::Hours | Unit::Days | Unit::Ratio => 1.0,
        }
    }
}

/// A count over its exposure, in one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// Pupil-weeks, requests, ...
    pub count: f64,
    /// What it is counted over, in the same measure on both sides of a comparison.
    pub exposure: f64,
    /// How much of the count is one person's: the most active one's. 0 where people are not counted.
    pub most_active: f64,
    /// Logged share of the past school days since the first source began, 0 to 1.
    pub coverage: f64,
}

/// What a state is told from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The period spoken of; none without logs.
    pub now: Option<Counted>,
    /// The period or pooled periods compared with.
    pub then: Option<Counted>,
    /// Share of decisions tied to one person now, 0 to 1; none where the figure is not about people.
    pub identified: Option<f64>,
    /// The latest day on which what can be seen changed between the two, if it did.
    pub seen_changed: Option<Date>,
    /// How many times more the weeks vary than chance alone would have them; 1 for counts of people, none where it can't be told.
    pub dispersion: Option<f64>,
}

/// Logs on fewer school days than this say too little.
pub const LEAST_COVERAGE: f64 = 0.9;
/// Fewer identified decisions than this say too little about people.
pub const LEAST_IDENTIFIED: f64 = 0.5;
/// Only a ratio that is this sure to differ from 1 is called higher or lower: at 95 %, 21 themes would cry wolf six times a year.
pub const CONFIDENCE: f64 = 0.99;

/// The state of a figure, and the ratio behind it where there is one.
pub fn state_of_figure(evidence: &Evidence) -> (State, Option<RateRatio>) {
    let cant_say = |reason| (State::CantSay(reason), None);
    let Some(now) = evidence.now else { return cant_say(Reason::NoLogs) };
    let Some(then) = evidence.then else {
        let reason = if now.coverage < LEAST_COVERAGE { Reason::LowCoverage } else { Reason::NoHistory };
        return cant_say(reason);
    };
    let ratio = evidence.dispersion.and_then(|dispersion| ratio_of(now, then, dispersion));
    let cant_say = |reason| (State::CantSay(reason), ratio);
    if now.coverage < LEAST_COVERAGE || then.coverage < LEAST_COVERAGE {
        return cant_say(Reason::LowCoverage);
    }
    if evidence.identified.is_some_and(|share| share < LEAST_IDENTIFIED) {
        return cant_say(Reason::FewIdentified);
    }
    if let Some(day) = evidence.seen_changed {
        return cant_say(Reason::SeenChanged(day));
    }
    if now.count == 0.0 && then.count == 0.0 {
        return (State::Usual, None);
    }
    let (Some(found), Some(dispersion)) = (ratio, evidence.dispersion) else { return cant_say(Reason::NotYet) };
    let without_one = |counted: Counted| Counted { count: (counted.count - counted.most_active).max(0.0), ..counted };
    let is_higher = |ratio: RateRatio| ratio.interval.lower > 1.0;
    let is_lower = |ratio: RateRatio| ratio.interval.upper < 1.0;
    // One child's many visits must not make a school's figure: the difference has to stand without the most active one.
    let state = if is_higher(found) && ratio_of(without_one(now), then, dispersion).is_some_and(is_higher) {
        State::Higher
    } else if is_lower(found) && ratio_of(now, without_one(then), dispersion).is_some_and(is_lower) {
        State::Lower
    } else {
        State::Usual
    };
    (state, ratio)
}

/// The exact ratio of counts that vary `dispersion` times more than chance: as many fewer events carry the same doubt.
fn ratio_of(now: Counted, then: Counted, dispersion: f64) -> Option<RateRatio> {
    let dispersion = dispersion.max(1.0);
    let events = |count: f64| (count / dispersion).round() as u64;
    let mut found =
        rate_ratio(events(now.count), now.exposure / dispersion, events(then.count), then.exposure / dispersion, CONFIDENCE)?;
    // The ratio itself is that of the counts, not of the rounded events.
    found.ratio = (now.count / now.exposure) / (then.count / then.exposure);
    Some(found)
}

/// Counts over exposure that would be called usual now, given what it was then: the band of a chart.
pub fn usual_band(now_exposure: f64, then: Counted, dispersion: f64) -> Option<Interval> {
    let dispersion = dispersion.max(1.0);
    let mean = then.count / then.exposure * now_exposure / dispersion;
    if !(mean.is_finite() && now_exposure > 0.0) {
        return None;
    }
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let at = |p: f64| {
        // For large means the walk over single counts gives way to the normal curve, which is as good there.
        let count =
            if mean < 5_000.0 { poisson_quantile(p, mean) as f64 } else { mean + (2.575_829 * mean.sqrt()).copysign(p - 0.5) };
        count * dispersion / now_exposure
    };
    Some(Interval { lower: at(tail), upper: at(1.0 - tail) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(count: f64, exposure: f64) -> Counted {
        Counted { count, exposure, most_active: 0.0, coverage: 1.0 }
    }

    fn evidence(now: Counted, then: Counted) -> Evidence {
        Evidence { now: Some(now), then: Some(then), identified: Some(0.9), seen_changed: None, dispersion: Some(1.0) }
    }

    #[test]
    fn only_a_clear_difference_has_a_name() {
        let last_year = counted(22.0, 13365.0);
        // 37 against 22: 95 % says 1.01 to 3.13, 99 % reaches below 1. 60 against 22 is clear.
        assert_eq!(state_of_figure(&evidence(counted(37.0, 12772.0), last_year)).0, State::Usual);
        assert_eq!(state_of_figure(&evidence(counted(60.0, 12772.0), last_year)).0, State::Higher);
        assert_eq!(state_of_figure(&evidence(last_year, counted(60.0, 12772.0))).0, State::Lower);
        assert_eq!(state_of_figure(&evidence(counted(0.0, 12772.0), counted(0.0, 13365.0))).0, State::Usual);
        // 60, but 30 of them one pupil's: 30 against 22 is not clear.
        let one_child = Counted { most_active: 30.0, ..counted(60.0, 12772.0) };
        assert_eq!(state_of_figure(&evidence(one_child, last_year)).0, State::Usual);
    }

    #[test]
    fn too_little_to_say() {
        let (now, then) = (counted(60.0, 12772.0), counted(22.0, 13365.0));
        let all = evidence(now, then);
        let day = jiff::civil::date(2026, 2, 4);
        for (evidence, reason) in [
            (Evidence { now: None, ..all }, Reason::NoLogs),
            (Evidence { then: None, ..all }, Reason::NoHistory),
            (Evidence { now: Some(Counted { coverage: 0.89, ..now }), ..all }, Reason::LowCoverage),
            (Evidence { then: Some(Counted { coverage: 0.5, ..then }), ..all }, Reason::LowCoverage),
            (Evidence { identified: Some(0.49), ..all }, Reason::FewIdentified),
            (Evidence { seen_changed: Some(day), ..all }, Reason::SeenChanged(day)),
            (Evidence { dispersion: None, ..all }, Reason::NotYet),
        ] {
            assert_eq!(state_of_figure(&evidence).0, State::CantSay(reason.clone()), "{reason:?}");
        }
        assert_eq!(Reason::SeenChanged(day).words(), "what we can see changed on 4 February 2026");
    }

    #[test]
    fn weeks_that_vary_more_than_chance_widen_the_doubt() {
        // 600 against 400 requests on equal exposure is clear for independent events, not where weeks vary 30 times as much (20 : 13).
        let (now, then) = (counted(600.0, 10_000.0), counted(400.0, 10_000.0));
        assert_eq!(state_of_figure(&evidence(now, then)).0, State::Higher);
        let spread = Evidence { dispersion: Some(30.0), ..evidence(now, then) };
        let (state, ratio) = state_of_figure(&spread);
        assert_eq!(state, State::Usual);
        assert!((ratio.unwrap().ratio - 1.5).abs() < 1e-12);
    }

    #[test]
    fn the_usual_band_holds_last_years_rate() {
        // 30 expected: 99 % of Poisson counts lie in 17 to 45 (its 0.005 and 0.995 quantiles).
        let band = usual_band(100.0, counted(60.0, 200.0), 1.0).unwrap();
        assert!(band.lower < 0.3 && 0.3 < band.upper, "{band:?}");
        assert_eq!((band.lower, band.upper), (0.17, 0.45));
        assert_eq!(usual_band(0.0, counted(60.0, 200.0), 1.0), None);
    }
}
