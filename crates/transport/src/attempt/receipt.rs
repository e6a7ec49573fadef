//! An answer whose last word, the terminal event, was lost on the way.
//!
//! If every item that began has ended and the last one is a message marked as the final answer, the
//! answer is whole and only its receipt is missing: asking again would cost the same answer twice. So
//! the receipt is made here, since readers wait for it.
//! An unmarked message may be the preamble of a tool call, so it is asked for again (transport,
//! "Commit points").

use alipes_wire::responses::{done_item, missing_end};
use alipes_wire::{Item, RawEvent};

/// Watches the items of one response.
#[derive(Debug, Default)]
pub(super) struct Receipt {
    open: usize,
    ended_with_answer: bool,
    lost: bool,
    /// What the response was begun with, and its items so far.
    created: Option<RawEvent>,
    items: Vec<Item>,
}

impl Receipt {
    /// Takes note of an event.
    pub(super) fn observe(&mut self, event: &RawEvent) {
        match event.kind() {
            "response.created" => self.created = Some(event.clone()),
            "response.output_item.added" => {
                self.open += 1;
                self.ended_with_answer = false;
            }
            "response.output_item.done" => {
                self.open = self.open.saturating_sub(1);
                let item = done_item(event);
                self.lost |= item.is_none();
                self.ended_with_answer = item.as_ref().is_some_and(Item::is_final_answer);
                self.items.extend(item);
            }
            _ => {}
        }
    }

    /// Something could not be read: it may have mattered.
    pub(super) fn spoil(&mut self) {
        self.lost = true;
    }

    /// The terminal event, if the answer is whole without it.
    pub(super) fn made(&self) -> Option<RawEvent> {
        let is_dispensable = self.open == 0 && self.ended_with_answer && !self.lost;
        is_dispensable.then(|| missing_end(self.created.as_ref(), &self.items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(events: &[&str]) -> bool {
        let mut receipt = Receipt::default();
        for event in events {
            let json = match *event {
                "added" => r#"{"type":"response.output_item.added","item":{}}"#,
                "final" => {
                    r#"{"type":"response.output_item.done","item":{"type":"message","role":"assistant","phase":"final_answer"}}"#
                }
                "plain" => {
                    r#"{"type":"response.output_item.done","item":{"type":"message","role":"assistant"}}"#
                }
                _ => r#"{"type":"response.output_item.done","item":null}"#,
            };
            receipt.observe(&RawEvent::parse(json.into()).unwrap());
        }
        receipt.made().is_some()
    }

    #[test]
    fn only_a_marked_answer_with_nothing_open_needs_no_receipt() {
        assert!(watch(&["added", "final"]));
        assert!(watch(&["added", "plain", "added", "final"]));
        assert!(!watch(&[]));
        assert!(!watch(&["added"]));
        assert!(!watch(&["added", "plain"]));
        assert!(!watch(&["added", "final", "added"]));
        assert!(!watch(&["added", "broken", "added", "final"]));
    }
}
