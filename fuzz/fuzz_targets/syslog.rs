//! See `weir_ingest::fuzz::syslog_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ingest::fuzz::syslog_frame(data));
