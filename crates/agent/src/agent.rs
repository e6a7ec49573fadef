//! The turn loop: model, tool calls, model, until there is an answer.

use alipes_base::{Clock, Deadline, Environment, Redactor};
use alipes_models::{Model, Prompt, Step, StepUpdate};
use alipes_tools::{Context, Root, Toolbox};
use alipes_wire::{Item, ItemView, ModelEvent, ToolDefinition, Usage};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;

use crate::calls::{self, Desk};
use crate::{Entry, Gate, INSTRUCTIONS, Journal, TurnError, TurnEvent};

/// How many times the model may be asked in one turn.
const MAX_ROUNDS: usize = 50;

/// How many times in a row the model may end a response with `end_turn: false` and no tool call.
const MAX_CONTINUATIONS: usize = 5;

/// The longest that one model step may take, attempts and waits included.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);

/// What an agent is made of.
pub struct AgentOptions {
    /// The model to ask.
    pub model: Box<dyn Model>,
    /// The tools it may call.
    pub toolbox: Toolbox,
    /// What decides about the calls.
    pub gate: Gate,
    /// Where what happens is recorded.
    pub journal: Box<dyn Journal>,
    /// The folder it works in.
    pub root: Root,
    /// The environment of commands.
    pub environment: Environment,
    /// Knows the secrets that no tool may see or tell.
    pub redactor: Redactor,
    /// The time.
    pub clock: Clock,
}

/// One conversation: a model, its tools, and what was said so far.
pub struct Agent {
    options: AgentOptions,
    tools: Vec<ToolDefinition>,
    history: Vec<Item>,
}

/// How a turn ended.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The answer.
    pub text: String,
    /// Tokens of all its steps.
    pub usage: Usage,
    /// Attempts of all its steps.
    pub attempts: u32,
    /// How many times the model was asked.
    pub steps: u32,
}

impl Agent {
    /// An agent before the first turn. `setting` tells the model what changes from day to day: the
    /// folder, the platform, the date.
    #[must_use]
    pub fn new(options: AgentOptions, setting: &str) -> Self {
        let tools = options.toolbox.specs().map(|spec| ToolDefinition {
            name: spec.name.to_owned(),
            description: spec.description.to_owned(),
            parameters: spec.parameters.clone(),
        });
        Self {
            tools: tools.collect(),
            history: vec![Item::developer(setting)],
            options,
        }
    }

    /// The conversation so far.
    #[must_use]
    pub fn history(&self) -> &[Item] {
        &self.history
    }

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
        self.close_open_calls().await?;
        self.options.model.begin_turn();
        self.keep(Item::user(prompt), Entry::User).await?;
        let mut answer = Answer::default();
        let mut continuations = 0;
        for _ in 0..MAX_ROUNDS {
            let step = self.step(accepts_restart, deadline, events).await?;
            answer.steps += 1;
            answer.attempts += step.done.attempts;
            answer.usage += step.usage.unwrap_or_default();
            let items = calls::distinct(step.items);
            for item in &items {
                self.keep(item.clone(), Entry::Model).await?;
            }
            let calls = calls::in_items(&items);
            let wants_more = step.end_turn == Some(false) && continuations < MAX_CONTINUATIONS;
            if !calls.is_empty() {
                // What was said before a call was said on the way.
                answer.text.clear();
            }
            let said = tell_messages(&items, calls.is_empty(), events).await;
            append(&mut answer.text, &said);
            if calls.is_empty() && !wants_more {
                return if answer.text.is_empty() {
                    Err(TurnError::NoAnswer)
                } else {
                    Ok(answer)
                };
            }
            continuations = if calls.is_empty() {
                continuations + 1
            } else {
                0
            };
            self.run(calls, deadline, events).await?;
        }
        Err(TurnError::TooManyRounds { rounds: MAX_ROUNDS })
    }

    /// Asks the model once and passes on what it says.
    async fn step(
        &mut self,
        accepts_restart: bool,
        deadline: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<Step, TurnError> {
        let deadline = deadline.tightened(&self.options.clock, "step", STEP_LIMIT);
        let prompt = Prompt {
            instructions: INSTRUCTIONS,
            tools: &self.tools,
            input: &self.history,
        };
        let mut step = self.options.model.step(&prompt, accepts_restart, deadline);
        let mut preamble = false;
        while let Some(update) = step.next().await {
            let event = match update {
                StepUpdate::Event(ModelEvent::MessageStarted { preamble: is }) => {
                    preamble = is;
                    continue;
                }
                StepUpdate::Event(
                    ModelEvent::TextDelta { delta } | ModelEvent::RefusalDelta { delta },
                ) => TurnEvent::TextDelta { delta, preamble },
                StepUpdate::Event(ModelEvent::ReasoningDelta { delta }) => {
                    TurnEvent::ReasoningDelta { delta }
                }
                StepUpdate::Restarted { delivered } => TurnEvent::Restarted { delivered },
                StepUpdate::NextProvider { fault, to } => TurnEvent::NextProvider { fault, to },
                StepUpdate::Trace(trace) => TurnEvent::Trace(trace),
                _ => continue,
            };
            // A listener that has gone misses the rest; the turn goes on.
            let _ = events.send(event).await;
        }
        Ok(step.finish().await?)
    }

    async fn run(
        &mut self,
        calls: Vec<calls::Call>,
        deadline: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<(), TurnError> {
        let options = &mut self.options;
        let context = Context {
            root: options.root.clone(),
            environment: options.environment.clone(),
            deadline,
            clock: options.clock.clone(),
            redactor: options.redactor.clone(),
        };
        let mut desk = Desk {
            toolbox: &options.toolbox,
            gate: &options.gate,
            context: &context,
            journal: options.journal.as_mut(),
            history: &mut self.history,
            events,
        };
        desk.run(calls).await
    }

    async fn keep(&mut self, item: Item, entry: fn(Item) -> Entry) -> Result<(), TurnError> {
        self.options.journal.append(entry(item.clone())).await?;
        self.history.push(item);
        Ok(())
    }

    /// A turn that was dropped may have left calls without an output, and no provider takes such a
    /// history.
    async fn close_open_calls(&mut self) -> Result<(), TurnError> {
        let mut open = Vec::new();
        let mut answered = HashSet::new();
        for item in &self.history {
            match item.view() {
                ItemView::FunctionCall { call_id, .. } => open.push(call_id.into_owned()),
                ItemView::FunctionCallOutput { call_id, .. } => {
                    answered.insert(call_id.into_owned());
                }
                _ => {}
            }
        }
        open.retain(|call_id| !answered.contains(call_id));
        for call_id in open {
            let text = "interrupted: whether it had an effect is not known";
            self.keep(
                Item::function_call_output(&call_id, text),
                Entry::ToolResult,
            )
            .await?;
        }
        Ok(())
    }
}

/// Tells the complete messages of a response. Gives the answer's text: that of all messages but
/// preambles, if this response belongs to the answer.
async fn tell_messages(items: &[Item], answers: bool, events: &mpsc::Sender<TurnEvent>) -> String {
    let mut answer_text = String::new();
    for item in items {
        let view = item.view();
        let preamble = view.is_preamble();
        let ItemView::Message { text, refusal, .. } = view else {
            continue;
        };
        let text = refusal.unwrap_or(text);
        if text.is_empty() {
            continue;
        }
        let answer = answers && !preamble;
        if answer {
            append(&mut answer_text, &text);
        }
        // A listener that has gone misses the rest; the turn goes on.
        let _ = events
            .send(TurnEvent::Message {
                text,
                answer,
                preamble,
            })
            .await;
    }
    answer_text
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}
