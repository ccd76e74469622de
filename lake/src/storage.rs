//! Reads, lists and durable writes of whole files below the lake's root. Only data and index files, which are written as streams, go
//! to their folders themselves.
//!
//! Paths are relative to the root with `/` between parts, so that an object store can stand behind the same calls: `replace` is a
//! put, `create_if_absent` a conditional put, `sync_folder` nothing at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::lake::LakeError;

/// How the names of unfinished files begin. Delta readers pass over names with a leading dot, and vacuum removes old ones.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// One file of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: String,
    pub bytes: u64,
    pub modified: SystemTime,
}

/// A local folder.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    root: PathBuf,
}

impl Storage {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Makes a folder and those above it.
    pub(crate) fn make_folder(&self, relative: &str) -> Result<(), LakeError> {
        let path = self.path(relative);
        fs::create_dir_all(&path).map_err(|error| LakeError::io(&path, error))
    }

    /// The whole of a file, or none if it is absent.
    pub(crate) fn read(&self, relative: &str) -> Result<Option<Vec<u8>>, LakeError> {
        let path = self.path(relative);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LakeError::io(&path, error)),
        }
    }

    /// The size of a file, or none if it is absent.
    pub(crate) fn size(&self, relative: &str) -> Result<Option<u64>, LakeError> {
        let path = self.path(relative);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LakeError::io(&path, error)),
        }
    }

    /// The files of a folder, not of those below it; an absent folder has none.
    pub(crate) fn list(&self, relative: &str) -> Result<Vec<Entry>, LakeError> {
        let path = self.path(relative);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LakeError::io(&path, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| LakeError::io(&path, error))?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Gone between listing and asking.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(LakeError::io(&entry.path(), error)),
            };
            if metadata.is_file() {
                let modified = metadata.modified().map_err(|error| LakeError::io(&entry.path(), error))?;
                found.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), bytes: metadata.len(), modified });
            }
        }
        Ok(found)
    }

    /// The names of the files of a folder; cheaper than [`Storage::list`].
    pub(crate) fn names(&self, relative: &str) -> Result<Vec<String>, LakeError> {
        let path = self.path(relative);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LakeError::io(&path, error)),
        };
        entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()
            .map_err(|error| LakeError::io(&path, error))
    }

    /// The folders of a folder.
    pub(crate) fn folders(&self, relative: &str) -> Result<Vec<String>, LakeError> {
        let mut folders = Vec::new();
        for name in self.names(relative)? {
            let path = self.path(relative).join(&name);
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => folders.push(name),
                Ok(_) => {}
                // Gone between listing and asking.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(LakeError::io(&path, error)),
            }
        }
        Ok(folders)
    }

    /// Removes a file; one that is gone already is no error.
    pub(crate) fn remove(&self, relative: &str) -> Result<(), LakeError> {
        let path = self.path(relative);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(LakeError::io(&path, error)),
            _ => Ok(()),
        }
    }

    /// Writes a file that appears whole or not at all, in the place of what was there.
    #[expect(clippy::disallowed_methods, reason = "the writer: synced before")]
    pub(crate) fn replace(&self, relative: &str, bytes: &[u8], before_rename: impl FnOnce()) -> Result<(), LakeError> {
        let (temporary, path) = self.write_temporary(relative, bytes)?;
        before_rename();
        fs::rename(&temporary, &path).map_err(|error| LakeError::io(&path, error))
    }

    /// Writes a file that appears whole, unless there is one of that name: then false. Durable once it returns.
    #[expect(clippy::disallowed_methods, reason = "the writer: synced before, its folder synced below")]
    pub(crate) fn create_if_absent(&self, relative: &str, bytes: &[u8]) -> Result<bool, LakeError> {
        let (temporary, path) = self.write_temporary(relative, bytes)?;
        let created = match fs::hard_link(&temporary, &path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            // Some network and USB file systems know no hard links. There the writers' turn alone keeps two apart.
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let absent = self.size(relative)?.is_none();
                if absent {
                    fs::rename(&temporary, &path).map_err(|error| LakeError::io(&path, error))?;
                }
                absent
            }
            Err(error) => return Err(LakeError::io(&path, error)),
        };
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(LakeError::io(&temporary, error)),
            _ => {}
        }
        if created {
            sync_folder(parent(&path))?;
        }
        Ok(created)
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(&self, relative: &str) -> Result<(), LakeError> {
        sync_folder(&self.path(relative))
    }

    fn write_temporary(&self, relative: &str, bytes: &[u8]) -> Result<(PathBuf, PathBuf), LakeError> {
        let path = self.path(relative);
        let temporary = parent(&path).join(format!("{TEMPORARY}{}", uuid::Uuid::new_v4().simple()));
        let written = File::create_new(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if let Err(error) = written {
            // The error that matters is the first; what is left is vacuum's.
            drop(fs::remove_file(&temporary));
            return Err(LakeError::io(&path, error));
        }
        Ok((temporary, path))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes the names in a folder durable. On Windows the file system's own journal does that.
pub fn sync_folder(path: &Path) -> Result<(), LakeError> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| LakeError::io(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_creates() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::new(folder.path());
        assert!(storage.create_if_absent("1.json", b"first").unwrap());
        assert!(!storage.create_if_absent("1.json", b"second").unwrap());
        assert_eq!(storage.read("1.json").unwrap().unwrap(), b"first");
        assert_eq!(storage.names("").unwrap(), ["1.json"], "no temporary file stays");
    }

    #[test]
    fn replacing_leaves_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::new(folder.path());
        storage.replace("s", b"old", || {}).unwrap();
        storage.replace("s", b"new", || {}).unwrap();
        assert_eq!(storage.read("s").unwrap().unwrap(), b"new");
        assert_eq!(storage.list("").unwrap().len(), 1);
        assert!(storage.read("absent").unwrap().is_none());
        assert!(storage.list("absent").unwrap().is_empty());
    }
}
