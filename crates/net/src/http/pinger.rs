//! HTTP/2 pings at times of the caller's choosing (RFC 9113, section 6.7).
//!
//! A slow model and a dead socket look the same to whoever only waits; a ping is answered by the
//! next hop, whatever the model does. Its answer proves that hop and no more. h2 has one ping
//! under way at a time, so one that nobody waited for to its end is joined, not doubled.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alipes_base::Clock;
use futures_util::FutureExt as _;
use futures_util::future::poll_fn;
use h2::{Ping, PingPong};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::{ErrorFacts, Failure, NetError};
use crate::phase::Phase;

/// Pings one HTTP/2 connection. Cheap to clone; does not keep the connection open.
#[derive(Clone)]
pub struct Pinger(Arc<Shared>);

struct Shared {
    clock: Clock,
    facts: ErrorFacts,
    line: Mutex<Line>,
    answered: AtomicBool,
    doubted: AtomicBool,
}

struct Line {
    pings: PingPong,
    /// When the ping that has no answer yet was asked for.
    under_way: Option<Instant>,
}

impl Pinger {
    pub(super) fn new(pings: PingPong, clock: Clock, facts: ErrorFacts) -> Self {
        let under_way = None;
        Self(Arc::new(Shared {
            clock,
            facts,
            line: Mutex::new(Line { pings, under_way }),
            answered: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
        }))
    }

    /// Sends a ping and waits for its answer without a limit; how long that took. The ping goes
    /// behind what is already on its way out: while
    /// [`Traffic::is_blocked`](crate::Traffic::is_blocked) its silence means nothing. May be
    /// dropped; the next ping then waits for the same answer, and counts from the first.
    ///
    /// # Errors
    /// [`NetError`] in phase `body` if the connection has ended.
    pub async fn ping(&self) -> Result<Duration, NetError> {
        let shared = &*self.0;
        let mut line = shared.line.lock().await;
        let asked = match line.under_way {
            Some(asked) => asked,
            None => {
                let sent = line.pings.send_ping(Ping::opaque());
                sent.map_err(|error| shared.gone(error))?;
                *line.under_way.insert(shared.clock.now())
            }
        };
        let answered = poll_fn(|cx| line.pings.poll_pong(cx)).await;
        line.under_way = None;
        answered.map_err(|error| shared.gone(error))?;
        shared.answered.store(true, Ordering::Relaxed);
        Ok(shared.clock.since(asked))
    }

    /// Whether this connection has ever answered a ping, also one whose answer nobody has waited for.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        let shared = &*self.0;
        if let Ok(mut line) = shared.line.try_lock()
            && line.under_way.is_some()
            && let Some(answered) = poll_fn(|cx| line.pings.poll_pong(cx)).now_or_never()
        {
            line.under_way = None;
            shared
                .answered
                .fetch_or(answered.is_ok(), Ordering::Relaxed);
        }
        shared.answered.load(Ordering::Relaxed)
    }

    /// Somebody has waited in vain for its answer.
    pub fn doubt(&self) {
        self.0.doubted.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has waited in vain for its answer.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        self.0.doubted.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn gone(&self, error: h2::Error) -> NetError {
        Failure::from(error).at(Phase::Body, self.facts.clone())
    }
}

impl fmt::Debug for Pinger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinger").finish_non_exhaustive()
    }
}
