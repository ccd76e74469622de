//! A random generator written out in full, so that a seed gives the same bytes on every machine, compiler and crate version.

/// PCG XSL RR 128/64 (O'Neill 2014): 128 bits of linear congruential state, 64 bits out.
///
/// Not a crate: crates change their sampling between versions, and the promise here is bytes.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u128,
    increment: u128,
}

const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;

impl Rng {
    /// A generator for a seed and a stream; streams of one seed are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = Self { state: 0, increment: (u128::from(stream) << 1) | 1 };
        rng.next_u64();
        rng.state = rng.state.wrapping_add(u128::from(seed) << 64 | u128::from(!seed));
        rng.next_u64();
        rng
    }

    /// A generator for a seed and a stream given by name.
    pub fn named(seed: u64, stream: &str) -> Self {
        // FNV-1a: any fixed hash of the name will do.
        let hash =
            stream.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Self::new(seed, hash)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
        let folded = ((self.state >> 64) as u64) ^ (self.state as u64);
        folded.rotate_right((self.state >> 122) as u32)
    }

    /// A whole number below `bound`; 0 when the bound is 0. The bias of the multiply-shift is below 2^-32 for bounds in use.
    pub fn below(&mut self, bound: usize) -> usize {
        (((self.next_u64() >> 32) * bound as u64) >> 32) as usize
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the given chance.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the items; the slice must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A Poisson count (Knuth's product; means here are small, larger ones are split).
    pub fn poisson(&mut self, mean: f64) -> usize {
        if mean > 30.0 {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let limit = exp_of_minus(mean);
        let (mut count, mut product) = (0, self.unit());
        while product > limit {
            count += 1;
            product *= self.unit();
        }
        count
    }

    /// A size with a long tail: `scale` times a value mostly between 0.2 and 5.
    pub fn long_tail(&mut self, scale: u32) -> u32 {
        let unit = self.unit();
        (f64::from(scale) * (0.2 + 0.8 * unit / (1.0 - unit * 0.97))) as u32
    }
}

/// e to the power of `-x` by additions and products only: the system's own `exp` may differ in its last bit between machines.
fn exp_of_minus(x: f64) -> f64 {
    let small = -x / 1_024.0;
    let series = 1.0 + small * (1.0 + small / 2.0 * (1.0 + small / 3.0 * (1.0 + small / 4.0 * (1.0 + small / 5.0))));
    (0..10).fold(series, |power, _| power * power)
}

#[cfg(test)]
mod tests {
    use super::{Rng, exp_of_minus};

    #[test]
    fn exponentials_are_near_the_systems() {
        for tenths in 0..300 {
            let x = f64::from(tenths) / 10.0;
            assert!((exp_of_minus(x) / (-x).exp() - 1.0).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, name: &str| Rng::named(seed, name).next_u64();
        assert_eq!(draw(7, "a"), draw(7, "a"));
        assert_ne!(draw(7, "a"), draw(7, "b"));
        assert_ne!(draw(7, "a"), draw(8, "a"));
    }

    #[test]
    fn draws_are_even_and_in_bounds() {
        let mut rng = Rng::new(1, 1);
        let mut seen = [0_u32; 10];
        for _ in 0..100_000 {
            seen[rng.below(10)] += 1;
        }
        assert!(seen.iter().all(|&count| (9_500..10_500).contains(&count)), "{seen:?}");
        let total: usize = (0..20_000).map(|_| rng.poisson(2.5)).sum();
        assert!((48_500..51_500).contains(&total), "{total}");
    }
}
