//! Any body as an error of a provider, and any text as a time to wait.

#![no_main]

#[path = "../promises/api_error.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
