//! A model backend with faults on demand, on real sockets or over a network in memory.
//!
//! A client that claims to survive a bad connection must be tried on one. This room speaks the
//! Responses protocol as the real services do (SSE and WebSocket, HTTP/1.1 and HTTP/2, plain and
//! over TLS with its own throw-away authority), Chat Completions and Messages beside it, and breaks
//! them on request, at a chosen point of a chosen attempt. Tests use it, and so do `alipes demo` and
//! `alipes simulate`.
//!
//! How it is built, and why:
//! - An answer is first written as the whole list of its events; a fault turns that list into
//!   steps; each route plays steps in its own framing. So a fault is one row of data in the table
//!   (`faults`) and works on both routes alike, and, spoken anew (`speaker`), in every dialect.
//! - The model is a small planner. It plans real tool calls from the tools it is offered, reports
//!   what they really said, and labels every answer as simulated.
//! - Beside the model stands an issuer of sign-ins (`issuer`), strict where the real one is, so that
//!   a whole sign-in can be tried without an account. Its faults are rows of the same table.
//! - One task serves one connection, from TLS to the end of a WebSocket, and a fault that ends a
//!   connection reaches its socket under all of that (`plug`).
//! - Between a client and it can stand a [`Proxy`] with manners of its own.
//! - Beside it stands one that only answers ([`Lean`]), for benches that ask what others add, and one
//!   that does not even that ([`BlackHole`]).
//! - It serves over any byte stream. Over a [`Network`] in memory and under paused time, silence
//!   costs nothing and a seed replays.
//!
//! Invariants: the same requests and the same seed give the same answers. Every task has an owner,
//! and dropping the [`Simulator`] stops them all. Sizes, queues, the log and every wait are
//! bounded. Whatever a client sends, the worst it gets is an error answer.
//!
//! It fails by [`SimulatorError`]: at start, or when a scenario is read; never while it serves.

mod answers;
mod backend;
mod black_hole;
mod deaf;
mod error;
mod faults;
mod foreign;
mod framing;
mod handshake;
mod http;
mod inject;
mod issuer;
mod lean;
mod listener;
mod network;
mod planner;
mod plug;
mod proxy;
mod request;
mod responses;
mod scenario;
mod seen;
mod server;
mod side;
mod speaker;
mod tcp;
mod tls;
mod turn;
mod unwilling;
mod watch;
mod websocket;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use alipes_base::{Clock, Rng};

pub use crate::black_hole::BlackHole;
pub use crate::error::SimulatorError;
pub use crate::faults::{FaultInfo, Target, faults};
pub use crate::lean::Lean;
pub use crate::network::{Closed, Lookup, Network};
pub use crate::proxy::{Manner, Proxy, ProxyOptions, Speech};
pub use crate::scenario::Scenario;
pub use crate::seen::{Route, Seen};
pub use crate::server::Simulator;
pub use crate::watch::Watch;

/// How a simulator shall run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether to speak TLS.
    pub tls: bool,
    /// What goes wrong.
    pub scenario: Scenario,
    /// The pause before each delta of text.
    pub pace: Duration,
    /// How long the way to it and back takes: what every answer, upgrades and answers on an open
    /// WebSocket included, comes later. Connecting is as fast as ever.
    pub latency: Duration,
    /// Which bearer keys are accepted.
    pub keys: Keys,
    /// Where it reads the time.
    pub clock: Clock,
    /// Where it takes its identifiers from.
    pub rng: Rng,
}

impl Options {
    /// Plain HTTP on a free port of this machine, in good health, without a pause, for any key.
    #[must_use]
    pub fn local(clock: Clock, rng: Rng) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: false,
            scenario: Scenario::healthy(),
            pace: Duration::ZERO,
            latency: Duration::ZERO,
            keys: Keys::Any,
            clock,
            rng,
        }
    }
}

/// Which bearer keys are accepted.
#[derive(Clone, PartialEq, Eq)]
pub enum Keys {
    /// Any, and none.
    Any,
    /// These; everything else is answered with 401.
    Exactly(Vec<String>),
    /// Those that its own issuer has made and that have not ended.
    Issued,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Issued => f.write_str("Issued"),
            Self::Exactly(keys) => write!(f, "Exactly({} keys)", keys.len()),
        }
    }
}
