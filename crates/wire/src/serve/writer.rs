//! The writers of the three dialects behind one door.

use crate::chat::ChatWriter;
use crate::messages::MessageWriter;
use crate::responses::ResponseWriter;
use crate::{ApiError, Dialect, Frame, Label, ModelEvent, Usage};

/// Writes an answer in a client's dialect.
#[derive(Debug)]
pub struct AnswerWriter(Writer);

#[derive(Debug)]
enum Writer {
    Responses(Box<ResponseWriter>),
    Chat(Box<ChatWriter>),
    Messages(Box<MessageWriter>),
}

impl AnswerWriter {
    /// An answer before its first event.
    #[must_use]
    pub fn new(dialect: Dialect, label: Label) -> Self {
        let (id, model) = (&label.id, &label.model);
        Self(match dialect {
            Dialect::Responses => Writer::Responses(Box::new(ResponseWriter::labelled(label))),
            Dialect::Chat => {
                let writer = ChatWriter::new(id, model, label.created_at, label.include_usage);
                Writer::Chat(Box::new(writer))
            }
            Dialect::Messages => Writer::Messages(Box::new(MessageWriter::new(id, model))),
        })
    }

    /// The events that `event` becomes.
    pub fn push(&mut self, event: &ModelEvent) -> Vec<Frame> {
        match &mut self.0 {
            Writer::Responses(writer) => writer.push(event),
            Writer::Chat(writer) => writer.push(event),
            Writer::Messages(writer) => writer.push(event),
        }
    }

    /// Ends an answer that was cut short. `reason` is as the Responses dialect names it.
    pub fn stop_short(&mut self, reason: &str, usage: Option<Usage>) -> Vec<Frame> {
        match &mut self.0 {
            Writer::Responses(writer) => {
                let mut frames = Vec::new();
                writer.close(&mut frames);
                frames.push(writer.stop_short(reason, usage));
                frames
            }
            Writer::Chat(writer) => writer.stop_short(reason, usage),
            Writer::Messages(writer) => writer.stop_short(reason, usage),
        }
    }

    /// Ends a stream that failed, with the vendor's event for it.
    pub fn fail(&mut self, error: &ApiError) -> Vec<Frame> {
        match &mut self.0 {
            Writer::Responses(writer) => writer.break_off(error),
            Writer::Chat(writer) => writer.fail(error),
            Writer::Messages(writer) => writer.fail(error),
        }
    }

    /// The whole answer as one JSON object; of use when it has ended.
    #[must_use]
    pub fn object(&self) -> String {
        match &self.0 {
            Writer::Responses(writer) => writer.object().unwrap_or_default().to_owned(),
            Writer::Chat(writer) => writer.object(),
            Writer::Messages(writer) => writer.object(),
        }
    }
}
