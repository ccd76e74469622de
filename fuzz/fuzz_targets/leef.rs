//! See `weir_ingest::fuzz::leef`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::leef(data));
