//! A file on its way into the inbox: under a name that no reader looks at, piece by piece, each safe before the next is asked for.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use weir_lake::storage::move_file;

use crate::FetchError;
use crate::memory::id;
use crate::remote::Found;

/// Bytes asked for at once, and held in memory.
pub(crate) const PIECE: u64 = 8 << 20;

/// Seconds for which a reader lets a file rest. What is moved into the inbox is whole, so it is made to look as old.
const SETTLED: i64 = 10 * 60;

/// Letters of a file's own name that are kept.
const NAME: usize = 120;

/// How the names of files on their way end.
const ON_ITS_WAY: &str = ".part";

/// A file on its way.
pub(crate) struct Arrival {
    part: PathBuf,
    whole: PathBuf,
    file: File,
    at: u64,
}

impl Arrival {
    /// Begins, or goes on where an earlier run was cut short. Of what that run left the last piece does not count: a power cut may have
    /// come before it was safe.
    pub(crate) fn begin(inbox: &Path, place: &str, found: &Found) -> Result<Self, FetchError> {
        let name = local_name(place, found);
        let part = inbox.join(format!(".{name}{ON_ITS_WAY}"));
        let fault = |error| FetchError::io(&part, error);
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&part).map_err(fault)?;
        let length = file.metadata().map_err(fault)?.len();
        let at = (length / PIECE).saturating_sub(1) * PIECE;
        file.set_len(at).map_err(fault)?;
        file.seek(SeekFrom::Start(at)).map_err(fault)?;
        Ok(Self { whole: inbox.join(name), part, file, at })
    }

    /// Bytes that are here.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Adds the next bytes, and makes them safe.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        let fault = |error| FetchError::io(&self.part, error);
        self.file.write_all(bytes).and_then(|()| self.file.sync_data()).map_err(fault)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// All of it is here: it appears in the inbox, unless the same version did before.
    pub(crate) fn appear(self, written: i64, now: i64) -> Result<(), FetchError> {
        let fault = |error| FetchError::io(&self.part, error);
        let seconds = u64::try_from(written.min(now - SETTLED - 1)).unwrap_or(0);
        self.file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).map_err(fault)?;
        self.file.sync_all().map_err(fault)?;
        drop(self.file);
        if !move_file(&self.part, &self.whole)? {
            fs::remove_file(&self.part).map_err(fault)?;
        }
        Ok(())
    }

    /// It changed while it came: what is here is of two versions.
    pub(crate) fn abandon(self) -> Result<(), FetchError> {
        drop(self.file);
        fs::remove_file(&self.part).map_err(|error| FetchError::io(&self.part, error))
    }
}

/// Removes what is left of files that nobody went on with for so many seconds.
pub(crate) fn forget_parts(inbox: &Path, now: i64, seconds: i64) -> Result<(), FetchError> {
    let entries = match fs::read_dir(inbox) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(FetchError::io(inbox, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| FetchError::io(inbox, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let before = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now - seconds).unwrap_or(0));
        let is_old = entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|written| written < before);
        if name.starts_with('.') && name.ends_with(ON_ITS_WAY) && is_old {
            fs::remove_file(entry.path()).map_err(|error| FetchError::io(&entry.path(), error))?;
        }
    }
    Ok(())
}

/// A name of plain letters that no other file has: when it was written, what tells it from others, and its own name.
fn local_name(place: &str, found: &Found) -> String {
    let own = found.name.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+=".contains(c) { c } else { '_' };
    let own: Vec<char> = own.chars().map(plain).collect();
    let own: String = own.iter().skip(own.len().saturating_sub(NAME)).collect();
    let written = Timestamp::from_second(found.written).unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y%m%dT%H%M%SZ");
    format!("{written}-{}-{}", id(place, &found.name, &found.version), own.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str) -> Found {
        Found { name: name.to_owned(), size: 20_000_000, written: 1_793_869_200, version: String::from("1"), is_whole: true }
    }

    #[test]
    fn a_name_from_elsewhere_leads_nowhere_else() {
        for name in ["../../etc/passwd", "/etc/passwd", "a/..", "..", ".hidden", "a\\b:c\u{1b}[2J\n.csv", &"x".repeat(900), ""] {
            let local = local_name("s3://logs", &found(name));
            assert!(local.len() < 180 && !local.contains("..") || local.ends_with("-") || !local.contains('/'), "{local}");
            assert!(local.chars().all(|c| c.is_ascii_alphanumeric() || "._-+=".contains(c)), "{local}");
            assert!(local.starts_with("20261105T090000Z-"), "{local}");
        }
        assert!(
            local_name("s3://logs", &found("dnslogs/2026-11-05-09-00-ab12.csv.gz")).ends_with("-2026-11-05-09-00-ab12.csv.gz")
        );
    }

    #[test]
    fn a_run_that_was_cut_short_goes_on_behind_the_last_piece_that_is_sure() {
        let inbox = tempfile::tempdir().unwrap();
        let found = found("a.csv");
        let piece = vec![7u8; PIECE as usize];
        let mut arrival = Arrival::begin(inbox.path(), "s3://logs", &found).unwrap();
        assert_eq!(arrival.at(), 0);
        arrival.add(&piece).unwrap();
        arrival.add(&piece).unwrap();
        arrival.add(b"half").unwrap();
        drop(arrival);
        let mut arrival = Arrival::begin(inbox.path(), "s3://logs", &found).unwrap();
        assert_eq!(arrival.at(), PIECE);
        arrival.add(&piece).unwrap();
        arrival.add(b"end").unwrap();
        arrival.appear(found.written, found.written + 5).unwrap();
        let files: Vec<_> = fs::read_dir(inbox.path()).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(files.len(), 1);
        let bytes = fs::read(files[0].path()).unwrap();
        assert!(bytes.len() as u64 == 2 * PIECE + 3 && bytes.ends_with(b"\x07end") && bytes[0] == 7);
        let rested = files[0].metadata().unwrap().modified().unwrap();
        assert_eq!(rested, SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_869_205 - 601), "a reader takes it at once");
    }
}
