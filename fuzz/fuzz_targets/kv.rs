//! See `weir_ingest::fuzz::kv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::kv(data));
