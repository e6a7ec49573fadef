//! Writes the events of one response, as a server sends them.
//!
//! The shapes follow the OpenAI Responses streaming reference as its own SDKs parse them: every event
//! has a `sequence_number`, an item is framed by `added` and `done`, and its text by a content part.

use serde_json::{Value, json};

use crate::{Item, Usage};

/// The server's side of one response.
#[derive(Debug)]
pub struct ResponseWriter {
    id: String,
    model: String,
    created_at: u64,
    previous_response_id: Option<String>,
    sequence: u64,
    output: Vec<Value>,
}

impl ResponseWriter {
    /// A response before its first event. `created_at` is in seconds since the Unix epoch.
    #[must_use]
    pub fn new(id: &str, model: &str, created_at: u64) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            created_at,
            previous_response_id: None,
            sequence: 0,
            output: Vec::new(),
        }
    }

    /// The same response as the continuation of another one, which its envelope then names.
    #[must_use]
    pub fn after(self, previous_response_id: Option<String>) -> Self {
        Self {
            previous_response_id,
            ..self
        }
    }

    /// The response's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `response.created` and `response.in_progress`.
    pub fn open(&mut self) -> Vec<String> {
        ["response.created", "response.in_progress"]
            .map(|kind| {
                let response = self.snapshot("in_progress", None);
                self.event(kind, json!({"response": response}))
            })
            .into()
    }

    /// The frame around a message's text: call it with the pieces of the text, get all events.
    pub fn message(&mut self, item_id: &str, pieces: &[&str]) -> Vec<String> {
        self.message_in_phase(item_id, None, pieces)
    }

    /// The same for a message that is marked as `commentary` or `final_answer`.
    pub fn message_in_phase(
        &mut self,
        item_id: &str,
        phase: Option<&str>,
        pieces: &[&str],
    ) -> Vec<String> {
        let index = self.output.len();
        let text = pieces.concat();
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let item = |status: &str, content: Value| {
            let item = json!({"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content});
            phase.map_or(item.clone(), |phase| with(&item, "phase", json!(phase)))
        };
        let place = json!({"item_id": item_id, "output_index": index, "content_index": 0});
        let mut events = vec![
            self.event(
                "response.output_item.added",
                json!({"output_index": index, "item": item("in_progress", json!([]))}),
            ),
            self.event(
                "response.content_part.added",
                with(&place, "part", part("")),
            ),
        ];
        events.extend(pieces.iter().map(|piece| {
            self.event(
                "response.output_text.delta",
                with(&place, "delta", json!(piece)),
            )
        }));
        events.push(self.event(
            "response.output_text.done",
            with(&place, "text", json!(text)),
        ));
        events.push(self.event(
            "response.content_part.done",
            with(&place, "part", part(&text)),
        ));
        events.push(self.item_done(item("completed", json!([part(&text)]))));
        events
    }

    /// A whole tool call, with its arguments in the given pieces.
    pub fn function_call(
        &mut self,
        item_id: &str,
        call_id: &str,
        name: &str,
        pieces: &[&str],
    ) -> Vec<String> {
        let index = self.output.len();
        let arguments = pieces.concat();
        let item = |status: &str, arguments: &str| json!({"id": item_id, "type": "function_call", "status": status, "call_id": call_id, "name": name, "arguments": arguments});
        let place = json!({"item_id": item_id, "output_index": index});
        let mut events = vec![self.event(
            "response.output_item.added",
            json!({"output_index": index, "item": item("in_progress", "")}),
        )];
        events.extend(pieces.iter().map(|piece| {
            let fields = with(&place, "delta", json!(piece));
            self.event("response.function_call_arguments.delta", fields)
        }));
        let done = with(
            &with(&place, "name", json!(name)),
            "arguments",
            json!(arguments),
        );
        events.push(self.event("response.function_call_arguments.done", done));
        events.push(self.item_done(item("completed", &arguments)));
        events
    }

    /// `response.completed`.
    pub fn complete(&mut self, usage: Usage) -> String {
        let response = self.snapshot("completed", Some(usage));
        self.event("response.completed", json!({"response": response}))
    }

    /// `response.failed` with an error code and message.
    pub fn fail(&mut self, code: &str, message: &str) -> String {
        let mut response = self.snapshot("failed", None);
        response["error"] = json!({"code": code, "message": message});
        self.event("response.failed", json!({"response": response}))
    }

    /// `response.incomplete` with its reason.
    pub fn stop_short(&mut self, reason: &str) -> String {
        let mut response = self.snapshot("incomplete", None);
        response["incomplete_details"] = json!({"reason": reason});
        self.event("response.incomplete", json!({"response": response}))
    }

    /// The whole response as one JSON object, as `stream: false` answers it.
    #[must_use]
    pub fn object(&self, usage: Usage) -> Value {
        self.snapshot("completed", Some(usage))
    }

    /// The items of the answer so far.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.output
            .iter()
            .filter_map(|item| Item::parse(&item.to_string()).ok())
            .collect()
    }

    fn item_done(&mut self, item: Value) -> String {
        let index = self.output.len();
        self.output.push(item.clone());
        self.event(
            "response.output_item.done",
            json!({"output_index": index, "item": item}),
        )
    }

    fn event(&mut self, kind: &str, fields: Value) -> String {
        let mut event = json!({"type": kind, "sequence_number": self.sequence});
        self.sequence += 1;
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
        event.to_string()
    }

    fn snapshot(&self, status: &str, usage: Option<Usage>) -> Value {
        json!({
            "id": self.id, "object": "response", "created_at": self.created_at, "status": status,
            "model": self.model, "previous_response_id": self.previous_response_id,
            "output": self.output, "error": null, "incomplete_details": null,
            "instructions": null, "metadata": {}, "parallel_tool_calls": true, "tool_choice": "auto",
            "tools": [], "store": false,
            "usage": usage.map(|usage| json!({
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": usage.cached_input_tokens},
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
                "total_tokens": usage.input_tokens + usage.output_tokens,
            })),
        })
    }
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responses::Assembler;
    use crate::{ModelEvent, RawEvent};

    #[test]
    fn what_a_server_writes_a_client_assembles() {
        let mut writer = ResponseWriter::new("resp_1", "m", 0);
        let mut events = writer.open();
        events.extend(writer.message("msg_1", &["he", "llo"]));
        events.extend(writer.function_call("fc_1", "call_1", "f", &["{\"a\"", ":1}"]));
        let usage = Usage {
            input_tokens: 3,
            output_tokens: 2,
            ..Usage::default()
        };
        events.push(writer.complete(usage));

        let mut assembler = Assembler::new();
        let mut text = String::new();
        let mut end = None;
        for (number, event) in events.iter().enumerate() {
            let value: Value = serde_json::from_str(event).unwrap();
            assert_eq!(value["sequence_number"], json!(number));
            match assembler.push(&RawEvent::parse(event.clone().into()).unwrap()) {
                Some(ModelEvent::TextDelta { delta }) => text.push_str(&delta),
                Some(ModelEvent::Completed { id, usage, .. }) => end = Some((id, usage)),
                _ => {}
            }
        }
        assert_eq!(text, "hello");
        assert_eq!(end, Some(("resp_1".to_owned(), Some(usage))));
        assert_eq!(assembler.skipped(), 0);
        assert_eq!(assembler.into_items(), writer.items());
    }
}
