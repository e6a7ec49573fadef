//! The server over real sockets, in front of the simulator.

#![cfg(test)]

mod aside;
mod bad_requests;
mod client;
mod dialects;
mod frames;
mod heads;
mod healing;
mod leaving;
mod left_out;
mod metrics;
mod once;
mod passing;
mod patience;
mod stage;
mod strangers;
mod tenants;
mod tls;
mod websocket;
#[path = "../../../../fuzz/promises/websocket_frames.rs"]
mod websocket_frames;
