//! The four states of a figure, and why a state can't be said: the words every page and pack uses.

use jiff::civil::Date;
use serde::Serialize;

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
    /// The period has not begun or has no past school day.
    NotYet,
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
            Reason::NotYet => "the period has no past school day yet".into(),
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
    /// A share, 0 to 100.
    Percent,
    /// Per pupil and school day.
    PerPupilDay,
    /// A plain count.
    Count,
}

impl Unit {
    /// The unit of an indicator's header.
    pub fn parse(text: &str) -> Option<Unit> {
        Some(match text {
            "pupils in every 100 in a school week" => Unit::PupilsPer100Week,
            "percent" => Unit::Percent,
            "per pupil a day" => Unit::PerPupilDay,
            "count" => Unit::Count,
            _ => return None,
        })
    }

    /// The words after the number.
    pub const fn words(self) -> &'static str {
        match self {
            Unit::PupilsPer100Week => "in every 100 pupils, in a school week",
            Unit::Percent => "%",
            Unit::PerPupilDay => "requests a pupil, on a school day",
            Unit::Count => "",
        }
    }

    /// Decimals a page prints.
    pub const fn decimals(self) -> usize {
        match self {
            Unit::Count => 0,
            Unit::PupilsPer100Week | Unit::Percent | Unit::PerPupilDay => 1,
        }
    }
}
