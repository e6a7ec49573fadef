//! A relayed request that owns what it needs: the providers' sessions go back when it is answered,
//! and end with it when it is dropped.

use alipes_base::Deadline;
use alipes_models::{RelayRequest, RelayUpdate};
use alipes_transport::{Fault, Trace};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::conversations::Lease;

/// A request under way. It goes on only while somebody waits for its next update.
pub(crate) struct Call {
    updates: mpsc::Receiver<RelayUpdate>,
    drive: BoxFuture<'static, Result<(), Fault>>,
    outcome: Option<Result<(), Fault>>,
    attempts: u32,
}

impl Call {
    /// Begins to ask.
    pub(crate) fn start(lease: Lease, request: RelayRequest, deadline: Deadline) -> Self {
        // The transport's own queue is in front of this one.
        let (sender, updates) = mpsc::channel(1);
        Self {
            updates,
            drive: Box::pin(drive(lease, request, deadline, sender)),
            outcome: None,
            attempts: 0,
        }
    }

    /// The next update; `None` when the request has ended. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<RelayUpdate> {
        let update = loop {
            tokio::select! {
                biased;
                update = self.updates.recv() => break update,
                outcome = &mut self.drive, if self.outcome.is_none() => {
                    self.outcome = Some(outcome);
                }
            }
        };
        if let Some(RelayUpdate::Trace(Trace::AttemptStarted { .. })) = &update {
            self.attempts += 1;
        }
        update
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

async fn drive(
    mut lease: Lease,
    request: RelayRequest,
    deadline: Deadline,
    sender: mpsc::Sender<RelayUpdate>,
) -> Result<(), Fault> {
    let mut stream = lease.relay().ask(&request, deadline);
    while let Some(update) = stream.next().await {
        // Who has gone has dropped this with it.
        let _ = sender.send(update).await;
    }
    let outcome = stream.finish().await;
    if outcome.is_ok() {
        lease.give_back();
    }
    outcome
}
