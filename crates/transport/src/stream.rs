//! The consumer's end of a request: pull updates until there are no more, then take the outcome.
//!
//! The attempts run inside the consumer's own polling, with a bounded queue between: a slow reader
//! slows the socket down instead of filling memory, and dropping the stream cancels everything,
//! because there is no task that could live on.

use std::sync::Arc;
use std::time::Duration;

use alipes_net::DialWatch;
use alipes_wire::RawEvent;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::{Fault, Route, Trace};

/// How many updates may wait for a slow reader.
const QUEUE: usize = 64;

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
    updates: mpsc::Receiver<Update>,
    attempts: BoxFuture<'s, Result<Done, Fault>>,
    outcome: Option<Result<Done, Fault>>,
}

/// The driver's end of the queue.
#[derive(Clone, Debug)]
pub struct Updates(mpsc::Sender<Update>);

impl<'s> ResponseStream<'s> {
    /// A request that `run` drives; it runs inside the reader's polling and is dropped with it.
    pub fn new<F>(run: impl FnOnce(Updates) -> F) -> Self
    where
        F: Future<Output = Result<Done, Fault>> + Send + 's,
    {
        let (sender, updates) = Updates::to_reader();
        Self {
            updates,
            attempts: Box::pin(run(sender)),
            outcome: None,
        }
    }

    /// The next update; `None` when the request has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            tokio::select! {
                biased;
                update = self.updates.recv() => return update,
                outcome = &mut self.attempts, if self.outcome.is_none() => {
                    self.outcome = Some(outcome);
                }
            }
        }
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
    pub(crate) fn to_reader() -> (Self, mpsc::Receiver<Update>) {
        let (sender, reader) = mpsc::channel(QUEUE);
        (Self(sender), reader)
    }

    /// For a request whose events nobody reads.
    #[must_use]
    pub fn nobody() -> Self {
        let (sender, _) = mpsc::channel(1);
        Self(sender)
    }

    /// Hands an update to the reader, waiting while its queue is full. A reader that has gone has
    /// dropped the driver with it, so there is nobody to tell.
    pub async fn send(&self, update: Update) {
        let _ = self.0.send(update).await;
    }

    /// Tells of each phase of a dial for `attempt` as it begins. Does not keep the queue open; where
    /// it is full, the reader has other things to read.
    pub(crate) fn dial_watch(&self, attempt: u32) -> DialWatch {
        let sender = self.0.downgrade();
        Arc::new(move |phase, length| {
            let waiting = Trace::Waiting {
                attempt,
                limit: phase.as_str(),
                length,
            };
            if let Some(sender) = sender.upgrade() {
                let _full = sender.try_send(Update::Trace(waiting));
            }
        })
    }

    /// The same for what happens on the way.
    pub async fn trace(&self, trace: Trace) {
        self.send(Update::Trace(trace)).await;
    }
}
