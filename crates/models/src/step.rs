//! One model step under way: the assembled events of its answer, and how it ended.

use alipes_transport::{Done, Fault, ResponseStream, Trace, Update};
use alipes_wire::responses::Assembler;
use alipes_wire::{Item, ModelEvent, Usage};

/// Something on the way to the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepUpdate {
    /// The model said or did something.
    Event(ModelEvent),
    /// The answer begins anew: forget every event so far.
    Restarted {
        /// Whether the reader has seen part of it.
        delivered: bool,
    },
    /// What happens on the wire.
    Trace(Trace),
}

/// A finished step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The items of the answer, in order.
    pub items: Vec<Item>,
    /// Tokens, where the provider told.
    pub usage: Option<Usage>,
    /// `Some(false)`: the model wants to be called again.
    pub end_turn: Option<bool>,
    /// How it came over the wire.
    pub done: Done,
}

/// A step under way.
pub struct StepStream<'m> {
    response: ResponseStream<'m>,
    assembler: Assembler,
    usage: Option<Usage>,
    end_turn: Option<bool>,
}

impl<'m> StepStream<'m> {
    pub(crate) fn new(response: ResponseStream<'m>) -> Self {
        Self {
            response,
            assembler: Assembler::new(),
            usage: None,
            end_turn: None,
        }
    }

    /// The next update; `None` when the step has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<StepUpdate> {
        loop {
            match self.response.next().await? {
                Update::Event(raw) => {
                    if let Some(event) = self.assembler.push(&raw) {
                        self.note(&event);
                        return Some(StepUpdate::Event(event));
                    }
                }
                Update::Restarted { delivered } => {
                    self.assembler = Assembler::new();
                    return Some(StepUpdate::Restarted { delivered });
                }
                Update::Trace(trace) => return Some(StepUpdate::Trace(trace)),
                _ => {}
            }
        }
    }

    /// How the step ended.
    ///
    /// # Errors
    /// The transport's [`Fault`].
    pub async fn finish(mut self) -> Result<Step, Fault> {
        while self.next().await.is_some() {}
        let done = self.response.finish().await?;
        Ok(Step {
            items: self.assembler.into_items(),
            usage: self.usage,
            end_turn: self.end_turn,
            done,
        })
    }

    fn note(&mut self, event: &ModelEvent) {
        if let ModelEvent::Completed {
            usage, end_turn, ..
        } = event
        {
            self.usage = *usage;
            self.end_turn = *end_turn;
        }
    }
}
