//! The folders beside the lake in which a person's name may stand: what was received, exports put away, and what a technician sees of them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use weir_lake::estate::{Estate, SchoolOf, Source, UNKNOWN_SENDERS};
use weir_lake::ids::SchoolId;
use weir_listen::segment::OPEN;
use weir_register::COPY_ENDING;

use crate::nightly::inbox::Inbox;

/// Letters of a name from which on finding it in a file is no accident.
pub const SHORTEST: usize = 5;

/// The folders of one school's sources.
pub struct Folders<'e> {
    estate: &'e Estate,
    sources: Vec<&'e Source>,
}

impl<'e> Folders<'e> {
    /// Those of the sources that bring a school's lines.
    pub fn of(estate: &'e Estate, school: &SchoolId) -> Self {
        let is_of_school = |source: &&Source| match &source.school {
            SchoolOf::One(one) => one == school,
            SchoolOf::Map(rules) => rules.iter().any(|rule| rule.school == *school),
        };
        Self { estate, sources: estate.sources.values().filter(is_of_school).collect() }
    }

    /// Refuses while what was received and not read yet names them: a night would bring them back.
    pub fn refuse_unread(&self, names: &[String]) -> anyhow::Result<()> {
        for source in &self.sources {
            let (sealed, open) = Inbox::of_spool(self.estate, source).received()?;
            anyhow::ensure!(
                sealed.is_empty(),
                "what was received for {} waits and may name them; run `weir nightly` first",
                source.id
            );
            for path in open {
                anyhow::ensure!(
                    !holds(&path, names)?,
                    "{} is still being received and names them; it ends within an hour, or when weir listen is stopped; then run `weir nightly` first",
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// Deletes every export put away, and what came from senders that no source names: both hold names, and nothing reads them.
    pub fn empty(&self) -> anyhow::Result<()> {
        for source in &self.sources {
            Inbox::of_spool(self.estate, source).forget(0)?;
        }
        for path in files(&self.estate.receiving.spool.join(UNKNOWN_SENDERS))? {
            if path.extension().is_none_or(|ending| ending != OPEN) {
                fs::remove_file(&path).with_context(|| path.display().to_string())?;
            }
        }
        self.forget_copies()
    }

    /// Deletes copies of the register that were made before it was brought up to date: they hold keys, and no restore reads them.
    fn forget_copies(&self) -> anyhow::Result<()> {
        let register = &self.estate.register_path;
        let begins = register.file_name().map_or_else(String::new, |name| format!("{}{COPY_ENDING}", name.to_string_lossy()));
        let Some(folder) = register.parent() else { return Ok(()) };
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry.with_context(|| folder.display().to_string())?;
            if entry.file_name().to_string_lossy().starts_with(&begins) {
                fs::remove_file(entry.path()).with_context(|| entry.path().display().to_string())?;
            }
        }
        Ok(())
    }

    /// Files in these folders in which a name still stands.
    pub fn with_names(&self, names: &[String]) -> anyhow::Result<Vec<String>> {
        let names: Vec<String> = names.iter().filter(|name| name.len() >= SHORTEST).cloned().collect();
        let home = &self.estate.home;
        let beside = ["done", "failed", "fetched", "nights"].map(|name| home.join(name));
        let inboxes = self.sources.iter().filter_map(|source| source.inbox.clone()).filter(|inbox| inbox.starts_with(home));
        let mut found = Vec::new();
        for folder in beside.into_iter().chain([self.estate.receiving.spool.clone()]).chain(inboxes) {
            for path in files(&folder)? {
                let is_named = path.file_name().is_some_and(|name| names_in(&name.to_string_lossy(), &names));
                if is_named || holds(&path, &names)? {
                    found.push(path.strip_prefix(home).unwrap_or(&path).display().to_string());
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Every file below a folder; links are not followed.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| folder.display().to_string()),
        };
        for entry in entries {
            let path = entry.with_context(|| folder.display().to_string())?.path();
            let metadata = path.symlink_metadata().with_context(|| path.display().to_string())?;
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Whether one of the names stands in a file as a word.
fn holds(path: &Path, names: &[String]) -> anyhow::Result<bool> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        // Sealed, or read and put away, since it was listed.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    Ok(names_in(&String::from_utf8_lossy(&bytes), names))
}

fn names_in(text: &str, names: &[String]) -> bool {
    let text = text.to_lowercase();
    names.iter().any(|name| has_word(&text, name))
}

/// Whether a word stands in a text, between letters that are none of a log-in.
pub fn has_word(text: &str, word: &str) -> bool {
    let is_of_word = |c: char| c.is_alphanumeric();
    !word.is_empty()
        && text.match_indices(word).any(|(at, found)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word)
        })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn a_log_in_is_found_as_a_word_alone() {
        for (text, is_there) in [
            ("05/11/2026,jlee,maps.example", true),
            ("sch\\jlee@sch.example", true),
            ("jleeson,maps.example", false),
            ("bjlee", false),
            ("bjlee then jlee", true),
            ("jlee", true),
        ] {
            assert_eq!(has_word(text, "jlee"), is_there, "{text}");
        }
        assert!(!has_word("anything", ""));
    }
}
