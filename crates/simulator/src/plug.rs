//! A connection's stream, and the plug by which a fault pulls it.
//!
//! A fault strikes inside a request, but what it ends is the connection, with TLS, HTTP and perhaps
//! a WebSocket on top. So the socket is shared: [`Io`] is what the layers above read and write,
//! [`Plug`] reaches the socket beneath them. A connection's task runs its layers first and looks at
//! the plug only when they wait, so whatever was said before a fault is on the wire when it strikes.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::SetOnce;

/// The longest that a stalled or frozen connection is kept: longer than any client's patience.
pub(crate) const STALL: Duration = Duration::from_secs(15 * 60);

/// How a fault ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pull {
    /// RST.
    Reset,
    /// FIN, without a closing word of TLS, HTTP or WebSocket.
    Cut,
    /// It stays, and nobody looks at it again.
    Freeze,
}

/// Ends the connection it belongs to.
#[derive(Debug)]
pub(crate) struct Plug {
    pulled: SetOnce<Pull>,
    /// Weak, so that the plug never keeps open what its connection has dropped.
    stream: Weak<TcpStream>,
}

impl Plug {
    /// Asks for the end; the first one asked for counts.
    pub(crate) fn pull(&self, how: Pull) {
        let _first = self.pulled.set(how);
    }

    /// Waits until it is asked for.
    pub(crate) async fn pulled(&self) -> Pull {
        *self.pulled.wait().await
    }

    /// Prepares the socket; the caller holds the stream meanwhile without using it, and drops it then.
    pub(crate) async fn carry_out(&self, pull: Pull) {
        if pull == Pull::Freeze {
            return tokio::time::sleep(STALL).await;
        }
        let Some(stream) = self.stream.upgrade() else {
            return;
        };
        // A socket that is already gone needs no preparation.
        let _gone = match pull {
            Pull::Reset => stream.set_zero_linger(),
            Pull::Cut | Pull::Freeze => SockRef::from(&*stream).shutdown(Shutdown::Write),
        };
    }
}

/// An accepted TCP stream.
pub(crate) struct Io(Arc<TcpStream>);

impl Io {
    /// The stream and its plug.
    pub(crate) fn new(stream: TcpStream) -> (Self, Arc<Plug>) {
        let stream = Arc::new(stream);
        let plug = Plug {
            pulled: SetOnce::new(),
            stream: Arc::downgrade(&stream),
        };
        (Self(stream), Arc::new(plug))
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(buffer.initialize_unfilled()) {
                Ok(read) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.0).shutdown(Shutdown::Write))
    }
}
