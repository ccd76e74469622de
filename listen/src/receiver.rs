//! Everything that receives, begun and ended together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use weir_lake::clock;
use weir_lake::estate::{Listening, UnknownSender};
use weir_lake::ids::SourceId;

use crate::counts::{Counts, Way};
use crate::error::ListenError;
use crate::segment::make_folder;
use crate::tcp::{Alive, Open};
use crate::tls::Tls;
use crate::writer::{Limits, Spool};
use crate::{Said, Senders, metrics, tail, tcp, udp};

/// Between two looks whether the files of TLS changed.
const RELOAD: Duration = Duration::from_secs(30);

/// What to receive.
pub struct Config {
    /// Addresses, the files of TLS, and what becomes of unknown senders.
    pub listening: Listening,
    /// Whose a sender's lines are.
    pub senders: Senders,
    /// Files that are followed.
    pub tails: BTreeMap<SourceId, PathBuf>,
    /// Where what is received lies until it is read.
    pub spool: PathBuf,
    /// How much is held, and for how long.
    pub limits: Limits,
}

/// What all that receive share.
pub(crate) struct Shared {
    pub(crate) senders: Senders,
    pub(crate) unknown: UnknownSender,
    pub(crate) spool: Spool,
    pub(crate) counts: Arc<Counts>,
    pub(crate) said: Said,
    pub(crate) limits: Limits,
    pub(crate) open: Open,
}

impl Shared {
    pub(crate) fn tell_unknown(&self, way: Way, address: IpAddr) {
        let becomes = match self.unknown {
            UnknownSender::Refuse => "it is refused",
            UnknownSender::Keep => "what it sends is kept apart and not read",
        };
        (self.said)(&format!("{} from {address}, which no source's `from` in weir.toml names: {becomes}", way.word()));
    }

    pub(crate) fn tell_refused_tls(&self, address: IpAddr, why: &str) {
        // The first ones are worth a line; a scanner is not worth a full disk.
        if self.counts.refused_tls.fetch_add(1, Relaxed) < 100 {
            (self.said)(&format!("tls from {address} is refused: {why}"));
        }
    }
}

/// Everything that receives.
pub struct Receiver {
    shared: Arc<Shared>,
    tls: Option<Arc<Tls>>,
    addresses: Vec<(Way, SocketAddr)>,
    metrics: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    stop_threads: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    ended: mpsc::Receiver<()>,
    _turn: File,
}

impl Receiver {
    /// Begins, inside a runtime. What can't be listened on stops all of it.
    pub async fn start(config: Config, said: Said) -> Result<Self, ListenError> {
        let Config { listening, senders, tails, spool, limits } = config;
        let tls = listening.tls_files.clone().filter(|_| !listening.tls.is_empty()).map(Tls::open).transpose()?.map(Arc::new);
        let turn = take_turn(&spool)?;
        let counts = Arc::new(Counts::default());
        let spool = Spool::open(spool, limits, Arc::clone(&counts), Arc::clone(&said), Handle::current())?;
        let unknown = listening.unknown;
        let shared = Arc::new(Shared { senders, unknown, spool, counts, said, limits, open: Open::default() });
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let mut receiver = Self {
            shared,
            tls,
            addresses: Vec::new(),
            metrics: None,
            stop,
            stop_threads: Arc::default(),
            threads: Vec::new(),
            ended,
            _turn: turn,
        };
        for address in &listening.udp {
            receiver.listen_udp(*address)?;
        }
        let tcp = listening.tcp.iter().map(|address| (Way::Tcp, *address));
        for (way, address) in tcp.chain(listening.tls.iter().map(|address| (Way::Tls, *address))) {
            receiver.listen_tcp(way, address, &stopped, &alive).await?;
        }
        if let Some(address) = listening.metrics {
            let listener = bind("metrics", address).await?;
            receiver.metrics = listener.local_addr().ok();
            tokio::spawn(metrics::serve(listener, Arc::clone(&receiver.shared.counts), stopped.clone()));
        }
        for (source, path) in tails {
            receiver.follow(&source, path)?;
        }
        if let Some(tls) = receiver.tls.clone() {
            tokio::spawn(watch_files(tls, Arc::clone(&receiver.shared), stopped));
        }
        Ok(receiver)
    }

    fn listen_udp(&mut self, address: SocketAddr) -> Result<(), ListenError> {
        let refuse = |error| ListenError::Bind { way: "udp", address, error };
        let socket = UdpSocket::bind(address).map_err(refuse)?;
        self.addresses.push((Way::Udp, socket.local_addr().map_err(refuse)?));
        let (shared, stop) = (Arc::clone(&self.shared), Arc::clone(&self.stop_threads));
        let thread = std::thread::Builder::new().name(format!("udp {address}"));
        self.threads.push(thread.spawn(move || udp::run(&socket, &shared, &stop)).map_err(refuse)?);
        Ok(())
    }

    async fn listen_tcp(
        &mut self,
        way: Way,
        address: SocketAddr,
        stopped: &watch::Receiver<bool>,
        alive: &Alive,
    ) -> Result<(), ListenError> {
        let listener = bind(way.word(), address).await?;
        let bound = listener.local_addr().map_err(|error| ListenError::Bind { way: way.word(), address, error })?;
        self.addresses.push((way, bound));
        let tls = self.tls.clone().filter(|_| way == Way::Tls);
        tokio::spawn(tcp::accept(listener, tls, Arc::clone(&self.shared), stopped.clone(), alive.clone()));
        Ok(())
    }

    fn follow(&mut self, source: &SourceId, path: PathBuf) -> Result<(), ListenError> {
        let folder = self.shared.spool.folder().join(source.as_str());
        make_folder(&folder).map_err(|error| ListenError::io(&folder, error))?;
        let following = tail::Following {
            name: source.to_string(),
            path,
            folder: folder.clone(),
            keep_free: self.shared.limits.keep_free,
            counts: self.shared.counts.source(source.as_str()),
            said: Arc::clone(&self.shared.said),
        };
        let stop = Arc::clone(&self.stop_threads);
        let thread = std::thread::Builder::new().name(format!("tail {source}"));
        let thread = thread.spawn(move || tail::run(following, &stop)).map_err(|error| ListenError::io(&folder, error))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[(Way, SocketAddr)] {
        &self.addresses
    }

    /// Where the numbers are given.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// What was counted so far.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.shared.counts)
    }

    /// Looks whether the files of TLS changed, and takes them.
    pub fn reload(&self) {
        if let Some(tls) = &self.tls {
            reload(tls, &self.shared);
        }
    }

    /// Takes no new connection, reads what has come, makes it durable, seals it and ends.
    pub async fn stop(mut self) -> Arc<Counts> {
        self.shared.spool.hurry();
        self.stop_threads.store(true, Relaxed);
        self.stop.send_replace(true);
        // Ends once every task has let go of its end.
        while self.ended.recv().await.is_some() {}
        let (shared, threads) = (Arc::clone(&self.shared), std::mem::take(&mut self.threads));
        let ended = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    (shared.said)("a receiving thread ended by a fault of Weir's own");
                }
            }
            shared.spool.finish();
        });
        drop(ended.await);
        self.counts()
    }
}

async fn bind(way: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|error| ListenError::Bind { way, address, error })
}

fn reload(tls: &Tls, shared: &Shared) {
    match tls.reload() {
        Ok(true) => (shared.said)("the files of TLS changed; new connections are taken with the new ones"),
        Ok(false) => {}
        Err(error) => (shared.said)(&format!("{error}; TLS goes on with the files as they were")),
    }
}

async fn watch_files(tls: Arc<Tls>, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(RELOAD) => reload(&tls, &shared),
            _ = stop.changed() => return,
        }
    }
}

/// One process fills a spool. The lock goes with the process, however it ends.
fn take_turn(spool: &Path) -> Result<File, ListenError> {
    make_folder(spool).map_err(|error| ListenError::io(spool, error))?;
    let path = spool.join("listen.lock");
    let fault = |error| ListenError::io(&path, error);
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Windows lets nobody read what is locked; then the owner stays unknown.
            drop(file.read_to_string(&mut owner));
            let owner = owner.lines().next().unwrap_or("another process").to_owned();
            return Err(ListenError::InUse { path: spool.to_path_buf(), owner });
        }
        Err(std::fs::TryLockError::Error(error)) => return Err(fault(error)),
    }
    file.set_len(0).map_err(fault)?;
    writeln!(file, "process {}, since {}", std::process::id(), clock::machine_now()).map_err(fault)?;
    Ok(file)
}
