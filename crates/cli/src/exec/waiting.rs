//! What a turn is waiting for, since when, until when.

use std::time::Duration;

use alipes_base::Clock;
use alipes_transport::Trace;
use tokio::time::Instant;
use unicode_width::UnicodeWidthStr as _;

use crate::narrate::awaited;

/// The steps on the way to a connection.
const REACHING: [&str; 5] = ["resolve", "connect", "proxy", "tls", "upgrade"];

/// A wait that goes on.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// What for.
    pub(crate) what: String,
    since: Instant,
    until: Option<Instant>,
    /// Whether it is for a connection, whatever step of it.
    reaching: bool,
    /// Whether it only goes on with the one before.
    pub(crate) goes_on: bool,
}

impl Waiting {
    fn new(clock: &Clock, what: &str, length: Option<Duration>) -> Self {
        let since = clock.now();
        Self {
            what: what.to_owned(),
            since,
            until: length.map(|length| since + length),
            reaching: false,
            goes_on: false,
        }
    }

    /// How long it has been going on.
    pub(crate) fn age(&self, clock: &Clock) -> Duration {
        clock.since(self.since)
    }

    /// In words: `waiting since 3 s (at most 20 s) for the first event`. What changes comes first,
    /// because a narrow terminal shows no more.
    pub(crate) fn text(&self, clock: &Clock) -> String {
        let age = self.age(clock).as_secs();
        match self.most() {
            Some(most) => format!("waiting since {age} s (at most {most} s) for {}", self.what),
            None => format!("waiting since {age} s for {}", self.what),
        }
    }

    /// The one or the other, by how many columns there are.
    pub(crate) fn within(&self, columns: usize, clock: &Clock) -> String {
        let text = self.text(clock);
        match text.width() <= columns {
            true => text,
            false => self.brief(clock),
        }
    }

    /// The same where there is little room: `the first event: 3 s of 20 s`.
    pub(crate) fn brief(&self, clock: &Clock) -> String {
        let age = self.age(clock).as_secs();
        match self.most() {
            Some(most) => format!("{}: {age} s of {most} s", self.what),
            None => format!("{}: {age} s", self.what),
        }
    }

    /// The longest that it lasts, in seconds: never said to be less than it is.
    fn most(&self) -> Option<u64> {
        let most = self.until?.duration_since(self.since);
        Some(most.as_secs() + u64::from(most.subsec_nanos() > 0))
    }

    /// Something came, and the same is waited for again.
    pub(crate) fn begins_anew(&mut self, clock: &Clock) {
        let (now, length) = (clock.now(), self.until.map(|until| until - self.since));
        self.since = now;
        self.until = length.map(|length| now + length);
    }

    /// The wait for a connection: its steps are one wait, as old as the first of them.
    fn on_the_way(self, before: Option<&Self>) -> Self {
        let before = before.filter(|before| before.reaching);
        Self {
            since: before.map_or(self.since, |before| before.since),
            goes_on: before.is_some(),
            reaching: true,
            ..self
        }
    }

    /// The wait after `trace`, if the trace changes it: `Some(None)` means that nothing is waited
    /// for any more.
    pub(crate) fn after(
        clock: &Clock,
        trace: &Trace,
        before: Option<&Self>,
    ) -> Option<Option<Self>> {
        match trace {
            Trace::AttemptStarted { endpoint, .. } => {
                let begins = Self::new(clock, &format!("a connection to {endpoint}"), None);
                Some(Some(begins.on_the_way(None)))
            }
            Trace::Waiting { limit, length, .. } => {
                let length = (*length < Duration::from_secs(24 * 3600)).then_some(*length);
                let waiting = Self::new(clock, awaited(limit), length);
                Some(Some(match REACHING.contains(limit) {
                    true => waiting.on_the_way(before),
                    false => waiting,
                }))
            }
            Trace::AttemptFault {
                fault, reaction, ..
            } if let Some(pause) = reaction.pause().filter(|pause| !pause.is_zero()) => {
                let what = match fault.retry_after {
                    Some(_) => "the time the server asked for",
                    None => "the next try",
                };
                Some(Some(Self::new(clock, what, Some(pause))))
            }
            Trace::AttemptFault { .. } | Trace::AttemptDone { .. } => Some(None),
            _ => None,
        }
    }
}
