//! The transport against the simulator, over real sockets.

#![cfg(test)]

mod common;
mod diagnosis;
mod hedge;
mod recovery;
