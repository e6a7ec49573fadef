//! How long each phase of a connection may take.
//!
//! Starting values; a caller's deadline may tighten them, never loosen them.

use std::time::Duration;

/// The longest each phase may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Looking the name up.
    pub resolve: Duration,
    /// Reaching any of the addresses, all attempts together.
    pub connect: Duration,
    /// The proxy's part of a dial.
    pub proxy: Duration,
    /// One TLS handshake.
    pub tls: Duration,
    /// The WebSocket upgrade, from the request to the answer's headers.
    pub upgrade: Duration,
    /// A request's way out without any progress, however long the whole takes.
    pub send: Duration,
    /// Both sides' goodbye.
    pub close: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(12),
            connect: Duration::from_secs(10),
            proxy: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            upgrade: Duration::from_secs(15),
            send: Duration::from_secs(30),
            close: Duration::from_secs(2),
        }
    }
}
