//! What a socket remembers: the conversations that its last answers ended.

use std::collections::VecDeque;
use std::sync::Arc;

use alipes_wire::Item;
use tokio::sync::OwnedSemaphorePermit;

use crate::body::Room;

/// Most answers that are remembered.
const ANSWERS: usize = 16;

/// What an item takes beside its text, in bytes.
const BESIDE: usize = 64;

/// The conversations by the id of the answer at their end, oldest first. Items are shared between
/// them, not copied. Clones share them, too.
#[derive(Clone, Debug)]
pub(super) struct History {
    known: VecDeque<Arc<Known>>,
    /// Most bytes that one conversation may have.
    largest: usize,
    /// What all sockets remember takes part of this.
    memory: Room,
}

#[derive(Debug)]
struct Known {
    id: String,
    items: Vec<Item>,
    /// What its items take, each part for as long as any conversation has them.
    room: Vec<Arc<OwnedSemaphorePermit>>,
}

impl History {
    pub(super) fn new(largest: usize, memory: Room) -> Self {
        let known = VecDeque::new();
        Self {
            known,
            largest,
            memory,
        }
    }

    /// The conversation that the answer `id` ended.
    pub(super) fn find(&self, id: &str) -> Option<&[Item]> {
        self.known(id).map(|known| known.items.as_slice())
    }

    /// Remembers a conversation that goes on from the one that ended in `continued`, unless it is too
    /// long to be sent at once, or there is no room for it even if all others are forgotten: then it
    /// has to be told whole again, which clients know how to do.
    pub(super) fn keep(&mut self, id: String, items: Vec<Item>, continued: Option<&str>) {
        let bytes: usize = items.iter().map(|item| item.json().len()).sum();
        if bytes > self.largest {
            return;
        }
        let before = continued.and_then(|id| self.known(id)).cloned();
        let before = before.filter(|before| items.starts_with(&before.items));
        let (shared, mut room) = before.map_or((0, Vec::new()), |before| {
            (before.items.len(), before.room.clone())
        });
        let new = items[shared..].iter();
        let new: usize = new.map(|item| item.json().len() + BESIDE).sum();
        let slots = std::mem::size_of_val(items.as_slice());
        while self.known.len() >= ANSWERS {
            self.known.pop_front();
        }
        loop {
            if let Some(taken) = self.memory.take(new + slots) {
                room.push(Arc::new(taken));
                break;
            }
            if self.known.pop_front().is_none() {
                return;
            }
        }
        self.known.push_back(Arc::new(Known { id, items, room }));
    }

    /// An answer that an error refers to is gone on from no more (OpenAI docs, "WebSocket mode").
    pub(super) fn forget(&mut self, id: &str) {
        self.known.retain(|known| known.id != id);
    }

    fn known(&self, id: &str) -> Option<&Arc<Known>> {
        self.known.iter().find(|known| known.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: usize) -> Item {
        Item::user(&"x".repeat(bytes))
    }

    #[test]
    fn the_last_answers_are_remembered_and_none_that_is_too_long() {
        let mut history = History::new(200, Room::default());
        for number in 0..=ANSWERS {
            history.keep(number.to_string(), vec![Item::user("hi")], None);
        }
        assert!(history.find("0").is_none());
        assert_eq!(history.find("1").unwrap().len(), 1);
        history.keep("long".to_owned(), vec![said(200)], None);
        assert!(history.find("long").is_none());
        history.forget("1");
        assert!(history.find("1").is_none());
    }

    #[test]
    fn all_sockets_together_remember_so_much_and_a_socket_forgets_its_oldest_first() {
        let memory = Room::of(10);
        let mut first = History::new(1 << 20, memory.clone());
        let mut second = History::new(1 << 20, memory.clone());
        first.keep("a".to_owned(), vec![said(4_000)], None);
        first.keep("b".to_owned(), vec![said(3_000)], None);
        second.keep("c".to_owned(), vec![said(4_000)], None);
        assert!(second.find("c").is_none(), "nobody forgets for another");
        first.keep("d".to_owned(), vec![said(4_000)], None);
        assert!(first.find("a").is_none() && first.find("b").is_some());
        drop(first);
        second.keep("c".to_owned(), vec![said(9_000)], None);
        assert!(second.find("c").is_some());
    }

    #[test]
    fn what_conversations_share_takes_its_room_once_and_until_the_last_has_gone() {
        let memory = Room::of(10);
        let mut history = History::new(1 << 20, memory.clone());
        let begun = vec![said(6_000)];
        history.keep("a".to_owned(), begun.clone(), None);
        let more = [begun, vec![said(1_000)]].concat();
        history.keep("b".to_owned(), more, Some("a"));
        assert!(history.find("a").is_some() && history.find("b").is_some());
        history.forget("a");
        assert!(memory.take(4 << 10).is_none());
        history.forget("b");
        assert!(memory.take(10 << 10).is_some());
    }
}
