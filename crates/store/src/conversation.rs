//! One conversation in a store: the journal of a turn.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::store::transcript;
use crate::{About, Entry, Journal, JournalError, Lease, Store, StoreError, Transcript};

/// Notes that wait for the next append; beyond this the oldest are dropped, because nothing hangs
/// on them.
const MOST_NOTES: usize = 256;

/// A conversation of this process. It exists in the store from its first append on, and is given
/// back when this is dropped.
pub struct Conversation {
    store: Arc<dyn Store>,
    place: Place,
    notes: Vec<Entry>,
}

enum Place {
    /// It begins with the first append.
    New(About),
    /// Its beginning was handed to the store, and nobody waited for what came of it.
    Begun(About),
    Leased(Lease),
}

impl Conversation {
    /// A conversation that nobody has written into.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, about: About) -> Self {
        Self {
            store,
            place: Place::New(about),
            notes: Vec::new(),
        }
    }

    /// Takes up a conversation where it stands.
    ///
    /// # Errors
    /// [`StoreError::Leased`] while another process is at it.
    pub async fn resume(store: Arc<dyn Store>, id: &str) -> Result<(Self, Transcript), StoreError> {
        let lease = store.lease(id).await?;
        // From here on the lease is given back, whatever comes.
        let conversation = Self {
            store,
            place: Place::Leased(lease),
            notes: Vec::new(),
        };
        let transcript = transcript(&conversation.store, id).await?;
        Ok((conversation, transcript))
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.place {
            Place::New(about) | Place::Begun(about) => &about.id,
            Place::Leased(lease) => &lease.conversation,
        }
    }

    /// Writes these entries down behind the notes, which wait on where that fails.
    async fn keep(&mut self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let notes = std::mem::take(&mut self.notes);
        let all = notes.iter().cloned().chain(entries).collect();
        let kept = self.write(all).await;
        if kept.is_err() {
            self.notes = notes;
        }
        kept
    }

    async fn write(&mut self, all: Vec<Entry>) -> Result<(), StoreError> {
        let about = match &self.place {
            Place::Leased(lease) => return self.store.append(lease, all).await,
            Place::New(about) => about.clone(),
            Place::Begun(about) => {
                let lease = Lease::first(&about.id);
                match self.store.append(&lease, all.clone()).await {
                    // It was not begun after all.
                    Err(StoreError::LeaseLost { .. }) => about.clone(),
                    Ok(()) => {
                        self.place = Place::Leased(lease);
                        return Ok(());
                    }
                    // Whether it was begun is as unknown as before.
                    Err(error) => return Err(error),
                }
            }
        };
        self.place = Place::Begun(about.clone());
        let lease = self.store.begin(about, all).await?;
        self.place = Place::Leased(lease);
        Ok(())
    }
}

impl Journal for Conversation {
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>> {
        Box::pin(async move {
            let kept = self.keep(entries).await;
            kept.map_err(|error| JournalError(Box::new(error)))
        })
    }

    fn note(&mut self, entry: Entry) {
        if self.notes.len() == MOST_NOTES {
            self.notes.remove(0);
        }
        self.notes.push(entry);
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        match &self.place {
            Place::New(_) => {}
            Place::Begun(about) => self.store.release(Lease::first(&about.id)),
            Place::Leased(lease) => self.store.release(lease.clone()),
        }
    }
}
