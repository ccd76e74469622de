//! Rows of the trail to read, newest first, narrowed to what is sought.

use sqlx::{QueryBuilder, Row as _, Sqlite};
use weir_lake::ids::{SchoolId, UserKey};

use super::chain::mark_with;
use crate::{Register, RegisterError};

/// Most rows of one answer.
const MOST: u32 = 10_000;

/// What rows are wanted; everything by default.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Only this actor, as written: `account:7`, `command:anna`, `nobody`.
    pub actor: Option<String>,
    /// Only this action, by its word.
    pub action: Option<String>,
    /// Only what was refused, or only what was done.
    pub outcome: Option<super::Outcome>,
    /// Only these schools; rows of no school are left out. For readers whose scope is some schools.
    pub schools: Option<Vec<SchoolId>>,
    /// Only this object, as written.
    pub object: Option<String>,
    /// Only what is about this person.
    pub about: Option<UserKey>,
    /// Only rows before this number: the next page.
    pub before: Option<u64>,
    /// From this time, microseconds.
    pub from: Option<i64>,
    /// Up to and without this time, microseconds.
    pub to: Option<i64>,
    /// At most so many rows; 0 takes all there may be in one answer (10,000).
    pub limit: u32,
}

/// One row of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub number: u64,
    /// When, microseconds since 1970, UTC.
    pub at: i64,
    /// `account:7`, `command:anna` or `nobody`.
    pub actor: String,
    /// The role under which it was allowed.
    pub role: Option<String>,
    /// What was done.
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// The school's id.
    pub school: Option<String>,
    /// What it was done to.
    pub object: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// JSON.
    pub detail: String,
    /// The row's hash, hex.
    pub hash: String,
}

impl Register {
    /// Rows of the trail, newest first.
    pub async fn audit_rows(&self, sought: &Sought) -> Result<Vec<AuditRow>, RegisterError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT number, at, actor, role, action, outcome, school, object, reason, detail, hash FROM audit WHERE true",
        );
        if let Some(actor) = &sought.actor {
            query.push(" AND actor = ").push_bind(actor);
        }
        if let Some(action) = &sought.action {
            query.push(" AND action = ").push_bind(action);
        }
        if let Some(outcome) = sought.outcome {
            query.push(" AND outcome = ").push_bind(outcome.word());
        }
        if let Some(schools) = &sought.schools {
            query.push(" AND school IN (");
            let mut list = query.separated(", ");
            for school in schools {
                list.push_bind(school.as_str());
            }
            query.push(")");
        }
        let object = match &sought.about {
            Some(key) => match self.mark_of(key).await? {
                Some(mark) => Some(mark),
                None => return Ok(Vec::new()),
            },
            None => sought.object.clone(),
        };
        if let Some(object) = object {
            query.push(" AND object = ").push_bind(object);
        }
        if let Some(before) = sought.before {
            query.push(" AND number < ").push_bind(i64::try_from(before).unwrap_or(i64::MAX));
        }
        if let Some(from) = sought.from {
            query.push(" AND at >= ").push_bind(from);
        }
        if let Some(to) = sought.to {
            query.push(" AND at < ").push_bind(to);
        }
        let limit = if sought.limit == 0 { MOST } else { sought.limit.min(MOST) };
        query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                let number: i64 = row.try_get("number")?;
                let hash: Vec<u8> = row.try_get("hash")?;
                Ok(AuditRow {
                    number: u64::try_from(number).unwrap_or(0),
                    at: row.try_get("at")?,
                    actor: row.try_get("actor")?,
                    role: row.try_get("role")?,
                    action: row.try_get("action")?,
                    outcome: row.try_get("outcome")?,
                    school: row.try_get("school")?,
                    object: row.try_get("object")?,
                    reason: row.try_get("reason")?,
                    detail: row.try_get("detail")?,
                    hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
                })
            })
            .collect()
    }

    /// The mark of a person in the trail; none where the trail does not speak of them, or no longer can.
    async fn mark_of(&self, key: &UserKey) -> Result<Option<String>, RegisterError> {
        let secret: Option<Vec<u8>> = sqlx::query_scalar("SELECT key FROM audit_subjects WHERE user_key = ?")
            .bind(key.as_str())
            .fetch_optional(self.readers())
            .await?;
        secret.map(|secret| mark_with(&secret, key)).transpose()
    }

    /// Destroys the secret behind a person's mark, when they are erased: their rows stay and the chain holds, but nobody can tell
    /// any more whom they are about.
    pub async fn forget_in_audit(&self, act: super::Act, key: &UserKey) -> Result<super::Receipt, RegisterError> {
        let mut writing = self.begin(act).await?;
        sqlx::query("DELETE FROM audit_subjects WHERE user_key = ?").bind(key.as_str()).execute(writing.connection()).await?;
        writing.commit().await
    }
}
