//! The server's side of a WebSocket, for whoever already speaks HTTP with the client.

use std::sync::Arc;

use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use super::extensions::{self, Deflate};
use super::holding::Holding;
use super::socket::{Side, open};
use super::{HandshakeError, Socket, handshake};

/// A request that may be upgraded: answer it with status 101 and these headers.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// `upgrade`, `connection`, `sec-websocket-accept`, and the extension if one was agreed on.
    pub response_headers: HeaderMap,
    deflate: Option<Deflate>,
}

impl Acceptance {
    /// Whether messages may be compressed.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.deflate.is_some()
    }
}

/// Checks a client's request to upgrade; `offer_compression` allows `permessage-deflate`.
///
/// # Errors
/// [`HandshakeError`] if it is not a WebSocket upgrade: answer with 400, or with 426 for
/// [`WrongVersion`](HandshakeError::WrongVersion).
pub fn accept(
    request_headers: &HeaderMap,
    offer_compression: bool,
) -> Result<Acceptance, HandshakeError> {
    let key = handshake::check_request(request_headers)?;
    let deflate = offer_compression
        .then(|| extensions::choose(request_headers))
        .flatten();
    Ok(Acceptance {
        response_headers: handshake::answer(key, deflate.as_ref()),
        deflate,
    })
}

/// The socket on a connection whose upgrade has been answered.
pub fn serve<S>(io: S, acceptance: Acceptance, max_message: usize) -> Box<dyn Socket>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let side = Side::Server(Holding::default());
    open(io, side, acceptance.deflate, max_message)
}

/// The same as one of many: what it holds of messages that are not whole takes part of `room`, of which
/// each permit is a KiB. Where there is none left, the socket ends with 1013.
pub fn serve_within<S>(
    io: S,
    acceptance: Acceptance,
    max_message: usize,
    room: Arc<Semaphore>,
) -> Box<dyn Socket>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let side = Side::Server(Holding::within(room));
    open(io, side, acceptance.deflate, max_message)
}
