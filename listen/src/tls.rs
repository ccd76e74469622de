//! TLS with certificates on both sides: reads the files, says what is wrong with them, and takes new ones without a stop.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use weir_lake::estate::TlsFiles;

use crate::error::ListenError;

/// TLS as its files say now.
pub(crate) struct Tls {
    files: TlsFiles,
    now: RwLock<(Arc<ServerConfig>, Written)>,
}

/// When the three files were written.
type Written = [Option<SystemTime>; 3];

impl Tls {
    pub(crate) fn open(files: TlsFiles) -> Result<Self, ListenError> {
        let written = written(&files);
        let config = Arc::new(load(&files)?);
        Ok(Self { files, now: RwLock::new((config, written)) })
    }

    /// What the next connection is taken with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&now.0))
    }

    /// Reads the files again if one of them changed; true where new ones hold. After an error the old ones go on.
    pub(crate) fn reload(&self) -> Result<bool, ListenError> {
        let written = written(&self.files);
        if self.now.read().unwrap_or_else(PoisonError::into_inner).1 == written {
            return Ok(false);
        }
        let loaded = load(&self.files);
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        // Noted after an error too, so that it is said once.
        now.1 = written;
        now.0 = Arc::new(loaded?);
        Ok(true)
    }
}

fn written(files: &TlsFiles) -> Written {
    [&files.certificate, &files.key, &files.client_ca].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn load(files: &TlsFiles) -> Result<ServerConfig, ListenError> {
    let refuse = |path: &Path, what: String| ListenError::Tls { path: path.to_path_buf(), what };
    let certificates = certificates(&files.certificate)?;
    check_key(&files.key)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| match error {
        PemError::NoItemsFound => refuse(&files.key, String::from("no private key in it; it must be PEM, without a password")),
        error => refuse(&files.key, error.to_string()),
    })?;
    let mut roots = RootCertStore::empty();
    for authority in self::certificates(&files.client_ca)? {
        roots.add(authority).map_err(|error| refuse(&files.client_ca, format!("no certificate of an authority: {error}")))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| refuse(&files.client_ca, error.to_string()))?;
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_client_cert_verifier(verifier).with_single_cert(certificates, key))
        .map_err(|error| refuse(&files.certificate, format!("{error}; certificate and key must belong together")))
}

fn certificates(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, ListenError> {
    let refuse = |what: String| ListenError::Tls { path: path.clone(), what };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| refuse(error.to_string()))?;
    if found.is_empty() {
        return Err(refuse(String::from("no certificate in it; it must be PEM (-----BEGIN CERTIFICATE-----)")));
    }
    Ok(found)
}

/// A key that others can read is nobody's proof.
#[cfg(unix)]
fn check_key(path: &Path) -> Result<(), ListenError> {
    use std::os::unix::fs::PermissionsExt;
    let refuse = |what: String| ListenError::Tls { path: path.to_path_buf(), what };
    let mode = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?.permissions().mode();
    if mode & 0o027 != 0 {
        return Err(refuse(format!(
            "others may read or change this key (mode {:o}); chmod 600, and make the user who runs weir its owner",
            mode & 0o777
        )));
    }
    Ok(())
}

/// Windows' rights are lists of their own; the documentation says how to look at them.
#[cfg(not(unix))]
fn check_key(_path: &Path) -> Result<(), ListenError> {
    Ok(())
}
