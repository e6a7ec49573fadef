//! What an event means to whoever carries it, told from its kind alone.
//!
//! The transport must know whether the backend works, whether something was delivered that cannot be
//! taken back, and whether the response has ended, without reading the events themselves.

use crate::RawEvent;

/// The meaning of an event's kind (codex-protocol §1.6 and §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The backend has taken the request, or says that it works.
    Lifecycle,
    /// Output the reader sees: it is delivered.
    Delivered,
    /// Output that may still be replaced: reasoning, previews of arguments, the frame of an item.
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
            "response.created"
            | "response.in_progress"
            | "response.queued"
            | "keepalive"
            | "ping" => Self::Lifecycle,
            "response.output_text.delta" | "response.refusal.delta" => Self::Delivered,
            "response.output_item.done" => Self::ItemDone,
            "response.completed"
            | "response.done"
            | "response.failed"
            | "response.incomplete"
            | "response.cancelled"
            | "error" => Self::Terminal,
            "codex.rate_limits"
            | "response.metadata"
            | "codex.response.metadata"
            | "responsesapi.websocket_timing" => Self::Aside,
            kind if kind.starts_with("response.") => Self::Progress,
            _ => Self::Unknown,
        }
    }

    /// Whether the event carries output of the model, of whatever sort.
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(self, Self::Delivered | Self::Progress | Self::ItemDone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_mean_what_the_protocol_says() {
        let table = [
            ("response.created", Signal::Lifecycle),
            ("response.output_text.delta", Signal::Delivered),
            ("response.reasoning_summary_text.delta", Signal::Progress),
            ("response.function_call_arguments.delta", Signal::Progress),
            ("response.output_item.done", Signal::ItemDone),
            ("response.completed", Signal::Terminal),
            ("error", Signal::Terminal),
            ("codex.rate_limits", Signal::Aside),
            ("surprise", Signal::Unknown),
        ];
        for (kind, signal) in table {
            let event = RawEvent::parse(format!(r#"{{"type":"{kind}"}}"#).into()).unwrap();
            assert_eq!(Signal::of(&event), signal, "{kind}");
        }
    }
}
