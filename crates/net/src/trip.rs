//! The phases of one dial or upgrade, walked in order: each within its limit, timed, and able to
//! name itself in an error.

use std::time::Duration;

use alipes_base::{Clock, Deadline};

use crate::dialer::{DialWatch, Dialer};
use crate::error::{ErrorFacts, Failure, NetError};
use crate::facts::ConnectionFacts;
use crate::phase::{Phase, Timings};
use crate::stream::Traffic;

/// Where we are, and what we know by now.
pub(crate) struct Trip {
    clock: Clock,
    deadline: Deadline,
    facts: ErrorFacts,
    traffic: Option<Traffic>,
    watch: Option<DialWatch>,
}

impl Trip {
    pub(crate) fn new(dialer: &Dialer, deadline: Deadline, facts: ErrorFacts) -> Self {
        Self {
            clock: dialer.clock().clone(),
            watch: dialer.watch().cloned(),
            deadline,
            facts,
            traffic: None,
        }
    }

    /// Goes on with a connection that stands.
    pub(crate) fn connected(mut self, connection: &ConnectionFacts) -> Self {
        self.facts = self.facts.on(connection);
        self.traffic = Some(connection.traffic.clone());
        self
    }

    /// Runs one phase within its limit and the trip's deadline, whichever ends first.
    pub(crate) async fn phase<T>(
        &mut self,
        phase: Phase,
        limit: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, NetError> {
        let deadline = self.deadline.tightened(&self.clock, phase.as_str(), limit);
        if let Some(watch) = &self.watch {
            watch(phase, deadline.remaining(&self.clock));
        }
        let begun = self.clock.now();
        let outcome = deadline.run(work).await;
        let took = self.clock.since(begun);
        self.facts.timings = self.facts.timings.with(phase, took);
        outcome
            .unwrap_or_else(|expired| Err(expired.into()))
            .map_err(|failure| self.error(phase, failure))
    }

    /// What is known so far, for errors and for the connection's facts.
    pub(crate) fn facts_mut(&mut self) -> &mut ErrorFacts {
        &mut self.facts
    }

    pub(crate) fn timings(&self) -> Timings {
        self.facts.timings.clone()
    }

    fn error(&self, phase: Phase, failure: Failure) -> NetError {
        let mut facts = self.facts.clone();
        facts.written = self
            .traffic
            .as_ref()
            .is_some_and(|traffic| traffic.bytes_sent() > 0);
        failure.at(phase, facts)
    }
}
