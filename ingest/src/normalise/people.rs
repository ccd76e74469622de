//! Who is behind a row: the question a row asks, and the estate's answer to it.

use std::sync::Arc;

use jiff::civil::Date;
use weir_lake::estate::{PeopleCache, UserType, normalise_login};
use weir_lake::ids::SchoolId;

/// What a line says of a person; texts are empty where it says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserFields<'a> {
    /// Log-in as written.
    pub user: &'a str,
    /// Domain part, where it stands in a column of its own.
    pub domain: &'a str,
    /// The vendor's group.
    pub group: &'a str,
    /// Filter policy.
    pub profile: &'a str,
}

/// A log-in to make a key of. No `Debug`: it is a name in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name, normalised.
    pub name: String,
    /// The realm its domain part belongs to.
    pub realm: String,
}

/// Who is behind a row, as valid that day.
#[derive(Clone, PartialEq, Eq)]
pub struct Who {
    /// The type of person.
    pub user_type: UserType,
    /// Year or phase.
    pub year_group: Option<Arc<str>>,
    /// The log-in that stands for the person; None where nobody is named.
    pub login: Option<Login>,
    /// The line names somebody else than the person whose export it is said to be.
    pub contradicts: bool,
}

/// Looks people up. Asked once for each new combination, not once a row; one a worker thread.
pub trait PeopleLookup: Send {
    /// Who that is on a day (days since 1970). Without a log-in, the group or profile may still tell a type.
    fn who(&mut self, school: &SchoolId, fields: UserFields<'_>, date: i32) -> Who;

    /// The person whose export it is said to be, as given.
    fn only(&self) -> Option<&str> {
        None
    }
}

impl PeopleLookup for PeopleCache {
    fn who(&mut self, school: &SchoolId, fields: UserFields<'_>, date: i32) -> Who {
        let user = if is_nobody(fields.user) { "" } else { fields.user };
        let (_, facts) = self.find(school, user, fields.domain, fields.group, fields.profile, day(date));
        Who {
            user_type: facts.user_type,
            year_group: facts.year_group.clone(),
            login: facts
                .name
                .as_ref()
                .map(|name| Login { name: name.name.reveal_in_clear().to_owned(), realm: name.realm.clone() }),
            contradicts: false,
        }
    }
}

/// The realm of every domain that weir.toml does not name.
pub const DEFAULT_REALM: &str = "default";

/// Knows nobody: machine accounts are devices, everyone else is unknown. For `inspect`, where no estate is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyKnown;

impl PeopleLookup for NobodyKnown {
    fn who(&mut self, _school: &SchoolId, fields: UserFields<'_>, _date: i32) -> Who {
        let login = if is_nobody(fields.user) { None } else { normalise_login(fields.user) };
        let is_machine = login.as_ref().is_some_and(|login| login.is_machine);
        Who {
            user_type: if is_machine { UserType::Device } else { UserType::Unknown },
            year_group: None,
            login: login.map(|login| Login { name: login.name.reveal_in_clear().to_owned(), realm: String::from(DEFAULT_REALM) }),
            contradicts: false,
        }
    }
}

/// What logs write where nobody signed in.
const NOBODY: [&str; 10] = ["", "-", "unknown", "n/a", "na", "none", "null", "anonymous", "unauthenticated", "(none)"];

/// Whether a log-in as written names nobody: a word for it, or an address in a name's place.
pub fn is_nobody(user: &str) -> bool {
    let user = user.trim().trim_matches('"').trim();
    NOBODY.iter().any(|word| word.eq_ignore_ascii_case(user)) || user.parse::<std::net::IpAddr>().is_ok()
}

pub(crate) fn day(date: i32) -> Date {
    const EPOCH: Date = Date::constant(1970, 1, 1);
    EPOCH.saturating_add(jiff::Span::new().try_days(date).unwrap_or_default())
}

/// As written in `events.user_type`.
pub const fn user_type_name(user_type: UserType) -> &'static str {
    match user_type {
        UserType::Pupil => "pupil",
        UserType::Staff => "staff",
        UserType::Guest => "guest",
        UserType::Shared => "shared",
        UserType::Device => "device",
        UserType::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_lake::estate::{Estate, GroupRow, MatchOn, People};

    #[test]
    fn words_for_nobody_are_nobody() {
        for (user, want) in [
            ("y9-fern", false),
            ("nora", false),
            ("-", true),
            (" - ", true),
            ("", true),
            ("N/A", true),
            ("Anonymous", true),
            ("10.20.30.40", true),
            ("2001:db8::7", true),
        ] {
            assert_eq!(is_nobody(user), want, "{user}");
        }
    }

    #[test]
    fn days_are_counted_from_1970() {
        for (number, want) in [(0, "1970-01-01"), (20_770, "2026-11-13"), (-1, "1969-12-31")] {
            assert_eq!(day(number).to_string(), want);
        }
        day(i32::MAX);
        day(i32::MIN);
    }

    #[test]
    fn the_estate_answers() {
        let row = |on, pattern: &str, user_type, year: Option<&str>, from| GroupRow {
            school_id: None,
            on,
            pattern: pattern.to_owned(),
            user_type,
            year_group: year.map(str::to_owned),
            boarder: false,
            from,
            to: None,
        };
        let september = Some(jiff::civil::date(2026, 9, 1));
        let mut estate = Estate::default();
        estate.user_domains.insert(String::from("elm"), String::from("elm-realm"));
        estate.groups = vec![
            row(MatchOn::Group, "Year 9*", UserType::Pupil, Some("9"), september),
            row(MatchOn::User, "kiosk*", UserType::Shared, None, None),
        ];
        let mut people = PeopleCache::new(Arc::new(People::new(&estate)));
        let school = SchoolId::parse("oak").unwrap();
        let before = 20_697; // 2026-09-01
        for (user, group, date, want, year, name, realm) in [
            ("OAK\\Y9-Fern", "Year 9 A", before, UserType::Pupil, Some("9"), "y9-fern", "default"),
            ("ELM\\Y9-Fern", "Year 9 A", before, UserType::Pupil, Some("9"), "y9-fern", "elm-realm"),
            ("OAK\\Y9-Fern", "Year 9 A", before - 1, UserType::Unknown, None, "y9-fern", "default"),
            ("Kiosk2", "", before, UserType::Shared, None, "kiosk2", "default"),
            ("anonymous", "Year 9 A", before, UserType::Pupil, Some("9"), "", ""),
        ] {
            let who = people.who(&school, UserFields { user, group, ..UserFields::default() }, date);
            assert!(who.user_type == want, "{user} {group} {date}");
            assert_eq!(who.year_group.as_deref(), year, "{user} {group} {date}");
            let login = who.login.map_or((String::new(), String::new()), |login| (login.name, login.realm));
            assert_eq!(login, (name.to_owned(), realm.to_owned()), "{user} {group} {date}");
        }
    }

    #[test]
    fn without_an_estate_machines_alone_are_known() {
        let school = SchoolId::parse("oak").unwrap();
        for (user, want) in [("y9-fern", UserType::Unknown), ("PC-014$", UserType::Device)] {
            let who = NobodyKnown.who(&school, UserFields { user, ..UserFields::default() }, 0);
            assert!(who.user_type == want && who.login.is_some_and(|login| login.realm == DEFAULT_REALM));
        }
    }
}
