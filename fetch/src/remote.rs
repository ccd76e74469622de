//! What every place of exports can do: say what is there, and give a piece of it.

use bytes::Bytes;

use crate::FetchError;
use crate::s3::Bucket;
use crate::sftp::Server;

/// Files that one look takes in: more is no feed but an archive.
pub(crate) const MOST: usize = 100_000;

/// A file that lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its whole name.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) size: u64,
    /// When it was last written, seconds since 1970.
    pub(crate) written: i64,
    /// What tells this version of it from another.
    pub(crate) version: String,
    /// Whether it appears there whole; otherwise whoever writes it may not have finished.
    pub(crate) is_whole: bool,
}

/// A place that is connected to.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub(crate) enum Remote {
    Bucket(Bucket),
    Server(Server),
}

impl Remote {
    /// How it is called in what people read.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Bucket(bucket) => &bucket.place,
            Self::Server(server) => &server.place,
        }
    }

    /// The files whose names begin so, in the order of their names.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Found>, FetchError> {
        let mut found = match self {
            Self::Bucket(bucket) => bucket.list(prefix).await,
            Self::Server(server) => server.list(prefix).await,
        }?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Bytes of a file, from `at` on; none where it is no longer the one that was found.
    pub(crate) async fn piece(&self, found: &Found, at: u64, bytes: u64) -> Result<Option<Bytes>, FetchError> {
        match self {
            Self::Bucket(bucket) => bucket.piece(found, at, bytes).await,
            Self::Server(server) => server.piece(found, at, bytes).await,
        }
    }

    /// Whether a file still is what was found, once all of it was read.
    pub(crate) async fn is_unchanged(&self, found: &Found) -> Result<bool, FetchError> {
        match self {
            // Each piece was asked for of this version alone.
            Self::Bucket(_) => Ok(true),
            Self::Server(server) => server.is_unchanged(found).await,
        }
    }
}
