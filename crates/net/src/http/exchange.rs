//! One request on one connection, judged by the bytes that moved.
//!
//! HTTP libraries do not say when a request has left. The connection's counters do: fewer bytes
//! than the body has means we were still sending, none at all means that nothing can have reached
//! the server.

use alipes_base::{Clock, Deadline};
use tokio::time::Instant;

use crate::error::{ErrorFacts, Failure, NetError};
use crate::facts::ConnectionFacts;
use crate::phase::Phase;
use crate::target::Target;

pub(super) struct Exchange {
    clock: Clock,
    target: Target,
    facts: ConnectionFacts,
    begun: Instant,
    sent_before: u64,
    body_length: u64,
}

impl Exchange {
    pub(super) fn begin(
        clock: Clock,
        target: Target,
        facts: ConnectionFacts,
        body_length: usize,
    ) -> Self {
        Self {
            begun: clock.now(),
            sent_before: facts.traffic.bytes_sent(),
            body_length: body_length as u64,
            clock,
            target,
            facts,
        }
    }

    /// Waits for the answer's head, no longer than `deadline` allows.
    pub(super) async fn wait<T>(
        &self,
        deadline: Deadline,
        head: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, NetError> {
        deadline
            .run(head)
            .await
            .unwrap_or_else(|expired| Err(expired.into()))
            .map_err(|failure| self.error(failure))
    }

    /// The head is here: the connection's facts with this request's timings.
    pub(super) fn answered(&self) -> ConnectionFacts {
        let mut facts = self.facts.clone();
        let sent = facts.traffic.last_sent().max(self.begun);
        facts.timings = facts
            .timings
            .with(Phase::Send, sent.saturating_duration_since(self.begun))
            .with(Phase::Headers, self.clock.since(sent));
        facts
    }

    /// The circumstances of an error on this exchange from now on.
    pub(super) fn error_facts(&self) -> ErrorFacts {
        ErrorFacts {
            target: Some(self.target.clone()),
            written: self.sent() > 0,
            ..ErrorFacts::default().on(&self.facts)
        }
    }

    fn error(&self, failure: Failure) -> NetError {
        let phase = self.phase();
        let mut facts = self.error_facts();
        facts.timings = facts.timings.with(phase, self.clock.since(self.begun));
        failure.at(phase, facts)
    }

    /// The request line alone makes the whole request longer than its body.
    fn phase(&self) -> Phase {
        if self.sent() <= self.body_length {
            Phase::Send
        } else {
            Phase::Headers
        }
    }

    fn sent(&self) -> u64 {
        self.facts
            .traffic
            .bytes_sent()
            .saturating_sub(self.sent_before)
    }
}
