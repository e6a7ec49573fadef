//! An answer passed on to a client of the same dialect.
//!
//! The client knows the answer by an id of ours, the model by the name it asked for, and the events
//! by numbers without a gap, whoever gave the answer. All else goes on as the bytes it came in.

use bytes::Bytes;

use crate::fields::Fields;
use crate::json::{Object, quoted};
use crate::{ApiError, RawEvent, Signal};

/// The way of one answer to one client.
#[derive(Debug)]
pub struct Passing {
    id: String,
    model: String,
    previous_response_id: Option<String>,
    created_at: u64,
    sequence: u64,
    /// What the provider calls the answer.
    kept_as: Option<String>,
    /// The items of the answer as they came: some servers leave them out at the end.
    items: Vec<String>,
    /// The whole answer, where its end has come.
    whole: Option<String>,
}

impl Passing {
    /// An answer before its first event, as the client shall know it. `created_at` is in seconds
    /// since the Unix epoch.
    #[must_use]
    pub fn new(id: &str, model: &str, previous_response_id: Option<&str>, created_at: u64) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            previous_response_id: previous_response_id.map(ToOwned::to_owned),
            created_at,
            sequence: 0,
            kept_as: None,
            items: Vec::new(),
            whole: None,
        }
    }

    /// The name and the JSON of the event that the client gets for `event`.
    #[must_use]
    pub fn push(&mut self, event: &RawEvent) -> (String, Bytes) {
        let fields = event.fields();
        // What is about the connection or the account is no part of the answer, and has no number.
        if !event.kind().starts_with("response.") || Signal::of(event) == Signal::Aside {
            return (event.kind().to_owned(), event.raw().clone());
        }
        // An older name of the same end.
        let kind = match event.kind() {
            "response.done" => "response.completed",
            kind => kind,
        };
        if Signal::of(event) == Signal::ItemDone {
            self.items
                .extend(fields.json("item").map(ToOwned::to_owned));
        }
        let response = fields.object("response");
        let number = self.sequence;
        self.sequence += 1;
        if response.is_none() && fields.whole("sequence_number") == Some(number) {
            return (kind.to_owned(), event.raw().clone());
        }
        let response = response.map(|response| self.envelope(&response, event));
        if Signal::of(event) == Signal::Terminal {
            self.whole.clone_from(&response);
        }
        let (number, named) = (number.to_string(), quoted(kind));
        let members = fields.members().map(|(name, json)| match name {
            "type" => (name, named.as_str()),
            "sequence_number" => (name, number.as_str()),
            "response" => (name, response.as_deref().unwrap_or(json)),
            _ => (name, json),
        });
        let anew = Object::new().distinct(members);
        let anew = anew.raw("sequence_number", &number);
        (kind.to_owned(), anew.end().into())
    }

    /// The name and the JSON of the event that ends an answer which does not come to its end.
    #[must_use]
    pub fn fail(&mut self, error: &ApiError) -> (String, Bytes) {
        let code = error.code.as_deref().unwrap_or("server_error");
        let message = error.message.as_deref().unwrap_or("the answer failed");
        let inner = Object::new().put("code", code).put("message", message);
        let response = Object::new()
            .put("id", &self.id)
            .put("object", "response")
            .put("created_at", self.created_at)
            .put("status", "failed")
            .put("model", &self.model)
            .put("previous_response_id", &self.previous_response_id)
            .list("output", &self.items)
            .raw("error", &inner.end())
            .raw("incomplete_details", "null")
            .raw("usage", "null");
        let kind = "response.failed";
        let event = Object::of_type(kind)
            .put("sequence_number", self.sequence)
            .raw("response", &response.end());
        self.sequence += 1;
        (kind.to_owned(), event.end().into())
    }

    /// The whole answer, for who does not stream; `None` before its end.
    #[must_use]
    pub fn whole(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// What the provider calls the answer, where it has said so.
    #[must_use]
    pub fn kept_as(&self) -> Option<&str> {
        self.kept_as.as_deref()
    }

    /// The answer's envelope as the client shall see it.
    fn envelope(&mut self, response: &Fields<'_>, event: &RawEvent) -> String {
        let is_end = Signal::of(event) == Signal::Terminal;
        self.kept_as = response.string("id").or(self.kept_as.take());
        let (id, model) = (quoted(&self.id), quoted(&self.model));
        let previous = self.previous_response_id.as_deref().map(quoted);
        let items = crate::json::list(&self.items);
        let lacks_items = is_end && response.list("output").is_empty() && !self.items.is_empty();
        let members = response.members().map(|(name, json)| match name {
            "id" => (name, id.as_str()),
            "model" => (name, model.as_str()),
            "previous_response_id" => (name, previous.as_deref().unwrap_or("null")),
            "output" if lacks_items => (name, items.as_str()),
            _ => (name, json),
        });
        let anew = Object::new().distinct(members).raw("id", &id);
        match lacks_items {
            true => anew.raw("output", &items).end(),
            false => anew.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(json: &str) -> RawEvent {
        RawEvent::parse(Bytes::copy_from_slice(json.as_bytes())).unwrap()
    }

    fn pushed(passing: &mut Passing, json: &str) -> String {
        let (_, data) = passing.push(&event(json));
        String::from_utf8(data.to_vec()).unwrap()
    }

    fn passing() -> Passing {
        Passing::new("resp_ours", "fast", None, 0)
    }

    #[test]
    fn a_client_sees_our_id_our_model_and_numbers_without_a_gap() {
        let mut passing = passing();
        let created = pushed(
            &mut passing,
            r#"{"type":"response.created","sequence_number":7,"response":{"id":"resp_1","model":"gpt-x-2026","new":1e999,"previous_response_id":"resp_0"}}"#,
        );
        let expected = r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_ours","model":"fast","new":1e999,"previous_response_id":null}}"#;
        assert_eq!(created, expected);
        let delta = r#"{"type":"response.output_text.delta","delta":"x","logprobs":[1.50]}"#;
        let expected = r#"{"type":"response.output_text.delta","delta":"x","logprobs":[1.50],"sequence_number":1}"#;
        assert_eq!(pushed(&mut passing, delta), expected);
        assert_eq!(passing.kept_as(), Some("resp_1"));
    }

    #[test]
    fn an_event_that_is_right_already_is_not_touched() {
        let mut passing = passing();
        let delta =
            "{ \"type\":\"response.output_text.delta\",\n\"sequence_number\":0,\"delta\":\"x\" }";
        assert_eq!(pushed(&mut passing, delta), delta);
        let aside = r#"{"type":"codex.rate_limits","sequence_number":9}"#;
        assert_eq!(pushed(&mut passing, aside), aside);
        let next = r#"{"type":"response.output_text.delta","sequence_number":1}"#;
        assert_eq!(pushed(&mut passing, next), next);
    }

    #[test]
    fn items_that_the_end_leaves_out_are_in_the_whole_answer() {
        for output in [r#","output":[]"#, r#","output":null"#, ""] {
            let mut passing = passing();
            let _ = pushed(
                &mut passing,
                r#"{"type":"response.output_item.done","item":{"type":"message","id":"msg_1"}}"#,
            );
            let end = format!(r#"{{"type":"response.done","response":{{"id":"r"{output}}}}}"#);
            let (name, _) = passing.push(&event(&end));
            assert_eq!(name, "response.completed");
            let whole: Value = serde_json::from_str(passing.whole().unwrap()).unwrap();
            assert_eq!(whole["output"], json!([{"type": "message", "id": "msg_1"}]));
            assert_eq!(whole["id"], "resp_ours");
        }
    }

    #[test]
    fn a_failure_is_the_next_event_of_the_same_answer() {
        let mut passing = passing();
        let _ = pushed(&mut passing, r#"{"type":"response.created","response":{}}"#);
        let error = ApiError {
            code: Some("cut".to_owned()),
            ..ApiError::default()
        };
        let (name, data) = passing.fail(&error);
        let failed: Value = serde_json::from_slice(&data).unwrap();
        assert_eq!(
            (name.as_str(), &failed["sequence_number"]),
            ("response.failed", &json!(1))
        );
        assert_eq!(failed["response"]["error"]["code"], "cut");
        assert_eq!(failed["response"]["id"], "resp_ours");
    }
}
