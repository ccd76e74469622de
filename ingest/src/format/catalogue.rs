//! All formats known: those embedded at build time and those of a technician's folder; each is compiled when first wanted.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::{Format, FormatError};

struct Entry {
    id: String,
    file: String,
    text: Cow<'static, str>,
    /// Formats of a folder have passed their samples already; embedded ones pass them in a test.
    compiled: OnceLock<Result<Arc<Format>, FormatError>>,
}

/// The known formats by id.
#[derive(Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl Catalogue {
    /// The embedded formats. Costs a list of names: nothing is parsed before it is wanted, because a start must cost nothing.
    pub fn embedded() -> Self {
        let entry = |(stem, text): &(&'static str, &'static str)| Entry {
            id: (*stem).to_string(),
            file: format!("formats/{stem}.toml"),
            text: Cow::Borrowed(text),
            compiled: OnceLock::new(),
        };
        Self { entries: crate::embedded::FORMATS.iter().map(entry).collect() }
    }

    /// Adds the `.toml` files of a folder; one with the id of a known format takes its place. Refuses a format of which a sample fails.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, FormatError> {
        let unreadable =
            |path: &Path, error: std::io::Error| FormatError::Unreadable { path: path.to_path_buf(), message: error.to_string() };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
            let path = entry.map_err(|e| unreadable(folder, e))?.path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                files.push(path);
            }
        }
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
            self.add(&path.display().to_string(), text)?;
        }
        Ok(self)
    }

    /// Adds one format file; refused when a sample fails.
    pub fn add(&mut self, file: &str, text: String) -> Result<(), FormatError> {
        let format = Format::parse(file, &text)?.checked()?;
        let id = format.id().to_string();
        let compiled = OnceLock::from(Ok(Arc::new(format)));
        let entry = Entry { id, file: file.to_string(), text: Cow::Owned(text), compiled };
        match self.entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
        self.entries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(())
    }

    /// The ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.id.as_str())
    }

    /// The format of an id.
    pub fn get(&self, id: &str) -> Result<Arc<Format>, FormatError> {
        let entry = self.entries.iter().find(|entry| entry.id == id);
        entry.ok_or_else(|| FormatError::Unknown { id: id.chars().take(80).collect() })?.format()
    }

    /// Every format, compiled, in the order of ids.
    pub fn all(&self) -> Result<Vec<Arc<Format>>, FormatError> {
        self.entries.iter().map(Entry::format).collect()
    }

    /// Id and text of every format file.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (entry.id.as_str(), entry.text.as_ref()))
    }
}

impl Entry {
    fn format(&self) -> Result<Arc<Format>, FormatError> {
        self.compiled.get_or_init(|| Format::parse(&self.file, &self.text).map(Arc::new)).clone()
    }
}
