//! What is known about a connection: evidence for traces and faults.

use std::net::SocketAddr;

use crate::egress::{Egress, EgressKey, UnusedProxy};
use crate::phase::Timings;
use crate::stream::Traffic;

/// The HTTP version that a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1 (also under a WebSocket).
    Http1,
    /// HTTP/2.
    Http2,
}

/// What a TLS handshake agreed on, by the names of the standards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// Such as `TLSv1_3`.
    pub version: &'static str,
    /// Such as `X25519MLKEM768`.
    pub key_exchange: &'static str,
    /// Whether post-quantum key shares were left out, because something on the way swallows or
    /// resets the longer ClientHello that they make.
    pub classical: bool,
}

/// A connection as one request or socket saw it.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// How it left this machine.
    pub egress: Egress,
    /// The way out's name for memory and breakers.
    pub egress_key: EgressKey,
    /// Whether only IPv4 addresses were looked up.
    pub ipv4_only: bool,
    /// A proxy that this machine has, and the dial did not use.
    pub unused_proxy: Option<UnusedProxy>,
    /// The address at the other end: the proxy's, if there is one.
    pub remote_addr: SocketAddr,
    /// The HTTP version spoken.
    pub protocol: Protocol,
    /// What TLS agreed on; `None` on a plain connection.
    pub tls: Option<TlsFacts>,
    /// How long the phases took; those of the dial only for the request that dialled.
    pub timings: Timings,
    /// Whether an earlier request had used the connection.
    pub reused: bool,
    /// The connection's bytes, counted inside TLS; goes on counting.
    pub traffic: Traffic,
}

/// The way out in words: `direct`, `http://proxy:3128 from HTTPS_PROXY, IPv4 only`.
pub(crate) fn way(egress: &Egress, ipv4_only: bool) -> String {
    let narrowed = if ipv4_only { ", IPv4 only" } else { "" };
    format!("{egress}{narrowed}")
}

impl ConnectionFacts {
    /// The way out of this machine, in words.
    #[must_use]
    pub fn way(&self) -> String {
        way(&self.egress, self.ipv4_only)
    }

    /// The same connection as its next request sees it.
    pub(crate) fn again(&self) -> Self {
        Self {
            timings: Timings::default(),
            reused: true,
            ..self.clone()
        }
    }
}
