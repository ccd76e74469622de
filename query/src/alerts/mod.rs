//! Alerts: which events of the lake may need a person today, and what they come to together. What is done about them is the register's.

mod join;
#[cfg(test)]
mod join_tests;
mod seen;
#[cfg(test)]
mod tests;
mod words;

use jiff::ToSpan as _;
use jiff::civil::Date;

pub use join::{Found, FoundEvent, Group, LESSON_PUPILS, Person};
pub use seen::Weights;
pub use words::{Lateness, Moment, Wanted, theme_words};

use crate::engine::Engine;
use crate::error::QueryError;
use crate::rows::rows;
use datafusion::common::ScalarValue;
use weir_lake::calendar::epoch_day;

/// Days whose events still raise an alert. What is older was somebody's worry then; the saved questions find it.
pub const DAYS_BACK: i32 = 14;

/// Days before the first one that are read too: what came up on three days of seven counts one step more.
const REPEAT_DAYS: i32 = 7;

/// A closed span of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First.
    pub from: Date,
    /// Last.
    pub to: Date,
}

fn date(day: Date) -> ScalarValue {
    ScalarValue::Date32(Some(epoch_day(day)))
}

/// What events of these days come to, for every school. Reads raw rows, a week before the first day included.
pub async fn found(engine: &Engine, days: Days, weights: &Weights<'_>) -> Result<Vec<Found>, QueryError> {
    let first = days.from.checked_sub((REPEAT_DAYS - 1).days()).unwrap_or(days.from);
    let parameters = [("from", date(first)), ("to", date(days.to))];
    let batches = engine.rows(include_str!("../../alerts/alerts.sql"), &parameters).await?;
    let seen = rows(&batches).map(|row| seen::Seen::read(row, weights)).collect::<Result<Vec<_>, _>>()?;
    Ok(join::join(seen, days.from))
}

/// The days that lines read since a lake version tell of, no further back than [`DAYS_BACK`]; none where nothing new came.
pub async fn days_since(engine: &Engine, seen: Option<(u64, Date)>) -> Result<Option<Days>, QueryError> {
    let today = engine.today();
    let earliest = today.checked_sub((DAYS_BACK - 1).days()).unwrap_or(today);
    let Some((version, looked_on)) = seen else { return Ok(Some(Days { from: earliest, to: today })) };
    if version >= engine.lake_version() && looked_on == today {
        return Ok(None);
    }
    let seen = i64::try_from(version).unwrap_or(i64::MAX);
    let batches = engine.rows(include_str!("../../alerts/received.sql"), &[("seen", ScalarValue::from(seen))]).await?;
    let first = rows(&batches).next().map(|row| row.day("first_day")).transpose()?.flatten();
    // A line's time in UTC and the school's day may be one apart.
    let first = first.map(|day| day.checked_sub(1.days()).unwrap_or(day).max(earliest));
    Ok(first.filter(|first| *first <= today).map(|from| Days { from, to: today }))
}
