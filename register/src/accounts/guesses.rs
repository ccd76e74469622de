//! Slows guessing down, by account and by address, whether or not there is such an account.

use std::net::IpAddr;

use sqlx::SqliteConnection;

use crate::{AccountId, RegisterError};

/// Wrong guesses at one account before it waits. Most people find their password within five.
const BY_ACCOUNT: i64 = 10;

/// Wrong guesses from one address: a whole school may stand behind it.
const BY_ADDRESS: i64 = 50;

/// Letters with a link that one account is sent before it waits: whoever lost one asks again.
const LETTERS_TO: i64 = 3;

/// Letters with a link that are asked for from one address.
const LETTERS_FROM: i64 = 20;

/// How long it waits after the last guess, and how long a guess is remembered.
pub(crate) const WAIT_MICROS: i64 = 15 * 60 * 1_000_000;

/// What is counted.
pub(crate) enum Guessed<'a> {
    /// An account, by what was typed as its address, whether it exists or not.
    Account(&'a str),
    /// An account's second step. Counted apart: who knows the password must not wipe it out by signing in again.
    Code(AccountId),
    /// The machine that asks.
    Address(IpAddr),
    /// Asking for a letter with a link, by what was typed as its address.
    LetterTo(&'a str),
    /// The same, by the machine that asks.
    LetterFrom(IpAddr),
}

/// Whether a guess may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// It may, and was counted.
    Allowed,
    /// It may not, and it is the first that may not.
    FirstRefused,
    /// It may not.
    Refused,
}

impl Guessed<'_> {
    fn key(&self) -> [u8; 32] {
        let text = match self {
            Self::Account(email) => format!("account {}", email.trim().to_lowercase()),
            Self::Code(account) => format!("code {account}"),
            Self::Address(address) => machine(*address),
            Self::LetterTo(email) => format!("letter to {}", email.trim().to_lowercase()),
            Self::LetterFrom(address) => format!("letter from {}", machine(*address)),
        };
        blake3::derive_key("weir 2026-11-22 guesses", text.as_bytes())
    }

    const fn most(&self) -> i64 {
        match self {
            Self::Account(_) | Self::Code(_) => BY_ACCOUNT,
            Self::Address(_) => BY_ADDRESS,
            Self::LetterTo(_) => LETTERS_TO,
            Self::LetterFrom(_) => LETTERS_FROM,
        }
    }
}

fn machine(address: IpAddr) -> String {
    match address {
        // Whoever has one IPv6 address has its whole /64.
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => format!("address {address}"),
            None => format!("network {:x?}", address.segments().first_chunk::<4>()),
        },
        IpAddr::V4(address) => format!("address {address}"),
    }
}

/// Counts a guess before it is looked at, so that many at once are counted too; says whether it may be made. One that may not is not
/// counted, or the wait would never end.
pub(crate) async fn count(connection: &mut SqliteConnection, guessed: &[Guessed<'_>], now: i64) -> Result<Guess, RegisterError> {
    sqlx::query("DELETE FROM guesses WHERE last_at <= ? OR last_at > ?")
        .bind(now - WAIT_MICROS)
        // A clock that was set back must lock nobody out.
        .bind(now + WAIT_MICROS)
        .execute(&mut *connection)
        .await?;
    for guessed in guessed {
        let count: Option<i64> = sqlx::query_scalar("SELECT count FROM guesses WHERE what = ?")
            .bind(guessed.key().as_slice())
            .fetch_optional(&mut *connection)
            .await?;
        let Some(count) = count.filter(|count| *count >= guessed.most()) else { continue };
        // The trail gets one row for it: a flood of guesses must not become a flood of rows.
        if count > guessed.most() {
            return Ok(Guess::Refused);
        }
        sqlx::query("UPDATE guesses SET count = count + 1 WHERE what = ?")
            .bind(guessed.key().as_slice())
            .execute(&mut *connection)
            .await?;
        return Ok(Guess::FirstRefused);
    }
    for guessed in guessed {
        sqlx::query(
            "INSERT INTO guesses (what, count, last_at) VALUES (?, 1, ?)
             ON CONFLICT (what) DO UPDATE SET count = count + 1, last_at = excluded.last_at",
        )
        .bind(guessed.key().as_slice())
        .bind(now)
        .execute(&mut *connection)
        .await?;
    }
    Ok(Guess::Allowed)
}

/// A guess that was right is none: takes back what was counted for it, and all that was counted for the account.
pub(crate) async fn right(connection: &mut SqliteConnection, guessed: &[Guessed<'_>]) -> Result<(), RegisterError> {
    for guessed in guessed {
        let statement = match guessed {
            Guessed::Account(_) | Guessed::Code(_) | Guessed::LetterTo(_) => "DELETE FROM guesses WHERE what = ?",
            Guessed::Address(_) | Guessed::LetterFrom(_) => "UPDATE guesses SET count = max(count - 1, 0) WHERE what = ?",
        };
        sqlx::query(statement).bind(guessed.key().as_slice()).execute(&mut *connection).await?;
    }
    Ok(())
}
