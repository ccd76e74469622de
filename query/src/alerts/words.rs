//! What a person may read of an alert: the words of its events and of the hour before and after, asked in a session of one school, so
//! that illegal addresses and private visits are hidden there. Nothing of it is kept.

use std::collections::BTreeSet;

use datafusion::common::ScalarValue;
use jiff::ToSpan as _;
use jiff::civil::Date;
use weir_lake::clock;
use weir_lake::ids::SchoolId;

use super::date;
use crate::engine::{Engine, Reason};
use crate::error::QueryError;
use crate::rows::{Row, rows};
use crate::scope::Scope;

/// Minutes before and after that are shown.
const MINUTES: i64 = 60;

/// Days by which it is told whether logs come in time.
const LATE_DAYS: i32 = 14;

/// Which events.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// School.
    pub school: SchoolId,
    /// Key of the person or device; none for a class or where nobody is known.
    pub subject: Option<String>,
    /// Input files and lines.
    pub lines: BTreeSet<(String, i64)>,
    /// First and last day of theirs.
    pub days: (Date, Date),
}

/// One thing that happened, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The input line; none for what was folded together.
    pub line: Option<(String, i64)>,
    /// The school's local date, ISO; empty where it is the day asked for.
    pub day: String,
    /// The school's local time.
    pub time: String,
    /// "searched for", "was stopped from", ...
    pub what: String,
    /// The search or the host, plain text, never to be opened.
    pub of_what: String,
    /// What it is about, in words; may be empty.
    pub about: String,
    /// How often within the minute.
    pub times: u64,
}

/// Whether a school's logs come in time for alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// Half of them or more within an hour.
    InTime,
    /// Less.
    Late,
    /// None came in the last days.
    NoLogs,
}

fn plain(row: Row<'_>, name: &str) -> Result<String, QueryError> {
    Ok(row.text(name)?.unwrap_or_default())
}

/// A row of a timeline, on which the same thing within a minute is one.
fn folded(row: Row<'_>) -> Result<Moment, QueryError> {
    Ok(Moment {
        line: None,
        day: String::new(),
        time: plain(row, "time")?,
        what: plain(row, "what")?,
        of_what: plain(row, "of_what")?,
        about: plain(row, "about")?,
        times: row.count("times")?,
    })
}

impl Engine {
    /// What stood in these events, oldest first; what is past its time is left out. The caller has written down that it is read.
    pub async fn words_of(&self, wanted: &Wanted, why: &Reason) -> Result<Vec<Moment>, QueryError> {
        let session = self.signed_in(&Scope::one(wanted.school.clone()));
        let parameters = [
            ("school".to_owned(), ScalarValue::from(wanted.school.as_str())),
            ("from".to_owned(), date(wanted.days.0)),
            ("to".to_owned(), date(wanted.days.1)),
            ("subject".to_owned(), ScalarValue::from(wanted.subject.as_deref().unwrap_or_default())),
        ];
        let answer = session.ask(include_str!("../../alerts/words.sql"), &parameters, Some(why)).await?;
        let mut moments = Vec::new();
        for row in rows(&answer.batches) {
            let line = (plain(row, "file_id")?, row.whole("line_no")?.unwrap_or(0));
            if wanted.lines.contains(&line) {
                moments.push(Moment {
                    line: Some(line),
                    day: plain(row, "day")?,
                    time: plain(row, "time")?,
                    what: plain(row, "what")?,
                    of_what: plain(row, "of_what")?,
                    about: plain(row, "filter_says")?,
                    times: 1,
                });
            }
        }
        moments.sort_by(|a, b| (&a.day, &a.time, &a.line).cmp(&(&b.day, &b.time, &b.line)));
        Ok(moments)
    }

    /// What a pupil did in the hour before and after a moment, noise folded away.
    pub async fn before_and_after(
        &self,
        school: &SchoolId,
        pupil: &str,
        at: i64,
        why: &Reason,
    ) -> Result<Vec<Moment>, QueryError> {
        let of_school = [("school", ScalarValue::from(school.as_str()))];
        let zone = self.rows("SELECT s.timezone FROM schools s WHERE s.school_id = $school", &of_school).await?;
        let zone = rows(&zone).next().map(|row| row.required_text("timezone")).transpose()?;
        let zone = zone.and_then(|zone| clock::zone(&zone));
        let (Some(zone), Ok(instant)) = (zone, jiff::Timestamp::from_microsecond(at)) else {
            return Err(QueryError::UnknownSchool(school.to_string()));
        };
        let local = instant.to_zoned(zone);
        let parameters = [
            ("school".to_owned(), ScalarValue::from(school.as_str())),
            ("pupil".to_owned(), ScalarValue::from(pupil)),
            ("day".to_owned(), date(local.date())),
            ("time".to_owned(), ScalarValue::from(local.strftime("%H:%M").to_string())),
            ("minutes".to_owned(), ScalarValue::from(MINUTES)),
        ];
        let session = self.signed_in(&Scope::one(school.clone()));
        let answer = session.ask(include_str!("../../saved/before_and_after.sql"), &parameters, Some(why)).await?;
        rows(&answer.batches).map(folded).collect()
    }

    /// What a pupil did on one day, noise folded away.
    pub async fn day_of(&self, school: &SchoolId, pupil: &str, day: Date, why: &Reason) -> Result<Vec<Moment>, QueryError> {
        let parameters = [
            ("school".to_owned(), ScalarValue::from(school.as_str())),
            ("pupil".to_owned(), ScalarValue::from(pupil)),
            ("day".to_owned(), date(day)),
        ];
        let session = self.signed_in(&Scope::one(school.clone()));
        let answer = session.ask(include_str!("../../saved/pupil_day.sql"), &parameters, Some(why)).await?;
        rows(&answer.batches).map(folded).collect()
    }

    /// Whether a school's logs of the last two weeks came in time.
    pub async fn lateness(&self, school: &SchoolId) -> Result<Lateness, QueryError> {
        let today = self.today();
        let from = today.checked_sub(LATE_DAYS.days()).unwrap_or(today);
        let parameters = [("school", ScalarValue::from(school.as_str())), ("from", date(from)), ("to", date(today))];
        let found = self.rows(include_str!("../../alerts/late.sql"), &parameters).await?;
        let Some(row) = rows(&found).next() else { return Ok(Lateness::NoLogs) };
        let (all, in_time) = (row.number("events")?.unwrap_or(0.0), row.number("in_time")?.unwrap_or(0.0));
        Ok(if all <= 0.0 {
            Lateness::NoLogs
        } else if in_time * 2.0 >= all {
            Lateness::InTime
        } else {
            Lateness::Late
        })
    }
}

/// The rows that say what kind of person a key stands for: raw ones of a month, rollups as long as they are kept.
const TYPES: &str = "SELECT DISTINCT p.user_type FROM pupil_days p WHERE p.school_id = $school AND p.user_key = $key
UNION SELECT DISTINCT e.user_type FROM events e WHERE e.school_id = $school AND e.user_key = $key AND e.event_date >= $from";

impl Engine {
    /// What kinds of person the logs show behind a key: `pupil`, `staff`, ...; none where they no longer know it.
    pub async fn user_types(&self, school: &SchoolId, key: &str) -> Result<BTreeSet<String>, QueryError> {
        let from = self.today().checked_sub(31.days()).unwrap_or(self.today());
        let parameters = [("school", ScalarValue::from(school.as_str())), ("key", ScalarValue::from(key)), ("from", date(from))];
        let found = self.rows(TYPES, &parameters).await?;
        rows(&found).map(|row| row.required_text("user_type")).collect()
    }
}

/// A theme as it stands inside a sentence.
pub fn theme_words(theme: &str) -> String {
    crate::words::in_sentence(theme)
}
