//! First pages of a role: saved questions as forms, the week's digest with who read it, the technician's feeds, and a trust's officer's group.

use axum::http::StatusCode;
use weir_register::Role;

use super::house::House;
use super::markup::check;

#[tokio::test]
async fn a_question_is_asked_by_a_form_and_written_down_before_its_answer() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    assert_eq!(lead.leads("/saved").await, "/school/oakfield/saved");
    let list = lead.get("/school/oakfield/saved").await.body;
    check("saved", &list);
    assert!(list.contains("/saved/pupil_day") && !list.contains("/saved/administrators"));
    let found = lead.get("/school/oakfield/saved?words=week+searching").await.body;
    assert!(found.contains("/saved/themes_this_week") && !found.contains("/saved/pupil_day"));
    let form = lead.get("/school/oakfield/saved/themes_this_week").await.body;
    check("question", &form);
    assert!(form.contains("id=\"value-week\"") && form.contains("value=\"this week\""));
    let before = house.trail().await.len();
    let refused = lead.post("/school/oakfield/saved/themes_this_week", &[("value-week", "nonsense")]).await;
    check("question", &refused.body);
    assert!(refused.body.contains("There is a problem") && refused.body.contains("nonsense"));
    assert_eq!(house.trail().await.len(), before, "what could not be asked was not");
    let answer = lead.post("/school/oakfield/saved/themes_this_week", &[("value-week", "last week")]).await;
    check("question", &answer.body);
    assert!(answer.body.contains("Gambling &lt;b&gt;") || answer.body.contains("Gambling &#60;b&#62;"), "{}", answer.body);
    assert!(answer.body.contains("class=\"chart bars\"") && answer.body.contains("16 to 22 November 2026"));
    let file = lead.post("/school/oakfield/saved/themes_this_week", &[("value-week", "last week"), ("as", "csv")]).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(file.body.starts_with("about,pupils,week_before\r\n"));
    let trail = house.trail().await;
    assert!(
        trail[before].contains(" query done at oakfield") && trail[before + 1].contains(" export done at oakfield"),
        "{trail:?}"
    );
    // What pupils typed is read with a reason only.
    let key = format!("k1-{}", "a".repeat(32));
    let asked = [("value-pupil", key.as_str()), ("value-day", "yesterday"), ("reason", " ")];
    let refused = lead.post("/school/oakfield/saved/pupil_day", &asked).await.body;
    assert!(refused.contains("Say in a few words why") && refused.contains(&key));
    let asked = [("value-pupil", key.as_str()), ("value-day", "yesterday"), ("reason", "concern of Monday")];
    assert_eq!(lead.post("/school/oakfield/saved/pupil_day", &asked).await.status, StatusCode::OK);
    let rows = house.accounts.register().audit_rows(&weir_register::Sought::default()).await.unwrap();
    assert!(!format!("{rows:?}").contains(&key), "the trail holds no key");
    // Each role has its own.
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let list = governor.get("/school/oakfield/saved").await.body;
    assert!(list.contains("/saved/published_themes") && !list.contains("/saved/themes_this_week"));
    for hidden in ["themes_this_week", "pupil_day", "administrators", "none"] {
        assert_eq!(governor.get(&format!("/school/oakfield/saved/{hidden}")).await.status, StatusCode::NOT_FOUND, "{hidden}");
        let posted = governor.post(&format!("/school/oakfield/saved/{hidden}"), &[]).await;
        assert_eq!(posted.status, StatusCode::NOT_FOUND, "{hidden}");
    }
}

#[tokio::test]
async fn a_digest_shows_who_read_it() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    assert!(lead.get("/today").await.body.contains("/school/oakfield/digest"));
    // Monday 23 November 2026: the week that is over began on the 16th.
    let page = lead.get("/school/oakfield/digest").await.body;
    check("digest", &page);
    assert!(
        page.contains("Monday 16 November 2026")
            && page.contains("Nobody has said so yet.")
            && page.contains("No alert was raised.")
    );
    let said = lead.post("/school/oakfield/digest/read", &[("week", "2026-11-16")]).await;
    assert_eq!(said.header("location"), "/school/oakfield/digest?week=2026-11-16");
    let page = head.get("/school/oakfield/digest").await.body;
    assert!(page.contains("dsl Beispiel, safeguarding lead or deputy, on 23 November 2026") && page.contains("I have read"));
    let page = lead.get("/school/oakfield/digest").await.body;
    assert!(!page.contains("I have read this week"), "once is enough");
    for week in ["2026-11-17", "2026-11-30", "x"] {
        assert_eq!(lead.get(&format!("/school/oakfield/digest?week={week}")).await.status, StatusCode::NOT_FOUND, "{week}");
        assert_eq!(lead.post("/school/oakfield/digest/read", &[("week", week)]).await.status, StatusCode::NOT_FOUND, "{week}");
    }
    let read = house.trail().await.iter().filter(|row| row.contains(" query done at oakfield")).count();
    assert_eq!(read, 3, "each look is a row");
}

#[tokio::test]
async fn a_technician_begins_with_the_feeds() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    assert_eq!(technician.leads("/feeds").await, "/school/oakfield/feeds");
    let page = technician.get("/school/oakfield/feeds").await.body;
    check("feeds", &page);
    for part in ["What came, source by source", "Lines that could not be read, by reason", "No test of the filter is planned."] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("<a href=\"/feeds\"") && page.contains("<a href=\"/saved\""));
    // Of several schools one is chosen.
    let mut of_two = house.signed_in(Role::Technician, "*").await;
    let page = of_two.get("/feeds").await.body;
    check("which", &page);
    assert!(page.contains("/school/millbrook/feeds") && page.contains("/school/oakfield/feeds"));
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let page = governor.get("/").await.body;
    assert!(!page.contains("href=\"/feeds\"") && page.contains("href=\"/saved\""));
}

#[tokio::test]
async fn whoever_sees_a_group_is_led_to_it() {
    let house = House::new().await;
    let mut officer = house.signed_in(Role::Officer, "trust:Fieldway").await;
    assert!(officer.get("/").await.body.contains("/group/larkwater-learning-trust/"));
    let mut other = house.signed_in(Role::Officer, "school:millbrook").await;
    assert!(!other.get("/").await.body.contains("/group/"));
}
