//! When to draw: not more often than anybody sees, not before a terminal has settled on its size, and
//! not at all where nothing changes.

use std::time::Duration;

use tokio::time::Instant;

/// The time between two frames: sixty a second.
const FRAME: Duration = Duration::from_micros(16_667);

/// How long a terminal has to keep its size until it is drawn on again. What is written for a size that it
/// no longer has could erase what was said, and tmux tells of a second change 250 ms after the first
/// (3.3a, observed).
const SETTLES: Duration = Duration::from_millis(300);

/// What was drawn when, and whether that is still right.
#[derive(Debug)]
pub(super) struct Pace {
    drawn: Instant,
    is_stale: bool,
    settled: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            drawn: now,
            is_stale: true,
            settled: now,
        }
    }

    pub(super) fn drawn(&self) -> Instant {
        self.drawn
    }

    /// What is shown may be another by now.
    pub(super) fn goes_stale(&mut self) {
        self.is_stale = true;
    }

    /// The terminal has another size.
    pub(super) fn resized(&mut self, now: Instant) {
        self.settled = now + SETTLES;
        self.is_stale = true;
    }

    pub(super) fn drew(&mut self, now: Instant) {
        self.drawn = now;
        self.is_stale = false;
    }

    /// The next moment when something has to be drawn, where what is shown `changes` then by itself.
    pub(super) fn due(&self, changes: Option<Instant>) -> Option<Instant> {
        let due = match self.is_stale {
            true => Some(self.drawn + FRAME),
            false => changes,
        };
        due.map(|due| due.max(self.settled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Clock;
    use tokio::time::{advance, sleep_until};

    /// How often something is drawn in a second in which a piece of text comes every `every`.
    async fn frames(every: Duration) -> u32 {
        let clock = Clock::system();
        let (mut pace, begun) = (Pace::new(clock.now()), clock.now());
        let (mut next, mut frames) = (begun, 0);
        while clock.since(begun) < Duration::from_secs(1) {
            let due = pace.due(None);
            sleep_until(due.map_or(next, |due| due.min(next))).await;
            let now = clock.now();
            if now >= next {
                pace.goes_stale();
                next += every;
            }
            if pace.due(None).is_some_and(|due| due <= now) {
                pace.drew(now);
                frames += 1;
            }
        }
        frames
    }

    #[tokio::test(start_paused = true)]
    async fn at_most_sixty_frames_a_second_are_drawn_however_fast_text_comes() {
        let fast = frames(Duration::from_millis(1)).await;
        assert!((55..=60).contains(&fast), "{fast}");
        // Each piece, and the first frame.
        let slow = frames(Duration::from_millis(100)).await;
        assert!((10..=11).contains(&slow), "{slow}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_drawn_while_a_size_changes_or_where_nothing_does() {
        let clock = Clock::system();
        let mut pace = Pace::new(clock.now());
        pace.drew(clock.now());
        assert_eq!(pace.due(None), None);
        let soon = clock.now() + Duration::from_secs(1);
        assert_eq!(pace.due(Some(soon)), Some(soon));
        for _ in 0..5 {
            pace.resized(clock.now());
            advance(SETTLES / 2).await;
            assert!(pace.due(None).unwrap() > clock.now());
        }
        advance(SETTLES).await;
        assert!(pace.due(None).unwrap() <= clock.now());
    }
}
