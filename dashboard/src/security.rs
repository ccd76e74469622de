//! Who may speak to the pages, and what a browser may do with them.
//!
//! The pages answer on this machine, over TLS, or through the proxy that weir.toml names. The address alone does not settle that: a web page
//! elsewhere can point its own name at 127.0.0.1 and read us through the browser, so the `Host` header must name us, too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use weir_lake::estate::Serving;

use crate::error::PageError;

/// No script, no inline style, nothing from elsewhere, no frame around us, forms only to ourselves.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every answer. `no-store`: figures about a school stay out of a shared computer's cache.
const HEADERS: [(HeaderName, &str); 9] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// How long a page may take. A school's first page of the day takes about a second on an idle machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Under which names the pages answer, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    port: u16,
    serving: Arc<Serving>,
}

impl Own {
    pub(crate) fn new(port: u16, serving: &Serving) -> Self {
        Self { port, serving: Arc::new(serving.clone()) }
    }

    /// What people open.
    fn url(&self) -> String {
        self.serving.url.clone().unwrap_or_else(|| format!("http://localhost:{}/", self.port))
    }

    /// Whether a `Host` value names us: this machine and port, or the name that weir.toml gives.
    fn accepts(&self, host: &str) -> bool {
        if let Some(url) = &self.serving.url {
            return url.strip_prefix("https://").is_some_and(|own| own.eq_ignore_ascii_case(host));
        }
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        let name_is_ours = name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]";
        let port_is_ours = match port {
            Some(digits) => digits == self.port.to_string(),
            None => self.port == 80,
        };
        name_is_ours && port_is_ours
    }

    /// Whether a machine may ask at all. Behind a proxy nobody else may, unless Weir itself speaks TLS: what comes past it had none.
    fn answers(&self, peer: Option<SocketAddr>) -> bool {
        match (&self.serving.url, peer) {
            (Some(_), Some(_)) if self.serving.tls.is_some() => true,
            (None, None) => true,
            (None, Some(peer)) => peer.ip().to_canonical().is_loopback(),
            (Some(_), None) => false,
            (Some(_), Some(peer)) => self.serving.trusted_proxies.contains(&peer.ip().to_canonical()),
        }
    }
}

/// Refuses a foreign `Host` or a machine that may not ask (421), then sets the headers on whatever answers.
pub(crate) async fn guard(State(own): State<Own>, request: Request, next: Next) -> Response {
    // Two Host headers, or a request line that names another host than the header, are refused as well.
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let header_is_ours =
        matches!((hosts.next(), hosts.next()), (Some(host), None) if host.to_str().is_ok_and(|host| own.accepts(host)));
    let target_is_ours = request.uri().authority().is_none_or(|authority| own.accepts(authority.as_str()));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let is_ours = header_is_ours && target_is_ours && own.answers(peer);
    let mut response = if is_ours { next.run(request).await } else { PageError::Misdirected(own.url()).into_response() };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // A style sheet under its own digest may stay; it says nothing about anyone.
        if !(name == header::CACHE_CONTROL && headers.contains_key(header::CACHE_CONTROL)) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if own.serving.url.is_some() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// How long an upload may take to come in, be looked at or be read.
const LONGEST_UPLOAD: Duration = Duration::from_secs(15 * 60);

/// Ends what takes too long: a form that is sent a byte a minute, or a page the engine never makes.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    let is_upload = request.uri().path().split('/').nth(3) == Some("upload");
    let longest = if is_upload { LONGEST_UPLOAD } else { LONGEST };
    match tokio::time::timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("a page took too long");
            PageError::Busy.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_named() {
        for (host, port, wanted) in [
            ("localhost:8080", 8080, true),
            ("LocalHost:8080", 8080, true),
            ("127.0.0.1:8080", 8080, true),
            ("[::1]:8080", 8080, true),
            ("localhost", 80, true),
            ("[::1]", 80, true),
            ("localhost", 8080, false),
            ("localhost:8081", 8080, false),
            ("localhost:08080", 8080, false),
            ("evil.example:8080", 8080, false),
            ("localhost.evil.example:8080", 8080, false),
            ("127.0.0.1.evil.example:8080", 8080, false),
            ("127.0.0.2:8080", 8080, false),
            ("::1:8080", 8080, false),
            ("user@localhost:8080", 8080, false),
            ("localhost:8080 ", 8080, false),
            ("", 8080, false),
        ] {
            assert_eq!(Own::new(port, &Serving::default()).accepts(host), wanted, "{host} on {port}");
        }
    }

    #[test]
    fn behind_a_proxy_only_its_name_and_the_proxy_itself_are_answered() {
        let serving = Serving {
            url: Some("https://weir.school.example".into()),
            trusted_proxies: vec!["192.0.2.1".parse().unwrap()],
            ..Serving::default()
        };
        let own = Own::new(8600, &serving);
        for (host, wanted) in [
            ("weir.school.example", true),
            ("WEIR.school.example", true),
            ("weir.school.example:8600", false),
            ("weir.school.example.evil.example", false),
            ("localhost:8600", false),
        ] {
            assert_eq!(own.accepts(host), wanted, "{host}");
        }
        for (peer, wanted) in [
            ("192.0.2.1:50000", true),
            ("[::ffff:192.0.2.1]:50000", true),
            ("192.0.2.2:50000", false),
            ("127.0.0.1:50000", false),
        ] {
            assert_eq!(own.answers(Some(peer.parse().unwrap())), wanted, "{peer}");
        }
        assert!(!own.answers(None));
        let here = Own::new(8600, &Serving::default());
        assert!(here.answers(Some("[::1]:50000".parse().unwrap())) && !here.answers(Some("192.0.2.1:50000".parse().unwrap())));
    }
}
