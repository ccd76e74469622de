//! Splits what a log says of a URL into scheme, host, path and query, as slices of the line.
//!
//! Logs write a whole URL, a host with a path but no scheme, `host:443` of a CONNECT, or the parts in columns of their own; parts
//! given apart win. User-info and fragments are dropped. Nothing is percent-decoded: a path is kept as it was asked for.

use crate::decoded::{Decoded, Field, Kind};

/// The parts of a URL. Empty means not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UrlParts<'a> {
    /// As written, without `://`.
    pub scheme: &'a [u8],
    /// As written, without port, user-info and the brackets of an IPv6 address.
    pub host: &'a [u8],
    /// Port, where given.
    pub port: Option<u16>,
    /// From the first `/` on.
    pub path: &'a [u8],
    /// After `?`, without it.
    pub query: &'a [u8],
}

/// Splits one text: a URL, a host with or without port and path, or a path alone.
pub fn split(text: &[u8]) -> UrlParts<'_> {
    let text = text.trim_ascii();
    let (scheme, rest) = split_scheme(text);
    if scheme.is_empty() && rest.first().is_some_and(|byte| matches!(byte, b'/' | b'?')) && !rest.starts_with(b"//") {
        let (path, query) = split_query(rest);
        return UrlParts { path, query, ..UrlParts::default() };
    }
    let rest = rest.strip_prefix(b"//").unwrap_or(rest);
    let (authority, rest) = cut_authority(rest);
    let (host, port) = split_authority(authority);
    let (path, query) = split_query(rest);
    UrlParts { scheme, host, port, path, query }
}

/// `https` of `https://...`; nothing where no `://` follows a well-formed scheme.
#[inline]
fn split_scheme(text: &[u8]) -> (&[u8], &[u8]) {
    if text.starts_with(b"https://") {
        return (&text[..5], &text[6..]);
    }
    if text.starts_with(b"http://") {
        return (&text[..4], &text[5..]);
    }
    let Some(colon) = text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.' | b'_'))
    else {
        return (&[], text);
    };
    let (scheme, rest) = text.split_at(colon);
    if rest.starts_with(b"://") && scheme.first().is_some_and(u8::is_ascii_alphabetic) {
        (scheme, &rest[1..])
    } else {
        (&[], text)
    }
}

/// What stands before the path, and where its last `@` and its colons are.
#[inline]
fn cut_authority(text: &[u8]) -> (Authority<'_>, &[u8]) {
    // Nearly always a host alone, with a path behind it.
    let first = crate::decode::find_any(text, 0, *b"/?#@:");
    if !matches!(text.get(first), Some(b'@' | b':')) {
        let (host_port, rest) = text.split_at(first);
        return (Authority { host_port, colon: 0, colons: 0 }, rest);
    }
    let end = memchr::memchr3(b'/', b'?', b'#', text).unwrap_or(text.len());
    let (authority, rest) = text.split_at(end);
    let host_port = memchr::memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..]);
    let colon = memchr::memrchr(b':', host_port).unwrap_or(0);
    let colons = memchr::memchr_iter(b':', host_port).count() as u32;
    (Authority { host_port, colon, colons }, rest)
}

struct Authority<'a> {
    host_port: &'a [u8],
    /// The last colon, if there are any.
    colon: usize,
    colons: u32,
}

fn split_authority(authority: Authority<'_>) -> (&[u8], Option<u16>) {
    let Authority { host_port, colon, colons } = authority;
    if let Some(inner) = host_port.strip_prefix(b"[") {
        return match memchr::memchr(b']', inner) {
            Some(close) => (&inner[..close], inner[close + 1..].strip_prefix(b":").and_then(port_number)),
            None => (inner, None),
        };
    }
    match colons {
        0 => (host_port, None),
        1 if colon + 1 == host_port.len() => (&host_port[..colon], None),
        1 => match port_number(&host_port[colon + 1..]) {
            Some(port) => (&host_port[..colon], Some(port)),
            // `error:invalid-request` and its kin: a proxy's own word, no host.
            None => (&[], None),
        },
        // More than one colon and no brackets: an IPv6 address as it stands.
        _ => (host_port, None),
    }
}

fn port_number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 5 {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u32, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
        .and_then(|number| u16::try_from(number).ok())
}

/// Path and query; the fragment goes.
fn split_query(rest: &[u8]) -> (&[u8], &[u8]) {
    let mark = crate::decode::find_either(rest, 0, b'?', b'#');
    if mark == rest.len() {
        return (rest, &[]);
    }
    let (path, after) = (&rest[..mark], &rest[mark + 1..]);
    if rest[mark] == b'#' {
        return (path, &[]);
    }
    (path, memchr::memchr(b'#', after).map_or(after, |hash| &after[..hash]))
}

/// A value, or nothing where the log writes `-` for it.
fn given(text: &[u8]) -> &[u8] {
    match text.trim_ascii() {
        b"-" => &[],
        text => text,
    }
}

/// The URL of a row, from whichever fields the format fills. A CONNECT and a DNS question have no path.
pub fn of_row<'a>(decoded: &Decoded<'a>) -> UrlParts<'a> {
    let mut parts = split(given(decoded.text(Field::Url)));
    let host = given(decoded.text(Field::Host));
    if !host.is_empty() {
        let apart = split(host);
        if !apart.host.is_empty() {
            parts.host = apart.host;
            parts.port = apart.port.or(parts.port);
        }
        if parts.path.is_empty() && parts.query.is_empty() {
            (parts.path, parts.query) = (apart.path, apart.query);
        }
        if parts.scheme.is_empty() {
            parts.scheme = apart.scheme;
        }
    }
    let path = given(decoded.text(Field::Path));
    if !path.is_empty() {
        // Some products write the whole URL into the path column.
        let (scheme, rest) = split_scheme(path);
        if scheme.is_empty() {
            let (path, query) = split_query(rest);
            parts.path = path;
            if !query.is_empty() {
                parts.query = query;
            }
        } else {
            let apart = split(path);
            (parts.path, parts.query) = (apart.path, apart.query);
            if parts.host.is_empty() {
                (parts.host, parts.port) = (apart.host, apart.port);
            }
            if parts.scheme.is_empty() {
                parts.scheme = apart.scheme;
            }
        }
    }
    let query = given(decoded.text(Field::Query));
    if !query.is_empty() {
        parts.query = query.strip_prefix(b"?").unwrap_or(query);
    }
    let scheme = given(decoded.text(Field::Scheme));
    if !scheme.is_empty() {
        let end = scheme.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(scheme.len());
        parts.scheme = &scheme[..end];
    }
    if is_connect(decoded.text(Field::Method)) || parts.scheme.eq_ignore_ascii_case(b"tunnel") {
        (parts.scheme, parts.path, parts.query) = (b"https", &[], &[]);
    } else if decoded.kind == Kind::Dns {
        (parts.scheme, parts.path, parts.query) = (&[], &[], &[]);
    } else if parts.scheme.eq_ignore_ascii_case(b"ssl") || parts.scheme.eq_ignore_ascii_case(b"tls") {
        parts.scheme = b"https";
    } else if parts.scheme.is_empty() {
        parts.scheme = match parts.port {
            Some(443) => b"https",
            Some(80) => b"http",
            _ => &[],
        };
    }
    parts
}

/// Whether the method opens a tunnel.
pub fn is_connect(method: &[u8]) -> bool {
    method.eq_ignore_ascii_case(b"CONNECT")
}

/// Writes a host as it is stored: UTF-8, lower case, without the dot that ends a full DNS name. Punycode stays as it is.
pub fn clean_host(raw: &[u8], into: &mut Vec<u8>) {
    into.clear();
    let raw = raw.trim_ascii().strip_suffix(b".").unwrap_or(raw.trim_ascii());
    if raw.is_ascii() {
        into.extend(raw.iter().map(u8::to_ascii_lowercase));
    } else {
        into.extend_from_slice(String::from_utf8_lossy(raw).to_lowercase().as_bytes());
    }
}

/// The registrable domain of a clean host. None for addresses, for single labels and for a public suffix itself: nobody
/// registered those, and a made-up domain would join what does not belong together.
pub fn registrable_domain(host: &[u8]) -> Option<&[u8]> {
    if is_address(host) || memchr::memchr(b'.', host).is_none() {
        return None;
    }
    psl::domain(host).map(|domain| domain.as_bytes())
}

/// Whether a host is an IP address.
pub fn is_address(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| host.parse::<std::net::IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoded::Outcome;
    use proptest::prelude::*;

    fn show(parts: UrlParts<'_>) -> [String; 5] {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let port = parts.port.map_or_else(String::new, |port| port.to_string());
        [text(parts.scheme), text(parts.host), port, text(parts.path), text(parts.query)]
    }

    #[test]
    fn urls_split() {
        for (url, want) in [
            ("https://maps.example/a/b?c=d&e=f#top", ["https", "maps.example", "", "/a/b", "c=d&e=f"]),
            ("HTTP://Maps.Example:8080/", ["HTTP", "Maps.Example", "8080", "/", ""]),
            ("https://maps.example", ["https", "maps.example", "", "", ""]),
            ("https://maps.example?q=1", ["https", "maps.example", "", "", "q=1"]),
            ("maps.example/a?b", ["", "maps.example", "", "/a", "b"]),
            ("maps.example:443", ["", "maps.example", "443", "", ""]),
            ("maps.example:", ["", "maps.example", "", "", ""]),
            ("//maps.example/a", ["", "maps.example", "", "/a", ""]),
            ("/a/b?c=http://x.example/?d", ["", "", "", "/a/b", "c=http://x.example/?d"]),
            ("?only=query", ["", "", "", "", "only=query"]),
            ("ftp://apatel:pw@files.example:21/x", ["ftp", "files.example", "21", "/x", ""]),
            ("http://[2001:db8::1]:8443/x", ["http", "2001:db8::1", "8443", "/x", ""]),
            ("[2001:db8::1]:443", ["", "2001:db8::1", "443", "", ""]),
            ("[2001:db8::1", ["", "2001:db8::1", "", "", ""]),
            ("2001:db8::1", ["", "2001:db8::1", "", "", ""]),
            ("error:invalid-request", ["", "", "", "", ""]),
            ("maps.example/@51.5,-0.1,15z?x#y?z", ["", "maps.example", "", "/@51.5,-0.1,15z", "x"]),
            ("maps.example:99999/x", ["", "", "", "/x", ""]),
            ("  https://maps.example/x  ", ["https", "maps.example", "", "/x", ""]),
            ("", ["", "", "", "", ""]),
            ("http://", ["http", "", "", "", ""]),
            ("://", ["", "", "", "//", ""]),
        ] {
            assert_eq!(show(split(url.as_bytes())), want, "{url}");
        }
    }

    #[test]
    fn parts_given_apart_win() {
        type Given = &'static [(Field, &'static str)];
        let cases: &[(Kind, Given, [&str; 5])] = &[
            (
                Kind::Web,
                &[(Field::Url, "https://a.example/x?y=1"), (Field::Host, "B.example")],
                ["https", "B.example", "", "/x", "y=1"],
            ),
            (Kind::Web, &[(Field::Host, "a.example"), (Field::Path, "/x?y=1")], ["", "a.example", "", "/x", "y=1"]),
            (Kind::Web, &[(Field::Host, "a.example"), (Field::Url, "/x?y=1")], ["", "a.example", "", "/x", "y=1"]),
            (
                Kind::Web,
                &[(Field::Url, "http://a.example/z?old"), (Field::Path, "/x"), (Field::Query, "?y=2")],
                ["http", "a.example", "", "/x", "y=2"],
            ),
            (Kind::Web, &[(Field::Path, "https://a.example/x?y")], ["https", "a.example", "", "/x", "y"]),
            (Kind::Web, &[(Field::Method, "CONNECT"), (Field::Url, "a.example:443")], ["https", "a.example", "443", "", ""]),
            (Kind::Web, &[(Field::Method, "connect"), (Field::Url, "https://a.example/")], ["https", "a.example", "", "", ""]),
            (Kind::Web, &[(Field::Url, "tunnel://a.example:443/")], ["https", "a.example", "443", "", ""]),
            (Kind::Web, &[(Field::Scheme, "SSL"), (Field::Host, "a.example")], ["https", "a.example", "", "", ""]),
            (Kind::Web, &[(Field::Scheme, "https://"), (Field::Host, "a.example")], ["https", "a.example", "", "", ""]),
            (Kind::Web, &[(Field::Scheme, "-"), (Field::Host, "a.example:80")], ["http", "a.example", "80", "", ""]),
            (Kind::Web, &[(Field::Host, "-"), (Field::Path, "-"), (Field::Query, "-")], ["", "", "", "", ""]),
            (Kind::Dns, &[(Field::Host, "a.example.")], ["", "a.example.", "", "", ""]),
        ];
        for (kind, given, want) in cases {
            let mut decoded = Decoded::empty(Outcome::Event);
            decoded.kind = *kind;
            for (field, value) in *given {
                decoded.text[*field as usize] = value.as_bytes();
            }
            assert_eq!(show(of_row(&decoded)), *want, "{given:?}");
        }
    }

    #[test]
    fn hosts_are_cleaned_and_have_domains() {
        for (raw, host, domain) in [
            (&b"WWW.Maps.Example."[..], "www.maps.example", Some("maps.example")),
            (b"www.oakfield.sch.uk", "www.oakfield.sch.uk", Some("www.oakfield.sch.uk")),
            (b"a.b.maps.co.uk", "a.b.maps.co.uk", Some("maps.co.uk")),
            (b"xn--bcher-kva.example", "xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example".as_bytes(), "bücher.example", Some("bücher.example")),
            (b"b\xfccher.example", "b\u{fffd}cher.example", Some("b\u{fffd}cher.example")),
            (b"192.0.2.7", "192.0.2.7", None),
            (b"2001:DB8::1", "2001:db8::1", None),
            (b"intranet", "intranet", None),
            (b"co.uk", "co.uk", None),
            (b"", "", None),
        ] {
            let mut clean = Vec::new();
            clean_host(raw, &mut clean);
            assert_eq!(String::from_utf8(clean.clone()).unwrap(), host);
            let found = registrable_domain(&clean).map(|domain| String::from_utf8(domain.to_vec()).unwrap());
            assert_eq!(found.as_deref(), domain, "{host}");
        }
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn any_bytes_split_without_a_panic_and_hosts_are_text(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let parts = split(&bytes);
            let mut clean = Vec::new();
            clean_host(parts.host, &mut clean);
            prop_assert!(std::str::from_utf8(&clean).is_ok());
            registrable_domain(&clean);
        }

        #[test]
        fn url_like_bytes_split_without_a_panic(text in "[a-z:/@?#\\[\\].0-9%-]{0,60}") {
            let parts = split(text.as_bytes());
            prop_assert!(!parts.path.contains(&b'?') && !parts.path.contains(&b'#') && !parts.query.contains(&b'#'));
            prop_assert!(!parts.host.contains(&b'/') && !parts.host.contains(&b'@'));
        }

        #[test]
        fn splitting_and_joining_keeps_path_and_query(
            scheme in "(https?://)?", host in "[a-z0-9]{1,9}(\\.[a-z]{2,5}){1,3}", port in "(:[0-9]{1,4})?",
            path in "(/[ -\"$->@-~é]{0,20}){0,3}", query in "(\\?[ -\"$-~é]{1,20})?",
        ) {
            let url = format!("{scheme}{host}{port}{path}{query}");
            let url = url.trim_end();
            let parts = split(url.as_bytes());
            let mut joined = parts.path.to_vec();
            if !parts.query.is_empty() {
                joined.push(b'?');
                joined.extend_from_slice(parts.query);
            }
            let start = scheme.len() + host.len() + port.len();
            let rest = &url.as_bytes()[start..];
            // A question mark with nothing after it is no query.
            let rest = if parts.query.is_empty() { rest.strip_suffix(b"?").unwrap_or(rest) } else { rest };
            prop_assert_eq!(parts.host, host.as_bytes());
            prop_assert_eq!(joined, rest);
        }
    }
}
