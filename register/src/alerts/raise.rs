//! Raising: groups of events from the lake joined to open alerts, in one transaction with its audit row. The same events again add nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::SchoolId;

use super::{AlertKind, What, Who};
use crate::{Act, Register, RegisterError};

/// An event that may raise an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The same event read from another file has the same.
    pub identity: [u8; 16],
    /// When, microseconds.
    pub at: i64,
    /// The school's local date.
    pub day: Date,
    /// Key of the person or device.
    pub subject: Option<String>,
    /// Input file.
    pub file_id: String,
    /// Its line.
    pub line_no: i64,
    /// What it was.
    pub what: What,
    /// 1 to 4.
    pub severity: u8,
    /// It asks for help.
    pub asks_for_help: bool,
    /// Whether it raises an alert where none is open; otherwise it only joins one.
    pub raises: bool,
}

/// Events that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// School.
    pub school: SchoolId,
    /// Whom it is about.
    pub who: Who,
    /// Key of the person or device; none for a class.
    pub subject: Option<String>,
    /// Digest of what a class has in common.
    pub shared: Option<[u8; 16]>,
    /// Theme.
    pub theme: String,
    /// Whether it holds what is listed as illegal.
    pub is_illegal: bool,
    /// Orders the list.
    pub score: i64,
    /// Events, oldest first.
    pub events: Vec<NewEvent>,
}

/// What raising came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Raised {
    /// New alerts.
    pub alerts: u32,
    /// Of them those to be told at once.
    pub urgent: u32,
    /// Open alerts that events joined.
    pub joined: u32,
    /// Alerts that turned out to be part of a lesson.
    pub folded: u32,
}

/// An open alert as far as joining needs it.
struct Open {
    id: i64,
    severity: u8,
    is_illegal: bool,
}

impl Register {
    /// The lake version up to which events were looked at, and the day of that look.
    pub async fn alerts_looked_at(&self) -> Result<Option<(u64, Date)>, RegisterError> {
        let row = sqlx::query("SELECT lake_version, day FROM alert_look").fetch_optional(self.readers()).await?;
        let Some(row) = row else { return Ok(None) };
        let version: i64 = row.try_get("lake_version")?;
        Ok(Some((u64::try_from(version).unwrap_or(0), crate::records::typed::day(row.try_get("day")?)?)))
    }

    /// Raises alerts from groups of events, at a time, and notes how far the lake was looked at where
    /// that is further than before. What is known already changes nothing.
    pub async fn raise_alerts(
        &self,
        mut act: Act,
        groups: &[NewGroup],
        looked_at: Option<(u64, Date)>,
        now: i64,
    ) -> Result<Raised, RegisterError> {
        let mut raised = Raised::default();
        act.set("groups", groups.len() as u64);
        let mut writing = self.begin(act).await?;
        for group in groups {
            take(writing.connection(), group, now, &mut raised).await?;
        }
        super::heads::mark(writing.connection()).await?;
        if let Some((version, day)) = looked_at {
            sqlx::query(
                "INSERT INTO alert_look (one, lake_version, day) VALUES (1, ?1, ?2)
                 ON CONFLICT DO UPDATE SET lake_version = max(lake_version, ?1), day = ?2",
            )
            .bind(i64::try_from(version).unwrap_or(i64::MAX))
            .bind(day.to_string())
            .execute(writing.connection())
            .await?;
        }
        let act = writing.act();
        act.set("raised", raised.alerts);
        act.set("urgent", raised.urgent);
        act.set("joined", raised.joined);
        act.set("folded", raised.folded);
        let _receipt = writing.commit().await?;
        Ok(raised)
    }
}

async fn take(connection: &mut SqliteConnection, group: &NewGroup, now: i64, raised: &mut Raised) -> Result<(), RegisterError> {
    let is_lesson = group.shared.is_some();
    let mut fresh: Vec<&NewEvent> = Vec::new();
    let mut moved: BTreeSet<i64> = BTreeSet::new();
    let mut moving: Vec<&NewEvent> = Vec::new();
    for event in &group.events {
        let known = sqlx::query(
            "SELECT e.alert, a.state, a.kind FROM alert_events AS e JOIN alerts AS a ON a.id = e.alert WHERE e.identity = ?",
        )
        .bind(event.identity.as_slice())
        .fetch_optional(&mut *connection)
        .await?;
        match known {
            None => fresh.push(event),
            // Raised alone before the rest of the class was read, and nobody has taken it.
            Some(row)
                if is_lesson && row.try_get::<&str, _>("state")? == "new" && row.try_get::<&str, _>("kind")? == "person" =>
            {
                moved.insert(row.try_get("alert")?);
                moving.push(event);
            }
            Some(_) => {}
        }
    }
    let raises = |events: &[&NewEvent]| events.iter().any(|event| event.raises);
    let open = open_one(connection, group).await?;
    if fresh.is_empty() && moving.is_empty() || open.is_none() && !raises(&fresh) && !raises(&moving) {
        return Ok(());
    }
    let severity = fresh.iter().chain(&moving).map(|event| event.severity).max().unwrap_or(1);
    let id = match &open {
        Some(open) => {
            raised.joined += 1;
            join(connection, open, group, severity, now).await?;
            open.id
        }
        None => {
            raised.alerts += 1;
            raised.urgent += u32::from(severity >= super::MOST_SEVERE || group.is_illegal);
            add(connection, group, severity, now).await?
        }
    };
    for event in fresh {
        add_event(connection, id, event).await?;
    }
    for event in moving {
        sqlx::query("UPDATE alert_events SET alert = ? WHERE identity = ?")
            .bind(id)
            .bind(event.identity.as_slice())
            .execute(&mut *connection)
            .await?;
    }
    count_anew(connection, id).await?;
    for alert in moved.into_iter().filter(|alert| *alert != id) {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM alert_events WHERE alert = ?")
            .bind(alert)
            .fetch_one(&mut *connection)
            .await?;
        if left == 0 {
            raised.folded += 1;
            sqlx::query("UPDATE alerts SET state = 'folded', folded_into = ?, events = 0 WHERE id = ?")
                .bind(id)
                .bind(alert)
                .execute(&mut *connection)
                .await?;
        } else {
            count_anew(connection, alert).await?;
        }
    }
    Ok(())
}

async fn open_one(connection: &mut SqliteConnection, group: &NewGroup) -> Result<Option<Open>, RegisterError> {
    let row = sqlx::query(
        "SELECT id, severity, kind FROM alerts
         WHERE school = ? AND who = ? AND subject IS ? AND shared IS ? AND theme = ? AND state IN ('new', 'taken', 'closing')",
    )
    .bind(group.school.as_str())
    .bind(group.who.word())
    .bind(group.subject.as_deref())
    .bind(group.shared.as_ref().map(<[u8; 16]>::as_slice))
    .bind(&group.theme)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Open {
        id: row.try_get("id")?,
        severity: u8::try_from(row.try_get::<i64, _>("severity")?).unwrap_or(super::MOST_SEVERE),
        is_illegal: row.try_get::<&str, _>("kind")? == AlertKind::Illegal.word(),
    }))
}

/// Later events join. Somebody who wanted to close it did so without them; what becomes urgent only now waits for somebody anew.
async fn join(
    connection: &mut SqliteConnection,
    open: &Open,
    group: &NewGroup,
    severity: u8,
    now: i64,
) -> Result<(), RegisterError> {
    let was_urgent = open.severity >= super::MOST_SEVERE || open.is_illegal;
    let becomes_urgent = !was_urgent && (severity >= super::MOST_SEVERE || group.is_illegal);
    sqlx::query(
        "UPDATE alerts SET severity = max(severity, ?2), score = max(score, ?3),
                kind = CASE WHEN ?4 AND kind = 'person' THEN 'illegal' ELSE kind END,
                state = CASE WHEN ?5 THEN 'new' WHEN state = 'closing' THEN 'taken' ELSE state END,
                raised_at = CASE WHEN ?5 THEN ?6 ELSE raised_at END,
                outcome = NULL, close_why = NULL, close_by = NULL, close_at = NULL
         WHERE id = ?1",
    )
    .bind(open.id)
    .bind(i64::from(severity))
    .bind(group.score)
    .bind(group.is_illegal)
    .bind(becomes_urgent)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn add(connection: &mut SqliteConnection, group: &NewGroup, severity: u8, now: i64) -> Result<i64, RegisterError> {
    let kind = match (group.shared.is_some(), group.is_illegal) {
        (true, _) => AlertKind::Lesson,
        (false, true) => AlertKind::Illegal,
        (false, false) => AlertKind::Person,
    };
    let added = sqlx::query(
        "INSERT INTO alerts (school, kind, who, subject, shared, theme, severity, score, asks_for_help, people, events, first_at, last_at,
                             raised_at, state, follows)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 1, 0, 0, 0, ?9, 'new',
                 (SELECT max(id) FROM alerts WHERE school = ?1 AND who = ?3 AND subject IS ?4 AND shared IS ?5 AND theme = ?6
                         AND state = 'closed' AND (subject IS NOT NULL OR shared IS NOT NULL)))",
    )
    .bind(group.school.as_str())
    .bind(kind.word())
    .bind(group.who.word())
    .bind(group.subject.as_deref())
    .bind(group.shared.as_ref().map(<[u8; 16]>::as_slice))
    .bind(&group.theme)
    .bind(i64::from(severity))
    .bind(group.score)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(added.last_insert_rowid())
}

async fn add_event(connection: &mut SqliteConnection, alert: i64, event: &NewEvent) -> Result<(), RegisterError> {
    // Two lines of one moment are one event.
    sqlx::query(
        "INSERT INTO alert_events (identity, alert, at, day, subject, file_id, line_no, what, severity, help)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(event.identity.as_slice())
    .bind(alert)
    .bind(event.at)
    .bind(event.day.to_string())
    .bind(event.subject.as_deref())
    .bind(&event.file_id)
    .bind(event.line_no)
    .bind(event.what.word())
    .bind(i64::from(event.severity))
    .bind(event.asks_for_help)
    .execute(connection)
    .await?;
    Ok(())
}

/// What is known of an alert from its events.
async fn count_anew(connection: &mut SqliteConnection, alert: i64) -> Result<(), RegisterError> {
    sqlx::query(
        "UPDATE alerts SET (events, people, first_at, last_at, asks_for_help) =
                (SELECT count(*), max(1, count(DISTINCT subject)), min(at), max(at), max(help) FROM alert_events WHERE alert = ?1)
         WHERE id = ?1",
    )
    .bind(alert)
    .execute(connection)
    .await?;
    Ok(())
}
