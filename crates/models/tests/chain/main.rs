//! A chain of providers and accounts against simulators, over real sockets.

#![cfg(test)]

mod accounts;
mod common;
mod elsewhere;
mod providers;
mod records;
mod relayed;
mod sealed;
mod thinker;
