//! How often and how many at a time one client may ask.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_base::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// The limits of one client, and how much of them is used.
#[derive(Debug)]
pub(crate) struct Rate {
    clock: Clock,
    limits: Limits,
    per_minute: Option<Mutex<Bucket>>,
    at_a_time: Option<Arc<Semaphore>>,
}

/// Requests in a minute, and at a time.
type Limits = (Option<NonZeroU32>, Option<NonZeroU32>);

/// A bucket that holds a minute's requests and is filled again evenly.
#[derive(Debug)]
struct Bucket {
    most: f64,
    left: f64,
    counted: Instant,
}

/// A request that may go on; it counts as under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted(#[expect(dead_code, reason = "held")] Option<OwnedSemaphorePermit>);

/// A request came too soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// The limit that was reached, in words.
    pub(crate) limit: String,
    /// After how long the next one may come.
    pub(crate) retry_after: Duration,
}

impl Rate {
    pub(crate) fn unlimited(clock: Clock) -> Self {
        Self::new(None, None, clock)
    }

    pub(crate) fn new(
        per_minute: Option<NonZeroU32>,
        at_a_time: Option<NonZeroU32>,
        clock: Clock,
    ) -> Self {
        let bucket = |most: NonZeroU32| Bucket {
            most: f64::from(most.get()),
            left: f64::from(most.get()),
            counted: clock.now(),
        };
        Self {
            limits: (per_minute, at_a_time),
            per_minute: per_minute.map(|most| Mutex::new(bucket(most))),
            at_a_time: at_a_time.map(|most| Arc::new(Semaphore::new(most.get() as usize))),
            clock,
        }
    }

    /// Whether the other one has the same limits.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.limits == other.limits
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// [`TooMany`], if there were too many in the last minute or are too many now.
    pub(crate) fn admit(&self) -> Result<Admitted, TooMany> {
        let permit = match &self.at_a_time {
            Some(places) => {
                let place = Arc::clone(places).try_acquire_owned();
                Some(place.map_err(|_full| self.too_many_at_a_time())?)
            }
            None => None,
        };
        if let Some(bucket) = &self.per_minute {
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            bucket.take(self.clock.now())?;
        }
        Ok(Admitted(permit))
    }

    fn too_many_at_a_time(&self) -> TooMany {
        let most = self.limits.1.map_or(0, NonZeroU32::get);
        TooMany {
            limit: format!("{most} at a time"),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> Result<(), TooMany> {
        let since = now.saturating_duration_since(self.counted);
        let each = MINUTE.as_secs_f64() / self.most;
        self.left = (self.left + since.as_secs_f64() / each).min(self.most);
        self.counted = now;
        if self.left < 1.0 {
            let retry_after = Duration::from_secs_f64((1.0 - self.left) * each);
            let limit = format!("{} a minute", self.most);
            return Err(TooMany { limit, retry_after });
        }
        self.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_holds_so_many_requests_and_says_when_the_next_may_come() {
        let rate = Rate::new(NonZeroU32::new(2), None, Clock::system());
        assert!(rate.admit().is_ok() && rate.admit().is_ok());
        let refused = rate.admit().unwrap_err();
        let wait = refused.retry_after;
        assert_eq!((wait.as_secs(), &*refused.limit), (30, "2 a minute"));
        tokio::time::advance(wait).await;
        assert!(rate.admit().is_ok());
        assert!(rate.admit().is_err());
        tokio::time::advance(10 * MINUTE).await;
        assert!(rate.admit().is_ok() && rate.admit().is_ok());
        assert!(rate.admit().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_again_when_its_request_has_ended() {
        let rate = Rate::new(None, NonZeroU32::new(1), Clock::system());
        let first = rate.admit().unwrap();
        assert_eq!(rate.admit().unwrap_err().limit, "1 at a time");
        drop(first);
        assert!(rate.admit().is_ok());
    }
}
