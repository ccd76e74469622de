//! The steps by which the register's file is made, each once, in order, whole or not at all.

use std::path::Path;

use sqlx::{Connection as _, SqliteConnection};
use weir_lake::clock;

use crate::RegisterError;

/// Says to any reader that the file is a register of Weir: "Weir" in ASCII.
const APPLICATION: i64 = 0x5765_6972;

/// Never edited once released: a changed step is refused by registers that took the old one. What must change is a new step.
const STEPS: &[(&str, &str)] = &[
    ("audit", include_str!("../migrations/001_audit.sql")),
    ("accounts", include_str!("../migrations/002_accounts.sql")),
    ("checks", include_str!("../migrations/003_checks.sql")),
    ("changes", include_str!("../migrations/004_changes.sql")),
    ("books", include_str!("../migrations/005_books.sql")),
    ("alerts", include_str!("../migrations/006_alerts.sql")),
    ("post", include_str!("../migrations/007_post.sql")),
    ("erasure", include_str!("../migrations/008_erasure.sql")),
    ("reviews", include_str!("../migrations/009_reviews.sql")),
    ("door", include_str!("../migrations/010_door.sql")),
];

/// Brings the file up to date. Only under the file's lock.
pub(crate) async fn run(connection: &mut SqliteConnection, path: &Path, is_new: bool) -> Result<(), RegisterError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
    // An empty file is one whose maker was stopped before the first step.
    if application != APPLICATION && !(is_new || (application == 0 && tables == 0)) {
        return Err(RegisterError::Foreign { path: path.to_path_buf() });
    }
    let done: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let known = STEPS.len() as i64;
    if done > known {
        return Err(RegisterError::Newer { path: path.to_path_buf(), found: done, known });
    }
    for (number, (name, text)) in (1i64..).zip(STEPS) {
        let digest = blake3::hash(text.as_bytes());
        if number <= done {
            let found: Option<Vec<u8>> = sqlx::query_scalar("SELECT digest FROM migrations WHERE number = ?")
                .bind(number)
                .fetch_optional(&mut *connection)
                .await?;
            if found.as_deref() != Some(digest.as_bytes().as_slice()) {
                return Err(RegisterError::OtherStep { path: path.to_path_buf(), number });
            }
            continue;
        }
        let mut step = connection.begin_with("BEGIN IMMEDIATE").await?;
        if number == 1 {
            sqlx::raw_sql(
                "PRAGMA application_id = 0x57656972;
                 CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL) STRICT;",
            )
            .execute(&mut *step)
            .await?;
        }
        sqlx::raw_sql(*text).execute(&mut *step).await?;
        sqlx::query("INSERT INTO migrations (number, name, digest, at) VALUES (?, ?, ?, ?)")
            .bind(number)
            .bind(*name)
            .bind(digest.as_bytes().as_slice())
            .bind(clock::now_micros())
            .execute(&mut *step)
            .await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {number}"))).execute(&mut *step).await?;
        step.commit().await?;
    }
    Ok(())
}
