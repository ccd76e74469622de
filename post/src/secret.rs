//! The password or token, read where it lies and held in a type that prints nothing.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use weir_lake::estate::MailSecret;
use zeroize::Zeroizing;

use crate::PostError;

/// No password and no token of a mail server comes near it.
const LONGEST: u64 = 16 * 1024;

/// The environment's password.
const VARIABLE: &str = "WEIR_MAIL_PASSWORD";

/// What shows the mail server who Weir is.
pub(crate) struct Secret(Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads it. A file must be readable by its owner alone.
    pub(crate) fn read(from: &MailSecret) -> Result<Self, PostError> {
        match from {
            MailSecret::Password(Some(path)) | MailSecret::Token(path) => Self::of_file(path),
            MailSecret::Password(None) => {
                let text = std::env::var(VARIABLE).map(Zeroizing::new).unwrap_or_default();
                Self::checked(&text).ok_or(PostError::NoPassword)
            }
        }
    }

    /// The secret itself, for the server alone.
    pub(crate) fn show(&self) -> &str {
        &self.0
    }

    fn of_file(path: &Path) -> Result<Self, PostError> {
        let file = File::open(path).map_err(|error| PostError::io(path, error))?;
        check_private(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.take(LONGEST).read_to_string(&mut text).map_err(|error| PostError::io(path, error))?;
        Self::checked(&text).ok_or_else(|| PostError::EmptySecret { path: path.to_path_buf() })
    }

    /// Without the end of its line; none where nothing is left, or where it would break out of what is said to the server.
    fn checked(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        (!text.is_empty() && !text.chars().any(char::is_control)).then(|| Self(Zeroizing::new(text.to_owned())))
    }
}

#[cfg(unix)]
fn check_private(path: &Path, file: &File) -> Result<(), PostError> {
    let metadata = file.metadata().map_err(|error| PostError::io(path, error))?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 != 0 {
        return Err(PostError::NotPrivate { path: path.to_path_buf(), mode });
    }
    Ok(())
}

/// Windows: a file takes the folder's list of who may enter.
#[cfg(not(unix))]
fn check_private(_path: &Path, _file: &File) -> Result<(), PostError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_is_private_one_line_and_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail-password");
        let from = MailSecret::Password(Some(path.clone()));
        assert!(matches!(Secret::read(&from), Err(PostError::Io { .. })));
        for (text, mode, wanted) in [
            ("plum kettle\r\n", 0o600, Some("plum kettle")),
            ("plum kettle", 0o400, Some("plum kettle")),
            ("plum kettle", 0o640, None),
            ("\n", 0o600, None),
            ("plum\u{1}auth=Bearer x", 0o600, None),
        ] {
            drop(std::fs::remove_file(&path));
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = Secret::read(&from);
            assert_eq!(read.as_ref().ok().map(Secret::show), wanted, "{text:?} {mode:o}");
            assert!(!format!("{read:?}").contains("plum"), "{read:?}");
        }
    }
}
