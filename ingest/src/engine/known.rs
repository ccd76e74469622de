//! Tells whether an input was read before, wholly or up to where it has grown since, from its first bytes and only then from all.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use weir_lake::ids::{FileId, SourceId};
use weir_lake::lake::Receipt;
use weir_lake::reopen::REOPENED;

/// Bytes of the head that a receipt remembers.
pub(crate) const HEAD_BYTES: usize = 4 << 10;

/// The id of a segment's head.
pub(crate) fn head_id(head: &[u8]) -> FileId {
    FileId::from_digest(*blake3::hash(head.get(..HEAD_BYTES).unwrap_or(head)).as_bytes())
}

/// Where a segment lies and what it hashes to.
#[derive(Debug, Clone, Copy)]
struct Segment {
    byte_from: u64,
    byte_to: u64,
    lines_to: u64,
    digest: [u8; 32],
    tag: u32,
}

/// The segments of one source that were read.
#[derive(Default)]
pub(crate) struct Known {
    /// First segments by the id of their head, and the length of that head.
    heads: HashMap<FileId, Vec<Segment>>,
    short_heads: BTreeMap<usize, usize>,
    /// Later segments by their first byte.
    later: HashMap<u64, Vec<Segment>>,
    /// Segments of files of which a reopening took rows out: they don't count as read.
    reopened: Option<Box<Known>>,
}

/// How much of an input was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadBefore {
    /// Bytes.
    pub(crate) bytes: u64,
    /// Lines.
    pub(crate) lines: u64,
    /// Tags of the segments, in order.
    pub(crate) tags: Vec<u32>,
}

/// How much was read before, and the segments that it was read in.
type Followed = (ReadBefore, Vec<FileId>);

impl Known {
    /// What the receipts of a source tell.
    pub(crate) fn new<'r>(receipts: impl IntoIterator<Item = &'r Receipt>, source_id: &SourceId) -> Self {
        let mut known = Self::default();
        for receipt in receipts.into_iter().filter(|receipt| receipt.source_id == *source_id) {
            known.add(receipt);
        }
        known
    }

    /// Adds a segment that this run read.
    pub(crate) fn add(&mut self, receipt: &Receipt) {
        if receipt.ignored.contains_key(REOPENED) {
            let ignored = BTreeMap::new();
            return self.reopened.get_or_insert_default().add(&Receipt { ignored, ..receipt.clone() });
        }
        let Some(digest) = digest_of(&receipt.file_id) else { return };
        let lines_to = receipt.line_from + receipt.lines;
        let tag = weir_lake::index::segment_tag(&receipt.head_id, receipt.byte_from, &receipt.file_id);
        let segment = Segment { byte_from: receipt.byte_from, byte_to: receipt.byte_to, lines_to, digest, tag };
        if receipt.byte_from > 0 {
            self.later.entry(receipt.byte_from).or_default().push(segment);
        } else {
            let length = usize::try_from(receipt.byte_to).map_or(HEAD_BYTES, |length| length.min(HEAD_BYTES));
            *self.short_heads.entry(length).or_insert(0) += 1;
            self.heads.entry(receipt.head_id.clone()).or_default().push(segment);
        }
    }

    /// Whether an input that begins so may have been read before. `head` is 4 KiB, or all there is.
    pub(crate) fn may_know(&self, head: &[u8]) -> bool {
        self.short_heads.keys().any(|length| head.get(..*length).is_some_and(|head| self.heads.contains_key(&head_id(head))))
    }

    /// How much of `reader` was read before: reads it to its end and follows the segments whose bytes hash to what was noted.
    pub(crate) fn follow(&self, reader: &mut dyn Read, head: &[u8]) -> io::Result<Option<ReadBefore>> {
        self.follow_by_segments(reader, head).map(|followed| followed.map(|(before, _)| before))
    }

    /// What is known of files of which a reopening took rows out.
    pub(crate) fn reopened(&self) -> Option<&Known> {
        self.reopened.as_deref()
    }

    /// The same with the ids of the segments.
    pub(crate) fn follow_by_segments(&self, reader: &mut dyn Read, head: &[u8]) -> io::Result<Option<Followed>> {
        let mut underway: Vec<(Segment, Option<Followed>)> = Vec::new();
        for length in self.short_heads.keys() {
            let Some(head) = head.get(..*length) else { continue };
            underway.extend(self.heads.get(&head_id(head)).into_iter().flatten().map(|segment| (*segment, None)));
        }
        let mut hashers = BTreeMap::from([(0, blake3::Hasher::new())]);
        let (mut at, mut best) = (0u64, None::<Followed>);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let Some(next) = underway.iter().map(|(segment, _)| segment.byte_to).filter(|end| *end > at).min() else {
                return Ok(best);
            };
            while at < next {
                let room = usize::try_from(next - at).map_or(buffer.len(), |left| left.min(buffer.len()));
                let read = match reader.read(&mut buffer[..room]) {
                    Ok(0) => return Ok(best),
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                let bytes = &buffer[..read];
                hashers.values_mut().for_each(|hasher| {
                    hasher.update(bytes);
                });
                at += read as u64;
            }
            let ended: Vec<_> = underway.extract_if(.., |(segment, _)| segment.byte_to == at).collect();
            for (segment, before) in ended {
                let Some(hasher) = hashers.get(&segment.byte_from) else { continue };
                if *hasher.finalize().as_bytes() != segment.digest {
                    continue;
                }
                let (mut tags, mut ids) = before.map_or_else(Default::default, |(before, ids)| (before.tags, ids));
                tags.push(segment.tag);
                ids.push(FileId::from_digest(segment.digest));
                let read = (ReadBefore { bytes: at, lines: segment.lines_to, tags }, ids);
                let later = self.later.get(&at).into_iter().flatten();
                let later: Vec<_> = later.map(|later| (*later, Some(read.clone()))).collect();
                best = Some(read);
                if !later.is_empty() {
                    hashers.insert(at, blake3::Hasher::new());
                    underway.extend(later);
                }
            }
        }
    }
}

fn digest_of(id: &FileId) -> Option<[u8; 32]> {
    let hex = id.as_str().as_bytes();
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(hex.as_chunks::<2>().0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_lake::ids::{FormatId, RunId};

    fn receipt(file: &[u8], from: usize, to: usize, line_from: u64) -> Receipt {
        let bytes = &file[from..to];
        Receipt {
            file_id: FileId::from_digest(*blake3::hash(bytes).as_bytes()),
            head_id: head_id(bytes),
            byte_from: from as u64,
            byte_to: to as u64,
            line_from,
            path: String::from("x"),
            school_id: None,
            source_id: SourceId::parse("gate").unwrap(),
            format_id: FormatId::parse("squid").unwrap(),
            format_version: 1,
            lines: 1,
            events: 1,
            admin_events: 0,
            ignored: BTreeMap::new(),
            quarantined: 0,
            first_event_time: None,
            last_event_time: None,
            run_id: RunId::parse("r1").unwrap(),
            received_at: 0,
            revision: 1,
            lake_version: 1,
        }
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 7 % 253) as u8).collect()
    }

    fn follow(known: &Known, file: &[u8]) -> Option<(u64, u64)> {
        let head = &file[..file.len().min(HEAD_BYTES)];
        if !known.may_know(head) {
            return None;
        }
        known.follow(&mut &file[..], head).unwrap().map(|read| (read.bytes, read.lines))
    }

    #[test]
    fn a_file_is_followed_as_far_as_its_bytes_are_those_read() {
        let file = bytes(20_000);
        let receipts = [receipt(&file, 0, 9_000, 0), receipt(&file, 9_000, 12_000, 1), receipt(&file, 12_000, 20_000, 2)];
        let known = Known::new(&receipts, &SourceId::parse("gate").unwrap());
        assert_eq!(follow(&known, &file), Some((20_000, 3)));
        assert_eq!(follow(&known, &file[..15_000]), Some((12_000, 2)), "a copy cut short");
        let mut longer = file.clone();
        longer.extend_from_slice(b"more");
        assert_eq!(follow(&known, &longer), Some((20_000, 3)));
        let mut changed = file.clone();
        changed[10_000] ^= 1;
        assert_eq!(follow(&known, &changed), Some((9_000, 1)), "changed behind its first segment");
        let mut other = file.clone();
        other[5_000] ^= 1;
        assert_eq!(follow(&known, &other), None, "the head is the same, the rest is not");
        assert_eq!(follow(&known, &bytes(100)), None);
        let elsewhere = Known::new(&receipts, &SourceId::parse("other").unwrap());
        assert_eq!(follow(&elsewhere, &file), None, "known to another source only");
    }

    #[test]
    fn a_first_segment_shorter_than_a_head_is_known_when_it_has_grown() {
        let file = bytes(10_000);
        let known = Known::new(&[receipt(&file, 0, 100, 0)], &SourceId::parse("gate").unwrap());
        assert_eq!(follow(&known, &file), Some((100, 1)));
    }

    #[test]
    fn of_two_exports_with_one_head_the_right_one_is_followed() {
        let file = bytes(30_000);
        let mut other = bytes(12_000);
        other[8_000] = 0;
        let known = Known::new(&[receipt(&other, 0, 12_000, 0), receipt(&file, 0, 20_000, 0)], &SourceId::parse("gate").unwrap());
        assert_eq!(follow(&known, &file), Some((20_000, 1)));
    }
}
