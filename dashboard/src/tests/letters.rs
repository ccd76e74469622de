//! A link in a letter: everybody gets the same answer, a mail program that opens the link spends nothing, and a button signs in.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use weir_lake::estate::Serving;
use weir_register::{Actor, Role};

use super::house::House;
use super::markup::check;

fn behind_a_proxy() -> Serving {
    Serving {
        url: Some("https://weir.school.example".into()),
        trusted_proxies: vec!["192.0.2.1".parse().unwrap()],
        ..Serving::default()
    }
}

fn through_it(house: &House) -> super::house::Browser<'_> {
    let mut browser = house.browser();
    browser.address = "192.0.2.1:50000".parse().unwrap();
    browser.headers = vec![("host", "weir.school.example".into()), ("origin", "https://weir.school.example".into())];
    browser
}

#[tokio::test]
async fn everybody_who_asks_gets_the_same_answer() {
    let house = House::reached(behind_a_proxy()).await;
    house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    house.with("lead@oak.example", Role::Dsl, "school:oakfield").await;
    let mut browser = through_it(&house);
    assert!(browser.get("/sign-in").await.body.contains("href=\"/sign-in/letter\""));
    let page = browser.get("/sign-in/letter").await;
    check("/sign-in/letter", &page.body);
    let mut answers = Vec::new();
    // The fourth at one address is too many, and the answer is no other.
    for email in
        ["gov@oak.example", "lead@oak.example", "nobody@oak.example", "gov@oak.example", "gov@oak.example", "gov@oak.example"]
    {
        let answer = browser.post("/sign-in/letter", &[("email", email)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        check("/sign-in/letter", &answer.body);
        assert!(!answer.body.contains(email) && browser.cookie.is_none());
        let mut headers: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.sort();
        answers.push((answer.body, headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let letters = house.accounts.register().letters(10).await.unwrap();
    assert!(letters.iter().all(|letter| letter.kind.word() == "sign-in-link") && !letters.is_empty());
    assert!(house.waiting.load(Ordering::SeqCst) >= 1);
    let wrong = browser.post("/sign-in/letter", &[("email", "no address")]).await;
    check("/sign-in/letter", &wrong.body);
    assert!(wrong.body.contains("href=\"#email\"") && wrong.body.contains("value=\"no address\""));
}

#[tokio::test]
async fn the_link_shows_a_button_and_the_button_signs_in_once() {
    let house = House::reached(behind_a_proxy()).await;
    let id = house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    let link = house.accounts.make_letter_link(Actor::Nobody, id).await.unwrap().path();
    let mut scanner = through_it(&house);
    for _ in 0..2 {
        let page = scanner.get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        check(&link, &page.body);
        assert!(page.body.contains("As governor Beispiel.") && scanner.cookie.is_none());
        let head = scanner.ask("HEAD", &link, String::new()).await;
        assert_eq!(head.status, StatusCode::OK);
    }
    // A page elsewhere can't press the button.
    scanner.headers[1].1 = "https://evil.example".into();
    assert_eq!(scanner.post(&link, &[]).await.status, StatusCode::FORBIDDEN);
    let mut gwen = through_it(&house);
    let answer = gwen.post(&link, &[]).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(gwen.get("/").await.status, StatusCode::OK);
    for method in ["GET", "POST"] {
        let mut again = through_it(&house);
        let answer = again.ask(method, &link, String::new()).await;
        assert_eq!(answer.status, StatusCode::GONE, "{method}");
        check(&link, &answer.body);
        assert!(again.cookie.is_none() && !answer.body.contains("Beispiel"));
    }
}

#[tokio::test]
async fn who_came_to_hold_a_role_that_opens_names_is_refused_in_words() {
    let house = House::reached(behind_a_proxy()).await;
    let id = house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    let link = house.accounts.make_letter_link(Actor::Nobody, id).await.unwrap().path();
    let place = weir_register::Place::parse("school:oakfield").unwrap();
    let day = house.accounts.today();
    house.accounts.give_role(Actor::Command("anna".into()), id, Role::Dsl, &place, day, None).await.unwrap();
    let mut browser = through_it(&house);
    let answer = browser.post(&link, &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    check(&link, &answer.body);
    assert!(answer.body.contains("asks for a password and a code") && browser.cookie.is_none());
}

#[tokio::test]
async fn without_an_address_that_others_can_open_no_link_is_offered() {
    let house = House::new().await;
    let mut browser = house.browser();
    assert!(!browser.get("/sign-in").await.body.contains("/sign-in/letter"));
    assert_eq!(browser.get("/sign-in/letter").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post("/sign-in/letter", &[("email", "gov@oak.example")]).await.status, StatusCode::NOT_FOUND);
}
