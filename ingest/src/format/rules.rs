//! Conditions on fields, and the rules that say what a line is and what was decided.

use crate::decode::{Slots, find_either};
use crate::decoded::{Action, Kind};

/// One test of a field. Words are compared without regard to ASCII case: vendors change it between versions.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Is(Vec<Box<[u8]>>),
    Not(Vec<Box<[u8]>>),
    Starts(Vec<Box<[u8]>>),
    Ends(Vec<Box<[u8]>>),
    Contains(Vec<Box<[u8]>>),
    Present(bool),
    Address(bool),
    AtLeast(i64),
    Below(i64),
}

/// Whether `text` starts with `prefix`, ASCII case apart.
#[inline]
pub(crate) fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    // Most texts differ in the first letter.
    if let (Some(one), Some(other)) = (text.first(), prefix.first())
        && (one ^ other) & !0x20 != 0
    {
        return false;
    }
    text.get(..prefix.len()).is_some_and(|start| start == prefix || start.eq_ignore_ascii_case(prefix))
}

/// Whether `text` ends with `suffix`, ASCII case apart.
#[inline]
pub(crate) fn ends_with(text: &[u8], suffix: &[u8]) -> bool {
    text.len().checked_sub(suffix.len()).and_then(|n| text.get(n..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    let Some(&first) = part.first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut at = find_either(text, 0, lower, upper);
    while at < text.len() {
        if starts_with(text.get(at..).unwrap_or(&[]), part) {
            return true;
        }
        at = find_either(text, at + 1, lower, upper);
    }
    false
}

/// The whole number that `text` is.
pub(crate) fn number(text: &[u8]) -> Option<i64> {
    let (text, sign) = match text.strip_prefix(b"-") {
        Some(rest) => (rest, -1),
        None => (text, 1),
    };
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut number = 0_i64;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some(sign * number)
}

fn is_address(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok())
}

impl Test {
    #[inline]
    fn holds(&self, text: &[u8]) -> bool {
        match self {
            Test::Is(words) => words.iter().any(|word| text.eq_ignore_ascii_case(word)),
            Test::Not(words) => !words.iter().any(|word| text.eq_ignore_ascii_case(word)),
            Test::Starts(words) => words.iter().any(|word| starts_with(text, word)),
            Test::Ends(words) => words.iter().any(|word| ends_with(text, word)),
            Test::Contains(words) => words.iter().any(|word| contains(text, word)),
            Test::Present(wanted) => text.is_empty() != *wanted,
            Test::Address(wanted) => is_address(text) == *wanted,
            Test::AtLeast(least) => number(text).is_some_and(|n| n >= *least),
            Test::Below(most) => number(text).is_some_and(|n| n < *most),
        }
    }
}

/// Tests that must all hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions(pub(crate) Vec<(u16, Vec<Test>)>);

impl Conditions {
    /// The fields looked at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = u16> {
        self.0.iter().map(|(slot, _)| *slot)
    }

    /// The tests of fields that vary, if those of all other fields hold; none if one does not.
    fn settle(&self, record: &[u8], slots: &Slots, varies: impl Fn(u16) -> bool) -> Option<Self> {
        let mut left = Vec::new();
        for (slot, tests) in &self.0 {
            if varies(*slot) {
                left.push((*slot, tests.clone()));
            } else if !tests.iter().all(|test| test.holds(slots.bytes(record, *slot))) {
                return None;
            }
        }
        Some(Self(left))
    }

    #[inline]
    pub(crate) fn hold(&self, record: &[u8], slots: &Slots) -> bool {
        self.0.iter().all(|(slot, tests)| {
            let text = slots.bytes(record, *slot);
            tests.iter().all(|test| test.holds(text))
        })
    }
}

/// What a rule makes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruled {
    Event(Kind),
    /// With the operation.
    Admin(&'static str),
    Ignored(&'static str),
    Quarantined(&'static str),
}

/// A rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) conditions: Conditions,
    pub(crate) outcome: Option<Ruled>,
    pub(crate) action: Option<Action>,
}

/// The rules that may still hold for a record like this one, each with its tests of fields that vary.
pub(crate) fn settle(rules: &[Rule], record: &[u8], slots: &Slots, varies: impl Fn(u16) -> bool) -> Vec<Rule> {
    let mut left = Vec::new();
    let mut may_be_event = false;
    for rule in rules {
        let Some(conditions) = rule.conditions.settle(record, slots, &varies) else { continue };
        may_be_event |= rule.outcome.is_some_and(|ruled| matches!(ruled, Ruled::Event(_)));
        // A rule before it may still make an event of the record, whose action rules after it decide.
        let ends = conditions.0.is_empty() && rule.outcome.is_some() && !may_be_event;
        left.push(Rule { conditions, outcome: rule.outcome, action: rule.action });
        if ends {
            break;
        }
    }
    left
}

/// The first outcome and the first action whose rules hold.
pub(crate) fn decide(rules: &[Rule], record: &[u8], slots: &Slots) -> (Option<Ruled>, Option<Action>) {
    let (mut outcome, mut action) = (None, None);
    for rule in rules {
        let adds = (outcome.is_none() && rule.outcome.is_some()) || (action.is_none() && rule.action.is_some());
        if !adds || !rule.conditions.hold(record, slots) {
            continue;
        }
        outcome = outcome.or(rule.outcome);
        action = action.or(rule.action);
        if outcome.is_some_and(|ruled| !matches!(ruled, Ruled::Event(_))) {
            break;
        }
    }
    (outcome, action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_rules_decides_as_all_of_them() {
        let is = |slot: u16, word: &str| Conditions(vec![(slot, vec![Test::Is(vec![word.as_bytes().into()])])]);
        let rule = |conditions, outcome, action| Rule { conditions, outcome, action };
        // An event by a field that varies, else nothing; and an action that stands after both.
        let rules = [
            rule(is(1, "b"), Some(Ruled::Event(Kind::Web)), None),
            rule(is(0, "a"), Some(Ruled::Ignored("not_a_decision")), None),
            rule(is(0, "a"), None, Some(Action::Allowed)),
        ];
        for record in [&b"ab"[..], b"ax", b"xb"] {
            let mut slots = Slots::new(2);
            slots.set(0, crate::decode::Span::new(0, 1));
            slots.set(1, crate::decode::Span::new(1, 2));
            let left = settle(&rules, record, &slots, |slot| slot == 1);
            assert_eq!(decide(&left, record, &slots), decide(&rules, record, &slots), "{record:?}");
        }
    }

    #[test]
    fn tests_of_a_field() {
        let words = |list: &[&str]| list.iter().map(|w| w.as_bytes().into()).collect::<Vec<Box<[u8]>>>();
        let table: &[(Test, &str, bool)] = &[
            (Test::Is(words(&["Allowed", "pass"])), "PASS", true),
            (Test::Is(words(&["pass"])), "passed", false),
            (Test::Not(words(&["x"])), "y", true),
            (Test::Starts(words(&["TCP_DENIED"])), "tcp_denied_reply", true),
            (Test::Ends(words(&["6005"])), "050927616005", true),
            (Test::Ends(words(&["longer than it"])), "it", false),
            (Test::Contains(words(&["*DENIED*"])), "*SCANNED* *DENIED* x", true),
            (Test::Contains(words(&["enabled"])), "with EEnabled", true),
            (Test::Contains(words(&["enabled"])), "enable", false),
            (Test::Contains(words(&[""])), "", true),
            (Test::Present(true), "", false),
            (Test::Present(false), "", true),
            (Test::Address(true), "2001:db8::1", true),
            (Test::Address(true), "a.example", false),
            (Test::AtLeast(500), "503", true),
            (Test::Below(500), "x", false),
        ];
        for (test, text, wanted) in table {
            assert_eq!(test.holds(text.as_bytes()), *wanted, "{test:?} of {text}");
        }
    }

    #[test]
    fn numbers() {
        for (text, wanted) in [("0", Some(0)), ("-12", Some(-12)), ("1.5", None), ("", None), ("9999999999999999999", None)] {
            assert_eq!(number(text.as_bytes()), wanted, "{text}");
        }
    }
}
