//! Whether the edge is still there (transport, "Liveness", signal 1).
//!
//! A slow model and a dead socket look the same for as long as one only waits. A ping tells them
//! apart within seconds: it is answered by the next hop, whatever the model does. So a ping goes out
//! beside the request, again when nothing came in for a while, and then at intervals; if neither a
//! pong nor any other byte comes in time, the edge is dead and the connection is left at once.
//!
//! The first ping goes right before a small request, so that its pong comes whatever happens to the
//! answer. A large request sits in buffers we cannot see into; there the ping goes behind it, and the
//! first byte that comes in shows that it has left.
//!
//! A server that complains (HTTP/2's `ENHANCE_YOUR_CALM`) gets its pings half as often, and none
//! before there is silence: what is noticed later there is better than a server that hangs up.
//!
//! What this cannot tell: a pong proves the next hop only. And an edge that was never seen to pong
//! may be one that does not answer pings; silence of its pongs proves nothing, so it is doubted and
//! not condemned: another attempt beside this one will tell.

use std::time::Duration;

use tokio::time::Instant;

use crate::Profile;

/// A pong may take this many round trips where that is longer than the profile's limit.
const ROUND_TRIPS: u32 = 4;

/// A request up to this many bytes leaves within a second even on a slow uplink (64 kB/s).
const SMALL: usize = 64 * 1024;

/// Watches one connection while an answer is awaited. Pure: it is told what happens and when.
#[derive(Clone, Debug)]
pub(crate) struct EdgeWatch {
    after: Duration,
    every: Duration,
    pong_timeout: Duration,
    /// Whether this edge has ever answered a ping.
    answers: bool,
    /// Whether the request has left for certain.
    sent: bool,
    round_trip: Duration,
    last_heard: Instant,
    /// Since when there was nothing but pongs.
    quiet_since: Instant,
    pinged: Option<Instant>,
    next_ping: Instant,
    /// No pong is missed any more.
    doubted: bool,
    /// One was, while this watched.
    missed: bool,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Wait on.
    Quiet,
    /// Send a ping.
    PingDue,
    /// Leave: it does not answer.
    Dead,
    /// It does not answer, and never has.
    Doubtful,
}

impl EdgeWatch {
    /// A watch that begins `now`, with a request of `bytes`. `answers`: the edge is known
    /// to pong.
    pub(crate) fn new(profile: &Profile, answers: bool, bytes: usize, now: Instant) -> Self {
        Self {
            after: profile.ping_after,
            every: profile.ping_every,
            pong_timeout: profile.pong_timeout,
            answers,
            sent: bytes <= SMALL,
            round_trip: Duration::ZERO,
            last_heard: now,
            quiet_since: now,
            pinged: None,
            next_ping: now,
            doubted: false,
            missed: false,
        }
    }

    /// The same watch over a server that wants pings to be so many times rarer.
    pub(crate) fn calmed(mut self, factor: u32) -> Self {
        if factor > 1 {
            self.after *= factor;
            self.every *= factor;
            self.next_ping += self.after;
        }
        self
    }

    /// Whether the first ping goes before the request, and not behind it.
    pub(crate) fn pings_first(&self) -> bool {
        self.sent && self.next_ping <= self.last_heard
    }

    /// Its doubt has been told; once is enough.
    pub(crate) fn doubted(&mut self) {
        (self.doubted, self.missed) = (true, true);
    }

    /// The same watch over an edge that is not doubted, because it was, or because it is known to leave pings
    /// unanswered.
    pub(crate) fn undoubting(mut self, is_known: bool) -> Self {
        self.doubted |= is_known;
        self
    }

    /// Whether a pong was missed, and none has come since.
    pub(crate) fn leaves_unanswered(&self) -> bool {
        self.missed && !self.answers
    }

    /// Something came in, and it was no pong.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.sent = true;
        (self.last_heard, self.quiet_since) = (now, now);
        self.next_ping = now + self.after;
    }

    /// A ping has left our own buffer.
    pub(crate) fn pinged(&mut self, now: Instant) {
        self.pinged = Some(now);
        self.next_ping = now + self.every;
    }

    /// A pong came in.
    pub(crate) fn ponged(&mut self, now: Instant) {
        self.answers = true;
        if let Some(pinged) = self.pinged.take() {
            self.round_trip = now.saturating_duration_since(pinged);
        }
        self.sent = true;
        self.last_heard = now;
        // It ends no silence: the first ping into one comes soon, those that follow not as soon.
        let first = self.quiet_since + self.after;
        self.next_ping = if now < first { first } else { now + self.every };
    }

    /// Whether the edge has answered a ping.
    pub(crate) fn answers(&self) -> bool {
        self.answers
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Instant {
        match self.due() {
            Some(due) => due.min(self.next_ping),
            None => self.next_ping,
        }
    }

    /// What to do now.
    pub(crate) fn look(&self, now: Instant) -> Edge {
        if self.due().is_some_and(|due| now >= due) {
            if self.answers {
                Edge::Dead
            } else {
                Edge::Doubtful
            }
        } else if now >= self.next_ping {
            Edge::PingDue
        } else {
            Edge::Quiet
        }
    }

    /// By when the ping on its way must be answered: by a pong or by any other byte.
    fn due(&self) -> Option<Instant> {
        let matters = self.sent && (self.answers || !self.doubted);
        let pinged = self.pinged.filter(|at| matters && self.last_heard <= *at)?;
        Some(pinged + self.pong_timeout.max(self.round_trip * ROUND_TRIPS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    /// A watch whose first ping was answered after `round_trip` seconds.
    fn answered(start: Instant, round_trip: f64) -> EdgeWatch {
        let mut watch = EdgeWatch::new(
            &Profile::named("openai-codex").unwrap(),
            false,
            1_000,
            start,
        );
        assert_eq!(
            watch.look(start),
            Edge::PingDue,
            "a ping goes right behind the request"
        );
        watch.pinged(start);
        watch.ponged(at(start, round_trip));
        watch
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_edge_is_left_within_8_seconds_of_its_last_byte() {
        let start = alipes_base::Clock::system().now();
        let mut watch = answered(start, 0.1);
        watch.heard(at(start, 1.0));
        assert_eq!(watch.look(at(start, 3.9)), Edge::Quiet);
        assert_eq!(watch.look(at(start, 4.0)), Edge::PingDue);
        watch.pinged(at(start, 4.0));
        assert_eq!(watch.look(at(start, 7.9)), Edge::Quiet);
        assert_eq!(watch.next(), at(start, 8.0));
        assert_eq!(watch.look(at(start, 8.0)), Edge::Dead);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_wants_calm_is_pinged_half_as_often_and_in_silence_only() {
        let start = alipes_base::Clock::system().now();
        let profile = Profile::named("openai-codex").unwrap();
        let usual = EdgeWatch::new(&profile, true, 1_000, start);
        assert!(usual.pings_first());
        let mut watch = usual.calmed(2);
        assert!(!watch.pings_first());
        assert_eq!(watch.look(at(start, 5.9)), Edge::Quiet);
        assert_eq!(watch.look(at(start, 6.0)), Edge::PingDue);
        watch.pinged(at(start, 6.0));
        watch.heard(at(start, 6.1));
        assert_eq!(watch.next(), at(start, 12.1));
        watch.pinged(at(start, 12.1));
        assert_eq!(watch.look(at(start, 16.0)), Edge::Quiet);
        assert_eq!(watch.look(at(start, 16.1)), Edge::Dead, "a pong is as soon");
    }

    #[tokio::test(start_paused = true)]
    async fn any_byte_keeps_it_alive() {
        let start = alipes_base::Clock::system().now();
        let mut watch = answered(start, 0.1);
        watch.pinged(at(start, 3.1));
        watch.heard(at(start, 6.0));
        assert_eq!(watch.look(at(start, 8.0)), Edge::Quiet);
        assert_eq!(watch.next(), at(start, 9.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_is_pinged_after_3_seconds_and_then_every_10_however_soon_pongs_come() {
        let start = alipes_base::Clock::system().now();
        let mut watch = answered(start, 0.1);
        for (pinged, ponged, next) in [(3.0, 3.1, 13.1), (13.1, 13.2, 23.2)] {
            assert_eq!(watch.next(), at(start, pinged));
            watch.pinged(at(start, pinged));
            watch.ponged(at(start, ponged));
            assert_eq!(watch.next(), at(start, next));
        }
        watch.heard(at(start, 20.0));
        assert_eq!(watch.next(), at(start, 23.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_gets_four_round_trips() {
        let start = alipes_base::Clock::system().now();
        let mut watch = answered(start, 2.5);
        watch.pinged(at(start, 5.5));
        assert_eq!(watch.look(at(start, 15.4)), Edge::Quiet);
        assert_eq!(watch.look(at(start, 15.5)), Edge::Dead);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_request_is_given_time_to_leave() {
        let start = alipes_base::Clock::system().now();
        let profile = Profile::named("openai-codex").unwrap();
        let mut watch = EdgeWatch::new(&profile, true, 6_000_000, start);
        watch.pinged(start);
        assert_eq!(watch.look(at(start, 9.0)), Edge::Quiet);
        watch.heard(at(start, 50.0));
        watch.pinged(at(start, 53.0));
        assert_eq!(watch.look(at(start, 57.0)), Edge::Dead);
    }

    #[tokio::test(start_paused = true)]
    async fn an_edge_that_never_ponged_is_doubted_once_and_not_condemned() {
        let start = alipes_base::Clock::system().now();
        let mut watch = EdgeWatch::new(
            &Profile::named("openai-codex").unwrap(),
            false,
            1_000,
            start,
        );
        watch.pinged(start);
        assert_eq!(watch.look(at(start, 3.9)), Edge::Quiet);
        assert_eq!(watch.look(at(start, 4.0)), Edge::Doubtful);
        watch.doubted();
        assert_eq!(watch.look(at(start, 9.0)), Edge::Quiet);
        assert_eq!(watch.look(at(start, 10.0)), Edge::PingDue);
        assert!(!watch.answers());
    }
}
