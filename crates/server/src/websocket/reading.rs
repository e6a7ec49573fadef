//! What a request on a socket says, whole: behind what the socket remembers of the response that it
//! continues.
//!
//! A long one takes a moment to read and to say anew. Every answer of the server comes by the same
//! thread, so that is done on another.

use alipes_wire::{Dialect, Item, NotARequest, RawEvent, Relayed};
use bytes::Bytes;

use super::history::History;
use crate::body::{Kept, Room};
use crate::refusal::Refusal;
use crate::respond;

/// What is read where it is, in bytes: less than a millisecond's work.
const AT_ONCE: usize = 128 << 10;

/// The type of a message that asks for a response (codex-protocol §2.2).
const CREATE: &str = "response.create";

/// A request, understood.
pub(super) struct Asked {
    /// The request, with its whole input.
    pub(super) words: Relayed,
    /// The response of this socket that it continues.
    pub(super) continued: Option<String>,
    /// The whole input.
    pub(super) said: Vec<Item>,
}

/// Reads a request; with it comes the room that it takes as a whole.
pub(super) async fn understand(
    history: History,
    room: Room,
    request: Result<Kept, Refusal>,
) -> Result<(Asked, Kept), Refusal> {
    let held = request?;
    let text = held.bytes.clone();
    let asked = match text.len() <= AT_ONCE {
        true => read(&history, text)?,
        false => {
            let reading = tokio::task::spawn_blocking(move || read(&history, text));
            let read = reading.await;
            read.unwrap_or_else(|_ended| Err(Refusal::stopping()))?
        }
    };
    // What it takes as a whole holds what was read of it.
    drop(held);
    let held = room.hold(asked.words.body().clone())?;
    Ok((asked, held))
}

fn read(history: &History, text: Bytes) -> Result<Asked, Refusal> {
    let words = Relayed::parse(Dialect::Responses, text.clone());
    let words = words.map_err(|error| not_understood(text, error))?;
    if words.kind.as_deref() != Some(CREATE) {
        return Err(another_type());
    }
    let mut said = words.items().to_vec();
    let continued = words.previous_response_id.clone();
    let known = continued.as_deref().and_then(|id| history.find(id));
    let Some(known) = known else {
        // What this socket does not know, a provider may.
        return Ok(Asked {
            words,
            continued: None,
            said,
        });
    };
    said = [known, &said].concat();
    let words = words.continuing(&said);
    Ok(Asked {
        words,
        continued,
        said,
    })
}

/// Why a message is not understood. One that is no request at all has none of its members either.
fn not_understood(text: Bytes, error: NotARequest) -> Refusal {
    match RawEvent::parse(text) {
        Ok(said) if said.kind() != CREATE => another_type(),
        _ => respond::not_a_request(error),
    }
}

fn another_type() -> Refusal {
    let why = format!("a message of type `{CREATE}` is expected");
    Refusal::invalid(why).about("type")
}
