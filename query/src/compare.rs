//! Schools of a trust, authority or governing body side by side: coverage first, then who lies outside what chance and ordinary
//! differences between schools explain. Never a league table, and only from published cells.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use jiff::civil::Date;
use serde::Serialize;
use weir_lake::estate::AcademicYear;

use crate::assemble::facts;
use crate::engine::Engine;
use crate::error::QueryError;
use crate::indicator::Indicator;
use crate::page::SchoolFacts;
use crate::publish::groups::{Group, all_groups};
use crate::published::{PublishedCell, newest_of_year};
use crate::rows::rows;
use crate::state::{LEAST_COVERAGE, LEAST_IDENTIFIED, Shown};
use crate::statistics::{FUNNEL_SCHOOLS, FunnelPlace, FunnelSchool, funnel, indirectly_standardised};
use crate::words;

/// A phase with fewer schools than this has no rate of its own to be measured against.
const LEAST_OF_A_PHASE: usize = 3;

/// A group of schools, for links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupRef {
    /// `governing_body`, `trust`, `authority` or `estate`.
    pub kind: &'static str,
    /// Its name; empty for the estate.
    pub name: String,
    /// As addresses write it.
    pub slug: String,
    /// How many schools.
    pub schools: usize,
    /// Which.
    pub members: Vec<String>,
}

/// What is known of a school's logs over the year.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// The school.
    pub school: SchoolFacts,
    /// Past school days since its first log.
    pub school_days: u32,
    /// Of them with logs.
    pub days_with_logs: u32,
    /// Share of requests tied to one person, 0 to 100.
    pub identified_percent: Shown,
    /// Whether its figures can be set beside others'.
    pub can_compare: bool,
}

/// Where a school lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Not placed: hidden, or not published.
    TooFew,
    /// Not placed: logs of too few days or people.
    Coverage,
    /// Not placed: fewer than three schools of its phase can be.
    Alone,
}

/// A school in the funnel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// Position in [`Comparison::members`].
    pub member: usize,
    /// Pupil-weeks that its phase's rate leads one to expect.
    pub expected: f64,
    /// Observed over expected.
    pub ratio: f64,
    /// Distance from 1 with the variation between schools allowed for.
    pub adjusted_z: f64,
    /// 95 % limits on observed over expected.
    pub limits95: (f64, f64),
    /// 99.8 % limits.
    pub limits998: (f64, f64),
}

/// One figure over the schools of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupFigure {
    /// Indicator id, with the theme after a colon.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// All schools of the group together, where that may be shown.
    pub together: Shown,
    /// The figure of each member by half-term: label and number.
    pub series: Vec<Vec<(String, Shown)>>,
    /// Where each member lies.
    pub places: Vec<Place>,
    /// The funnel; none for fewer than ten schools that can be placed.
    pub funnel: Option<Vec<Placed>>,
    /// Variance between schools beyond chance, on the square-root scale.
    pub tau2: f64,
}

/// The schools of a group, side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Which group.
    pub group: GroupRef,
    /// Its year.
    pub year: String,
    /// What the funnels speak of: a half-term's name, or `Year`; none where nothing is published.
    pub period: Option<String>,
    /// The lake version.
    pub lake_version: u64,
    /// Last day with logs of any member.
    pub as_of: Option<Date>,
    /// Schools, those with the least coverage first.
    pub members: Vec<Member>,
    /// Figures by title.
    pub figures: Vec<GroupFigure>,
}

/// The groups of the estate that can be asked for.
pub async fn groups(engine: &Engine, year: &str) -> Result<Vec<GroupRef>, QueryError> {
    let schools = facts(engine, year).await?;
    Ok(refs(&all_groups(&schools), &schools))
}

fn refs(groups: &[Group], schools: &[SchoolFacts]) -> Vec<GroupRef> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    groups
        .iter()
        .map(|group| {
            let mut slug = if group.kind == "estate" { "all".to_string() } else { slug(&group.name) };
            if !taken.insert(slug.clone()) {
                slug = format!("{slug}-{}", group.kind.replace('_', "-"));
                taken.insert(slug.clone());
            }
            let members = group.members.iter().filter_map(|at| Some(schools.get(*at)?.school_id.clone())).collect();
            GroupRef { kind: group.kind, name: group.name.clone(), slug, schools: group.members.len(), members }
        })
        .collect()
}

fn slug(name: &str) -> String {
    let parts: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| part.chars().flat_map(char::to_lowercase).collect())
        .collect();
    if parts.is_empty() || parts == ["all"] { "group".into() } else { parts.join("-") }
}

/// A group's schools in a year; none where there is no such group.
pub async fn compare(engine: &Engine, slug: &str, year: &str) -> Result<Option<Comparison>, QueryError> {
    let academic_year = AcademicYear::parse(year)
        .ok_or_else(|| QueryError::Shape { what: format!("academic year {year:?}"), expected: "the form 2025-26".into() })?;
    let schools = facts(engine, year).await?;
    let all = all_groups(&schools);
    let Some((group, found)) = all.iter().zip(refs(&all, &schools)).find(|(_, found)| found.slug == slug) else {
        return Ok(None);
    };
    let (members, as_of) = members(engine, academic_year, group.members.iter().map(|at| schools[*at].clone()).collect()).await?;
    let cells = newest_of_year(engine, "governor", year).await?;
    let period = period_of(&members, &cells);
    let mut figures = Vec::new();
    for indicator in
        Indicator::all()?.iter().filter(|indicator| matches!(indicator.id.as_str(), "theme_rate" | "circumvention_rate"))
    {
        let of: Vec<&PublishedCell> = cells.iter().filter(|cell| cell.key.indicator == indicator.id).collect();
        let dimensions: BTreeSet<Option<&str>> = of.iter().map(|cell| cell.key.dimension.as_deref()).collect();
        for dimension in dimensions {
            let mine: Vec<&PublishedCell> =
                of.iter().filter(|cell| cell.key.dimension.as_deref() == dimension).copied().collect();
            figures.extend(figure(indicator, dimension, &mine, &found, &members, period));
        }
    }
    figures.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
    let label = period.and_then(|period| cells.iter().find(|cell| cell.key.period == period)).map(|cell| cell.label.clone());
    Ok(Some(Comparison {
        group: found,
        year: year.to_string(),
        period: label,
        lake_version: engine.lake_version(),
        as_of,
        members,
        figures,
    }))
}

async fn members(
    engine: &Engine,
    year: AcademicYear,
    schools: Vec<SchoolFacts>,
) -> Result<(Vec<Member>, Option<Date>), QueryError> {
    let parameters = [("year", ScalarValue::from(year.to_string()))];
    let days = engine.rows(include_str!("../findings/overview_days.sql"), &parameters).await?;
    let mut of_days: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for row in rows(&days) {
        of_days.insert(row.required_text("school_id")?, (row.count("counted_days")? as u32, row.count("logged_days")? as u32));
    }
    let logged = engine.rows(include_str!("../findings/overview.sql"), &[]).await?;
    let (mut shares, mut as_of) = (BTreeMap::new(), None);
    let wanted: BTreeSet<&str> = schools.iter().map(|school| school.school_id.as_str()).collect();
    for row in rows(&logged) {
        let school = row.required_text("school_id")?;
        if row.whole("year_start")? == Some(i64::from(year.0)) && wanted.contains(school.as_str()) {
            as_of = as_of.max(row.day("last_day")?);
            let requests = row.count("requests")?;
            if requests > 0 {
                shares.insert(school, row.count("identified")? as f64 / requests as f64);
            }
        }
    }
    let mut members: Vec<Member> = schools
        .into_iter()
        .map(|school| {
            let (school_days, days_with_logs) = of_days.get(&school.school_id).copied().unwrap_or_default();
            let identified = shares.get(&school.school_id).copied();
            Member {
                school_days,
                days_with_logs,
                identified_percent: identified.map_or(Shown::NotAvailable, |share| Shown::Value(share * 100.0)),
                can_compare: days_with_logs > 0
                    && f64::from(days_with_logs) >= LEAST_COVERAGE * f64::from(school_days)
                    && identified.is_some_and(|share| share >= LEAST_IDENTIFIED),
                school,
            }
        })
        .collect();
    let share = |member: &Member| f64::from(member.days_with_logs) / f64::from(member.school_days.max(1));
    members.sort_by(|a, b| {
        (a.can_compare.cmp(&b.can_compare)).then(share(a).total_cmp(&share(b))).then_with(|| a.school.name.cmp(&b.school.name))
    });
    Ok((members, as_of))
}

/// The year where most schools have it published, otherwise the latest half-term that most have.
fn period_of(members: &[Member], cells: &[PublishedCell]) -> Option<u32> {
    let of: BTreeSet<&str> = members.iter().map(|member| member.school.school_id.as_str()).collect();
    let mut schools: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.key.grain == "school" && of.contains(cell.key.school_id.as_str())) {
        schools.entry(cell.key.period).or_default().insert(&cell.key.school_id);
    }
    let most = schools.values().map(BTreeSet::len).max()?;
    let by_most: BTreeSet<u32> = schools.iter().filter(|(_, of)| of.len() * 2 >= most).map(|(period, _)| *period).collect();
    if by_most.contains(&0) { Some(0) } else { by_most.last().copied() }
}

fn figure(
    indicator: &Indicator,
    dimension: Option<&str>,
    cells: &[&PublishedCell],
    group: &GroupRef,
    members: &[Member],
    period: Option<u32>,
) -> Option<GroupFigure> {
    let of = |school: &str, period: u32| cells.iter().find(|cell| cell.key.school_id == school && cell.key.period == period);
    let mut labels: BTreeMap<u32, &str> = BTreeMap::new();
    let ids: BTreeSet<&str> = members.iter().map(|member| member.school.school_id.as_str()).collect();
    for cell in cells.iter().filter(|cell| cell.key.period > 0 && ids.contains(cell.key.school_id.as_str())) {
        labels.entry(cell.key.period).or_insert(&cell.label);
    }
    if labels.is_empty() {
        return None;
    }
    let series = members
        .iter()
        .map(|member| {
            let point = |(period, label): (&u32, &&str)| {
                let shown = of(&member.school.school_id, *period).map_or(Shown::NotAvailable, |cell| cell.shown());
                ((*label).to_string(), shown)
            };
            labels.iter().map(point).collect()
        })
        .collect();
    let of_group = cells.iter().find(|cell| {
        cell.key.grain == group.kind && cell.key.group.as_deref() == Some(group.name.as_str()) && Some(cell.key.period) == period
    });
    let mut places = vec![Place::TooFew; members.len()];
    let mut candidates = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let cell = period.and_then(|period| of(&member.school.school_id, period));
        let number = cell.and_then(|cell| Some((cell.numerator?, cell.denominator?)));
        if !member.can_compare {
            places[at] = Place::Coverage;
        } else if let Some((observed, exposure)) = number {
            candidates.push(Candidate { member: at, observed, exposure });
        }
    }
    // A phase of one or two schools would be measured against itself.
    let phase = |candidate: &Candidate| members[candidate.member].school.phase.as_str();
    let mut schools_of: BTreeMap<&str, usize> = BTreeMap::new();
    candidates.iter().for_each(|candidate| *schools_of.entry(phase(candidate)).or_default() += 1);
    let (candidates, alone): (Vec<Candidate>, Vec<Candidate>) = candidates
        .into_iter()
        .partition(|candidate| schools_of.get(phase(candidate)).is_some_and(|schools| *schools >= LEAST_OF_A_PHASE));
    alone.iter().for_each(|candidate| places[candidate.member] = Place::Alone);
    let (placed, tau2) = place(&candidates, members);
    for one in &placed {
        places[one.member] = standing(one);
    }
    let has_funnel = placed.len() >= FUNNEL_SCHOOLS;
    if !has_funnel {
        // Without a funnel nobody is outside anything.
        candidates.iter().for_each(|candidate| places[candidate.member] = Place::Inside);
    }
    Some(GroupFigure {
        id: dimension.map_or_else(|| indicator.id.clone(), |dimension| format!("{}:{dimension}", indicator.id)),
        title: dimension.map_or_else(|| indicator.title.clone(), words::title_of),
        together: of_group.map_or(Shown::NotAvailable, |cell| cell.shown()),
        series,
        places,
        funnel: has_funnel.then_some(placed),
        tau2,
    })
}

/// A school whose number may be shown and compared.
struct Candidate {
    member: usize,
    observed: f64,
    exposure: f64,
}

/// The schools' places. What is expected is made from shown numbers alone, so that a funnel tells nothing that its table does not.
fn place(candidates: &[Candidate], members: &[Member]) -> (Vec<Placed>, f64) {
    let phase = |candidate: &Candidate| members[candidate.member].school.phase.as_str();
    let phases: Vec<&str> = candidates.iter().map(phase).collect::<BTreeSet<_>>().into_iter().collect();
    let by_phase = |value: fn(&Candidate) -> f64| -> Vec<Vec<f64>> {
        let row = |one: &Candidate| phases.iter().map(|name| if phase(one) == *name { value(one) } else { 0.0 }).collect();
        candidates.iter().map(row).collect()
    };
    let expected = indirectly_standardised(&by_phase(|one| one.observed), &by_phase(|one| one.exposure));
    let schools: Vec<FunnelSchool> = candidates
        .iter()
        .zip(expected)
        .map(|(candidate, expected)| FunnelSchool { observed: candidate.observed, expected })
        .collect();
    let found = funnel(&schools);
    let placed = candidates
        .iter()
        .zip(&schools)
        .zip(&found.places)
        .filter_map(|((candidate, school), place)| {
            let FunnelPlace { ratio, adjusted_z, limits95, limits998, .. } = (*place)?;
            Some(Placed {
                member: candidate.member,
                expected: school.expected,
                ratio,
                adjusted_z,
                limits95: (limits95.lower, limits95.upper),
                limits998: (limits998.lower, limits998.upper),
            })
        })
        .collect();
    (placed, found.tau2)
}

fn standing(placed: &Placed) -> Place {
    if placed.ratio > placed.limits998.1 {
        Place::FarAbove
    } else if placed.ratio > placed.limits95.1 {
        Place::Above
    } else if placed.ratio < placed.limits998.0 {
        Place::FarBelow
    } else if placed.ratio < placed.limits95.0 {
        Place::Below
    } else {
        Place::Inside
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
