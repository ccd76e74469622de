//! Syslog over TCP, and over TLS: takes connections of known senders, and reads on only after what was read has found room.
//!
//! Plain syslog has no receipts: what a sender's system was told has arrived, and this process has not read yet, is lost with the process.
//! So a stop reads what is there before it closes, and a sender that sends again after a broken connection is right to do so.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::ready;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use weir_lake::estate::UnknownSender;
use weir_lake::ids::SourceId;

use crate::counts::Way;
use crate::frame::{Found, Framer};
use crate::receiver::Shared;
use crate::tls::Tls;
use crate::writer::{Batch, Queue, folder_of};

/// Bytes read at once.
const READ_BYTES: usize = 128 << 10;

/// How long a sender may take to prove who it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// After the stop: a connection is at its end when nothing came for so long, and is ended after [`DRAIN`].
const QUIET: Duration = Duration::from_millis(200);

/// After the stop: how long a connection that goes on sending is read.
const DRAIN: Duration = Duration::from_secs(3);

/// A connection that was silent for so long is ended where its sender has opened another: it was left behind by a power cut.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// What keeps a task's receiver alive until it has ended.
pub(crate) type Alive = mpsc::Sender<()>;

/// Open connections by address.
#[derive(Debug, Default)]
pub(crate) struct Open(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place among those that may be open.
struct Place {
    shared: Arc<Shared>,
    address: IpAddr,
    way: Way,
}

impl Place {
    fn take(shared: &Arc<Shared>, address: IpAddr, way: Way) -> Option<Self> {
        let mut open = shared.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.get(&address).copied().unwrap_or(0);
        if all >= shared.limits.connections || own >= shared.limits.per_sender {
            shared.counts.refused_full.fetch_add(1, Relaxed);
            return None;
        }
        open.insert(address, own + 1);
        for counts in [&shared.counts.open, &shared.counts.accepted] {
            counts.get(way as usize).map(|count| count.fetch_add(1, Relaxed));
        }
        Some(Self { shared: Arc::clone(shared), address, way })
    }
}

impl Open {
    fn of(&self, address: IpAddr) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&address).copied().unwrap_or(0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shared.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.address);
            }
        }
        self.shared.counts.open.get(self.way as usize).map(|count| count.fetch_sub(1, Relaxed));
    }
}

/// Takes connections until told to stop.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
    alive: Alive,
) {
    let way = if tls.is_some() { Way::Tls } else { Way::Tcp };
    let mut is_told = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !std::mem::replace(&mut is_told, true) {
                    (shared.said)(&format!("{}: no connection can be taken: {error}", way.word()));
                }
                // Too many open files, mostly: others end.
                tokio::time::sleep(QUIET).await;
                continue;
            }
        };
        is_told = false;
        let connection = connection(stream, peer, tls.clone(), Arc::clone(&shared), stop.clone());
        let alive = alive.clone();
        tokio::spawn(async move {
            connection.await;
            drop(alive);
        });
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
) {
    let address = peer.ip().to_canonical();
    let way = if tls.is_some() { Way::Tls } else { Way::Tcp };
    // Over TLS only the certificate may tell who it is, so nobody is turned away before the handshake.
    if tls.is_none() && shared.senders.by_address(address).is_none() && !is_taken_in(&shared, way, address) {
        return;
    }
    let Some(place) = Place::take(&shared, address, way) else { return };
    let Some(tls) = tls else {
        let source = shared.senders.by_address(address).cloned();
        return serve(stream, source.as_ref(), &place, stop).await;
    };
    let handshake = tokio::time::timeout(HANDSHAKE, tls.acceptor().accept(stream)).await;
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return shared.tell_refused_tls(address, &error.to_string()),
        Err(_) => return shared.tell_refused_tls(address, "the handshake took too long"),
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let by_certificate = certificate.and_then(|certificate| shared.senders.by_certificate(certificate));
    let source = by_certificate.or_else(|| shared.senders.by_address(address)).cloned();
    if source.is_none() && !is_taken_in(&shared, way, address) {
        return;
    }
    serve(stream, source.as_ref(), &place, stop).await;
}

/// Counts an unknown sender's connection, and says whether what it sends is kept.
fn is_taken_in(shared: &Shared, way: Way, address: IpAddr) -> bool {
    if shared.counts.unknown(address) {
        shared.tell_unknown(way, address);
    }
    shared.unknown == UnknownSender::Keep
}

async fn serve(mut stream: impl AsyncRead + Unpin, source: Option<&SourceId>, place: &Place, mut stop: watch::Receiver<bool>) {
    let Place { shared, address, way } = place;
    let way = *way;
    let queue = match shared.spool.queue(folder_of(source)) {
        Ok(queue) => queue,
        Err(error) => return (shared.said)(&error.to_string()),
    };
    let mut framer = Framer::default();
    let mut buffer = vec![0; READ_BYTES];
    let mut stopping = None::<Instant>;
    let is_proper = loop {
        let read = if let Some(since) = stopping {
            if since.elapsed() >= DRAIN {
                break false;
            }
            match tokio::time::timeout(QUIET, read(&mut stream, &mut buffer)).await {
                Ok(read) => read,
                // Quiet: what is underway can't end any more.
                Err(_) => break false,
            }
        } else {
            tokio::select! {
                read = read(&mut stream, &mut buffer) => read,
                () = tokio::time::sleep(LEFT_BEHIND) => {
                    if shared.open.of(*address) > 1 { break false } else { continue }
                }
                _ = stop.changed() => {
                    stopping = Some(Instant::now());
                    continue;
                }
            }
        };
        let bytes = match read {
            Ok(0) => break true,
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(_) => break false,
        };
        let mut lines = Vec::with_capacity(bytes.len() + 256);
        let mut found = Found::default();
        let framed = framer.take(bytes, &mut lines, &mut found);
        if !hand_on(&queue, way, found, lines).await {
            return;
        }
        if framed.is_err() {
            shared.counts.lost_frames.fetch_add(1, Relaxed);
            (shared.said)(&format!(
                "{}: {} connection ended: a message's length was expected and something else came; the sender must send lengths before all \
                 messages or before none",
                folder_of(source),
                way.word()
            ));
            return;
        }
    };
    let mut lines = Vec::new();
    let found = framer.finish(is_proper, &mut lines);
    hand_on(&queue, way, found, lines).await;
}

/// Waits until there is room: meanwhile nothing is read, and the sender has to wait too.
async fn hand_on(queue: &Queue, way: Way, found: Found, bytes: Vec<u8>) -> bool {
    found == Found::default() || queue.send(Batch { way, found, bytes }).await.is_ok()
}

pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> io::Result<usize> {
    std::future::poll_fn(|context| {
        let mut into = ReadBuf::new(buffer);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut into))?;
        std::task::Poll::Ready(Ok(into.filled().len()))
    })
    .await
}
