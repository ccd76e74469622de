//! Parquet's integer encodings: the run-length and bit-packing hybrid, and DELTA_BINARY_PACKED.
//!
//! As in the Parquet format's own Encodings page. Written here because the parquet crate keeps its encoders to itself.

/// Values in a block of DELTA_BINARY_PACKED, in four miniblocks.
const BLOCK: usize = 128;
/// Values in a miniblock.
const MINIBLOCK: usize = BLOCK / 4;

/// Bits that hold every value up to `most`.
pub(crate) fn bit_width(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// One run of the hybrid: `count` times `value`.
pub(crate) fn pack_run(value: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// One bit-packed run of the hybrid, filled up to a multiple of eight values with zeros.
pub(crate) fn pack(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let groups = values.len().div_ceil(8);
    varint(((groups as u64) << 1) | 1, out);
    let end = out.len() + groups * width as usize;
    pack_bits(values.iter().map(|value| u64::from(*value)), width, out);
    out.resize(end, 0);
}

/// Packs values of `width` bits (57 at most), lowest bit first; the last byte is filled with zeros.
fn pack_bits(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut held, mut bits) = (0u64, 0u32);
    for value in values {
        held |= value << bits;
        bits += width;
        if bits >= 32 && width <= 32 {
            out.extend_from_slice(&(held as u32).to_le_bytes());
            held >>= 32;
            bits -= 32;
        }
        while width > 32 && bits >= 8 {
            out.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    while bits > 0 {
        out.push(held as u8);
        held >>= 8;
        bits = bits.saturating_sub(8);
    }
}

/// Definition levels of a column that may have no value, as a page of format 1 holds them: length in bytes, then the hybrid.
pub(crate) fn levels(valid: &[bool], width: u32, out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    match valid.first() {
        Some(first) if valid.iter().all(|value| value == first) => pack_run(u32::from(*first), valid.len(), width, out),
        Some(_) => {
            let groups = valid.len().div_ceil(8);
            varint(((groups as u64) << 1) | 1, out);
            out.extend(
                valid
                    .chunks(8)
                    .map(|eight| eight.iter().enumerate().fold(0u8, |byte, (bit, value)| byte | (u8::from(*value) << bit))),
            );
        }
        None => {}
    }
    let length = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// DELTA_BINARY_PACKED of `count` values.
pub(crate) fn delta_binary_packed(values: impl Iterator<Item = i64>, count: usize, out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / MINIBLOCK) as u64, out);
    varint(count as u64, out);
    let mut values = values;
    let Some(first) = values.next() else {
        varint(0, out);
        return;
    };
    varint(zigzag(first), out);
    let mut last = first;
    let mut block = [0i64; BLOCK];
    loop {
        let mut held = 0;
        let mut least = i64::MAX;
        for value in values.by_ref().take(BLOCK) {
            let delta = value.wrapping_sub(last);
            last = value;
            least = least.min(delta);
            block[held] = delta;
            held += 1;
        }
        if held == 0 {
            return;
        }
        varint(zigzag(least), out);
        let widths_at = out.len();
        out.extend_from_slice(&[0; BLOCK / MINIBLOCK]);
        for (index, miniblock) in block[..held].chunks(MINIBLOCK).enumerate() {
            let above = |delta: &i64| delta.wrapping_sub(least) as u64;
            let most = miniblock.iter().map(above).fold(0, |a, b| a | b);
            let width = u64::BITS - most.leading_zeros();
            out[widths_at + index] = width as u8;
            let end = out.len() + MINIBLOCK * width as usize / 8;
            if width <= 32 {
                pack_bits(miniblock.iter().map(above), width, out);
            } else {
                pack_wide(miniblock.iter().map(above), width, out);
            }
            out.resize(end, 0);
        }
    }
}

/// Packs values of more than 32 bits.
fn pack_wide(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut held, mut bits) = (0u128, 0u32);
    for value in values {
        held |= u128::from(value) << bits;
        bits += width;
        while bits >= 8 {
            out.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        out.push(held as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_own_examples() {
        // Encodings page of the Parquet format: 0 to 7 in three bits are 10001000 11000110 11111010.
        let mut out = Vec::new();
        pack(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut out);
        assert_eq!(out, [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);

        // Same page: 1, 2, 3, 4, 5 have deltas of 1: least delta 1, all widths 0.
        let mut out = Vec::new();
        delta_binary_packed([1, 2, 3, 4, 5].into_iter(), 5, &mut out);
        assert_eq!(out, [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0]);

        // 7, 5, 3, 1, 2, 3, 4, 5: least delta -2, so 0 0 0 3 3 3 3 in two bits.
        let mut out = Vec::new();
        delta_binary_packed([7, 5, 3, 1, 2, 3, 4, 5].into_iter(), 8, &mut out);
        assert_eq!(out[..10], [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0]);
        assert_eq!(out[10..12], [0b1100_0000, 0b0011_1111]);
        assert_eq!(out.len(), 10 + 8);
    }

    #[test]
    fn a_run_and_levels() {
        let mut out = Vec::new();
        pack_run(4, 100, 3, &mut out);
        assert_eq!(out, [200, 1, 4]);
        let mut out = Vec::new();
        levels(&[true, false, true], 1, &mut out);
        assert_eq!(out, [2, 0, 0, 0, 3, 0b101]);
        let mut out = Vec::new();
        levels(&[true; 5], 1, &mut out);
        assert_eq!(out, [2, 0, 0, 0, 10, 1]);
    }
}
