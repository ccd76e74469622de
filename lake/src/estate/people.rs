//! Who stands behind a log-in on a day: user type, year group and the person, from roster.csv and groups.csv as valid that day.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::logins::{Login, SharedNames, normalise_login, realm_of};
use super::{Estate, GroupRow, MatchOn, RosterRow, UserType, is_valid_on};
use crate::ids::SchoolId;
use crate::names::ClearName;

/// What a line says of a person; texts are empty where it says nothing.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The school.
    pub school: &'a SchoolId,
    /// The log-in, normalised.
    pub login: Option<&'a Login>,
    /// The vendor's group, or several.
    pub group: &'a str,
    /// Filter policy.
    pub profile: &'a str,
    /// The school's local date.
    pub date: Date,
}

/// A name with its realm: what a pseudonym is made of.
pub struct RealmName {
    /// Realm.
    pub realm: String,
    /// Name, normalised.
    pub name: ClearName,
}

/// What is known of a person on a day.
#[derive(Clone)]
pub struct PersonFacts {
    /// Type.
    pub user_type: UserType,
    /// Year group.
    pub year_group: Option<Arc<str>>,
    /// Boards at the school.
    pub boarder: bool,
    /// The name to make a key of: the log-in, or the first log-in of the person where the roster joins several. None without a log-in.
    pub name: Option<Arc<RealmName>>,
    /// The first and last date for which all this holds, open where nothing changes.
    pub holds: (Option<Date>, Option<Date>),
}

/// Roster and groups, arranged to be asked.
pub struct People {
    user_domains: std::collections::BTreeMap<String, String>,
    rows: Vec<GroupRow>,
    groups: HashMap<Option<SchoolId>, GroupIndex>,
    roster: Vec<RosterFacts>,
    by_login: HashMap<String, HashMap<String, Vec<usize>>>,
}

/// Rows of one school, or of every school, by what they match; numbers are positions in the file.
#[derive(Default)]
struct GroupIndex {
    exact: HashMap<MatchOn, HashMap<String, Vec<usize>>>,
    wild: Vec<usize>,
}

struct RosterFacts {
    school_id: Option<SchoolId>,
    user_type: Option<UserType>,
    year_group: Option<Arc<str>>,
    name: Arc<RealmName>,
    from: Option<Date>,
    to: Option<Date>,
}

impl People {
    /// Arranges an estate's roster and groups.
    pub fn new(estate: &Estate) -> Self {
        let mut groups: HashMap<Option<SchoolId>, GroupIndex> = HashMap::new();
        let rows: Vec<GroupRow> =
            estate.groups.iter().map(|row| GroupRow { pattern: row.pattern.to_lowercase(), ..row.clone() }).collect();
        for (at, row) in rows.iter().enumerate() {
            let index = groups.entry(row.school_id.clone()).or_default();
            if row.pattern.contains('*') {
                index.wild.push(at);
            } else {
                index.exact.entry(row.on).or_default().entry(row.pattern.clone()).or_default().push(at);
            }
        }
        let mut people =
            Self { user_domains: estate.user_domains.clone(), rows, groups, roster: Vec::new(), by_login: HashMap::new() };
        let mut first_login: HashMap<(Option<&SchoolId>, String), Arc<RealmName>> = HashMap::new();
        for row in &estate.roster.rows {
            people.add_roster_row(row, &mut first_login);
        }
        people
    }

    fn add_roster_row<'e>(
        &mut self,
        row: &'e RosterRow,
        first_login: &mut HashMap<(Option<&'e SchoolId>, String), Arc<RealmName>>,
    ) {
        let Some(first) = row.logins.first() else { return };
        let name = first_login
            .entry((row.school_id.as_ref(), row.person.reveal_in_clear().to_lowercase()))
            .or_insert_with(|| Arc::new(realm_name(&self.user_domains, first)))
            .clone();
        let at = self.roster.len();
        self.roster.push(RosterFacts {
            school_id: row.school_id.clone(),
            user_type: row.user_type,
            year_group: row.year_group.as_deref().map(Arc::from),
            name,
            from: row.from,
            to: row.to,
        });
        for login in &row.logins {
            let realm = realm_of(&self.user_domains, login.domain.as_deref()).to_owned();
            let names = self.by_login.entry(realm).or_default();
            names.entry(login.name.reveal_in_clear().to_owned()).or_default().push(at);
        }
    }

    /// Who this is. The roster comes before groups, a school's own rows before those of every school, then file order; what the
    /// roster leaves open the groups fill in.
    pub fn find(&self, seen: &Seen<'_>) -> PersonFacts {
        self.find_in_realm(seen, seen.login.map(|login| realm_of(&self.user_domains, login.domain.as_deref())))
    }

    /// The same where the realm is known, as it is of a name from the vault, and the domain part is not.
    fn find_in_realm(&self, seen: &Seen<'_>, realm: Option<&str>) -> PersonFacts {
        let mut span = Span { date: seen.date, from: None, to: None };
        let person = seen.login.zip(realm).and_then(|(login, realm)| self.roster_row(seen.school, realm, login, &mut span));
        let row = self.group_row(seen, &mut span);

        let user_type = person
            .and_then(|person| person.user_type)
            .or(row.map(|row| row.user_type))
            .unwrap_or(if seen.login.is_some_and(|login| login.is_machine) { UserType::Device } else { UserType::Unknown });
        let year_group = person
            .and_then(|person| person.year_group.clone())
            .or_else(|| row.filter(|row| row.user_type == user_type).and_then(|row| row.year_group.as_deref().map(Arc::from)));
        let name = match person {
            Some(person) => Some(person.name.clone()),
            None => seen.login.zip(realm).map(|(login, realm)| {
                let name = ClearName::new(login.name.reveal_in_clear().to_owned());
                Arc::new(RealmName { realm: realm.to_owned(), name })
            }),
        };
        PersonFacts { user_type, year_group, boarder: row.is_some_and(|row| row.boarder), name, holds: (span.from, span.to) }
    }

    fn roster_row(&self, school: &SchoolId, realm: &str, login: &Login, span: &mut Span) -> Option<&RosterFacts> {
        let rows = self.by_login.get(realm)?.get(login.name.reveal_in_clear())?;
        let mut found: [Option<&RosterFacts>; 2] = [None, None];
        for row in rows.iter().filter_map(|at| self.roster.get(*at)) {
            let place = match &row.school_id {
                Some(own) if own == school => &mut found[0],
                None => &mut found[1],
                Some(_) => continue,
            };
            if span.admits(row.from, row.to) && place.is_none() {
                *place = Some(row);
            }
        }
        found[0].or(found[1])
    }

    fn group_row(&self, seen: &Seen<'_>, span: &mut Span) -> Option<&GroupRow> {
        let name = seen.login.map_or("", |login| login.name.reveal_in_clear());
        let groups = group_words(seen.group);
        let profile = seen.profile.trim().to_lowercase();
        let mut found = None;
        for scope in [Some(seen.school.clone()), None] {
            let Some(index) = self.groups.get(&scope) else { continue };
            let mut matching: Vec<usize> =
                index.wild.iter().copied().filter(|at| self.wild_matches(*at, name, &groups, &profile)).collect();
            let mut exact = |on: MatchOn, text: &str| {
                matching.extend(index.exact.get(&on).and_then(|texts| texts.get(text)).into_iter().flatten());
            };
            exact(MatchOn::User, name);
            exact(MatchOn::Profile, &profile);
            groups.iter().for_each(|group| exact(MatchOn::Group, group));
            matching.sort_unstable();
            for row in matching.into_iter().filter_map(|at| self.rows.get(at)) {
                if span.admits(row.from, row.to) && found.is_none() {
                    found = Some(row);
                }
            }
        }
        found
    }

    fn wild_matches(&self, at: usize, name: &str, groups: &[String], profile: &str) -> bool {
        let Some(row) = self.rows.get(at) else { return false };
        // `*` alone is the catch-all row; it holds for lines that say nothing too.
        if row.pattern == "*" {
            return true;
        }
        let matches = |text: &str| !text.is_empty() && glob(row.pattern.as_bytes(), text.as_bytes());
        match row.on {
            MatchOn::User => matches(name),
            MatchOn::Profile => matches(profile),
            MatchOn::Group => groups.iter().any(|group| matches(group)),
        }
    }
}

fn realm_name(user_domains: &std::collections::BTreeMap<String, String>, login: &Login) -> RealmName {
    RealmName {
        realm: realm_of(user_domains, login.domain.as_deref()).to_owned(),
        name: ClearName::new(login.name.reveal_in_clear().to_owned()),
    }
}

/// A vendor's group field as it is, and its parts where it lists several or is an LDAP name.
fn group_words(group: &str) -> Vec<String> {
    let whole = group.trim().to_lowercase();
    if whole.is_empty() {
        return Vec::new();
    }
    let mut words = vec![whole.clone()];
    for part in whole.split([';', '|', ',']) {
        let part = part.trim();
        for word in [part, part.strip_prefix("cn=").unwrap_or(part)] {
            if !word.is_empty() && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
    }
    words
}

/// Whether text matches a pattern in which `*` stands for any run of characters.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((star_at, star_from)) => {
                    at = star_at + 1;
                    from = star_from + 1;
                    star = Some((star_at, from));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// The dates around one date between which no matching row begins or ends.
struct Span {
    date: Date,
    from: Option<Date>,
    to: Option<Date>,
}

impl Span {
    /// Whether a row holds on the date; its ends bound the span either way.
    fn admits(&mut self, from: Option<Date>, to: Option<Date>) -> bool {
        if let Some(from) = from {
            if from <= self.date { self.not_before(from) } else { self.not_after(from.saturating_sub(1.day())) }
        }
        if let Some(to) = to {
            if self.date <= to { self.not_after(to) } else { self.not_before(to.saturating_add(1.day())) }
        }
        is_valid_on(self.date, from, to)
    }

    fn not_before(&mut self, date: Date) {
        self.from = Some(self.from.map_or(date, |known| known.max(date)));
    }

    fn not_after(&mut self, date: Date) {
        self.to = Some(self.to.map_or(date, |known| known.min(date)));
    }
}

/// Answers remembered by the raw bytes of a line; one a thread. A remembered answer costs one hash and no allocation.
pub struct PeopleCache {
    people: Arc<People>,
    spans: HashMap<Box<[u8]>, Vec<usize>>,
    facts: Vec<PersonFacts>,
    key: Vec<u8>,
    shared: SharedNames,
}

impl PeopleCache {
    /// An empty cache.
    pub fn new(people: Arc<People>) -> Self {
        Self { people, spans: HashMap::new(), facts: Vec::new(), key: Vec::new(), shared: SharedNames::default() }
    }

    /// Who a line speaks of, by its raw fields: `user` as written, `domain` where it stands in a column of its own. The number is
    /// the answer's slot, dense from 0 and stable, so that a caller can keep its own column ids beside it.
    pub fn find(
        &mut self,
        school: &SchoolId,
        user: &str,
        domain: &str,
        group: &str,
        profile: &str,
        date: Date,
    ) -> (usize, &PersonFacts) {
        self.key.clear();
        for part in [school.as_str(), user, domain, group, profile] {
            self.key.extend_from_slice(part.as_bytes());
            self.key.push(0);
        }
        let slot = self.known_slot(date).unwrap_or_else(|| self.add(school, user, domain, group, profile, date));
        (slot, &self.facts[slot])
    }

    #[cold]
    fn add(&mut self, school: &SchoolId, user: &str, domain: &str, group: &str, profile: &str, date: Date) -> usize {
        let mut login = normalise_login(user);
        if let Some(login) = &mut login {
            let domain = domain.trim().to_lowercase();
            if login.domain.is_none() && !matches!(domain.as_str(), "" | "-") {
                login.domain = Some(domain);
            }
            self.shared.note(school, login);
        }
        let facts = self.people.find(&Seen { school, login: login.as_ref(), group, profile, date });
        self.remember(facts)
    }

    /// Who somebody is whose name is known from the vault; `name` is none where a row names nobody.
    pub fn find_known(
        &mut self,
        school: &SchoolId,
        name: Option<&RealmName>,
        group: &str,
        profile: &str,
        date: Date,
    ) -> (usize, &PersonFacts) {
        self.key.clear();
        let (realm, login) = name.map_or(("", ""), |name| (name.realm.as_str(), name.name.reveal_in_clear()));
        // One part more than a line's key has, so that neither is taken for the other.
        for part in [school.as_str(), realm, login, group, profile, ""] {
            self.key.extend_from_slice(part.as_bytes());
            self.key.push(0);
        }
        if let Some(slot) = self.known_slot(date) {
            return (slot, &self.facts[slot]);
        }
        let login = name.map(|name| Login::known(name.name.reveal_in_clear()));
        let facts = self.people.find_in_realm(&Seen { school, login: login.as_ref(), group, profile, date }, name.map(|_| realm));
        let slot = self.remember(facts);
        (slot, &self.facts[slot])
    }

    /// The slot of the key that holds on a date.
    fn known_slot(&self, date: Date) -> Option<usize> {
        let slots = self.spans.get(self.key.as_slice())?;
        slots
            .iter()
            .copied()
            .find(|slot| self.facts.get(*slot).is_some_and(|facts| is_valid_on(date, facts.holds.0, facts.holds.1)))
    }

    fn remember(&mut self, facts: PersonFacts) -> usize {
        let slot = self.facts.len();
        self.facts.push(facts);
        self.spans.entry(self.key.as_slice().into()).or_default().push(slot);
        slot
    }

    /// The answer of a slot.
    pub fn facts(&self, slot: usize) -> Option<&PersonFacts> {
        self.facts.get(slot)
    }

    /// Names this thread saw under two domains.
    pub fn shared_names(&self) -> &SharedNames {
        &self.shared
    }
}

#[cfg(test)]
mod tests;
