//! What a person should look at, read from the rollups: each finding says what was seen, when, and what logs can't tell.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use jiff::civil::Date;
use weir_lake::calendar::epoch_day;

use crate::assemble::{Rise, School};
use crate::error::QueryError;
use crate::page::{Finding, FindingKind, Heat, HeatDay, Tone};
use crate::rows::rows;
use crate::state::Shown;
use crate::suppression::Audience;
use crate::words;

/// Categories that every policy blocks.
const ALWAYS_BLOCKED: [&str; 4] = ["csam", "terrorism", "illegal_other", "ai_undress"];
/// School days after which governors see an illegal finding that nobody has looked into yet.
const TRIAGE_DAYS: usize = 5;

const EVERYONE: [&str; 3] = ["governor", "dsl", "technician"];

/// Requests as their reader sees them: one to four requests are one to four people.
fn shown(requests: u64, audience: Audience) -> Shown {
    if audience.threshold(None).is_some_and(|few| requests < few) { Shown::Hidden } else { Shown::Value(requests as f64) }
}

fn requests_in_words(requests: u64, audience: Audience) -> String {
    match audience.threshold(None).filter(|few| requests < *few) {
        Some(few) => format!("Fewer than {few} requests"),
        None => words::count(requests, "request", "requests"),
    }
}

/// All findings of a school's year, most serious first.
pub(crate) async fn findings(
    school: &School<'_>,
    days: (Date, Date),
    heat: &[HeatDay],
    rises: &[Rise],
    audience: Audience,
) -> Result<Vec<Finding>, QueryError> {
    let mut all = failures(school, days, heat, audience).await?;
    all.extend(silent_feeds(school, days, heat).await?);
    all.extend(circumvention(rises));
    all.extend(over_blocking(school, days, audience).await?);
    all.extend(ai_first_seen(school, days, audience).await?);
    all.extend(changes(school, days).await?);
    all.sort_by(|a, b| (a.tone, a.kind, &a.about).cmp(&(b.tone, b.kind, &b.about)));
    Ok(all)
}

fn between(school: &School<'_>, days: (Date, Date)) -> [(&'static str, ScalarValue); 3] {
    [
        ("school", ScalarValue::from(school.id.as_str())),
        ("from", ScalarValue::Date32(Some(epoch_day(days.0)))),
        ("to", ScalarValue::Date32(Some(epoch_day(days.1)))),
    ]
}

async fn failures(
    school: &School<'_>,
    days: (Date, Date),
    heat: &[HeatDay],
    audience: Audience,
) -> Result<Vec<Finding>, QueryError> {
    let found = school.rows(include_str!("../findings/failures.sql"), &between(school, days)).await?;
    rows(&found)
        .map(|row| {
            let (category, requests) = (row.required_text("category")?, row.count("requests")?);
            let (first, last) = (row.required_day("first_day")?, row.required_day("last_day")?);
            let name = words::in_sentence(&category);
            let is_illegal = ALWAYS_BLOCKED.contains(&category.as_str());
            let school_days_since =
                heat.iter().filter(|day| day.date > first && matches!(day.what, Heat::Stopped(_) | Heat::NoLogs)).count();
            let text = if is_illegal {
                format!(
                    "{} that the filter itself puts in this category went through, {}. Do not open them: IT support and the \
                     safeguarding lead check first. No such finding is no proof either: many products hide their lists.",
                    requests_in_words(requests, audience),
                    words::span(first, last)
                )
            } else {
                format!(
                    "{} went through although policy says block, {}. A site in the wrong category looks the same: check the sites.",
                    requests_in_words(requests, audience),
                    words::span(first, last)
                )
            };
            Ok(Finding {
                kind: FindingKind::FilterFailure,
                tone: Tone::Urgent,
                title: format!("Let through, policy says block: {name}"),
                text,
                ask: "which sites were these, who changes the filter, and by when?".into(),
                first,
                last,
                count: shown(requests, audience),
                about: category,
                // Someone looks first, so that a wrong list does not accuse; but it can't be kept from governors for long.
                audience: if is_illegal && school_days_since < TRIAGE_DAYS { vec!["dsl", "technician"] } else { EVERYONE.into() },
            })
        })
        .collect()
}

/// Runs of silent school days of one source.
fn runs(silent: &[(Date, i64)]) -> Vec<(Date, Date, u64)> {
    let mut runs: Vec<(Date, Date, u64)> = Vec::new();
    let mut last_number = i64::MIN;
    for (day, number) in silent {
        match runs.last_mut() {
            Some((_, last, length)) if last_number + 1 == *number => {
                *last = *day;
                *length += 1;
            }
            _ => runs.push((*day, *day, 1)),
        }
        last_number = *number;
    }
    runs
}

async fn silent_feeds(school: &School<'_>, days: (Date, Date), heat: &[HeatDay]) -> Result<Vec<Finding>, QueryError> {
    let found = school.rows(include_str!("../findings/silent_days.sql"), &between(school, days)).await?;
    let mut by_source: BTreeMap<String, Vec<(Date, i64)>> = BTreeMap::new();
    for row in rows(&found) {
        let source = row.required_text("source_id")?;
        by_source.entry(source).or_default().push((row.required_day("date")?, row.whole("day_no")?.unwrap_or(0)));
    }
    let last_past = heat.iter().filter(|day| matches!(day.what, Heat::Stopped(_) | Heat::NoLogs)).map(|day| day.date).max();
    let findings = by_source.into_iter().filter_map(|(source, silent)| {
        let mut runs = runs(&silent);
        let (first, last) = (runs.first()?.0, runs.last()?.1);
        let is_silent_now = last_past == Some(last);
        let days = silent.len() as u64;
        runs.sort_by_key(|(from, _, length)| (std::cmp::Reverse(*length), *from));
        let named: Vec<String> = runs.iter().take(3).map(|(from, to, _)| words::span(*from, *to)).collect();
        let more = runs.len().saturating_sub(3);
        let others =
            if more > 0 { format!(", and {}", words::count(more as u64, "other time", "other times")) } else { String::new() };
        let now = if is_silent_now { " It is still silent." } else { "" };
        Some(Finding {
            kind: FindingKind::SilentFeed,
            tone: if is_silent_now { Tone::Urgent } else { Tone::Notice },
            title: format!("No logs from {source} on {}", words::count(days, "school day", "school days")),
            text: format!("{}{others}. Nothing can be said about those days from this source.{now}", named.join("; ")),
            ask: "was the filter off or only its log, and can the log still be had?".into(),
            first,
            last,
            count: Shown::Value(days as f64),
            about: source,
            audience: EVERYONE.into(),
        })
    });
    Ok(findings.collect())
}

fn circumvention(rises: &[Rise]) -> Vec<Finding> {
    rises
        .iter()
        .map(|Rise { period, figure }| Finding {
            kind: FindingKind::CircumventionRise,
            tone: Tone::Notice,
            title: format!("More pupils than usual looked for ways round the filter: {}", period.label),
            text: format!(
                "Clearly more than in the {}. What wholly escapes the filter is not logged.",
                figure.comparison.with.as_deref().unwrap_or("earlier period")
            ),
            ask: figure.ask.clone(),
            first: period.start,
            last: period.end,
            count: figure.value,
            about: "circumvention".into(),
            audience: EVERYONE.into(),
        })
        .collect()
}

async fn over_blocking(school: &School<'_>, days: (Date, Date), audience: Audience) -> Result<Vec<Finding>, QueryError> {
    let found = school.rows(include_str!("../findings/overblocked.sql"), &between(school, days)).await?;
    rows(&found)
        .map(|row| {
            let (category, stopped) = (row.required_text("category")?, row.count("stopped")?);
            let (first, last) = (row.required_day("first_day")?, row.required_day("last_day")?);
            let percent = row.number("percent")?.unwrap_or(0.0);
            Ok(Finding {
                kind: FindingKind::OverBlocking,
                tone: Tone::Notice,
                title: format!("Stopped although policy allows it: {}", words::in_sentence(&category)),
                text: format!(
                    "{} stopped, {percent:.1}% of those in this category, {}. This is only as good as the policy on file.",
                    words::count(stopped, "request", "requests"),
                    words::span(first, last)
                ),
                ask: "do teachers know how to ask for a site, and how long does it take?".into(),
                first,
                last,
                count: shown(stopped, audience),
                about: category,
                audience: EVERYONE.into(),
            })
        })
        .collect()
}

async fn ai_first_seen(school: &School<'_>, days: (Date, Date), audience: Audience) -> Result<Vec<Finding>, QueryError> {
    let found = school.rows(include_str!("../findings/ai_first_seen.sql"), &between(school, days)).await?;
    rows(&found)
        .map(|row| {
            let (category, requests, allowed) = (row.required_text("category")?, row.count("requests")?, row.count("allowed")?);
            let (first, last) = (row.required_day("first_day")?, row.required_day("last_day")?);
            let through = match allowed {
                0 => "none of them let through",
                _ if allowed == requests => "all of them let through",
                _ => "some of them let through",
            };
            Ok(Finding {
                kind: FindingKind::AiFirstSeen,
                tone: Tone::Notice,
                title: format!("{} first seen on {}", words::title_of(&category), words::day(first)),
                text: format!(
                    "{} since then, {through}. What was asked of them can't be seen.",
                    requests_in_words(requests, audience)
                ),
                ask: "has this use been assessed, and what did we tell pupils and staff?".into(),
                first,
                last,
                count: shown(requests, audience),
                about: category,
                audience: EVERYONE.into(),
            })
        })
        .collect()
}

async fn changes(school: &School<'_>, days: (Date, Date)) -> Result<Vec<Finding>, QueryError> {
    let found = school.rows(include_str!("../findings/changes.sql"), &between(school, days)).await?;
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for row in rows(&found) {
        let (operation, changes) = (row.required_text("operation")?, row.count("changes")?);
        let (first, last) = (row.required_day("first_day")?, row.required_day("last_day")?);
        if !seen.insert(operation.clone()) {
            continue;
        }
        let (one, many) = match operation.as_str() {
            "policy_change" => ("change of the filter's policy", "changes of the filter's policy"),
            "unblock" => ("site unblocked", "sites unblocked"),
            "filter_down" => ("stop of the filter", "stops of the filter"),
            _ => ("change of the filter's configuration", "changes of the filter's configuration"),
        };
        findings.push(Finding {
            kind: FindingKind::ConfigurationChange,
            tone: if operation == "filter_down" { Tone::Notice } else { Tone::Quiet },
            title: words::count(changes, one, many),
            text: format!(
                "The filter's own log shows {}, {}. Not every product logs its changes.",
                if changes == 1 { "it" } else { "them" },
                words::span(first, last)
            ),
            ask: "who asked, who approved, and was it someone other than who made the change?".into(),
            first,
            last,
            count: Shown::Value(changes as f64),
            about: operation,
            audience: vec!["governor", "technician"],
        });
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn silent_days_in_a_row_are_one_run_over_weekends_too() {
        let day = |day| date(2025, 9, day);
        // Friday 12 and Monday 15 are school days 5 and 6; Wednesday 17 is day 8.
        assert_eq!(runs(&[(day(12), 5), (day(15), 6), (day(17), 8)]), [(day(12), day(15), 2), (day(17), day(17), 1)]);
        assert_eq!(runs(&[]), []);
    }
}
