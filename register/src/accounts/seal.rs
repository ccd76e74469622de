//! Seals what must be read again, the secrets behind second steps, so that a copy of the register alone gives no codes.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::random;
use crate::{AccountId, RegisterError};

const NONCE: usize = 24;

/// Bound into what is sealed, with the account, so that a secret moved to another account does not open.
fn purpose(account: AccountId) -> Vec<u8> {
    format!("weir second step 1 of account {account}").into_bytes()
}

/// The keys: the first seals, all open.
type Keys = [Zeroizing<[u8; 32]>];

/// The sealed secret.
pub(crate) fn seal(keys: &Keys, account: AccountId, secret: &[u8]) -> Result<Vec<u8>, RegisterError> {
    let nonce = random::<NONCE>()?;
    let payload = Payload { msg: secret, aad: &purpose(account) };
    let key = keys.first().ok_or(RegisterError::Damaged("a vault without a key"))?;
    let sealed = XChaCha20Poly1305::new((&**key).into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| RegisterError::Damaged("a secret too long to be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what [`seal`] gave.
pub(crate) fn open(keys: &Keys, account: AccountId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, RegisterError> {
    let unopenable =
        || RegisterError::Damaged("a second step sealed under another vault, or damaged; an administrator can reset the account");
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(unopenable)?;
    let opened = keys.iter().find_map(|key| {
        let payload = Payload { msg: sealed, aad: &purpose(account) };
        XChaCha20Poly1305::new((&**key).into()).decrypt(&XNonce::from(*nonce), payload).ok()
    });
    opened.map(Zeroizing::new).ok_or_else(unopenable)
}
