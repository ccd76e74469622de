//! See `weir_ingest::fuzz::csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::csv(data));
