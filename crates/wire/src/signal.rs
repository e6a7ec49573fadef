//! What an event means to whoever carries it, told from its kind alone, whatever its dialect.
//!
//! The transport must know whether the backend works, whether something was delivered that cannot be
//! taken back, and whether the response has ended, without reading the events themselves. The
//! dialects share no kind but `ping` and `error`, which mean the same in each.

use crate::RawEvent;

/// The meaning of an event's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The backend has taken the request, or says that it works.
    Lifecycle,
    /// Output the reader sees: it is delivered.
    Delivered,
    /// Thinking, or the frame of an item: the model may go on for minutes without a word.
    Reasoning,
    /// Other output that may still be replaced, such as previews of arguments.
    Progress,
    /// An item is complete.
    ItemDone,
    /// The response has ended, well or not.
    Terminal,
    /// About the connection or the account, not about this response.
    Aside,
    /// Not known; ignored.
    Unknown,
}

impl Signal {
    /// What `event` means.
    #[must_use]
    pub fn of(event: &RawEvent) -> Self {
        match event.kind() {
            "keepalive" | "ping" => Self::Lifecycle,
            "error" => Self::Terminal,
            kind if kind.starts_with("chat.") => of_chat(kind),
            kind if kind.starts_with("message_") || kind.starts_with("content_block_") => {
                of_messages(kind)
            }
            kind => of_responses(kind),
        }
    }

    /// Whether the event carries output of the model, of whatever sort.
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(
            self,
            Self::Delivered | Self::Reasoning | Self::Progress | Self::ItemDone
        )
    }
}

/// The Responses dialect (codex-protocol §1.6 and §2.6).
fn of_responses(kind: &str) -> Signal {
    match kind {
        "response.created" | "response.in_progress" | "response.queued" => Signal::Lifecycle,
        "response.output_text.delta" | "response.refusal.delta" => Signal::Delivered,
        "response.output_item.added" => Signal::Reasoning,
        "response.output_item.done" => Signal::ItemDone,
        "response.completed"
        | "response.done"
        | "response.failed"
        | "response.incomplete"
        | "response.cancelled" => Signal::Terminal,
        "codex.rate_limits"
        | "response.metadata"
        | "codex.response.metadata"
        | "responsesapi.websocket_timing" => Signal::Aside,
        kind if kind.starts_with("response.reasoning") => Signal::Reasoning,
        kind if kind.starts_with("response.") => Signal::Progress,
        _ => Signal::Unknown,
    }
}

/// The kinds that `chat::kind_of` gives to chunks, which have none of their own.
fn of_chat(kind: &str) -> Signal {
    match kind {
        "chat.opened" => Signal::Lifecycle,
        "chat.text" => Signal::Delivered,
        "chat.reasoning" => Signal::Reasoning,
        "chat.tool_calls" | "chat.finished" => Signal::Progress,
        "chat.usage" => Signal::Aside,
        "chat.done" => Signal::Terminal,
        _ => Signal::Unknown,
    }
}

/// The Messages dialect, with the types of deltas and blocks that `messages::kind_of` puts behind.
fn of_messages(kind: &str) -> Signal {
    match kind {
        "message_start" => Signal::Lifecycle,
        "message_delta" => Signal::Progress,
        "message_stop" => Signal::Terminal,
        "content_block_delta/text_delta" => Signal::Delivered,
        "content_block_stop" => Signal::ItemDone,
        "content_block_delta/thinking_delta" | "content_block_delta/signature_delta" => {
            Signal::Reasoning
        }
        kind if kind.starts_with("content_block_start") => Signal::Reasoning,
        kind if kind.starts_with("content_block_delta") => Signal::Progress,
        _ => Signal::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_mean_what_the_protocols_say() {
        let table = [
            ("response.created", Signal::Lifecycle),
            ("response.output_text.delta", Signal::Delivered),
            ("response.reasoning_summary_text.delta", Signal::Reasoning),
            ("response.output_item.added", Signal::Reasoning),
            ("response.function_call_arguments.delta", Signal::Progress),
            ("response.output_item.done", Signal::ItemDone),
            ("response.completed", Signal::Terminal),
            ("error", Signal::Terminal),
            ("ping", Signal::Lifecycle),
            ("codex.rate_limits", Signal::Aside),
            ("chat.opened", Signal::Lifecycle),
            ("chat.text", Signal::Delivered),
            ("chat.reasoning", Signal::Reasoning),
            ("chat.finished", Signal::Progress),
            ("chat.done", Signal::Terminal),
            ("message_start", Signal::Lifecycle),
            ("content_block_start/tool_use", Signal::Reasoning),
            ("content_block_delta/text_delta", Signal::Delivered),
            ("content_block_delta/thinking_delta", Signal::Reasoning),
            ("content_block_delta/input_json_delta", Signal::Progress),
            ("content_block_stop", Signal::ItemDone),
            ("message_stop", Signal::Terminal),
            ("surprise", Signal::Unknown),
        ];
        for (kind, signal) in table {
            let event = RawEvent::parse(format!(r#"{{"type":"{kind}"}}"#).into()).unwrap();
            assert_eq!(Signal::of(&event), signal, "{kind}");
        }
    }
}
