//! Which ClientHello to send, and whether the other side said anything to it.
//!
//! The post-quantum key share makes the ClientHello 1,486 bytes long instead of 264 (measured):
//! two TCP segments. Some middleboxes reset or swallow what does not come in one. They cannot be
//! recognised by an error of their own, only by this: nothing at all came back. So a hello listens
//! for the first byte, and when there was none, the dialer tries once more with a classical one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use rustls::NamedGroup;
use rustls::crypto::CryptoProvider;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sockets::BoxStream;

/// One kind of ClientHello, and what became of the last one sent.
#[derive(Debug)]
pub(crate) struct Hello {
    classical: bool,
    unanswered: Arc<AtomicBool>,
}

impl Hello {
    pub(crate) fn new(classical: bool) -> Self {
        Self {
            classical,
            unanswered: Arc::default(),
        }
    }

    pub(crate) fn is_classical(&self) -> bool {
        self.classical
    }

    /// Whether the last hello was sent and not a byte came back.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// The stream to send it on.
    pub(super) fn listen(&self, inner: BoxStream) -> Listening {
        self.unanswered.store(true, Ordering::Relaxed);
        Listening {
            inner,
            unanswered: Arc::clone(&self.unanswered),
        }
    }
}

/// The same cryptography with the key shares of before: each fits into one segment.
pub(super) fn classical(usual: &CryptoProvider) -> CryptoProvider {
    const CLASSICAL: [NamedGroup; 3] = [
        NamedGroup::X25519,
        NamedGroup::secp256r1,
        NamedGroup::secp384r1,
    ];
    let mut provider = usual.clone();
    provider
        .kx_groups
        .retain(|group| CLASSICAL.contains(&group.name()));
    provider
}

/// A stream that notices the first byte.
pub(super) struct Listening {
    inner: BoxStream,
    unanswered: Arc<AtomicBool>,
}

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.unanswered.store(false, Ordering::Relaxed);
        }
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
