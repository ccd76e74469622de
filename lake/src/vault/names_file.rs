//! `names.vault`: sealed records of entries, appended whole. A record that a crash cut short is left out and cut off; anything else
//! that can't be read is an error, never skipped.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{VaultEntry, VaultError, digest_of, disk, random};
use crate::ids::{SchoolId, UserKey};
use crate::names::{ClearName, Named};

/// First bytes of the file; the digit is the layout's version.
const MAGIC: &[u8; 8] = b"WEIRNAM1";

/// Magic and the file's own random id. The id is bound into every record, so that records can't be moved between files.
const HEADER: usize = 24;

/// Length of the sealed part, a checksum of it and of the place, and a nonce.
const RECORD_HEAD: usize = 4 + 4 + NONCE;

const NONCE: usize = 24;

/// An id that changes whenever the file is written anew.
pub(crate) type NamesFileId = [u8; 16];

/// Where reading goes on: the file it was, and the end of its last whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) file_id: NamesFileId,
    pub(crate) end: u64,
}

/// What was read.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) entries: Vec<VaultEntry>,
    /// None where the file is absent, or was cut short in its header.
    pub(crate) tail: Option<Tail>,
    /// Whether reading began where it was asked to; otherwise the file is another one and was read from its start.
    pub(crate) went_on: bool,
}

/// The file and the key its records are sealed with.
pub(crate) struct NamesFile {
    path: PathBuf,
    cipher: XChaCha20Poly1305,
}

impl NamesFile {
    pub(crate) fn new(path: PathBuf, key: &[u8; 32]) -> Self {
        Self { path, cipher: XChaCha20Poly1305::new(key.into()) }
    }

    /// Reads the entries behind `after`, or all. A torn last record is left out.
    pub(crate) fn read(&self, after: Option<Tail>) -> Result<Contents, VaultError> {
        let io = |error| VaultError::io(&self.path, error);
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Contents::default()),
            Err(error) => return Err(io(error)),
        };
        let length = file.metadata().map_err(io)?.len();
        let mut header = [0; HEADER];
        if length < HEADER as u64 {
            return Ok(Contents::default());
        }
        file.read_exact(&mut header).map_err(io)?;
        let Some(file_id) = header.strip_prefix(MAGIC).and_then(|id| NamesFileId::try_from(id).ok()) else {
            return Err(VaultError::Damaged { path: self.path.clone(), byte: 0 });
        };
        let went_on = after.is_some_and(|after| after.file_id == file_id);
        let from = after.filter(|_| went_on).map_or(HEADER as u64, |after| after.end);
        if from > length {
            // The file was longer once: records are lost, not torn.
            return Err(VaultError::Damaged { path: self.path.clone(), byte: length });
        }
        file.seek(SeekFrom::Start(from)).map_err(io)?;
        let mut bytes = Vec::with_capacity((length - from) as usize);
        file.read_to_end(&mut bytes).map_err(io)?;
        let (entries, end) = self.records(&bytes, file_id, from)?;
        Ok(Contents { entries, tail: Some(Tail { file_id, end }), went_on })
    }

    /// The entries of whole records, and where the last of them ends.
    fn records(&self, bytes: &[u8], file_id: NamesFileId, start: u64) -> Result<(Vec<VaultEntry>, u64), VaultError> {
        let mut entries = Vec::new();
        let mut rest = bytes;
        loop {
            let at = start + (bytes.len() - rest.len()) as u64;
            let damaged = || VaultError::Damaged { path: self.path.clone(), byte: at };
            // Less than a head, or a head that did not reach the disk: the last append was cut short. A file may grow before its
            // bytes arrive, and then ends in zeros.
            let Some((head, after)) = rest.split_first_chunk::<RECORD_HEAD>() else { return Ok((entries, at)) };
            if head.iter().all(|byte| *byte == 0) {
                return Ok((entries, at));
            }
            let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            if head[4..8] != check_of(file_id, at, length) {
                return if after.iter().all(|byte| *byte == 0) { Ok((entries, at)) } else { Err(damaged()) };
            }
            let length = length as usize;
            if after.len() < length {
                return Ok((entries, at));
            }
            let (sealed, after) = after.split_at(length);
            let mut nonce = [0; NONCE];
            nonce.copy_from_slice(&head[8..]);
            let payload = Payload { msg: sealed, aad: &place_of(file_id, at) };
            match self.cipher.decrypt(&XNonce::from(nonce), payload) {
                Ok(plain) => {
                    let plain = Zeroizing::new(plain);
                    read_entries(&plain, &mut entries).ok_or_else(damaged)?;
                }
                // The file grew to its new length and not all of the record reached the disk. The first record is written with its file,
                // whole or not at all: one that does not open is under a key that is not here.
                Err(_) if after.is_empty() && at > HEADER as u64 => return Ok((entries, at)),
                Err(_) => return Err(damaged()),
            }
            rest = after;
        }
    }

    /// Whether the file is under this key, told by its first record. A file without one, or none at all, is under any.
    pub(crate) fn is_ours(&self) -> Result<bool, VaultError> {
        let io = |error| VaultError::io(&self.path, error);
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(io(error)),
        };
        let mut head = [0; HEADER + RECORD_HEAD];
        if file.metadata().map_err(io)?.len() < head.len() as u64 {
            return Ok(true);
        }
        file.read_exact(&mut head).map_err(io)?;
        let length = u32::from_le_bytes([head[HEADER], head[HEADER + 1], head[HEADER + 2], head[HEADER + 3]]);
        let mut bytes = head[HEADER..].to_vec();
        file.take(u64::from(length)).read_to_end(&mut bytes).map_err(io)?;
        let file_id = head.get(MAGIC.len()..HEADER).and_then(|id| NamesFileId::try_from(id).ok());
        let file_id = file_id.ok_or(VaultError::Damaged { path: self.path.clone(), byte: 0 })?;
        // One that does not open and is the last passes for torn: then nothing was read.
        Ok(self.records(&bytes, file_id, HEADER as u64).is_ok_and(|(entries, _)| !entries.is_empty()))
    }

    /// Appends entries as one record behind `tail`, what lies there being torn, and makes it durable. Only under the lock.
    pub(crate) fn append(&self, tail: Option<Tail>, entries: &[VaultEntry]) -> Result<Tail, VaultError> {
        let Some(tail) = tail.filter(|tail| tail.end > HEADER as u64) else {
            let (file_id, end) = self.rewrite(entries)?;
            return Ok(Tail { file_id, end });
        };
        let io = |error| VaultError::io(&self.path, error);
        let record = self.record(tail.file_id, tail.end, entries)?;
        let mut file = OpenOptions::new().write(true).open(&self.path).map_err(io)?;
        file.set_len(tail.end).map_err(io)?;
        file.seek(SeekFrom::Start(tail.end)).map_err(io)?;
        file.write_all(&record).map_err(io)?;
        file.sync_all().map_err(io)?;
        Ok(Tail { file_id: tail.file_id, end: tail.end + record.len() as u64 })
    }

    /// Writes a new file with these entries in place of the old. Gives its id and length. Only under the lock.
    pub(crate) fn rewrite(&self, entries: &[VaultEntry]) -> Result<(NamesFileId, u64), VaultError> {
        let file_id: NamesFileId = random()?;
        let mut bytes = [&MAGIC[..], &file_id].concat();
        if !entries.is_empty() {
            bytes.extend_from_slice(&self.record(file_id, HEADER as u64, entries)?);
        }
        disk::replace(&self.path, &bytes)?;
        Ok((file_id, bytes.len() as u64))
    }

    fn record(&self, file_id: NamesFileId, at: u64, entries: &[VaultEntry]) -> Result<Vec<u8>, VaultError> {
        let plain = write_entries(entries)?;
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: &plain, aad: &place_of(file_id, at) };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::TooLong)?;
        let length = u32::try_from(sealed.len()).map_err(|_| VaultError::TooLong)?;
        Ok([&length.to_le_bytes()[..], &check_of(file_id, at, length), &nonce, &sealed].concat())
    }
}

/// A record's place, bound into its seal.
fn place_of(file_id: NamesFileId, at: u64) -> [u8; 24] {
    let mut place = [0; 24];
    place[..16].copy_from_slice(&file_id);
    place[16..].copy_from_slice(&at.to_le_bytes());
    place
}

/// Tells a length that was written from one that a bad disk made up; without it one flipped bit would pass for a torn file.
fn check_of(file_id: NamesFileId, at: u64, length: u32) -> [u8; 4] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&place_of(file_id, at)).update(&length.to_le_bytes());
    let hash = hasher.finalize();
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}

fn write_entries(entries: &[VaultEntry]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    // Grown once: a buffer that moves leaves names behind in freed memory.
    let size =
        entries.iter().map(|entry| 32 + entry.school.as_str().len() + entry.realm.len() + entry.name.reveal_in_clear().len());
    let mut plain = Zeroizing::new(Vec::with_capacity(size.sum()));
    for entry in entries {
        let generation = generation_of(&entry.key).ok_or(VaultError::TooLong)?;
        plain.extend_from_slice(&digest_of(&entry.key).ok_or(VaultError::TooLong)?);
        plain.extend_from_slice(&generation.to_le_bytes());
        plain.push(entry.named.number());
        for text in [entry.school.as_str(), entry.realm.as_str(), entry.name.reveal_in_clear()] {
            let length = u16::try_from(text.len()).map_err(|_| VaultError::TooLong)?;
            plain.extend_from_slice(&length.to_le_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
    }
    Ok(plain)
}

fn generation_of(key: &UserKey) -> Option<u32> {
    key.as_str().strip_prefix('k')?.split_once('-')?.0.parse().ok()
}

fn read_entries(mut plain: &[u8], entries: &mut Vec<VaultEntry>) -> Option<()> {
    fn text<'p>(plain: &mut &'p [u8]) -> Option<&'p str> {
        let (length, rest) = plain.split_first_chunk::<2>()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        *plain = rest;
        std::str::from_utf8(text).ok()
    }
    while !plain.is_empty() {
        let (digest, rest) = plain.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (named, rest) = rest.split_first()?;
        plain = rest;
        let school = SchoolId::parse(text(&mut plain)?).ok()?;
        let realm = text(&mut plain)?.to_owned();
        let name = ClearName::new(text(&mut plain)?.to_owned());
        let key = UserKey::from_parts(u32::from_le_bytes(*generation), *digest);
        entries.push(VaultEntry { key, school, named: Named::of_number(*named)?, realm, name });
    }
    Some(())
}
