use jiff::civil::{Date, date};
use weir_lake::ids::SchoolId;

use super::accounts::People;
use crate::records::{By, ChangeState, ChangeTally, Kind, NewChange, PolicyLine, RecordError, UserGroup};
use crate::{Register, Role, Sought};

/// A Monday.
const TODAY: Date = date(2026, 11, 23);

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn new(kind: Kind) -> NewChange {
    NewChange {
        kind: Some(kind),
        what: "video.example".into(),
        group: Some(UserGroup::From7),
        reason: "a lesson about rivers".into(),
        risk: "other videos; the teacher watches".into(),
        from: TODAY,
        until: Some(date(2026, 11, 27)),
    }
}

/// A technician, a safeguarding lead, a second one, a head.
async fn house() -> (People, [By; 4]) {
    let people = People::new().await;
    let mut all = Vec::new();
    for (name, role) in [("tech", Role::Technician), ("lead", Role::Dsl), ("deputy", Role::Dsl), ("head", Role::Leader)] {
        let id = people.with(&format!("{name}@oak.example"), role).await;
        all.push(By { id, role });
    }
    (people, all.try_into().unwrap())
}

fn fields(done: Result<impl std::fmt::Debug, RecordError>) -> Vec<&'static str> {
    match done.unwrap_err() {
        RecordError::Wrong(faults) => faults.into_iter().map(|fault| fault.field).collect(),
        other => panic!("{other}"),
    }
}

async fn state(register: &Register, id: i64, on: Date) -> ChangeState {
    register.changes(&oak()).await.unwrap().change(id).unwrap().state(on)
}

#[tokio::test]
async fn whoever_asks_never_decides() {
    let (people, [technician, lead, deputy, head]) = house().await;
    let register = people.accounts.register();
    // Asked by the lead: she can't approve it under any role, nor refuse it.
    let id = register.ask_change(lead, &oak(), &new(Kind::Policy), TODAY).await.unwrap();
    for by in [lead, By { role: Role::Leader, ..lead }] {
        for approves in [Some(true), Some(false), None] {
            assert_eq!(fields(register.decide_change(by, &oak(), id, approves, "mine", TODAY).await), ["decision"]);
        }
    }
    assert_eq!(state(register, id, TODAY).await, ChangeState::Waiting);
    let refused = Sought { outcome: Some(crate::Outcome::Refused), object: Some(format!("change:{id}")), ..Sought::default() };
    assert_eq!(register.audit_rows(&refused).await.unwrap().len(), 6);
    // Nor does a technician, whose role decides nothing.
    assert_eq!(fields(register.decide_change(technician, &oak(), id, Some(true), "ok", TODAY).await), ["decision"]);
    assert_eq!(fields(register.decide_change(deputy, &oak(), id, None, " ", TODAY).await), ["decision", "why"]);
    register.decide_change(deputy, &oak(), id, Some(true), "no other way", TODAY).await.unwrap();
    assert_eq!(state(register, id, TODAY).await, ChangeState::Approved);
    // Decided once.
    assert!(matches!(register.decide_change(head, &oak(), id, Some(false), "no", TODAY).await, Err(RecordError::NoSuch)));
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn the_file_itself_keeps_to_two_people() {
    let (people, [technician, lead, ..]) = house().await;
    let register = people.accounts.register();
    let id = register.ask_change(technician, &oak(), &new(Kind::Policy), TODAY).await.unwrap();
    let mut other = people.folder.behind_its_back().await;
    let decide = |by: String| {
        format!("UPDATE changes SET decision = 'approved', decided_by = {by}, decided_on = '2026-11-23' WHERE id = {id}")
    };
    let run = |statement: String| sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
    assert!(run(decide(technician.id.to_string())).execute(&mut other).await.unwrap_err().to_string().contains("CHECK"));
    run(decide(lead.id.to_string())).execute(&mut other).await.unwrap();
    let made = |by: String| format!("UPDATE changes SET made_on = '2026-11-23', made_by = {by} WHERE id = {id}");
    assert!(run(made(lead.id.to_string())).execute(&mut other).await.unwrap_err().to_string().contains("CHECK"));
    run(made(technician.id.to_string())).execute(&mut other).await.unwrap();
}

#[tokio::test]
async fn a_bypass_is_agreed_with_the_safeguarding_lead_and_ends() {
    let (people, [technician, lead, _, head]) = house().await;
    let register = people.accounts.register();
    let bare = NewChange { risk: String::new(), until: None, ..new(Kind::Bypass) };
    assert_eq!(fields(register.ask_change(technician, &oak(), &bare, TODAY).await), ["risk", "until"]);
    let backwards = NewChange { from: date(2026, 11, 22), until: Some(date(2026, 11, 20)), ..new(Kind::Bypass) };
    assert_eq!(fields(register.ask_change(technician, &oak(), &backwards, TODAY).await), ["from", "until"]);
    let empty = NewChange {
        kind: None,
        what: " ".into(),
        group: None,
        reason: "\n".into(),
        risk: String::new(),
        from: TODAY,
        until: None,
    };
    assert_eq!(fields(register.ask_change(technician, &oak(), &empty, TODAY).await), ["kind", "what", "group", "reason"]);

    let id = register.ask_change(technician, &oak(), &new(Kind::Bypass), TODAY).await.unwrap();
    assert_eq!(fields(register.decide_change(head, &oak(), id, Some(true), "ok", TODAY).await), ["decision"]);
    register.decide_change(lead, &oak(), id, Some(true), "a film in class would do less", TODAY).await.unwrap();
    // Whoever approved it does not make it, not even under the name of a firm.
    for firm in ["", "Quill  beispiel"] {
        assert_eq!(fields(register.change_made(lead, &oak(), id, TODAY, firm, TODAY).await), ["firm"], "{firm}");
    }
    assert_eq!(fields(register.change_made(technician, &oak(), id, date(2026, 11, 22), "", TODAY).await), ["made_on"]);
    assert!(matches!(register.change_ended(technician, &oak(), id, TODAY, TODAY).await, Err(RecordError::NoSuch)));
    register.change_made(technician, &oak(), id, TODAY, "", TODAY).await.unwrap();
    // In force to its last day; then late, until somebody says that it was taken back.
    let (last, after) = (date(2026, 11, 27), date(2026, 11, 28));
    assert_eq!(state(register, id, last).await, ChangeState::Made);
    assert_eq!(state(register, id, after).await, ChangeState::Late);
    assert_eq!(fields(register.change_ended(technician, &oak(), id, date(2026, 11, 29), after).await), ["ended_on"]);
    register.change_ended(technician, &oak(), id, after, after).await.unwrap();
    assert_eq!(state(register, id, after).await, ChangeState::Ended);
    // One that is approved and never made ends by itself.
    let id = register.ask_change(technician, &oak(), &new(Kind::Bypass), TODAY).await.unwrap();
    register.decide_change(lead, &oak(), id, Some(true), "why not", TODAY).await.unwrap();
    assert_eq!((state(register, id, last).await, state(register, id, after).await), (ChangeState::Approved, ChangeState::Ended));
}

#[tokio::test]
async fn an_organisation_outside_may_make_what_its_messenger_approved() {
    let (people, [technician, lead, ..]) = house().await;
    let register = people.accounts.register();
    let id = register.ask_change(technician, &oak(), &new(Kind::Unblock), TODAY).await.unwrap();
    register.decide_change(lead, &oak(), id, Some(true), "it teaches", TODAY).await.unwrap();
    register.change_made(lead, &oak(), id, TODAY, "Filter Firm Ltd", TODAY).await.unwrap();
    let book = register.changes(&oak()).await.unwrap();
    assert_eq!(book.change(id).unwrap().made, Some((TODAY, "Filter Firm Ltd".into())));
}

#[tokio::test]
async fn another_school_and_another_person_change_nothing() {
    let (people, [technician, lead, deputy, _]) = house().await;
    let register = people.accounts.register();
    let elm = SchoolId::parse("elm").unwrap();
    let id = register.ask_change(technician, &oak(), &new(Kind::Unblock), TODAY).await.unwrap();
    let no_such = |done: Result<(), RecordError>| matches!(done, Err(RecordError::NoSuch));
    assert!(no_such(register.decide_change(lead, &elm, id, Some(true), "ok", TODAY).await));
    assert!(no_such(register.withdraw_change(lead, &oak(), id, TODAY).await), "only whoever asked");
    assert!(no_such(register.withdraw_change(technician, &elm, id, TODAY).await));
    assert!(no_such(register.change_made(technician, &oak(), id, TODAY, "", TODAY).await), "nobody has approved it");
    register.withdraw_change(technician, &oak(), id, TODAY).await.unwrap();
    assert_eq!(state(register, id, TODAY).await, ChangeState::Withdrawn);
    assert!(no_such(register.decide_change(deputy, &oak(), id, Some(true), "ok", TODAY).await));
    assert_eq!(register.changes(&elm).await.unwrap().changes, []);
}

#[tokio::test]
async fn decisions_are_counted_and_timed_in_weekdays() {
    let (people, [technician, lead, ..]) = house().await;
    let register = people.accounts.register();
    let decided = async |asked: Date, on: Option<(Date, bool)>| {
        let new = NewChange { from: asked, until: None, ..new(Kind::Unblock) };
        let id = register.ask_change(technician, &oak(), &new, asked).await.unwrap();
        if let Some((on, approves)) = on {
            register.decide_change(lead, &oak(), id, Some(approves), "because", on).await.unwrap();
        }
    };
    // Friday 20 November 2026 to the Monday is one weekday; Monday 16 to Friday 20 is four; the same day is none.
    decided(date(2026, 11, 20), Some((TODAY, true))).await;
    decided(date(2026, 11, 16), Some((date(2026, 11, 20), false))).await;
    let tally = async |kinds: &[Kind]| register.changes(&oak()).await.unwrap().tally(kinds, |day| day >= date(2026, 9, 1), TODAY);
    let wanted = ChangeTally { asked: 2, granted: 1, refused: 1, median_weekdays: Some(2.5), ..ChangeTally::default() };
    assert_eq!(tally(&[Kind::Unblock]).await, wanted);
    decided(TODAY, Some((TODAY, true))).await;
    decided(TODAY, None).await;
    // Of last year: not counted.
    decided(date(2026, 8, 31), Some((date(2026, 8, 31), true))).await;
    let wanted = ChangeTally { asked: 4, waiting: 1, granted: 2, median_weekdays: Some(1.0), ..wanted };
    assert_eq!(tally(&[Kind::Unblock, Kind::Bypass]).await, wanted);
    assert_eq!(tally(&[Kind::Policy]).await, ChangeTally::default());
}

#[tokio::test]
async fn rows_of_the_policy_stand_with_their_change() {
    let people = People::new().await;
    let register = &people.folder.register;
    let by = By { id: people.with("tech@oak.example", Role::Technician).await, role: Role::Technician };
    let row = PolicyLine {
        who: "staff".into(),
        category: "games".into(),
        expected: "allow".into(),
        reason: "Used in lessons.".into(),
        from: TODAY,
        to: None,
    };
    let new = new(Kind::Policy);
    let other = PolicyLine { category: "gambling".into(), expected: "warn".into(), to: Some(TODAY), ..row.clone() };
    let rows = [row.clone(), other];
    let id = register.ask_policy_rows(by, &oak(), &new, &rows, TODAY).await.unwrap();
    assert_eq!(register.policy_rows(&oak(), id).await.unwrap(), rows);
    assert!(register.policy_rows(&SchoolId::parse("elm").unwrap(), id).await.unwrap().is_empty(), "another school's");
    // One bad row, and nothing is asked for.
    for (odd, field) in [
        (PolicyLine { who: " ".into(), ..row.clone() }, "who"),
        (PolicyLine { category: String::new(), ..row.clone() }, "category"),
        (PolicyLine { expected: "deny".into(), ..row.clone() }, "expected"),
        (PolicyLine { reason: "two\nlines".into(), ..row.clone() }, "reason"),
        (PolicyLine { from: TODAY.yesterday().unwrap(), ..row.clone() }, "from"),
        (PolicyLine { to: TODAY.yesterday().ok(), ..row.clone() }, "to"),
    ] {
        let refused = register.ask_policy_rows(by, &oak(), &new, &[row.clone(), odd], TODAY).await.unwrap_err();
        assert!(
            matches!(&refused, (Some(1), RecordError::Wrong(faults)) if faults.len() == 1 && faults[0].field == field),
            "{field}: {refused:?}"
        );
    }
    assert!(register.ask_policy_rows(by, &oak(), &new, &[], TODAY).await.is_err());
    assert_eq!(register.changes(&oak()).await.unwrap().changes.len(), 1);
}
