//! One event of a streamed answer, and how an answer ends (Anthropic docs, "Streaming messages").

use bytes::Bytes;
use serde::de::Error as _;

use crate::fields::Fields;
use crate::responses::{ErrorFrame, Terminal};
use crate::{NotAnEvent, RawEvent, Usage};

/// Reads the kind of an event out of its data: its `type`, and for blocks and deltas theirs.
///
/// # Errors
/// [`NotAnEvent`] if it is no JSON object with a `type`, nor an error.
pub(crate) fn read(data: Bytes) -> Result<RawEvent, NotAnEvent> {
    let event = Fields::of(&data).ok_or_else(|| NotAnEvent::of(&data))?;
    let inner = |name| {
        let inner = event.object(name).and_then(|inner| inner.string("type"));
        inner.unwrap_or_default()
    };
    let kind = match event.string("type").as_deref() {
        Some("content_block_delta") => format!("content_block_delta/{}", inner("delta")),
        Some("content_block_start") => format!("content_block_start/{}", inner("content_block")),
        Some(kind) => kind.to_owned(),
        None if event.json("error").is_some() => "error".to_owned(),
        None => {
            let error = serde_json::Error::custom("missing field `type`");
            return Err(NotAnEvent::new(error));
        }
    };
    Ok(RawEvent::of_kind(kind, data))
}

/// The HTTP statuses that error types stand for (Anthropic docs, "Errors"). Inside a stream there is
/// no status, and what is tried next hangs on it.
const STATUSES: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];

/// The status that an error type stands for.
pub(super) fn status_of(kind: &str) -> Option<u16> {
    let known = STATUSES.iter().find(|(name, _)| *name == kind);
    known.map(|(_, status)| *status)
}

/// The type that stands for a status.
pub(super) fn type_of(status: u16) -> &'static str {
    let known = STATUSES.iter().find(|(_, known)| *known == status);
    match (known, status) {
        (Some((name, _)), _) => name,
        (None, 503) => "overloaded_error",
        (None, 400..=499) => "invalid_request_error",
        (None, _) => "api_error",
    }
}

/// Whether `kind` is one of this vendor's error types.
pub(super) fn is_type(kind: &str) -> bool {
    status_of(kind).is_some()
}

/// What has been seen of one answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    id: String,
    usage: Option<Usage>,
    stop: Option<String>,
}

impl Watch {
    /// Takes note of an event.
    pub(crate) fn observe(&mut self, event: &RawEvent) {
        match event.kind() {
            "message_start" => {
                let message = event.fields().object("message").unwrap_or_default();
                self.id = message.string("id").unwrap_or_default();
                self.note(&message, &message);
            }
            "message_delta" => {
                let event = event.fields();
                self.note(&event.object("delta").unwrap_or_default(), &event);
            }
            _ => {}
        }
    }

    fn note(&mut self, stop: &Fields<'_>, usage: &Fields<'_>) {
        self.stop = stop.string("stop_reason").or(self.stop.take());
        if let Some(usage) = usage.object("usage") {
            self.usage = Some(Usage::read_messages(&usage, self.usage));
        }
    }

    /// The response's id; empty if there was none so far.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The tokens, as far as they were told.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// How the response ended, if `event`, observed before, ends it.
    pub(crate) fn terminal(&self, event: &RawEvent) -> Option<Terminal> {
        match event.kind() {
            "message_stop" => Some(self.ended()),
            "error" => {
                let frame = ErrorFrame::read(&event.fields());
                let status = frame.error.kind.as_deref().and_then(status_of);
                Some(Terminal::Error(ErrorFrame {
                    status: frame.status.or(status),
                    ..frame
                }))
            }
            _ => None,
        }
    }

    /// The last event, if it is all that is missing.
    pub(crate) fn missing_end(&self) -> Option<RawEvent> {
        let stop = Bytes::from_static(br#"{"type":"message_stop"}"#);
        self.stop
            .is_some()
            .then(|| RawEvent::of_kind("message_stop", stop))
    }

    fn ended(&self) -> Terminal {
        let incomplete = |reason: &str| Terminal::Incomplete {
            reason: reason.to_owned(),
        };
        match self.stop.as_deref() {
            Some("max_tokens") => incomplete("max_output_tokens"),
            Some(reason @ ("refusal" | "model_context_window_exceeded")) => incomplete(reason),
            stop => Terminal::Completed {
                id: self.id.clone(),
                usage: self.usage,
                // The model paused among its own tools, and wants to be called again.
                end_turn: (stop == Some("pause_turn")).then_some(false),
            },
        }
    }
}
