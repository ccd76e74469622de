use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::date;
use weir_lake::vault::Vault;

use super::Place as Folder;
use crate::accounts::{AccountError, Accounts, Link, LinkFor, NewAccount, SessionToken, Stage, password::Weak};
use crate::{AccountId, Actor, Outcome, Place, Role, Sought};

mod elsewhere;
mod letters;
mod sessions;
mod tokens;

const GOOD: &str = "violet kettle marmot";
const OTHER: &str = "seven plain teaspoons";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const MINUTE: i64 = 60 * 1_000_000;

/// 2026-11-23T09:00:00Z.
const START: i64 = 1_795_424_400_000_000;

pub(super) struct People {
    pub(super) folder: Folder,
    pub(super) accounts: Accounts,
    now: Arc<AtomicI64>,
}

fn anna() -> Actor {
    Actor::Command("anna".into())
}

fn secret(link: &Link) -> String {
    link.path().strip_prefix("/link/").unwrap().to_owned()
}

impl People {
    pub(super) async fn new() -> Self {
        let folder = Folder::new().await;
        let vault = Vault::open(&folder.folder.path().join("vault"), &folder.folder.path().join("lake")).unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let clock = now.clone();
        let accounts = Accounts::with_clock(folder.register.clone(), &vault, Arc::new(move || clock.load(Ordering::SeqCst)));
        Self { folder, accounts, now }
    }

    fn pass(&self, micros: i64) {
        self.now.fetch_add(micros, Ordering::SeqCst);
    }

    /// Somebody with a role everywhere and the password [`GOOD`].
    pub(super) async fn with(&self, email: &str, role: Role) -> AccountId {
        let new = NewAccount {
            email: email.into(),
            name: "Quill Beispiel".into(),
            role,
            place: Place::Everywhere,
            from: date(2026, 9, 1),
            to: None,
        };
        let (id, link) = self.accounts.add(anna(), &new).await.unwrap();
        self.accounts.set_password_by_link(&secret(&link), GOOD, &[]).await.unwrap();
        id
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<(SessionToken, Stage), AccountError> {
        self.accounts.sign_in(email, password, HERE, None).await
    }

    /// The code an app with this secret shows now.
    fn code(&self, typed: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(typed.replace(' ', "")).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("a").with_issuer(Some("Weir")).build().unwrap();
        totp.generate((self.now.load(Ordering::SeqCst) / 1_000_000) as u64).to_string()
    }

    /// A safeguarding lead who has set up a second step: the secret as typed, the recovery codes, a full session.
    async fn lead(&self) -> (String, Vec<String>, SessionToken) {
        self.with("lead@oak.example", Role::Dsl).await;
        let (token, stage) = self.sign_in("lead@oak.example", GOOD).await.unwrap();
        assert_eq!(stage, Stage::Enrol);
        let session = self.accounts.session(token.as_str()).await.unwrap().unwrap();
        let set_up = self.accounts.begin_second_step(&session).await.unwrap();
        let code = self.code(&set_up.typed);
        let (token, codes) = self.accounts.finish_second_step(&session, &code, HERE).await.unwrap();
        (set_up.typed.to_string(), codes, token)
    }

    async fn stage(&self, token: &SessionToken) -> Option<Stage> {
        self.accounts.session(token.as_str()).await.unwrap().map(|session| session.stage)
    }

    async fn trail(&self) -> Vec<String> {
        let mut rows = self.accounts.register().audit_rows(&Sought::default()).await.unwrap();
        rows.reverse();
        rows.iter().map(|row| format!("{} {} {}", row.actor, row.action, row.outcome)).collect()
    }
}

#[tokio::test]
async fn the_first_link_makes_one_administrator() {
    let people = People::new().await;
    let earlier = people.accounts.first_link(anna()).await.unwrap().unwrap();
    let link = people.accounts.first_link(anna()).await.unwrap().unwrap();
    assert!(
        matches!(people.accounts.link(&secret(&earlier)).await, Err(AccountError::LinkGone)),
        "an earlier link no longer works"
    );
    assert_eq!(people.accounts.link(&secret(&link)).await.unwrap(), LinkFor::First);
    // Looking does not spend it, nor does a password that is refused.
    let weak = people.accounts.set_up(&secret(&link), "q@oak.example", "Quill", "Password2026!", &[]).await;
    assert!(matches!(weak, Err(AccountError::Weak(Weak::Common))));
    let id = people.accounts.set_up(&secret(&link), "q@oak.example", "Quill", GOOD, &[]).await.unwrap();
    assert!(matches!(
        people.accounts.set_up(&secret(&link), "r@oak.example", "Ren", GOOD, &[]).await,
        Err(AccountError::LinkGone)
    ));
    assert!(people.accounts.first_link(anna()).await.unwrap().is_none());
    let account = people.accounts.get(id).await.unwrap().unwrap();
    assert_eq!((account.roles[0].role, &account.roles[0].place), (Role::Administrator, &Place::Everywhere));
    assert!(account.needs_second_step(date(2026, 11, 23)));
}

#[tokio::test]
async fn a_link_works_once_and_for_three_days() {
    let people = People::new().await;
    let id = people.with("q@oak.example", Role::Governor).await;
    let link = people.accounts.make_link(anna(), id, false).await.unwrap();
    people.pass(72 * 60 * MINUTE);
    assert!(matches!(people.accounts.set_password_by_link(&secret(&link), OTHER, &[]).await, Err(AccountError::LinkGone)));
    let link = people.accounts.make_link(anna(), id, false).await.unwrap();
    people.pass(71 * 60 * MINUTE);
    // The old password works until the link is used.
    people.sign_in("q@oak.example", GOOD).await.unwrap();
    people.accounts.set_password_by_link(&secret(&link), OTHER, &[]).await.unwrap();
    assert!(matches!(people.accounts.set_password_by_link(&secret(&link), GOOD, &[]).await, Err(AccountError::LinkGone)));
    assert!(matches!(people.sign_in("q@oak.example", GOOD).await, Err(AccountError::Wrong)));
    people.sign_in("q@oak.example", OTHER).await.unwrap();
    for wrong in ["", "zz", &"0".repeat(64), &"x".repeat(64), "../link"] {
        assert!(matches!(people.accounts.link(wrong).await, Err(AccountError::LinkGone)), "{wrong}");
    }
}

#[tokio::test]
async fn a_link_that_is_used_ends_every_session() {
    let people = People::new().await;
    let id = people.with("q@oak.example", Role::Governor).await;
    let (token, stage) = people.sign_in("Q@OAK.example ", GOOD).await.unwrap();
    assert_eq!(stage, Stage::Full);
    assert_eq!(people.stage(&token).await, Some(Stage::Full));
    let link = people.accounts.make_link(anna(), id, false).await.unwrap();
    assert_eq!(people.stage(&token).await, Some(Stage::Full));
    people.accounts.set_password_by_link(&secret(&link), OTHER, &[]).await.unwrap();
    assert_eq!(people.stage(&token).await, None);
}

#[tokio::test]
async fn wrong_is_wrong_whether_or_not_there_is_an_account() {
    let people = People::new().await;
    let id = people.with("q@oak.example", Role::Governor).await;
    people
        .accounts
        .add(
            anna(),
            &NewAccount {
                email: "new@oak.example".into(),
                name: "New".into(),
                role: Role::Staff,
                place: Place::Everywhere,
                from: date(2026, 9, 1),
                to: None,
            },
        )
        .await
        .unwrap();
    for (email, password) in
        [("q@oak.example", OTHER), ("nobody@oak.example", GOOD), ("new@oak.example", GOOD), ("new@oak.example", ""), ("", "")]
    {
        let error = people.sign_in(email, password).await.unwrap_err();
        assert_eq!(error.to_string(), "that is not right", "{email}");
    }
    people.with("boss@oak.example", Role::Administrator).await;
    people.accounts.close(anna(), id).await.unwrap();
    assert!(matches!(people.sign_in("q@oak.example", GOOD).await, Err(AccountError::Wrong)));
    let trail = people.trail().await;
    assert_eq!(trail.iter().filter(|row| *row == "nobody sign-in refused").count(), 6);
    // What was typed stands nowhere.
    let rows =
        people.accounts.register().audit_rows(&Sought { outcome: Some(Outcome::Refused), ..Sought::default() }).await.unwrap();
    assert!(rows.iter().all(|row| !format!("{row:?}").contains("example")));
}

#[tokio::test]
async fn guessing_is_slowed_by_account_and_then_ends() {
    let people = People::new().await;
    people.with("q@oak.example", Role::Governor).await;
    for _ in 0..10 {
        assert!(matches!(people.sign_in("q@oak.example", OTHER).await, Err(AccountError::Wrong)));
    }
    // The right password, from another address and typed otherwise, waits as well.
    for _ in 0..3 {
        let other = people.accounts.sign_in(" Q@oak.EXAMPLE", GOOD, "198.51.100.9".parse().unwrap(), None).await;
        assert!(matches!(other, Err(AccountError::Wait)));
    }
    // Ten guesses and one wait stand in the trail, not every later try.
    let refused = people.trail().await.iter().filter(|row| row.ends_with("sign-in refused")).count();
    assert_eq!(refused, 11);
    people.pass(14 * MINUTE);
    assert!(matches!(people.sign_in("q@oak.example", GOOD).await, Err(AccountError::Wait)));
    people.pass(MINUTE);
    people.sign_in("q@oak.example", GOOD).await.unwrap();
    // An account that is not there is slowed alike.
    for _ in 0..10 {
        assert!(matches!(people.sign_in("nobody@oak.example", OTHER).await, Err(AccountError::Wrong)));
    }
    assert!(matches!(people.sign_in("nobody@oak.example", OTHER).await, Err(AccountError::Wait)));
}

#[tokio::test]
async fn guessing_is_slowed_by_address_too() {
    let people = People::new().await;
    people.with("q@oak.example", Role::Governor).await;
    // An IPv6 network is one address.
    for number in 0..50_u16 {
        let address: IpAddr = format!("2001:db8:1:2::{number:x}").parse().unwrap();
        let tried = people.accounts.sign_in(&format!("p{number}@oak.example"), OTHER, address, None).await;
        assert!(matches!(tried, Err(AccountError::Wrong)), "{number}");
    }
    let at = async |address: &str| people.accounts.sign_in("q@oak.example", GOOD, address.parse().unwrap(), None).await;
    assert!(matches!(at("2001:db8:1:2:ffff::1").await, Err(AccountError::Wait)));
    assert!(at("2001:db8:1:3::1").await.is_ok());
    assert!(at("192.0.2.1").await.is_ok());
}

#[tokio::test]
async fn a_second_step_is_set_up_asked_for_and_works_once() {
    let people = People::new().await;
    let (typed, codes, token) = people.lead().await;
    assert_eq!(people.stage(&token).await, Some(Stage::Full));
    assert_eq!(codes.len(), 10);
    // The code that set it up is used.
    let (half, stage) = people.sign_in("lead@oak.example", GOOD).await.unwrap();
    assert_eq!(stage, Stage::Code);
    let session = people.accounts.session(half.as_str()).await.unwrap().unwrap();
    let used = people.code(&typed);
    assert!(matches!(people.accounts.enter_code(&session, &used, HERE).await, Err(AccountError::Wrong)));
    people.pass(MINUTE);
    let code = people.code(&typed);
    let full = people.accounts.enter_code(&session, &code, HERE).await.unwrap();
    assert_ne!(full.as_str(), half.as_str(), "a step up is a new session");
    assert_eq!(people.stage(&half).await, None);
    assert_eq!(people.stage(&full).await, Some(Stage::Full));
    // Another session can't use the same code, nor can the same session again.
    assert!(matches!(people.accounts.enter_code(&session, &code, HERE).await, Err(AccountError::NoSuch)));
    let (half, _) = people.sign_in("lead@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(half.as_str()).await.unwrap().unwrap();
    assert!(matches!(people.accounts.enter_code(&session, &code, HERE).await, Err(AccountError::Wrong)));
    // Who has a second step can't set up another before showing it.
    assert!(matches!(people.accounts.begin_second_step(&session).await, Err(AccountError::NoSuch)));
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    let people = People::new().await;
    let (_, codes, _) = people.lead().await;
    for (code, works) in [
        (codes[3].to_uppercase(), true),
        (codes[3].clone(), false),
        ("aaaa-aaaa-aaaa-aaaa".into(), false),
        (codes[4].replace('-', ""), true),
    ] {
        let (half, _) = people.sign_in("lead@oak.example", GOOD).await.unwrap();
        let session = people.accounts.session(half.as_str()).await.unwrap().unwrap();
        assert_eq!(people.accounts.enter_code(&session, &code, HERE).await.is_ok(), works, "{code}");
    }
    let lead = people.accounts.with_email("lead@oak.example").await.unwrap().unwrap();
    assert_eq!(people.accounts.recovery_codes_left(lead.id).await.unwrap(), 8);
}

#[tokio::test]
async fn codes_are_not_guessed_by_signing_in_again() {
    let people = People::new().await;
    let (typed, _, _) = people.lead().await;
    for _ in 0..10 {
        let (half, _) = people.sign_in("lead@oak.example", GOOD).await.unwrap();
        let session = people.accounts.session(half.as_str()).await.unwrap().unwrap();
        assert!(matches!(people.accounts.enter_code(&session, "000000", HERE).await, Err(AccountError::Wrong)));
    }
    people.pass(MINUTE);
    let (half, _) = people.sign_in("lead@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(half.as_str()).await.unwrap().unwrap();
    let code = people.code(&typed);
    assert!(matches!(people.accounts.enter_code(&session, &code, HERE).await, Err(AccountError::Wait)));
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let people = People::new().await;
    people.with("q@oak.example", Role::Governor).await;
    let (other, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    let (token, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    let session = people.accounts.session(token.as_str()).await.unwrap().unwrap();
    assert!(matches!(people.accounts.change_password(&session, OTHER, OTHER, &[], HERE).await, Err(AccountError::Wrong)));
    assert!(matches!(
        people.accounts.change_password(&session, GOOD, "Quill-Beispiel-1", &[], HERE).await,
        Err(AccountError::Weak(_))
    ));
    let new = people.accounts.change_password(&session, GOOD, OTHER, &[], HERE).await.unwrap();
    assert_eq!(
        (people.stage(&other).await, people.stage(&token).await, people.stage(&new).await),
        (None, None, Some(Stage::Full))
    );
    people.sign_in("q@oak.example", OTHER).await.unwrap();
}

#[tokio::test]
async fn a_change_of_roles_ends_the_sessions_it_is_about() {
    let people = People::new().await;
    let id = people.with("q@oak.example", Role::Governor).await;
    let (token, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    people.accounts.give_role(anna(), id, Role::Dsl, &Place::Everywhere, date(2026, 11, 1), None).await.unwrap();
    assert_eq!(people.stage(&token).await, None);
    let (_, stage) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    assert_eq!(stage, Stage::Enrol, "the new role asks for a second step");
    let error =
        people.accounts.give_role(anna(), id, Role::Dsl, &Place::Everywhere, date(2026, 11, 2), Some(date(2026, 11, 1))).await;
    assert!(matches!(error, Err(AccountError::Days)));
}

#[tokio::test]
async fn roles_hold_from_day_to_day_and_a_role_to_come_asks_for_its_step_then() {
    let people = People::new().await;
    let id = people.with("q@oak.example", Role::Governor).await;
    people
        .accounts
        .give_role(anna(), id, Role::Dsl, &Place::Everywhere, date(2026, 11, 24), Some(date(2026, 11, 25)))
        .await
        .unwrap();
    let on = async |day| people.accounts.get(id).await.unwrap().unwrap().roles_on(day).map(|held| held.role).collect::<Vec<_>>();
    assert_eq!(on(date(2026, 11, 23)).await, [Role::Governor]);
    assert_eq!(on(date(2026, 11, 24)).await, [Role::Governor, Role::Dsl]);
    assert_eq!(on(date(2026, 11, 25)).await, [Role::Governor, Role::Dsl]);
    assert_eq!(on(date(2026, 11, 26)).await, [Role::Governor]);
    // Signed in at 23:50, seen again after midnight.
    people.pass((14 * 60 + 50) * MINUTE);
    let (token, _) = people.sign_in("q@oak.example", GOOD).await.unwrap();
    assert_eq!(people.stage(&token).await, Some(Stage::Full));
    people.pass(20 * MINUTE);
    assert_eq!(people.stage(&token).await, Some(Stage::Enrol));
}

#[tokio::test]
async fn somebody_can_always_give_accounts() {
    let people = People::new().await;
    let first = people.with("a@oak.example", Role::Administrator).await;
    let held = people.accounts.get(first).await.unwrap().unwrap().roles[0].id;
    assert!(matches!(people.accounts.close(anna(), first).await, Err(AccountError::LastAdministrator)));
    assert!(matches!(people.accounts.end_role(anna(), first, held).await, Err(AccountError::LastAdministrator)));
    // One who never set a password can't give accounts either.
    let new = NewAccount {
        email: "b@oak.example".into(),
        name: "B".into(),
        role: Role::Administrator,
        place: Place::Everywhere,
        from: date(2026, 9, 1),
        to: None,
    };
    let (second, link) = people.accounts.add(anna(), &new).await.unwrap();
    assert!(matches!(people.accounts.close(anna(), first).await, Err(AccountError::LastAdministrator)));
    people.accounts.set_password_by_link(&secret(&link), OTHER, &[]).await.unwrap();
    people.accounts.close(anna(), first).await.unwrap();
    assert!(matches!(people.accounts.close(anna(), second).await, Err(AccountError::LastAdministrator)));
    people.accounts.reopen(anna(), first).await.unwrap();
    // A role that is ended is no role from today on, and stays on record.
    people.accounts.end_role(anna(), first, held).await.unwrap();
    let account = people.accounts.get(first).await.unwrap().unwrap();
    assert_eq!(account.roles_on(date(2026, 11, 23)).count(), 0);
    assert_eq!(account.roles[0].to, Some(date(2026, 11, 22)));
}

#[tokio::test]
async fn an_administrator_can_take_a_lost_second_step_away() {
    let people = People::new().await;
    let (_, codes, token) = people.lead().await;
    let lead = people.accounts.with_email("lead@oak.example").await.unwrap().unwrap();
    let link = people.accounts.make_link(anna(), lead.id, true).await.unwrap();
    people.accounts.set_password_by_link(&secret(&link), OTHER, &[]).await.unwrap();
    assert_eq!(people.stage(&token).await, None);
    let (_, stage) = people.sign_in("lead@oak.example", OTHER).await.unwrap();
    assert_eq!(stage, Stage::Enrol);
    assert_eq!(people.accounts.recovery_codes_left(lead.id).await.unwrap(), 0);
    drop(codes);
}

#[tokio::test]
async fn a_person_needs_an_address_of_their_own_and_a_name() {
    let people = People::new().await;
    people.with("q@oak.example", Role::Governor).await;
    let add = async |email: &str, name: &str| {
        let new = NewAccount {
            email: email.into(),
            name: name.into(),
            role: Role::Staff,
            place: Place::Everywhere,
            from: date(2026, 9, 1),
            to: None,
        };
        people.accounts.add(anna(), &new).await
    };
    assert!(matches!(add("Q@Oak.Example", "Q").await, Err(AccountError::Taken)));
    for email in [
        "",
        "q",
        "@oak.example",
        "q@",
        "q q@oak.example",
        "q@oak.example\nx",
        "<q@oak.example>",
        &format!("{}@oak.example", "q".repeat(250)),
    ] {
        assert!(matches!(add(email, "Q").await, Err(AccountError::Email)), "{email:?}");
    }
    for name in ["", "  ", &"q".repeat(101), "q\nq"] {
        assert!(matches!(add("new@oak.example", name).await, Err(AccountError::Name)), "{name:?}");
    }
}

#[tokio::test]
async fn the_file_holds_no_secret_in_clear() {
    let people = People::new().await;
    let (typed, codes, token) = people.lead().await;
    let id = people.with("q@oak.example", Role::Governor).await;
    let link = people.accounts.make_link(anna(), id, false).await.unwrap();
    people.accounts.register().close().await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(people.folder.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    let raw = totp_rs::Secret::try_from_base32(typed.replace(' ', "")).unwrap();
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(has(b"lead@oak.example"), "the search finds what is there");
    for needle in [
        GOOD.as_bytes(),
        raw.as_bytes(),
        typed.replace(' ', "").as_bytes(),
        codes[0].as_bytes(),
        token.as_str().as_bytes(),
        secret(&link).as_bytes(),
    ] {
        assert!(!has(needle));
    }
    for hex in [token.as_str(), &secret(&link)] {
        assert!(!has(blake3::Hash::from_hex(hex).unwrap().as_bytes()));
    }
}

#[tokio::test]
async fn the_trail_tells_who_came_how_far() {
    let people = People::new().await;
    people.lead().await;
    assert_eq!(
        people.trail().await,
        ["command:anna add-account done", "account:1 use-link done", "account:1 sign-in done", "account:1 set-second-step done"]
    );
    assert_eq!(people.accounts.register().verify_audit(None).await.unwrap().findings, []);
}
