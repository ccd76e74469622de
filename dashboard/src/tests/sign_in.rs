//! Signing in: the first run, the second step, and what somebody with ill intent might try.

use axum::http::StatusCode;
use weir_lake::estate::Serving;
use weir_register::{Actor, Role};

use super::house::{GOOD, House, OTHER, between, secret};
use super::markup::check;

#[tokio::test]
async fn from_the_first_link_to_a_second_person() {
    let house = House::new().await;
    let link = secret(&house.accounts.first_link(Actor::Command("anna".into())).await.unwrap().unwrap());
    let path = format!("/link/{link}");
    let mut boss = house.browser();
    assert_eq!(boss.leads("/").await, "/sign-in");
    let page = boss.get(&path).await;
    assert!(page.status == StatusCode::OK && page.body.contains("Set up Weir"));
    check(&path, &page.body);
    // What was typed stays, but for the password; what is wrong leads to its field.
    let page = boss.post(&path, &[("name", "Quill <Beispiel>"), ("email", "quill"), ("password", GOOD)]).await;
    check(&path, &page.body);
    assert!(
        page.body.contains("href=\"#email\"")
            && page.body.contains("value=\"Quill &#60;Beispiel&#62;\"")
            && page.body.contains("value=\"quill\""),
        "{}",
        page.body
    );
    assert!(!page.body.contains(GOOD) && page.body.contains("<title>Error: "));
    let page = boss.post(&path, &[("name", "Quill"), ("email", "quill@oak.example"), ("password", "Oakfield2026!")]).await;
    assert!(page.body.contains("href=\"#password\"") && !page.body.contains("Oakfield2026"));
    let done = boss.post(&path, &[("name", "Quill"), ("email", "quill@oak.example"), ("password", GOOD)]).await;
    assert_eq!(done.header("location"), "/sign-in?said=password");
    assert_eq!(boss.get(&path).await.status, StatusCode::GONE);

    let page = boss.get("/sign-in?said=password").await;
    assert!(page.body.contains("Your password is set."));
    check("/sign-in", &page.body);
    let answer = boss.post("/sign-in", &[("email", "quill@oak.example"), ("password", GOOD)]).await;
    assert_eq!(answer.header("location"), "/sign-in/second-step");
    let half = boss.cookie.clone();
    let page = boss.get("/sign-in/second-step").await;
    check("/sign-in/second-step", &page.body);
    assert!(page.body.contains("class=\"qr\""));
    let page = boss.post("/sign-in/second-step", &[("code", "000000")]).await;
    check("/sign-in/second-step", &page.body);
    assert!(page.body.contains("href=\"#code\""));
    let key = boss.enrol().await;
    assert_ne!(boss.cookie, half, "the step up is a new session");
    for path in ["/", "/account", "/people", "/people/add", "/people/1"] {
        let page = boss.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        check(path, &page.body);
    }

    // A second person, by the pages.
    let page = boss
        .post(
            "/people/add",
            &[
                ("name", ""),
                ("email", "gov@oak.example"),
                ("role", "governor"),
                ("place", "school:oakfield"),
                ("from", "31 2 2026"),
                ("to", ""),
            ],
        )
        .await;
    check("/people/add", &page.body);
    assert!(
        page.body.contains("href=\"#from\"")
            && page.body.contains("value=\"31 2 2026\"")
            && page.body.contains("value=\"gov@oak.example\"")
    );
    assert!(
        page.body.contains("<option value=\"governor\" selected>")
            && page.body.contains("<option value=\"school:oakfield\" selected>")
    );
    let page = boss
        .post(
            "/people/add",
            &[
                ("name", "Gwen Beispiel"),
                ("email", "gov@oak.example"),
                ("role", "governor"),
                ("place", "school:oakfield"),
                ("from", "1 9 2026"),
                ("to", ""),
            ],
        )
        .await;
    check("/people/add", &page.body);
    let link = between(&page.body, "href=\"/link/", "\"").to_owned();
    let mut gwen = house.browser();
    let page = gwen.get(&format!("/link/{link}")).await;
    assert!(page.body.contains("For Gwen Beispiel, gov@oak.example."));
    gwen.post(&format!("/link/{link}"), &[("password", OTHER)]).await;
    let answer = gwen.post("/sign-in", &[("email", "gov@oak.example"), ("password", OTHER)]).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    let page = gwen.get("/").await;
    assert!(page.body.contains("Gwen Beispiel") && page.body.contains("Sign out") && !page.body.contains("href=\"/people\""));

    // The next day, with a code.
    house.pass_minutes(24 * 60);
    assert_eq!(boss.leads("/people").await, "/sign-in?next=/people");
    let answer = boss.post("/sign-in", &[("email", "quill@oak.example"), ("password", GOOD), ("next", "/people")]).await;
    assert_eq!(answer.header("location"), "/sign-in/code?next=/people");
    assert_eq!(boss.leads("/").await, "/sign-in/code", "half way is not in");
    let page = boss.get("/sign-in/code?next=/people").await;
    check("/sign-in/code", &page.body);
    let page = boss.post("/sign-in/code", &[("code", "123"), ("next", "/people")]).await;
    check("/sign-in/code", &page.body);
    assert!(page.body.contains("href=\"#code\"") && page.body.contains("value=\"/people\""));
    let code = boss.code(&key);
    let answer = boss.post("/sign-in/code", &[("code", &code), ("next", "/people")]).await;
    assert_eq!(answer.header("location"), "/people");
    assert_eq!(boss.get("/people").await.status, StatusCode::OK);
    let kept = boss.cookie.clone();
    assert_eq!(boss.post("/sign-out", &[]).await.header("location"), "/sign-in?said=out");
    assert_eq!(boss.cookie, None);
    boss.cookie = kept;
    assert_eq!(boss.leads("/people").await, "/sign-in?next=/people", "the session is gone, not the cookie alone");
}

#[tokio::test]
async fn ones_own_account() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut other = house.browser();
    other.cookie = lead.cookie.clone();
    let page = lead.post("/account/password", &[("old", OTHER), ("new", OTHER)]).await;
    check("/account", &page.body);
    assert!(page.body.contains("href=\"#old\"") && !page.body.contains(OTHER));
    let page = lead.post("/account/password", &[("old", GOOD), ("new", "short")]).await;
    assert!(page.body.contains("href=\"#new\""));
    let page = lead.post("/account/recovery-codes", &[("password", OTHER)]).await;
    assert!(page.body.contains("href=\"#password\""));
    let page = lead.post("/account/recovery-codes", &[("password", GOOD)]).await;
    check("/account/recovery-codes", &page.body);
    let codes = between(&page.body, "<ul class=\"codes\">", "</ul>");
    assert_eq!(codes.matches("<li>").count(), 10);
    let changed = lead.post("/account/password", &[("old", GOOD), ("new", OTHER)]).await;
    assert_eq!(changed.header("location"), "/account");
    assert_eq!(lead.get("/account").await.status, StatusCode::OK);
    assert_eq!(other.leads("/account").await, "/sign-in?next=/account", "the session of before is no more");
    let answer = lead.post("/account/sign-out-everywhere", &[]).await;
    assert_eq!(answer.header("location"), "/sign-in?said=everywhere");
    assert_eq!(lead.leads("/account").await, "/sign-in?next=/account");
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_taken_over() {
    let house = House::new().await;
    let mut mallory = house.signed_in(Role::Staff, "school:oakfield").await;
    let planted = mallory.cookie.clone();
    house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    for cookie in [planted, Some(format!("weir-session={}", "ab".repeat(32)))] {
        let mut victim = house.browser();
        victim.cookie = cookie.clone();
        victim.post("/sign-in", &[("email", "gov@oak.example"), ("password", GOOD)]).await;
        assert!(victim.cookie.is_some() && victim.cookie != cookie);
        mallory.cookie = cookie;
        assert_eq!(mallory.leads("/account").await, "/sign-in?next=/account");
    }
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let house = House::new().await;
    let (person, _) = house.add("somebody@oak.example", Role::Staff, "school:oakfield").await;
    let mut boss = house.signed_in(Role::Administrator, "*").await;
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "http://localhost:9090")],
        vec![("sec-fetch-site", "cross-site"), ("origin", "http://localhost:9090")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
    ] {
        boss.headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        for path in
            ["/sign-out".to_owned(), format!("/people/{person}/close"), "/account/sign-out-everywhere".into(), "/sign-in".into()]
        {
            let answer = boss.post(&path, &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(answer.body.contains("came from another site"), "{path}");
        }
    }
    boss.headers = vec![("origin", "http://localhost:8080".into()), ("sec-fetch-site", "same-origin".into())];
    assert!(!house.accounts.get(person).await.unwrap().unwrap().is_closed);
    assert_eq!(boss.post(&format!("/people/{person}/close"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(house.accounts.get(person).await.unwrap().unwrap().is_closed);
}

#[tokio::test]
async fn the_way_on_after_signing_in_stays_here() {
    let house = House::new().await;
    house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    for (next, wanted) in [
        ("/method", "/method"),
        ("/school/oakfield/2025-26?x=1", "/school/oakfield/2025-26?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/method\r\nset-cookie: a=b", "/"),
        ("/sign-out", "/"),
        ("", "/"),
    ] {
        let mut browser = house.browser();
        let answer = browser.post("/sign-in", &[("email", "gov@oak.example"), ("password", GOOD), ("next", next)]).await;
        assert_eq!(answer.header("location"), wanted, "{next:?}");
        let mut browser = house.browser();
        let page =
            browser.get(&format!("/sign-in?next={}", next.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>())).await;
        assert!(!page.body.contains("evil.example") && !page.body.contains("javascript"), "{next:?}");
    }
}

#[tokio::test]
async fn a_spoofed_header_does_not_pass_the_wait() {
    let house = House::new().await;
    house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    let mut browser = house.browser();
    for number in 0..50 {
        browser.headers = vec![("x-forwarded-for", format!("203.0.113.{number}")), ("x-real-ip", format!("203.0.113.{number}"))];
        let page = browser.post("/sign-in", &[("email", &format!("p{number}@oak.example")), ("password", OTHER)]).await;
        assert!(page.body.contains("are not right"), "{number}");
    }
    browser.headers = vec![("x-forwarded-for", "203.0.113.99".into()), ("forwarded", "for=203.0.113.99".into())];
    let page = browser.post("/sign-in", &[("email", "gov@oak.example"), ("password", GOOD)]).await;
    assert!(page.body.contains("Too many wrong tries"), "{}", page.body);
    assert!(browser.cookie.is_none());
    house.pass_minutes(15);
    let answer = browser.post("/sign-in", &[("email", "gov@oak.example"), ("password", GOOD)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn guesses_at_one_account_wait_wherever_they_come_from() {
    let house = House::new().await;
    house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    for (email, other) in [("gov@oak.example", GOOD), ("nobody@oak.example", OTHER)] {
        let mut pages = Vec::new();
        for number in 0..11 {
            let mut browser = house.browser();
            browser.address = format!("127.0.0.{}:50000", number + 1).parse().unwrap();
            let password = if number == 10 { other } else { OTHER };
            pages.push(browser.post("/sign-in", &[("email", email), ("password", password)]).await.body);
        }
        assert!(pages[9].contains("are not right") && pages[10].contains("Too many wrong tries"), "{email}");
    }
}

#[tokio::test]
async fn behind_a_proxy_the_cookie_is_bound_and_the_proxy_alone_is_believed() {
    let serving = Serving {
        listen: None,
        url: Some("https://weir.school.example".into()),
        trusted_proxies: vec!["192.0.2.1".parse().unwrap()],
        ..Serving::default()
    };
    let house = House::reached(serving).await;
    house.with("gov@oak.example", Role::Governor, "school:oakfield").await;
    let mut past = house.browser();
    past.headers = vec![("host", "weir.school.example".into())];
    past.address = "198.51.100.7:50000".parse().unwrap();
    assert_eq!(past.get("/sign-in").await.status, StatusCode::MISDIRECTED_REQUEST, "past the proxy there is no TLS");
    let mut browser = house.browser();
    browser.address = "192.0.2.1:50000".parse().unwrap();
    for number in 0..51 {
        browser.headers = vec![
            ("host", "weir.school.example".into()),
            ("origin", "https://weir.school.example".into()),
            // The first is what the client wrote, the second what the proxy saw.
            ("x-forwarded-for", format!("10.0.0.{number}, 203.0.113.7")),
        ];
        browser.post("/sign-in", &[("email", &format!("p{number}@oak.example")), ("password", OTHER)]).await;
    }
    let page = browser.post("/sign-in", &[("email", "gov@oak.example"), ("password", GOOD)]).await;
    assert!(page.body.contains("Too many wrong tries"));
    // Somebody else behind the same proxy does not wait.
    browser.headers[2].1 = "203.0.113.8".into();
    let answer = browser.post("/sign-in", &[("email", "gov@oak.example"), ("password", GOOD)]).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-weir-session="), "{cookie}");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(cookie.split("; ").any(|given| given == part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn a_form_that_is_far_too_long_or_no_form_is_refused() {
    let house = House::new().await;
    let mut browser = house.browser();
    let answer = browser.ask("POST", "/sign-in", format!("email=a&password={}", "x".repeat(40_000))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = browser.ask("POST", "/sign-in", "email=a&email=b&password=%FF".into()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn without_sign_in_there_are_no_accounts() {
    for path in ["/sign-in", "/account", "/people", "/link/x"] {
        let answer = super::get(crate::Example::estate(), path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
