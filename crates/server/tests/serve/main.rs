//! The server over real sockets, in front of the simulator.

#![cfg(test)]

mod client;
mod healing;
mod passing;
mod stage;
mod strangers;
