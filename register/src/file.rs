//! The register's file on disk: readable by its owner alone, and made by one process at a time.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::RegisterError;

/// Held while the file is made or brought up to date.
pub(crate) struct Lock {
    _file: File,
}

/// Waits for the lock beside the file.
pub(crate) fn lock(path: &Path) -> Result<Lock, RegisterError> {
    let path = beside(path, "-lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = private(&mut options).open(&path).map_err(|error| RegisterError::io(&path, error))?;
    file.lock().map_err(|error| RegisterError::io(&path, error))?;
    Ok(Lock { _file: file })
}

/// Makes an empty private file where there is none; says whether it did.
pub(crate) fn make(path: &Path) -> Result<bool, RegisterError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    match private(&mut options).open(path) {
        Ok(file) => {
            file.sync_all().map_err(|error| RegisterError::io(path, error))?;
            sync_folder_of(path)?;
            Ok(true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(RegisterError::io(path, error)),
    }
}

/// Makes the folder that holds the file, where there is none, for its owner alone.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), RegisterError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| RegisterError::io(folder, error))
}

/// Refuses a file, or one of SQLite's own beside it, that other accounts can read or write.
pub(crate) fn check_private(path: &Path) -> Result<(), RegisterError> {
    for path in [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")] {
        match path.metadata() {
            Ok(metadata) => check_mode(&path, &metadata)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(RegisterError::io(&path, error)),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &std::fs::Metadata) -> Result<(), RegisterError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 != 0 {
        return Err(RegisterError::NotPrivate { path: path.to_path_buf(), mode });
    }
    Ok(())
}

/// Windows: a file takes the folder's list of who may enter.
#[cfg(not(unix))]
fn check_mode(_path: &Path, _metadata: &std::fs::Metadata) -> Result<(), RegisterError> {
    Ok(())
}

/// The file's name with an ending, as SQLite names its own.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn sync_folder_of(path: &Path) -> Result<(), RegisterError> {
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| RegisterError::io(folder, error))?;
    }
    Ok(())
}
