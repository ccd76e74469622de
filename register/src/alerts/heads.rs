//! What is about a head: alerts of staff and incidents under a key by which a head stands in the logs are the chair of governors' matter from
//! then on.

use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::{SchoolId, UserKey};

use crate::records::{By, RecordError};
use crate::{Act, Action, Actor, Register, RegisterError};

/// A key under which a head stands in the logs of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadKey {
    /// The key.
    pub key: UserKey,
    /// The chair named it; otherwise it is that of the address the head signs in with.
    pub is_told: bool,
}

impl Register {
    /// The keys of a school's heads.
    pub async fn head_keys(&self, school: &SchoolId) -> Result<Vec<HeadKey>, RegisterError> {
        let rows = sqlx::query("SELECT user_key, is_told FROM head_keys WHERE school = ? ORDER BY user_key")
            .bind(school.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let key: &str = row.try_get("user_key")?;
                let key = UserKey::parse(key).map_err(|_| RegisterError::Damaged("a key it can't read"))?;
                Ok(HeadKey { key, is_told: row.try_get("is_told")? })
            })
            .collect()
    }

    /// The chair says under which keys the head stands in the logs. Alerts about them become the chair's, older ones too.
    pub async fn tell_head_keys(&self, by: By, school: &SchoolId, keys: &[UserKey]) -> Result<(), RecordError> {
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let mut writing = self.begin(by.records(school).on("head", school.as_str()).with("keys", count)).await?;
        for key in keys {
            insert(writing.connection(), school, key, true).await?;
        }
        mark(writing.connection()).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Takes out the keys that a chair named wrongly. Alerts that are the chair's stay the chair's.
    pub async fn forget_head_keys(&self, by: By, school: &SchoolId) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("head", school.as_str()).with("keys", 0_u32)).await?;
        sqlx::query("DELETE FROM head_keys WHERE school = ? AND is_told = 1")
            .bind(school.as_str())
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Notes the keys of the addresses that a school's heads sign in with, before alerts are raised. Nothing is written where they are known.
    pub async fn find_head_keys(&self, school: &SchoolId, keys: &[UserKey]) -> Result<(), RegisterError> {
        let known = self.head_keys(school).await?;
        let found = |key: &&UserKey| !known.iter().any(|own| own.key == **key);
        let is_gone = |own: &&HeadKey| !own.is_told && !keys.contains(&own.key);
        let (fresh, gone): (Vec<_>, Vec<_>) = (keys.iter().filter(found).collect(), known.iter().filter(is_gone).collect());
        if fresh.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let act = Act::new(Actor::of_command(), Action::Record).at(school).on("head", school.as_str());
        let mut writing = self.begin(act.with("found", fresh.len() as u64)).await?;
        for key in fresh {
            insert(writing.connection(), school, key, false).await?;
        }
        for own in gone {
            sqlx::query("DELETE FROM head_keys WHERE school = ? AND user_key = ?")
                .bind(school.as_str())
                .bind(own.key.as_str())
                .execute(writing.connection())
                .await?;
        }
        mark(writing.connection()).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

async fn insert(connection: &mut SqliteConnection, school: &SchoolId, key: &UserKey, is_told: bool) -> Result<(), RegisterError> {
    sqlx::query(
        "INSERT INTO head_keys (school, user_key, is_told) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET is_told = max(is_told, ?3)",
    )
    .bind(school.as_str())
    .bind(key.as_str())
    .bind(is_told)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes alerts of staff and incidents that stand under a head's key the chair's. Never back.
pub(crate) async fn mark(connection: &mut SqliteConnection) -> Result<(), RegisterError> {
    sqlx::query(
        "INSERT INTO head_alerts (alert)
         SELECT a.id FROM alerts AS a JOIN head_keys AS h ON h.school = a.school AND h.user_key = a.subject
         WHERE a.who = 'staff' AND NOT EXISTS (SELECT 1 FROM head_alerts WHERE alert = a.id)",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE incidents SET about = 'head' WHERE about <> 'head'
                AND EXISTS (SELECT 1 FROM incident_keys AS k JOIN head_keys AS h ON h.user_key = k.user_key
                            WHERE k.incident = incidents.id AND h.school = incidents.school)",
    )
    .execute(connection)
    .await?;
    Ok(())
}
