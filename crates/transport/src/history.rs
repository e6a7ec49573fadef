//! What one model step has tried so far.
//!
//! It travels with the step through every layer, so that two layers never spend the same patience
//! twice: five tries here times six there is how others came to thirty requests against one error.

use crate::{Cause, Fault, Reaction, Route};

/// The attempts of one model step, and what was done about each.
#[derive(Clone, Debug, Default)]
pub struct AttemptHistory {
    tried: Vec<Tried>,
    attempts: u32,
}

/// One attempt that ended in a fault.
#[derive(Clone, Debug)]
struct Tried {
    route: Route,
    cause: Cause,
    reaction: Option<Reaction>,
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

    /// Takes note of a fault.
    pub(crate) fn failed(&mut self, fault: &Fault) {
        self.tried.push(Tried {
            route: fault.route,
            cause: fault.cause,
            reaction: None,
        });
    }

    /// Takes note of what was done about the last fault.
    pub(crate) fn reacted(&mut self, reaction: Reaction) {
        if let Some(last) = self.tried.last_mut() {
            last.reaction = Some(reaction);
        }
    }

    /// How often a reaction of this kind followed a fault on `route`.
    pub(crate) fn count_on(&self, route: Route, kind: fn(&Reaction) -> bool) -> usize {
        self.reactions(kind)
            .filter(|tried| tried.route == route)
            .count()
    }

    /// How often a reaction of this kind was taken.
    pub(crate) fn count(&self, kind: fn(&Reaction) -> bool) -> usize {
        self.reactions(kind).count()
    }

    /// Whether `route` has already failed in this step.
    pub(crate) fn has_failed_on(&self, route: Route) -> bool {
        self.tried.iter().any(|tried| tried.route == route)
    }

    /// How often the step failed by `cause`.
    pub(crate) fn failures_by(&self, cause: Cause) -> usize {
        self.tried
            .iter()
            .filter(|tried| tried.cause == cause)
            .count()
    }

    fn reactions(&self, kind: fn(&Reaction) -> bool) -> impl Iterator<Item = &Tried> {
        self.tried
            .iter()
            .filter(move |tried| tried.reaction.as_ref().is_some_and(kind))
    }
}
