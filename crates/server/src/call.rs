//! A relayed request that owns what it needs: the providers' sessions go back when it is answered,
//! and end with it when it is dropped.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use alipes_base::Deadline;
use alipes_models::{RelayRequest, RelayUpdate};
use alipes_transport::{Fault, Trace};
use futures_util::future::BoxFuture;

use crate::conversations::Lease;

/// A request under way. It goes on only while somebody waits for its next update.
pub(crate) struct Call {
    update: Slot,
    drive: BoxFuture<'static, Result<(), Fault>>,
    outcome: Option<Result<(), Fault>>,
    attempts: u32,
}

/// Where the driver leaves an update for the one who polls it: the transport's own queue is in front of
/// it, so one is enough.
#[derive(Clone, Default)]
struct Slot(Arc<Mutex<Option<RelayUpdate>>>);

impl Call {
    /// Begins to ask.
    pub(crate) fn start(lease: Lease, request: RelayRequest, deadline: Deadline) -> Self {
        let update = Slot::default();
        Self {
            drive: Box::pin(drive(lease, request, deadline, update.clone())),
            update,
            outcome: None,
            attempts: 0,
        }
    }

    /// The next update; `None` when the request has ended. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<RelayUpdate> {
        let update = poll_fn(|cx| self.poll_next(cx)).await;
        if let Some(RelayUpdate::Trace(Trace::AttemptStarted { .. })) = &update {
            self.attempts += 1;
        }
        update
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<RelayUpdate>> {
        if self.outcome.is_none()
            && let Poll::Ready(outcome) = self.drive.as_mut().poll(cx)
        {
            self.outcome = Some(outcome);
        }
        match self.update.locked().take() {
            None if self.outcome.is_none() => Poll::Pending,
            update => Poll::Ready(update),
        }
    }

    /// How it ended; asked once, after the last update.
    pub(crate) async fn outcome(&mut self) -> Result<(), Fault> {
        match self.outcome.take() {
            Some(outcome) => outcome,
            None => (&mut self.drive).await,
        }
    }

    /// How many attempts there were so far, at all providers together.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl Slot {
    /// Leaves an update, and waits until it was taken.
    async fn give(&self, update: RelayUpdate) {
        *self.locked() = Some(update);
        // Nobody need be woken: whoever takes it comes back for the next one, and polls this.
        poll_fn(|_| match *self.locked() {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        })
        .await;
    }

    fn locked(&self) -> MutexGuard<'_, Option<RelayUpdate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn drive(
    mut lease: Lease,
    request: RelayRequest,
    deadline: Deadline,
    slot: Slot,
) -> Result<(), Fault> {
    let mut stream = lease.relay().ask(&request, deadline);
    while let Some(update) = stream.next().await {
        slot.give(update).await;
    }
    let outcome = stream.finish().await;
    if outcome.is_ok() {
        lease.give_back();
    }
    outcome
}
