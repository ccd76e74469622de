//! The rules by which candidate events come together, each with rows by hand.

use jiff::civil::{Date, date};

use super::join::{Found, Group, Person, join};
use super::seen::Seen;

/// A Monday.
const MONDAY: Date = date(2026, 11, 9);

fn key(pupil: u8) -> String {
    format!("k1-{pupil:032x}")
}

/// A pupil's search of a theme at a minute of a day of November.
fn search(pupil: u8, day: i8, minute: i64, term: &str, severity: i64) -> Seen {
    let day = date(2026, 11, day);
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond();
    Seen {
        school: "elm".into(),
        at: midnight + minute * 60_000_000,
        day,
        user_key: Some(key(pupil)),
        user_type: "pupil".into(),
        device_key: None,
        what: "search".into(),
        is_illegal: false,
        theme: "violence_weapons".into(),
        of_what: term.into(),
        severity,
        score: 40,
        asks_for_help: false,
        file_id: "f".into(),
        line_no: i64::from(day.day()) * 1440 + minute,
    }
}

fn raised(found: &[Found]) -> Vec<(&Group, i64, usize)> {
    let raises = found.iter().filter(|one| one.events.iter().any(|event| event.raises));
    raises.map(|one| (&one.group, one.events.iter().map(|event| event.severity).max().unwrap(), one.events.len())).collect()
}

fn one(pupil: u8) -> Group {
    Group::One(Person::Pupil(key(pupil)))
}

#[test]
fn a_pupil_and_a_theme_are_one_group() {
    let other = Seen { theme: "drugs".into(), ..search(1, 9, 620, "c", 3) };
    let found = join(vec![search(1, 9, 600, "a", 3), search(1, 9, 610, "b", 2), other, search(2, 9, 630, "d", 4)], MONDAY);
    assert_eq!(raised(&found), [(&one(1), 3, 1), (&one(1), 3, 2), (&one(2), 4, 1)]);
    // The lower one stands with the other, and would raise nothing alone.
    assert_eq!(raised(&join(vec![search(1, 9, 610, "b", 2)], MONDAY)), []);
}

#[test]
fn the_plain_word_raises_where_somebody_may_come_to_harm() {
    for (theme, what, wanted) in
        [("self_harm", "search", 1), ("grooming", "monitor", 1), ("self_harm", "page", 0), ("gambling", "search", 0)]
    {
        let one = Seen { theme: theme.into(), what: what.into(), ..search(1, 9, 600, "a", 2) };
        assert_eq!(raised(&join(vec![one], MONDAY)).len(), wanted, "{theme}, {what}");
    }
    let asks = Seen { theme: "self_harm".into(), asks_for_help: true, ..search(1, 9, 600, "a", 2) };
    assert_eq!(join(vec![asks], MONDAY), []);
}

#[test]
fn the_same_event_is_the_same_from_any_file() {
    let first = join(vec![search(1, 9, 600, "a", 3)], MONDAY);
    let again = join(vec![Seen { file_id: "g".into(), line_no: 7, ..search(1, 9, 600, "a", 3) }], MONDAY);
    assert_eq!(first[0].events[0].identity, again[0].events[0].identity);
    for other in [search(2, 9, 600, "a", 3), search(1, 9, 601, "a", 3), search(1, 9, 600, "b", 3)] {
        assert_ne!(first[0].events[0].identity, join(vec![other], MONDAY)[0].events[0].identity);
    }
}

#[test]
fn three_days_of_seven_count_one_step_and_never_make_four() {
    let low = |days: &[i8]| days.iter().map(|day| search(1, *day, 600, "a", 2)).collect::<Vec<_>>();
    assert_eq!(raised(&join(low(&[9, 10]), MONDAY)), []);
    let found = join(low(&[9, 10, 15]), MONDAY);
    assert_eq!(raised(&found), [(&one(1), 3, 3)], "the ninth to the fifteenth are seven days");
    assert_eq!(found[0].score, 50, "ten for coming up again");
    assert_eq!(raised(&join(low(&[9, 10, 16]), MONDAY)), [], "an eighth day is none of seven");
    // Twice on one day is one day.
    let twice = vec![search(1, 9, 600, "a", 2), search(1, 9, 700, "a", 2), search(1, 10, 600, "a", 2)];
    assert_eq!(raised(&join(twice, MONDAY)), []);
    let high: Vec<Seen> = [9, 10, 11].iter().map(|day| search(1, *day, 600, "a", 3)).collect();
    assert_eq!(raised(&join(high, MONDAY)), [(&one(1), 3, 3)]);
}

#[test]
fn days_before_the_first_one_count_for_repetition_alone() {
    let before = vec![search(1, 5, 600, "a", 3), search(2, 5, 600, "b", 2), search(2, 6, 600, "b", 2), search(2, 9, 600, "b", 2)];
    let found = join(before, MONDAY);
    // The first pupil's day was looked at before; the second's came up on a third day now, and the two before belong to it.
    assert_eq!(raised(&found), [(&one(2), 3, 3)]);
    assert_eq!(found.len(), 1);
}

#[test]
fn five_pupils_within_half_an_hour_are_one_lesson() {
    let class = |minutes: &[i64], severity| -> Vec<Seen> {
        let all = minutes.iter().enumerate();
        all.map(|(pupil, minute)| search(pupil as u8, 9, 600 + minute, "mercutio", severity)).collect()
    };
    let found = join(class(&[0, 5, 10, 20, 30], 3), MONDAY);
    assert!(matches!(raised(&found)[..], [(Group::Lesson(_), 3, 5)]), "{found:?}");
    // Four are none, nor are five over more than half an hour, nor five searches of four pupils.
    assert_eq!(raised(&join(class(&[0, 5, 10, 20], 3), MONDAY)).len(), 4);
    assert_eq!(raised(&join(class(&[0, 5, 10, 20, 31], 3), MONDAY)).len(), 5);
    let mut four = class(&[0, 5, 10, 20], 3);
    four.push(search(3, 9, 622, "mercutio", 3));
    assert_eq!(raised(&join(four, MONDAY)).len(), 4);
    // Two half hours of one class are one item; another term is another.
    let mut long = class(&[0, 5, 10, 20, 30], 3);
    long.extend((0..5).map(|pupil| search(10 + pupil, 9, 700 + i64::from(pupil), "mercutio", 3)));
    long.extend((0..5).map(|pupil| search(20 + pupil, 9, 800 + i64::from(pupil), "tybalt", 3)));
    let found = join(long, MONDAY);
    let mut sizes: Vec<usize> = raised(&found).iter().map(|one| one.2).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 10]);
    // What raises nothing alone raises nothing in a class.
    assert_eq!(raised(&join(class(&[0, 1, 2, 3, 4], 2), MONDAY)), []);
}

#[test]
fn the_most_severe_stand_apart_from_a_class() {
    let mut class: Vec<Seen> = (0..6).map(|pupil| search(pupil, 9, 600 + i64::from(pupil), "mercutio", 3)).collect();
    class[2].severity = 4;
    let found = join(class, MONDAY);
    let all = raised(&found);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], (&one(2), 4, 1));
    assert!(matches!(all[1], (Group::Lesson(_), 3, 5)));
}

#[test]
fn a_call_for_help_raises_nothing_unless_it_is_severe() {
    let asks = |severity| Seen { asks_for_help: true, ..search(1, 9, 600, "a", severity) };
    assert_eq!(join(vec![asks(2)], MONDAY), []);
    let found = join(vec![asks(3)], MONDAY);
    assert_eq!(raised(&found), [(&one(1), 3, 1)]);
    assert!(found[0].events[0].asks_for_help, "both stand");
}

#[test]
fn staff_and_nobody_known_are_no_pupils() {
    let staff = Seen { user_type: "staff".into(), is_illegal: true, what: "listed".into(), ..search(9, 9, 600, "a", 3) };
    let shared = Seen { user_type: "shared".into(), device_key: Some(key(40)), ..search(8, 9, 600, "b", 4) };
    let unknown = Seen { user_type: "unknown".into(), user_key: None, ..search(0, 9, 600, "c", 4) };
    let found = join(vec![staff, shared, unknown], MONDAY);
    let groups: Vec<&Group> = found.iter().map(|one| &one.group).collect();
    assert_eq!(
        groups,
        [
            &Group::One(Person::Staff(Some(key(9)))),
            &Group::One(Person::Unidentified(None)),
            &Group::One(Person::Unidentified(Some(key(40)))),
        ],
        "a sign-in of many is known by its device alone"
    );
    assert!(found[0].is_illegal);
}
