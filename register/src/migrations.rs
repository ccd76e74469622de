//! The steps by which the register's file is made, each once, in order, whole or not at all.

use std::path::Path;

use sqlx::{Connection as _, SqliteConnection};
use weir_lake::clock;

use crate::{RegisterError, file};

/// Says to any reader that the file is a register of Weir: "Weir" in ASCII.
const APPLICATION: i64 = 0x5765_6972;

/// How the names of copies end that were made before steps were taken; a number follows.
pub const COPY_ENDING: &str = ".before-step-";

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
    ("cases", include_str!("../migrations/011_cases.sql")),
    ("asked", include_str!("../migrations/012_asked.sql")),
    ("federations", include_str!("../migrations/013_federations.sql")),
];

/// Brings the file up to date. Only under the file's lock.
pub(crate) async fn run(connection: &mut SqliteConnection, path: &Path, is_new: bool) -> Result<(), RegisterError> {
    run_steps(connection, path, is_new, STEPS).await
}

async fn run_steps(
    connection: &mut SqliteConnection,
    path: &Path,
    is_new: bool,
    steps: &[(&str, &str)],
) -> Result<(), RegisterError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
    // An empty file is one whose maker was stopped before the first step.
    if application != APPLICATION && !(is_new || (application == 0 && tables == 0)) {
        return Err(RegisterError::Foreign { path: path.to_path_buf() });
    }
    let done: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let known = steps.len() as i64;
    if done > known {
        return Err(RegisterError::Newer { path: path.to_path_buf(), found: done, known });
    }
    if (1..known).contains(&done) {
        copy_before(connection, path, done).await?;
    }
    for (number, (name, text)) in (1i64..).zip(steps) {
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
        sqlx::raw_sql(sqlx::AssertSqlSafe(*text)).execute(&mut *step).await?;
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

/// Copies the register as it is before it is brought up to date: whoever goes back to the program of before needs it.
async fn copy_before(connection: &mut SqliteConnection, path: &Path, done: i64) -> Result<(), RegisterError> {
    let copy = file::beside(path, &format!("{COPY_ENDING}{done}"));
    match std::fs::remove_file(&copy) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(RegisterError::io(&copy, error)),
        _ => {}
    }
    // SQLite writes into an empty file that is there, and leaves its mode alone.
    file::make(&copy)?;
    sqlx::query("VACUUM INTO ?").bind(copy.to_string_lossy().into_owned()).execute(&mut *connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
    use sqlx::{ConnectOptions as _, Row as _};

    use super::*;

    async fn open(path: &Path) -> SqliteConnection {
        SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false).connect().await.unwrap()
    }

    async fn tables(connection: &mut SqliteConnection) -> BTreeMap<String, Vec<(String, String)>> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations'",
        )
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let mut found = BTreeMap::new();
        for name in names {
            let columns = sqlx::query("SELECT name, type FROM pragma_table_info(?)")
                .bind(&name)
                .map(|row: SqliteRow| (row.get("name"), row.get("type")))
                .fetch_all(&mut *connection)
                .await
                .unwrap();
            found.insert(name, columns);
        }
        found
    }

    /// The one row of a table, as text, by the columns that it had when the row was written.
    async fn row(connection: &mut SqliteConnection, table: &str, columns: &[(String, String)]) -> Vec<Option<String>> {
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("quote(\"{name}\")")).collect();
        let text = format!("SELECT {} FROM \"{table}\"", names.join(", "));
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut *connection).await.unwrap();
        assert_eq!(rows.len(), 1, "{table}");
        (0..columns.len()).map(|at| rows[0].get(at)).collect()
    }

    /// A register of each earlier number, with a row in every table it has, becomes one of today with the same rows in them.
    #[tokio::test]
    async fn a_register_of_every_earlier_number_is_brought_up_to_date_with_its_rows() {
        for number in 1..=STEPS.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("register.sqlite");
            let mut connection = open(&path).await;
            run_steps(&mut connection, &path, true, &STEPS[..number]).await.unwrap();
            // What the rows say is nobody's matter here; that they stay is.
            sqlx::raw_sql("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await.unwrap();
            let triggers: Vec<(String, String)> = sqlx::query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
                .map(|row: SqliteRow| (row.get("name"), row.get("sql")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            for (name, _) in &triggers {
                sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP TRIGGER \"{name}\""))).execute(&mut connection).await.unwrap();
            }
            let before = tables(&mut connection).await;
            let mut rows = BTreeMap::new();
            for (table, columns) in &before {
                let value = |(_, kind): &(String, String)| match kind.as_str() {
                    "INTEGER" => "7",
                    "REAL" => "7.5",
                    "BLOB" => "x'07'",
                    _ => "'[\"seven\"]'",
                };
                let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
                let values: Vec<&str> = columns.iter().map(value).collect();
                let text = format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), values.join(", "));
                let already: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\"")))
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                if already == 0 {
                    sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
                }
                rows.insert(table.clone(), row(&mut connection, table, columns).await);
            }
            assert!(!rows.is_empty());
            for (_, text) in triggers {
                sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
            }
            run(&mut connection, &path, false).await.unwrap();
            let after = tables(&mut connection).await;
            for (table, columns) in &before {
                let kept: Vec<(String, String)> =
                    columns.iter().filter(|column| after[table].contains(column)).cloned().collect();
                assert_eq!(&kept, columns, "step {number}: a column of {table} went");
                assert_eq!(row(&mut connection, table, columns).await, rows[table], "step {number}, {table}");
            }
            let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.unwrap();
            assert_eq!(version, STEPS.len() as i64);
            let copy = folder.path().join(format!("register.sqlite.before-step-{number}"));
            if number < STEPS.len() {
                #[cfg(unix)]
                assert_eq!(std::os::unix::fs::PermissionsExt::mode(&copy.metadata().unwrap().permissions()) & 0o077, 0);
                let mut copy = open(&copy).await;
                let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut copy).await.unwrap();
                assert_eq!(version, number as i64, "the copy is of before");
                for (table, columns) in &before {
                    assert_eq!(row(&mut copy, table, columns).await, rows[table], "step {number}, {table} of the copy");
                }
            } else {
                assert!(!copy.exists(), "nothing was changed, so nothing was copied");
            }
            // And a second time there is nothing to do.
            run(&mut connection, &path, false).await.unwrap();
        }
    }
}
