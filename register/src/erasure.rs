//! Who asked that somebody be erased, what holds that back, and taking them out of the register itself.
//!
//! The lake, the vault and old exports are taken care of by whoever calls [`Register::erasure_done`] last: with it the keys leave the
//! register, so that nothing in it says any more who it was.

use jiff::civil::Date;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use weir_lake::ids::{SchoolId, UserKey};

use crate::{AccountId, Act, Action, Actor, Register, RegisterError};

/// A request that somebody be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its number.
    pub id: i64,
    /// The school.
    pub school: SchoolId,
    /// Their keys; none once it is done.
    pub keys: Vec<UserKey>,
    /// The data protection officer who asked for it.
    pub asked_by: AccountId,
    /// When, microseconds.
    pub asked_at: i64,
    /// When it was done.
    pub done_at: Option<i64>,
    /// Rows of the lake that went.
    pub rows_gone: Option<u64>,
}

/// A hold to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// The safeguarding lead who places it.
    pub placed_by: AccountId,
    /// The school.
    pub school: SchoolId,
    /// Whose rows.
    pub key: UserKey,
    /// The last day it holds.
    pub review_on: Date,
}

/// A hold on a pupil's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The school.
    pub school: SchoolId,
    /// Whose rows.
    pub key: UserKey,
    /// The safeguarding lead who placed it.
    pub placed_by: AccountId,
    /// The last day it holds.
    pub review_on: Date,
}

impl Register {
    /// A data protection officer asks that somebody be erased; gives the number of the request.
    pub async fn ask_erasure(
        &self,
        actor: Actor,
        asked_by: AccountId,
        school: &SchoolId,
        keys: &[UserKey],
        why: &str,
        now: i64,
    ) -> Result<i64, RegisterError> {
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let act = Act::new(actor, Action::AskErasure).at(school).because(why).with("for", asked_by.0).with("keys", count);
        let mut writing = self.begin(act).await?;
        let list: Vec<&str> = keys.iter().map(UserKey::as_str).collect();
        let added = sqlx::query("INSERT INTO erasures (school, user_keys, asked_by, asked_at) VALUES (?, ?, ?, ?)")
            .bind(school.as_str())
            .bind(serde_json::Value::from(list).to_string())
            .bind(asked_by.0)
            .bind(now)
            .execute(writing.connection())
            .await?;
        let id = added.last_insert_rowid();
        writing.act().set_object("erasure", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Requests, newest first.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, RegisterError> {
        let rows =
            sqlx::query("SELECT id, school, user_keys, asked_by, asked_at, done_at, rows_gone FROM erasures ORDER BY id DESC")
                .fetch_all(self.readers())
                .await?;
        rows.iter().map(read).collect()
    }

    /// Holds a pupil's rows back until a day has passed; gives the hold's number.
    pub async fn hold(&self, actor: Actor, new: &NewHold, why: &str, now: i64) -> Result<i64, RegisterError> {
        let act = Act::new(actor, Action::PlaceHold).at(&new.school).about(&new.key).because(why).with("for", new.placed_by.0);
        let mut writing = self.begin(act).await?;
        let added =
            sqlx::query("INSERT INTO case_holds (school, user_key, placed_by, placed_at, review_on) VALUES (?, ?, ?, ?, ?)")
                .bind(new.school.as_str())
                .bind(new.key.as_str())
                .bind(new.placed_by.0)
                .bind(now)
                .bind(new.review_on.to_string())
                .execute(writing.connection())
                .await?;
        let id = added.last_insert_rowid();
        writing.act().set("hold", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Ends a hold; false where there is none that stands.
    pub async fn end_hold(&self, actor: Actor, hold: i64, today: Date) -> Result<bool, RegisterError> {
        let mut writing = self.begin(Act::new(actor, Action::EndHold).on("hold", hold)).await?;
        let ended = sqlx::query("UPDATE case_holds SET ended_on = ? WHERE id = ? AND ended_on IS NULL AND review_on >= ?")
            .bind(today.to_string())
            .bind(hold)
            .bind(today.to_string())
            .execute(writing.connection())
            .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        let _receipt = writing.commit().await?;
        Ok(true)
    }

    /// The holds that stand on a day.
    pub async fn holds(&self, today: Date) -> Result<Vec<Hold>, RegisterError> {
        let rows = sqlx::query(
            "SELECT id, school, user_key, placed_by, review_on FROM case_holds
             WHERE ended_on IS NULL AND review_on >= ? ORDER BY id",
        )
        .bind(today.to_string())
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let school: String = row.try_get("school")?;
                let key: String = row.try_get("user_key")?;
                let review: String = row.try_get("review_on")?;
                Ok(Hold {
                    id: row.try_get("id")?,
                    school: SchoolId::parse(&school).map_err(|_| RegisterError::Damaged("a hold at a school it can't read"))?,
                    key: UserKey::parse(&key).map_err(|_| RegisterError::Damaged("a hold on a key it can't read"))?,
                    placed_by: AccountId(row.try_get("placed_by")?),
                    review_on: review.parse().map_err(|_| RegisterError::Damaged("a hold until a day it can't read"))?,
                })
            })
            .collect()
    }

    /// Takes the keys out of the register and notes that the request is done. Rows of the trail keep a mark that leads nowhere, and the
    /// chain holds. What SQLite wrote beside the file is there until [`Register::fold_in`].
    pub async fn erasure_done(&self, actor: Actor, id: i64, rows_gone: u64, now: i64) -> Result<(), RegisterError> {
        let keys = self.erasures().await?.into_iter().find(|erasure| erasure.id == id).map(|erasure| erasure.keys);
        let keys = keys.ok_or(RegisterError::Damaged("no such request"))?;
        let mut writing = self.begin(Act::new(actor, Action::Erase).on("erasure", id).with("rows", rows_gone)).await?;
        sqlx::query("UPDATE erasures SET user_keys = NULL, done_at = ?, rows_gone = ? WHERE id = ? AND done_at IS NULL")
            .bind(now)
            .bind(i64::try_from(rows_gone).unwrap_or(i64::MAX))
            .bind(id)
            .execute(writing.connection())
            .await?;
        forget(writing.connection(), &keys).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Takes whoever a test knows out of a register that came back from a copy of before their erasure; gives how many there were.
    pub async fn erase_again(&self, actor: Actor, is_erased: &dyn Fn(&UserKey) -> bool) -> Result<u32, RegisterError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT user_key FROM audit_subjects UNION SELECT user_key FROM case_holds UNION SELECT user_key FROM incident_keys
             UNION SELECT user_key FROM staff_reveals UNION SELECT user_key FROM head_keys
             UNION SELECT subject FROM alerts WHERE subject IS NOT NULL",
        )
        .fetch_all(self.readers())
        .await?;
        let open = self.erasures().await?;
        let of_requests = open.iter().flat_map(|erasure| erasure.keys.iter().cloned());
        let mut keys: Vec<UserKey> =
            rows.iter().filter_map(|key| UserKey::parse(key).ok()).chain(of_requests).filter(|key| is_erased(key)).collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return Ok(0);
        }
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let mut writing = self.begin(Act::new(actor, Action::Erase).with("again", count)).await?;
        forget(writing.connection(), &keys).await?;
        for erasure in open.iter().filter(|erasure| erasure.keys.iter().any(is_erased)) {
            sqlx::query("UPDATE erasures SET user_keys = NULL, done_at = asked_at, rows_gone = 0 WHERE id = ?")
                .bind(erasure.id)
                .execute(writing.connection())
                .await?;
        }
        let _receipt = writing.commit().await?;
        Ok(count)
    }
}

/// What takes a key out of every table that knows any, in this order. Of a class's alert only their part goes.
const FORGET: [&str; 13] = [
    "DELETE FROM audit_subjects WHERE user_key = ?1",
    "DELETE FROM case_holds WHERE user_key = ?1",
    // Of an incident with others only their part goes; one that is theirs alone goes whole, with its steps.
    "DELETE FROM incidents WHERE id IN (SELECT incident FROM incident_keys WHERE user_key = ?1)
            AND NOT EXISTS (SELECT 1 FROM incident_keys AS k WHERE k.incident = incidents.id AND k.user_key <> ?1)",
    "DELETE FROM incident_keys WHERE user_key = ?1",
    "DELETE FROM incident_alerts WHERE alert IN (SELECT id FROM alerts WHERE subject = ?1)",
    "DELETE FROM staff_reveals WHERE user_key = ?1",
    "DELETE FROM head_keys WHERE user_key = ?1",
    "DELETE FROM alert_notes WHERE alert IN (SELECT id FROM alerts WHERE subject = ?1)",
    "DELETE FROM alert_reveals WHERE alert IN (SELECT id FROM alerts WHERE subject = ?1)",
    "DELETE FROM alert_told WHERE alert IN (SELECT id FROM alerts WHERE subject = ?1)",
    "DELETE FROM alert_events WHERE subject = ?1 OR alert IN (SELECT id FROM alerts WHERE subject = ?1)",
    "UPDATE alerts SET follows = NULL WHERE follows IN (SELECT id FROM alerts WHERE subject = ?1)",
    "DELETE FROM alerts WHERE subject = ?1",
];

/// Takes keys out of every table that knows any.
async fn forget(connection: &mut sqlx::SqliteConnection, keys: &[UserKey]) -> Result<(), RegisterError> {
    for key in keys {
        for statement in FORGET {
            sqlx::query(statement).bind(key.as_str()).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Erasure, RegisterError> {
    let school: String = row.try_get("school")?;
    let keys: Option<String> = row.try_get("user_keys")?;
    let damaged = || RegisterError::Damaged("a request to erase that it can't read");
    let keys: Vec<String> = keys.map_or(Ok(Vec::new()), |keys| serde_json::from_str(&keys)).map_err(|_| damaged())?;
    let rows_gone: Option<i64> = row.try_get("rows_gone")?;
    Ok(Erasure {
        id: row.try_get("id")?,
        school: SchoolId::parse(&school).map_err(|_| damaged())?,
        keys: keys.iter().map(|key| UserKey::parse(key)).collect::<Result<_, _>>().map_err(|_| damaged())?,
        asked_by: AccountId(row.try_get("asked_by")?),
        asked_at: row.try_get("asked_at")?,
        done_at: row.try_get("done_at")?,
        rows_gone: rows_gone.and_then(|rows| u64::try_from(rows).ok()),
    })
}
