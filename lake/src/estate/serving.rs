//! `[serve]` of weir.toml: how the pages are reached, on this machine alone, over TLS, or through a proxy that speaks TLS for them.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::found_text;
use super::places::is_inside;
use super::settings::Place;
use super::table::Problems;

/// How the pages are reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Serving {
    /// The address to listen on; none is this machine alone.
    pub listen: Option<IpAddr>,
    /// What people open, `https://host` or `https://host:port`, where a proxy or Weir itself answers there.
    pub url: Option<String>,
    /// The proxies' own addresses: they alone may say whom they ask for.
    pub trusted_proxies: Vec<IpAddr>,
    /// Certificate and key, where Weir itself speaks TLS.
    pub tls: Option<ServingTls>,
    /// Where numbers about the pages can be fetched; this machine alone.
    pub metrics: Option<SocketAddr>,
}

/// The files of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingTls {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServing {
    listen: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    #[serde(default)]
    trusted_proxies: Vec<Spanned<String>>,
    certificate: Option<Spanned<PathBuf>>,
    key: Option<Spanned<PathBuf>>,
    metrics: Option<Spanned<String>>,
}

/// Checks the section.
pub(crate) fn check(raw: RawServing, home: &Path, lake_root: &Path, place: &Place<'_>, problems: &mut Problems) -> Serving {
    let tls = check_tls(&raw, home, lake_root, place, problems);
    let metrics = raw.metrics.as_ref().and_then(|text| {
        let found = text.get_ref().parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
        if found.is_none() {
            let what = format!(
                "{}; use an address of this machine and a port, for example \"127.0.0.1:9601\"",
                found_text(text.get_ref())
            );
            place.refuse(text, "serve.metrics", what, problems);
        }
        found
    });
    let mut address = |text: &Spanned<String>, key: &str| match text.get_ref().parse::<IpAddr>() {
        Ok(address) => Some(address),
        Err(_) => {
            let what = format!("{}; use an address such as 192.0.2.10", found_text(text.get_ref()));
            place.refuse(text, key, what, problems);
            None
        }
    };
    let trusted_proxies: Vec<IpAddr> =
        raw.trusted_proxies.iter().filter_map(|proxy| address(proxy, "serve.trusted_proxies")).collect();
    let listen = raw.listen.as_ref().and_then(|listen| address(listen, "serve.listen"));
    let url = raw.url.as_ref().and_then(|url| {
        let found = url.get_ref().as_str();
        let host = found.strip_prefix("https://").unwrap_or_default();
        // As a browser writes it into its Origin header: lower case, no path, no port of its own accord.
        let is_plain = host.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':'));
        if host.is_empty() || !is_plain || host.ends_with(":443") {
            let what =
                format!("{}; use https:// and a host in lower case, for example https://weir.school.example", found_text(found));
            place.refuse(url, "serve.url", what, problems);
            return None;
        }
        if trusted_proxies.is_empty() && raw.certificate.is_none() {
            let what = "needs TLS: certificate and key of your own, or trusted_proxies where a proxy speaks it";
            place.refuse(url, "serve.url", what, problems);
            return None;
        }
        Some(found.to_owned())
    });
    if let Some(raw) = raw.listen.as_ref()
        && listen.is_some_and(|listen| !listen.is_loopback())
        && url.is_none()
    {
        let what = "can be reached from other machines; give url as well, and certificate and key or trusted_proxies, so that people come through TLS";
        place.refuse(raw, "serve.listen", what, problems);
    }
    if let (Some(certificate), None) = (&raw.certificate, &raw.url) {
        let what = "needs url, the name that the certificate is for, for example https://weir.school.example";
        place.refuse(certificate, "serve.certificate", what, problems);
    }
    Serving { listen, url, trusted_proxies, tls, metrics }
}

fn check_tls(raw: &RawServing, home: &Path, lake_root: &Path, place: &Place<'_>, problems: &mut Problems) -> Option<ServingTls> {
    match (&raw.certificate, &raw.key) {
        (Some(certificate), Some(key)) => {
            let tls = ServingTls { certificate: home.join(certificate.get_ref()), key: home.join(key.get_ref()) };
            if is_inside(&tls.key, lake_root) {
                place.refuse(key, "serve.key", "lies inside the lake, which others may read; put it elsewhere", problems);
            }
            Some(tls)
        }
        (Some(alone), None) => {
            place.refuse(alone, "serve.certificate", "needs key, the file of its private key", problems);
            None
        }
        (None, Some(alone)) => {
            place.refuse(alone, "serve.key", "needs certificate, the file it belongs to", problems);
            None
        }
        (None, None) => None,
    }
}
