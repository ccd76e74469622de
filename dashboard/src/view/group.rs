//! Schools of a group side by side, as a page shows them: from published numbers only.

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::{AsOf, Coverage, Shown, Unit};

/// A group of schools, for links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLink {
    /// As addresses write it.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is: `trust`, `authority`, `governing body` or `all schools`.
    pub kind: &'static str,
    /// How many schools.
    pub schools: usize,
    /// Which; none of an invented group.
    pub members: Vec<SchoolId>,
}

/// A school of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// Logs so far this year.
    pub coverage: Coverage,
    /// How many of 100 requests are tied to one person, if known.
    pub identified: Option<u32>,
    /// Whether it can be set beside others.
    pub can_compare: bool,
    /// Whether it has a page of its own here.
    pub has_page: bool,
}

/// Where a school lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Within what chance and ordinary differences explain.
    Inside,
    /// Over the 95 % limit.
    Above,
    /// Over the 99.8 % limit.
    FarAbove,
    /// Under the 95 % limit.
    Below,
    /// Under the 99.8 % limit.
    FarBelow,
    /// Hidden, or not published.
    TooFew,
    /// Logs of too few days or people.
    Coverage,
    /// Fewer than three schools of its phase.
    Alone,
}

impl Place {
    /// Whether it is outside the limits, and so has a name in a funnel.
    pub fn is_outside(self) -> bool {
        matches!(self, Self::Above | Self::FarAbove | Self::Below | Self::FarBelow)
    }

    /// The words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Inside => "inside the limits",
            Self::Above => "more than expected",
            Self::FarAbove => "far more than expected",
            Self::Below => "less than expected",
            Self::FarBelow => "far less than expected",
            Self::TooFew => "not placed: fewer than 5 pupils, or not published",
            Self::Coverage => "not placed: too little is logged",
            Self::Alone => "not placed: too few schools like it",
        }
    }
}

/// A school in a funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Position in [`Group::members`].
    pub member: usize,
    /// What its phase leads one to expect.
    pub expected: f64,
    /// Observed over expected.
    pub ratio: f64,
    /// 95 % limits on it.
    pub limits: (f64, f64),
}

/// One figure over the group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFigure {
    /// Its id in addresses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How its numbers are written.
    pub unit: Unit,
    /// All schools together, where that may be shown.
    pub together: Shown,
    /// Names of the half-terms.
    pub labels: Vec<String>,
    /// Each member's half-terms.
    pub series: Vec<Vec<Shown>>,
    /// Where each member lies.
    pub places: Vec<Place>,
    /// The funnel; empty where fewer than ten schools can be placed.
    pub funnel: Vec<Spot>,
    /// Variance between schools beyond chance.
    pub tau2: f64,
}

/// The page of a group and year.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Which.
    pub link: GroupLink,
    /// The year.
    pub year: AcademicYear,
    /// What the figures speak of: a half-term or the year; none where nothing is published.
    pub period: Option<String>,
    /// Schools, those with the least logs first.
    pub members: Vec<Member>,
    /// Figures by title.
    pub figures: Vec<GroupFigure>,
    /// When.
    pub as_of: Option<AsOf>,
}
