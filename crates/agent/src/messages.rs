//! What a response says to people: its messages, and which of them are the answer.

use alipes_wire::{Item, ItemView};
use tokio::sync::mpsc;

use crate::TurnEvent;

/// The messages of a response that has ended well.
pub(crate) struct Messages {
    events: Vec<TurnEvent>,
    /// The text of those that belong to the answer: all but preambles.
    pub(crate) text: String,
}

impl Messages {
    /// The messages among `items`; `answers`: this response belongs to the answer.
    pub(crate) fn of(items: &[Item], answers: bool) -> Self {
        let (mut events, mut answer_text) = (Vec::new(), String::new());
        for item in items {
            let view = item.view();
            let preamble = view.is_preamble();
            let ItemView::Message { text, refusal, .. } = view else {
                continue;
            };
            let text = refusal.unwrap_or(text);
            if text.is_empty() {
                continue;
            }
            let answer = answers && !preamble;
            if answer {
                append(&mut answer_text, &text);
            }
            events.push(TurnEvent::Message {
                text,
                answer,
                preamble,
            });
        }
        Self {
            events,
            text: answer_text,
        }
    }

    /// Tells them, when they have been recorded.
    pub(crate) async fn tell(self, events: &mpsc::Sender<TurnEvent>) {
        for event in self.events {
            // A listener that has gone misses the rest; the turn goes on.
            let _ = events.send(event).await;
        }
    }
}

/// What a message says.
pub(crate) fn said(item: &Item) -> String {
    match item.view() {
        ItemView::Message { text, .. } => text,
        _ => String::new(),
    }
}

/// Adds a paragraph.
pub(crate) fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

/// What a tool's output says.
pub(crate) fn output(item: &Item) -> String {
    match item.view() {
        ItemView::FunctionCallOutput { output, .. } => output,
        _ => String::new(),
    }
}
