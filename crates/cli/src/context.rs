//! What an agent knows of its model's window, and who is asked beside its turns.

use std::time::Duration;

use alipes_agent::{Agent, Compacted, SummedUpBy};
use alipes_base::Deadline;
use alipes_models::{Catalog, Chain, ModelName};
use alipes_store::{SqliteStore, StoreError};
use alipes_wire::ItemView;

use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::say;
use crate::tally;

/// The longest that a command waits for what goes on beside its turn, when its answer is there.
const PATIENCE: Duration = Duration::from_secs(30);

/// The agent with all of that.
pub(crate) fn known(
    agent: Agent,
    catalog: &Catalog,
    model: &ModelName,
    auxiliary: Option<Chain>,
) -> Agent {
    let agent = match catalog.context_window(model) {
        Some(tokens) => agent.with_window(tokens),
        None => agent,
    };
    let agent = match auxiliary {
        Some(auxiliary) => agent.with_auxiliary(Box::new(auxiliary)),
        None => agent,
    };
    // Titles are worth a small model's time, and nobody else's.
    match catalog.has_auxiliary() {
        true => agent.with_title(),
        false => agent,
    }
}

/// Waits a little for what goes on beside a turn that has ended: it would be lost with the process.
/// `kept`: where the conversation is, and its name.
pub(crate) async fn settle(
    agent: &mut Agent,
    machine: &Machine,
    kept: Option<(&SqliteStore, &str)>,
) -> Result<(), Failure> {
    if agent.is_summing_up() {
        say("summing up what was said earlier, for the next turn; Ctrl-C leaves it");
    }
    let deadline = Deadline::after(&machine.clock, "summary", PATIENCE);
    if let Some(done) = agent.settle(deadline).await.map_err(Failure::failed)? {
        say(&compacted(done));
    }
    match kept {
        Some((store, id)) => Ok(entitle(agent, store, id).await?),
        None => Ok(()),
    }
}

/// What a compaction came to, in a line.
pub(crate) fn compacted(done: Compacted) -> String {
    let how = match done.by {
        SummedUpBy::Provider => "the provider has made shorter what was said earlier",
        SummedUpBy::Model => "summed up what was said earlier",
        SummedUpBy::Digest => "shortened what was said earlier, without a model",
    };
    let why = done.without.map(|why| format!(" ({})", why.reason()));
    let why = why.unwrap_or_default();
    let (before, after) = (tally::thousands(done.before), tally::thousands(done.after));
    format!(
        "{how}{why}: {before} tokens are {after} now; `alipes sessions undo last` takes that back"
    )
}

/// Gives a conversation the title that a model found for it, if its user has not called it otherwise.
pub(crate) async fn entitle(
    agent: &Agent,
    store: &SqliteStore,
    id: &str,
) -> Result<(), StoreError> {
    let Some(title) = agent.title() else {
        return Ok(());
    };
    let transcript = agent.transcript();
    let prompt = transcript.prompts().next();
    let said = prompt.map(|at| transcript.items()[at].view());
    let Some(ItemView::Message { text, .. }) = said else {
        return Ok(());
    };
    let first_line = alipes_store::title(&text);
    store.entitle(id, &first_line, title).await
}
