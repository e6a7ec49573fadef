//! The simulator from outside, through real sockets and over its network in memory.

#[cfg(test)]
mod black_hole;
#[cfg(test)]
mod client;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod http;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod lean;
#[cfg(test)]
mod network;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod websocket;
