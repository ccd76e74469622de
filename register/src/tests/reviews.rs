use jiff::civil::{Date, date};
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::accounts::People;
use crate::records::{ActionState, Body, By, FrozenFile, NewAction, Part, RecordError, Review, ReviewState, Seat, ToFreeze};
use crate::{Register, Role, Sought};

const TODAY: Date = date(2026, 7, 6);
const YEAR: AcademicYear = AcademicYear(2025);
/// 2026-07-06T09:00:00Z.
const NOW: i64 = 1_783_328_400_000_000;

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

/// A technician, a safeguarding lead, a head, a governor, a second governor.
async fn house() -> (People, [By; 5]) {
    let people = People::new().await;
    let mut all = Vec::new();
    for (name, role) in [
        ("tech", Role::Technician),
        ("lead", Role::Dsl),
        ("head", Role::Leader),
        ("governor", Role::Governor),
        ("chair", Role::Governor),
    ] {
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

fn no_such(done: Result<(), RecordError>) -> bool {
    matches!(done, Err(RecordError::NoSuch))
}

async fn review(register: &Register) -> Review {
    register.review(&oak(), YEAR).await.unwrap().unwrap()
}

/// Opened, and each part said to be ready by whose part it is.
async fn prepared(register: &Register, [technician, lead, head, ..]: [By; 5]) {
    register.open_review(head, &oak(), YEAR, NOW).await.unwrap();
    for (by, part) in [(technician, Part::Systems), (lead, Part::Safeguarding), (head, Part::Leaders)] {
        register.review_part_done(by, &oak(), YEAR, part, NOW).await.unwrap();
    }
}

fn to_freeze() -> ToFreeze {
    let file = FrozenFile { audience: "governors".into(), form: "pdf".into(), bytes: b"%PDF".to_vec() };
    ToFreeze { bundle: b"{signed}".to_vec(), weir: "0.1.0".into(), files: vec![file] }
}

/// Prepared, and signed by all four.
async fn frozen(register: &Register, people: [By; 5]) {
    let [technician, lead, head, governor, _] = people;
    prepared(register, people).await;
    register.begin_signing(lead, &oak(), YEAR, b"{}", NOW).await.unwrap();
    let digest = blake3::hash(b"{}").to_hex().to_string();
    for by in [technician, lead, head] {
        register.sign_review(by, &oak(), YEAR, &digest, None, NOW).await.unwrap();
    }
    register.sign_review(governor, &oak(), YEAR, &digest, Some(&to_freeze()), NOW + 1).await.unwrap();
}

#[tokio::test]
async fn what_somebody_wrote_stays_when_it_is_written_anew() {
    let (people, [technician, lead, head, governor, _]) = house().await;
    let register = people.accounts.register();
    assert!(no_such(register.answer_review(lead, &oak(), YEAR, 2, "lead", "early", NOW).await), "nobody opened it");
    register.open_review(head, &oak(), YEAR, NOW).await.unwrap();
    register.open_review(lead, &oak(), YEAR, NOW).await.unwrap();
    register.answer_review(lead, &oak(), YEAR, 2, "lead", "Quill Beispiel", NOW).await.unwrap();
    register.answer_review(head, &oak(), YEAR, 2, "lead", " Quill Beispiel,\r\nand a deputy ", NOW + 1).await.unwrap();
    register.answer_review(head, &oak(), YEAR, 2, "lead", "Quill Beispiel,\nand a deputy", NOW + 2).await.unwrap();
    let now = review(register).await;
    assert_eq!(now.revisions.len(), 1);
    assert_eq!(now.answer(2, "lead").unwrap().text, "Quill Beispiel,\nand a deputy");
    assert_eq!(now.answer(2, "lead").unwrap().role, Role::Leader);
    assert_eq!(now.earlier(2, "lead").iter().map(|answer| answer.text.as_str()).collect::<Vec<_>>(), ["Quill Beispiel"]);
    assert_eq!((now.answer(3, "lead"), now.answer(2, "systems")), (None, None));
    // Taken back: missing again, and still there to read.
    register.answer_review(lead, &oak(), YEAR, 2, "lead", " ", NOW + 3).await.unwrap();
    let now = review(register).await;
    assert_eq!(now.answer(2, "lead"), None);
    assert_eq!(now.earlier(2, "lead").len(), 2);
    let long = "a".repeat(1001);
    assert_eq!(fields(register.answer_review(lead, &oak(), YEAR, 2, "lead", &long, NOW).await), ["text"]);
    register.answer_review(lead, &oak(), YEAR, 2, "lead", &"é".repeat(1000), NOW).await.unwrap();

    register.comment_review(governor, &oak(), YEAR, 5, "Why no logs in March?", NOW).await.unwrap();
    assert_eq!(fields(register.comment_review(governor, &oak(), YEAR, 5, "\n", NOW).await), ["text"]);
    assert_eq!(
        review(register).await.comments(5).map(|comment| comment.text.as_str()).collect::<Vec<_>>(),
        ["Why no logs in March?"]
    );

    // A part is said to be ready by whose part it is, and by the head for all.
    assert_eq!(fields(register.review_part_done(technician, &oak(), YEAR, Part::Safeguarding, NOW).await), ["part"]);
    assert_eq!(fields(register.review_part_done(lead, &oak(), YEAR, Part::Leaders, NOW).await), ["part"]);
    register.review_part_done(head, &oak(), YEAR, Part::Systems, NOW).await.unwrap();
    let elm = SchoolId::parse("elm").unwrap();
    assert!(no_such(register.answer_review(lead, &elm, YEAR, 2, "lead", "mine", NOW).await));
    assert_eq!(register.review(&elm, YEAR).await.unwrap(), None);
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn it_is_signed_in_turn_and_once() {
    let (people, all @ [technician, lead, head, governor, chair]) = house().await;
    let register = people.accounts.register();
    register.open_review(head, &oak(), YEAR, NOW).await.unwrap();
    assert_eq!(fields(register.begin_signing(head, &oak(), YEAR, b"{}", NOW).await), ["parts"]);
    prepared(register, all).await;
    let digest = blake3::hash(b"{}").to_hex().to_string();
    let sign = async |by: By, freezes: Option<&ToFreeze>| register.sign_review(by, &oak(), YEAR, &digest, freezes, NOW).await;
    assert!(no_such(sign(lead, None).await), "signing has not begun");
    register.begin_signing(head, &oak(), YEAR, b"{}", NOW).await.unwrap();
    assert!(no_such(register.begin_signing(head, &oak(), YEAR, b"{}", NOW).await));
    // From now on nobody writes.
    assert!(no_such(register.answer_review(lead, &oak(), YEAR, 2, "lead", "late", NOW).await));
    assert!(no_such(register.comment_review(governor, &oak(), YEAR, 2, "late", NOW).await));

    for early in [head, governor] {
        assert_eq!(fields(sign(early, None).await), ["sign"]);
    }
    assert_eq!(fields(register.sign_review(lead, &oak(), YEAR, &"0".repeat(64), None, NOW).await), ["sign"], "something else");
    sign(lead, None).await.unwrap();
    assert_eq!(fields(sign(lead, None).await), ["sign"]);
    // A second role makes nobody a second person.
    assert_eq!(fields(sign(By { role: Role::Technician, ..lead }, None).await), ["sign"]);
    assert_eq!(fields(sign(head, None).await), ["sign"], "IT support has not signed");
    sign(technician, None).await.unwrap();
    assert_eq!(fields(sign(By { role: Role::Staff, ..chair }, None).await), ["sign"]);
    sign(head, None).await.unwrap();
    assert_eq!(fields(sign(governor, None).await), ["sign"], "the last signature brings what is frozen");
    sign(governor, Some(&to_freeze())).await.unwrap();
    assert!(no_such(sign(chair, Some(&to_freeze())).await));
    let now = review(register).await;
    assert_eq!(now.state(), ReviewState::Frozen);
    let (revision, frozen) = now.frozen().unwrap();
    assert_eq!((revision.number, frozen.bundle.as_slice()), (1, b"{signed}".as_slice()));
    assert_eq!(frozen.digest, blake3::hash(b"{signed}").to_hex().to_string());
    let seats: Vec<Seat> = revision.round().unwrap().signatures.iter().map(|signature| signature.seat).collect();
    assert_eq!(seats, [Seat::Safeguarding, Seat::Systems, Seat::Head, Seat::Governor]);
    let stored = register.frozen_file(&oak(), YEAR, 1, "governors", "pdf").await.unwrap();
    assert_eq!(stored.as_deref(), Some(b"%PDF".as_slice()));
    assert_eq!(register.frozen_file(&oak(), YEAR, 2, "governors", "pdf").await.unwrap(), None);
    let refused = Sought { outcome: Some(crate::Outcome::Refused), action: Some("sign".into()), ..Sought::default() };
    assert_eq!(register.audit_rows(&refused).await.unwrap().len(), 7);
    let done = Sought { outcome: Some(crate::Outcome::Done), ..refused };
    assert_eq!(register.audit_rows(&done).await.unwrap().len(), 4);
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn a_signing_that_is_broken_off_counts_for_nothing() {
    let (people, all @ [technician, lead, head, ..]) = house().await;
    let register = people.accounts.register();
    prepared(register, all).await;
    let digest = blake3::hash(b"{}").to_hex().to_string();
    register.begin_signing(head, &oak(), YEAR, b"{}", NOW).await.unwrap();
    register.sign_review(lead, &oak(), YEAR, &digest, None, NOW).await.unwrap();
    assert_eq!(fields(register.break_off_signing(head, &oak(), YEAR, "", NOW).await), ["why"]);
    register.break_off_signing(head, &oak(), YEAR, "a wrong date in block 3", NOW).await.unwrap();
    register.answer_review(technician, &oak(), YEAR, 3, "contracts", "ends in 2027", NOW).await.unwrap();
    register.begin_signing(head, &oak(), YEAR, b"{2}", NOW).await.unwrap();
    let now = review(register).await;
    assert!(now.revision().unwrap().round().unwrap().signatures.is_empty());
    assert_eq!(now.revision().unwrap().rounds[0].signatures.len(), 1, "and it is still there to read");
    assert_eq!(fields(register.sign_review(lead, &oak(), YEAR, &digest, None, NOW).await), ["sign"], "not the old one");

    // A firm outside has no account: the head says so, and signs after that.
    let digest = blake3::hash(b"{2}").to_hex().to_string();
    let empty = async |by: By, seat: Option<Seat>, why: &str| register.leave_seat_empty(by, &oak(), YEAR, seat, why, NOW).await;
    assert_eq!(fields(empty(lead, Some(Seat::Systems), "gone").await), ["seat"]);
    for seat in [Some(Seat::Governor), Some(Seat::Head), None] {
        assert_eq!(fields(empty(head, seat, "").await), ["seat", "seat_why"]);
    }
    empty(head, Some(Seat::Systems), "our filter is run by a firm").await.unwrap();
    assert_eq!(fields(empty(head, Some(Seat::Systems), "twice").await), ["seat"]);
    register.sign_review(lead, &oak(), YEAR, &digest, None, NOW).await.unwrap();
    register.sign_review(head, &oak(), YEAR, &digest, None, NOW).await.unwrap();
}

#[tokio::test]
async fn the_file_itself_lets_nothing_be_changed() {
    let (people, all @ [_, lead, head, ..]) = house().await;
    let register = people.accounts.register();
    register.open_review(head, &oak(), YEAR, NOW).await.unwrap();
    register.answer_review(lead, &oak(), YEAR, 2, "lead", "Quill", NOW).await.unwrap();
    register.comment_review(lead, &oak(), YEAR, 2, "so it is", NOW).await.unwrap();
    let action = NewAction { what: "test again".into(), owner: "Quill".into(), due: Some(TODAY) };
    register.add_review_action(lead, &oak(), YEAR, &action, TODAY).await.unwrap();
    frozen(register, all).await;
    let before = review(register).await;
    let mut other = people.folder.behind_its_back().await;
    let account = lead.id;
    for statement in [
        "UPDATE review_frozen SET bundle = x'00'".to_owned(),
        "DELETE FROM review_frozen".into(),
        "INSERT OR REPLACE INTO review_frozen SELECT revision, round, x'00', digest, weir, at FROM review_frozen".into(),
        "UPDATE review_files SET bytes = x'00'".into(),
        "DELETE FROM review_files".into(),
        "INSERT OR REPLACE INTO review_files SELECT revision, audience, form, x'00', digest FROM review_files".into(),
        "UPDATE review_answers SET text = 'other'".into(),
        "DELETE FROM review_answers".into(),
        format!(
            "INSERT INTO review_answers (revision, block, item, text, by, role, at) VALUES (1, 2, 'lead', 'late', {account}, 'dsl', 1)"
        ),
        "UPDATE review_comments SET text = 'other'".into(),
        format!("INSERT INTO review_comments (revision, block, text, by, role, at) VALUES (1, 2, 'late', {account}, 'dsl', 1)"),
        "DELETE FROM review_parts_done".into(),
        "UPDATE review_rounds SET digest = '' || digest, ended_at = 1, ended_by = 1, ended_why = 'x'".into(),
        "DELETE FROM review_rounds".into(),
        "UPDATE review_signatures SET name = 'Somebody else'".into(),
        "DELETE FROM review_signatures WHERE seat = 'governor'".into(),
        "UPDATE review_actions SET what = 'less'".into(),
        "DELETE FROM review_actions".into(),
        "UPDATE review_revisions SET number = 2".into(),
        "DELETE FROM reviews".into(),
    ] {
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&mut other).await;
        assert!(done.is_err(), "{statement}");
    }
    assert_eq!(review(register).await, before);
    // Not even a signature before its turn.
    register.revise_review(head, &oak(), YEAR, "a new filter", NOW).await.unwrap();
    for part in Part::ALL {
        register.review_part_done(head, &oak(), YEAR, *part, NOW).await.unwrap();
    }
    register.begin_signing(head, &oak(), YEAR, b"{2}", NOW).await.unwrap();
    for seat in ["head", "governor"] {
        let statement =
            format!("INSERT INTO review_signatures (round, seat, account, name, at) VALUES (2, '{seat}', {account}, 'Q', 1)");
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut other).await;
        assert!(done.unwrap_err().to_string().contains("in turn"), "{seat}");
    }
    let statement = "INSERT INTO review_frozen SELECT 2, 2, bundle, digest, weir, at FROM review_frozen";
    assert!(sqlx::raw_sql(statement).execute(&mut other).await.unwrap_err().to_string().contains("everybody signed"));
}

#[tokio::test]
async fn a_change_after_freezing_is_a_new_revision() {
    let (people, all @ [_, lead, head, ..]) = house().await;
    let register = people.accounts.register();
    frozen(register, all).await;
    assert!(no_such(register.answer_review(lead, &oak(), YEAR, 2, "lead", "later", NOW).await));
    assert_eq!(fields(register.revise_review(head, &oak(), YEAR, " ", NOW).await), ["why"]);
    register.revise_review(head, &oak(), YEAR, "a new filter", NOW + 5).await.unwrap();
    assert!(no_such(register.revise_review(head, &oak(), YEAR, "twice", NOW).await));
    register.answer_review(lead, &oak(), YEAR, 2, "lead", "later", NOW + 6).await.unwrap();
    let now = review(register).await;
    assert_eq!(now.state(), ReviewState::Writing);
    assert_eq!(now.revisions.iter().map(|revision| revision.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(now.revision().unwrap().why, "a new filter");
    assert!(!now.revision().unwrap().is_prepared(), "everybody prepares it anew");
    assert_eq!(now.frozen().unwrap().0.number, 1);
    let later = register.last_frozen_before(&oak(), AcademicYear(2026)).await.unwrap();
    assert_eq!(later, Some((YEAR, NOW + 1)));
    assert_eq!(register.last_frozen_before(&oak(), YEAR).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_still_to_be_done_goes_into_next_years_review() {
    let (people, [_, lead, head, ..]) = house().await;
    let register = people.accounts.register();
    let new = |what: &str| NewAction { what: what.into(), owner: " IT  support ".into(), due: Some(date(2026, 9, 30)) };
    let add = async |year: AcademicYear, new: &NewAction| register.add_review_action(lead, &oak(), year, new, TODAY).await;
    let end = async |year: AcademicYear, id: i64, state: Option<ActionState>, why: &str| {
        register.end_review_action(lead, &oak(), year, id, state, why, TODAY).await
    };
    assert!(matches!(add(YEAR, &new("too early")).await, Err(RecordError::NoSuch)));
    register.open_review(head, &oak(), YEAR, NOW).await.unwrap();
    let nothing = NewAction { what: " ".into(), owner: String::new(), due: None };
    assert_eq!(fields(add(YEAR, &nothing).await), ["what", "owner", "due"]);
    assert_eq!(fields(add(YEAR, &NewAction { due: Some(date(2026, 7, 5)), ..new("late") }).await), ["due"]);
    let (one, two, three) =
        (add(YEAR, &new("one")).await.unwrap(), add(YEAR, &new("two")).await.unwrap(), add(YEAR, &new("three")).await.unwrap());
    assert_eq!(fields(end(YEAR, one, None, "").await), ["state", "why"]);
    assert_eq!(fields(end(YEAR, one, Some(ActionState::Carried), "x").await), ["state"]);
    end(YEAR, one, Some(ActionState::Done), "tested on 3 July").await.unwrap();
    assert!(no_such(end(YEAR, one, Some(ActionState::Dropped), "twice").await));
    end(YEAR, two, Some(ActionState::Dropped), "the system is gone").await.unwrap();

    // Two years on, without a review between: what was open comes along once, with the year it was first asked for.
    let later = AcademicYear(2027);
    register.open_review(head, &oak(), later, NOW).await.unwrap();
    register.open_review(head, &oak(), later, NOW).await.unwrap();
    let carried = register.review(&oak(), later).await.unwrap().unwrap().actions;
    assert_eq!(carried.len(), 1);
    assert_eq!(
        (carried[0].what.as_str(), carried[0].owner.as_str(), carried[0].carried_from),
        ("three", "IT support", Some(YEAR))
    );
    assert_eq!(
        (carried[0].state, carried[0].is_late(TODAY), carried[0].is_late(date(2026, 10, 1))),
        (ActionState::Open, false, true)
    );
    let states: Vec<ActionState> = review(register).await.actions.iter().map(|action| action.state).collect();
    assert_eq!(states, [ActionState::Done, ActionState::Dropped, ActionState::Carried]);
    assert!(no_such(end(YEAR, three, Some(ActionState::Done), "the old one").await));
    register.open_review(head, &oak(), AcademicYear(2028), NOW).await.unwrap();
    let again = register.review(&oak(), AcademicYear(2028)).await.unwrap().unwrap().actions;
    assert_eq!(again[0].carried_from, Some(YEAR), "the year it was first asked for");
}

#[tokio::test]
async fn one_review_for_all_schools_of_a_governing_body() {
    let (people, [.., head, _, _]) = house().await;
    let register = people.accounts.register();
    let beech = SchoolId::parse("beech").unwrap();
    // Something is still to be done at one of them since last year.
    register.open_review(head, &beech, AcademicYear(2024), NOW).await.unwrap();
    let action = NewAction { what: "Test the tablets".into(), owner: "IT support".into(), due: Some(date(2026, 9, 1)) };
    register.add_review_action(head, &beech, AcademicYear(2024), &action, TODAY).await.unwrap();
    let body = Body { name: "Oak and Beech".into(), schools: vec![oak(), beech.clone()] };
    register.open_joint_review(head, &body, YEAR, NOW).await.unwrap();
    let of_oak = review(register).await;
    assert_eq!(of_oak.body.as_ref(), Some(&body));
    assert_eq!(register.review(&beech, YEAR).await.unwrap().as_ref(), Some(&of_oak), "it is one and the same");
    assert_eq!(of_oak.actions.iter().map(|action| action.what.as_str()).collect::<Vec<_>>(), ["Test the tablets"]);
    // What is written at one is there at the other, and no second one is opened.
    register.answer_review(head, &beech, YEAR, 2, "systems", "One firm for both.", NOW).await.unwrap();
    assert_eq!(review(register).await.answer(2, "systems").unwrap().text, "One firm for both.");
    register.open_review(head, &beech, YEAR, NOW).await.unwrap();
    register.open_joint_review(head, &body, YEAR, NOW).await.unwrap();
    assert_eq!(register.review(&beech, YEAR).await.unwrap().unwrap().revisions.len(), 1);
    // A school whose own review is open keeps it.
    let fir = SchoolId::parse("fir").unwrap();
    register.open_review(head, &fir, YEAR, NOW).await.unwrap();
    let other = Body { name: "Elm and Fir".into(), schools: vec![SchoolId::parse("elm").unwrap(), fir.clone()] };
    register.open_joint_review(head, &other, YEAR, NOW).await.unwrap();
    assert_eq!(register.review(&fir, YEAR).await.unwrap().unwrap().body, None);
    assert_eq!(register.review(&other.schools[0], YEAR).await.unwrap(), None);
}

#[tokio::test]
async fn a_digest_is_read_once_by_each() {
    let (people, [_, lead, head, ..]) = house().await;
    let register = people.accounts.register();
    let monday = date(2026, 6, 29);
    for by in [lead, lead, head] {
        register.read_digest(by, &oak(), monday, NOW).await.unwrap();
    }
    let read = register.digests_read(&oak(), monday, TODAY).await.unwrap();
    let by: Vec<(Date, Role)> = read.iter().map(|read| (read.week, read.role)).collect();
    assert_eq!(by, [(monday, Role::Dsl), (monday, Role::Leader)]);
    assert!(register.digests_read(&oak(), date(2026, 7, 6), TODAY).await.unwrap().is_empty());
    let rows = register.audit_rows(&Sought::default()).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.object.as_deref() == Some("digest:2026-06-29")).count(), 2);
}
