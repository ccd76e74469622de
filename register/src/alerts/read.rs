//! Reading alerts: lists for a school, and one with everything that belongs to it.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::{SchoolId, UserKey};

use super::{Alert, AlertEvent, AlertFile, AlertKind, AlertState, Closing, Note, What, Who};
use crate::records::AlertOutcome;
use crate::records::typed::day;
use crate::{AccountId, Register, RegisterError};

const UNKNOWN: RegisterError = RegisterError::Damaged("a word that it does not know");

/// Most alerts of one list.
const MOST: i64 = 1000;

/// Which alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Those with something still to be done.
    Open,
    /// Those that are over.
    Over,
    /// All of them.
    All,
}

const COLUMNS: &str = "SELECT a.*, holder.name AS holder_name, closer.name AS closer_name, second.name AS second_name,
            EXISTS (SELECT 1 FROM head_alerts WHERE alert = a.id) AS is_of_head
     FROM alerts AS a LEFT JOIN accounts AS holder ON holder.id = a.holder LEFT JOIN accounts AS closer ON closer.id = a.close_by
          LEFT JOIN accounts AS second ON second.id = a.second_by";

impl Register {
    /// A school's alerts: open ones by severity, oldest first, what looks like a lesson last; others newest first.
    pub async fn alerts(&self, school: &SchoolId, listed: Listed) -> Result<Vec<Alert>, RegisterError> {
        let (states, order) = match listed {
            Listed::Open => (
                "('new', 'taken', 'closing')",
                "(a.severity = 4 OR a.kind = 'illegal') DESC, a.kind = 'lesson', a.severity DESC, a.first_at, a.score DESC, a.id",
            ),
            Listed::Over => ("('closed', 'folded')", "a.last_at DESC, a.id DESC"),
            Listed::All => ("('new', 'taken', 'closing', 'closed', 'folded')", "a.last_at DESC, a.id DESC"),
        };
        let text = format!("{COLUMNS} WHERE a.school = ? AND a.state IN {states} ORDER BY {order} LIMIT ?");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(school.as_str()).bind(MOST).fetch_all(self.readers()).await?;
        rows.iter().map(alert).collect()
    }

    /// One alert of a school with everything that belongs to it.
    pub async fn alert(&self, school: &SchoolId, id: i64) -> Result<Option<AlertFile>, RegisterError> {
        let mut connection = self.readers().acquire().await?;
        let Some(alert) = read_one(&mut connection, school, id).await? else { return Ok(None) };
        let events = sqlx::query("SELECT * FROM alert_events WHERE alert = ? ORDER BY at, file_id, line_no")
            .bind(id)
            .fetch_all(&mut *connection)
            .await?;
        let events = events.iter().map(event).collect::<Result<_, _>>()?;
        let rows = sqlx::query(
            "SELECT n.at, n.text, w.name FROM alert_notes AS n JOIN accounts AS w ON w.id = n.account WHERE n.alert = ? ORDER BY n.id",
        )
        .bind(id)
        .fetch_all(&mut *connection)
        .await?;
        let note = |row: &SqliteRow| Ok(Note { by: row.try_get("name")?, at: row.try_get("at")?, text: row.try_get("text")? });
        let notes = rows.iter().map(note).collect::<Result<_, RegisterError>>()?;
        let accounts: Vec<i64> =
            sqlx::query_scalar("SELECT account FROM alert_reveals WHERE alert = ?").bind(id).fetch_all(&mut *connection).await?;
        Ok(Some(AlertFile { alert, events, notes, revealed_to: accounts.into_iter().map(AccountId).collect() }))
    }
}

/// One alert of a school.
pub(crate) async fn read_one(
    connection: &mut SqliteConnection,
    school: &SchoolId,
    id: i64,
) -> Result<Option<Alert>, RegisterError> {
    let text = format!("{COLUMNS} WHERE a.school = ? AND a.id = ?");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(school.as_str()).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(alert).transpose()
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn key(text: Option<&str>) -> Result<Option<UserKey>, RegisterError> {
    text.map(|text| UserKey::parse(text).map_err(|_| RegisterError::Damaged("a key it can't read"))).transpose()
}

/// An alert of a row with [`COLUMNS`].
pub(super) fn alert(row: &SqliteRow) -> Result<Alert, RegisterError> {
    let outcome: Option<&str> = row.try_get("outcome")?;
    let closing = match outcome {
        None => None,
        Some(word) => Some(Closing {
            outcome: AlertOutcome::parse(word).ok_or(UNKNOWN)?,
            why: row.try_get::<Option<String>, _>("close_why")?.unwrap_or_default(),
            by: AccountId(row.try_get("close_by")?),
            by_name: row.try_get("closer_name")?,
            at: row.try_get("close_at")?,
            second: row.try_get("second_name")?,
        }),
    };
    let holder: Option<i64> = row.try_get("holder")?;
    Ok(Alert {
        id: row.try_get("id")?,
        school: SchoolId::parse(row.try_get("school")?).map_err(|_| RegisterError::Damaged("a school it can't read"))?,
        kind: AlertKind::parse(row.try_get("kind")?).ok_or(UNKNOWN)?,
        who: Who::parse(row.try_get("who")?).ok_or(UNKNOWN)?,
        is_of_head: row.try_get("is_of_head")?,
        subject: key(row.try_get("subject")?)?,
        theme: row.try_get("theme")?,
        severity: u8::try_from(row.try_get::<i64, _>("severity")?).unwrap_or(super::MOST_SEVERE),
        score: row.try_get("score")?,
        asks_for_help: row.try_get("asks_for_help")?,
        people: small(row.try_get("people")?),
        events: small(row.try_get("events")?),
        first_at: row.try_get("first_at")?,
        last_at: row.try_get("last_at")?,
        raised_at: row.try_get("raised_at")?,
        state: AlertState::parse(row.try_get("state")?).ok_or(UNKNOWN)?,
        holder: holder.map(AccountId).zip(row.try_get("holder_name")?),
        acknowledged_at: row.try_get("acknowledged_at")?,
        closing,
        reference: row.try_get("reference")?,
        follows: row.try_get("follows")?,
        folded_into: row.try_get("folded_into")?,
    })
}

fn event(row: &SqliteRow) -> Result<AlertEvent, RegisterError> {
    Ok(AlertEvent {
        at: row.try_get("at")?,
        day: day(row.try_get("day")?)?,
        subject: key(row.try_get("subject")?)?,
        file_id: row.try_get("file_id")?,
        line_no: row.try_get("line_no")?,
        what: What::parse(row.try_get("what")?).ok_or(UNKNOWN)?,
        severity: u8::try_from(row.try_get::<i64, _>("severity")?).unwrap_or(super::MOST_SEVERE),
    })
}
