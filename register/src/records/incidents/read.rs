//! Reading incidents: a school's, one of them, and those about a key for whoever asks what is kept of them.

use std::collections::BTreeMap;

use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::{SchoolId, UserKey};

use super::{Incident, IncidentAbout, IncidentStep, Said, Step};
use crate::records::By;
use crate::{AccountId, Act, Action, Actor, Receipt, Register, RegisterError};

const UNKNOWN: RegisterError = RegisterError::Damaged("a word that it does not know");

impl Register {
    /// A school's incidents, newest first. The caller shows each reader those of [`IncidentAbout::is_for`].
    pub async fn incidents(&self, school: &SchoolId) -> Result<Vec<Incident>, RegisterError> {
        let mut reading = self.readers().begin().await?;
        read(&mut reading, Some(school), None).await
    }

    /// One incident of a school.
    pub async fn incident(&self, school: &SchoolId, id: i64) -> Result<Option<Incident>, RegisterError> {
        let mut reading = self.readers().begin().await?;
        read_one(&mut reading, school, id).await
    }

    /// Writes down that somebody looks at an incident, before it is shown. Every time anew.
    pub async fn incident_seen(&self, by: By, school: &SchoolId, id: i64) -> Result<Receipt, RegisterError> {
        let actor = Actor::Account { id: by.id, role: Some(by.role) };
        self.audit(Act::new(actor, Action::Open).at(school).on("incident", id)).await
    }

    /// What the register keeps about these keys at a school: alerts and incidents, for a request of access. The caller has audited it.
    pub async fn kept_about(&self, school: &SchoolId, keys: &[UserKey]) -> Result<serde_json::Value, RegisterError> {
        let mut reading = self.readers().begin().await?;
        let mut alerts = Vec::new();
        for key in keys {
            let rows = sqlx::query(
                "SELECT id, theme, severity, events, first_at, last_at, state, outcome, close_why, reference FROM alerts
                 WHERE school = ? AND subject = ? ORDER BY id",
            )
            .bind(school.as_str())
            .bind(key.as_str())
            .fetch_all(&mut *reading)
            .await?;
            for row in rows {
                let id: i64 = row.try_get("id")?;
                let notes: Vec<String> = sqlx::query_scalar("SELECT text FROM alert_notes WHERE alert = ? ORDER BY id")
                    .bind(id)
                    .fetch_all(&mut *reading)
                    .await?;
                alerts.push(serde_json::json!({
                    "alert": id,
                    "theme": row.try_get::<String, _>("theme")?,
                    "severity": row.try_get::<i64, _>("severity")?,
                    "events": row.try_get::<i64, _>("events")?,
                    "first_at": row.try_get::<i64, _>("first_at")?,
                    "last_at": row.try_get::<i64, _>("last_at")?,
                    "state": row.try_get::<String, _>("state")?,
                    "outcome": row.try_get::<Option<String>, _>("outcome")?,
                    "why": row.try_get::<Option<String>, _>("close_why")?,
                    "child_protection_file": row.try_get::<Option<String>, _>("reference")?,
                    "notes": notes,
                }));
            }
        }
        let incidents = read(&mut reading, Some(school), None).await?;
        let is_theirs = |incident: &&Incident| keys.iter().any(|key| incident.keys.contains(key));
        let told = |incident: &Incident| {
            let steps: Vec<serde_json::Value> = incident
                .steps
                .iter()
                .map(|step| serde_json::json!({ "what": step.what.word(), "at": step.at, "said": step.said }))
                .collect();
            serde_json::json!({
                "incident": incident.id,
                "about": incident.about.word(),
                "others_in_it": incident.keys.iter().filter(|key| !keys.contains(key)).count(),
                "steps": steps,
            })
        };
        let incidents: Vec<serde_json::Value> = incidents.iter().filter(is_theirs).map(told).collect();
        Ok(serde_json::json!({ "alerts": alerts, "incidents": incidents }))
    }
}

/// One incident of a school.
pub(super) async fn read_one(
    connection: &mut SqliteConnection,
    school: &SchoolId,
    id: i64,
) -> Result<Option<Incident>, RegisterError> {
    Ok(read(connection, Some(school), Some(id)).await?.pop())
}

/// Incidents of one school or of all, newest first; one or all.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    school: Option<&SchoolId>,
    only: Option<i64>,
) -> Result<Vec<Incident>, RegisterError> {
    let school = school.map(SchoolId::as_str);
    let rows = sqlx::query(
        "SELECT id, school, about, opened_by, opened_at FROM incidents
         WHERE (?1 IS NULL OR school = ?1) AND (?2 IS NULL OR id = ?2)",
    )
    .bind(school)
    .bind(only)
    .fetch_all(&mut *connection)
    .await?;
    let mut found: BTreeMap<i64, Incident> = BTreeMap::new();
    for row in rows {
        let id: i64 = row.try_get("id")?;
        let incident = Incident {
            id,
            school: SchoolId::parse(row.try_get("school")?).map_err(|_| RegisterError::Damaged("a school it can't read"))?,
            about: IncidentAbout::parse(row.try_get("about")?).ok_or(UNKNOWN)?,
            opened_by: AccountId(row.try_get("opened_by")?),
            opened_at: row.try_get("opened_at")?,
            keys: Default::default(),
            alerts: Default::default(),
            steps: Vec::new(),
        };
        found.insert(id, incident);
    }
    let of = "JOIN incidents AS i ON i.id = x.incident WHERE (?1 IS NULL OR i.school = ?1) AND (?2 IS NULL OR i.id = ?2)";
    let text = format!(
        "SELECT x.incident, x.what, a.name, x.at, x.said FROM incident_steps AS x JOIN accounts AS a ON a.id = x.by {of} ORDER BY x.id"
    );
    for row in sqlx::query(sqlx::AssertSqlSafe(text)).bind(school).bind(only).fetch_all(&mut *connection).await? {
        let said: Said =
            serde_json::from_str(row.try_get("said")?).map_err(|_| RegisterError::Damaged("an incident that it can't read"))?;
        let step = Step {
            what: IncidentStep::parse(row.try_get("what")?).ok_or(UNKNOWN)?,
            by: row.try_get("name")?,
            at: row.try_get("at")?,
            said,
        };
        if let Some(incident) = found.get_mut(&row.try_get::<i64, _>("incident")?) {
            incident.steps.push(step);
        }
    }
    let text = format!("SELECT x.incident, x.user_key FROM incident_keys AS x {of}");
    for row in sqlx::query(sqlx::AssertSqlSafe(text)).bind(school).bind(only).fetch_all(&mut *connection).await? {
        let key = UserKey::parse(row.try_get("user_key")?).map_err(|_| RegisterError::Damaged("a key it can't read"))?;
        if let Some(incident) = found.get_mut(&row.try_get::<i64, _>("incident")?) {
            incident.keys.insert(key);
        }
    }
    let text = format!("SELECT x.incident, x.alert FROM incident_alerts AS x {of}");
    for row in sqlx::query(sqlx::AssertSqlSafe(text)).bind(school).bind(only).fetch_all(&mut *connection).await? {
        if let Some(incident) = found.get_mut(&row.try_get::<i64, _>("incident")?) {
            incident.alerts.insert(row.try_get("alert")?);
        }
    }
    let mut incidents: Vec<Incident> = found.into_values().collect();
    let when = |incident: &Incident| incident.says("happened").to_owned();
    incidents.sort_by(|a, b| when(b).cmp(&when(a)).then(b.id.cmp(&a.id)));
    Ok(incidents)
}
