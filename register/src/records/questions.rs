//! Questions that governors put to the head: with the figure they are about as it was read that day, and what was answered, by whom and when.

use std::collections::BTreeMap;

use sqlx::{Row as _, SqliteConnection};
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::typed::needed;
use super::{By, RecordError};
use crate::{AccountId, Register, RegisterError, Role};

/// The figure a question is about, as it could be read when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAbout {
    /// Its id in addresses.
    pub figure: String,
    /// What it was called.
    pub title: String,
    /// The school year of the page.
    pub year: AcademicYear,
    /// The half-term; empty for the year.
    pub period: String,
    /// The value in words, marks included.
    pub value: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What.
    pub text: String,
    /// Who.
    pub by: String,
    /// Under which role.
    pub role: Role,
    /// When, microseconds.
    pub at: i64,
}

/// A question as it stands in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its number.
    pub id: i64,
    /// What is asked.
    pub text: String,
    /// About which figure.
    pub about: Option<AskedAbout>,
    /// Whose account asked.
    pub asked_by: AccountId,
    /// Who asked.
    pub asker: String,
    /// Under which role.
    pub role: Role,
    /// When, microseconds.
    pub asked_at: i64,
    /// Whether whoever asked took it back.
    pub is_withdrawn: bool,
    /// What was answered, the newest last; that one counts.
    pub answers: Vec<Reply>,
}

impl Question {
    /// The answer that counts.
    pub fn answer(&self) -> Option<&Reply> {
        self.answers.last()
    }

    /// Whether it waits for an answer.
    pub fn is_open(&self) -> bool {
        !self.is_withdrawn && self.answers.is_empty()
    }
}

impl Register {
    /// A school's questions, the oldest first, those withdrawn included.
    pub async fn questions(&self, school: &SchoolId) -> Result<Vec<Question>, RegisterError> {
        let mut reading = self.readers().begin().await?;
        read(&mut reading, school).await
    }

    /// Asks the head; gives the question's number.
    pub async fn ask_question(
        &self,
        by: By,
        school: &SchoolId,
        text: &str,
        about: Option<&AskedAbout>,
        now: i64,
    ) -> Result<i64, RecordError> {
        let text = needed("text", text, "Write your question.")?;
        let mut writing = self.begin(by.records(school).with("about_a_figure", about.is_some())).await?;
        let added = sqlx::query(
            "INSERT INTO questions (school, text, figure, title, year, period, value, asked_by, role, asked_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(school.as_str())
        .bind(&text)
        .bind(about.map(|about| &about.figure))
        .bind(about.map(|about| &about.title))
        .bind(about.map(|about| about.year.to_string()))
        .bind(about.map(|about| &about.period))
        .bind(about.map(|about| &about.value))
        .bind(by.id.0)
        .bind(by.role.word())
        .bind(now)
        .execute(writing.connection())
        .await?;
        let id = added.last_insert_rowid();
        writing.act().set_object("question", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Answers a question. One that was answered may be answered again: the newer answer counts, the older stays.
    pub async fn answer_question(&self, by: By, school: &SchoolId, id: i64, text: &str, now: i64) -> Result<(), RecordError> {
        let text = needed("text", text, "Write an answer.")?;
        let mut writing = self.begin(by.records(school).on("question", id).with("answered", true)).await?;
        let questions = read(writing.connection(), school).await?;
        if !questions.iter().any(|question| question.id == id && !question.is_withdrawn) {
            return Err(RecordError::NoSuch);
        }
        sqlx::query("INSERT INTO question_answers (question, text, by, role, at) VALUES (?, ?, ?, ?, ?)")
            .bind(id)
            .bind(&text)
            .bind(by.id.0)
            .bind(by.role.word())
            .bind(now)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Takes back a question that nobody has answered; only whoever asked may.
    pub async fn withdraw_question(&self, by: By, school: &SchoolId, id: i64, now: i64) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("question", id).with("withdrawn", true)).await?;
        let questions = read(writing.connection(), school).await?;
        if !questions.iter().any(|question| question.id == id && question.asked_by == by.id && question.is_open()) {
            return Err(RecordError::NoSuch);
        }
        sqlx::query("UPDATE questions SET withdrawn_at = ? WHERE id = ?")
            .bind(now)
            .bind(id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

const UNKNOWN: RegisterError = RegisterError::Damaged("a word that it does not know");

async fn read(connection: &mut SqliteConnection, school: &SchoolId) -> Result<Vec<Question>, RegisterError> {
    let rows = sqlx::query(
        "SELECT question, question_answers.text, name, question_answers.role, at FROM question_answers
                JOIN questions ON questions.id = question JOIN accounts ON accounts.id = by
         WHERE school = ? ORDER BY question_answers.id",
    )
    .bind(school.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut answers: BTreeMap<i64, Vec<Reply>> = BTreeMap::new();
    for row in rows {
        let role = Role::parse(row.try_get("role")?).ok_or(UNKNOWN)?;
        let reply = Reply { text: row.try_get("text")?, by: row.try_get("name")?, role, at: row.try_get("at")? };
        answers.entry(row.try_get("question")?).or_default().push(reply);
    }
    let rows = sqlx::query(
        "SELECT questions.*, name FROM questions JOIN accounts ON accounts.id = asked_by WHERE school = ? ORDER BY asked_at, questions.id",
    )
    .bind(school.as_str())
    .fetch_all(connection)
    .await?;
    let mut questions = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.try_get("id")?;
        let about = match row.try_get::<Option<String>, _>("figure")? {
            None => None,
            Some(figure) => Some(AskedAbout {
                figure,
                title: row.try_get("title")?,
                year: AcademicYear::parse(row.try_get("year")?).ok_or(UNKNOWN)?,
                period: row.try_get("period")?,
                value: row.try_get("value")?,
            }),
        };
        questions.push(Question {
            id,
            text: row.try_get("text")?,
            about,
            asked_by: AccountId(row.try_get("asked_by")?),
            asker: row.try_get("name")?,
            role: Role::parse(row.try_get("role")?).ok_or(UNKNOWN)?,
            asked_at: row.try_get("asked_at")?,
            is_withdrawn: row.try_get::<Option<i64>, _>("withdrawn_at")?.is_some(),
            answers: answers.remove(&id).unwrap_or_default(),
        });
    }
    Ok(questions)
}
