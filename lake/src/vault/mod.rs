//! Keys and the names behind them, in a folder outside the lake. A name is durable here before its key reaches the lake.
//!
//! | file | holds |
//! |---|---|
//! | `vault.key` | the root key; the key for duplicate indexes and the first sealing keys are derived from it |
//! | `sealing.keys` | the keys of each rotation, under which names, quarantined lines and the register's secrets are sealed |
//! | `school.keys` | one random key a school and generation, from which pseudonyms are made |
//! | `names.vault` | sealed records: key -> school, realm, name, kind; appended to, rewritten only to erase |
//! | `known.keys` | the pseudonyms already in `names.vault`, sorted, so that an ingest need not open the names; rebuilt if lost |
//! | `vault.lock` | held while one of them is written |

mod disk;
mod known;
mod names_file;
mod rotate;
mod school_keys;
mod seal;
mod sealing;
mod session;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::estate::is_inside;
use crate::ids::{SchoolId, SourceId, UserKey};
use crate::names::{ClearName, Named};
use names_file::NamesFile;
use school_keys::SchoolKeys;
use sealing::{Sealing, Sealings};

pub use rotate::SealingKey;
pub use seal::LineSealer;
pub use session::{SessionPseudonyms, VaultSession};

/// What went wrong with the vault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Names would lie among the pseudonyms.
    #[error("the vault {vault} lies inside the lake {lake}; choose another folder for `vault` in weir.toml")]
    InsideLake {
        /// The vault's folder.
        vault: PathBuf,
        /// The lake's root.
        lake: PathBuf,
    },
    /// A key file can be read by other accounts of the machine.
    #[error("{path} can be read by other accounts (mode {mode:o}); make it private: chmod 600 {path}")]
    NotPrivate {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file that others depend on is gone.
    #[error("{path} is missing although {other} is there; restore it from a backup: without it no pseudonym has a name")]
    Missing {
        /// Which.
        path: PathBuf,
        /// What depends on it.
        other: &'static str,
    },
    /// A file holds what Weir never wrote.
    #[error("{path} is damaged at byte {byte}; restore it from a backup")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Where.
        byte: u64,
    },
    /// Two runs made the first key of a school at the same time.
    #[error("another run made the key of school {school} first; nothing was written, run the command again")]
    KeyMadeElsewhere {
        /// Which.
        school: SchoolId,
    },
    /// A flush after one that told of a fault.
    #[error("this run's pseudonyms are void, because the vault failed while they were made; run the command again")]
    Void,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
    /// The keys were rotated by another process.
    #[error("the vault's keys were rotated meanwhile; nothing was written, run the command again")]
    Rotated,
    /// A sealed line was not sealed here, or was changed since.
    #[error("a quarantined line can't be opened; it was sealed under another vault, or is damaged")]
    Unopenable,
    /// A name could not be sealed.
    #[error("a name or line is too long to be sealed")]
    TooLong,
}

impl VaultError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }
}

/// One entry of the vault. Like [`ClearName`] it can't be printed or serialised.
pub struct VaultEntry {
    /// The pseudonym.
    pub key: UserKey,
    /// The school.
    pub school: SchoolId,
    /// A person or a device.
    pub named: Named,
    /// The realm.
    pub realm: String,
    /// The name.
    pub name: ClearName,
}

/// The root key, and what is derived from it or replaces it.
pub(crate) struct Secrets {
    root: Zeroizing<[u8; 32]>,
    indexes: Zeroizing<[u8; 32]>,
    register: Zeroizing<[u8; 32]>,
    sealings: Sealings,
}

impl Secrets {
    fn new(root_key: &[u8; 32], sealings: Sealings) -> Self {
        let derive = |context| Zeroizing::new(blake3::derive_key(context, root_key));
        Self {
            root: Zeroizing::new(*root_key),
            indexes: derive("weir 2026-11-22 duplicate indexes"),
            register: derive("weir 2026-11-22 secrets in the register"),
            sealings,
        }
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Random(error.to_string()))?;
    Ok(bytes)
}

/// The vault of an estate. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    root: PathBuf,
    secrets: Secrets,
}

impl Inner {
    fn names_path(&self) -> PathBuf {
        self.root.join("names.vault")
    }

    fn names_file(&self) -> NamesFile {
        NamesFile::new(self.names_path(), &self.newest().names)
    }

    /// The keys that seal.
    fn newest(&self) -> &Sealing {
        &self.secrets.sealings.all[0]
    }

    /// Refuses to write under a key that another process replaced. Only under the lock.
    fn still_newest(&self) -> Result<(), VaultError> {
        let now = Sealings::read(&self.root, &self.secrets.root)?;
        let is_newest =
            now.unsettled.is_none() && now.newest().map(|sealing| sealing.generation) == Some(self.newest().generation);
        if !is_newest {
            return Err(VaultError::Rotated);
        }
        // Its file of keys may be lost: what is written under another key would make all behind it unreadable.
        if self.names_file().is_ours()? { Ok(()) } else { Err(VaultError::Damaged { path: self.names_path(), byte: 0 }) }
    }

    fn known_path(&self) -> PathBuf {
        self.root.join("known.keys")
    }

    fn school_keys_path(&self) -> PathBuf {
        self.root.join("school.keys")
    }
}

impl Vault {
    /// Opens the vault, and makes it where there is none. Refuses a folder inside the lake. It reads keys and nothing else.
    pub fn open(root: &Path, lake_root: &Path) -> Result<Self, VaultError> {
        if is_inside(root, lake_root) {
            return Err(VaultError::InsideLake { vault: root.to_path_buf(), lake: lake_root.to_path_buf() });
        }
        Self::of_root_key(root, &*read_or_make_root_key(root)?)
    }

    fn of_root_key(root: &Path, root_key: &[u8; 32]) -> Result<Self, VaultError> {
        let open = |sealings| Inner { root: root.to_path_buf(), secrets: Secrets::new(root_key, sealings) };
        let mut inner = open(Sealings::read(root, root_key)?);
        if inner.secrets.sealings.unsettled.is_some() {
            rotate::finish(&inner)?;
            inner = open(Sealings::read(root, root_key)?);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A session for one run, from which every thread takes its pseudonyms.
    pub fn session(&self) -> VaultSession {
        VaultSession::new(self.inner.clone())
    }

    /// The key for the duplicate indexes of a source.
    pub fn source_key(&self, source: &SourceId) -> [u8; 32] {
        *blake3::keyed_hash(&self.inner.secrets.indexes, source.as_str().as_bytes()).as_bytes()
    }

    /// The key by which copies of the register are known to be ours. It never changes: an old copy must be known, too.
    pub fn register_key(&self) -> [u8; 32] {
        *self.inner.secrets.register
    }

    /// The keys under which the register seals what it must read again: the first seals, the others open what was sealed before.
    pub fn secret_keys(&self) -> Vec<Zeroizing<[u8; 32]>> {
        self.inner.secrets.sealings.all.iter().map(|sealing| sealing.secrets.clone()).collect()
    }

    /// The key under which somebody who was erased is marked.
    pub fn erasure_key(&self) -> [u8; 32] {
        blake3::derive_key("weir 2026-11-23 marks of whom was erased", &*self.inner.secrets.register)
    }

    /// Seals lines for quarantine; one a thread.
    pub fn line_sealer(&self) -> Result<LineSealer, VaultError> {
        LineSealer::new(&self.inner.newest().lines)
    }

    /// Opens a quarantined line. The caller has audited it.
    pub fn open_line(&self, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let opened = self.inner.secrets.sealings.all.iter().find_map(|keys| seal::open_line(&keys.lines, sealed).ok());
        opened.ok_or(VaultError::Unopenable)
    }

    /// The pseudonyms of a name: in one school or in all, under every generation of their keys, as far as the name was ever seen.
    /// The caller has audited it.
    pub fn find(
        &self,
        school: Option<&SchoolId>,
        named: Named,
        realm: &str,
        name: &ClearName,
    ) -> Result<Vec<(SchoolId, UserKey)>, VaultError> {
        let keys = SchoolKeys::read(&self.inner.school_keys_path())?;
        let known = known::Known::load(&self.inner)?;
        let mut found = Vec::new();
        for (id, key) in keys.all().filter(|(id, _)| school.is_none_or(|school| *id == school)) {
            let digest = key.digest(named, realm, name.reveal_in_clear());
            if known.contains(&digest) {
                found.push((id.clone(), UserKey::from_parts(key.generation, digest)));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The name behind a pseudonym. The caller has audited it.
    pub fn reveal(&self, key: &UserKey) -> Result<Option<VaultEntry>, VaultError> {
        let found = self.entries()?.into_iter().find(|entry| entry.key == *key);
        Ok(found)
    }

    /// Every entry, in the order first seen.
    pub fn entries(&self) -> Result<Vec<VaultEntry>, VaultError> {
        Ok(self.inner.names_file().read(None)?.entries)
    }

    /// Takes a pseudonym's name out of the vault by writing the file anew. Gives whether there was one. Run it while nothing is
    /// ingesting: a session that is open keeps its own idea of the names that are known.
    pub fn erase(&self, key: &UserKey) -> Result<bool, VaultError> {
        let _lock = disk::lock(&self.inner.root)?;
        self.inner.still_newest()?;
        let file = self.inner.names_file();
        let contents = file.read(None)?;
        let before = contents.entries.len();
        let kept: Vec<VaultEntry> = contents.entries.into_iter().filter(|entry| entry.key != *key).collect();
        if kept.len() == before {
            return Ok(false);
        }
        let (file_id, length) = file.rewrite(&kept)?;
        known::write(&self.inner.known_path(), file_id, length, kept.iter().filter_map(|entry| digest_of(&entry.key)).collect())?;
        Ok(true)
    }
}

/// A mark of a pseudonym under a key, in hex.
pub fn mark(key: &[u8; 32], of: &UserKey) -> String {
    blake3::keyed_hash(key, of.as_str().as_bytes()).to_hex().to_string()
}

/// The 128 bits of a pseudonym.
pub(crate) fn digest_of(key: &UserKey) -> Option<[u8; 16]> {
    let (_, hex) = key.as_str().split_once('-')?;
    decode_hex(hex)
}

/// The bytes of lower-case hex of exactly their length.
pub(crate) fn decode_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = (value(pair[0])? * 16 + value(pair[1])?) as u8;
    }
    Some(bytes)
}

/// Lower-case hex.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).map(char::from).collect()
}

fn read_root_key(root: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, VaultError> {
    let path = root.join("vault.key");
    let Some(text) = disk::read_private(&path)? else { return Ok(None) };
    let text = Zeroizing::new(text);
    let key = std::str::from_utf8(&text).ok().and_then(|text| decode_hex::<32>(text.trim()));
    key.map(|key| Some(Zeroizing::new(key))).ok_or(VaultError::Damaged { path, byte: 0 })
}

fn read_or_make_root_key(root: &Path) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    if let Some(key) = read_root_key(root)? {
        return Ok(key);
    }
    disk::make_private_folder(root)?;
    let _lock = disk::lock(root)?;
    if let Some(key) = read_root_key(root)? {
        return Ok(key);
    }
    // A new key beside old names would make them unreadable without a word.
    for other in ["names.vault", "school.keys", "sealing.keys"] {
        let path = root.join(other);
        if path.try_exists().map_err(|error| VaultError::io(&path, error))? {
            return Err(VaultError::Missing { path: root.join("vault.key"), other });
        }
    }
    let key = Zeroizing::new(random::<32>()?);
    let text = Zeroizing::new(format!("{}\n", encode_hex(&*key)));
    disk::replace(&root.join("vault.key"), text.as_bytes())?;
    Ok(key)
}

#[cfg(test)]
mod tests;
