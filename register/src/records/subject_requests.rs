//! What people asked of the school about the rows kept of them, as the data protection officer records it: no name, no key.

use jiff::civil::Date;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use weir_lake::ids::SchoolId;

use super::typed::{LONGEST, LONGEST_NAME, day, line, maybe_day, must, prose};
use super::words::lists;
use super::{By, Fault, RecordError};
use crate::{Register, RegisterError};

/// Longest number of the officer's own file.
const LONGEST_FILE: usize = 60;

lists! {
    /// What is asked for.
    SubjectKind {
        /// To see what is kept.
        Access = "access", "access to what is kept";
        /// That it goes.
        Erasure = "erasure", "erasure";
        /// That something is put right.
        Correction = "correction", "correction";
        /// That no more is kept.
        Objection = "objection", "objection to its being kept";
    }

    /// What came of it.
    SubjectOutcome {
        /// It was done.
        Done = "done", "done";
        /// Some of it was.
        Partly = "partly", "done in part";
        /// It was refused, with the reason.
        Refused = "refused", "refused";
        /// It was taken back.
        Withdrawn = "withdrawn", "taken back by whoever asked";
    }
}

/// A request to be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSubjectRequest {
    /// What is asked for.
    pub kind: Option<SubjectKind>,
    /// Who asks, in general words.
    pub from_whom: String,
    /// The number of the officer's own file.
    pub file: String,
    /// When it came; a month later it is due.
    pub asked_on: Option<Date>,
    /// What belongs to it.
    pub note: String,
}

/// A request as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRequest {
    /// Its number.
    pub id: i64,
    /// School.
    pub school: SchoolId,
    /// What is asked for.
    pub kind: SubjectKind,
    /// Who asks.
    pub from_whom: String,
    /// The number of the officer's own file.
    pub file: String,
    /// When it came.
    pub asked_on: Date,
    /// By when it is to be answered.
    pub due_on: Date,
    /// What belongs to it.
    pub note: String,
    /// The erasure that answers it.
    pub erasure: Option<i64>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When it was answered, what came of it, and the proof.
    pub ended: Option<(Date, SubjectOutcome, String)>,
}

/// How a request is ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewEnd {
    /// What came of it.
    pub outcome: Option<SubjectOutcome>,
    /// When.
    pub on: Option<Date>,
    /// What shows it: what was sent, to whom, and when, or why not.
    pub proof: String,
    /// The erasure that answers it.
    pub erasure: Option<i64>,
}

impl Register {
    /// Requests of a school, those that are due first.
    pub async fn subject_requests(&self, school: &SchoolId) -> Result<Vec<SubjectRequest>, RegisterError> {
        let rows = sqlx::query(
            "SELECT r.*, a.name AS recorder FROM subject_requests AS r JOIN accounts AS a ON a.id = r.recorded_by
             WHERE r.school = ? ORDER BY r.ended_on IS NOT NULL, r.due_on, r.id",
        )
        .bind(school.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Records a request; gives its number.
    pub async fn record_subject_request(
        &self,
        by: By,
        school: &SchoolId,
        new: &NewSubjectRequest,
        now: i64,
        today: Date,
    ) -> Result<i64, RecordError> {
        let (from_whom, file, note) = (line(&new.from_whom), line(&new.file), prose(&new.note));
        let mut faults = Vec::new();
        if new.kind.is_none() {
            faults.push(Fault::at("kind", "Choose what is asked for."));
        }
        let missing = Fault::at("from_whom", "Say who asks, in general words.");
        must(&mut faults, &from_whom, LONGEST_NAME, Some(missing), Fault::at("from_whom", "Use at most 100 characters."));
        let missing = Fault::at("file", "Give the number of your own file.");
        must(&mut faults, &file, LONGEST_FILE, Some(missing), Fault::at("file", "Use at most 60 characters."));
        must(&mut faults, &note, LONGEST, None, Fault::at("note", "Use at most 1,000 characters."));
        let asked_on = new.asked_on.unwrap_or(today);
        if asked_on > today {
            faults.push(Fault::at("asked_on", "This day is still to come."));
        }
        let due_on = asked_on.checked_add(jiff::Span::new().months(1)).unwrap_or(asked_on);
        let (Some(kind), true) = (new.kind, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        let mut writing = self.begin(by.records(school).with("asked", kind.word())).await?;
        let added = sqlx::query(
            "INSERT INTO subject_requests (school, kind, from_whom, file, asked_on, due_on, note, recorded_by, recorded_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(school.as_str())
        .bind(kind.word())
        .bind(&from_whom)
        .bind(&file)
        .bind(asked_on.to_string())
        .bind(due_on.to_string())
        .bind(&note)
        .bind(by.id.0)
        .bind(now)
        .execute(writing.connection())
        .await?;
        let id = added.last_insert_rowid();
        writing.act().set_object("subject-request", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Says what came of a request. An erasure that answers it must be of this school and done.
    pub async fn end_subject_request(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        new: &NewEnd,
        today: Date,
    ) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("subject-request", id)).await?;
        let asked: Option<(String, String)> =
            sqlx::query_as("SELECT asked_on, kind FROM subject_requests WHERE id = ? AND school = ? AND ended_on IS NULL")
                .bind(id)
                .bind(school.as_str())
                .fetch_optional(writing.connection())
                .await?;
        let (asked_on, kind) = asked.ok_or(RecordError::NoSuch)?;
        let (proof, on) = (prose(&new.proof), new.on.unwrap_or(today));
        let mut faults = Vec::new();
        if new.outcome.is_none() {
            faults.push(Fault::at("outcome", "Choose what came of it."));
        }
        let missing = Fault::at("proof", "Say what shows it: what was sent and when, or why not.");
        must(&mut faults, &proof, LONGEST, Some(missing), Fault::at("proof", "Use at most 1,000 characters."));
        if on < day(&asked_on)? || on > today {
            faults.push(Fault::at("ended_on", "Use a day from when it was asked to today."));
        }
        if let Some(erasure) = new.erasure {
            let done: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM erasures WHERE id = ? AND school = ? AND done_at IS NOT NULL)")
                    .bind(erasure)
                    .bind(school.as_str())
                    .fetch_one(writing.connection())
                    .await?;
            if !done || kind != SubjectKind::Erasure.word() {
                faults.push(Fault::at("erasure", "No erasure of this number is done at this school."));
            }
        } else if kind == SubjectKind::Erasure.word() && new.outcome == Some(SubjectOutcome::Done) {
            faults.push(Fault::at("erasure", "Give the number of the erasure that was done."));
        }
        let (Some(outcome), true) = (new.outcome, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        sqlx::query("UPDATE subject_requests SET ended_on = ?, outcome = ?, proof = ?, erasure = ?, ended_by = ? WHERE id = ?")
            .bind(on.to_string())
            .bind(outcome.word())
            .bind(&proof)
            .bind(new.erasure)
            .bind(by.id.0)
            .bind(id)
            .execute(writing.connection())
            .await?;
        writing.act().set("outcome", outcome.word());
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

fn read(row: &SqliteRow) -> Result<SubjectRequest, RegisterError> {
    let damaged = || RegisterError::Damaged("a word that it does not know");
    let outcome: Option<&str> = row.try_get("outcome")?;
    let outcome = outcome.map(|word| SubjectOutcome::parse(word).ok_or_else(damaged)).transpose()?;
    let ended_on = maybe_day(row.try_get("ended_on")?)?;
    let proof: String = row.try_get::<Option<String>, _>("proof")?.unwrap_or_default();
    Ok(SubjectRequest {
        id: row.try_get("id")?,
        school: SchoolId::parse(row.try_get("school")?).map_err(|_| damaged())?,
        kind: SubjectKind::parse(row.try_get("kind")?).ok_or_else(damaged)?,
        from_whom: row.try_get("from_whom")?,
        file: row.try_get("file")?,
        asked_on: day(row.try_get("asked_on")?)?,
        due_on: day(row.try_get("due_on")?)?,
        note: row.try_get("note")?,
        erasure: row.try_get("erasure")?,
        recorded_by: row.try_get("recorder")?,
        ended: ended_on.zip(outcome).map(|(on, outcome)| (on, outcome, proof)),
    })
}
