//! The conversation that the chat is in: its agent, where it is kept, and what was said in it before.

use std::sync::Arc;

use alipes_agent::{Agent, ToolOutcome};
use alipes_models::{Catalog, Model as _, ModelName};
use alipes_simulator::Simulator;
use alipes_store::{SqliteStore, Transcript};
use alipes_transport::Transport;
use alipes_wire::{Item, ItemView};
use tokio::sync::mpsc;

use super::blocks::{Block, Card, Tone};
use super::front::Ears;
use super::question::Person;
use crate::args::AgentArgs;
use crate::exec::{build, keep, reach};
use crate::failure::Failure;
use crate::recording::Recording;
use crate::setup::Machine;

/// How many messages and calls of a conversation are shown when it is taken up.
const SHOWN: usize = 12;

/// How many remarks of the rule book may wait.
const QUEUE: usize = 16;

/// What every conversation of this chat is made with.
pub(super) struct Ground {
    simulator: Option<Simulator>,
    catalog: Catalog,
    pub(super) transport: Transport,
}

impl Ground {
    pub(super) async fn prepare(args: &AgentArgs, machine: &Machine) -> Result<Self, Failure> {
        let simulator = match args.simulate {
            true => Some(build::simulator(machine).await?),
            false => None,
        };
        let (catalog, transport) = reach(args, machine, simulator.as_ref())?;
        Ok(Self {
            simulator,
            catalog,
            transport,
        })
    }

    /// Whether what is learnt here is true elsewhere.
    pub(super) fn is_real(&self) -> bool {
        self.simulator.is_none()
    }
}

/// Where a conversation's questions come from; the chat hears them through [`Ears`].
#[derive(Clone)]
pub(super) struct Voices {
    questions: mpsc::Sender<super::question::Asked>,
    notes: mpsc::Sender<String>,
}

impl Voices {
    pub(super) fn new() -> (Self, Ears) {
        let (questions, heard) = Person::channel();
        let (notes, told) = mpsc::channel(QUEUE);
        let ears = Ears {
            questions: heard,
            notes: told,
        };
        (Self { questions, notes }, ears)
    }

    fn asked(&self) -> build::Asked {
        let notes = self.notes.clone();
        build::Asked {
            approver: Some(Person::on(self.questions.clone())),
            tell: Box::new(move |text| {
                // Where too many wait, this one is not missed.
                let _ = notes.try_send(text.to_owned());
            }),
            waits_on: true,
        }
    }
}

/// A conversation and its agent.
pub(super) struct Conversation {
    pub(super) agent: Agent,
    pub(super) model: ModelName,
    pub(super) id: String,
    /// Where it is kept; nowhere if it cannot be resumed.
    pub(super) kept: Option<Arc<SqliteStore>>,
    pub(super) recording: Recording,
    /// The ground's, with this conversation's calls on record.
    pub(super) catalog: Catalog,
    /// What is resumed.
    pub(super) note: Option<String>,
}

impl Conversation {
    pub(super) async fn open(
        args: &AgentArgs,
        machine: &Machine,
        ground: &Ground,
        voices: &Voices,
    ) -> Result<Self, Failure> {
        let asked = voices.asked();
        let (keeping, kept) = keep::open(args, machine, &asked.tell).await?;
        let (id, note) = (keeping.id().to_owned(), keeping.note());
        let recording = Recording::new("chat", kept.as_ref(), args.record_bodies);
        let catalog = recording.of(ground.catalog.clone(), machine);
        let parts = build::Parts {
            catalog: &catalog,
            transport: &ground.transport,
            simulator: ground.simulator.as_ref(),
            keeping,
            asked,
        };
        let (agent, model) = build::agent(args, machine, parts)?;
        Ok(Self {
            agent,
            model,
            id,
            kept,
            recording,
            catalog,
            note,
        })
    }

    /// Whether its model can be shown images, as far as anybody has told.
    pub(super) fn takes_images(&self) -> Option<bool> {
        self.catalog.takes_images(&self.model)
    }

    /// Asks another model, or another way, from the next turn on.
    pub(super) fn ask_instead(
        &mut self,
        args: &AgentArgs,
        machine: &Machine,
        ground: &Ground,
        voices: &Voices,
    ) -> Result<(), Failure> {
        let simulator = ground.simulator.as_ref();
        let folder = self.agent.root().path().to_owned();
        let asked = build::Asking {
            catalog: &self.catalog,
            transport: &ground.transport,
            simulator,
            session_id: &self.id,
            folder: &folder,
        };
        let model = build::model(args, machine, &asked)?;
        let auxiliary = build::auxiliary(args, machine, &asked, &voices.asked().tell);
        let auxiliary = auxiliary.map(|chain| Box::new(chain) as _);
        self.model = model.name().clone();
        let window = self.catalog.context_window(&self.model);
        self.agent
            .ask_instead(Box::new(model.waiting_on()), window, auxiliary);
        Ok(())
    }
}

/// The newest of what was said, as it was shown.
pub(super) fn shown(transcript: &Transcript) -> Vec<Block> {
    let blocks: Vec<Block> = transcript.items().iter().filter_map(block).collect();
    let before = blocks.len().saturating_sub(SHOWN);
    let left_out = (before > 0).then(|| {
        let text = format!("… {before} earlier messages and calls");
        Block::Note(Tone::Talk, text)
    });
    left_out
        .into_iter()
        .chain(blocks.into_iter().skip(before))
        .collect()
}

/// The prompts, oldest first.
pub(super) fn prompts(transcript: &Transcript) -> impl Iterator<Item = String> {
    let items = transcript.items().iter();
    items.filter_map(|item| match item.view() {
        ItemView::Message { role, text, .. } if role == "user" => Some(text),
        _ => None,
    })
}

fn block(item: &Item) -> Option<Block> {
    match item.view() {
        ItemView::Message { role, text, .. } if role == "user" => Some(Block::User(text)),
        ItemView::Message {
            role,
            text,
            refusal,
            ..
        } if role == "assistant" => Some(Block::Model(refusal.unwrap_or(text))),
        ItemView::FunctionCall {
            name, arguments, ..
        } => Some(Block::Card(Card {
            changes: None,
            summary: format!("{name} {arguments}"),
            name: name.into_owned(),
            outcome: ToolOutcome::Done,
            output: String::new(),
            took: std::time::Duration::ZERO,
        })),
        _ => None,
    }
}
