//! Where a turn's conversation is kept, and whether it is a new one.

use std::path::Path;
use std::sync::Arc;

use alipes_agent::Agent;
use alipes_base::Redactor;
use alipes_models::ModelName;
use alipes_store::{
    About, Conversation, Journal, LAST, MemoryJournal, SqliteStore, Store as _, Transcript, Turn,
};
use alipes_tools::Root;
use alipes_wire::ItemView;
use anyhow::anyhow;

use super::resume::{self, Held, Resumed};
use crate::args::AgentArgs;
use crate::failure::Failure;
use crate::sessions::{named, short};
use crate::setup::Machine;
use crate::store::opened;
use crate::streams::say;
use crate::style::{counted, one_line};

/// The longest way back in a line of talk.
const LONGEST_WAY: usize = 250;

/// A conversation that a turn is about to go on with.
pub(crate) struct Keeping {
    id: String,
    place: Place,
}

enum Place {
    /// Nowhere: nobody will resume it.
    Nowhere,
    New(Arc<SqliteStore>),
    Resumed(Box<Resumed>),
}

/// The store, for what is to be done when the turn has ended.
pub(crate) type Kept = Option<Arc<SqliteStore>>;

/// Finds the place that the arguments ask for; tells if that takes long.
pub(crate) async fn open(
    args: &AgentArgs,
    machine: &Machine,
    tell: &dyn Fn(&str),
) -> Result<(Keeping, Kept), Failure> {
    let options = match args.ephemeral {
        true => None,
        false => machine.store()?,
    };
    let Some(options) = options else {
        if args.resume.is_some() {
            let reason = "there is no place for conversations: set HOME or ALIPES_HOME";
            return Err(Failure::usage(anyhow!(reason)));
        }
        let (id, place) = (machine.rng.uuid(), Place::Nowhere);
        return Ok((Keeping { id, place }, None));
    };
    let Some(name) = &args.resume else {
        let store = Arc::new(opened(options, tell).await?);
        let (id, place) = (machine.rng.uuid(), Place::New(Arc::clone(&store)));
        return Ok((Keeping { id, place }, Some(store)));
    };
    // Reading first: who asks for what is not there makes no store.
    let reading = SqliteStore::opened_to_read(options.clone()).await?;
    let found = reading.find(name).await?;
    let store = Arc::new(opened(options, tell).await?);
    let resumed = match &**name {
        LAST => resume::newest(&store, &machine.redactor).await?,
        _ => resume::this(&store, found).await?,
    };
    let keeping = Keeping {
        id: resumed.summary.id.clone(),
        place: Place::Resumed(Box::new(resumed)),
    };
    Ok((keeping, Some(store)))
}

impl Keeping {
    /// The conversation's name.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The name by which it can be resumed; none if it cannot.
    pub(crate) fn name(&self) -> Option<String> {
        match self.place {
            Place::Nowhere => None,
            _ => Some(self.id.clone()),
        }
    }

    /// What is resumed, in a line of talk.
    pub(crate) fn note(&self, redactor: &Redactor) -> Option<String> {
        let Place::Resumed(resumed) = &self.place else {
            return None;
        };
        let state = match resumed.transcript.turn() {
            Turn::None | Turn::Answered => "",
            Turn::Unfinished => "; its last turn was interrupted",
            Turn::Failed(_) => "; its last turn failed",
        };
        let newer = match resumed.newer.as_slice() {
            [] => String::new(),
            [one] => format!("{} is open in another alipes; ", named(one, redactor)),
            [one, more @ ..] => {
                let (one, more) = (named(one, redactor), more.len());
                format!("{one} and {more} more are open in another alipes; ")
            }
        };
        let resumed = named(&resumed.summary, redactor);
        Some(format!("{newer}resuming {resumed}{state}"))
    }

    /// That it was begun in another folder than `here`, with what goes back there; nothing where it was
    /// not.
    pub(crate) fn moved(&self, here: &Path) -> Option<String> {
        let Place::Resumed(resumed) = &self.place else {
            return None;
        };
        let folder = &resumed.summary.folder;
        let is_there = Path::new(folder) == here;
        (!is_there).then(|| {
            let (folder, id) = (shell_word(folder), short(&self.id));
            let way = one_line(&format!("-C {folder} --resume {id}"), LONGEST_WAY);
            format!("it was begun in another folder; {way} goes back there")
        })
    }

    /// With whom it was held before, where it is one that was.
    pub(crate) fn held(&mut self) -> Option<Held> {
        match &mut self.place {
            Place::Resumed(resumed) => resumed.held.take(),
            _ => None,
        }
    }

    /// Where the turn records what happens, and what was said before it.
    pub(crate) fn journal(self, root: &Root, model: &ModelName) -> (Box<dyn Journal>, Transcript) {
        match self.place {
            Place::Nowhere => (Box::new(MemoryJournal::default()), Transcript::default()),
            Place::New(store) => {
                let about = About {
                    id: self.id,
                    folder: root.path().display().to_string(),
                    model: model.to_string(),
                };
                let conversation = Conversation::new(store, about);
                (Box::new(conversation), Transcript::default())
            }
            Place::Resumed(resumed) => (Box::new(resumed.conversation), resumed.transcript),
        }
    }
}

/// A word as a shell takes it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Whether a turn that did not end well has done something that is worth going on with.
pub(crate) fn is_worth_resuming(agent: &Agent) -> bool {
    let last = agent.transcript().items().last();
    let is_prompt = |item: &alipes_wire::Item| match item.view() {
        ItemView::Message { role, .. } => role == "user",
        _ => false,
    };
    last.is_some_and(|item| !is_prompt(item))
}

/// Looks after the store when the turn has ended: nothing depends on it.
pub(crate) async fn tidy_up(kept: &Kept, machine: &Machine) {
    let (Some(store), Ok(retention)) = (kept, machine.retention()) else {
        return;
    };
    if let Ok(deleted @ 1..) = store.prune_daily(retention).await {
        say(&format!(
            "deleted {}, unused for longer than `keep` under [store] says",
            counted(deleted, "conversation")
        ));
    }
}
