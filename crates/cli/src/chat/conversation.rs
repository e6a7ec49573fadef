//! The conversation that the chat is in: its agent, where it is kept, and what was said in it before.

use std::sync::Arc;
use std::time::Duration;

use alipes_agent::{Agent, ToolOutcome};
use alipes_base::Redactor;
use alipes_models::{Catalog, Model as _, ModelName};
use alipes_simulator::Simulator;
use alipes_store::{Origin, Progress, SqliteStore, Transcript};
use alipes_tools::Toolbox;
use alipes_transport::Transport;
use alipes_wire::ItemView;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::blocks::{Block, Card, Tone};
use super::front::Ears;
use super::question::Person;
use crate::args::AgentArgs;
use crate::context;
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
    is_entitled: bool,
    /// What is resumed.
    pub(super) note: Option<String>,
    /// What is not as it was then: the folder, the model.
    pub(super) differs: Vec<String>,
}

impl Conversation {
    pub(super) async fn open(
        args: &AgentArgs,
        machine: &Machine,
        ground: &Ground,
        voices: &Voices,
    ) -> Result<Self, Failure> {
        let asked = voices.asked();
        let (mut keeping, kept) = keep::open(args, machine, &asked.tell).await?;
        let (id, note) = (keeping.id().to_owned(), keeping.note(&machine.redactor));
        let moved = keeping.moved(build::root(args, machine, &ground.catalog)?.path());
        let held = keeping.held();
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
        let held = held.and_then(|held| held.otherwise(&model, true));
        let differs = moved.into_iter().chain(held).collect();
        Ok(Self {
            agent,
            model,
            id,
            kept,
            recording,
            catalog,
            is_entitled: false,
            note,
            differs,
        })
    }

    /// Whether its model can be shown images, as far as anybody has told.
    pub(super) fn takes_images(&self) -> Option<bool> {
        self.catalog.takes_images(&self.model)
    }

    /// Gives it back: what it left running is ended, and what was recorded is written. Gives what could
    /// not be.
    pub(super) async fn closed(self) -> Vec<String> {
        let Self {
            agent,
            recording,
            kept,
            catalog,
            ..
        } = self;
        // Where waiting for a thread of the store's holds nobody up.
        let _ = spawn_blocking(move || drop((agent, catalog))).await;
        let lost = recording.written().await;
        let _ = spawn_blocking(move || drop((recording, kept))).await;
        lost
    }

    /// Keeps the title that a model has given it, once there is one.
    pub(super) async fn entitle(&mut self) {
        if self.is_entitled || self.agent.title().is_none() {
            return;
        }
        self.is_entitled = true;
        if let Some(store) = &self.kept {
            // The first line of the prompt is a title, too.
            let _ = context::entitle(&self.agent, store, &self.id).await;
        }
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
pub(super) fn shown(transcript: &Transcript, toolbox: &Toolbox, redactor: &Redactor) -> Vec<Block> {
    let all = 0..transcript.items().len();
    let seen: Vec<usize> = all.filter(|at| is_seen(transcript, *at)).collect();
    let before = seen.len().saturating_sub(SHOWN);
    let left_out = (before > 0).then(|| {
        let text = format!("… {before} earlier messages and calls");
        Block::Note(Tone::Talk, text)
    });
    let shown = seen[before..].iter();
    let shown = shown.filter_map(|at| block(transcript, *at, toolbox, redactor));
    left_out.into_iter().chain(shown).collect()
}

/// The prompts, oldest first.
pub(super) fn prompts(transcript: &Transcript) -> impl Iterator<Item = String> {
    let origins = transcript.origins().iter();
    let told = transcript.items().iter().zip(origins);
    let said = told.filter(|(_, origin)| **origin == Origin::Person);
    said.filter_map(|(item, _)| match item.view() {
        ItemView::Message { text, .. } => Some(text),
        _ => None,
    })
}

fn is_seen(transcript: &Transcript, at: usize) -> bool {
    match transcript.origins()[at] {
        Origin::Person | Origin::Summary => true,
        Origin::Model => matches!(
            transcript.items()[at].view(),
            ItemView::Message { .. } | ItemView::FunctionCall { .. }
        ),
        _ => false,
    }
}

fn block(
    transcript: &Transcript,
    at: usize,
    toolbox: &Toolbox,
    redactor: &Redactor,
) -> Option<Block> {
    let (item, origin) = (&transcript.items()[at], transcript.origins()[at]);
    if origin == Origin::Summary {
        let text = "what was said before this is summed up for the model";
        return Some(Block::Note(Tone::Talk, text.to_owned()));
    }
    match item.view() {
        ItemView::Message { text, .. } if origin == Origin::Person => {
            Some(Block::User(redactor.redact(&text)))
        }
        ItemView::Message { text, refusal, .. } => {
            let text = refusal.unwrap_or(text);
            Some(Block::Model(redactor.redact(&text)))
        }
        ItemView::FunctionCall {
            call_id,
            name,
            arguments,
        } => {
            let (output, outcome) = output(transcript, at, &call_id);
            Some(Block::Card(Card {
                changes: None,
                summary: summary(toolbox, &name, &arguments, redactor),
                name: name.into_owned(),
                outcome,
                output: redactor.redact(&output),
                took: Duration::ZERO,
            }))
        }
        _ => None,
    }
}

/// What came of the call at this place; where nothing did, what the model will be told of it.
fn output(transcript: &Transcript, at: usize, call_id: &str) -> (String, ToolOutcome) {
    let origins = transcript.origins()[at..].iter();
    let mut later = transcript.items()[at..].iter().zip(origins);
    let ended = later.find_map(|(item, origin)| match (item.view(), origin) {
        (
            ItemView::FunctionCallOutput {
                call_id: of,
                output,
            },
            Origin::Tool(outcome),
        ) if of == call_id => Some((output, *outcome)),
        _ => None,
    });
    ended.unwrap_or_else(|| {
        let open = transcript
            .open()
            .iter()
            .find(|open| open.call_id == call_id);
        let progress = open.map_or(Progress::Unknown, |open| open.progress);
        (progress.told().to_owned(), progress.outcome())
    })
}

/// The call as it was told when it began.
fn summary(toolbox: &Toolbox, name: &str, arguments: &str, redactor: &Redactor) -> String {
    let input = serde_json::from_str(arguments).ok();
    match (toolbox.get(name), input) {
        (Some(tool), Some(input)) => tool.summary(&input, redactor),
        _ => redactor.redact(name),
    }
}

#[cfg(test)]
mod tests {
    use alipes_store::{Entry, Part};
    use alipes_wire::Item;

    use super::*;

    const LIKE_A_SUMMARY: &str = "What was said and done before this, was it right?";

    fn call(id: &str) -> Entry {
        let json = format!(
            r#"{{"type":"function_call","call_id":"{id}","name":"shell","arguments":"{{}}"}}"#
        );
        Entry::Model(Item::parse(&json).unwrap())
    }

    #[test]
    fn what_is_shown_again_goes_by_what_happened_and_not_by_how_a_text_begins() {
        let transcript = Transcript::of([
            Entry::Project(Item::user("# Our house rules")),
            Entry::User(Item::user(LIKE_A_SUMMARY)),
            call("c1"),
            Entry::ran("c1", "error: 0 tests failed", ToolOutcome::Done),
            call("c2"),
            Entry::ran("c2", "there is no tool \"shell\"", ToolOutcome::Failed),
        ]);
        let blocks = shown(&transcript, &Toolbox::builtin(), &Redactor::new());
        let [Block::User(said), Block::Card(done), Block::Card(failed)] = &blocks[..] else {
            panic!("{blocks:?}");
        };
        assert_eq!(said, LIKE_A_SUMMARY);
        assert_eq!(
            (done.outcome, failed.outcome),
            (ToolOutcome::Done, ToolOutcome::Failed)
        );
        assert!(prompts(&transcript).eq([LIKE_A_SUMMARY]));
    }

    #[test]
    fn a_call_that_was_cut_off_before_it_began_was_not_run() {
        let mut transcript = Transcript::of([Entry::User(Item::user("go")), call("c1")]);
        for _ in 0..2 {
            let blocks = shown(&transcript, &Toolbox::builtin(), &Redactor::new());
            let Some(Block::Card(card)) = blocks.get(1) else {
                panic!("{blocks:?}");
            };
            assert_eq!(card.outcome, ToolOutcome::NotRun);
            let rows = blocks[1].rows(80);
            assert!(rows[0].to_string().ends_with(" · not run"), "{rows:?}");
            assert_eq!(rows[1].to_string(), "  interrupted before it began");
            // The same when the conversation has gone on without it.
            transcript.add(Entry::User(Item::user("never mind")));
        }
    }

    #[test]
    fn a_summary_is_told_as_one_however_it_begins() {
        let mut transcript = Transcript::of([Entry::User(Item::user("one"))]);
        transcript.add(Entry::Compaction {
            summary: vec![Part::summary("in short")],
            kept: 0,
            maker: None,
        });
        let blocks = shown(&transcript, &Toolbox::builtin(), &Redactor::new());
        assert!(matches!(&blocks[..], [Block::Note(..)]), "{blocks:?}");
        assert_eq!(prompts(&transcript).count(), 0);
    }
}
