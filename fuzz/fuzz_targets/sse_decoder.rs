//! Any bytes in any chunks through the SSE decoder.

#![no_main]

#[path = "../promises/sse_decoder.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
