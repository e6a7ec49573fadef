//! Items of a response that are being written: a message part by part, reasoning as its summary.

use super::ResponseWriter;
use crate::fields::Fields;
use crate::frame::Frame;
use crate::json::{Object, list};
use crate::parts::{CHAT, ItemFields, MESSAGES};

/// A message under way.
#[derive(Debug)]
pub(super) struct Message {
    id: String,
    phase: Option<String>,
    index: usize,
    /// The parts by their type and text; the last one is open.
    parts: Vec<(&'static str, String)>,
}

/// Reasoning under way.
#[derive(Debug)]
pub(super) struct Thought {
    id: String,
    index: usize,
    text: String,
}

impl Message {
    fn json(&self, status: &str, content: &[String]) -> String {
        Object::new()
            .put("id", &self.id)
            .put("type", "message")
            .put("status", status)
            .put("role", "assistant")
            .put_some("phase", self.phase.as_ref())
            .list("content", content)
            .end()
    }

    fn place(&self, event: Object) -> Object {
        let part = self.parts.len().saturating_sub(1);
        event
            .put("item_id", &self.id)
            .put("output_index", self.index)
            .put("content_index", part)
    }
}

impl Thought {
    fn place(&self, event: Object) -> Object {
        event
            .put("item_id", &self.id)
            .put("output_index", self.index)
            .put("summary_index", 0)
    }
}

impl ResponseWriter {
    pub(super) fn begin_message(&mut self, id: &str, phase: Option<&str>, frames: &mut Vec<Frame>) {
        self.end_thought(None, frames);
        let mut message = Message {
            id: id.to_owned(),
            phase: phase.map(str::to_owned),
            index: 0,
            parts: Vec::new(),
        };
        message.index = self.begin_item(&message.json("in_progress", &[]), frames);
        self.message = Some(message);
    }

    /// More of the message under way; `kind` is `output_text` or `refusal`.
    pub(super) fn say(&mut self, kind: &'static str, delta: &str, frames: &mut Vec<Frame>) {
        let Some(mut message) = self.message.take() else {
            return;
        };
        if message.parts.last().is_none_or(|(open, _)| *open != kind) {
            self.end_part(&message, frames);
            message.parts.push((kind, String::new()));
            frames.push(self.event("response.content_part.added", |event| {
                message.place(event).raw("part", &part(kind, ""))
            }));
        }
        let event = match kind {
            "refusal" => "response.refusal.delta",
            _ => "response.output_text.delta",
        };
        frames.push(self.event(event, |event| message.place(event).put("delta", delta)));
        if let Some((_, text)) = message.parts.last_mut() {
            text.push_str(delta);
        }
        self.message = Some(message);
    }

    /// The message under way is whole, as the item says that it ends; without one, as it was said.
    pub(super) fn end_message(&mut self, item: Option<&ItemFields<'_>>, frames: &mut Vec<Frame>) {
        let Some(message) = self.message.take() else {
            return;
        };
        self.end_part(&message, frames);
        let said = message.parts.iter().map(|(kind, text)| part(kind, text));
        let said: Vec<String> = said.collect();
        // An item may hold sources besides; but its parts must be those that were shown.
        let told = item.map(plain_content).unwrap_or_default();
        let content = if told.len() == said.len() { told } else { said };
        let status = item.map(|item| item.text("status"));
        let status = status.filter(|status| !status.is_empty());
        let json = message.json(status.as_deref().unwrap_or("completed"), &content);
        self.end_item(message.index, json, frames);
    }

    fn end_part(&mut self, message: &Message, frames: &mut Vec<Frame>) {
        let Some((kind, text)) = message.parts.last() else {
            return;
        };
        let (event, member) = match *kind {
            "refusal" => ("response.refusal.done", "refusal"),
            _ => ("response.output_text.done", "text"),
        };
        frames.push(self.event(event, |event| message.place(event).put(member, text)));
        frames.push(self.event("response.content_part.done", |event| {
            message.place(event).raw("part", &part(kind, text))
        }));
    }

    /// More reasoning.
    pub(super) fn think(&mut self, id: &str, delta: &str, frames: &mut Vec<Frame>) {
        let mut thought = match self.thought.take() {
            Some(thought) => thought,
            None => {
                let index = self.begin_item(&reasoning(id, "", None), frames);
                let thought = Thought {
                    id: id.to_owned(),
                    index,
                    text: String::new(),
                };
                frames.push(
                    self.event("response.reasoning_summary_part.added", |event| {
                        thought.place(event).raw("part", &summary(""))
                    }),
                );
                thought
            }
        };
        let kind = "response.reasoning_summary_text.delta";
        frames.push(self.event(kind, |event| thought.place(event).put("delta", delta)));
        thought.text.push_str(delta);
        self.thought = Some(thought);
    }

    /// The reasoning under way is whole; `encrypted` is what its maker wants back.
    pub(super) fn end_thought(&mut self, encrypted: Option<&str>, frames: &mut Vec<Frame>) {
        let Some(thought) = self.thought.take() else {
            return;
        };
        let kind = "response.reasoning_summary_text.done";
        frames.push(self.event(kind, |event| {
            thought.place(event).put("text", &thought.text)
        }));
        frames.push(self.event("response.reasoning_summary_part.done", |event| {
            thought.place(event).raw("part", &summary(&thought.text))
        }));
        let json = reasoning(&thought.id, &thought.text, encrypted);
        self.end_item(thought.index, json, frames);
    }

    /// Reasoning that was not shown while it came.
    pub(super) fn whole_thought(
        &mut self,
        id: &str,
        text: &str,
        encrypted: Option<&str>,
        frames: &mut Vec<Frame>,
    ) {
        if text.is_empty() {
            let index = self.begin_item(&reasoning(id, "", None), frames);
            return self.end_item(index, reasoning(id, "", encrypted), frames);
        }
        self.think(id, text, frames);
        self.end_thought(encrypted, frames);
    }
}

fn part(kind: &str, text: &str) -> String {
    match kind {
        "refusal" => Object::of_type(kind).put("refusal", text).end(),
        _ => Object::of_type(kind)
            .put("text", text)
            .raw("annotations", "[]")
            .end(),
    }
}

fn summary(text: &str) -> String {
    Object::of_type("summary_text").put("text", text).end()
}

fn reasoning(id: &str, text: &str, encrypted: Option<&str>) -> String {
    let summary = match text {
        "" => list(&[]),
        text => list(&[summary(text)]),
    };
    Object::new()
        .put("id", id)
        .put("type", "reasoning")
        .raw("summary", &summary)
        .put_some("encrypted_content", encrypted)
        .end()
}

/// An item's content, without what only another dialect knows of it.
pub(super) fn plain_content(item: &ItemFields<'_>) -> Vec<String> {
    let parts = item.content();
    let plain = parts.iter().filter_map(|part| {
        let fields: &Fields<'_> = part.fields();
        let rest = fields.rest(&[CHAT, MESSAGES])?;
        let rest = Fields::of(rest.as_bytes())?;
        let object = Object::new().merge(Some(&rest));
        Some(match fields.string("type").as_deref() {
            Some("output_text") => object.raw("annotations", "[]").end(),
            _ => object.end(),
        })
    });
    plain.collect()
}
