//! The schools' own keys, from which pseudonyms are made: one line a school and generation, never rewritten.

use std::collections::HashMap;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{VaultError, decode_hex, disk, encode_hex, random};
use crate::ids::SchoolId;
use crate::names::Named;

/// One key of a school, ready to make pseudonyms.
#[derive(Clone)]
pub(crate) struct SchoolKey {
    pub(crate) generation: u32,
    mac: Hmac<Sha256>,
}

impl SchoolKey {
    fn new(generation: u32, key: &[u8; 32]) -> Option<Self> {
        Some(Self { generation, mac: Hmac::new_from_slice(key).ok()? })
    }

    /// The 128 bits of a pseudonym. Lengths stand before the texts, so that no two names run together.
    pub(crate) fn digest(&self, named: Named, realm: &str, name: &str) -> [u8; 16] {
        let mut mac = self.mac.clone();
        mac.update(&[named.number()]);
        for text in [realm, name] {
            mac.update(&(text.len() as u64).to_le_bytes());
            mac.update(text.as_bytes());
        }
        let full = mac.finalize().into_bytes();
        let mut digest = [0; 16];
        digest.copy_from_slice(&full[..16]);
        digest
    }
}

/// The keys of every school.
#[derive(Default)]
pub(crate) struct SchoolKeys {
    /// Oldest generation first.
    by_school: HashMap<SchoolId, Vec<SchoolKey>>,
    /// Lines to be written.
    new: Vec<(SchoolId, Zeroizing<String>)>,
    /// Where whole lines of the file end.
    end: u64,
}

impl SchoolKeys {
    /// Reads the file; an absent one holds none. A last line that a crash cut short is no key: it was never used.
    pub(crate) fn read(path: &Path) -> Result<Self, VaultError> {
        let mut keys = Self::default();
        let Some(bytes) = disk::read_private(path)?.map(Zeroizing::new) else { return Ok(keys) };
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match parse_line(line) {
                Some((school, key)) => {
                    keys.by_school.entry(school).or_default().push(key);
                    at += line.len();
                }
                None if at + line.len() == bytes.len() => break,
                None => return Err(VaultError::Damaged { path: path.to_path_buf(), byte: at as u64 }),
            }
        }
        keys.end = at as u64;
        keys.by_school.values_mut().for_each(|keys| keys.sort_by_key(|key| key.generation));
        Ok(keys)
    }

    /// All keys, every generation.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&SchoolId, &SchoolKey)> {
        self.by_school.iter().flat_map(|(school, keys)| keys.iter().map(move |key| (school, key)))
    }

    /// The key a school's new pseudonyms are made with; a school without one gets its first, to be written by [`SchoolKeys::write`].
    pub(crate) fn current(&mut self, school: &SchoolId) -> Result<SchoolKey, VaultError> {
        if let Some(key) = self.by_school.get(school).and_then(|keys| keys.last()) {
            return Ok(key.clone());
        }
        let bytes = Zeroizing::new(random::<32>()?);
        let line = Zeroizing::new(format_line(school, 1, &bytes));
        let key = SchoolKey::new(1, &bytes).ok_or(VaultError::TooLong)?;
        self.new.push((school.clone(), line));
        self.by_school.insert(school.clone(), vec![key.clone()]);
        Ok(key)
    }

    /// Whether keys were made that no file holds.
    pub(crate) fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Appends the new keys. Only under the lock; a school that got a key meanwhile is an error, for two keys would be two pseudonyms.
    pub(crate) fn write(&mut self, path: &Path) -> Result<(), VaultError> {
        if self.new.is_empty() {
            return Ok(());
        }
        let there = Self::read(path)?;
        if let Some((school, _)) = self.new.iter().find(|(school, _)| there.by_school.contains_key(school)) {
            return Err(VaultError::KeyMadeElsewhere { school: school.clone() });
        }
        let io = |error| VaultError::io(path, error);
        let mut options = std::fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let mut file = disk::private(&mut options).open(path).map_err(io)?;
        file.set_len(there.end).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        let lines = Zeroizing::new(self.new.iter().map(|(_, line)| line.as_str()).collect::<String>());
        file.write_all(lines.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        if there.end == 0 {
            disk::sync_folder_of(path)?;
        }
        self.end = there.end + lines.len() as u64;
        self.new.clear();
        Ok(())
    }
}

/// `oak 1 <64 hex> <8 hex of a checksum>`: a line cut short or struck by a bad disk is seen.
fn format_line(school: &SchoolId, generation: u32, key: &[u8; 32]) -> String {
    let start = Zeroizing::new(format!("{school} {generation} {}", encode_hex(key)));
    let check = check_of(&start);
    format!("{} {check}\n", *start)
}

fn check_of(start: &str) -> String {
    encode_hex(&blake3::hash(start.as_bytes()).as_bytes()[..4])
}

fn parse_line(line: &[u8]) -> Option<(SchoolId, SchoolKey)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (start, check) = line.rsplit_once(' ')?;
    if check_of(start) != check {
        return None;
    }
    let mut words = start.split(' ');
    let school = SchoolId::parse(words.next()?).ok()?;
    let generation = words.next()?.parse().ok()?;
    let key = Zeroizing::new(decode_hex::<32>(words.next()?)?);
    Some((school, SchoolKey::new(generation, &key)?))
}
