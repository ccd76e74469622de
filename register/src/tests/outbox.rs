use weir_lake::ids::SchoolId;

use super::accounts::People;
use crate::outbox::{LetterKind, NewLetter};
use crate::{AccountId, Actor, Register, Role, Sought};

const MINUTE: i64 = 60 * 1_000_000;
const START: i64 = 1_795_424_400_000_000;

fn anna() -> Actor {
    Actor::Command("anna".into())
}

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn waiting(account: AccountId, about: &str, items: u32, urgent: bool) -> NewLetter {
    NewLetter { account, kind: LetterKind::Waiting, school: Some(oak()), about: about.into(), items, urgent }
}

async fn write(register: &Register, new: &NewLetter, now: i64) -> bool {
    register.write_letter(anna(), new, now).await.unwrap()
}

async fn send(register: &Register, now: i64) -> Option<(i64, u32)> {
    let letter = register.take_letter(now).await.unwrap()?;
    register.letter_sent(anna(), &letter, now).await.unwrap();
    Some((letter.id, letter.items))
}

#[tokio::test]
async fn one_thing_comes_once_an_hour_at_most_and_urgent_ones_at_once() {
    let people = People::new().await;
    let dsl = people.with("lead@oak.example", Role::Dsl).await;
    let register = people.accounts.register();
    assert!(write(register, &waiting(dsl, "alert 1", 1, false), START).await);
    assert!(!write(register, &waiting(dsl, "alert 1", 1, false), START).await, "the same again is nothing new");
    assert!(write(register, &waiting(dsl, "alert 2", 2, false), START).await);
    assert_eq!(send(register, START).await, Some((1, 2)), "both in one letter");
    assert_eq!(send(register, START).await, None);

    assert!(write(register, &waiting(dsl, "alert 3", 3, false), START + MINUTE).await);
    assert_eq!(send(register, START + 59 * MINUTE).await, None);
    assert_eq!(send(register, START + 60 * MINUTE).await, Some((2, 3)));
    assert!(write(register, &waiting(dsl, "alert 4", 4, true), START + 61 * MINUTE).await);
    assert_eq!(send(register, START + 61 * MINUTE).await, Some((3, 4)), "urgent");
    // One that waits becomes urgent with what joins it.
    assert!(write(register, &waiting(dsl, "alert 5", 5, false), START + 62 * MINUTE).await);
    assert!(write(register, &waiting(dsl, "alert 6", 6, true), START + 63 * MINUTE).await);
    assert_eq!(send(register, START + 63 * MINUTE).await, Some((4, 6)));

    let other = people.with("deputy@oak.example", Role::Dsl).await;
    assert!(write(register, &waiting(other, "alert 6", 6, false), START + 63 * MINUTE).await);
    assert_eq!(send(register, START + 63 * MINUTE).await, Some((5, 6)), "another person's hour is another");
}

#[tokio::test]
async fn one_process_at_a_time_has_a_letter_and_the_letter_outlives_it() {
    let people = People::new().await;
    let dsl = people.with("lead@oak.example", Role::Dsl).await;
    let register = people.accounts.register();
    write(register, &waiting(dsl, "alert 1", 1, false), START).await;
    let taken = register.take_letter(START).await.unwrap().unwrap();
    assert_eq!(register.take_letter(START + 4 * MINUTE).await.unwrap(), None, "somebody is sending it");
    // Written while the first is on its way: a letter of its own.
    assert!(write(register, &waiting(dsl, "alert 2", 2, false), START + MINUTE).await);
    assert_eq!(register.letters_waiting().await.unwrap(), 2);
    // The process died: the same letter, by its number, so that its second copy can be told from a second letter.
    let again = register.take_letter(START + 5 * MINUTE).await.unwrap().unwrap();
    assert_eq!((again.id, again.made_at), (taken.id, taken.made_at));
}

#[tokio::test]
async fn a_failure_waits_longer_each_time_and_a_week_is_the_end() {
    let people = People::new().await;
    let dsl = people.with("lead@oak.example", Role::Dsl).await;
    let register = people.accounts.register();
    write(register, &waiting(dsl, "alert 1", 1, false), START).await;
    let (mut now, mut waits) = (START, Vec::new());
    loop {
        assert_eq!(register.take_letter(now - 1).await.unwrap(), None, "not before it is due");
        let letter = register.take_letter(now).await.unwrap().unwrap();
        if !register.letter_failed(anna(), &letter, "the server can't be reached", now).await.unwrap() {
            break;
        }
        let due = register.letters(1).await.unwrap()[0].due;
        waits.push((due - now) / MINUTE);
        now = due;
    }
    assert_eq!(waits[..9], [5, 10, 20, 40, 80, 160, 320, 360, 360]);
    assert!((6 * 24 * 60..=7 * 24 * 60).contains(&((now - START) / MINUTE)), "{}", (now - START) / MINUTE);
    let letter = register.letters(10).await.unwrap().remove(0);
    assert!(letter.dropped_at.is_some() && letter.sent_at.is_none());
    assert_eq!(letter.last_error.as_deref(), Some("the server can't be reached"));
    assert_eq!(register.letters_waiting().await.unwrap(), 0);
}

#[tokio::test]
async fn made_sent_and_read_stand_in_the_trail() {
    let people = People::new().await;
    let dsl = people.with("lead@oak.example", Role::Dsl).await;
    let other = people.with("deputy@oak.example", Role::Dsl).await;
    let register = people.accounts.register();
    let digest = NewLetter { kind: LetterKind::Digest, school: None, about: "2026-W48".into(), ..waiting(dsl, "", 0, false) };
    write(register, &digest, START).await;
    assert_eq!(register.read_letter(dsl, 1, START).await.unwrap(), None, "nobody reads what was not sent");
    send(register, START + MINUTE).await.unwrap();
    assert_eq!(register.read_letter(other, 1, START).await.unwrap(), None, "it is not theirs");
    for minutes in [2, 3] {
        let read = register.read_letter(dsl, 1, START + minutes * MINUTE).await.unwrap().unwrap();
        assert!(read.read_at.is_some());
    }
    let letter = register.letters(10).await.unwrap().remove(0);
    assert_eq!((letter.sent_at, letter.read_at), (Some(START + MINUTE), Some(START + 2 * MINUTE)), "the first time counts");
    let mut rows = register.audit_rows(&Sought { object: Some("mail:1".into()), ..Sought::default() }).await.unwrap();
    rows.reverse();
    let rows: Vec<_> = rows.iter().map(|row| format!("{} {}", row.actor, row.action)).collect();
    assert_eq!(rows, ["command:anna make-mail".to_owned(), "command:anna send-mail".into(), format!("account:{dsl} read-mail")]);
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}
