//! Whether the trail is as it was written: every row's own hash, every link, every number, and its end.

use std::fmt;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::chain::{Fields, NOTHING};
use crate::{Register, RegisterError};

/// Rows read at a time.
const ROWS: i64 = 5_000;

/// Findings kept; more say nothing new.
const FINDINGS: usize = 1_000;

/// The end of the trail at some time: noted elsewhere, it shows that rows were cut off or the whole chain written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub(crate) number: u64,
    pub(crate) hash: [u8; 32],
}

impl Head {
    /// Parses `12:3f2a...`, as [`Head`] is printed.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hash) = text.trim().split_once(':')?;
        let number = number.parse().ok().filter(|number| *number > 0)?;
        Some(Self { number, hash: *blake3::Hash::from_hex(hash).ok()?.as_bytes() })
    }

    /// The number of the last row.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, blake3::Hash::from_bytes(self.hash).to_hex())
    }
}

/// What is wrong, and at which row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The row is not as it was written.
    Altered {
        /// Which.
        number: u64,
    },
    /// The row does not follow the one before: one was removed, put in, put elsewhere or written anew.
    Unlinked {
        /// Which.
        number: u64,
    },
    /// Rows that must have been there are not.
    Removed {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The row of the noted head has another hash: the trail was written anew.
    OtherHead {
        /// Which.
        number: u64,
    },
    /// The triggers that refuse changes are not as Weir made them.
    Unguarded,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { number } => write!(f, "row {number} was altered after it was written"),
            Self::Unlinked { number } => {
                write!(f, "row {number} does not follow the row before it: a row was removed, added, moved or written anew there")
            }
            Self::Removed { from, to } if from == to => write!(f, "row {from} was removed"),
            Self::Removed { from, to } => write!(f, "rows {from} to {to} were removed"),
            Self::OtherHead { number } => {
                write!(f, "row {number} is not the one that was noted elsewhere: the trail was written anew")
            }
            Self::Unguarded => f.write_str("the guards that refuse changes to the trail were taken away or changed"),
        }
    }
}

/// What a check of the trail found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Rows read.
    pub rows: u64,
    /// The last row; none in an empty trail.
    pub head: Option<Head>,
    /// What is wrong; empty when the trail is whole.
    pub findings: Vec<Finding>,
}

impl Register {
    /// Checks every row of the trail. Without a head noted elsewhere a trail that was cut off at its end, or written anew as a whole
    /// by somebody who knows how, may pass; with one it does not.
    pub async fn verify_audit(&self, noted: Option<&Head>) -> Result<Verified, RegisterError> {
        // One transaction: rows that come meanwhile belong to the next check.
        let mut reading = self.readers().begin().await?;
        let verified = verify_connection(&mut reading, noted).await?;
        reading.commit().await?;
        Ok(verified)
    }
}

/// Checks the trail that a connection sees: of the register, or of a copy.
pub(crate) async fn verify_connection(reading: &mut SqliteConnection, noted: Option<&Head>) -> Result<Verified, RegisterError> {
    let mut chain = Chain::new(noted);
    loop {
        let rows = sqlx::query(
            "SELECT number, at, actor, role, action, outcome, school, object, reason, detail, previous, hash
             FROM audit WHERE number > ? ORDER BY number LIMIT ?",
        )
        .bind(chain.from)
        .bind(ROWS)
        .fetch_all(&mut *reading)
        .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            chain.add(row)?;
        }
    }
    // SQLite keeps the highest number it ever gave, so a tail cut off in passing shows without a noted head.
    let given: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetch_optional(&mut *reading).await?;
    let triggers: Vec<String> =
        sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit' ORDER BY name")
            .fetch_all(&mut *reading)
            .await?;
    let whole = include_str!("../../migrations/001_audit.sql");
    let guarded = triggers.len() == 3 && triggers.iter().all(|trigger| whole.contains(trigger.as_str()));
    Ok(chain.end(given.and_then(|given| u64::try_from(given).ok()).unwrap_or(0), guarded))
}

/// The trail as far as it was read.
struct Chain<'a> {
    noted: Option<&'a Head>,
    /// The number read last, as SQLite gives it; below every number at first, so that no row hides under 1.
    from: i64,
    last: u64,
    hash: [u8; 32],
    verified: Verified,
}

impl<'a> Chain<'a> {
    fn new(noted: Option<&'a Head>) -> Self {
        let verified = Verified { rows: 0, head: None, findings: Vec::new() };
        Self { noted, from: i64::MIN, last: 0, hash: NOTHING, verified }
    }

    fn find(&mut self, finding: Finding) {
        if self.verified.findings.len() < FINDINGS {
            self.verified.findings.push(finding);
        }
    }

    fn add(&mut self, row: &SqliteRow) -> Result<(), RegisterError> {
        let number: i64 = row.try_get("number")?;
        self.from = number;
        let Ok(number) = u64::try_from(number) else {
            self.find(Finding::Unlinked { number: 0 });
            return Ok(());
        };
        if number > self.last + 1 {
            self.find(Finding::Removed { from: self.last + 1, to: number - 1 });
        }
        // A value of another type is an altered row, not a failure to read.
        let own: Option<[u8; 32]> = row.try_get::<Vec<u8>, _>("hash").ok().and_then(|hash| hash.try_into().ok());
        let previous: Option<[u8; 32]> = row.try_get::<Vec<u8>, _>("previous").ok().and_then(|hash| hash.try_into().ok());
        if previous != Some(self.hash) {
            self.find(Finding::Unlinked { number });
        }
        let computed = previous.and_then(|previous| hash_of(row, number, &previous));
        if own.is_none() || computed != own {
            self.find(Finding::Altered { number });
        }
        if let Some(head) = self.noted.filter(|head| head.number == number && Some(head.hash) != own) {
            self.find(Finding::OtherHead { number: head.number });
        }
        self.last = number;
        self.hash = own.unwrap_or(NOTHING);
        self.verified.rows += 1;
        self.verified.head = Some(Head { number, hash: self.hash });
        Ok(())
    }

    fn end(mut self, given: u64, guarded: bool) -> Verified {
        let must_be = given.max(self.noted.map_or(0, |head| head.number));
        if must_be > self.last {
            self.find(Finding::Removed { from: self.last + 1, to: must_be });
        }
        if !guarded {
            self.find(Finding::Unguarded);
        }
        self.verified
    }
}

fn hash_of(row: &SqliteRow, number: u64, previous: &[u8; 32]) -> Option<[u8; 32]> {
    let fields = Fields {
        number,
        at: row.try_get("at").ok()?,
        actor: row.try_get("actor").ok()?,
        role: row.try_get("role").ok()?,
        action: row.try_get("action").ok()?,
        outcome: row.try_get("outcome").ok()?,
        school: row.try_get("school").ok()?,
        object: row.try_get("object").ok()?,
        reason: row.try_get("reason").ok()?,
        detail: row.try_get("detail").ok()?,
    };
    Some(fields.hash(previous))
}
