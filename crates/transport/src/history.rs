//! What one model step has tried so far.
//!
//! It travels with the step through every layer, so that two layers never spend the same patience
//! twice: five tries here times six there is how others came to thirty requests against one error.

use crate::hedge::MOST_PATIENCE;
use crate::{Cause, Fault, Reaction, Replay, Route};

/// The attempts of one model step, and what was done about each.
#[derive(Clone, Debug, Default)]
pub struct AttemptHistory {
    tried: Vec<Tried>,
    attempts: u32,
    hedged: bool,
    gave_up: bool,
}

/// One attempt that ended in a fault.
#[derive(Clone, Debug)]
struct Tried {
    route: Route,
    cause: Cause,
    replay: Replay,
    timed_out: bool,
    reaction: Option<Reaction>,
}

impl Tried {
    fn at_once(&self) -> bool {
        matches!(self.reaction, Some(Reaction::SameRoute { backoff }) if backoff.is_zero())
    }
}

impl AttemptHistory {
    /// Before the first attempt.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many attempts have begun.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Counts an attempt and gives its number, from 1.
    pub(crate) fn begin(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    /// A second request went out beside a silent one.
    pub(crate) fn hedged(&mut self) {
        self.hedged = true;
    }

    /// Whether that has happened: it does once in a step.
    pub(crate) fn has_hedged(&self) -> bool {
        self.hedged
    }

    /// Two requests were silent side by side for as long as patience lasts.
    pub(crate) fn gave_up(&mut self) {
        self.gave_up = true;
    }

    /// Whether that has happened, or patience has ended as often for one request after the other: then
    /// one more is as hopeless. In the middle of a text there is no second request beside the first,
    /// and five in a row would be silent for minutes.
    pub(crate) fn has_given_up(&self) -> bool {
        let silent = |tried: &&Tried| matches!(tried.cause, Cause::Silent | Cause::Stalled);
        let in_vain = self
            .tried
            .iter()
            .filter(silent)
            .filter(|tried| tried.timed_out);
        self.gave_up || in_vain.count() >= MOST_PATIENCE as usize
    }

    /// Takes note of a fault.
    pub(crate) fn failed(&mut self, fault: &Fault) {
        self.tried.push(Tried {
            route: fault.route,
            cause: fault.cause,
            replay: fault.replay,
            timed_out: fault.limit.is_some(),
            reaction: None,
        });
    }

    /// Takes note of what was done about the last fault.
    pub(crate) fn reacted(&mut self, reaction: Reaction) {
        if let Some(last) = self.tried.last_mut() {
            last.reaction = Some(reaction);
        }
    }

    /// How often the step was sent again over `route` for this `cause`.
    pub(crate) fn replays_of(&self, route: Route, cause: Cause) -> usize {
        self.again()
            .filter(|tried| tried.route == route && tried.cause == cause)
            .count()
    }

    /// How often a server's "not now" was waited for.
    pub(crate) fn waits(&self) -> usize {
        let waited = |tried: &&Tried| matches!(tried.reaction, Some(Reaction::Wait { .. }));
        self.tried.iter().filter(waited).count()
    }

    /// How many replays the step has spent: a free one at once costs nothing, one after a time-out
    /// double, because it has cost the user that much time. A network that is gone costs nothing: it
    /// will come back or not, however often it is looked for.
    pub(crate) fn spent(&self) -> usize {
        self.again()
            .filter(|tried| tried.replay != Replay::Free || !tried.at_once())
            .filter(|tried| tried.cause != Cause::Offline)
            .map(|tried| if tried.timed_out { 2 } else { 1 })
            .sum()
    }

    /// How many replays followed an answer that was cut off.
    pub(crate) fn spent_on_cuts(&self) -> usize {
        self.again()
            .filter(|tried| matches!(tried.cause, Cause::Cut | Cause::Stalled | Cause::EdgeDead))
            .count()
    }

    /// Whether the other route was taken.
    pub(crate) fn has_changed_route(&self) -> bool {
        let changed = |tried: &Tried| tried.reaction == Some(Reaction::OtherRoute);
        self.tried.iter().any(changed)
    }

    /// Whether `route` has already failed in this step.
    pub(crate) fn has_failed_on(&self, route: Route) -> bool {
        self.tried.iter().any(|tried| tried.route == route)
    }

    /// How often the node that we were sent to may have been the reason.
    pub(crate) fn failures_of_the_node(&self) -> usize {
        let sick = |tried: &&Tried| {
            matches!(
                tried.cause,
                Cause::Silent
                    | Cause::Stalled
                    | Cause::ServerError
                    | Cause::EdgeTimeout
                    | Cause::Overloaded
            )
        };
        self.tried.iter().filter(sick).count()
    }

    /// How often the step failed by `cause`.
    pub(crate) fn failures_by(&self, cause: Cause) -> usize {
        self.tried
            .iter()
            .filter(|tried| tried.cause == cause)
            .count()
    }

    fn again(&self) -> impl Iterator<Item = &Tried> {
        let sent_again = |tried: &&Tried| {
            matches!(
                tried.reaction,
                Some(Reaction::SameRoute { .. } | Reaction::Wait { .. })
            )
        };
        self.tried.iter().filter(sent_again)
    }
}
