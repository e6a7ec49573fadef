//! How long something took each time, in order, so that one slow run decides nothing.

use std::time::Duration;

/// Times of one kind, the shortest first.
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// What so many percent of them stay within; zero where there are none.
    pub(super) fn at(&self, percent: usize) -> Duration {
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or_default()
    }

    /// The median.
    pub(super) fn middle(&self) -> Duration {
        self.at(50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_of_a_hundred_is_shown_and_not_the_worst() {
        let times = Times::of((1..=1_000).rev().map(Duration::from_millis).collect());
        assert_eq!(times.middle(), Duration::from_millis(501));
        assert_eq!(times.at(99), Duration::from_millis(991));
        assert_eq!(Times::of(Vec::new()).at(99), Duration::ZERO);
    }
}
