//! Alerts through the pages: read with a row each time, taken, closed by two; a name shown for a reason to whoever holds one.

use axum::http::StatusCode;
use jiff::civil::date;
use weir_lake::ids::{SchoolId, UserKey};
use weir_lake::names::{ClearName, Named, Pseudonyms as _};
use weir_register::alerts::{NewEvent, NewGroup, What, Who};
use weir_register::{Act, Action, Actor, Role};

use super::house::{Browser, House};
use super::markup::check;

const BASE: &str = "/school/oakfield/alerts";
const NAME: &str = "fern.beispiel";

fn oakfield() -> SchoolId {
    SchoolId::parse("oakfield").unwrap()
}

/// Puts a name into the vault; gives its key.
pub(super) fn key_of(house: &House, name: &str, school: &str) -> UserKey {
    let session = house.vault.session();
    let school = SchoolId::parse(school).unwrap();
    let key = session.pseudonyms().key(&school, Named::Person, "default", &ClearName::new(name.to_owned()));
    session.flush().unwrap();
    key
}

pub(super) fn group(house: &House, who: Who, key: Option<&UserKey>, severity: u8, number: u8) -> NewGroup {
    let event = NewEvent {
        identity: [number; 16],
        at: house.now() - 30 * 60_000_000,
        day: date(2026, 11, 23),
        subject: key.map(|key| key.as_str().to_owned()),
        file_id: "f".into(),
        line_no: i64::from(number),
        what: What::Search,
        severity,
        asks_for_help: false,
        raises: true,
    };
    NewGroup {
        school: oakfield(),
        who,
        subject: key.map(|key| key.as_str().to_owned()),
        shared: None,
        theme: "self_harm".into(),
        is_illegal: who == Who::Staff,
        score: 40,
        events: vec![event],
    }
}

pub(super) async fn raise(house: &House, groups: &[NewGroup]) {
    let act = Act::new(Actor::Command("anna".into()), Action::RaiseAlerts);
    house.accounts.register().raise_alerts(act, groups, Some((1, date(2026, 11, 23))), house.now()).await.unwrap();
}

pub(super) async fn page(browser: &mut Browser<'_>, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    check(path, &answer.body);
    answer.body
}

/// Rows of an action, newest first.
pub(super) async fn rows(house: &House, action: &str) -> usize {
    house.trail().await.iter().filter(|row| row.contains(&format!(" {action} done"))).count()
}

#[tokio::test]
async fn an_alert_is_read_taken_and_closed() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let empty = page(&mut lead, "/today").await;
    assert!(empty.contains("No alert waits.") && empty.contains("no proof that all is well"));
    assert!(
        empty
            .contains("Alerts from this school arrive late. Keep your filter’s own alerts on. Weir is not an emergency service.")
    );
    let key = key_of(&house, NAME, "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&key), 3, 1)]).await;
    let today = page(&mut lead, "/today").await;
    assert!(
        today.contains("1 alert open, none urgent.")
            && today.contains("Self-harm: a pupil")
            && today.contains("Look and take it")
    );
    assert!(today.contains("Nobody is named for out of hours") && !today.contains(key.as_str()));
    let before = rows(&house, "open").await;
    let alert = page(&mut lead, &format!("{BASE}/1")).await;
    assert_eq!(rows(&house, "open").await, before + 1, "each view is a row");
    assert!(alert.contains("an invented search &#60;b&#62;"), "plain text, whatever it holds");
    assert!(alert.contains("private support site") && alert.contains(key.as_str()) && !alert.contains(NAME));
    assert!(!alert.contains("Close the alert"), "not before somebody took it");
    assert_eq!(lead.post(&format!("{BASE}/1/take"), &[]).await.status, StatusCode::SEE_OTHER);
    let wrong = lead.post(&format!("{BASE}/1/close"), &[("outcome", ""), ("why", "because")]).await;
    assert!(wrong.body.contains("Choose what came of it.") && wrong.body.contains(">because</textarea>"));
    check("close", &wrong.body);
    let note = [("note", "spoke with the class teacher"), ("reference", "CP-17")];
    assert_eq!(lead.post(&format!("{BASE}/1/note"), &note).await.status, StatusCode::SEE_OTHER);
    assert_eq!(lead.post(&format!("{BASE}/1/close"), &[("outcome", "spoken"), ("why", "")]).await.status, StatusCode::SEE_OTHER);
    let closed = page(&mut lead, &format!("{BASE}/1")).await;
    assert!(
        closed.contains("Closed: spoken with the person")
            && closed.contains("CP-17")
            && closed.contains("spoke with the class teacher")
    );
    assert!(page(&mut lead, &format!("{BASE}?show=over")).await.contains("Self-harm: a pupil"));
    let list = lead.get(&format!("{BASE}/list.csv")).await.body;
    assert!(list.lines().count() == 2 && list.contains("spoken with the person") && !list.contains("k1-"), "{list}");
    assert_eq!(lead.post(&format!("{BASE}/1/reopen"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(page(&mut lead, &format!("{BASE}/1")).await.contains("Close the alert"));
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn an_urgent_alert_goes_up_and_is_closed_by_two() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let key = key_of(&house, NAME, "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&key), 4, 1)]).await;
    let today = page(&mut lead, "/today").await;
    assert!(today.contains("1 alert open, 1 urgent.") && today.contains("next is the head at 10:00"), "{today}");
    assert_eq!(head.get(&format!("{BASE}/1")).await.status, StatusCode::NOT_FOUND);
    assert!(!page(&mut head, "/today").await.contains("Self-harm"));
    house.pass_minutes(25);
    page(&mut head, "/today").await;
    let watch = [("lead", ""), ("contact", "Wren Beispiel"), ("reach", "01632 960001")];
    assert_eq!(lead.post(&format!("{BASE}/watch"), &watch).await.status, StatusCode::SEE_OTHER);
    assert!(!page(&mut lead, "/today").await.contains("Nobody is named for out of hours"));
    page(&mut lead, &format!("{BASE}/watch")).await;
    // An hour in steps: a session that nobody uses ends.
    for _ in 0..3 {
        house.pass_minutes(12);
        page(&mut lead, "/today").await;
        page(&mut head, "/today").await;
    }
    // Nobody took it for an hour: the head sees it, but not whose it is.
    let seen = page(&mut head, &format!("{BASE}/1")).await;
    assert!(seen.contains("Take it") && !seen.contains("Ask for the name"));
    lead.post(&format!("{BASE}/1/take"), &[]).await;
    assert_eq!(head.get(&format!("{BASE}/1")).await.status, StatusCode::NOT_FOUND, "somebody looks into it");
    let close = [("outcome", "support"), ("why", "safe with a mentor")];
    lead.post(&format!("{BASE}/1/close"), &close).await;
    let waits = page(&mut lead, &format!("{BASE}/1")).await;
    assert!(waits.contains("A deputy, another lead or the head reads it and agrees.") && !waits.contains("Agree and close it"));
    let refused = lead.post(&format!("{BASE}/1/answer"), &[("agree", "yes")]).await;
    assert!(refused.body.contains("a second person must agree"));
    let asked = page(&mut head, &format!("{BASE}/1")).await;
    assert!(asked.contains("because: safe with a mentor") && asked.contains("Agree and close it"));
    assert_eq!(head.post(&format!("{BASE}/1/answer"), &[("agree", "yes")]).await.header("location"), BASE);
    assert!(page(&mut lead, &format!("{BASE}/1")).await.contains("Second person"));
}

#[tokio::test]
async fn a_name_is_shown_for_a_reason_to_whoever_holds_the_alert() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let key = key_of(&house, NAME, "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&key), 3, 1)]).await;
    assert_eq!(lead.get(&format!("{BASE}/1/name")).await.status, StatusCode::NOT_FOUND, "not before it is taken");
    lead.post(&format!("{BASE}/1/take"), &[]).await;
    let form = page(&mut lead, &format!("{BASE}/1/name")).await;
    assert!(form.contains("Alert 1, high, self-harm: a pupil. To see whether this person needs help."));
    let wrong = lead.post(&format!("{BASE}/1/name"), &[("reason", " ")]).await;
    assert!(wrong.body.contains("Say why you need the name.") && rows(&house, "reveal").await == 0);
    assert_eq!(
        lead.post(&format!("{BASE}/1/name"), &[("reason", "to speak with the pupil")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(rows(&house, "reveal").await, 1);
    for seen in [2, 3] {
        assert!(page(&mut lead, &format!("{BASE}/1")).await.contains(NAME));
        assert_eq!(rows(&house, "reveal").await, seen, "each view is a row");
    }
    // Not on another page, not for a deputy, not once it is over.
    for path in ["/today".to_owned(), BASE.to_owned(), format!("{BASE}/list.csv"), "/school/oakfield/names".to_owned()] {
        assert!(!lead.get(&path).await.body.contains(NAME), "{path}");
    }
    let mut deputy = house.signed_in(Role::Dsl, "trust:Fieldway").await;
    assert!(!page(&mut deputy, &format!("{BASE}/1")).await.contains(NAME));
    lead.post(&format!("{BASE}/1/close"), &[("outcome", "false_alarm"), ("why", "")]).await;
    assert!(!page(&mut lead, &format!("{BASE}/1")).await.contains(NAME));
    // The head reads that it was done and why; a governor reads of the head's alone.
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let list = page(&mut head, "/school/oakfield/reveals").await;
    assert!(
        list.contains("1 look-up") && list.contains("to speak with the pupil") && !list.contains(NAME) && !list.contains("k1-")
    );
    let mut chair = house.signed_in(Role::Chair, "school:oakfield").await;
    let list = page(&mut chair, "/school/oakfield/reveals").await;
    assert!(list.contains("Nobody was shown a name") && !list.contains("to speak"));
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    assert_eq!(governor.get("/school/oakfield/reveals").await.status, StatusCode::FORBIDDEN);
    assert!(head.get("/school/oakfield/reveals/list.csv").await.body.contains("to speak with the pupil"));
    let review = page(&mut governor, "/school/oakfield/2026-27/review").await;
    assert!(review.contains("Names of fewer than 5 people, perhaps none, were shown."));
    assert!(review.contains("Alerts about fewer than 5 people, perhaps none."));
}

#[tokio::test]
async fn a_key_gives_its_name_and_a_log_in_its_key() {
    const NAMES: &str = "/school/oakfield/names";
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let key = key_of(&house, NAME, "oakfield");
    let elsewhere = key_of(&house, "rowan.beispiel", "millbrook");
    page(&mut lead, NAMES).await;
    let missing = lead.post(&format!("{NAMES}/reveal"), &[("key", key.as_str()), ("reason", "")]).await;
    assert!(missing.body.contains("Say why you need the name.") && !missing.body.contains(NAME));
    check("reveal", &missing.body);
    let shown = lead.post(&format!("{NAMES}/reveal"), &[("key", key.as_str()), ("reason", "a worry of the parents")]).await;
    assert!(shown.body.contains(NAME));
    assert!(!page(&mut lead, NAMES).await.contains(NAME), "shown once");
    let other = lead.post(&format!("{NAMES}/reveal"), &[("key", elsewhere.as_str()), ("reason", "a worry of the parents")]).await;
    assert!(other.body.contains("no name of this school") && !other.body.contains("rowan"));
    let found = lead.post(&format!("{NAMES}/find"), &[("login", "Fern.Beispiel@oak.example"), ("find_reason", "a worry")]).await;
    assert!(found.body.contains(key.as_str()), "{}", found.body);
    let unknown = lead.post(&format!("{NAMES}/find"), &[("login", "nobody"), ("find_reason", "a worry")]).await;
    assert!(unknown.body.contains("hold nobody of this log-in"));
    let unasked = lead.post(&format!("{NAMES}/find"), &[("login", "nobody"), ("find_reason", "")]).await;
    assert!(unasked.body.contains("Say why you need the key."));
    assert_eq!((rows(&house, "reveal").await, rows(&house, "find").await), (2, 2));
    let trail = house.accounts.register().audit_rows(&weir_register::Sought::default()).await.unwrap();
    assert!(trail.iter().all(|row| !format!("{row:?}").contains("beispiel") || row.action == "sign-in"));
}

#[tokio::test]
async fn staff_are_the_heads_matter_with_a_second_person() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let key = key_of(&house, NAME, "oakfield");
    raise(&house, &[group(&house, Who::Staff, Some(&key), 3, 1)]).await;
    assert_eq!(lead.get(&format!("{BASE}/1")).await.status, StatusCode::NOT_FOUND);
    assert!(!page(&mut lead, "/today").await.contains("member of staff"));
    let alert = page(&mut head, &format!("{BASE}/1")).await;
    assert!(
        alert.contains("Do not open. Tell the DSL; report to police or IWF.")
            && alert.contains("Stopped or listed: do not open, check first.")
    );
    head.post(&format!("{BASE}/1/take"), &[]).await;
    let alone = head.post(&format!("{BASE}/1/name"), &[("reason", "asked by the police"), ("second", "")]).await;
    assert!(alone.body.contains("Name a second person, who is not you."));
    let id_of = async |email: &str| house.accounts.with_email(email).await.unwrap().unwrap().id.to_string();
    let (second, own) = (id_of("dsl-school-oakfield@oak.example").await, id_of("leader-school-oakfield@oak.example").await);
    let own = head.post(&format!("{BASE}/1/name"), &[("reason", "asked by the police"), ("second", &own)]).await;
    assert!(own.body.contains("Name a second person, who is not you."));
    let fields = [("reason", "asked by the police"), ("second", second.as_str())];
    let asked = head.post(&format!("{BASE}/1/name"), &fields).await;
    assert_eq!(asked.header("location"), "/school/oakfield/names/asked/1");
    // Not shown before the other has confirmed it, and not to the other.
    let waits = page(&mut head, "/school/oakfield/names/asked/1").await;
    assert!(waits.contains("Waits for the second person") && !waits.contains("Show the name") && !waits.contains(NAME));
    head.post("/school/oakfield/names/asked/1", &[]).await;
    assert!(!page(&mut head, &format!("{BASE}/1")).await.contains(NAME) && rows(&house, "reveal").await == 0);
    assert_eq!(head.post("/confirm/1", &[("agree", "yes")]).await.status, StatusCode::NOT_FOUND, "nobody confirms their own");
    assert!(page(&mut lead, "/account").await.contains("Read it and answer"));
    let confirm = page(&mut lead, "/confirm").await;
    assert!(confirm.contains("asked by the police") && !confirm.contains(NAME) && !confirm.contains(key.as_str()));
    assert_eq!(lead.post("/confirm/1", &[("agree", "yes")]).await.status, StatusCode::SEE_OTHER);
    assert!(page(&mut lead, "/confirm").await.contains("Nothing waits for you."));
    for path in ["/school/oakfield/names/asked/1", "/school/oakfield/names/asked/2"] {
        assert_eq!(lead.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(head.get("/school/oakfield/names/asked/2").await.status, StatusCode::NOT_FOUND);
    assert!(page(&mut head, "/school/oakfield/names").await.contains("confirmed: the name can be shown once"));
    assert!(page(&mut head, "/school/oakfield/names/asked/1").await.contains("Show the name"));
    let shown = head.post("/school/oakfield/names/asked/1", &[]).await;
    check("asked", &shown.body);
    assert!(shown.body.contains(NAME) && rows(&house, "reveal").await == 1);
    assert!(!head.post("/school/oakfield/names/asked/1", &[]).await.body.contains(NAME), "once");
    assert!(page(&mut head, &format!("{BASE}/1")).await.contains(NAME), "and on the alert that the head holds");
    // A key that the logs show as staff's is none for the lead, nor a pupil's for the head.
    let staff = format!("k1-{:0>32}", "57aff");
    let told = lead.post("/school/oakfield/names/reveal", &[("key", &staff), ("reason", "a worry")]).await;
    assert!(told.body.contains("the head asks for that name"), "{}", told.body);
    let told =
        head.post("/school/oakfield/names/reveal", &[("key", key.as_str()), ("reason", "a worry"), ("second", &second)]).await;
    assert!(told.body.contains("the safeguarding lead asks"));
    let by_key = [("key", staff.as_str()), ("reason", "a worry of the police"), ("second", second.as_str())];
    let asked = head.post("/school/oakfield/names/reveal", &by_key).await;
    assert_eq!(asked.header("location"), "/school/oakfield/names/asked/2");
    let mut chair = house.signed_in(Role::Chair, "school:oakfield").await;
    let list = page(&mut chair, "/school/oakfield/reveals").await;
    assert!(list.contains("was shown a member of staff") && !list.contains("asked by the police"));
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn what_is_about_the_head_comes_to_the_chair() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    assert!(page(&mut lead, "/today").await.contains("Nobody is named as chair of governors."));
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut chair = house.signed_in(Role::Chair, "school:oakfield").await;
    assert!(!page(&mut lead, "/today").await.contains("Nobody is named as chair of governors."));
    let key = key_of(&house, NAME, "oakfield");
    assert!(page(&mut chair, "/school/oakfield/head").await.contains("The head is not known in the logs yet."));
    for fields in [[("login", ""), ("reason", "so that it comes to me")], [("login", NAME), ("reason", "")]] {
        let wrong = chair.post("/school/oakfield/head", &fields).await;
        check("head", &wrong.body);
        assert_eq!(wrong.status, StatusCode::OK);
    }
    // In the invented logs everybody is a pupil whose key does not end in certain letters.
    let wrong = chair.post("/school/oakfield/head", &[("login", NAME), ("reason", "so that it comes to me")]).await;
    assert!(wrong.body.contains("hold no member of staff of this log-in"));
    house.accounts.register().find_head_keys(&oakfield(), std::slice::from_ref(&key)).await.unwrap();
    assert!(page(&mut chair, "/school/oakfield/head").await.contains("Known by the address that a head signs in with"));
    raise(&house, &[group(&house, Who::Staff, Some(&key), 3, 1)]).await;
    for browser in [&mut lead, &mut head] {
        assert_eq!(browser.get(&format!("{BASE}/1")).await.status, StatusCode::NOT_FOUND);
        assert!(!page(browser, "/today").await.contains("listed as illegal"));
        for path in ["take", "note", "close", "answer", "reopen", "name"] {
            assert_eq!(browser.post(&format!("{BASE}/1/{path}"), &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(browser.get(&format!("{BASE}/1/chronology/text")).await.status, StatusCode::NOT_FOUND);
    }
    let today = page(&mut chair, "/today").await;
    assert!(today.contains("Content listed as illegal: the head") && !today.contains("Who is watching"));
    let alert = page(&mut chair, &format!("{BASE}/1")).await;
    for words in ["local authority designated officer (LADO) today", "Do not open. Tell the DSL; report to police or IWF."] {
        assert!(alert.contains(words), "{words}");
    }
    assert!(!alert.contains("Ask for the name") && !alert.contains(NAME));
    chair.post(&format!("{BASE}/1/take"), &[]).await;
    assert_eq!(chair.get(&format!("{BASE}/1/name")).await.status, StatusCode::NOT_FOUND);
    let form = page(&mut chair, "/school/oakfield/incidents/add?alert=1").await;
    assert!(form.contains("<option value=\"head\" selected>"));
    // Pupils' alerts are none of the chair's.
    let pupil = key_of(&house, "rowan.beispiel", "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&pupil), 4, 2)]).await;
    assert_eq!(chair.get(&format!("{BASE}/2")).await.status, StatusCode::NOT_FOUND);
    assert!(!page(&mut chair, "/today").await.contains("Self-harm"));
}

#[tokio::test]
async fn the_review_counts_alerts_and_hides_small_numbers() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let mut told = Vec::new();
    for number in 1..=6_u8 {
        let key = key_of(&house, &format!("pupil{number}"), "oakfield");
        raise(&house, &[group(&house, Who::Pupil, Some(&key), 3, number)]).await;
        lead.post(&format!("{BASE}/{number}/take"), &[]).await;
        let outcome = if number == 1 { "referred" } else { "lesson" };
        lead.post(&format!("{BASE}/{number}/close"), &[("outcome", outcome), ("why", "")]).await;
        lead.post(&format!("{BASE}/{number}/name"), &[("reason", "not held any more")]).await;
        told.push(page(&mut governor, "/school/oakfield/2026-27/review").await);
    }
    for review in &told[..4] {
        assert!(review.contains("Alerts about fewer than 5 people, perhaps none.") && !review.contains("raised from the logs"));
    }
    // Six, taken half an hour after the event; one referral among them would be one child.
    assert!(
        told[5].contains("6 alerts raised from the logs.")
            && told[5].contains("6 were taken by somebody, half of them within 1 hour of the event.")
    );
    assert!(
        told[5].contains("How many of them told of nothing is not shown") && !told[5].contains("told of nothing: a false alarm")
    );
    let before = page(&mut governor, "/school/oakfield/2025-26/review").await;
    assert!(before.contains("Alerts about fewer than 5 people, perhaps none."), "another year");
}
