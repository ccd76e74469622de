//! The address in a letter: it opens for whom it was sent to and nobody else, and the first time is kept.

use axum::http::StatusCode;
use weir_lake::ids::SchoolId;
use weir_register::outbox::{LetterKind, NewLetter};
use weir_register::{Actor, Role};

use super::house::House;

#[tokio::test]
async fn a_letters_address_opens_for_its_reader_alone() {
    let house = House::new().await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let mut other = house.signed_in(Role::Governor, "school:oakfield").await;
    let account = house.accounts.with_email("dsl-school-oakfield@oak.example").await.unwrap().unwrap().id;
    let register = house.accounts.register();
    let by = || Actor::Command("anna".into());
    let school = SchoolId::parse("oakfield").unwrap();
    for (kind, school) in [(LetterKind::Digest, None), (LetterKind::Waiting, Some(school))] {
        let new = NewLetter { account, kind, school, about: "2026-W47".into(), items: 1, urgent: false };
        assert!(register.write_letter(by(), &new, house.accounts.now()).await.unwrap());
    }
    assert_eq!(lead.get("/mail/1").await.status, StatusCode::NOT_FOUND, "it was not sent yet");
    while let Some(letter) = register.take_letter(house.accounts.now()).await.unwrap() {
        register.letter_sent(by(), &letter, house.accounts.now()).await.unwrap();
    }
    let nobody = house.browser().get("/mail/1").await;
    assert_eq!((nobody.status, nobody.header("location")), (StatusCode::SEE_OTHER, "/sign-in?next=/mail/1"));
    assert_eq!(other.get("/mail/1").await.status, StatusCode::NOT_FOUND, "another person's letter");
    for path in ["/mail/3", "/mail/x", "/mail/-1", "/mail/99999999999999999999"] {
        assert_eq!(lead.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(register.letters(10).await.unwrap().iter().all(|letter| letter.read_at.is_none()));
    for (path, wanted) in [("/mail/1", "/today"), ("/mail/2", "/school/oakfield"), ("/mail/2", "/school/oakfield")] {
        let answer = lead.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, wanted));
    }
    assert!(register.letters(10).await.unwrap().iter().all(|letter| letter.read_at.is_some()));
    let read = house.trail().await.into_iter().filter(|row| row.contains("read-mail")).collect::<Vec<_>>();
    assert_eq!(read, [format!("account:{account} read-mail done"), format!("account:{account} read-mail done at oakfield")]);
}
