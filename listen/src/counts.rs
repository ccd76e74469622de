//! What was received, dropped and refused, counted to the line. Holds addresses of senders, nothing of what they sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::frame::Found;

/// How a line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Syslog over UDP.
    Udp,
    /// Syslog over TCP.
    Tcp,
    /// Syslog over TLS.
    Tls,
    /// A file that is followed.
    Tail,
}

impl Way {
    const ALL: [Self; 4] = [Self::Udp, Self::Tcp, Self::Tls, Self::Tail];

    /// As metrics and messages name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Tail => "tail",
        }
    }
}

/// Unknown senders that are named; of more, only how many messages they sent. Anybody can send from any address over UDP.
const NAMED_SENDERS: usize = 50;

/// Counts of one source.
#[derive(Debug, Default)]
pub(crate) struct OfSource {
    lines: [AtomicU64; 4],
    bytes: AtomicU64,
    oversized: AtomicU64,
    empty: AtomicU64,
    torn: AtomicU64,
    /// Lines for which there was no room in memory or, at the end, on the disk.
    pub(crate) dropped: AtomicU64,
    pub(crate) sealed: AtomicU64,
    /// When the oldest line that is not synced yet was written: milliseconds after the start, plus one; 0 is none.
    pub(crate) unsynced_since: AtomicU64,
}

impl OfSource {
    pub(crate) fn add(&self, way: Way, found: Found, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.oversized.fetch_add(found.oversized, Relaxed);
        self.empty.fetch_add(found.empty, Relaxed);
        self.torn.fetch_add(found.torn, Relaxed);
        // Last, so that whoever sees the lines sees what was found with them.
        if let Some(lines) = self.lines.get(way as usize) {
            lines.fetch_add(found.lines, Relaxed);
        }
    }
}

/// All counts of a receiver.
#[derive(Debug)]
pub struct Counts {
    pub(crate) began: Instant,
    sources: Mutex<BTreeMap<String, Arc<OfSource>>>,
    unknown: Mutex<(BTreeMap<IpAddr, u64>, u64)>,
    pub(crate) open: [AtomicU64; 4],
    pub(crate) accepted: [AtomicU64; 4],
    pub(crate) refused_full: AtomicU64,
    pub(crate) refused_tls: AtomicU64,
    pub(crate) lost_frames: AtomicU64,
    /// Datagrams that the system dropped before they were read; none where it does not tell.
    kernel_drops: Mutex<BTreeMap<String, u64>>,
    /// 1 while nothing is written because the disk is nearly full or refuses.
    pub(crate) paused: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            sources: Mutex::default(),
            unknown: Mutex::default(),
            open: Default::default(),
            accepted: Default::default(),
            refused_full: AtomicU64::new(0),
            refused_tls: AtomicU64::new(0),
            lost_frames: AtomicU64::new(0),
            kernel_drops: Mutex::default(),
            paused: AtomicU64::new(0),
        }
    }
}

impl Counts {
    pub(crate) fn source(&self, name: &str) -> Arc<OfSource> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sources.entry(name.to_owned()).or_default())
    }

    /// Counts a message or connection of an unknown sender; true where it is the first of that address.
    pub(crate) fn unknown(&self, address: IpAddr) -> bool {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = unknown.0.get_mut(&address) {
            *count += 1;
            return false;
        }
        if unknown.0.len() < NAMED_SENDERS {
            unknown.0.insert(address, 1);
            return true;
        }
        unknown.1 += 1;
        false
    }

    pub(crate) fn set_kernel_drops(&self, address: &str, drops: u64) {
        self.kernel_drops.lock().unwrap_or_else(PoisonError::into_inner).insert(address.to_owned(), drops);
    }

    /// Milliseconds since the start, plus one.
    pub(crate) fn moment(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    /// Lines received by all sources.
    pub fn lines(&self) -> u64 {
        self.sum(|source| source.lines.iter().map(|lines| lines.load(Relaxed)).sum())
    }

    /// Lines and datagrams that came and could not be kept.
    pub fn dropped(&self) -> u64 {
        let kernel: u64 = self.kernel_drops.lock().unwrap_or_else(PoisonError::into_inner).values().sum();
        kernel + self.sum(|source| source.dropped.load(Relaxed))
    }

    fn sum(&self, of: impl Fn(&OfSource) -> u64) -> u64 {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).values().map(|source| of(source)).sum()
    }

    /// One line for people.
    pub fn status(&self) -> String {
        let open: u64 = self.open.iter().map(|open| open.load(Relaxed)).sum();
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let strangers = unknown.0.values().sum::<u64>() + unknown.1;
        drop(unknown);
        let mut text = format!("{} lines received, {open} connections open, {} dropped", self.lines(), self.dropped());
        if strangers > 0 {
            let _infallible = write!(text, ", {strangers} from unknown senders");
        }
        if self.paused.load(Relaxed) > 0 {
            text.push_str("; NOTHING IS WRITTEN: the disk is nearly full or refuses");
        }
        text
    }

    /// The numbers in Prometheus' text format.
    pub fn metrics(&self) -> String {
        let mut text = Text(String::new());
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        text.head("lines_total", "counter", "Lines received, by source and way.");
        for (name, source) in &sources {
            for (way, lines) in Way::ALL.into_iter().zip(&source.lines) {
                text.value("lines_total", &[("source", name), ("by", way.word())], lines.load(Relaxed));
            }
        }
        type Get = fn(&OfSource) -> u64;
        let by_source: [(&str, &str, Get); 6] = [
            ("bytes_total", "Bytes written to the spool.", |s| s.bytes.load(Relaxed)),
            ("oversized_total", "Messages over 1 MiB, which were cut and go to quarantine.", |s| s.oversized.load(Relaxed)),
            ("empty_total", "Messages of nothing, which make no line.", |s| s.empty.load(Relaxed)),
            ("torn_total", "Messages whose connection broke before their end.", |s| s.torn.load(Relaxed)),
            ("dropped_total", "Lines that came and found no room.", |s| s.dropped.load(Relaxed)),
            ("segments_sealed_total", "Files of the spool that are finished.", |s| s.sealed.load(Relaxed)),
        ];
        for (name, help, get) in by_source {
            text.head(name, "counter", help);
            for (source, counts) in &sources {
                text.value(name, &[("source", source)], get(counts));
            }
        }
        let now = self.moment();
        let oldest = sources.values().map(|source| source.unsynced_since.load(Relaxed)).filter(|since| *since > 0).min();
        text.head("oldest_unsynced_milliseconds", "gauge", "Age of the oldest line that is not safe from a power cut yet.");
        text.value("oldest_unsynced_milliseconds", &[], oldest.map_or(0, |since| now.saturating_sub(since)));
        text.head("connections", "gauge", "Open connections.");
        text.head("connections_accepted_total", "counter", "Connections taken.");
        for way in [Way::Tcp, Way::Tls] {
            let of = |counts: &[AtomicU64; 4]| counts.get(way as usize).map_or(0, |count| count.load(Relaxed));
            text.value("connections", &[("by", way.word())], of(&self.open));
            text.value("connections_accepted_total", &[("by", way.word())], of(&self.accepted));
        }
        text.head("kernel_dropped_total", "counter", "Datagrams that the system dropped before they were read.");
        for (address, drops) in self.kernel_drops.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            text.value("kernel_dropped_total", &[("address", address)], *drops);
        }
        text.head("refused_total", "counter", "Connections that were turned away or ended.");
        for (why, count) in [("full", &self.refused_full), ("tls", &self.refused_tls), ("lost_frame", &self.lost_frames)] {
            text.value("refused_total", &[("why", why)], count.load(Relaxed));
        }
        text.head("unknown_sender_total", "counter", "Messages and connections of senders that no source names.");
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (address, count) in &unknown.0 {
            text.value("unknown_sender_total", &[("address", &address.to_string())], *count);
        }
        text.value("unknown_sender_total", &[("address", "others")], unknown.1);
        text.head("paused", "gauge", "Sources that write nothing because the disk is nearly full or refuses.");
        text.value("paused", &[], self.paused.load(Relaxed));
        text.0
    }
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(self.0, "# HELP weir_listen_{name} {help}\n# TYPE weir_listen_{name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _infallible = writeln!(self.0, "weir_listen_{name}{labels} {value}");
    }
}
