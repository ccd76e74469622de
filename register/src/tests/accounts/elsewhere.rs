//! Signing in at a provider: whose account it is, which roles come with groups, and what an administrator has to say first.

use super::*;
use crate::accounts::{Came, Elsewhere};

const ISSUER: &str = "https://login.example/tenant";

fn gwen(vouched: bool) -> Elsewhere {
    Elsewhere {
        issuer: ISSUER.into(),
        subject: "subject-1".into(),
        email: Some("gwen@oak.example".into()),
        vouched,
        second_step: false,
        roles: Vec::new(),
    }
}

fn number(came: Result<Came, AccountError>) -> String {
    match came.unwrap() {
        Came::Unknown { number } => number,
        Came::In(..) => panic!("signed in"),
    }
}

async fn stage(people: &People, who: &Elsewhere) -> Stage {
    match people.accounts.sign_in_elsewhere(who, None).await.unwrap() {
        Came::In(token, stage) => {
            let session = people.accounts.session(token.as_str()).await.unwrap().unwrap();
            assert_eq!(session.stage, stage);
            stage
        }
        Came::Unknown { .. } => panic!("not signed in"),
    }
}

#[tokio::test]
async fn an_address_that_is_vouched_for_is_joined_once_and_then_the_subject_counts() {
    let people = People::new().await;
    let id = people.with("gwen@oak.example", Role::Governor).await;
    people.with("other@oak.example", Role::Governor).await;
    assert_eq!(stage(&people, &gwen(true)).await, Stage::Full);
    assert_eq!(people.accounts.identities(id).await.unwrap(), [ISSUER]);
    // Their address there changed, even to another person's here: they are who they are.
    let renamed = Elsewhere { email: Some("other@oak.example".into()), vouched: false, ..gwen(true) };
    assert_eq!(stage(&people, &renamed).await, Stage::Full);
    // Somebody else there was given the address that was theirs.
    let heir = Elsewhere { subject: "subject-2".into(), ..gwen(true) };
    number(people.accounts.sign_in_elsewhere(&heir, None).await);
    // The same subject at another provider is nobody.
    let elsewhere = Elsewhere { issuer: "https://other.example".into(), email: None, ..gwen(true) };
    number(people.accounts.sign_in_elsewhere(&elsewhere, None).await);
    people.with("boss@oak.example", Role::Administrator).await;
    people.accounts.close(anna(), id).await.unwrap();
    number(people.accounts.sign_in_elsewhere(&gwen(true), None).await);
}

#[tokio::test]
async fn an_address_that_nobody_vouches_for_waits_for_an_administrator() {
    let people = People::new().await;
    let id = people.with("gwen@oak.example", Role::Governor).await;
    let shown = number(people.accounts.sign_in_elsewhere(&gwen(false), None).await);
    let stranger = Elsewhere { subject: "subject-2".into(), email: Some("nobody@oak.example".into()), ..gwen(false) };
    assert_eq!(number(people.accounts.sign_in_elsewhere(&stranger, None).await).len(), shown.len(), "no telling who has one");
    let claims = people.accounts.identity_claims(id).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.number.as_str()).collect::<Vec<_>>(), [shown.as_str()]);
    // Not for another account, not twice.
    let other = people.with("other@oak.example", Role::Governor).await;
    assert!(people.accounts.answer_claim(anna(), other, claims[0].id, true).await.is_err());
    people.accounts.answer_claim(anna(), id, claims[0].id, true).await.unwrap();
    assert!(people.accounts.answer_claim(anna(), id, claims[0].id, true).await.is_err());
    assert_eq!(stage(&people, &gwen(false)).await, Stage::Full);

    // One that is refused, and one that is too old, sign nobody in.
    people.accounts.part(anna(), id, ISSUER).await.unwrap();
    number(people.accounts.sign_in_elsewhere(&gwen(false), None).await);
    let claim = people.accounts.identity_claims(id).await.unwrap()[0].id;
    people.accounts.answer_claim(anna(), id, claim, false).await.unwrap();
    number(people.accounts.sign_in_elsewhere(&gwen(false), None).await);
    let claim = people.accounts.identity_claims(id).await.unwrap()[0].id;
    people.pass(72 * 60 * MINUTE);
    assert!(people.accounts.identity_claims(id).await.unwrap().is_empty());
    assert!(people.accounts.answer_claim(anna(), id, claim, true).await.is_err());
}

#[tokio::test]
async fn groups_give_the_roles_of_the_settings_and_take_them_and_no_other() {
    let people = People::new().await;
    let id = people.with("gwen@oak.example", Role::Governor).await;
    let oak = Place::parse("school:oak").unwrap();
    let held = async || {
        let account = people.accounts.get(id).await.unwrap().unwrap();
        account.roles_on(people.accounts.today()).map(|held| (held.role, held.place.clone(), held.to)).collect::<Vec<_>>()
    };
    let own = (Role::Governor, Place::Everywhere, None);
    assert_eq!(stage(&people, &gwen(true)).await, Stage::Full);
    assert_eq!(held().await, std::slice::from_ref(&own), "no group, no role");
    // The same twice, one that people gave already, and one that no group may give.
    let groups = vec![
        (Role::Officer, oak.clone()),
        (Role::Officer, oak.clone()),
        (Role::Governor, Place::Everywhere),
        (Role::Administrator, Place::Everywhere),
    ];
    let with = Elsewhere { roles: groups, ..gwen(true) };
    stage(&people, &with).await;
    let until = date(2026, 12, 23);
    assert_eq!(held().await, [own.clone(), (Role::Officer, oak.clone(), Some(until))], "30 days from 23 November");
    people.pass(24 * 60 * MINUTE);
    stage(&people, &with).await;
    assert_eq!(held().await[1].2, Some(date(2026, 12, 24)), "renewed");
    // Out of the group: the role goes at the next sign-in, and what people gave stays.
    stage(&people, &gwen(true)).await;
    assert_eq!(held().await, [own]);
    let rows = people.accounts.register().audit_rows(&Sought::default()).await.unwrap();
    let told = |action: &str| rows.iter().filter(|row| row.action == action && row.detail.contains("by-group")).count();
    assert_eq!((told("give-role"), told("end-role")), (2, 1));
}

#[tokio::test]
async fn a_second_step_is_shown_there_or_here() {
    let people = People::new().await;
    people.with("gwen@oak.example", Role::Dsl).await;
    assert_eq!(stage(&people, &gwen(true)).await, Stage::Enrol, "the role asks for one, and there is none");
    let shown = Elsewhere { second_step: true, ..gwen(true) };
    assert_eq!(stage(&people, &shown).await, Stage::Full);
    // One's own is asked for where the provider says nothing of one.
    let (token, _) = people.sign_in("gwen@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(token.as_str()).await.unwrap().unwrap();
    let set_up = people.accounts.begin_second_step(&session).await.unwrap();
    people.accounts.finish_second_step(&session, &people.code(&set_up.typed), HERE).await.unwrap();
    assert_eq!(stage(&people, &gwen(true)).await, Stage::Code);
    assert_eq!(stage(&people, &shown).await, Stage::Full);
}

#[tokio::test]
async fn a_role_that_a_group_gives_asks_for_its_second_step() {
    let people = People::new().await;
    people.with("gwen@oak.example", Role::Governor).await;
    let with = Elsewhere { roles: vec![(Role::Leader, Place::parse("school:oak").unwrap())], ..gwen(true) };
    assert_eq!(stage(&people, &with).await, Stage::Enrol);
}

#[tokio::test]
async fn parting_ends_sessions_and_the_roles_of_groups() {
    let people = People::new().await;
    let id = people.with("gwen@oak.example", Role::Governor).await;
    let with = Elsewhere { roles: vec![(Role::Auditor, Place::Everywhere)], ..gwen(true) };
    let Came::In(token, _) = people.accounts.sign_in_elsewhere(&with, None).await.unwrap() else { panic!() };
    people.accounts.part(anna(), id, ISSUER).await.unwrap();
    assert!(people.accounts.session(token.as_str()).await.unwrap().is_none());
    let account = people.accounts.get(id).await.unwrap().unwrap();
    assert_eq!(account.roles_on(people.accounts.today()).count(), 1);
    assert!(people.accounts.part(anna(), id, ISSUER).await.is_err());
}
