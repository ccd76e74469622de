use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use weir_lake::ids::{SchoolId, UserKey};

use super::accounts::People;
use crate::records::{By, Counted, Device, Kind, NewChange, NewCheck, NewSpot, Test, UserGroup, View};
use crate::{Act, Action, Actor, Register, Role};

/// A Monday.
const TODAY: Date = date(2026, 11, 23);

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

async fn counted(register: &Register) -> Counted {
    register.counted(|_| TimeZone::UTC).await.unwrap()
}

async fn person(people: &People, name: &str, role: Role) -> By {
    By { id: people.with(&format!("{name}@oak.example"), role).await, role }
}

#[tokio::test]
async fn checks_and_changes_are_counted_without_words() {
    let people = People::new().await;
    let register = people.accounts.register();
    let (technician, lead) = (person(&people, "tech", Role::Technician).await, person(&people, "lead", Role::Dsl).await);
    let spot = NewSpot {
        site: "Main".into(),
        device: Some(Device::Tablet),
        group: Some(UserGroup::From7),
        tests: vec![Test::Adult, Test::Terrorism],
        every_days: 50,
    };
    let place = register.plan_checks(technician, &oak(), &spot, TODAY).await.unwrap();
    let check = |passed: bool| NewCheck {
        spot: Some(place),
        day: TODAY,
        done_by: "Quill Beispiel".into(),
        view: Some(View::Both),
        results: BTreeMap::from([(Test::Adult, passed)]),
        found: "the test page opened".into(),
        action: "ask the provider".into(),
        owner: "Quill Beispiel".into(),
        due: Some(TODAY),
    };
    let by_mistake = register.record_check(technician, &oak(), &check(true), 0, TODAY).await.unwrap();
    register.withdraw_check(technician, &oak(), by_mistake, "another school's", 0).await.unwrap();
    register.record_check(technician, &oak(), &check(false), 0, TODAY).await.unwrap();
    let change = |what: &str| NewChange {
        kind: Some(Kind::Unblock),
        what: what.into(),
        group: Some(UserGroup::From7),
        reason: "a lesson about rivers".into(),
        risk: String::new(),
        from: TODAY,
        until: None,
    };
    let withdrawn = register.ask_change(technician, &oak(), &change("moss.example"), TODAY).await.unwrap();
    register.withdraw_change(technician, &oak(), withdrawn, TODAY).await.unwrap();
    let waiting = register.ask_change(technician, &oak(), &change("gorse.example"), TODAY).await.unwrap();
    let refused = register.ask_change(technician, &oak(), &change("heather.example"), TODAY).await.unwrap();
    register.decide_change(lead, &oak(), refused, Some(false), "there is another site", date(2026, 11, 24)).await.unwrap();
    let made = register.ask_change(technician, &oak(), &change("fern.example"), TODAY).await.unwrap();
    register.decide_change(lead, &oak(), made, Some(true), "needed", date(2026, 11, 25)).await.unwrap();
    register.change_made(technician, &oak(), made, date(2026, 11, 26), "", date(2026, 11, 26)).await.unwrap();
    register.change_ended(technician, &oak(), made, date(2026, 11, 27), date(2026, 11, 27)).await.unwrap();

    let told = counted(register).await;
    let plan: Vec<_> = told.plan.iter().map(|row| (row.school.as_str(), row.place, row.test.as_str(), row.every_days)).collect();
    assert_eq!(plan, [("oak", place, "adult", 50), ("oak", place, "terrorism", 50)]);
    assert_eq!((told.plan[0].since, told.plan[0].until), (TODAY, None));
    // The one that was withdrawn is none.
    let tests: Vec<_> = told.tests.iter().map(|row| (row.place, row.test.as_str(), row.day, row.passed)).collect();
    assert_eq!(tests, [(place, "adult", TODAY, false)]);
    let changes: Vec<_> = told.changes.iter().map(|row| (row.number, row.decided, row.granted, row.made, row.ended)).collect();
    let day = |day| Some(date(2026, 11, day));
    assert_eq!(
        changes,
        [(waiting, None, false, None, None), (refused, day(24), false, None, None), (made, day(25), true, day(26), day(27)),]
    );
    let text = format!("{told:?}");
    for word in ["fern.example", "Main", "Quill", "rivers", "provider", "needed"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    register.end_spot(technician, &oak(), place, date(2026, 12, 1)).await.unwrap();
    assert_eq!(counted(register).await.plan[0].until, Some(date(2026, 12, 1)));
}

#[tokio::test]
async fn reveals_are_counted_by_person_and_name_nobody() {
    let people = People::new().await;
    let register = people.accounts.register();
    let lead = person(&people, "lead", Role::Dsl).await;
    let key = |digit: char| UserKey::parse(&format!("k1-{}", digit.to_string().repeat(32))).unwrap();
    let reveal = |key: &UserKey| {
        let actor = Actor::Account { id: lead.id, role: Some(Role::Dsl) };
        Act::new(actor, Action::Reveal).at(&oak()).about(key).because("a concern")
    };
    for about in [key('a'), key('b'), key('a')] {
        let _receipt = register.audit(reveal(&about)).await.unwrap();
    }
    let _receipt = register.audit(reveal(&key('c')).refused()).await.unwrap();
    let told = counted(register).await;
    let reveals: Vec<_> = told.reveals.iter().map(|row| (row.school.as_str(), row.role.as_str(), row.person)).collect();
    assert_eq!(reveals, [("oak", "dsl", 1), ("oak", "dsl", 2), ("oak", "dsl", 1)]);
    assert!(told.trail_since.is_some());
    let text = format!("{told:?}");
    assert!(!text.contains("k1-") && !text.contains("\"person:") && !text.contains("concern"), "{text}");
}
