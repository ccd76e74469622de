//! Who a log-in is, asked of the estate: the bridge between its roster and groups and the normaliser.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use weir_lake::estate::{self, Estate, People, Seen, SharedNames, normalise_login};
use weir_lake::ids::SchoolId;

use crate::normalise::people::{self, DEFAULT_REALM};
use crate::normalise::{Login, PeopleLookup, Who};

/// One worker's view of the estate's people.
pub(crate) struct EstatePeople {
    people: Arc<People>,
    user_domains: Arc<BTreeMap<String, String>>,
    /// The person of an export that is one person's, whose lines name nobody.
    only: Option<Arc<str>>,
    /// The last log-in split, as the estate knows it.
    last: Option<estate::Login>,
    shared: Arc<Mutex<SharedNames>>,
}

impl EstatePeople {
    pub(crate) fn new(estate: &Estate, people: Arc<People>, only: Option<Arc<str>>, shared: Arc<Mutex<SharedNames>>) -> Self {
        let user_domains = Arc::new(estate.user_domains.clone());
        Self { people, user_domains, only, last: None, shared }
    }
}

fn date_of(days: i32) -> Date {
    Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
}

impl PeopleLookup for EstatePeople {
    fn login(&mut self, raw: &str, domain: &str) -> Option<Login> {
        // What a log writes where nobody signed in is not a name.
        let mut login = people::normalise_login(raw, domain).and_then(|_| normalise_login(raw));
        if login.is_none()
            && let Some(only) = &self.only
        {
            login = normalise_login(only);
        }
        if let Some(login) = &mut login {
            let domain = domain.trim().to_lowercase();
            if login.domain.is_none() && !matches!(domain.as_str(), "" | "-") {
                login.domain = Some(domain);
            }
        }
        self.last = login;
        self.last.as_ref().map(|login| {
            let domain = login.domain.as_deref();
            let realm = domain.and_then(|domain| self.user_domains.get(domain)).map_or(DEFAULT_REALM, String::as_str);
            Login { name: login.name.reveal_in_clear().to_owned(), realm: realm.to_owned() }
        })
    }

    fn who(&mut self, school: &SchoolId, login: Option<&Login>, group: &str, profile: &str, date: i32) -> Who {
        let known = login.and(self.last.as_ref()).filter(|last| Some(last.name.reveal_in_clear()) == login.map(|login| login.name.as_str()));
        if let Some(login) = known {
            // Only a combination not met before comes here, so the lock is rare.
            self.shared.lock().unwrap_or_else(PoisonError::into_inner).note(school, login);
        }
        let facts = self.people.find(&Seen { school, login: known, group, profile, date: date_of(date) });
        let canonical = facts.name.map(|person| Login { name: person.name.reveal_in_clear().to_owned(), realm: person.realm.clone() });
        Who { user_type: facts.user_type, year_group: facts.year_group.map(|year| year.to_string()), canonical }
    }
}
