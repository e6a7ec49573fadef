//! A model that can be asked: the border between the agent and everything below it.

use alipes_base::Deadline;
use alipes_transport::Fault;
use alipes_wire::{Item, ToolDefinition};
use futures_util::future::BoxFuture;

use crate::{CompactionQuestion, ModelName, StepStream};

/// A model in a conversation.
pub trait Model: Send {
    /// The name of the one that is asked first.
    fn name(&self) -> &ModelName;

    /// A new turn begins.
    fn begin_turn(&mut self);

    /// Prepares the connection for a first step with these instructions and tools.
    ///
    /// # Errors
    /// The [`Fault`] that kept it from being ready; the step itself may still succeed.
    fn prewarm<'m>(
        &'m mut self,
        prompt: &'m Prompt<'m>,
        deadline: Deadline,
    ) -> BoxFuture<'m, Result<(), Fault>>;

    /// Asks for the next step. `accepts_restart`: the consumer can replace what it has shown.
    fn step<'m>(
        &'m mut self,
        prompt: &Prompt<'_>,
        accepts_restart: bool,
        deadline: Deadline,
    ) -> StepStream<'m>;

    /// The question to whom the next step goes to, what shall stand for this conversation; nothing where
    /// that one makes none shorter.
    fn compact(&mut self, prompt: &Prompt<'_>) -> Option<CompactionQuestion>;
}

/// What a step is asked with.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'p> {
    /// The system prompt.
    pub instructions: &'p str,
    /// The tools on offer.
    pub tools: &'p [ToolDefinition],
    /// The conversation so far.
    pub input: &'p [Item],
    /// Who alone can read its beginning, if that is so ([`Sealed`](crate::Sealed)): nobody else is asked.
    pub maker: Option<&'p str>,
}
