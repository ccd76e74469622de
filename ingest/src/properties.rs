//! How many cases a property is tried on: few and always the same as a rule, fifty times as many and new ones each time with `WEIR_LONG`.

use proptest::test_runner::{Config, RngSeed};

/// `short` cases, or the long form.
pub(crate) fn cases(short: u32) -> Config {
    let long = std::env::var_os("WEIR_LONG").is_some();
    let seed = if long { RngSeed::Random } else { RngSeed::Fixed(2026) };
    Config { cases: if long { short.saturating_mul(50) } else { short }, rng_seed: seed, ..Config::default() }
}
