//! Why exports could not be fetched, with the mend; never with a key.

use std::path::{Path, PathBuf};

/// What stopped fetching from one place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A file of this machine.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A key that others may read.
    #[error("{}: other accounts of this machine can read this key (mode {mode:o}); chmod 600 {}", path.display(), path.display())]
    NotPrivate {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No key for a bucket.
    #[error(
        "no key for the bucket; name a key_file with aws_access_key_id and aws_secret_access_key, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoKey,
    /// A key file without a key.
    #[error("{}: holds no {lacks}; write it as a line such as {lacks} = ...", path.display())]
    BadKey {
        /// Which.
        path: PathBuf,
        /// What is not there.
        lacks: &'static str,
    },
    /// The server's key is not known, or not the one that is.
    #[error(
        "{host}: its host key is not in {}, or is another than there; get the key (ssh-keyscan -p {port} {host}), compare its fingerprint with what the vendor says, and put it there. Nothing was sent",
        known_hosts.display()
    )]
    UnknownHost {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// The file of known keys.
        known_hosts: PathBuf,
    },
    /// The account or key was refused.
    #[error("{place}: refused the account or its key ({said})")]
    Refused {
        /// The server or bucket.
        place: String,
        /// What was said.
        said: String,
    },
    /// The server can't be reached, or does not do what it should.
    #[error("{place}: {said}")]
    Remote {
        /// The server or bucket.
        place: String,
        /// What was said.
        said: String,
    },
    /// No ssh on this machine.
    #[error(
        "ssh could not be started ({error}); install OpenSSH's client (Debian: openssh-client; Windows: an optional feature)"
    )]
    NoSsh {
        /// What the system says.
        error: std::io::Error,
    },
    /// Too many names to be one feed.
    #[error("{place}: more than {most} files begin like that; use a prefix with a date, for example {{year}}/{{month}}/{{day}}/")]
    TooMany {
        /// The server or bucket.
        place: String,
        /// The most that are taken.
        most: usize,
    },
    /// The disk is nearly full.
    #[error(
        "{}: {free} MB of the disk are free, and keep_free and the next file ask for {wanted} MB; the rest is fetched when there is room", path.display()
    )]
    NoRoom {
        /// The inbox.
        path: PathBuf,
        /// Megabytes free.
        free: u64,
        /// Megabytes asked for.
        wanted: u64,
    },
    /// Moving a file into the inbox.
    #[error(transparent)]
    Lake(#[from] weir_lake::lake::LakeError),
}

impl FetchError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }

    pub(crate) fn remote(place: &str, said: impl std::fmt::Display) -> Self {
        Self::Remote { place: place.to_owned(), said: printable(&said.to_string()) }
    }
}

/// Letters of what another machine says that are passed on.
const SAID: usize = 300;

/// What another machine said, in one line that no terminal obeys.
pub(crate) fn printable(text: &str) -> String {
    let plain = text.trim().chars().take(SAID).map(|c| if c.is_control() { ' ' } else { c });
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
