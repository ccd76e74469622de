//! Why receiving did not begin, or stopped.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why receiving did not begin, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// An address can't be listened on.
    #[error("{way} on {address}: {error}{}", hint(error, *address))]
    Bind {
        /// Over what.
        way: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// A file or folder of the spool.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of TLS that can't be used.
    #[error("{path}: {what}")]
    Tls {
        /// Which.
        path: PathBuf,
        /// What is wrong, and the mend.
        what: String,
    },
    /// Another process fills the same spool.
    #[error("{path}: another weir listen fills this spool ({owner}); stop it first")]
    InUse {
        /// The spool.
        path: PathBuf,
        /// Who.
        owner: String,
    },
}

impl ListenError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }
}

fn hint(error: &io::Error, address: SocketAddr) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied if address.port() < 1024 => {
            "; ports below 1024 need a right of their own: take 5514 or 6514, or give it (AmbientCapabilities=CAP_NET_BIND_SERVICE in the \
             systemd unit)"
        }
        io::ErrorKind::AddrInUse => "; another program listens there already, often the system's own syslog: choose another port",
        io::ErrorKind::AddrNotAvailable => "; this machine has no such address: 0.0.0.0 stands for all of them",
        _ => "",
    }
}
