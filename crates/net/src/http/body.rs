//! An answer's body, as it comes.
//!
//! Reading has no time limit: silence means something different on every route, and the caller
//! knows what. What is never read is never kept: dropping a body before its end closes its
//! HTTP/1.1 connection, or resets its HTTP/2 stream.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use alipes_base::Deadline;
use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::RecvStream;
use hyper::body::{Body as _, Incoming};

use super::http1::Http1;
use super::http2::{Http2, Upload};
use super::pinger::Pinger;
use super::pool::{Key, Pool};
use super::progress::Progress;
use crate::error::{ErrorFacts, Failure, NetError};
use crate::phase::Phase;

/// An answer's body still to be read.
pub struct Body {
    source: Source,
    progress: Progress,
    facts: ErrorFacts,
}

enum Source {
    Http1 {
        incoming: Incoming,
        home: Home,
    },
    Http2 {
        incoming: RecvStream,
        upload: Upload,
        link: Arc<Http2>,
    },
    /// Read to its end, or failed.
    Over,
}

/// An HTTP/1.1 connection, and the pool that it goes back to. The pool is not kept alive: once
/// the client is gone nobody could use the connection again.
type Home = (Http1, Weak<Pool>, Key);

impl Body {
    pub(super) fn http1(
        incoming: Incoming,
        home: Home,
        progress: Progress,
        facts: ErrorFacts,
    ) -> Self {
        let mut body = Self {
            source: Source::Http1 { incoming, home },
            progress,
            facts,
        };
        body.settle(false);
        body
    }

    pub(super) fn http2(
        incoming: RecvStream,
        upload: Upload,
        link: Arc<Http2>,
        progress: Progress,
        facts: ErrorFacts,
    ) -> Self {
        Self {
            source: Source::Http2 {
                incoming,
                upload,
                link,
            },
            progress,
            facts,
        }
    }

    /// Bytes of the request that have not been handed to the operating system: the answer may
    /// have come early.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.progress.unsent()
    }

    /// A way to ping the connection; HTTP/1.1 has none, and neither has a body that is over.
    #[must_use]
    pub fn pinger(&self) -> Option<Pinger> {
        match &self.source {
            Source::Http2 { link, .. } => link.pinger(),
            Source::Http1 { .. } | Source::Over => None,
        }
    }

    /// The next bytes, as they arrived; `None` at the end. Cancel safe.
    ///
    /// # Errors
    /// [`NetError`] in phase `body`; later calls return `None`.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// The first bytes of a body that only serves as evidence: at most `max`, and no more than
    /// came before `deadline`, the end or an error. What came is cut there, for good.
    pub async fn read_prefix(mut self, max: usize, deadline: Deadline) -> Bytes {
        let mut prefix = Vec::new();
        while prefix.len() < max {
            match deadline.run(self.chunk()).await {
                Ok(Ok(Some(chunk))) => prefix.extend_from_slice(&chunk),
                _ => break,
            }
        }
        prefix.truncate(max);
        prefix.into()
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, NetError>> {
        let outcome = match &mut self.source {
            Source::Http1 {
                incoming,
                home: (link, ..),
            } => ready!(link.poll(cx, |cx| poll_http1(incoming, cx))),
            Source::Http2 {
                incoming, upload, ..
            } => {
                upload.advance(cx);
                ready!(poll_http2(incoming, cx))
            }
            Source::Over => Ok(None),
        };
        Poll::Ready(match outcome {
            Ok(chunk) => {
                self.settle(chunk.is_none());
                Ok(chunk)
            }
            Err(failure) => {
                self.source = Source::Over;
                Err(failure.at(Phase::Body, self.facts.clone()))
            }
        })
    }

    /// Gives the connection back as soon as the body is known to be complete.
    fn settle(&mut self, ended: bool) {
        let complete = match &self.source {
            Source::Http1 { incoming, .. } => ended || incoming.is_end_stream(),
            Source::Http2 { .. } | Source::Over => ended,
        };
        if !complete {
            return;
        }
        if let Source::Http1 { home, .. } = std::mem::replace(&mut self.source, Source::Over) {
            let (link, pool, key) = home;
            if let Some(pool) = pool.upgrade() {
                pool.put_back(key, link);
            }
        }
    }
}

fn poll_http1(
    incoming: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>, Failure>> {
    loop {
        match ready!(Pin::new(&mut *incoming).poll_frame(cx)?) {
            None => return Poll::Ready(Ok(None)),
            // Trailers carry nothing for us.
            Some(frame) => match frame.into_data() {
                Ok(data) if !data.is_empty() => return Poll::Ready(Ok(Some(data))),
                _ => {}
            },
        }
    }
}

fn poll_http2(
    incoming: &mut RecvStream,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>, Failure>> {
    loop {
        let Some(data) = ready!(incoming.poll_data(cx)?) else {
            return Poll::Ready(Ok(None));
        };
        if !data.is_empty() {
            // Handed to the caller: the server may send as much again.
            incoming.flow_control().release_capacity(data.len())?;
            return Poll::Ready(Ok(Some(data)));
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
