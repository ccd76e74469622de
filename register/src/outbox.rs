//! Mail on its way: each letter once for each person and thing, sent by one process at a time, and kept as proof that it was made and read.
//!
//! No text lies here, only the kind. What it says, and who gets it, is the business of whoever sends it.

use std::fmt;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use weir_lake::ids::SchoolId;

use crate::{AccountId, Act, Action, Actor, Register, RegisterError, Role};

/// One person hears of one thing once an hour at most, unless it is urgent.
const HOUR: i64 = 3600 * 1_000_000;

/// A process that took a letter longer ago than this died over it: another may send it.
const TAKEN: i64 = 5 * 60 * 1_000_000;

/// The first wait after a failure; each further one is twice as long, up to the longest.
const FIRST_WAIT: i64 = 5 * 60 * 1_000_000;
const LONGEST_WAIT: i64 = 6 * 3600 * 1_000_000;

/// What could not be sent for a week is no news any more.
const GIVEN_UP: i64 = 7 * 24 * 3600 * 1_000_000;

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterKind {
    /// Something waits for a safeguarding lead.
    Waiting,
    /// Something waits for the head: nobody took it, or it is theirs alone.
    WaitingForHead,
    /// Something about the head waits for the chair of governors.
    WaitingForChair,
    /// The week is over, and its pages wait to be read by a safeguarding lead.
    Digest,
    /// A source has sent nothing: to technicians.
    FeedSilent,
    /// A night failed: to technicians.
    NightFailed,
    /// A half-term's figures are published: to governors.
    TermlyReview,
    /// A link to sign in with, which was asked for: to governors. The link is made when the letter is sent, and stands nowhere else.
    SignInLink,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::WaitingForHead,
        Self::WaitingForChair,
        Self::Digest,
        Self::FeedSilent,
        Self::NightFailed,
        Self::TermlyReview,
        Self::SignInLink,
    ];

    /// The word in the register.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::WaitingForHead => "waiting-for-head",
            Self::WaitingForChair => "waiting-for-chair",
            Self::Digest => "digest",
            Self::FeedSilent => "feed-silent",
            Self::NightFailed => "night-failed",
            Self::TermlyReview => "termly-review",
            Self::SignInLink => "sign-in-link",
        }
    }

    /// Who gets it.
    pub const fn role(self) -> Role {
        match self {
            Self::Waiting | Self::Digest => Role::Dsl,
            Self::WaitingForHead => Role::Leader,
            Self::WaitingForChair => Role::Chair,
            Self::FeedSilent | Self::NightFailed => Role::Technician,
            Self::TermlyReview | Self::SignInLink => Role::Governor,
        }
    }
}

impl fmt::Display for LetterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A letter to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLetter {
    /// To whom.
    pub account: AccountId,
    /// Of what kind.
    pub kind: LetterKind,
    /// About which school; none is about no one school.
    pub school: Option<SchoolId>,
    /// Which week, day or run: the same again is not sent.
    pub about: String,
    /// How many things wait, in all.
    pub items: u32,
    /// Whether it may come sooner than an hour after the last.
    pub urgent: bool,
}

/// A letter in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub account: AccountId,
    /// Of what kind.
    pub kind: LetterKind,
    /// About which school.
    pub school: Option<SchoolId>,
    /// Which week, day or run.
    pub about: String,
    /// How many things wait, in all.
    pub items: u32,
    /// Whether it is urgent.
    pub urgent: bool,
    /// When it was made, microseconds.
    pub made_at: i64,
    /// Not to be sent before.
    pub due: i64,
    /// When the mail server took it.
    pub sent_at: Option<i64>,
    /// When its address was opened by whom it was sent to.
    pub read_at: Option<i64>,
    /// When it was given up.
    pub dropped_at: Option<i64>,
    /// How often it was tried in vain.
    pub tries: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
}

const COLUMNS: &str =
    "id, account, kind, school, about, items, urgent, made_at, due, sent_at, read_at, dropped_at, tries, last_error";

impl Register {
    /// Puts a letter into the outbox; says whether there is anything new to send. One that waits for the same person, kind and school is
    /// brought up to date instead of being joined by a second.
    pub async fn write_letter(&self, actor: Actor, new: &NewLetter, now: i64) -> Result<bool, RegisterError> {
        let mut act = Act::new(actor, Action::MakeMail).with("kind", new.kind.word()).with("items", new.items);
        act.set("to", new.account.0);
        if let Some(school) = &new.school {
            act = act.at(school);
        }
        let school = new.school.as_ref().map_or("", SchoolId::as_str);
        let mut writing = self.begin(act).await?;
        let known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE account = ? AND kind = ? AND school = ? AND about = ?)",
        )
        .bind(new.account.0)
        .bind(new.kind.word())
        .bind(school)
        .bind(&new.about)
        .fetch_one(writing.connection())
        .await?;
        if known {
            return Ok(false);
        }
        // One that a process is sending at this moment says what it says.
        let waiting: Option<i64> = sqlx::query_scalar(
            "UPDATE outbox SET about = ?, items = ?, urgent = max(urgent, ?), due = CASE WHEN ? THEN min(due, ?) ELSE due END
             WHERE id = (SELECT id FROM outbox WHERE account = ? AND kind = ? AND school = ? AND sent_at IS NULL AND dropped_at IS NULL
                                AND (taken_at IS NULL OR taken_at <= ?) ORDER BY id LIMIT 1)
             RETURNING id",
        )
        .bind(&new.about)
        .bind(new.items)
        .bind(new.urgent)
        .bind(new.urgent)
        .bind(now)
        .bind(new.account.0)
        .bind(new.kind.word())
        .bind(school)
        .bind(now - TAKEN)
        .fetch_optional(writing.connection())
        .await?;
        let id = match waiting {
            Some(id) => id,
            None => {
                let last: Option<i64> = sqlx::query_scalar(
                    "SELECT max(coalesce(sent_at, taken_at)) FROM outbox WHERE account = ? AND kind = ? AND school = ?",
                )
                .bind(new.account.0)
                .bind(new.kind.word())
                .bind(school)
                .fetch_one(writing.connection())
                .await?;
                let due = last.filter(|_| !new.urgent).map_or(now, |last| now.max(last + HOUR));
                sqlx::query(
                    "INSERT INTO outbox (account, kind, school, about, items, urgent, made_at, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                )
                .bind(new.account.0)
                .bind(new.kind.word())
                .bind(school)
                .bind(&new.about)
                .bind(new.items)
                .bind(new.urgent)
                .bind(now)
                .bind(due)
                .execute(writing.connection())
                .await?
                .last_insert_rowid()
            }
        };
        writing.act().set_object("mail", id);
        let _receipt = writing.commit().await?;
        Ok(true)
    }

    /// Takes the next letter that is due, so that no other process sends it meanwhile; none when nothing is.
    pub async fn take_letter(&self, now: i64) -> Result<Option<Letter>, RegisterError> {
        let mut writing = self.begin_without_act().await?;
        let text = format!(
            "UPDATE outbox SET taken_at = ?1 WHERE id = (
                 SELECT id FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL AND due <= ?1
                        AND (taken_at IS NULL OR taken_at <= ?2) ORDER BY urgent DESC, due, id LIMIT 1)
             RETURNING {COLUMNS}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(now).bind(now - TAKEN).fetch_optional(&mut *writing).await?;
        let letter = row.as_ref().map(read).transpose()?;
        writing.commit().await?;
        Ok(letter)
    }

    /// The mail server took it.
    pub async fn letter_sent(&self, actor: Actor, letter: &Letter, now: i64) -> Result<(), RegisterError> {
        let act = about(Act::new(actor, Action::SendMail), letter);
        let mut writing = self.begin(act).await?;
        sqlx::query("UPDATE outbox SET sent_at = ?, taken_at = NULL, last_error = NULL WHERE id = ?")
            .bind(now)
            .bind(letter.id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// It could not be sent: it waits a while, or is given up once it is no news any more. Says whether it waits.
    pub async fn letter_failed(&self, actor: Actor, letter: &Letter, why: &str, now: i64) -> Result<bool, RegisterError> {
        let wait = FIRST_WAIT.saturating_mul(1 << letter.tries.min(10)).min(LONGEST_WAIT);
        if now + wait > letter.made_at + GIVEN_UP {
            self.drop_letter(actor, letter, why, now).await?;
            return Ok(false);
        }
        let mut writing = self.begin_without_act().await?;
        sqlx::query("UPDATE outbox SET taken_at = NULL, tries = tries + 1, due = ?, last_error = ? WHERE id = ?")
            .bind(now + wait)
            .bind(why)
            .bind(letter.id)
            .execute(&mut *writing)
            .await?;
        writing.commit().await?;
        Ok(true)
    }

    /// It will not be sent: nobody is there to read it, or the server refused it for good.
    pub async fn drop_letter(&self, actor: Actor, letter: &Letter, why: &str, now: i64) -> Result<(), RegisterError> {
        let mut writing = self.begin(about(Act::new(actor, Action::SendMail), letter).refused()).await?;
        sqlx::query("UPDATE outbox SET dropped_at = ?, taken_at = NULL, tries = tries + 1, last_error = ? WHERE id = ?")
            .bind(now)
            .bind(why)
            .bind(letter.id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// The letter whose address somebody opened, where it was sent to them; the first time is kept, as proof that it was read.
    pub async fn read_letter(&self, account: AccountId, id: i64, now: i64) -> Result<Option<Letter>, RegisterError> {
        let text = format!("SELECT {COLUMNS} FROM outbox WHERE id = ? AND account = ? AND sent_at IS NOT NULL");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id).bind(account.0).fetch_optional(self.readers()).await?;
        let Some(mut letter) = row.as_ref().map(read).transpose()? else { return Ok(None) };
        if letter.read_at.is_none() {
            let act = about(Act::new(Actor::Account { id: account, role: Some(letter.kind.role()) }, Action::ReadMail), &letter);
            let mut writing = self.begin(act).await?;
            let first = sqlx::query("UPDATE outbox SET read_at = ? WHERE id = ? AND read_at IS NULL")
                .bind(now)
                .bind(id)
                .execute(writing.connection())
                .await?;
            if first.rows_affected() == 1 {
                let _receipt = writing.commit().await?;
            }
            letter.read_at = Some(now);
        }
        Ok(Some(letter))
    }

    /// Letters, newest first.
    pub async fn letters(&self, limit: u32) -> Result<Vec<Letter>, RegisterError> {
        let text = format!("SELECT {COLUMNS} FROM outbox ORDER BY id DESC LIMIT ?");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(limit).fetch_all(self.readers()).await?;
        rows.iter().map(read).collect()
    }

    /// How many letters wait, those that are not due yet included.
    pub async fn letters_waiting(&self) -> Result<u32, RegisterError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL")
            .fetch_one(self.readers())
            .await?)
    }
}

fn about(act: Act, letter: &Letter) -> Act {
    let act = act.on("mail", letter.id).with("kind", letter.kind.word()).with("to", letter.account.0);
    match &letter.school {
        Some(school) => act.at(school),
        None => act,
    }
}

fn read(row: &SqliteRow) -> Result<Letter, RegisterError> {
    let kind: String = row.try_get("kind")?;
    let school: String = row.try_get("school")?;
    Ok(Letter {
        id: row.try_get("id")?,
        account: AccountId(row.try_get("account")?),
        kind: LetterKind::ALL
            .into_iter()
            .find(|known| known.word() == kind)
            .ok_or(RegisterError::Damaged("a letter of a kind it does not know"))?,
        school: match school.as_str() {
            "" => None,
            id => Some(SchoolId::parse(id).map_err(|_| RegisterError::Damaged("a letter about a school it can't read"))?),
        },
        about: row.try_get("about")?,
        items: row.try_get("items")?,
        urgent: row.try_get("urgent")?,
        made_at: row.try_get("made_at")?,
        due: row.try_get("due")?,
        sent_at: row.try_get("sent_at")?,
        read_at: row.try_get("read_at")?,
        dropped_at: row.try_get("dropped_at")?,
        tries: row.try_get("tries")?,
        last_error: row.try_get("last_error")?,
    })
}
