//! One look at one step, and what was seen.

use std::time::Duration;

use crate::{Fault, Phase, Route};

/// A step on the way to an endpoint, in the order of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// Looking up whom to connect to: the server, or the proxy.
    Name,
    /// Connecting to the server by IPv4 alone.
    Ipv4,
    /// Connecting to the server by IPv6 alone.
    Ipv6,
    /// Connecting.
    Connect,
    /// Being passed on by the proxy.
    Proxy,
    /// TLS with a post-quantum ClientHello.
    Tls,
    /// TLS with a classical one.
    TlsClassical,
    /// A request without a key over HTTP/1.1.
    Http1,
    /// A request without a key over HTTP/2.
    Http2,
    /// The first of them with TCP keepalive switched the other way than the profile has it.
    Keepalive,
    /// A request with the key.
    Sse,
    /// A WebSocket upgrade, and whether the socket stands.
    WebSocket,
    /// The list of models.
    Models,
    /// A turn over SSE.
    TurnSse,
    /// A turn over a WebSocket.
    TurnWebSocket,
}

impl Step {
    /// The name, as `--json` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::TlsClassical => "tls_classical",
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Keepalive => "keepalive",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
            Self::Models => "models",
            Self::TurnSse => "turn_sse",
            Self::TurnWebSocket => "turn_websocket",
        }
    }

    /// The step of a turn by this route.
    #[must_use]
    pub fn turn(route: Route) -> Self {
        match route {
            Route::WebSocket => Self::TurnWebSocket,
            _ => Self::TurnSse,
        }
    }
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It works; what was seen, in a few words.
    Passed(String),
    /// An answer began, and had not ended when the time of a probe was over: its model thinks or has much
    /// to say, or it hangs.
    Unfinished,
    /// It does not.
    Failed(Box<Fault>),
    /// There was no occasion; why, in a few words.
    Skipped(&'static str),
}

/// One look.
#[derive(Clone, Debug)]
pub struct Look {
    /// At what.
    pub step: Step,
    /// What was seen.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// By how many seconds this machine's clock was ahead of the one who answered, where that was
    /// told; negative: behind.
    pub clock_ahead: Option<i64>,
}

impl Look {
    /// A look that is over.
    #[must_use]
    pub fn new(step: Step, outcome: Outcome, took: Duration) -> Self {
        Self {
            step,
            outcome,
            took,
            clock_ahead: None,
        }
    }

    /// A step that there was no occasion for.
    #[must_use]
    pub fn skipped(step: Step, why: &'static str) -> Self {
        Self::new(step, Outcome::Skipped(why), Duration::ZERO)
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Outcome::Failed(fault) => Some(fault),
            _ => None,
        }
    }

    /// Whether it works, as far as it went.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self.outcome, Outcome::Passed(_) | Outcome::Unfinished)
    }

    /// Whether it failed before its own step had begun: on the dial that every request begins with.
    #[must_use]
    pub fn was_not_reached(&self) -> bool {
        let is_request = self.step >= Step::Http1;
        let on_the_dial = |fault: &Fault| {
            matches!(
                fault.phase,
                Phase::Resolve | Phase::Connect | Phase::Proxy | Phase::Tls
            )
        };
        is_request && self.fault().is_some_and(on_the_dial)
    }
}
