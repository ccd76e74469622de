use jiff::civil::{Date, date};
use weir_lake::ids::{SchoolId, UserKey};

use super::accounts::People;
use super::by_command;
use crate::alerts::{NewEvent, NewGroup, What, Who};
use crate::erasure::NewHold;
use crate::records::{By, IncidentAbout, IncidentStep, NewIncident, RecordError};
use crate::{Action, Actor, Register, Role};

const DAY: Date = date(2026, 11, 23);
const NOW: i64 = 1_795_424_400_000_000;

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn key(person: u8) -> UserKey {
    UserKey::parse(&format!("k1-{person:032x}")).unwrap()
}

/// What the form needs at least.
fn new(about: IncidentAbout) -> NewIncident {
    let values = [
        ("happened", "2026-11-20T14:05"),
        ("place", "school"),
        ("source", "staff"),
        ("themes", "drugs hate"),
        ("severity", "high"),
        ("what", "an invented report"),
        ("told_lead", "2026-11-20T15:00"),
    ];
    NewIncident {
        about: Some(about),
        values: values.map(|(name, text)| (name, text.to_owned())).into(),
        ..NewIncident::default()
    }
}

fn closing(outcome: &str) -> NewIncident {
    let values = [("outcome", outcome), ("real", "yes"), ("closed_because", "all is done")];
    NewIncident { values: values.map(|(name, text)| (name, text.to_owned())).into(), ..NewIncident::default() }
}

/// The lead, a head, a chair.
async fn house() -> (People, [By; 3]) {
    let people = People::new().await;
    let mut all = Vec::new();
    for (name, role) in [("lead", Role::Dsl), ("head", Role::Leader), ("chair", Role::Chair)] {
        let id = people.with(&format!("{name}@oak.example"), role).await;
        all.push(By { id, role });
    }
    (people, all.try_into().unwrap())
}

async fn raised(register: &Register, who: Who, person: u8) {
    let event = NewEvent {
        identity: [person; 16],
        at: NOW,
        day: DAY,
        subject: Some(key(person).as_str().into()),
        file_id: "f".into(),
        line_no: i64::from(person),
        what: What::Search,
        severity: 3,
        asks_for_help: false,
        raises: true,
    };
    let group = NewGroup {
        school: oak(),
        who,
        subject: Some(key(person).as_str().into()),
        shared: None,
        theme: "drugs".into(),
        is_illegal: who == Who::Staff,
        score: 40,
        events: vec![event],
    };
    register.raise_alerts(by_command(Action::RaiseAlerts), &[group], Some((1, DAY)), NOW).await.unwrap();
}

fn faults<T: std::fmt::Debug>(done: Result<T, RecordError>) -> Vec<&'static str> {
    match done.unwrap_err() {
        RecordError::Wrong(faults) => faults.into_iter().map(|fault| fault.field).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_was_recorded_stays_and_the_newest_counts() {
    let (people, [lead, head, chair]) = house().await;
    let register = people.accounts.register();
    let mut empty = NewIncident::default();
    empty.values.insert("told_police", "tomorrow".into());
    empty.values.insert("themes", "drugs weather".into());
    empty.keys = "fern.beispiel".into();
    let wrong = faults(register.record_incident(lead, &oak(), &empty, NOW, DAY).await);
    assert_eq!(wrong, ["about", "happened", "place", "source", "themes", "severity", "what", "told_police", "keys"]);
    let late = NewIncident { values: [("happened", "2026-11-24".to_owned())].into(), ..new(IncidentAbout::Pupil) };
    assert!(faults(register.record_incident(lead, &oak(), &late, NOW, DAY).await).contains(&"happened"), "still to come");

    let typed = NewIncident { keys: format!("{}, {}", key(1), key(2)), ..new(IncidentAbout::Pupil) };
    let id = register.record_incident(lead, &oak(), &typed, NOW, DAY).await.unwrap();
    let mut changed = new(IncidentAbout::Head);
    changed.values.insert("told_police", "2026-11-21T09:00".into());
    changed.values.remove("told_lead");
    register.change_incident(head, &oak(), id, &changed, NOW + 1, DAY).await.unwrap();
    let found = register.incident(&oak(), id).await.unwrap().unwrap();
    assert_eq!(found.about, IncidentAbout::Pupil, "whom it is about stays");
    assert_eq!(found.keys, [key(1), key(2)].into(), "keys are never taken away");
    assert_eq!((found.says("told_police"), found.says("told_lead")), ("2026-11-21T09:00", ""));
    assert_eq!(found.steps[0].said["told_lead"], "2026-11-20T15:00", "what stood there before");
    assert_eq!(found.was_told_same_day(), None);

    // Closed by whoever says that it is complete, and with what came of it.
    let unsure = register.close_incident(lead, &oak(), id, &NewIncident::default(), false, NOW + 2, DAY).await;
    assert_eq!(faults(unsure), ["outcome", "real", "closed_because", "sure"]);
    register.close_incident(lead, &oak(), id, &closing("referred"), true, NOW + 2, DAY).await.unwrap();
    assert!(!register.incident(&oak(), id).await.unwrap().unwrap().is_open());
    for again in [
        register.change_incident(lead, &oak(), id, &changed, NOW + 3, DAY).await,
        register.close_incident(lead, &oak(), id, &closing("spoken"), true, NOW + 3, DAY).await,
    ] {
        assert!(matches!(again, Err(RecordError::NoSuch)), "it is closed");
    }
    register.reopen_incident(head, &oak(), id, NOW + 4).await.unwrap();
    let found = register.incident(&oak(), id).await.unwrap().unwrap();
    assert_eq!((found.is_open(), found.says("outcome"), found.says("what")), (true, "", "an invented report"));
    let steps: Vec<IncidentStep> = found.steps.iter().map(|step| step.what).collect();
    assert_eq!(steps, [IncidentStep::Opened, IncidentStep::Changed, IncidentStep::Closed, IncidentStep::Reopened]);
    assert!(matches!(register.reopen_incident(head, &oak(), id, NOW + 5).await, Err(RecordError::NoSuch)));
    // Nobody else, and nowhere else.
    assert!(matches!(register.reopen_incident(chair, &oak(), id, NOW + 5).await, Err(RecordError::NoSuch)));
    let elm = SchoolId::parse("elm").unwrap();
    assert!(matches!(register.change_incident(lead, &elm, id, &changed, NOW + 5, DAY).await, Err(RecordError::NoSuch)));
    assert_eq!(register.incident(&elm, id).await.unwrap(), None);
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn a_referral_names_the_body_that_was_told() {
    let (people, [lead, ..]) = house().await;
    let register = people.accounts.register();
    let id = register.record_incident(lead, &oak(), &new(IncidentAbout::Pupil), NOW, DAY).await.unwrap();
    assert_eq!(faults(register.close_incident(lead, &oak(), id, &closing("referred"), true, NOW, DAY).await), ["outcome"]);
    let mut changed = new(IncidentAbout::Pupil);
    changed.values.insert("told_prevent", "2026-11-22".into());
    register.change_incident(lead, &oak(), id, &changed, NOW, DAY).await.unwrap();
    register.close_incident(lead, &oak(), id, &closing("referred"), true, NOW, DAY).await.unwrap();
    let found = register.incident(&oak(), id).await.unwrap().unwrap();
    assert_eq!(found.told_outside().map(|field| field.name).collect::<Vec<_>>(), ["told_prevent"]);
    assert_eq!(found.was_told_same_day(), Some(true));
}

#[tokio::test]
async fn what_is_about_staff_is_the_heads_and_about_the_head_the_chairs() {
    for (about, readers) in [
        (IncidentAbout::Pupil, &[Role::Leader, Role::Dsl][..]),
        (IncidentAbout::Nobody, &[Role::Leader, Role::Dsl][..]),
        (IncidentAbout::Staff, &[Role::Leader][..]),
        (IncidentAbout::Head, &[Role::Chair][..]),
    ] {
        let found: Vec<Role> = Role::ALL.into_iter().filter(|role| about.is_for(*role)).collect();
        assert_eq!(found, readers, "{about:?}");
    }
    let (people, [lead, head, chair]) = house().await;
    let register = people.accounts.register();
    // A lead may record what they then no longer read.
    let id = register.record_incident(lead, &oak(), &new(IncidentAbout::Head), NOW, DAY).await.unwrap();
    for by in [lead, head] {
        let done = register.change_incident(by, &oak(), id, &new(IncidentAbout::Head), NOW, DAY).await;
        assert!(matches!(done, Err(RecordError::NoSuch)), "{}", by.role);
    }
    register.change_incident(chair, &oak(), id, &new(IncidentAbout::Head), NOW, DAY).await.unwrap();
    // Nobody links an alert that they don't read, nor one of another school.
    raised(register, Who::Staff, 9).await;
    let of_staff = NewIncident { alerts: [1].into(), ..new(IncidentAbout::Staff) };
    assert!(matches!(register.record_incident(lead, &oak(), &of_staff, NOW, DAY).await, Err(RecordError::NoSuch)));
    let elm = SchoolId::parse("elm").unwrap();
    assert!(matches!(register.record_incident(head, &elm, &of_staff, NOW, DAY).await, Err(RecordError::NoSuch)));
    let id = register.record_incident(head, &oak(), &of_staff, NOW, DAY).await.unwrap();
    // Whatever somebody says it is about: under a head's key it is the chair's, then and now.
    register.find_head_keys(&oak(), &[key(7)]).await.unwrap();
    let under = NewIncident { keys: key(7).to_string(), ..new(IncidentAbout::Staff) };
    let under = register.record_incident(head, &oak(), &under, NOW, DAY).await.unwrap();
    assert_eq!(register.incident(&oak(), under).await.unwrap().unwrap().about, IncidentAbout::Head);
    let before = NewIncident { keys: key(6).to_string(), ..new(IncidentAbout::Pupil) };
    let before = register.record_incident(head, &oak(), &before, NOW, DAY).await.unwrap();
    register.tell_head_keys(chair, &oak(), &[key(6)]).await.unwrap();
    assert_eq!(register.incident(&oak(), before).await.unwrap().unwrap().about, IncidentAbout::Head);
    let found = register.incident(&oak(), id).await.unwrap().unwrap();
    assert_eq!((found.keys, found.alerts), ([key(9)].into(), [1].into()));
}

#[tokio::test]
async fn erasing_somebody_takes_their_incidents_and_leaves_those_of_others() {
    let (people, [lead, ..]) = house().await;
    let officer = people.with("dpo@oak.example", Role::DataProtection).await;
    let register = people.accounts.register();
    raised(register, Who::Pupil, 1).await;
    let of = |keys: &[u8], alerts: &[i64]| NewIncident {
        keys: keys.iter().map(|person| key(*person).to_string()).collect::<Vec<_>>().join("\n"),
        alerts: alerts.iter().copied().collect(),
        ..new(IncidentAbout::Pupil)
    };
    let mut ids = Vec::new();
    for incident in [of(&[], &[1]), of(&[1, 2], &[]), of(&[2], &[])] {
        ids.push(register.record_incident(lead, &oak(), &incident, NOW, DAY).await.unwrap());
    }
    let kept = register.kept_about(&oak(), &[key(1)]).await.unwrap();
    let count = |value: &serde_json::Value, of: &str| value[of].as_array().unwrap().len();
    assert_eq!((count(&kept, "alerts"), count(&kept, "incidents")), (1, 2));
    assert_eq!(kept["incidents"][0]["steps"][0]["said"]["what"], "an invented report");
    assert!(!kept.to_string().contains(key(2).as_str()), "others' keys are not theirs to have");
    assert_eq!(count(&register.kept_about(&SchoolId::parse("elm").unwrap(), &[key(1)]).await.unwrap(), "incidents"), 0);

    let hold = NewHold { placed_by: lead.id, school: oak(), key: key(1), review_on: date(2026, 12, 18) };
    register.hold(Actor::Command("anna".into()), &hold, "a case is open", NOW).await.unwrap();
    assert_eq!(register.holds(DAY).await.unwrap()[0].key, key(1), "what erasing looks at before it begins");

    let erasure = register.ask_erasure(Actor::Command("anna".into()), officer, &oak(), &[key(1)], "asked", NOW).await.unwrap();
    register.erasure_done(Actor::Command("anna".into()), erasure, 1, NOW).await.unwrap();
    register.fold_in().await.unwrap();
    assert_eq!(register.incident(&oak(), ids[0]).await.unwrap(), None, "theirs alone");
    let shared = register.incident(&oak(), ids[1]).await.unwrap().unwrap();
    assert_eq!((shared.keys, shared.steps.len()), ([key(2)].into(), 1));
    assert!(register.incident(&oak(), ids[2]).await.unwrap().is_some());
    let bytes = std::fs::read(people.folder.path()).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!has(key(1).as_str()) && has(key(2).as_str()), "not a byte of their key is left");
    // A copy of before comes back: erased again.
    register.record_incident(lead, &oak(), &of(&[3], &[]), NOW, DAY).await.unwrap();
    let is_erased = |found: &UserKey| *found == key(3);
    assert_eq!(register.erase_again(Actor::Command("anna".into()), &is_erased).await.unwrap(), 1);
    assert_eq!(register.incidents(&oak()).await.unwrap().len(), 2);
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn a_step_is_never_changed_behind_weirs_back() {
    let (people, [lead, ..]) = house().await;
    people.accounts.register().record_incident(lead, &oak(), &new(IncidentAbout::Pupil), NOW, DAY).await.unwrap();
    let mut other = people.folder.behind_its_back().await;
    let done = sqlx::query("UPDATE incident_steps SET said = '{}'").execute(&mut other).await;
    assert!(done.unwrap_err().to_string().contains("never changed"));
}
