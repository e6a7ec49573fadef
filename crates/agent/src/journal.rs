//! What happened in a conversation, recorded before it has an effect.
//!
//! The journal is a trait because where it is kept is another room's matter. The order of its
//! entries is the promise: intent, then effect; result, then use.

use alipes_wire::Item;
use futures_util::future::BoxFuture;

/// Something worth keeping.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// The user's message.
    User(Item),
    /// An item of the model's answer.
    Model(Item),
    /// The gate's decision about a call.
    Decision {
        /// The call.
        call_id: String,
        /// Whether it may run.
        allowed: bool,
    },
    /// A call is about to run.
    ToolIntent {
        /// The call.
        call_id: String,
        /// The tool.
        name: String,
    },
    /// A call's output, before the model sees it.
    ToolResult(Item),
}

/// The record could not be written.
#[derive(Debug, thiserror::Error)]
#[error("what happened could not be recorded: {0}")]
pub struct JournalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where entries go.
pub trait Journal: Send {
    /// Keeps an entry; it is safe when this returns.
    ///
    /// # Errors
    /// [`JournalError`] if it could not be kept: then what it announces must not happen.
    fn append(&mut self, entry: Entry) -> BoxFuture<'_, Result<(), JournalError>>;
}

/// A journal in memory, for conversations that nobody will resume.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    entries: Vec<Entry>,
}

impl MemoryJournal {
    /// The entries so far, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, entry: Entry) -> BoxFuture<'_, Result<(), JournalError>> {
        self.entries.push(entry);
        Box::pin(std::future::ready(Ok(())))
    }
}
