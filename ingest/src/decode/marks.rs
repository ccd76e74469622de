//! Finds bytes sixteen at a time: the places of separators as bits of words, and the next place of one.

/// A bit for each of sixteen bytes that is `needle`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[expect(unsafe_code, reason = "the compiler makes no such instruction of plain code; a field costs twice as much without")]
fn equal(sixteen: &[u8; 16], needle: u8) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    let both = u128::from_le_bytes(*sixteen);
    // SAFETY: these need SSE2, which every x86-64 processor has, and touch no memory.
    unsafe {
        let bytes = _mm_set_epi64x((both >> 64) as i64, both as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(needle as i8))) as u32
    }
}

/// A bit for each of sixteen bytes that is `needle`.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn equal(sixteen: &[u8; 16], needle: u8) -> u32 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let both = u128::from_le_bytes(*sixteen) ^ u128::from_le_bytes([needle; 16]);
    let zeroes = |word: u64| {
        let marks = !(((word & LOW) + LOW) | word | LOW);
        ((marks >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    };
    zeroes(both as u64) | zeroes((both >> 64) as u64) << 8
}

/// A bit for each of sixteen bytes from `low` to `high`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[expect(
    unsafe_code,
    reason = "the compiler makes no such instruction of plain code; a short field costs several times as much without"
)]
fn between(sixteen: &[u8; 16], low: u8, high: u8) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8, _mm_sub_epi8};
    let both = u128::from_le_bytes(*sixteen);
    // SAFETY: these need SSE2, which every x86-64 processor has, and touch no memory.
    unsafe {
        let above = _mm_sub_epi8(_mm_set_epi64x((both >> 64) as i64, both as i64), _mm_set1_epi8(low as i8));
        // A byte below `low` wraps round to a large one.
        _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((high - low) as i8)), above)) as u32
    }
}

/// A bit for each of sixteen bytes from `low` to `high`.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn between(sixteen: &[u8; 16], low: u8, high: u8) -> u32 {
    sixteen.iter().rev().fold(0, |marks, byte| marks << 1 | u32::from((low..=high).contains(byte)))
}

/// The first sixteen bytes of a field, looked at all at once.
#[derive(Clone, Copy)]
pub(super) struct Sixteen<'a>(&'a [u8; 16]);

impl<'a> Sixteen<'a> {
    /// Of the field that starts at `start`; none where the text ends before.
    #[inline(always)]
    pub(super) fn at(text: &'a [u8], start: usize) -> Option<Self> {
        text.get(start..)?.first_chunk().map(Self)
    }

    /// A bit for each byte that is `needle`.
    #[inline(always)]
    pub(super) fn equal(self, needle: u8) -> u32 {
        equal(self.0, needle)
    }

    /// A bit for each byte from `low` to `high`.
    #[inline(always)]
    pub(super) fn between(self, low: u8, high: u8) -> u32 {
        between(self.0, low, high)
    }
}

/// A bit for each of 64 bytes that is `needle`, the first byte lowest.
#[inline(always)]
pub(super) fn mark(bytes: &[u8; 64], needle: u8) -> u64 {
    let (sixteens, _) = bytes.as_chunks::<16>();
    sixteens.iter().rev().fold(0, |marks, sixteen| marks << 16 | u64::from(equal(sixteen, needle)))
}

/// Hands out `text` in pieces of 64 bytes, the last one filled up with zeroes.
#[inline(always)]
pub(super) fn pieces(text: &[u8], mut piece: impl FnMut(usize, &[u8; 64])) {
    let (whole, rest) = text.as_chunks::<64>();
    for (number, bytes) in whole.iter().enumerate() {
        piece(number, bytes);
    }
    if !rest.is_empty() {
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        piece(whole.len(), &last);
    }
}

/// The first place in `text` from `from` on that `marks` gives of sixteen bytes, or its end.
#[inline(always)]
fn find(text: &[u8], from: usize, marks: impl Fn(&[u8; 16]) -> u32) -> usize {
    let Some(rest) = text.get(from..) else { return text.len() };
    let mut at = from;
    let (sixteens, tail) = rest.as_chunks::<16>();
    for sixteen in sixteens {
        let found = marks(sixteen);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    if tail.is_empty() {
        return text.len();
    }
    // The last sixteen bytes of the text overlap those looked at, which hold no mark from `from` on.
    if let Some(last) = text.last_chunk::<16>() {
        let start = text.len() - 16;
        let seen = at.max(from).saturating_sub(start);
        let found = marks(last) >> seen << seen;
        return if found == 0 { text.len() } else { start + found.trailing_zeros() as usize };
    }
    let mut padded = [0; 16];
    padded[..tail.len()].copy_from_slice(tail);
    let found = marks(&padded) & ((1 << tail.len()) - 1);
    if found == 0 { text.len() } else { at + found.trailing_zeros() as usize }
}

/// The first `needle` in `text` from `from` on.
#[inline]
pub(crate) fn find_byte(text: &[u8], from: usize, needle: u8) -> Option<usize> {
    let end = find(text, from, |sixteen| equal(sixteen, needle));
    (end < text.len()).then_some(end)
}

/// The first `a` or `b` in `text` from `from` on, or its end.
#[inline]
pub(crate) fn find_either(text: &[u8], from: usize, a: u8, b: u8) -> usize {
    find(text, from, |sixteen| equal(sixteen, a) | equal(sixteen, b))
}

/// The first of five bytes in `text` from `from` on, or its end.
#[inline]
pub(crate) fn find_any(text: &[u8], from: usize, needles: [u8; 5]) -> usize {
    find(text, from, |sixteen| needles.iter().fold(0, |marks, needle| marks | equal(sixteen, *needle)))
}

/// How many newlines `text` holds.
pub(crate) fn count_newlines(text: &[u8]) -> u64 {
    let mut lines = 0;
    pieces(text, |_, piece| lines += u64::from(mark(piece, b'\n').count_ones()));
    lines
}

/// What one pass over many lines tells of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lines {
    /// A NUL byte stands among them.
    pub(crate) has_nul: bool,
    /// All bytes are ASCII, and so all text is UTF-8.
    pub(crate) is_ascii: bool,
}

/// Collects the places of the newlines in `text`, in one pass with what else is asked of every line.
pub(crate) fn lines(text: &[u8], newlines: &mut Vec<u32>) -> Lines {
    newlines.clear();
    let (mut nuls, mut all) = (0, 0);
    let mut look = |start: usize, piece: &[u8; 64]| {
        let mut marks = mark(piece, b'\n');
        while marks != 0 {
            newlines.push((start + marks.trailing_zeros() as usize) as u32);
            marks &= marks - 1;
        }
        for sixteen in piece.as_chunks::<16>().0 {
            nuls |= equal(sixteen, 0);
            all |= u128::from_le_bytes(*sixteen);
        }
    };
    let (whole, rest) = text.as_chunks::<64>();
    whole.iter().enumerate().for_each(|(number, piece)| look(number * 64, piece));
    // Filled up with blanks, which are neither.
    let mut last = [b' '; 64];
    last[..rest.len()].copy_from_slice(rest);
    look(whole.len() * 64, &last);
    Lines { has_nul: nuls != 0, is_ascii: all.to_le_bytes().is_ascii() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_wherever_they_stand() {
        for length in 0..150 {
            for from in 0..=length {
                for place in 0..length {
                    let mut text = vec![b'a'; length];
                    text[place] = b',';
                    let wanted = if place >= from { place } else { length };
                    assert_eq!(find_either(&text, from, b',', b';'), wanted, "{place} from {from} of {length}");
                    assert_eq!(find_any(&text, from, *b"/?,#@"), wanted);
                    assert_eq!(find_byte(&text, from, b','), Some(wanted).filter(|n| *n < length));
                }
            }
        }
        assert_eq!(find_byte(b"abc", 9, b'a'), None);
        assert_eq!(find_byte(b"abc", 0, 0), None, "what a text is filled up with is not in it");
    }

    #[test]
    fn bytes_of_a_range_are_marked() {
        for byte in 0..=u8::MAX {
            let mut text = [b'!'; 16];
            text[5] = byte;
            let sixteen = Sixteen::at(&text, 0).unwrap();
            for (low, high) in [(b'0', b'9'), (b'A', b'Z'), (0, 0x7f)] {
                let wanted: u32 = (0..16).filter(|n| (low..=high).contains(&text[*n])).map(|n| 1 << n).sum();
                assert_eq!(sixteen.between(low, high), wanted, "{byte} from {low} to {high}");
            }
        }
        assert!(Sixteen::at(&[0; 20], 5).is_none());
    }

    #[test]
    fn lines_are_found_with_what_stands_in_them() {
        for length in [0, 1, 63, 64, 65, 200] {
            let mut text: Vec<u8> = (0..length).map(|n: u32| if n % 9 == 4 { b'\n' } else { b'a' }).collect();
            let mut newlines = Vec::new();
            let wanted: Vec<u32> = (0..length).filter(|n| n % 9 == 4).collect();
            assert_eq!(lines(&text, &mut newlines), Lines { has_nul: false, is_ascii: true });
            assert_eq!((&newlines, count_newlines(&text)), (&wanted, wanted.len() as u64), "{length}");
            for place in (0..text.len()).filter(|n| n % 9 != 4) {
                for (byte, has_nul, is_ascii) in
                    [(0, true, true), (0x80, false, false), (0xff, false, false), (0x7f, false, true)]
                {
                    text[place] = byte;
                    assert_eq!(lines(&text, &mut newlines), Lines { has_nul, is_ascii }, "{byte} at {place} of {length}");
                    assert_eq!(newlines, wanted);
                    text[place] = b'a';
                }
            }
        }
    }

    #[test]
    fn marks_are_the_places() {
        for length in [0, 1, 15, 16, 63, 64, 65, 200] {
            let text: Vec<u8> = (0..length).map(|n: u32| if n.is_multiple_of(7) || n % 13 == 5 { b' ' } else { 0xa0 }).collect();
            let mut found = Vec::new();
            pieces(&text, |number, piece| {
                let mut marks = mark(piece, b' ');
                while marks != 0 {
                    found.push(number * 64 + marks.trailing_zeros() as usize);
                    marks &= marks - 1;
                }
            });
            let wanted: Vec<usize> = (0..text.len()).filter(|n| text[*n] == b' ').collect();
            assert_eq!(found, wanted, "{length}");
        }
    }
}
