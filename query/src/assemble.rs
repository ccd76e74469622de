//! Puts a school's year together: one school's rollups into memory once, then every figure, day and finding from there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use tokio::sync::OnceCell;
use weir_lake::calendar::school_week_monday;
use weir_lake::estate::AcademicYear;

use crate::cards::{Deck, Key, Seen};
use crate::engine::{Asker, Engine};
use crate::error::QueryError;
use crate::figuring::Figuring;
use crate::findings::findings;
use crate::indicator::{FigureRow, Grain, Indicator, academic_year};
use crate::page::{
    Answer, Calendar, Coverage, Figure, FindingKind, Heat, HeatDay, Period, SchoolFacts, SchoolYear, SourceCoverage, Tone,
};
use crate::published::newest;
use crate::rows::rows;
use crate::state::{Shown, State};
use crate::suppression::Audience;
use crate::words;

/// A figure's rows by indicator and year.
type Known = BTreeMap<(String, AcademicYear), Arc<Vec<FigureRow>>>;

/// What one school's pages are asked of: its rollups in memory, so that all questions read the files once, and a figure of a year is
/// computed once however many years' pages compare with it.
pub struct School<'a> {
    pub(crate) id: String,
    engine: &'a Engine,
    asked: OnceCell<(Asker, Figuring)>,
    known: Mutex<Known>,
}

impl<'a> School<'a> {
    /// A school of the estate. Nothing is read yet.
    pub fn new(engine: &'a Engine, id: &str) -> Self {
        Self { id: id.to_string(), engine, asked: OnceCell::new(), known: Mutex::default() }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    async fn asked(&self) -> Result<&(Asker, Figuring), QueryError> {
        let made = || async {
            let asker = self.engine.asker(&self.engine.school_context(&self.id).await?);
            Ok((asker.clone(), Figuring::new(asker, &self.id)))
        };
        self.asked.get_or_try_init(made).await
    }

    /// Rows of a question with parameters.
    pub(crate) async fn rows(&self, text: &str, parameters: &[(&str, ScalarValue)]) -> Result<Vec<RecordBatch>, QueryError> {
        self.asked().await?.0.rows(text, parameters).await
    }

    /// Every figure of some years by half-term, of the whole school.
    async fn figures(&self, years: [AcademicYear; 2]) -> Result<Known, QueryError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let indicators = Indicator::all()?;
        let all = years.iter().flat_map(|year| indicators.iter().map(move |indicator| (indicator, *year)));
        let wanted: Vec<(&Indicator, AcademicYear)> = {
            let known = known();
            all.filter(|(indicator, year)| !known.contains_key(&(indicator.id.clone(), *year))).collect()
        };
        let found = self.asked().await?.1.figures(&wanted, (Grain::HalfTerm, None)).await?;
        let mut known = known();
        known.extend(wanted.iter().zip(found).map(|((indicator, year), rows)| ((indicator.id.clone(), *year), Arc::new(rows))));
        Ok(known.clone())
    }
}

/// A half-term in which a figure was higher than usual.
pub(crate) struct Rise {
    pub period: Period,
    pub figure: Figure,
}

/// What schools.csv and rolls.csv say of every school.
pub(crate) async fn facts(engine: &Engine, year: &str) -> Result<Vec<SchoolFacts>, QueryError> {
    let found = engine.rows(include_str!("../findings/facts.sql"), &[("year", ScalarValue::from(year))]).await?;
    rows(&found)
        .map(|row| {
            Ok(SchoolFacts {
                school_id: row.required_text("school_id")?,
                name: row.required_text("name")?,
                phase: row.required_text("phase")?,
                nation: row.required_text("nation")?,
                urn: row.text("urn")?,
                governing_body: row.text("governing_body")?,
                trust: row.text("trust")?,
                authority: row.text("authority")?,
                pupils: row.whole("pupils")?.map(|pupils| pupils.max(0) as u32),
            })
        })
        .collect()
}

/// The pages of a school and year (`2025-26`) for governors. A school without a calendar gets a page without figures, not an error.
pub async fn school_year(school: &School<'_>, year: &str) -> Result<SchoolYear, QueryError> {
    school_year_for(school, year, Audience::Governor).await
}

/// As [`school_year`], for any reader: with nothing hidden for the safeguarding lead, and with what was published for everyone alone for the
/// public. Figures of several readers stand in it; each says whose it is.
pub async fn school_year_for(school: &School<'_>, year: &str, audience: Audience) -> Result<SchoolYear, QueryError> {
    let engine = school.engine;
    let academic_year = academic_year(year)?;
    let last_year = academic_year.previous().to_string();
    let facts = facts(engine, year).await?.into_iter().find(|facts| facts.school_id == school.id);
    let facts = facts.ok_or_else(|| QueryError::UnknownSchool(school.id.clone()))?;
    let sources = sources(school).await?;
    let as_of = sources.iter().filter_map(|source| source.last).max();
    let (calendar, periods) = periods(school, year).await?;
    let current = periods.iter().rposition(|period| period.past_days > 0 && period.days_with_logs > 0);
    let seen = seen(school).await?;
    let heat = heat(school, year, &periods).await?;
    let (mut figures, mut rises) = (Vec::new(), Vec::new());
    let mut coverage = coverage_of_nothing(sources);
    if let Some(current) = current {
        let published = newest(engine, Some(&school.id)).await?;
        let (periods, seen) = (&periods, &seen);
        let deck =
            Deck { periods, current, year, last_year: &last_year, seen, pupils: facts.pupils, audience, published: &published };
        let known = school.figures([academic_year, academic_year.previous()]).await?;
        (figures, rises) = cards(&known, academic_year, &deck)?;
        coverage = coverage_of(&deck, coverage, &figures);
    }
    let first = periods.first().map_or(jiff::civil::date(academic_year.0, 9, 1), |period| period.start);
    let last = periods.last().map_or(jiff::civil::date(academic_year.0 + 1, 8, 31), |period| period.end);
    let findings = findings(school, (first, last), &heat, &rises, audience).await?;
    let mut page = SchoolYear {
        years: years(school, &facts, as_of).await?,
        school: facts,
        year: year.to_string(),
        lake_version: engine.lake_version(),
        as_of,
        calendar,
        periods,
        current,
        coverage,
        answers: Vec::new(),
        figures,
        heat,
        findings,
    };
    page.answers = answers(&page, audience);
    Ok(page)
}

async fn sources(school: &School<'_>) -> Result<Vec<SourceCoverage>, QueryError> {
    let parameters = [("school", ScalarValue::from(school.id.as_str()))];
    let found = school.rows(include_str!("../findings/sources.sql"), &parameters).await?;
    rows(&found)
        .map(|row| {
            Ok(SourceCoverage {
                source_id: row.required_text("source_id")?,
                layer: row.required_text("layer")?,
                began: row.day("began")?,
                last: row.day("last_day")?,
                school_days: 0,
                days_with_logs: 0,
            })
        })
        .collect()
}

async fn periods(school: &School<'_>, year: &str) -> Result<(Calendar, Vec<Period>), QueryError> {
    let text = "SELECT p.academic_year, p.period_no, p.label, p.start_date, p.end_date, p.school_days, p.past_days, p.logged_days
                FROM periods p WHERE p.school_id = $school ORDER BY p.start_date";
    let found = school.rows(text, &[("school", ScalarValue::from(school.id.as_str()))]).await?;
    let mut last_day = None;
    let mut periods = Vec::new();
    for row in rows(&found) {
        let end = row.required_day("end_date")?;
        last_day = last_day.max(Some(end));
        if row.required_text("academic_year")? == year {
            let (school_days, past_days) = (row.count("school_days")? as u32, row.count("past_days")? as u32);
            periods.push(Period {
                number: row.count("period_no")? as u32,
                label: row.required_text("label")?,
                start: row.required_day("start_date")?,
                end,
                school_days,
                past_days,
                days_with_logs: row.count("logged_days")? as u32,
                is_partial: past_days < school_days,
            });
        }
    }
    let calendar = match last_day {
        Some(day) if !periods.is_empty() => Calendar::Until(day),
        _ => Calendar::Missing,
    };
    Ok((calendar, periods))
}

async fn seen(school: &School<'_>) -> Result<BTreeMap<Key, Seen>, QueryError> {
    let parameters = [("school", ScalarValue::from(school.id.as_str()))];
    let found = school.rows(include_str!("../findings/visibility.sql"), &parameters).await?;
    let mut all: BTreeMap<Key, Seen> = BTreeMap::new();
    for row in rows(&found) {
        let key = (row.required_text("academic_year")?, row.count("period_no")? as u32);
        let seen = all.entry(key).or_default();
        seen.start = row.required_day("start_date")?;
        seen.sources.insert(row.required_text("source_id")?, row.required_day("first_day")?);
        seen.layers.insert(row.required_text("layer")?);
        seen.requests += row.number("requests")?.unwrap_or(0.0);
        seen.identified += row.number("identified")?.unwrap_or(0.0);
        seen.https += row.number("https")?.unwrap_or(0.0);
        seen.path_visible += row.number("path_visible")?.unwrap_or(0.0);
        seen.logs_allowed |= row.whole("logs_allowed")? == Some(1);
    }
    Ok(all)
}

async fn heat(school: &School<'_>, year: &str, periods: &[Period]) -> Result<Vec<HeatDay>, QueryError> {
    let (Some(first), Some(last)) = (periods.first(), periods.last()) else { return Ok(Vec::new()) };
    let parameters = [("school", ScalarValue::from(school.id.as_str())), ("year", ScalarValue::from(year))];
    let found = school.rows(include_str!("../findings/days.sql"), &parameters).await?;
    let mut days: BTreeMap<Date, Heat> = BTreeMap::new();
    for row in rows(&found) {
        let is = |name: &str| row.whole(name).map(|value| value == Some(1));
        let what = if !is("is_past")? {
            Heat::ToCome
        } else if is("has_logs")? {
            Heat::Stopped(row.count("stopped")?)
        } else if is("is_counted")? {
            Heat::NoLogs
        } else {
            Heat::BeforeLogs
        };
        days.insert(row.required_day("date")?, what);
    }
    let weekdays = first.start.series(1.day()).take_while(|day| *day <= last.end);
    Ok(weekdays
        .filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
        .map(|date| HeatDay {
            date,
            week: school_week_monday(date),
            weekday: date.weekday().to_monday_one_offset().unsigned_abs(),
            what: days.get(&date).copied().unwrap_or(Heat::NoSchool),
        })
        .collect())
}

/// The cards of the current half-term, and the half-terms of the year up to it in which more pupils than usual looked for ways round.
fn cards(known: &Known, year: AcademicYear, deck: &Deck<'_>) -> Result<(Vec<Figure>, Vec<Rise>), QueryError> {
    let (mut figures, mut rises) = (Vec::new(), Vec::new());
    // A school's place beside others stands on the page of their group.
    for indicator in Indicator::all()?.iter().filter(|indicator| indicator.id != "funnel_position") {
        let rows = |year: AcademicYear| known.get(&(indicator.id.clone(), year)).map_or(&[][..], |rows| rows.as_slice());
        let (now, before) = (rows(year), rows(year.previous()));
        figures.extend(deck.cards(indicator, now, before));
        if indicator.id == "circumvention_rate" {
            for current in 0..=deck.current {
                let period = &deck.periods[current];
                let then = Deck { current, ..*deck };
                let higher = then.cards(indicator, now, before).into_iter().filter(|figure| figure.state == State::Higher);
                rises.extend(higher.map(|figure| Rise { period: period.clone(), figure }));
            }
        }
    }
    hide_derived(&mut figures);
    let place = |state: &State| match state {
        State::Higher => 0,
        State::Lower => 1,
        State::Usual => 2,
        State::CantSay(_) => 3,
    };
    figures.sort_by(|a, b| (place(&a.state), &a.title, &a.id).cmp(&(place(&b.state), &b.title, &b.id)));
    Ok((figures, rises))
}

/// What got through is hidden wherever the number of pupils who tried is: a share of a hidden number tells of it.
fn hide_derived(figures: &mut [Figure]) {
    let Some(hidden) = figures.iter().find(|figure| figure.indicator == "circumvention_rate").map(|figure| {
        let points: Vec<bool> = figure.series.iter().map(|point| point.value == Shown::Hidden).collect();
        (figure.value == Shown::Hidden, points)
    }) else {
        return;
    };
    for figure in figures.iter_mut().filter(|figure| figure.indicator == "circumvention_allowed") {
        for (point, _) in figure.series.iter_mut().zip(&hidden.1).filter(|(_, is_hidden)| **is_hidden) {
            (point.value, point.numerator, point.denominator) = (Shown::Hidden, Shown::Hidden, Shown::Hidden);
        }
        if hidden.0 && figure.value != Shown::NotAvailable {
            figure.value = Shown::Hidden;
            figure.state = State::CantSay(crate::state::Reason::TooFew);
            figure.comparison.ratio = None;
            figure.usual = None;
        }
    }
}

fn coverage_of_nothing(sources: Vec<SourceCoverage>) -> Coverage {
    Coverage {
        school_days: 0,
        days_with_logs: 0,
        identified_percent: Shown::NotAvailable,
        decisions: 0,
        layers: Vec::new(),
        sources,
    }
}

fn coverage_of(deck: &Deck<'_>, mut coverage: Coverage, figures: &[Figure]) -> Coverage {
    let Some(period) = deck.periods.get(deck.current) else { return coverage };
    for source in &mut coverage.sources {
        let card = figures
            .iter()
            .find(|figure| figure.indicator == "coverage_days" && figure.dimension.as_deref() == Some(&source.source_id));
        if let Some(point) = card.and_then(|card| card.series.get(deck.current)) {
            source.days_with_logs = point.numerator.value().unwrap_or(0.0) as u32;
            source.school_days = point.denominator.value().unwrap_or(0.0) as u32;
        }
    }
    let of_school = figures.iter().find(|figure| figure.dimension.is_none());
    coverage.school_days = of_school.map_or(period.past_days, |figure| figure.school_days);
    coverage.days_with_logs = period.days_with_logs;
    if let Some(seen) = deck.seen.get(&(deck.year.to_string(), period.number)) {
        coverage.decisions = seen.requests as u64;
        coverage.layers = seen.layers.iter().cloned().collect();
        coverage.identified_percent = seen.identified_share().map_or(Shown::NotAvailable, |share| Shown::Value(share * 100.0));
    }
    coverage
}

async fn years(school: &School<'_>, facts: &SchoolFacts, as_of: Option<Date>) -> Result<Vec<String>, QueryError> {
    let today = school.engine.today();
    let text = "SELECT DISTINCT p.academic_year FROM periods p WHERE p.school_id = $school AND p.past_days > 0";
    let found = school.rows(text, &[("school", ScalarValue::from(school.id.as_str()))]).await?;
    let mut years = BTreeSet::from([AcademicYear::of(today, &facts.nation).to_string()]);
    for row in rows(&found) {
        years.insert(row.required_text("academic_year")?);
    }
    years.extend(as_of.map(|day| AcademicYear::of(day, &facts.nation).to_string()));
    Ok(years.into_iter().rev().collect())
}

/// The first sentences of a page.
fn answers(page: &SchoolYear, audience: Audience) -> Vec<Answer> {
    let failures = page
        .findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::FilterFailure && finding.audience.contains(&"governor"));
    let about: Vec<String> = failures.map(|finding| words::in_sentence(&finding.about)).collect();
    let unseen = "We can't see phones on mobile data, e-mail, chat or apps.";
    let working = if page.current.is_none() {
        (Tone::Quiet, "We can't say yet.".to_string(), "There are no logs of a past school day in this year.".to_string())
    } else if about.is_empty() {
        // Never "it works": absence of a finding is no proof.
        (Tone::Fine, "No failure found in what we can see.".to_string(), unseen.to_string())
    } else if audience == Audience::Public {
        // One request of a rare kind may be one child: the public reads that there was a failure, governors which.
        let text = format!("Requests went through although policy says block. The governors know of which kind. {unseen}");
        (Tone::Urgent, "Not everywhere.".to_string(), text)
    } else {
        (
            Tone::Urgent,
            "Not everywhere.".to_string(),
            format!("Let through although policy says block: {}. {unseen}", about.join(", ")),
        )
    };
    let watched = (
        Tone::Quiet,
        "Logs can't tell.".to_string(),
        "Who reads the reports, and what came of it, is for people to record.".to_string(),
    );
    let coverage = &page.coverage;
    let missing = coverage.school_days.saturating_sub(coverage.days_with_logs);
    let identified = coverage.identified_percent.value();
    let complete = if page.current.is_none() {
        (Tone::Quiet, "We can't say yet.".to_string(), "There are no logs of a past school day in this year.".to_string())
    } else {
        let days = if missing == 0 {
            format!("Logs on all {}.", words::count(u64::from(coverage.school_days), "school day", "school days"))
        } else {
            format!("No logs on {} of {}.", missing, words::count(u64::from(coverage.school_days), "school day", "school days"))
        };
        let people = identified.map_or_else(String::new, |percent| {
            format!(" Of what we could read, {percent:.0} of every 100 requests are tied to one person.")
        });
        let text = format!("{days}{people}");
        let few_days = f64::from(coverage.days_with_logs) < crate::state::LEAST_COVERAGE * f64::from(coverage.school_days);
        if few_days || identified.is_none_or(|percent| percent < crate::state::LEAST_IDENTIFIED * 100.0) {
            (Tone::Notice, "No.".to_string(), text)
        } else if missing > 0 {
            (Tone::Notice, "Nearly.".to_string(), text)
        } else {
            (Tone::Fine, "Yes, for what is logged.".to_string(), text)
        }
    };
    [("Is filtering working?", working), ("Is it watched?", watched), ("Is the evidence complete?", complete)]
        .into_iter()
        .map(|(question, (tone, lead, text))| Answer { question: question.into(), tone, lead, text })
        .collect()
}
