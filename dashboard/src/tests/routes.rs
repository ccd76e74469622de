//! Addresses: what answers, with what, and what does not.

use std::collections::{BTreeSet, VecDeque};

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::markup::{check, read};
use super::{ask, get};
use crate::Example;

#[tokio::test]
async fn every_page_that_can_be_reached_keeps_the_promises() {
    let mut seen = BTreeSet::new();
    let mut waiting: VecDeque<String> = VecDeque::from(["/".to_string()]);
    let mut pages = 0;
    while let Some(path) = waiting.pop_front() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = get(Example::estate(), &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        if answer.header("content-type").starts_with("text/html") {
            pages += 1;
            check(&path, &answer.body);
            for tag in read(&answer.body) {
                if let Some(link) = tag.get("href") {
                    let link = link.split('#').next().unwrap();
                    // Its documents are the pack's own, and not all of them text.
                    if !link.is_empty() && !link.contains("/summary/") {
                        waiting.push_back(link.to_string());
                    }
                }
            }
        }
    }
    // The list, the method and the technician's page; six schools with a review and a summary each, and nine figures at each of the four that have any;
    // two groups, as they open and by each of two figures.
    assert_eq!(pages, 3 + 6 * 3 + 4 * 9 + 2 * 3, "{seen:?}");
}

#[tokio::test]
async fn every_answer_carries_the_guards() {
    for path in ["/", "/method", "/health", "/nowhere", "/school/oakfield/2025-26", "/school/oakfield/2025-26/days.csv", "/go"] {
        let answer = get(Example::estate(), path).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|given| given == part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
    }
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    for host in ["evil.example:8080", "localhost:9090", "localhost", "127.0.0.1.evil.example:8080", ""] {
        let answer = ask(Example::estate(), Request::get("/").header("host", host).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!answer.body.contains("Oakfield"), "{host}");
        assert!(answer.body.contains("http://localhost:8080/"), "{host}");
    }
    let none = ask(Example::estate(), Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(none.status, StatusCode::MISDIRECTED_REQUEST);
    let two = Request::get("/").header("host", "localhost:8080").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(ask(Example::estate(), two).await.status, StatusCode::MISDIRECTED_REQUEST);
    let target = Request::get("http://evil.example/").header("host", "localhost:8080").body(Body::empty()).unwrap();
    assert_eq!(ask(Example::estate(), target).await.status, StatusCode::MISDIRECTED_REQUEST);
    for host in ["127.0.0.1:8080", "[::1]:8080"] {
        let answer = ask(Example::estate(), Request::get("/").header("host", host).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_ways_back() {
    for path in [
        "/nowhere",
        "/school/nobody/2025-26",
        "/school/nobody",
        "/school/Oak%20field/2025-26",
        "/school/%2e%2e/2025-26",
        "/school/oakfield/2025-27",
        "/group/nobody/2025-26",
        "/group/all/2025",
        "/group/all/2025-26?figure=none",
        "/school/oakfield/2025",
        "/school/oakfield/2025-26/figure/none",
        "/school/oakfield/2025-26/figure/none.csv",
        "/school/oakfield/2025-26/figure/",
        "/school/oakfield/2025-26/figure/circumvention_rate.csv.csv",
        "/go?school=nobody",
        "/go?school=oakfield&year=1",
        "/go",
        "/assets/weir.css",
    ] {
        let answer = get(Example::estate(), path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        check(path, &answer.body);
        assert!(answer.body.contains("<a href=\"/\">"), "{path}");
    }
    let post = Request::post("/").header("host", "localhost:8080").body(Body::empty()).unwrap();
    let answer = ask(Example::estate(), post).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    check("POST /", &answer.body);
}

#[tokio::test]
async fn nothing_typed_into_an_address_comes_back_as_markup() {
    for path in ["/school/%3Cscript%3E/2025-26", "/go?school=%3Cscript%3E", "/%3Cscript%3Ealert(1)%3C/script%3E"] {
        let answer = get(Example::estate(), path).await;
        assert!(!answer.body.contains("<script") && !answer.body.contains("alert(1)"), "{path}");
    }
}

#[tokio::test]
async fn pickers_lead_to_the_page_and_keep_the_figure() {
    for (path, wanted) in [
        ("/go?school=oakfield&year=2025-26", "/school/oakfield/2025-26"),
        ("/go?school=oakfield&year=2025-26&figure=circumvention_rate", "/school/oakfield/2025-26/figure/circumvention_rate"),
        ("/go?school=larkhill&year=2025-26&figure=circumvention_rate", "/school/larkhill/2025-26"),
        ("/go?school=oakfield&year=2025-26&figure=//evil.example", "/school/oakfield/2025-26"),
        ("/go?school=oakfield", "/school/oakfield/2025-26"),
        ("/school/oakfield", "/school/oakfield/2025-26"),
    ] {
        let answer = get(Example::estate(), path).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, wanted), "{path}");
    }
}

#[tokio::test]
async fn empty_states_say_what_to_do_next() {
    let cases = [
        (Example::no_schools(), "/", "schools.csv"),
        (Example::no_schools(), "/method", "No figure has been defined yet"),
        (Example::no_lake(), "/", "weir ingest"),
        (Example::no_lake(), "/school/oakfield/2025-26", "weir ingest --school oakfield"),
        (Example::estate(), "/school/larkhill/2025-26", "half_term_block"),
        (Example::estate(), "/school/ashdown/2025-26", "weir ingest --school ashdown"),
        (Example::estate(), "/school/ashdown/2025-26", "rolls.csv"),
        (Example::estate(), "/school/oakfield/2019-20", "The newest log of this school is of 27 March 2026"),
    ];
    for (example, path, wanted) in cases {
        let answer = get(example, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        check(path, &answer.body);
        assert!(answer.body.contains(wanted), "{path}: {wanted}");
    }
}

#[tokio::test]
async fn small_numbers_and_missing_logs_never_read_as_numbers() {
    let school = get(Example::estate(), "/school/oakfield/2025-26").await.body;
    assert!(school.contains("fewer than 5, perhaps none"));
    assert!(
        !school.contains("fewer than 5, perhaps none</p>\n<p class=\"unit\">in every 100"),
        "that would be another statement"
    );
    let hidden = get(Example::estate(), "/school/oakfield/2025-26/figure/theme_rate:self_harm").await.body;
    let tags = read(&hidden);
    let cells: Vec<&str> =
        tags.iter().filter(|tag| tag.name == "td" && tag.get("class") == Some("n")).map(|tag| tag.text.as_str()).collect();
    // This year and last for each of six half-terms, then for each term; what follows is days with logs and how the two compare.
    let (half_terms, terms) = cells.split_at(18);
    let rows = half_terms.chunks(3).chain(terms.chunks(4));
    let shown = rows.flat_map(|row| &row[..2]).filter(|cell| **cell != "to come");
    assert!(shown.clone().count() >= 10 && shown.clone().all(|cell| *cell == "[c]"), "{cells:?}");
    let gap = get(Example::estate(), "/school/st-brannocs/2025-26/figure/circumvention_rate").await.body;
    assert!(gap.contains(">no logs</text>") && gap.contains("<td class=\"n\">no logs</td>"));
}

#[tokio::test]
async fn the_first_sentences_never_promise_more_than_the_logs_hold() {
    for school in ["oakfield", "millbrook", "st-brannocs", "tarn-view"] {
        let page = get(Example::estate(), &format!("/school/{school}/2025-26")).await.body;
        for question in ["Is filtering working?", "Is it watched?", "Is the evidence complete?"] {
            assert!(page.contains(&format!("<dt>{question}</dt>")), "{school}: {question}");
        }
        assert!(!page.contains("Filtering works"), "{school}");
        assert!(!page.contains("<dt>Is filtering working?</dt><dd><span class=\"state usual\">"), "{school}: never green");
    }
}

#[tokio::test]
async fn a_school_is_found_by_its_name() {
    let all = get(Example::estate(), "/").await.body;
    assert!(!all.contains("find-name"), "six schools need no search");
    let some = get(Example::estate(), "/?name=%20TARN%20").await.body;
    check("/?name=", &some);
    assert!(some.contains("Tarn View School") && !some.contains("Oakfield") && some.contains("1 school found."));
    assert!(some.contains("value=\"TARN\""), "what was typed is kept");
    let none = get(Example::estate(), "/?name=%22%3E%3Cscript%3E").await.body;
    check("/?name=<script>", &none);
    assert!(none.contains("No school has these words in its name.") && none.contains("Show all schools"));
    assert!(!none.contains("<script"));
    let list = get(Example::estate(), "/schools.csv").await.body;
    assert_eq!(list.lines().count(), 1 + 6);
    assert!(list.contains("oakfield,Oakfield Junior School,junior,2025-26,378,127,125,3\r\n"), "{list}");
}

#[tokio::test]
async fn csv_holds_the_table() {
    let answer = get(Example::estate(), "/school/oakfield/2025-26/figure/theme_rate:violence_weapons.csv").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"weir_oakfield_2025-26_theme-rate-violence-weapons.csv\""
    );
    let lines: Vec<&str> = answer.body.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 6 + 1, "a header, six half-terms, an end");
    let columns = lines[0].split(',').count();
    assert_eq!(columns, 21);
    assert!(
        lines[4].contains(",Spring 2,2026-02-23,2026-03-27,3.1,1.2,0.9,2.0,59,1890,25,23,theme_rate,1,41,no"),
        "{}",
        lines[4]
    );
    assert!(lines[1].ends_with(",theme_rate,1,41,yes"), "{}", lines[1]);
    assert!(lines[5].contains(",Summer 1,2026-04-13,2026-05-22,to come,1.5,"), "{}", lines[5]);
    let hidden = get(Example::estate(), "/school/oakfield/2025-26/figure/theme_rate:self_harm.csv").await.body;
    assert!(hidden.contains(",[c],[c],,,[c],[c],"), "{hidden}");
    let days = get(Example::estate(), "/school/oakfield/2025-26/days.csv").await.body;
    assert!(days.contains("oakfield,Oakfield Junior School,2025-26,Spring 2,2026-03-11,no logs\r\n"), "{days}");
    let all = get(Example::estate(), "/school/oakfield/2025-26/figures.csv").await.body;
    assert_eq!(all.lines().count(), 1 + 9 * 6);
}

#[tokio::test]
async fn health_and_assets_answer() {
    let health = get(Example::no_schools(), "/health").await;
    assert_eq!((health.status, health.body.as_str()), (StatusCode::OK, "ok\n"));
    let style = get(Example::no_schools(), &crate::assets::style_path()).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"));
    assert_eq!(get(Example::no_schools(), "/assets/icon.svg").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn what_cannot_be_drawn_is_said_rather_than_drawn_as_zero() {
    let page = get(Example::estate(), "/school/oakfield/2025-26/figure/safe_search_share").await.body;
    assert!(page.contains("There is nothing to draw") && !page.contains("class=\"chart plot"));
    let hidden = get(Example::estate(), "/school/oakfield/2025-26/figure/theme_rate:self_harm").await.body;
    assert!(hidden.contains(">[c]</text>"));
}

#[tokio::test]
async fn an_error_of_the_engine_shows_nothing_of_itself() {
    use crate::view::{Group, GroupLink, Method, Overview, SchoolRef, SchoolYear};
    use crate::{Asked, Figures, FiguresError};
    struct Broken;
    impl Broken {
        fn fail<T>() -> Asked<'static, T> {
            Box::pin(async { Err(FiguresError::Failed("secret-detail in /srv/lake".into())) })
        }
    }
    impl Figures for Broken {
        fn schools(&self) -> Asked<'_, Vec<SchoolRef>> {
            Self::fail()
        }
        fn overview(&self) -> Asked<'_, Overview> {
            Self::fail()
        }
        fn school_year<'a>(
            &'a self,
            _: &'a weir_lake::ids::SchoolId,
            _: weir_lake::estate::AcademicYear,
        ) -> Asked<'a, SchoolYear> {
            Self::fail()
        }
        fn public_year<'a>(
            &'a self,
            _: &'a weir_lake::ids::SchoolId,
            _: weir_lake::estate::AcademicYear,
        ) -> Asked<'a, SchoolYear> {
            Self::fail()
        }
        fn standing<'a>(
            &'a self,
            _: &'a weir_lake::ids::SchoolId,
            _: weir_lake::estate::AcademicYear,
        ) -> Asked<'a, weir_lake::verification::Standing> {
            Self::fail()
        }
        fn unclaimed(&self) -> Asked<'_, Vec<weir_query::unclaimed::UnclaimedSource>> {
            Self::fail()
        }
        fn groups(&self) -> Asked<'_, Vec<GroupLink>> {
            Self::fail()
        }
        fn group<'a>(&'a self, _: &'a str, _: weir_lake::estate::AcademicYear) -> Asked<'a, Group> {
            Self::fail()
        }
        fn methods(&self) -> Asked<'_, Vec<Method>> {
            Self::fail()
        }
    }
    use tower::ServiceExt;
    for path in
        ["/", "/method", "/unclaimed", "/group/all/2025-26", "/school/oakfield/2025-26", "/school/oakfield/2025-26/figure/x.csv"]
    {
        let request = Request::get(path).header("host", "localhost:8080").body(Body::empty()).unwrap();
        let response = crate::Dashboard::new(Broken).router(8080).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let body = String::from_utf8(axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
        assert!(!body.contains("secret") && !body.contains("/srv"), "{path}");
        check(path, &body);
    }
}

#[tokio::test]
async fn the_review_has_every_block_and_the_questions_first() {
    let page = get(Example::estate(), "/school/oakfield/2025-26/review").await;
    assert_eq!(page.status, StatusCode::OK);
    for number in 1..=21 {
        assert!(page.body.contains(&format!("id=\"block-{number}\"")), "block {number}");
    }
    let at = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(at("Questions to put to the head") < at("id=\"block-1\""));
    assert!(at("needs an answer") < at("worth a look"), "the most pressing first");
    // What the logs can't know is asked of a person, never left out.
    assert!(page.body.contains("Nobody has recorded this yet.") && page.body.contains("Ask: safeguarding lead."));
    assert!(page.body.contains("not signed"));
    // A school without logs has a review too: what is missing is the evidence.
    let empty = get(Example::estate(), "/school/ashdown/2025-26/review").await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(empty.body.contains("id=\"block-21\"") && empty.body.contains("No logs for 2025 to 2026"));
}

#[tokio::test]
async fn a_funnel_names_only_the_outside_and_the_readers_own() {
    let page = async |path: &str| get(Example::estate(), path).await.body;
    // What stands in the funnel and beside it; the table of coverage above and the half-terms below name every school.
    let funnel = |page: &str| {
        let start = page.find("<div class=\"beside\">").unwrap();
        let end = page[start..].find("<details").unwrap() + start;
        page[start..end].to_string()
    };
    let shown = funnel(&page("/group/all/2025-26").await);
    for (name, is_named) in [("Dunmere Academy", true), ("Kingsford High School", true), ("Ivy Bank School", false)] {
        assert_eq!(shown.contains(name), is_named, "{name}");
    }
    assert!(shown.contains("far more than expected") && shown.contains("8 other schools"), "{shown}");
    let own = funnel(&page("/group/all/2025-26?school=ivy-bank-school").await);
    assert!(own.contains("Ivy Bank School") && own.contains("7 other schools"), "{own}");
    // The schools outside stand by name, not by how far.
    let at = |name: &str| own.rfind(name).unwrap();
    assert!(at("Dunmere Academy") < at("Greave Academy") && at("Greave Academy") < at("Kingsford High School"));
}

#[tokio::test]
async fn few_schools_stand_beside_themselves() {
    let page = get(Example::estate(), "/group/larkwater-learning-trust/2025-26").await.body;
    assert!(page.contains("Fewer than 10 schools") && !page.contains("limit-outer"));
    assert!(page.contains("fewer than 5, perhaps none"));
    // Coverage stands before any figure.
    assert!(page.find("First: what can we see?").unwrap() < page.find("Ways round the filter").unwrap());
}

#[tokio::test]
async fn a_figure_says_what_is_final() {
    let page = get(Example::estate(), "/school/oakfield/2025-26/figure/theme_rate:violence_weapons").await.body;
    assert!(page.contains("final; late logs: +0.1") && page.contains("<td>not final</td>"), "{page}");
    assert!(page.contains("Not final: late logs may still change it."));
}
