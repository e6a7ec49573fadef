//! The two clocks of the program: a monotonic one for limits, a wall clock for dates.
//!
//! The monotonic side is tokio's, so that a test which pauses time pauses every limit with it.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Where a room reads the time.
#[derive(Clone, Debug)]
pub struct Clock {
    wall: Wall,
}

#[derive(Clone, Debug)]
enum Wall {
    System,
    /// Starts at a chosen date and moves with the monotonic clock.
    Anchored {
        date: SystemTime,
        at: Instant,
    },
}

impl Clock {
    /// The clocks of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self { wall: Wall::System }
    }

    /// A wall clock that shows `date` now and moves with the (possibly paused) monotonic clock.
    #[must_use]
    pub fn anchored(date: SystemTime) -> Self {
        Self {
            wall: Wall::Anchored {
                date,
                at: monotonic(),
            },
        }
    }

    /// The monotonic time.
    #[must_use]
    pub fn now(&self) -> Instant {
        monotonic()
    }

    /// The date and time of day.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        match self.wall {
            Wall::System => wall(),
            Wall::Anchored { date, at } => date + monotonic().duration_since(at),
        }
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub fn since(&self, earlier: Instant) -> Duration {
        self.now().saturating_duration_since(earlier)
    }

    /// Milliseconds since the Unix epoch; zero before it.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.wall()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the monotonic clock"
)]
fn monotonic() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
fn wall() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_anchored_wall_clock_moves_with_paused_time() {
        let clock = Clock::anchored(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000));
        let start = clock.now();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(clock.unix_ms(), 1_005_000);
        assert_eq!(clock.since(start), Duration::from_secs(5));
    }
}
