//! Any text as a conversation item.

#![no_main]

#[path = "../promises/item.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
