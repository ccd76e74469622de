//! A seeded mutator for the short form of the fuzz targets, which needs no instruments: the same seed gives the same inputs.

/// Pieces on which readers have their corners.
const PIECES: [&[u8]; 40] = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\xe2\x80\xa8",
    b"\r\n",
    b"\n",
    b"\r",
    b"\t",
    b" ",
    b"  ",
    b"\"",
    b"\"\"",
    b"'",
    b"\\",
    b"\\\"",
    b"\\u0000",
    b"\\ud800",
    b"\\n",
    b",",
    b"|",
    b";",
    b"=",
    b":",
    b"[",
    b"]",
    b"{",
    b"}",
    b"#Fields: a b",
    b"<13>1 ",
    b"<999>",
    b"CEF:0|",
    b"LEEF:2.0|",
    b"-",
    b"0",
    b"99999999999999999999",
    b"2026-02-30T25:61:61Z",
    b"%00%zz%",
    b"http://[::1",
];

/// Longest input made.
const LONGEST: usize = 8 << 10;

/// Makes inputs of known ones.
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// One whose inputs follow from the seed alone.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where that is 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// One of the seeds, changed in up to eight places.
    pub fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds.get(self.below(seeds.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(8) {
            self.change(&mut input, seeds);
        }
        input.truncate(LONGEST);
        input
    }

    fn range(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(input.len() + 1);
        // Short pieces mostly: a whole half of a line seldom meets a corner.
        let most = if self.below(4) == 0 { input.len() } else { 12 };
        let end = (start + self.below(most + 1)).min(input.len());
        start..end
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        match self.below(9) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << (self.next() % 8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.next() as u8;
                }
            }
            2 | 3 => {
                let piece = PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default();
                input.splice(at..at, piece.iter().copied());
            }
            4 => {
                let range = self.range(input);
                input.drain(range);
            }
            5 => {
                let range = self.range(input);
                let copy: Vec<u8> = input.get(range).unwrap_or_default().to_vec();
                input.splice(at..at, copy);
            }
            6 => input.truncate(at),
            7 => {
                let other = seeds.get(self.below(seeds.len())).cloned().unwrap_or_default();
                let range = self.range(&other);
                input.splice(at..at, other.get(range).unwrap_or_default().iter().copied());
            }
            _ => {
                let byte = input.get(at).copied().unwrap_or(b'a');
                let count = 1 << self.below(12);
                input.splice(at..at, std::iter::repeat_n(byte, count));
            }
        }
    }
}
