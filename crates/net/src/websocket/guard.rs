//! The connection below the framing library: what comes in is passed on as long as its headers are those of frames.
//!
//! What follows the first that is not is read and forgotten: a connection that is closed while there is something to read
//! is reset, and our goodbye lost with it. Whoever polls the library, which waits then, asks here what it waits for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::broken::Broken;
use super::headers::Headers;
use super::holding::Holding;

/// How much is forgotten at a time, in bytes.
const FORGOTTEN: usize = 8 << 10;

/// The rule that the other side has broken, if any.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict(Arc<OnceLock<Broken>>);

impl Verdict {
    pub(super) fn broken(&self) -> Option<Broken> {
        self.0.get().copied()
    }

    /// The first counts.
    pub(super) fn pronounce(&self, broken: Broken) {
        let _ = self.0.set(broken);
    }
}

pub(super) struct Guard<S> {
    io: S,
    headers: Headers,
    verdict: Verdict,
    holding: Holding,
}

impl<S> Guard<S> {
    pub(super) fn new(io: S, headers: Headers, verdict: Verdict, holding: Holding) -> Self {
        Self {
            io,
            headers,
            verdict,
            holding,
        }
    }

    /// How many of these bytes are good, and what is wrong behind them.
    fn judge(&mut self, came: &[u8]) -> Result<(), (usize, Broken)> {
        self.headers.judge(came)?;
        self.holding.came(came.len()).map_err(|full| (0, full))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.verdict.broken().is_some() {
            return this.poll_forget(cx);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
        let Err((good, broken)) = this.judge(&buffer.filled()[before..]) else {
            return Poll::Ready(Ok(()));
        };
        this.verdict.pronounce(broken);
        buffer.set_filled(before + good);
        match good {
            // Nothing at all would be the end of the stream.
            0 => this.poll_forget(cx),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Ready at the end of the stream.
    fn poll_forget(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut forgotten = [0; FORGOTTEN];
            let mut forgotten = ReadBuf::new(&mut forgotten);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut forgotten))?;
            if forgotten.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
