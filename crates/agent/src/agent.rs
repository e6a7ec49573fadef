//! The turn loop: model, tool calls, model, until there is an answer.

use alipes_base::{Clock, Deadline, Environment, Redactor};
use alipes_models::{Model, Prompt, Step, StepUpdate};
use alipes_store::{Entry, Journal, OpenCall, Progress, Transcript, Turn};
use alipes_tools::{Context, Root, Sandbox, Toolbox, Workbench};
use alipes_wire::{Item, ModelEvent, ToolDefinition, Usage};
use std::time::Duration;
use tokio::sync::mpsc;

use crate::calls::{self, Call, Desk};
use crate::compact::{Background, Depth, wants_less};
use crate::context::{ContextUse, Gauge, ProjectText, counted};
use crate::gone::with_processes_gone;
use crate::messages::{self, Messages, said};
use crate::record::{self, Record};
use crate::{Gate, INSTRUCTIONS, Interjections, ToolOutcome, TurnError, TurnEvent};

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
    /// How commands are confined.
    pub sandbox: Sandbox,
    /// The environment of commands.
    pub environment: Environment,
    /// Knows the secrets that no tool may see or tell.
    pub redactor: Redactor,
    /// The time.
    pub clock: Clock,
}

/// One conversation: a model, its tools, and what was said so far.
pub struct Agent {
    model: Box<dyn Model>,
    toolbox: Toolbox,
    gate: Gate,
    /// What every call may use; its deadline is that of the turn.
    root: Root,
    sandbox: Sandbox,
    environment: Environment,
    redactor: Redactor,
    workbench: Workbench,
    pub(crate) clock: Clock,
    tools: Vec<ToolDefinition>,
    pub(crate) record: Record,
    setting: Item,
    project: ProjectText,
    pub(crate) gauge: Gauge,
    pub(crate) background: Background,
    pub(crate) wants_title: bool,
    interjections: Interjections,
    /// How many bytes there were when a compaction would have made nothing smaller.
    pub(crate) stuck_at: Option<u64>,
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
    /// How much of the model's window the conversation takes by now.
    pub context: ContextUse,
}

/// How a turn is to be shown, and until when.
#[derive(Clone, Copy)]
struct Front<'f> {
    accepts_restart: bool,
    deadline: Deadline,
    events: &'f mpsc::Sender<TurnEvent>,
}

impl Agent {
    /// An agent before the first turn. `setting` tells the model what changes from day to day: the
    /// folder, the platform, the date.
    #[must_use]
    pub fn new(options: AgentOptions, setting: &str) -> Self {
        Self::resumed(options, setting, Transcript::default())
    }

    /// An agent that takes up a conversation where its journal ends. The model is told the setting
    /// again only where it has changed: what it has seen before stays as it was.
    #[must_use]
    pub fn resumed(options: AgentOptions, setting: &str, transcript: Transcript) -> Self {
        let tools = options.toolbox.specs().map(|spec| ToolDefinition {
            name: spec.name.to_owned(),
            description: spec.description.to_owned(),
            parameters: spec.parameters.clone(),
        });
        let tools: Vec<ToolDefinition> = tools.collect();
        Self {
            gauge: Gauge::new(INSTRUCTIONS, &tools),
            project: ProjectText::default(),
            tools,
            model: options.model,
            toolbox: options.toolbox,
            gate: options.gate,
            root: options.root,
            sandbox: options.sandbox,
            workbench: Workbench::new(&options.environment),
            background: Background::new(&options.clock),
            wants_title: false,
            interjections: Interjections::default(),
            stuck_at: None,
            environment: options.environment,
            redactor: options.redactor,
            clock: options.clock,
            setting: Item::developer(&with_processes_gone(setting, &transcript)),
            record: Record::new(options.journal, transcript),
        }
    }

    /// The same in a project that says this about itself.
    #[must_use]
    pub fn with_project(self, project: ProjectText) -> Self {
        Self { project, ..self }
    }

    /// The same for a model whose window is of so many tokens.
    #[must_use]
    pub fn with_window(self, tokens: u64) -> Self {
        let gauge = self.gauge.with_window(tokens);
        Self { gauge, ..self }
    }

    /// What it tells the model about the project.
    #[must_use]
    pub fn project(&self) -> &ProjectText {
        &self.project
    }

    /// About how many tokens every request carries before anything is said: instructions and tools.
    #[must_use]
    pub fn fixed_tokens(&self) -> u64 {
        self.gauge.of(&Transcript::default()).tokens
    }

    /// How much of the model's window the conversation takes.
    #[must_use]
    pub fn context(&self) -> ContextUse {
        self.gauge.of(self.transcript())
    }

    /// The folder it works in.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The same without what the user's rules keep from whoever reads.
    #[must_use]
    pub fn readable_root(&self) -> Root {
        self.gate.veiled("read_file", &self.root)
    }

    /// How commands are confined.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The tools that the model may call.
    #[must_use]
    pub fn toolbox(&self) -> &Toolbox {
        &self.toolbox
    }

    /// Asks another model from the next turn on, whose window is of so many tokens as far as anybody
    /// has told, and beside the turn another one, too.
    pub fn ask_instead(
        &mut self,
        model: Box<dyn Model>,
        window: Option<u64>,
        auxiliary: Option<Box<dyn Model>>,
    ) {
        self.model = model;
        self.gauge = Gauge::new(INSTRUCTIONS, &self.tools);
        if let Some(tokens) = window {
            self.gauge = self.gauge.clone().with_window(tokens);
        }
        self.background.ask_instead(auxiliary);
    }

    /// Where to say something into a turn that runs.
    #[must_use]
    pub fn interjections(&self) -> Interjections {
        self.interjections.clone()
    }

    /// The conversation so far.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.record.transcript
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
        self.record.catch_up().await;
        self.model.begin_turn();
        // A turn that was cut may have left calls without an output, and no provider takes that.
        let open = self.transcript().open().iter();
        let mut entries: Vec<Entry> = open
            .map(|call| Entry::ToolResult(call.interrupted()))
            .collect();
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
        self.record.catch_up().await;
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
        let outputs = unknown.iter().map(OpenCall::interrupted);
        self.record
            .keep(outputs.map(Entry::ToolResult).collect())
            .await?;
        for call in unknown {
            let output = messages::output(&call.interrupted());
            let event = TurnEvent::ToolCompleted {
                call_id: call.call_id,
                name: call.name,
                outcome: ToolOutcome::Unknown,
                output,
            };
            // A listener that has gone misses the rest; the turn goes on.
            let _ = front.events.send(event).await;
        }
        self.run(again.into_iter().map(Call::from).collect(), front)
            .await
    }

    /// Model, tools, model, until there is an answer.
    async fn rounds(&mut self, front: Front<'_>) -> Result<Answer, TurnError> {
        let mut answer = Answer::default();
        let mut continuations = 0;
        for _ in 0..MAX_ROUNDS {
            self.hear(front.events).await?;
            let step = self.fitting_step(front).await?;
            answer.steps += 1;
            answer.attempts += step.done.attempts;
            answer.usage += step.usage.unwrap_or_default();
            if let Some(count) = counted(self.transcript().items(), step.usage) {
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
        }
        Err(TurnError::TooManyRounds { rounds: MAX_ROUNDS })
    }

    /// Lets what the user has said meanwhile be part of the conversation.
    async fn hear(&mut self, events: &mpsc::Sender<TurnEvent>) -> Result<(), TurnError> {
        let said = self.interjections.unheard();
        let entries = said.iter().map(|text| Entry::Said(Item::user(text)));
        self.record.keep(entries.collect()).await?;
        // Only now: who is interrupted before it was recorded gets it back.
        self.interjections.heard(said.len());
        for text in said {
            // A listener that has gone misses the rest; the turn goes on.
            let _ = events.send(TurnEvent::Interjected { text }).await;
        }
        Ok(())
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

    /// Asks the model, and where that is too much for it, again with less.
    async fn fitting_step(&mut self, front: Front<'_>) -> Result<Step, TurnError> {
        self.make_room(front.events).await?;
        let mut depths = [Depth::Usual, Depth::Deep].into_iter();
        loop {
            let fault = match self.step(front).await {
                Err(TurnError::Fault(fault)) if wants_less(&fault) => fault,
                ended => return ended,
            };
            self.gauge.refused(self.context().tokens);
            let mut is_less = false;
            while !is_less {
                let Some(depth) = depths.next() else {
                    return Err(TurnError::Fault(fault));
                };
                is_less = self.shrink_refused(depth, front.events).await?;
            }
        }
    }

    /// Asks the model once and passes on what it says.
    async fn step(&mut self, front: Front<'_>) -> Result<Step, TurnError> {
        let deadline = front.deadline.tightened(&self.clock, "step", STEP_LIMIT);
        let prompt = Prompt {
            instructions: INSTRUCTIONS,
            tools: &self.tools,
            input: self.record.transcript.items(),
        };
        let mut step = self.model.step(&prompt, front.accepts_restart, deadline);
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
                StepUpdate::Asking(who) => TurnEvent::Asking(who),
                StepUpdate::OnRecord { id } => TurnEvent::OnRecord { id },
                StepUpdate::Restarted { delivered } => TurnEvent::Restarted { delivered },
                StepUpdate::NextProvider {
                    from,
                    fault,
                    to,
                    left_out,
                } => TurnEvent::NextProvider {
                    from,
                    fault,
                    to,
                    left_out,
                },
                StepUpdate::Trace(trace) => {
                    if let Some(attempt) = record::attempt(&trace) {
                        self.record.note(Entry::Attempt(attempt));
                    }
                    TurnEvent::Trace(trace)
                }
                _ => continue,
            };
            // A listener that has gone misses the rest; the turn goes on.
            let _ = front.events.send(event).await;
        }
        Ok(step.finish().await?)
    }

    async fn run(&mut self, calls: Vec<Call>, front: Front<'_>) -> Result<(), TurnError> {
        let context = Context {
            root: self.root.clone(),
            sandbox: self.sandbox.clone(),
            environment: self.environment.clone(),
            deadline: front.deadline,
            clock: self.clock.clone(),
            workbench: self.workbench.clone(),
            progress: alipes_tools::Progress::default(),
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
