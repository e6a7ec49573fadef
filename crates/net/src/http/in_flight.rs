//! A request whose answer's head is still awaited, and what can be asked about it meanwhile.
//!
//! Whoever waits wants to know more than "not yet": on which connection, whether all of it has
//! left, and whether the next hop still lives.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::Response;
use super::pinger::Pinger;
use super::progress::Progress;
use crate::error::NetError;
use crate::facts::ConnectionFacts;

/// A request on its way: a future of its answer. It goes out when it is first polled; dropping it
/// withdraws it.
#[must_use = "nothing is sent until it is awaited"]
pub struct InFlight {
    pub(super) answer: BoxFuture<'static, Result<Response, NetError>>,
    pub(super) facts: ConnectionFacts,
    pub(super) progress: Progress,
    pub(super) pinger: Option<Pinger>,
}

impl InFlight {
    /// The connection that carries it.
    #[must_use]
    pub fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }

    /// Bytes of the body that have not been handed to the operating system.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.progress.unsent()
    }

    /// Whether the operating system has taken the whole request.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        self.progress.is_handed_over()
    }

    /// A way to ping the connection; HTTP/1.1 has none.
    #[must_use]
    pub fn pinger(&self) -> Option<Pinger> {
        self.pinger.clone()
    }
}

impl Future for InFlight {
    type Output = Result<Response, NetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answer.as_mut().poll(cx)
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("facts", &self.facts)
            .field("unsent", &self.unsent())
            .finish_non_exhaustive()
    }
}
