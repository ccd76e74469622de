//! The keys under which names, quarantined lines and the register's secrets are sealed. The newest seals; older ones only open what was
//! sealed before. The first comes from the root key, each later one is random and stands in `sealing.keys`.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{VaultError, decode_hex, disk, encode_hex, random};
use crate::clock;

/// Begins the line of a key that is being taken into use: names are sealed anew under it, and that may be cut short.
const UNSETTLED: &str = "?";

/// The keys of one generation, one for each use: what is sealed for one purpose opens for no other.
pub(crate) struct Sealing {
    pub(crate) generation: u32,
    /// When it was made, seconds since 1970; 0 for the first.
    pub(crate) made_at: i64,
    pub(crate) names: Zeroizing<[u8; 32]>,
    pub(crate) lines: Zeroizing<[u8; 32]>,
    pub(crate) secrets: Zeroizing<[u8; 32]>,
    /// What they are derived from; the first's is the root key, and stands in no file but its own.
    from: Option<Zeroizing<[u8; 32]>>,
}

impl Sealing {
    fn new(generation: u32, made_at: i64, key: &[u8; 32]) -> Self {
        let derive = |context| Zeroizing::new(blake3::derive_key(context, key));
        Self {
            generation,
            made_at,
            names: derive("weir 2026-11-22 names in the vault"),
            lines: derive("weir 2026-11-22 lines in quarantine"),
            secrets: derive("weir 2026-11-22 secrets in the register"),
            from: (generation > 0).then(|| Zeroizing::new(*key)),
        }
    }

    /// A new one, for the generation after this.
    pub(crate) fn next(&self) -> Result<Self, VaultError> {
        let key = Zeroizing::new(random::<32>()?);
        Ok(Self::new(self.generation + 1, clock::machine_now().as_second(), &key))
    }
}

/// Every generation, newest first, never empty; and one that was being taken into use when a rotation was cut short.
pub(crate) struct Sealings {
    pub(crate) all: Vec<Sealing>,
    pub(crate) unsettled: Option<Sealing>,
}

impl Sealings {
    pub(crate) fn read(root: &Path, root_key: &[u8; 32]) -> Result<Self, VaultError> {
        let path = path(root);
        let mut found = Self { all: vec![Sealing::new(0, 0, root_key)], unsettled: None };
        let Some(bytes) = disk::read_private(&path)? else { return Ok(found) };
        let bytes = Zeroizing::new(bytes);
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let mut byte = 0;
        for line in text.split_inclusive('\n') {
            let (is_unsettled, sealing) = parse(line).ok_or(VaultError::Damaged { path: path.clone(), byte })?;
            byte += line.len() as u64;
            if is_unsettled {
                found.unsettled = Some(sealing);
            } else {
                found.all.insert(0, sealing);
            }
        }
        let in_order = found.all.windows(2).all(|pair| matches!(pair, [newer, older] if newer.generation > older.generation));
        if in_order && byte == bytes.len() as u64 { Ok(found) } else { Err(VaultError::Damaged { path, byte }) }
    }

    /// The one that seals.
    pub(crate) fn newest(&self) -> Option<&Sealing> {
        self.all.first()
    }

    /// Makes them durable. Only under the lock.
    pub(crate) fn write(&self, root: &Path) -> Result<(), VaultError> {
        let mut text = Zeroizing::new(String::new());
        for sealing in self.all.iter().rev() {
            if let Some(key) = &sealing.from {
                text.push_str(&line("", sealing, key));
            }
        }
        if let Some((sealing, key)) = self.unsettled.as_ref().and_then(|sealing| Some((sealing, sealing.from.as_ref()?))) {
            text.push_str(&line(UNSETTLED, sealing, key));
        }
        disk::replace(&path(root), text.as_bytes())
    }
}

fn path(root: &Path) -> PathBuf {
    root.join("sealing.keys")
}

fn line(start: &str, sealing: &Sealing, key: &[u8; 32]) -> String {
    let text = format!("{start}{} {} {}", sealing.generation, sealing.made_at, encode_hex(key));
    format!("{text} {}\n", check_of(&text))
}

/// Tells a line that was written from one that a bad disk made up.
fn check_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(8).collect()
}

fn parse(line: &str) -> Option<(bool, Sealing)> {
    let (text, check) = line.strip_suffix('\n')?.rsplit_once(' ')?;
    if check != check_of(text) {
        return None;
    }
    let (is_unsettled, text) = text.strip_prefix(UNSETTLED).map_or((false, text), |rest| (true, rest));
    let mut parts = text.split(' ');
    let (generation, made_at) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let key = Zeroizing::new(decode_hex::<32>(parts.next()?)?);
    Some((is_unsettled, Sealing::new(generation, made_at, &key)))
}
