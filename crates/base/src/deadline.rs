//! One point in time by which something must have ended, and the name of the limit that set it.
//!
//! A deadline travels from the front to the socket. Each layer may tighten it and never loosen it,
//! so a child cannot outlive its parent, and whoever runs out can say which limit it was.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::Clock;

/// A named point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    limit: &'static str,
    length: Duration,
}

/// The limit that ended something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The limit's name, as configuration and messages spell it.
    pub limit: &'static str,
    /// How long the limit was.
    pub length: Duration,
}

impl Deadline {
    /// A deadline `length` from now, known as `limit`.
    #[must_use]
    pub fn after(clock: &Clock, limit: &'static str, length: Duration) -> Self {
        Self::counted(clock.now(), limit, length)
    }

    fn counted(from: Instant, limit: &'static str, length: Duration) -> Self {
        // A length that overflows the clock means "never"; thirty years is near enough.
        let far = Duration::from_secs(30 * 365 * 24 * 3600);
        Self {
            at: from + length.min(far),
            limit,
            length,
        }
    }

    /// The earlier of this deadline and one `length` from now.
    #[must_use]
    pub fn tightened(self, clock: &Clock, limit: &'static str, length: Duration) -> Self {
        self.tightened_from(clock.now(), limit, length)
    }

    /// The earlier of this deadline and one `length` from then, which may have passed.
    #[must_use]
    pub fn tightened_from(self, then: Instant, limit: &'static str, length: Duration) -> Self {
        let child = Self::counted(then, limit, length);
        if child.at < self.at { child } else { self }
    }

    /// When it ends.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The name of the limit that set it.
    #[must_use]
    pub fn limit(&self) -> &'static str {
        self.limit
    }

    /// How much is left; zero once it has passed.
    #[must_use]
    pub fn remaining(&self, clock: &Clock) -> Duration {
        self.at.saturating_duration_since(clock.now())
    }

    /// What to report when it has passed.
    #[must_use]
    pub fn expired(&self) -> Expired {
        Expired {
            limit: self.limit,
            length: self.length,
        }
    }

    /// Runs `work` until it ends or the deadline passes.
    ///
    /// # Errors
    /// [`Expired`] with the limit's name; `work` has been dropped then.
    pub async fn run<F: Future>(&self, work: F) -> Result<F::Output, Expired> {
        tokio::time::timeout_at(self.at, work)
            .await
            .map_err(|_elapsed| self.expired())
    }
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the limit {} of {:?} has passed",
            self.limit, self.length
        )
    }
}

impl std::error::Error for Expired {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_child_never_outlives_its_parent() {
        let clock = Clock::system();
        let turn = Deadline::after(&clock, "turn", Duration::from_secs(10));
        let step = turn.tightened(&clock, "step", Duration::from_secs(60));
        assert_eq!(step.limit(), "turn");
        let connect = turn.tightened(&clock, "connect", Duration::from_secs(1));
        let expired = connect.run(std::future::pending::<()>()).await;
        assert_eq!(expired.map_err(|e| e.limit), Err("connect"));
        assert_eq!(turn.remaining(&clock), Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_limit_does_not_overflow_the_clock() {
        let clock = Clock::system();
        let never = Deadline::after(&clock, "never", Duration::MAX);
        assert!(never.remaining(&clock) > Duration::from_secs(1_000_000));
    }
}
