use jiff::civil::{Date, date};
use weir_lake::ids::SchoolId;

use super::accounts::People;
use crate::records::{Book, By, Holds, NewEntry, RecordError, Spans};
use crate::{Role, Sought};

const TODAY: Date = date(2026, 11, 23);

fn oak() -> SchoolId {
    SchoolId::parse("oak").unwrap()
}

fn book(id: &str) -> &'static Book {
    Book::of(id).unwrap()
}

fn entry(values: &[(&'static str, &str)]) -> NewEntry {
    NewEntry { values: values.iter().map(|(field, value)| (*field, (*value).to_owned())).collect(), replaces: None }
}

fn training(came: &str, of: &str) -> NewEntry {
    entry(&[("what", "reporting a site"), ("whom", "staff"), ("on", "2026-09-02"), ("came", came), ("of", of)])
}

async fn house() -> (People, By) {
    let people = People::new().await;
    let id = people.with("head@oak.example", Role::Leader).await;
    (people, By { id, role: Role::Leader })
}

fn faults(new: &NewEntry, of: &str) -> Vec<(&'static str, &'static str)> {
    new.faults(book(of), TODAY).into_iter().map(|fault| (fault.field, fault.words)).collect()
}

#[test]
fn a_book_says_what_it_holds() {
    let mut ids = std::collections::BTreeSet::new();
    for book in Book::ALL {
        assert!(ids.insert(book.id), "{} twice", book.id);
        assert!(!book.asks.ends_with('?') && book.what.ends_with('.'), "{}", book.id);
        let mut names = std::collections::BTreeSet::new();
        for field in book.fields {
            assert!(names.insert(field.name), "{}: {} twice", book.id, field.name);
            assert!(field.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", field.name);
            // What anybody may write at length may hold a name, so governors never read it.
            assert!(field.holds != Holds::Text || !field.is_open, "{}: {}", book.id, field.name);
        }
        let day = |name: &str| book.field(name).map(|field| field.holds);
        match book.spans {
            Spans::On(on) => assert_eq!(day(on), Some(Holds::Day), "{}", book.id),
            Spans::From(from, until) => {
                assert_eq!((day(from), day(until)), (Some(Holds::Day), Some(Holds::Day)), "{}", book.id);
            }
        }
        assert!(book.fields[0].is_needed && book.fields[0].is_open, "{}: the first field heads an entry", book.id);
    }
}

#[test]
fn what_is_wrong_is_said_at_its_field() {
    assert_eq!(faults(&training("10", "12"), "training"), []);
    assert_eq!(faults(&training("13", "12"), "training"), [("came", "These are more than there were.")]);
    assert_eq!(faults(&training("ten", "12"), "training"), [("came", "Use a whole number.")]);
    let wrong = entry(&[("whom", "everybody"), ("on", "2026-11-24")]);
    assert_eq!(
        faults(&wrong, "training"),
        [
            ("what", "Fill this in."),
            ("whom", "Choose one of the list."),
            ("on", "This day is still to come. Record it once it has happened.")
        ]
    );
    let turned = entry(&[("duty", "dsl"), ("name", "Quill Beispiel"), ("since", "2026-02-30"), ("until", "2026-01-01")]);
    assert_eq!(faults(&turned, "responsible"), [("since", "Use a day such as 1 9 2026 or 2026-09-01.")]);
    let turned = entry(&[("duty", "dsl"), ("name", "Quill Beispiel"), ("since", "2026-02-01"), ("until", "2026-01-01")]);
    assert_eq!(faults(&turned, "responsible"), [("until", "This day is before the first.")]);
}

#[tokio::test]
async fn an_entry_is_recorded_changed_and_withdrawn_and_nothing_goes() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let training_book = book("training");
    let first = register.record_entry(by, &oak(), training_book, &training("9", "12"), 1, TODAY).await.unwrap();
    let second = register
        .record_entry(by, &oak(), training_book, &NewEntry { replaces: Some(first), ..training("10", "12") }, 2, TODAY)
        .await
        .unwrap();
    let pages = register.book(&oak(), training_book).await.unwrap();
    let counting: Vec<_> = pages.counting().map(|entry| (entry.id, entry.value("came"))).collect();
    assert_eq!(counting, [(second, "10")]);
    let newest = pages.entry(second).unwrap();
    assert_eq!(pages.before(newest).iter().map(|entry| entry.value("came")).collect::<Vec<_>>(), ["9"]);

    // What was replaced can't be replaced or withdrawn again, nor from another school or book.
    let again = register
        .record_entry(by, &oak(), training_book, &NewEntry { replaces: Some(first), ..training("11", "12") }, 3, TODAY)
        .await;
    assert!(matches!(again, Err(RecordError::NoSuch)));
    for (school, of, id) in [("oak", "training", first), ("elm", "training", second), ("oak", "surveys", second)] {
        let school = SchoolId::parse(school).unwrap();
        let done = register.withdraw_entry(by, &school, book(of), id, "a mistake", 3).await;
        assert!(matches!(done, Err(RecordError::NoSuch)), "{school} {of} {id}");
    }
    register.withdraw_entry(by, &oak(), training_book, second, "the wrong day", 4).await.unwrap();
    let pages = register.book(&oak(), training_book).await.unwrap();
    assert_eq!((pages.counting().count(), pages.entries.len()), (0, 2), "the one that was replaced does not come back");
    assert_eq!(pages.entry(second).unwrap().withdrawn.as_deref(), Some("the wrong day"));
    assert!(register.book(&SchoolId::parse("elm").unwrap(), training_book).await.unwrap().entries.is_empty());

    // Each is a row of the trail that says which book, and none of what was written.
    let rows = register.audit_rows(&Sought::default()).await.unwrap();
    let text = format!("{rows:?}");
    assert!(text.contains("training") && !text.contains("reporting a site") && !text.contains("the wrong day"));
    assert_eq!(register.verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn the_file_itself_keeps_what_was_recorded() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let id = register.record_entry(by, &oak(), book("training"), &training("9", "12"), 1, TODAY).await.unwrap();
    for text in [
        "UPDATE entry_values SET value = '12' WHERE field = 'came'",
        "DELETE FROM entry_values",
        "DELETE FROM entries",
        "UPDATE entries SET school = 'elm'",
        "UPDATE entries SET recorded_by = 2",
    ] {
        let refused = sqlx::raw_sql(text).execute(&mut people.folder.behind_its_back().await).await;
        assert!(refused.is_err(), "{text}");
    }
    assert_eq!(register.book(&oak(), book("training")).await.unwrap().entry(id).unwrap().value("came"), "9");
}

#[tokio::test]
async fn many_entries_are_taken_all_or_none() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let good = training("9", "12");
    let wrong = [good.clone(), training("13", "12")];
    let (at, error) = register.record_entries(by, &oak(), book("training"), &wrong, 1, TODAY).await.unwrap_err();
    assert!(at == 1 && matches!(error, RecordError::Wrong(_)));
    assert!(register.book(&oak(), book("training")).await.unwrap().entries.is_empty());
    let taken = register.record_entries(by, &oak(), book("training"), &[good.clone(), good], 1, TODAY).await.unwrap();
    assert_eq!((taken, register.book(&oak(), book("training")).await.unwrap().counting().count()), (2, 2));
}

#[tokio::test]
async fn an_entry_belongs_to_the_years_it_spans_and_is_overdue_while_it_holds() {
    let (people, by) = house().await;
    let register = people.accounts.register();
    let policy = |until: &str| entry(&[("kind", "ai"), ("agreed_on", "2024-10-01"), ("again", "2025-10-01"), ("until", until)]);
    let (of, now) = (book("policies"), 1);
    let id = register.record_entry(by, &oak(), of, &policy(""), now, TODAY).await.unwrap();
    let pages = register.book(&oak(), of).await.unwrap();
    let standing = pages.entry(id).unwrap();
    assert_eq!(standing.overdue(of, TODAY).map(|(field, day)| (field.name, day)), Some(("again", date(2025, 10, 1))));
    assert_eq!(standing.overdue(of, date(2025, 10, 1)), None, "due that day is not late yet");
    let within = |year: i16| standing.is_within(of, date(year, 9, 1), date(year + 1, 8, 31));
    assert_eq!([2023, 2024, 2026].map(within), [false, true, true]);

    let id = register
        .record_entry(by, &oak(), of, &NewEntry { replaces: Some(id), ..policy("2025-06-30") }, now, TODAY)
        .await
        .unwrap();
    let pages = register.book(&oak(), of).await.unwrap();
    let ended = pages.entry(id).unwrap();
    assert_eq!(ended.overdue(of, TODAY), None);
    assert!(
        ended.is_within(of, date(2024, 9, 1), date(2025, 8, 31)) && !ended.is_within(of, date(2025, 9, 1), date(2026, 8, 31))
    );
}

#[test]
fn no_question_of_the_self_audit_has_more_answers_than_people() {
    let audit = |lead: &str| entry(&[("on", "2026-09-02"), ("asked", "40"), ("answered", "36"), ("lead", lead)]);
    assert_eq!(faults(&audit("36"), "self-audit"), []);
    assert_eq!(faults(&audit("37"), "self-audit"), [("lead", "These are more than there were.")]);
    let ten = book("self-audit")
        .fields
        .iter()
        .filter(|field| book("self-audit").whole_of(field).is_some_and(|of| of.name == "answered"));
    assert_eq!(ten.count(), 10, "ten questions, each answered by some of those who answered");
}
