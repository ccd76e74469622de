//! Who is behind a line, asked of the estate: names the person of an export that names nobody, and gathers doubtful names at the end.

use std::sync::{Arc, Mutex, PoisonError};

use weir_lake::estate::{People, PeopleCache, SharedNames};
use weir_lake::ids::SchoolId;

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
            Some(only) if is_nobody(fields.user) => self.cache.who(school, UserFields { user: only, ..fields }, date),
            _ => self.cache.who(school, fields, date),
        }
    }
}

impl Drop for EstatePeople {
    fn drop(&mut self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).merge(self.cache.shared_names());
    }
}
