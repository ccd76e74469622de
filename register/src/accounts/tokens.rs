//! Tokens by which a program of somebody's reads what they may read: made on their own page, shown once, kept as a hash, and over on a day.

use std::fmt;
use std::net::IpAddr;

use sqlx::Row as _;
use zeroize::Zeroizing;

use super::sessions::Shown;
use super::{AccountError, Accounts, Session, Stage, kept, read_account, to_hex};
use crate::error::random;
use crate::store::Writing;
use crate::{AccountId, Act, Action, Actor, RegisterError};

const USE: &str = "weir 2026-11-23 token of a program";

/// What a token begins with, so that a search through files or a log knows one.
const START: &str = "weir_";

/// Most tokens of one account that work at a time.
const MOST: i64 = 10;

/// Longest life of a token, days.
pub const TOKEN_DAYS: u32 = 366;

/// Most characters of a label.
const LONGEST_LABEL: usize = 60;

/// Uses within so long count as one: not every request is worth a write.
const USED_MICROS: i64 = 60 * 1_000_000;

/// A token as it is shown this once.
pub struct Token(Zeroizing<String>);

impl Token {
    /// What the program sends.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// A token as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLine {
    /// Its number.
    pub id: i64,
    /// Which program it is for.
    pub label: String,
    /// When it was made, microseconds.
    pub made_at: i64,
    /// When it is over.
    pub expires: i64,
    /// When it was used last.
    pub used_at: Option<i64>,
}

impl Accounts {
    /// A new token of somebody signed in. Who has a password shows it, so that an unlocked computer is not enough.
    pub async fn make_token(
        &self,
        session: &Session,
        label: &str,
        days: u32,
        password: &str,
        address: IpAddr,
    ) -> Result<Token, AccountError> {
        let label = label.trim();
        let is_label = (1..=LONGEST_LABEL).contains(&label.chars().count()) && !label.chars().any(char::is_control);
        if !is_label {
            return Err(AccountError::Label);
        }
        if !(1..=TOKEN_DAYS).contains(&days) {
            return Err(AccountError::Days);
        }
        if session.stage != Stage::Full {
            return Err(AccountError::NoSuch);
        }
        if session.account.has_password {
            self.with_password(session, password, Action::MakeToken, address).await?;
        }
        let id = session.account.id;
        let act = Act::new(session.account.actor(None), Action::MakeToken).on("account", id).with("days", days);
        let mut writing = self.register.begin(act).await?;
        self.still_holds(&mut writing, session).await?;
        let now = self.now();
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM tokens WHERE account = ? AND revoked_at IS NULL AND expires > ?")
                .bind(id.0)
                .bind(now)
                .fetch_one(writing.connection())
                .await?;
        if count >= MOST {
            return Err(AccountError::ManyTokens);
        }
        let secret = to_hex(&random()?);
        let hash = kept(USE, &secret).ok_or(AccountError::NoSuch)?;
        let life = i64::from(days) * 24 * 3600 * 1_000_000;
        let made = sqlx::query("INSERT INTO tokens (account, hash, label, made_at, expires) VALUES (?, ?, ?, ?, ?)")
            .bind(id.0)
            .bind(hash.as_slice())
            .bind(label)
            .bind(now)
            .bind(now + life)
            .execute(writing.connection())
            .await?;
        writing.act().set("token", made.last_insert_rowid());
        let _receipt = writing.commit().await?;
        Ok(Token(Zeroizing::new(format!("{START}{}", secret.as_str()))))
    }

    /// Somebody's tokens that work, newest first.
    pub async fn tokens(&self, id: AccountId) -> Result<Vec<TokenLine>, AccountError> {
        let rows = sqlx::query(
            "SELECT id, label, made_at, expires, used_at FROM tokens
             WHERE account = ? AND revoked_at IS NULL AND expires > ? ORDER BY id DESC",
        )
        .bind(id.0)
        .bind(self.now())
        .fetch_all(self.register.readers())
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(TokenLine {
                id: row.try_get("id")?,
                label: row.try_get("label")?,
                made_at: row.try_get("made_at")?,
                expires: row.try_get("expires")?,
                used_at: row.try_get("used_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Ends a token of somebody.
    pub async fn revoke_token(&self, actor: Actor, id: AccountId, token: i64) -> Result<(), AccountError> {
        let act = Act::new(actor, Action::RevokeToken).on("account", id).with("token", token);
        let mut writing = self.register.begin(act).await?;
        let revoked = sqlx::query("UPDATE tokens SET revoked_at = ? WHERE id = ? AND account = ? AND revoked_at IS NULL")
            .bind(self.now())
            .bind(token)
            .bind(id.0)
            .execute(writing.connection())
            .await?;
        if revoked.rows_affected() == 0 {
            return Err(AccountError::NoSuch);
        }
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Whose token it is, with today's roles; none where it does not work. Notes that it was used. What it gives is no session that could
    /// change anything: the register knows none under its hash.
    pub async fn of_token(&self, token: &str) -> Result<Option<Session>, RegisterError> {
        let Some(hash) = token.strip_prefix(START).and_then(|secret| kept(USE, secret)) else { return Ok(None) };
        let now = self.now();
        let mut connection = self.register.readers().acquire().await?;
        let row = sqlx::query("SELECT id, account, used_at FROM tokens WHERE hash = ? AND revoked_at IS NULL AND expires > ?")
            .bind(hash.as_slice())
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let account = read_account(&mut connection, AccountId(row.try_get("account")?)).await?;
        drop(connection);
        let Some(account) = account.filter(|account| !account.is_closed) else { return Ok(None) };
        let used_at: Option<i64> = row.try_get("used_at")?;
        if used_at.is_none_or(|used_at| now - used_at > USED_MICROS) {
            let mut used = self.register.begin_without_act().await?;
            sqlx::query("UPDATE tokens SET used_at = ? WHERE id = ?")
                .bind(now)
                .bind(row.try_get::<i64, _>("id")?)
                .execute(&mut *used)
                .await?;
            used.commit().await?;
        }
        Ok(Some(Session { account, stage: Stage::Full, hash, shown: Shown::Here }))
    }
}

/// Ends every token of an account: whoever has forgotten who they are may have lost them, too.
pub(super) async fn end_tokens(writing: &mut Writing, id: AccountId, now: i64) -> Result<(), AccountError> {
    sqlx::query("UPDATE tokens SET revoked_at = ? WHERE account = ? AND revoked_at IS NULL")
        .bind(now)
        .bind(id.0)
        .execute(writing.connection())
        .await?;
    Ok(())
}
