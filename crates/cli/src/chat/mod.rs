//! `alipes chat`: talking with the agent in a terminal.
//!
//! What has been said belongs to the terminal: it scrolls, can be searched and copied, and stays when
//! the chat has gone. Only the rows at the end are the chat's, and a message is among them until its
//! response has ended well, so that one that begins anew replaces what was shown.
//!
//! How it is built: [`state::State`] takes keys and events and knows what is shown, [`view`] says how
//! that looks, [`surface`] draws it, and [`front::Front`] goes between them and what is under way.

mod background;
mod blocks;
mod carry_out;
mod code;
mod commands;
mod completion;
mod conversation;
mod editor;
mod first_steps;
mod front;
pub(crate) mod images;
mod looks;
mod markdown;
mod modes;
mod moving;
mod pace;
mod paint;
mod question;
mod showing;
mod state;
mod status;
mod surface;
mod table;
mod view;
mod wrap;

use std::time::Duration;

use alipes_agent::TurnError;
use alipes_base::Deadline;
use alipes_store::Turn;
use alipes_transport::Cause;
use alipes_wire::Item;
use anyhow::anyhow;
use tokio::sync::mpsc;

use crate::args::AgentArgs;
use crate::exec::keep;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::signals::Signals;
use crate::streams::say;
use crate::style::one_line;
use crate::tally;
use background::Background;
use blocks::{Block, Tone};
use conversation::{Conversation, Ground, Voices};
use front::{Attended, Front};
use state::{Action, STARTING};

/// How many events may wait for a slow terminal.
const QUEUE: usize = 64;

/// The longest that one turn may take.
const TURN: Duration = Duration::from_secs(2 * 3600);

/// A chat that has been opened.
struct Chat<'c> {
    args: AgentArgs,
    machine: &'c Machine,
    front: Front<'c>,
    ground: Ground,
    voices: Voices,
    conversation: Conversation,
    /// Nothing is to be kept of what is begun here.
    is_ephemeral: bool,
    wants_out: bool,
}

/// What a turn begins with.
enum Turning {
    Prompt {
        item: Item,
        /// As it was written.
        text: String,
    },
    /// What was asked last.
    GoOn,
}

impl Turning {
    fn prompt(item: Item, text: String) -> Self {
        Self::Prompt { item, text }
    }
}

/// How a try of a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tried {
    ToTheEnd,
    /// Neither of two requests had a word for an answer, and there is nobody else to ask.
    InSilence,
}

fn is_silence(error: &TurnError) -> bool {
    match error {
        TurnError::Fault(fault) => matches!(fault.cause, Cause::Silent | Cause::Stalled),
        _ => false,
    }
}

/// Gives the terminal back, if the chat has it, because the process ends without the chat.
pub(crate) fn give_terminal_back() {
    modes::give_back_if_taken();
}

pub(crate) async fn run(
    args: AgentArgs,
    machine: &Machine,
    signals: &Signals,
) -> Result<(), Failure> {
    if !modes::is_able(&machine.environment) {
        let hint =
            "the chat needs a terminal; for one turn: `alipes exec \"what is this folder?\"`";
        return Err(Failure::usage(anyhow!(hint)));
    }
    let (voices, ears) = Voices::new();
    let front = Front::open(machine, signals, ears).map_err(Failure::failed)?;
    let Some(mut chat) = open(args, machine, front, voices).await? else {
        return Ok(());
    };
    let outcome = match chat.talk().await {
        Ok(()) => chat.keep_memory_seen().await,
        Err(failure) => {
            chat.keep_memory().await;
            Err(failure)
        }
    };
    let way_back = chat.way_back();
    let ended = chat.front.state.status.background.ended();
    let kept = chat.conversation.kept.clone();
    let closed = chat.front.close();
    let recording = chat.conversation.recording;
    drop((chat.conversation.agent, chat.ground));
    recording.settle(machine).await;
    ended.iter().for_each(|line| say(line));
    if let Some(command) = way_back {
        say(&format!("to go on: {command}"));
    }
    outcome?;
    closed.map_err(Failure::unwritten)?;
    keep::tidy_up(&kept, machine).await;
    recording.tend(machine).await;
    Ok(())
}

/// Opens everything else while the person already types. `None`: he has left before.
async fn open<'c>(
    args: AgentArgs,
    machine: &'c Machine,
    mut front: Front<'c>,
    voices: Voices,
) -> Result<Option<Chat<'c>>, Failure> {
    front.state.begin(STARTING);
    let opening = async {
        let ground = Ground::prepare(&args, machine).await?;
        let conversation = Conversation::open(&args, machine, &ground, &voices).await?;
        let memory = machine.memory(conversation.kept.as_ref());
        let warning = match memory.filter(|_| ground.is_real()) {
            Some(memory) => ground.transport.recall(&memory).await,
            None => None,
        };
        Ok((ground, conversation, warning))
    };
    let (_nobody, mut nothing) = mpsc::channel(1);
    let opened: Result<_, Failure> = match front.attend(opening, &mut nothing).await? {
        Attended::Ended(opened) => opened,
        Attended::Act(_) => return Ok(None),
    };
    let (ground, conversation, warning) = match opened {
        Ok(opened) => opened,
        Err(failure) => {
            drop(front);
            return Err(first_steps::told(failure, machine).await);
        }
    };
    front.state.done();
    if let Some(warning) = warning {
        front.state.note(Tone::Warning, warning.to_string());
    }
    let mut chat = Chat {
        is_ephemeral: args.ephemeral,
        args,
        machine,
        front,
        ground,
        voices,
        conversation,
        wants_out: false,
    };
    chat.greet();
    chat.entered();
    Ok(Some(chat))
}

impl Chat<'_> {
    /// Does what the person wants, until that is to leave.
    async fn talk(&mut self) -> Result<(), Failure> {
        while !self.wants_out && !self.front.has_left {
            let action = match self.front.state.queue.pop_front() {
                // A command lines up where the chat had not started yet.
                Some(line) => match commands::read(line.trim()) {
                    Some(Ok(called)) => Action::Call(called),
                    _ => Action::Send(line),
                },
                None => self.front.idle().await?,
            };
            match action {
                Action::Send(prompt) => self.ask(prompt).await?,
                Action::Call(called) => self.carry_out(called).await?,
                Action::Quit => self.wants_out = true,
                Action::Interrupt | Action::Suspend | Action::Wipe => {}
            }
        }
        Ok(())
    }

    /// A turn that begins with what the person has written, and shows what that names.
    async fn ask(&mut self, prompt: String) -> Result<(), Failure> {
        self.front.state.say(Block::User(prompt.clone()));
        match self.showing(&prompt).await? {
            Some(item) => self.turn(Turning::prompt(item, prompt)).await,
            None => Ok(()),
        }
    }

    /// One turn, shown as it goes. Where nobody answers at all it goes on until the person ends it.
    async fn turn(&mut self, turning: Turning) -> Result<(), Failure> {
        let deadline = Deadline::after(&self.machine.clock, "turn", TURN);
        let mut turning = turning;
        while self.try_turn(&turning, deadline).await? == Tried::InSilence {
            let text = "nobody has answered; asking again and waiting on, Esc ends it";
            self.front.state.note(Tone::Warning, text);
            turning = Turning::GoOn;
        }
        self.heard_beside().await?;
        self.keep_memory_beside();
        self.front.state.status.context = Some(self.conversation.agent.context());
        Ok(())
    }

    /// Counts what was spent beside the turns, and keeps the title that came of it.
    async fn heard_beside(&mut self) -> Result<(), Failure> {
        for spent in self.conversation.agent.spent_beside() {
            self.front.state.event(spent);
        }
        let entitled = self.conversation.entitle();
        self.front
            .see_through("keeping the title", entitled)
            .await?;
        Ok(())
    }

    async fn try_turn(&mut self, turning: &Turning, deadline: Deadline) -> Result<Tried, Failure> {
        let (sender, mut events) = mpsc::channel(QUEUE);
        self.front.state.begin_turn();
        let agent = &mut self.conversation.agent;
        let before = agent.transcript().prompts().count();
        let turn = async {
            match turning {
                Turning::Prompt { item, .. } => {
                    let prompt = item.clone();
                    agent.turn_of(prompt, true, deadline, &sender).await
                }
                Turning::GoOn => agent.go_on(true, deadline, &sender).await,
            }
        };
        let outcome = match self.front.attend(turn, &mut events).await? {
            Attended::Ended(outcome) => outcome,
            Attended::Act(action) => {
                while let Ok(event) = events.try_recv() {
                    self.front.state.event(event);
                }
                self.left_off(&action).await?;
                return Ok(Tried::ToTheEnd);
            }
        };
        if outcome.as_ref().is_err_and(is_silence) {
            self.front.state.tries_again();
            return Ok(Tried::InSilence);
        }
        let transcript = self.conversation.agent.transcript();
        // Of fewer prompts the older ones are summed up.
        let is_more = transcript.prompts().count() > before;
        let is_last =
            |item| *transcript.turn() == Turn::Unfinished && transcript.prompt() == Some(item);
        match (outcome, turning) {
            // It is in no conversation: asking again would ask what was asked before it.
            (Err(TurnError::Journal(error)), Turning::Prompt { item, text })
                if !is_more && !is_last(item) =>
            {
                self.front.state.not_asked(&error.to_string(), text);
            }
            (outcome, _) => self.front.state.ended(outcome.map(|_answer| ())),
        }
        Ok(Tried::ToTheEnd)
    }

    /// The person has ended what was under way. What the journal has by then counts, and only the rest
    /// of what was said meanwhile comes back.
    async fn left_off(&mut self, action: &Action) -> Result<(), Failure> {
        self.wants_out |= *action == Action::Quit;
        let (_nobody, mut nothing) = mpsc::channel(1);
        let mut settled = std::pin::pin!(self.conversation.agent.left_off());
        let words = loop {
            // It cannot be ended: what the journal was given it writes, and that is not to come back.
            match self.front.attend(settled.as_mut(), &mut nothing).await? {
                Attended::Ended(words) => break words,
                Attended::Act(action) => self.wants_out |= action == Action::Quit,
            }
        };
        let said = words.into_iter().map(Block::User);
        said.for_each(|block| self.front.state.say(block));
        self.front.state.interrupted();
        Ok(())
    }

    /// Says what this conversation is, and what was said in it.
    fn entered(&mut self) {
        let Self {
            front,
            conversation,
            machine,
            ..
        } = self;
        let agent = &conversation.agent;
        let (sandbox, root) = (agent.sandbox().clone(), agent.root().clone());
        front.sources = Some(completion::Sources {
            root: agent.readable_root(),
            catalog: conversation.catalog.clone(),
            kept: conversation.kept.clone(),
            id: conversation.id.clone(),
            clock: machine.clock.clone(),
            redactor: machine.redactor.clone(),
        });
        front.learn_sandbox(async move { sandbox.caution(&root).await });
        let state = &mut front.state;
        state.enters();
        state.interjections = agent.interjections();
        state.status = status::Status {
            model: conversation.model.to_string(),
            context: Some(agent.context()),
            catalog: conversation.catalog.clone(),
            conversation: conversation.kept.is_some().then(|| conversation.id.clone()),
            background: Background::new(agent.in_background(), &machine.redactor),
            ..status::Status::default()
        };
        if let Some(notes) = tally::project(agent.project().files()) {
            state.note(Tone::Talk, notes);
        }
        for prompt in conversation::prompts(agent.transcript()) {
            state.editor.remember(prompt);
        }
        let redactor = &machine.redactor;
        for block in conversation::shown(agent.transcript(), agent.toolbox(), redactor) {
            state.show(block);
        }
        if let Some(note) = &conversation.note {
            state.note(Tone::Talk, one_line(note, 200));
        }
        for differs in &conversation.differs {
            state.note(Tone::Warning, differs.clone());
        }
        if matches!(
            agent.transcript().turn(),
            Turn::Failed(_) | Turn::Unfinished
        ) {
            state.note(Tone::Talk, "/retry goes on with its last turn");
        }
    }

    fn greet(&mut self) {
        let folder = self.conversation.agent.root().path().display().to_string();
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("this is alipes {version} in {folder} · /help");
        self.front.state.note(Tone::Talk, one_line(&text, 200));
        if self.conversation.kept.is_none() {
            self.front.state.note(Tone::Talk, "nothing of it is kept");
        }
        self.tell_lacking_key();
    }

    fn tell_lacking_key(&mut self) {
        // Another address than the configured one has another key.
        let asked = (&self.conversation.catalog, &self.conversation.model);
        let lacking = first_steps::lacking_key(asked.0, asked.1, &self.machine.environment);
        if let (Some(lacking), None) = (lacking, &self.args.base_url) {
            self.front.state.note(Tone::Warning, lacking);
        }
    }
}
