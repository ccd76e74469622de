use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use weir_lake::ids::SchoolId;

use super::accounts::People;
use crate::records::{By, CellState, Device, NewCheck, NewSpot, RecordError, Tally, Test, UserGroup, View};
use crate::{Register, Role, Sought};

const TODAY: Date = date(2026, 11, 23);

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn spot(site: &str, tests: &[Test], every_days: u16) -> NewSpot {
    NewSpot { site: site.into(), device: Some(Device::Tablet), group: Some(UserGroup::From7), tests: tests.to_vec(), every_days }
}

fn check(spot: i64, day: Date, results: &[(Test, bool)]) -> NewCheck {
    let failed = results.iter().any(|(_, passed)| !passed);
    let if_failed = |text: &str| if failed { text.to_owned() } else { String::new() };
    NewCheck {
        spot: Some(spot),
        day,
        done_by: "Quill Beispiel".into(),
        view: Some(View::Both),
        results: results.iter().copied().collect(),
        found: if_failed("the test page opened"),
        action: if_failed("ask the provider"),
        owner: if_failed("Quill Beispiel"),
        due: failed.then_some(day),
    }
}

async fn house() -> (People, By) {
    let people = People::new().await;
    let id = people.with("tech@oak.example", Role::Technician).await;
    (people, By { id, role: Role::Technician })
}

async fn tally(register: &Register, on: Date) -> Tally {
    register.checks(&oak()).await.unwrap().grid(on).tally()
}

fn fields(error: RecordError) -> Vec<&'static str> {
    match error {
        RecordError::Wrong(faults) => faults.into_iter().map(|fault| fault.field).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_grid_shows_tested_failed_untested_and_overdue() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let plan = [Test::AbuseImages, Test::Terrorism, Test::Adult, Test::SafeSearch];
    let place = register.plan_checks(by, &oak(), &spot("Main", &plan, 50), TODAY).await.unwrap();
    assert_eq!(tally(register, TODAY).await, Tally { planned: 4, untested: 4, no_pass: 4, ..Tally::default() });
    // Fifty days before today is the last day that still counts as in time; fifty-one is late.
    let on = |day, results: &'static [(Test, bool)]| check(place, day, results);
    let new = [
        on(date(2026, 10, 4), &[(Test::AbuseImages, true)]),
        on(date(2026, 10, 3), &[(Test::Terrorism, true)]),
        on(date(2026, 11, 2), &[(Test::Adult, true)]),
        on(date(2026, 11, 20), &[(Test::Adult, false)]),
    ];
    for new in new {
        register.record_check(by, &oak(), &new, 1, TODAY).await.unwrap();
    }
    let book = register.checks(&oak()).await.unwrap();
    let grid = book.grid(TODAY);
    let states: Vec<_> = grid.rows[0].cells.iter().map(|(test, cell)| (*test, cell.state)).collect();
    let wanted = [CellState::Tested, CellState::Overdue, CellState::Failed, CellState::Untested];
    assert_eq!(states, plan.into_iter().zip(wanted).collect::<Vec<_>>());
    // The failed cell passed 21 days ago, so within its interval: it is no "check overdue", but it is shown as failed.
    let wanted = Tally { planned: 4, tested: 1, failed: 1, untested: 1, overdue: 1, no_pass: 2 };
    assert_eq!(grid.tally(), wanted);
    assert_eq!(grid.rows[0].cells[&Test::AbuseImages].due, Some(TODAY));
    // A second test on the day of the failure shows that the mend held.
    register.record_check(by, &oak(), &on(date(2026, 11, 20), &[(Test::Adult, true)]), 2, TODAY).await.unwrap();
    assert_eq!(tally(register, TODAY).await, Tally { tested: 2, failed: 0, ..wanted });
    // The day before the plan began there was none.
    assert_eq!(tally(register, date(2026, 11, 22)).await, Tally::default());
}

#[tokio::test]
async fn a_security_check_is_due_each_month_whatever_is_planned() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let place = register.plan_checks(by, &oak(), &spot("Main", &[Test::Security, Test::Adult], 366), TODAY).await.unwrap();
    let new = check(place, date(2026, 10, 22), &[(Test::Security, true), (Test::Adult, true)]);
    register.record_check(by, &oak(), &new, 1, TODAY).await.unwrap();
    // 22 October and 31 days is 22 November, yesterday.
    assert_eq!(tally(register, TODAY).await, Tally { planned: 2, tested: 1, overdue: 1, no_pass: 1, ..Tally::default() });
}

#[tokio::test]
async fn a_failure_needs_what_when_and_who() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let place = register.plan_checks(by, &oak(), &spot("Main", &[Test::Adult], 50), TODAY).await.unwrap();
    let whole = check(place, TODAY, &[(Test::Adult, false)]);
    let bare = NewCheck { found: " ".into(), action: String::new(), owner: String::new(), due: None, ..whole.clone() };
    assert_eq!(
        fields(register.record_check(by, &oak(), &bare, 1, TODAY).await.unwrap_err()),
        ["found", "action", "owner", "due"]
    );
    let empty = NewCheck { spot: None, done_by: String::new(), view: None, results: BTreeMap::new(), ..whole.clone() };
    assert_eq!(
        fields(register.record_check(by, &oak(), &empty, 1, TODAY).await.unwrap_err()),
        ["spot", "done_by", "view", "results"]
    );
    let wrong_days = NewCheck { day: date(2026, 11, 24), due: Some(date(2026, 11, 22)), ..whole.clone() };
    assert_eq!(fields(register.record_check(by, &oak(), &wrong_days, 1, TODAY).await.unwrap_err()), ["day", "due"]);
    let long = NewCheck { found: "x".repeat(1001), ..whole.clone() };
    assert_eq!(fields(register.record_check(by, &oak(), &long, 1, TODAY).await.unwrap_err()), ["found"]);
    // A place of another school is none, and another school has none of it.
    let elm = SchoolId::parse("elm").unwrap();
    assert_eq!(fields(register.record_check(by, &elm, &whole, 1, TODAY).await.unwrap_err()), ["spot"]);
    assert_eq!(register.checks(&oak()).await.unwrap().checks, []);

    let id = register.record_check(by, &oak(), &whole, 1, TODAY).await.unwrap();
    let book = register.checks(&oak()).await.unwrap();
    assert!(book.check(id).unwrap().is_open() && book.check(id).unwrap().is_late(date(2026, 11, 24)));
    assert!(!book.check(id).unwrap().is_late(TODAY));
    for (on, note, wanted) in
        [(TODAY, "", "note"), (date(2026, 11, 22), "mended", "closed_on"), (date(2026, 11, 24), "mended", "closed_on")]
    {
        assert_eq!(fields(register.close_check(by, &oak(), id, on, note, TODAY).await.unwrap_err()), [wanted]);
    }
    assert!(matches!(register.close_check(by, &elm, id, TODAY, "mended", TODAY).await, Err(RecordError::NoSuch)));
    register.close_check(by, &oak(), id, TODAY, "mended", TODAY).await.unwrap();
    assert!(matches!(register.close_check(by, &oak(), id, TODAY, "again", TODAY).await, Err(RecordError::NoSuch)));
    assert!(!register.checks(&oak()).await.unwrap().check(id).unwrap().is_open());
}

#[tokio::test]
async fn what_is_withdrawn_or_ended_counts_no_longer_and_stays() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let place = register.plan_checks(by, &oak(), &spot("Main", &[Test::Adult], 50), TODAY).await.unwrap();
    let id = register.record_check(by, &oak(), &check(place, TODAY, &[(Test::Adult, true)]), 1, TODAY).await.unwrap();
    let elm = SchoolId::parse("elm").unwrap();
    assert!(matches!(register.withdraw_check(by, &elm, id, "typed wrongly", 2).await, Err(RecordError::NoSuch)));
    assert_eq!(fields(register.withdraw_check(by, &oak(), id, " ", 2).await.unwrap_err()), ["why"]);
    register.withdraw_check(by, &oak(), id, "typed wrongly", 2).await.unwrap();
    assert_eq!(tally(register, TODAY).await, Tally { planned: 1, untested: 1, no_pass: 1, ..Tally::default() });
    let book = register.checks(&oak()).await.unwrap();
    assert_eq!(book.check(id).unwrap().withdrawn.as_deref(), Some("typed wrongly"));

    assert!(matches!(register.end_spot(by, &elm, place, TODAY).await, Err(RecordError::NoSuch)));
    register.end_spot(by, &oak(), place, TODAY).await.unwrap();
    assert_eq!(tally(register, TODAY).await, Tally::default());
    // The same place in other letters is the same place, with its checks.
    let again = register.plan_checks(by, &oak(), &spot(" main ", &[Test::Adult, Test::Bypass], 50), TODAY).await.unwrap();
    assert_eq!(again, place);
    assert_eq!(tally(register, TODAY).await.planned, 2);
}

#[tokio::test]
async fn every_record_is_a_row_of_the_trail_without_its_words() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let before = register.audit_rows(&Sought::default()).await.unwrap().len();
    let place = register.plan_checks(by, &oak(), &spot("Main", &[Test::Adult], 50), TODAY).await.unwrap();
    let id = register.record_check(by, &oak(), &check(place, TODAY, &[(Test::Adult, false)]), 1, TODAY).await.unwrap();
    register.close_check(by, &oak(), id, TODAY, "mended", TODAY).await.unwrap();
    register.withdraw_check(by, &oak(), id, "typed wrongly", 2).await.unwrap();
    register.end_spot(by, &oak(), place, TODAY).await.unwrap();
    let mut rows = register.audit_rows(&Sought::default()).await.unwrap();
    rows.truncate(rows.len() - before);
    let told: Vec<_> = rows.iter().rev().map(|row| (row.object.clone().unwrap(), row.school.clone().unwrap())).collect();
    let wanted = ["check-spot:1", "check:1", "check:1", "check:1", "check-spot:1"];
    assert_eq!(told, wanted.map(|object| (object.to_owned(), "oak".to_owned())));
    for row in &rows {
        assert_eq!((row.action.as_str(), row.role.as_deref()), ("record", Some("technician")));
        let all = format!("{row:?}");
        for word in ["Main", "Quill", "opened", "provider", "mended", "wrongly"] {
            assert!(!all.contains(word), "{word} in {all}");
        }
    }
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}
