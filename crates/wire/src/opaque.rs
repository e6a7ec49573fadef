//! Texts that only whoever made them can read: encrypted reasoning and signatures.
//!
//! They are how reasoning is known again. A client sends it back as it got it, whoever is asked next, so
//! that who has seen a text come can tell whether the one it would go to now is its maker.

use crate::fields::Fields;
use crate::sealed::OF_ANOTHER_ACCOUNT;
use crate::{CannotCarry, Dialect, Item, ModelRequest, RawEvent};

/// The members that they stand in: of Responses, of Messages, and of Chat Completions.
const MEMBERS: [&str; 3] = ["encrypted_content", "signature", "data"];

/// The opaque texts of an item, a block or a detail.
pub(crate) fn texts(json: &str) -> Vec<String> {
    if !may_hold(json) {
        return Vec::new();
    }
    let fields = Fields::of(json.as_bytes()).unwrap_or_default();
    of(&fields)
}

/// Whether it is worth reading for them.
pub(crate) fn may_hold(json: &str) -> bool {
    MEMBERS.iter().any(|name| json.contains(name))
}

fn of(fields: &Fields<'_>) -> Vec<String> {
    let texts = MEMBERS.iter().filter_map(|name| fields.string(name));
    texts.filter(|text| !text.is_empty()).collect()
}

impl ModelRequest {
    /// Takes out the reasoning that somebody else has made, as `is_foreign` tells of an opaque text, and
    /// gives what is left out with it.
    pub fn leave_out_foreign(&mut self, is_foreign: &dyn Fn(&str) -> bool) -> Option<CannotCarry> {
        let length = self.input.len();
        let is_own = |item: &Item| !texts(item.json()).iter().any(|text| is_foreign(text));
        self.input.retain(is_own);
        let (what, why) = OF_ANOTHER_ACCOUNT;
        (self.input.len() < length).then(|| CannotCarry::new(what, why))
    }
}

/// The opaque texts that an event brings which was written in `dialect`; none in most. In Chat
/// Completions they come in pieces and are bound to no account that we know of.
#[must_use]
pub fn opaque_texts(dialect: Dialect, event: &RawEvent) -> Vec<String> {
    let holder = match (dialect, event.kind()) {
        (Dialect::Responses, "response.output_item.done") => "item",
        (Dialect::Messages, "content_block_delta/signature_delta") => "delta",
        (Dialect::Messages, "content_block_start/redacted_thinking") => "content_block",
        _ => return Vec::new(),
    };
    if !may_hold(&event.text()) {
        return Vec::new();
    }
    let holder = Fields::of_member(event.raw(), holder);
    holder.map(|holder| of(&holder)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamReader;

    fn brought(dialect: Dialect, json: &'static str) -> Vec<String> {
        let mut reader = StreamReader::new(dialect);
        opaque_texts(dialect, &reader.event(json.into()).unwrap())
    }

    #[test]
    fn what_an_answer_brings_is_known_again_in_what_comes_back() {
        for (dialect, event, back) in [
            (
                Dialect::Responses,
                r#"{"type":"response.output_item.done","item":{"type":"reasoning","encrypted_content":"g\/1"}}"#,
                r#"{"type":"reasoning","summary":[],"encrypted_content":"g/1"}"#,
            ),
            (
                Dialect::Messages,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s1"}}"#,
                r#"{"type":"thinking","thinking":"hm","signature":"s1"}"#,
            ),
            (
                Dialect::Messages,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"d1"}}"#,
                r#"{"type":"redacted_thinking","data":"d1"}"#,
            ),
        ] {
            let brought = brought(dialect, event);
            assert_eq!(brought.len(), 1, "{event}");
            assert_eq!(brought, texts(back), "{event}");
        }
    }

    #[test]
    fn most_events_and_items_bring_none() {
        for event in [
            r#"{"type":"response.output_item.done","item":{"type":"message","content":[]}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"reasoning","encrypted_content":null}}"#,
            r#"{"type":"response.output_text.delta","delta":"\"encrypted_content\""}"#,
        ] {
            assert!(brought(Dialect::Responses, event).is_empty(), "{event}");
        }
        assert!(texts(Item::user("encrypted_content").json()).is_empty());
    }

    #[test]
    fn only_what_somebody_else_has_made_is_taken_out_of_items() {
        let reasoning = |text| {
            let json = format!(r#"{{"type":"reasoning","encrypted_content":"{text}"}}"#);
            Item::parse(&json).unwrap()
        };
        let input = vec![Item::user("theirs"), reasoning("own"), reasoning("theirs")];
        let mut request = ModelRequest {
            input: input.clone(),
            ..ModelRequest::default()
        };
        assert_eq!(request.leave_out_foreign(&|_| false), None);
        let left_out = request.leave_out_foreign(&|text| text == "theirs");
        assert_eq!(left_out.unwrap().what, OF_ANOTHER_ACCOUNT.0);
        assert_eq!(request.input, input[..2]);
    }
}
