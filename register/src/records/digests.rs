//! Weekly digests: who said that they had read one, and when. A digest itself is made from the lake each time.

use jiff::civil::Date;
use sqlx::Row as _;
use weir_lake::ids::SchoolId;

use super::typed::day;
use super::{By, RecordError};
use crate::{Register, RegisterError, Role};

/// Somebody who read a week's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRead {
    /// The week's Monday.
    pub week: Date,
    /// Who.
    pub by: String,
    /// Under which role.
    pub role: Role,
    /// When, microseconds.
    pub at: i64,
}

impl Register {
    /// Who read the digests of weeks between two days, the newest week first.
    pub async fn digests_read(&self, school: &SchoolId, from: Date, to: Date) -> Result<Vec<DigestRead>, RegisterError> {
        let mut connection = self.readers().acquire().await?;
        let rows = sqlx::query(
            "SELECT week, name, role, at FROM digests_read JOIN accounts ON accounts.id = by
             WHERE school = ? AND week BETWEEN ? AND ? ORDER BY week DESC, at, by",
        )
        .bind(school.as_str())
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(&mut *connection)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(DigestRead {
                week: day(row.try_get("week")?)?,
                by: row.try_get("name")?,
                role: Role::parse(row.try_get("role")?).ok_or(RegisterError::Damaged("a role that it does not know"))?,
                at: row.try_get("at")?,
            })
        });
        read.collect()
    }

    /// Notes that somebody read the digest of a week, by its Monday. A second time, nothing.
    pub async fn read_digest(&self, by: By, school: &SchoolId, week: Date, now: i64) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).on("digest", week)).await?;
        let added =
            sqlx::query("INSERT INTO digests_read (school, week, by, role, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(school.as_str())
                .bind(week.to_string())
                .bind(by.id.0)
                .bind(by.role.word())
                .bind(now)
                .execute(writing.connection())
                .await?;
        if added.rows_affected() > 0 {
            let _receipt = writing.commit().await?;
        }
        Ok(())
    }
}
