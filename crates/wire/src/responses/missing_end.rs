//! The last event of a response, made out of the others where it alone was lost.
//!
//! Whoever knows that a response is whole can tell so to readers that wait for this event and for
//! nothing else: clients of this dialect do.

use crate::json::Object;
use crate::{Item, RawEvent};

const KIND: &str = "response.completed";

/// The `response.completed` behind a response that `created` began and that has these items. How many
/// tokens it took is not known.
#[must_use]
pub fn missing_end(created: Option<&RawEvent>, output: &[Item]) -> RawEvent {
    let begun = created.map(RawEvent::fields).unwrap_or_default();
    let begun = begun.object("response").unwrap_or_default();
    let output: Vec<String> = output.iter().map(|item| item.json().to_string()).collect();
    let response = Object::new()
        .put("status", "completed")
        .list("output", &output)
        .merge_all(&begun);
    let event = Object::of_type(KIND).raw("response", &response.end());
    RawEvent::of_kind(KIND, event.end().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responses::Terminal;

    #[test]
    fn it_completes_the_response_that_was_begun_with_its_items() {
        let created = r#"{"type":"response.created","response":{"id":"r1","status":"in_progress","output":[],"model":"m"}}"#;
        let created = RawEvent::parse(created.into()).unwrap();
        let item = Item::parse(r#"{"type":"message","role":"assistant"}"#).unwrap();
        let end = missing_end(Some(&created), std::slice::from_ref(&item));
        let read: serde_json::Value = serde_json::from_slice(end.raw()).unwrap();
        let expected = serde_json::json!({"type": "response.completed", "response": {
            "id": "r1", "status": "completed", "model": "m",
            "output": [{"type": "message", "role": "assistant"}],
        }});
        assert_eq!(read, expected);
        let completed = Some(Terminal::Completed {
            id: "r1".to_owned(),
            usage: None,
            end_turn: None,
        });
        assert_eq!(Terminal::of(&end), completed);
        assert!(matches!(
            Terminal::of(&missing_end(None, &[])),
            Some(Terminal::Completed { .. })
        ));
    }
}
