//! The annual review: written by three, commented on, signed in turn, frozen, revised; and refused wherever it should be.

use axum::http::StatusCode;
use weir_pack::bundle::Bundle;
use weir_register::Role;

use super::house::{Browser, House, between};
use super::markup::check;

const BASE: &str = "/school/oakfield/2025-26/review";

/// A word for each text that people write.
const WRITTEN: [&str; 3] = ["quillfinderleads", "contractendsinmay", "whynologsinmarch"];

async fn done(browser: &mut Browser<'_>, page: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.post(&format!("{BASE}{page}"), fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}: {}", answer.body);
    answer.header("location").to_owned()
}

/// Says that every part is ready, and begins the signing.
async fn begun<'a>(technician: &mut Browser<'a>, lead: &mut Browser<'a>, head: &mut Browser<'a>) {
    for (browser, part) in [(&mut *technician, "systems"), (&mut *lead, "safeguarding"), (&mut *head, "leaders")] {
        done(browser, "/ready", &[("part", part)]).await;
    }
    done(head, "/sign/begin", &[]).await;
}

async fn signs(browser: &mut Browser<'_>) -> String {
    let page = browser.get(&format!("{BASE}/sign")).await;
    let digest = between(&page.body, "name=\"digest\" value=\"", "\"").to_owned();
    done(browser, "/sign", &[("digest", &digest), ("confirm", "yes")]).await
}

#[tokio::test]
async fn from_the_first_word_to_the_last_signature() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    // Nothing but the review itself is there before somebody opens it; a governor doesn't.
    assert_eq!(head.get(&format!("{BASE}/sign")).await.status, StatusCode::NOT_FOUND);
    assert!(!governor.get(BASE).await.body.contains("Open the review"));
    assert!(head.get(BASE).await.body.contains("Open the review"));
    done(&mut head, "/open", &[]).await;

    let form = lead.get(&format!("{BASE}/write/2")).await;
    check("write", &form.body);
    assert!(form.body.contains("Write no pupil\u{2019}s name here; governors read this."));
    let long = "a".repeat(1001);
    let page = lead.post(&format!("{BASE}/write/2"), &[("safeguarding", WRITTEN[0]), ("systems", &long)]).await;
    check("write", &page.body);
    assert!(page.body.contains("href=\"#systems\"") && page.body.contains(WRITTEN[0]) && page.body.contains("<title>Error: "));
    assert!(!governor.get(BASE).await.body.contains(WRITTEN[0]), "nothing of it was kept");
    assert_eq!(done(&mut lead, "/write/2", &[("safeguarding", WRITTEN[0])]).await, format!("{BASE}#block-2"));
    done(&mut technician, "/write/3", &[("products", WRITTEN[1])]).await;
    done(&mut governor, "/ask/5", &[("comment", WRITTEN[2])]).await;
    let page = governor.post(&format!("{BASE}/ask/5"), &[("comment", " ")]).await;
    check("ask", &page.body);
    assert!(page.body.contains("href=\"#comment\""));
    let page = governor.get(BASE).await;
    check(BASE, &page.body);
    for words in WRITTEN {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(page.body.contains("dsl Beispiel, safeguarding lead or deputy, 23 November 2026"));
    assert!(!page.body.contains("The safeguarding lead, the deputies, and whom to reach out of hours. "), "it is answered");
    assert!(page.body.contains("/review/ask/5") && !page.body.contains("/review/write/"));
    assert_eq!(governor.get(&format!("{BASE}/write/5")).await.status, StatusCode::FORBIDDEN);
    // Written anew, the older text stays to be read.
    done(&mut head, "/write/2", &[("safeguarding", "somebodyelse")]).await;
    assert!(head.get(&format!("{BASE}/write/2")).await.body.contains(WRITTEN[0]));

    let page = head.get(&format!("{BASE}/sign")).await;
    check("sign", &page.body);
    assert!(page.body.contains("Not every part is ready.") && page.body.contains("came to the same, on 23 November 2026"));
    assert!(!page.body.contains("Begin the signing"));
    let page = head.post(&format!("{BASE}/sign/begin"), &[]).await;
    assert!(page.body.contains("href=\"#parts\""));
    begun(&mut technician, &mut lead, &mut head).await;
    assert_eq!(lead.get(&format!("{BASE}/write/2")).await.header("location"), format!("{BASE}/sign"), "nobody writes now");
    let page = head.get(&format!("{BASE}/sign")).await;
    check("sign", &page.body);
    assert!(page.body.contains("You sign as head or senior leader, after: safeguarding lead and IT support."));
    let page = lead.post(&format!("{BASE}/sign"), &[("digest", "x")]).await;
    check("sign", &page.body);
    assert!(page.body.contains("href=\"#sign\"") && page.body.contains("Say that you have read what is signed."));
    let page = governor.post(&format!("{BASE}/sign"), &[("digest", "x"), ("confirm", "yes")]).await;
    assert!(page.body.contains("It is not your turn yet"));
    for browser in [&mut technician, &mut lead, &mut head] {
        assert_eq!(signs(browser).await, format!("{BASE}/sign"));
    }
    let page = head.get(&format!("{BASE}/sign")).await;
    assert!(page.body.contains("You have signed. Somebody else signs next.") && !page.body.contains("Sign this review"));
    assert_eq!(signs(&mut governor).await, format!("{BASE}/signed"));

    let page = governor.get(&format!("{BASE}/signed")).await;
    check("signed", &page.body);
    assert!(page.body.contains("No difference: figures and statements are as they were signed."));
    let bundle = governor.get(&format!("{BASE}/signed/1/json")).await;
    assert_eq!(bundle.header("content-disposition"), "attachment; filename=\"weir_oakfield_2025-26_review-1.json\"");
    let bundle = Bundle::from_json(bundle.body.as_bytes()).unwrap();
    assert!(page.body.contains(&bundle.digest().unwrap()));
    let signed: Vec<(&str, &str)> =
        bundle.signatures.iter().map(|signature| (signature.name.as_str(), signature.role.as_str())).collect();
    let wanted = [
        ("dsl Beispiel", "Safeguarding lead"),
        ("technician Beispiel", "IT support"),
        ("leader Beispiel", "Head or senior leader"),
        ("governor Beispiel", "Governor or trustee"),
    ];
    assert_eq!(signed, wanted);
    // The stored file is what the bundle alone gives.
    let stored = governor.get(&format!("{BASE}/signed/1/html")).await.body;
    let made = weir_pack::rebuild(&bundle.to_json().unwrap(), weir_pack::Kind::Html, weir_pack::Limits::default()).unwrap();
    assert_eq!(stored.as_bytes(), made);
    assert!(stored.contains(WRITTEN[1]) && stored.contains(WRITTEN[2]) && stored.contains("somebodyelse"));
    let exports = house.trail().await.iter().filter(|row| row.contains(" export done at oakfield")).count();
    assert_eq!(exports, 2);
    assert!(governor.get(BASE).await.body.contains("Signed and frozen on 23 November 2026, as revision 1."));
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn a_change_after_signing_is_a_new_revision_that_shows_it() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    done(&mut head, "/open", &[]).await;
    done(&mut technician, "/write/3", &[("products", "the old filter")]).await;
    begun(&mut technician, &mut lead, &mut head).await;
    signs(&mut lead).await;
    // A governor who finds something wrong sends it back; everybody signs anew.
    let page = governor.post(&format!("{BASE}/sign/stop"), &[("why", "")]).await;
    check("sign", &page.body);
    assert!(page.body.contains("href=\"#why\""));
    done(&mut governor, "/sign/stop", &[("why", "whichversion")]).await;
    assert!(head.get(&format!("{BASE}/sign")).await.body.contains("whichversion"));
    done(&mut head, "/sign/begin", &[]).await;
    let page = head.get(&format!("{BASE}/sign")).await;
    assert_eq!(page.body.matches("not signed yet").count(), 4);
    // IT support is a firm: the head says why nobody signs there.
    let page = head.post(&format!("{BASE}/sign/empty"), &[("seat", "systems"), ("seat_why", "")]).await;
    check("sign", &page.body);
    assert!(page.body.contains("href=\"#seat_why\""));
    done(&mut head, "/sign/empty", &[("seat", "systems"), ("seat_why", "run by a firm")]).await;
    for browser in [&mut lead, &mut head, &mut governor] {
        signs(browser).await;
    }
    let first = governor.get(&format!("{BASE}/signed/1/json")).await.body;
    assert!(first.contains("nobody signs here. run by a firm"));

    assert_eq!(governor.post(&format!("{BASE}/revise"), &[("why", "x")]).await.status, StatusCode::FORBIDDEN);
    let page = head.post(&format!("{BASE}/revise"), &[("why", " ")]).await;
    check("signed", &page.body);
    assert!(page.body.contains("href=\"#why\""));
    done(&mut head, "/revise", &[("why", "anewfilter")]).await;
    done(&mut technician, "/write/3", &[("products", "the new filter")]).await;
    let page = governor.get(&format!("{BASE}/signed")).await;
    check("signed", &page.body);
    assert!(page.body.contains("<td class=\"typed\">the old filter</td><td class=\"typed\">the new filter</td>"));
    assert_eq!(governor.get(&format!("{BASE}/signed/2/json")).await.status, StatusCode::NOT_FOUND);
    begun(&mut technician, &mut lead, &mut head).await;
    for browser in [&mut technician, &mut lead, &mut head, &mut governor] {
        signs(browser).await;
    }
    let second = Bundle::from_json(governor.get(&format!("{BASE}/signed/2/json")).await.body.as_bytes()).unwrap();
    let before = second.replaces.as_ref().unwrap();
    assert_eq!((second.revision, before.revision), (2, 1));
    assert_eq!(before.digest, weir_pack::bundle::digest(first.as_bytes()));
    let changed: Vec<(&str, &str)> = second.differences.iter().map(|found| (found.was.as_str(), found.is.as_str())).collect();
    assert_eq!(changed, [("the old filter", "the new filter")]);
    assert_eq!(governor.get(&format!("{BASE}/signed/1/json")).await.body, first, "the first stays");
    let page = governor.get(&format!("{BASE}/signed")).await;
    check("signed", &page.body);
    assert!(page.body.contains("What changed against revision 1") && page.body.contains("anewfilter"));
}

#[tokio::test]
async fn nobody_signs_figures_on_which_two_engines_differ() {
    let house = House::new().await;
    for (school, says) in [
        ("st-brannocs", "Two programs differ in 2 values"),
        ("millbrook", "more logs came or were changed"),
        ("tarn-view", "Logs were read that no figure counts yet."),
        ("larkhill", "No second program has worked these figures out yet."),
    ] {
        let mut head = house.signed_in(Role::Leader, &format!("school:{school}")).await;
        let base = format!("/school/{school}/2025-26/review");
        head.post(&format!("{base}/open"), &[]).await;
        for part in ["systems", "safeguarding", "leaders"] {
            assert_eq!(head.post(&format!("{base}/ready"), &[("part", part)]).await.status, StatusCode::SEE_OTHER);
        }
        let page = head.get(&format!("{base}/sign")).await;
        check("sign", &page.body);
        assert!(page.body.contains(says) && page.body.contains(&format!("weir verify {school} 2025-26")), "{school}");
        assert!(!page.body.contains("Begin the signing"), "{school}");
        // Nor by a form of their own.
        let page = head.post(&format!("{base}/sign/begin"), &[]).await;
        check("sign", &page.body);
        assert!(page.body.contains("Signing can\u{2019}t begin"), "{school}");
        assert!(head.get(&format!("{base}/write/2")).await.status == StatusCode::OK, "{school} is still written");
    }
}

#[tokio::test]
async fn actions_are_listed_ended_and_carried_into_the_next_review() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    done(&mut lead, "/open", &[]).await;
    let empty = lead.get(&format!("{BASE}/actions")).await;
    check("actions", &empty.body);
    assert!(empty.body.contains("Nothing is to be done yet."));
    let page = lead.post(&format!("{BASE}/actions/add"), &[("what", "testtablets"), ("owner", ""), ("due", "soon")]).await;
    check("actions", &page.body);
    assert!(page.body.contains("href=\"#owner\"") && page.body.contains("href=\"#due\"") && page.body.contains("testtablets"));
    for (what, due) in [("testtablets", "30 11 2026"), ("askprovider", "24 11 2026")] {
        done(&mut lead, "/actions/add", &[("what", what), ("owner", "Quillfinder"), ("due", due)]).await;
    }
    house.pass_minutes(3 * 24 * 60);
    let mut lead = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let page = governor.get(&format!("{BASE}/actions")).await;
    check("actions", &page.body);
    assert!(page.body.contains("2 actions still to be done, 1 of them overdue.") && !page.body.contains("/actions/1"));
    let page = lead.post(&format!("{BASE}/actions/2"), &[("state", ""), ("why", "")]).await;
    check("action", &page.body);
    assert!(page.body.contains("href=\"#state\"") && page.body.contains("href=\"#why\""));
    done(&mut lead, "/actions/2", &[("state", "done"), ("why", "theyanswered")]).await;
    assert!(governor.get(&format!("{BASE}/actions")).await.body.contains("theyanswered"));
    let next = "/school/oakfield/2026-27/review";
    assert_eq!(lead.post(&format!("{next}/open"), &[]).await.status, StatusCode::SEE_OTHER);
    let page = governor.get(&format!("{next}/actions")).await;
    check("actions", &page.body);
    assert!(page.body.contains("testtablets") && page.body.contains("carried over from 2025 to 2026"));
    assert!(!page.body.contains("askprovider"));
}

#[tokio::test]
async fn each_nation_reads_its_own_words() {
    let house = House::new().await;
    for (school, wanted, inspector) in [
        ("larkhill", "safeguarding person", "Estyn"),
        ("ashdown", "child protection co-ordinator", "Education Scotland"),
        ("oakfield", "safeguarding lead", "Ofsted"),
    ] {
        let mut head = house.signed_in(Role::Leader, &format!("school:{school}")).await;
        let base = format!("/school/{school}/2025-26/review");
        head.post(&format!("{base}/open"), &[]).await;
        for path in [base.clone(), format!("{base}/write/2"), format!("{base}/sign")] {
            let page = head.get(&path).await;
            check(&path, &page.body);
            assert!(page.body.contains(wanted), "{path}");
            if school != "oakfield" {
                assert!(!page.body.contains("safeguarding lead"), "{path}");
            }
        }
        let draft = head.get(&format!("{base}/draft/json")).await.body;
        assert!(draft.contains(inspector) && draft.contains("DRAFT, not signed"), "{school}");
    }
}

#[tokio::test]
async fn small_numbers_are_for_the_lead_and_the_head() {
    let house = House::new().await;
    let whole = format!("{BASE}/whole/html");
    for role in [Role::Governor, Role::Technician, Role::Officer, Role::Auditor, Role::DataProtection] {
        let mut browser = house.signed_in(role, "school:oakfield").await;
        assert_eq!(browser.get(&whole).await.status, StatusCode::FORBIDDEN, "{role}");
        let page = browser.get(BASE).await.body;
        assert!(!page.contains("/review/whole/") && page.contains("/summary\""), "{role}");
    }
    // Three pupils in Spring 1, whom governors read as a mark.
    let row = |text: &str| between(text, "<caption>Self-harm</caption>", "</table>").to_owned();
    for role in [Role::Dsl, Role::Leader] {
        let mut browser = house.signed_in(role, "school:oakfield").await;
        let page = browser.get(BASE).await.body;
        check(BASE, &page);
        assert!(page.contains("/review/whole/pdf") && page.contains("Each download is a row of the audit trail"));
        let made = browser.get(&whole).await;
        assert_eq!(made.header("content-disposition"), "attachment; filename=\"weir_oakfield_2025-26_small-numbers.html\"");
        assert!(made.body.contains("Holds small numbers, which can tell who a pupil is."));
        let hidden: Vec<&str> = made.body.lines().filter(|line| line.contains("fewer than 5, perhaps none")).collect();
        assert!(hidden.is_empty(), "{hidden:?}");
        assert!(!row(&made.body).contains("[c]"), "{}", row(&made.body));
        assert!(!made.body.contains("Not signed:"), "nobody signs it");
    }
    let exported = house.trail().await.iter().filter(|row| row.contains(" export done at oakfield")).count();
    assert_eq!(exported, 2);
    let mut governor = house.signed_in(Role::Governor, "trust:Fieldway").await;
    let page = governor.get("/school/oakfield/2025-26/summary").await.body;
    check("summary", &page);
    assert!(page.contains("Governors have not signed the annual review of this year yet."));
    let made = governor.get("/school/oakfield/2025-26/summary/html").await.body;
    for left_out in ["Questions to put to the head", "What stands out", "Signatures", "Actions", "fewer than 5", "Beispiel"] {
        assert!(!made.contains(left_out), "{left_out}");
    }
    assert!(made.contains("fewer than 10, perhaps none") && made.contains("Public summary"));
}

#[tokio::test]
async fn a_federation_has_one_review_signed_once() {
    let house = House::federated().await;
    let of = |school: &str| format!("/school/{school}/2024-25/review");
    // Somebody at one of its schools can't open it, nor read what is prepared for both.
    let mut alone = house.signed_in(Role::Leader, "school:oakfield").await;
    let page = alone.get(&of("oakfield")).await.body;
    check("review", &page);
    assert!(
        page.contains("One review for Oakfield Junior School and St Brannoc&#39;s")
            || page.contains("One review for Oakfield Junior School and St Brannoc\u{2019}s"),
        "{page}"
    );
    assert!(page.contains("Whoever may write for all of them opens it.") && !page.contains("Open the review"));
    assert_eq!(alone.post(&format!("{}/open", of("oakfield")), &[]).await.status, StatusCode::FORBIDDEN);
    let place = "board:Hollow Lane Federation";
    let mut technician = house.signed_in(Role::Technician, place).await;
    let mut lead = house.signed_in(Role::Dsl, place).await;
    let mut head = house.signed_in(Role::Leader, place).await;
    let mut governor = house.signed_in(Role::Governor, place).await;
    let sent = async |browser: &mut Browser<'_>, path: String, fields: &[(&str, &str)]| {
        let answer = browser.post(&path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.body);
    };
    sent(&mut head, format!("{}/open", of("st-brannocs")), &[]).await;
    assert_eq!(alone.get(&format!("{}/sign", of("oakfield"))).await.status, StatusCode::FORBIDDEN);
    // It is the same from either school.
    sent(&mut lead, format!("{}/write/2", of("oakfield")), &[("safeguarding", "oneleadforboth")]).await;
    assert!(head.get(&of("st-brannocs")).await.body.contains("oneleadforboth"));
    for (browser, part) in [(&mut technician, "systems"), (&mut lead, "safeguarding"), (&mut head, "leaders")] {
        sent(browser, format!("{}/ready", of("st-brannocs")), &[("part", part)]).await;
    }
    sent(&mut head, format!("{}/sign/begin", of("oakfield")), &[]).await;
    for (browser, school) in
        [(&mut technician, "oakfield"), (&mut lead, "st-brannocs"), (&mut head, "oakfield"), (&mut governor, "st-brannocs")]
    {
        let page = browser.get(&format!("{}/sign", of(school))).await;
        check("sign", &page.body);
        let digest = between(&page.body, "name=\"digest\" value=\"", "\"").to_owned();
        sent(browser, format!("{}/sign", of(school)), &[("digest", &digest), ("confirm", "yes")]).await;
    }
    let bundle = governor.get(&format!("{}/signed/1/json", of("oakfield"))).await.body;
    assert_eq!(governor.get(&format!("{}/signed/1/json", of("st-brannocs"))).await.body, bundle);
    let bundle = Bundle::from_json(bundle.as_bytes()).unwrap();
    assert_eq!(bundle.body.name, "Hollow Lane Federation");
    let sections: Vec<(&str, usize)> =
        bundle.sections.iter().map(|section| (section.heading.as_deref().unwrap_or_default(), section.blocks.len())).collect();
    assert_eq!(sections, [("Oakfield Junior School", 21), ("St Brannoc\u{2019}s Primary School", 21)]);
    assert_eq!(bundle.signatures.iter().filter(|signature| signature.on.is_some()).count(), 4);
    // What people wrote for both stands once, and is missing nowhere.
    let said = |section: &weir_pack::bundle::Section| {
        let block = &section.blocks[1];
        (block.notes.iter().any(|note| note.text.contains("oneleadforboth")), block.missing.len())
    };
    assert_eq!([said(&bundle.sections[0]), said(&bundle.sections[1])], [(true, 2), (false, 2)]);
    assert!(bundle.lead.iter().any(|line| line.contains("hidden over all of them together")));
}
