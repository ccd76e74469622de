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

/// Bytes searched here before a search is handed to `memchr`: most fields are shorter than its call costs.
const NEAR: usize = 64;

/// The first place in `text` from `from` on that `marks` (of sixteen bytes) or `far` (of the rest) gives.
#[inline(always)]
fn find(text: &[u8], from: usize, marks: impl Fn(&[u8; 16]) -> u32, far: impl Fn(&[u8]) -> Option<usize>) -> usize {
    let Some(rest) = text.get(from..) else { return text.len() };
    let mut at = from;
    let (sixteens, tail) = rest.as_chunks::<16>();
    for sixteen in sixteens {
        let found = marks(sixteen);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
        if at - from >= NEAR {
            return text.get(at..).and_then(far).map_or(text.len(), |found| at + found);
        }
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
    let end = find(text, from, |sixteen| equal(sixteen, needle), |rest| memchr::memchr(needle, rest));
    (end < text.len()).then_some(end)
}

/// The first `a` or `b` in `text` from `from` on, or its end.
#[inline]
pub(crate) fn find_either(text: &[u8], from: usize, a: u8, b: u8) -> usize {
    find(text, from, |sixteen| equal(sixteen, a) | equal(sixteen, b), |rest| memchr::memchr2(a, b, rest))
}

/// The first of five bytes in `text` from `from` on, or its end.
#[inline]
pub(crate) fn find_any(text: &[u8], from: usize, needles: [u8; 5]) -> usize {
    let any = |sixteen: &[u8; 16]| needles.iter().fold(0, |marks, needle| marks | equal(sixteen, *needle));
    find(text, from, any, |rest| rest.iter().position(|byte| needles.contains(byte)))
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
