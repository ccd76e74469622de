//! Finds a line's school: the source's one, or the first rule of its map that matches.

use std::net::IpAddr;

use weir_lake::estate::{SchoolOf, SchoolRuleOn};
use weir_lake::ids::SchoolId;

use crate::decoded::{Decoded, Field};

enum Test {
    Range {
        network: u128,
        prefix: u32,
        is_v4: bool,
    },
    Equals(Field, String),
    StartsWith(Field, String),
    /// A range that is none: matches nothing, rather than everything.
    Never,
}

/// The rules of a source, read once a file.
pub(crate) struct SchoolRules {
    schools: Vec<SchoolId>,
    rules: Vec<(Test, u16)>,
    one: bool,
}

impl SchoolRules {
    pub(crate) fn new(school: &SchoolOf) -> Self {
        match school {
            SchoolOf::One(school) => Self { schools: vec![school.clone()], rules: Vec::new(), one: true },
            SchoolOf::Map(rules) => {
                let mut schools: Vec<SchoolId> = Vec::new();
                let rules = rules
                    .iter()
                    .map(|rule| {
                        let index = schools.iter().position(|school| *school == rule.school).unwrap_or_else(|| {
                            schools.push(rule.school.clone());
                            schools.len() - 1
                        });
                        (test(rule.on, &rule.pattern), index as u16)
                    })
                    .collect();
                Self { schools, rules, one: false }
            }
        }
    }

    /// Whether every line is the same school's.
    pub(crate) fn is_one(&self) -> bool {
        self.one
    }

    pub(crate) fn school(&self, index: u16) -> &SchoolId {
        &self.schools[usize::from(index)]
    }

    pub(crate) fn len(&self) -> usize {
        self.schools.len()
    }

    /// The number of the line's school.
    pub(crate) fn find(&self, decoded: &Decoded) -> Option<u16> {
        if self.one {
            return Some(0);
        }
        self.rules.iter().find(|(test, _)| test.holds(decoded)).map(|(_, school)| *school)
    }
}

fn test(on: SchoolRuleOn, pattern: &str) -> Test {
    let field = match on {
        SchoolRuleOn::SrcIp => return range(pattern).unwrap_or(Test::Never),
        SchoolRuleOn::Group => Field::UserGroup,
        SchoolRuleOn::Profile => Field::Profile,
        SchoolRuleOn::Site => Field::Site,
    };
    let pattern = pattern.trim().to_lowercase();
    match pattern.strip_suffix('*') {
        Some(start) => Test::StartsWith(field, start.to_owned()),
        None => Test::Equals(field, pattern),
    }
}

fn bits(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), true),
        IpAddr::V6(v6) => (u128::from(v6), false),
    }
}

fn range(pattern: &str) -> Option<Test> {
    let (address, prefix) = match pattern.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.trim().parse::<u32>().ok()?)),
        None => (pattern.trim(), None),
    };
    let (network, is_v4) = bits(address.trim().parse().ok()?);
    let width = if is_v4 { 32 } else { 128 };
    let prefix = prefix.unwrap_or(width);
    (prefix <= width).then_some(Test::Range { network, prefix, is_v4 })
}

impl Test {
    fn holds(&self, decoded: &Decoded) -> bool {
        let text = |field: Field| String::from_utf8_lossy(decoded.text(field).trim_ascii()).to_lowercase();
        match self {
            Test::Never => false,
            Test::Equals(field, wanted) => text(*field) == *wanted,
            Test::StartsWith(field, start) => text(*field).starts_with(start.as_str()),
            Test::Range { network, prefix, is_v4 } => {
                let Ok(address) = text(Field::SrcIp).parse::<IpAddr>() else { return false };
                let (address, found_v4) = bits(address);
                let width = if *is_v4 { 32 } else { 128 };
                found_v4 == *is_v4 && (address ^ network).checked_shr(width - prefix).unwrap_or(0) == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoded::Outcome;
    use weir_lake::estate::SchoolRule;

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rule = |on, pattern: &str, school: &str| SchoolRule {
            on,
            pattern: pattern.to_owned(),
            school: SchoolId::parse(school).unwrap(),
        };
        let rules = SchoolRules::new(&SchoolOf::Map(vec![
            rule(SchoolRuleOn::SrcIp, "10.1.0.0/16", "oak"),
            rule(SchoolRuleOn::SrcIp, "2001:db8:2::/48", "elm"),
            rule(SchoolRuleOn::SrcIp, "not a range", "never"),
            rule(SchoolRuleOn::SrcIp, "10.9.9.9", "ash"),
            rule(SchoolRuleOn::Group, "Elm*", "elm"),
            rule(SchoolRuleOn::Site, "Ash Lane", "ash"),
            rule(SchoolRuleOn::Profile, "oak pupils", "oak"),
        ]));
        for (field, value, want) in [
            (Field::SrcIp, "10.1.255.3", Some("oak")),
            (Field::SrcIp, "::ffff:10.1.0.3", Some("oak")),
            (Field::SrcIp, "10.2.0.3", None),
            (Field::SrcIp, "10.9.9.9", Some("ash")),
            (Field::SrcIp, "10.9.9.8", None),
            (Field::SrcIp, "2001:db8:2:ffff::1", Some("elm")),
            (Field::SrcIp, "2001:db8:3::1", None),
            (Field::SrcIp, "", None),
            (Field::UserGroup, "ELM Year 4", Some("elm")),
            (Field::Site, " ash lane ", Some("ash")),
            (Field::Site, "ash lane annexe", None),
            (Field::Profile, "Oak Pupils", Some("oak")),
        ] {
            let mut decoded = Decoded::empty(Outcome::Event);
            decoded.text[field as usize] = value.as_bytes();
            let found = rules.find(&decoded).map(|index| rules.school(index).as_str());
            assert_eq!(found, want, "{field:?} {value}");
        }
        assert!(!rules.is_one());
    }

    #[test]
    fn a_range_of_everything_takes_every_address() {
        let rules = SchoolRules::new(&SchoolOf::Map(vec![SchoolRule {
            on: SchoolRuleOn::SrcIp,
            pattern: String::from("::/0"),
            school: SchoolId::parse("oak").unwrap(),
        }]));
        let mut decoded = Decoded::empty(Outcome::Event);
        decoded.text[Field::SrcIp as usize] = b"2001:db8::1";
        assert_eq!(rules.find(&decoded), Some(0));
    }
}
