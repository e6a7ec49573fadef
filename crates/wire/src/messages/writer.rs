//! Writes one answer as a server sends it: events for who streams, one object for who does not.
//!
//! A block is open until something else begins. What the client must send back unread is in
//! signatures and in redacted thinking.

use super::error::error_body;
use crate::fields::Fields;
use crate::frame::Frame;
use crate::json::{Object, quoted};
use crate::parts::{ItemFields, Kind, MESSAGES};
use crate::{ApiError, Item, ItemView, ModelEvent, Usage, sealed};

/// The server's side of one answer.
#[derive(Debug)]
pub struct MessageWriter {
    id: String,
    model: String,
    started: bool,
    open: Option<Open>,
    /// The blocks that are whole.
    blocks: Vec<String>,
    called: bool,
    refused: bool,
    /// The message under way was written as it came.
    spoken: bool,
    stop: Option<&'static str>,
    usage: Usage,
}

/// The block under way.
#[derive(Debug)]
enum Open {
    Text(String),
    Thinking(String),
}

impl MessageWriter {
    /// An answer before its first event.
    #[must_use]
    pub fn new(id: &str, model: &str) -> Self {
        Self {
            id: id.to_owned(),
            model: model.to_owned(),
            started: false,
            open: None,
            blocks: Vec::new(),
            called: false,
            refused: false,
            spoken: false,
            stop: None,
            usage: Usage::default(),
        }
    }

    /// The events that `event` becomes.
    pub fn push(&mut self, event: &ModelEvent) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.stop.is_some() {
            return frames;
        }
        match event {
            ModelEvent::Created { .. } => self.start(&mut frames),
            ModelEvent::MessageStarted { .. } => self.close("", &mut frames),
            ModelEvent::TextDelta { delta } => self.text(delta, &mut frames),
            ModelEvent::RefusalDelta { delta } => {
                self.refused = true;
                self.text(delta, &mut frames);
            }
            ModelEvent::ReasoningDelta { delta } => self.think(delta, &mut frames),
            ModelEvent::ItemDone(item) => self.item(item, &mut frames),
            ModelEvent::Completed {
                usage, end_turn, ..
            } => {
                self.usage = usage.unwrap_or_default();
                let stop = match end_turn {
                    _ if self.called => "tool_use",
                    _ if self.refused => "refusal",
                    Some(false) => "pause_turn",
                    _ => "end_turn",
                };
                self.finish(stop, &mut frames);
            }
            _ => {}
        }
        frames
    }

    /// Ends an answer that was cut short. `reason` is as the Responses dialect names it.
    pub fn stop_short(&mut self, reason: &str, usage: Option<Usage>) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.usage = usage.unwrap_or(self.usage);
        let stop = match reason {
            "content_filter" | "refusal" => "refusal",
            "model_context_window_exceeded" => "model_context_window_exceeded",
            _ => "max_tokens",
        };
        self.finish(stop, &mut frames);
        frames
    }

    /// Ends a stream that failed.
    pub fn fail(&mut self, error: &ApiError) -> Vec<Frame> {
        let data = error_body(error, None);
        vec![Frame::new("error", data)]
    }

    /// A sign of life between events.
    #[must_use]
    pub fn ping() -> Frame {
        frame("ping", Object::of_type("ping"))
    }

    /// The whole answer as one JSON object.
    #[must_use]
    pub fn object(&self) -> String {
        let mut blocks = self.blocks.clone();
        blocks.extend(self.open.as_ref().map(|open| open.block("")));
        self.message(&blocks, &usage_object(self.usage))
    }

    fn start(&mut self, frames: &mut Vec<Frame>) {
        if !std::mem::replace(&mut self.started, true) {
            // How much was read is only known at the end; `message_delta` tells it.
            let message = self.message(&[], &usage_object(Usage::default()));
            let event = Object::of_type("message_start").raw("message", &message);
            frames.push(frame("message_start", event));
        }
    }

    fn text(&mut self, delta: &str, frames: &mut Vec<Frame>) {
        self.spoken = true;
        if !matches!(self.open, Some(Open::Text(_))) {
            self.close("", frames);
            self.begin(&Object::of_type("text").put("text", "").end(), frames);
            self.open = Some(Open::Text(String::new()));
        }
        if let Some(Open::Text(text)) = &mut self.open {
            text.push_str(delta);
        }
        self.grow(Object::of_type("text_delta").put("text", delta), frames);
    }

    fn think(&mut self, delta: &str, frames: &mut Vec<Frame>) {
        if !matches!(self.open, Some(Open::Thinking(_))) {
            self.close("", frames);
            let block = Object::of_type("thinking").put("thinking", "");
            self.begin(&block.put("signature", "").end(), frames);
            self.open = Some(Open::Thinking(String::new()));
        }
        if let Some(Open::Thinking(text)) = &mut self.open {
            text.push_str(delta);
        }
        self.grow(
            Object::of_type("thinking_delta").put("thinking", delta),
            frames,
        );
    }

    fn item(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        let fields = ItemFields::of(item);
        match fields.kind() {
            Kind::Call => self.call(&fields, frames),
            Kind::Reasoning => self.reasoning(item, &fields, frames),
            Kind::Assistant => {
                // Text that came in no delta is written now.
                let spoken = std::mem::take(&mut self.spoken);
                if let (false, ItemView::Message { text, refusal, .. }) = (spoken, item.view()) {
                    self.refused |= refusal.is_some();
                    for text in [Some(text), refusal].into_iter().flatten() {
                        if !text.is_empty() {
                            self.text(&text, frames);
                        }
                    }
                }
                self.spoken = false;
                self.close("", frames);
            }
            _ => {
                if let Some(own) = fields.extras(MESSAGES) {
                    self.whole(&Object::new().merge(Some(&own)).end(), frames);
                }
            }
        }
    }

    fn call(&mut self, fields: &ItemFields<'_>, frames: &mut Vec<Frame>) {
        self.called = true;
        self.close("", frames);
        let extras = fields.extras(MESSAGES);
        let block = |input: &str| {
            Object::of_type("tool_use")
                .put("id", fields.text("call_id"))
                .put("name", fields.text("name"))
                .raw("input", input)
                .merge(extras.as_ref())
                .end()
        };
        let arguments = fields.arguments();
        self.begin(&block("{}"), frames);
        let delta = Object::of_type("input_json_delta").put("partial_json", &arguments);
        self.grow(delta, frames);
        let input = match Fields::of(arguments.as_bytes()) {
            Some(_) => arguments,
            None if arguments.trim().is_empty() => "{}".to_owned(),
            None => quoted(&arguments),
        };
        self.end(block(&input), frames);
    }

    /// Another provider's reasoning travels in the signature, as a whole.
    fn reasoning(&mut self, item: &Item, fields: &ItemFields<'_>, frames: &mut Vec<Frame>) {
        let own = fields.extras(MESSAGES);
        let redacted = own
            .as_ref()
            .filter(|own| own.string("type").as_deref() == Some("redacted_thinking"));
        if let Some(redacted) = redacted {
            return self.whole(&Object::new().merge(Some(redacted)).end(), frames);
        }
        let signature = match &own {
            Some(own) => own.string("signature").unwrap_or_default(),
            None => sealed::seal(item),
        };
        let text = fields.reasoning();
        let unsaid = !matches!(self.open, Some(Open::Thinking(_)));
        if unsaid && text.is_empty() && own.is_none() {
            let block = Object::of_type("redacted_thinking").put("data", signature);
            return self.whole(&block.end(), frames);
        }
        if unsaid {
            self.think(&text, frames);
        }
        self.close(&signature, frames);
    }

    /// Ends the block under way.
    fn close(&mut self, signature: &str, frames: &mut Vec<Frame>) {
        let Some(open) = self.open.take() else { return };
        if matches!(open, Open::Thinking(_)) && !signature.is_empty() {
            let delta = Object::of_type("signature_delta").put("signature", signature);
            self.grow(delta, frames);
        }
        self.end(open.block(signature), frames);
    }

    /// A block that comes in one piece.
    fn whole(&mut self, block: &str, frames: &mut Vec<Frame>) {
        self.close("", frames);
        self.begin(block, frames);
        self.end(block.to_owned(), frames);
    }

    fn begin(&mut self, block: &str, frames: &mut Vec<Frame>) {
        self.start(frames);
        let event = Object::of_type("content_block_start")
            .put("index", self.blocks.len())
            .raw("content_block", block);
        frames.push(frame("content_block_start", event));
    }

    fn grow(&mut self, delta: Object, frames: &mut Vec<Frame>) {
        let event = Object::of_type("content_block_delta")
            .put("index", self.blocks.len())
            .raw("delta", &delta.end());
        frames.push(frame("content_block_delta", event));
    }

    fn end(&mut self, block: String, frames: &mut Vec<Frame>) {
        let event = Object::of_type("content_block_stop").put("index", self.blocks.len());
        frames.push(frame("content_block_stop", event));
        self.blocks.push(block);
    }

    fn finish(&mut self, stop: &'static str, frames: &mut Vec<Frame>) {
        self.start(frames);
        self.close("", frames);
        self.stop = Some(stop);
        let delta = Object::new()
            .put("stop_reason", stop)
            .put("stop_sequence", None::<()>);
        let event = Object::of_type("message_delta")
            .raw("delta", &delta.end())
            .raw("usage", &usage_object(self.usage));
        frames.push(frame("message_delta", event));
        frames.push(frame("message_stop", Object::of_type("message_stop")));
    }

    fn message(&self, blocks: &[String], usage: &str) -> String {
        Object::new()
            .put("id", &self.id)
            .put("type", "message")
            .put("role", "assistant")
            .put("model", &self.model)
            .list("content", blocks)
            .put("stop_reason", self.stop)
            .put("stop_sequence", None::<()>)
            .raw("usage", usage)
            .end()
    }
}

impl Open {
    fn block(&self, signature: &str) -> String {
        match self {
            Self::Text(text) => Object::of_type("text").put("text", text).end(),
            Self::Thinking(text) => Object::of_type("thinking")
                .put("thinking", text)
                .put("signature", signature)
                .end(),
        }
    }
}

fn frame(name: &'static str, event: Object) -> Frame {
    Frame::new(name, event.end())
}

fn usage_object(usage: Usage) -> String {
    let fresh = usage
        .input_tokens
        .saturating_sub(usage.cached_input_tokens)
        .saturating_sub(usage.cache_write_tokens);
    let object = Object::new()
        .put("input_tokens", fresh)
        .put("cache_creation_input_tokens", usage.cache_write_tokens)
        .put("cache_read_input_tokens", usage.cached_input_tokens)
        .put("output_tokens", usage.output_tokens);
    let thinking = Object::new().put("thinking_tokens", usage.reasoning_tokens);
    match usage.reasoning_tokens {
        0 => object.end(),
        _ => object.raw("output_tokens_details", &thinking.end()).end(),
    }
}
