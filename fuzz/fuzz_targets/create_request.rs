//! Any body as a request that a client sends us.

#![no_main]

#[path = "../promises/create_request.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
