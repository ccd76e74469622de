//! Incidents through the pages: recorded from an alert and by hand, changed, closed, opened again, copied, and read in numbers by governors.

use axum::http::StatusCode;
use weir_register::Role;
use weir_register::alerts::Who;

use super::alerts::{group, key_of, page, raise, rows};
use super::house::{Browser, House};
use super::markup::check;

const BASE: &str = "/school/oakfield/incidents";
const NAME: &str = "fern.beispiel";

/// What the form needs at least.
fn fields() -> Vec<(&'static str, &'static str)> {
    vec![
        ("about", "pupil"),
        ("happened", "20 11 2026 14:05"),
        ("place", "school"),
        ("source", "staff"),
        ("themes-drugs", "yes"),
        ("severity", "high"),
        ("what", "=an invented report of https://evil.example/x"),
        ("told_lead", "20 11 2026 15:00"),
    ]
}

async fn recorded(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let done = browser.post(&format!("{BASE}/add"), fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    done.header("location").to_owned()
}

#[tokio::test]
async fn an_incident_is_recorded_changed_closed_and_opened_again() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let empty = page(&mut lead, BASE).await;
    assert!(empty.contains("Nothing is recorded yet.") && empty.contains("What belongs here"));
    page(&mut lead, &format!("{BASE}/add")).await;
    let wrong = lead.post(&format!("{BASE}/add"), &[("what", "kept as it was typed"), ("themes-hate", "yes")]).await;
    check("add", &wrong.body);
    assert!(wrong.body.contains("kept as it was typed") && wrong.body.contains("Say whom it is about."));
    assert!(wrong.body.contains("value=\"yes\" checked"), "ticks stay");
    assert!(wrong.body.contains("Where: choose one of the list."), "each says which field it is about");
    let mut with_key = fields();
    let key = key_of(&house, NAME, "oakfield");
    with_key.push(("keys", key.as_str()));
    assert_eq!(recorded(&mut lead, &with_key).await, format!("{BASE}/1"));
    let before = rows(&house, "open").await;
    let shown = page(&mut lead, &format!("{BASE}/1")).await;
    assert_eq!(rows(&house, "open").await, before + 1, "each view is a row");
    assert!(
        shown.contains("20 November 2026, 14:05") && shown.contains("Lead told the same day") && shown.contains(key.as_str())
    );
    assert!(!shown.contains(NAME));
    let form = page(&mut lead, &format!("{BASE}/1/change")).await;
    assert!(form.contains("value=\"2026-11-20 14:05\"") && !form.contains("Whom it is about"));
    let mut changed = fields();
    changed.extend([("told_police", "21 11 2026 9:00"), ("done", "spoken with the form tutor")]);
    let done = lead.post(&format!("{BASE}/1/change"), &changed).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let shown = page(&mut lead, &format!("{BASE}/1")).await;
    assert!(
        shown.contains("Police told")
            && shown.contains("21 November 2026, 09:00")
            && shown.contains("Spoken with the form tutor")
    );
    page(&mut lead, &format!("{BASE}/1/close")).await;
    let unsure =
        lead.post(&format!("{BASE}/1/close"), &[("outcome", "referred"), ("real", "yes"), ("closed_because", "x")]).await;
    check("close", &unsure.body);
    assert!(unsure.body.contains("Say that what is recorded is complete."));
    let sure = [("outcome", "referred"), ("real", "yes"), ("closed_because", "the police have it"), ("sure-yes", "yes")];
    assert_eq!(lead.post(&format!("{BASE}/1/close"), &sure).await.status, StatusCode::SEE_OTHER);
    let shown = page(&mut lead, &format!("{BASE}/1")).await;
    assert!(shown.contains("Told to a body outside") && !shown.contains("Add or change something"));
    for (path, has) in [("?show=open", false), ("?show=closed", true), ("?theme=drugs", true), ("?theme=hate", false)] {
        let list = page(&mut lead, &format!("{BASE}{path}")).await;
        assert_eq!(list.contains("Incident 1"), has, "{path}");
        assert_eq!(list.contains("None of these."), !has, "{path}");
    }
    assert_eq!(lead.post(&format!("{BASE}/1/reopen"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(
        page(&mut lead, &format!("{BASE}/1")).await.contains("Opened again") || page(&mut lead, BASE).await.contains("1 open")
    );
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn from_an_alert_it_is_filled_in() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let key = key_of(&house, NAME, "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&key), 3, 1)]).await;
    lead.post("/school/oakfield/alerts/1/take", &[]).await;
    let alert = page(&mut lead, "/school/oakfield/alerts/1").await;
    assert!(alert.contains("href=\"/school/oakfield/incidents/add?alert=1\""));
    let form = page(&mut lead, &format!("{BASE}/add?alert=1")).await;
    assert!(form.contains("value=\"2026-11-23 08:30\"") && form.contains(key.as_str()) && !form.contains(NAME));
    assert!(form.contains("Alert 1, self-harm: a pupil.") && form.contains("<option value=\"high\" selected>"));
    assert!(form.contains("id=\"themes-self_harm\" name=\"themes-self_harm\" value=\"yes\" checked"));
    let mut from_alert = fields();
    from_alert.push(("alerts", "1"));
    recorded(&mut lead, &from_alert).await;
    let shown = page(&mut lead, &format!("{BASE}/1")).await;
    assert!(shown.contains("an invented search &#60;b&#62;") && shown.contains(key.as_str()), "its events, by key");
    // Another school's alert, or none, is no alert of this school.
    let mut other = fields();
    other.push(("alerts", "7"));
    let wrong = lead.post(&format!("{BASE}/add"), &other).await;
    assert!(wrong.status == StatusCode::OK && wrong.body.contains("You read no alert of this number at this school."));
    assert_eq!(lead.get(&format!("{BASE}/add?alert=7")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_reads_what_is_theirs_and_nobody_changes_an_id() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut chair = house.signed_in(Role::Chair, "school:oakfield").await;
    let of = |about: &'static str| {
        let mut fields = fields();
        fields[0] = ("about", about);
        fields
    };
    recorded(&mut lead, &of("pupil")).await;
    for about in ["staff", "head"] {
        let handed = lead.post(&format!("{BASE}/add"), &of(about)).await;
        assert!(handed.status == StatusCode::OK && handed.body.contains("Recorded, and handed on"), "{}", handed.body);
    }
    for (browser, who, reads) in [(&mut lead, "lead", [1].as_slice()), (&mut head, "head", &[1, 2]), (&mut chair, "chair", &[3])]
    {
        let list = page(browser, BASE).await;
        let file = browser.get(&format!("{BASE}/list.csv")).await.body;
        for id in 1..=3 {
            let is_theirs = reads.contains(&id);
            assert_eq!(list.contains(&format!("Incident {id}:")), is_theirs, "{who} {id}");
            assert_eq!(file.contains(&format!("oakfield,{id},")), is_theirs, "{who} {id}");
            let wanted = if is_theirs { StatusCode::OK } else { StatusCode::NOT_FOUND };
            for path in ["", "/change", "/close", "/chronology/text", "/chronology/csv"] {
                assert_eq!(browser.get(&format!("{BASE}/{id}{path}")).await.status, wanted, "{who} {id} {path}");
            }
            if !is_theirs {
                for path in ["/change", "/close", "/reopen"] {
                    let status = browser.post(&format!("{BASE}/{id}{path}"), &fields()).await.status;
                    assert_eq!(status, StatusCode::NOT_FOUND, "{who} {id} {path}");
                }
            }
        }
    }
    assert!(page(&mut chair, &format!("{BASE}/3")).await.contains("local authority designated officer (LADO) today"));
    // The same number at another school is another's, also for somebody who reads incidents there.
    let mut elsewhere = house.signed_in(Role::Dsl, "school:millbrook").await;
    assert_eq!(elsewhere.get("/school/millbrook/incidents/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn copies_name_nobody_open_nothing_and_are_rows_of_the_trail() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let key = key_of(&house, NAME, "oakfield");
    raise(&house, &[group(&house, Who::Pupil, Some(&key), 3, 1)]).await;
    lead.post("/school/oakfield/alerts/1/take", &[]).await;
    lead.post("/school/oakfield/alerts/1/note", &[("note", "+call 01632, see www.evil.example")]).await;
    let mut with_alert = fields();
    with_alert.push(("alerts", "1"));
    recorded(&mut lead, &with_alert).await;
    let exports = rows(&house, "export").await;
    let mut texts = Vec::new();
    for (path, kind) in [
        ("/school/oakfield/alerts/1/chronology/text", "text/plain"),
        ("/school/oakfield/alerts/1/chronology/csv", "text/csv"),
        ("/school/oakfield/incidents/1/chronology/text", "text/plain"),
        ("/school/oakfield/incidents/1/chronology/csv", "text/csv"),
    ] {
        let copy = lead.get(path).await;
        assert!(copy.status == StatusCode::OK && copy.header("content-type").starts_with(kind), "{path}");
        assert!(copy.header("content-disposition").starts_with("attachment; filename=\"weir_oakfield_"), "{path}");
        for bad in ["evil.example", "https://", NAME, "mathsburrow.example"] {
            assert!(!copy.body.contains(bad), "{path}: {bad} in {}", copy.body);
        }
        for line in copy.body.lines() {
            assert!(!line.split(',').any(|cell| cell.trim_matches('"').starts_with(['=', '+', '@'])), "{path}: {line}");
        }
        texts.push(copy.body);
    }
    assert_eq!(rows(&house, "export").await, exports + 4);
    assert!(
        texts[0].contains("www[.]evil[.]example")
            && texts[0].contains("2026-11-23 10:42:07  searched for: an invented search <b>")
    );
    assert!(texts[2].contains("https[:]//evil[.]example/x"));
    // In order of time.
    for text in [&texts[0], &texts[2]] {
        let times: Vec<&str> = text.lines().filter(|line| line.starts_with("2026-")).filter_map(|line| line.get(..16)).collect();
        let mut sorted = times.clone();
        sorted.sort_unstable();
        assert!(times.len() >= 3 && times == sorted, "{times:?}");
    }
    assert_eq!(lead.get("/school/oakfield/alerts/1/chronology/html").await.status, StatusCode::NOT_FOUND);
    // A pupil's day, for a reason.
    let day = "/school/oakfield/names/day";
    let unasked = lead.post(day, &[("day_key", key.as_str()), ("day", "23 11 2026"), ("day_form", "csv")]).await;
    check(day, &unasked.body);
    assert!(unasked.body.contains("Say why you need it.") && rows(&house, "export").await == exports + 4);
    let wrong = lead.post(day, &[("day_key", "x"), ("day", "24 11 2026"), ("day_reason", "a worry")]).await;
    check(day, &wrong.body);
    assert!(wrong.body.contains("Choose how to copy it.") && wrong.body.contains("not still to come"));
    let asked = [("day_key", key.as_str()), ("day", "23 11 2026"), ("day_form", "csv"), ("day_reason", "a worry of the tutor")];
    let copy = lead.post(day, &asked).await;
    assert!(copy.body.contains("www[.]mathsburrow[.]example") && !copy.body.contains(NAME), "{}", copy.body);
    assert_eq!(rows(&house, "export").await, exports + 5);
    let staff = format!("k1-{:0>32}", "57aff");
    let asked = [("day_key", staff.as_str()), ("day", "23 11 2026"), ("day_form", "csv"), ("day_reason", "a worry")];
    assert!(lead.post(day, &asked).await.body.contains("the head asks for that name"), "staff are not pupils");
}

#[tokio::test]
async fn rows_come_in_and_go_out_and_governors_read_numbers_alone() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let review = "/school/oakfield/2026-27/review";
    assert!(page(&mut governor, review).await.contains("Incidents about fewer than 5 people, perhaps none."));
    page(&mut lead, &format!("{BASE}/paste")).await;
    let head = "about\thappened\tplace\tsource\tthemes\tseverity\twhat\tkeys\n";
    let row =
        |person: u8, theme: &str| format!("pupil\t20 11 2026\tschool\tstaff\t{theme}\thigh\tsecret words\tk1-{person:032x}\n");
    let wrong = lead.post(&format!("{BASE}/paste"), &[("rows", &format!("{head}{}", row(1, "weather")))]).await;
    check("paste", &wrong.body);
    assert!(wrong.body.contains("Row 2. themes: use some of self_harm, suicide,"), "{}", wrong.body);
    let five: String = (1..=5).map(|person| row(person, "drugs")).collect();
    assert_eq!(lead.post(&format!("{BASE}/paste"), &[("rows", &format!("{head}{five}"))]).await.status, StatusCode::SEE_OTHER);
    let told = page(&mut governor, review).await;
    assert!(
        told.contains("5 incidents recorded.") && told.contains("By what they were about: 5 drugs, alcohol, tobacco and vaping.")
    );
    // One of another theme more would be told by what is left.
    lead.post(&format!("{BASE}/paste"), &[("rows", &format!("{head}{}", row(6, "hate")))]).await;
    let told = page(&mut governor, review).await;
    assert!(told.contains("6 incidents recorded.") && told.contains("By what they were about: not shown"));
    assert!(!told.contains("secret words") && !told.contains("k1-0"));
    let file = lead.get(&format!("{BASE}/list.csv")).await.body;
    assert!(file.lines().count() == 7 && !file.contains("k1-"));
    for path in [BASE, "/school/oakfield/incidents/1", "/school/oakfield/incidents/list.csv"] {
        assert_eq!(governor.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}
