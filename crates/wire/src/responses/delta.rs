//! When only the new input needs to be sent (transport, "The delta over WebSocket").
//!
//! A socket remembers what its last completed response ended with. The next request may refer to it
//! by id and send the tail only if it extends that, item for item as JSON we would resend, and every
//! other field is equal. The rule is strict because the price of a wrong base is a conversation that
//! silently lost or doubled something; the price of no base is a few bytes.

use std::sync::Arc;

use super::{EncodedRequest, Signal, Terminal, done_item};
use crate::{Item, ItemView, RawEvent};

/// What a socket's last completed response ended with.
#[derive(Clone, Debug)]
pub struct DeltaBase {
    response_id: String,
    fields: Arc<str>,
    items: Vec<Item>,
}

impl DeltaBase {
    /// The id to refer to.
    #[must_use]
    pub fn response_id(&self) -> &str {
        &self.response_id
    }

    /// The part of `request`'s input that this base does not hold; `None` if the request does not
    /// extend it.
    #[must_use]
    pub fn tail<'r>(&self, request: &'r EncodedRequest) -> Option<&'r [Item]> {
        (self.fields == *request.fields())
            .then(|| request.input().strip_prefix(self.items.as_slice()))
            .flatten()
    }
}

/// Watches one response and tells in the end whether it can be a base.
#[derive(Debug)]
pub struct DeltaRecorder {
    fields: Arc<str>,
    items: Vec<Item>,
    /// Items that have begun and are not complete.
    begun: usize,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Open,
    Completed(String),
    Void,
}

impl DeltaRecorder {
    /// Starts with what was asked.
    #[must_use]
    pub fn new(request: &EncodedRequest) -> Self {
        Self {
            fields: Arc::clone(request.fields()),
            items: request.input().to_vec(),
            begun: 0,
            outcome: Outcome::Open,
        }
    }

    /// Takes note of an event.
    pub fn observe(&mut self, event: &RawEvent) {
        if matches!(self.outcome, Outcome::Void) {
            return;
        }
        match Signal::of(event) {
            Signal::ItemDone => self.take_item(event),
            Signal::Terminal => self.end(event),
            Signal::Reasoning => {
                self.begun += usize::from(event.kind() == "response.output_item.added");
            }
            _ => {}
        }
    }

    /// Something on the socket could not be read: whatever it was, it may have mattered.
    pub fn spoil(&mut self) {
        self.outcome = Outcome::Void;
    }

    /// The base for the next request, if the response completed and nothing was lost on the way.
    #[must_use]
    pub fn finish(self) -> Option<DeltaBase> {
        match self.outcome {
            Outcome::Completed(response_id) => Some(DeltaBase {
                response_id,
                fields: self.fields,
                items: self.items,
            }),
            Outcome::Open | Outcome::Void => None,
        }
    }

    fn take_item(&mut self, event: &RawEvent) {
        self.begun = self.begun.saturating_sub(1);
        match (done_item(event), &self.outcome) {
            (Some(item), Outcome::Open) if is_known(&item) => self.items.push(item),
            _ => self.spoil(),
        }
    }

    fn end(&mut self, event: &RawEvent) {
        self.outcome = match (Terminal::of(event), &self.outcome) {
            (Some(Terminal::Completed { id, .. }), Outcome::Open)
                if !id.is_empty() && self.begun == 0 =>
            {
                Outcome::Completed(id)
            }
            _ => Outcome::Void,
        };
    }
}

/// Whether the item is whole and of a kind we know: of any other we cannot say that the backend
/// remembers it as we would resend it.
fn is_known(item: &Item) -> bool {
    match item.view() {
        ItemView::FunctionCall { call_id, name, .. } => !call_id.is_empty() && !name.is_empty(),
        ItemView::Other { kind } => kind == "custom_tool_call",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelRequest;
    use bytes::Bytes;

    const ITEM: &str = r#"{"type":"message","role":"assistant","id":"msg_1","content":[]}"#;

    fn request(input: &[Item]) -> EncodedRequest {
        EncodedRequest::new(&ModelRequest {
            model: "m".to_owned(),
            input: input.to_vec(),
            ..ModelRequest::default()
        })
    }

    fn record(events: &[String]) -> Option<DeltaBase> {
        let mut recorder = DeltaRecorder::new(&request(&[Item::user("hi")]));
        for event in events {
            recorder.observe(&RawEvent::parse(Bytes::from(event.clone())).unwrap());
        }
        recorder.finish()
    }

    fn done(item: &str) -> String {
        format!(r#"{{"type":"response.output_item.done","item":{item}}}"#)
    }

    fn completed() -> String {
        r#"{"type":"response.completed","response":{"id":"resp_1"}}"#.to_owned()
    }

    #[test]
    fn an_extending_request_sends_its_tail() {
        let base = record(&[done(ITEM), completed()]).unwrap();
        let next = [
            Item::user("hi"),
            Item::parse(ITEM).unwrap(),
            Item::user("more"),
        ];
        assert_eq!(base.tail(&request(&next)), Some(&[Item::user("more")][..]));
        let frame = request(&next).create_frame(Some(&base), &[]);
        assert!(
            frame.contains(r#""previous_response_id":"resp_1""#),
            "{frame}"
        );
        assert!(!frame.contains("msg_1"), "{frame}");
    }

    #[test]
    fn an_edited_history_or_field_is_sent_in_full() {
        let base = record(&[done(ITEM), completed()]).unwrap();
        let edited = [
            Item::user("ho"),
            Item::parse(ITEM).unwrap(),
            Item::user("more"),
        ];
        assert_eq!(base.tail(&request(&edited)), None);
        let shorter = [Item::user("hi")];
        assert_eq!(base.tail(&request(&shorter)), None);
        let other_model = EncodedRequest::new(&ModelRequest {
            model: "n".to_owned(),
            input: vec![Item::user("hi"), Item::parse(ITEM).unwrap()],
            ..ModelRequest::default()
        });
        assert_eq!(base.tail(&other_model), None);
        assert!(
            !other_model
                .create_frame(Some(&base), &[])
                .contains("previous_response_id")
        );
    }

    #[test]
    fn anything_doubtful_voids_the_base() {
        let failed = r#"{"type":"response.failed","response":{"error":{"code":"server_error"}}}"#;
        let incomplete = r#"{"type":"response.incomplete","response":{"id":"r"}}"#;
        let error = r#"{"type":"error","status":400,"error":{"code":"x"}}"#;
        let no_id = r#"{"type":"response.completed","response":{}}"#;
        for events in [
            vec![],
            vec![done(ITEM)],
            vec![failed.to_owned()],
            vec![incomplete.to_owned()],
            vec![no_id.to_owned()],
            vec![completed(), error.to_owned()],
            vec![completed(), completed()],
            vec![completed(), done(ITEM)],
            vec![done("null"), completed()],
            vec![done("7"), completed()],
        ] {
            assert!(record(&events).is_none(), "{events:?}");
        }
        let mut recorder = DeltaRecorder::new(&request(&[]));
        recorder.spoil();
        recorder.observe(&RawEvent::parse(Bytes::from(completed())).unwrap());
        assert!(recorder.finish().is_none());
    }

    #[test]
    fn an_item_that_is_not_known_or_not_whole_voids_the_base() {
        for item in [
            r#"{"type":"web_search_call","id":"ws_1","status":"completed"}"#,
            r#"{"type":"brand_new"}"#,
            r#"{}"#,
            r#"{"type":"message","content":[]}"#,
            r#"{"type":"function_call","name":"f","arguments":"{}"}"#,
            r#"{"type":"function_call","call_id":"c","arguments":"{}"}"#,
        ] {
            assert!(record(&[done(item), completed()]).is_none(), "{item}");
        }
        for item in [
            ITEM,
            r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"}"#,
            r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#,
            r#"{"type":"custom_tool_call","call_id":"c","name":"f","input":"x"}"#,
        ] {
            assert!(record(&[done(item), completed()]).is_some(), "{item}");
        }
    }

    #[test]
    fn an_item_that_began_and_never_came_voids_the_base() {
        let added = format!(r#"{{"type":"response.output_item.added","item":{ITEM}}}"#);
        assert!(record(&[added.clone(), completed()]).is_none());
        assert!(record(&[added.clone(), added.clone(), done(ITEM), completed()]).is_none());
        assert!(record(&[added, done(ITEM), done(ITEM), completed()]).is_some());
    }
}
