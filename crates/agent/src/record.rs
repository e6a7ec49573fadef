//! The journal of a conversation and what is derived from it, kept in step: nothing is in the
//! transcript that has not been recorded, but for notes.
//!
//! A turn may be interrupted while the journal writes, and what was handed to it is written all the
//! same. So an append outlives its turn, and whatever comes next waits first for what became of it.

use std::sync::Arc;

use alipes_store::{Attempt, Entry, Journal, JournalError, Transcript};
use alipes_transport::Trace;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

/// A conversation on record.
pub(crate) struct Record {
    /// The append that is under way holds it, too.
    journal: Arc<Mutex<Box<dyn Journal>>>,
    pub(crate) transcript: Transcript,
    pending: Option<Append>,
}

/// Entries that were handed to the journal, and what becomes of them.
struct Append {
    entries: Vec<Entry>,
    kept: BoxFuture<'static, Result<(), JournalError>>,
}

impl Record {
    /// A conversation as far as its journal tells.
    pub(crate) fn new(journal: Box<dyn Journal>, transcript: Transcript) -> Self {
        Self {
            journal: Arc::new(Mutex::new(journal)),
            transcript,
            pending: None,
        }
    }

    /// Records entries, all or none, and lets them count.
    pub(crate) async fn keep(&mut self, entries: Vec<Entry>) -> Result<(), JournalError> {
        // Between the beginning of a turn and its end nothing is left pending.
        self.catch_up().await;
        if entries.is_empty() {
            return Ok(());
        }
        let (journal, handed) = (Arc::clone(&self.journal), entries.clone());
        let kept = Box::pin(async move { journal.lock().await.append(handed).await });
        self.pending = Some(Append { entries, kept });
        self.settle().await
    }

    /// Waits for an append that nobody has waited for: before this the transcript may lack what it
    /// keeps. One that failed leaves nothing, and whoever asked for it has gone. Gives the words of the
    /// user in it.
    pub(crate) async fn catch_up(&mut self) -> Vec<String> {
        let is_word = |entry: &Entry| matches!(entry, Entry::Said(_));
        let entries = self.pending.iter().flat_map(|append| &append.entries);
        let words = entries.filter(|entry| is_word(entry));
        let words: Vec<String> = words.filter_map(Entry::text).collect();
        match self.settle().await {
            Ok(()) => words,
            Err(_) => Vec::new(),
        }
    }

    /// Notes what nothing hangs on, and lets it count at once.
    pub(crate) fn note(&mut self, entry: Entry) {
        // Only an append that nobody has waited for yet holds it, and a note may be missed.
        if let Ok(mut journal) = self.journal.try_lock() {
            journal.note(entry.clone());
        }
        self.transcript.add(entry);
    }

    async fn settle(&mut self) -> Result<(), JournalError> {
        let Some(append) = &mut self.pending else {
            return Ok(());
        };
        let kept = append.kept.as_mut().await;
        let entries = self.pending.take().map(|append| append.entries);
        kept?;
        for entry in entries.into_iter().flatten() {
            self.transcript.add(entry);
        }
        Ok(())
    }
}

/// An attempt that has ended, for the record.
pub(crate) fn attempt(trace: &Trace) -> Option<Attempt> {
    let (number, route, outcome, took) = match trace {
        Trace::AttemptDone {
            attempt,
            route,
            took,
        } => (attempt, Some(*route), "done", took),
        Trace::AttemptFault {
            attempt,
            fault,
            took,
            ..
        } => (attempt, Some(fault.route), fault.cause.as_str(), took),
        Trace::AttemptLost {
            attempt,
            fault,
            took,
        } => match fault {
            Some(fault) => (attempt, Some(fault.route), fault.cause.as_str(), took),
            None => (attempt, None, "not needed", took),
        },
        _ => return None,
    };
    Some(Attempt {
        number: *number,
        route: route.map(|route| route.as_str().to_owned()),
        outcome: outcome.to_owned(),
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}
