//! Breakers: what has failed again and again is left alone for a while, so that the next request
//! does not pay for it too.
//!
//! One breaker per thing that a fault condemns ([`BreakerKey`]): a path that cannot be connected
//! says nothing about the account, a spent plan nothing about the path. It opens after five failures
//! in a row, or when under half of at least ten attempts within a minute went well: the first sees an
//! outage, the second a half-broken service that never fails five times running. A plan whose server
//! named the end of its limit is open at once until then.
//!
//! It rests for 15 s, then one real request probes; a probe that fails doubles the rest, up to ten
//! minutes, and any answer closes it. Nothing is probed on the side: a request of our own making
//! would cost tokens and prove less.
//!
//! A breaker only ever chooses between ways. Where all are open the least bad is taken, so that
//! nobody is refused an answer because of what happened a minute ago.

mod board;
mod destination;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use board::{Admission, Breakers, Opened};
pub(crate) use destination::{BreakerKey, Destination};

/// So many failures in a row open it.
const IN_A_ROW: u32 = 5;

/// So many attempts within the window are enough to judge by their share.
const ENOUGH: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// How many attempts are remembered at most.
const REMEMBERED: usize = 64;

/// The first rest, and the longest.
const REST: Duration = Duration::from_secs(15);
const LONGEST_REST: Duration = Duration::from_secs(600);

/// A probe that has said nothing for so long does not keep others from probing.
const PROBE: Duration = Duration::from_secs(60);

/// One breaker. Pure: it is told what happens and when.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    in_a_row: u32,
    recent: VecDeque<(Instant, bool)>,
    open: Option<Open>,
    failed_probes: u32,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    probing_since: Option<Instant>,
}

/// What a breaker says to the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go.
    Closed,
    /// Go, and be the one that finds out.
    ProbeDue,
    /// Do not go before then.
    Open { until: Instant },
}

impl Breaker {
    /// A breaker that was opened earlier.
    pub(crate) fn opened_until(until: Instant) -> Self {
        Self {
            open: Some(Open {
                until,
                probing_since: None,
            }),
            ..Self::default()
        }
    }

    pub(crate) fn verdict(&self, now: Instant) -> Verdict {
        let Some(open) = &self.open else {
            return Verdict::Closed;
        };
        let probe_ends = open.probing_since.map(|since| since + PROBE);
        let until = probe_ends.map_or(open.until, |ends| ends.max(open.until));
        if now < until {
            Verdict::Open { until }
        } else {
            Verdict::ProbeDue
        }
    }

    /// Since when it has been open is its reason's to tell; until when is told here.
    pub(crate) fn open_until(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.until)
    }

    /// An attempt goes out as the probe.
    pub(crate) fn probe(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.probing_since = Some(now);
        }
    }

    /// The probe ended without a verdict: it was cancelled, or failed for another reason.
    pub(crate) fn probe_withdrawn(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing_since = None;
        }
    }

    /// An attempt went well.
    pub(crate) fn succeeded(&mut self, now: Instant) {
        self.in_a_row = 0;
        self.failed_probes = 0;
        if self.open.take().is_some() {
            self.recent.clear();
        }
        self.note(now, true);
    }

    /// An attempt failed; `until`: the server has named the end of it. Whether it is open now and
    /// was not before.
    pub(crate) fn failed(&mut self, now: Instant, until: Option<Instant>) -> bool {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.note(now, false);
        let was_open = self.open.is_some();
        if let Some(open) = &mut self.open {
            // Whoever insisted while it rests has proven nothing new.
            if now >= open.until || until.is_some() {
                self.failed_probes += 1;
                open.until = until.unwrap_or(now + rest(self.failed_probes));
            }
            open.probing_since = None;
        } else if until.is_some() || self.in_a_row >= IN_A_ROW || self.mostly_fails() {
            self.open = Some(Open {
                until: until.unwrap_or(now + rest(self.failed_probes)),
                probing_since: None,
            });
        }
        !was_open && self.open.is_some()
    }

    fn mostly_fails(&self) -> bool {
        let good = self.recent.iter().filter(|(_, good)| *good).count();
        self.recent.len() >= ENOUGH && good * 2 < self.recent.len()
    }

    fn note(&mut self, now: Instant, good: bool) {
        let old = |at: &Instant| now.saturating_duration_since(*at) > WINDOW;
        while self.recent.front().is_some_and(|(at, _)| old(at)) || self.recent.len() >= REMEMBERED
        {
            self.recent.pop_front();
        }
        self.recent.push_back((now, good));
    }
}

fn rest(failed_probes: u32) -> Duration {
    (REST * (1 << failed_probes.min(10))).min(LONGEST_REST)
}

#[cfg(test)]
mod tests;
