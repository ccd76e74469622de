//! Writing a review: opening it, answering, commenting, saying that a part is ready, and opening a new revision of a frozen one.

use sqlx::SqliteConnection;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::review_actions::carry_over;
use super::reviews::{Body, Part, ReviewState, must_be, read_review, role_of};
use super::typed::{LONGEST, must, needed, prose};
use super::{By, Fault, RecordError};
use crate::{Register, RegisterError};

const LONG: Fault = Fault::at("text", "Use at most 1,000 characters.");

impl Register {
    /// Opens the review of a school and year, and carries over what is still to be done of the last one. Of one that is open already,
    /// nothing.
    pub async fn open_review(&self, by: By, school: &SchoolId, year: AcademicYear, now: i64) -> Result<(), RecordError> {
        self.open_for(by, school, None, year, now).await
    }

    /// Opens the one review of all schools of a governing body, kept with the first of them. Where one of them has a review of the year
    /// already, nothing. Actions that are open at any of them are carried over.
    pub async fn open_joint_review(&self, by: By, body: &Body, year: AcademicYear, now: i64) -> Result<(), RecordError> {
        let first = body.schools.first().ok_or(RecordError::NoSuch)?;
        self.open_for(by, first, Some(body), year, now).await
    }

    async fn open_for(
        &self,
        by: By,
        school: &SchoolId,
        body: Option<&Body>,
        year: AcademicYear,
        now: i64,
    ) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).with("opened", true)).await?;
        let schools = body.map_or(std::slice::from_ref(school), |body| body.schools.as_slice());
        for school in schools {
            if read_review(writing.connection(), school, year).await?.is_some() {
                return Ok(());
            }
        }
        let added = sqlx::query("INSERT INTO reviews (school, year, opened_by, opened_at) VALUES (?, ?, ?, ?)")
            .bind(school.as_str())
            .bind(year.to_string())
            .bind(by.id.0)
            .bind(now)
            .execute(writing.connection())
            .await?;
        let review = added.last_insert_rowid();
        add_revision(writing.connection(), review, 1, "", by, now).await?;
        if let Some(body) = body {
            add_body(writing.connection(), review, body, year).await?;
        }
        let mut carried = 0;
        for school in schools {
            carried += carry_over(writing.connection(), by, school, year, review, now).await?;
        }
        writing.act().set_object("review", review);
        writing.act().set("carried", carried);
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Answers an open item of a block; an empty text takes the answer back. What was said before stays in the register.
    #[expect(clippy::too_many_arguments, reason = "who, where, what and when")]
    pub async fn answer_review(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        block: u8,
        item: &str,
        text: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let (mut faults, text) = (Vec::new(), prose(text));
        must(&mut faults, &text, LONGEST, None, LONG);
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let mut writing = self.begin(by.records(school).with("answered", u32::from(block))).await?;
        let (review, revision) = must_be(&mut writing, school, year, ReviewState::Writing).await?;
        let before = review.answer(block, item).map_or("", |answer| answer.text.as_str());
        if before == text {
            return Ok(());
        }
        sqlx::query("INSERT INTO review_answers (revision, block, item, text, by, role, at) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(revision.id)
            .bind(block)
            .bind(item)
            .bind(&text)
            .bind(by.id.0)
            .bind(role_of(by))
            .bind(now)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Comments on a block, or asks about it.
    pub async fn comment_review(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        block: u8,
        text: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let text = needed("text", text, "Write your comment or question.")?;
        let mut writing = self.begin(by.records(school).with("commented", u32::from(block))).await?;
        let (_, revision) = must_be(&mut writing, school, year, ReviewState::Writing).await?;
        sqlx::query("INSERT INTO review_comments (revision, block, text, by, role, at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(revision.id)
            .bind(block)
            .bind(&text)
            .bind(by.id.0)
            .bind(role_of(by))
            .bind(now)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Says that a part is ready. Only whose part it is, or the head.
    pub async fn review_part_done(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        part: Part,
        now: i64,
    ) -> Result<(), RecordError> {
        let act = by.records(school).with("ready", part.word());
        let mut writing = self.begin(act.clone()).await?;
        let (_, revision) = must_be(&mut writing, school, year, ReviewState::Writing).await?;
        if !part.is_of(by.role) {
            drop(writing);
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::Wrong(vec![Fault::at("part", "This part is somebody else\u{2019}s.")]));
        }
        if revision.part(part).is_some() {
            return Ok(());
        }
        sqlx::query("INSERT INTO review_parts_done (revision, part, by, at) VALUES (?, ?, ?, ?)")
            .bind(revision.id)
            .bind(part.word())
            .bind(by.id.0)
            .bind(now)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Opens a new revision of a frozen review. The frozen one stays as it is.
    pub async fn revise_review(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        why: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let why = needed("why", why, "Say why the review must change.")?;
        let mut writing = self.begin(by.records(school).with("revised", true)).await?;
        let (review, revision) = must_be(&mut writing, school, year, ReviewState::Frozen).await?;
        add_revision(writing.connection(), review.id, revision.number + 1, &why, by, now).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

async fn add_revision(
    connection: &mut SqliteConnection,
    review: i64,
    number: u32,
    why: &str,
    by: By,
    now: i64,
) -> Result<(), RegisterError> {
    sqlx::query("INSERT INTO review_revisions (review, number, why, opened_by, opened_at) VALUES (?, ?, ?, ?, ?)")
        .bind(review)
        .bind(number)
        .bind(why)
        .bind(by.id.0)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

async fn add_body(connection: &mut SqliteConnection, review: i64, body: &Body, year: AcademicYear) -> Result<(), RegisterError> {
    sqlx::query("INSERT INTO review_bodies (review, name) VALUES (?, ?)")
        .bind(review)
        .bind(&body.name)
        .execute(&mut *connection)
        .await?;
    for school in &body.schools {
        sqlx::query("INSERT INTO review_schools (review, school, year) VALUES (?, ?, ?)")
            .bind(review)
            .bind(school.as_str())
            .bind(year.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
