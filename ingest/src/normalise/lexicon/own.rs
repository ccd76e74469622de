//! Reads a school's own lexicon files: entries it adds, shipped entries it mutes for a time, and words that cancel a shipped entry.

use std::fs;
use std::io;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use super::{Entry, Lexicon, LexiconError, Read, Shelf};
use crate::normalise::theme::Theme;

/// What the ids of a school's own entries begin with, so that no update of Weir ever ships the same id.
const OWN_PREFIX: &str = "own.";

/// The folder beside weir.toml.
const FOLDER: &str = "lexicon";

/// One of the school's files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFile {
    #[serde(default)]
    entry: Vec<Entry>,
    #[serde(default)]
    mute: Vec<Mute>,
    #[serde(default)]
    exclude: Vec<Exclusion>,
}

/// A shipped entry that is to say nothing for a time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mute {
    entry: String,
    who: String,
    why: String,
    until: String,
}

/// Words that cancel a shipped entry for a time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exclusion {
    entry: String,
    words: Vec<String>,
    who: String,
    why: String,
    until: String,
}

/// The school's files in a folder: name without its ending, and text each. No folder is no files.
pub fn files_beside(home: &Path) -> Result<Vec<(String, String)>, LexiconError> {
    // An estate made in memory has no folder; the working folder is not it.
    if home.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let folder = home.join(FOLDER);
    let unreadable = |error: io::Error| LexiconError::Folder { path: folder.clone(), problem: error.to_string() };
    let listed = match fs::read_dir(&folder) {
        Ok(listed) => listed.collect::<io::Result<Vec<_>>>().map_err(unreadable)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for path in listed.into_iter().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "toml")) {
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        files.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text));
    }
    files.sort();
    Ok(files)
}

/// The shipped files with a school's own on top of them, as they hold on a day.
pub(super) fn with_own(shipped: &[(&str, &str)], own: &[(String, String)], today: Date) -> Result<Lexicon, LexiconError> {
    let mut shelf = super::read::read(shipped, crate::embedded::LEXICON_WORDS)?;
    let mut touched = Vec::new();
    for (file, text) in own {
        add_file(file, text, today, &mut shelf, &mut touched)?;
    }
    let lexicon = super::build(shelf)?;
    for (file, text, id, key) in &touched {
        lexicon.check_examples_of(id).map_err(|error| at(file, text, key, id, &said(&error)))?;
    }
    Ok(lexicon)
}

fn add_file<'a>(
    file: &'a str,
    text: &'a str,
    today: Date,
    shelf: &mut Shelf,
    touched: &mut Vec<(&'a str, &'a str, String, &'static str)>,
) -> Result<(), LexiconError> {
    let theme = Theme::from_name(file).ok_or_else(|| LexiconError::Unreadable {
        file: file.to_owned(),
        problem: String::from("the file's name is no theme; name it as one of Weir's, such as bullying.toml"),
    })?;
    let read: OwnFile = toml::from_str(text).map_err(|error| super::unreadable(file, &error))?;
    for mute in read.mute {
        let refused = |problem: &str| at(file, text, "entry", &mute.entry, problem);
        let known = shipped_entry(&mut shelf.entries, theme, &mute.entry).ok_or_else(|| refused(NOT_SHIPPED))?;
        if theme == Theme::HELP_SEEKING || known.entry.severity == 4 {
            return Err(refused(
                "entries of severity 4 and of help_seeking can't be muted; use [[exclude]] with the words that are wrong",
            ));
        }
        if holds(&mute.who, &mute.why, &mute.until, today).map_err(refused)? {
            known.is_muted = true;
        }
    }
    for exclusion in read.exclude {
        let refused = |problem: &str| at(file, text, "entry", &exclusion.entry, problem);
        let known = shipped_entry(&mut shelf.entries, theme, &exclusion.entry).ok_or_else(|| refused(NOT_SHIPPED))?;
        if exclusion.words.is_empty()
            || exclusion.words.iter().any(|words| !words.chars().any(char::is_alphanumeric) || words.contains('{'))
        {
            return Err(refused("field words: use one word or phrase at least, each with a letter or digit"));
        }
        if holds(&exclusion.who, &exclusion.why, &exclusion.until, today).map_err(refused)? {
            known.entry.exclude.extend(exclusion.words);
            touched.push((file, text, exclusion.entry, "entry"));
        }
    }
    for entry in read.entry {
        let refused = |problem: &str| at(file, text, "id", &entry.id, problem);
        if !entry.id.starts_with(OWN_PREFIX) {
            return Err(refused("field id: the id of a school's own entry begins with own."));
        }
        super::read::check(file, theme, &entry, shelf).map_err(|error| refused(&said(&error)))?;
        touched.push((file, text, entry.id.clone(), "id"));
        shelf.entries.push(Read { theme, entry, is_muted: false });
    }
    Ok(())
}

const NOT_SHIPPED: &str = "field entry: no shipped entry of this theme has that id";

fn shipped_entry<'a>(entries: &'a mut [Read], theme: Theme, id: &str) -> Option<&'a mut Read> {
    entries.iter_mut().find(|read| read.theme == theme && read.entry.id == id && !id.starts_with(OWN_PREFIX))
}

/// Whether a rule that has its who, why and until still holds.
fn holds(who: &str, why: &str, until: &str, today: Date) -> Result<bool, &'static str> {
    if who.trim().is_empty() || why.trim().is_empty() {
        return Err("fields who, why: use words; every exception has its name and reason");
    }
    let until: Date = until.parse().map_err(|_| "field until: use a date such as 2027-07-31")?;
    Ok(today <= until)
}

/// What an error says beside file and entry.
fn said(error: &LexiconError) -> String {
    match error {
        LexiconError::Entry { field, found, accepted, .. } => format!("field {field}: found {found:?}; use {accepted}"),
        other => other.to_string(),
    }
}

/// A refusal with the line on which `key = "id"` stands; of several the last, since an earlier one was taken.
fn at(file: &str, text: &str, key: &str, id: &str, problem: &str) -> LexiconError {
    let stands = |line: &str| {
        line.trim_start().strip_prefix(key).and_then(|rest| rest.trim_start().strip_prefix('=')).is_some_and(|value| {
            value.trim_start().trim_start_matches(['"', '\'']).strip_prefix(id).is_some_and(|rest| rest.starts_with(['"', '\'']))
        })
    };
    let line = text.lines().enumerate().filter(|(_, line)| stands(line)).last().map_or(1, |(number, _)| number + 1);
    LexiconError::Own { file: file.to_owned(), line, entry: id.to_owned(), problem: problem.to_owned() }
}
