//! A link in a letter: for governors alone, once, for a quarter of an hour, and nothing about it stands anywhere but in the letter.

use super::*;
use crate::accounts::LetterLink;

fn secret_of(link: &LetterLink) -> String {
    link.path().strip_prefix("/sign-in/letter/").unwrap().to_owned()
}

#[tokio::test]
async fn a_link_signs_a_governor_in_once_for_a_quarter_of_an_hour() {
    let people = People::new().await;
    let id = people.with("gov@oak.example", Role::Governor).await;
    let first = people.accounts.make_letter_link(Actor::Nobody, id).await.unwrap();
    let link = people.accounts.make_letter_link(Actor::Nobody, id).await.unwrap();
    assert!(matches!(people.accounts.letter_link(&secret_of(&first)).await, Err(AccountError::LinkGone)), "the newer one alone");
    for _ in 0..3 {
        assert_eq!(people.accounts.letter_link(&secret_of(&link)).await.unwrap().id, id, "looking at it spends nothing");
    }
    let (token, stage) = people.accounts.sign_in_by_letter(&secret_of(&link), None).await.unwrap();
    assert_eq!(stage, Stage::Full);
    assert_eq!(people.accounts.session(token.as_str()).await.unwrap().unwrap().account.id, id);
    assert!(matches!(people.accounts.sign_in_by_letter(&secret_of(&link), None).await, Err(AccountError::LinkGone)), "once");

    let link = people.accounts.make_letter_link(Actor::Nobody, id).await.unwrap();
    people.pass(15 * MINUTE);
    assert!(matches!(people.accounts.letter_link(&secret_of(&link)).await, Err(AccountError::LinkGone)));
    assert!(matches!(people.accounts.sign_in_by_letter(&secret_of(&link), None).await, Err(AccountError::LinkGone)));
    for other in ["", "x", &"0".repeat(64), &secret_of(&link).to_uppercase()] {
        assert!(matches!(people.accounts.sign_in_by_letter(other, None).await, Err(AccountError::LinkGone)), "{other:?}");
    }
}

#[tokio::test]
async fn a_link_is_no_session_no_link_for_a_password_and_stands_in_no_file() {
    let people = People::new().await;
    let id = people.with("gov@oak.example", Role::Governor).await;
    let link = secret_of(&people.accounts.make_letter_link(Actor::Nobody, id).await.unwrap());
    assert!(people.accounts.session(&link).await.unwrap().is_none());
    assert!(people.accounts.link(&link).await.is_err());
    people.accounts.register().fold_in().await.unwrap();
    let file = std::fs::read(people.folder.folder.path().join("register.sqlite")).unwrap();
    let raw = blake3::Hash::from_hex(&link).unwrap();
    let holds = |part: &[u8]| file.windows(part.len()).any(|window| window == part);
    assert!(!holds(link.as_bytes()) && !holds(raw.as_bytes()));
    assert!(holds(b"gov@oak.example"), "the file is the one");
}

#[tokio::test]
async fn a_letter_is_written_for_governors_without_a_second_step_and_nobody_else() {
    let people = People::new().await;
    people.with("gov@oak.example", Role::Governor).await;
    people.with("lead@oak.example", Role::Dsl).await;
    people.with("staff@oak.example", Role::Staff).await;
    let both = people.with("both@oak.example", Role::Governor).await;
    let day = people.accounts.today();
    people.accounts.give_role(anna(), both, Role::Leader, &Place::Everywhere, day, None).await.unwrap();
    let closed = people.with("closed@oak.example", Role::Governor).await;
    people.with("boss@oak.example", Role::Administrator).await;
    people.accounts.close(anna(), closed).await.unwrap();
    for (email, wanted) in [
        ("gov@oak.example", true),
        (" GOV@oak.example ", true),
        ("lead@oak.example", false),
        ("staff@oak.example", false),
        ("both@oak.example", false),
        ("closed@oak.example", false),
        ("boss@oak.example", false),
        ("nobody@oak.example", false),
        ("", false),
    ] {
        people.pass(MINUTE);
        assert_eq!(people.accounts.ask_for_letter(email, HERE).await.unwrap(), wanted, "{email:?}");
    }
    // Every asking left one row, whatever came of it.
    let rows = people.accounts.register().audit_rows(&Sought::default()).await.unwrap();
    let asked = rows.iter().filter(|row| ["make-link", "make-mail"].contains(&row.action.as_str()) && row.actor == "nobody");
    assert_eq!(asked.count(), 9);
    assert!(matches!(people.accounts.make_letter_link(Actor::Nobody, both).await, Err(AccountError::NotByLetter)));
}

#[tokio::test]
async fn asking_is_slowed_down_by_account_and_by_address() {
    let people = People::new().await;
    people.with("gov@oak.example", Role::Governor).await;
    for number in 0..5 {
        let asked = people.accounts.ask_for_letter("gov@oak.example", HERE).await.unwrap();
        assert_eq!(asked, number < 3, "{number}");
        people.pass(1);
    }
    people.pass(15 * MINUTE);
    for number in 0..20 {
        people.accounts.ask_for_letter(&format!("p{number}@oak.example"), HERE).await.unwrap();
    }
    assert!(!people.accounts.ask_for_letter("gov@oak.example", HERE).await.unwrap(), "that machine asked enough");
    let other = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));
    assert!(people.accounts.ask_for_letter("gov@oak.example", other).await.unwrap());
    // Letters are counted apart from guesses: nobody is kept from their password by them.
    assert!(people.sign_in("gov@oak.example", GOOD).await.is_ok());
}

#[tokio::test]
async fn a_role_that_was_given_since_refuses_the_link_and_spends_nothing() {
    let people = People::new().await;
    let id = people.with("gov@oak.example", Role::Governor).await;
    let link = secret_of(&people.accounts.make_letter_link(Actor::Nobody, id).await.unwrap());
    let day = people.accounts.today();
    people.accounts.give_role(anna(), id, Role::Dsl, &Place::Everywhere, day, None).await.unwrap();
    assert!(matches!(people.accounts.sign_in_by_letter(&link, None).await, Err(AccountError::NotByLetter)));
    let rows = people.accounts.register().audit_rows(&Sought::default()).await.unwrap();
    assert_eq!((rows[0].action.as_str(), rows[0].outcome.as_str()), ("sign-in", "refused"));
}

#[tokio::test]
async fn who_set_up_a_second_step_shows_it_after_the_link() {
    let people = People::new().await;
    let id = people.with("gov@oak.example", Role::Governor).await;
    let (token, _) = people.sign_in("gov@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(token.as_str()).await.unwrap().unwrap();
    let set_up = people.accounts.begin_second_step(&session).await.unwrap();
    people.accounts.finish_second_step(&session, &people.code(&set_up.typed), HERE).await.unwrap();
    let link = secret_of(&people.accounts.make_letter_link(Actor::Nobody, id).await.unwrap());
    let (_, stage) = people.accounts.sign_in_by_letter(&link, None).await.unwrap();
    assert_eq!(stage, Stage::Code);
}
