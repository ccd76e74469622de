//! Seals quarantined lines, so that the lake holds nothing of them that can be read without the vault.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::{VaultError, random};

/// Bound into every sealed line, so that a sealed name can't be passed off as one.
const PURPOSE: &[u8] = b"weir quarantined line 1";

const NONCE: usize = 24;

/// Seals lines. Its nonces are 128 random bits and a count, so that no line costs a call to the system.
pub struct LineSealer {
    cipher: XChaCha20Poly1305,
    prefix: [u8; 16],
    count: u64,
}

impl LineSealer {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, VaultError> {
        Ok(Self { cipher: XChaCha20Poly1305::new(key.into()), prefix: random()?, count: 0 })
    }

    /// The sealed line, 40 bytes longer.
    pub fn seal_line(&mut self, line: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        nonce[..16].copy_from_slice(&self.prefix);
        nonce[16..].copy_from_slice(&self.count.to_le_bytes());
        self.count += 1;
        let payload = Payload { msg: line, aad: PURPOSE };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::TooLong)?;
        Ok([&nonce[..], &sealed].concat())
    }
}

/// Opens what [`LineSealer::seal_line`] gave.
pub(crate) fn open_line(key: &[u8; 32], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::Unopenable)?;
    let payload = Payload { msg: sealed, aad: PURPOSE };
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError::Unopenable)
}
