//! The lane of one endpoint and account: a turnstile, the permits that are out, the places in front.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipes_base::Clock;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::turnstile::Turnstile;
use super::{Lowered, NoPermit, Priority};

#[derive(Clone, Debug)]
pub(super) struct Lane(Arc<Mutex<Turnstile>>);

/// Leave to run one request; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Permit {
    lane: Option<Lane>,
    clock: Clock,
}

/// A place in the queue; dropping it gives it up.
pub(super) struct Place {
    lane: Lane,
    called: oneshot::Receiver<Permit>,
}

impl Lane {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Turnstile::new(limit))))
    }

    pub(super) fn is_used(&self) -> bool {
        self.turnstile().is_used()
    }

    pub(super) fn try_now(&self, clock: &Clock) -> Option<Permit> {
        let entered = self.turnstile().enter(clock.now());
        entered.then(|| self.permit(clock))
    }

    pub(super) fn place(&self, priority: Priority, clock: &Clock) -> Result<Place, NoPermit> {
        let (call, called) = oneshot::channel();
        self.turnstile().queue(priority, call)?;
        self.call_next(clock);
        Ok(Place {
            lane: self.clone(),
            called,
        })
    }

    pub(super) fn too_many(&self, until: Instant) -> Lowered {
        self.turnstile().too_many(until)
    }

    pub(super) fn lower(&self, lowered: Lowered) {
        self.turnstile().lower(lowered);
    }

    /// Hands permits to those whose turn it is. One that nobody takes any more is the next one's.
    fn call_next(&self, clock: &Clock) {
        loop {
            // The lock is not held while a permit is handed over: its drop would want it.
            let Some(call) = self.turnstile().next(clock.now()) else {
                return;
            };
            if let Err(mut unwanted) = call.send(self.permit(clock)) {
                unwanted.lane = None;
                self.turnstile().leave();
            }
        }
    }

    fn permit(&self, clock: &Clock) -> Permit {
        Permit {
            lane: Some(self.clone()),
            clock: clock.clone(),
        }
    }

    fn turnstile(&self) -> MutexGuard<'_, Turnstile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits for the turn. A lowered limit may end without anybody leaving, so its end is waited for
    /// too.
    pub(super) async fn granted(mut self, clock: &Clock) -> Permit {
        loop {
            let raised_at = self.lane.turnstile().raised_at();
            let raised = async {
                match raised_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Ok(permit) = &mut self.called => return permit,
                () = raised => {}
            }
            self.lane.call_next(clock);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.turnstile().leave();
            lane.call_next(&self.clock);
        }
    }
}
