//! Rotation: a new key seals from now on, and the names are sealed anew under it. Pseudonyms do not change: their keys are no seals, and a
//! new one would part each person from their own past.
//!
//! The new key is written first, as one not yet settled; then the names in one step; then the key is settled. Whoever opens the vault after
//! a rotation that was cut short finds out which of the two the names are under.

use super::known;
use super::names_file::NamesFile;
use super::sealing::Sealings;
use super::{Inner, Vault, VaultError, digest_of, disk};

/// A generation of sealing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealingKey {
    /// Its number; the first is 0.
    pub generation: u32,
    /// When it was made, seconds since 1970; none for the first.
    pub made_at: Option<i64>,
}

impl Vault {
    /// The generations of sealing keys there are, newest first.
    pub fn sealing_keys(&self) -> Vec<SealingKey> {
        let key = |sealing: &super::sealing::Sealing| SealingKey {
            generation: sealing.generation,
            made_at: (sealing.generation > 0).then_some(sealing.made_at),
        };
        self.inner.secrets.sealings.all.iter().map(key).collect()
    }

    /// Makes a new sealing key and seals the names anew under it; gives the vault as it is then, and how many names it holds. Run it while
    /// nothing is ingesting: a run that began before is refused when it writes.
    pub fn rotate(&self) -> Result<(Self, usize), VaultError> {
        let inner = &self.inner;
        let _lock = disk::lock(&inner.root)?;
        inner.still_newest()?;
        let entries = inner.names_file().read(None)?.entries;
        let mut sealings = Sealings::read(&inner.root, &inner.secrets.root)?;
        let newest = sealings.newest().ok_or(VaultError::Rotated)?.next()?;
        let names = NamesFile::new(inner.names_path(), &newest.names);
        sealings.unsettled = Some(newest);
        sealings.write(&inner.root)?;
        let (file_id, length) = names.rewrite(&entries)?;
        known::write(&inner.known_path(), file_id, length, entries.iter().filter_map(|entry| digest_of(&entry.key)).collect())?;
        settle(inner, sealings)?;
        Ok((Self::of_root_key(&inner.root, &inner.secrets.root)?, entries.len()))
    }

    /// Forgets every sealing key but the newest, and the first, which comes from the root key. Gives how many went. What they alone open is
    /// lost: quarantined lines, and second steps in older copies of the register.
    pub fn forget_older_keys(&self) -> Result<usize, VaultError> {
        let inner = &self.inner;
        let _lock = disk::lock(&inner.root)?;
        inner.still_newest()?;
        let mut sealings = Sealings::read(&inner.root, &inner.secrets.root)?;
        let before = sealings.all.len();
        let newest = sealings.newest().map_or(0, |sealing| sealing.generation);
        sealings.all.retain(|sealing| sealing.generation == newest || sealing.generation == 0);
        let gone = before - sealings.all.len();
        if gone > 0 {
            sealings.write(&inner.root)?;
        }
        Ok(gone)
    }
}

/// Settles a key under which the names are.
fn settle(inner: &Inner, mut sealings: Sealings) -> Result<(), VaultError> {
    if let Some(newest) = sealings.unsettled.take() {
        sealings.all.insert(0, newest);
        sealings.write(&inner.root)?;
    }
    Ok(())
}

/// Ends a rotation that was cut short: forward where the names are under the new key, back where they are not.
pub(super) fn finish(inner: &Inner) -> Result<(), VaultError> {
    let _lock = disk::lock(&inner.root)?;
    let mut sealings = Sealings::read(&inner.root, &inner.secrets.root)?;
    let Some(unsettled) = &sealings.unsettled else { return Ok(()) };
    let has_names = inner.names_path().try_exists().map_err(|error| VaultError::io(&inner.names_path(), error))?;
    let is_under_new = has_names && NamesFile::new(inner.names_path(), &unsettled.names).is_ours()?;
    if is_under_new {
        return settle(inner, sealings);
    }
    sealings.unsettled = None;
    sealings.write(&inner.root)
}
