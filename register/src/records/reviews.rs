//! Annual reviews as they stand: who wrote what in them, what was asked, which parts are done, who signed, what is frozen.

use sqlx::{Row as _, SqliteConnection};
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::review_actions::{ReviewAction, read_actions};
use super::review_signing::{Frozen, Round, read_frozen, read_rounds};
use super::words::lists;
use crate::store::Writing;
use crate::{AccountId, Register, RegisterError, Role};

use super::{By, RecordError};

lists! {
    /// A part of the review that somebody prepares.
    Part {
        /// The head's and the senior leaders'.
        Leaders = "leaders", "the head and senior leaders";
        /// The safeguarding lead's.
        Safeguarding = "safeguarding", "the safeguarding lead";
        /// IT support's.
        Systems = "systems", "IT support";
    }
}

impl Part {
    /// Whether somebody of this role may say that it is ready. The head may for everybody: a firm outside has no account.
    pub const fn is_of(self, role: Role) -> bool {
        matches!((self, role), (_, Role::Leader) | (Self::Safeguarding, Role::Dsl) | (Self::Systems, Role::Technician))
    }
}

/// What somebody answered to an open item of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The revision in which it was written.
    pub revision: u32,
    /// The block, 1 to 21.
    pub block: u8,
    /// Which of its items.
    pub item: String,
    /// What; empty where the answer was taken back.
    pub text: String,
    /// Who.
    pub by: String,
    /// Under which role.
    pub role: Role,
    /// When, microseconds.
    pub at: i64,
}

/// A comment or question on a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The revision on which it was made.
    pub revision: u32,
    /// The block.
    pub block: u8,
    /// What.
    pub text: String,
    /// Who.
    pub by: String,
    /// Under which role.
    pub role: Role,
    /// When.
    pub at: i64,
}

/// A part that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartDone {
    /// Which.
    pub part: Part,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: i64,
}

/// How a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// It can be written to.
    Writing,
    /// It is being signed.
    Signing,
    /// Its newest revision is frozen.
    Frozen,
}

/// A revision of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub(super) id: i64,
    /// 1 for the first.
    pub number: u32,
    /// Why there is a new one; empty for the first.
    pub why: String,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: i64,
    /// Parts that are ready.
    pub parts: Vec<PartDone>,
    /// Signings, the newest last; those before were broken off.
    pub rounds: Vec<Round>,
    /// Once it is frozen.
    pub frozen: Option<Frozen>,
}

impl Revision {
    /// The signing under way, or the one that froze it.
    pub fn round(&self) -> Option<&Round> {
        self.rounds.last().filter(|round| round.broken_off.is_none())
    }

    /// Who said that a part is ready.
    pub fn part(&self, part: Part) -> Option<&PartDone> {
        self.parts.iter().find(|done| done.part == part)
    }

    /// Whether every part is ready.
    pub fn is_prepared(&self) -> bool {
        Part::ALL.iter().all(|part| self.part(*part).is_some())
    }
}

/// The governing body of several schools that have one review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its name.
    pub name: String,
    /// Its schools, the one that keeps the review first.
    pub schools: Vec<SchoolId>,
}

/// The review of a school and year, or of all schools of a governing body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub(super) id: i64,
    /// The year.
    pub year: AcademicYear,
    /// Whose it is, where it is one of several schools.
    pub body: Option<Body>,
    /// Its revisions, the newest last; there is at least one.
    pub revisions: Vec<Revision>,
    /// Every answer, the newest last.
    pub answers: Vec<Answer>,
    /// Every comment, the newest last.
    pub comments: Vec<Comment>,
    /// What is to be done, by day.
    pub actions: Vec<ReviewAction>,
}

impl Review {
    /// The newest revision.
    pub fn revision(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// The newest frozen revision.
    pub fn frozen(&self) -> Option<(&Revision, &Frozen)> {
        self.revisions.iter().rev().find_map(|revision| Some((revision, revision.frozen.as_ref()?)))
    }

    /// How it stands.
    pub fn state(&self) -> ReviewState {
        match self.revision() {
            Some(revision) if revision.frozen.is_some() => ReviewState::Frozen,
            Some(revision) if revision.round().is_some() => ReviewState::Signing,
            _ => ReviewState::Writing,
        }
    }

    /// The newest answer to an item; none where there is none, or it was taken back.
    pub fn answer(&self, block: u8, item: &str) -> Option<&Answer> {
        let newest = self.answers.iter().rev().find(|answer| answer.block == block && answer.item == item);
        newest.filter(|answer| !answer.text.is_empty())
    }

    /// Earlier answers to an item that say something, the newest first.
    pub fn earlier(&self, block: u8, item: &str) -> Vec<&Answer> {
        let of_item = self.answers.iter().rev().filter(|answer| answer.block == block && answer.item == item);
        let skipped = usize::from(self.answer(block, item).is_some());
        of_item.filter(|answer| !answer.text.is_empty()).skip(skipped).collect()
    }

    /// Comments on a block, the newest last.
    pub fn comments(&self, block: u8) -> impl Iterator<Item = &Comment> {
        self.comments.iter().filter(move |comment| comment.block == block)
    }
}

const UNKNOWN: RegisterError = RegisterError::Damaged("a word that it does not know");

impl Register {
    /// The review of a school and year, its own or its governing body's; none that nobody has opened.
    pub async fn review(&self, school: &SchoolId, year: AcademicYear) -> Result<Option<Review>, RegisterError> {
        let mut connection = self.readers().acquire().await?;
        read_review(&mut connection, school, year).await
    }

    /// When the newest review of an earlier year was frozen last, with its year.
    pub async fn last_frozen_before(
        &self,
        school: &SchoolId,
        year: AcademicYear,
    ) -> Result<Option<(AcademicYear, i64)>, RegisterError> {
        let mut connection = self.readers().acquire().await?;
        let row = sqlx::query(
            "SELECT year, max(review_frozen.at) AS at FROM reviews JOIN review_revisions ON review = reviews.id
                    JOIN review_frozen ON revision = review_revisions.id
             WHERE year < ?2 AND (school = ?1 OR reviews.id IN (SELECT review FROM review_schools WHERE review_schools.school = ?1))
             GROUP BY year ORDER BY year DESC LIMIT 1",
        )
        .bind(school.as_str())
        .bind(year.to_string())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((AcademicYear::parse(row.try_get("year")?).ok_or(UNKNOWN)?, row.try_get("at")?)))
    }
}

/// The review that somebody writes to.
pub(super) async fn must_be(
    writing: &mut Writing,
    school: &SchoolId,
    year: AcademicYear,
    state: ReviewState,
) -> Result<(Review, Revision), RecordError> {
    let review = read_review(writing.connection(), school, year).await?;
    let review = review.filter(|review| review.state() == state).ok_or(RecordError::NoSuch)?;
    let revision = review.revision().cloned().ok_or(RecordError::NoSuch)?;
    writing.act().set_object("review", review.id);
    Ok((review, revision))
}

/// Who records, as the text of the role that the rows keep.
pub(super) fn role_of(by: By) -> &'static str {
    by.role.word()
}

pub(super) fn role(word: &str) -> Result<Role, RegisterError> {
    Role::parse(word).ok_or(UNKNOWN)
}

pub(super) async fn read_review(
    connection: &mut SqliteConnection,
    school: &SchoolId,
    year: AcademicYear,
) -> Result<Option<Review>, RegisterError> {
    let id: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM reviews
         WHERE year = ?2 AND (school = ?1 OR id IN (SELECT review FROM review_schools WHERE review_schools.school = ?1))",
    )
    .bind(school.as_str())
    .bind(year.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id else { return Ok(None) };
    Ok(Some(Review {
        id,
        year,
        body: read_body(connection, id).await?,
        revisions: read_revisions(connection, id).await?,
        answers: read_answers(connection, id).await?,
        comments: read_comments(connection, id).await?,
        actions: read_actions(connection, id).await?,
    }))
}

async fn read_body(connection: &mut SqliteConnection, review: i64) -> Result<Option<Body>, RegisterError> {
    let name: Option<String> = sqlx::query_scalar("SELECT name FROM review_bodies WHERE review = ?")
        .bind(review)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(name) = name else { return Ok(None) };
    let schools: Vec<String> = sqlx::query_scalar(
        "SELECT review_schools.school FROM review_schools JOIN reviews ON reviews.id = review
         WHERE review = ? ORDER BY review_schools.school <> reviews.school, review_schools.school",
    )
    .bind(review)
    .fetch_all(connection)
    .await?;
    let schools =
        schools.iter().map(|school| SchoolId::parse(school).map_err(|_| RegisterError::Damaged("a school that is none")));
    Ok(Some(Body { name, schools: schools.collect::<Result<_, _>>()? }))
}

async fn read_revisions(connection: &mut SqliteConnection, review: i64) -> Result<Vec<Revision>, RegisterError> {
    let rows = sqlx::query(
        "SELECT review_revisions.id, number, why, name, opened_at FROM review_revisions JOIN accounts ON accounts.id = opened_by
         WHERE review = ? ORDER BY number",
    )
    .bind(review)
    .fetch_all(&mut *connection)
    .await?;
    let mut revisions = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.try_get("id")?;
        revisions.push(Revision {
            id,
            number: row.try_get("number")?,
            why: row.try_get("why")?,
            opened_by: row.try_get("name")?,
            opened_at: row.try_get("opened_at")?,
            parts: read_parts(connection, id).await?,
            rounds: read_rounds(connection, id).await?,
            frozen: read_frozen(connection, id).await?,
        });
    }
    Ok(revisions)
}

async fn read_parts(connection: &mut SqliteConnection, revision: i64) -> Result<Vec<PartDone>, RegisterError> {
    let rows = sqlx::query(
        "SELECT part, name, at FROM review_parts_done JOIN accounts ON accounts.id = by WHERE revision = ? ORDER BY at, part",
    )
    .bind(revision)
    .fetch_all(connection)
    .await?;
    let done = rows.into_iter().map(|row| {
        let part = Part::parse(row.try_get("part")?).ok_or(UNKNOWN)?;
        Ok(PartDone { part, by: row.try_get("name")?, at: row.try_get("at")? })
    });
    done.collect()
}

async fn read_answers(connection: &mut SqliteConnection, review: i64) -> Result<Vec<Answer>, RegisterError> {
    let rows = sqlx::query(
        "SELECT number, block, item, text, name, role, at FROM review_answers JOIN review_revisions ON review_revisions.id = revision
                JOIN accounts ON accounts.id = by WHERE review = ? ORDER BY review_answers.id",
    )
    .bind(review)
    .fetch_all(connection)
    .await?;
    let answers = rows.into_iter().map(|row| {
        Ok(Answer {
            revision: row.try_get("number")?,
            block: row.try_get("block")?,
            item: row.try_get("item")?,
            text: row.try_get("text")?,
            by: row.try_get("name")?,
            role: role(row.try_get("role")?)?,
            at: row.try_get("at")?,
        })
    });
    answers.collect()
}

async fn read_comments(connection: &mut SqliteConnection, review: i64) -> Result<Vec<Comment>, RegisterError> {
    let rows = sqlx::query(
        "SELECT number, block, text, name, role, at FROM review_comments JOIN review_revisions ON review_revisions.id = revision
                JOIN accounts ON accounts.id = by WHERE review = ? ORDER BY review_comments.id",
    )
    .bind(review)
    .fetch_all(connection)
    .await?;
    let comments = rows.into_iter().map(|row| {
        Ok(Comment {
            revision: row.try_get("number")?,
            block: row.try_get("block")?,
            text: row.try_get("text")?,
            by: row.try_get("name")?,
            role: role(row.try_get("role")?)?,
            at: row.try_get("at")?,
        })
    });
    comments.collect()
}

/// An account's number and name.
pub(super) async fn name_of(connection: &mut SqliteConnection, id: AccountId) -> Result<String, RegisterError> {
    Ok(sqlx::query_scalar("SELECT name FROM accounts WHERE id = ?").bind(id.0).fetch_one(connection).await?)
}
