//! What begins a turn and what ends it: the prompt, or what was left of a turn that was cut; and what
//! becomes of its calls, of its answer or its failure on record.

use alipes_base::Deadline;
use alipes_store::{Entry, OpenCall, Progress, ToolOutcome, Turn};
use alipes_wire::{Item, Usage};
use tokio::sync::mpsc;

use super::Agent;
use crate::calls::Call;
use crate::messages::{self, Messages, said};
use crate::{ContextUse, TurnError, TurnEvent};

/// How a turn ended.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The answer.
    pub text: String,
    /// Tokens of all its steps; not those of calls beside it ([`Agent::spent_beside`]).
    pub usage: Usage,
    /// Attempts of all its steps.
    pub attempts: u32,
    /// How many times the model was asked.
    pub steps: u32,
    /// How much of the model's window the conversation takes by now.
    pub context: ContextUse,
}

/// How a turn is to be shown, and until when.
#[derive(Clone, Copy)]
pub(super) struct Front<'f> {
    pub(super) accepts_restart: bool,
    pub(super) deadline: Deadline,
    pub(super) events: &'f mpsc::Sender<TurnEvent>,
}
impl Agent {
    /// Runs one turn. Events go to `events` as they happen; a slow listener slows the turn down.
    /// `accepts_restart`: the listener can replace text it has shown.
    ///
    /// # Errors
    /// [`TurnError`]; the conversation stays usable.
    pub async fn turn(
        &mut self,
        prompt: &str,
        accepts_restart: bool,
        deadline: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<Answer, TurnError> {
        let prompt = Item::user(prompt);
        self.turn_of(prompt, accepts_restart, deadline, events)
            .await
    }

    /// The same with a prompt that is more than text.
    ///
    /// # Errors
    /// As for [`Agent::turn`].
    pub async fn turn_of(
        &mut self,
        prompt: Item,
        accepts_restart: bool,
        deadline: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<Answer, TurnError> {
        self.catch_up().await;
        self.model.begin_turn();
        // A turn that was cut may have left calls without an output, and no provider takes that.
        let open = self.transcript().open().iter();
        let mut entries: Vec<Entry> = open.map(OpenCall::ended).collect();
        if self.transcript().setting() != Some(&self.setting) {
            entries.push(Entry::Setting(self.setting.clone()));
        }
        let project = self.project.item();
        if project.is_some() && self.transcript().project() != project {
            entries.extend(project.cloned().map(Entry::Project));
        }
        if self.wants_title && self.transcript().prompt().is_none() {
            self.background.ask_for_title(said(&prompt));
        }
        entries.push(Entry::User(prompt));
        self.record.keep(entries).await?;
        let front = Front {
            accepts_restart,
            deadline,
            events,
        };
        let outcome = self.rounds(front).await;
        self.ended(outcome).await
    }

    /// Goes on with a turn that was cut or has failed. Calls that never began are run, those that
    /// only read are run again, and of the others the model is told that nobody knows. An answer
    /// that is there is told again: whoever asked may never have seen it.
    ///
    /// # Errors
    /// [`TurnError`]; [`TurnError::NothingToContinue`] if there was no turn.
    pub async fn go_on(
        &mut self,
        accepts_restart: bool,
        deadline: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<Answer, TurnError> {
        self.catch_up().await;
        match self.transcript().turn() {
            Turn::None => return Err(TurnError::NothingToContinue),
            Turn::Answered => {
                let said = Messages::of(self.transcript().answer(), true);
                let text = said.text.clone();
                said.tell(events).await;
                return Ok(Answer {
                    text,
                    ..Answer::default()
                });
            }
            Turn::Unfinished | Turn::Failed(_) => {}
        }
        self.model.begin_turn();
        let front = Front {
            accepts_restart,
            deadline,
            events,
        };
        let outcome = match self.take_up(front).await {
            Ok(()) => self.rounds(front).await,
            Err(error) => Err(error),
        };
        self.ended(outcome).await
    }

    /// Gives every open call its output.
    async fn take_up(&mut self, front: Front<'_>) -> Result<(), TurnError> {
        let open = self.transcript().open().iter().cloned();
        let (unknown, again): (Vec<OpenCall>, Vec<OpenCall>) =
            open.partition(|call| call.progress == Progress::Unknown);
        let ended = unknown.iter().map(OpenCall::ended);
        self.record.keep(ended.collect()).await?;
        for call in unknown {
            self.announce(&call, front.events).await;
            let output = messages::output(&call.interrupted());
            let event = TurnEvent::ToolCompleted {
                call_id: call.call_id,
                name: call.name,
                outcome: ToolOutcome::Unknown,
                output,
                changes: None,
            };
            // A listener that has gone misses the rest; the turn goes on.
            let _ = front.events.send(event).await;
        }
        self.run(again.into_iter().map(Call::from).collect(), front)
            .await
    }
    /// Says what a call was that will not run again.
    async fn announce(&self, call: &OpenCall, events: &mpsc::Sender<TurnEvent>) {
        let tool = self.toolbox.get(&call.name);
        let input = serde_json::from_str(&call.arguments).ok();
        let summary = tool.zip(input);
        let summary = summary.map(|(tool, input)| tool.summary(&input, &self.redactor));
        let event = TurnEvent::ToolStarted {
            call_id: call.call_id.clone(),
            name: call.name.clone(),
            summary: summary.unwrap_or_else(|| self.redactor.redact(&call.name)),
            effect: None,
        };
        // A listener that has gone misses the rest; the turn goes on.
        let _ = events.send(event).await;
    }

    /// Records that the turn has failed. An answer has been recorded with its end.
    async fn ended(&mut self, outcome: Result<Answer, TurnError>) -> Result<Answer, TurnError> {
        if let Err(error) = &outcome {
            let failure = Some(self.redactor.redact(&error.to_string()));
            // If even that cannot be recorded the turn counts as cut, and the first error is told.
            let _ = self.record.keep(vec![Entry::Ended { failure }]).await;
        }
        self.look_ahead();
        outcome
    }
}
