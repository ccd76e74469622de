use jiff::civil::{Date, date};
use weir_lake::ids::{SchoolId, UserKey};

use super::accounts::People;
use super::by_command;
use crate::alerts::{
    Alert, AlertKind, AlertState, AlertTally, Listed, NewClosing, NewEvent, NewGroup, Raised, RevealState, To, Watch, What, Who,
    next_for,
};
use crate::records::{AlertOutcome, By, RecordError};
use crate::{Action, Register, Role, Sought};

const DAY: Date = date(2026, 11, 23);
const MINUTE: i64 = 60_000_000;
/// When alerts are raised here.
const NOW: i64 = 1_795_424_400_000_000;

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn key(pupil: u8) -> String {
    format!("k1-{pupil:032x}")
}

/// An event of a pupil, some minutes before alerts are raised.
fn event(pupil: u8, number: u8, severity: u8) -> NewEvent {
    NewEvent {
        identity: [pupil, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        at: NOW - i64::from(number) * MINUTE,
        day: DAY,
        subject: Some(key(pupil)),
        file_id: "f".into(),
        line_no: i64::from(number),
        what: What::Search,
        severity,
        asks_for_help: false,
        raises: severity >= 3,
    }
}

fn group(pupil: u8, events: Vec<NewEvent>) -> NewGroup {
    NewGroup {
        school: oak(),
        who: Who::Pupil,
        subject: Some(key(pupil)),
        shared: None,
        theme: "self_harm".into(),
        is_illegal: false,
        score: 40,
        events,
    }
}

fn class(events: Vec<NewEvent>) -> NewGroup {
    NewGroup { who: Who::Class, subject: None, shared: Some([9; 16]), ..group(0, events) }
}

async fn raise(register: &Register, groups: &[NewGroup]) -> Raised {
    register.raise_alerts(by_command(Action::RaiseAlerts), groups, Some((1, DAY)), NOW).await.unwrap()
}

async fn open(register: &Register) -> Vec<Alert> {
    register.alerts(&oak(), Listed::Open).await.unwrap()
}

async fn one(register: &Register, id: i64) -> Alert {
    register.alert(&oak(), id).await.unwrap().unwrap().alert
}

/// The lead, a deputy, a head.
async fn house() -> (People, [By; 3]) {
    let people = People::new().await;
    let mut all = Vec::new();
    for (name, role) in [("lead", Role::Dsl), ("deputy", Role::Dsl), ("head", Role::Leader)] {
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

fn closing(outcome: AlertOutcome, why: &str) -> NewClosing {
    NewClosing { outcome: Some(outcome), why: why.into(), reference: String::new() }
}

#[tokio::test]
async fn the_same_events_again_add_nothing_and_later_ones_join() {
    let (people, _) = house().await;
    let register = people.accounts.register();
    let first = group(1, vec![event(1, 30, 3), event(1, 20, 2)]);
    let raised = raise(register, std::slice::from_ref(&first)).await;
    assert_eq!(raised, Raised { alerts: 1, ..Raised::default() });
    assert_eq!(raise(register, &[first]).await, Raised::default());
    // One that raises nothing alone joins; so does one that came late and is older.
    let later = group(1, vec![event(1, 5, 2), event(1, 50, 3)]);
    assert_eq!(raise(register, &[later]).await, Raised { joined: 1, ..Raised::default() });
    let all = open(register).await;
    assert_eq!(all.len(), 1);
    let alert = &all[0];
    assert_eq!((alert.events, alert.people, alert.severity, alert.state), (4, 1, 3, AlertState::New));
    assert_eq!((alert.first_at, alert.last_at), (NOW - 50 * MINUTE, NOW - 5 * MINUTE));
    assert_eq!(alert.subject, Some(UserKey::parse(&key(1)).unwrap()));
    // A lower one of somebody with nothing open raises nothing, and another theme is another alert.
    assert_eq!(raise(register, &[group(2, vec![event(2, 1, 2)])]).await, Raised::default());
    let other = NewGroup { theme: "drugs".into(), ..group(1, vec![event(1, 3, 3)]) };
    assert_eq!(raise(register, &[other]).await.alerts, 1);
    assert_eq!(register.alerts_looked_at().await.unwrap(), Some((1, DAY)));
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn events_after_a_closing_make_a_new_alert_that_names_the_old() {
    let (people, [lead, ..]) = house().await;
    let register = people.accounts.register();
    raise(register, &[group(1, vec![event(1, 30, 3)])]).await;
    let first = open(register).await[0].id;
    register.take_alert(lead, &oak(), first, NOW).await.unwrap();
    assert!(!register.close_alert(lead, &oak(), first, &closing(AlertOutcome::Spoken, ""), NOW).await.unwrap());
    // The old event with a new one that raises nothing alone: nothing.
    assert_eq!(raise(register, &[group(1, vec![event(1, 30, 3), event(1, 9, 2)])]).await, Raised::default());
    raise(register, &[group(1, vec![event(1, 30, 3), event(1, 8, 3)])]).await;
    let all = open(register).await;
    assert_eq!((all.len(), all[0].follows, all[0].events), (1, Some(first), 1));
    // Nobody opens the old one while the new one is open.
    assert_eq!(fields(register.reopen_alert(lead, &oak(), first, NOW).await), ["reopen"]);
    register.take_alert(lead, &oak(), all[0].id, NOW).await.unwrap();
    register.close_alert(lead, &oak(), all[0].id, &closing(AlertOutcome::Home, "told"), NOW).await.unwrap();
    register.reopen_alert(lead, &oak(), first, NOW).await.unwrap();
    assert_eq!(one(register, first).await.state, AlertState::Taken);
}

#[tokio::test]
async fn an_urgent_one_is_closed_by_two_people_with_a_reason() {
    let (people, [lead, deputy, head]) = house().await;
    let register = people.accounts.register();
    raise(register, &[group(1, vec![event(1, 30, 4)])]).await;
    let id = open(register).await[0].id;
    // Not before somebody looked into it.
    let done = register.close_alert(lead, &oak(), id, &closing(AlertOutcome::Spoken, "safe"), NOW).await;
    assert!(matches!(done, Err(RecordError::NoSuch)));
    register.take_alert(lead, &oak(), id, NOW + 5 * MINUTE).await.unwrap();
    assert_eq!(fields(register.close_alert(lead, &oak(), id, &NewClosing::default(), NOW).await), ["outcome", "why"]);
    assert!(register.close_alert(lead, &oak(), id, &closing(AlertOutcome::Spoken, "safe"), NOW).await.unwrap());
    assert_eq!(one(register, id).await.state, AlertState::Closing);
    for by in [lead, By { role: Role::Leader, ..lead }] {
        assert_eq!(fields(register.answer_closing(by, &oak(), id, true, NOW).await), ["agree"]);
    }
    let refused = Sought { outcome: Some(crate::Outcome::Refused), object: Some(format!("alert:{id}")), ..Sought::default() };
    assert_eq!(register.audit_rows(&refused).await.unwrap().len(), 2);
    // It stays open, is asked for again, and the head agrees.
    register.answer_closing(deputy, &oak(), id, false, NOW).await.unwrap();
    assert_eq!(one(register, id).await.closing, None);
    register.close_alert(lead, &oak(), id, &closing(AlertOutcome::Spoken, "safe"), NOW).await.unwrap();
    register.answer_closing(head, &oak(), id, true, NOW).await.unwrap();
    let alert = one(register, id).await;
    assert_eq!((alert.state, alert.acknowledged_at), (AlertState::Closed, Some(NOW + 5 * MINUTE)));
    assert!(alert.closing.unwrap().second.is_some());
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn the_file_itself_keeps_to_two_people() {
    let (people, [lead, deputy, _]) = house().await;
    let register = people.accounts.register();
    raise(register, &[group(1, vec![event(1, 30, 4)]), NewGroup { is_illegal: true, ..group(2, vec![event(2, 30, 3)]) }]).await;
    raise(register, &[group(3, vec![event(3, 30, 3)])]).await;
    let mut other = people.folder.behind_its_back().await;
    let all = open(register).await;
    let kinds: Vec<_> = all.iter().map(|alert| (alert.severity, alert.kind)).collect();
    assert_eq!(kinds, [(4, AlertKind::Person), (3, AlertKind::Illegal), (3, AlertKind::Person)], "urgent ones first");
    let close = |id: i64, why: &str, second: String| {
        format!(
            "UPDATE alerts SET state = 'closed', holder = {0}, outcome = 'spoken', close_why = '{why}', close_by = {0}, close_at = 1,
             second_by = {second} WHERE id = {id}",
            lead.id
        )
    };
    for id in [all[0].id, all[1].id] {
        for (why, second) in [("safe", "NULL".to_owned()), ("safe", lead.id.to_string()), ("", deputy.id.to_string())] {
            let done = sqlx::query(sqlx::AssertSqlSafe(close(id, why, second))).execute(&mut other).await;
            assert!(done.unwrap_err().to_string().contains("CHECK"));
        }
        sqlx::query(sqlx::AssertSqlSafe(close(id, "safe", deputy.id.to_string()))).execute(&mut other).await.unwrap();
    }
    sqlx::query(sqlx::AssertSqlSafe(close(all[2].id, "", "NULL".to_owned()))).execute(&mut other).await.unwrap();
}

#[tokio::test]
async fn events_that_join_take_back_a_closing_and_may_make_it_urgent() {
    let (people, [lead, ..]) = house().await;
    let register = people.accounts.register();
    raise(register, &[group(1, vec![event(1, 30, 4)]), group(2, vec![event(2, 30, 3)])]).await;
    let (urgent, plain) = (open(register).await[0].id, open(register).await[1].id);
    for id in [urgent, plain] {
        register.take_alert(lead, &oak(), id, NOW).await.unwrap();
    }
    register.close_alert(lead, &oak(), urgent, &closing(AlertOutcome::Spoken, "safe"), NOW).await.unwrap();
    let later = [group(1, vec![event(1, 2, 2)]), group(2, vec![event(2, 2, 4)])];
    register.raise_alerts(by_command(Action::RaiseAlerts), &later, Some((2, DAY)), NOW + MINUTE).await.unwrap();
    assert_eq!(one(register, urgent).await.state, AlertState::Taken);
    let alert = one(register, plain).await;
    assert_eq!((alert.state, alert.severity, alert.raised_at), (AlertState::New, 4, NOW + MINUTE));
    assert_eq!(alert.acknowledged_at, Some(NOW), "the first time stands");
}

#[tokio::test]
async fn a_lesson_takes_in_what_was_raised_before_it_was_whole() {
    let (people, [lead, ..]) = house().await;
    let register = people.accounts.register();
    let alone = |pupil| group(pupil, vec![event(pupil, 30, 3)]);
    raise(register, &[alone(1), alone(2), group(3, vec![event(3, 30, 3), event(3, 3, 3)])]).await;
    let taken = open(register).await.iter().find(|alert| alert.subject == UserKey::parse(&key(2)).ok()).unwrap().id;
    register.take_alert(lead, &oak(), taken, NOW).await.unwrap();
    let all = (1..=5).map(|pupil| event(pupil, 30, 3)).collect();
    let raised = raise(register, &[class(all)]).await;
    assert_eq!((raised.alerts, raised.folded), (1, 1));
    let open = open(register).await;
    let lesson = open.iter().find(|alert| alert.kind == AlertKind::Lesson).unwrap();
    assert_eq!(open.last().unwrap().id, lesson.id, "after those that are one pupil's");
    assert_eq!((lesson.who, lesson.subject.is_none(), lesson.events, lesson.people), (Who::Class, true, 4, 4));
    // What somebody has taken stays theirs; what has more than the lesson stays open with the rest.
    assert_eq!(one(register, taken).await.events, 1);
    let rest = open.iter().find(|alert| alert.subject == UserKey::parse(&key(3)).ok()).unwrap();
    assert_eq!(rest.events, 1);
    let over = register.alerts(&oak(), Listed::Over).await.unwrap();
    assert_eq!((over.len(), over[0].folded_into), (1, Some(lesson.id)));
}

#[tokio::test]
async fn the_head_sees_staff_and_what_nobody_takes() {
    let (people, [lead, deputy, head]) = house().await;
    let register = people.accounts.register();
    let staff = NewGroup { who: Who::Staff, is_illegal: true, ..group(9, vec![event(9, 30, 3)]) };
    raise(register, &[group(1, vec![event(1, 30, 4)]), group(2, vec![event(2, 30, 3)]), staff]).await;
    let all = open(register).await;
    let of = |pupil: u8| all.iter().find(|alert| alert.subject == UserKey::parse(&key(pupil)).ok()).unwrap();
    let sees = |by: By, pupil: u8, minutes: i64| of(pupil).is_for(by.role, by.id, NOW + minutes * MINUTE);
    assert!(sees(lead, 1, 0) && sees(deputy, 2, 0) && !sees(lead, 9, 500));
    assert!(sees(head, 9, 0) && !sees(head, 1, 59) && sees(head, 1, 60) && !sees(head, 2, 500));
    for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Dsl | Role::Leader)) {
        assert!(all.iter().all(|alert| !alert.is_for(role, lead.id, NOW + 500 * MINUTE)), "{role}");
    }
    // The head takes what nobody took, and keeps it in sight; the lead can't act on a member of staff's.
    register.take_alert(head, &oak(), of(1).id, NOW + 61 * MINUTE).await.unwrap();
    assert!(one(register, of(1).id).await.is_for(Role::Leader, head.id, NOW + 62 * MINUTE));
    let done = register.take_alert(lead, &oak(), of(9).id, NOW).await;
    assert!(matches!(done, Err(RecordError::NoSuch)));
    let elsewhere = register.take_alert(lead, &SchoolId::parse("elm").unwrap(), of(2).id, NOW).await;
    assert!(matches!(elsewhere, Err(RecordError::NoSuch)));
}

#[tokio::test]
async fn who_is_told_and_when() {
    let (people, [lead, _, head]) = house().await;
    let register = people.accounts.register();
    let staff = NewGroup { who: Who::Staff, ..group(9, vec![event(9, 30, 3)]) };
    raise(register, &[group(1, vec![event(1, 30, 4)]), group(2, vec![event(2, 30, 3)]), staff]).await;
    let all = open(register).await;
    let urgent = &all[0];
    let due = async |minutes: i64| -> Vec<(i64, To, bool)> {
        let due = register.due_notices(NOW + minutes * MINUTE).await.unwrap();
        due.iter().map(|notice| (notice.alert, notice.to, notice.is_urgent)).collect()
    };
    let (plain, of_staff) = (
        all.iter().find(|one| one.severity == 3 && one.who == Who::Pupil).unwrap().id,
        all.iter().find(|one| one.who == Who::Staff).unwrap().id,
    );
    assert_eq!(due(0).await, [(urgent.id, To::Lead, true), (plain, To::Lead, false), (of_staff, To::Head, false)]);
    // Nobody is named: no deputies apart from the lead, and nobody out of hours.
    assert_eq!(next_for(urgent, &Watch::default(), NOW), Some((To::Head, NOW + 60 * MINUTE)));
    assert_eq!(next_for(urgent, &Watch::default(), NOW + 60 * MINUTE), None);
    let watch = Watch { lead: Some(lead.id), contact: "Wren Beispiel".into(), reach: "01632 960001".into() };
    assert_eq!(fields(register.set_watch(head, &oak(), &Watch { reach: String::new(), ..watch.clone() }, NOW).await), ["reach"]);
    register.set_watch(head, &oak(), &watch, NOW).await.unwrap();
    assert_eq!(register.watch(&oak()).await.unwrap(), watch);
    for notice in register.due_notices(NOW).await.unwrap() {
        register.notice_sent(&notice, NOW).await.unwrap();
    }
    assert_eq!(due(29).await, []);
    assert_eq!(due(30).await, [(urgent.id, To::Deputies, true)]);
    assert_eq!(due(60).await, [(urgent.id, To::Deputies, true), (urgent.id, To::Head, true)]);
    assert_eq!(due(90).await.last(), Some(&(urgent.id, To::Contact, true)));
    register.take_alert(lead, &oak(), urgent.id, NOW + 31 * MINUTE).await.unwrap();
    assert_eq!(due(90).await, []);
}

#[tokio::test]
async fn a_reveal_is_a_row_first_and_stays_with_whoever_holds_it() {
    let (people, [lead, deputy, head]) = house().await;
    let register = people.accounts.register();
    raise(register, &[group(1, vec![event(1, 30, 3)])]).await;
    let id = open(register).await[0].id;
    register.take_alert(lead, &oak(), id, NOW).await.unwrap();
    let alert = one(register, id).await;
    let subject = alert.subject.clone().unwrap();
    assert_eq!(fields(register.reveal(lead, &oak(), &subject, " 12 ", Some(&alert), NOW).await), ["reason"]);
    let receipt = register.reveal(lead, &oak(), &subject, "to speak with the pupil", Some(&alert), NOW).await.unwrap();
    let row = &register.audit_rows(&Sought { about: Some(subject.clone()), ..Sought::default() }).await.unwrap()[0];
    assert_eq!((row.number, row.action.as_str()), (receipt.number(), "reveal"));
    assert!(row.detail.contains(&format!("\"alert\":{id}")));
    receipt.spend(Action::Reveal, Some(&subject)).unwrap();
    assert_eq!(register.alert(&oak(), id).await.unwrap().unwrap().revealed_to, [lead.id]);
    let again = register.reveal_again(lead, &oak(), &subject, &alert).await.unwrap();
    again.spend(Action::Reveal, Some(&subject)).unwrap();
    // A pupil's name is shown under no other role.
    let done = register.reveal(head, &oak(), &subject, "asked by the police", None, NOW).await;
    assert!(matches!(done, Err(RecordError::NoSuch)));
    let ask = register.ask_staff_name(head, &oak(), &subject, ("asked by the police", Some(deputy.id)), None, NOW).await.unwrap();
    register.answer_staff_name(deputy.id, ask, true, NOW).await.unwrap();
    let _receipt = register.staff_name_shown(head, &oak(), ask, NOW).await.unwrap();
    let _receipt = register.find_key(lead, &oak(), "a worry of the class teacher").await.unwrap();
    let all = register.reveals(&oak(), (0, i64::MAX), None).await.unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.role, one.is_find, one.is_staff, one.alert, one.second.is_some())).collect();
    assert_eq!(
        told,
        [
            (Some(Role::Dsl), true, false, None, false),
            (Some(Role::Leader), false, true, None, true),
            (Some(Role::Dsl), false, false, Some(id), false),
        ]
    );
    assert_eq!(register.reveals(&oak(), (0, i64::MAX), Some(Role::Leader)).await.unwrap().len(), 1);
    assert_eq!(register.reveals(&SchoolId::parse("elm").unwrap(), (0, i64::MAX), None).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_name_of_staff_takes_two_within_a_day() {
    let (people, [lead, deputy, head]) = house().await;
    let register = people.accounts.register();
    let chair = By { id: people.with("chair@oak.example", Role::Chair).await, role: Role::Chair };
    let staff = UserKey::parse(&key(9)).unwrap();
    let day = 24 * 60 * MINUTE;
    let ask =
        async |by: By, second| register.ask_staff_name(by, &oak(), &staff, ("asked by the police", second), None, NOW).await;
    for second in [None, Some(head.id)] {
        assert_eq!(fields(ask(head, second).await), ["second"]);
    }
    for by in [lead, chair] {
        assert!(matches!(ask(by, Some(deputy.id)).await, Err(RecordError::NoSuch)), "{}", by.role);
    }
    let state = async |id: i64, at: i64| {
        let all = register.staff_names_asked(&oak()).await.unwrap();
        all.iter().find(|one| one.id == id).unwrap().state(at)
    };
    // Asked, and not answered: nobody is shown anything, whoever asks.
    let id = ask(head, Some(deputy.id)).await.unwrap();
    for by in [head, lead] {
        assert!(register.staff_name_shown(by, &oak(), id, NOW).await.is_err());
    }
    // Nobody answers for the second person, and they not for another; not a minute too late.
    for account in [head.id, lead.id] {
        assert!(matches!(register.answer_staff_name(account, id, true, NOW).await, Err(RecordError::NoSuch)));
    }
    assert_eq!((state(id, NOW + day).await, state(id, NOW + day + 1).await), (RevealState::Waiting, RevealState::Lapsed));
    assert!(register.answer_staff_name(deputy.id, id, true, NOW + day + 1).await.is_err());
    // Confirmed: shown once, and for a day.
    register.answer_staff_name(deputy.id, id, true, NOW + day).await.unwrap();
    assert!(register.answer_staff_name(deputy.id, id, false, NOW + day).await.is_err(), "answered once");
    assert_eq!(state(id, NOW + 2 * day + 1).await, RevealState::Lapsed);
    assert!(register.staff_name_shown(head, &oak(), id, NOW + 2 * day + 1).await.is_err());
    let (whose, receipt) = register.staff_name_shown(head, &oak(), id, NOW + 2 * day).await.unwrap();
    assert_eq!(whose, staff);
    receipt.spend(Action::Reveal, Some(&staff)).unwrap();
    assert!(register.staff_name_shown(head, &oak(), id, NOW + 2 * day).await.is_err(), "once");
    // A no is a no.
    let id = ask(head, Some(deputy.id)).await.unwrap();
    register.answer_staff_name(deputy.id, id, false, NOW).await.unwrap();
    assert_eq!(state(id, NOW).await, RevealState::Declined);
    assert!(register.staff_name_shown(head, &oak(), id, NOW).await.is_err());
    // Nor behind Weir's back.
    let mut other = people.folder.behind_its_back().await;
    let done = sqlx::query("UPDATE staff_reveals SET shown_at = answered_at WHERE id = ?").bind(id).execute(&mut other).await;
    assert!(done.unwrap_err().to_string().contains("CHECK"));
    // The head's own name is nobody's to ask for at school.
    register.tell_head_keys(chair, &oak(), std::slice::from_ref(&staff)).await.unwrap();
    assert!(matches!(ask(head, Some(deputy.id)).await, Err(RecordError::NoSuch)));
    let row = |action: &str| Sought { action: Some(action.into()), ..Sought::default() };
    let told = async |action: &str| {
        let rows = register.audit_rows(&row(action)).await.unwrap();
        rows.iter().map(|row| row.outcome.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("confirm-reveal").await, ["done", "done"]);
    assert_eq!(told("ask-reveal").await, ["refused", "done", "done", "refused", "refused"]);
    assert_eq!(told("reveal").await.iter().filter(|outcome| *outcome == "done").count(), 1);
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn what_is_about_the_head_is_the_chairs_alone() {
    let (people, [lead, deputy, head]) = house().await;
    let register = people.accounts.register();
    let chair = By { id: people.with("chair@oak.example", Role::Chair).await, role: Role::Chair };
    let vice = By { id: people.with("vice@oak.example", Role::Chair).await, role: Role::Chair };
    let staff = |person: u8| NewGroup { who: Who::Staff, is_illegal: true, ..group(person, vec![event(person, 30, 4)]) };
    raise(register, &[staff(8), group(1, vec![event(1, 30, 4)])]).await;
    let of =
        async |person: u8| open(register).await.into_iter().find(|one| one.subject == UserKey::parse(&key(person)).ok()).unwrap();
    let reads = |alert: &Alert| -> Vec<Role> {
        let all = [lead, head, chair].into_iter();
        all.filter(|by| alert.is_for(by.role, by.id, NOW + 500 * MINUTE)).map(|by| by.role).collect()
    };
    assert_eq!(reads(&of(8).await), [Role::Leader], "nobody knows yet that it is the head");
    register.take_alert(head, &oak(), of(8).await.id, NOW).await.unwrap();
    // The chair names one log-in, and the head's address gives another key: what was there comes to the chair too, whoever holds it.
    let parse = |person: u8| UserKey::parse(&key(person)).unwrap();
    register.tell_head_keys(chair, &oak(), &[parse(8)]).await.unwrap();
    register.find_head_keys(&oak(), &[parse(9)]).await.unwrap();
    raise(register, &[staff(9), staff(7)]).await;
    for person in [8, 9] {
        assert_eq!(reads(&of(person).await), [Role::Chair], "{person}");
    }
    assert_eq!((reads(&of(7).await), reads(&of(1).await)), (vec![Role::Leader], vec![Role::Dsl, Role::Leader]));
    let due = register.due_notices(NOW).await.unwrap();
    let nine = of(9).await.id;
    let told: Vec<To> = due.iter().filter(|notice| notice.alert == nine).map(|notice| notice.to).collect();
    assert_eq!(told, [To::Chair]);
    // The address changes, and a log-in was wrong: what came to the chair stays there.
    register.find_head_keys(&oak(), &[]).await.unwrap();
    register.forget_head_keys(chair, &oak()).await.unwrap();
    assert_eq!(register.head_keys(&oak()).await.unwrap(), []);
    assert_eq!(reads(&of(9).await), [Role::Chair]);
    // Taken and closed by two who chair; nobody at school can.
    let id = of(9).await.id;
    for by in [lead, head, deputy] {
        assert!(matches!(register.take_alert(by, &oak(), id, NOW).await, Err(RecordError::NoSuch)));
    }
    register.take_alert(chair, &oak(), id, NOW).await.unwrap();
    register.close_alert(chair, &oak(), id, &closing(AlertOutcome::Referred, "told to the LADO"), NOW).await.unwrap();
    assert!(register.answer_closing(chair, &oak(), id, true, NOW).await.is_err());
    register.answer_closing(vice, &oak(), id, true, NOW).await.unwrap();
    assert_eq!(one(register, id).await.state, AlertState::Closed);
}

#[tokio::test]
async fn alerts_are_counted_by_what_came_of_them() {
    let (people, [lead, deputy, _]) = house().await;
    let register = people.accounts.register();
    let alone = |pupil, severity| group(pupil, vec![event(pupil, 60, severity)]);
    raise(
        register,
        &[alone(1, 4), alone(2, 3), alone(3, 3), alone(4, 3), class((11..=15).map(|pupil| event(pupil, 60, 3)).collect())],
    )
    .await;
    let drugs = NewGroup { theme: "drugs".into(), ..group(1, vec![event(1, 60 + 1, 3)]) };
    raise(register, &[drugs]).await;
    let all = open(register).await;
    let id = |pupil: u8| {
        all.iter().find(|one| one.theme == "self_harm" && one.subject == UserKey::parse(&key(pupil)).ok()).unwrap().id
    };
    for (pupil, hours) in [(1, 0), (2, 1), (3, 8)] {
        register.take_alert(lead, &oak(), id(pupil), NOW + hours * 60 * MINUTE).await.unwrap();
    }
    register.close_alert(lead, &oak(), id(1), &closing(AlertOutcome::Referred, "told"), NOW).await.unwrap();
    register.answer_closing(deputy, &oak(), id(1), true, NOW).await.unwrap();
    register.close_alert(lead, &oak(), id(2), &closing(AlertOutcome::Lesson, ""), NOW).await.unwrap();
    let facts = register.alert_facts(&oak(), (NOW, NOW + 1)).await.unwrap();
    let tally = AlertTally::of(&facts);
    assert_eq!((tally.raised, tally.urgent, tally.lessons, tally.acknowledged), (6, 1, 1, 3));
    assert_eq!((tally.open, tally.closed, tally.false_alarms), (4, 2, 1));
    // Four pupils alone, one of them twice, and five in a class.
    assert_eq!(tally.people, 4 + 5);
    // An hour before they were raised, and taken 0, 1 and 8 hours after: 1, 2 and 9 hours.
    assert_eq!((tally.median_hours, tally.hours_of_nine_in_ten), (Some(2.0), Some(9.0)));
    assert_eq!(register.alert_facts(&oak(), (0, NOW)).await.unwrap(), []);
    assert_eq!(AlertTally::of(&[]), AlertTally::default());

    // What figures are made of: no class, no key, and a lesson is a false alarm.
    let counted = register.counted(|_| jiff::tz::TimeZone::UTC).await.unwrap().alerts;
    let of = |number: i64| counted.iter().find(|alert| alert.number == number).unwrap();
    assert_eq!(counted.len(), 5);
    let (first, second, fourth) = (of(id(1)), of(id(2)), of(id(4)));
    assert_eq!((first.happened, first.acknowledged, first.closed), ((DAY, 480), Some((DAY, 540)), Some(DAY)));
    assert_eq!((first.outcome.as_deref(), second.outcome.as_deref()), (Some("referred"), Some("false_positive")));
    assert_eq!((fourth.acknowledged, fourth.closed, fourth.outcome.as_deref()), (None, None, None));
    let mut pupils: Vec<i64> = counted.iter().map(|alert| alert.pupil).collect();
    pupils.sort_unstable();
    pupils.dedup();
    assert_eq!(pupils.len(), 4);
}
