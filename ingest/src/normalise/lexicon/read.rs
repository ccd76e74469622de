//! Reads the lexicon's files and refuses what can't be compiled.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::spelling::Spelling;
use super::{Entry, LexiconError, Matching, Read, Shelf, Theme, pattern, unreadable, unreadable_because};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    /// Sets of words for this theme alone.
    #[serde(default)]
    sets: BTreeMap<String, Vec<String>>,
    entry: Vec<Entry>,
}

/// Reads the files of the themes and those they share (`ingest/lexicon-words/`).
pub(super) fn read(files: &[(&str, &str)], words: &[(&str, &str)]) -> Result<Shelf, LexiconError> {
    let shared = |name| {
        let file = words.iter().find(|(stem, _)| *stem == name);
        file.map(|(_, text)| *text).ok_or_else(|| unreadable_because(name, String::from("not shipped")))
    };
    let spelling = shared("spelling")?;
    // Spellings take as long as all files together: every short run waits for both.
    let (read, spelling) = std::thread::scope(|scope| {
        let spelling = scope.spawn(|| Spelling::new(spelling));
        let read = read_entries(files, shared("sets"));
        (read, spelling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let spelling = spelling?;
    Ok(Shelf { spelling, ..read? })
}

/// Reads the files of the themes, and the sets that they share.
fn read_entries(files: &[(&str, &str)], sets: Result<&str, LexiconError>) -> Result<Shelf, LexiconError> {
    let mut shelf = Shelf::default();
    shelf.sets.add(None, pattern::read_sets(sets?)?);
    for (file, text) in files {
        let theme =
            Theme::from_name(file).ok_or_else(|| unreadable_because(file, String::from("the file's name is no theme")))?;
        let read: EntryFile = toml::from_str(text).map_err(|error| unreadable(file, &error))?;
        shelf.sets.add(Some(theme), read.sets);
        for entry in read.entry {
            check(file, theme, &entry, &shelf)?;
            shelf.entries.push(Read { theme, entry, is_muted: false });
        }
    }
    Ok(shelf)
}

pub(super) fn check(file: &str, theme: Theme, entry: &Entry, shelf: &Shelf) -> Result<(), LexiconError> {
    let wrong = |field, found: String, accepted| {
        Err(LexiconError::Entry { file: file.to_owned(), entry: entry.id.clone(), field, found, accepted })
    };
    let is_id =
        !entry.id.is_empty() && entry.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
    if !is_id || shelf.entries.iter().any(|known| known.entry.id == entry.id) {
        return wrong("id", entry.id.clone(), "a-z, 0-9, '_', '.' and '-', each id once");
    }
    if !(1..=4).contains(&entry.severity) {
        return wrong("severity", entry.severity.to_string(), "1 to 4");
    }
    if entry.weight > 100 {
        return wrong("weight", entry.weight.to_string(), "0 to 100");
    }
    if entry.terms.is_empty() {
        return wrong("terms", String::new(), "one term at least");
    }
    if let Some(name) = entry.yields_to.iter().find(|name| Theme::from_name(name).is_none_or(|other| other == theme)) {
        return wrong("yields_to", name.clone(), "themes, and not the entry's own");
    }
    if let Some(term) = pattern::unknown_set(&shelf.sets, theme, entry) {
        return wrong(
            "terms, needs, exclude",
            term.clone(),
            "sets that sets.toml or the file itself has, of words with a letter or digit",
        );
    }
    for term in entry.terms.iter().chain(&entry.needs).chain(&entry.exclude) {
        if !term.chars().any(char::is_alphanumeric) {
            return wrong("terms, needs, exclude", term.clone(), "words with a letter or digit");
        }
    }
    if entry.matching == Matching::Word
        && let Some(term) =
            entry.terms.iter().find(|term| term.split(|c: char| !c.is_alphanumeric() && !"{}_'~".contains(c)).count() > 1)
    {
        return wrong("terms", term.clone(), "single words where match is word");
    }
    if entry.hits.is_empty() || entry.misses.len() < 2 {
        return wrong(
            "hits, misses",
            format!("{} and {}", entry.hits.len(), entry.misses.len()),
            "one hit and two misses at least",
        );
    }
    for (field, text) in [("rationale", &entry.rationale), ("source", &entry.source), ("since", &entry.since)] {
        if text.trim().is_empty() {
            return wrong(field, text.clone(), "words: every entry has its reason");
        }
    }
    Ok(())
}
