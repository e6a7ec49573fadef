//! Any bytes as the frames of a client's WebSocket.

#![no_main]

#[path = "../promises/websocket_frames.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promise::holds(bytes));
