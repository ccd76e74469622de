//! See `weir_ingest::fuzz::cef`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::cef(data));
