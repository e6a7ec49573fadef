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

/// How long an answer may take that nobody sees before it is whole: three times that is a step.
const HELD_BACK: Duration = Duration::from_secs(600);

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
    /// The same where answers are held back until they are whole: silence says nothing until then.
    pub(crate) fn behind_a_buffer(self) -> Self {
        let at_least = |limit: Duration| limit.max(HELD_BACK);
        Self {
            first_event: at_least(self.first_event),
            first_output: at_least(self.first_output),
            first_output_reasoning: at_least(self.first_output_reasoning),
            reasoning: at_least(self.reasoning),
            output: at_least(self.output),
        }
    }

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
