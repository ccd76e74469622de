//! Syslog over UDP: reads as fast as the system gives, and counts every message it can't keep.
//!
//! Nobody waits for a sender that can't be told to: what finds no room in memory is dropped and counted, and so is what the system drops
//! before it is read, where the system tells.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use weir_lake::estate::UnknownSender;

use crate::counts::{OfSource, Way};
use crate::drops::Drops;
use crate::frame::{Found, datagram};
use crate::receiver::Shared;
use crate::writer::{Batch, Queue, folder_of};

/// Lines are handed on at this size, or after [`HAND_ON`].
const BATCH_BYTES: usize = 128 << 10;

/// How long a line waits for others.
const HAND_ON: Duration = Duration::from_millis(20);

/// Bytes that wait in memory for a source whose disk is behind; beyond them messages are dropped.
const MOST_BYTES: usize = 8 << 20;

/// How long, after it was told to stop, what still comes is read.
const DRAIN: Duration = Duration::from_secs(2);

/// Addresses whose source is remembered; anybody can send from any address.
const REMEMBERED: usize = 4096;

struct Waiting {
    queue: Queue,
    counts: Arc<OfSource>,
    bytes: Vec<u8>,
    found: Found,
}

impl Waiting {
    fn take_batch(&mut self) -> Batch {
        Batch {
            way: Way::Udp,
            found: std::mem::take(&mut self.found),
            bytes: std::mem::replace(&mut self.bytes, Vec::with_capacity(BATCH_BYTES + (8 << 10))),
        }
    }

    fn hand_on(&mut self) {
        if self.found == Found::default() {
            return;
        }
        let batch = self.take_batch();
        if let Err(TrySendError::Full(batch) | TrySendError::Closed(batch)) = self.queue.try_send(batch) {
            (self.bytes, self.found) = (batch.bytes, batch.found);
        }
    }
}

/// Reads a socket until told to stop.
pub(crate) fn run(socket: &UdpSocket, shared: &Shared, stop: &AtomicBool) {
    let address = socket.local_addr().map_or_else(|_| String::from("?"), |address| address.to_string());
    let drops = Drops::of(socket);
    let tell_drops = || drops.now().map(|drops| shared.counts.set_kernel_drops(&address, drops));
    tell_drops();
    let mut reading = Reading { shared, known: HashMap::new(), waiting: Vec::new() };
    let mut buffer = vec![0; 1 << 16];
    let (mut handed_on, mut looked, mut stopping) = (Instant::now(), Instant::now(), None::<Instant>);
    if let Err(error) = socket.set_read_timeout(Some(HAND_ON)) {
        return (shared.said)(&format!("udp on {address}: {error}"));
    }
    loop {
        let is_quiet = match socket.recv_from(&mut buffer) {
            Ok((length, peer)) => {
                reading.take(peer.ip().to_canonical(), buffer.get(..length).unwrap_or_default());
                false
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
            // Windows says so when an answer of ours was not wanted; the socket goes on.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => {
                (shared.said)(&format!("udp on {address}: {error}"));
                std::thread::sleep(Duration::from_secs(1));
                true
            }
        };
        let now = Instant::now();
        if is_quiet || now - handed_on >= HAND_ON {
            reading.waiting.iter_mut().for_each(Waiting::hand_on);
            handed_on = now;
        }
        if now - looked >= Duration::from_secs(1) {
            tell_drops();
            looked = now;
        }
        if stop.load(Relaxed) {
            let since = *stopping.get_or_insert(now);
            if is_quiet || now - since >= DRAIN {
                break;
            }
        }
    }
    tell_drops();
    for mut waiting in reading.waiting {
        if waiting.found != Found::default() {
            let batch = waiting.take_batch();
            let lines = batch.found.lines;
            if waiting.queue.blocking_send(batch).is_err() {
                waiting.counts.dropped.fetch_add(lines, Relaxed);
            }
        }
    }
}

struct Reading<'s> {
    shared: &'s Shared,
    known: HashMap<IpAddr, Met>,
    waiting: Vec<Waiting>,
}

/// What is remembered of an address.
#[derive(Debug, Clone, Copy)]
struct Met {
    is_stranger: bool,
    /// Where in `waiting` its lines go; none are refused.
    at: Option<usize>,
}

impl Reading<'_> {
    fn take(&mut self, address: IpAddr, message: &[u8]) {
        let met = match self.known.get(&address) {
            Some(met) => *met,
            None => self.meet(address),
        };
        if met.is_stranger && self.shared.counts.unknown(address) {
            self.shared.tell_unknown(Way::Udp, address);
        }
        let Some(waiting) = met.at.and_then(|at| self.waiting.get_mut(at)) else { return };
        if waiting.bytes.len() >= MOST_BYTES {
            waiting.hand_on();
        }
        if waiting.bytes.len() >= MOST_BYTES {
            waiting.counts.dropped.fetch_add(1, Relaxed);
            return;
        }
        waiting.found.add(datagram(message, &mut waiting.bytes));
        if waiting.bytes.len() >= BATCH_BYTES {
            waiting.hand_on();
        }
    }

    fn meet(&mut self, address: IpAddr) -> Met {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let source = self.shared.senders.by_address(address);
        let at = if source.is_none() && self.shared.unknown == UnknownSender::Refuse {
            None
        } else {
            match self.shared.spool.queue(folder_of(source)) {
                Ok(queue) => {
                    let counts = self.shared.counts.source(folder_of(source));
                    let same = self.waiting.iter().position(|waiting| waiting.queue.same_channel(&queue));
                    Some(same.unwrap_or_else(|| {
                        self.waiting.push(Waiting { queue, counts, bytes: Vec::new(), found: Found::default() });
                        self.waiting.len() - 1
                    }))
                }
                Err(error) => {
                    (self.shared.said)(&error.to_string());
                    return Met { is_stranger: source.is_none(), at: None };
                }
            }
        };
        let met = Met { is_stranger: source.is_none(), at };
        self.known.insert(address, met);
        met
    }
}
