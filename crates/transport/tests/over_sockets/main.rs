//! The transport against the simulator, over real sockets.

#![cfg(test)]

mod auxiliary;
mod common;
mod compression;
mod diagnosis;
mod experience;
mod hedge;
mod offline;
mod recovery;
mod silent_edge;
mod survey;
mod turned_away;
