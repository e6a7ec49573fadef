//! What came before the first output, held back: a client that has seen nothing can be answered by
//! somebody else. One that waits for the whole answer sees nothing before its end.

use alipes_wire::{RawEvent, Signal};

/// Most events that are held; what comes before output and beyond this only says that the backend is
/// alive, again.
const MOST: usize = 64;

/// Events that the client has not seen.
#[derive(Debug, Default)]
pub(super) struct Held {
    events: Vec<RawEvent>,
    open: bool,
    ended: bool,
}

impl Held {
    /// Takes an event; gives those that may be shown now.
    pub(super) fn take(&mut self, event: RawEvent) -> Vec<RawEvent> {
        let signal = Signal::of(&event);
        self.ended |= signal == Signal::Terminal;
        self.open |= signal.is_output() || self.ended;
        if self.open || self.events.len() < MOST {
            self.events.push(event);
        }
        match self.open {
            true => std::mem::take(&mut self.events),
            false => Vec::new(),
        }
    }

    /// Whether events are shown as they come.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether how the answer ended was shown.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The answer begins anew, which it does only for a client that has seen nothing of it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str) -> RawEvent {
        RawEvent::parse(format!(r#"{{"type":"{kind}"}}"#).into()).unwrap()
    }

    fn kinds(events: Vec<RawEvent>) -> Vec<String> {
        events.iter().map(|event| event.kind().to_owned()).collect()
    }

    #[test]
    fn nothing_is_shown_before_there_is_output_and_then_all_in_its_order() {
        let mut held = Held::default();
        for early in ["response.created", "codex.rate_limits", "keepalive"] {
            assert!(held.take(event(early)).is_empty(), "{early}");
        }
        held.forget();
        assert!(held.take(event("response.created")).is_empty());
        let shown = kinds(held.take(event("response.output_item.added")));
        assert_eq!(shown, ["response.created", "response.output_item.added"]);
        assert_eq!(kinds(held.take(event("keepalive"))), ["keepalive"]);
    }

    #[test]
    fn an_answer_without_output_is_shown_with_its_end() {
        let mut held = Held::default();
        held.take(event("response.created"));
        let shown = kinds(held.take(event("response.completed")));
        assert_eq!(shown, ["response.created", "response.completed"]);
    }

    #[test]
    fn an_answer_that_begins_anew_is_held_back_anew() {
        let mut held = Held::default();
        for _ in 0..2 {
            assert!(held.take(event("response.created")).is_empty());
            let shown = kinds(held.take(event("response.output_text.delta")));
            assert_eq!(shown, ["response.created", "response.output_text.delta"]);
            assert!(held.is_open() && !held.has_ended());
            held.forget();
            assert!(!held.is_open());
        }
        held.take(event("response.completed"));
        assert!(held.is_open() && held.has_ended());
    }

    #[test]
    fn signs_of_life_do_not_fill_memory() {
        let mut held = Held::default();
        for _ in 0..10 * MOST {
            held.take(event("keepalive"));
        }
        assert_eq!(held.take(event("response.completed")).len(), MOST + 1);
    }
}
