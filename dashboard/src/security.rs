//! Who may speak to the pages, and what a browser may do with them.
//!
//! Until there is sign-in the pages answer on this machine only. The address alone does not settle that: a web page elsewhere
//! can point its own name at 127.0.0.1 and read us through the browser, so the `Host` header must name this machine, too.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

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

/// The port the pages were opened on; part of every address that may be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnPort(pub(crate) u16);

impl OwnPort {
    /// Whether a `Host` value names this machine and port.
    pub(crate) fn accepts(self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        let name_is_ours = name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]";
        let port_is_ours = match port {
            Some(digits) => digits == self.0.to_string(),
            None => self.0 == 80,
        };
        name_is_ours && port_is_ours
    }
}

/// Refuses a foreign `Host` (421), then sets the headers on whatever answers.
pub(crate) async fn guard(State(port): State<OwnPort>, request: Request, next: Next) -> Response {
    // Two Host headers, or a request line that names another host than the header, are refused as well.
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let header_is_ours =
        matches!((hosts.next(), hosts.next()), (Some(host), None) if host.to_str().is_ok_and(|host| port.accepts(host)));
    let target_is_ours = request.uri().authority().is_none_or(|authority| port.accepts(authority.as_str()));
    let mut response =
        if header_is_ours && target_is_ours { next.run(request).await } else { PageError::Misdirected(port.0).into_response() };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // A style sheet under its own digest may stay; it says nothing about anyone.
        if !(name == header::CACHE_CONTROL && headers.contains_key(header::CACHE_CONTROL)) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
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
            assert_eq!(OwnPort(port).accepts(host), wanted, "{host} on {port}");
        }
    }
}
