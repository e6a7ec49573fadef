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

/// What a burst takes at most.
const BURST: Duration = Duration::from_millis(100);

/// So many pieces of output are more than a model makes in that time.
const PIECES: u32 = 12;

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
        let burst = silence >= SILENCE && arriving <= BURST && self.pieces >= PIECES;
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

    /// An answer of so many pieces, so many milliseconds apart, after a silence.
    fn held_back(silence: u64, pieces: u32, apart: u64) -> Option<bool> {
        let start = alipes_base::Clock::system().now();
        let mut arrival = Arrival::default();
        arrival.sent(start);
        let mut now = start + Duration::from_millis(silence);
        arrival.event(false, now);
        for _ in 0..pieces {
            now += Duration::from_millis(apart);
            arrival.event(true, now);
        }
        arrival.was_held_back()
    }

    #[tokio::test(start_paused = true)]
    async fn only_much_at_once_after_a_silence_was_held_back() {
        let table = [
            (
                "a burst after a silence",
                held_back(5_000, 40, 1),
                Some(true),
            ),
            ("a quick model", held_back(300, 40, 1), None),
            ("a short answer", held_back(5_000, 3, 1), None),
            ("a slow start", held_back(5_000, 40, 50), Some(false)),
            (
                "an answer as it should be",
                held_back(200, 400, 10),
                Some(false),
            ),
            ("nothing", Arrival::default().was_held_back(), None),
        ];
        for (what, found, expected) in table {
            assert_eq!(found, expected, "{what}");
        }
    }
}
