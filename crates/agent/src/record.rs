//! The journal of a conversation and what is derived from it, kept in step: nothing is in the
//! transcript that has not been recorded, but for notes.

use alipes_store::{Attempt, Entry, Journal, JournalError, Transcript};
use alipes_transport::Trace;

/// A conversation on record.
pub(crate) struct Record {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) transcript: Transcript,
}

impl Record {
    /// Records entries, all or none, and lets them count.
    pub(crate) async fn keep(&mut self, entries: Vec<Entry>) -> Result<(), JournalError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.append(entries.clone()).await?;
        for entry in entries {
            self.transcript.add(entry);
        }
        Ok(())
    }

    /// Notes what nothing hangs on, and lets it count at once.
    pub(crate) fn note(&mut self, entry: Entry) {
        self.journal.note(entry.clone());
        self.transcript.add(entry);
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
