//! Tells text from what is none by its first bytes, and turns UTF-16 into UTF-8.

use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};

/// What the first bytes of a stream are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sniffed {
    Gzip,
    Zstd,
    Utf16(&'static Encoding),
    /// UTF-8, Windows-1252 or ASCII; a byte order mark stays in place and the first line is read without it.
    Text,
    Binary {
        found: &'static str,
        mend: &'static str,
    },
}

const AS_TEXT: &str = "export it as text or CSV";
const NO_PICTURE: &str = "a picture of a report can't be read; export the report as CSV instead, one row a request";
const UNPACK: &str = "unpack it first";

/// First bytes of what technicians send by mistake, and what to say.
const KNOWN: [(&[u8], &str, &str); 18] = [
    (b"PK\x03\x04", "a zip archive inside another file", UNPACK),
    (b"%PDF-", "a PDF", "export the report as CSV instead, one row a request with its time"),
    (b"\xD0\xCF\x11\xE0", "an old Office document", "save the sheet as CSV, or export CSV from the filter"),
    (b"{\\rtf", "a text document", "export CSV from the filter"),
    (b"BZh", "bzip2 data", "unpack it first, or pack it with gzip or zstd"),
    (b"\xFD7zXZ\0", "xz data", "unpack it first, or pack it with gzip or zstd"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"\x89PNG", "a picture", NO_PICTURE),
    (b"\xFF\xD8\xFF", "a picture", NO_PICTURE),
    (b"GIF8", "a picture", NO_PICTURE),
    (b"II*\0", "a picture", NO_PICTURE),
    (b"MM\0*", "a picture", NO_PICTURE),
    (b"\x7FELF", "a program", AS_TEXT),
    (b"MZ\x90\0", "a program", AS_TEXT),
    (b"SQLite format 3\0", "a database", AS_TEXT),
    (b"PAR1", "a Parquet file", "give the export it was made from"),
    (b"ElfFile\0", "a Windows event log", AS_TEXT),
];

/// Judges a stream by its first bytes (8 KiB are enough).
pub(crate) fn sniff(head: &[u8]) -> Sniffed {
    match head {
        [0x1F, 0x8B, 8, ..] => return Sniffed::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => return Sniffed::Zstd,
        [0xFF, 0xFE, ..] => return Sniffed::Utf16(UTF_16LE),
        [0xFE, 0xFF, ..] => return Sniffed::Utf16(UTF_16BE),
        _ => {}
    }
    for (magic, found, mend) in KNOWN {
        if head.starts_with(magic) {
            return Sniffed::Binary { found, mend };
        }
    }
    let kind = (head.get(..4), head.get(4..8), head.get(8..12));
    if matches!(kind, (Some(b"RIFF"), _, Some(b"WEBP")) | (_, Some(b"ftyp"), Some(b"heic" | b"heix" | b"mif1" | b"avif"))) {
        return Sniffed::Binary { found: "a picture", mend: NO_PICTURE };
    }
    if is_web_page(head) {
        return Sniffed::Binary { found: "a web page", mend: "export CSV from the filter instead of saving its page" };
    }
    if head.get(257..262) == Some(b"ustar") {
        return Sniffed::Binary { found: "a tar archive", mend: UNPACK };
    }
    let odd = |byte: &u8| *byte < 0x20 && !matches!(*byte, b'\t' | b'\n' | b'\r' | 0x0B | 0x0C | 0x1B);
    let nuls_at = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    // UTF-16 without its mark: every other byte of English text is NUL.
    if half >= 8 && nuls_at(1) * 10 > half * 8 && nuls_at(0) * 10 < half {
        return Sniffed::Utf16(UTF_16LE);
    }
    if half >= 8 && nuls_at(0) * 10 > half * 8 && nuls_at(1) * 10 < half {
        return Sniffed::Utf16(UTF_16BE);
    }
    // A crash can leave a run of NULs in a log, so a few are a matter of the line, not of the file.
    if head.iter().filter(|byte| odd(byte)).count() * 10 > head.len() * 3 {
        return Sniffed::Binary { found: "binary data", mend: AS_TEXT };
    }
    // Text that is not UTF-8 is Windows-1252, and then mostly ASCII all the same; whole characters may be cut at the end of the head.
    let is_utf8 = std::str::from_utf8(head).map_or_else(|error| error.valid_up_to() + 4 > head.len(), |_| true);
    if !is_utf8 && head.iter().filter(|byte| odd(byte) || **byte >= 0x80).count() * 10 > head.len() * 3 {
        return Sniffed::Binary { found: "binary data", mend: AS_TEXT };
    }
    Sniffed::Text
}

/// Whether the text begins as a page that a browser saved.
fn is_web_page(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|mark| text.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
}

/// A UTF-16 stream as UTF-8; half a character at the very end becomes U+FFFD.
pub(crate) struct FromUtf16 {
    inner: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    ended: bool,
}

impl FromUtf16 {
    pub(crate) fn new(inner: Box<dyn Read + Send>, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 64 << 10],
            out: Vec::new(),
            at: 0,
            ended: false,
        }
    }
}

impl Read for FromUtf16 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            if self.ended {
                return Ok(0);
            }
            let read = self.inner.read(&mut self.raw)?;
            self.ended = read == 0;
            let raw = self.raw.get(..read).unwrap_or_default();
            let room = self.decoder.max_utf8_buffer_length(raw.len()).unwrap_or(4 * raw.len() + 64);
            self.out.clear();
            self.out.resize(room, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(raw, &mut self.out, self.ended);
            self.out.truncate(written);
            self.at = 0;
        }
        let ready = self.out.get(self.at..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        buffer.iter_mut().zip(ready).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}
