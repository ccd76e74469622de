//! Alerts and reveals counted, for figures and the annual review: times and outcomes, never a key or a word.

use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use super::{AlertKind, AlertState, MOST_SEVERE};
use crate::records::AlertOutcome;
use crate::{Register, RegisterError, Role};

/// An hour in microseconds.
const HOUR: f64 = 3_600_000_000.0;

/// What figures need of one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFact {
    /// Theme.
    pub theme: String,
    /// 1 to 4.
    pub severity: u8,
    /// What it was about.
    pub kind: AlertKind,
    /// How it stands.
    pub state: AlertState,
    /// People in it.
    pub people: u32,
    /// Its first event, microseconds.
    pub first_at: i64,
    /// When it was raised.
    pub raised_at: i64,
    /// When it was first taken.
    pub acknowledged_at: Option<i64>,
    /// What came of it, once it is closed.
    pub outcome: Option<AlertOutcome>,
    /// A mark by which the same person is counted once; not their key.
    pub person: u64,
}

/// A name that was shown or a key that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealFact {
    /// Its row in the trail.
    pub number: i64,
    /// When, microseconds.
    pub at: i64,
    /// Who: their name, or as the trail has it.
    pub by: String,
    /// Under which role.
    pub role: Option<Role>,
    /// The key of a name was looked up; otherwise the name behind a key was shown.
    pub is_find: bool,
    /// It was a member of staff's.
    pub is_staff: bool,
    /// The trail's mark of the person.
    pub subject: Option<String>,
    /// From which alert.
    pub alert: Option<i64>,
    /// The second person, where one was named.
    pub second: Option<String>,
    /// Why, as they said.
    pub reason: String,
}

/// Alerts counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertTally {
    /// Raised, those that turned out to be part of a lesson left out.
    pub raised: u32,
    /// Of them urgent.
    pub urgent: u32,
    /// Of them lessons.
    pub lessons: u32,
    /// Taken by somebody.
    pub acknowledged: u32,
    /// Still open.
    pub open: u32,
    /// Closed with an outcome.
    pub closed: u32,
    /// Of the closed ones, those that told of nothing.
    pub false_alarms: u32,
    /// Different people in them; a lesson counts its pupils.
    pub people: u32,
    /// Hours from the event to when somebody took it: half of them at most.
    pub median_hours: Option<f64>,
    /// Nine of ten of them at most.
    pub hours_of_nine_in_ten: Option<f64>,
}

impl AlertTally {
    /// Counts them.
    pub fn of(facts: &[AlertFact]) -> Self {
        let counted: Vec<&AlertFact> = facts.iter().filter(|fact| fact.state != AlertState::Folded).collect();
        let count = |is_it: &dyn Fn(&AlertFact) -> bool| counted.iter().filter(|fact| is_it(fact)).count() as u32;
        let mut hours: Vec<f64> = counted.iter().filter_map(|fact| fact.hours()).collect();
        hours.sort_by(f64::total_cmp);
        let mut people: Vec<u64> = counted.iter().filter(|fact| fact.kind != AlertKind::Lesson).map(|fact| fact.person).collect();
        people.sort_unstable();
        people.dedup();
        let in_lessons: u32 =
            counted.iter().filter(|fact| fact.kind == AlertKind::Lesson).map(|fact| fact.people).max().unwrap_or(0);
        Self {
            raised: counted.len() as u32,
            urgent: count(&|fact| fact.severity >= MOST_SEVERE || fact.kind == AlertKind::Illegal),
            lessons: count(&|fact| fact.kind == AlertKind::Lesson),
            acknowledged: count(&|fact| fact.acknowledged_at.is_some()),
            open: count(&|fact| fact.state.is_open()),
            closed: count(&|fact| fact.outcome.is_some()),
            false_alarms: count(&|fact| fact.outcome.is_some_and(AlertOutcome::is_false)),
            // The same pupils may have been in several lessons: the largest is the least that is certain.
            people: people.len() as u32 + in_lessons,
            median_hours: at_most(&hours, 0.5),
            hours_of_nine_in_ten: at_most(&hours, 0.9),
        }
    }
}

/// The smallest value that at least such a share does not exceed.
fn at_most(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.max(1) - 1).copied()
}

impl AlertFact {
    /// Hours from the first event to when somebody took it.
    pub fn hours(&self) -> Option<f64> {
        self.acknowledged_at.map(|at| (at - self.first_at) as f64 / HOUR)
    }
}

impl Register {
    /// What figures need of a school's alerts raised between two times, microseconds, the second left out.
    pub async fn alert_facts(&self, school: &SchoolId, between: (i64, i64)) -> Result<Vec<AlertFact>, RegisterError> {
        let rows = sqlx::query(
            "SELECT theme, severity, kind, state, people, first_at, raised_at, acknowledged_at, outcome,
                    dense_rank() OVER (ORDER BY COALESCE(subject, 'alert ' || id)) AS person
             FROM alerts WHERE school = ? AND raised_at >= ? AND raised_at < ? ORDER BY raised_at, id",
        )
        .bind(school.as_str())
        .bind(between.0)
        .bind(between.1)
        .fetch_all(self.readers())
        .await?;
        let unknown = || RegisterError::Damaged("a word that it does not know");
        rows.iter()
            .map(|row| {
                let state = AlertState::parse(row.try_get("state")?).ok_or_else(unknown)?;
                let outcome: Option<&str> = row.try_get("outcome")?;
                let outcome = outcome.filter(|_| state == AlertState::Closed);
                Ok(AlertFact {
                    theme: row.try_get("theme")?,
                    severity: u8::try_from(row.try_get::<i64, _>("severity")?).unwrap_or(MOST_SEVERE),
                    kind: AlertKind::parse(row.try_get("kind")?).ok_or_else(unknown)?,
                    state,
                    people: u32::try_from(row.try_get::<i64, _>("people")?).unwrap_or(0),
                    first_at: row.try_get("first_at")?,
                    raised_at: row.try_get("raised_at")?,
                    acknowledged_at: row.try_get("acknowledged_at")?,
                    outcome: outcome.map(|word| AlertOutcome::parse(word).ok_or_else(unknown)).transpose()?,
                    person: u64::try_from(row.try_get::<i64, _>("person")?).unwrap_or(0),
                })
            })
            .collect()
    }
}
