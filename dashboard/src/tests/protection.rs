//! The data protection officer's pages and the trail: records without a name or key, holds, and rows that each reader may read.

use axum::http::StatusCode;
use weir_register::{Actor, Role};

use super::alerts::{key_of, page};
use super::house::House;
use super::markup::check;

const BASE: &str = "/school/oakfield/data-protection";

fn oakfield() -> weir_lake::ids::SchoolId {
    weir_lake::ids::SchoolId::parse("oakfield").unwrap()
}

#[tokio::test]
async fn a_request_is_recorded_and_answered_with_proof() {
    let house = House::new().await;
    let mut officer = house.signed_in(Role::DataProtection, "school:oakfield").await;
    let first = page(&mut officer, "/data-protection").await;
    for words in ["90 days", "13 months at most", "12,400 rows of events go within a week", "nothing waits", "href=\"/audit\""] {
        assert!(first.contains(words), "{words} in {first}");
    }
    assert!(page(&mut officer, BASE).await.contains("No request waits."));
    page(&mut officer, &format!("{BASE}/add")).await;
    let wrong = officer.post(&format!("{BASE}/add"), &[("from_whom", "a parent"), ("asked_on", "24 11 2026")]).await;
    check("add", &wrong.body);
    for words in
        ["Choose what is asked for.", "Give the number of your own file.", "This day is still to come.", "value=\"a parent\""]
    {
        assert!(wrong.body.contains(words), "{words}");
    }
    let fields = [("kind", "erasure"), ("from_whom", "a parent"), ("file", "DP-12"), ("asked_on", "21 10 2026")];
    assert_eq!(officer.post(&format!("{BASE}/add"), &fields).await.header("location"), format!("{BASE}/1"));
    // A month later it was due, and that is past.
    let shown = page(&mut officer, &format!("{BASE}/1")).await;
    assert!(shown.contains("Past the day, 21 November 2026") && shown.contains("weir erase run"));
    assert!(page(&mut officer, "/data-protection").await.contains("past the day"));
    let done = [("outcome", "done"), ("proof", "letter of 22 November")];
    let wrong = officer.post(&format!("{BASE}/1"), &done).await;
    check("end", &wrong.body);
    assert!(wrong.body.contains("Give the number of the erasure that was done.") && wrong.body.contains("letter of 22 November"));
    let with = |erasure: &'static str| [("outcome", "done"), ("proof", "letter of 22 November"), ("erasure", erasure)];
    let wrong = officer.post(&format!("{BASE}/1"), &with("1")).await;
    assert!(wrong.body.contains("No erasure of this number is done at this school."));
    let register = house.accounts.register();
    let (key, own) = (key_of(&house, "fern.beispiel", "oakfield"), house.accounts.list().await.unwrap()[0].id);
    let anna = || Actor::Command("anna".into());
    register.ask_erasure(anna(), own, &oakfield(), std::slice::from_ref(&key), "asked", house.now()).await.unwrap();
    assert!(page(&mut officer, BASE).await.contains("not done yet. At the machine: weir erase run 1"));
    register.erasure_done(anna(), 1, 41, house.now()).await.unwrap();
    assert_eq!(officer.post(&format!("{BASE}/1"), &with("1")).await.status, StatusCode::SEE_OTHER);
    let list = page(&mut officer, BASE).await;
    assert!(list.contains("Done, 23 November 2026") && list.contains("41 rows went") && !list.contains("k1-"));
    let file = officer.get(&format!("{BASE}/list.csv")).await.body;
    assert!(
        file.contains("1,oakfield,erasure,a parent,DP-12,2026-10-21,2026-11-21,,1,2026-11-23,done,letter of 22 November,"),
        "{file}"
    );
    assert_eq!(officer.post(&format!("{BASE}/1"), &with("1")).await.status, StatusCode::NOT_FOUND, "answered once");
    // The same number at another school.
    let mut elsewhere = house.signed_in(Role::DataProtection, "school:millbrook").await;
    assert_eq!(elsewhere.get("/school/millbrook/data-protection/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(elsewhere.get(&format!("{BASE}/1")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_lead_holds_rows_back_until_a_day() {
    const HOLDS: &str = "/school/oakfield/holds";
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut officer = house.signed_in(Role::DataProtection, "school:oakfield").await;
    assert!(page(&mut lead, HOLDS).await.contains("Nobody’s rows are held back."));
    let key = key_of(&house, "fern.beispiel", "oakfield");
    let wrong = lead.post(HOLDS, &[("key", "fern"), ("review_on", "1 11 2026"), ("why", "")]).await;
    check("hold", &wrong.body);
    for words in ["Use a key such as an alert prints.", "Give a day that is not past.", "Say why, in a few words."] {
        assert!(wrong.body.contains(words), "{words}");
    }
    let fields = [("key", key.as_str()), ("review_on", "18 12 2026"), ("why", "a case is open")];
    assert_eq!(lead.post(HOLDS, &fields).await.status, StatusCode::SEE_OTHER);
    assert!(page(&mut lead, HOLDS).await.contains("to be looked at again by 18 December 2026"));
    let told = page(&mut officer, BASE).await;
    assert!(told.contains("Hold 1, by dsl Beispiel, to be looked at again by 18 December 2026") && !told.contains(key.as_str()));
    // Nobody else's hold ends by its number.
    let mut elsewhere = house.signed_in(Role::Dsl, "school:millbrook").await;
    assert_eq!(elsewhere.post("/school/millbrook/holds/1/end", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lead.post(&format!("{HOLDS}/1/end"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(page(&mut officer, BASE).await.contains("No safeguarding lead holds anybody’s rows back."));
}

#[tokio::test]
async fn the_trail_is_read_searched_and_taken_out_by_school() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut other = house.signed_in(Role::Dsl, "school:millbrook").await;
    for (browser, school) in [(&mut lead, "oakfield"), (&mut other, "millbrook")] {
        let fields = [("login", "nobody"), ("find_reason", "a worry <b>of the tutor</b>")];
        browser.post(&format!("/school/{school}/names/find"), &fields).await;
    }
    let mut officer = house.signed_in(Role::DataProtection, "school:oakfield").await;
    let mut auditor = house.signed_in(Role::Auditor, "*").await;
    let own = page(&mut officer, "/audit").await;
    assert!(own.contains("oakfield") && !own.contains("millbrook") && !own.contains("Check every row"));
    assert!(own.contains("a worry &#60;b&#62;of the tutor"));
    let all = page(&mut auditor, "/audit?action=find").await;
    assert!(all.contains("oakfield") && all.contains("millbrook") && all.contains("Check every row"));
    assert!(!page(&mut auditor, "/audit?action=reveal").await.contains("millbrook"));
    let account = house.accounts.with_email("dsl-school-oakfield@oak.example").await.unwrap().unwrap().id;
    let theirs = page(&mut auditor, &format!("/audit?who=account%3A{account}&action=find")).await;
    assert!(theirs.contains("oakfield") && !theirs.contains("millbrook"));
    for (path, words) in [
        ("/audit?to=1+9+2000", "No row is like this."),
        ("/audit?from=soon", "A day could not be read"),
        ("/audit?action=%27%20OR%201", "Sign in"),
        ("/audit?before=abc", "Row"),
    ] {
        assert!(page(&mut auditor, path).await.contains(words), "{path}");
    }
    let file = officer.get("/audit/list.csv?action=find").await;
    assert!(file.header("content-disposition").contains("weir_audit.csv"));
    assert!(file.body.lines().count() == 2 && file.body.contains(",oakfield,"), "{}", file.body);
    // That somebody looked, and took it out, stands in it.
    let trail = house.trail().await;
    let count = |what: &str| trail.iter().filter(|row| row.contains(what)).count();
    assert!(count(" read-audit done") >= 6 && count(" export done") == 1, "{trail:?}");
    let checked = auditor.post("/audit/verify", &[]).await;
    check("verify", &checked.body);
    assert!(checked.body.contains("The trail is whole:"));
    // A long trail goes on page by page, and no row is lost between two.
    for _ in 0..60 {
        auditor.get("/audit/list.csv").await;
    }
    let first = page(&mut auditor, "/audit?action=export").await;
    let older = super::house::between(&first, "<a href=\"/audit?action=export&#38;", "\">Older rows");
    let second = page(&mut auditor, &format!("/audit?action=export&{older}")).await;
    let rows = |body: &str| body.matches("<tr><th scope=\"row\">").count();
    assert_eq!((rows(&first), rows(&second)), (50, 11));
}
