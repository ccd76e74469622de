//! TLS from files: says what is wrong with them, takes new ones without a stop, and lets no silent connection hold a place.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::server::TlsStream;
use weir_lake::estate::ServingTls;

use super::ServeError;

/// Connections at a time, those that have not said who they are included. A school's browsers hold some six each.
const MOST_CONNECTIONS: usize = 1024;

/// How long somebody may take to agree on a key.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection that says nothing for so long is closed: longer than the longest page takes.
const SILENT: Duration = Duration::from_secs(75);

/// How often the files are looked at: a certificate is renewed every few weeks.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What the next connection is taken with.
#[derive(Clone)]
pub(super) struct Files {
    files: ServingTls,
    config: Arc<ServerConfig>,
    written: Written,
}

/// When certificate and key were written.
type Written = [Option<SystemTime>; 2];

impl Files {
    pub(super) fn open(files: &ServingTls) -> Result<Self, ServeError> {
        Ok(Self { config: Arc::new(load(files)?), written: written(files), files: files.clone() })
    }

    /// Reads the files again if one of them changed. After an error the old ones go on, and it is said once.
    fn look_again(&mut self) {
        let written = written(&self.files);
        if self.written == written {
            return;
        }
        self.written = written;
        match load(&self.files) {
            Ok(config) => {
                self.config = Arc::new(config);
                tracing::info!("a new certificate is used");
            }
            Err(error) => tracing::error!(%error, "the new certificate is not used"),
        }
    }
}

fn written(files: &ServingTls) -> Written {
    [&files.certificate, &files.key].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
}

fn load(files: &ServingTls) -> Result<ServerConfig, ServeError> {
    let refuse = |path: &Path, what: String| ServeError::Tls { path: path.to_path_buf(), what };
    let read = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| refuse(&files.certificate, plain(&error)))?;
    if certificates.is_empty() {
        return Err(refuse(&files.certificate, "no certificate in it; it must be PEM (-----BEGIN CERTIFICATE-----)".into()));
    }
    check_key(&files.key)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| match error {
        PemError::NoItemsFound => refuse(&files.key, "no private key in it; it must be PEM, without a password".into()),
        error => refuse(&files.key, plain(&error)),
    })?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| refuse(&files.certificate, format!("{error}; certificate and key must belong together")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The library's words, or the system's where the file itself is the trouble.
fn plain(error: &PemError) -> String {
    match error {
        PemError::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// A key that others can read is nobody's proof.
#[cfg(unix)]
fn check_key(path: &Path) -> Result<(), ServeError> {
    use std::os::unix::fs::PermissionsExt as _;
    let refuse = |what: String| ServeError::Tls { path: path.to_path_buf(), what };
    let mode = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?.permissions().mode();
    if mode & 0o027 != 0 {
        let what = "others may read or change this key";
        return Err(refuse(format!("{what} (mode {:o}); chmod 600, and make the user who runs weir its owner", mode & 0o777)));
    }
    Ok(())
}

/// Windows' rights are lists of their own; the documentation says how to look at them.
#[cfg(not(unix))]
fn check_key(_path: &Path) -> Result<(), ServeError> {
    Ok(())
}

/// Connections over TLS. Each agrees on its key beside the others, so that a slow one holds up nobody.
pub(super) struct TlsListener {
    ready: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Begins to take connections.
    pub(super) fn start(listener: TcpListener, files: Files) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (give, ready) = mpsc::channel(32);
        tokio::spawn(accept(listener, files, give));
        Ok(Self { ready, address })
    }
}

impl Listener for TlsListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The task ends with this listener alone.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The machine at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

async fn accept(listener: TcpListener, mut files: Files, give: mpsc::Sender<(Connection, SocketAddr)>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, address) = loop {
            tokio::select! {
                () = give.closed() => return,
                _ = look.tick() => files.look_again(),
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => break accepted,
                    // Mostly too many open files: it ends when somebody goes.
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                },
            }
        };
        let acceptor = TlsAcceptor::from(files.config.clone());
        let give = give.clone();
        tokio::spawn(async move {
            // Whoever speaks no TLS, or none of ours, is nobody's matter; nothing is answered that had none.
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let connection = Connection { stream, silent: Box::pin(tokio::time::sleep(SILENT)), _place: place };
                give.send((connection, address)).await.ok();
            }
        });
    }
}

/// A connection that has its key. It ends when nothing was said for long, and gives its place to another.
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    silent: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn heard(&mut self) {
        self.silent.as_mut().reset(Instant::now() + SILENT);
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(done) => {
                self.heard();
                Poll::Ready(done)
            }
            Poll::Pending if self.silent.as_mut().poll(context).is_ready() => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.heard();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
