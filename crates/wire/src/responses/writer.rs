//! Writes the events of one response, as a server sends them.
//!
//! The shapes follow the OpenAI Responses streaming reference as its own SDKs parse them: every event
//! has a `sequence_number`, an item is framed by `added` and `done`, and its text by a content part.

use super::open_item::{Message, Thought};
use crate::frame::Frame;
use crate::json::Object;
use crate::label::Label;
use crate::{ApiError, Item, Usage};

/// The server's side of one response.
#[derive(Debug)]
pub struct ResponseWriter {
    pub(super) label: Label,
    sequence: u64,
    opened: bool,
    /// The items by their index; one that is under way is none.
    output: Vec<Option<String>>,
    pub(super) message: Option<Message>,
    pub(super) thought: Option<Thought>,
    /// The whole response, once it has ended.
    ended: Option<String>,
}

impl ResponseWriter {
    /// A response before its first event. `created_at` is in seconds since the Unix epoch.
    #[must_use]
    pub fn new(id: &str, model: &str, created_at: u64) -> Self {
        Self::labelled(Label {
            id: id.to_owned(),
            model: model.to_owned(),
            created_at,
            ..Label::default()
        })
    }

    /// A response before its first event.
    #[must_use]
    pub fn labelled(label: Label) -> Self {
        Self {
            label,
            sequence: 0,
            opened: false,
            output: Vec::new(),
            message: None,
            thought: None,
            ended: None,
        }
    }

    /// The same response as the continuation of another one, which its envelope then names.
    #[must_use]
    pub fn after(mut self, previous_response_id: Option<String>) -> Self {
        self.label.previous_response_id = previous_response_id;
        self
    }

    /// The same response behind events that somebody else has written.
    #[must_use]
    pub(crate) fn going_on(self, sequence: u64, opened: bool) -> Self {
        Self {
            sequence,
            opened,
            ..self
        }
    }

    /// The response's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.label.id
    }

    /// `response.created` and `response.in_progress`, unless they have been written.
    pub fn open(&mut self) -> Vec<Frame> {
        if std::mem::replace(&mut self.opened, true) {
            return Vec::new();
        }
        let kinds = ["response.created", "response.in_progress"];
        let events = kinds.map(|kind| {
            let response = self.envelope("in_progress").end();
            self.event(kind, |event| event.raw("response", &response))
        });
        events.into()
    }

    /// A whole message, marked as `commentary` or `final_answer` or not, with its text in the given
    /// pieces.
    pub fn message(&mut self, item_id: &str, phase: Option<&str>, pieces: &[&str]) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.begin_message(item_id, phase, &mut frames);
        for piece in pieces {
            self.say("output_text", piece, &mut frames);
        }
        self.end_message(None, &mut frames);
        frames
    }

    /// `response.completed`; `end_turn` is `Some(false)` where the model has more to say.
    pub fn complete(&mut self, usage: Option<Usage>, end_turn: Option<bool>) -> Frame {
        let response = self.envelope("completed");
        let response = response.put_some("end_turn", end_turn);
        self.end("response.completed", finish(response, usage))
    }

    /// `response.failed`.
    pub fn fail(&mut self, error: &ApiError) -> Frame {
        let code = error.code.as_ref().or(error.kind.as_ref());
        let error = Object::new()
            .put("code", code.map_or("server_error", |code| code))
            .put(
                "message",
                error.message.as_deref().unwrap_or("the request failed"),
            )
            .put_some("resets_at", error.resets_at)
            .put_some("resets_in_seconds", error.resets_in_seconds);
        let response = self.envelope("failed").raw("error", &error.end());
        self.end("response.failed", finish(response, None))
    }

    /// The last events of a response that failed on its way. Clients of the service look for either of
    /// two: `error`, which SDKs raise with its words where the error is nested in it (as the service
    /// was seen to send it, beside the flat form of its reference), and `response.failed`.
    pub(crate) fn break_off(&mut self, error: &ApiError) -> Vec<Frame> {
        let mut frames = self.open();
        let (code, message) = (error.code.as_deref(), error.message.as_deref());
        let nested = Object::new()
            .put("type", error.kind.as_deref().unwrap_or("server_error"))
            .put("code", code)
            .put("message", message)
            .put("param", &error.param);
        frames.push(self.event("error", |event| {
            event
                .put("code", code)
                .put("message", message)
                .put("param", &error.param)
                .raw("error", &nested.end())
        }));
        frames.push(self.fail(error));
        frames
    }

    /// `response.incomplete` with its reason.
    pub fn stop_short(&mut self, reason: &str, usage: Option<Usage>) -> Frame {
        let details = Object::new().put("reason", reason).end();
        let response = self.envelope("incomplete");
        let response = response.raw("incomplete_details", &details);
        self.end("response.incomplete", finish(response, usage))
    }

    /// The whole response as one JSON object, as `stream: false` answers it; `None` before its end.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// The items of the answer so far.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        let done = self.output.iter().flatten();
        done.filter_map(|item| Item::parse(item).ok()).collect()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// An item begins; gives its index.
    pub(super) fn begin_item(&mut self, item: &str, frames: &mut Vec<Frame>) -> usize {
        let index = self.output.len();
        self.output.push(None);
        frames.extend(self.open());
        frames.push(self.event("response.output_item.added", |event| {
            event.put("output_index", index).raw("item", item)
        }));
        index
    }

    /// The item that will begin next.
    pub(super) fn next_index(&self) -> usize {
        self.output.len()
    }

    /// An item is whole.
    pub(super) fn end_item(&mut self, index: usize, item: String, frames: &mut Vec<Frame>) {
        frames.push(self.event("response.output_item.done", |event| {
            event.put("output_index", index).raw("item", &item)
        }));
        if let Some(slot) = self.output.get_mut(index) {
            *slot = Some(item);
        }
    }

    pub(super) fn event(
        &mut self,
        kind: &'static str,
        fill: impl FnOnce(Object) -> Object,
    ) -> Frame {
        let event = Object::of_type(kind).put("sequence_number", self.sequence);
        self.sequence += 1;
        Frame::new(kind, fill(event).end())
    }

    fn end(&mut self, kind: &'static str, response: String) -> Frame {
        self.opened = true;
        let frame = self.event(kind, |event| event.raw("response", &response));
        self.ended = Some(response);
        frame
    }

    /// The response so far. Of two members with one name the first stays, so what is known better is
    /// put before [`finish`].
    fn envelope(&self, status: &str) -> Object {
        let done: Vec<String> = self.output.iter().flatten().cloned().collect();
        let envelope = Object::new()
            .put("id", &self.label.id)
            .put("object", "response")
            .put("created_at", self.label.created_at)
            .put("status", status)
            .put("model", &self.label.model)
            .put("previous_response_id", &self.label.previous_response_id)
            .list("output", &done)
            .merge_all(&self.label.echo.fields());
        match status {
            "in_progress" => envelope
                .raw("completed_at", "null")
                .raw("error", "null")
                .raw("incomplete_details", "null")
                .raw("usage", "null"),
            _ => envelope,
        }
    }
}

/// The end of a response's envelope.
fn finish(envelope: Object, usage: Option<Usage>) -> String {
    let usage = usage.map_or_else(|| "null".to_owned(), usage_object);
    envelope
        .raw("completed_at", "null")
        .raw("error", "null")
        .raw("incomplete_details", "null")
        .raw("usage", &usage)
        .end()
}

fn usage_object(usage: Usage) -> String {
    let written = (usage.cache_write_tokens > 0).then_some(usage.cache_write_tokens);
    let input = Object::new()
        .put("cached_tokens", usage.cached_input_tokens)
        .put_some("cache_write_tokens", written)
        .end();
    let output = Object::new().put("reasoning_tokens", usage.reasoning_tokens);
    Object::new()
        .put("input_tokens", usage.input_tokens)
        .raw("input_tokens_details", &input)
        .put("output_tokens", usage.output_tokens)
        .raw("output_tokens_details", &output.end())
        .put(
            "total_tokens",
            usage.input_tokens.saturating_add(usage.output_tokens),
        )
        .end()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::responses::Assembler;
    use crate::{ModelEvent, RawEvent};

    #[test]
    fn what_a_server_writes_a_client_assembles() {
        let mut writer = ResponseWriter::new("resp_1", "m", 0);
        let mut events = writer.open();
        events.extend(writer.message("msg_1", None, &["he", "llo"]));
        events.extend(writer.function_call("fc_1", "call_1", "f", &["{\"a\"", ":1}"]));
        let usage = Usage {
            input_tokens: 3,
            output_tokens: 2,
            ..Usage::default()
        };
        events.push(writer.complete(Some(usage), None));

        let mut assembler = Assembler::new();
        let mut text = String::new();
        let mut end = None;
        for (number, event) in events.iter().enumerate() {
            let value: Value = serde_json::from_str(&event.data).unwrap();
            assert_eq!(value["sequence_number"], json!(number));
            assert_eq!(value["type"], json!(event.name));
            match assembler.push(&RawEvent::parse(event.data.clone().into()).unwrap()) {
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
