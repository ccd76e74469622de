//! An invented estate that exercises every state of a page: for tests, and to look at pages without a lake.
//!
//! Schools, figures and findings are made up; none describes a real place.

mod evidence;
mod figures;
mod groups;
mod year;

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_lake::verification::Standing;
use weir_query::unclaimed::{Claim, UnclaimedSource};

use crate::figures::{Asked, Figures, FiguresError};
use crate::view::{
    AsOf, Coverage, Finding, Group, GroupLink, Method, Missing, Overview, SchoolLine, SchoolRef, SchoolYear, SourceLine, Tone,
};

/// The year the example stands in.
const THIS: AcademicYear = AcademicYear(2025);

/// An invented source of figures.
#[derive(Debug, Clone)]
pub struct Example {
    schools: Vec<Kind>,
    has_lake: bool,
}

/// What an invented school is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Every state of a card.
    Oakfield,
    /// A large school where all is as usual.
    Millbrook,
    /// Weeks without logs.
    Brannoc,
    /// No term dates.
    Larkhill,
    /// Under 20 pupils.
    Tarn,
    /// No logs this year.
    Ashdown,
}

impl Kind {
    fn id(self) -> &'static str {
        match self {
            Self::Oakfield => "oakfield",
            Self::Millbrook => "millbrook",
            Self::Brannoc => "st-brannocs",
            Self::Larkhill => "larkhill",
            Self::Tarn => "tarn-view",
            Self::Ashdown => "ashdown",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Oakfield => "Oakfield Junior School",
            Self::Millbrook => "Millbrook Academy",
            Self::Brannoc => "St Brannoc\u{2019}s Primary School",
            Self::Larkhill => "Larkhill Infants",
            Self::Tarn => "Tarn View School",
            Self::Ashdown => "Ashdown Free School",
        }
    }

    fn phase(self) -> &'static str {
        match self {
            Self::Oakfield => "junior",
            Self::Millbrook => "secondary",
            Self::Brannoc | Self::Ashdown => "primary",
            Self::Larkhill => "infant",
            Self::Tarn => "special",
        }
    }

    fn pupils(self) -> Option<u32> {
        match self {
            Self::Oakfield => Some(378),
            Self::Millbrook => Some(1204),
            Self::Brannoc => Some(212),
            Self::Larkhill => Some(180),
            Self::Tarn => Some(18),
            Self::Ashdown => None,
        }
    }

    fn years(self) -> Vec<AcademicYear> {
        match self {
            Self::Larkhill | Self::Ashdown => vec![THIS],
            _ => vec![THIS, AcademicYear(2024)],
        }
    }

    fn missing(self) -> Vec<Missing> {
        match self {
            Self::Larkhill => vec![Missing::NoCalendar],
            Self::Ashdown => vec![Missing::NoRows(None), Missing::NoRoll],
            _ => Vec::new(),
        }
    }

    fn findings(self) -> Vec<Finding> {
        let finding = |tone, title: &str, detail: &str, ask: &str, figure: Option<&str>| Finding {
            tone,
            title: title.into(),
            detail: detail.into(),
            ask: ask.into(),
            figure: figure.map(String::from),
        };
        match self {
            Self::Oakfield => vec![
                finding(
                    Tone::Urgent,
                    "Gambling was let through although policy says block",
                    "14 requests to 1 site between 9 and 20 March 2026. The filter calls the site a games site. Other sites of this kind were stopped.",
                    "who changes the filter, and by when?",
                    Some("filter_failures"),
                ),
                finding(
                    Tone::Notice,
                    "Violence and weapons: more pupils than usual",
                    "3.1 in every 100 pupils in a school week, where 1.2 was seen last spring. It may be a game, a lesson or a worry: logs can\u{2019}t tell.",
                    "what did the safeguarding lead find out?",
                    Some("theme_rate:violence_weapons"),
                ),
                finding(
                    Tone::Notice,
                    "No logs on 2 school days",
                    "Nothing came from the filter on 11 and 12 March 2026. About those days nothing can be said.",
                    "was the filter off, or only its log?",
                    None,
                ),
            ],
            Self::Brannoc => vec![finding(
                Tone::Urgent,
                "No logs for 25 school days",
                "Nothing came from the filter between 23 February and 27 March 2026. About those days nothing can be said.",
                "is the filter on, and who looks after its log?",
                None,
            )],
            _ => Vec::new(),
        }
    }
}

impl Example {
    /// Six schools, one for each thing a page must be able to say.
    pub fn estate() -> Self {
        Self {
            schools: vec![Kind::Ashdown, Kind::Larkhill, Kind::Millbrook, Kind::Oakfield, Kind::Brannoc, Kind::Tarn],
            has_lake: true,
        }
    }

    /// An estate without schools.
    pub fn no_schools() -> Self {
        Self { schools: Vec::new(), has_lake: false }
    }

    /// One school, no log read yet.
    pub fn no_lake() -> Self {
        Self { schools: vec![Kind::Oakfield], has_lake: false }
    }

    fn school(kind: Kind) -> Result<SchoolRef, FiguresError> {
        Ok(SchoolRef {
            id: SchoolId::parse(kind.id()).map_err(|error| FiguresError::Failed(error.to_string()))?,
            name: kind.name().into(),
            phase: kind.phase().into(),
            years: kind.years(),
        })
    }

    fn as_of(&self) -> AsOf {
        if self.has_lake {
            AsOf { last_day: Some(year::last_day()), lake_version: 41 }
        } else {
            AsOf { last_day: None, lake_version: 0 }
        }
    }

    fn missing(&self, kind: Kind) -> Vec<Missing> {
        if self.has_lake { kind.missing() } else { vec![Missing::NoLake] }
    }

    fn list(&self) -> Result<Vec<SchoolRef>, FiguresError> {
        self.schools.iter().map(|kind| Self::school(*kind)).collect()
    }

    fn lines(&self) -> Result<Overview, FiguresError> {
        let mut schools = Vec::new();
        for kind in &self.schools {
            let missing = self.missing(*kind);
            let coverage = if missing.is_empty() { year::coverage(&year::periods(*kind, THIS)) } else { Coverage::default() };
            let findings = Some(if missing.is_empty() { kind.findings() } else { Vec::new() });
            schools.push(SchoolLine {
                school: Self::school(*kind)?,
                year: THIS,
                pupils: kind.pupils(),
                coverage,
                findings,
                missing,
            });
        }
        Ok(Overview {
            name: String::from("Larkwater Learning Trust"),
            schools,
            has_lake: self.has_lake,
            as_of: Some(self.as_of()),
        })
    }

    fn page(&self, school: &SchoolId, year: AcademicYear) -> Result<SchoolYear, FiguresError> {
        let kind = self.schools.iter().copied().find(|kind| kind.id() == school.as_str()).ok_or(FiguresError::NotFound)?;
        let mut missing = self.missing(kind);
        if missing.is_empty() && !kind.years().contains(&year) {
            missing.push(Missing::NoRows(Some(year::last_day())));
        }
        let mut page = SchoolYear {
            school: Self::school(kind)?,
            year,
            pupils: kind.pupils(),
            periods: Vec::new(),
            current: None,
            answers: Vec::new(),
            findings: Vec::new(),
            figures: Vec::new(),
            days_per_hundred: true,
            blocks: Vec::new(),
            sources: Vec::new(),
            unseen: Vec::new(),
            missing,
            as_of: Some(self.as_of()),
        };
        if page.missing.is_empty() {
            page.periods = year::periods(kind, year);
            page.current = page.periods.iter().rposition(|period| period.coverage.with_logs > 0);
            page.blocks = year::blocks(kind, year);
            page.figures = figures::figures(kind, &page);
            page.answers = figures::answers(kind);
            page.sources = vec![SourceLine {
                name: format!("{}-filter", kind.id()),
                layer: "web filter".into(),
                days: Some((year::first_day(), year::last_day())),
                coverage: page
                    .current
                    .and_then(|position| page.periods.get(position))
                    .map(|period| period.coverage)
                    .unwrap_or_default(),
            }];
            page.unseen = vec![
                "Phones on mobile data, and anything off the school\u{2019}s network.".into(),
                "What is said inside apps, chat and e-mail.".into(),
                "Searches on sites whose traffic the filter does not open: 42 in every 100 this half-term.".into(),
            ];
            if year == THIS {
                page.findings = kind.findings();
            }
        }
        Ok(page)
    }
}

impl Figures for Example {
    fn schools(&self) -> Asked<'_, Vec<SchoolRef>> {
        Box::pin(async { self.list() })
    }

    fn overview(&self) -> Asked<'_, Overview> {
        Box::pin(async { self.lines() })
    }

    fn school_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move { self.page(school, year) })
    }

    fn public_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move { self.page(school, year) })
    }

    fn standing<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, Standing> {
        let at = 1_795_392_000_000_000;
        Box::pin(async move {
            let kind = self.schools.iter().copied().find(|kind| kind.id() == school.as_str()).ok_or(FiguresError::NotFound)?;
            Ok(match kind {
                _ if year != THIS => Standing::Agreed { at },
                Kind::Oakfield => Standing::Agreed { at },
                Kind::Millbrook => Standing::Stale { at },
                Kind::Brannoc => Standing::Differs { at, values: 2 },
                Kind::Tarn => Standing::NotRolledUp,
                Kind::Larkhill | Kind::Ashdown => Standing::Never,
            })
        })
    }

    fn unclaimed(&self) -> Asked<'_, Vec<UnclaimedSource>> {
        Box::pin(async { Ok(if self.has_lake { vec![shared_filter()] } else { Vec::new() }) })
    }

    fn groups(&self) -> Asked<'_, Vec<GroupLink>> {
        Box::pin(async { Ok(if self.schools.len() > 1 { groups::links() } else { Vec::new() }) })
    }

    fn group<'a>(&'a self, group: &'a str, year: AcademicYear) -> Asked<'a, Group> {
        Box::pin(async move { groups::group(group, year).filter(|_| self.schools.len() > 1).ok_or(FiguresError::NotFound) })
    }

    fn methods(&self) -> Asked<'_, Vec<Method>> {
        Box::pin(async { Ok(if self.schools.is_empty() { Vec::new() } else { figures::methods() }) })
    }
}

/// A trust's filter, some lines of which no rule gives to a school.
fn shared_filter() -> UnclaimedSource {
    let claim = |key, value: &str, lines| Claim {
        key,
        value: value.into(),
        lines,
        rule: format!("{{ {key} = \"{value}\", school = \"SCHOOL\" }},"),
    };
    UnclaimedSource {
        source_id: "trust-filter".into(),
        lines: 18_204,
        say_nothing: 12,
        files: vec!["3f2a91c07be4".into(), "a014dd5e9920".into()],
        claims: vec![
            claim("src_ip", "10.44.7.0/24", 12_960),
            claim("src_ip", "10.44.8.0/24", 5_232),
            claim("group", "Tarn View Pupils", 14_110),
            claim("profile", "Tarn pupils", 14_110),
            claim("profile", "Guest Wi-Fi for visitors and contractors of all our schools", 31),
        ],
    }
}
