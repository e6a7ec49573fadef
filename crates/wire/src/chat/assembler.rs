//! Turns the chunks of one answer into what the agent reads.
//!
//! Items are whole only at the end: nothing in this dialect says earlier that a text or a call is
//! complete. But what was thought before the first word is complete with that word.

use super::calls::{Calls, TooMany};
use super::chunk::{Chunk, Piece, THINKING, reasoning_members};
use super::details::Details;
use super::watch::Watch;
use crate::fields::Fields;
use crate::json::Object;
use crate::parts::{self, CHAT};
use crate::responses::Terminal;
use crate::{Item, ModelEvent, RawEvent};

/// Reads one answer, in chunks or in one piece.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    watch: Watch,
    created: bool,
    text: String,
    refusal: String,
    annotations: Vec<String>,
    reasoning: Reasoning,
    calls: Calls,
    items: Vec<Item>,
    skipped: usize,
    ended: bool,
}

/// What the model thought, and how it said so.
#[derive(Debug, Default)]
struct Reasoning {
    /// The member it came in; the first stays, some servers send two.
    field: Option<&'static str>,
    text: String,
    details: Details,
}

impl Assembler {
    /// Appends what `event` tells to `told`.
    pub(crate) fn push(&mut self, event: &RawEvent, told: &mut Vec<ModelEvent>) {
        if self.ended || event.kind() == "chat.unknown" {
            self.skipped += 1;
            return;
        }
        if let Some(terminal) = self.watch.terminal(event) {
            self.end(terminal, told);
            return;
        }
        let Some(chunk) = Chunk::of(event.raw()) else {
            self.skipped += 1;
            return;
        };
        self.watch.note(event.kind(), &chunk);
        if !std::mem::replace(&mut self.created, true) {
            let id = self.watch.id().to_owned();
            told.push(ModelEvent::Created { id });
        }
        let pieces = chunk.pieces();
        let readable = pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Reasoning(..)));
        for piece in pieces {
            self.piece(piece, readable, told);
        }
        let calls = chunk.calls();
        if !calls.is_empty() {
            self.stop_thinking(told);
        }
        for call in calls {
            match self.calls.push(&call) {
                Ok(begun) => {
                    told.extend(begun.map(|name| ModelEvent::ToolCallStarted { name }));
                }
                Err(TooMany) => self.skipped += 1,
            }
        }
        let sources = chunk.delta.objects("annotations");
        self.annotations.extend(sources.iter().filter_map(citation));
    }

    pub(crate) fn into_items(self) -> Vec<Item> {
        self.items
    }

    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    /// `readable`: what details say is in the chunk as readable text, too.
    fn piece(&mut self, piece: Piece<'_>, readable: bool, told: &mut Vec<ModelEvent>) {
        let begins = self.text.is_empty() && self.refusal.is_empty();
        let visible = matches!(piece, Piece::Text(_) | Piece::Refusal(_));
        if begins && visible {
            self.stop_thinking(told);
            told.push(ModelEvent::MessageStarted { preamble: false });
        }
        match piece {
            Piece::Text(delta) => {
                self.text.push_str(&delta);
                told.push(ModelEvent::TextDelta { delta });
            }
            Piece::Refusal(delta) => {
                self.refusal.push_str(&delta);
                told.push(ModelEvent::RefusalDelta { delta });
            }
            Piece::Reasoning(field, delta) => {
                self.reasoning.field.get_or_insert(field);
                self.reasoning.text.push_str(&delta);
                told.push(ModelEvent::ReasoningDelta { delta });
            }
            Piece::Detail(raw) => {
                let text = self.reasoning.details.push(raw.get());
                let delta = text.filter(|text| !readable && !text.is_empty());
                if let Some(delta) = delta {
                    self.reasoning.text.push_str(&delta);
                    told.push(ModelEvent::ReasoningDelta { delta });
                }
            }
        }
    }

    /// Before the first word or call, thinking is over. Some servers go on; that is another item, at
    /// the end.
    fn stop_thinking(&mut self, told: &mut Vec<ModelEvent>) {
        if self.items.is_empty() {
            self.items
                .extend(std::mem::take(&mut self.reasoning).item());
            told.extend(self.items.iter().cloned().map(ModelEvent::ItemDone));
        }
    }

    fn end(&mut self, terminal: Terminal, told: &mut Vec<ModelEvent>) {
        self.ended = true;
        let status = match terminal {
            Terminal::Completed { .. } => "completed",
            Terminal::Incomplete { .. } => "incomplete",
            _ => return,
        };
        let thought = self.items.len();
        self.items
            .extend(std::mem::take(&mut self.reasoning).item());
        self.items.extend(self.message(status));
        let calls = std::mem::take(&mut self.calls);
        if status == "completed" {
            let (calls, nameless) = calls.into_items(self.watch.id());
            self.items.extend(calls);
            self.skipped += nameless;
        } else {
            // A call that was cut short must not run.
            self.skipped += usize::from(!calls.is_empty());
        }
        let done = self.items[thought..].iter().cloned();
        told.extend(done.map(ModelEvent::ItemDone));
        told.extend(ModelEvent::of_end(terminal));
    }

    fn message(&self, status: &str) -> Option<Item> {
        if self.text.is_empty() && self.refusal.is_empty() {
            return None;
        }
        let mut content = Vec::new();
        if !self.text.is_empty() {
            let mut part = parts::text_part("assistant", &self.text);
            if !self.annotations.is_empty() {
                part = part.list("annotations", &self.annotations);
            }
            content.push(part.end());
        }
        if !self.refusal.is_empty() {
            let refusal = Object::of_type("refusal").put("refusal", &self.refusal);
            content.push(refusal.end());
        }
        let message = parts::message("assistant", &content);
        Some(parts::item(match status {
            "completed" => message,
            status => message.put("status", status),
        }))
    }
}

impl Reasoning {
    fn item(self) -> Option<Item> {
        if self.text.is_empty() && self.details.is_empty() {
            return None;
        }
        let own = match self.field {
            Some(THINKING) => {
                let text = Object::of_type("text").put("text", &self.text).end();
                let part = Object::of_type(THINKING).list(THINKING, &[text]).end();
                Object::new().list("content", &[part]).end()
            }
            field => reasoning_members(
                field.unwrap_or_default(),
                &self.text,
                &self.details.into_list(),
            ),
        };
        Some(parts::item(parts::reasoning(&self.text).raw(CHAT, &own)))
    }
}

/// `{"type":"url_citation","url_citation":{…}}` as the flat form of the Responses dialect.
fn citation(source: &Fields<'_>) -> Option<String> {
    let kind = source.string("type")?;
    let inner = source.object(&kind)?;
    Some(Object::of_type(&kind).merge(Some(&inner)).end())
}
