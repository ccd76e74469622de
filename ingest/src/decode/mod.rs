//! Splits one record into the fields a format asked for; works on byte slices, never allocates a line, never panics on any bytes.
//!
//! A decoder knows names and places, not meanings: it fills [`Slots`], and the compiled format makes a row of them.

pub(crate) mod cef;
pub(crate) mod csv;
pub(crate) mod json;
mod keys;
pub(crate) mod kv;
pub(crate) mod leef;
pub(crate) mod pattern;
pub(crate) mod syslog;
pub(crate) mod w3c;

#[cfg(test)]
mod never_panics;

/// Set in [`Span::start`] when the bytes stand in the scratch and not in the record.
const IN_SCRATCH: u32 = 1 << 31;

/// Longest record a decoder looks at; what is longer cannot be addressed by a [`Span`] and is unreadable.
pub(crate) const LONGEST_RECORD: usize = (IN_SCRATCH - 1) as usize;

/// A piece of the record or of the scratch. Empty means no value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// A piece of the record.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= LONGEST_RECORD);
        Self { start: start as u32, end: end as u32 }
    }

    /// A piece of the scratch.
    pub(crate) fn in_scratch(start: usize, end: usize) -> Self {
        Self { start: start as u32 | IN_SCRATCH, end: end as u32 }
    }

    /// Whether there is no value.
    pub(crate) fn is_empty(self) -> bool {
        (self.start & !IN_SCRATCH) >= self.end
    }

    /// Number of bytes.
    pub(crate) fn len(self) -> usize {
        self.end.saturating_sub(self.start & !IN_SCRATCH) as usize
    }

    /// The bytes.
    #[inline]
    pub(crate) fn of<'a>(self, record: &'a [u8], scratch: &'a [u8]) -> &'a [u8] {
        let from = if self.start & IN_SCRATCH == 0 { record } else { scratch };
        from.get((self.start & !IN_SCRATCH) as usize..self.end as usize).unwrap_or(&[])
    }

    /// Whether the piece lies within the record or the scratch, as every piece a decoder gives must.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn lies_within(self, record: &[u8], scratch: &[u8]) -> bool {
        let from = if self.start & IN_SCRATCH == 0 { record } else { scratch };
        self.is_empty() || self.end as usize <= from.len()
    }

    /// The piece of this piece from `from` to `to`, counted within it.
    pub(crate) fn part(self, from: usize, to: usize) -> Self {
        let flag = self.start & IN_SCRATCH;
        let start = self.start & !IN_SCRATCH;
        let (from, to) = (start + from as u32, start + to as u32);
        if to > self.end || from > to { Self::default() } else { Self { start: from | flag, end: to } }
    }
}

/// Slot number that stands for "nobody asked for this field".
pub(crate) const NO_SLOT: u16 = u16::MAX;

/// The fields a record gave, by the slot numbers a format handed out, and the scratch for what had to be rewritten.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    spans: Vec<Span>,
    /// Rewritten text of this record: escapes resolved, parts joined.
    pub(crate) scratch: Vec<u8>,
}

impl Slots {
    /// Room for `count` fields.
    pub(crate) fn new(count: usize) -> Self {
        Self { spans: vec![Span::default(); count], scratch: Vec::with_capacity(1024) }
    }

    /// Forgets the last record.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.spans.fill(Span::default());
        self.scratch.clear();
    }

    /// Gives a field its value. The first value stays: repeated keys are a vendor's afterthought, as a rule.
    #[inline]
    pub(crate) fn set(&mut self, slot: u16, span: Span) {
        if let Some(place) = self.spans.get_mut(slot as usize)
            && place.is_empty()
        {
            *place = span;
        }
    }

    /// A field's place.
    #[inline]
    pub(crate) fn span(&self, slot: u16) -> Span {
        self.spans.get(slot as usize).copied().unwrap_or_default()
    }

    /// A field's bytes; empty where it has none.
    #[inline]
    pub(crate) fn bytes<'a>(&'a self, record: &'a [u8], slot: u16) -> &'a [u8] {
        self.span(slot).of(record, &self.scratch)
    }

    /// Places of all fields, for a matcher that may have to take values back.
    pub(crate) fn spans_mut(&mut self) -> &mut [Span] {
        &mut self.spans
    }

    /// Appends to the scratch what `write` puts there, and returns its place.
    pub(crate) fn rewrite(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.scratch.len();
        write(&mut self.scratch);
        if self.scratch.len() > LONGEST_RECORD {
            self.scratch.truncate(start);
        }
        Span::in_scratch(start, self.scratch.len())
    }
}

/// What a decoder made of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Fields; they are in the slots.
    Record,
    /// A line that names the columns of those that follow.
    Header,
    /// A directive or remark.
    Comment,
    /// Not of this shape.
    Unreadable,
    /// Columns without a header to name them.
    NoHeader,
}

/// Slot of each name a format asked for, in slot order.
pub(crate) fn slot_of(names: &[String], name: &[u8]) -> u16 {
    names.iter().position(|n| n.as_bytes() == name).map_or(NO_SLOT, |n| n as u16)
}

/// A header name as it is compared: letters and digits only, lower case, no byte order mark.
pub(crate) fn plain_name(name: &[u8]) -> Vec<u8> {
    let name = name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name);
    name.iter().filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80).map(u8::to_ascii_lowercase).collect()
}

/// `text` without blanks at both ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// Bytes searched eight at a time before a search is handed to `memchr`: most fields are shorter than its call costs.
const NEAR: usize = 48;

const fn splat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks the bytes of `word` that are zero; the lowest mark is right, those above it need not be.
#[inline(always)]
const fn zeroes(word: u64) -> u64 {
    word.wrapping_sub(splat(1)) & !word & splat(0x80)
}

/// The first place in `text` from `from` on of which `marks` (eight bytes at a time) or `far` (the rest) says that it is one.
#[inline(always)]
fn find(text: &[u8], from: usize, marks: impl Fn(u64) -> u64, far: impl Fn(&[u8]) -> Option<usize>) -> usize {
    let Some(rest) = text.get(from..) else { return text.len() };
    let (eights, tail) = rest.as_chunks::<8>();
    let mut at = from;
    for eight in eights.iter().take(NEAR / 8) {
        let marks = marks(u64::from_le_bytes(*eight));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    if eights.len() > NEAR / 8 {
        return text.get(at..).and_then(far).map_or(text.len(), |n| n + at);
    }
    let end = tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    // Bytes beyond the tail are zeroes, and no mark there counts.
    let marks = marks(end);
    at + (marks.trailing_zeros() as usize / 8).min(tail.len())
}

/// The first `needle` in `text` from `from` on.
#[inline]
pub(crate) fn find_byte(text: &[u8], from: usize, needle: u8) -> Option<usize> {
    let end = find(text, from, |word| zeroes(word ^ splat(needle)), |rest| memchr::memchr(needle, rest));
    (end < text.len()).then_some(end)
}

/// The first `a` or `b` in `text` from `from` on, or its end.
#[inline]
pub(crate) fn find_either(text: &[u8], from: usize, a: u8, b: u8) -> usize {
    let marks = |word: u64| zeroes(word ^ splat(a)) | zeroes(word ^ splat(b));
    find(text, from, marks, |rest| memchr::memchr2(a, b, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_find_their_bytes() {
        let mut slots = Slots::new(2);
        slots.set(0, Span::new(2, 5));
        let span = slots.rewrite(|s| s.extend_from_slice(b"made"));
        slots.set(1, span);
        assert_eq!(slots.bytes(b"abcdefg", 0), b"cde");
        assert_eq!(slots.bytes(b"abcdefg", 1), b"made");
        assert_eq!(slots.span(1).part(1, 3).of(b"", &slots.scratch), b"ad");
        assert_eq!(slots.bytes(b"abcdefg", 9), b"");
        slots.set(0, Span::new(0, 1));
        assert_eq!(slots.bytes(b"abcdefg", 0), b"cde", "the first value stays");
    }

    #[test]
    fn bytes_are_found_wherever_they_stand() {
        for length in 0..100 {
            for from in 0..=length {
                for place in 0..length {
                    let mut text = vec![b'a'; length];
                    text[place] = b',';
                    let wanted = if place >= from { place } else { length };
                    assert_eq!(find_either(&text, from, b',', b';'), wanted, "{place} from {from} of {length}");
                    assert_eq!(find_byte(&text, from, b','), Some(wanted).filter(|n| *n < length));
                }
            }
        }
        assert_eq!(find_byte(b"abc", 9, b'a'), None);
    }

    #[test]
    fn plain_names_drop_what_varies() {
        assert_eq!(plain_name("\u{feff}Date & Time".as_bytes()), b"datetime");
        assert_eq!(plain_name(b"cs(Referer)"), b"csreferer");
    }
}
