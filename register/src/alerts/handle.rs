//! What people do about an alert: take it, write beside it, close it, agree to a closing, open it again. Each with its row of the trail.

use weir_lake::ids::SchoolId;

use super::read::read_one;
use super::{Alert, AlertState};
use crate::records::typed::{LONGEST, line, must, prose};
use crate::records::{AlertOutcome, By, Fault, RecordError};
use crate::store::Writing;
use crate::{Act, Action, Actor, Receipt, Register, RegisterError};

/// Longest number of a child protection file, in characters.
const LONGEST_REFERENCE: usize = 60;

/// How an alert is to be closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewClosing {
    /// What came of it.
    pub outcome: Option<AlertOutcome>,
    /// Why.
    pub why: String,
    /// The number of a child protection file.
    pub reference: String,
}

impl Register {
    /// Writes down that somebody looks at an alert, before it is shown. Every time anew.
    pub async fn alert_seen(&self, by: By, school: &SchoolId, id: i64) -> Result<Receipt, RegisterError> {
        let actor = Actor::Account { id: by.id, role: Some(by.role) };
        self.audit(Act::new(actor, Action::Open).at(school).on("alert", id)).await
    }

    /// Takes an alert: whoever does it looks into it from now on. One that somebody else holds is taken over.
    pub async fn take_alert(&self, by: By, school: &SchoolId, id: i64, now: i64) -> Result<(), RecordError> {
        let (mut writing, alert) = self.open_alert(by, school, id, "take", now).await?;
        if alert.state == AlertState::Closing {
            return Err(RecordError::NoSuch);
        }
        sqlx::query(
            "UPDATE alerts SET state = 'taken', holder = ?2, acknowledged_at = COALESCE(acknowledged_at, ?3),
                    acknowledged_by = COALESCE(acknowledged_by, ?2) WHERE id = ?1",
        )
        .bind(id)
        .bind(by.id.0)
        .bind(now)
        .execute(writing.connection())
        .await?;
        done(writing).await
    }

    /// Writes a note beside an alert, and the number of a child protection file where one is given.
    pub async fn note_alert(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        text: &str,
        reference: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let (text, reference) = (prose(text), line(reference));
        let mut faults = Vec::new();
        let missing = reference.is_empty().then_some(Fault::at("note", "Write a note, or the number of a file."));
        must(&mut faults, &text, LONGEST, missing, Fault::at("note", "Use at most 1,000 characters."));
        must(&mut faults, &reference, LONGEST_REFERENCE, None, Fault::at("reference", "Use at most 60 characters."));
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let (mut writing, _) = self.open_alert(by, school, id, "note", now).await?;
        if !text.is_empty() {
            sqlx::query("INSERT INTO alert_notes (alert, account, at, text) VALUES (?, ?, ?, ?)")
                .bind(id)
                .bind(by.id.0)
                .bind(now)
                .bind(&text)
                .execute(writing.connection())
                .await?;
        }
        set_reference(&mut writing, id, &reference).await?;
        done(writing).await
    }

    /// Closes an alert with what came of it. An urgent one waits for a second person; gives whether it does.
    pub async fn close_alert(&self, by: By, school: &SchoolId, id: i64, new: &NewClosing, now: i64) -> Result<bool, RecordError> {
        let (mut writing, alert) = self.open_alert(by, school, id, "close", now).await?;
        if alert.state != AlertState::Taken {
            return Err(RecordError::NoSuch);
        }
        let (why, reference) = (prose(&new.why), line(&new.reference));
        let mut faults = Vec::new();
        if new.outcome.is_none() {
            faults.push(Fault::at("outcome", "Choose what came of it."));
        }
        let missing = alert.is_urgent().then_some(Fault::at("why", "Say why it can be closed."));
        must(&mut faults, &why, LONGEST, missing, Fault::at("why", "Use at most 1,000 characters."));
        must(&mut faults, &reference, LONGEST_REFERENCE, None, Fault::at("reference", "Use at most 60 characters."));
        let (Some(outcome), true) = (new.outcome, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        let state = if alert.is_urgent() { AlertState::Closing } else { AlertState::Closed };
        sqlx::query(
            "UPDATE alerts SET state = ?, outcome = ?, close_why = ?, close_by = ?, close_at = ?, second_by = NULL WHERE id = ?",
        )
        .bind(state.word())
        .bind(outcome.word())
        .bind(&why)
        .bind(by.id.0)
        .bind(now)
        .bind(id)
        .execute(writing.connection())
        .await?;
        set_reference(&mut writing, id, &reference).await?;
        writing.act().set("outcome", outcome.word());
        writing.act().set("waits", alert.is_urgent());
        done(writing).await?;
        Ok(alert.is_urgent())
    }

    /// Agrees to the closing of an urgent alert, or says that it stays open. Whoever asked for it is refused, and the trail says so.
    pub async fn answer_closing(&self, by: By, school: &SchoolId, id: i64, agrees: bool, now: i64) -> Result<(), RecordError> {
        let (mut writing, alert) = self.open_alert(by, school, id, "answer", now).await?;
        let Some(closing) = alert.closing.filter(|_| alert.state == AlertState::Closing) else { return Err(RecordError::NoSuch) };
        if agrees && closing.by == by.id {
            drop(writing);
            let _receipt = self.audit(act(by, school, id, "answer").refused()).await?;
            let words = "You asked for this yourself: a second person must agree.";
            return Err(RecordError::Wrong(vec![Fault::at("agree", words)]));
        }
        let text = if agrees {
            "UPDATE alerts SET state = 'closed', second_by = ?2, close_at = ?3 WHERE id = ?1"
        } else {
            "UPDATE alerts SET state = 'taken', outcome = NULL, close_why = NULL, close_by = NULL, close_at = NULL
             WHERE id = ?1 AND ?2 IS NOT NULL AND ?3 IS NOT NULL"
        };
        sqlx::query(text).bind(id).bind(by.id.0).bind(now).execute(writing.connection()).await?;
        writing.act().set("agrees", agrees);
        done(writing).await
    }

    /// Opens a closed alert again, for whoever does it. Not where a newer one about the same is open.
    pub async fn reopen_alert(&self, by: By, school: &SchoolId, id: i64, now: i64) -> Result<(), RecordError> {
        let mut writing = self.begin(act(by, school, id, "reopen")).await?;
        let found = read_one(writing.connection(), school, id).await?.filter(|alert| alert.is_for(by.role, by.id, now));
        found.filter(|alert| alert.state == AlertState::Closed).ok_or(RecordError::NoSuch)?;
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM alerts AS other, alerts AS own WHERE own.id = ? AND other.id <> own.id AND other.school = own.school
                    AND other.who = own.who AND other.subject IS own.subject AND other.shared IS own.shared AND other.theme = own.theme
                    AND other.state IN ('new', 'taken', 'closing')",
        )
        .bind(id)
        .fetch_one(writing.connection())
        .await?;
        if others > 0 {
            return Err(RecordError::Wrong(vec![Fault::at("reopen", "A newer alert about the same is open: use that one.")]));
        }
        sqlx::query(
            "UPDATE alerts SET state = 'taken', holder = ?, outcome = NULL, close_why = NULL, close_by = NULL, close_at = NULL,
                    second_by = NULL WHERE id = ?",
        )
        .bind(by.id.0)
        .bind(id)
        .execute(writing.connection())
        .await?;
        done(writing).await
    }

    /// Begins to write to an open alert that this person may act on.
    async fn open_alert(
        &self,
        by: By,
        school: &SchoolId,
        id: i64,
        what: &'static str,
        now: i64,
    ) -> Result<(Writing, Alert), RecordError> {
        let mut writing = self.begin(act(by, school, id, what)).await?;
        let found = read_one(writing.connection(), school, id).await?;
        let is_fit = |alert: &Alert| alert.state.is_open() && alert.is_for(by.role, by.id, now);
        Ok((writing, found.filter(is_fit).ok_or(RecordError::NoSuch)?))
    }
}

fn act(by: By, school: &SchoolId, id: i64, what: &'static str) -> Act {
    by.records(school).on("alert", id).with("alert", what)
}

async fn set_reference(writing: &mut Writing, id: i64, reference: &str) -> Result<(), RecordError> {
    if !reference.is_empty() {
        sqlx::query("UPDATE alerts SET reference = ? WHERE id = ?")
            .bind(reference)
            .bind(id)
            .execute(writing.connection())
            .await?;
    }
    Ok(())
}

async fn done(writing: Writing) -> Result<(), RecordError> {
    let _receipt = writing.commit().await?;
    Ok(())
}
