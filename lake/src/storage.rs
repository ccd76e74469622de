//! Reads, lists and durable writes of whole files below the lake's root. Only data and index files, which are written as streams, go
//! to their folders themselves.
//!
//! Paths are relative to the root with `/` between parts, so that an object store stands behind the same calls (`remote.rs`): `replace`
//! is a put, `create_if_absent` a conditional put, `sync_folder` nothing at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::lake::LakeError;
use crate::remote::{self, Remote};

/// How the names of unfinished files begin. Delta readers pass over names with a leading dot, and vacuum removes old ones.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// One file of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: String,
    pub bytes: u64,
    pub modified: SystemTime,
}

/// A local folder, or an object store with a local folder of this process for files on their way.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    root: PathBuf,
    remote: Option<Arc<Remote>>,
}

impl Storage {
    /// A local folder.
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), remote: None }
    }

    /// A folder's path or a store's address.
    pub(crate) fn open(root: &Path) -> Result<Self, LakeError> {
        match remote::is_address(root) {
            Some(address) => Ok(Self::over(Remote::open(address)?)),
            None => Ok(Self::new(root)),
        }
    }

    pub(crate) fn over(remote: Remote) -> Self {
        Self { root: remote.folder().to_path_buf(), remote: Some(Arc::new(remote)) }
    }

    /// The store, where the lake is not a folder.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        self.remote.as_deref()
    }

    /// The folder in which new files are written: the lake itself, or this process's own.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file lies, as messages name it.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        match &self.remote {
            Some(remote) => remote.shown(relative),
            None => self.root.join(relative),
        }
    }

    /// A file that never changes, to be read by its path.
    pub(crate) fn local_copy(&self, relative: &str) -> Result<PathBuf, LakeError> {
        match &self.remote {
            Some(remote) => remote.local_copy(relative),
            None => Ok(self.root.join(relative)),
        }
    }

    /// A file that may change, as it is now, to be read by its path; none where a store has none.
    pub(crate) fn latest_copy(&self, relative: &str) -> Result<Option<PathBuf>, LakeError> {
        match &self.remote {
            Some(remote) => remote.fetch(relative),
            None => Ok(Some(self.root.join(relative))),
        }
    }

    /// The size of a file that was written in the folder for new files, or is in the lake already.
    pub(crate) fn written_size(&self, relative: &str) -> Result<Option<u64>, LakeError> {
        match local_size(&self.root.join(relative))? {
            None => self.size(relative),
            some => Ok(some),
        }
    }

    /// Brings new files to where the lake is: of a folder, they are there.
    pub(crate) fn publish(&self, relative: &str) -> Result<(), LakeError> {
        self.remote.as_ref().map_or(Ok(()), |remote| remote.upload(relative))
    }

    /// Makes a folder and those above it.
    pub(crate) fn make_folder(&self, relative: &str) -> Result<(), LakeError> {
        if self.remote.is_some() {
            // A store has names with slashes and no folders.
            return Ok(());
        }
        let path = self.path(relative);
        fs::create_dir_all(&path).map_err(|error| LakeError::io(&path, error))
    }

    /// The whole of a file, or none if it is absent.
    pub(crate) fn read(&self, relative: &str) -> Result<Option<Vec<u8>>, LakeError> {
        if let Some(remote) = &self.remote {
            return remote.read(relative);
        }
        let path = self.path(relative);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LakeError::io(&path, error)),
        }
    }

    /// The size of a file, or none if it is absent.
    pub(crate) fn size(&self, relative: &str) -> Result<Option<u64>, LakeError> {
        match &self.remote {
            Some(remote) => remote.size(relative),
            None => local_size(&self.path(relative)),
        }
    }

    /// The files of a folder, not of those below it; an absent folder has none.
    pub(crate) fn list(&self, relative: &str) -> Result<Vec<Entry>, LakeError> {
        if let Some(remote) = &self.remote {
            return Ok(remote.list(relative)?.0);
        }
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
        if let Some(remote) = &self.remote {
            return Ok(remote.list(relative)?.0.into_iter().map(|file| file.name).collect());
        }
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
        if let Some(remote) = &self.remote {
            return Ok(remote.list(relative)?.1);
        }
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
        if let Some(remote) = &self.remote {
            return remote.remove(relative);
        }
        let path = self.path(relative);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(LakeError::io(&path, error)),
            _ => Ok(()),
        }
    }

    /// Writes a file that appears whole or not at all, in the place of what was there.
    #[expect(clippy::disallowed_methods, reason = "the writer: synced before")]
    pub(crate) fn replace(&self, relative: &str, bytes: &[u8], before_rename: impl FnOnce()) -> Result<(), LakeError> {
        if let Some(remote) = &self.remote {
            before_rename();
            return remote.replace(relative, bytes);
        }
        let (temporary, path) = self.write_temporary(relative, bytes)?;
        before_rename();
        fs::rename(&temporary, &path).map_err(|error| LakeError::io(&path, error))
    }

    /// Writes a file that appears whole, unless there is one of that name: then false. Durable once it returns.
    #[expect(clippy::disallowed_methods, reason = "the writer: synced before, its folder synced below")]
    pub(crate) fn create_if_absent(&self, relative: &str, bytes: &[u8]) -> Result<bool, LakeError> {
        if let Some(remote) = &self.remote {
            return remote.create_if_absent(relative, bytes);
        }
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
        if self.remote.is_some() {
            // A put is durable once it is answered.
            return Ok(());
        }
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

fn local_size(path: &Path) -> Result<Option<u64>, LakeError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LakeError::io(path, error)),
    }
}

fn parent(path: &Path) -> &Path {
    // A bare name lies in the current folder.
    path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).unwrap_or(path)
}

/// Makes the names in a folder durable. On Windows the file system's own journal does that.
pub fn sync_folder(path: &Path) -> Result<(), LakeError> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| LakeError::io(path, error))
}

/// Writes a file beside the lake that appears whole or not at all, in the place of what was there. Durable once it returns.
#[expect(clippy::disallowed_methods, reason = "the writer: synced before, its folder synced below")]
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (temporary, path) = Storage::new(parent(path)).write_temporary(&name, bytes)?;
    fs::rename(&temporary, &path).map_err(|error| LakeError::io(&path, error))?;
    sync_folder(parent(&path))
}

/// Moves a file to a name that is free; false where it is taken. At every moment the file is whole under one of the two names.
#[expect(clippy::disallowed_methods, reason = "the writer: what is moved was written by others, its folder synced below")]
pub fn move_file(from: &Path, to: &Path) -> Result<bool, LakeError> {
    match fs::hard_link(from, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        // Some network and USB file systems know no hard links, and none reaches over to another disk.
        Err(error)
            if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::CrossesDevices | ErrorKind::PermissionDenied) =>
        {
            if local_size(to)?.is_some() {
                return Ok(false);
            }
            let temporary = parent(to).join(format!("{TEMPORARY}{}", uuid::Uuid::new_v4().simple()));
            let copied = fs::copy(from, &temporary).and_then(|_| File::open(&temporary)?.sync_all());
            copied.and_then(|()| fs::rename(&temporary, to)).map_err(|error| {
                drop(fs::remove_file(&temporary));
                LakeError::io(to, error)
            })?;
        }
        Err(error) => return Err(LakeError::io(from, error)),
    }
    sync_folder(parent(to))?;
    fs::remove_file(from).map_err(|error| LakeError::io(from, error))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_file_takes_no_others_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write_file(&path("a"), b"one").unwrap();
        write_file(&path("b"), b"two").unwrap();
        assert!(!move_file(&path("a"), &path("b")).unwrap());
        assert!(move_file(&path("a"), &path("c")).unwrap());
        assert_eq!(fs::read(path("b")).unwrap(), b"two");
        assert_eq!(fs::read(path("c")).unwrap(), b"one");
        assert!(!path("a").exists());
        write_file(&path("c"), b"three").unwrap();
        assert_eq!(fs::read(path("c")).unwrap(), b"three");
    }

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
