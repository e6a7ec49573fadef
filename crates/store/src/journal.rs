//! Where a turn records what happens, before it has an effect.
//!
//! The order of the entries is the promise: intent, then effect; result, then use.

use futures_util::future::BoxFuture;

use crate::Entry;

/// The record could not be written.
#[derive(Debug, thiserror::Error)]
#[error("what happened could not be recorded: {0}")]
pub struct JournalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where the entries of one conversation go.
pub trait Journal: Send {
    /// Keeps entries, all or none; they are safe when this returns. What it was called with is kept
    /// or not, but never in part, if the future is dropped.
    ///
    /// # Errors
    /// [`JournalError`] if they could not be kept: then what they announce must not happen.
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>>;

    /// Keeps an entry that nothing waits for: it is safe no later than what is appended next.
    fn note(&mut self, entry: Entry);
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
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>> {
        self.entries.extend(entries);
        Box::pin(std::future::ready(Ok(())))
    }

    fn note(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}
