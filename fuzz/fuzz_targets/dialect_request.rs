//! Any bytes as a Chat Completions or Messages request.

#![no_main]

#[path = "../promises/dialect_request.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
