//! Reads a log-in as filters write it into a normalised name and its domain part; watches names that stand under two domains.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::ids::SchoolId;
use crate::names::ClearName;

/// A log-in, normalised.
pub struct Login {
    /// The name alone, lower case.
    pub name: ClearName,
    /// The domain part, lower case, where the log-in had one.
    pub domain: Option<String>,
    /// A computer's own account (`PC-12$`, `host/pc-12`), not a person's.
    pub is_machine: bool,
}

impl Login {
    fn new(name: &str, domain: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        let domain = domain.trim().to_lowercase();
        if matches!(name.as_str(), "" | "-") {
            return None;
        }
        Some(Self { domain: (!domain.is_empty()).then_some(domain), ..Self::known(&name) })
    }

    /// A name that was normalised before; its domain part is forgotten.
    pub(super) fn known(name: &str) -> Self {
        let is_machine = name.ends_with('$') || name.starts_with("host/");
        Self { name: ClearName::new(name.to_owned()), domain: None, is_machine }
    }
}

/// The realm of a domain part: by `[user_domains]`, otherwise `default`.
pub(crate) fn realm_of<'a>(user_domains: &'a BTreeMap<String, String>, domain: Option<&str>) -> &'a str {
    domain.and_then(|domain| user_domains.get(domain)).map_or("default", String::as_str)
}

/// Normalises a log-in: `SCH\JSmith`, `SCH\\JSmith`, `SCH/JSmith`, `jsmith@sch.uk`, `WinNT://SCH/JSmith` and
/// `CN=JSmith,OU=Pupils,DC=sch,DC=uk` all give `jsmith`. None where nothing is left.
pub fn normalise_login(raw: &str) -> Option<Login> {
    let decoded = percent_decoded(raw.trim().trim_matches('"'));
    let text = decoded.as_deref().unwrap_or_else(|| raw.trim().trim_matches('"')).trim();
    if let Some(login) = from_distinguished_name(text) {
        return login;
    }
    // Directory addresses: `WinNT://SCH/JSmith`, `ldap://...`.
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    if let Some((domain, name)) = text.split_once('\\') {
        // Exports escape the backslash once or twice; what follows the last one is the name.
        let name = name.rsplit('\\').next().unwrap_or(name);
        let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
        return Login::new(name, domain);
    }
    if let Some((name, domain)) = text.rsplit_once('@') {
        return Login::new(name, domain);
    }
    match text.split_once('/') {
        // `host/pc-12` is a computer's own ticket, not a domain called host.
        Some((domain, name))
            if !name.contains('/') && !domain.is_empty() && !name.is_empty() && !domain.eq_ignore_ascii_case("host") =>
        {
            Login::new(name, domain)
        }
        _ => Login::new(text, ""),
    }
}

/// `SCH%5cJSmith`, as some proxies log it; only escapes of printable ASCII are taken.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|value| (0x20..0x7f).contains(value));
        match escape {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

/// An LDAP name: its first `cn` or `uid`, and its `dc` parts as the domain. The outer `None` says that it is none.
fn from_distinguished_name(text: &str) -> Option<Option<Login>> {
    let is_name_part = |key: &str| ["cn", "uid"].iter().any(|known| key.trim().eq_ignore_ascii_case(known));
    let (first, _) = text.split_once('=')?;
    if !is_name_part(first) {
        return None;
    }
    let mut name = None;
    let mut domain = String::new();
    for part in unescaped_parts(text) {
        let Some((key, value)) = part.split_once('=') else { continue };
        if name.is_none() && is_name_part(key) {
            name = Some(value.to_owned());
        } else if key.trim().eq_ignore_ascii_case("dc") {
            if !domain.is_empty() {
                domain.push('.');
            }
            domain.push_str(value.trim());
        }
    }
    Some(Login::new(name.as_deref().unwrap_or_default(), &domain))
}

/// Splits at commas that no backslash protects, and drops the backslashes.
fn unescaped_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(characters.next()),
            (other, Some(part)) => part.push(other),
            (_, None) => {}
        }
    }
    parts
}

/// Counts names that stand under two domains in one school: two people, or one person in two spellings. It keeps hashes, not names.
#[derive(Debug, Default, Clone)]
pub struct SharedNames {
    seen: HashMap<u64, BTreeSet<u16>>,
    domains: Vec<String>,
}

impl SharedNames {
    /// Notes a log-in; one without a domain says nothing.
    pub fn note(&mut self, school: &SchoolId, login: &Login) {
        let Some(domain) = &login.domain else { return };
        let domain = self.domain(domain);
        let mut hasher = DefaultHasher::new();
        (school.as_str(), login.name.reveal_in_clear()).hash(&mut hasher);
        self.seen.entry(hasher.finish()).or_default().insert(domain);
    }

    fn domain(&mut self, domain: &str) -> u16 {
        let at = self.domains.iter().position(|known| known == domain).unwrap_or_else(|| {
            self.domains.push(domain.to_owned());
            self.domains.len() - 1
        });
        // Domain parts of one run are a handful; past the type's end they share the last number and are counted less, not wrongly.
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Takes in what another thread saw.
    pub fn merge(&mut self, other: &SharedNames) {
        let translated: Vec<u16> = other.domains.iter().map(|domain| self.domain(domain)).collect();
        for (name, domains) in &other.seen {
            let seen = self.seen.entry(*name).or_default();
            seen.extend(domains.iter().filter_map(|domain| translated.get(usize::from(*domain))));
        }
    }

    /// One warning for each two domains that share names within a realm, unless `[user_domains]` names both and so settles it.
    pub fn warnings(&self, user_domains: &BTreeMap<String, String>) -> Vec<String> {
        let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for domains in self.seen.values() {
            let mut names: Vec<&str> =
                domains.iter().filter_map(|at| self.domains.get(usize::from(*at)).map(String::as_str)).collect();
            names.sort_unstable();
            for (at, first) in names.iter().enumerate() {
                for second in &names[at + 1..] {
                    let settled = user_domains.contains_key(*first) && user_domains.contains_key(*second);
                    if !settled && realm_of(user_domains, Some(first)) == realm_of(user_domains, Some(second)) {
                        *pairs.entry((first, second)).or_default() += 1;
                    }
                }
            }
        }
        pairs
            .into_iter()
            .map(|((first, second), names)| {
                format!(
                    "{names} log-in name(s) stand under both {first} and {second} and are read as one person each; if they are \
                     different people give the two domains different realms in [user_domains], otherwise name both there"
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_log_in_are_one() {
        type Wanted<'a> = Option<(&'a str, Option<&'a str>, bool)>;
        let table: &[(&str, Wanted<'_>)] = &[
            ("apatel", Some(("apatel", None, false))),
            ("  APatel ", Some(("apatel", None, false))),
            (r"SCH\APatel", Some(("apatel", Some("sch"), false))),
            (r"SCH\\APatel", Some(("apatel", Some("sch"), false))),
            (r"sch.example\APatel@sch.example", Some(("apatel", Some("sch.example"), false))),
            ("SCH%5cAPatel", Some(("apatel", Some("sch"), false))),
            ("apatel%40sch.example", Some(("apatel", Some("sch.example"), false))),
            ("APatel@SCH.example", Some(("apatel", Some("sch.example"), false))),
            ("SCH/APatel", Some(("apatel", Some("sch"), false))),
            ("WinNT://SCH/APatel", Some(("apatel", Some("sch"), false))),
            ("CN=APatel,OU=Year 9,DC=sch,DC=example", Some(("apatel", Some("sch.example"), false))),
            (r"cn=Patel\, Anil,ou=Pupils", Some(("patel, anil", None, false))),
            ("uid=apatel,ou=people", Some(("apatel", None, false))),
            ("\"apatel\"", Some(("apatel", None, false))),
            ("ÉLODIE@sch.example", Some(("élodie", Some("sch.example"), false))),
            ("100%sure", Some(("100%sure", None, false))),
            ("host/pc-12", Some(("host/pc-12", None, true))),
            (r"SCH\PC-12$", Some(("pc-12$", Some("sch"), true))),
            ("", None),
            ("-", None),
            (r"SCH\", None),
            ("@sch.example", None),
        ];
        for (raw, wanted) in table {
            let found = normalise_login(raw);
            let found = found.as_ref().map(|login| (login.name.reveal_in_clear(), login.domain.as_deref(), login.is_machine));
            assert_eq!(found, *wanted, "{raw:?}");
        }
    }

    #[test]
    fn a_name_under_two_domains_warns_until_it_is_settled() {
        let school = SchoolId::parse("oak").unwrap();
        let other_school = SchoolId::parse("elm").unwrap();
        let mut names = SharedNames::default();
        names.note(&school, &normalise_login(r"STAFF\jlee").unwrap());
        names.note(&other_school, &normalise_login(r"PUPILS\jlee").unwrap());
        names.note(&school, &normalise_login("jlee").unwrap());
        let mut settled = BTreeMap::new();
        assert!(names.warnings(&settled).is_empty(), "two schools and no domain are no clash");

        let mut thread = SharedNames::default();
        thread.note(&school, &normalise_login(r"PUPILS\jlee").unwrap());
        names.merge(&thread);
        let warnings = names.warnings(&settled);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("1 log-in name(s) stand under both pupils and staff"), "{warnings:?}");
        assert!(!warnings[0].contains("jlee"));

        settled.insert("pupils".to_owned(), "pupils".to_owned());
        assert!(names.warnings(&settled).is_empty(), "different realms");
        settled.insert("pupils".to_owned(), "default".to_owned());
        assert_eq!(names.warnings(&settled).len(), 1);
        settled.insert("staff".to_owned(), "default".to_owned());
        assert!(names.warnings(&settled).is_empty(), "both named: one person");
    }
}
