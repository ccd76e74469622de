//! What can be wrong with a format file, with the file, the line, the key and the mend.

use std::path::PathBuf;

/// Why a format is not accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// No such format.
    #[error("format {id:?} is not known; `weir formats list` shows those that are")]
    Unknown {
        /// The id asked for.
        id: String,
    },
    /// Not TOML, or a key nobody knows.
    #[error("{file} line {line}: {message}")]
    Toml {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The key and what is accepted, as the TOML reader says it.
        message: String,
    },
    /// A key with a value that is not accepted.
    #[error("{file} line {line}, key {key}: found {found}; use {accepted}")]
    Key {
        /// The file.
        file: String,
        /// Line of the key, or of its table.
        line: usize,
        /// The key.
        key: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        accepted: String,
    },
    /// A sample or reject does not come out as it must.
    #[error("{file} line {line}, {what}: {difference}")]
    Sample {
        /// The file.
        file: String,
        /// Line of the sample.
        line: usize,
        /// Which one.
        what: String,
        /// The field that differs, with what was wanted and what came.
        difference: String,
    },
    /// The folder or a file in it cannot be read.
    #[error("{}: cannot be read: {message}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The system's words.
        message: String,
    },
}

/// A format file, for messages.
pub(crate) struct Place<'t> {
    pub(crate) file: &'t str,
    pub(crate) text: &'t str,
}

impl Place<'_> {
    /// An error at `key`.
    pub(crate) fn bad(&self, key: &str, found: &str, accepted: &str) -> FormatError {
        FormatError::Key {
            file: self.file.to_string(),
            line: self.line_of(key),
            key: key.to_string(),
            found: found.to_string(),
            accepted: accepted.to_string(),
        }
    }

    /// Line of a key such as `columns.user`: of the key in its table, else of the table, else 1.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        let is_key = |line: &str, name: &str| {
            let line = line.trim_start().trim_start_matches('"');
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with('='))
        };
        let is_table = |line: &str, table: &str| {
            let line = line.trim();
            line.strip_prefix('[').is_some_and(|l| l.trim_matches(['[', ']', ' ']) == table)
        };
        let mut in_table = table.is_empty();
        let mut found = None;
        for (n, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with('[') {
                in_table = is_table(line, table);
                if (in_table && !table.is_empty()) || is_table(line, name) {
                    found = found.or(Some(n + 1));
                }
            } else if in_table && is_key(line, name) {
                return n + 1;
            }
        }
        found.unwrap_or(1)
    }

    /// Line of the n-th `[[name]]`, from 0.
    pub(crate) fn line_of_item(&self, name: &str, item: usize) -> usize {
        let mark = format!("[[{name}]]");
        self.text.lines().enumerate().filter(|(_, line)| line.trim() == mark).nth(item).map_or(1, |(n, _)| n + 1)
    }
}
