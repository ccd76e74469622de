use jiff::civil::date;
use weir_lake::ids::{SchoolId, UserKey};

use super::Place;
use super::accounts::People;
use crate::alerts::{Listed, NewEvent, NewGroup, What, Who};
use crate::erasure::NewHold;
use crate::{Act, Action, Actor, Register, Role, Sought};

const GONE: &str = "k1-00112233445566778899aabbccddeeff";
const STAYS: &str = "k1-ffeeddccbbaa99887766554433221100";
const START: i64 = 1_795_424_400_000_000;

fn anna() -> Actor {
    Actor::Command("anna".into())
}

fn key(text: &str) -> UserKey {
    UserKey::parse(text).unwrap()
}

/// Whether a text stands anywhere in the register's files, journals included.
fn holds(place: &Place, text: &str) -> bool {
    std::fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("register.sqlite"))
        .any(|path| std::fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()))
}

/// An alert about somebody.
async fn raised(register: &Register, subject: &str) {
    let event = NewEvent {
        identity: subject.as_bytes()[3..19].try_into().unwrap(),
        at: START,
        day: date(2026, 11, 23),
        subject: Some(subject.into()),
        file_id: "f".into(),
        line_no: 1,
        what: What::Search,
        severity: 3,
        asks_for_help: false,
        raises: true,
    };
    let group = NewGroup {
        school: SchoolId::parse("oak").unwrap(),
        who: Who::Pupil,
        subject: Some(subject.into()),
        shared: None,
        theme: "drugs".into(),
        is_illegal: false,
        score: 40,
        events: vec![event],
    };
    let act = Act::new(anna(), Action::RaiseAlerts);
    register.raise_alerts(act, &[group], Some((1, date(2026, 11, 23))), START).await.unwrap();
}

#[tokio::test]
async fn with_the_keys_goes_every_way_back_and_the_chain_holds() {
    let people = People::new().await;
    let officer = people.with("dpo@oak.example", Role::DataProtection).await;
    let lead = people.with("lead@oak.example", Role::Dsl).await;
    let register = people.accounts.register();
    let school = SchoolId::parse("oak").unwrap();
    for subject in [GONE, STAYS] {
        let reveal = Act::new(anna(), Action::Reveal).because("a worry").about(&key(subject));
        let _receipt = register.audit(reveal).await.unwrap();
        let new = NewHold { placed_by: lead, school: school.clone(), key: key(subject), review_on: date(2026, 12, 18) };
        register.hold(anna(), &new, "a case is open", START).await.unwrap();
        raised(register, subject).await;
    }
    assert_eq!(register.holds(date(2026, 12, 18)).await.unwrap().len(), 2);
    assert_eq!(register.holds(date(2026, 12, 19)).await.unwrap().len(), 0, "a hold ends by itself");
    assert!(register.end_hold(anna(), 1, date(2026, 11, 24)).await.unwrap());
    assert!(!register.end_hold(anna(), 1, date(2026, 11, 24)).await.unwrap(), "once");
    let held: Vec<_> = register.holds(date(2026, 11, 24)).await.unwrap().into_iter().map(|hold| hold.key).collect();
    assert_eq!(held, [key(STAYS)]);

    let id = register.ask_erasure(anna(), officer, &school, &[key(GONE)], "their parents asked", START).await.unwrap();
    let asked = register.erasures().await.unwrap().remove(0);
    assert_eq!((asked.asked_by, asked.keys.as_slice(), asked.done_at), (officer, [key(GONE)].as_slice(), None));
    let about_them = Sought { about: Some(key(GONE)), ..Sought::default() };
    assert_eq!(register.audit_rows(&about_them).await.unwrap().len(), 2, "the reveal and the hold");
    assert!(holds(&people.folder, GONE));

    register.erasure_done(anna(), id, 41, START + 1).await.unwrap();
    register.fold_in().await.unwrap();
    assert!(!holds(&people.folder, GONE), "neither in the file nor in its journal");
    assert!(holds(&people.folder, STAYS), "the search finds what is there");
    let done = register.erasures().await.unwrap().remove(0);
    assert_eq!((done.keys.len(), done.done_at, done.rows_gone), (0, Some(START + 1), Some(41)));
    let alerts = register.alerts(&school, Listed::Open).await.unwrap();
    assert_eq!(alerts.iter().map(|alert| alert.subject.clone()).collect::<Vec<_>>(), [Some(key(STAYS))]);
    assert_eq!(register.audit_rows(&about_them).await.unwrap(), [], "nobody can tell any more whom the rows are about");
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn a_copy_of_before_is_erased_again() {
    let people = People::new().await;
    let officer = people.with("dpo@oak.example", Role::DataProtection).await;
    let register = people.accounts.register();
    let school = SchoolId::parse("oak").unwrap();
    for subject in [GONE, STAYS] {
        let reveal = Act::new(anna(), Action::Reveal).because("a worry").about(&key(subject));
        let _receipt = register.audit(reveal).await.unwrap();
        register.ask_erasure(anna(), officer, &school, &[key(subject)], "asked", START).await.unwrap();
    }
    let is_erased = |key: &UserKey| key.as_str() == GONE;
    assert_eq!(register.erase_again(anna(), &is_erased).await.unwrap(), 1);
    register.fold_in().await.unwrap();
    assert!(!holds(&people.folder, GONE) && holds(&people.folder, STAYS));
    assert_eq!(register.erase_again(anna(), &is_erased).await.unwrap(), 0, "nothing is left to do");
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}
