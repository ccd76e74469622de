use super::super::Roster;
use super::*;

fn school(id: &str) -> SchoolId {
    SchoolId::parse(id).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn group(scope: Option<&str>, on: MatchOn, pattern: &str, user_type: UserType, year: &str, from: &str, to: &str) -> GroupRow {
    let date = |text: &str| (!text.is_empty()).then(|| day(text));
    GroupRow {
        school_id: scope.map(school),
        on,
        pattern: pattern.into(),
        user_type,
        year_group: (!year.is_empty()).then(|| year.to_owned()),
        boarder: year == "12",
        from: date(from),
        to: date(to),
    }
}

fn roster_row(person: &str, logins: &str, user_type: Option<UserType>, year: &str, from: &str, to: &str) -> RosterRow {
    let date = |text: &str| (!text.is_empty()).then(|| day(text));
    RosterRow {
        school_id: None,
        person: ClearName::new(person.into()),
        logins: logins.split(';').filter_map(normalise_login).collect(),
        user_type,
        year_group: (!year.is_empty()).then(|| year.to_owned()),
        from: date(from),
        to: date(to),
    }
}

fn estate() -> Estate {
    use MatchOn::{Group, Profile, User};
    use UserType::{Guest, Pupil, Shared, Staff};
    Estate {
        user_domains: [("staff.example".to_owned(), "staff".to_owned())].into(),
        groups: vec![
            group(None, User, "class-*", Shared, "", "", ""),
            group(None, Group, "Year 9", Pupil, "9", "", ""),
            group(None, Group, "Staff", Staff, "", "", ""),
            group(Some("oak"), Group, "2021 intake", Pupil, "10", "2025-09-01", "2026-08-31"),
            group(Some("oak"), Group, "2021 intake", Pupil, "11", "2026-09-01", ""),
            group(Some("oak"), Group, "staff", Staff, "SLT", "", ""),
            group(Some("oak"), Profile, "Boarding*", Pupil, "12", "", ""),
            group(None, Profile, "Guest Wi-Fi", Guest, "", "", ""),
        ],
        roster: Arc::new(Roster {
            rows: vec![
                roster_row("Fern Example", "fern9; fexample@sch.example", Some(Pupil), "9", "2025-09-01", "2026-08-31"),
                roster_row("fern example", "fexample", Some(Pupil), "10", "2026-09-01", ""),
                roster_row("Olu Invented", r"STAFF.example\olu", None, "", "", ""),
            ],
        }),
        ..Estate::default()
    }
}

fn ask(
    people: &People,
    at: &str,
    user: &str,
    group: &str,
    profile: &str,
    date: &str,
) -> (UserType, Option<String>, Option<String>) {
    let (school, login) = (school(at), normalise_login(user));
    let facts = people.find(&Seen { school: &school, login: login.as_ref(), group, profile, date: day(date) });
    let name = facts.name.map(|name| format!("{}:{}", name.realm, name.name.reveal_in_clear()));
    (facts.user_type, facts.year_group.map(|year| year.to_string()), name)
}

#[test]
fn facts_are_those_valid_that_day_most_specific_school_first() {
    use UserType::{Device, Guest, Pupil, Shared, Staff, Unknown};
    let people = People::new(&estate());
    /// School, log-in, group, profile and date; type, year group and realm with name.
    type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, UserType, &'a str, &'a str);
    let table: &[Case<'_>] = &[
        ("oak", "bgreen", "2021 Intake", "", "2026-08-31", Pupil, "10", "default:bgreen"),
        ("oak", "bgreen", "2021 Intake", "", "2026-09-01", Pupil, "11", "default:bgreen"),
        ("oak", "bgreen", "2021 Intake", "", "2025-08-31", Unknown, "", "default:bgreen"),
        ("elm", "bgreen", "2021 Intake", "", "2026-09-01", Unknown, "", "default:bgreen"),
        ("oak", "chead", "STAFF", "", "2026-09-01", Staff, "SLT", "default:chead"),
        ("elm", "chead", "CN=Staff,OU=Groups,DC=sch", "", "2026-09-01", Staff, "", "default:chead"),
        ("elm", "dh", "Everyone; Year 9", "", "2026-09-01", Pupil, "9", "default:dh"),
        ("elm", "class-7a", "Year 9", "", "2026-09-01", Shared, "", "default:class-7a"),
        ("oak", "eve", "", "Boarding (evening)", "2026-09-01", Pupil, "12", "default:eve"),
        ("oak", "", "", "guest wi-fi", "2026-09-01", Guest, "", ""),
        ("oak", "", "", "", "2026-09-01", Unknown, "", ""),
        ("oak", "PC-12$", "", "", "2026-09-01", Device, "", "default:pc-12$"),
        ("oak", "FEXAMPLE", "", "", "2026-08-31", Pupil, "9", "default:fern9"),
        ("oak", "fexample", "", "", "2026-09-01", Pupil, "10", "default:fern9"),
        ("oak", "fern9", "", "", "2026-09-01", Unknown, "", "default:fern9"),
        ("oak", "olu@staff.example", "Staff", "", "2026-09-01", Staff, "SLT", "staff:olu"),
        ("oak", "olu", "Year 9", "", "2026-09-01", Pupil, "9", "default:olu"),
    ];
    for (at, user, group, profile, date, user_type, year, name) in table {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        assert_eq!(
            ask(&people, at, user, group, profile, date),
            (*user_type, text(year), text(name)),
            "{at} {user} {group} {date}"
        );
    }
}

#[test]
fn the_cache_answers_as_the_tables_do_and_splits_by_date() {
    let people = Arc::new(People::new(&estate()));
    let mut cache = PeopleCache::new(people.clone());
    let oak = school("oak");
    let mut slots = Vec::new();
    for date in ["2026-08-31", "2026-09-01", "2027-01-01", "2026-01-01", "2026-08-31"] {
        let (slot, facts) = cache.find(&oak, "bgreen", "", "2021 intake", "", day(date));
        assert_eq!(
            facts.year_group.as_deref().map(str::to_owned),
            ask(&people, "oak", "bgreen", "2021 intake", "", date).1,
            "{date}"
        );
        slots.push(slot);
    }
    assert_eq!(slots, [0, 1, 1, 0, 0]);
    let (_, facts) = cache.find(&oak, "olu", "staff.example", "", "", day("2026-09-01"));
    assert_eq!(facts.name.as_ref().map(|name| name.realm.as_str()), Some("staff"), "a domain column of its own");
}

#[test]
fn stars_match_runs() {
    for (pattern, text, wanted) in [
        ("year *", "year 9", true),
        ("*pupils*", "all-pupils-2026", true),
        ("a*b*c", "aXbXbc", true),
        ("a*b*c", "aXbX", false),
        ("*", "", true),
        ("y*9", "y10", false),
    ] {
        assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), wanted, "{pattern} {text}");
    }
}

proptest::proptest! {
    #![proptest_config(crate::properties::cases(256))]

    /// A roll-over is an end to the old row and a new row after it: no date before the turn reads differently.
    #[test]
    fn a_roll_over_changes_no_earlier_date(
        turn in 1_i64..700,
        asked in 0_i64..700,
        old_from in proptest::option::of(0_i64..300),
        which in 0_usize..8,
        new_type in 0_usize..6,
    ) {
        let base = day("2025-09-01");
        let at = |days: i64| base.saturating_add(days.days());
        let mut before = estate();
        before.groups[which].from = old_from.map(at);
        before.groups[which].to = None;
        let mut after = before.clone();
        after.groups[which].to = Some(at(turn - 1));
        let new = GroupRow { user_type: UserType::WORDS[new_type].1, year_group: Some("new".into()), from: Some(at(turn)), ..before.groups[which].clone() };
        after.groups.insert(which + 1, new);
        // A row that would end before it begins is refused at load.
        proptest::prop_assume!(old_from.is_none_or(|from| from < turn));
        proptest::prop_assume!(asked < turn);
        let (before, after) = (People::new(&before), People::new(&after));
        let date = at(asked).to_string();
        for (user, group, profile) in [("class-7a", "", ""), ("x", "Year 9", ""), ("x", "staff", ""), ("x", "2021 intake", ""), ("x", "", "boarding house"), ("x", "", "guest wi-fi")] {
            for place in ["oak", "elm"] {
                proptest::prop_assert_eq!(ask(&before, place, user, group, profile, &date), ask(&after, place, user, group, profile, &date));
            }
        }
    }

    /// What the cache says of a span of dates is what the tables say of each of them.
    #[test]
    fn a_span_holds_on_all_its_dates(first in 0_i64..900, second in 0_i64..900, user in 0_usize..4) {
        let people = Arc::new(People::new(&estate()));
        let mut cache = PeopleCache::new(people.clone());
        let base = day("2024-12-01");
        let name = ["fexample", "fern9", "bgreen", "olu"][user];
        for days in [first, second] {
            let date = base.saturating_add(days.days());
            let facts = cache.find(&school("oak"), name, "", "2021 intake", "", date).1.clone();
            let wanted = ask(&people, "oak", name, "2021 intake", "", &date.to_string());
            let found = facts.name.map(|name| format!("{}:{}", name.realm, name.name.reveal_in_clear()));
            proptest::prop_assert_eq!((facts.user_type, facts.year_group.map(|year| year.to_string()), found), wanted);
        }
    }
}
