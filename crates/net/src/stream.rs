//! A connection's byte stream, counted, and patient with write errors while it can be read.
//!
//! A server may answer while we still upload (401, 413, 429, a challenge) and close. Our next
//! write then fails, and a library that gives up on that error loses the answer that already
//! waits in the receive buffer (measured with plain hyper: 1 in 8 became a bare "reset"). So a
//! failed write is remembered and swallowed; reading goes on, and when there is no more to read
//! the reader gets the error. The counters tell honestly how far the upload came.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use alipes_base::{Clock, Expired};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use crate::phase::Phase;
use crate::sockets::BoxStream;

/// Live counters of one connection, shared by everyone who asks about it.
#[derive(Clone, Debug)]
pub struct Traffic(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    clock: Clock,
    opened: Instant,
    received: Direction,
    sent: Direction,
    broken: AtomicBool,
    blocked: AtomicBool,
    /// Nanoseconds between the opening and the end of the last blockade.
    unblocked: AtomicU64,
}

#[derive(Debug, Default)]
struct Direction {
    bytes: AtomicU64,
    /// Nanoseconds between the opening and the last byte.
    last: AtomicU64,
}

impl Traffic {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(Counters {
            opened: clock.now(),
            clock,
            received: Direction::default(),
            sent: Direction::default(),
            broken: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            unblocked: AtomicU64::new(0),
        }))
    }

    /// Whether a write has failed: what is left to read may be read, and no more may be sent.
    pub(crate) fn is_broken(&self) -> bool {
        self.0.broken.load(Ordering::Relaxed)
    }

    /// Whether the operating system would not take more of our bytes when it was last asked: an
    /// upload is under way, or stuck.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.0.blocked.load(Ordering::Relaxed)
    }

    /// Runs work that sends, until it ends or nothing has left for so long.
    pub(crate) async fn while_moving<T>(
        &self,
        length: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Expired> {
        let begun = self.0.clock.now();
        let mut work = std::pin::pin!(work);
        loop {
            let until = self.last_sent().max(begun) + length;
            tokio::select! {
                biased;
                outcome = &mut work => return Ok(outcome),
                () = sleep_until(until) => {}
            }
            if self.last_sent().max(begun) + length <= self.0.clock.now() {
                let limit = Phase::Send.as_str();
                return Err(Expired { limit, length });
            }
        }
    }

    /// When it last took what it would not take before; the opening, if it always did.
    pub(crate) fn unblocked(&self) -> Instant {
        self.0.after(&self.0.unblocked)
    }

    /// Bytes that came in.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.0.received.bytes.load(Ordering::Relaxed)
    }

    /// Bytes that the operating system (or the TLS layer) took from us.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.0.sent.bytes.load(Ordering::Relaxed)
    }

    /// When the last byte came in; the opening, if none did.
    #[must_use]
    pub fn last_received(&self) -> Instant {
        self.0.after(&self.0.received.last)
    }

    /// When the last byte was taken from us; the opening, if none was.
    #[must_use]
    pub fn last_sent(&self) -> Instant {
        self.0.after(&self.0.sent.last)
    }
}

impl Counters {
    fn after(&self, nanoseconds: &AtomicU64) -> Instant {
        self.opened + Duration::from_nanos(nanoseconds.load(Ordering::Relaxed))
    }

    fn count(&self, direction: &Direction, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.mark(&direction.last);
        direction.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn set_blocked(&self, blocked: bool) {
        let before = self.blocked.swap(blocked, Ordering::Relaxed);
        if before && !blocked {
            self.mark(&self.unblocked);
        }
    }

    fn mark(&self, nanoseconds: &AtomicU64) {
        let now = u64::try_from(self.clock.since(self.opened).as_nanos()).unwrap_or(u64::MAX);
        nanoseconds.store(now, Ordering::Relaxed);
    }
}

/// The stream every protocol above the dialer works on.
pub(crate) struct Metered {
    inner: BoxStream,
    traffic: Traffic,
    /// Set by the first failed write, taken by the reader that finds nothing more.
    broken: Option<io::Error>,
}

impl Metered {
    pub(crate) fn new(inner: BoxStream, traffic: Traffic) -> Self {
        Self {
            inner,
            traffic,
            broken: None,
        }
    }

    /// Counts a write, or remembers its failure and pretends that all `wanted` bytes went out.
    fn settle(&mut self, outcome: io::Result<usize>, wanted: usize) -> usize {
        match outcome {
            Ok(written) => {
                self.traffic.0.count(&self.traffic.0.sent, written);
                written
            }
            Err(error) => {
                self.give_up_writing(error);
                wanted
            }
        }
    }

    /// Notes whether a write has to wait.
    fn note<T>(&self, outcome: Poll<T>) -> Poll<T> {
        self.traffic.0.set_blocked(outcome.is_pending());
        outcome
    }

    fn give_up_writing(&mut self, error: io::Error) {
        self.traffic.0.broken.store(true, Ordering::Relaxed);
        self.traffic.0.set_blocked(false);
        self.broken = Some(error);
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        let received = buf.filled().len() - before;
        self.traffic.0.count(&self.traffic.0.received, received);
        match self.broken.take_if(|_| outcome.is_err() || received == 0) {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Ready(outcome),
        }
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.traffic.is_broken() {
            return Poll::Ready(Ok(buf.len()));
        }
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        let outcome = ready!(self.note(outcome));
        Poll::Ready(Ok(self.settle(outcome, buf.len())))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = bufs.iter().map(|buf| buf.len()).sum();
        if self.traffic.is_broken() {
            return Poll::Ready(Ok(wanted));
        }
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        let outcome = ready!(self.note(outcome));
        Poll::Ready(Ok(self.settle(outcome, wanted)))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.traffic.is_broken() {
            return Poll::Ready(Ok(()));
        }
        let outcome = Pin::new(&mut self.inner).poll_flush(cx);
        if let Err(error) = ready!(self.note(outcome)) {
            self.give_up_writing(error);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.traffic.is_broken() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn an_answer_before_a_failed_write_is_read_first() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let traffic = Traffic::new(Clock::system());
        let mut stream = Metered::new(Box::new(ours), traffic.clone());
        theirs.write_all(b"HTTP/1.1 413 no\r\n").await.unwrap();
        drop(theirs);

        stream.write_all(&[0; 1_000]).await.unwrap();
        let mut answer = vec![0; 17];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 413 no\r\n");
        let error = stream.read(&mut answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!((traffic.bytes_received(), traffic.bytes_sent()), (17, 0));
        assert!(traffic.is_broken());
    }
}
