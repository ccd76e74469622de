//! What an administrator sees of somebody who came through a provider, and ways that were never begun.

use axum::http::StatusCode;
use weir_register::Role;
use weir_register::accounts::{Came, Elsewhere};

use super::house::{House, between};
use super::markup::check;

fn gwen() -> Elsewhere {
    Elsewhere {
        issuer: "https://login.example/tenant".into(),
        subject: "subject-1".into(),
        email: Some("gov@oak.example".into()),
        vouched: false,
        second_step: false,
        roles: Vec::new(),
    }
}

#[tokio::test]
async fn an_administrator_compares_the_number_and_says_that_it_is_they() {
    let house = House::new().await;
    let person = house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    let Came::Unknown { number } = house.accounts.sign_in_elsewhere(&gwen(), None).await.unwrap() else { panic!() };
    let mut boss = house.signed_in(Role::Administrator, "*").await;
    let path = format!("/people/{person}");
    let page = boss.get(&path).await;
    check(&path, &page.body);
    assert!(page.body.contains(&number));
    let claim = between(&page.body, "name=\"claim\" value=\"", "\"").to_owned();
    let answer = boss.post(&format!("{path}/identity"), &[("claim", &claim), ("answer", "yes")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(matches!(house.accounts.sign_in_elsewhere(&gwen(), None).await.unwrap(), Came::In(..)));
    let page = boss.get(&path).await;
    check(&path, &page.body);
    assert!(page.body.contains("May sign in with https://login.example/tenant") && !page.body.contains(&number));
    let answer = boss.post(&format!("{path}/part"), &[("issuer", "https://login.example/tenant")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(matches!(house.accounts.sign_in_elsewhere(&gwen(), None).await.unwrap(), Came::Unknown { .. }));
}

#[tokio::test]
async fn a_way_that_was_not_begun_is_no_way() {
    let house = House::new().await;
    let mut browser = house.browser();
    for path in ["/sign-in/with/entra", "/sign-in/back/entra", "/sign-in/back/entra?code=x&state=y"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}: there is no such provider");
    }
    assert!(!browser.get("/sign-in").await.body.contains("/sign-in/with/"));
}
