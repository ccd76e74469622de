//! What people say afterwards of changes that the filter's own log shows and nobody recorded in time.

use jiff::civil::Date;
use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use super::typed::{day, needed};
use super::{By, Fault, RecordError};
use crate::{Register, RegisterError};

/// What somebody said of a day's changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The day of the filter's log.
    pub day: Date,
    /// The change it belongs to, where one is on record.
    pub change: Option<i64>,
    /// What it was.
    pub text: String,
    /// Who said so.
    pub by: String,
    /// When, microseconds.
    pub at: i64,
}

impl Register {
    /// What was said of a school's changes, the newest day first, and of a day the newest first.
    pub async fn change_explanations(&self, school: &SchoolId) -> Result<Vec<Explanation>, RegisterError> {
        let rows = sqlx::query(
            "SELECT day, change, text, name, at FROM change_explanations JOIN accounts ON accounts.id = by
             WHERE school = ? ORDER BY day DESC, change_explanations.id DESC",
        )
        .bind(school.as_str())
        .fetch_all(self.readers())
        .await?;
        let rows = rows.into_iter().map(|row| {
            Ok(Explanation {
                day: day(row.try_get("day")?)?,
                change: row.try_get("change")?,
                text: row.try_get("text")?,
                by: row.try_get("name")?,
                at: row.try_get("at")?,
            })
        });
        rows.collect()
    }

    /// Says what a day's changes were, and to which record they belong.
    pub async fn explain_changes(
        &self,
        by: By,
        school: &SchoolId,
        on: Date,
        change: Option<i64>,
        text: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let text = needed("text", text, "Say what it was, who asked for it, and who agreed.")?;
        let mut writing = self.begin(by.records(school).with("explained", true)).await?;
        if let Some(change) = change {
            let is_here: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM changes WHERE id = ? AND school = ?)")
                .bind(change)
                .bind(school.as_str())
                .fetch_one(writing.connection())
                .await?;
            if !is_here {
                return Err(RecordError::Wrong(vec![Fault::at("change", "Choose one of the list.")]));
            }
        }
        let added = sqlx::query("INSERT INTO change_explanations (school, day, change, text, by, at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(school.as_str())
            .bind(on.to_string())
            .bind(change)
            .bind(&text)
            .bind(by.id.0)
            .bind(now)
            .execute(writing.connection())
            .await?;
        writing.act().set_object("change-explanation", added.last_insert_rowid());
        let _receipt = writing.commit().await?;
        Ok(())
    }
}
