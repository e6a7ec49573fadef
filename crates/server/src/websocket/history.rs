//! What a socket remembers: the conversations that its last answers ended.

use std::collections::VecDeque;

use alipes_wire::Item;

/// Most answers that are remembered.
const ANSWERS: usize = 16;

/// The conversations by the id of the answer at their end, oldest first. Items are shared between
/// them, not copied.
#[derive(Debug)]
pub(super) struct History {
    known: VecDeque<(String, Vec<Item>)>,
    /// Most bytes that one conversation may have.
    largest: usize,
}

impl History {
    pub(super) fn new(largest: usize) -> Self {
        let known = VecDeque::new();
        Self { known, largest }
    }

    /// The conversation that the answer `id` ended.
    pub(super) fn find(&self, id: &str) -> Option<&[Item]> {
        let found = self.known.iter().find(|(known, _)| known == id);
        found.map(|(_, items)| items.as_slice())
    }

    /// Remembers a conversation, unless it is too long to be sent at once.
    pub(super) fn keep(&mut self, id: String, items: Vec<Item>) {
        let bytes: usize = items.iter().map(|item| item.json().len()).sum();
        if bytes > self.largest {
            return;
        }
        if self.known.len() >= ANSWERS {
            self.known.pop_front();
        }
        self.known.push_back((id, items));
    }

    /// An answer that an error refers to is gone on from no more (OpenAI docs, "WebSocket mode").
    pub(super) fn forget(&mut self, id: &str) {
        self.known.retain(|(known, _)| known != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answers_are_remembered_and_none_that_is_too_long() {
        let mut history = History::new(200);
        for number in 0..=ANSWERS {
            history.keep(number.to_string(), vec![Item::user("hi")]);
        }
        assert!(history.find("0").is_none());
        assert_eq!(history.find("1").unwrap().len(), 1);
        history.keep("long".to_owned(), vec![Item::user(&"x".repeat(200))]);
        assert!(history.find("long").is_none());
        history.forget("1");
        assert!(history.find("1").is_none());
    }
}
