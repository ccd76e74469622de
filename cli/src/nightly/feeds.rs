//! Which sources fell silent, and which calendars end: held against the school days, so that no holiday raises a finding.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use jiff::ToSpan;
use jiff::civil::Date;
use weir_lake::calendar::Calendar;
use weir_lake::estate::{CalendarState, Estate, SchoolOf};
use weir_lake::ids::{SchoolId, SourceId};
use weir_query::engine::Engine;
use weir_query::output::rows_as_json;

/// Days before a calendar ends from which on it is said.
const CALENDAR_ENDS_SOON: i32 = 30;

/// The last day with logs of each school's source.
type LastDays = BTreeMap<(SchoolId, SourceId), Date>;

/// What a person should look at, a sentence each.
#[derive(Debug, Default)]
pub struct Feeds {
    /// Sources that sent nothing, each with the schools it is about.
    pub silent: Vec<(BTreeSet<SchoolId>, String)>,
    /// Term dates that are missing or end.
    pub calendars: Vec<String>,
}

impl Feeds {
    /// Every sentence.
    pub fn sentences(&self) -> Vec<String> {
        self.silent.iter().map(|(_, text)| text).chain(&self.calendars).cloned().collect()
    }
}

/// Looks at every source and every school's term dates.
pub async fn look(estate: &Estate, engine: &Engine) -> anyhow::Result<Feeds> {
    let calendar = Calendar::new(estate);
    let today = engine.today();
    let silent = silent(estate, &calendar, &last_days(engine).await?, today);
    Ok(Feeds { silent, calendars: calendars(estate, &calendar, today) })
}

async fn last_days(engine: &Engine) -> anyhow::Result<LastDays> {
    let text = "SELECT school_id, source_id, CAST(max(event_date) AS VARCHAR) AS last_day FROM activity_hourly GROUP BY school_id, source_id";
    let answer = engine.sql(text, None).await?;
    let mut days = LastDays::new();
    for batch in &answer.batches {
        for row in rows_as_json(batch)? {
            let text = |name: &str| row.get(name).and_then(|value| value.as_str()).context("a row without its key");
            days.insert((SchoolId::parse(text("school_id")?)?, SourceId::parse(text("source_id")?)?), text("last_day")?.parse()?);
        }
    }
    Ok(days)
}

/// Sources without a line on the last past school days. A source that serves many schools is looked at school by school.
fn silent(estate: &Estate, calendar: &Calendar, last_days: &LastDays, today: Date) -> Vec<(BTreeSet<SchoolId>, String)> {
    let mut findings = Vec::new();
    let yesterday = today.saturating_sub(1.day());
    for source in estate.sources.values() {
        let schools: Vec<&SchoolId> = match &source.school {
            SchoolOf::One(school) => vec![school],
            SchoolOf::Map(_) => last_days.keys().filter(|(_, id)| *id == source.id).map(|(school, _)| school).collect(),
        };
        if !last_days.keys().any(|(_, id)| *id == source.id) {
            let schools = match &source.school {
                SchoolOf::One(school) => BTreeSet::from([school.clone()]),
                SchoolOf::Map(rules) => rules.iter().map(|rule| rule.school.clone()).collect(),
            };
            findings.push((schools, format!("{}: no line of it was ever read", source.id)));
            continue;
        }
        for school in schools {
            let name = estate.schools.get(school).map_or(school.as_str(), |school| school.name.as_str());
            let Some(last) = last_days.get(&(school.clone(), source.id.clone())) else { continue };
            let missed = calendar.school_days(school, last.saturating_add(1.day()), yesterday);
            if missed > 0 {
                let text = format!(
                    "{} at {name}: no logs of the last {}; the last line is of {}",
                    source.id,
                    if missed == 1 { String::from("school day") } else { format!("{missed} school days") },
                    last.strftime("%A %-d %B %Y")
                );
                findings.push((BTreeSet::from([school.clone()]), text));
            }
        }
    }
    findings
}

fn calendars(estate: &Estate, calendar: &Calendar, today: Date) -> Vec<String> {
    let open = estate.schools.values().filter(|school| school.closes.is_none_or(|closes| closes >= today));
    open.filter_map(|school| match calendar.state(&school.school_id) {
        CalendarState::None => {
            Some(format!("{}: calendar.csv has no term dates, so there are no rates and no check for silent feeds", school.name))
        }
        CalendarState::Ends(last) if last <= today.saturating_add(CALENDAR_ENDS_SOON.days()) => {
            Some(format!("{}: the term dates in calendar.csv end on {}", school.name, last.strftime("%-d %B %Y")))
        }
        CalendarState::Ends(_) => None,
    })
    .collect()
}
