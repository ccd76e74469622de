//! See `weir_ingest::fuzz::w3c`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::w3c(data));
