//! Who is behind a line, asked of the estate: names the person of an export that names nobody, and gathers doubtful names at the end.

use std::sync::{Arc, Mutex, PoisonError};

use weir_lake::estate::{People, PeopleCache, SchoolOf, SharedNames, UserType};
use weir_lake::ids::{SchoolId, UserKey};
use weir_lake::names::{ClearName, Named, Pseudonyms as _};
use weir_lake::vault::VaultSession;

use super::IngestOptions;
use crate::normalise::people::{UserFields, is_nobody};
use crate::normalise::{PeopleLookup, Who};

/// One worker's view of the estate's people.
pub(crate) struct EstatePeople {
    cache: PeopleCache,
    /// The person of an export that is one person's, whose lines name nobody.
    only: Option<Arc<str>>,
    /// Where names that stand under two domains are gathered from all workers.
    shared: Arc<Mutex<SharedNames>>,
}

impl EstatePeople {
    pub(crate) fn new(people: Arc<People>, only: Option<Arc<str>>, shared: Arc<Mutex<SharedNames>>) -> Self {
        Self { cache: PeopleCache::new(people), only, shared }
    }
}

impl PeopleLookup for EstatePeople {
    fn who(&mut self, school: &SchoolId, fields: UserFields<'_>, date: i32) -> Who {
        match &self.only {
            None => self.cache.who(school, fields, date),
            Some(only) => {
                let given = self.cache.who(school, UserFields { user: only, ..fields }, date);
                if is_nobody(fields.user) {
                    return given;
                }
                let named = self.cache.who(school, fields, date);
                // A machine's own account is nobody else.
                let contradicts = named.login != given.login && named.user_type != UserType::Device;
                Who { contradicts, ..named }
            }
        }
    }

    fn only(&self) -> Option<&str> {
        self.only.as_deref()
    }
}

/// The person whose export every input of a run is said to be.
pub(crate) struct OnePerson {
    /// None where the source serves many schools, or the sign-in is no one person's.
    key: Option<UserKey>,
}

impl OnePerson {
    pub(crate) fn of(options: &IngestOptions, people: &Arc<People>, session: &VaultSession) -> Option<Self> {
        const MICROS_A_DAY: i64 = 86_400_000_000;
        let user = options.user.as_ref()?.reveal_in_clear();
        let SchoolOf::One(school) = &options.source.school else { return Some(Self { key: None }) };
        let today = i32::try_from(options.now_micros.div_euclid(MICROS_A_DAY)).unwrap_or_default();
        let who = PeopleCache::new(Arc::clone(people)).who(school, UserFields { user, ..UserFields::default() }, today);
        let is_person = !matches!(who.user_type, UserType::Shared | UserType::Device);
        let key = who
            .login
            .filter(|_| is_person)
            .map(|login| session.pseudonyms().key(school, Named::Person, &login.realm, &ClearName::new(login.name)));
        Some(Self { key })
    }

    /// A path as the lake, a report and a message may hold it. Such files are named after their person in ways that nobody can list
    /// (`patel-ada.csv`, `Ada P/history.csv`), so nothing of the path stays but its ending, behind the person's key.
    pub(crate) fn label(&self, path: &str) -> String {
        let name = path.rsplit(['/', '\\', '!']).next().unwrap_or(path);
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        let ending = ending.filter(|ending| matches!(*ending, "csv" | "log" | "txt" | "tsv" | "json" | "gz" | "zst"));
        let key = self.key.as_ref().map_or("one-person", UserKey::as_str);
        ending.map_or_else(|| key.to_owned(), |ending| format!("{key}.{ending}"))
    }
}

impl Drop for EstatePeople {
    fn drop(&mut self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).merge(self.cache.shared_names());
    }
}
