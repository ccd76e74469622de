//! See `weir_ingest::fuzz::read`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::read(data));
