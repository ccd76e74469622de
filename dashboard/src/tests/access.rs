//! Who comes where: every address with every role, and none; and no address leads to another school's pages or people.

use axum::http::StatusCode;
use weir_register::Role;

use super::house::{GOOD, House};
use crate::gate::needs::ROUTES;

/// An address of a pattern, about oakfield and this person.
fn address(pattern: &str, person: &str) -> String {
    pattern
        .replace("{school}", "oakfield")
        .replace("{group}", "all")
        .replace("{year}", "2025-26")
        .replace("{figure}", "filter_failures")
        .replace("{person}", person)
        .replace("{book}", "training")
        .replace("{question}", "published_themes")
        .replace("{entry}", "1")
        .replace("{check}", "1")
        .replace("{change}", "1")
        .replace("{question}", "1")
        .replace("{day}", "2026-11-23")
        .replace("{upload}", "1")
        .replace("{block}", "1")
        .replace("{action}", "1")
        .replace("{revision}", "1")
        .replace("{form}", "json")
        .replace("{alert}", "1")
        .replace("{incident}", "1")
        .replace("{ask}", "1")
        .replace("{request}", "1")
        .replace("{hold}", "1")
        .replace("{mail}", "1")
        .replace("{provider}", "entra")
        .replace("{secret}", &"0".repeat(64))
}

/// What the answer to an address has to be, told by its beginning and not by the gate's own table.
#[derive(Debug, PartialEq)]
enum Wanted {
    Open,
    Answered,
    SentTo(&'static str),
    Refused,
    /// For programs: a session is nothing there.
    NeedsToken,
}

fn is_in_numbers(path: &str) -> bool {
    ["/checks", "/checks/grid.csv", "/changes", "/records", "/records/training", "/policy", "/policy/list.csv"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn wanted(path: &str, who: Option<Role>, is_half_way: bool) -> Wanted {
    let is_way_in = path == "/sign-in"
        || ["/sign-in/letter", "/sign-in/with/", "/sign-in/back/"].iter().any(|start| path.starts_with(start))
        || path == "/api/v1/openapi.json"
        || path.starts_with("/link/")
        || path.starts_with("/assets/")
        || path == "/health";
    let is_half = path.starts_with("/sign-in/") || path == "/sign-out";
    let is_own = path.starts_with("/account") || path.starts_with("/mail/") || path.starts_with("/confirm");
    let is_people = path.starts_with("/people");
    let of_school = |part: &str| path.starts_with(&format!("/school/oakfield/{part}"));
    // What a head or lead watches over, and what is a chair's too.
    let is_watching = of_school("alerts/watch") || of_school("names") || of_school("digest");
    let is_case = path == "/today" || of_school("alerts") || of_school("incidents");
    let is_protection = of_school("data-protection") || path.starts_with("/data-protection");
    let is_feeds = ["/unclaimed", "/feeds", "/school/oakfield/feeds"].contains(&path);
    let is_register = ["checks", "changes", "records", "policy"].iter().any(|start| of_school(start));
    let is_asked = ["questions", "visits"].iter().any(|start| of_school(start)) || path.ends_with("/figure/filter_failures/ask");
    let review = path.strip_prefix("/school/oakfield/2025-26/review/");
    match who {
        _ if is_way_in => Wanted::Open,
        _ if path.starts_with("/api/") => Wanted::NeedsToken,
        None => Wanted::SentTo("/sign-in"),
        Some(_) if is_half => Wanted::Open,
        Some(_) if is_half_way => Wanted::SentTo("/sign-in/second-step"),
        Some(_) if is_own => Wanted::Answered,
        Some(Role::Administrator) if is_people => Wanted::Answered,
        Some(_) if is_people => Wanted::Refused,
        Some(_) if path.starts_with("/school/oakfield/requests") => Wanted::Answered,
        Some(Role::Governor | Role::Chair | Role::Leader | Role::Dsl | Role::Technician)
            if path == "/saved" || of_school("saved") =>
        {
            Wanted::Answered
        }
        Some(_) if path == "/saved" || of_school("saved") => Wanted::Refused,
        // Alerts and names: the safeguarding lead and the head. What names were shown is read by the head, and by the chair.
        Some(role) if of_school("names/asked") => {
            if role == Role::Leader {
                Wanted::Answered
            } else {
                Wanted::Refused
            }
        }
        Some(role) if of_school("names/day") || of_school("holds") => {
            if role == Role::Dsl {
                Wanted::Answered
            } else {
                Wanted::Refused
            }
        }
        Some(role) if of_school("head") => {
            if role == Role::Chair {
                Wanted::Answered
            } else {
                Wanted::Refused
            }
        }
        Some(Role::Dsl | Role::Leader) if is_watching => Wanted::Answered,
        Some(_) if is_watching => Wanted::Refused,
        Some(Role::Dsl | Role::Leader | Role::Chair) if is_case => Wanted::Answered,
        Some(_) if is_case => Wanted::Refused,
        Some(role) if is_protection => {
            if role == Role::DataProtection {
                Wanted::Answered
            } else {
                Wanted::Refused
            }
        }
        Some(Role::DataProtection | Role::Auditor) if path.starts_with("/audit") => Wanted::Answered,
        Some(_) if path.starts_with("/audit") => Wanted::Refused,
        Some(Role::Leader | Role::Chair) if of_school("reveals") => Wanted::Answered,
        Some(_) if path.starts_with("/school/oakfield/reveals") => Wanted::Refused,
        // Only a technician uploads.
        Some(Role::Technician) if path.starts_with("/school/oakfield/upload") => Wanted::Answered,
        Some(_) if path.starts_with("/school/oakfield/upload") => Wanted::Refused,
        // Questions and visits: asked and written by governors and officers, read by the head, the lead and auditors too, answered by
        // the head.
        Some(role) if is_asked => {
            let asks = matches!(role, Role::Governor | Role::Chair | Role::Officer);
            let last = path.rsplit('/').next().unwrap_or_default();
            let is_wanted = match last {
                "answer" => role == Role::Leader,
                "ask" | "add" | "paste" | "change" | "withdraw" => asks,
                _ => asks || matches!(role, Role::Leader | Role::Dsl | Role::Auditor),
            };
            if is_wanted { Wanted::Answered } else { Wanted::Refused }
        }
        Some(_) if path == "/ask" => Wanted::Answered,
        Some(Role::Staff) if path == "/" => Wanted::SentTo("/ask"),
        Some(Role::Staff) => Wanted::Refused,
        // The review's pages: read by whoever opens the register, written by the three who prepare it, commented on by governors and
        // officers, signed by the three and a governor.
        Some(role) if review.is_some() => {
            let writes = matches!(role, Role::Leader | Role::Dsl | Role::Technician);
            let is_wanted = match review.unwrap_or_default().split('/').collect::<Vec<_>>().as_slice() {
                ["whole", _] => matches!(role, Role::Dsl | Role::Leader),
                ["ask", _] => matches!(role, Role::Governor | Role::Chair | Role::Officer),
                ["sign", "stop" | "empty"] => writes || matches!(role, Role::Governor | Role::Chair),
                ["actions" | "sign" | "signed"] | ["draft", _] | ["signed", _, _] => role != Role::Administrator,
                _ => writes,
            };
            if is_wanted { Wanted::Answered } else { Wanted::Refused }
        }
        // The register's pages: in numbers for everybody but whoever gives accounts, in words for those who write it.
        Some(Role::Technician) if path.ends_with("/decide") => Wanted::Refused,
        Some(Role::Leader | Role::Dsl | Role::Technician) if is_register => Wanted::Answered,
        Some(Role::Administrator) if is_register => Wanted::Refused,
        Some(_) if is_register => {
            if is_in_numbers(path) {
                Wanted::Answered
            } else {
                Wanted::Refused
            }
        }
        Some(Role::Dsl | Role::Leader | Role::Technician | Role::Administrator) if is_feeds => Wanted::Answered,
        Some(_) if is_feeds => Wanted::Refused,
        Some(_) => Wanted::Answered,
    }
}

/// Every address of the table, counted by hand when one is added.
const ADDRESSES: usize = 168;

#[tokio::test]
async fn every_address_with_every_role() {
    let house = House::new().await;
    let (person, _) = house.add("somebody@oak.example", Role::Staff, "school:oakfield").await;
    let mut walked = 0;
    let everybody = std::iter::once((None, false))
        .chain(Role::ALL.into_iter().map(|role| (Some(role), false)))
        .chain(Role::ALL.into_iter().filter(|role| role.needs_second_step()).map(|role| (Some(role), true)));
    for (who, is_half_way) in everybody {
        let mut browser = match who {
            None => house.browser(),
            Some(role) if is_half_way => {
                let email = format!("half-{role}@oak.example");
                house.with(&email, role, "school:oakfield").await;
                let mut browser = house.browser();
                browser.post("/sign-in", &[("email", &email), ("password", GOOD)]).await;
                browser
            }
            Some(role) => house.signed_in(role, "school:oakfield").await,
        };
        for method in ["GET", "POST"] {
            for (pattern, _) in ROUTES {
                let path = address(pattern, &person.to_string());
                // What ends the session would make the next address another's.
                if who.is_some()
                    && method == "POST"
                    && (path == "/sign-out" || path.ends_with("everywhere") || path == "/sign-in")
                {
                    continue;
                }
                let answer = browser.ask(method, &path, String::new()).await;
                let location = answer.header("location");
                let is_sent_in = location.starts_with("/sign-in") && answer.status == StatusCode::SEE_OTHER;
                let told = format!("{method} {path} as {who:?}, half way {is_half_way}: {} {location}", answer.status);
                walked += 1;
                match wanted(&path, who, is_half_way) {
                    Wanted::Open => assert!(
                        answer.status != StatusCode::INTERNAL_SERVER_ERROR && answer.status != StatusCode::FORBIDDEN,
                        "{told}"
                    ),
                    Wanted::Answered => {
                        let is_answer =
                            [StatusCode::OK, StatusCode::SEE_OTHER, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_FOUND];
                        assert!(is_answer.contains(&answer.status) && !is_sent_in, "{told}");
                    }
                    Wanted::SentTo(to) => {
                        let to_there = location == to || location.strip_prefix(to).is_some_and(|rest| rest.starts_with("?next="));
                        // An address that only takes forms says so to everybody, and nothing else.
                        let says_nothing = answer.status == StatusCode::METHOD_NOT_ALLOWED;
                        assert!(says_nothing || (answer.status == StatusCode::SEE_OTHER && to_there), "{told}");
                    }
                    Wanted::NeedsToken => {
                        assert!([StatusCode::UNAUTHORIZED, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status), "{told}");
                    }
                    Wanted::Refused => {
                        assert!([StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status), "{told}");
                    }
                }
                if !matches!(wanted(&path, who, is_half_way), Wanted::Open | Wanted::Answered) {
                    assert!(!answer.body.contains("Oakfield") && !answer.body.contains("somebody@"), "{told}");
                }
                if answer.header("cache-control") != "no-store" {
                    assert!(path.starts_with("/assets/"), "{told}: may be kept");
                }
            }
        }
    }
    assert_eq!(walked, ADDRESSES * 2 + (10 + 6) * (ADDRESSES * 2 - 3));
}

#[tokio::test]
async fn pages_that_should_answer_do() {
    let house = House::new().await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    for path in [
        "/",
        "/schools.csv",
        "/method",
        "/school/oakfield/2025-26",
        "/school/oakfield/2025-26/review",
        "/school/oakfield/2025-26/days.csv",
        "/school/oakfield/2025-26/figures.csv",
        "/school/oakfield/2025-26/figure/filter_failures",
        "/school/oakfield/2025-26/figure/filter_failures.csv",
        "/account",
    ] {
        assert_eq!(governor.get(path).await.status, StatusCode::OK, "{path}");
    }
    let mut administrator = house.signed_in(Role::Administrator, "*").await;
    for path in ["/people", "/people/add", "/people/1"] {
        assert_eq!(administrator.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn another_school_does_not_exist() {
    let house = House::new().await;
    let mut everywhere = house.signed_in(Role::Governor, "*").await;
    let all = everywhere.get("/schools.csv").await.body;
    // Somebody who may do at their own school whatever an address asks for.
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let lead_is = format!("account:{}", house.accounts.with_email("dsl-school-oakfield@oak.example").await.unwrap().unwrap().id);
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let own = governor.get("/schools.csv").await.body;
    assert!(all.lines().count() > own.lines().count() + 2, "{own}");
    let others: Vec<String> = crate::Figures::schools(&crate::Example::estate())
        .await
        .unwrap()
        .into_iter()
        .filter(|school| school.id.as_str() != "oakfield")
        .map(|school| school.id.to_string())
        .collect();
    assert!(others.len() >= 5);
    let first = governor.get("/").await.body;
    let page = governor.get("/school/oakfield/2025-26").await.body;
    let mut refused = 0;
    for other in &others {
        assert!(!own.contains(other.as_str()), "{other} in the list as CSV");
        assert!(!first.contains(&format!("/school/{other}")), "{other} on the first page");
        assert!(!page.contains(&format!("value=\"{other}\"")), "{other} in the picker");
        for (pattern, _) in ROUTES.iter().filter(|(pattern, _)| pattern.starts_with("/school/")) {
            let path = address(pattern, "1").replace("oakfield", other);
            let status = governor.get(&path).await.status;
            // What a governor opens nowhere is refused alike at every school; what only takes forms says so to everybody.
            let is_closed = [
                "/answer",
                "/upload",
                "/checks",
                "/changes",
                "/records",
                "/policy",
                "/alerts",
                "/names",
                "/feeds",
                "/digest",
                "/incidents",
                "/head",
                "/holds",
                "/data-protection",
                "/reveals",
            ]
            .iter()
            .any(|part| path.contains(part));
            let is_theirs = !is_closed || is_in_numbers(&path);
            if path.contains("/review/") {
                // Some of it governors only read, some is for those who write it: none of it is told of another school.
                let refusals = [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
                assert!(refusals.contains(&status), "{path}: {status}");
            } else if is_theirs && !path.ends_with("/withdraw") {
                assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            } else {
                assert!([StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED].contains(&status), "{path}: {status}");
            }
            refused += usize::from(status != StatusCode::METHOD_NOT_ALLOWED);
            for method in ["GET", "POST"] {
                let answer = lead.ask(method, &path, String::new()).await;
                // Not even at their own school.
                let is_others = [
                    "/upload",
                    "/reveals",
                    "/review/ask/",
                    "/questions/",
                    "/visits/",
                    "/figure/filter_failures/ask",
                    "/head",
                    "/data-protection",
                    "/names/asked/",
                ]
                .iter()
                .any(|part| path.contains(part))
                    && answer.status == StatusCode::FORBIDDEN;
                let is_nothing = is_others || [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status);
                assert!(is_nothing, "{method} {path}: {}", answer.status);
            }
        }
        for path in [
            format!("/go?school={other}"),
            format!("/go?school={other}&year=2025-26"),
            format!("/go?school={other}&year=2025-26&figure=filter_failures"),
        ] {
            assert_eq!(governor.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    // One that is nobody's answers alike, and letters in other clothes are no way round.
    for path in [
        "/school/nowhere/2025-26",
        "/school/%6Fakfield/2025-26",
        "/school/OAKFIELD/2025-26",
        "/school/oakfield%2F..%2Fmarlpit/2025-26",
    ] {
        assert_eq!(governor.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let noted = house.trail().await.iter().filter(|row| row.contains(" open refused at ") && !row.starts_with(&lead_is)).count();
    assert_eq!(noted, refused);
}

#[tokio::test]
async fn an_administrator_of_one_school_has_no_way_to_other_people() {
    let house = House::new().await;
    let (beyond, _) = house.add("beyond@oak.example", Role::Staff, "*").await;
    let (within, _) = house.add("within@oak.example", Role::Staff, "school:oakfield").await;
    let mut browser = house.signed_in(Role::Administrator, "school:oakfield").await;
    let list = browser.get("/people").await.body;
    assert!(list.contains("within@oak.example") && !list.contains("beyond@oak.example"));
    for path in ["", "/give-role", "/end-role", "/link", "/close", "/reopen"] {
        let path = format!("/people/{beyond}{path}");
        let method = if path.ends_with(char::is_numeric) { "GET" } else { "POST" };
        let answer = browser.ask(method, &path, "role=staff&place=school%3Aoakfield&held=1".into()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Nor to a role beyond the school, for others or for themselves.
    for place in ["*", "school:nowhere", "trust:Nobody", "authority:Shire"] {
        let fields = [("name", "New"), ("email", "new@oak.example"), ("role", "dsl"), ("place", place)];
        let answer = browser.post("/people/add", &fields).await;
        assert!(answer.body.contains("Choose the schools it is for."), "{place}: {}", answer.status);
        let answer = browser.post(&format!("/people/{within}/give-role"), &[("role", "dsl"), ("place", place)]).await;
        assert!(answer.body.contains("Choose the schools it is for."), "{place}: {}", answer.status);
    }
    assert!(house.accounts.with_email("new@oak.example").await.unwrap().is_none());
    assert_eq!(house.accounts.get(within).await.unwrap().unwrap().roles.len(), 1);
    assert!(!house.accounts.get(beyond).await.unwrap().unwrap().is_closed);
    // The trust that is this school alone lies within.
    let answer = browser.post(&format!("/people/{within}/give-role"), &[("role", "governor"), ("place", "trust:Fieldway")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_file_that_goes_out_and_a_page_that_is_refused_are_rows_of_the_trail() {
    let house = House::new().await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let before = house.trail().await.len();
    governor.get("/school/oakfield/2025-26").await;
    governor.get("/school/oakfield/2025-26/figure/filter_failures").await;
    assert_eq!(house.trail().await.len(), before, "looking at figures is no row");
    governor.get("/school/oakfield/2025-26/days.csv").await;
    governor.get("/school/oakfield/2025-26/figure/filter_failures.csv").await;
    governor.get("/schools.csv").await;
    governor.get("/people").await;
    let rows = house.trail().await[before..].to_vec();
    let actor = "account:1";
    assert_eq!(
        rows,
        [
            format!("{actor} export done at oakfield"),
            format!("{actor} export done at oakfield"),
            format!("{actor} export done"),
            format!("{actor} open refused"),
        ]
    );
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}
