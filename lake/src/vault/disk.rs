//! Private files of the vault's folder: only their owner reads them, and what was written is on disk before the call ends.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::VaultError;

/// Held while a file of the vault is written; readers never wait.
pub(crate) struct Lock {
    _file: File,
}

/// Waits for the vault's lock.
pub(crate) fn lock(root: &Path) -> Result<Lock, VaultError> {
    let path = root.join("vault.lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = private(&mut options).open(&path).map_err(|error| VaultError::io(&path, error))?;
    file.lock().map_err(|error| VaultError::io(&path, error))?;
    Ok(Lock { _file: file })
}

/// Options that make a new file readable by its owner alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a folder that only its owner enters.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), VaultError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| VaultError::io(path, error))
}

/// Reads a key file; none where there is none. One that other accounts can read is refused: its keys must be taken as known.
pub(crate) fn read_private(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(VaultError::io(path, error)),
    };
    #[cfg(unix)]
    {
        let metadata = path.metadata().map_err(|error| VaultError::io(path, error))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(VaultError::NotPrivate { path: path.to_path_buf(), mode });
        }
    }
    Ok(Some(bytes))
}

/// Puts a file in place of whatever is there, whole or not at all. Only under the lock: the temporary name is fixed.
#[expect(clippy::disallowed_methods, reason = "the vault's writer: synced before, its folder synced below")]
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let temporary = path.with_extension("new");
    let io = |error| VaultError::io(&temporary, error);
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    let mut file = private(&mut options).open(&temporary).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    drop(file);
    std::fs::rename(&temporary, path).map_err(|error| VaultError::io(path, error))?;
    sync_folder_of(path)
}

/// Makes a new name in a folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), VaultError> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| VaultError::io(folder, error))?;
    }
    Ok(())
}
