//! Seals quarantined lines, so that the lake holds nothing of them that can be read without the vault.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::{VaultError, random};

/// Bound into every sealed line, so that a sealed name can't be passed off as one.
const PURPOSE: &[u8] = b"weir quarantined line 1";

/// The same for a line whose file names its columns in lines of their own: those are sealed with it.
const HEADED: &[u8] = b"weir quarantined line with its heading 1";

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

    /// The sealed line, 40 bytes longer; with the lines that name its columns where there are any, so that it can be read again when its
    /// file is gone.
    pub fn seal_line(&mut self, heading: &[Vec<u8>], line: &[u8]) -> Result<Vec<u8>, VaultError> {
        if heading.is_empty() {
            return self.seal(PURPOSE, line);
        }
        let mut headed = Vec::new();
        for part in heading {
            let length = u32::try_from(part.len() + 1).map_err(|_| VaultError::TooLong)?;
            headed.extend_from_slice(&length.to_le_bytes());
            headed.extend_from_slice(part);
        }
        headed.extend_from_slice(&0u32.to_le_bytes());
        headed.extend_from_slice(line);
        self.seal(HEADED, &headed)
    }

    fn seal(&mut self, purpose: &[u8], line: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        nonce[..16].copy_from_slice(&self.prefix);
        nonce[16..].copy_from_slice(&self.count.to_le_bytes());
        self.count += 1;
        let payload = Payload { msg: line, aad: purpose };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::TooLong)?;
        Ok([&nonce[..], &sealed].concat())
    }
}

/// A line from quarantine, opened.
pub struct OpenedLine {
    /// The lines of its file that name the columns, as far as they were sealed with it.
    pub heading: Vec<Vec<u8>>,
    /// The line.
    pub line: Vec<u8>,
}

/// Opens what [`LineSealer::seal_line`] gave.
pub(crate) fn open_line(key: &[u8; 32], sealed: &[u8]) -> Result<OpenedLine, VaultError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::Unopenable)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let open = |purpose| cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: purpose });
    if let Ok(line) = open(PURPOSE) {
        return Ok(OpenedLine { heading: Vec::new(), line });
    }
    let headed = open(HEADED).map_err(|_| VaultError::Unopenable)?;
    let (mut rest, mut heading) = (headed.as_slice(), Vec::new());
    loop {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(VaultError::Unopenable)?;
        rest = after;
        // Counted from 1; 0 ends them.
        let Some(length) = (u32::from_le_bytes(*length) as usize).checked_sub(1) else {
            return Ok(OpenedLine { heading, line: rest.to_vec() });
        };
        let (part, after) = rest.split_at_checked(length).ok_or(VaultError::Unopenable)?;
        heading.push(part.to_vec());
        rest = after;
    }
}
