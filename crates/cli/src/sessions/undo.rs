//! Takes back what came last in a conversation. Nothing is deleted: the journal says that it was.

use std::sync::Arc;

use alipes_store::{Conversation, Entry, Journal as _, SqliteStore, Summary, Undone};
use alipes_wire::{Item, ItemView};
use anyhow::anyhow;

use super::{short, title};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::say;

pub(super) async fn last(
    store: SqliteStore,
    found: &Summary,
    machine: &Machine,
) -> Result<(), Failure> {
    let store = Arc::new(store);
    let (mut conversation, transcript) = Conversation::resume(store, &found.id).await?;
    let id = short(&found.id);
    let Some(undone) = transcript.undoable() else {
        return Err(Failure::usage(anyhow!(
            "there is nothing to take back in {id}"
        )));
    };
    let entry = vec![Entry::Undone(undone)];
    conversation.append(entry).await.map_err(Failure::failed)?;
    say(&match undone {
        Undone::Compaction => {
            format!("took back the summary in {id}: the model sees the messages themselves again")
        }
        Undone::Turn => {
            let prompt = transcript.prompt().map(text).unwrap_or_default();
            let prompt = title(&prompt, &machine.redactor);
            format!("took back the turn “{prompt}” in {id}; what its tools have done stays done")
        }
    });
    Ok(())
}

fn text(item: &Item) -> String {
    match item.view() {
        ItemView::Message { text, .. } => text,
        _ => String::new(),
    }
}
