//! Splits one record into the fields a format asked for; works on byte slices, never allocates a line, never panics on any bytes.
//!
//! A decoder knows names and places, not meanings: it fills [`Slots`], and the compiled format makes a row of them.

pub(crate) mod cef;
mod class;
pub(crate) mod csv;
pub(crate) mod json;
mod keys;
pub(crate) mod kv;
pub(crate) mod labelled;
pub(crate) mod leef;
mod marks;
pub(crate) mod pattern;
pub(crate) mod syslog;
pub(crate) mod w3c;

#[cfg(test)]
mod never_panics;

pub(crate) use marks::{Lines, count_newlines, find_any, find_byte, find_either, lines};

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

    /// Where a piece of the record starts and ends.
    pub(crate) fn bounds(self) -> std::ops::Range<usize> {
        (self.start & !IN_SCRATCH) as usize..self.end as usize
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

    /// The bytes of a piece of at most seven as a word, zeroes behind them.
    #[inline]
    pub(crate) fn word(self, record: &[u8], scratch: &[u8]) -> u64 {
        let from = if self.start & IN_SCRATCH == 0 { record } else { scratch };
        let start = (self.start & !IN_SCRATCH) as usize;
        // Nearly always eight bytes can be read at once, and those of the next field are masked.
        match from.get(start..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(eight) => u64::from_le_bytes(*eight) & ((1 << (8 * self.len().min(7))) - 1),
            None => self.of(record, scratch).iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        }
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

    /// Takes a field's value back.
    pub(crate) fn unset(&mut self, slot: u16) {
        if let Some(place) = self.spans.get_mut(slot as usize) {
            *place = Span::default();
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
    fn plain_names_drop_what_varies() {
        assert_eq!(plain_name("\u{feff}Date & Time".as_bytes()), b"datetime");
        assert_eq!(plain_name(b"cs(Referer)"), b"csreferer");
    }
}
