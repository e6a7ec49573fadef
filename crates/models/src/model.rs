//! A model that can be asked: the border between the agent and everything below it.

use alipes_base::Deadline;
use alipes_transport::{Fault, Request, Session};
use alipes_wire::responses::EncodedRequest;
use alipes_wire::{Item, ModelRequest, Reasoning, ToolDefinition};
use futures_util::future::BoxFuture;

use crate::{ModelName, StepStream};

/// What stays the same along a conversation.
#[derive(Clone, Debug, Default)]
pub struct Thinking {
    /// How much to think; `None` leaves it to the provider.
    pub reasoning: Option<Reasoning>,
}

/// A model in a conversation.
pub trait Model: Send {
    /// Its name.
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
}

/// A model of a provider that speaks the Responses dialect.
pub struct ProviderModel {
    name: ModelName,
    session: Session,
    thinking: Thinking,
}

impl ProviderModel {
    pub(crate) fn new(name: ModelName, session: Session, thinking: Thinking) -> Self {
        Self {
            name,
            session,
            thinking,
        }
    }

    fn encode(&self, prompt: &Prompt<'_>) -> EncodedRequest {
        EncodedRequest::new(&ModelRequest {
            model: self.name.model.clone(),
            instructions: prompt.instructions.to_owned(),
            input: prompt.input.to_vec(),
            tools: prompt.tools.to_vec(),
            reasoning: self.thinking.reasoning.clone(),
            cache_key: Some(self.session.id().to_owned()),
        })
    }
}

impl Model for ProviderModel {
    fn name(&self) -> &ModelName {
        &self.name
    }

    fn begin_turn(&mut self) {
        self.session.begin_turn();
    }

    fn prewarm<'m>(
        &'m mut self,
        prompt: &'m Prompt<'m>,
        deadline: Deadline,
    ) -> BoxFuture<'m, Result<(), Fault>> {
        let body = self.encode(prompt);
        Box::pin(async move { self.session.prewarm(&body, deadline).await })
    }

    fn step<'m>(
        &'m mut self,
        prompt: &Prompt<'_>,
        accepts_restart: bool,
        deadline: Deadline,
    ) -> StepStream<'m> {
        let request = Request {
            body: self.encode(prompt),
            reasoning: self.thinking.reasoning.is_some(),
            accepts_restart,
            has_alternative: false,
        };
        StepStream::new(self.session.stream(request, deadline))
    }
}
