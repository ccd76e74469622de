//! Hands out a stream as blocks of whole records, each knowing its first line number and the aligned unit of bytes to hash.
//!
//! Pulling is done by one thread at a time, under a lock; a block belongs to whoever pulled it. The carried part of a record goes to
//! the front of the next block's buffer, so that a record is never in two blocks.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::records::{Cutter, Record};
use crate::decode::count_newlines;

/// Bytes read at once. Large enough that the lock is rarely met, small enough for the second-level cache. 512 KiB to 2 MiB measure the
/// same.
pub(crate) const UNIT_BYTES: usize = 1 << 20;

/// What is kept of a line that is too long, for the quarantine.
const TOO_LONG_KEPT: usize = 4 << 10;

/// A buffer with some records of the stream; reused from pull to pull.
#[derive(Default)]
pub(crate) struct Block {
    /// Carried bytes, then the unit.
    pub(crate) bytes: Vec<u8>,
    /// The whole records in `bytes`.
    pub(crate) records: Range<usize>,
    /// Number of the first line among them, from 1, over the whole file.
    pub(crate) first_line: u64,
    /// The unit's place in the segment, in units.
    pub(crate) unit_index: u64,
    /// The unit's bytes in `bytes`, as far as they belong to the segment.
    pub(crate) unit: Range<usize>,
    /// Where each record ends, for formats whose records may span lines: found while pulling, so not looked for again.
    pub(crate) cuts: Vec<Record>,
    /// A line that was too long, which ends before `records`: its number and its first bytes.
    pub(crate) too_long: Option<(u64, Vec<u8>)>,
}

/// Where a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Bytes of the segment.
    pub(crate) bytes: u64,
    /// Lines of the segment.
    pub(crate) lines: u64,
    /// Bytes behind it: a line not finished yet.
    pub(crate) waiting: u64,
    /// The units handed out reach beyond the segment's end, so its hash must be taken afresh.
    pub(crate) rehash: bool,
}

/// How a stream is cut into blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cutting {
    /// How records are cut.
    pub(crate) cutter: Cutter,
    /// Bytes of a unit: 1,024 times a power of two.
    pub(crate) unit: usize,
    /// Whether the end of the stream ends its last line. Otherwise the segment ends at the last newline.
    pub(crate) settled: bool,
    /// Lines of the file before this segment.
    pub(crate) line_from: u64,
}

/// The stream and how far it has been handed out.
pub(crate) struct BlockSource {
    reader: Box<dyn Read + Send>,
    cutting: Cutting,
    carry: Vec<u8>,
    next_line: u64,
    next_unit: u64,
    read: u64,
    skipping: Option<(u64, u64, Vec<u8>)>,
    sealed: Option<Sealed>,
    failed: bool,
}

impl BlockSource {
    /// A stream from the segment's first byte on.
    pub(crate) fn new(reader: Box<dyn Read + Send>, cutting: Cutting) -> Self {
        Self {
            reader,
            cutting,
            carry: Vec::new(),
            next_line: cutting.line_from + 1,
            next_unit: 0,
            read: 0,
            skipping: None,
            sealed: None,
            failed: false,
        }
    }

    /// Where the segment ended; none before the last block was pulled.
    pub(crate) fn sealed(&self) -> Option<Sealed> {
        self.sealed
    }

    /// Fills `block` with the next records. False when there are no more. A block may hold no record (a line longer than a unit);
    /// its unit is hashed all the same. After an error every further pull says there is no more.
    pub(crate) fn pull(&mut self, block: &mut Block) -> io::Result<bool> {
        if self.failed || self.sealed.is_some() {
            return Ok(false);
        }
        self.fill(block).inspect_err(|_| self.failed = true)?;
        let last = block.bytes.len() - self.carry.len() < self.cutting.unit;
        let mut from = 0;
        if let Some((line, start, kept)) = self.skipping.take() {
            match memchr(b'\n', &block.bytes) {
                Some(newline) => {
                    block.too_long = Some((line, kept));
                    self.next_line += 1;
                    from = newline + 1;
                }
                None if last => {
                    self.end_inside_long_line(block, line, start, kept);
                    return Ok(true);
                }
                None => {
                    self.skipping = Some((line, start, kept));
                    block.records = 0..0;
                    self.carry.clear();
                    return Ok(true);
                }
            }
        }
        block.first_line = self.next_line;
        let to = self.whole_records(&block.bytes, &mut block.cuts, from, last);
        block.records = from..to;
        self.carry.clear();
        let rest = block.bytes.get(to..).unwrap_or_default();
        if last {
            let waiting = rest.len() as u64;
            let unit_bytes = block.unit.len() as u64;
            block.unit.end -= waiting.min(unit_bytes) as usize;
            self.seal(waiting, waiting > unit_bytes);
        } else if rest.len() > self.cutting.cutter.max_bytes + 1 && memchr(b'\n', rest).is_none() {
            // One byte more may be the carriage return of a line that is just short enough.
            let kept = rest.get(..TOO_LONG_KEPT.min(rest.len())).unwrap_or_default().to_vec();
            self.skipping = Some((self.next_line, self.read - rest.len() as u64, kept));
        } else {
            self.carry.extend_from_slice(rest);
        }
        Ok(true)
    }

    /// Carry, then one unit or what is left of the stream.
    fn fill(&mut self, block: &mut Block) -> io::Result<()> {
        let carried = self.carry.len();
        block.too_long = None;
        block.cuts.clear();
        // What is there from the last pull is overwritten, not emptied first.
        block.bytes.resize(carried + self.cutting.unit, 0);
        block.bytes[..carried].copy_from_slice(&self.carry);
        let mut filled = carried;
        while let Some(room) = block.bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        block.bytes.truncate(filled);
        block.unit = carried..filled;
        block.unit_index = self.next_unit;
        self.next_unit += 1;
        self.read += (filled - carried) as u64;
        Ok(())
    }

    /// The end of the last whole record, and counts the lines up to there.
    fn whole_records(&mut self, bytes: &[u8], cuts: &mut Vec<Record>, from: usize, last: bool) -> usize {
        let settled_end = last && self.cutting.settled;
        if !self.cutting.cutter.multiline {
            let rest = bytes.get(from..).unwrap_or_default();
            let to = if settled_end { bytes.len() } else { memrchr(b'\n', rest).map_or(from, |newline| from + newline + 1) };
            let whole = bytes.get(from..to).unwrap_or_default();
            self.next_line += count_newlines(whole);
            self.next_line += u64::from(whole.last().is_some_and(|byte| *byte != b'\n'));
            return to;
        }
        let mut at = from;
        while let Some(record) = self.cutting.cutter.cut(bytes, at, last) {
            let finished = record.next > 0 && bytes.get(record.next - 1) == Some(&b'\n');
            if !finished && !settled_end {
                break;
            }
            self.next_line += record.lines;
            at = record.next;
            cuts.push(record);
        }
        at
    }

    /// The stream ended inside a line that is too long.
    fn end_inside_long_line(&mut self, block: &mut Block, line: u64, start: u64, kept: Vec<u8>) {
        block.records = 0..0;
        block.first_line = self.next_line;
        self.carry.clear();
        if self.cutting.settled {
            block.too_long = Some((line, kept));
            self.next_line += 1;
            self.seal(0, false);
        } else {
            let waiting = self.read - start;
            self.seal(waiting, true);
        }
    }

    fn seal(&mut self, waiting: u64, rehash: bool) {
        self.sealed =
            Some(Sealed { bytes: self.read - waiting, lines: self.next_line - 1 - self.cutting.line_from, waiting, rehash });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::content_hash::{hash_unit, join};
    use proptest::prelude::*;
    use std::io::Cursor;

    /// Everything a stream gives: (line number, record, too long), the seal, and the hash.
    type Read = (Vec<(u64, Vec<u8>, bool)>, Sealed, Option<[u8; 32]>);

    fn read_all(bytes: &[u8], unit: usize, multiline: bool, settled: bool) -> Read {
        let cutter = Cutter { multiline, max_bytes: 300 };
        let cutting = Cutting { cutter, unit, settled, line_from: 0 };
        let mut source = BlockSource::new(Box::new(Cursor::new(bytes.to_vec())), cutting);
        let (mut block, mut records, mut units) = (Block::default(), Vec::new(), Vec::new());
        while source.pull(&mut block).unwrap() {
            if let Some((line, kept)) = block.too_long.take() {
                records.push((line, kept[..10].to_vec(), true));
            }
            let part = &block.bytes[..block.records.end];
            if multiline {
                assert_eq!(block.cuts.last().map_or(block.records.start, |cut| cut.next), block.records.end);
            }
            let (mut at, mut line) = (block.records.start, block.first_line);
            let mut cuts = block.cuts.iter();
            while let Some(record) = cutter.cut(part, at, true) {
                if multiline {
                    assert_eq!(cuts.next(), Some(&record));
                }
                let long = record.end - at > 300;
                let text = &part[at..record.end];
                records.push((line, if long { text[..10].to_vec() } else { text.to_vec() }, long));
                line += record.lines;
                at = record.next;
            }
            if !block.unit.is_empty() || block.unit_index == 0 {
                units.push(hash_unit(block.unit_index, unit as u64, &block.bytes[block.unit.clone()]));
            }
        }
        let sealed = source.sealed().unwrap();
        let hash = if sealed.rehash { Some(*blake3::hash(&bytes[..sealed.bytes as usize]).as_bytes()) } else { join(units) };
        (records, Sealed { rehash: false, ..sealed }, hash)
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "[a-z\",]{0,40}",
            1 => "[a-z]{290,310}",
            1 => "[a-z]{2000,5000}",
        ]
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn any_unit_size_gives_the_same_records(
            lines in prop::collection::vec(line(), 0..40),
            crlf: bool, ends: bool, multiline: bool, settled: bool,
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let mut text = lines.join(end);
            if ends {
                text.push_str(end);
            }
            let whole = read_all(text.as_bytes(), 1 << 20, multiline, settled);
            for unit in [1024, 2048, 8192] {
                prop_assert_eq!(&read_all(text.as_bytes(), unit, multiline, settled), &whole);
            }
            let (records, sealed, hash) = whole;
            prop_assert_eq!(hash, Some(*blake3::hash(&text.as_bytes()[..sealed.bytes as usize]).as_bytes()));
            prop_assert_eq!(sealed.bytes + sealed.waiting, text.len() as u64);
            let newlines = text.as_bytes()[..sealed.bytes as usize].iter().filter(|byte| **byte == b'\n').count() as u64;
            let unfinished = u64::from(settled && !text.is_empty() && !text.ends_with('\n'));
            prop_assert_eq!(sealed.lines, newlines + unfinished);
            if !multiline {
                prop_assert_eq!(records.len() as u64, sealed.lines);
            }
        }
    }

    #[test]
    fn a_line_just_short_enough_is_so_wherever_a_block_ends() {
        // The first block ends between carriage return and newline.
        let text = "a\r\n".repeat(241) + &"x".repeat(300) + "\r\nb\r\n";
        let (records, ..) = read_all(text.as_bytes(), 1024, false, true);
        assert_eq!((records.len(), records.iter().filter(|(_, _, is_long)| *is_long).count()), (243, 0));
        assert_eq!(read_all(text.as_bytes(), 1024, true, true), read_all(text.as_bytes(), 1 << 20, true, true));
    }

    #[test]
    fn an_unfinished_last_line_waits() {
        let (records, sealed, _) = read_all(b"one\ntwo", 1024, false, false);
        assert_eq!(records, vec![(1, b"one".to_vec(), false)]);
        assert_eq!(sealed, Sealed { bytes: 4, lines: 1, waiting: 3, rehash: false });
        let (records, sealed, _) = read_all(b"one\ntwo", 1024, false, true);
        assert_eq!(records.len(), 2);
        assert_eq!(sealed, Sealed { bytes: 7, lines: 2, waiting: 0, rehash: false });
    }

    #[test]
    fn a_segment_goes_on_with_the_files_line_numbers() {
        let cutter = Cutter { multiline: false, max_bytes: 300 };
        let cutting = Cutting { cutter, unit: 1024, settled: true, line_from: 10 };
        let mut source = BlockSource::new(Box::new(Cursor::new(b"a\nb\n".to_vec())), cutting);
        let mut block = Block::default();
        assert!(source.pull(&mut block).unwrap());
        assert_eq!(block.first_line, 11);
        assert_eq!(source.sealed().unwrap().lines, 2);
    }
}
