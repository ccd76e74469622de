//! Questions of governors: kept with their figure, answered once and again, withdrawn before that, and never reworded.

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::accounts::People;
use crate::Role;
use crate::records::{AskedAbout, By, RecordError};

const NOW: i64 = 1_795_424_400_000_000;

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

#[tokio::test]
async fn a_question_is_answered_or_withdrawn_and_stands() {
    let people = People::new().await;
    let register = &people.folder.register;
    let governor = By { id: people.with("governor@oak.example", Role::Governor).await, role: Role::Governor };
    let head = By { id: people.with("head@oak.example", Role::Leader).await, role: Role::Leader };
    let about = AskedAbout {
        figure: "filter_failures".into(),
        title: "Allowed where policy says block".into(),
        year: AcademicYear(2025),
        period: "Spring 2".into(),
        value: "[c]".into(),
    };
    let missing = register.ask_question(governor, &oak(), " \n", Some(&about), NOW).await;
    assert!(matches!(missing, Err(RecordError::Wrong(faults)) if faults[0].field == "text"));
    let one = register.ask_question(governor, &oak(), "Why\u{7}so?", Some(&about), NOW).await.unwrap();
    let two = register.ask_question(governor, &oak(), "And why?", None, NOW + 1).await.unwrap();
    let other = SchoolId::parse("elm").unwrap();
    assert!(register.questions(&other).await.unwrap().is_empty());
    // Of another school it is not there to be answered.
    assert!(matches!(register.answer_question(head, &other, one, "x", NOW).await, Err(RecordError::NoSuch)));
    assert!(matches!(register.withdraw_question(head, &oak(), two, NOW).await, Err(RecordError::NoSuch)), "another's");
    register.withdraw_question(governor, &oak(), two, NOW + 2).await.unwrap();
    assert!(matches!(register.answer_question(head, &oak(), two, "x", NOW).await, Err(RecordError::NoSuch)));
    for (text, at) in [("Because.", NOW + 3), ("Because of that.", NOW + 4)] {
        register.answer_question(head, &oak(), one, text, at).await.unwrap();
    }
    assert!(matches!(register.withdraw_question(governor, &oak(), one, NOW).await, Err(RecordError::NoSuch)), "answered");
    let [first, second] = register.questions(&oak()).await.unwrap().try_into().unwrap();
    assert_eq!((first.text.as_str(), first.about.as_ref(), first.is_open()), ("Why so?", Some(&about), false));
    assert_eq!(
        first.answer().map(|reply| (reply.text.as_str(), reply.at, reply.role)),
        Some(("Because of that.", NOW + 4, Role::Leader))
    );
    assert_eq!(first.answers.len(), 2);
    assert!(second.is_withdrawn && !second.is_open() && second.about.is_none());
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn what_was_asked_and_answered_is_not_changed_behind_the_pages() {
    let people = People::new().await;
    let governor = By { id: people.with("governor@oak.example", Role::Governor).await, role: Role::Governor };
    let one = people.folder.register.ask_question(governor, &oak(), "Why?", None, NOW).await.unwrap();
    people.folder.register.answer_question(governor, &oak(), one, "So.", NOW).await.unwrap();
    people.folder.register.ask_question(governor, &oak(), "Open?", None, NOW).await.unwrap();
    let mut raw = people.folder.behind_its_back().await;
    for text in [
        "UPDATE questions SET text = 'What?'",
        "UPDATE questions SET withdrawn_at = 1 WHERE id = 1",
        "UPDATE questions SET withdrawn_at = 1, value = 'x' WHERE id = 2",
        "DELETE FROM questions",
        "UPDATE question_answers SET text = 'No.'",
        "DELETE FROM question_answers",
    ] {
        assert!(sqlx::query(text).execute(&mut raw).await.is_err(), "{text}");
    }
}
