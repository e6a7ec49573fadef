//! Turns the events of one answer into what the agent reads.
//!
//! Texts that follow one another are one message; thinking, calls, and blocks of the vendor's own
//! are items for themselves, whole when their block ends.

use std::collections::BTreeMap;

use super::event::Watch;
use super::open_block::OpenBlock;
use crate::fields::Fields;
use crate::parts;
use crate::responses::Terminal;
use crate::{Item, ModelEvent, RawEvent};

/// Reads one answer.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    watch: Watch,
    open: BTreeMap<u64, OpenBlock>,
    begun: u64,
    /// The parts of the message under way.
    texts: Vec<String>,
    items: Vec<Item>,
    skipped: usize,
    ended: bool,
}

impl Assembler {
    /// Appends what `event` tells to `told`.
    pub(crate) fn push(&mut self, event: &RawEvent, told: &mut Vec<ModelEvent>) {
        if self.ended {
            self.skipped += 1;
            return;
        }
        self.watch.observe(event);
        if let Some(terminal) = self.watch.terminal(event) {
            self.end(terminal, told);
            return;
        }
        let fields = event.fields();
        let kind = event.kind();
        match kind.split_once('/').map_or(kind, |(kind, _)| kind) {
            "message_start" => told.push(ModelEvent::Created {
                id: self.watch.id().to_owned(),
            }),
            "content_block_start" => self.start(&fields, told),
            "content_block_delta" => self.delta(&fields, told),
            "content_block_stop" => {
                let at = self.at(&fields);
                match self.open.remove(&at) {
                    Some(block) => self.close(block, true, told),
                    None => self.skipped += 1,
                }
            }
            "message_delta" | "ping" => {}
            _ => self.skipped += 1,
        }
    }

    pub(crate) fn into_items(self) -> Vec<Item> {
        self.items
    }

    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    /// The block that an event is about; without a number the last one.
    fn at(&self, event: &Fields<'_>) -> u64 {
        let last = self.open.keys().last().copied();
        event.whole("index").or(last).unwrap_or(self.begun)
    }

    fn start(&mut self, event: &Fields<'_>, told: &mut Vec<ModelEvent>) {
        let Some(block) = event.object("content_block") else {
            self.skipped += 1;
            return;
        };
        let at = event.whole("index").unwrap_or(self.begun);
        self.begin(at, OpenBlock::new(&block), told);
    }

    fn begin(&mut self, at: u64, block: OpenBlock, told: &mut Vec<ModelEvent>) {
        self.begun = self.begun.max(at.saturating_add(1));
        if let Some(unfinished) = self.open.remove(&at) {
            self.close(unfinished, true, told);
        }
        if !block.is_text() {
            self.finish_message("completed", told);
        } else if self.texts.is_empty() && !self.open.values().any(OpenBlock::is_text) {
            told.push(ModelEvent::MessageStarted { preamble: false });
        }
        told.extend(block.started());
        self.open.insert(at, block);
    }

    fn delta(&mut self, event: &Fields<'_>, told: &mut Vec<ModelEvent>) {
        let Some(delta) = event.object("delta") else {
            self.skipped += 1;
            return;
        };
        let at = self.at(event);
        if !self.open.contains_key(&at) {
            // The start of the block was lost, or never sent.
            match OpenBlock::for_delta(&delta) {
                Some(block) => self.begin(at, block, told),
                None => {
                    self.skipped += 1;
                    return;
                }
            }
        }
        let grown = self.open.get_mut(&at).map(|block| block.grow(&delta));
        match grown {
            Some(Ok(event)) => told.extend(event),
            _ => self.skipped += 1,
        }
    }

    /// A block is whole, or as whole as it gets.
    fn close(&mut self, block: OpenBlock, whole: bool, told: &mut Vec<ModelEvent>) {
        if block.is_text() {
            self.texts.extend(block.part());
        } else if block.is_of_use(whole) {
            let item = block.item();
            self.items.push(item.clone());
            told.push(ModelEvent::ItemDone(item));
        } else {
            self.skipped += 1;
        }
    }

    fn finish_message(&mut self, status: &str, told: &mut Vec<ModelEvent>) {
        if self.texts.is_empty() {
            return;
        }
        let message = parts::message("assistant", &std::mem::take(&mut self.texts));
        let item = parts::item(match status {
            "completed" => message,
            status => message.put("status", status),
        });
        self.items.push(item.clone());
        told.push(ModelEvent::ItemDone(item));
    }

    fn end(&mut self, terminal: Terminal, told: &mut Vec<ModelEvent>) {
        self.ended = true;
        let status = match terminal {
            Terminal::Completed { .. } => "completed",
            Terminal::Incomplete { .. } => "incomplete",
            _ => return,
        };
        for (_, block) in std::mem::take(&mut self.open) {
            self.close(block, status == "completed", told);
        }
        self.finish_message(status, told);
        told.extend(ModelEvent::of_end(terminal));
    }
}
