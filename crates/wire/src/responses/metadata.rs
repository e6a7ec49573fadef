//! The sticky routing token of a turn, as metadata events carry it over WebSocket (codex-protocol
//! §2.6). Over SSE it is a response header.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::RawEvent;

/// The header's name, and the key it travels under in `client_metadata`.
pub const TURN_STATE: &str = "x-codex-turn-state";

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    headers: BTreeMap<String, Value>,
}

/// The token in a metadata event; `None` in every other event.
#[must_use]
pub fn turn_state(event: &RawEvent) -> Option<String> {
    if !matches!(
        event.kind(),
        "response.metadata" | "codex.response.metadata"
    ) {
        return None;
    }
    let metadata: Metadata = event.read()?;
    let (_, value) = metadata
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(TURN_STATE))?;
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metadata_events_carry_it() {
        let event = |json: &str| RawEvent::parse(json.to_owned().into()).unwrap();
        let told = event(r#"{"type":"response.metadata","headers":{"X-Codex-Turn-State":"t"}}"#);
        assert_eq!(turn_state(&told), Some("t".to_owned()));
        let other = event(r#"{"type":"response.created","headers":{"x-codex-turn-state":"t"}}"#);
        assert_eq!(turn_state(&other), None);
    }
}
