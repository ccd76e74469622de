//! Finds and opens what is to be read: files, folders, gzip, zstd and zip, as one stream of UTF-8 bytes each.
//!
//! A stream is refused as a whole (binary, truncated, a zip bomb) rather than read in part. What the bytes mean is left to others.

mod elements;
mod open;
mod text;
mod zip_member;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use elements::begins as is_array;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use open::open_bytes;
pub use open::{Opened, open};
use zip_member::Member;

/// How far a compressed input may expand.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Decompressed bytes for one compressed byte, once `ratio_from` bytes came out. Logs compress 10 to 60 times, and lines that
    /// hardly differ 200 times; a bomb in gzip reaches 1,000.
    pub ratio: u64,
    /// Decompressed bytes below which the ratio is not looked at, so that a small and very regular log is read.
    pub ratio_from: u64,
    /// Decompressed bytes of one input at most.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ratio: 400, ratio_from: 64 << 20, total: 1 << 40 }
    }
}

/// One input: a file, or a member of a zip archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file on disk.
    pub path: PathBuf,
    member: Option<Member>,
}

impl Input {
    /// A plain file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), member: None }
    }

    /// The path, with the member after `!` for an archive.
    pub fn label(&self) -> String {
        match &self.member {
            Some(member) => format!("{}!{}", self.path.display(), member.name),
            None => self.path.display().to_string(),
        }
    }
}

/// Why an input can't be read. Nothing of it is counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// There is nothing at the path.
    #[error("{path}: there is no such file or folder; check the path")]
    Missing {
        /// Which.
        path: String,
    },
    /// Not allowed.
    #[error(
        "{path}: no permission to read it; give the user who runs weir read access (and, for a folder, the right to list it)"
    )]
    NoPermission {
        /// Which.
        path: String,
    },
    /// Neither a file nor a folder.
    #[error("{path}: found a device, pipe or socket; give a file or a folder")]
    NotAFile {
        /// Which.
        path: String,
    },
    /// Another fault of reading.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// No bytes.
    #[error("{path}: the file is empty; nothing was read")]
    Empty {
        /// Which.
        path: String,
    },
    /// Not text.
    #[error("{path}: found {found}, not a text log; {mend}")]
    Binary {
        /// Which.
        path: String,
        /// What it looks like.
        found: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// Compressed data that stops before its end.
    #[error("{path}: the compressed data ends too early, so nothing of it was read; fetch the file again")]
    Truncated {
        /// Which.
        path: String,
    },
    /// Compressed data that does not hold together.
    #[error("{path}: the compressed data is damaged ({error}), so nothing of it was read; fetch the file again")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        error: String,
    },
    /// Expands beyond reason.
    #[error("{path}: {found}, as a zip bomb does, so nothing of it was read; if the log is really that regular, unpack it first")]
    Bomb {
        /// Which.
        path: String,
        /// What was found.
        found: String,
    },
    /// A zip member under a password.
    #[error("{path}: the archive is encrypted; unpack it first")]
    Encrypted {
        /// Which.
        path: String,
    },
}

impl InputError {
    /// The error of a fault met while opening or reading `label`.
    pub fn of(label: &str, error: io::Error) -> Self {
        let path = label.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::PermissionDenied => Self::NoPermission { path },
            _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<StreamFault>()) {
                Some(StreamFault::Bomb(found)) => Self::Bomb { path, found: found.clone() },
                Some(StreamFault::Truncated) => Self::Truncated { path },
                Some(StreamFault::Damaged(error)) => Self::Damaged { path, error: error.clone() },
                None => Self::Io { path, error },
            },
        }
    }
}

/// What a decompressing reader found, carried through `io::Error`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamFault {
    #[error("{0}")]
    Bomb(String),
    #[error("the compressed data ends too early")]
    Truncated,
    #[error("{0}")]
    Damaged(String),
}

/// Endings of files another program is still writing; a folder's are left until they get their name.
const UNFINISHED: [&str; 6] = ["tmp", "part", "partial", "filepart", "crdownload", "open"];

/// The inputs under `paths`, in the order given, a folder's sorted by path. What can't be listed is an error in its place, so that one
/// bad folder stops nothing else. Within folders hidden files, unfinished downloads and links to folders are passed over.
pub fn find(paths: &[PathBuf]) -> Vec<Result<Input, InputError>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        find_path(path, &mut seen, &mut found);
    }
    found
}

fn find_path(path: &Path, seen: &mut BTreeSet<PathBuf>, found: &mut Vec<Result<Input, InputError>>) {
    let label = path.display().to_string();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return found.push(Err(InputError::of(&label, error))),
    };
    // A file named twice on the command line is read once.
    if let Ok(real) = fs::canonicalize(path)
        && !seen.insert(real)
    {
        return;
    }
    if metadata.is_dir() {
        let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return found.push(Err(InputError::of(&label, error))),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let child = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
            let unfinished = child
                .extension()
                .is_some_and(|ending| UNFINISHED.iter().any(|unfinished| ending.eq_ignore_ascii_case(unfinished)));
            // A link that leads nowhere is no folder: below it is opened and said.
            let leads_to_folder = || fs::metadata(&child).is_ok_and(|metadata| metadata.is_dir());
            let folder_link = entry.file_type().is_ok_and(|kind| kind.is_symlink()) && leads_to_folder();
            if !(hidden || unfinished || folder_link) {
                find_path(&child, seen, found);
            }
        }
    } else if metadata.is_file() {
        match zip_member::members(path) {
            Ok(None) => found.push(Ok(Input::file(path))),
            Ok(Some(members)) => {
                found.extend(members.into_iter().map(|member| Ok(Input { path: path.to_path_buf(), member: Some(member) })));
            }
            Err(error) => found.push(Err(error)),
        }
    } else {
        found.push(Err(InputError::NotAFile { path: label }));
    }
}

#[cfg(test)]
mod tests;
