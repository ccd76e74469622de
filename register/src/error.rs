//! What can go wrong with the register.

use std::path::{Path, PathBuf};

/// What went wrong. Messages hold no personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Other accounts of the machine can read the file.
    #[error("{path} can be read by other accounts (mode {mode:o}); make it private: chmod 600 {path}")]
    NotPrivate {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The register would lie among the pseudonyms.
    #[error("the register {register} lies inside the lake {lake}; choose another place for `register` in weir.toml")]
    InsideLake {
        /// The register's file.
        register: PathBuf,
        /// The lake's root.
        lake: PathBuf,
    },
    /// There is no register yet.
    #[error("{path}: there is no register yet; `weir serve` makes one")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another program's file, or a damaged one.
    #[error("{path} is not a register of Weir; restore it from a backup, or choose another file for `register` in weir.toml")]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// A newer Weir made it.
    #[error("{path} was made by a newer Weir (step {found}, this one knows {known}); use that one")]
    Newer {
        /// Which.
        path: PathBuf,
        /// The file's last step.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A step of its making is not the one this Weir knows.
    #[error("{path}: step {number} of its making differs from this Weir's; restore it from a backup")]
    OtherStep {
        /// Which.
        path: PathBuf,
        /// Which step.
        number: i64,
    },
    /// The vault, which holds the key for what is sealed here.
    #[error("{0}")]
    Vault(String),
    /// Another process held it too long.
    #[error("the register is busy: another process is writing; try again in a minute")]
    Busy,
    /// A reason that is missing or too long.
    #[error("a reason of 1 to 1,000 characters is needed")]
    Reason,
    /// A copy could not be written.
    #[error("{0}")]
    Copy(String),
    /// The receipt is for something else.
    #[error("this was not written to the audit trail, so it is not shown")]
    NotAudited,
    /// What the file holds can't be so.
    #[error("the register holds {0}; restore it from a backup")]
    Damaged(&'static str),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
    /// SQLite's own words, which name tables and columns and no values.
    #[error("the register: {0}")]
    Sqlite(String),
}

impl RegisterError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }
}

impl From<sqlx::Error> for RegisterError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            // SQLITE_BUSY and SQLITE_LOCKED, with whatever extended code above the low byte.
            sqlx::Error::Database(inner)
                if inner.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6)) =>
            {
                Self::Busy
            }
            _ => Self::Sqlite(error.to_string()),
        }
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RegisterError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| RegisterError::Random(error.to_string()))?;
    Ok(bytes)
}
