//! Signing in at a provider outside (OpenID Connect): which there are, and who is on the way there and back.

mod fetch;
mod provider;
mod ways;

use std::path::PathBuf;

use weir_lake::estate::SignInProvider;

pub(crate) use provider::{Back, Provider, Refused};
pub(crate) use ways::{Way, Ways};

/// Where the secret of the one provider lies that has no file.
const VARIABLE: &str = "WEIR_SIGN_IN_SECRET";

/// Why a provider of weir.toml can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The secret could not be read.
    #[error("sign_in {id}: {path}: {error}")]
    Io {
        /// Which provider.
        id: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Others can read the secret.
    #[error("sign_in {id}: {path} can be read by other accounts (mode {mode:o}); make it private: chmod 600 {path}")]
    NotPrivate {
        /// Which provider.
        id: String,
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is no secret.
    #[error("sign_in {id}: no secret; give secret_file in weir.toml, one line and chmod 600, or the variable {VARIABLE}")]
    NoSecret {
        /// Which provider.
        id: String,
    },
    /// A role or place that there is not.
    #[error(
        "sign_in {id}: found the role {role:?} at {at:?}; use them as `weir user add` does, for example \"governor\" at \"school:oakfield\""
    )]
    Role {
        /// Which provider.
        id: String,
        /// The role.
        role: String,
        /// The place.
        at: String,
    },
    /// The program that asks the provider could not be made ready.
    #[error("sign_in {id}: {why}")]
    Client {
        /// Which provider.
        id: String,
        /// Why.
        why: String,
    },
}

/// Every provider, and who is on the way.
#[derive(Default)]
pub(crate) struct Providers {
    all: Vec<Provider>,
    pub(crate) ways: Ways,
}

impl Providers {
    /// Makes them ready; no provider is asked for anything yet.
    pub(crate) fn open(settings: &[SignInProvider]) -> Result<Self, ProviderError> {
        Ok(Self { all: settings.iter().map(Provider::open).collect::<Result<_, _>>()?, ways: Ways::default() })
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.id == id)
    }

    /// Where each is begun, and its name, for the page where people sign in.
    pub(crate) fn doors(&self) -> Vec<(String, String)> {
        self.all.iter().map(|provider| (format!("/sign-in/with/{}", provider.id), provider.name.clone())).collect()
    }

    /// What people call the provider of an issuer.
    pub(crate) fn name_of(&self, issuer: &str) -> String {
        let known = self.all.iter().find(|provider| provider.issuer == issuer);
        known.map_or_else(|| issuer.to_owned(), |provider| provider.name.clone())
    }
}

/// The secret of a provider: from its file, which nobody else may read, or from the environment.
fn secret_of(settings: &SignInProvider) -> Result<String, ProviderError> {
    let id = || settings.id.clone();
    let text = match &settings.secret_file {
        Some(path) => {
            let io = |error| ProviderError::Io { id: id(), path: path.clone(), error };
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = std::fs::metadata(path).map_err(io)?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(ProviderError::NotPrivate { id: id(), path: path.clone(), mode: mode & 0o777 });
                }
            }
            std::fs::read_to_string(path).map_err(io)?
        }
        None => std::env::var(VARIABLE).unwrap_or_default(),
    };
    let line = text.trim();
    if line.is_empty() { Err(ProviderError::NoSecret { id: id() }) } else { Ok(line.to_owned()) }
}
