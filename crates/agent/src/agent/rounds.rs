//! Model, tools, model: the rounds of a turn, until there is an answer.

use alipes_store::Entry;
use alipes_tools::Context;
use alipes_wire::Item;
use tokio::sync::mpsc;

use super::Agent;
use super::turn::{Answer, Front};
use crate::calls::{self, Call, Desk};
use crate::context::counted;
use crate::messages::{self, Messages};
use crate::{TurnError, TurnEvent};

/// How many times the model may be asked in one turn.
const MAX_ROUNDS: usize = 50;

/// How many times in a row the model may end a response with `end_turn: false` and no tool call.
const MAX_CONTINUATIONS: usize = 5;

impl Agent {
    /// Model, tools, model, until there is an answer.
    pub(super) async fn rounds(&mut self, front: Front<'_>) -> Result<Answer, TurnError> {
        let mut answer = Answer::default();
        let mut continuations = 0;
        for _ in 0..MAX_ROUNDS {
            self.hear(front.events).await?;
            let step = self.fitting_step(front).await;
            let usage = step.as_ref().ok().and_then(|step| step.usage);
            let count = counted(self.transcript().items(), usage);
            self.gauge.ended(count);
            let step = step?;
            answer.steps += 1;
            answer.attempts += step.done.attempts;
            answer.usage += usage.unwrap_or_default();
            if let Some(count) = count {
                self.record.note(Entry::Count(count));
            }
            let items = calls::distinct(step.items);
            let calls = calls::in_items(&items);
            let wants_more = step.end_turn == Some(false) && continuations < MAX_CONTINUATIONS;
            let is_last = calls.is_empty() && !wants_more;
            let said = Messages::of(&items, calls.is_empty());
            if !calls.is_empty() {
                // What was said before a call was said on the way.
                answer.text.clear();
            }
            messages::append(&mut answer.text, &said.text);
            let mut entries: Vec<Entry> = items.into_iter().map(Entry::Model).collect();
            if is_last && !answer.text.is_empty() {
                entries.push(Entry::Ended { failure: None });
            }
            self.record.keep(entries).await?;
            said.tell(front.events).await;
            if is_last {
                answer.context = self.context();
                return match answer.text.is_empty() {
                    true => Err(TurnError::NoAnswer),
                    false => Ok(answer),
                };
            }
            continuations = match calls.is_empty() {
                true => continuations + 1,
                false => 0,
            };
            self.run(calls, front).await?;
            if front.deadline.remaining(&self.clock).is_zero() {
                // To ask the model now would put the blame on it.
                return Err(TurnError::OutOfTime(front.deadline.expired()));
            }
        }
        Err(TurnError::TooManyRounds { rounds: MAX_ROUNDS })
    }

    /// Lets what the user has said meanwhile be part of the conversation.
    async fn hear(&mut self, events: &mpsc::Sender<TurnEvent>) -> Result<(), TurnError> {
        let said = self.interjections.unheard();
        let entries = said.iter().map(|text| Entry::Said(Item::user(text)));
        self.record.keep(entries.collect()).await?;
        // Only now: what could not be recorded is given back to who has said it.
        self.interjections.heard(said);
        while self.interjections.has_untold() {
            // A turn that is dropped while it waits here has lost no word.
            let place = events.reserve().await;
            if let (Some(text), Ok(place)) = (self.interjections.next_untold(), place) {
                place.send(TurnEvent::Interjected { text });
            }
            // A listener that has gone misses the rest; the turn goes on.
        }
        Ok(())
    }
    /// Runs calls, each with its output in the end.
    pub(super) async fn run(
        &mut self,
        calls: Vec<Call>,
        front: Front<'_>,
    ) -> Result<(), TurnError> {
        let context = Context {
            root: self.root.clone(),
            sandbox: self.sandbox.clone(),
            environment: self.environment.clone(),
            deadline: front.deadline,
            clock: self.clock.clone(),
            workbench: self.workbench.clone(),
            progress: alipes_tools::Progress::default(),
            seen: alipes_tools::Seen::default(),
            redactor: self.redactor.clone(),
        };
        let mut desk = Desk {
            toolbox: &self.toolbox,
            gate: &self.gate,
            context: &context,
            record: &mut self.record,
            events: front.events,
        };
        desk.run(calls).await
    }
}
