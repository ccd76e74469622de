//! Checks: planned, recorded, mended and withdrawn through the pages, and what governors see of it.

use axum::http::StatusCode;
use weir_register::Role;

use super::house::{Browser, House};
use super::markup::{check, read};

const BASE: &str = "/school/oakfield/checks";

/// A word for each field of free text, that no governor may come to read.
const WRITTEN: [&str; 4] = ["Quillfinder", "sawthetestpage", "askprovider", "swappedrule"];

async fn planned(technician: &mut Browser<'_>) {
    let answer = technician
        .post(
            &format!("{BASE}/plan"),
            &[
                ("site", "Main building"),
                ("device", "tablet"),
                ("group", "pupils"),
                ("every", "50"),
                ("test-abuse_images", "yes"),
                ("test-terrorism", "yes"),
                ("test-adult", "yes"),
            ],
        )
        .await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, BASE));
}

fn failing<'a>() -> Vec<(&'static str, &'a str)> {
    vec![
        ("spot", "1"),
        ("day", "20 11 2026"),
        ("done_by", WRITTEN[0]),
        ("view", "technical"),
        ("test-adult", "failed"),
        ("test-abuse_images", "passed"),
        ("found", WRITTEN[1]),
        ("action", WRITTEN[2]),
        ("owner", WRITTEN[0]),
        ("due", "22 11 2026"),
    ]
}

#[tokio::test]
async fn a_check_from_the_empty_page_to_its_mend() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let page = technician.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("Begin with a plan") && page.body.contains("Nobody has said yet what is to be tested here."));
    assert_eq!(technician.leads(&format!("{BASE}/add")).await, format!("{BASE}/plan"), "a plan comes first");

    // What is wrong leads to its field, and what was typed stays.
    let form = technician.get(&format!("{BASE}/plan")).await;
    check("plan", &form.body);
    let page = technician.post(&format!("{BASE}/plan"), &[("site", "<Main>"), ("every", "50"), ("test-adult", "yes")]).await;
    check("plan", &page.body);
    assert!(
        page.body.contains("href=\"#device\"") && page.body.contains("href=\"#group\"") && !page.body.contains("href=\"#site\"")
    );
    assert!(page.body.contains("value=\"&#60;Main&#62;\"") && page.body.contains("name=\"test-adult\" value=\"yes\" checked"));
    planned(&mut technician).await;
    let page = technician.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("0 of 3 planned tests passed in time.") && page.body.contains("3 planned tests never made"));

    let form = technician.get(&format!("{BASE}/add?spot=1")).await;
    check("add", &form.body);
    assert!(form.body.contains("<option value=\"1\" selected>Main building, tablets, all pupils</option>"));
    let mut fields = failing();
    fields.retain(|(name, _)| !["found", "due", "day"].contains(name));
    fields.extend([("day", "31 2 2026"), ("due", "soon")]);
    let page = technician.post(&format!("{BASE}/add"), &fields).await;
    check("add", &page.body);
    for (field, words) in [
        ("day", "Use a day such as 1 9 2026 or 2026-09-01."),
        ("due", "Use a day such as 1 9 2026 or 2026-09-01."),
        ("found", "Something failed: say what you saw."),
    ] {
        assert_eq!(page.body.matches(&format!("<li><a href=\"#{field}\">{words}</a></li>")).count(), 1, "{field}");
    }
    assert!(page.body.contains(WRITTEN[2]) && page.body.contains("value=\"31 2 2026\"") && page.body.contains("value=\"soon\""));
    assert!(page.body.contains("<title>Error: "));
    let done = technician.post(&format!("{BASE}/add"), &failing()).await;
    assert_eq!(done.header("location"), format!("{BASE}/1"));

    // Due yesterday: it is late, and the grid says what failed and what was never tested.
    let page = technician.get(BASE).await;
    check(BASE, &page.body);
    for words in
        ["1 of 3 planned tests passed in time.", "1 failed when last tested and 1 never tested", "1 thing to mend, past the day"]
    {
        assert!(page.body.contains(words), "{words}");
    }
    let page = technician.get(&format!("{BASE}?show=open")).await;
    assert!(page.body.contains(WRITTEN[2]));
    let page = technician.get(&format!("{BASE}?show=withdrawn")).await;
    assert!(page.body.contains("None of these.") && !page.body.contains(WRITTEN[2]));

    let page = technician.get(&format!("{BASE}/1")).await;
    check("check", &page.body);
    let page = technician.post(&format!("{BASE}/1/close"), &[("closed_on", "19 11 2026"), ("note", WRITTEN[3])]).await;
    check("check", &page.body);
    assert!(page.body.contains("Use a day from the check to today.") && page.body.contains(WRITTEN[3]));
    let done = technician.post(&format!("{BASE}/1/close"), &[("closed_on", ""), ("note", WRITTEN[3])]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let page = technician.get(&format!("{BASE}/1")).await;
    check("check", &page.body);
    assert!(page.body.contains(WRITTEN[3]) && !page.body.contains("When it is mended"));
    let done = technician.post(&format!("{BASE}/1/withdraw"), &[("why", "the wrong school")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let page = technician.get(BASE).await;
    assert!(page.body.contains("3 planned tests never made"));
    let done = technician.post(&format!("{BASE}/end"), &[("spot", "1")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(technician.get(BASE).await.body.contains("Begin with a plan"));
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn governors_read_counts_and_no_word_that_somebody_wrote() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    planned(&mut technician).await;
    technician.post(&format!("{BASE}/add"), &failing()).await;
    for role in [Role::Governor, Role::Officer, Role::Auditor, Role::DataProtection] {
        let mut reader = house.signed_in(role, "school:oakfield").await;
        let page = reader.get(BASE).await;
        check(BASE, &page.body);
        assert!(
            page.body.contains("1 failed when last tested")
                && page.body.contains("IT support: 1 check, the newest on 20 November 2026.")
        );
        let list = reader.get(&format!("{BASE}/grid.csv")).await;
        assert_eq!(list.status, StatusCode::OK);
        assert!(list.body.contains("oakfield,Main building,tablet,pupils,adult,failed,2026-11-20,"), "{}", list.body);
        for words in WRITTEN {
            assert!(!page.body.contains(words) && !list.body.contains(words), "{words} as {role}");
        }
        // No way to a form either.
        let leads = read(&page.body).into_iter().filter_map(|tag| tag.get("href").or(tag.get("action")).map(str::to_owned));
        for link in leads.filter(|link| link.starts_with(BASE)) {
            assert!([BASE.to_owned(), format!("{BASE}/grid.csv")].contains(&link), "{link}");
        }
        assert_eq!(reader.get(&format!("{BASE}/list.csv")).await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(reader.get(&format!("{BASE}/1")).await.status, StatusCode::FORBIDDEN, "{role}");
        // The school's page leads there, and to nobody who may not.
        let school = reader.get("/school/oakfield/2025-26").await;
        assert!(school.body.contains(&format!("href=\"{BASE}\"")), "{role}");
    }
    let mut administrator = house.signed_in(Role::Administrator, "school:oakfield").await;
    assert!(!administrator.get("/school/oakfield/2025-26").await.body.contains(BASE));
}

#[tokio::test]
async fn the_list_as_csv_holds_everything_and_runs_nothing() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    planned(&mut technician).await;
    let mut fields = failing();
    fields.retain(|(name, _)| *name != "found");
    fields.push(("found", "=HYPERLINK(\"x\")\r\nand more"));
    technician.post(&format!("{BASE}/add"), &fields).await;
    let list = technician.get(&format!("{BASE}/list.csv")).await;
    assert_eq!(list.header("content-disposition"), "attachment; filename=\"weir_oakfield_checks.csv\"");
    let wanted = "oakfield,1,2026-11-20,Main building,tablet,pupils,abuse_images,adult,Quillfinder,technical,\"'=HYPERLINK(\"\"x\"\")\nand more\",askprovider,Quillfinder,2026-11-22,late,,,,technician Beispiel\r\n";
    let (_, rows) = list.body.split_once("\r\n").unwrap();
    assert_eq!(rows, wanted);
    assert!(house.trail().await.iter().any(|row| row.contains(" export done at oakfield")));
}

#[tokio::test]
async fn a_check_of_another_school_is_not_there() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    planned(&mut technician).await;
    technician.post(&format!("{BASE}/add"), &failing()).await;
    // Somebody of another school, at their own school's address with oakfield's numbers.
    let mut other = house.signed_in(Role::Dsl, "school:millbrook").await;
    for path in ["/1", "/2"] {
        assert_eq!(other.get(&format!("/school/millbrook/checks{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, fields) in [("/1/close", [("note", "mine")]), ("/1/withdraw", [("why", "mine")]), ("/end", [("spot", "1")])] {
        let answer = other.post(&format!("/school/millbrook/checks{path}"), &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = technician.get(&format!("{BASE}/1")).await;
    assert!(page.body.contains("When it is mended"), "nothing was changed");
}
