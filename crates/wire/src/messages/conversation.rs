//! Items as `system` and `messages`.
//!
//! User and assistant take turns, so neighbours of one role become one message; the results of a
//! step's calls begin the user's message behind it.

use super::block::{self, Block};
use super::quirks::Quirks;
use crate::call_ids::CallIds;
use crate::cannot_carry::LeftOut;
use crate::json::Object;
use crate::parts::{CHAT, ItemFields, Kind};
use crate::turns::{Turn, turns};
use crate::{CannotCarry, ModelRequest};

/// What has been said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) system: Vec<Block>,
    pub(super) messages: Vec<Message>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) role: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A conversation on its way into messages.
pub(super) struct Conversation<'r, 'l> {
    request: &'r ModelRequest,
    quirks: &'r Quirks,
    left_out: &'l mut LeftOut,
    said: Said,
}

impl Said {
    /// Whether nobody has marked anything yet.
    pub(super) fn is_unmarked(&self) -> bool {
        let messages = self.messages.iter().flat_map(|message| &message.blocks);
        !self.system.iter().chain(messages).any(Block::is_marked)
    }

    fn push(&mut self, role: &'static str, block: Block) {
        match self.messages.last_mut().filter(|last| last.role == role) {
            Some(last) => last.blocks.push(block),
            None => self.messages.push(Message {
                role,
                blocks: vec![block],
            }),
        }
    }
}

impl Message {
    pub(super) fn json(&self) -> String {
        let message = Object::new().put("role", self.role);
        let plain = match self.blocks.as_slice() {
            [only] => only.text(),
            _ => None,
        };
        let message = match plain {
            Some(text) => message.put("content", text),
            None => {
                let blocks: Vec<String> = self.blocks.iter().map(|b| b.json().to_owned()).collect();
                message.list("content", &blocks)
            }
        };
        message.end()
    }
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
            left_out,
            said: Said::default(),
        }
    }

    pub(super) fn said(mut self) -> Result<Said, CannotCarry> {
        if !self.request.instructions.trim().is_empty() {
            let text = Object::of_type("text").put("text", &self.request.instructions);
            self.said.system.push(Block::new(text));
        }
        for turn in turns(&self.request.input)? {
            match turn {
                Turn::System(item) => self.placed(&item, Self::system)?,
                Turn::User(item) => self.placed(&item, Self::user)?,
                Turn::Assistant(items) => {
                    for item in &items {
                        self.placed(item, Self::assistant)?;
                    }
                }
                Turn::Results(items) => {
                    for item in &items {
                        self.placed(item, Self::result)?;
                    }
                }
            }
        }
        Ok(self.said)
    }

    /// Says one item; what cannot be said is told with its place.
    fn placed(
        &mut self,
        item: &ItemFields<'_>,
        say: impl Fn(&mut Self, &ItemFields<'_>) -> Result<(), CannotCarry>,
    ) -> Result<(), CannotCarry> {
        say(self, item).map_err(|refused| refused.at(item.place()))
    }

    fn result(&mut self, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        let id = CallIds::Word.fit(&item.text("call_id"));
        let result = block::tool_result(item, &id, self.left_out)?;
        self.said.push("user", result);
        Ok(())
    }

    fn system(&mut self, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        let leads = self.said.messages.is_empty();
        if !leads && !self.quirks.system_in_messages {
            let why = "this server takes them at the start alone; they are sent as the user's";
            self.left_out.note("the rank of later system messages", why);
        }
        self.left_out.note_foreign(CHAT, item.extras(CHAT).as_ref());
        for part in item.content() {
            let Some(block) = block::part(&part, self.left_out)? else {
                continue;
            };
            match (leads, self.quirks.system_in_messages) {
                (true, _) => self.said.system.push(block),
                (false, true) => self.said.push("system", block),
                (false, false) => self.said.push("user", block),
            }
        }
        Ok(())
    }

    fn user(&mut self, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        self.left_out.note_foreign(CHAT, item.extras(CHAT).as_ref());
        for part in item.content() {
            if let Some(block) = block::part(&part, self.left_out)? {
                self.said.push("user", block);
            }
        }
        Ok(())
    }

    fn assistant(&mut self, item: &ItemFields<'_>) -> Result<(), CannotCarry> {
        match item.kind() {
            Kind::Call => {
                let id = CallIds::Word.fit(&item.text("call_id"));
                let call = block::tool_use(item, &id, self.left_out);
                self.said.push("assistant", call);
            }
            Kind::Assistant => {
                self.left_out.note_foreign(CHAT, item.extras(CHAT).as_ref());
                if item.has("phase") {
                    let why = "this dialect has no place for it";
                    self.left_out.note("the phase of messages", why);
                }
                for part in item.content() {
                    if let Some(block) = block::part(&part, self.left_out)? {
                        self.said.push("assistant", block);
                    }
                }
            }
            kind => match block::own(item) {
                Some(block) => self.said.push("assistant", block),
                None => self.foreign(kind),
            },
        }
        Ok(())
    }

    fn foreign(&mut self, kind: Kind) {
        let what = match kind {
            Kind::Reasoning => "another provider's reasoning",
            _ => "items of a provider's own tools",
        };
        let why = "only the provider that made it can read it";
        self.left_out.note(what, why);
    }
}
