//! What the program tells, as events of the Responses dialect.
//!
//! Its items are those of that dialect with other names, so the rooms above read its answer with the
//! assembler that they have, and nobody else knows where it came from.

use alipes_wire::{Item, RawEvent, Usage};
use serde_json::{Value, json};

/// A message of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// `commentary`, `partial_answer`, `final_answer`, or what a later version says.
    pub(super) phase: Option<String>,
    pub(super) text: String,
}

impl Message {
    /// As an item: without an id, which would mean nothing to anybody else.
    fn item(&self) -> Value {
        let content = json!([{"type": "output_text", "text": self.text, "annotations": []}]);
        let mut item = json!({"type": "message", "role": "assistant", "content": content});
        if let Some(phase) = &self.phase {
            item["phase"] = json!(phase);
        }
        item
    }

    /// As the conversation holds it: the very text that its event brings.
    pub(super) fn as_item(&self) -> Option<Item> {
        Item::parse(&self.item().to_string()).ok()
    }

    /// It begins.
    pub(super) fn added(&self) -> Option<RawEvent> {
        event(json!({"type": "response.output_item.added", "item": self.item()}))
    }

    /// It is complete.
    pub(super) fn done(&self) -> Option<RawEvent> {
        event(json!({"type": "response.output_item.done", "item": self.item()}))
    }
}

pub(super) fn created(turn: &str) -> Option<RawEvent> {
    event(json!({"type": "response.created", "response": {"id": turn}}))
}

/// The kind of an event that a reader sees.
const TEXT: &str = "response.output_text.delta";

pub(super) fn text(delta: &str) -> Option<RawEvent> {
    event(json!({"type": TEXT, "delta": delta}))
}

pub(super) fn reasoning(delta: &str) -> Option<RawEvent> {
    event(json!({"type": "response.reasoning_summary_text.delta", "delta": delta}))
}

/// `RateLimitSnapshot{primary, secondary}`, of `RateLimitWindow{usedPercent, windowDurationMins, resetsAt}`.
pub(super) fn rate_limits(snapshot: &Value) -> Option<RawEvent> {
    let window = |name: &str| {
        let window = snapshot[name].as_object()?;
        let field = |name: &str| window.get(name).cloned().unwrap_or_default();
        Some(json!({
            "used_percent": field("usedPercent"),
            "window_minutes": field("windowDurationMins"),
            "reset_at": field("resetsAt"),
        }))
    };
    let limits = json!({"primary": window("primary"), "secondary": window("secondary")});
    event(json!({"type": "codex.rate_limits", "rate_limits": limits}))
}

pub(super) fn completed(turn: &str, usage: Usage) -> Option<RawEvent> {
    let usage = json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    });
    let response = json!({"id": turn, "status": "completed", "usage": usage});
    event(json!({"type": "response.completed", "response": response}))
}

/// Each of them is an object with a type, so it always is an event.
fn event(json: Value) -> Option<RawEvent> {
    RawEvent::parse(json.to_string().into()).ok()
}
