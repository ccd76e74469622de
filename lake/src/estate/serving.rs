//! `[serve]` of weir.toml: how the pages are reached, on this machine alone or through a proxy that speaks TLS for them.

use std::net::IpAddr;

use serde::Deserialize;
use toml::Spanned;

use super::error::found_text;
use super::settings::Place;
use super::table::Problems;

/// How the pages are reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Serving {
    /// The address to listen on; none is this machine alone.
    pub listen: Option<IpAddr>,
    /// What people open, `https://host` or `https://host:port`, where a proxy answers there.
    pub url: Option<String>,
    /// The proxies' own addresses: they alone may say whom they ask for.
    pub trusted_proxies: Vec<IpAddr>,
    /// Megabytes of an uploaded export at most; none is as many as Weir allows by itself.
    pub upload_mb: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServing {
    listen: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    #[serde(default)]
    trusted_proxies: Vec<Spanned<String>>,
    upload_mb: Option<Spanned<i64>>,
}

/// Checks the section.
pub(crate) fn check(raw: RawServing, place: &Place<'_>, problems: &mut Problems) -> Serving {
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
        if trusted_proxies.is_empty() {
            place.refuse(url, "serve.url", "needs trusted_proxies: Weir itself speaks no TLS, a proxy does", problems);
            return None;
        }
        Some(found.to_owned())
    });
    if let Some(raw) = raw.listen.as_ref()
        && listen.is_some_and(|listen| !listen.is_loopback())
        && url.is_none()
    {
        let what = "can be reached from other machines; give url and trusted_proxies as well, so that people come through TLS";
        place.refuse(raw, "serve.listen", what, problems);
    }
    let upload_mb = raw.upload_mb.as_ref().and_then(|most| match u32::try_from(*most.get_ref()) {
        Ok(found @ 1..=10_000) => Some(found),
        _ => {
            let what = format!("{}; use 1 to 10000 megabytes", found_text(&most.get_ref().to_string()));
            place.refuse(most, "serve.upload_mb", what, problems);
            None
        }
    });
    Serving { listen, url, trusted_proxies, upload_mb }
}
