//! Sessions: who is signed in, how far, and for how long. A session's secret is new at every step up and kept as a hash only.

use std::fmt;

use sqlx::Row as _;
use zeroize::Zeroizing;

use super::people::end_sessions;
use super::{Account, AccountError, Accounts, kept, read_account, to_hex};
use crate::error::random;
use crate::store::Writing;
use crate::{AccountId, Act, Action, RegisterError};

const USE: &str = "weir 2026-11-22 session";

/// A session that nobody used for so long ends.
pub const IDLE_MICROS: i64 = 30 * 60 * 1_000_000;

/// Every session ends after so long: a working day.
pub const ABSOLUTE_MICROS: i64 = 12 * 3600 * 1_000_000;

/// Between password and second step.
const HALF_WAY_MICROS: i64 = 10 * 60 * 1_000_000;

/// Pages seen within so long count as seen at once: not every picture of a page is worth a write.
const SEEN_MICROS: i64 = 60 * 1_000_000;

/// The secret of a session, for the cookie.
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// The cookie's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken")
    }
}

/// How far somebody has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The password was right; a code is asked for.
    Code,
    /// The password was right; a second step has to be set up first.
    Enrol,
    /// Signed in.
    Full,
}

impl Stage {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Enrol => "enrol",
            Self::Full => "full",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Code, Self::Enrol, Self::Full].into_iter().find(|stage| stage.word() == word)
    }
}

/// Where a second step was shown, if one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// To Weir, if at all.
    Here,
    /// To the provider that somebody signed in at.
    Elsewhere,
}

/// A session that holds now.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose, with today's roles.
    pub account: Account,
    /// How far they have come. Nothing is theirs before [`Stage::Full`].
    pub stage: Stage,
    pub(super) hash: [u8; 32],
    pub(super) shown: Shown,
}

/// A session as its owner sees it in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession {
    /// When they signed in, microseconds.
    pub made_at: i64,
    /// When it was used last.
    pub seen_at: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

impl Accounts {
    /// The session of a cookie, if it holds. Notes that it was seen.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, RegisterError> {
        let Some(hash) = kept(USE, token) else { return Ok(None) };
        let now = self.now();
        let mut connection = self.register.readers().acquire().await?;
        let row = sqlx::query("SELECT account, stage, made_at, seen_at, second_step_elsewhere FROM sessions WHERE hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(&mut *connection)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let stage: String = row.try_get("stage")?;
        let stage = Stage::parse(&stage).ok_or(RegisterError::Damaged("a session at a stage it does not know"))?;
        let (made_at, seen_at): (i64, i64) = (row.try_get("made_at")?, row.try_get("seen_at")?);
        if !holds(stage, made_at, seen_at, now) {
            return Ok(None);
        }
        let account = read_account(&mut connection, AccountId(row.try_get("account")?)).await?;
        drop(connection);
        let Some(account) = account.filter(|account| !account.is_closed) else { return Ok(None) };
        // A role that began today may ask for a second step that was never set up.
        let shown = if row.try_get("second_step_elsewhere")? { Shown::Elsewhere } else { Shown::Here };
        let needs = account.needs_second_step(self.today()) && !account.has_second_step && shown == Shown::Here;
        let stage = if stage == Stage::Full && needs { Stage::Enrol } else { stage };
        if now - seen_at > SEEN_MICROS {
            let mut seen = self.register.begin_without_act().await?;
            sqlx::query("UPDATE sessions SET seen_at = ? WHERE hash = ?")
                .bind(now)
                .bind(hash.as_slice())
                .execute(&mut *seen)
                .await?;
            seen.commit().await?;
        }
        Ok(Some(Session { account, stage, hash, shown }))
    }

    /// Somebody's sessions, newest first.
    pub async fn open_sessions(&self, session: &Session) -> Result<Vec<OpenSession>, RegisterError> {
        let rows = sqlx::query("SELECT hash, stage, made_at, seen_at FROM sessions WHERE account = ? ORDER BY made_at DESC")
            .bind(session.account.id.0)
            .fetch_all(self.register.readers())
            .await?;
        let mut open = Vec::new();
        for row in rows {
            let stage: String = row.try_get("stage")?;
            let (made_at, seen_at): (i64, i64) = (row.try_get("made_at")?, row.try_get("seen_at")?);
            if stage == Stage::Full.word() && holds(Stage::Full, made_at, seen_at, self.now()) {
                let hash: Vec<u8> = row.try_get("hash")?;
                open.push(OpenSession { made_at, seen_at, is_this: hash == session.hash });
            }
        }
        Ok(open)
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<(), AccountError> {
        let act = Act::new(session.account.actor(None), Action::SignOut).on("account", session.account.id);
        let mut writing = self.register.begin(act).await?;
        end_session(&mut writing, &session.hash).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Ends every session of somebody, this one included.
    pub async fn sign_out_everywhere(&self, session: &Session) -> Result<(), AccountError> {
        let act = Act::new(session.account.actor(None), Action::SignOutEverywhere).on("account", session.account.id);
        let mut writing = self.register.begin(act).await?;
        let ended = end_sessions(&mut writing, session.account.id).await?;
        writing.act().set("sessions", ended);
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

const fn holds(stage: Stage, made_at: i64, seen_at: i64, now: i64) -> bool {
    let most = match stage {
        Stage::Full => ABSOLUTE_MICROS,
        Stage::Code | Stage::Enrol => HALF_WAY_MICROS,
    };
    // A clock that was set back ends sessions rather than prolonging them.
    now - made_at < most && now - seen_at < IDLE_MICROS && now >= made_at - SEEN_MICROS
}

/// A new session; the one the browser came with ends, so that nobody's session is one that somebody else chose.
pub(super) async fn insert_session(
    writing: &mut Writing,
    account: AccountId,
    stage: Stage,
    shown: Shown,
    now: i64,
    came_with: Option<[u8; 32]>,
) -> Result<SessionToken, AccountError> {
    if let Some(hash) = came_with {
        end_session(writing, &hash).await?;
    }
    sqlx::query("DELETE FROM sessions WHERE made_at <= ? OR seen_at <= ?")
        .bind(now - ABSOLUTE_MICROS)
        .bind(now - IDLE_MICROS)
        .execute(writing.connection())
        .await?;
    let token = SessionToken(to_hex(&random()?));
    let hash = kept(USE, &token.0).ok_or(AccountError::NoSuch)?;
    sqlx::query("INSERT INTO sessions (hash, account, stage, second_step_elsewhere, made_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(hash.as_slice())
        .bind(account.0)
        .bind(stage.word())
        .bind(shown == Shown::Elsewhere)
        .bind(now)
        .bind(now)
        .execute(writing.connection())
        .await?;
    Ok(token)
}

/// What is kept of a cookie's value, whatever it is.
pub(super) fn session_hash(token: Option<&str>) -> Option<[u8; 32]> {
    token.and_then(|token| kept(USE, token))
}

async fn end_session(writing: &mut Writing, hash: &[u8; 32]) -> Result<(), AccountError> {
    sqlx::query("DELETE FROM sessions WHERE hash = ?").bind(hash.as_slice()).execute(writing.connection()).await?;
    Ok(())
}
