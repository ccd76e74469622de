//! The interface for programs: who reads what by which token, what an answer holds, and how refusals look.

use axum::http::StatusCode;
use serde_json::Value;
use weir_register::Role;

use super::Answered;
use super::house::{Browser, GOOD, House, between};
use super::markup::check;

const PATHS: [&str; 3] =
    ["/api/v1/schools", "/api/v1/schools/oakfield/register", "/api/v1/schools/oakfield/years/2025-26/figures"];

/// A program with a token of whoever is signed in.
async fn program<'a>(house: &'a House, owner: &mut Browser<'_>) -> Browser<'a> {
    let page = owner.post("/account/token", &[("label", "Board pack"), ("days", "30"), ("own", GOOD)]).await;
    check("/account/token", &page.body);
    let token = between(&page.body, "<p class=\"secret\">", "</p>").to_owned();
    with(house, &token)
}

fn with<'a>(house: &'a House, token: &str) -> Browser<'a> {
    let mut program = house.browser();
    program.headers = vec![("authorization", format!("Bearer {token}"))];
    program
}

fn json(answer: &Answered) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// A refusal: the same status inside and out, and no page.
fn is_problem(answer: &Answered, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(json(answer)["status"], status.as_u16());
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn each_role_reads_what_its_pages_show_at_its_schools_alone() {
    let house = House::new().await;
    for role in Role::ALL {
        let mut owner = house.signed_in(role, "school:oakfield").await;
        let mut program = program(&house, &mut owner).await;
        let may = [role != Role::Staff, !matches!(role, Role::Staff | Role::Administrator), role != Role::Staff];
        for (path, may) in PATHS.into_iter().zip(may) {
            let answer = program.get(path).await;
            if may {
                assert_eq!(answer.status, StatusCode::OK, "{path} as {role}");
                assert_eq!(answer.header("content-type"), "application/json", "{path}");
                assert_eq!(answer.header("cache-control"), "no-store", "{path}");
                json(&answer);
            } else {
                is_problem(&answer, StatusCode::FORBIDDEN);
            }
            let other = program.get(&path.replace("oakfield", "tarn-view")).await;
            if may && path.contains("oakfield") {
                is_problem(&other, StatusCode::NOT_FOUND);
            }
            assert!(!other.body.contains("Tarn View"), "{path} as {role}");
        }
        // A token opens no page, and a session no interface.
        assert_eq!(program.get("/account").await.header("location"), "/sign-in?next=/account");
        is_problem(&owner.get("/api/v1/schools").await, StatusCode::UNAUTHORIZED);
        is_problem(&program.ask("POST", "/api/v1/schools", String::new()).await, StatusCode::METHOD_NOT_ALLOWED);
        is_problem(&program.get("/api/v1/nothing").await, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn answers_hold_what_is_published_and_no_hidden_number() {
    let house = House::new().await;
    let mut owner = house.signed_in(Role::Governor, "school:oakfield").await;
    let mut program = program(&house, &mut owner).await;
    let schools = json(&program.get(PATHS[0]).await);
    assert_eq!(schools["schools"].as_array().unwrap().len(), 1);
    assert_eq!(schools["schools"][0]["id"], "oakfield");
    let figures = json(&program.get(PATHS[2]).await);
    let all = figures["figures"].as_array().unwrap();
    let page = crate::Figures::school_year(
        &crate::Example::estate(),
        &weir_lake::ids::SchoolId::parse("oakfield").unwrap(),
        weir_lake::estate::AcademicYear::parse("2025-26").unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(all.len(), page.figures.len());
    let mut hidden = 0;
    for (figure, shown) in all.iter().zip(&page.figures) {
        let half_terms = figure["half_terms"].as_array().unwrap();
        let published: Vec<_> = shown.points.iter().filter(|point| point.is_final).collect();
        assert_eq!(half_terms.len(), published.len(), "{}: what may still change is left out", shown.id);
        for (told, point) in half_terms.iter().zip(published) {
            let amount = &told["value"];
            assert_ne!(amount["number"].is_null(), amount["why_none"].is_null());
            if point.value == crate::view::Shown::Hidden {
                hidden += 1;
                assert_eq!(amount["why_none"], "hidden");
            }
        }
    }
    assert!(hidden > 0, "the estate hides some");
    let register = json(&program.get(PATHS[1]).await);
    assert_eq!(register["lists"].as_array().unwrap().len(), weir_register::records::Book::ALL.len());
    assert_eq!(register["changes"]["asked"], 0);
    // Each of these left a row: nothing goes out unseen.
    let rows = house.trail().await;
    assert_eq!(rows.iter().filter(|row| row.contains(" export done")).count(), 3, "{rows:?}");
}

#[tokio::test]
async fn a_token_that_does_not_work_is_refused_alike_and_soon_not_looked_at() {
    let house = House::new().await;
    let mut owner = house.signed_in(Role::Governor, "school:oakfield").await;
    let mut good = program(&house, &mut owner).await;
    let page = owner.get("/account").await;
    check("/account", &page.body);
    assert!(page.body.contains("Board pack"));
    let id = between(&page.body, "name=\"token\" value=\"", "\"").to_owned();
    // Another person can't revoke it, an administrator can.
    let mut stranger = house.signed_in(Role::Officer, "school:oakfield").await;
    assert_eq!(stranger.post("/account/revoke-token", &[("token", &id)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(good.get(PATHS[0]).await.status, StatusCode::OK);
    let mut boss = house.signed_in(Role::Administrator, "*").await;
    let person = house.accounts.with_email("governor-school-oakfield@oak.example").await.unwrap().unwrap().id;
    let page = boss.get(&format!("/people/{person}")).await;
    check("/people/{person}", &page.body);
    assert!(page.body.contains("Board pack"));
    let answer = boss.post(&format!("/people/{person}/revoke-token"), &[("token", &id)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let refused = good.get(PATHS[0]).await;
    is_problem(&refused, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"weir\"");
    for headers in [vec![], vec![("authorization", "Basic Z3dlbjp4".to_owned())], vec![("authorization", "Bearer x".to_owned())]]
    {
        let mut nobody = house.browser();
        nobody.headers = headers;
        let answer = nobody.get(PATHS[0]).await;
        is_problem(&answer, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.body, refused.body);
    }
    let mut last = StatusCode::OK;
    for _ in 0..60 {
        last = with(&house, "weir_x").get(PATHS[0]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let answer = with(&house, "weir_x").get(PATHS[0]).await;
    is_problem(&answer, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "60");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_token_is_said_at_its_field() {
    let house = House::new().await;
    let mut owner = house.signed_in(Role::Governor, "school:oakfield").await;
    for (label, days, own, field) in
        [("", "30", GOOD, "label"), ("x", "0", GOOD, "days"), ("x", "many", GOOD, "days"), ("x", "30", "wrong", "own")]
    {
        let page = owner.post("/account/token", &[("label", label), ("days", days), ("own", own)]).await;
        check("/account/token", &page.body);
        assert!(page.body.contains(&format!("href=\"#{field}\"")), "{field}");
        assert!(!page.body.contains("weir_"), "{field}");
    }
}

#[tokio::test]
async fn the_description_names_every_address_of_the_interface() {
    let house = House::new().await;
    let answer = house.browser().get("/api/v1/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    let document = json(&answer);
    assert_eq!(document["openapi"].as_str().unwrap().split('.').take(2).collect::<Vec<_>>(), ["3", "1"]);
    let described: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let mut known: Vec<&str> = crate::gate::needs::ROUTES
        .iter()
        .map(|(pattern, _)| *pattern)
        .filter(|pattern| pattern.starts_with("/api/") && !pattern.ends_with("openapi.json"))
        .collect();
    known.sort_unstable();
    assert_eq!(described, known);
    for (path, item) in document["paths"].as_object().unwrap() {
        for status in ["200", "401", "403", "404", "429", "503"] {
            assert!(!item["get"]["responses"][status].is_null(), "{path}: {status}");
        }
        assert_eq!(item["get"]["security"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["token"], "{path}");
    }
}
