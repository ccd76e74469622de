//! See `weir_ingest::fuzz::open`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::open(data));
