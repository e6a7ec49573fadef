//! Any lines as the events of a response.

#![no_main]

#[path = "../promises/assembler.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
