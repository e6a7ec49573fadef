//! Any lines as the events of a Chat Completions or Messages answer.

#![no_main]

#[path = "../promises/dialect_stream.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
