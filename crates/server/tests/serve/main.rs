//! The server over real sockets, in front of the simulator.

#![cfg(test)]

mod bad_requests;
mod client;
mod dialects;
mod healing;
mod leaving;
mod passing;
mod stage;
mod strangers;
mod tls;
mod websocket;
