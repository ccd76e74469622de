//! After a rotation of keys: what the register must read again is sealed anew under the newest.

use sqlx::Row as _;

use super::{AccountError, Accounts, seal};
use crate::{AccountId, Act, Action, Actor};

/// What was sealed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    /// Second steps.
    pub done: u64,
    /// Second steps that open under no key: an administrator takes them away by a link.
    pub left: u64,
}

impl Accounts {
    /// Seals every second step anew, in one step. One that somebody is setting up this moment begins again.
    pub async fn reseal(&self, actor: Actor) -> Result<Resealed, AccountError> {
        let mut writing = self.register.begin(Act::new(actor, Action::RotateKeys)).await?;
        let rows = sqlx::query("SELECT id, second_step FROM accounts WHERE second_step IS NOT NULL")
            .fetch_all(writing.connection())
            .await?;
        let mut resealed = Resealed { done: 0, left: 0 };
        for row in rows {
            let id = AccountId(row.try_get("id")?);
            let sealed: Vec<u8> = row.try_get("second_step")?;
            let Ok(secret) = seal::open(&self.keys, id, &sealed) else {
                resealed.left += 1;
                continue;
            };
            sqlx::query("UPDATE accounts SET second_step = ? WHERE id = ?")
                .bind(seal::seal(&self.keys, id, &secret)?)
                .bind(id.0)
                .execute(writing.connection())
                .await?;
            resealed.done += 1;
        }
        sqlx::query("UPDATE sessions SET secret = NULL WHERE secret IS NOT NULL").execute(writing.connection()).await?;
        writing.act().set("second-steps", resealed.done);
        writing.act().set("left", resealed.left);
        let _receipt = writing.commit().await?;
        Ok(resealed)
    }
}
