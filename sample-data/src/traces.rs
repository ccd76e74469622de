//! What an estate's logs hold of people: every name, log-in and search, so that a test can look for them where none may stand.

use std::collections::BTreeSet;

use crate::content::{LOOKALIKE_TERMS, OLDER_TERMS, THEMES, WELSH_TERMS, YOUNG_TERMS};
use crate::people::{Kind, People};
use crate::schools::SCHOOLS;

/// Whatever tells of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// Names as a roster has them.
    pub names: BTreeSet<String>,
    /// Log-ins, plain and as the filter writes them.
    pub logins: BTreeSet<String>,
    /// What anybody may have typed into a search engine.
    pub searches: BTreeSet<String>,
}

/// The traces of every estate of a seed, whatever days it has. Shared sign-ins and guests are nobody.
pub fn traces(seed: u64) -> Traces {
    let (mut names, mut logins) = (BTreeSet::new(), BTreeSet::new());
    for school in &SCHOOLS {
        for person in People::of(school, seed).all.into_iter().filter(|one| matches!(one.kind, Kind::Pupil | Kind::Staff)) {
            names.insert(person.name);
            let second = person.second.into_iter().flat_map(|(plain, written)| [plain, written]);
            logins.extend([person.login, person.written].into_iter().chain(second));
        }
    }
    let lists = [&YOUNG_TERMS[..], &OLDER_TERMS[..], &WELSH_TERMS[..], &LOOKALIKE_TERMS[..]];
    let of_themes = THEMES.iter().flat_map(|theme| theme.terms);
    let searches = lists.into_iter().flatten().chain(of_themes).map(|term| (*term).to_owned()).collect();
    Traces { names, logins, searches }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_and_everything_searched_for_is_told() {
        let traces = traces(2026);
        assert!(traces.names.len() > 1_000 && traces.logins.len() > 1_000, "{} {}", traces.names.len(), traces.logins.len());
        for search in ["i feel suicidal", "volcano facts for kids", "sussex coast erosion"] {
            assert!(traces.searches.contains(search), "{search}");
        }
        assert!(!traces.logins.contains("library-desk"));
    }
}
