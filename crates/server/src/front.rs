//! What knows one dialect of clients: how an answer is written for them.
//!
//! Everything else (keys, routing, healing, waiting, ending) is the same for all and lives in
//! `respond` and `answer`. A front is a value without state, so that there is one of each.

use alipes_wire::{ApiError, Dialect, RawEvent};
use bytes::Bytes;

use crate::event::Event;

/// One dialect of clients.
pub(crate) trait Front: Send + Sync {
    /// The dialect.
    fn dialect(&self) -> Dialect;

    /// What the ids of its answers begin with.
    fn id_prefix(&self) -> &'static str;

    /// Who writes an answer whose events come in the dialect `from`; `None`: it cannot be written
    /// for these clients. One that comes in the client's own dialect always can.
    fn writer(&self, asked: &Asked, from: Dialect) -> Option<Box<dyn Writer>>;

    /// What is sent while nothing comes, so that nobody on the way takes the client for gone.
    fn sign_of_life(&self) -> &'static [u8] {
        b": waiting\n\n"
    }
}

/// What a writer knows of the request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The id of the answer, as the client sees it.
    pub(crate) id: String,
    /// The model, as the client calls it.
    pub(crate) model: String,
    /// The response that is continued, as the client calls it.
    pub(crate) previous_response_id: Option<String>,
    /// When it began, in seconds since the Unix epoch.
    pub(crate) created_at: u64,
    /// Whether a stream ends with its usage; false only where Chat Completions does not ask.
    #[expect(dead_code, reason = "for the front of Chat Completions")]
    pub(crate) include_usage: bool,
}

/// Writes one answer.
pub(crate) trait Writer: Send {
    /// The events that say what `event` says.
    fn push(&mut self, event: &RawEvent) -> Vec<Event>;

    /// The events behind the last one of an answer that came to its end.
    fn end(&mut self) -> Vec<Event> {
        Vec::new()
    }

    /// The events that end an answer which does not come to its end.
    fn fail(&mut self, error: &ApiError) -> Vec<Event>;

    /// The whole answer, for who does not stream; `None` if there is none.
    fn whole(&mut self) -> Option<Bytes>;

    /// What the provider calls the answer, where it can be asked to go on from it.
    fn kept_as(&self) -> Option<String> {
        None
    }
}
