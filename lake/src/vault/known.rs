//! The pseudonyms whose names the vault already holds, asked without opening a name: a sorted file, and the newest few besides.

use std::collections::HashSet;
use std::path::Path;

use super::names_file::{NamesFileId, Tail};
use super::{Inner, VaultError, digest_of, disk};

/// First bytes of the file; the digit is the layout's version.
const MAGIC: &[u8; 8] = b"WEIRKNW1";

/// Magic, id and length of the names file it speaks of, and a BLAKE3 of these and the keys.
const HEADER: usize = 8 + 16 + 8 + 32;

const KEY: usize = 16;

/// New names after which the sorted file is written anew. Each costs a microsecond to read at every start until then; writing costs
/// an fsync.
pub(crate) const NEW_AT_MOST: usize = 2_000;

/// What is known.
#[derive(Default)]
pub(crate) struct Known {
    /// Sorted keys, one after the other.
    sorted: Vec<u8>,
    newer: HashSet<[u8; KEY]>,
    tail: Option<Tail>,
}

impl Known {
    /// Reads the sorted file and the names behind it. A sorted file that is absent, damaged or about another names file is not
    /// believed: the names file is read instead.
    pub(crate) fn load(vault: &Inner) -> Result<Self, VaultError> {
        let mut known = read(&vault.known_path())?.unwrap_or_default();
        let contents = vault.names_file().read(known.tail)?;
        if contents.tail.is_none() && known.tail.is_some_and(|tail| tail.end > 0) {
            return Err(VaultError::Missing { path: vault.root.join("names.vault"), other: "known.keys" });
        }
        if !contents.went_on {
            known = Self::default();
        }
        known.tail = contents.tail;
        known.newer.extend(contents.entries.iter().filter_map(|entry| digest_of(&entry.key)));
        Ok(known)
    }

    /// Whether the vault holds the name.
    pub(crate) fn contains(&self, digest: &[u8; KEY]) -> bool {
        let (keys, _) = self.sorted.as_chunks::<KEY>();
        keys.binary_search(digest).is_ok() || self.newer.contains(digest)
    }

    /// Up to where the names file was read.
    pub(crate) fn tail(&self) -> Option<Tail> {
        self.tail
    }

    /// Names behind the sorted file.
    pub(crate) fn newer(&self) -> usize {
        self.newer.len()
    }

    /// Writes the sorted file where enough is new. Only under the lock.
    pub(crate) fn settle(&mut self, path: &Path) -> Result<(), VaultError> {
        let Some(tail) = self.tail.filter(|_| self.newer.len() > NEW_AT_MOST) else { return Ok(()) };
        let (keys, _) = self.sorted.as_chunks::<KEY>();
        let all: Vec<[u8; KEY]> = keys.iter().chain(&self.newer).copied().collect();
        self.sorted = write(path, tail.file_id, tail.end, all)?;
        self.newer.clear();
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Known>, VaultError> {
    let mut bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(VaultError::io(path, error)),
    };
    let Some((header, keys)) = bytes.split_first_chunk::<HEADER>() else { return Ok(None) };
    let (about, hash) = header.split_at(HEADER - 32);
    let mut hasher = blake3::Hasher::new();
    hasher.update(about).update(keys);
    if !about.starts_with(MAGIC) || hasher.finalize().as_bytes() != hash || !keys.len().is_multiple_of(KEY) {
        return Ok(None);
    }
    let (mut file_id, mut end) = ([0; 16], [0; 8]);
    file_id.copy_from_slice(&about[8..24]);
    end.copy_from_slice(&about[24..32]);
    let tail = Some(Tail { file_id, end: u64::from_le_bytes(end) });
    bytes.drain(..HEADER);
    Ok(Some(Known { sorted: bytes, newer: HashSet::new(), tail }))
}

/// Writes the sorted file; gives its keys.
pub(crate) fn write(path: &Path, file_id: NamesFileId, end: u64, mut keys: Vec<[u8; KEY]>) -> Result<Vec<u8>, VaultError> {
    keys.sort_unstable();
    keys.dedup();
    let keys = keys.concat();
    let about = [&MAGIC[..], &file_id, &end.to_le_bytes()].concat();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&about).update(&keys);
    disk::replace(path, &[&about[..], hasher.finalize().as_bytes(), &keys].concat())?;
    Ok(keys)
}
