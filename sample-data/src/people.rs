//! Invented people: pupils by cohort, staff, shared sign-ins. Names are plants, places and weather, nobody's own.

use std::collections::BTreeSet;

use crate::calendar;
use crate::days::Day;
use crate::rng::Rng;
use crate::schools::{LoginForm, School, SignIn};

const GIVEN: [&str; 48] = [
    "Amber", "Basil", "Bryn", "Clover", "Coral", "Dill", "Elder", "Ember", "Fern", "Flint", "Gale", "Garnet", "Gorse", "Hazel",
    "Heath", "Heron", "Indigo", "Iris", "Jasper", "Juniper", "Kestrel", "Lark", "Laurel", "Linnet", "Maple", "Marlow", "Merle",
    "Misty", "Moss", "Nettle", "Olive", "Onyx", "Pearl", "Pippin", "Quill", "Reed", "River", "Rowan", "Rush", "Sage", "Skye",
    "Sorrel", "Teasel", "Thrift", "Umber", "Violet", "Willow", "Wren",
];

const FAMILY: [&str; 40] = [
    "Applethwaite",
    "Barleymow",
    "Bramblewick",
    "Chalkpit",
    "Cloudesly",
    "Cobblestone",
    "Dewpond",
    "Driftwood",
    "Elmshade",
    "Fernyhough",
    "Foxglove",
    "Gooseberry",
    "Greengage",
    "Hailstone",
    "Haystack",
    "Honeydew",
    "Inkwell",
    "Ivybridge",
    "Jackdaw",
    "Kettleby",
    "Lanternly",
    "Limepit",
    "Marrowfat",
    "Meadowsweet",
    "Mistlethrush",
    "Nightjar",
    "Oatcake",
    "Pebbleton",
    "Quickthorn",
    "Raindrop",
    "Sandpiper",
    "Silverweed",
    "Snowberry",
    "Starling",
    "Stonecrop",
    "Thimbleby",
    "Turnstile",
    "Umberley",
    "Waterwheel",
    "Yellowham",
];

/// What kind of sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Pupil,
    Staff,
    Shared,
    Guest,
}

/// One person or shared sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub kind: Kind,
    /// As roster.csv names them.
    pub name: String,
    /// Plain log-in.
    pub login: String,
    /// As the filter writes it.
    pub written: String,
    /// A second log-in of the same person, plain and as written; empty for most.
    pub second: Option<(String, String)>,
    /// The September they joined their first year group here.
    pub entry: i32,
    pub group: String,
}

impl Person {
    /// Profile of the filter.
    pub(crate) fn profile(&self) -> &'static str {
        match self.kind {
            Kind::Pupil | Kind::Shared => "Pupils",
            Kind::Staff => "Staff",
            Kind::Guest => "Guests",
        }
    }
}

/// Everyone of one school over both academic years.
#[derive(Debug)]
pub(crate) struct People {
    pub all: Vec<Person>,
    /// Pupils present in 2025-26 and in 2026-27, as positions in `all`.
    pub pupils: [Vec<u32>; 2],
    pub staff: Vec<u32>,
    pub shared: Vec<u32>,
    pub guests: Vec<u32>,
    /// Pupils on roll: academic year (2025 or 2026), year group, count.
    pub rolls: Vec<(i32, &'static str, usize)>,
}

fn written(form: LoginForm, login: &str) -> String {
    match form {
        LoginForm::Plain => login.to_owned(),
        LoginForm::Mail(domain) => format!("{login}@{domain}"),
        LoginForm::Domain(prefix) => format!("{prefix}{login}"),
    }
}

/// Short names for log-ins: at most seven letters of the family name.
fn short(family: &str) -> String {
    family.chars().take(7).collect::<String>().to_lowercase()
}

fn unique(taken: &mut BTreeSet<String>, wanted: String) -> String {
    let mut login = wanted.clone();
    let mut number = 2;
    while !taken.insert(login.clone()) {
        login = format!("{wanted}{number}");
        number += 1;
    }
    login
}

impl People {
    /// The people of a school for a seed.
    pub(crate) fn of(school: &School, seed: u64) -> Self {
        let mut rng = Rng::named(seed, &format!("people/{}", school.id));
        let mut taken = BTreeSet::new();
        let years = school.phase.years();
        let mut people = Self {
            all: Vec::new(),
            pupils: [Vec::new(), Vec::new()],
            staff: Vec::new(),
            shared: Vec::new(),
            guests: Vec::new(),
            rolls: Vec::new(),
        };
        let oldest = 2025 - (years.len() as i32 - 1);
        for entry in oldest..=2026 {
            // The 90-pupil school keeps exactly 30 a year: its figures are the small-number case.
            let size = if school.cohort == 30 { 30 } else { (school.cohort as i64 + rng.between(-3, 3)) as usize };
            for (slot, year) in [2025, 2026].into_iter().enumerate() {
                if let Some(name) = usize::try_from(year - entry).ok().and_then(|place| years.get(place)) {
                    people.rolls.push((year, name, size));
                    if school.sign_in == SignIn::Own {
                        let first = people.all.len() as u32;
                        people.pupils[slot].extend(first..first + size as u32);
                    }
                }
            }
            if school.sign_in == SignIn::Own {
                for place in 0..size {
                    people.add_pupil(school, entry, place, &mut rng, &mut taken);
                }
            }
        }
        people.rolls.sort_by_key(|roll| (roll.0, years.iter().position(|year| *year == roll.1)));
        if school.sign_in != SignIn::Nobody {
            for _ in 0..(school.cohort * years.len() / 14).clamp(8, 70) {
                let (given, family) = (*rng.pick(&GIVEN), *rng.pick(&FAMILY));
                let login = unique(&mut taken, format!("{}.{}", given.to_lowercase(), short(family)));
                people.staff.push(people.all.len() as u32);
                let name = unique(&mut taken, format!("{given} {family}"));
                people.add(school, Kind::Staff, name, login, 0, "Staff".to_owned());
            }
            let shared: &[&str] = if school.sign_in == SignIn::Classes {
                &["class-acorn", "class-beech", "class-cedar", "class-elm", "class-hazel", "class-larch"]
            } else {
                &["library-desk", "class-tablets"]
            };
            for login in shared {
                people.shared.push(people.all.len() as u32);
                people.add(school, Kind::Shared, (*login).to_owned(), (*login).to_owned(), 0, "Shared".to_owned());
            }
            for number in 1..=3 {
                people.guests.push(people.all.len() as u32);
                let login = format!("guest-{number:02}");
                people.add(school, Kind::Guest, login.clone(), login, 0, "Guests".to_owned());
            }
        }
        people
    }

    fn add_pupil(&mut self, school: &School, entry: i32, place: usize, rng: &mut Rng, taken: &mut BTreeSet<String>) {
        let (given, family) = (*rng.pick(&GIVEN), *rng.pick(&FAMILY));
        let initial = given.chars().next().map_or('x', |letter| letter.to_ascii_lowercase());
        let login = unique(taken, format!("{:02}{initial}{}", entry % 100, short(family)));
        let index = self.all.len();
        // Two people of one name would be one in a roster, so the later one gets a number.
        let name = unique(taken, format!("{given} {family}"));
        self.add(school, Kind::Pupil, name, login.clone(), entry, format!("Intake {entry}"));
        // One pupil in sixty was given a second log-in for the art room's computers.
        if place % 60 == 7 {
            let second = unique(taken, format!("{login}-mac"));
            let as_written = written(school.login, &second);
            if let Some(person) = self.all.get_mut(index) {
                person.second = Some((second, as_written));
            }
        }
    }

    fn add(&mut self, school: &School, kind: Kind, name: String, login: String, entry: i32, group: String) {
        let written = written(school.login, &login);
        self.all.push(Person { kind, name, login, written, second: None, entry, group });
    }

    /// Pupils on roll on a day.
    pub(crate) fn pupils_on(&self, day: Day) -> &[u32] {
        &self.pupils[usize::from(calendar::year_of(day) >= 2026)]
    }

    /// Pupils on roll in an academic year, signing in or not.
    pub(crate) fn roll(&self, year: i32) -> usize {
        self.rolls.iter().filter(|roll| roll.0 == year).map(|roll| roll.2).sum()
    }

    /// The year group of a pupil in an academic year.
    pub(crate) fn year_group(school: &School, person: &Person, year: i32) -> Option<&'static str> {
        usize::try_from(year - person.entry).ok().and_then(|place| school.phase.years().get(place).copied())
    }
}
