//! Keys for buckets, read where they lie and held in a type that prints nothing.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::FetchError;

/// No file of keys comes near it.
const LONGEST: u64 = 64 * 1024;

/// An access key of a bucket.
pub(crate) struct BucketKey {
    pub(crate) id: Zeroizing<String>,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) token: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for BucketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BucketKey")
    }
}

impl BucketKey {
    /// From a file of its own, otherwise from the environment; never from a machine's metadata.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, FetchError> {
        let Some(path) = file else {
            let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).map(Zeroizing::new);
            let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
            let token = variable("AWS_SESSION_TOKEN");
            return Ok(Self { id: id.ok_or(FetchError::NoKey)?, secret: secret.ok_or(FetchError::NoKey)?, token });
        };
        let file = File::open(path).map_err(|error| FetchError::io(path, error))?;
        check_private(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.take(LONGEST).read_to_string(&mut text).map_err(|error| FetchError::io(path, error))?;
        let value = |name: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once('='));
            let found = pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
            found.filter(|value| !value.is_empty()).map(|value| Zeroizing::new(value.to_owned()))
        };
        let wanted = |name| value(name).ok_or(FetchError::BadKey { path: path.to_path_buf(), lacks: name });
        Ok(Self { id: wanted("aws_access_key_id")?, secret: wanted("aws_secret_access_key")?, token: value("aws_session_token") })
    }
}

#[cfg(unix)]
pub(crate) fn check_private(path: &Path, file: &File) -> Result<(), FetchError> {
    let metadata = file.metadata().map_err(|error| FetchError::io(path, error))?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 != 0 {
        return Err(FetchError::NotPrivate { path: path.to_path_buf(), mode });
    }
    Ok(())
}

/// Windows: a file takes the folder's list of who may enter.
#[cfg(not(unix))]
pub(crate) fn check_private(_path: &Path, _file: &File) -> Result<(), FetchError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_file_is_private_whole_and_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let text = "[default]\naws_access_key_id = AKEXAMPLE\naws_secret_access_key=plum kettle==\n";
        for (text, mode, wanted) in
            [(text, 0o600, "plum kettle=="), (text, 0o644, ""), ("aws_access_key_id = x\n", 0o600, ""), ("", 0o400, "")]
        {
            drop(std::fs::remove_file(&path));
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = BucketKey::read(Some(&path));
            assert_eq!(read.as_ref().map_or("", |key| &key.secret), wanted, "{mode:o}");
            assert!(!format!("{read:?}").contains("plum"));
        }
    }
}
