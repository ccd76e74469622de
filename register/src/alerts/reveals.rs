//! Names that are shown: what stands beside an alert so that a name stays with whoever holds it, and the list of every reveal.
//!
//! The row of the trail comes first, and is what lets a name out of the vault; here is only that it was done.

use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use super::Alert;
use super::counts::RevealFact;
use crate::records::{By, Fault, RecordError};
use crate::{Act, Action, Actor, Receipt, Register, RegisterError, Role};
use weir_lake::ids::UserKey;

/// Shortest reason, in characters.
const SHORTEST: usize = 3;
const LONGEST: usize = 1000;

/// Why a name is wanted: a reason of some words.
pub fn reason(text: &str) -> Result<String, RecordError> {
    let text = crate::records::typed::line(text);
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    match text.chars().count() {
        _ if letters < SHORTEST => Err(RecordError::Wrong(vec![Fault::at("reason", "Say why you need the name.")])),
        length if length > LONGEST => Err(RecordError::Wrong(vec![Fault::at("reason", "Use at most 1,000 characters.")])),
        _ => Ok(text),
    }
}

impl Register {
    /// Writes down that somebody is shown the name behind a pupil's key. Gives what the vault asks for. A member of staff's name takes two:
    /// [`Register::ask_staff_name`].
    pub async fn reveal(
        &self,
        by: By,
        school: &SchoolId,
        key: &UserKey,
        why: &str,
        alert: Option<&Alert>,
        now: i64,
    ) -> Result<Receipt, RecordError> {
        let why = reason(why)?;
        let act = Act::new(Actor::Account { id: by.id, role: Some(by.role) }, Action::Reveal).at(school).about(key);
        let mut act = act.because(&why).with("of", "pupil");
        if let Some(alert) = alert {
            act.set("alert", alert.id);
        }
        if by.role != Role::Dsl {
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::NoSuch);
        }
        let mut writing = self.begin(act).await?;
        if let Some(alert) = alert {
            sqlx::query("INSERT INTO alert_reveals (alert, account, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(alert.id)
                .bind(by.id.0)
                .bind(now)
                .execute(writing.connection())
                .await?;
        }
        Ok(writing.commit().await?)
    }

    /// Writes down that a name is shown again to whoever holds its alert and was shown it before.
    pub async fn reveal_again(&self, by: By, school: &SchoolId, key: &UserKey, alert: &Alert) -> Result<Receipt, RegisterError> {
        let actor = Actor::Account { id: by.id, role: Some(by.role) };
        let act = Act::new(actor, Action::Reveal).at(school).about(key).with("alert", alert.id).with("again", true);
        self.audit(act).await
    }

    /// Writes down that somebody looks up the key of a name. The name itself stands nowhere.
    pub async fn find_key(&self, by: By, school: &SchoolId, why: &str) -> Result<Receipt, RecordError> {
        let why = reason(why)?;
        let actor = Actor::Account { id: by.id, role: Some(by.role) };
        Ok(self.audit(Act::new(actor, Action::Find).at(school).because(&why)).await?)
    }

    /// Every reveal and find at a school between two times, newest first, by a role. A name shown again from its alert is no reveal anew.
    pub async fn reveals(
        &self,
        school: &SchoolId,
        between: (i64, i64),
        role: Option<Role>,
    ) -> Result<Vec<RevealFact>, RegisterError> {
        let rows = sqlx::query(
            "SELECT u.number, u.at, u.actor, u.role, u.action, u.object, u.reason, a.name,
                    json_extract(u.detail, '$.alert') AS alert, json_extract(u.detail, '$.of') AS of_whom, s.name AS second
             FROM audit AS u LEFT JOIN accounts AS a ON u.actor = 'account:' || a.id
                  LEFT JOIN accounts AS s ON s.id = json_extract(u.detail, '$.second')
             WHERE u.action IN ('reveal', 'find') AND u.outcome = 'done' AND json_extract(u.detail, '$.again') IS NULL AND u.school = ? AND u.at >= ? AND u.at < ?
                   AND (?4 IS NULL OR u.role = ?4)
             ORDER BY u.number DESC LIMIT 10000",
        )
        .bind(school.as_str())
        .bind(between.0)
        .bind(between.1)
        .bind(role.map(Role::word))
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let name: Option<String> = row.try_get("name")?;
                Ok(RevealFact {
                    number: row.try_get("number")?,
                    at: row.try_get("at")?,
                    by: name.map_or_else(|| row.try_get("actor"), Ok)?,
                    role: row.try_get::<Option<&str>, _>("role")?.and_then(Role::parse),
                    is_find: row.try_get::<&str, _>("action")? == Action::Find.word(),
                    is_staff: row.try_get::<Option<&str>, _>("of_whom")? == Some("staff"),
                    subject: row.try_get("object")?,
                    alert: row.try_get("alert")?,
                    second: row.try_get("second")?,
                    reason: row.try_get::<Option<String>, _>("reason")?.unwrap_or_default(),
                })
            })
            .collect()
    }
}
