//! From the engine's answers to the values of a page: what governors may see, in their words.

use std::collections::HashMap;
use std::sync::Arc;

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_query::indicator::Indicator;
use weir_query::page::{self, FindingKind, Heat};
use weir_query::state as engine;
use weir_query::suppression::Audience;
use weir_query::trend::{self, Grain};

use crate::view::{
    Answer, AsOf, Block, Coverage, Day, DayKind, Figure, Finding, Longer, Method, Missing, Overview, Period, Point, SchoolLine,
    SchoolRef, SchoolYear, Shown, SourceLine, State, Tone, Unit,
};
use crate::words as say;

/// Whether a reader of the annual review may see it: the safeguarding lead sees what governors see, and what is their own.
fn is_for<T: AsRef<str>>(reader: Audience, audience: &[T]) -> bool {
    is_for_governors(audience) || (reader == Audience::Dsl && audience.iter().any(|who| who.as_ref() == "dsl"))
}

/// Whether governors may see it.
pub(super) fn is_for_governors<T: AsRef<str>>(audience: &[T]) -> bool {
    audience.iter().any(|who| who.as_ref() == "governor")
}

/// A school for links and pickers; none where its id is not one.
pub(super) fn school_ref(school: &page::SchoolFacts, years: &[String]) -> Option<SchoolRef> {
    Some(SchoolRef {
        id: SchoolId::parse(&school.school_id).ok()?,
        name: school.name.clone(),
        phase: school.phase.replace('_', "-"),
        years: years.iter().filter_map(|year| AcademicYear::parse(year)).collect(),
    })
}

/// All schools.
pub(super) fn overview(overview: &page::Overview, pages: &HashMap<String, Arc<page::SchoolYear>>) -> Overview {
    let has_lake = overview.lake_version > 0;
    let schools = overview
        .schools
        .iter()
        .filter_map(|summary| {
            let page = pages.get(&summary.school.school_id);
            let year = AcademicYear::parse(&summary.newest_year)?;
            let missing = match page {
                _ if !has_lake => vec![Missing::NoLake],
                Some(page) => missing(page),
                None if summary.last_day.is_none() => vec![Missing::NoRows(None)],
                None if !summary.has_calendar => vec![Missing::NoCalendar],
                None => Vec::new(),
            };
            Some(SchoolLine {
                school: school_ref(&summary.school, std::slice::from_ref(&summary.newest_year))?,
                year,
                pupils: page.map_or(summary.school.pupils, |page| page.school.pupils),
                coverage: page.map_or(Coverage { with_logs: summary.days_with_logs, school_days: summary.school_days }, |page| {
                    year_coverage(page)
                }),
                findings: page.map(|page| findings(page, Audience::Governor)),
                missing,
            })
        })
        .collect();
    let last_day = overview.schools.iter().filter_map(|summary| summary.last_day).max();
    // One name for all only where they share it.
    let mut trusts = overview
        .schools
        .iter()
        .map(|summary| summary.school.trust.as_deref().or(summary.school.authority.as_deref()).unwrap_or_default());
    let first = trusts.next().unwrap_or_default();
    let name = if trusts.all(|trust| trust == first) { first.to_string() } else { String::new() };
    Overview { name, schools, has_lake, as_of: Some(AsOf { last_day, lake_version: overview.lake_version }) }
}

/// One school and year for a reader, with last year's half-terms beside; the pages were made for the same reader.
pub(super) fn school_year(
    page: &page::SchoolYear,
    last: Option<&page::SchoolYear>,
    year: AcademicYear,
    reader: Audience,
) -> Option<SchoolYear> {
    let mut years = page.years.clone();
    if years.is_empty() {
        years.push(page.year.clone());
    }
    let findings = findings(page, reader);
    Some(SchoolYear {
        school: school_ref(&page.school, &years)?,
        year,
        pupils: page.school.pupils,
        periods: page.periods.iter().map(period).collect(),
        current: page.current,
        answers: page
            .answers
            .iter()
            .map(|answer| Answer {
                question: answer.question.clone(),
                tone: tone(answer.tone),
                lead: answer.lead.clone(),
                text: answer.text.clone(),
            })
            .collect(),
        findings,
        figures: page
            .figures
            .iter()
            .filter(|figure| is_for(reader, &figure.audience))
            .map(|now| figure(now, page, last))
            .collect(),
        days_per_hundred: page.school.pupils.is_some_and(|pupils| pupils > 0),
        blocks: blocks(page),
        sources: page.coverage.sources.iter().map(source).collect(),
        unseen: unseen(page),
        missing: missing(page),
        as_of: Some(AsOf { last_day: page.as_of, lake_version: page.lake_version }),
    })
}

fn missing(page: &page::SchoolYear) -> Vec<Missing> {
    if page.lake_version == 0 {
        return vec![Missing::NoLake];
    }
    let mut missing = Vec::new();
    if matches!(page.calendar, page::Calendar::Missing) || page.periods.is_empty() {
        missing.push(Missing::NoCalendar);
    } else if page.periods.iter().all(|period| period.days_with_logs == 0) {
        missing.push(Missing::NoRows(page.as_of));
    }
    if page.as_of.is_none() && !missing.iter().any(|lack| matches!(lack, Missing::NoRows(_))) {
        missing.push(Missing::NoRows(None));
    }
    if page.school.pupils.is_none() {
        missing.push(Missing::NoRoll);
    }
    missing
}

fn year_coverage(page: &page::SchoolYear) -> Coverage {
    page.periods.iter().fold(Coverage::default(), |sum, period| Coverage {
        with_logs: sum.with_logs + period.days_with_logs,
        school_days: sum.school_days + period.past_days,
    })
}

fn period(period: &page::Period) -> Period {
    Period {
        label: period.label.clone(),
        start: period.start,
        end: period.end,
        coverage: Coverage { with_logs: period.days_with_logs, school_days: period.past_days },
        unfinished: period.is_partial,
    }
}

fn source(source: &page::SourceCoverage) -> SourceLine {
    SourceLine {
        name: source.source_id.clone(),
        layer: match source.layer.as_str() {
            "filter" => "web filter".into(),
            "dns" => "DNS filter".into(),
            "monitor" => "device monitor".into(),
            other => other.into(),
        },
        days: source.began.zip(source.last),
        coverage: Coverage { with_logs: source.days_with_logs, school_days: source.school_days },
    }
}

fn tone(tone: page::Tone) -> Tone {
    match tone {
        page::Tone::Urgent => Tone::Urgent,
        page::Tone::Notice => Tone::Notice,
        page::Tone::Quiet => Tone::Quiet,
        page::Tone::Fine => Tone::Fine,
    }
}

fn findings(page: &page::SchoolYear, reader: Audience) -> Vec<Finding> {
    page.findings
        .iter()
        .filter(|finding| is_for(reader, &finding.audience))
        .map(|finding| {
            let indicator = match finding.kind {
                FindingKind::FilterFailure => "filter_failures",
                FindingKind::SilentFeed => "coverage_days",
                FindingKind::CircumventionRise => "circumvention_rate",
                FindingKind::OverBlocking => "overblock_share",
                FindingKind::AiFirstSeen => "ai_first_seen",
                FindingKind::ConfigurationChange => "unapproved_changes",
            };
            let figure = page.figures.iter().find(|figure| figure.indicator == indicator && is_for_governors(&figure.audience));
            Finding {
                tone: tone(finding.tone),
                title: finding.title.clone(),
                detail: finding.text.clone(),
                ask: finding.ask.clone(),
                figure: figure.map(|figure| figure.id.clone()),
            }
        })
        .collect()
}

fn figure(now: &page::Figure, page: &page::SchoolYear, last: Option<&page::SchoolYear>) -> Figure {
    let unit = unit(now);
    let usual = now.usual.and_then(|usual| usual_to_draw(usual, unit.sign == "%"));
    let before = last.and_then(|last| last.figures.iter().find(|figure| figure.id == now.id));
    let points = page
        .periods
        .iter()
        .enumerate()
        .map(|(position, period)| {
            let point = now.series.get(position);
            let earlier = before.and_then(|figure| figure.series.iter().find(|other| other.label == period.label));
            let value = match point {
                Some(point) if point.to_come => Shown::ToCome,
                Some(point) => shown(point.value, period.days_with_logs == 0),
                None => Shown::NotAvailable,
            };
            // The card's own comparison is the engine's word on last year; elsewhere last year's own page has it.
            let compared_with_last_year = now.comparison.with.as_deref().is_some_and(|with| with.contains("last year"));
            let last_year = if page.current == Some(position) && compared_with_last_year {
                shown(now.comparison.value, false)
            } else {
                earlier.map_or(Shown::NotAvailable, |point| shown(point.value, false))
            };
            let counted = |pick: fn(&page::Point) -> engine::Shown| match (value, point) {
                (Shown::Number(_), Some(point)) => shown(pick(point), false),
                (mark, _) => mark,
            };
            Point {
                value,
                last_year,
                usual,
                numerator: counted(|point| point.numerator),
                denominator: counted(|point| point.denominator),
                is_final: point.is_some_and(|point| point.is_final),
                change: point.and_then(|point| point.change),
            }
        })
        .collect();
    let (state, reason) = match &now.state {
        engine::State::Usual => (State::Usual, None),
        engine::State::Higher => (State::Higher, None),
        engine::State::Lower => (State::Lower, None),
        engine::State::CantSay(reason) => (State::CantSay, Some(reason.words())),
    };
    let comparison = now
        .comparison
        .with
        .as_ref()
        .map(|with| format!("{with}: {}", say::spoken(shown(now.comparison.value, false), &unit)))
        .unwrap_or_default();
    let ratio = now.comparison.ratio.map(ratio_in_words);
    Figure {
        id: now.id.clone(),
        title: now.title.clone(),
        group: now.group,
        question: now.question.clone(),
        state,
        reason,
        unit,
        current: page.current,
        points,
        longer: longer(now, page, before.zip(last)),
        interval: now.interval,
        comparison,
        ratio,
        meaning: now.means.clone(),
        ask: now.ask.clone(),
        provenance: now.provenance.kind.to_string(),
        coverage: Coverage { with_logs: now.days_with_logs, school_days: now.school_days },
        limits: Vec::new(),
        method: method(now),
    }
}

fn ratio_in_words(ratio: page::Ratio) -> String {
    match ratio.upper {
        Some(upper) => format!("{:.1} times that, {:.1} to {upper:.1} (99% interval)", ratio.ratio, ratio.lower),
        None => format!("at least {:.1} times that (99% interval)", ratio.lower),
    }
}

/// A figure by term and for the year, where its half-terms add up to them.
fn longer(now: &page::Figure, page: &page::SchoolYear, before: Option<(&page::Figure, &page::SchoolYear)>) -> Vec<Longer> {
    if !trend::adds_up(&now.indicator) {
        return Vec::new();
    }
    let before = before.map(|(figure, page)| (figure, page.periods.as_slice()));
    let by = |grain| trend::series(now, &page.periods, &page.year, before, grain);
    let terms = by(Grain::Term).into_iter().chain(by(Grain::Year));
    terms
        .filter(|point| point.school_days > 0)
        .map(|point| Longer {
            label: AcademicYear::parse(&point.label).map_or(point.label, |_| String::from("The year")),
            value: shown(point.value, point.is_gap),
            last_year: shown(point.last_year, false),
            ratio: point.ratio.map(ratio_in_words),
            coverage: Coverage { with_logs: point.days_with_logs, school_days: point.school_days },
            is_partial: point.is_partial,
        })
        .collect()
}

/// The widest range of a share that still says something, in points: days with logs are so few that chance allows anything.
const WIDEST_RANGE: f64 = 50.0;

/// A range is reckoned without knowing that a share ends at 100; one that takes in most of the scale is not drawn.
fn usual_to_draw((low, high): (f64, f64), is_share: bool) -> Option<(f64, f64)> {
    if !is_share {
        return Some((low.max(0.0), high));
    }
    let (low, high) = (low.clamp(0.0, 100.0), high.clamp(0.0, 100.0));
    (high - low <= WIDEST_RANGE).then_some((low, high))
}

pub(super) fn shown(value: engine::Shown, no_logs: bool) -> Shown {
    match value {
        engine::Shown::Value(value) if value.is_finite() => Shown::Number(value),
        engine::Shown::Hidden => Shown::Hidden,
        _ if no_logs => Shown::NoLogs,
        _ => Shown::NotAvailable,
    }
}

fn unit(figure: &page::Figure) -> Unit {
    match figure.unit {
        engine::Unit::Percent => Unit {
            decimals: figure.unit.decimals(),
            sign: "%",
            words: share_of(&figure.provenance.denominator),
            per_hundred_pupils: false,
        },
        other => unit_of(other),
    }
}

/// A unit that is no share.
pub(super) fn unit_of(unit: engine::Unit) -> Unit {
    Unit {
        decimals: unit.decimals(),
        sign: "",
        words: unit.words().into(),
        per_hundred_pupils: unit == engine::Unit::PupilsPer100Week,
    }
}

/// "of requests on school days": a definition's denominator as the words after a percentage, its explanation left to the method.
fn share_of(denominator: &str) -> String {
    let first = denominator.split([':', ';', '(']).next().unwrap_or_default().trim();
    // Definitions say decisions; a governor reads requests.
    if first.is_empty() { String::new() } else { format!("of {}", first.replace("decisions", "requests")) }
}

/// A definition, as the page of all of them shows it.
pub(super) fn definition(indicator: &Indicator) -> Method {
    Method {
        id: indicator.id.clone(),
        title: indicator.title.clone(),
        question: indicator.question.clone(),
        standard: indicator.standard.clone(),
        unit: match indicator.unit {
            engine::Unit::Percent => String::from("percent"),
            engine::Unit::Count => String::from("a count"),
            other => other.words().into(),
        },
        numerator: say::capital(&indicator.numerator),
        denominator: say::capital(&indicator.denominator),
        leaves_out: say::capital(&indicator.exclusions),
        caveat: say::capital(&indicator.caveat),
        version: indicator.version,
        sql: indicator.sql.into(),
    }
}

/// The definition behind a figure.
fn method(figure: &page::Figure) -> Method {
    Method {
        id: figure.indicator.clone(),
        title: figure.title.clone(),
        question: figure.question.clone(),
        standard: figure.standard.clone(),
        unit: figure.unit.words().into(),
        numerator: say::capital(&figure.provenance.numerator),
        denominator: say::capital(&figure.provenance.denominator),
        leaves_out: say::capital(&figure.provenance.exclusions),
        caveat: say::capital(&figure.caveat),
        version: figure.provenance.version,
        sql: figure.provenance.sql.into(),
    }
}

fn blocks(page: &page::SchoolYear) -> Vec<Block> {
    let pupils = page.school.pupils.filter(|pupils| *pupils > 0);
    page.periods
        .iter()
        .map(|period| Block {
            label: period.label.clone(),
            days: page
                .heat
                .iter()
                .filter(|day| (period.start..=period.end).contains(&day.date))
                .map(|day| Day {
                    date: day.date,
                    kind: match day.what {
                        // Fewer than 5 requests are of fewer than 5 people.
                        Heat::Stopped(0..=4) => DayKind::Few,
                        Heat::Stopped(requests) => {
                            DayKind::Stopped(pupils.map_or(requests as f64, |pupils| requests as f64 * 100.0 / f64::from(pupils)))
                        }
                        Heat::NoLogs => DayKind::NoLogs,
                        Heat::NoSchool => DayKind::NoSchool,
                        Heat::BeforeLogs => DayKind::BeforeLogs,
                        Heat::ToCome => DayKind::Ahead,
                    },
                })
                .collect(),
        })
        .collect()
}

fn unseen(page: &page::SchoolYear) -> Vec<String> {
    let mut lines = vec![
        String::from("Phones on mobile data, and anything off the school\u{2019}s network."),
        String::from("What is said inside apps, chat and e-mail."),
        String::from("What wholly escapes the filter: it leaves no log."),
    ];
    if !page.coverage.layers.is_empty() && page.coverage.layers.iter().all(|layer| layer == "dns") {
        lines.push(String::from("Pages and searches: these logs hold only the names that were asked for."));
    }
    if let Some(percent) = page.coverage.identified_percent.value().filter(|percent| *percent < 99.5) {
        lines.push(format!("Whose they were: {}% of requests are not tied to one person.", say::number(100.0 - percent, 0)));
    }
    lines
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
