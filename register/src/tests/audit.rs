use weir_lake::ids::{SchoolId, UserKey};

use super::{Place, by_command};
use crate::{Act, Action, Actor, Finding, Head, Outcome, Register, RegisterError, Sought};

/// A trail of five rows.
async fn five() -> Place {
    let place = Place::new().await;
    let school = SchoolId::parse("oak").unwrap();
    for number in 1..=5_i64 {
        let act = by_command(Action::Export).at(&school).on("figure", number).because("for the meeting").with("rows", number);
        let receipt = place.register.audit(act).await.unwrap();
        assert_eq!(receipt.number(), number as u64);
    }
    place
}

const UNGUARD: &str = "DROP TRIGGER audit_rows_stay; DROP TRIGGER audit_rows_stand; DROP TRIGGER audit_rows_follow;";

/// Does something to the file with the guards taken away, puts them back, and gives what a check finds.
async fn findings_after(place: &Place, statements: &str) -> Vec<Finding> {
    let mut other = place.behind_its_back().await;
    let migration = include_str!("../../migrations/001_audit.sql");
    let guards = migration.find("CREATE TRIGGER").unwrap()..migration.find("CREATE INDEX").unwrap();
    let all = format!("{UNGUARD} {statements}; {}", &migration[guards]);
    sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut other).await.unwrap();
    place.register.verify_audit(None).await.unwrap().findings
}

#[tokio::test]
async fn a_whole_trail_has_no_findings() {
    let place = five().await;
    let verified = place.register.verify_audit(None).await.unwrap();
    assert_eq!((verified.rows, verified.findings.as_slice()), (5, &[][..]));
    let head = verified.head.unwrap();
    assert_eq!(head.number(), 5);
    assert_eq!(Head::parse(&head.to_string()), Some(head));
    assert_eq!(place.register.verify_audit(Some(&head)).await.unwrap().findings, []);
    // An earlier head holds as well: rows that came since are no finding.
    let rows = place.register.audit_rows(&Sought::default()).await.unwrap();
    let third = Head::parse(&format!("3:{}", rows[2].hash)).unwrap();
    assert_eq!(place.register.verify_audit(Some(&third)).await.unwrap().findings, []);
}

#[tokio::test]
async fn an_empty_trail_is_whole_unless_a_head_was_noted() {
    let place = Place::new().await;
    let verified = place.register.verify_audit(None).await.unwrap();
    assert_eq!((verified.rows, verified.head, verified.findings), (0, None, vec![]));
    let noted = Head::parse(&format!("2:{}", "a5".repeat(32))).unwrap();
    assert_eq!(place.register.verify_audit(Some(&noted)).await.unwrap().findings, [Finding::Removed { from: 1, to: 2 }]);
}

#[tokio::test]
async fn every_altered_column_is_found() {
    for change in [
        "at = at + 1",
        "actor = 'command:ben'",
        "role = 'dsl'",
        "action = 'reveal'",
        "outcome = 'refused'",
        "school = 'elm'",
        "school = NULL",
        "object = 'figure:9'",
        "object = NULL",
        "reason = 'no reason'",
        "reason = NULL",
        "detail = '{\"rows\":4}'",
        "detail = '{\"rows\": 3}'",
    ] {
        let place = five().await;
        let found = findings_after(&place, &format!("UPDATE audit SET {change} WHERE number = 3")).await;
        assert_eq!(found, [Finding::Altered { number: 3 }], "{change}");
    }
    let place = five().await;
    let found = findings_after(&place, "UPDATE audit SET hash = randomblob(32) WHERE number = 3").await;
    assert_eq!(found, [Finding::Altered { number: 3 }, Finding::Unlinked { number: 4 }]);
}

#[tokio::test]
async fn text_moved_from_one_column_to_the_next_is_found() {
    let place = Place::new().await;
    let act = by_command(Action::Export).on("figure", "ab").because("c");
    let _receipt = place.register.audit(act).await.unwrap();
    let found = findings_after(&place, "UPDATE audit SET object = 'figure:a', reason = 'bc'").await;
    assert_eq!(found, [Finding::Altered { number: 1 }]);
}

#[tokio::test]
async fn removed_rows_are_found() {
    let place = five().await;
    let found = findings_after(&place, "DELETE FROM audit WHERE number = 3").await;
    assert_eq!(found, [Finding::Removed { from: 3, to: 3 }, Finding::Unlinked { number: 4 }]);

    let place = five().await;
    let found = findings_after(&place, "DELETE FROM audit WHERE number <= 2").await;
    assert_eq!(found, [Finding::Removed { from: 1, to: 2 }, Finding::Unlinked { number: 3 }]);

    // Numbers closed up behind the removed row: every later row is another.
    let place = five().await;
    let found = findings_after(
        &place,
        "DELETE FROM audit WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5;
         UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'",
    )
    .await;
    assert_eq!(found, [Finding::Unlinked { number: 3 }, Finding::Altered { number: 3 }, Finding::Altered { number: 4 }]);
}

#[tokio::test]
async fn a_tail_cut_off_is_found() {
    let place = five().await;
    let head = place.register.verify_audit(None).await.unwrap().head.unwrap();
    let found = findings_after(&place, "DELETE FROM audit WHERE number >= 4").await;
    assert_eq!(found, [Finding::Removed { from: 4, to: 5 }]);
    // With SQLite's own memory of it wiped as well, only the head noted elsewhere tells.
    let mut other = place.behind_its_back().await;
    sqlx::raw_sql("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'").execute(&mut other).await.unwrap();
    assert_eq!(place.register.verify_audit(None).await.unwrap().findings, []);
    assert_eq!(place.register.verify_audit(Some(&head)).await.unwrap().findings, [Finding::Removed { from: 4, to: 5 }]);
    // And new rows over the gap do not hide it.
    for _ in 0..3 {
        let _receipt = place.register.audit(by_command(Action::Sql)).await.unwrap();
    }
    assert_eq!(place.register.verify_audit(Some(&head)).await.unwrap().findings, [Finding::OtherHead { number: 5 }]);
}

#[tokio::test]
async fn reordered_rows_are_found() {
    let place = five().await;
    let found = findings_after(
        &place,
        "UPDATE audit SET number = 99 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 99",
    )
    .await;
    assert_eq!(
        found,
        [
            Finding::Unlinked { number: 2 },
            Finding::Altered { number: 2 },
            Finding::Unlinked { number: 3 },
            Finding::Altered { number: 3 },
            Finding::Unlinked { number: 4 },
        ]
    );
}

#[tokio::test]
async fn a_row_put_in_is_found() {
    let place = five().await;
    let found = findings_after(
        &place,
        "INSERT INTO audit (number, at, actor, action, outcome, detail, previous, hash)
         VALUES (6, 1, 'nobody', 'sign-in', 'done', '{}', (SELECT hash FROM audit WHERE number = 5), randomblob(32))",
    )
    .await;
    assert_eq!(found, [Finding::Altered { number: 6 }]);
    // Below the first number, too.
    let place = five().await;
    let found = findings_after(
        &place,
        "INSERT INTO audit (number, at, actor, action, outcome, detail, previous, hash)
         VALUES (-1, 1, 'nobody', 'sign-in', 'done', '{}', randomblob(32), randomblob(32))",
    )
    .await;
    assert_eq!(found, [Finding::Unlinked { number: 0 }]);
}

#[tokio::test]
async fn the_file_itself_refuses_changes() {
    let place = five().await;
    let mut other = place.behind_its_back().await;
    for statement in [
        "UPDATE audit SET reason = 'other'",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT * FROM audit WHERE number = 2",
        "INSERT OR REPLACE INTO audit SELECT number, at, 'nobody', role, action, outcome, school, object, reason, detail, previous, hash FROM audit WHERE number = 5",
        "INSERT INTO audit (at, actor, action, outcome, detail, previous, hash) VALUES (1, 'a', 'b', 'done', '{}', zeroblob(32), randomblob(32))",
    ] {
        let error = sqlx::raw_sql(statement).execute(&mut other).await.unwrap_err().to_string();
        assert!(error.contains("audit row"), "{statement}: {error}");
    }
    assert_eq!(place.register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn guards_taken_away_are_a_finding() {
    let place = five().await;
    let mut other = place.behind_its_back().await;
    sqlx::raw_sql("DROP TRIGGER audit_rows_stay").execute(&mut other).await.unwrap();
    assert_eq!(place.register.verify_audit(None).await.unwrap().findings, [Finding::Unguarded]);
}

#[tokio::test]
async fn a_write_that_is_dropped_leaves_no_trace() {
    let place = five().await;
    let mut writing = place.register.begin(by_command(Action::Record)).await.unwrap();
    sqlx::query("INSERT INTO audit_subjects (user_key, key) VALUES ('k', zeroblob(32))")
        .execute(writing.connection())
        .await
        .unwrap();
    drop(writing);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_subjects").fetch_one(place.register.readers()).await.unwrap();
    assert_eq!(left, 0);
    assert_eq!(place.register.audit(by_command(Action::Record)).await.unwrap().number(), 6);
}

#[tokio::test]
async fn readers_cannot_write() {
    let place = five().await;
    let error = sqlx::query("DELETE FROM audit_subjects").execute(place.register.readers()).await.unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[tokio::test]
async fn a_receipt_serves_for_its_own_reveal_alone() {
    let place = Place::new().await;
    let (anna, ben) = (
        UserKey::parse("k1-00112233445566778899aabbccddeeff").unwrap(),
        UserKey::parse("k1-10112233445566778899aabbccddeeff").unwrap(),
    );
    let audited = async |act: Act| place.register.audit(act).await.unwrap();
    let reveal = || by_command(Action::Reveal).because("a worry").about(&anna);
    assert!(audited(reveal()).await.spend(Action::Reveal, Some(&anna)).is_ok());
    assert!(matches!(audited(reveal()).await.spend(Action::Reveal, Some(&ben)), Err(RegisterError::NotAudited)));
    assert!(matches!(audited(reveal()).await.spend(Action::Find, Some(&anna)), Err(RegisterError::NotAudited)));
    assert!(matches!(audited(reveal().refused()).await.spend(Action::Reveal, Some(&anna)), Err(RegisterError::NotAudited)));
}

#[tokio::test]
async fn a_person_of_the_logs_stands_under_a_mark_that_erasure_makes_nobodys() {
    let place = Place::new().await;
    let key = UserKey::parse("k1-00112233445566778899aabbccddeeff").unwrap();
    for _ in 0..2 {
        let _receipt = place.register.audit(by_command(Action::Reveal).because("a worry").about(&key)).await.unwrap();
    }
    let about = Sought { about: Some(key.clone()), ..Sought::default() };
    let rows = place.register.audit_rows(&about).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].object, rows[1].object);
    let mark = rows[0].object.clone().unwrap();
    assert!(mark.starts_with("person:") && !mark.contains("0011223344"), "{mark}");
    let _receipt = place.register.forget_in_audit(by_command(Action::Erase), &key).await.unwrap();
    assert_eq!(place.register.audit_rows(&about).await.unwrap(), []);
    assert_eq!(place.register.verify_audit(None).await.unwrap().findings, []);
    // Spoken of again, the person has another mark.
    let _receipt = place.register.audit(by_command(Action::Reveal).because("a worry").about(&key)).await.unwrap();
    assert_ne!(place.register.audit_rows(&about).await.unwrap()[0].object, Some(mark));
}

#[tokio::test]
async fn rows_are_narrowed_to_what_is_sought() {
    let place = Place::new().await;
    let (oak, elm) = (SchoolId::parse("oak").unwrap(), SchoolId::parse("elm").unwrap());
    for act in [
        by_command(Action::Export).at(&oak),
        by_command(Action::Export).at(&elm).refused(),
        Act::new(Actor::Nobody, Action::SignIn).refused(),
        by_command(Action::Sql),
    ] {
        let _receipt = place.register.audit(act).await.unwrap();
    }
    let numbers = async |sought: Sought| -> Vec<u64> {
        place.register.audit_rows(&sought).await.unwrap().iter().map(|row| row.number).collect()
    };
    assert_eq!(numbers(Sought::default()).await, [4, 3, 2, 1]);
    assert_eq!(numbers(Sought { limit: 2, before: Some(4), ..Sought::default() }).await, [3, 2]);
    assert_eq!(numbers(Sought { actor: Some("nobody".into()), ..Sought::default() }).await, [3]);
    assert_eq!(numbers(Sought { action: Some("export".into()), ..Sought::default() }).await, [2, 1]);
    assert_eq!(numbers(Sought { outcome: Some(Outcome::Refused), ..Sought::default() }).await, [3, 2]);
    assert_eq!(numbers(Sought { schools: Some(vec![oak]), ..Sought::default() }).await, [1]);
    assert!(numbers(Sought { schools: Some(vec![]), ..Sought::default() }).await.is_empty());
}

#[tokio::test]
async fn a_reason_is_there_or_refused() {
    let place = Place::new().await;
    for reason in ["", "  ", &"a".repeat(1001)] {
        let error = place.register.audit(by_command(Action::Reveal).because(reason)).await.unwrap_err();
        assert!(matches!(error, RegisterError::Reason), "{reason:?}");
    }
    assert!(place.register.audit(by_command(Action::Reveal).because(&"é".repeat(1000))).await.is_ok());
}

#[tokio::test]
async fn action_words_are_their_own() {
    let mut words: Vec<_> = Action::ALL.iter().map(|action| action.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Action::ALL.len());
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private_or_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = five().await;
    for ending in ["", "-wal", "-shm", "-lock"] {
        let path = place.folder.path().join(format!("register.sqlite{ending}"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Register::open(&place.path()).await.unwrap_err();
    assert!(matches!(error, RegisterError::NotPrivate { mode: 0o640, .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_register_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.sqlite");
    let private = |path: &std::path::Path| {
        #[cfg(unix)]
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        #[cfg(not(unix))]
        let _ = path;
    };
    std::fs::write(
        &path,
        b"not a database, but long enough to be read as the head of one, which is what SQLite looks at first of all",
    )
    .unwrap();
    private(&path);
    assert!(Register::open(&path).await.is_err());
    std::fs::remove_file(&path).unwrap();

    let place = five().await;
    let mut other = place.behind_its_back().await;
    sqlx::raw_sql("PRAGMA user_version = 999").execute(&mut other).await.unwrap();
    assert!(matches!(Register::open(&place.path()).await, Err(RegisterError::Newer { found: 999, .. })));
    sqlx::raw_sql("PRAGMA user_version = 1; UPDATE migrations SET digest = zeroblob(32)").execute(&mut other).await.unwrap();
    assert!(matches!(Register::open(&place.path()).await, Err(RegisterError::OtherStep { number: 1, .. })));
    sqlx::raw_sql("PRAGMA application_id = 7").execute(&mut other).await.unwrap();
    assert!(matches!(Register::open(&place.path()).await, Err(RegisterError::Foreign { .. })));
}
