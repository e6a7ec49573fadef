//! The outgoing sockets: names, addresses, TLS, HTTP/1.1, HTTP/2 and WebSocket framing.
//!
//! The program lives or dies by its connection to a model, so every step of that connection is
//! visible here. One [`Dialer`] stands under HTTP and WebSocket: egress, resolve, connect, proxy,
//! TLS, each with its own limit, its own timing and its own error. The pool is ours, because a library
//! pool hides which connection a request took and repeats requests on its own; here a request is
//! sent once, and what happened to it is told: on which connection, whether that one was reused,
//! and whether a single byte of the request had left.
//!
//! Invariants:
//! - nothing is retried, redirected, decompressed or added to a request behind the caller's back,
//!   except the headers that HTTP itself demands (`host`, `content-length`, the upgrade's own). The
//!   one second try is that of a TLS handshake that met with silence (see `tls`), before any
//!   request;
//! - all leave by the door that [`EgressPolicy`] names, and no fact or error is without it;
//! - every wait ends by a [`Limits`] entry or the caller's deadline, and the error names which.
//!   A [`Body`] and a [`websocket::Socket`] are read without a limit: the caller owns patience;
//! - every buffer is bounded, and the bound that is hit is a named error;
//! - a connection owns the task that drives it: dropping the last handle closes the socket;
//! - a write that fails does not hide an answer: what the server said before it closed is read
//!   first (see `stream`).
//!
//! It fails with [`NetError`]: a phase, a typed kind, and what was known by then. Kinds come from
//! typed errors below (errno, EAI code, rustls, h2), never from an error's text.
//!
//! This room does not know what travels on its connections: no JSON, no models, no providers.

mod connect;
mod dial;
mod dialer;
mod driver;
mod egress;
mod error;
mod facts;
mod http;
mod limits;
mod look;
mod memory;
mod phase;
mod proxy;
mod resolver;
mod section;
mod sockets;
mod stream;
mod target;
mod tls;
mod trip;
pub mod websocket;

pub use crate::dialer::{Alpn, Connection, DialWatch, Dialer, DialerOptions};
pub use crate::egress::{
    ConfiguredEgress, Departure, Doors, Egress, EgressKey, EgressPolicy, EgressSource,
    PlatformProxy, ProxyProblem, ProxyUrl, SystemProxy, SystemProxySettings, UnusedProxy,
    UnusedReason, Way,
};
pub use crate::error::{CaFileProblem, ErrorFacts, NetError, NetErrorKind};
pub use crate::facts::{ConnectionFacts, Protocol, TlsFacts};
pub use crate::http::{Body, Call, CallOptions, HttpClient, InFlight, Pinger, Response};
pub use crate::limits::Limits;
pub use crate::memory::DialMemory;
pub use crate::phase::{Phase, Timings};
pub use crate::section::NetworkSection;
pub use crate::sockets::{
    BoxStream, Family, RawStream, ResolveError, SocketOptions, Sockets, SystemSockets,
};
pub use crate::stream::Traffic;
pub use crate::target::Target;
pub use crate::tls::{CaFile, CertificateFacts, KeyShares, Tls, TlsOptions, Witness};
