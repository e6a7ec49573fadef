//! WebSocket (RFC 6455) with `permessage-deflate` (RFC 7692), both sides.
//!
//! The upgrade is ours: it runs on our dialer, so that a refusal keeps its status, headers and
//! the first bytes of its body, and every parameter of the answer is checked. The framing is
//! `yawc`, a young library, and so it stands behind the small [`Socket`] trait: whoever holds a
//! socket cannot tell which library moves it.

mod assembly;
mod broken;
mod client;
mod extensions;
mod guard;
mod handshake;
mod headers;
mod holding;
mod server;
mod socket;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use url::Url;

pub use client::{connect, dial, upgrade};
pub use handshake::HandshakeError;
pub use server::{Acceptance, accept, serve, serve_within};

use crate::error::NetError;
use crate::facts::ConnectionFacts;

/// The longest message that is accepted unless the caller says otherwise, in bytes, inflated.
pub const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// An open WebSocket.
pub trait Socket: Send {
    /// Sends one text message; returns when all of it was handed to the operating system. Watch
    /// [`Traffic::bytes_sent`](crate::Traffic::bytes_sent) for progress. A send that is dropped
    /// half-way spoils the socket. A client's send may take any time as long as it moves.
    ///
    /// # Errors
    /// [`NetError`] in phase `send`: also when nothing has left for the limit `send`. What the
    /// server said before it closed can still be read.
    fn send_text(&mut self, text: String) -> BoxFuture<'_, Result<(), NetError>>;

    /// The next message, control messages included. A ping has been answered already, text is
    /// valid UTF-8. Waits without a limit; cancel safe.
    ///
    /// # Errors
    /// [`NetError`] in phase `body`: [`Closed`](crate::NetErrorKind::Closed) after a close message
    /// or a lost connection, [`TooLarge`](crate::NetErrorKind::TooLarge) for a message over the
    /// socket's bound. The socket is of no use then but to be closed, which lets the other side read why.
    fn next(&mut self) -> BoxFuture<'_, Result<Message, NetError>>;

    /// Sends a ping with at most 125 bytes of payload; the pong comes through
    /// [`next`](Self::next).
    ///
    /// # Errors
    /// [`NetError`] in phase `send`.
    fn ping(&mut self, payload: Vec<u8>) -> BoxFuture<'_, Result<(), NetError>>;

    /// Says goodbye, waits for the other side's, and closes. A connection that is already gone is
    /// closed, too.
    ///
    /// # Errors
    /// [`NetError`] in phase `close`, if the other side took longer than the limit `close`.
    fn close<'a>(&'a mut self, code: u16, reason: &'a str) -> BoxFuture<'a, Result<(), NetError>>;
}

/// What comes in through a [`Socket`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text, checked to be UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping; the pong is on its way.
    Ping(Bytes),
    /// A pong: proof that the next hop is alive, and no more.
    Pong(Bytes),
    /// The other side's goodbye.
    Close {
        /// Its code (RFC 6455, section 7.4), if it gave one.
        code: Option<u16>,
        /// Its words.
        reason: String,
    },
}

/// A WebSocket to be opened.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// Where to; `ws` or `wss`.
    pub url: Url,
    /// Further headers of the request.
    pub headers: HeaderMap,
    /// Whether to offer `permessage-deflate`.
    pub compression: bool,
    /// The longest incoming message to accept, in bytes, inflated.
    pub max_message: usize,
}

impl Upgrade {
    /// An upgrade without headers of its own, with compression and the default bound.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            headers: HeaderMap::new(),
            compression: true,
            max_message: MAX_MESSAGE,
        }
    }
}

/// A WebSocket that has been opened.
pub struct Upgraded {
    /// The socket.
    pub socket: Box<dyn Socket>,
    /// The headers of the server's answer.
    pub headers: HeaderMap,
    /// The connection underneath.
    pub facts: ConnectionFacts,
    /// Whether the server agreed to compression.
    pub compressed: bool,
}
