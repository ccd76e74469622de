//! Who a log-in is: the trait that the estate answers, and what is plain from the log-in alone.

use weir_lake::estate::UserType;
use weir_lake::ids::SchoolId;

/// A log-in without its case and its domain part.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name, normalised. Not for printing: it is a name in clear.
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
    pub year_group: Option<String>,
    /// The log-in that stands for a person who has several; None where the one in the line does.
    pub canonical: Option<Login>,
}

impl Who {
    /// Nobody knows.
    pub const UNKNOWN: Who = Who { user_type: UserType::Unknown, year_group: None, canonical: None };
}

/// Looks people up. Called once for each new combination of a file, not once a row; one a worker thread.
pub trait PeopleLookup: Send {
    /// A log-in as the log writes it, with its domain where that stands apart, as name and realm; None where nobody is named.
    fn login(&mut self, raw: &str, domain: &str) -> Option<Login> {
        normalise_login(raw, domain).map(|(name, _)| Login { name, realm: String::from(DEFAULT_REALM) })
    }

    /// Who that is on a day (days since 1970). Without a log-in, the group or profile may still tell a type.
    fn who(&mut self, school: &SchoolId, login: Option<&Login>, group: &str, profile: &str, date: i32) -> Who;
}

/// The realm of every domain that weir.toml does not name.
pub const DEFAULT_REALM: &str = "default";

/// Knows nobody: machine accounts are devices, everyone else is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyKnown;

impl PeopleLookup for NobodyKnown {
    fn who(&mut self, _school: &SchoolId, login: Option<&Login>, _group: &str, _profile: &str, _date: i32) -> Who {
        match login {
            Some(login) if login.name.ends_with('$') => Who { user_type: UserType::Device, ..Who::UNKNOWN },
            _ => Who::UNKNOWN,
        }
    }
}

/// What logs write where nobody signed in.
const NOBODY: [&str; 9] = ["-", "unknown", "n/a", "na", "none", "null", "anonymous", "unauthenticated", "(none)"];

/// A log-in as name and domain, both lower case: `SCH\JSmith`, `sch/jsmith`, `jsmith@sch.uk`, `CN=jsmith,OU=Year 9,DC=sch`
/// and `LDAP://dc.sch/CN=jsmith,...` all are `jsmith`. None where nobody is named; an address is nobody.
pub fn normalise_login(raw: &str, domain_apart: &str) -> Option<(String, String)> {
    let raw = raw.trim().trim_matches('"').trim();
    let is_nobody = |name: &str| name.is_empty() || NOBODY.contains(&name) || name.parse::<std::net::IpAddr>().is_ok();
    if is_nobody(&raw.to_lowercase()) {
        return None;
    }
    let apart = || domain_apart.trim().to_lowercase();
    let (name, domain) = if let Some(parts) = distinguished_name(raw) {
        parts
    } else if let Some((domain, name)) = raw.rsplit_once('\\') {
        (name.to_owned(), domain.trim_end_matches('\\').to_owned())
    } else if let Some((name, domain)) = raw.rsplit_once('@') {
        (name.to_owned(), domain.to_owned())
    } else if let Some((domain, name)) = raw.rsplit_once('/').filter(|(domain, _)| !domain.is_empty()) {
        (name.to_owned(), domain.rsplit('/').next().unwrap_or_default().to_owned())
    } else {
        (raw.to_owned(), String::new())
    };
    let (name, domain) = (name.trim().to_lowercase(), domain.trim().to_lowercase());
    (!is_nobody(&name)).then(|| (name, if domain.is_empty() { apart() } else { domain }))
}

/// The first common name and the joined `DC=` parts of an LDAP name; None for other text.
fn distinguished_name(raw: &str) -> Option<(String, String)> {
    let rest = match raw.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ldap") || scheme.eq_ignore_ascii_case("winnt") => {
            rest.split_once('/').map_or(rest, |(_, name)| name)
        }
        _ => raw,
    };
    let is_part = |part: &str, wanted: &str| part.split_once('=').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case(wanted));
    let first = rest.split(',').next()?;
    if !is_part(first, "cn") && !is_part(first, "uid") {
        return None;
    }
    let value = |part: &str| part.split_once('=').map_or_else(String::new, |(_, value)| value.trim().to_owned());
    let domain: Vec<String> = rest.split(',').filter(|part| is_part(part, "dc")).map(value).collect();
    Some((value(first), domain.join(".")))
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

    #[test]
    fn log_ins_are_one_name_however_written() {
        for (raw, apart, want) in [
            ("y9-fern", "", Some(("y9-fern", ""))),
            ("  Y9-Fern ", "", Some(("y9-fern", ""))),
            ("OAK\\Y9-Fern", "", Some(("y9-fern", "oak"))),
            ("OAK\\\\Y9-Fern", "", Some(("y9-fern", "oak"))),
            ("oak/y9-fern", "", Some(("y9-fern", "oak"))),
            ("y9-fern@Oakfield.Example", "", Some(("y9-fern", "oakfield.example"))),
            ("y9-fern", "OAK", Some(("y9-fern", "oak"))),
            ("y9-fern@oakfield.example", "OAK", Some(("y9-fern", "oakfield.example"))),
            ("CN=y9-fern,OU=Year 9,DC=oakfield,DC=example", "", Some(("y9-fern", "oakfield.example"))),
            ("LDAP://dc1.oakfield.example/cn=Y9-Fern,ou=Pupils", "", Some(("y9-fern", ""))),
            ("WinNT://OAK/y9-fern", "", Some(("y9-fern", "oak"))),
            ("\"y9-fern\"", "", Some(("y9-fern", ""))),
            ("PC-014$", "", Some(("pc-014$", ""))),
            ("-", "", None),
            ("", "OAK", None),
            ("N/A", "", None),
            ("anonymous", "", None),
            ("OAK\\-", "", None),
            ("10.20.30.40", "", None),
            ("2001:db8::7", "", None),
        ] {
            let want = want.map(|(name, domain)| (name.to_owned(), domain.to_owned()));
            assert_eq!(normalise_login(raw, apart), want, "{raw} {apart}");
        }
    }

    #[test]
    fn the_default_lookup_knows_machines_only() {
        let school = SchoolId::parse("oak").unwrap();
        let mut people = NobodyKnown;
        for (raw, want) in [("y9-fern", UserType::Unknown), ("PC-014$", UserType::Device)] {
            let login = people.login(raw, "").unwrap();
            assert_eq!(login.realm, DEFAULT_REALM);
            assert!(people.who(&school, Some(&login), "", "", 0).user_type == want);
        }
    }
}
