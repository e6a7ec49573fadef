//! Writes one answer as a server sends it: chunks for who streams, one object for who does not.
//!
//! Shapes as the `OpenAI` SDKs parse them. Reasoning goes out as `reasoning_content`, which most
//! clients know, and what they must send back unread in `reasoning_details`.

use super::chunk::{DETAILS, DONE};
use super::error::error_body;
use crate::frame::Frame;
use crate::json::Object;
use crate::parts::{CHAT, ItemFields, Kind, Part};
use crate::{ApiError, Item, ItemView, ModelEvent, Usage, sealed};

/// The server's side of one answer.
#[derive(Debug)]
pub struct ChatWriter {
    id: String,
    model: String,
    created_at: u64,
    include_usage: bool,
    opened: bool,
    /// What was written of the message under way.
    current: String,
    content: String,
    refusal: String,
    reasoning: String,
    details: Vec<String>,
    annotations: Vec<String>,
    calls: Vec<String>,
    finish: Option<&'static str>,
    usage: Option<Usage>,
}

impl ChatWriter {
    /// An answer before its first event. `created_at` is in seconds since the Unix epoch.
    #[must_use]
    pub fn new(id: &str, model: &str, created_at: u64, include_usage: bool) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            created_at,
            include_usage,
            opened: false,
            current: String::new(),
            content: String::new(),
            refusal: String::new(),
            reasoning: String::new(),
            details: Vec::new(),
            annotations: Vec::new(),
            calls: Vec::new(),
            finish: None,
            usage: None,
        }
    }

    /// The chunks that `event` becomes.
    pub fn push(&mut self, event: &ModelEvent) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.finish.is_some() {
            return frames;
        }
        match event {
            ModelEvent::Created { .. } => self.open(&mut frames),
            ModelEvent::TextDelta { delta } => self.text(delta, &mut frames),
            ModelEvent::RefusalDelta { delta } => {
                self.current.push_str(delta);
                self.refusal.push_str(delta);
                self.say(Object::new().put("refusal", delta), &mut frames);
            }
            ModelEvent::ReasoningDelta { delta } => {
                self.reasoning.push_str(delta);
                self.say(Object::new().put("reasoning_content", delta), &mut frames);
            }
            ModelEvent::ItemDone(item) => self.item(item, &mut frames),
            ModelEvent::Completed { usage, .. } => {
                self.usage = *usage;
                let finish = match self.calls.is_empty() {
                    true => "stop",
                    false => "tool_calls",
                };
                self.finish(finish, &mut frames);
            }
            _ => {}
        }
        frames
    }

    /// Ends an answer that was cut short. `reason` is as the Responses dialect names it.
    pub fn stop_short(&mut self, reason: &str, usage: Option<Usage>) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.usage = usage.or(self.usage);
        let finish = match reason {
            "content_filter" | "refusal" => "content_filter",
            _ => "length",
        };
        self.finish(finish, &mut frames);
        frames
    }

    /// Ends a stream that failed. No end mark follows: nothing was completed.
    pub fn fail(&mut self, error: &ApiError) -> Vec<Frame> {
        vec![frame(error_body(error))]
    }

    /// The whole answer as one JSON object.
    #[must_use]
    pub fn object(&self) -> String {
        let has_words = !self.content.is_empty() || self.calls.is_empty();
        let content = has_words.then_some(&self.content);
        let refusal = (!self.refusal.is_empty()).then_some(&self.refusal);
        let reasoning = (!self.reasoning.is_empty()).then_some(&self.reasoning);
        let mut message = Object::new()
            .put("role", "assistant")
            .put("content", content.filter(|_| refusal.is_none()))
            .put("refusal", refusal)
            .put_some("reasoning_content", reasoning);
        for (name, list) in [
            (DETAILS, &self.details),
            ("annotations", &self.annotations),
            ("tool_calls", &self.calls),
        ] {
            if !list.is_empty() {
                message = message.list(name, list);
            }
        }
        let choice = Object::new()
            .put("index", 0)
            .raw("message", &message.end())
            .put("logprobs", None::<()>)
            .put("finish_reason", self.finish)
            .end();
        let usage = self.usage.map(usage_object);
        self.envelope("chat.completion")
            .list("choices", &[choice])
            .raw_some("usage", usage.as_deref())
            .end()
    }

    fn open(&mut self, frames: &mut Vec<Frame>) {
        if !std::mem::replace(&mut self.opened, true) {
            let delta = Object::new().put("role", "assistant").put("content", "");
            frames.push(self.chunk(&delta.end(), None));
        }
    }

    fn say(&mut self, delta: Object, frames: &mut Vec<Frame>) {
        self.open(frames);
        frames.push(self.chunk(&delta.end(), None));
    }

    /// More text. This dialect has one message, so another one is another paragraph of it.
    fn text(&mut self, delta: &str, frames: &mut Vec<Frame>) {
        let is_next = self.current.is_empty() && !self.content.is_empty();
        let delta = match is_next {
            true => format!("\n\n{delta}"),
            false => delta.to_owned(),
        };
        self.current.push_str(&delta);
        self.content.push_str(&delta);
        self.say(Object::new().put("content", delta), frames);
    }

    fn item(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        let fields = ItemFields::of(item);
        match fields.kind() {
            Kind::Call => self.call(&fields, frames),
            Kind::Reasoning => self.reasoning(item, &fields, frames),
            Kind::Assistant => self.message(item, &fields, frames),
            _ => {}
        }
    }

    /// Text that came in no delta is written now.
    fn message(&mut self, item: &Item, fields: &ItemFields<'_>, frames: &mut Vec<Frame>) {
        let unsaid = std::mem::take(&mut self.current).is_empty();
        if let (true, ItemView::Message { text, refusal, .. }) = (unsaid, item.view()) {
            if !text.is_empty() {
                self.text(&text, frames);
            }
            if let Some(refusal) = refusal {
                self.refusal.push_str(&refusal);
                self.say(Object::new().put("refusal", refusal), frames);
            }
            self.current.clear();
        }
        let sources: Vec<String> = fields
            .content()
            .iter()
            .flat_map(Part::annotations)
            .collect();
        if !sources.is_empty() {
            let delta = Object::new().list("annotations", &sources);
            self.annotations.extend(sources);
            self.say(delta, frames);
        }
    }

    fn call(&mut self, fields: &ItemFields<'_>, frames: &mut Vec<Frame>) {
        let function = Object::new()
            .put("name", fields.text("name"))
            .put("arguments", fields.arguments())
            .end();
        let extras = fields.extras(CHAT);
        let call = |object: Object| {
            object
                .put("id", fields.text("call_id"))
                .put("type", "function")
                .raw("function", &function)
                .merge(extras.as_ref())
                .end()
        };
        let piece = call(Object::new().put("index", self.calls.len()));
        self.calls.push(call(Object::new()));
        self.say(Object::new().list("tool_calls", &[piece]), frames);
    }

    fn reasoning(&mut self, item: &Item, fields: &ItemFields<'_>, frames: &mut Vec<Frame>) {
        let own = fields.extras(CHAT);
        let details = match &own {
            Some(own) => own
                .list(DETAILS)
                .into_iter()
                .map(|detail| detail.get().to_owned())
                .collect(),
            None => vec![
                Object::of_type("reasoning.encrypted")
                    .put("data", sealed::seal(item))
                    .end(),
            ],
        };
        if !details.is_empty() {
            let delta = Object::new().list(DETAILS, &details);
            self.details.extend(details);
            self.say(delta, frames);
        }
    }

    fn finish(&mut self, reason: &'static str, frames: &mut Vec<Frame>) {
        self.open(frames);
        self.finish = Some(reason);
        frames.push(self.chunk("{}", Some(reason)));
        if let Some(usage) = self.usage.filter(|_| self.include_usage) {
            let chunk = self
                .envelope("chat.completion.chunk")
                .list("choices", &[])
                .raw("usage", &usage_object(usage));
            frames.push(frame(chunk.end()));
        }
        frames.push(frame(DONE.to_owned()));
    }

    fn chunk(&self, delta: &str, finish: Option<&str>) -> Frame {
        let choice = Object::new()
            .put("index", 0)
            .raw("delta", delta)
            .put("logprobs", None::<()>)
            .put("finish_reason", finish)
            .end();
        let chunk = self.envelope("chat.completion.chunk");
        frame(chunk.list("choices", &[choice]).end())
    }

    fn envelope(&self, object: &str) -> Object {
        Object::new()
            .put("id", &self.id)
            .put("object", object)
            .put("created", self.created_at)
            .put("model", &self.model)
    }
}

fn frame(data: String) -> Frame {
    Frame::new("", data)
}

fn usage_object(usage: Usage) -> String {
    let prompt = Object::new().put("cached_tokens", usage.cached_input_tokens);
    let written = (usage.cache_write_tokens > 0).then_some(usage.cache_write_tokens);
    let prompt = prompt.put_some("cache_write_tokens", written).end();
    let completion = Object::new().put("reasoning_tokens", usage.reasoning_tokens);
    let total = usage.input_tokens.saturating_add(usage.output_tokens);
    Object::new()
        .put("prompt_tokens", usage.input_tokens)
        .put("completion_tokens", usage.output_tokens)
        .put("total_tokens", total)
        .raw("prompt_tokens_details", &prompt)
        .raw("completion_tokens_details", &completion.end())
        .end()
}
