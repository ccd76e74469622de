//! Changes: asked by one, decided by another and refused to the same person, made, and taken back, through the pages.

use axum::http::StatusCode;
use weir_register::Role;

use super::house::{Browser, House};
use super::markup::check;

const BASE: &str = "/school/oakfield/changes";

/// A word for each field of free text, that no governor may come to read.
const WRITTEN: [&str; 4] = ["riverfilms.example", "lessonaboutrivers", "teacherwatches", "weighedabook"];

fn bypass<'a>() -> Vec<(&'static str, &'a str)> {
    vec![
        ("kind", "bypass"),
        ("what", WRITTEN[0]),
        ("group", "from_7"),
        ("reason", WRITTEN[1]),
        ("risk", WRITTEN[2]),
        ("from", ""),
        ("until", "25 11 2026"),
    ]
}

async fn asked(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let answer = browser.post(&format!("{BASE}/ask"), fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    answer.header("location").to_owned()
}

#[tokio::test]
async fn a_bypass_from_the_empty_page_to_its_end() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let page = technician.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("What belongs here") && page.body.contains("No change has been asked for here yet."));
    check("ask", &technician.get(&format!("{BASE}/ask")).await.body);
    let mut fields = bypass();
    fields.retain(|(name, _)| !["risk", "until", "from"].contains(name));
    fields.extend([("from", "tomorrow"), ("until", "")]);
    let page = technician.post(&format!("{BASE}/ask"), &fields).await;
    check("ask", &page.body);
    for field in ["from", "risk", "until"] {
        assert_eq!(page.body.matches(&format!("<a href=\"#{field}\">")).count(), 1, "{field}");
    }
    assert!(page.body.contains(WRITTEN[1]) && page.body.contains("value=\"tomorrow\"") && page.body.contains("<title>Error: "));
    let one = asked(&mut technician, &bypass()).await;
    assert_eq!(one, format!("{BASE}/1"));
    let page = technician.get(&one).await;
    check(&one, &page.body);
    assert!(page.body.contains("You asked for this, so somebody else decides.") && !page.body.contains("/decide"));
    // A technician's role decides nothing, form or no form.
    let decision = [("decision", "approved"), ("why", WRITTEN[3])];
    assert_eq!(technician.post(&format!("{one}/decide"), &decision).await.status, StatusCode::FORBIDDEN);

    let page = lead.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("1 change waiting for a decision"));
    let page = lead.post(&format!("{one}/decide"), &[("decision", ""), ("why", WRITTEN[3])]).await;
    check(&one, &page.body);
    assert!(page.body.contains("href=\"#decision\"") && page.body.contains(WRITTEN[3]));
    assert_eq!(lead.post(&format!("{one}/decide"), &decision).await.status, StatusCode::SEE_OTHER);
    // The lead approved it, and so does not make it.
    let page = lead.post(&format!("{one}/made"), &[("made_on", ""), ("firm", "")]).await;
    check(&one, &page.body);
    assert!(page.body.contains("href=\"#firm\""));
    assert_eq!(technician.post(&format!("{one}/made"), &[("made_on", "")]).await.status, StatusCode::SEE_OTHER);
    assert!(technician.get(&format!("{BASE}?show=force")).await.body.contains(WRITTEN[0]));

    // Three days later its time is up, and the page says so until it was taken back. (Everybody signs in anew.)
    house.pass_minutes(3 * 24 * 60);
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let page = head.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("1 change made for a time that is up, to be taken back"));
    assert!(page.body.contains("1 decided, half of them on the same day."));
    let page = head.post(&format!("{one}/end"), &[("ended_on", "30 11 2026")]).await;
    check(&one, &page.body);
    assert!(page.body.contains("href=\"#ended_on\"") && page.body.contains("value=\"30 11 2026\""));
    assert_eq!(head.post(&format!("{one}/end"), &[("ended_on", "")]).await.status, StatusCode::SEE_OTHER);
    let page = head.get(&one).await;
    assert!(page.body.contains("Taken back on") && page.body.contains(WRITTEN[3]));
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn whoever_asked_does_not_decide_whatever_they_post() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let one = asked(&mut lead, &bypass()).await;
    for decision in ["approved", "refused", ""] {
        let page = lead.post(&format!("{one}/decide"), &[("decision", decision), ("why", "mine")]).await;
        check(&one, &page.body);
        assert!(page.body.contains("You asked for this yourself: somebody else must decide."), "{decision}");
    }
    // A head agrees to changes of the policy, not to a bypass.
    let page = head.post(&format!("{one}/decide"), &[("decision", "approved"), ("why", "yes")]).await;
    assert!(page.body.contains("This is agreed with the safeguarding lead or a deputy."));
    assert!(lead.get(&one).await.body.contains("Waits for a decision"));
    let refused = house.trail().await.iter().filter(|row| row.contains(" record refused at oakfield")).count();
    assert_eq!(refused, 4);

    let policy: Vec<_> =
        bypass().into_iter().map(|(name, value)| (name, if name == "kind" { "policy" } else { value })).collect();
    let two = asked(&mut lead, &policy).await;
    let done = head.post(&format!("{two}/decide"), &[("decision", "refused"), ("why", "not now")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    // What was asked for is withdrawn by whoever asked, and by nobody else.
    assert_eq!(head.post(&format!("{one}/withdraw"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lead.post(&format!("{two}/withdraw"), &[]).await.status, StatusCode::NOT_FOUND, "it is decided");
    assert_eq!(lead.post(&format!("{one}/withdraw"), &[]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn governors_read_counts_of_changes_and_no_word() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let one = asked(&mut technician, &bypass()).await;
    asked(&mut technician, &bypass()).await;
    lead.post(&format!("{one}/decide"), &[("decision", "approved"), ("why", WRITTEN[3])]).await;
    for role in [Role::Governor, Role::Officer, Role::Auditor, Role::DataProtection] {
        let mut reader = house.signed_in(role, "school:oakfield").await;
        let page = reader.get(BASE).await;
        check(BASE, &page.body);
        // Asked 2, approved 1, refused 0, waiting 1, decided the same day, none in force.
        let cells = "<th scope=\"row\">Bypass for teaching</th><td class=\"n\">2</td><td class=\"n\">1</td><td class=\"n\">0</td><td class=\"n\">1</td><td class=\"n\">0</td><td class=\"n\">0</td>";
        assert!(page.body.contains(cells), "{}", page.body);
        for words in WRITTEN.into_iter().chain(["technician Beispiel", "/changes/1", "/changes/ask", "list.csv"]) {
            assert!(!page.body.contains(words), "{words} as {role}");
        }
        for path in ["/1", "/list.csv", "/ask"] {
            assert_eq!(reader.get(&format!("{BASE}{path}")).await.status, StatusCode::FORBIDDEN, "{path} as {role}");
        }
    }
}

#[tokio::test]
async fn the_list_of_changes_as_csv_runs_nothing() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let fields: Vec<_> =
        bypass().into_iter().map(|(name, value)| (name, if name == "what" { "@SUM(1)" } else { value })).collect();
    asked(&mut technician, &fields).await;
    let list = technician.get(&format!("{BASE}/list.csv")).await;
    assert_eq!(list.header("content-disposition"), "attachment; filename=\"weir_oakfield_changes.csv\"");
    let (_, rows) = list.body.split_once("\r\n").unwrap();
    let wanted = "oakfield,1,bypass,'@SUM(1),from_7,lessonaboutrivers,teacherwatches,2026-11-23,2026-11-25,technician Beispiel,2026-11-23,,,,,,,,,waits for a decision\r\n";
    assert_eq!(rows, wanted);
}

#[tokio::test]
async fn a_change_of_another_school_is_not_there() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let one = asked(&mut technician, &bypass()).await;
    let mut other = house.signed_in(Role::Dsl, "school:millbrook").await;
    assert_eq!(other.get("/school/millbrook/changes/1").await.status, StatusCode::NOT_FOUND);
    for (what, fields) in [
        ("decide", [("decision", "approved"), ("why", "mine")]),
        ("made", [("made_on", ""), ("firm", "mine")]),
        ("end", [("ended_on", ""), ("x", "")]),
        ("withdraw", [("x", ""), ("y", "")]),
    ] {
        for path in [format!("/school/millbrook/changes/1/{what}"), format!("{one}/{what}")] {
            assert_eq!(other.post(&path, &fields).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    assert!(technician.get(&one).await.body.contains("Waits for a decision"));
}

#[tokio::test]
async fn the_review_fills_itself_from_what_was_recorded() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let review = "/school/oakfield/2026-27/review";
    let before = governor.get(review).await;
    check(review, &before.body);
    assert_eq!(before.status, StatusCode::OK);
    let waits = [
        "Each check: when, who",
        "What was done about a check that failed",
        "The latest test of each profile",
        "Sites that staff asked for",
        "Each change: who asked",
    ];
    for wanted in waits {
        assert!(before.body.contains(wanted), "{wanted}");
    }
    let places = [
        ("site", "Main"),
        ("device", "tablet"),
        ("group", "staff"),
        ("every", "50"),
        ("test-abuse_images", "yes"),
        ("test-adult", "yes"),
    ];
    technician.post("/school/oakfield/checks/plan", &places).await;
    let mut made = vec![("spot", "1"), ("day", "20 11 2026"), ("done_by", "Quillfinder"), ("view", "technical")];
    made.extend([("test-abuse_images", "passed"), ("test-adult", "failed"), ("found", "sawthetestpage")]);
    made.extend([("action", "askprovider"), ("owner", "Quillfinder"), ("due", "22 11 2026")]);
    assert_eq!(technician.post("/school/oakfield/checks/add", &made).await.status, StatusCode::SEE_OTHER);
    asked(&mut technician, &bypass()).await;

    let after = governor.get(review).await;
    check(review, &after.body);
    for line in [
        "1 check recorded: 1 by IT support.",
        "Of 2 planned tests, 1 passed in time, 1 failed when last tested, 0 never made, 0 overdue. As of 23 November 2026, by the plan of today.",
        "1 check found a failure: 0 mended, 1 still to be mended, 1 of these past the day that was set.",
        "Child abuse images are blocked, tested for staff: passed on 20 November 2026.",
        "1 request for a site or a bypass: 0 approved, 0 refused, 1 waiting.",
        "0 changes of the policy asked for",
        "Self-reported",
    ] {
        assert!(after.body.contains(line), "{line}");
    }
    for wanted in waits {
        assert!(!after.body.contains(wanted), "{wanted} is there");
    }
    for words in WRITTEN.into_iter().chain(["Quillfinder", "sawthetestpage", "askprovider"]) {
        assert!(!after.body.contains(words), "{words}");
    }
    // Last year has none of it, and another school neither.
    let earlier = governor.get("/school/oakfield/2025-26/review").await;
    assert!(earlier.body.contains(waits[0]) && !earlier.body.contains("1 check recorded"));
    let mut other = house.signed_in(Role::Governor, "school:millbrook").await;
    assert!(other.get("/school/millbrook/2026-27/review").await.body.contains(waits[0]));
    // Whoever gives accounts sees figures and not the register.
    let mut administrator = house.signed_in(Role::Administrator, "school:oakfield").await;
    let page = administrator.get(review).await;
    assert!(page.body.contains("your role does not open the register") && !page.body.contains("1 check recorded"));
}

#[tokio::test]
async fn staff_ask_for_a_site_and_see_their_own_requests_alone() {
    let house = House::new().await;
    let mut teacher = house.signed_in(Role::Staff, "school:oakfield").await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let own = "/school/oakfield/requests";
    // The three things on one page, which is where they land.
    assert_eq!(teacher.leads("/").await, "/ask");
    let home = teacher.get("/ask").await;
    check("/ask", &home.body);
    for way in [own.to_owned(), format!("{own}/ask"), format!("{own}/report")] {
        assert!(home.body.contains(&format!("href=\"{way}\"")), "{way}");
    }
    let page = teacher.get(own).await;
    check(own, &page.body);
    assert!(page.body.contains("You have asked for nothing yet."));
    let form = teacher.get(&format!("{own}/ask")).await;
    check("ask", &form.body);
    assert!(!form.body.contains("href=\"/school/oakfield\""), "no link that leads to a refusal");
    // A change of the policy is not theirs to ask for, form or no form.
    let policy: Vec<_> =
        bypass().into_iter().map(|(name, value)| (name, if name == "kind" { "policy" } else { value })).collect();
    let page = teacher.post(&format!("{own}/ask"), &policy).await;
    check("ask", &page.body);
    assert!(page.body.contains("href=\"#kind\"") && page.body.contains(WRITTEN[1]));
    let answer = teacher.post(&format!("{own}/ask"), &bypass()).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, own));
    let mut others = bypass();
    others.retain(|(name, _)| *name != "what");
    others.push(("what", "others.example"));
    asked(&mut technician, &others).await;

    let page = teacher.get(own).await;
    check(own, &page.body);
    assert!(
        page.body.contains(WRITTEN[0]) && !page.body.contains("others.example") && page.body.contains("Waits for a decision")
    );
    assert_eq!(teacher.post(&format!("{own}/2/withdraw"), &[]).await.status, StatusCode::NOT_FOUND, "another's");
    let decision = [("decision", "approved"), ("why", WRITTEN[3])];
    assert_eq!(teacher.post(&format!("{BASE}/1/decide"), &decision).await.status, StatusCode::FORBIDDEN);
    assert_eq!(lead.post(&format!("{BASE}/1/decide"), &decision).await.status, StatusCode::SEE_OTHER);
    let page = teacher.get(own).await;
    check(own, &page.body);
    assert!(page.body.contains(&format!("Approved by dsl Beispiel on 23 November 2026: {}", WRITTEN[3])));
    assert_eq!(teacher.post(&format!("{own}/1/withdraw"), &[]).await.status, StatusCode::NOT_FOUND, "it is decided");
}

#[tokio::test]
async fn a_site_is_reported_decided_and_made_and_counts_as_no_unblocking() {
    let house = House::new().await;
    let mut teacher = house.signed_in(Role::Staff, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let form = "/school/oakfield/requests/report";
    check(form, &teacher.get(form).await.body);
    let page = teacher.post(form, &[("what", "bad.example"), ("group", ""), ("reason", "")]).await;
    check(form, &page.body);
    for field in ["group", "reason"] {
        assert_eq!(page.body.matches(&format!("<a href=\"#{field}\">")).count(), 1, "{field}");
    }
    assert!(page.body.contains("value=\"bad.example\"") && page.body.contains("<title>Error: "));
    let typed = [("what", "bad.example"), ("group", "from_7"), ("reason", "Not for children.")];
    assert_eq!(teacher.post(form, &typed).await.header("location"), "/school/oakfield/requests");
    // Whoever decides sees it on their first page; the head decides no such thing and sees nothing.
    let today = lead.get("/today").await;
    check("/today", &today.body);
    assert!(today.body.contains("1 request to decide, the oldest of 23 November 2026"));
    assert!(!head.get("/today").await.body.contains("to decide"));
    let list = lead.get(BASE).await;
    assert!(list.body.contains("<th scope=\"row\">Site that should be blocked</th><td class=\"n\">1</td>"));
    let page = lead.get(&format!("{BASE}/1")).await;
    check("change", &page.body);
    assert!(page.body.contains("Not for children."));
    let done = lead.post(&format!("{BASE}/1/decide"), &[("decision", "approved"), ("why", "Agreed.")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!lead.get("/today").await.body.contains("to decide"));
    let home = teacher.get("/ask").await;
    check("/ask", &home.body);
    assert!(home.body.contains("Approved by dsl Beispiel on 23 November 2026: Agreed."));
    // It is no site that was asked for: the time to unblock leaves it out.
    let review = lead.get("/school/oakfield/2026-27/review").await.body;
    assert!(review.contains("1 site reported that should be blocked") && !review.contains("for a site or a bypass:"));
}

#[tokio::test]
async fn what_the_filters_log_shows_and_nobody_recorded_is_explained() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    // The invented log shows 3 things changed on the 23rd, and 1 on the 12th.
    let page = technician.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("2 days of the last year, 2 not explained."));
    assert!(page.body.contains("1 setting, 1 change of a rule and 1 site unblocked; 0 on record"), "{}", page.body);
    let one = asked(&mut technician, &bypass()).await;
    lead.post(&format!("{one}/decide"), &[("decision", "approved"), ("why", WRITTEN[3])]).await;
    technician.post(&format!("{one}/made"), &[("made_on", "")]).await;
    assert!(technician.get(BASE).await.body.contains("1 site unblocked; 1 on record"));
    let explain = format!("{BASE}/explain/2026-11-12");
    let form = technician.get(&explain).await;
    check(&explain, &form.body);
    assert!(form.body.contains("shows a change on 12 November 2026") && form.body.contains("Change 1, 23 November 2026"));
    let page = technician.post(&explain, &[("text", ""), ("change", "7")]).await;
    check(&explain, &page.body);
    assert!(page.body.contains("<a href=\"#text\">Say what it was, who asked for it, and who agreed.</a>"));
    let page = technician.post(&explain, &[("text", "The yearly <update>."), ("change", "7")]).await;
    assert!(
        page.body.contains("<a href=\"#change\">Choose one of the list.</a>") && page.body.contains("yearly &#60;update&#62;")
    );
    let done = technician.post(&explain, &[("text", "The yearly <update>."), ("change", "1")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let page = lead.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("1 not explained.") && page.body.contains("The yearly &#60;update&#62;."));
    assert!(page.body.contains("Belongs to change 1.") && page.body.contains("technician Beispiel, 23 November 2026"));
    // Governors read how many, and no word of it; a day without a change has no form.
    let page = governor.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("2 days of the last year, 1 not explained.") && !page.body.contains("yearly"));
    for path in ["2026-11-11", "soon"] {
        assert_eq!(technician.get(&format!("{BASE}/explain/{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}
