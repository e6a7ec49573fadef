//! Events of a response: raw as they came, and assembled as the agent reads them.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::Error as _;

use crate::fields::Fields;
use crate::responses::Terminal;
use crate::{Item, RateLimits, Usage};

/// One event as a provider sent it: its kind, and the JSON it came in.
///
/// This is what crosses the border between `transport` and the rooms above; a pass-through forwards
/// `raw` untouched, and only an assembler looks inside.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEvent {
    kind: Cow<'static, str>,
    raw: Bytes,
}

/// The text is not a JSON object with a `type`.
#[derive(Debug, thiserror::Error)]
#[error("not an event: {0}")]
pub struct NotAnEvent(#[source] serde_json::Error);

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

impl NotAnEvent {
    pub(crate) fn new(error: serde_json::Error) -> Self {
        Self(error)
    }

    /// Why `data` is no object.
    pub(crate) fn of(data: &[u8]) -> Self {
        let error = serde_json::from_slice::<serde::de::IgnoredAny>(data).err();
        Self(error.unwrap_or_else(|| serde_json::Error::custom("expected an object")))
    }
}

impl RawEvent {
    /// Reads the kind out of an event's JSON.
    ///
    /// # Errors
    /// [`NotAnEvent`] if it is not a JSON object with a string `type`.
    pub fn parse(raw: Bytes) -> Result<Self, NotAnEvent> {
        let tag: Tag<'_> = serde_json::from_slice(&raw).map_err(NotAnEvent)?;
        // A struct can also be read from a list: `["error"]` would be an event.
        if raw.trim_ascii_start().first() != Some(&b'{') {
            return Err(NotAnEvent(serde_json::Error::custom("expected an object")));
        }
        let kind = match usual(&tag.kind) {
            Some(usual) => Cow::Borrowed(usual),
            None => Cow::Owned(tag.kind.into_owned()),
        };
        Ok(Self { kind, raw })
    }

    /// An event whose kind was told from something else than its `type` alone.
    pub(crate) fn of_kind(kind: impl Into<Cow<'static, str>>, raw: Bytes) -> Self {
        Self {
            kind: kind.into(),
            raw,
        }
    }

    /// The event's `type`, such as `response.output_text.delta`; in the Messages dialect with the
    /// type of its delta behind it (`content_block_delta/text_delta`), in Chat Completions, which
    /// has none, what the chunk holds (`chat.text`).
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The event's JSON.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The event's JSON as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        // Most is text as it is, and that is seen at once.
        let text = std::str::from_utf8(&self.raw);
        text.map_or_else(|_odd| String::from_utf8_lossy(&self.raw), Cow::Borrowed)
    }

    /// Reads the event as `T`; `None` if it does not fit.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_slice(&self.raw).ok()
    }

    /// The event's fields, to be read one by one.
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields::of(&self.raw).unwrap_or_default()
    }
}

/// The kinds that most events of Responses have, so that those need no text of their own.
fn usual(kind: &str) -> Option<&'static str> {
    const USUAL: [&str; 13] = [
        "response.output_text.delta",
        "response.reasoning_summary_text.delta",
        "response.function_call_arguments.delta",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_text.done",
        "response.function_call_arguments.done",
        "response.completed",
        "keepalive",
    ];
    USUAL.into_iter().find(|usual| *usual == kind)
}

impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawEvent({}, {} bytes)", self.kind, self.raw.len())
    }
}

/// What an event means to a conversation, whatever dialect it came in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ModelEvent {
    /// The backend has taken the request.
    Created {
        /// The response's id.
        id: String,
    },
    /// The model begins a message.
    MessageStarted {
        /// It is said on the way to the answer, and is not the answer (`phase: commentary`).
        preamble: bool,
    },
    /// More text for the reader.
    TextDelta {
        /// The piece.
        delta: String,
    },
    /// More of a refusal, for the reader.
    RefusalDelta {
        /// The piece.
        delta: String,
    },
    /// More of a reasoning summary; replaceable progress.
    ReasoningDelta {
        /// The piece.
        delta: String,
    },
    /// The model has begun a tool call; its arguments are still coming.
    ToolCallStarted {
        /// The tool's name.
        name: String,
    },
    /// An item is complete.
    ItemDone(Item),
    /// How much of the plan's limits is used.
    RateLimits(RateLimits),
    /// The response has ended well.
    Completed {
        /// The response's id.
        id: String,
        /// Tokens, where the provider told.
        usage: Option<Usage>,
        /// `Some(false)`: the model has more to say and wants to be called again.
        end_turn: Option<bool>,
    },
}

impl ModelEvent {
    /// What an end tells the agent. One that is not well is the transport's to tell.
    pub(crate) fn of_end(end: Terminal) -> Option<Self> {
        match end {
            Terminal::Completed {
                id,
                usage,
                end_turn,
            } => Some(Self::Completed {
                id,
                usage,
                end_turn,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_events() {
        let parse = |json: &'static str| RawEvent::parse(Bytes::from_static(json.as_bytes()));
        assert_eq!(parse(" {\"type\":\"e\"}\n").unwrap().kind(), "e");
        for json in [
            r#"["response.completed"]"#,
            r#" ["error"]"#,
            r#""error""#,
            "[]",
            "{}",
            r#"{"type":["error"]}"#,
            r#"{"type":null}"#,
            "",
        ] {
            assert!(parse(json).is_err(), "{json}");
        }
    }
}
