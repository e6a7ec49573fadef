//! How long to wait for what (transport, "Liveness").
//!
//! No constant can tell a slow model from a dead socket, so the wait depends on what the backend has
//! shown so far: silence before the first sign of life is suspicious after seconds, silence of a
//! model that reasons is not. The values are the profile's until enough is learnt.

pub(crate) mod learned;
pub(crate) mod measure;
pub(crate) mod samples;
pub(crate) mod waits;

use std::time::Duration;

/// The limits of silence, by what came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the request to the response's headers or its first event.
    pub first_event: Duration,
    /// From there to the first output, without reasoning.
    pub first_output: Duration,
    /// The same for a request that asks for reasoning.
    pub first_output_reasoning: Duration,
    /// Between two events while the model reasons.
    pub reasoning: Duration,
    /// Between two events inside text or arguments.
    pub output: Duration,
}

/// What a response has shown so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Nothing.
    Sent,
    /// The backend has taken the request.
    Accepted,
    /// The model reasons.
    Reasoning,
    /// The model writes.
    Output,
}

impl Stage {
    /// Every stage, in order.
    pub(crate) const ALL: [Self; Self::COUNT] =
        [Self::Sent, Self::Accepted, Self::Reasoning, Self::Output];
    /// How many there are.
    pub(crate) const COUNT: usize = 4;
}

impl Patience {
    /// The limit at `stage`, and its name.
    pub(crate) fn limit(&self, stage: Stage, reasoning: bool) -> (&'static str, Duration) {
        match stage {
            Stage::Sent => ("first_event", self.first_event),
            Stage::Accepted if reasoning => ("first_output", self.first_output_reasoning),
            Stage::Accepted => ("first_output", self.first_output),
            Stage::Reasoning => ("reasoning", self.reasoning),
            Stage::Output => ("output", self.output),
        }
    }
}
