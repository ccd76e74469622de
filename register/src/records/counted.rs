//! What figures are made of: days, kinds and numbers of what people recorded, of all schools at once. No text that anybody typed, nobody's
//! name, no key.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::SchoolId;

use super::AlertOutcome;
use super::typed::{day, maybe_day};
use crate::{Register, RegisterError};

/// A test that is planned at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedPlan {
    /// School.
    pub school: SchoolId,
    /// The place's number.
    pub place: i64,
    /// What is tested, by its word.
    pub test: String,
    /// At least every how many days.
    pub every_days: u16,
    /// Since when.
    pub since: Date,
    /// The first day on which it no longer is.
    pub until: Option<Date>,
}

/// A test that was made and not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedTest {
    /// School.
    pub school: SchoolId,
    /// The place's number.
    pub place: i64,
    /// What was tested, by its word.
    pub test: String,
    /// When.
    pub day: Date,
    /// Whether it passed.
    pub passed: bool,
}

/// A change that was asked for and not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedChange {
    /// School.
    pub school: SchoolId,
    /// Its number.
    pub number: i64,
    /// Its kind, by its word.
    pub kind: String,
    /// When it was asked for.
    pub asked: Date,
    /// When it was decided.
    pub decided: Option<Date>,
    /// Whether it was approved.
    pub granted: bool,
    /// When it was made.
    pub made: Option<Date>,
    /// When it was taken back.
    pub ended: Option<Date>,
}

/// A name that was revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedReveal {
    /// School.
    pub school: SchoolId,
    /// When, on the school's calendar.
    pub day: Date,
    /// The role under which it was, by its word.
    pub role: String,
    /// Tells the people of these rows apart, and nothing else of them.
    pub person: i64,
}

/// An alert about a pupil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedAlert {
    /// School.
    pub school: SchoolId,
    /// Its number.
    pub number: i64,
    /// Tells the pupils of these rows apart, and nothing else of them. Never a key.
    pub pupil: i64,
    /// 1 low to 4 urgent.
    pub severity: u8,
    /// When what it tells of happened, by the school's clock: day, and minute of that day.
    pub happened: (Date, u16),
    /// When somebody first acknowledged it.
    pub acknowledged: Option<(Date, u16)>,
    /// What came of it, by its word; `false_positive` is a false alarm.
    pub outcome: Option<String>,
    /// The day on which it was closed with that outcome.
    pub closed: Option<Date>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Tests that are planned.
    pub plan: Vec<CountedPlan>,
    /// Tests that were made.
    pub tests: Vec<CountedTest>,
    /// Changes.
    pub changes: Vec<CountedChange>,
    /// Alerts about pupils, those that became part of a lesson left out.
    pub alerts: Vec<CountedAlert>,
    /// Reveals.
    pub reveals: Vec<CountedReveal>,
    /// The day of the trail's first row; none where it has none.
    pub trail_since: Option<Date>,
}

/// The outcome of a false alarm, as figures know it.
const FALSE_POSITIVE: &str = "false_positive";

fn school(text: &str) -> Result<SchoolId, RegisterError> {
    SchoolId::parse(text).map_err(|_| RegisterError::Damaged("a school that is none"))
}

impl Register {
    /// What figures are made of. `zone` gives a school's time zone: a reveal late in the evening is that day's.
    pub async fn counted(&self, zone: impl Fn(&SchoolId) -> TimeZone) -> Result<Counted, RegisterError> {
        // One state of all of it.
        let mut reading = self.readers().begin().await?;
        let mut counted = Counted::default();
        let rows = sqlx::query(
            "SELECT school, spot, test, every_days, added_on, ended_on FROM check_plan JOIN check_spots ON check_spots.id = spot
             ORDER BY school, spot, test",
        )
        .fetch_all(&mut *reading)
        .await?;
        for row in rows {
            let every: i64 = row.try_get("every_days")?;
            counted.plan.push(CountedPlan {
                school: school(row.try_get("school")?)?,
                place: row.try_get("spot")?,
                test: row.try_get("test")?,
                every_days: u16::try_from(every).map_err(|_| RegisterError::Damaged("an interval of too many days"))?,
                since: day(row.try_get("added_on")?)?,
                until: maybe_day(row.try_get("ended_on")?)?,
            });
        }
        let rows = sqlx::query(
            "SELECT school, spot, test, day, passed FROM check_results JOIN checks ON checks.id = check_id
             WHERE withdrawn_at IS NULL ORDER BY checks.id, test",
        )
        .fetch_all(&mut *reading)
        .await?;
        for row in rows {
            counted.tests.push(CountedTest {
                school: school(row.try_get("school")?)?,
                place: row.try_get("spot")?,
                test: row.try_get("test")?,
                day: day(row.try_get("day")?)?,
                passed: row.try_get("passed")?,
            });
        }
        let rows = sqlx::query(
            "SELECT school, id, kind, asked_on, decided_on, decision, made_on, ended_on FROM changes
             WHERE withdrawn_on IS NULL ORDER BY id",
        )
        .fetch_all(&mut *reading)
        .await?;
        for row in rows {
            counted.changes.push(CountedChange {
                school: school(row.try_get("school")?)?,
                number: row.try_get("id")?,
                kind: row.try_get("kind")?,
                asked: day(row.try_get("asked_on")?)?,
                decided: maybe_day(row.try_get("decided_on")?)?,
                granted: row.try_get::<Option<String>, _>("decision")?.as_deref() == Some("approved"),
                made: maybe_day(row.try_get("made_on")?)?,
                ended: maybe_day(row.try_get("ended_on")?)?,
            });
        }
        let rows = sqlx::query(
            "SELECT at, role, school, object FROM audit
             WHERE action = 'reveal' AND outcome = 'done' AND school IS NOT NULL ORDER BY number",
        )
        .fetch_all(&mut *reading)
        .await?;
        let mut people: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows {
            let school = school(row.try_get("school")?)?;
            let of: Option<String> = row.try_get("object")?;
            let next = people.len() as i64 + 1;
            counted.reveals.push(CountedReveal {
                day: local_day(row.try_get("at")?, zone(&school))?,
                role: row.try_get::<Option<String>, _>("role")?.unwrap_or_default(),
                person: *people.entry(of.unwrap_or_default()).or_insert(next),
                school,
            });
        }
        counted.alerts = alerts(&mut reading, &zone).await?;
        let since: Option<i64> = sqlx::query_scalar("SELECT min(at) FROM audit").fetch_one(&mut *reading).await?;
        counted.trail_since = since.map(|at| local_day(at, TimeZone::UTC)).transpose()?;
        Ok(counted)
    }
}

async fn alerts(
    reading: &mut SqliteConnection,
    zone: impl Fn(&SchoolId) -> TimeZone,
) -> Result<Vec<CountedAlert>, RegisterError> {
    let rows = sqlx::query(
        "SELECT id, school, severity, first_at, acknowledged_at, close_at, CASE WHEN state = 'closed' THEN outcome END AS outcome,
                dense_rank() OVER (ORDER BY COALESCE(subject, 'alert ' || id)) AS pupil
         FROM alerts WHERE who = 'pupil' AND state <> 'folded' ORDER BY id",
    )
    .fetch_all(reading)
    .await?;
    let mut alerts = Vec::new();
    for row in rows {
        let school = school(row.try_get("school")?)?;
        let outcome: Option<&str> = row.try_get("outcome")?;
        let outcome =
            outcome.map(|word| AlertOutcome::parse(word).ok_or(RegisterError::Damaged("an outcome that it does not know")));
        let outcome = outcome.transpose()?;
        let closed: Option<i64> = row.try_get("close_at")?;
        let acknowledged: Option<i64> = row.try_get("acknowledged_at")?;
        let minute = |at| local_minute(at, zone(&school));
        alerts.push(CountedAlert {
            number: row.try_get("id")?,
            pupil: row.try_get("pupil")?,
            severity: u8::try_from(row.try_get::<i64, _>("severity")?)
                .map_err(|_| RegisterError::Damaged("a severity that is none"))?,
            happened: minute(row.try_get("first_at")?)?,
            acknowledged: acknowledged.map(minute).transpose()?,
            closed: closed.filter(|_| outcome.is_some()).map(|at| local_day(at, zone(&school))).transpose()?,
            outcome: outcome.map(|outcome| if outcome.is_false() { FALSE_POSITIVE.into() } else { outcome.word().into() }),
            school,
        });
    }
    Ok(alerts)
}

/// A day, and the minute of that day, by a school's clock.
fn local_minute(at: i64, zone: TimeZone) -> Result<(Date, u16), RegisterError> {
    let at = Timestamp::from_microsecond(at).map_err(|_| RegisterError::Damaged("a time that it can't read"))?;
    let at = at.to_zoned(zone);
    let minute = u16::from(at.hour().unsigned_abs()) * 60 + u16::from(at.minute().unsigned_abs());
    Ok((at.date(), minute))
}

fn local_day(at: i64, zone: TimeZone) -> Result<Date, RegisterError> {
    let at = Timestamp::from_microsecond(at).map_err(|_| RegisterError::Damaged("a time that it can't read"))?;
    Ok(at.to_zoned(zone).date())
}
