//! Opens the port, on this machine or for a proxy elsewhere, and answers until told to stop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Dashboard;

/// Why the pages could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address that other machines could reach, without what that takes.
    #[error(
        "{address} can be reached from other machines; that needs sign-in, and in weir.toml, under [serve], url and trusted_proxies: otherwise use 127.0.0.1 or ::1"
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
    /// A socket failed while serving.
    #[error("serving stopped: {0}")]
    Io(#[from] io::Error),
}

/// An opened port that nobody answers yet: print [`Bound::url`], then call [`Bound::run`].
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<TcpListener>,
    port: u16,
    /// What people open, where it is not this machine.
    url: Option<String>,
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
        Some(address) if dashboard.gate.is_some() && serving.url.is_some() && !serving.trusted_proxies.is_empty() => {
            open(&[address], port).await?
        }
        Some(address) => return Err(ServeError::NotLoopback { address }),
    };
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
    if listeners.is_empty() { Err(ServeError::NoAddress) } else { Ok(Bound { listeners, port, url: None }) }
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
        let router = dashboard.router(self.port).into_make_service_with_connect_info::<SocketAddr>();
        let (say_stop, stopped) = watch::channel(false);
        let mut servers = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let mut stopped = stopped.clone();
            let router = router.clone();
            servers.spawn(async move {
                axum::serve(listener, router)
                    .with_graceful_shutdown(async move {
                        // An error means that the sender is gone, which is a stop as well.
                        stopped.wait_for(|stop| *stop).await.ok();
                    })
                    .await
            });
        }
        tokio::spawn(async move {
            stop.await;
            say_stop.send(true).ok();
        });
        while let Some(finished) = servers.join_next().await {
            finished.map_err(io::Error::other)??;
        }
        Ok(())
    }
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
