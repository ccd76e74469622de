//! `[[fetch]]` of weir.toml: from where a source's exports are pulled, and in which files the keys for it lie. Never a key itself, and no
//! other place than those that stand here.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use url::{Host, Url};

use super::Source;
use super::error::{found_text, found_use};
use super::places::is_inside;
use super::settings::Place;
use super::table::Problems;
use crate::ids::SourceId;

/// Days that are looked at where nothing is said: a night that did not come, and clocks that differ.
const DAYS: u32 = 3;

/// The region where none is said: an S3-compatible store mostly asks for none.
const REGION: &str = "us-east-1";

/// Where exports lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFrom {
    /// An SFTP server.
    Sftp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// The account there.
        user: String,
        /// The folder below which `prefix` is looked for.
        folder: String,
        /// The keys of servers that are known; no other is spoken to.
        known_hosts: PathBuf,
    },
    /// A bucket of S3, or of what speaks like it.
    S3 {
        /// The bucket.
        bucket: String,
        /// The server's address, where it is not Amazon's.
        endpoint: Option<String>,
        /// The region.
        region: String,
    },
}

/// One place from which a source's exports are pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The source.
    pub source: SourceId,
    /// Its inbox.
    pub inbox: PathBuf,
    /// Where they lie.
    pub from: FetchFrom,
    /// How their names begin; `{year}`, `{month}` and `{day}` stand for a date.
    pub prefix: String,
    /// The file of the key; for a bucket none where the environment holds it.
    pub key_file: Option<PathBuf>,
    /// Days back that are looked at, where `prefix` names a date.
    pub days: u32,
    /// Addresses of this link alone may be spoken to.
    pub allow_link_local: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFetch {
    source: Spanned<String>,
    from: Spanned<String>,
    prefix: Option<Spanned<String>>,
    key_file: Option<PathBuf>,
    known_hosts: Option<Spanned<PathBuf>>,
    endpoint: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    days: Option<Spanned<u32>>,
    #[serde(default)]
    allow_link_local: bool,
}

/// Whether an address is one of this link, of a machine's own metadata, or of nobody: nothing that a filter's export would lie on.
pub fn is_link_local(address: IpAddr) -> bool {
    // Amazon's metadata over IPv6, and Alibaba's.
    const METADATA: [IpAddr; 2] =
        [IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200))];
    let address = address.to_canonical();
    METADATA.contains(&address)
        || match address {
            IpAddr::V4(v4) => v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast(),
            IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast(),
        }
}

/// Checks all of it against the sources.
pub(crate) fn check(
    raw: Vec<RawFetch>,
    home: &Path,
    sources: &BTreeMap<SourceId, Source>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Vec<Fetch> {
    raw.into_iter().filter_map(|raw| check_one(raw, home, sources, place, problems)).collect()
}

fn check_one(
    raw: RawFetch,
    home: &Path,
    sources: &BTreeMap<SourceId, Source>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Fetch> {
    let before = problems.0.len();
    let source = SourceId::parse(raw.source.get_ref()).ok().and_then(|id| sources.get(&id));
    let Some(source) = source else {
        let known: Vec<&str> = sources.keys().map(SourceId::as_str).collect();
        place.refuse(&raw.source, "fetch.source", found_use(raw.source.get_ref(), &known), problems);
        return None;
    };
    let inbox = source.inbox.clone().filter(|inbox| is_inside(inbox, home));
    if inbox.is_none() {
        let what = format!(
            "{} needs an inbox in this folder, for example inbox = \"inbox/{}\"",
            found_text(raw.source.get_ref()),
            source.id
        );
        place.refuse(&raw.source, "fetch.source", what, problems);
    }
    let from = from(&raw, home, place, problems);
    let prefix = raw.prefix.as_ref().map_or(String::new(), |prefix| prefix.get_ref().trim_start_matches('/').to_owned());
    if let Some(found) = raw.prefix.as_ref().filter(|_| !is_prefix(&prefix)) {
        let what = format!(
            "{}; use how the names begin, for example \"dnslogs/{{year}}-{{month}}-{{day}}/\"; no \"..\"",
            found_text(found.get_ref())
        );
        place.refuse(found, "fetch.prefix", what, problems);
    }
    if let Some(days) = raw.days.as_ref().filter(|days| !(1..=31).contains(days.get_ref())) {
        place.refuse(days, "fetch.days", format!("found {}; use 1 to 31", days.get_ref()), problems);
    }
    let fetch = Fetch {
        source: source.id.clone(),
        inbox: inbox?,
        from: from?,
        prefix,
        key_file: raw.key_file.map(|file| home.join(file)),
        days: raw.days.map_or(DAYS, Spanned::into_inner),
        allow_link_local: raw.allow_link_local,
    };
    (problems.0.len() == before).then_some(fetch)
}

fn from(raw: &RawFetch, home: &Path, place: &Place<'_>, problems: &mut Problems) -> Option<FetchFrom> {
    let found = raw.from.get_ref();
    let mut refuse =
        |what: &str| place.refuse(&raw.from, "fetch.from", format!("{}; {what}", found_text(&without_account(found))), problems);
    let Ok(url) = Url::parse(found) else {
        refuse("use an address such as \"sftp://weir@files.example.org/exports\" or \"s3://bucket\"");
        return None;
    };
    if url.password().is_some() {
        refuse("no password may stand in weir.toml; use key_file");
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        refuse("leave out what follows ? or #");
        return None;
    }
    match url.scheme() {
        "sftp" => {
            let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
            let is_word = |text: &str, also: &[u8]| {
                !text.is_empty()
                    && !text.starts_with('-')
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
            };
            if !is_word(&host, b".-:_") || !is_word(url.username(), b".-_") {
                refuse("use sftp://ACCOUNT@HOST/FOLDER, with letters, digits, '.', '-' and '_' in account and host");
                return None;
            }
            if host.parse().is_ok_and(is_link_local) && !raw.allow_link_local {
                refuse(
                    "is an address of this link or of the machine's own metadata; allow_link_local = true lets it be spoken to",
                );
                return None;
            }
            if raw.endpoint.is_some() || raw.region.is_some() {
                refuse("endpoint and region are for s3:// alone");
                return None;
            }
            let folder = url.path().trim_end_matches('/').to_owned();
            if !is_prefix(folder.trim_start_matches('/')) {
                refuse("use a folder without \"..\" and without blanks");
                return None;
            }
            let known_hosts = raw.known_hosts.as_ref().map_or(Path::new("fetch/known_hosts"), |file| file.get_ref());
            let known_hosts = home.join(known_hosts);
            let user = url.username().to_owned();
            Some(FetchFrom::Sftp { host, port: url.port().unwrap_or(22), user, folder, known_hosts })
        }
        "s3" => {
            let bucket = url.host_str().unwrap_or_default().to_owned();
            let is_bucket = bucket.len() >= 3
                && bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
            if !is_bucket || !url.username().is_empty() || url.port().is_some() || !matches!(url.path(), "" | "/") {
                refuse("use s3://BUCKET, and prefix for the folder in it");
                return None;
            }
            if let Some(known_hosts) = &raw.known_hosts {
                place.refuse(known_hosts, "fetch.known_hosts", "is for sftp:// alone; leave it out", problems);
            }
            let endpoint = match &raw.endpoint {
                None => None,
                Some(found) => match endpoint(found.get_ref(), raw.allow_link_local) {
                    Ok(endpoint) => Some(endpoint),
                    Err(what) => {
                        place.refuse(
                            found,
                            "fetch.endpoint",
                            format!("{}; {what}", found_text(&without_account(found.get_ref()))),
                            problems,
                        );
                        None
                    }
                },
            };
            let region = raw.region.as_ref().map_or(REGION.to_owned(), |region| region.get_ref().clone());
            Some(FetchFrom::S3 { bucket, endpoint, region })
        }
        _ => {
            refuse("use sftp:// or s3://");
            None
        }
    }
}

/// An address as it may be said: before its @ may stand a password.
fn without_account(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("...@{rest}"))
}

fn endpoint(text: &str, allow_link_local: bool) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "use an address such as \"https://s3.example.org\"")?;
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
        Some(Host::Domain(_)) => None,
        None => return Err("use an address with a host"),
    };
    let is_here = address.is_some_and(|address| address.is_loopback()) || url.host_str() == Some("localhost");
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => return Err("use https://; plain http:// is for a server on this machine alone"),
    }
    if address.is_some_and(is_link_local) && !allow_link_local {
        return Err("is an address of this link or of the machine's own metadata; allow_link_local = true lets it be spoken to");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("leave out account, password and what follows ?");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether a text may stand at the beginning of names: plain letters, no way up, and only dates in braces.
fn is_prefix(text: &str) -> bool {
    let without = ["{year}", "{month}", "{day}"].iter().fold(text.to_owned(), |text, date| text.replace(date, "0"));
    without.split('/').all(|part| part != "..")
        && without.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_=+,@:".contains(&byte))
}

#[cfg(test)]
#[path = "fetching_tests.rs"]
mod tests;
