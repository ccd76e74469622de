//! Rows of policy.csv as a change of the policy asks for them: kept with the change, and written to the file by whoever makes it.

use jiff::civil::Date;
use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use super::typed::{day, line, maybe_day};
use super::{By, Fault, Kind, NewChange, RecordError, changes};
use crate::{Register, RegisterError};

/// Most rows that one change may ask for.
const MOST: usize = 200;

/// Longest profile or category, and longest reason, in characters.
const LONGEST_WORD: usize = 100;
const LONGEST_REASON: usize = 300;

/// What policy.csv may expect.
pub const EXPECTED: [&str; 3] = ["block", "warn", "allow"];

/// A row of policy.csv, for one school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLine {
    /// A profile of the filter or a user type; `*` is everybody.
    pub who: String,
    /// The category.
    pub category: String,
    /// One of [`EXPECTED`].
    pub expected: String,
    /// Why, in the words that the review prints.
    pub reason: String,
    /// From which day.
    pub from: Date,
    /// To which day; none for good.
    pub to: Option<Date>,
}

impl PolicyLine {
    /// What is wrong with it, on this day.
    pub fn faults(&self, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        let is_word = |text: &str| !text.is_empty() && text.chars().count() <= LONGEST_WORD && line(text) == text;
        if !is_word(&self.who) {
            faults.push(Fault::at("who", "Use * for everybody, a user type such as pupil or staff, or a profile of the filter."));
        }
        if !is_word(&self.category) {
            faults.push(Fault::at("category", "Choose one of the list."));
        }
        if !EXPECTED.contains(&self.expected.as_str()) {
            faults.push(Fault::at("expected", "Use block, warn or allow."));
        }
        if self.reason.is_empty() || self.reason.chars().count() > LONGEST_REASON || line(&self.reason) != self.reason {
            faults.push(Fault::at("reason", "Say why on one line of at most 300 characters; the review prints it."));
        }
        if self.from < today {
            faults.push(Fault::at("from", "This day is over: a change of the past would change what figures said."));
        }
        if self.to.is_some_and(|to| to < self.from) {
            faults.push(Fault::at("to", "The last day is before the first."));
        }
        faults
    }
}

impl Register {
    /// Asks for rows of policy.csv, as a change of the policy; gives its number.
    ///
    /// # Errors
    /// What is wrong, with the place of the row where it is one.
    pub async fn ask_policy_rows(
        &self,
        by: By,
        school: &SchoolId,
        new: &NewChange,
        rows: &[PolicyLine],
        today: Date,
    ) -> Result<i64, (Option<usize>, RecordError)> {
        let of_all = |error: RecordError| (None, error);
        if rows.is_empty() || rows.len() > MOST || new.kind != Some(Kind::Policy) {
            return Err(of_all(RecordError::Wrong(vec![Fault::at("rows", "Give 1 to 200 rows at once.")])));
        }
        for (place, row) in rows.iter().enumerate() {
            let faults = row.faults(today);
            if !faults.is_empty() {
                return Err((Some(place), RecordError::Wrong(faults)));
            }
        }
        let act = by.records(school).with("asked", Kind::Policy.word()).with("rows", rows.len() as u64);
        let mut writing = self.begin(act).await.map_err(|error| of_all(error.into()))?;
        let id = changes::insert(&mut writing, by, school, new, today).await.map_err(of_all)?;
        for (place, row) in (0i64..).zip(rows) {
            sqlx::query(
                "INSERT INTO policy_rows (change, place, who, category, expected, reason, from_day, to_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(id)
            .bind(place)
            .bind(&row.who)
            .bind(&row.category)
            .bind(&row.expected)
            .bind(&row.reason)
            .bind(row.from.to_string())
            .bind(row.to.map(|to| to.to_string()))
            .execute(writing.connection())
            .await
            .map_err(|error| of_all(error.into()))?;
        }
        writing.act().set_object("change", id);
        let _receipt = writing.commit().await.map_err(|error| of_all(error.into()))?;
        Ok(id)
    }

    /// The rows that a school's change asks for, in their order; none where it asks for something else.
    pub async fn policy_rows(&self, school: &SchoolId, change: i64) -> Result<Vec<PolicyLine>, RegisterError> {
        let rows = sqlx::query(
            "SELECT policy_rows.* FROM policy_rows JOIN changes ON changes.id = change WHERE change = ? AND school = ? ORDER BY place",
        )
        .bind(change)
        .bind(school.as_str())
        .fetch_all(self.readers())
        .await?;
        let rows = rows.into_iter().map(|row| {
            Ok(PolicyLine {
                who: row.try_get("who")?,
                category: row.try_get("category")?,
                expected: row.try_get("expected")?,
                reason: row.try_get("reason")?,
                from: day(row.try_get("from_day")?)?,
                to: maybe_day(row.try_get("to_day")?)?,
            })
        });
        rows.collect()
    }
}
