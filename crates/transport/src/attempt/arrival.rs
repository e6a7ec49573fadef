//! Whether an answer came as it was made, or was held back on the way and let go at its end.
//!
//! Antivirus and inspecting proxies like to have read an answer before anybody else does. Through them
//! an honest answer looks like a long silence, and then everything arrives at once: from the first
//! sign of life, which any backend gives within a second, to the end. No model writes so much in so
//! little time. An answer that takes its time to arrive shows that nothing holds it back.

use std::time::Duration;

use tokio::time::Instant;

/// A shorter wait may be the model's own.
const SILENCE: Duration = Duration::from_secs(2);

/// What so few pieces of output took says nothing.
const PIECES: u32 = 12;

/// No model makes as many pieces a second: the quickest that are offered (2026: on chips made for it) write
/// up to 3,000 tokens. What lies ready somewhere comes faster over any line.
const QUICKEST: u32 = 5_000;

/// How long an answer takes to arrive that nothing holds back.
const FLOWS: Duration = Duration::from_secs(1);

/// The arrival of one answer. Pure: it is told what happens and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrival {
    sent: Option<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    pieces: u32,
}

impl Arrival {
    /// The request has left; the first time counts.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent.get_or_insert(now);
    }

    /// An event came, with output or without.
    pub(super) fn event(&mut self, is_output: bool, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
        self.pieces += u32::from(is_output);
    }

    /// Whether the whole answer was held back; `None` where it does not show.
    pub(super) fn was_held_back(&self) -> Option<bool> {
        let (sent, first, last) = (self.sent?, self.first?, self.last?);
        let silence = first.saturating_duration_since(sent);
        let arriving = last.saturating_duration_since(first);
        let at_once = arriving * QUICKEST <= Duration::from_secs(1) * self.pieces;
        let burst = silence >= SILENCE && at_once && self.pieces >= PIECES;
        match (burst, arriving >= FLOWS) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of so many pieces, so many microseconds apart, after a silence in milliseconds.
    fn held_back(silence: u64, pieces: u32, apart: u64) -> Option<bool> {
        let start = alipes_base::Clock::system().now();
        let mut arrival = Arrival::default();
        arrival.sent(start);
        let mut now = start + Duration::from_millis(silence);
        arrival.event(false, now);
        for _ in 0..pieces {
            now += Duration::from_micros(apart);
            arrival.event(true, now);
        }
        arrival.was_held_back()
    }

    #[tokio::test(start_paused = true)]
    async fn only_much_at_once_after_a_silence_was_held_back() {
        let table = [
            (
                "a burst after a silence",
                held_back(5_000, 40, 10),
                Some(true),
            ),
            (
                "much of it, on a slow line",
                held_back(5_000, 10_000, 180),
                Some(true),
            ),
            ("a quick answer", held_back(300, 40, 10), None),
            ("a short answer", held_back(5_000, 3, 10), None),
            (
                "the quickest model after a queue",
                held_back(5_000, 200, 330),
                None,
            ),
            ("a slow start", held_back(5_000, 40, 50_000), Some(false)),
            (
                "an answer as it should be",
                held_back(200, 400, 10_000),
                Some(false),
            ),
            ("nothing", Arrival::default().was_held_back(), None),
        ];
        for (what, found, expected) in table {
            assert_eq!(found, expected, "{what}");
        }
    }
}
