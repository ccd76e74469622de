//! What can go wrong while a lake is recomputed; a figure that differs is no error but a finding.

use std::path::PathBuf;

use weir_lake::lake::LakeError;

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The lake refused.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A data file could not be opened.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A data file does not hold what its table must.
    #[error("{path}: {problem}; restore the file from a backup of the lake")]
    Parquet {
        /// Which.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// The estate names a zone that does not exist.
    #[error("schools.csv, school {school}: found timezone {found:?}; use an IANA name such as Europe/London")]
    Zone {
        /// Whose.
        school: String,
        /// What.
        found: String,
    },
}
