//! Which of a conversation's reasoning an account can read: only what it has made itself.
//!
//! Reasoning comes encrypted for the account that it was made for. Sent to another it is refused at
//! best, so each account gets its own and no other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipes_wire::Item;

/// What one account can read; shared with the step under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readable(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    part: Part,
    /// How much of the conversation holds reasoning that it cannot read, in items.
    unreadable: usize,
}

/// Its part in the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// It has had none yet.
    #[default]
    None,
    /// It answered last, and made the reasoning that came with it.
    AnsweredLast,
    /// Somebody else goes on instead.
    Left,
}

impl Readable {
    /// It answered a conversation of `length` items. If it got it without the reasoning, be it that
    /// somebody else had made that or that it said it could not read it, it will not get that later
    /// either.
    pub(crate) fn answered(&self, length: usize, without_reasoning: bool) {
        let mut known = self.known();
        if without_reasoning || known.part != Part::AnsweredLast {
            known.unreadable = length;
        }
        known.part = Part::AnsweredLast;
    }

    /// Somebody else goes on with the conversation, and makes the reasoning from now on.
    pub(crate) fn left(&self) {
        let mut known = self.known();
        if known.part == Part::AnsweredLast {
            known.part = Part::Left;
        }
    }

    /// Whether the conversation's last answer was its own.
    pub(crate) fn answered_last(&self) -> bool {
        self.known().part == Part::AnsweredLast
    }

    /// Whether somebody else goes on with what it has answered.
    pub(crate) fn was_left(&self) -> bool {
        self.known().part == Part::Left
    }

    /// The items of a conversation that it gets.
    pub(crate) fn of(&self, input: &[Item]) -> Vec<Item> {
        let from = match &*self.known() {
            known if known.part == Part::AnsweredLast => known.unreadable,
            _ => usize::MAX,
        };
        let keeps = |(at, item): &(usize, &Item)| *at >= from || !is_reasoning(item);
        let kept = input.iter().enumerate().filter(keeps);
        kept.map(|(_, item)| item.clone()).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn is_reasoning(item: &Item) -> bool {
    item.is_reasoning()
}
