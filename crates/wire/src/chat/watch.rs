//! How an answer of this dialect ends: over several chunks, one of which may never come.
//!
//! The reason comes in one chunk, the usage often behind it, and `[DONE]` at the very end. Some
//! servers leave out `[DONE]`, some the reason; what came before tells what is meant.

use bytes::Bytes;

use super::chunk::{Chunk, DONE};
use crate::responses::Terminal;
use crate::{ApiError, NotAnEvent, RawEvent, Usage};

/// What has been seen of one answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    id: String,
    usage: Option<Usage>,
    finish: Option<String>,
    spoken: bool,
}

/// Why an answer is not whole. (OpenAI: `length`, `content_filter`; vLLM adds `abort`.)
const CUT_SHORT: &[(&str, &str)] = &[
    ("length", "max_output_tokens"),
    ("max_tokens", "max_output_tokens"),
    ("model_length", "max_output_tokens"),
    ("content_filter", "content_filter"),
    ("safety", "content_filter"),
    ("abort", "abort"),
];

impl Watch {
    /// Takes note of a chunk that has been read.
    pub(super) fn note(&mut self, kind: &str, chunk: &Chunk<'_>) {
        if self.id.is_empty() {
            self.id = chunk.id().unwrap_or_default();
        }
        self.usage = chunk.usage().or(self.usage);
        self.finish = chunk.finish().or(self.finish.take());
        self.spoken |= matches!(kind, "chat.text" | "chat.tool_calls");
    }

    /// Reads an event out of its data, and takes note of it.
    ///
    /// # Errors
    /// [`NotAnEvent`] if the data is neither a JSON object nor the end mark.
    pub(crate) fn read(&mut self, data: Bytes) -> Result<RawEvent, NotAnEvent> {
        if data.trim_ascii() == DONE.as_bytes() {
            return Ok(RawEvent::of_kind("chat.done", data));
        }
        let chunk = Chunk::of(&data).ok_or_else(|| NotAnEvent::of(&data))?;
        let kind = chunk.kind();
        self.note(kind, &chunk);
        Ok(RawEvent::of_kind(kind, data))
    }

    /// The response's id; empty if there was none so far.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The tokens, as far as they were told.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// How the response ended, if `event` ends it.
    pub(crate) fn terminal(&self, event: &RawEvent) -> Option<Terminal> {
        match event.kind() {
            "chat.done" => Some(self.ended()),
            "error" => Chunk::of(event.raw()).map(|chunk| Terminal::Error(chunk.error())),
            _ => None,
        }
    }

    /// The end mark, if it is all that is missing.
    pub(crate) fn missing_end(&self) -> Option<RawEvent> {
        let done = || RawEvent::of_kind("chat.done", DONE.into());
        self.finish.is_some().then(done)
    }

    fn ended(&self) -> Terminal {
        let reason = self.finish.as_deref();
        let cut = reason.and_then(|reason| {
            let known = CUT_SHORT.iter().find(|(name, _)| *name == reason);
            known.map(|(_, meaning)| *meaning)
        });
        if let Some(reason) = cut {
            let reason = reason.to_owned();
            return Terminal::Incomplete { reason };
        }
        if reason.is_none() && !self.spoken {
            // LM Studio ends like that when the prompt does not fit (vaadin/flow-components#9195).
            return Terminal::Failed(ApiError {
                message: Some("it ended without a word and without a reason".to_owned()),
                ..ApiError::default()
            });
        }
        Terminal::Completed {
            id: self.id.clone(),
            usage: self.usage,
            end_turn: None,
        }
    }
}
