//! The phases of a connection and of a request on it, and how long each took.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A step of a connection or of a request on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The name is looked up.
    Resolve,
    /// A TCP connection is made.
    Connect,
    /// A proxy is asked to pass us on.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The WebSocket upgrade.
    Upgrade,
    /// The request is written.
    Send,
    /// The answer's headers are awaited.
    Headers,
    /// The answer's body or the socket's messages are read.
    Body,
    /// The goodbye.
    Close,
}

impl Phase {
    /// The phase's name in configuration, traces and metrics; also the name of its limit.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Upgrade => "upgrade",
            Self::Send => "send",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Close => "close",
        }
    }

    /// What was being done, as a message says it before the target's name.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Resolve => "looking up",
            Self::Connect => "connecting to",
            Self::Proxy => "asking the proxy for",
            Self::Tls => "securing the connection to",
            Self::Upgrade => "upgrading the connection to",
            Self::Send => "sending to",
            Self::Headers => "waiting for the answer of",
            Self::Body => "reading from",
            Self::Close => "closing the connection to",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long each phase took, in the order they happened. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings(Arc<[(Phase, Duration)]>);

impl Timings {
    /// The phases with their durations, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Duration)> + '_ {
        self.0.iter().copied()
    }

    /// How long `phase` took; `None` if it did not happen.
    #[must_use]
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        self.iter()
            .find(|(at, _)| *at == phase)
            .map(|(_, took)| took)
    }

    /// All phases together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.iter().map(|(_, took)| took).sum()
    }

    /// These timings and one more.
    #[must_use]
    pub fn with(&self, phase: Phase, took: Duration) -> Self {
        Self(self.iter().chain([(phase, took)]).collect())
    }
}
