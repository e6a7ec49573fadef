//! A tiny turn as a probe: what turns out to work or not in the end.
//!
//! Only the first attempt counts: what a real turn would try next is what the other probes are for.

use super::look::Outcome;
use crate::{Cause, Fault, Phase, Route, Trace};

/// Watches a turn by one route, for as long as its probe may take.
#[derive(Debug)]
pub struct TurnWatch {
    route: Route,
    is_connected: bool,
    has_begun: bool,
}

impl TurnWatch {
    /// Nothing was heard yet.
    #[must_use]
    pub fn of(route: Route) -> Self {
        Self {
            route,
            is_connected: false,
            has_begun: false,
        }
    }

    /// Takes note of a trace.
    ///
    /// # Errors
    /// The [`Fault`] of the first attempt, with which the watch is over.
    pub fn note(&mut self, trace: Trace) -> Result<(), Box<Fault>> {
        match trace {
            Trace::AttemptFault { fault, .. } => return Err(fault),
            Trace::Connected { .. } => self.is_connected = true,
            Trace::FirstEvent { .. } => self.has_begun = true,
            _ => {}
        }
        Ok(())
    }

    /// What it came to: how it ended, or `None` where the limit of a probe came first.
    #[must_use]
    pub fn outcome(self, ended: Option<Result<(), Box<Fault>>>) -> Outcome {
        match ended {
            Some(Ok(())) => Outcome::Passed("answered".to_owned()),
            Some(Err(fault)) => Outcome::Failed(fault),
            None if self.has_begun => Outcome::Unfinished,
            None => {
                let (phase, cause) = match (self.route, self.is_connected) {
                    // There is no socket to ask by.
                    (Route::WebSocket, false) => (Phase::Upgrade, Cause::TimedOut),
                    _ => (Phase::Headers, Cause::Silent),
                };
                Outcome::Failed(Box::new(Fault {
                    route: self.route,
                    ..Fault::new(phase, cause)
                }))
            }
        }
    }
}
