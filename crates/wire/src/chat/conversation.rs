//! Items as the `messages` of a request.
//!
//! One model step is one assistant message: its text, its tool calls, and, where the server wants
//! it, its reasoning. The results follow as `tool` messages.

use super::parts_out::{self, PartsOut};
use super::quirks::{Quirks, ReasoningBack};
use super::step::Step;
use crate::call_ids::CallIds;
use crate::cannot_carry::LeftOut;
use crate::json::Object;
use crate::parts::{CHAT, Content, ItemFields, Kind, MESSAGES};
use crate::turns::{Turn, turns};
use crate::{CannotCarry, ModelRequest};

/// A conversation on its way into messages.
pub(super) struct Conversation<'r, 'l> {
    request: &'r ModelRequest,
    quirks: &'r Quirks,
    ids: CallIds,
    left_out: &'l mut LeftOut,
    messages: Vec<String>,
}

impl<'r, 'l> Conversation<'r, 'l> {
    pub(super) fn new(
        request: &'r ModelRequest,
        quirks: &'r Quirks,
        left_out: &'l mut LeftOut,
    ) -> Self {
        Self {
            request,
            quirks,
            ids: match quirks.short_call_ids {
                true => CallIds::Nine,
                false => CallIds::Any,
            },
            left_out,
            messages: Vec::new(),
        }
    }

    pub(super) fn messages(mut self) -> Result<Vec<String>, CannotCarry> {
        if !self.request.instructions.is_empty() {
            let system = Object::new().put("role", "system");
            let system = system.put("content", &self.request.instructions);
            self.messages.push(system.end());
        }
        let turns = turns(&self.request.input)?;
        let last_user = turns.iter().rposition(|turn| matches!(turn, Turn::User(_)));
        for (at, turn) in turns.into_iter().enumerate() {
            let this_turn = last_user.is_none_or(|user| at > user);
            match turn {
                Turn::System(item) => self.system(&item)?,
                Turn::User(item) => self.user(&item)?,
                Turn::Assistant(items) => self.assistant(&items, this_turn)?,
                Turn::Results(items) => self.results(&items)?,
            }
        }
        Ok(self.messages)
    }

    fn system(&mut self, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        let role = match item.role() {
            role if role == "developer" && !self.quirks.developer_role => "system".to_owned(),
            role => role,
        };
        self.said(&role, item)
    }

    fn user(&mut self, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        if item.kind() == Kind::ProviderBound {
            self.left_out.note(
                "content of a provider's own",
                "only the provider that made it can read it",
            );
            return Ok(());
        }
        self.said("user", item)
    }

    fn said(&mut self, role: &str, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        let content = parts_out::content(&item.content(), self.quirks, self.left_out)
            .map_err(|refused| refused.at(item.place()))?;
        let extras = item.extras(CHAT);
        let message = Object::new().put("role", role);
        let message = message.raw("content", &content.json());
        self.messages.push(message.merge(extras.as_ref()).end());
        Ok(())
    }

    fn assistant(&mut self, items: &[ItemFields<'_>], this_turn: bool) -> Result<(), CannotCarry> {
        let reasoning_goes_back = match self.quirks.reasoning {
            ReasoningBack::Never => false,
            ReasoningBack::ThisTurn => this_turn,
            ReasoningBack::Always => true,
        };
        let mut step = Step::default();
        for item in items {
            match item.kind() {
                Kind::Assistant => {
                    if item.has("phase") {
                        self.left_out
                            .note("the phase of messages", "this dialect has no place for it");
                    }
                    if step.is_closed_to_text() {
                        self.messages.extend(std::mem::take(&mut step).message());
                    }
                    step.say(item, self.quirks, self.left_out)
                        .map_err(|refused| refused.at(item.place()))?;
                }
                Kind::Call => {
                    self.left_out
                        .note_foreign(MESSAGES, item.extras(MESSAGES).as_ref());
                    step.call(item, &self.ids.fit(&item.text("call_id")));
                }
                Kind::Reasoning => self.reasoning(&mut step, item, reasoning_goes_back),
                _ => self.left_out.note(
                    "items of a provider's own tools",
                    "only the provider that made them can read them",
                ),
            }
        }
        self.messages.extend(step.message());
        Ok(())
    }

    fn reasoning(&mut self, step: &mut Step, item: &ItemFields<'_>, goes_back: bool) {
        let Some(own) = item.extras(CHAT) else {
            self.left_out.note(
                "another provider's reasoning",
                "only the provider that made it can read it",
            );
            return;
        };
        if !goes_back {
            let why = "this server is not sent old reasoning";
            self.left_out.note("reasoning of earlier turns", why);
            return;
        }
        step.think(&own);
    }

    fn results(&mut self, items: &[ItemFields<'_>]) -> Result<(), CannotCarry> {
        let mut moved = Vec::new();
        for item in items {
            self.left_out
                .note_foreign(MESSAGES, item.extras(MESSAGES).as_ref());
            let id = self.ids.fit(&item.text("call_id"));
            let mut content = PartsOut::default();
            for part in item.output() {
                let is_text = matches!(part.content, Content::Text(_));
                let json = parts_out::part(&part, self.quirks, self.left_out)
                    .map_err(|refused| refused.at(item.place()))?;
                match is_text || self.quirks.images_in_results {
                    true => content.push(json),
                    false => moved.extend(json.map(|json| (id.clone(), json.json))),
                }
            }
            let message = Object::new().put("role", "tool").put("tool_call_id", &id);
            let message = message.raw("content", &content.joined("\n"));
            let extras = item.extras(CHAT);
            self.messages.push(message.merge(extras.as_ref()).end());
        }
        self.shown_by_user(moved);
        Ok(())
    }

    /// `tool` messages hold text alone (OpenAI API reference), so pictures come from the user.
    fn shown_by_user(&mut self, moved: Vec<(String, String)>) {
        if moved.is_empty() {
            return;
        }
        self.left_out.note(
            "the place of images in tool results",
            "tool messages hold text alone; they follow in a message of the user",
        );
        let mut parts = Vec::new();
        for (id, part) in moved {
            let label = format!("from the result of tool call {id}:");
            parts.push(Object::of_type("text").put("text", label).end());
            parts.push(part);
        }
        let message = Object::new().put("role", "user").list("content", &parts);
        self.messages.push(message.end());
    }
}
