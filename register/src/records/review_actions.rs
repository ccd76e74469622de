//! What a review says is to be done: by whom, until when, and what became of it. What is still open is carried into the next year's review.

use jiff::civil::Date;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::clock;
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::reviews::read_review;
use super::typed::{LONGEST, LONGEST_NAME, day, line, maybe_day, must, prose};
use super::words::lists;
use super::{By, Fault, RecordError};
use crate::{Register, RegisterError};

lists! {
    /// What became of an action.
    ActionState {
        /// It is still to be done.
        Open = "open", "open";
        /// It was done.
        Done = "done", "done";
        /// It will not be done.
        Dropped = "dropped", "dropped";
        /// The next year's review has taken it over.
        Carried = "carried", "carried over";
    }
}

/// An action to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAction {
    /// What.
    pub what: String,
    /// Who sees to it.
    pub owner: String,
    /// By when.
    pub due: Option<Date>,
}

impl NewAction {
    /// What is wrong with it, on this day.
    pub fn faults(&self, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        let what = Fault::at("what", "Say what is to be done.");
        must(&mut faults, &prose(&self.what), LONGEST, Some(what), Fault::at("what", "Use at most 1,000 characters."));
        let owner = Fault::at("owner", "Say who sees to it.");
        must(&mut faults, &line(&self.owner), LONGEST_NAME, Some(owner), Fault::at("owner", "Use at most 100 characters."));
        match self.due {
            None => faults.push(Fault::at("due", "Say by which day.")),
            Some(due) if due < today => faults.push(Fault::at("due", "This day is over. Use a day to come.")),
            Some(_) => {}
        }
        faults
    }
}

/// An action of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewAction {
    /// Its number.
    pub id: i64,
    /// What is to be done.
    pub what: String,
    /// Who sees to it.
    pub owner: String,
    /// By when.
    pub due: Date,
    /// Who added it.
    pub added_by: String,
    /// The year whose review asked for it first, where that is an earlier one.
    pub carried_from: Option<AcademicYear>,
    /// What became of it.
    pub state: ActionState,
    /// When that was, and why or how.
    pub ended: Option<(Date, String)>,
}

impl ReviewAction {
    /// Whether it should have been done by this day.
    pub fn is_late(&self, today: Date) -> bool {
        self.state == ActionState::Open && self.due < today
    }
}

impl Register {
    /// Adds an action to a review. Also to one that is frozen: its documents stay, the list goes on.
    pub async fn add_review_action(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        new: &NewAction,
        today: Date,
    ) -> Result<i64, RecordError> {
        let faults = new.faults(today);
        let (Some(due), true) = (new.due, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        let mut writing = self.begin(by.records(school)).await?;
        let review = read_review(writing.connection(), school, year).await?.ok_or(RecordError::NoSuch)?;
        let added = sqlx::query(
            "INSERT INTO review_actions (review, what, owner, due, added_by, added_on, first_year) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(review.id)
        .bind(prose(&new.what))
        .bind(line(&new.owner))
        .bind(due.to_string())
        .bind(by.id.0)
        .bind(today.to_string())
        .bind(year.to_string())
        .execute(writing.connection())
        .await?;
        let id = added.last_insert_rowid();
        writing.act().set_object("review-action", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Says that an action was done, or will not be, and how or why.
    #[expect(clippy::too_many_arguments, reason = "who, where, what and when")]
    pub async fn end_review_action(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        id: i64,
        state: Option<ActionState>,
        why: &str,
        today: Date,
    ) -> Result<(), RecordError> {
        let (mut faults, why) = (Vec::new(), prose(why));
        let state = state.filter(|state| matches!(state, ActionState::Done | ActionState::Dropped));
        if state.is_none() {
            faults.push(Fault::at("state", "Choose what became of it."));
        }
        let missing = Fault::at("why", "Say what was done, or why it will not be.");
        must(&mut faults, &why, LONGEST, Some(missing), Fault::at("why", "Use at most 1,000 characters."));
        let (Some(state), true) = (state, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        let mut writing = self.begin(by.records(school).on("review-action", id).with("state", state.word())).await?;
        let review = read_review(writing.connection(), school, year).await?.ok_or(RecordError::NoSuch)?;
        let is_open = |action: &&ReviewAction| action.id == id && action.state == ActionState::Open;
        review.actions.iter().find(is_open).ok_or(RecordError::NoSuch)?;
        sqlx::query("UPDATE review_actions SET state = ?, ended_on = ?, ended_why = ?, ended_by = ? WHERE id = ?")
            .bind(state.word())
            .bind(today.to_string())
            .bind(&why)
            .bind(by.id.0)
            .bind(id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

/// Takes what is open of the newest earlier review into a new one; gives how many.
pub(super) async fn carry_over(
    connection: &mut SqliteConnection,
    by: By,
    school: &SchoolId,
    year: AcademicYear,
    review: i64,
    now: i64,
) -> Result<u32, RecordError> {
    let earlier: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM reviews
             WHERE year < ?2 AND (school = ?1 OR id IN (SELECT review FROM review_schools WHERE review_schools.school = ?1))
             ORDER BY year DESC LIMIT 1",
    )
    .bind(school.as_str())
    .bind(year.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(earlier) = earlier else { return Ok(0) };
    let zone = clock::zone(clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    let today =
        jiff::Timestamp::from_microsecond(now).map_or_else(|_| clock::today_here(), |now| now.to_zoned(zone).date()).to_string();
    let open: Vec<i64> = sqlx::query_scalar("SELECT id FROM review_actions WHERE review = ? AND state = 'open' ORDER BY id")
        .bind(earlier)
        .fetch_all(&mut *connection)
        .await?;
    for id in &open {
        sqlx::query(
            "INSERT INTO review_actions (review, what, owner, due, added_by, added_on, carried_from, first_year)
             SELECT ?, what, owner, due, ?, ?, id, first_year FROM review_actions WHERE id = ?",
        )
        .bind(review)
        .bind(by.id.0)
        .bind(&today)
        .bind(id)
        .execute(&mut *connection)
        .await?;
        sqlx::query("UPDATE review_actions SET state = 'carried', ended_on = ?, ended_why = ?, ended_by = ? WHERE id = ?")
            .bind(&today)
            .bind(format!("carried into the review of {year}"))
            .bind(by.id.0)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(open.len() as u32)
}

pub(super) async fn read_actions(connection: &mut SqliteConnection, review: i64) -> Result<Vec<ReviewAction>, RegisterError> {
    let rows = sqlx::query(
        "SELECT review_actions.*, name, year FROM review_actions JOIN accounts ON accounts.id = added_by JOIN reviews ON reviews.id = review
         WHERE review = ? ORDER BY due, review_actions.id",
    )
    .bind(review)
    .fetch_all(connection)
    .await?;
    let unknown = RegisterError::Damaged("a word that it does not know");
    let mut actions = Vec::with_capacity(rows.len());
    for row in rows {
        let (first, own): (String, String) = (row.try_get("first_year")?, row.try_get("year")?);
        let why: Option<String> = row.try_get("ended_why")?;
        let Some(state) = ActionState::parse(row.try_get("state")?) else { return Err(unknown) };
        actions.push(ReviewAction {
            id: row.try_get("id")?,
            what: row.try_get("what")?,
            owner: row.try_get("owner")?,
            due: day(row.try_get("due")?)?,
            added_by: row.try_get("name")?,
            carried_from: if first == own { None } else { AcademicYear::parse(&first) },
            state,
            ended: maybe_day(row.try_get("ended_on")?)?.zip(why),
        });
    }
    Ok(actions)
}
