//! Any body as a request that is passed on.

#![no_main]

#[path = "../promises/relayed.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
