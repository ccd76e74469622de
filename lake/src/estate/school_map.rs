//! Finds the school of a line from a filter that serves many: rules on address range, group, profile or site, first match wins.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{SchoolRule, SchoolRuleOn};
use crate::ids::SchoolId;

/// What a line says about where it came from; empty where it says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Site<'a> {
    /// Client address.
    pub src_ip: &'a str,
    /// The vendor's group.
    pub group: &'a str,
    /// Filter policy.
    pub profile: &'a str,
    /// A site column of the export.
    pub site: &'a str,
}

/// A `school_map`, compiled.
#[derive(Debug, Clone, Default)]
pub struct SchoolMap {
    rules: Vec<(Test, SchoolId)>,
    reads_address: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Range(IpNet),
    Is(SchoolRuleOn, String),
    StartsWith(SchoolRuleOn, String),
}

/// An address range, or one address.
pub(crate) fn parse_range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().map(|range| range.trunc()).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

impl SchoolMap {
    /// Compiles rules in their order. A range that is none matches nothing; loading the estate refuses it.
    pub fn new(rules: &[SchoolRule]) -> Self {
        let rules: Vec<(Test, SchoolId)> = rules
            .iter()
            .filter_map(|rule| {
                let test = match rule.on {
                    SchoolRuleOn::SrcIp => Test::Range(parse_range(&rule.pattern)?),
                    on => match rule.pattern.strip_suffix('*') {
                        Some(start) => Test::StartsWith(on, start.to_lowercase()),
                        None => Test::Is(on, rule.pattern.to_lowercase()),
                    },
                };
                Some((test, rule.school.clone()))
            })
            .collect();
        let reads_address = rules.iter().any(|(test, _)| matches!(test, Test::Range(_)));
        Self { rules, reads_address }
    }

    /// The school of the first rule that matches.
    pub fn school_of(&self, site: &Site<'_>) -> Option<&SchoolId> {
        // An IPv4 client seen through an IPv6 socket is written `::ffff:10.1.2.3` by several products.
        let address =
            if self.reads_address { site.src_ip.trim().parse::<IpAddr>().ok().map(|ip| ip.to_canonical()) } else { None };
        let folded = |on| match on {
            SchoolRuleOn::Group => site.group.trim().to_lowercase(),
            SchoolRuleOn::Profile => site.profile.trim().to_lowercase(),
            SchoolRuleOn::Site => site.site.trim().to_lowercase(),
            SchoolRuleOn::SrcIp => String::new(),
        };
        let matches = |test: &Test| match test {
            Test::Range(range) => address.is_some_and(|address| range.contains(&address)),
            Test::Is(on, text) => folded(*on) == *text,
            Test::StartsWith(on, text) => {
                let found = folded(*on);
                !found.is_empty() && found.starts_with(text)
            }
        };
        self.rules.iter().find(|(test, _)| matches(test)).map(|(_, school)| school)
    }
}

/// The school of a line by rules that were not compiled; for one line or two.
pub fn school_of(rules: &[SchoolRule], site: &Site<'_>) -> Option<SchoolId> {
    SchoolMap::new(rules).school_of(site).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(on: SchoolRuleOn, pattern: &str, school: &str) -> SchoolRule {
        SchoolRule { on, pattern: pattern.into(), school: SchoolId::parse(school).unwrap() }
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let map = SchoolMap::new(&[
            rule(SchoolRuleOn::Profile, "Guest Wi-Fi", "trust"),
            rule(SchoolRuleOn::SrcIp, "10.1.4.0/22", "ashgrove"),
            rule(SchoolRuleOn::SrcIp, "10.1.0.0/16", "birch"),
            rule(SchoolRuleOn::SrcIp, "2001:db8:7::/48", "cedar"),
            rule(SchoolRuleOn::SrcIp, "192.0.2.9", "cedar"),
            rule(SchoolRuleOn::Group, "Elm *", "elm"),
            rule(SchoolRuleOn::Site, "FIR-01", "fir"),
        ]);
        let table: &[(&str, &str, &str, &str, Option<&str>)] = &[
            ("10.1.7.255", "", "", "", Some("ashgrove")),
            ("10.1.8.0", "", "", "", Some("birch")),
            ("::ffff:10.1.4.1", "", "", "", Some("ashgrove")),
            ("10.1.4.1", "", "guest wi-fi ", "", Some("trust")),
            ("2001:db8:7:1::5", "", "", "", Some("cedar")),
            ("2001:db8:8::5", "", "", "", None),
            ("192.0.2.9", "", "", "", Some("cedar")),
            ("192.0.2.10", "", "", "", None),
            ("", "ELM Year 9", "", "", Some("elm")),
            ("", "Elmtree", "", "", None),
            ("", "", "", "fir-01", Some("fir")),
            ("not an address", "", "", "", None),
            ("", "", "", "", None),
        ];
        for (src_ip, group, profile, site, wanted) in table {
            let found = map.school_of(&Site { src_ip, group, profile, site });
            assert_eq!(found.map(SchoolId::as_str), *wanted, "{src_ip} {group} {profile} {site}");
        }
    }
}
