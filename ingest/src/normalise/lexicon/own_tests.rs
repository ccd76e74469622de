//! A school's own lexicon files: what they add, mute and exclude, until when, and what is refused with its line.

use jiff::civil::date;

use super::own::files_beside;
use super::*;

const SHIPPED: &str = r#"
[[entry]]
id = "bullying.kite"
terms = ["kite"]
match = "word"
weight = 5
severity = 2
intent = "research"
phases = ["secondary"]
lang = "en"
rationale = "a test"
source = "none"
since = "2020-21"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["red kite"]
misses = ["kit", "sky"]

[[entry]]
id = "bullying.storm"
terms = ["storm"]
match = "word"
weight = 5
severity = 4
intent = "research"
phases = ["secondary"]
lang = "en"
rationale = "a test"
source = "none"
since = "2020-21"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["storm"]
misses = ["calm", "sky"]
"#;

const OWN_ENTRY: &str = r#"
[[entry]]
id = "own.oak_gate"
terms = ["oak gate"]
match = "phrase"
weight = 5
severity = 2
intent = "research"
phases = ["secondary"]
lang = "en"
rationale = "Where pupils here are set upon."
source = "Behaviour log"
since = "2026-27"
added = "2026-11-22"
reviewed = "2026-11-22"
hits = ["oak gate fight"]
misses = ["oak tree", "gate"]
"#;

const MUTE: &str = r#"
# Geography, year 8.
[[mute]]
entry = "bullying.kite"
who = "A. Lead, DSL"
why = "A club flies kites."
until = "2026-12-01"
"#;

const EXCLUDE: &str = r#"
[[exclude]]
entry = "bullying.storm"
words = ["geography", "Storm Arwen"]
who = "A. Lead, DSL"
why = "Weather is taught."
until = "2026-12-01"
"#;

fn under(own: &[(&str, &str)], day: jiff::civil::Date) -> Result<Lexicon, LexiconError> {
    let own: Vec<(String, String)> = own.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    Lexicon::with_own(&[("bullying", SHIPPED)], &own, day)
}

#[test]
fn a_school_adds_mutes_and_excludes() {
    let text = [OWN_ENTRY, MUTE, EXCLUDE].concat();
    let (before, last, after) = (date(2026, 11, 22), date(2026, 12, 1), date(2026, 12, 2));
    for (day, term, want) in [
        (before, "fight at oak gate", vec!["own.oak_gate"]),
        (before, "red kite", vec![]),
        (last, "red kite", vec![]),
        (after, "red kite", vec!["bullying.kite"]),
        (before, "storm", vec!["bullying.storm"]),
        (before, "storm geography", vec![]),
        (before, "when was storm arwen", vec![]),
        (after, "storm geography", vec!["bullying.storm"]),
        (after, "fight at oak gate", vec!["own.oak_gate"]),
    ] {
        let lexicon = under(&[("bullying", &text)], day).unwrap();
        assert_eq!(lexicon.applying(term), want, "{term} on {day}");
        // A muted entry keeps its number and its meaning for rows of before.
        let ids: Vec<&str> = lexicon.entries().map(|(entry, _)| entry.id.as_str()).collect();
        assert_eq!(ids, ["bullying.kite", "bullying.storm", "own.oak_gate"]);
    }
    assert_eq!(under(&[], before).unwrap().applying("red kite"), ["bullying.kite"]);
}

#[test]
fn a_bad_file_is_refused_with_its_line() {
    for (file, text, want) in [
        (
            "bullying",
            MUTE.replace("bullying.kite", "bullying.boat"),
            "lexicon/bullying.toml line 4, entry bullying.boat: field entry",
        ),
        ("hate", MUTE.to_owned(), "lexicon/hate.toml line 4, entry bullying.kite: field entry"),
        ("bullying", MUTE.replace("bullying.kite", "bullying.storm"), "line 4, entry bullying.storm: entries of severity 4"),
        ("bullying", MUTE.replace("A. Lead, DSL", " "), "line 4, entry bullying.kite: fields who, why"),
        ("bullying", MUTE.replace("A club flies kites.", ""), "line 4, entry bullying.kite: fields who, why"),
        ("bullying", MUTE.replace("2026-12-01", "always"), "line 4, entry bullying.kite: field until"),
        ("bullying", MUTE.replace("until =", "till ="), "line 7"),
        ("bullying", EXCLUDE.replace("\"geography\", ", "\"--\", "), "line 3, entry bullying.storm: field words"),
        // It would take the entry's own example back, and with it everything.
        ("bullying", EXCLUDE.replace("\"geography\", ", "\"storm\", "), "line 3, entry bullying.storm: field hits"),
        ("bullying", OWN_ENTRY.replace("own.oak_gate", "oak_gate"), "line 3, entry oak_gate: field id"),
        (
            "bullying",
            OWN_ENTRY.replace("severity = 2", "severity = 7"),
            "line 3, entry own.oak_gate: field severity: found \"7\"",
        ),
        ("bullying", OWN_ENTRY.replace("oak gate fight", "elm gate"), "line 3, entry own.oak_gate: field hits"),
        ("bullying", format!("{OWN_ENTRY}{OWN_ENTRY}"), "line 20, entry own.oak_gate: field id"),
        ("kites", MUTE.to_owned(), "lexicon/kites.toml: the file's name is no theme"),
    ] {
        let error = under(&[(file, &text)], date(2026, 11, 22)).unwrap_err().to_string();
        assert!(error.contains(want), "{error}, wanted {want}");
    }
}

#[test]
fn files_beside_weir_toml_are_read_and_no_folder_is_none() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(files_beside(home.path()).unwrap(), []);
    assert_eq!(files_beside(std::path::Path::new("")).unwrap(), []);
    let folder = home.path().join("lexicon");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("notes.txt"), "not an entry").unwrap();
    std::fs::write(folder.join("bullying.toml"), MUTE).unwrap();
    assert_eq!(files_beside(home.path()).unwrap(), [(String::from("bullying"), MUTE.to_owned())]);
}

#[test]
fn every_shipped_file_takes_a_school_s_own_beside_it() {
    // The shipped ids are what a school writes down, so they never begin as its own do.
    let lexicon = Lexicon::new(crate::embedded::LEXICON).unwrap();
    for (entry, theme) in lexicon.entries() {
        assert!(entry.id.starts_with(&format!("{}.", theme.as_str())), "{}", entry.id);
    }
}
