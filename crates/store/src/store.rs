//! What a store can do, in plain types: nothing here knows what keeps it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::{Entry, Retention, StoreError, Transcript};

/// What a new conversation is.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its name for ever: unique, chosen by whoever begins it.
    pub id: String,
    /// The folder it works in.
    pub folder: String,
    /// The model it began with.
    pub model: String,
}

/// The right to write into a conversation, until it is released or somebody else has taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The conversation.
    pub conversation: String,
    /// Grows with every owner: an older one is refused.
    pub epoch: u64,
}

impl Lease {
    /// The lease with which a conversation begins.
    pub(crate) fn first(id: &str) -> Self {
        Self {
            conversation: id.to_owned(),
            epoch: 1,
        }
    }
}

/// A conversation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub id: String,
    /// What it is about: the first line of its first message, or what somebody called it.
    pub title: String,
    /// The folder it began in.
    pub folder: String,
    /// The model it began with.
    pub model: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub begun_ms: u64,
    /// When its last turn began, in milliseconds since the Unix epoch.
    pub used_ms: u64,
    /// Its user's messages.
    pub turns: u64,
    /// Where its last turn stands.
    pub standing: Standing,
}

/// Where the last turn of a conversation stands, as far as a list tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has ended, and no process has the conversation.
    Ended,
    /// A process has the conversation, and is not in a turn.
    Open,
    /// A process is in it.
    AtWork,
    /// It has not ended, and no process is at it: it was cut.
    Interrupted,
}

impl Standing {
    /// Whether a process has the conversation.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Open | Self::AtWork)
    }
}

/// The name that means the conversation that was used last.
pub const LAST: &str = "last";

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Grows with every entry of the store, whatever the clock does.
    pub number: u64,
    /// When it was recorded, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened.
    pub entry: Entry,
}

/// A conversation that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The conversation.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The newest entry that was found.
    pub at_ms: u64,
    /// The text around the words in it, in one line.
    pub excerpt: String,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The conversations, newest first.
    pub hits: Vec<Hit>,
    /// Older ones were looked for, too, or as many as were asked for are found. Otherwise the words are so
    /// frequent that only the newest entries were looked through.
    pub is_whole: bool,
}

/// Durable state, whatever keeps it. Every call is bounded in time.
pub trait Store: Send + Sync {
    /// Begins a conversation with these entries, leased to this process; the epoch is 1.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is one of this id.
    fn begin(&self, about: About, entries: Vec<Entry>) -> BoxFuture<'_, Result<Lease, StoreError>>;

    /// Takes the lease of a conversation whose owner has released it, died, or been silent for too
    /// long.
    ///
    /// # Errors
    /// [`StoreError::Leased`] while another process, or this one, is at it.
    fn lease(&self, id: &str) -> BoxFuture<'_, Result<Lease, StoreError>>;

    /// Adds entries, all or none; they are on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the conversation belongs to somebody else by now.
    fn append(&self, lease: &Lease, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Gives a lease back. Nothing is waited for: a lease that could not be given back ends with
    /// its process.
    fn release(&self, lease: Lease);

    /// The entries of a conversation after the one numbered `after`, oldest first, at most `most`.
    fn entries(
        &self,
        id: &str,
        after: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Recorded>, StoreError>>;

    /// The conversations used last, newest first, at most `most`.
    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<Summary>, StoreError>>;

    /// The conversation that `name` means: its id, the beginning of it, or [`LAST`].
    ///
    /// # Errors
    /// [`StoreError::Unknown`] and [`StoreError::Ambiguous`].
    fn find(&self, name: &str) -> BoxFuture<'_, Result<Summary, StoreError>>;

    /// The conversations in which all words occur in one entry, at most `most`: the one with the newest such
    /// entry first, whatever fits better. A word may end in `*`. The newest entries are looked through with
    /// an effort that is bounded whatever is asked.
    fn search(&self, words: &str, most: usize) -> BoxFuture<'_, Result<Found, StoreError>>;

    /// Gives a conversation another title.
    fn rename(&self, id: &str, title: &str) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Deletes a conversation and its journal.
    ///
    /// # Errors
    /// [`StoreError::Leased`] while a process is at it.
    fn delete(&self, id: &str) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Deletes what is kept for longer than `retention` says, but nothing that a process is at;
    /// gives how many conversations.
    fn prune(&self, retention: Retention) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// How many entries are read at once.
const PAGE: usize = 512;

/// The transcript of a conversation.
pub(crate) async fn transcript(store: &Arc<dyn Store>, id: &str) -> Result<Transcript, StoreError> {
    let mut transcript = Transcript::default();
    let mut after = 0;
    loop {
        let page = store.entries(id, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(transcript);
        };
        after = last.number;
        for recorded in page {
            transcript.add(recorded.entry);
        }
    }
}
