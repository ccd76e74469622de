//! What weir.toml says of receiving: `[listen]`, `[watch]`, `keep_free`, and who sends for a source (`from`, `tail`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::error::{found_text, found_use};
use super::school_map::parse_range;
use super::settings::Place;
use super::table::Problems;
use crate::ids::SourceId;

/// The spool's folder for what came from senders that no source names.
pub const UNKNOWN_SENDERS: &str = "unknown-senders";

/// Minutes between two looks of `weir watch`: the delay that a day's alerts may have.
const WATCH_MINUTES: u32 = 5;

/// Free space below which nothing more is taken: room enough for the tables of a night to be written, and for the system to live.
const KEEP_FREE: u64 = 1_000_000_000;

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// An address, or a range of them.
    Address(IpNet),
    /// Whoever holds the certificate with this SHA-256 fingerprint.
    Fingerprint([u8; 32]),
    /// Whoever holds a certificate of one's own authority in this name.
    Name(String),
}

/// What to do with what comes from a sender that no source names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownSender {
    /// It is turned away and counted.
    #[default]
    Refuse,
    /// It is kept in a folder of its own, which nothing reads.
    Keep,
}

/// The files of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The receiver's own certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities whose certificates senders must hold.
    pub client_ca: PathBuf,
}

/// `[listen]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listening {
    /// Addresses for syslog over UDP.
    pub udp: Vec<SocketAddr>,
    /// Addresses for syslog over TCP.
    pub tcp: Vec<SocketAddr>,
    /// Addresses for syslog over TLS.
    pub tls: Vec<SocketAddr>,
    /// The files of TLS, where there is an address for it.
    pub tls_files: Option<TlsFiles>,
    /// Senders that no source names.
    pub unknown: UnknownSender,
    /// Where the numbers can be fetched; this machine alone.
    pub metrics: Option<SocketAddr>,
}

/// All that weir.toml says of receiving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiving {
    /// `[listen]`, where there is one.
    pub listen: Option<Listening>,
    /// Who sends for which source.
    pub senders: Vec<(Sender, SourceId)>,
    /// Files that are followed.
    pub tails: BTreeMap<SourceId, PathBuf>,
    /// Where what was received lies until it is read.
    pub spool: PathBuf,
    /// Minutes between two looks of `weir watch`.
    pub watch_minutes: u32,
    /// Bytes of the disk that stay free.
    pub keep_free: u64,
}

impl Default for Receiving {
    fn default() -> Self {
        Self {
            listen: None,
            senders: Vec::new(),
            tails: BTreeMap::new(),
            spool: PathBuf::from("spool"),
            watch_minutes: WATCH_MINUTES,
            keep_free: KEEP_FREE,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawListen {
    #[serde(default)]
    udp: Vec<Spanned<String>>,
    #[serde(default)]
    tcp: Vec<Spanned<String>>,
    #[serde(default)]
    tls: Vec<Spanned<String>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    unknown: Option<Spanned<String>>,
    metrics: Option<Spanned<String>>,
    spool: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWatch {
    minutes: Option<Spanned<u32>>,
}

/// What a source says of who sends for it, as written.
pub(crate) struct RawSenders {
    pub(crate) source: Spanned<String>,
    pub(crate) from: Vec<Spanned<String>>,
    pub(crate) tail: Option<PathBuf>,
}

/// Checks all of it together.
pub(crate) fn check(
    listen: Option<RawListen>,
    watch: Option<RawWatch>,
    keep_free: Option<Spanned<String>>,
    sources: Vec<RawSenders>,
    home: &Path,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Receiving {
    let mut receiving = Receiving { spool: home.join("spool"), ..Receiving::default() };
    if let Some(raw) = listen {
        if let Some(spool) = &raw.spool {
            receiving.spool = home.join(spool);
        }
        receiving.listen = Some(check_listen(raw, home, place, problems));
    }
    if let Some(minutes) = watch.and_then(|watch| watch.minutes) {
        match *minutes.get_ref() {
            found @ 1..=60 => receiving.watch_minutes = found,
            found => place.refuse(&minutes, "watch.minutes", format!("found {found}; use 1 to 60"), problems),
        }
    }
    if let Some(text) = keep_free {
        match size(text.get_ref()) {
            Some(bytes) => receiving.keep_free = bytes,
            None => {
                let what = format!("{}; use a size such as \"2 GB\" or \"500 MB\"", found_text(text.get_ref()));
                place.refuse(&text, "keep_free", what, problems);
            }
        }
    }
    let has_tls = receiving.listen.as_ref().is_some_and(|listen| listen.tls_files.is_some());
    let mut seen: BTreeMap<Sender, String> = BTreeMap::new();
    for raw in sources {
        let Ok(source) = SourceId::parse(raw.source.get_ref()) else { continue };
        let key = format!("source {source}.from");
        if source.as_str() == UNKNOWN_SENDERS && !(raw.from.is_empty() && raw.tail.is_none()) {
            place.refuse(&raw.source, "source.id", "is the name of the spool's own folder; choose another", problems);
        }
        for text in raw.from {
            let sender = match sender(text.get_ref()) {
                Some(sender) => sender,
                None => {
                    let what = format!(
                        "{}; use an address (192.0.2.10), a range (10.20.0.0/16), sha256: and a certificate's fingerprint, or the name in \
                         a certificate (gate.school.example)",
                        found_text(text.get_ref())
                    );
                    place.refuse(&text, &key, what, problems);
                    continue;
                }
            };
            if receiving.listen.is_none() {
                place.refuse(&text, &key, "names a sender, but weir.toml has no [listen]; docs/receiving.md shows one", problems);
            } else if !matches!(sender, Sender::Address(_)) && !has_tls {
                place.refuse(&text, &key, "names a certificate, but [listen] has no tls", problems);
            } else if let Some(first) = seen.insert(sender.clone(), source.to_string()) {
                place.refuse(&text, &key, format!("is a sender of {first} already; a sender has one source"), problems);
            } else {
                receiving.senders.push((sender, source.clone()));
            }
        }
        if let Some(path) = raw.tail {
            receiving.tails.insert(source, home.join(path));
        }
    }
    receiving
}

fn check_listen(raw: RawListen, home: &Path, place: &Place<'_>, problems: &mut Problems) -> Listening {
    let mut address = |text: &Spanned<String>, key: &str| match text.get_ref().parse::<SocketAddr>() {
        Ok(address) => Some(address),
        Err(_) => {
            let what = format!("{}; use an address and a port, for example \"0.0.0.0:6514\"", found_text(text.get_ref()));
            place.refuse(text, key, what, problems);
            None
        }
    };
    let udp = raw.udp.iter().filter_map(|text| address(text, "listen.udp")).collect();
    let tcp = raw.tcp.iter().filter_map(|text| address(text, "listen.tcp")).collect();
    let tls = raw.tls.iter().filter_map(|text| address(text, "listen.tls")).collect();
    let metrics = raw.metrics.as_ref().and_then(|text| address(text, "listen.metrics"));
    if let (Some(text), Some(address)) = (&raw.metrics, metrics)
        && !address.ip().is_loopback()
    {
        let what = "can be reached from other machines, and names your senders; use 127.0.0.1";
        place.refuse(text, "listen.metrics", what, problems);
    }
    let unknown = match raw.unknown.as_ref().map(|text| (text, text.get_ref().as_str())) {
        None | Some((_, "refuse")) => UnknownSender::Refuse,
        Some((_, "keep")) => UnknownSender::Keep,
        Some((text, found)) => {
            place.refuse(text, "listen.unknown", found_use(found, &["refuse", "keep"]), problems);
            UnknownSender::Refuse
        }
    };
    let tls_files = match (raw.certificate, raw.key, raw.client_ca) {
        (Some(certificate), Some(key), Some(client_ca)) => {
            Some(TlsFiles { certificate: home.join(certificate), key: home.join(key), client_ca: home.join(client_ca) })
        }
        _ => None,
    };
    if let (Some(first), None) = (raw.tls.first(), &tls_files) {
        place.refuse(
            first,
            "listen.tls",
            "needs certificate, key and client_ca; docs/receiving.md shows how to make them",
            problems,
        );
    }
    Listening { udp, tcp, tls, tls_files, unknown, metrics }
}

fn sender(text: &str) -> Option<Sender> {
    let text = text.trim();
    if let Some(range) = parse_range(text) {
        return Some(Sender::Address(range));
    }
    if let Some(hex) = text.strip_prefix("sha256:").or_else(|| text.strip_prefix("SHA256:")) {
        let hex: String = hex.chars().filter(|letter| *letter != ':').collect();
        let mut fingerprint = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (byte, pair) in fingerprint.iter_mut().zip(hex.as_bytes().as_chunks::<2>().0) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(Sender::Fingerprint(fingerprint));
    }
    let name = text.to_lowercase();
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // An address that was mistyped is no name: the last part of a name is no number.
    let is_name = name.split('.').all(is_label) && name.split('.').next_back().is_some_and(|last| last.parse::<u32>().is_err());
    is_name.then_some(Sender::Name(name))
}

/// `2 GB`, `500MB`.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at_checked(split)?;
    let unit: u64 = match unit.trim().to_ascii_uppercase().as_str() {
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && (0.0..1e6).contains(&number)).then_some((number * unit as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders() {
        let range = |text: &str| Some(Sender::Address(text.parse().unwrap()));
        let name = |text: &str| Some(Sender::Name(text.to_owned()));
        let print = format!("sha256:{}", "AB:".repeat(31) + "ab");
        let table: &[(&str, Option<Sender>)] = &[
            ("192.0.2.10", range("192.0.2.10/32")),
            ("10.20.1.0/16", range("10.20.0.0/16")),
            ("2001:db8::/48", range("2001:db8::/48")),
            ("Gate.School.example", name("gate.school.example")),
            (&print, Some(Sender::Fingerprint([0xab; 32]))),
            ("sha256:ab", None),
            ("10.20.1", None),
            ("10.20.1.300", None),
            ("gate school", None),
            ("", None),
        ];
        for (text, wanted) in table {
            assert_eq!(sender(text), *wanted, "{text}");
        }
    }

    #[test]
    fn sizes() {
        let table =
            [("2 GB", Some(2_000_000_000)), ("500MB", Some(500_000_000)), ("1.5 gb", Some(1_500_000_000)), ("0 GB", Some(0))];
        for (text, wanted) in table.into_iter().chain([("2", None), ("GB", None), ("-1 GB", None), ("2 GiB", None)]) {
            assert_eq!(size(text), wanted, "{text}");
        }
    }
}
