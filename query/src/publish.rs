//! Publishes figures of periods that are over: suppressed once by one function, stored in one lake commit, never changed silently.
//!
//! A published cell stays. Where late logs change it, the new number is another revision and the old one keeps its row.

pub(crate) mod block;
pub(crate) mod cells;
pub(crate) mod groups;
mod spans;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use weir_lake::calendar::school_week_monday;
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::ids::RunId;
use weir_lake::lake::{Change, ChangeKind, Lake, LakeError, Snapshot};
use weir_lake::schema::Table;

use crate::assemble::facts;
use crate::cards::counts_people;
use crate::engine::{Engine, EngineOptions, OF_SCHOOLS};
use crate::error::QueryError;
use crate::figuring::Figuring;
use crate::frame::Grain;
use crate::indicator::{FigureRow, Indicator};
use crate::page::SchoolFacts;
use crate::published::{Key, PublishedCell, newest};
use crate::state::Shown;
use crate::suppression::Audience;
use block::{Before, Block, Mark, Number, Outcome};
use cells::batch_of;
use groups::{Group, all_groups, nested};
use spans::{Span, Spans, SpansOf, inputs};

/// Longest wait for one question. Nobody waits at a page for this.
const LONGEST_QUERY: std::time::Duration = std::time::Duration::from_secs(3600);

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublishReport {
    /// Cells published for the first time.
    pub cells: usize,
    /// Of them hidden.
    pub hidden: usize,
    /// Cells whose number changed since they were published: new revisions.
    pub revised: usize,
    /// Figures held back whole because a hidden cell could have been worked out: indicator, dimension and year.
    pub held_back: Vec<String>,
    /// The lake version after it; that of the snapshot where nothing was due.
    pub lake_version: u64,
}

/// What the estate asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublishOptions {
    /// A threshold above 5, up to 10.
    pub threshold: Option<u64>,
}

/// Publishes what is due and commits it. Another run that commits meanwhile makes it start again, twice at most.
pub async fn publish(
    lake: &Lake,
    estate: &Estate,
    options: &EngineOptions,
    wanted: PublishOptions,
    run_id: &RunId,
) -> Result<PublishReport, QueryError> {
    let mut races = 0;
    loop {
        let snapshot = lake.snapshot()?;
        let (mut report, cells) = compute(&snapshot, estate, options, wanted).await?;
        if cells.is_empty() {
            return Ok(report);
        }
        let files = lake.write_rows(Table::PublishedFigures, &batch_of(&cells)?)?;
        let adds = files.into_iter().map(|file| (Table::PublishedFigures, file)).collect();
        match lake.commit(Change { adds, ..Change::new(ChangeKind::Publish, run_id.clone(), snapshot.version) }) {
            Ok(version) => {
                report.lake_version = version;
                return Ok(report);
            }
            Err(LakeError::LostRace { .. }) if races < 2 => races += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Computes the cells to be added. None where nothing is due or nothing changed.
async fn compute(
    snapshot: &Snapshot,
    estate: &Estate,
    options: &EngineOptions,
    wanted: PublishOptions,
) -> Result<(PublishReport, Vec<PublishedCell>), QueryError> {
    let mut report = PublishReport { lake_version: snapshot.version, ..Default::default() };
    let options = EngineOptions { time_limit: options.time_limit.max(LONGEST_QUERY), ..options.clone() };
    let engine = Engine::open(snapshot, estate, &options)?;
    let before = newest(&engine, None).await?;
    let spans = spans::spans(&engine).await?;
    let mut years = Vec::new();
    for (year, spans) in &spans {
        let Some(academic_year) = AcademicYear::parse(year) else { continue };
        let has_logs =
            |school: &SchoolFacts| spans.get(&school.school_id).and_then(Spans::year).is_some_and(|year| year.has_logs);
        let schools: Vec<SchoolFacts> = facts(&engine, year).await?.into_iter().filter(has_logs).collect();
        let year = Year { snapshot, estate, engine: &engine, year, academic_year, schools, spans, before: &before };
        if year.has_work() {
            years.push(year);
        }
    }
    let mut cells = Vec::new();
    for (year, figures) in years.iter().zip(figures(&engine, snapshot, estate, &years).await?) {
        year.publish(figures, wanted, &mut report, &mut cells)?;
    }
    for cell in &cells {
        match before.get(&cell.key) {
            None => {
                report.cells += 1;
                report.hidden += usize::from(cell.mark == Mark::Hidden);
            }
            Some(before) => report.revised += usize::from(before.revision != cell.revision),
        }
    }
    Ok((report, cells))
}

/// A school's half-terms of a figure.
type HalfTerms = Vec<Option<FigureRow>>;

/// Figures by indicator and dimension: for each school its half-terms.
type Computed = BTreeMap<(&'static str, Option<String>), Vec<HalfTerms>>;

/// Rows of rollups that are held in memory at once while figures are computed, some hundred bytes each.
const ROWS_AT_ONCE: u64 = 4_000_000;

/// The figures that are published, and may be.
fn indicators() -> Result<Vec<&'static Indicator>, QueryError> {
    let is_published = |indicator: &&Indicator| indicator.adds_up && indicator.audience.iter().any(|who| who == "governor");
    Ok(Indicator::all()?.iter().filter(is_published).collect())
}

/// The figures of some years, computed school by school: the files are read once for many schools, a school once for all years.
async fn figures(engine: &Engine, snapshot: &Snapshot, estate: &Estate, years: &[Year<'_>]) -> Result<Vec<Computed>, QueryError> {
    let schools: Vec<&str> = years.iter().flat_map(|year| year.schools.iter().map(|school| school.school_id.as_str())).collect();
    let schools: Vec<&str> = BTreeSet::from_iter(schools).into_iter().collect();
    let files = OF_SCHOOLS.iter().filter_map(|table| snapshot.files.get(table)).flatten();
    let rows_of_school = files.map(|file| file.rows).sum::<u64>() / (estate.schools.len() as u64).max(1) + 1;
    let at_once = usize::try_from(ROWS_AT_ONCE / rows_of_school).unwrap_or(1).max(1);
    let mut computed: Vec<Computed> = years.iter().map(|_| Computed::new()).collect();
    for schools in schools.chunks(at_once) {
        let of_schools = engine.schools_context(schools).await?;
        for school in schools {
            let context = engine.school_context_of(&of_schools, school).await?;
            let figuring = Figuring::new(engine.asker(&context), school);
            for (year, computed) in years.iter().zip(&mut computed) {
                year.compute(&figuring, school, computed).await?;
            }
        }
    }
    Ok(computed)
}

/// One school year of the estate.
struct Year<'a> {
    snapshot: &'a Snapshot,
    estate: &'a Estate,
    engine: &'a Engine,
    year: &'a str,
    academic_year: AcademicYear,
    schools: Vec<SchoolFacts>,
    spans: &'a SpansOf,
    before: &'a BTreeMap<Key, PublishedCell>,
}

impl Year<'_> {
    fn columns(&self) -> usize {
        let numbers =
            self.schools.iter().filter_map(|school| self.spans.get(&school.school_id)?.half_terms.keys().next_back().copied());
        numbers.max().unwrap_or(0) + 1
    }

    fn is_over(&self, school: &SchoolFacts, column: usize) -> bool {
        let today = self.engine.today();
        let spans = self.spans.get(&school.school_id);
        // What retention has begun to take out is no longer whole: it is neither published nor looked at again.
        let months = i64::from(self.estate.retention.theme_weeks_months);
        let kept_from = today.saturating_sub(months.months());
        let is_kept = |span: Span| school_week_monday(span.start) >= kept_from;
        spans.and_then(|spans| spans.of(column)).is_some_and(is_kept)
            && spans.is_some_and(|spans| spans.is_over(self.snapshot, today, &school.school_id, self.academic_year, column))
    }

    fn is_due(&self, school: &SchoolFacts, column: usize) -> bool {
        let span = self.spans.get(&school.school_id).and_then(|spans| spans.of(column));
        span.is_some_and(|span| span.has_logs) && self.is_over(school, column)
    }

    fn inputs(&self, school: &SchoolFacts, column: usize) -> Option<String> {
        let span = self.spans.get(&school.school_id)?.of(column)?;
        Some(inputs(self.snapshot, self.estate, &school.school_id, &span))
    }

    /// Whether any school has a period that is over and unpublished, or was made from something else than is there now.
    fn has_work(&self) -> bool {
        let of_year = self.before.iter().filter(|(key, _)| key.year == self.year && key.grain == "school");
        let known: BTreeSet<(&str, usize, &str)> =
            of_year.map(|(key, cell)| (key.school_id.as_str(), key.period as usize, cell.inputs.as_str())).collect();
        let is_known = |school: &SchoolFacts, column: usize| {
            self.inputs(school, column).is_some_and(|inputs| known.contains(&(school.school_id.as_str(), column, &inputs)))
        };
        self.schools
            .iter()
            .any(|school| (0..self.columns()).any(|column| self.is_due(school, column) && !is_known(school, column)))
    }

    /// Adds the figures of one of its schools.
    async fn compute(&self, figuring: &Figuring, school: &str, figures: &mut Computed) -> Result<(), QueryError> {
        let Some(at) = self.schools.iter().position(|one| one.school_id == school) else { return Ok(()) };
        let indicators = indicators()?;
        let wanted: Vec<(&Indicator, AcademicYear)> =
            indicators.iter().map(|indicator| (*indicator, self.academic_year)).collect();
        let found = figuring.figures(&wanted, (Grain::HalfTerm, None)).await?;
        for (indicator, rows) in indicators.into_iter().zip(found) {
            for row in rows {
                let empty = || vec![vec![None; self.columns() - 1]; self.schools.len()];
                let of = figures.entry((&indicator.id, row.dimension.clone())).or_insert_with(empty);
                let column = row.period_no.saturating_sub(1) as usize;
                if let Some(cell) = of.get_mut(at).and_then(|columns| columns.get_mut(column)) {
                    // A period without any logs has no figure to keep; a page says "no logs" by itself.
                    *cell = (row.logged_days > 0).then_some(row);
                }
            }
        }
        Ok(())
    }

    fn publish(
        &self,
        mut figures: Computed,
        wanted: PublishOptions,
        report: &mut PublishReport,
        cells: &mut Vec<PublishedCell>,
    ) -> Result<(), QueryError> {
        let indicators = indicators()?;
        // Some indicators give a row without a dimension where a source or theme has none.
        let with_dimensions: BTreeSet<&str> =
            figures.keys().filter(|(_, dimension)| dimension.is_some()).map(|(id, _)| *id).collect();
        figures.retain(|(id, dimension), _| dimension.is_some() || !with_dimensions.contains(id));
        let groups = all_groups(&self.schools);
        for audience in [Audience::Governor, Audience::Public] {
            let threshold = audience.threshold(wanted.threshold).unwrap_or(crate::suppression::THRESHOLD);
            // Ways round the filter come first: what got through is hidden with them.
            let mut hidden_ways: Vec<Vec<bool>> = Vec::new();
            let order = |id: &str| u8::from(id != "circumvention_rate");
            let mut keys: Vec<&(&str, Option<String>)> = figures.keys().collect();
            keys.sort_by_key(|(id, dimension)| (order(id), *id, dimension.as_deref()));
            for key in keys {
                let (Some(indicator), Some(rows)) = (indicators.iter().find(|one| one.id == key.0), figures.get(key)) else {
                    continue;
                };
                let follows = if key.0 == "circumvention_allowed" { hidden_ways.clone() } else { Vec::new() };
                let one = One { year: self, indicator, dimension: key.1.as_deref(), audience, threshold, groups: &groups };
                match one.publish(rows, &follows) {
                    Ok((fresh, hidden)) => {
                        cells.extend(fresh);
                        if key.0 == "circumvention_rate" {
                            hidden_ways = hidden;
                        }
                    }
                    Err(QueryError::Solvable(what)) => {
                        let dimension = key.1.as_ref().map_or_else(String::new, |dimension| format!(":{dimension}"));
                        report.held_back.push(format!("{what}{dimension} {} ({})", self.year, audience.name()));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// One figure of a school year for one audience.
struct One<'a> {
    year: &'a Year<'a>,
    indicator: &'a Indicator,
    dimension: Option<&'a str>,
    audience: Audience,
    threshold: u64,
    groups: &'a [Group],
}

impl One<'_> {
    fn key(&self, grain: &str, school: &str, group: Option<&str>, column: usize) -> Key {
        Key {
            audience: self.audience.name().into(),
            grain: grain.into(),
            school_id: school.into(),
            group: group.map(Into::into),
            year: self.year.year.into(),
            period: column as u32,
            indicator: self.indicator.id.clone(),
            dimension: self.dimension.map(Into::into),
        }
    }

    /// The cells that are new or changed, and for each school and half-term whether it is hidden.
    fn publish(
        &self,
        rows: &[Vec<Option<FigureRow>>],
        follows: &[Vec<bool>],
    ) -> Result<(Vec<PublishedCell>, Vec<Vec<bool>>), QueryError> {
        let schools = &self.year.schools;
        let columns = self.year.columns();
        // The public summary speaks of whole schools; groups are compared by what counts people.
        let with_groups = self.audience == Audience::Governor && counts_people(self.indicator) && self.indicator.adds_up;
        let none: [Group; 0] = [];
        let (kept, of_groups, of_schools) = nested(if with_groups { self.groups } else { &none }, schools.len());
        let first = kept.len();
        let keys = |entity: usize, column: usize| match kept.get(entity) {
            Some(group) => self.key(group.kind, "*", Some(&group.name), column),
            None => self.key("school", &schools[entity - first].school_id, None, column),
        };
        // A figure whose definition changed keeps the version it was published with, and its year does not mix the two.
        let stands = |entity: usize, column: usize| {
            self.year.before.get(&keys(entity, column)).filter(|cell| cell.version != self.indicator.version).is_some()
        };
        let entities = first + schools.len();
        let mixed = (0..entities).any(|entity| (0..columns).any(|column| stands(entity, column)));
        let is_due_school = |school: usize, column: usize| {
            self.year.is_due(&schools[school], column) && !(column == 0 && (mixed || !self.indicator.adds_up))
        };
        let block = Block {
            indicator: self.indicator,
            parents: of_groups.into_iter().chain(of_schools).collect(),
            rows: (0..entities)
                .map(|entity| {
                    let Some(school) = entity.checked_sub(first) else { return Vec::new() };
                    // What is published stays part of every sum, even while late logs wait for their roll-up.
                    let counts = |column: usize| {
                        let is_published = self.year.before.contains_key(&keys(entity, column));
                        !stands(entity, column) && (is_published || self.year.is_due(&schools[school], column))
                    };
                    (1..columns).map(|column| rows[school][column - 1].clone().filter(|_| counts(column))).collect()
                })
                .collect(),
            is_due: (0..entities)
                .map(|entity| {
                    (0..columns)
                        .map(|column| match kept.get(entity) {
                            // A group's period is over when it is over at each of its schools.
                            Some(group) => {
                                !mixed && group.members.iter().all(|school| self.year.is_over(&schools[*school], column))
                            }
                            None => is_due_school(entity - first, column) && !stands(entity, column),
                        })
                        .collect()
                })
                .collect(),
            before: (0..entities)
                .map(|entity| {
                    (0..columns)
                        .map(|column| {
                            let cell = self.year.before.get(&keys(entity, column)).filter(|_| !stands(entity, column))?;
                            let number = cell.numerator.zip(cell.denominator);
                            Some(Before {
                                mark: cell.mark,
                                number: number.map(|(numerator, denominator)| Number { numerator, denominator }),
                            })
                        })
                        .collect()
                })
                .collect(),
            follows: (0..entities)
                .map(|entity| entity.checked_sub(first).and_then(|school| follows.get(school)).cloned().unwrap_or_default())
                .collect(),
            threshold: self.threshold,
        };
        let outcomes = block.outcomes()?;
        let mut cells = Vec::new();
        for (entity, columns) in outcomes.iter().enumerate() {
            for (column, outcome) in columns.iter().enumerate() {
                let Some(outcome) = outcome else { continue };
                let key = keys(entity, column);
                let span = match kept.get(entity) {
                    Some(group) => {
                        group.members.iter().filter_map(|school| self.span(*school, column)).max_by_key(|span| span.end)
                    }
                    None => self.span(entity - first, column),
                };
                let Some(span) = span else { continue };
                let inputs = match entity.checked_sub(first) {
                    Some(school) => self.year.inputs(&schools[school], column).unwrap_or_default(),
                    None => String::new(),
                };
                cells.extend(self.cell(&block, key, *outcome, &span, inputs));
            }
        }
        let hidden = outcomes
            .iter()
            .skip(first)
            .map(|columns| {
                columns.iter().skip(1).map(|outcome| outcome.is_some_and(|outcome| outcome.mark == Mark::Hidden)).collect()
            })
            .collect();
        Ok((cells, hidden))
    }

    fn span(&self, school: usize, column: usize) -> Option<Span> {
        self.year.spans.get(&self.year.schools.get(school)?.school_id)?.of(column)
    }

    /// The row of an outcome: the first, another revision, or none where readers see what they saw.
    fn cell(&self, block: &Block<'_>, key: Key, outcome: Outcome, span: &Span, inputs: String) -> Option<PublishedCell> {
        let before = self.year.before.get(&key);
        let value = outcome.number.map(|number| block.value(number));
        let is_same = before.is_some_and(|before| {
            before.mark == outcome.mark
                && before.numerator == outcome.number.map(|number| number.numerator)
                && before.denominator == outcome.number.map(|number| number.denominator)
        });
        // The same number made from other files: a row that only says so, of the same revision, spares the next run the work.
        if is_same && before.is_none_or(|before| before.inputs == inputs) {
            return None;
        }
        Some(PublishedCell {
            key,
            end: span.end,
            label: span.label.clone(),
            version: self.indicator.version,
            mark: outcome.mark,
            value,
            numerator: outcome.number.map(|number| number.numerator),
            denominator: outcome.number.map(|number| number.denominator),
            threshold: self.threshold as u32,
            revision: before.map_or(1, |before| before.revision + u32::from(!is_same)),
            change: before.and_then(|before| if is_same { before.change } else { Some(value? - before.value?) }),
            inputs,
            lake_version: self.year.engine.lake_version(),
        })
    }
}

impl PublishedCell {
    /// The number as its reader may see it.
    pub(crate) fn shown(&self) -> Shown {
        match (self.mark, self.value) {
            (Mark::Shown, Some(value)) => Shown::Value(value),
            (Mark::Hidden, _) => Shown::Hidden,
            _ => Shown::NotAvailable,
        }
    }
}
