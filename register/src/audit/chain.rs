//! How a row is bound to the one before: a hash over every field and the previous hash.

use sqlx::SqliteConnection;
use weir_lake::clock;
use weir_lake::ids::UserKey;

use super::{Act, Receipt};
use crate::RegisterError;
use crate::error::random;

/// Hash before the first row.
pub(crate) const NOTHING: [u8; 32] = [0; 32];

/// What a row's hash is made of. Times are microseconds since 1970.
pub(crate) struct Fields<'a> {
    pub(crate) number: u64,
    pub(crate) at: i64,
    pub(crate) actor: &'a str,
    pub(crate) role: Option<&'a str>,
    pub(crate) action: &'a str,
    pub(crate) outcome: &'a str,
    pub(crate) school: Option<&'a str>,
    pub(crate) object: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) detail: &'a str,
}

impl Fields<'_> {
    /// BLAKE3 of the fields in order. Each text has its length before it, and an absent one a mark of its own, so that no two rows
    /// are written alike.
    pub(crate) fn hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("weir 2026-11-22 audit row 1");
        hasher.update(previous);
        hasher.update(&self.number.to_le_bytes());
        hasher.update(&self.at.to_le_bytes());
        let texts = [
            Some(self.actor),
            self.role,
            Some(self.action),
            Some(self.outcome),
            self.school,
            self.object,
            self.reason,
            Some(self.detail),
        ];
        for text in texts {
            match text {
                Some(text) => {
                    hasher.update(&[1]);
                    hasher.update(&(text.len() as u64).to_le_bytes());
                    hasher.update(text.as_bytes());
                }
                None => {
                    hasher.update(&[0]);
                }
            }
        }
        *hasher.finalize().as_bytes()
    }
}

/// Adds the act's row, within the caller's transaction, which holds the register's one write lock.
pub(crate) async fn append(connection: &mut SqliteConnection, act: Act) -> Result<Receipt, RegisterError> {
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetch_optional(&mut *connection).await?;
    let (number, previous) = match last {
        None => (1, NOTHING),
        Some((number, hash)) => {
            let hash = hash.try_into().map_err(|_| RegisterError::Damaged("an audit row whose hash has another length"))?;
            let number = u64::try_from(number).map_err(|_| RegisterError::Damaged("an audit row with a number below 1"))?;
            (number + 1, hash)
        }
    };
    let object = match &act.subject {
        Some(key) => Some(mark(connection, key).await?),
        None => act.object,
    };
    let actor = act.actor.word();
    let detail: serde_json::Map<String, serde_json::Value> =
        act.detail.into_iter().map(|(key, value)| (key.to_owned(), value.0)).collect();
    let detail = serde_json::Value::Object(detail).to_string();
    let fields = Fields {
        number,
        // The machine's own time: a variable must not date the trail.
        at: clock::machine_now().as_microsecond(),
        actor: &actor,
        role: act.actor.role().map(crate::Role::word),
        action: act.action.word(),
        outcome: act.outcome.word(),
        school: act.school.as_ref().map(weir_lake::ids::SchoolId::as_str),
        object: object.as_deref(),
        reason: act.reason.as_deref(),
        detail: &detail,
    };
    let hash = fields.hash(&previous);
    sqlx::query(
        "INSERT INTO audit (number, at, actor, role, action, outcome, school, object, reason, detail, previous, hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(number as i64)
    .bind(fields.at)
    .bind(fields.actor)
    .bind(fields.role)
    .bind(fields.action)
    .bind(fields.outcome)
    .bind(fields.school)
    .bind(fields.object)
    .bind(fields.reason)
    .bind(fields.detail)
    .bind(previous.as_slice())
    .bind(hash.as_slice())
    .execute(&mut *connection)
    .await?;
    Ok(Receipt { number, hash, action: act.action, outcome: act.outcome, subject: act.subject })
}

/// The mark a person of the logs has in the trail. Their secret is made when they are first spoken of.
async fn mark(connection: &mut SqliteConnection, key: &UserKey) -> Result<String, RegisterError> {
    sqlx::query("INSERT INTO audit_subjects (user_key, key) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(key.as_str())
        .bind(random::<32>()?.as_slice())
        .execute(&mut *connection)
        .await?;
    let secret: Vec<u8> =
        sqlx::query_scalar("SELECT key FROM audit_subjects WHERE user_key = ?").bind(key.as_str()).fetch_one(connection).await?;
    mark_with(&secret, key)
}

/// The mark under a secret.
pub(crate) fn mark_with(secret: &[u8], key: &UserKey) -> Result<String, RegisterError> {
    let secret = secret.try_into().map_err(|_| RegisterError::Damaged("a person's audit key of another length"))?;
    let mark = blake3::keyed_hash(secret, key.as_str().as_bytes());
    Ok(format!("person:{}", mark.to_hex().chars().take(32).collect::<String>()))
}
