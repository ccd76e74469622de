//! When a session ends, and whose it is.

use super::*;

#[tokio::test]
async fn sessions_end_by_idleness_by_age_and_everywhere() {
    let people = People::new().await;
    people.with("q@oak.example", Role::Governor).await;
    let (token, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    people.pass(29 * MINUTE);
    assert_eq!(people.stage(&token).await, Some(Stage::Full));
    people.pass(29 * MINUTE);
    assert_eq!(people.stage(&token).await, Some(Stage::Full), "it was seen since");
    people.pass(30 * MINUTE);
    assert_eq!(people.stage(&token).await, None);

    let (token, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    for _ in 0..36 {
        assert_eq!(people.stage(&token).await, Some(Stage::Full));
        people.pass(20 * MINUTE);
    }
    assert_eq!(people.stage(&token).await, None, "twelve hours are over");

    let (first, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    let (second, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(first.as_str()).await.unwrap().unwrap();
    let open = people.accounts.open_sessions(&session).await.unwrap();
    assert_eq!((open.len(), open.iter().filter(|open| open.is_this).count()), (2, 1));
    people.accounts.sign_out_everywhere(&session).await.unwrap();
    assert_eq!((people.stage(&first).await, people.stage(&second).await), (None, None));

    let (first, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    let (second, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(first.as_str()).await.unwrap().unwrap();
    people.accounts.sign_out(&session).await.unwrap();
    assert_eq!((people.stage(&first).await, people.stage(&second).await), (None, Some(Stage::Full)));
    for wrong in ["", "x", &"0".repeat(64), &"ab".repeat(32)] {
        assert!(people.accounts.session(wrong).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn half_way_sessions_end_after_ten_minutes() {
    let people = People::new().await;
    people.with("lead@oak.example", Role::Dsl).await;
    let (token, stage) = people.sign_in("lead@oak.example", GOOD).await.unwrap();
    assert_eq!(stage, Stage::Enrol);
    people.pass(10 * MINUTE);
    assert_eq!(people.stage(&token).await, None);
}

#[tokio::test]
async fn a_session_chosen_by_somebody_else_becomes_nobodys() {
    let people = People::new().await;
    people.with("mallory@oak.example", Role::Staff).await;
    people.with("q@oak.example", Role::Governor).await;
    let (planted, _) = people.sign_in("mallory@oak.example", GOOD).await.unwrap();
    let (token, _) = people.accounts.sign_in("q@oak.example", GOOD, HERE, Some(planted.as_str())).await.unwrap();
    assert_ne!(token.as_str(), planted.as_str());
    assert_eq!(people.stage(&planted).await, None);
    let session = people.accounts.session(token.as_str()).await.unwrap().unwrap();
    assert_eq!(session.account.email, "q@oak.example");
}
