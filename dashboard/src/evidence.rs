//! Where the safeguarding lead's pages get words and names: behind the gate, after a row of the trail, and kept nowhere.

use std::collections::BTreeSet;

use jiff::civil::Date;
use weir_lake::estate::{AcademicYear, Estate, People, PersonFacts, Retention, Seen, UserType, normalise_login};
use weir_lake::ids::{SchoolId, UserKey};
use weir_lake::names::{ClearName, Named};
use weir_lake::vault::Vault;
use weir_query::alerts::{Lateness, Moment, Wanted};
use weir_query::saved::{self, SavedQuery};

use crate::figures::Asked;
use crate::questions::Told;
use crate::view::SchoolYear;

/// What a filter's own log shows of changes on a day: numbers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenChanges {
    /// The school's day.
    pub day: Date,
    /// How many things were changed.
    pub things: u32,
    /// Changes of settings.
    pub settings: u32,
    /// Changes of rules.
    pub policies: u32,
    /// Sites unblocked.
    pub unblocked: u32,
}

/// What is kept how long, and what goes next: rows by table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keeping {
    /// The estate's settings.
    pub retention: Retention,
    /// Schools with times of their own.
    pub own_times: u32,
    /// What is past its time.
    pub now: Vec<(String, u64)>,
    /// What will be within a week, and is not yet.
    pub week: Vec<(String, u64)>,
    /// Days past their time that wait.
    pub waiting: u32,
}

/// A source of what stood in the logs about one person.
pub trait Evidence: Send + Sync {
    /// What stood in the events of an alert.
    fn words_of<'a>(&'a self, wanted: &'a Wanted, why: &'a str) -> Asked<'a, Vec<Moment>>;

    /// A pupil's hour before and after a moment.
    fn before_and_after<'a>(&'a self, school: &'a SchoolId, pupil: &'a UserKey, at: i64, why: &'a str) -> Asked<'a, Vec<Moment>>;

    /// One school and year with no number hidden.
    fn whole_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear>;

    /// Every saved question there is, whoever may ask it.
    fn questions(&self) -> Asked<'_, Vec<SavedQuery>>;

    /// The answer to a question. `written` runs once it is known that it can be asked so, and before anything is read.
    fn ask<'a>(&'a self, question: &'a str, asked: &'a saved::Asked, written: Asked<'a, ()>) -> Asked<'a, Told>;

    /// What a pupil did on one day.
    fn day_of<'a>(&'a self, school: &'a SchoolId, pupil: &'a UserKey, day: Date, why: &'a str) -> Asked<'a, Vec<Moment>>;

    /// What is kept how long, and what goes next; `held` are the keys whose rows a safeguarding lead holds.
    fn keeping(&self, held: BTreeSet<UserKey>) -> Asked<'_, Keeping>;

    /// Whether a school's logs come in time.
    fn lateness<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Lateness>;

    /// Days of the last year on which a school's filter was changed, by its own log, the newest first.
    fn changes_seen<'a>(&'a self, school: &'a SchoolId) -> Asked<'a, Vec<SeenChanges>>;

    /// What kinds of person the logs show behind a key.
    fn user_types<'a>(&'a self, school: &'a SchoolId, key: &'a UserKey) -> Asked<'a, BTreeSet<String>>;
}

/// A name with what is known of whose it is.
pub struct Known {
    /// Its school.
    pub school: SchoolId,
    /// The name.
    pub name: ClearName,
    /// Roster or groups say that it is a member of staff's today.
    pub is_staff: bool,
}

/// The names behind keys. Whoever asks has written it to the trail.
pub trait Names: Send + Sync {
    /// The name behind a key; none where there is none, or none any more.
    fn reveal(&self, key: &UserKey, today: Date) -> Result<Option<Known>, String>;

    /// The keys of a log-in at a school.
    fn find(&self, school: &SchoolId, typed: &str, today: Date) -> Result<Vec<UserKey>, String>;
}

type LoadEstate = Box<dyn Fn() -> Result<Estate, String> + Send + Sync>;

/// The names in an estate's vault.
pub struct VaultNames {
    vault: Vault,
    load: LoadEstate,
}

impl VaultNames {
    /// The names of this vault; roster and groups are read anew each time.
    pub fn new(vault: Vault, load: impl Fn() -> Result<Estate, String> + Send + Sync + 'static) -> Self {
        Self { vault, load: Box::new(load) }
    }

    /// Who stands behind a log-in as a filter or a person writes it.
    fn person(&self, school: &SchoolId, typed: &str, today: Date) -> Result<Option<PersonFacts>, String> {
        let Some(login) = normalise_login(typed) else { return Ok(None) };
        let people = People::new(&(self.load)()?);
        Ok(Some(people.find(&Seen { school, login: Some(&login), group: "", profile: "", date: today })))
    }
}

impl Names for VaultNames {
    fn reveal(&self, key: &UserKey, today: Date) -> Result<Option<Known>, String> {
        let Some(entry) = self.vault.reveal(key).map_err(|error| error.to_string())? else { return Ok(None) };
        let person = self.person(&entry.school, entry.name.reveal_in_clear(), today)?;
        let is_staff = person.is_some_and(|person| person.user_type == UserType::Staff);
        Ok(Some(Known { school: entry.school, name: entry.name, is_staff }))
    }

    fn find(&self, school: &SchoolId, typed: &str, today: Date) -> Result<Vec<UserKey>, String> {
        let Some(name) = self.person(school, typed, today)?.and_then(|person| person.name) else { return Ok(Vec::new()) };
        let found = self.vault.find(Some(school), Named::Person, &name.realm, &name.name).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|(_, key)| key).collect())
    }
}
