//! Whose address a request comes from: the machine at the other end, unless it is a proxy that weir.toml names.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The header a proxy adds the address of whoever asked it to, at its end.
const FORWARDED: &str = "x-forwarded-for";

/// The client's address. The header is believed only as far as trusted proxies wrote it: from its end to the first address that is
/// none of theirs. What stands before that was written by whoever asked.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.contains(&address.to_canonical());
    let peer = peer.to_canonical();
    if !is_proxy(&peer) {
        return peer;
    }
    let mut nearest = peer;
    let lines: Vec<&str> = headers.get_all(FORWARDED).iter().map(|line| line.to_str().unwrap_or("?")).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !is_proxy(&nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_believed_as_far_as_a_proxy_wrote_it() {
        let proxies: Vec<IpAddr> = vec!["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        for (peer, lines, wanted) in [
            ("198.51.100.7", &["203.0.113.9"][..], "198.51.100.7"),
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("::ffff:192.0.2.1", &["203.0.113.9"][..], "203.0.113.9"),
            // What the client wrote itself stands before what the proxy added.
            ("192.0.2.1", &["10.0.0.1, 203.0.113.9"][..], "203.0.113.9"),
            ("192.0.2.1", &["10.0.0.1", "203.0.113.9"][..], "203.0.113.9"),
            ("192.0.2.1", &["10.0.0.1, 203.0.113.9, 192.0.2.2"][..], "203.0.113.9"),
            ("192.0.2.1", &["203.0.113.9, nonsense"][..], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9,"][..], "192.0.2.1"),
            ("192.0.2.1", &["192.0.2.2, 192.0.2.2"][..], "192.0.2.2"),
            ("192.0.2.1", &["2001:db8::7"][..], "2001:db8::7"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED, line.parse().unwrap());
            }
            assert_eq!(client(peer.parse().unwrap(), &headers, &proxies), wanted.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
    }
}
