//! Whose a sender's lines are, by its address or its certificate. Who is nobody's is never taken for a school's.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls;
use weir_lake::estate::Sender;
use weir_lake::ids::SourceId;

/// The senders that sources name.
#[derive(Debug, Default)]
pub struct Senders {
    /// The narrowest range first.
    ranges: Vec<(IpNet, SourceId)>,
    fingerprints: HashMap<[u8; 32], SourceId>,
    names: Vec<(ServerName<'static>, SourceId)>,
}

impl Senders {
    /// Of what weir.toml says.
    pub fn new(senders: &[(Sender, SourceId)]) -> Self {
        let mut all = Self::default();
        for (sender, source) in senders {
            match sender {
                Sender::Address(range) => all.ranges.push((*range, source.clone())),
                Sender::Fingerprint(fingerprint) => drop(all.fingerprints.insert(*fingerprint, source.clone())),
                Sender::Name(name) => {
                    if let Ok(name) = ServerName::try_from(name.clone()) {
                        all.names.push((name, source.clone()));
                    }
                }
            }
        }
        all.ranges.sort_by_key(|(range, _)| std::cmp::Reverse(range.prefix_len()));
        all
    }

    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.fingerprints.is_empty() && self.names.is_empty()
    }

    /// The source of an address: that of the narrowest range around it.
    pub fn by_address(&self, address: IpAddr) -> Option<&SourceId> {
        let address = address.to_canonical();
        self.ranges.iter().find(|(range, _)| range.contains(&address)).map(|(_, source)| source)
    }

    /// The source of a certificate that an authority of ours vouches for: by its fingerprint, then by the names in it.
    pub fn by_certificate(&self, certificate: &CertificateDer<'_>) -> Option<&SourceId> {
        let fingerprint: [u8; 32] = Sha256::digest(certificate).into();
        if let Some(source) = self.fingerprints.get(&fingerprint) {
            return Some(source);
        }
        let parsed = rustls::server::ParsedCertificate::try_from(certificate).ok()?;
        self.names.iter().find(|(name, _)| rustls::client::verify_server_name(&parsed, name).is_ok()).map(|(_, source)| source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_wins_and_a_stranger_is_nobodys() {
        let source = |id: &str| SourceId::parse(id).unwrap();
        let range = |range: &str, id: &str| (Sender::Address(range.parse().unwrap()), source(id));
        let senders = Senders::new(&[range("10.0.0.0/8", "trust"), range("10.20.0.0/16", "oak"), range("2001:db8::/48", "elm")]);
        let table = [
            ("10.20.1.2", Some("oak")),
            ("10.21.1.2", Some("trust")),
            ("::ffff:10.20.1.2", Some("oak")),
            ("2001:db8::1", Some("elm")),
            ("192.0.2.1", None),
        ];
        for (address, wanted) in table {
            assert_eq!(senders.by_address(address.parse().unwrap()), wanted.map(source).as_ref(), "{address}");
        }
    }
}
