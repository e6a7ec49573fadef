//! Turns a response's raw events into what the agent reads.
//!
//! Items come from `output_item.done` alone; deltas are for showing. Whatever is unknown, null or
//! malformed is counted and left out, never fatal: a response whose text has arrived must not fail
//! over a field nobody reads.

use serde::Deserialize;

use super::{Signal, Terminal, done_item};
use crate::{Item, ItemView, ModelEvent, RateLimits, RawEvent};

/// Reads the events of one response.
#[derive(Debug, Default)]
pub struct Assembler {
    items: Vec<Item>,
    skipped: usize,
    ended: bool,
}

#[derive(Deserialize)]
struct Delta {
    delta: String,
}

#[derive(Deserialize)]
struct ItemField {
    item: Item,
}

/// Events that begin like this announce or repeat what others bring whole (codex-protocol §1.6).
const NOT_NEEDED: &[&str] = &[
    "response.content_part.",
    "response.output_text.",
    "response.refusal.",
    "response.function_call_arguments.",
    "response.custom_tool_call_input.",
    "response.reasoning_",
];

impl Assembler {
    /// An assembler before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What `event` tells, if it tells the agent anything.
    ///
    /// A failed or incomplete end gives nothing here: the transport has named that fault.
    pub fn push(&mut self, event: &RawEvent) -> Option<ModelEvent> {
        if self.ended {
            // A second end, or output behind the end, was seen in the wild.
            self.skipped += 1;
            return None;
        }
        match event.kind() {
            "response.created" => self.counted(created(event)),
            "response.output_text.delta" => {
                self.counted(delta(event).map(|delta| ModelEvent::TextDelta { delta }))
            }
            "response.refusal.delta" => {
                self.counted(delta(event).map(|delta| ModelEvent::RefusalDelta { delta }))
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.counted(delta(event).map(|delta| ModelEvent::ReasoningDelta { delta }))
            }
            "response.output_item.added" => self.start_item(event),
            "response.output_item.done" => self.take_item(event),
            "codex.rate_limits" => self.counted(RateLimits::of(event).map(ModelEvent::RateLimits)),
            _ => self.end(event),
        }
    }

    /// The items so far, in the order they were completed.
    #[must_use]
    pub fn into_items(self) -> Vec<Item> {
        self.items
    }

    /// How many events were unknown, could not be read, or came after the end.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Passes on what was read, and counts what could not be.
    fn counted<T>(&mut self, read: Option<T>) -> Option<T> {
        self.skipped += usize::from(read.is_none());
        read
    }

    fn start_item(&mut self, event: &RawEvent) -> Option<ModelEvent> {
        let added: ItemField = self.counted(event.read())?;
        item_started(&added.item)
    }

    fn take_item(&mut self, event: &RawEvent) -> Option<ModelEvent> {
        let item = self.counted(done_item(event))?;
        self.items.push(item.clone());
        Some(ModelEvent::ItemDone(item))
    }

    fn end(&mut self, event: &RawEvent) -> Option<ModelEvent> {
        let Some(terminal) = Terminal::of(event) else {
            self.skipped += usize::from(!is_known(event));
            return None;
        };
        self.ended = true;
        ModelEvent::of_end(terminal)
    }
}

fn created(event: &RawEvent) -> Option<ModelEvent> {
    let id = event.fields().object("response")?.read("id")?;
    Some(ModelEvent::Created { id })
}

fn delta(event: &RawEvent) -> Option<String> {
    event.read::<Delta>().map(|piece| piece.delta)
}

/// Whether an event that tells the agent nothing is one we know.
fn is_known(event: &RawEvent) -> bool {
    match Signal::of(event) {
        Signal::Unknown => false,
        Signal::Progress | Signal::Reasoning => NOT_NEEDED
            .iter()
            .any(|start| event.kind().starts_with(start)),
        _ => true,
    }
}

/// What an item that has only begun already tells.
fn item_started(item: &Item) -> Option<ModelEvent> {
    match item.view() {
        ItemView::FunctionCall { name, .. } => Some(ModelEvent::ToolCallStarted {
            name: name.into_owned(),
        }),
        message @ ItemView::Message { .. } => Some(ModelEvent::MessageStarted {
            preamble: message.is_preamble(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(assembler: &mut Assembler, json: &str) -> Option<ModelEvent> {
        assembler.push(&RawEvent::parse(json.to_owned().into()).unwrap())
    }

    #[test]
    fn items_come_from_done_events_and_nothing_else() {
        let mut assembler = Assembler::new();
        push(
            &mut assembler,
            r#"{"type":"response.output_text.delta","delta":"he"}"#,
        );
        push(
            &mut assembler,
            r#"{"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[{"text":"hello"}]}}"#,
        );
        let ended = push(
            &mut assembler,
            r#"{"type":"response.completed","response":{"id":"r","output":[{"type":"message"},{"type":"message"}]}}"#,
        );
        assert!(matches!(ended, Some(ModelEvent::Completed { .. })));
        assert_eq!(assembler.into_items().len(), 1);
    }

    #[test]
    fn malformed_and_unknown_events_are_counted_not_fatal() {
        let mut assembler = Assembler::new();
        for json in [
            r#"{"type":"response.output_text.delta"}"#,
            r#"{"type":"response.output_text.delta","delta":null}"#,
            r#"{"type":"response.output_item.done","item":null}"#,
            r#"{"type":"response.brand_new","x":1}"#,
        ] {
            assert_eq!(push(&mut assembler, json), None, "{json}");
        }
        assert_eq!(assembler.skipped(), 4);
        let text = push(
            &mut assembler,
            r#"{"type":"response.output_text.delta","delta":"on"}"#,
        );
        assert_eq!(
            text,
            Some(ModelEvent::TextDelta {
                delta: "on".to_owned()
            })
        );
    }

    #[test]
    fn nothing_counts_after_the_end() {
        let mut assembler = Assembler::new();
        push(
            &mut assembler,
            r#"{"type":"response.completed","response":{"id":"r"}}"#,
        );
        assert_eq!(
            push(
                &mut assembler,
                r#"{"type":"response.completed","response":{"id":"s"}}"#
            ),
            None
        );
        assert_eq!(
            push(
                &mut assembler,
                r#"{"type":"response.output_text.delta","delta":"x"}"#
            ),
            None
        );
        assert_eq!(assembler.skipped(), 2);
    }

    #[test]
    fn an_odd_limit_does_not_lose_the_others() {
        let event = |window: &str| {
            format!(
                r#"{{"type":"codex.rate_limits","rate_limits":{{"primary":{window},"secondary":{{"used_percent":"12.5","window_minutes":300.0,"reset_at":"1795000000"}}}}}}"#
            )
        };
        for window in [
            "null",
            "[1]",
            "7",
            r#"{"used_percent":null,"window_minutes":-1,"reset_at":1e999}"#,
        ] {
            let told = push(&mut Assembler::new(), &event(window));
            let Some(ModelEvent::RateLimits(limits)) = told else {
                panic!("no limits: {window}");
            };
            let secondary = limits.secondary.unwrap();
            assert_eq!(secondary.window_minutes, Some(300), "{window}");
            assert_eq!(secondary.reset_at, Some(1_795_000_000), "{window}");
        }
    }

    #[test]
    fn what_announces_or_repeats_is_known_and_not_counted() {
        let mut assembler = Assembler::new();
        for kind in [
            "response.in_progress",
            "response.content_part.added",
            "response.output_text.done",
            "response.function_call_arguments.delta",
            "response.custom_tool_call_input.done",
            "response.reasoning_summary_part.added",
            "codex.response.metadata",
            "keepalive",
        ] {
            push(&mut assembler, &format!(r#"{{"type":"{kind}"}}"#));
        }
        assert_eq!(assembler.skipped(), 0);
        push(
            &mut assembler,
            r#"{"type":"response.output_item.added","item":null}"#,
        );
        push(
            &mut assembler,
            r#"{"type":"response.created","response":["r"]}"#,
        );
        push(&mut assembler, r#"{"type":"surprise"}"#);
        assert_eq!(assembler.skipped(), 3);
    }
}
