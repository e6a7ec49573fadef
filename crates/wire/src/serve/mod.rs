//! The server's side of an answer, for who does not care which dialect its client speaks.
//!
//! A provider of the client's own dialect is passed on: only the response's id, the sequence numbers
//! and the model's name are others, every other byte is the provider's. One of another dialect is
//! assembled and written anew. Nobody above needs to know which of the two happens.

mod answer_out;
mod pass;
mod rewrite;
mod whole_chat;
mod whole_message;
mod writer;

pub use answer_out::AnswerOut;
pub use writer::AnswerWriter;

use crate::{ApiError, Dialect, chat, messages};

impl Dialect {
    /// The body of a refused request, in the shape that clients of this dialect read. `status` is the
    /// HTTP status that it comes with.
    #[must_use]
    pub fn error_body(self, error: &ApiError, status: Option<u16>) -> String {
        match self {
            Self::Responses | Self::Chat => chat::error_body(error),
            Self::Messages => messages::error_body(error, status),
        }
    }

    /// What keeps a client waiting while there is nothing to tell, as it stands in the stream. The
    /// vendor of Messages has an event for it; the others' clients know comments (WHATWG HTML §9.2).
    #[must_use]
    pub fn keep_alive(self) -> &'static str {
        match self {
            Self::Responses | Self::Chat => ": waiting\n\n",
            Self::Messages => "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        }
    }
}
