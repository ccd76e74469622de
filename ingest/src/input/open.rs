//! Opens one input as a stream of decompressed UTF-8 bytes, with a cap on how far it may expand.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::elements::{self, Elements};
use super::text::{FromUtf16, Sniffed, sniff};
use super::{Input, InputError, Limits, StreamFault, zip_member};

/// Bytes looked at to tell what a stream is.
const SNIFF_BYTES: usize = 8 << 10;

/// Layers of compression followed: a `.gz` inside a zip is common, a third layer is not.
const LAYERS: usize = 3;

/// An open input.
pub struct Opened {
    /// Decompressed, UTF-8 bytes.
    pub reader: Box<dyn Read + Send>,
    /// Bytes of it on disk, compressed or not.
    pub disk_bytes: u64,
    /// Bytes taken from the disk so far, for progress.
    pub consumed: Arc<AtomicU64>,
    /// Whether it is compressed. Such a file is whole: nothing is appended to it later.
    pub compressed: bool,
    /// Whether bytes are what lies on disk, so that a later run can go on behind them.
    pub plain: bool,
    /// When it was last written.
    pub modified: Option<SystemTime>,
}

/// Opens an input and refuses what is no text.
pub fn open(input: &Input, limits: Limits) -> Result<Opened, InputError> {
    let label = input.label();
    let fault = |error| InputError::of(&label, error);
    let consumed = Arc::new(AtomicU64::new(0));
    let file = File::open(&input.path).map_err(fault)?;
    let metadata = file.metadata().map_err(fault)?;
    let modified = metadata.modified().ok();
    let (reader, disk_bytes, compressed): (Box<dyn Read + Send>, u64, bool) = match &input.member {
        Some(member) => {
            let stream = zip_member::stream(file, member).map_err(fault)?;
            (capped_member(stream, member.packed, &consumed, limits), member.packed, true)
        }
        None => (Box::new(Counted { inner: file, consumed: Arc::clone(&consumed) }), metadata.len(), false),
    };
    Ok(Opened { disk_bytes, modified, ..unpack(&label, reader, consumed, compressed, limits)? })
}

fn capped_member(stream: Box<dyn Read + Send>, packed: u64, consumed: &Arc<AtomicU64>, limits: Limits) -> Box<dyn Read + Send> {
    // The decoder counts what it gives, not what it takes, so all of a member counts as taken for the ratio.
    consumed.store(packed, Ordering::Relaxed);
    Box::new(Capped::new(Box::new(Named { inner: stream }), Arc::clone(consumed), limits))
}

/// Takes the layers of compression off a stream and refuses what is no text. Of the result, the size on disk and the time are unknown.
#[expect(clippy::disallowed_methods, reason = "the one place that unpacks, and caps each layer")]
fn unpack(
    label: &str,
    mut reader: Box<dyn Read + Send>,
    consumed: Arc<AtomicU64>,
    mut compressed: bool,
    limits: Limits,
) -> Result<Opened, InputError> {
    let fault = |error| InputError::of(label, error);
    let (disk_bytes, modified) = (0, None);
    let mut plain = !compressed;
    for _ in 0..=LAYERS {
        let mut head = Vec::with_capacity(SNIFF_BYTES);
        reader.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head).map_err(fault)?;
        if head.is_empty() {
            return Err(InputError::Empty { path: label.to_owned() });
        }
        let (kind, is_array) = (sniff(&head), elements::begins(&head));
        let whole: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(reader));
        match kind {
            Sniffed::Text if is_array => {
                // Bytes are not those on disk, so what is appended later can't be told apart.
                let reader = Box::new(Elements::new(whole));
                return Ok(Opened { reader, disk_bytes, consumed, compressed, plain: false, modified });
            }
            Sniffed::Text => return Ok(Opened { reader: whole, disk_bytes, consumed, compressed, plain, modified }),
            Sniffed::Utf16(encoding) => {
                plain = false;
                let reader = Box::new(FromUtf16::new(whole, encoding));
                return Ok(Opened { reader, disk_bytes, consumed, compressed, plain, modified });
            }
            Sniffed::Binary { found, mend } => return Err(InputError::Binary { path: label.to_owned(), found, mend }),
            Sniffed::Gzip | Sniffed::Zstd => {
                let packed = BufReader::with_capacity(128 << 10, whole);
                let stream: Box<dyn Read + Send> = if kind == Sniffed::Gzip {
                    Box::new(flate2::bufread::MultiGzDecoder::new(packed))
                } else {
                    Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(fault)?)
                };
                reader = Box::new(Capped::new(Box::new(Named { inner: stream }), Arc::clone(&consumed), limits));
                compressed = true;
                plain = false;
            }
        }
    }
    Err(InputError::Bomb { path: label.to_owned(), found: format!("data is compressed more than {LAYERS} times over") })
}

/// Opens what lies in memory, each member of an archive in turn, as [`open`] opens what lies on disk.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn open_bytes(bytes: &[u8], limits: Limits) -> Vec<Result<Opened, InputError>> {
    let label = "memory";
    let stored = || Cursor::new(bytes.to_vec());
    match zip_member::members_of(label, stored()) {
        Err(error) => vec![Err(error)],
        Ok(None) => {
            let consumed = Arc::new(AtomicU64::new(0));
            let reader = Box::new(Counted { inner: stored(), consumed: Arc::clone(&consumed) });
            vec![unpack(label, reader, consumed, false, limits)]
        }
        Ok(Some(members)) => members
            .iter()
            .map(|member| {
                let consumed = Arc::new(AtomicU64::new(0));
                let stream = zip_member::stream(stored(), member).map_err(|error| InputError::of(label, error))?;
                let reader = capped_member(stream, member.packed, &consumed, limits);
                unpack(label, reader, consumed, true, limits)
            })
            .collect(),
    }
}

/// Counts the bytes taken from disk.
struct Counted<R> {
    inner: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Gives a decoder's errors their meaning: an end too early, or damage. Faults of the disk pass as they are.
struct Named {
    inner: Box<dyn Read + Send>,
}

impl Read for Named {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other(StreamFault::Truncated),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => io::Error::other(StreamFault::Damaged(error.to_string())),
            // zstd reports damage as "other", with text alone inside.
            io::ErrorKind::Other if error.raw_os_error().is_none() && !carries_fault(&error) => {
                io::Error::other(StreamFault::Damaged(error.to_string()))
            }
            _ => error,
        })
    }
}

fn carries_fault(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<StreamFault>())
}

/// Refuses a stream that expands beyond its limits.
struct Capped {
    inner: Box<dyn Read + Send>,
    given: u64,
    consumed: Arc<AtomicU64>,
    limits: Limits,
}

impl Capped {
    fn new(inner: Box<dyn Read + Send>, consumed: Arc<AtomicU64>, limits: Limits) -> Self {
        Self { inner, given: 0, consumed, limits }
    }
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.given += read as u64;
        if self.given > self.limits.total {
            let found = format!("it expands to more than {} bytes", self.limits.total);
            return Err(io::Error::other(StreamFault::Bomb(found)));
        }
        if self.given > self.limits.ratio_from {
            let taken = self.consumed.load(Ordering::Relaxed).max(1);
            if self.given / taken > self.limits.ratio {
                let found = format!("it expands more than {} times", self.limits.ratio);
                return Err(io::Error::other(StreamFault::Bomb(found)));
            }
        }
        Ok(read)
    }
}
