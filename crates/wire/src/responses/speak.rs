//! A response, written from what another dialect's answer tells.
//!
//! The client keeps the items and sends them back, so each gets an id, and reasoning that only its
//! maker can read travels as encrypted content.

use super::ResponseWriter;
use super::open_call::Called;
use super::open_item::plain_content;
use super::tools::{self, Own, ToolKind};
use crate::fields::Fields;
use crate::frame::Frame;
use crate::json::Object;
use crate::parts::{CHAT, ItemFields, Kind, MESSAGES};
use crate::{Item, ModelEvent, sealed};

impl ResponseWriter {
    /// The events that `event` becomes.
    pub fn push(&mut self, event: &ModelEvent) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.has_ended() {
            return frames;
        }
        match event {
            ModelEvent::Created { .. } => frames = self.open(),
            ModelEvent::MessageStarted { preamble } => {
                self.end_message(None, &mut frames);
                self.start_message(preamble.then_some("commentary"), &mut frames);
            }
            ModelEvent::TextDelta { delta } => self.tell("output_text", delta, &mut frames),
            ModelEvent::RefusalDelta { delta } => self.tell("refusal", delta, &mut frames),
            // What is thought beside a message comes with its item.
            ModelEvent::ReasoningDelta { delta } if self.message.is_none() => {
                let id = self.item_id("rs");
                self.think(&id, delta, &mut frames);
            }
            ModelEvent::ItemDone(item) => self.item(item, &mut frames),
            ModelEvent::Completed {
                usage, end_turn, ..
            } => {
                self.close(&mut frames);
                frames.push(self.complete(*usage, *end_turn));
            }
            _ => {}
        }
        frames
    }

    /// Ends what is under way, before the response itself ends.
    pub(crate) fn close(&mut self, frames: &mut Vec<Frame>) {
        frames.extend(self.open());
        self.end_thought(None, frames);
        self.end_message(None, frames);
    }

    fn tell(&mut self, kind: &'static str, delta: &str, frames: &mut Vec<Frame>) {
        if self.message.is_none() {
            self.start_message(None, frames);
        }
        self.say(kind, delta, frames);
    }

    fn start_message(&mut self, phase: Option<&str>, frames: &mut Vec<Frame>) {
        let id = self.item_id("msg");
        self.begin_message(&id, phase, frames);
    }

    fn item(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        let fields = ItemFields::of(item);
        match fields.kind() {
            Kind::Assistant => self.said(&fields, frames),
            Kind::Reasoning => {
                let own = fields.text("encrypted_content");
                let encrypted = match own.is_empty() {
                    true => sealed::seal(item),
                    false => own,
                };
                if self.thought.is_some() {
                    return self.end_thought(Some(&encrypted), frames);
                }
                let id = self.item_id("rs");
                self.whole_thought(&id, &fields.reasoning(), Some(&encrypted), frames);
            }
            Kind::Call => {
                self.end_thought(None, frames);
                let id = self.item_id("fc");
                frames.extend(self.call(&id, &fields));
            }
            _ => self.other(item, frames),
        }
    }

    /// A call, of the tool as the client knows it.
    fn call(&mut self, id: &str, fields: &ItemFields<'_>) -> Vec<Frame> {
        let (call_id, name) = (fields.text("call_id"), fields.text("name"));
        let arguments = fields.arguments();
        let own = self.label.tools.own(&name).cloned();
        let own = own.unwrap_or(Own {
            namespace: None,
            name,
            kind: ToolKind::Function,
        });
        let called = Called {
            item_id: id,
            call_id: &call_id,
            namespace: own.namespace.as_deref(),
            name: &own.name,
        };
        match own.kind {
            ToolKind::Function => {}
            ToolKind::Text => return self.custom_call(&called, &tools::text_of(&arguments)),
            ToolKind::LocalShell => {
                if let Some(action) = tools::action(&arguments) {
                    return self.local_shell_call(&called, &action);
                }
            }
            ToolKind::Search => {
                if let Some(wanted) = tools::wanted(&arguments) {
                    return self.tool_search_call(&called, &wanted);
                }
            }
        }
        // Also one of a tool that cannot do anything with these arguments: the client tells the model.
        self.call_with(&called, &[&arguments])
    }

    /// A message is whole. What came in no delta is written now.
    fn said(&mut self, fields: &ItemFields<'_>, frames: &mut Vec<Frame>) {
        if self.message.is_none() {
            let phase = Some(fields.text("phase")).filter(|phase| !phase.is_empty());
            self.start_message(phase.as_deref(), frames);
            for part in plain_content(fields) {
                let part = Fields::of(part.as_bytes()).unwrap_or_default();
                let refusal = part.string("refusal");
                if let Some(text) = part.string("text") {
                    self.say("output_text", &text, frames);
                } else if let Some(refusal) = refusal {
                    self.say("refusal", &refusal, frames);
                }
            }
        }
        self.end_message(Some(fields), frames);
    }

    /// An item of the provider's own tools: as it is, if it is one of this dialect.
    fn other(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        let fields = Fields::of(item.json().as_bytes()).unwrap_or_default();
        if fields.json(CHAT).is_some() || fields.json(MESSAGES).is_some() {
            return;
        }
        let id = self.item_id("item");
        let json = Object::new().merge(Some(&fields)).put("id", id).end();
        let index = self.begin_item(&json, frames);
        self.end_item(index, json, frames);
    }

    /// An id for the item that begins next, the only one with its number in this response.
    fn item_id(&self, kind: &str) -> String {
        let own = self.id();
        let own = own.split_once('_').map_or(own, |(_, own)| own);
        format!("{kind}_{own}_{}", self.next_index())
    }
}
