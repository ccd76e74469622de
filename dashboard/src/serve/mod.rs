//! Opens the port, on this machine, over TLS or for a proxy elsewhere, and answers until told to stop.

pub(crate) mod numbers;
mod tls;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Dashboard;
use tls::{Peer, TlsListener};

/// Why the pages could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address that other machines could reach, without what that takes.
    #[error(
        "{address} can be reached from other machines; that needs sign-in, and in weir.toml, under [serve], url, and certificate and key or trusted_proxies: otherwise use 127.0.0.1 or ::1"
    )]
    NotLoopback {
        /// What was asked for.
        address: IpAddr,
    },
    /// No address was given.
    #[error("no address to open; use 127.0.0.1 or ::1")]
    NoAddress,
    /// The port is taken or not allowed.
    #[error("port {port} on {address} cannot be opened: {error}; choose another with --port")]
    Bind {
        /// Where.
        address: IpAddr,
        /// Which.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// A file of TLS is not what it should be.
    #[error("{path}: {what}")]
    Tls {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The address for numbers is taken or not allowed.
    #[error("{address} (metrics under [serve] in weir.toml) cannot be opened: {error}")]
    Numbers {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// A socket failed while serving.
    #[error("serving stopped: {0}")]
    Io(#[from] io::Error),
}

/// How long answers under way may take once Weir is told to stop. Whoever sends a request a byte a minute must not keep it running.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// An opened port that nobody answers yet: print [`Bound::url`], then call [`Bound::run`].
pub struct Bound {
    listeners: Vec<TcpListener>,
    /// Where the numbers are.
    numbers: Option<TcpListener>,
    /// Certificate and key, where the pages speak TLS.
    tls: Option<tls::Files>,
    port: u16,
    /// What people open, where it is not this machine.
    url: Option<String>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bound({})", self.port)
    }
}

/// Opens a port on 127.0.0.1 and, where the machine has it, on ::1. Port 0 takes a free one.
pub async fn bind(port: u16) -> Result<Bound, ServeError> {
    let first = bind_on(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], port).await?;
    // A machine without IPv6 is common and no failure. A port that another program holds on ::1 is: `localhost` might open that one.
    match bind_on(&[IpAddr::V6(Ipv6Addr::LOCALHOST)], first.port).await {
        Ok(second) => Ok(Bound { listeners: first.listeners.into_iter().chain(second.listeners).collect(), ..first }),
        Err(ServeError::Bind { error, .. }) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(ServeError::Bind { address: IpAddr::V6(Ipv6Addr::LOCALHOST), port: first.port, error })
        }
        Err(error) => {
            tracing::info!(%error, "no IPv6 on this machine; pages answer on 127.0.0.1 only");
            Ok(first)
        }
    }
}

/// Opens the port where weir.toml says, for pages with sign-in: on this machine, or on the address a proxy asks at.
pub async fn bind_for(dashboard: &Dashboard, port: u16) -> Result<Bound, ServeError> {
    let serving = &dashboard.serving;
    let mut bound = match serving.listen {
        None => bind(port).await?,
        Some(address) if address.is_loopback() => bind_on(&[address], port).await?,
        Some(address)
            if dashboard.gate.is_some()
                && serving.url.is_some()
                && (serving.tls.is_some() || !serving.trusted_proxies.is_empty()) =>
        {
            open(&[address], port).await?
        }
        Some(address) => return Err(ServeError::NotLoopback { address }),
    };
    bound.tls = serving.tls.as_ref().map(tls::Files::open).transpose()?;
    if let Some(address) = serving.metrics {
        let numbers = TcpListener::bind(address).await.map_err(|error| ServeError::Numbers { address, error })?;
        bound.numbers = Some(numbers);
    }
    bound.url = serving.url.as_ref().map(|url| format!("{url}/"));
    Ok(bound)
}

/// Opens a port on the given addresses; any that another machine could reach is refused before a socket is made.
pub async fn bind_on(addresses: &[IpAddr], port: u16) -> Result<Bound, ServeError> {
    if let Some(address) = addresses.iter().find(|address| !address.is_loopback()) {
        return Err(ServeError::NotLoopback { address: *address });
    }
    open(addresses, port).await
}

async fn open(addresses: &[IpAddr], port: u16) -> Result<Bound, ServeError> {
    let mut port = port;
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let listener = TcpListener::bind(SocketAddr::new(*address, port)).await.map_err(|error| ServeError::Bind {
            address: *address,
            port,
            error,
        })?;
        port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    if listeners.is_empty() {
        Err(ServeError::NoAddress)
    } else {
        Ok(Bound { listeners, numbers: None, tls: None, port, url: None })
    }
}

impl Bound {
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address to open in a browser.
    pub fn url(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("http://localhost:{}/", self.port))
    }

    /// Answers until Ctrl-C (or, on Unix, a request to terminate), then lets the answers under way finish.
    pub async fn run(self, dashboard: Dashboard) -> Result<(), ServeError> {
        self.run_until(dashboard, asked_to_stop()).await
    }

    /// Answers until `stop` is done.
    pub async fn run_until(
        self,
        dashboard: Dashboard,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let router = dashboard.router(self.port);
        let (say_stop, stopped) = watch::channel(false);
        let told = |mut stopped: watch::Receiver<bool>| async move {
            // An error means that the sender is gone, which is a stop as well.
            stopped.wait_for(|stop| *stop).await.ok();
        };
        let mut servers = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let stopped = told(stopped.clone());
            match &self.tls {
                Some(files) => {
                    let listener = TlsListener::start(listener, files.clone())?;
                    let router = over_tls(router.clone()).into_make_service_with_connect_info::<Peer>();
                    servers.spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
                }
                None => {
                    let router = router.clone().into_make_service_with_connect_info::<SocketAddr>();
                    servers.spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
                }
            }
        }
        if let Some(listener) = self.numbers {
            let (router, stopped) = (numbers::router(dashboard), told(stopped));
            servers.spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
        }
        let end = async move {
            stop.await;
            say_stop.send(true).ok();
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        tokio::pin!(end);
        loop {
            tokio::select! {
                finished = servers.join_next() => match finished {
                    Some(finished) => finished.map_err(io::Error::other)??,
                    None => return Ok(()),
                },
                () = &mut end => {
                    tracing::warn!("some answers were still under way and were broken off");
                    return Ok(());
                }
            }
        }
    }
}

/// Who the other end is, as everything behind expects it.
fn over_tls(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(async |mut request: Request, next: Next| {
        if let Some(ConnectInfo(Peer(address))) = request.extensions().get::<ConnectInfo<Peer>>().copied() {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        next.run(request).await
    }))
}

/// Opens the port and answers until Ctrl-C.
pub async fn serve(dashboard: Dashboard, port: u16) -> Result<(), ServeError> {
    bind(port).await?.run(dashboard).await
}

async fn asked_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler there is nothing to wait for; stopping at once would be worse than serving on.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! { () = interrupt => {}, () = terminate => {} }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
