//! One request on one connection: how long it may take, and what its errors know.
//!
//! Two limits follow one another. While the request goes out, only a standstill ends it: a large
//! one on a slow uplink is healthy. The wait for the answer's headers is counted from the moment
//! the request was handed over, so that patience with a server does not pay for the way to it.

use std::time::Duration;

use alipes_base::{Clock, Deadline, Expired};
use tokio::time::{Instant, sleep_until};

use super::progress::Progress;
use crate::error::{ErrorFacts, Failure, NetError};
use crate::facts::ConnectionFacts;
use crate::phase::Phase;
use crate::target::Target;

pub(super) struct Exchange {
    pub(super) clock: Clock,
    pub(super) target: Target,
    pub(super) facts: ConnectionFacts,
    pub(super) progress: Progress,
    pub(super) waits: Waits,
}

/// How long the request may stand still, and how long its answer's headers may take.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    pub(super) deadline: Deadline,
    pub(super) send: Duration,
    pub(super) headers: Option<(&'static str, Duration)>,
}

/// What is waited for now, and until when.
struct Wait {
    until: Instant,
    expired: Expired,
}

impl Exchange {
    /// Waits for the answer's head.
    pub(super) async fn wait<T>(
        &self,
        head: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, NetError> {
        let mut head = std::pin::pin!(head);
        loop {
            let wait = self.current();
            let now = self.clock.now();
            // The request may be handed over while we sleep, and another limit begin.
            let (_, step) = self.waits.headers.unwrap_or(("", Duration::MAX));
            let look = now.checked_add(step).unwrap_or(wait.until).min(wait.until);
            tokio::select! {
                biased;
                outcome = &mut head => return outcome.map_err(|failure| self.error(failure)),
                () = sleep_until(look) => {}
            }
            let wait = self.current();
            if wait.until <= self.clock.now() {
                return Err(self.error(wait.expired.into()));
            }
        }
    }

    fn current(&self) -> Wait {
        let Waits {
            deadline,
            send,
            headers,
        } = self.waits;
        let all = Wait {
            until: deadline.at(),
            expired: deadline.expired(),
        };
        let (since, limit, length) = match headers {
            _ if !self.progress.is_handed_over() => {
                (self.progress.last_moved(), Phase::Send.as_str(), send)
            }
            Some((limit, length)) => (self.progress.handed_over(), limit, length),
            None => return all,
        };
        match since.checked_add(length) {
            Some(until) if until < all.until => Wait {
                until,
                expired: Expired { limit, length },
            },
            _ => all,
        }
    }

    /// The head is here: the connection's facts with this request's timings.
    pub(super) fn answered(&self) -> ConnectionFacts {
        let mut facts = self.facts.clone();
        let begun = self.progress.begun();
        let sent = self.progress.handed_over();
        facts.timings = facts
            .timings
            .with(Phase::Send, sent.saturating_duration_since(begun))
            .with(Phase::Headers, self.clock.since(sent));
        facts
    }

    /// The circumstances of an error on this exchange from now on.
    pub(super) fn error_facts(&self) -> ErrorFacts {
        ErrorFacts {
            target: Some(self.target.clone()),
            written: self.progress.sent() > 0,
            ..ErrorFacts::default().on(&self.facts)
        }
    }

    fn error(&self, failure: Failure) -> NetError {
        let phase = if self.progress.is_handed_over() {
            Phase::Headers
        } else {
            Phase::Send
        };
        let mut facts = self.error_facts();
        let took = self.clock.since(self.progress.begun());
        facts.timings = facts.timings.with(phase, took);
        failure.at(phase, facts)
    }
}
