//! An answer in one piece, as who does not stream gets it.
//!
//! It is read as the stream it stands for, so that there is one reader of each dialect.

use bytes::Bytes;

use crate::fields::Fields;
use crate::json::Object;
use crate::responses::Terminal;
use crate::{Assembler, Dialect, ModelEvent, NotAnEvent, StreamReader};

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it tells, in the order a stream would.
    pub events: Vec<ModelEvent>,
    /// How it ended.
    pub terminal: Terminal,
}

impl Dialect {
    /// Reads the body of an answer that was not streamed, or the error in it.
    ///
    /// # Errors
    /// [`NotAnEvent`] if the body is no answer of this dialect.
    pub fn answer(self, body: &[u8]) -> Result<Answer, NotAnEvent> {
        let fields = Fields::of(body).unwrap_or_default();
        let stream = match self {
            Self::Responses => of_responses(&fields),
            Self::Chat => None,
            Self::Messages => of_messages(&fields),
        };
        let mut reader = StreamReader::new(self);
        let mut assembler = Assembler::new(self);
        let mut events = Vec::new();
        let stream = stream.unwrap_or_else(|| vec![Bytes::copy_from_slice(body)]);
        for data in stream {
            let event = reader.event(data)?;
            assembler.push(&event, &mut events);
            if let Some(terminal) = reader.terminal(&event) {
                return Ok(Answer { events, terminal });
            }
        }
        let nothing = || serde::de::Error::custom("the answer does not say how it ended");
        let end = reader
            .missing_end()
            .ok_or_else(|| NotAnEvent::new(nothing()))?;
        assembler.push(&end, &mut events);
        let terminal = reader.terminal(&end);
        let terminal = terminal.ok_or_else(|| NotAnEvent::new(nothing()))?;
        Ok(Answer { events, terminal })
    }
}

fn of_responses(response: &Fields<'_>) -> Option<Vec<Bytes>> {
    let status = response.string("status")?;
    let created = Object::of_type("response.created");
    let whole = response.rest(&[])?;
    let mut stream: Vec<Bytes> = vec![created.raw("response", &whole).end().into()];
    for item in response.list("output") {
        let done = Object::of_type("response.output_item.done").raw("item", item.get());
        stream.push(done.end().into());
    }
    let end = Object::of_type(&format!("response.{status}")).raw("response", &whole);
    stream.push(end.end().into());
    Some(stream)
}

fn of_messages(message: &Fields<'_>) -> Option<Vec<Bytes>> {
    (message.string("type")? == "message").then_some(())?;
    let envelope = message.rest(&["content"])?;
    let start = Object::of_type("message_start").raw("message", &envelope);
    let mut stream: Vec<Bytes> = vec![start.end().into()];
    for (index, block) in message.list("content").into_iter().enumerate() {
        let begun = Object::of_type("content_block_start").put("index", index);
        stream.push(begun.raw("content_block", block.get()).end().into());
        let done = Object::of_type("content_block_stop").put("index", index);
        stream.push(done.end().into());
    }
    stream.push(Object::of_type("message_stop").end().into());
    Some(stream)
}
