//! One conversation: what it is made of, and what is known of it between its turns.

mod rounds;
mod step;
mod turn;

use alipes_base::{Clock, Environment, Redactor};
use alipes_models::Model;
use alipes_store::{Entry, Journal, Transcript, Turn};
use alipes_tools::{InBackground, Root, Sandbox, Toolbox, Workbench};
use alipes_wire::{Item, ToolDefinition};

use crate::compact::Background;
use crate::context::{ContextUse, Gauge, ProjectText};
use crate::gone::with_processes_gone;
use crate::record::Record;
use crate::{Gate, INSTRUCTIONS, Interjections};
pub use turn::Answer;

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
    pub(crate) model: Box<dyn Model>,
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
            workbench: Workbench::new(&options.environment).having_seen(transcript.files()),
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
        self.gate.readable(&self.root)
    }

    /// How commands are confined.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// What its commands have left in the background. It ends with the agent.
    #[must_use]
    pub fn in_background(&self) -> InBackground {
        self.workbench.in_background()
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
        // What was too little for one may be enough for another.
        self.stuck_at = None;
        self.background.ask_instead(auxiliary);
    }

    /// Where to say something into a turn that runs.
    #[must_use]
    pub fn interjections(&self) -> Interjections {
        self.interjections.clone()
    }

    /// Waits for what the journal was given when a turn was dropped, and records that it was. Gives what
    /// was said into that turn, is in the conversation, and was never told as
    /// [`TurnEvent::Interjected`](crate::TurnEvent).
    pub async fn left_off(&mut self) -> Vec<String> {
        self.catch_up().await;
        if self.transcript().turn() == &Turn::Unfinished {
            // Where this cannot be kept the turn counts as cut, and goes on just the same.
            let _ = self.record.keep(vec![Entry::Left]).await;
        }
        self.interjections.take_untold()
    }

    /// Before anything else is done: a turn may have been dropped while its journal wrote.
    pub(crate) async fn catch_up(&mut self) {
        let words = self.record.catch_up().await;
        self.interjections.heard(words);
    }

    /// The conversation so far.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.record.transcript
    }
}
