//! Tokens of programs: shown once, kept as a hash, over on a day, and no way to anything but reading. And keys that are rotated.

use super::*;
use crate::accounts::Resealed;

#[tokio::test]
async fn a_token_works_until_its_day_or_until_it_is_revoked() {
    let people = People::new().await;
    let id = people.with("gov@oak.example", Role::Governor).await;
    let (cookie, _) = people.sign_in("gov@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(cookie.as_str()).await.unwrap().unwrap();
    for (label, days, password, wanted) in [
        ("", 1, GOOD, "label"),
        ("a\nb", 1, GOOD, "label"),
        ("x", 0, GOOD, "day"),
        ("x", 367, GOOD, "day"),
        ("x", 1, OTHER, "not right"),
    ] {
        let error = people.accounts.make_token(&session, label, days, password, HERE).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{label:?} {days}: {error}");
    }
    let token = people.accounts.make_token(&session, "Board pack", 2, GOOD, HERE).await.unwrap();
    let short = people.accounts.make_token(&session, "Another", 1, GOOD, HERE).await.unwrap();
    let of = async |token: &str| people.accounts.of_token(token).await.unwrap().map(|session| session.account.id);
    assert_eq!(of(token.as_str()).await, Some(id));
    for wrong in
        ["", "weir_", "weir_00", token.as_str().trim_start_matches("weir_"), &token.as_str().to_uppercase(), cookie.as_str()]
    {
        assert_eq!(of(wrong).await, None, "{wrong:?}");
    }
    // It is no session: nobody's cookie, and nothing can be changed with it.
    assert!(people.accounts.session(token.as_str().trim_start_matches("weir_")).await.unwrap().is_none());
    let as_program = people.accounts.of_token(token.as_str()).await.unwrap().unwrap();
    assert!(people.accounts.change_password(&as_program, GOOD, OTHER, &[], HERE).await.is_err());
    assert!(people.accounts.make_token(&as_program, "More", 1, GOOD, HERE).await.is_err());

    people.pass(24 * 60 * MINUTE);
    assert_eq!((of(token.as_str()).await, of(short.as_str()).await), (Some(id), None));
    let listed = people.accounts.tokens(id).await.unwrap();
    assert_eq!(listed.iter().map(|line| line.label.as_str()).collect::<Vec<_>>(), ["Board pack"]);
    assert!(listed[0].used_at.is_some());
    let other = people.with("other@oak.example", Role::Governor).await;
    assert!(people.accounts.revoke_token(anna(), other, listed[0].id).await.is_err(), "not somebody else's");
    people.accounts.revoke_token(anna(), id, listed[0].id).await.unwrap();
    assert_eq!(of(token.as_str()).await, None);
    people.accounts.register().fold_in().await.unwrap();
    let file = std::fs::read(people.folder.folder.path().join("register.sqlite")).unwrap();
    let hex = token.as_str().trim_start_matches("weir_").as_bytes();
    assert!(!file.windows(hex.len()).any(|window| window == hex));
}

#[tokio::test]
async fn a_closed_account_and_a_new_password_by_link_end_tokens_and_ten_are_enough() {
    let people = People::new().await;
    people.with("boss@oak.example", Role::Administrator).await;
    let id = people.with("gov@oak.example", Role::Governor).await;
    let make = async || {
        let (cookie, _) = people.sign_in("gov@oak.example", GOOD).await.unwrap();
        let session = people.accounts.session(cookie.as_str()).await.unwrap().unwrap();
        people.accounts.make_token(&session, "x", 30, GOOD, HERE).await
    };
    let token = make().await.unwrap();
    people.accounts.close(anna(), id).await.unwrap();
    people.accounts.reopen(anna(), id).await.unwrap();
    assert!(people.accounts.of_token(token.as_str()).await.unwrap().is_none());
    let token = make().await.unwrap();
    let link = people.accounts.make_link(anna(), id, false).await.unwrap();
    people.accounts.set_password_by_link(&secret(&link), GOOD, &[]).await.unwrap();
    assert!(people.accounts.of_token(token.as_str()).await.unwrap().is_none());
    for _ in 0..10 {
        make().await.unwrap();
    }
    assert!(matches!(make().await, Err(AccountError::ManyTokens)));
}

#[tokio::test]
async fn second_steps_hold_through_a_rotation_of_keys() {
    let people = People::new().await;
    let (typed, _, _) = people.lead().await;
    people.pass(MINUTE);
    let root = people.folder.folder.path();
    let vault = Vault::open(&root.join("vault"), &root.join("lake")).unwrap();
    let (vault, _) = vault.rotate().unwrap();
    let now = people.now.clone();
    let clock: Arc<dyn Fn() -> i64 + Send + Sync> = Arc::new(move || now.load(Ordering::SeqCst));
    let after = Accounts::with_clock(people.folder.register.clone(), &vault, clock.clone());
    // Before it is sealed anew the old key opens it still.
    let enter = async |accounts: &Accounts| {
        let (token, stage) = accounts.sign_in("lead@oak.example", GOOD, HERE, None).await.unwrap();
        assert_eq!(stage, Stage::Code);
        let session = accounts.session(token.as_str()).await.unwrap().unwrap();
        accounts.enter_code(&session, &people.code(&typed), HERE).await.map(|_| ())
    };
    enter(&after).await.unwrap();
    assert_eq!(after.reseal(anna()).await.unwrap(), Resealed { done: 1, left: 0 });
    // Only the newest key is left, and it opens.
    let (vault, _) = vault.rotate().unwrap();
    let newest = Accounts::with_clock(people.folder.register.clone(), &vault, clock.clone());
    assert_eq!(newest.reseal(anna()).await.unwrap(), Resealed { done: 1, left: 0 });
    vault.forget_older_keys().unwrap();
    let alone = Vault::open(&root.join("vault"), &root.join("lake")).unwrap();
    let alone = Accounts::with_clock(people.folder.register.clone(), &alone, clock);
    people.pass(MINUTE);
    enter(&alone).await.unwrap();
    // Whoever kept the first key, and a process that began with it, opens nothing.
    people.pass(MINUTE);
    assert!(matches!(enter(&people.accounts).await, Err(AccountError::Register(_))));
}
