//! Copies made while others write, and the way back from one.

use std::path::Path;

use sqlx::{Column as _, ConnectOptions as _, Row as _, ValueRef as _};

use super::accounts::People;
use super::processes::{start, told};
use crate::backup::{BackupError, back_up, backups, check, forget_old, restore};
use crate::{Action, Actor, Register, Role, Sought};

const KEY: [u8; 32] = [7; 32];

fn anna() -> Actor {
    Actor::Command("anna".into())
}

/// Every row of every table of a register, as text: what SQLite holds, whatever its pages look like.
async fn rows(path: &Path, only_audit_up_to: i64) -> Vec<String> {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true).connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let condition = match table.as_str() {
            "audit" => format!("WHERE number <= {only_audit_up_to}"),
            "sqlite_sequence" => String::from("WHERE name <> 'audit'"),
            _ => String::new(),
        };
        let text = format!("SELECT * FROM \"{table}\" {condition}");
        for row in sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap() {
            let cells: Vec<String> = (0..row.columns().len())
                .map(|at| {
                    let value = row.try_get_raw(at).unwrap();
                    if value.is_null() {
                        return format!("{} null", row.columns()[at].name());
                    }
                    let bytes: Vec<u8> = row.try_get_unchecked(at).unwrap();
                    format!("{} {bytes:?}", row.columns()[at].name())
                })
                .collect();
            all.push(format!("{table}: {}", cells.join(", ")));
        }
    }
    all.sort_unstable();
    all
}

#[tokio::test]
async fn a_copy_made_under_load_restores_to_the_same_register() {
    let people = People::new().await;
    people.with("lead@oak.example", Role::Dsl).await;
    let register = people.accounts.register();
    let path = people.folder.path();
    let to = people.folder.folder.path().join("copies");
    let mut other = start(&path, 0);
    let mut numbers = told(&mut other);
    numbers.by_ref().nth(5).unwrap();
    let backup = back_up(register, &path, &to, &KEY, anna()).await.unwrap();
    // What it told before the copy may still be waiting to be read here, so what stands in the register counts.
    for _ in 0..1000 {
        if register.verify_audit(None).await.unwrap().rows > backup.head.number() {
            break;
        }
        numbers.next().unwrap();
    }
    other.kill().unwrap();
    other.wait().unwrap();

    let head = i64::try_from(backup.head.number()).unwrap();
    let now = register.verify_audit(Some(&backup.head)).await.unwrap();
    assert_eq!(now.findings, [], "the copy's head is a row of the trail");
    assert!(now.rows > backup.head.number(), "somebody went on writing");
    let copied = backup.folder.join("register.sqlite");
    assert_eq!(rows(&copied, i64::MAX).await, rows(&path, head).await, "as it was at that row");
    assert_eq!(backups(&to, &KEY).unwrap(), std::slice::from_ref(&backup));
    #[cfg(unix)]
    for path in [&backup.folder, &copied] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }

    // Into an empty place, and over the register that went on.
    let elsewhere = people.folder.folder.path().join("new/register.sqlite");
    assert_eq!(restore(&elsewhere, &backup.folder, &KEY, anna()).await.unwrap(), None);
    assert!(matches!(restore(&path, &backup.folder, &KEY, anna()).await, Err(BackupError::InUse { .. })), "it is open");
    register.close().await;
    let aside = restore(&path, &backup.folder, &KEY, anna()).await.unwrap().unwrap();
    assert_eq!(Register::open(&aside).await.unwrap().verify_audit(None).await.unwrap().rows, now.rows, "nothing is thrown away");
    for path in [&path, &elsewhere] {
        let restored = Register::open(path).await.unwrap();
        let verified = restored.verify_audit(Some(&backup.head)).await.unwrap();
        assert_eq!((verified.rows, verified.findings), (backup.head.number() + 1, vec![]));
        let newest = restored.audit_rows(&Sought { limit: 1, ..Sought::default() }).await.unwrap().remove(0);
        assert_eq!((newest.action.as_str(), newest.actor.as_str()), ("restore", "command:anna"));
        restored.close().await;
        let ended = |rows: Vec<String>| -> Vec<String> {
            rows.into_iter().filter(|row| !row.starts_with("sessions:") && !row.starts_with("links:")).collect()
        };
        assert_eq!(ended(rows(path, head).await), ended(rows(&copied, head).await));
        assert!(!rows(path, head).await.iter().any(|row| row.starts_with("sessions:") || row.starts_with("links:")));
    }
}

#[tokio::test]
async fn a_copy_that_was_changed_is_not_gone_back_to() {
    let people = People::new().await;
    let register = people.accounts.register();
    let path = people.folder.path();
    let to = people.folder.folder.path().join("copies");
    let _row = register.audit(super::by_command(Action::Query)).await.unwrap();
    let backup = back_up(register, &path, &to, &KEY, anna()).await.unwrap();
    check(&backup.folder, &KEY).await.unwrap();
    assert!(matches!(check(&backup.folder, &[8; 32]).await, Err(BackupError::Seal { .. })), "another vault");
    assert!(matches!(check(&to, &KEY).await, Err(BackupError::NoBackup { .. })));

    let note = backup.folder.join("backup.json");
    let text = std::fs::read_to_string(&note).unwrap();
    std::fs::write(&note, text.replacen(&backup.bytes.to_string(), "1", 1)).unwrap();
    assert!(matches!(check(&backup.folder, &KEY).await, Err(BackupError::Seal { .. })), "the note");
    std::fs::write(&note, text).unwrap();

    let file = backup.folder.join("register.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let before = rows(&path, i64::MAX).await;
    register.close().await;
    assert!(matches!(restore(&path, &backup.folder, &KEY, anna()).await, Err(BackupError::Changed { .. })));
    assert_eq!(rows(&path, i64::MAX).await, before, "the register stays");
}

#[tokio::test]
async fn only_the_newest_copies_stay_and_nothing_else_goes() {
    let people = People::new().await;
    let path = people.folder.path();
    let to = people.folder.folder.path().join("copies");
    for _ in 0..3 {
        back_up(people.accounts.register(), &path, &to, &KEY, anna()).await.unwrap();
        // Names go by the second.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
    std::fs::create_dir(to.join(".register-20261101-013000")).unwrap();
    std::fs::create_dir(to.join("register-of-attendance")).unwrap();
    let all = backups(&to, &KEY).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(forget_old(&to, 2, &KEY).unwrap(), 1);
    assert_eq!(backups(&to, &KEY).unwrap(), all[..2]);
    let left = std::fs::read_dir(&to).unwrap().count();
    assert_eq!(left, 3, "the two newest, and a folder that is none of ours");
}
