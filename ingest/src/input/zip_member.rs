//! The members of a zip archive, each opened as a file of its own so that its stream borrows nothing.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::{InputError, StreamFault};

/// Where a member lies in its archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    start: u64,
    pub(crate) packed: u64,
    size: u64,
    crc32: u32,
    deflated: bool,
}

/// The members of a zip archive in the order of their names, or none where the file is no archive.
pub(crate) fn members(path: &Path) -> Result<Option<Vec<Member>>, InputError> {
    let label = path.display().to_string();
    let file = File::open(path).map_err(|error| InputError::of(&label, error))?;
    members_of(&label, file)
}

/// The members of what is open under a name.
pub(crate) fn members_of(label: &str, mut file: impl Read + Seek) -> Result<Option<Vec<Member>>, InputError> {
    let mut magic = [0; 4];
    match file.read_exact(&mut magic) {
        Ok(()) if magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06" => {}
        Ok(()) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(InputError::of(label, error)),
    }
    file.rewind().map_err(|error| InputError::of(label, error))?;
    let damaged = |error: zip::result::ZipError| InputError::Damaged { path: label.to_owned(), error: error.to_string() };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        // OpenDocument says what it is in its first member.
        if name == "[Content_Types].xml" || (index == 0 && name == "mimetype") {
            return Err(InputError::Binary {
                path: label.to_owned(),
                found: "an Office workbook or document (.xlsx, .docx, .ods)",
                mend: "save the sheet as CSV, or export CSV from the filter",
            });
        }
        let base = name.rsplit('/').next().unwrap_or(&name);
        // macOS adds a folder of resource forks that no one meant to send.
        if !entry.is_file() || base.starts_with('.') || name.starts_with("__MACOSX/") {
            continue;
        }
        if entry.encrypted() {
            return Err(InputError::Encrypted { path: format!("{label}!{name}") });
        }
        let deflated = match entry.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => {
                return Err(InputError::Damaged {
                    path: format!("{label}!{name}"),
                    error: format!("compression method {other} is not read; use deflate, or unpack it first"),
                });
            }
        };
        let Some(start) = entry.data_start() else {
            return Err(InputError::Damaged { path: format!("{label}!{name}"), error: String::from("a member without data") });
        };
        members.push(Member { name, start, packed: entry.compressed_size(), size: entry.size(), crc32: entry.crc32(), deflated });
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(members))
}

/// The bytes of a member; the stream fails at its end unless size and checksum are those the archive states.
#[expect(clippy::disallowed_methods, reason = "capped by the size the archive states, and by the caller")]
pub(crate) fn stream(mut file: impl Read + Seek + Send + 'static, member: &Member) -> io::Result<Box<dyn Read + Send>> {
    file.seek(SeekFrom::Start(member.start))?;
    let packed = BufReader::with_capacity(128 << 10, file.take(member.packed));
    let inner: Box<dyn Read + Send> = if member.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
    Ok(Box::new(Checked { inner, crc: Crc::new(), read: 0, size: member.size, crc32: member.crc32 }))
}

struct Checked {
    inner: Box<dyn Read + Send>,
    crc: Crc,
    read: u64,
    size: u64,
    crc32: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read > 0 {
            self.crc.update(buffer.get(..read).unwrap_or_default());
            self.read += read as u64;
            if self.read > self.size {
                let found = format!("a member expands beyond the {} bytes the archive states", self.size);
                return Err(io::Error::other(StreamFault::Bomb(found)));
            }
        } else if !buffer.is_empty() {
            if self.read < self.size {
                return Err(io::Error::other(StreamFault::Truncated));
            }
            if self.crc.sum() != self.crc32 {
                return Err(io::Error::other(StreamFault::Damaged(String::from("its checksum differs"))));
            }
        }
        Ok(read)
    }
}
