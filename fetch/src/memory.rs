//! What was fetched for a source: one line a file, beside weir.toml, added to once the file is safe in the inbox.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_lake::storage::{sync_folder, write_file};

use crate::FetchError;
use crate::remote::Found;

/// The folder of all sources' memories.
const FOLDER: &str = "fetched";

/// Seconds after which a file under a dated prefix is forgotten: nobody looks back as far any more.
const FORGOTTEN_SECONDS: i64 = 400 * 24 * 3600;

/// One file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    place: String,
    name: String,
    version: String,
    size: u64,
    at: i64,
}

/// What was fetched for one source.
pub(crate) struct Memory {
    path: PathBuf,
    known: HashSet<String>,
}

/// A file's version at a place, as a short text of its own.
pub(crate) fn id(place: &str, name: &str, version: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [place, name, version] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(16).collect()
}

impl Memory {
    /// Reads a source's memory. A last line that a power cut left half is taken away: its file is fetched again, and found known by whoever reads it.
    pub(crate) fn open(home: &Path, source: &str, now: i64) -> Result<Self, FetchError> {
        let folder = home.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| FetchError::io(&folder, error))?;
        let path = folder.join(format!("{source}.ndjson"));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(FetchError::io(&path, error)),
        };
        let lines = text.lines().count();
        let mut entries: Vec<Entry> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        entries.retain(|entry| now - entry.at < FORGOTTEN_SECONDS);
        if entries.len() < lines || !(text.is_empty() || text.ends_with('\n')) {
            let kept: String = entries.iter().filter_map(|entry| Some(serde_json::to_string(entry).ok()? + "\n")).collect();
            write_file(&path, kept.as_bytes())?;
        }
        let known = entries.iter().map(|entry| id(&entry.place, &entry.name, &entry.version)).collect();
        Ok(Self { path, known })
    }

    pub(crate) fn knows(&self, place: &str, found: &Found) -> bool {
        self.known.contains(&id(place, &found.name, &found.version))
    }

    /// Adds a file that is safe in the inbox.
    pub(crate) fn add(&mut self, place: &str, found: &Found, now: i64) -> Result<(), FetchError> {
        let entry = Entry {
            place: place.to_owned(),
            name: found.name.clone(),
            version: found.version.clone(),
            size: found.size,
            at: now,
        };
        let fault = |error: std::io::Error| FetchError::io(&self.path, error);
        let line = serde_json::to_string(&entry).map_err(|error| fault(error.into()))? + "\n";
        let mut file = File::options().append(true).create(true).open(&self.path).map_err(fault)?;
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
        if let Some(folder) = self.path.parent() {
            sync_folder(folder)?;
        }
        self.known.insert(id(place, &found.name, &found.version));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_known_by_name_and_version_and_a_half_line_is_not() {
        let home = tempfile::tempdir().unwrap();
        let found = |name: &str, version: &str| Found {
            name: name.to_owned(),
            size: 7,
            written: 0,
            version: version.to_owned(),
            is_whole: true,
        };
        let mut memory = Memory::open(home.path(), "cloud", 1_000).unwrap();
        memory.add("s3://logs", &found("a", "1"), 1_000).unwrap();
        memory.add("s3://logs", &found("b", "1"), 1_000).unwrap();
        let path = home.path().join("fetched/cloud.ndjson");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.clone() + text.lines().next().unwrap().get(..20).unwrap()).unwrap();

        let memory = Memory::open(home.path(), "cloud", 1_001).unwrap();
        assert!(memory.knows("s3://logs", &found("a", "1")) && memory.knows("s3://logs", &found("b", "1")));
        assert!(!memory.knows("s3://logs", &found("a", "2")), "it changed");
        assert!(!memory.knows("s3://other", &found("a", "1")), "it lies elsewhere");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "the half line is gone");
        assert!(!Memory::open(home.path(), "cloud", 1_000 + FORGOTTEN_SECONDS).unwrap().knows("s3://logs", &found("a", "1")));
    }
}
