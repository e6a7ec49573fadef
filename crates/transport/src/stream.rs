//! The consumer's end of a request: pull updates until there are no more, then take the outcome.
//!
//! The attempts run inside the consumer's own polling, with a bounded queue between: a slow reader
//! slows the socket down instead of filling memory, and dropping the stream cancels everything,
//! because there is no task that could live on.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use alipes_net::DialWatch;
use alipes_wire::{RawEvent, Signal};
use futures_util::future::BoxFuture;

use crate::queue::Queue;
use crate::shown::Shown;
use crate::{Fault, Reader, Route, Trace};

/// Something on the way to the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Update {
    /// An event of the response.
    Event(RawEvent),
    /// The answer begins anew: forget every event so far.
    Restarted {
        /// Whether the reader has seen part of it.
        delivered: bool,
    },
    /// What happens on the wire.
    Trace(Trace),
}

/// The answer has arrived.
#[derive(Clone, Debug)]
pub struct Done {
    /// The way it came.
    pub route: Route,
    /// How many attempts it took.
    pub attempts: u32,
    /// How long it took, waits included.
    pub took: Duration,
    /// It could not read the reasoning in the input, and has answered without.
    pub without_reasoning: bool,
}

/// A request under way.
pub struct ResponseStream<'s> {
    updates: Arc<Queue>,
    attempts: BoxFuture<'s, Result<Done, Fault>>,
    outcome: Option<Result<Done, Fault>>,
}

/// The driver's end of the queue.
#[derive(Clone)]
pub struct Updates(Arc<Queue>);

impl<'s> ResponseStream<'s> {
    /// A request of this reader's that `run` drives; it runs inside the reader's polling and is dropped
    /// with it.
    pub fn new<F>(reader: Reader, run: impl FnOnce(Updates) -> F) -> Self
    where
        F: Future<Output = Result<Done, Fault>> + Send + 's,
    {
        let (sender, updates) = Updates::to(reader);
        Self {
            updates,
            attempts: Box::pin(run(sender)),
            outcome: None,
        }
    }

    /// The next update; `None` when the request has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Update> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Update>> {
        if let Some(update) = self.updates.take() {
            return Poll::Ready(Some(update));
        }
        if self.outcome.is_none()
            && let Poll::Ready(outcome) = self.attempts.as_mut().poll(cx)
        {
            self.outcome = Some(outcome);
        }
        match self.updates.take() {
            None if self.outcome.is_none() => Poll::Pending,
            update => Poll::Ready(update),
        }
    }

    /// What the reader is told where somebody else answers instead; `None` if it has nothing of this
    /// answer.
    #[must_use]
    pub fn begins_anew(&self) -> Option<Update> {
        self.updates.shown(Shown::begins_anew)
    }

    /// How the request ended, running it to its end and dropping the updates that are left.
    ///
    /// # Errors
    /// The [`Fault`] that nothing here could mend.
    pub async fn finish(mut self) -> Result<Done, Fault> {
        while self.next().await.is_some() {}
        self.outcome().await
    }

    /// How the request ended; asked once, after the last update.
    ///
    /// # Errors
    /// The [`Fault`] that nothing here could mend.
    pub async fn outcome(&mut self) -> Result<Done, Fault> {
        match self.outcome.take() {
            Some(outcome) => outcome,
            None => (&mut self.attempts).await,
        }
    }
}

impl Updates {
    /// The queue to one reader, and the reader's end of it.
    pub(crate) fn to(reader: Reader) -> (Self, Arc<Queue>) {
        let queue = Arc::new(Queue::to(reader));
        (Self(Arc::clone(&queue)), queue)
    }

    /// For a request whose events nobody reads.
    #[must_use]
    pub fn nobody() -> Self {
        Self(Arc::new(Queue::nobodys()))
    }

    /// Hands an event to the reader, waiting while its queue is full. Where it has events of another
    /// attempt than this one, it is told first to begin anew. A reader that has gone has dropped the
    /// driver with it, so there is nobody to tell.
    pub async fn event(&self, attempt: u32, event: RawEvent) {
        let signal = Signal::of(&event);
        self.pass(attempt, event, signal).await;
    }

    /// The same where it is known what the event means.
    pub(crate) async fn pass(&self, attempt: u32, event: RawEvent, signal: Signal) {
        self.0.put_event(attempt, event, signal).await;
    }

    /// Whether the answer may begin anew: the reader has seen nothing of it, or can replace that.
    #[must_use]
    pub fn may_begin_anew(&self) -> bool {
        self.0.shown(Shown::may_begin_anew)
    }

    /// Whether the reader has something that it counts as shown.
    pub(crate) fn has_delivered(&self) -> bool {
        self.0.shown(Shown::is_delivered)
    }

    /// Tells of each phase of a dial for `attempt` as it begins. Does not keep the queue; where it is
    /// full, the reader has other things to read.
    pub(crate) fn dial_watch(&self, attempt: u32) -> DialWatch {
        let queue = Arc::downgrade(&self.0);
        Arc::new(move |phase, length| {
            let waiting = Trace::Waiting {
                attempt,
                limit: phase.as_str(),
                length,
            };
            if let Some(queue) = queue.upgrade() {
                let _full = queue.offer(Update::Trace(waiting));
            }
        })
    }

    /// Tells what happens on the way, waiting as for an event.
    pub async fn trace(&self, trace: Trace) {
        self.0.put(Update::Trace(trace)).await;
    }
}

impl fmt::Debug for Updates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updates").finish_non_exhaustive()
    }
}
