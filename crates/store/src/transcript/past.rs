//! What can be taken back: the last turns, and the last compaction.
//!
//! A compaction keeps what it stands for at hand, so that taking it back needs no second reading of
//! the journal. Only the last one can be, those before it with no turn between, those of the same turn,
//! which the turn's own beginning lies behind, and those that only a provider can read, which are worth
//! nothing to another: what all of them stand for would be the whole conversation.

use alipes_wire::Item;

use super::parts::Parts;
use super::{Transcript, Turn};
use crate::{Part, Undone};

/// Where a turn begins.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// The place of its prompt among the items.
    pub(super) at: usize,
    /// Where the turn before it stood.
    pub(super) before: Turn,
}

/// A compaction that can be taken back.
#[derive(Clone, Debug)]
pub(super) struct Compacted {
    /// What it stands for.
    removed: Parts,
    /// The turns that began in there.
    begun: Vec<Begun>,
    /// How many items stand for it.
    length: usize,
    /// How many turns have begun since.
    pub(super) turns_since: usize,
    /// Who alone can read what stands for it.
    maker: Option<String>,
    /// The one before it, where no turn lies between, the last turn begins in there, or not everybody can
    /// read it.
    earlier: Option<Box<Compacted>>,
}

impl Compacted {
    /// The prompt of the last turn that began in what it stands for.
    fn prompt(&self) -> Option<&Item> {
        match self.begun.last() {
            Some(begun) => self.removed.items().get(begun.at),
            None => self.earlier.as_ref()?.prompt(),
        }
    }
}

impl Transcript {
    /// What is taken back next: the last compaction if no turn has begun since, else the last turn;
    /// nothing where there is none.
    #[must_use]
    pub fn undoable(&self) -> Option<Undone> {
        match &self.compacted {
            Some(compacted) if compacted.turns_since == 0 => Some(Undone::Compaction),
            _ => self.prompt().map(|_| Undone::Turn),
        }
    }

    /// The prompt of the last turn, as far back as turns can be taken back.
    #[must_use]
    pub fn prompt(&self) -> Option<&Item> {
        let seen = self.begun.last().map(|begun| &self.items()[begun.at]);
        seen.or_else(|| self.compacted.as_ref()?.prompt())
    }

    /// Who alone can read how the conversation begins, where that was made shorter by a provider.
    #[must_use]
    pub fn maker(&self) -> Option<&str> {
        self.compacted.as_ref()?.maker.as_deref()
    }

    /// Whether the last compaction was taken back, and so whoever did it wants to see everything.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        self.restored
    }

    /// The places of the prompts among the items, oldest first.
    pub fn prompts(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.begun.iter().map(|begun| begun.at)
    }

    pub(super) fn compact(&mut self, summary: Vec<Part>, kept: usize, maker: Option<String>) {
        let (old, length) = (self.items().len().saturating_sub(kept), summary.len());
        let removed = self.parts.begin_with(summary.into_iter().collect(), old);
        let kept = self.begun.iter().position(|begun| begun.at >= old);
        let mut later = self.begun.split_off(kept.unwrap_or(self.begun.len()));
        later
            .iter_mut()
            .for_each(|begun| begun.at = begun.at - old + length);
        let begins_earlier = later.is_empty() && self.begun.is_empty();
        let stays = |earlier: &Compacted| {
            begins_earlier || earlier.turns_since == 0 || earlier.maker.is_some()
        };
        let earlier = self.compacted.take().filter(stays);
        self.compacted = Some(Compacted {
            removed,
            begun: std::mem::replace(&mut self.begun, later),
            length,
            turns_since: 0,
            maker,
            earlier: earlier.map(Box::new),
        });
        self.restored = false;
    }

    pub(super) fn restore(&mut self) {
        let Some(compacted) = self.compacted.take() else {
            return;
        };
        let Compacted {
            removed,
            begun,
            length,
            turns_since,
            earlier,
            ..
        } = compacted;
        let old = removed.items().len();
        self.parts.begin_with(removed, length);
        let later = std::mem::replace(&mut self.begun, begun).into_iter();
        self.begun.extend(later.map(|begun| Begun {
            at: begun.at - length + old,
            ..begun
        }));
        self.compacted = earlier.map(|earlier| Compacted {
            turns_since: earlier.turns_since + turns_since,
            ..*earlier
        });
        self.restored = true;
    }

    pub(super) fn take_turn_back(&mut self) {
        // Nobody has asked to see again what was summed up.
        let is_restored = self.restored;
        while self.begun.is_empty() && self.compacted.is_some() {
            self.restore();
        }
        self.restored = is_restored;
        let Some(last) = self.begun.pop() else {
            return;
        };
        self.parts.truncate(last.at);
        self.open.clear();
        self.turn = last.before;
        if let Some(compacted) = &mut self.compacted {
            compacted.turns_since = compacted.turns_since.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;

    fn turn(prompt: &str) -> [Entry; 3] {
        [
            Entry::User(Item::user(prompt)),
            Entry::Model(Item::assistant(prompt)),
            Entry::Ended { failure: None },
        ]
    }

    fn turns(prompts: &[&str]) -> Vec<Entry> {
        prompts.iter().flat_map(|prompt| turn(prompt)).collect()
    }

    fn compaction(kept: usize) -> Entry {
        let summary = vec![Part::summary("in short"), Part::summary("and more")];
        let maker = None;
        Entry::Compaction {
            summary,
            kept,
            maker,
        }
    }

    #[test]
    fn a_turn_that_is_taken_back_out_of_a_summary_does_not_forbid_the_next_one() {
        let mut transcript = Transcript::of(turns(&["one", "two"]));
        transcript.add(compaction(0));
        transcript.add(Entry::Undone(Undone::Turn));
        assert_eq!(transcript.items().len(), 2);
        assert!(!transcript.is_restored());
        transcript.add(compaction(0));
        transcript.add(Entry::Undone(Undone::Compaction));
        assert!(transcript.is_restored());
    }

    #[test]
    fn a_turn_that_was_taken_back_leaves_nothing_behind() {
        let whole = Transcript::of(turns(&["one", "two"]));
        let mut transcript = whole.clone();
        transcript.add(Entry::User(Item::user("three")));
        let call = r#"{"type":"function_call","call_id":"c","name":"t","arguments":"{}"}"#;
        transcript.add(Entry::Model(Item::parse(call).unwrap()));
        assert_eq!(transcript.undoable(), Some(Undone::Turn));
        assert_eq!(transcript.prompt(), Some(&Item::user("three")));
        transcript.add(Entry::Undone(Undone::Turn));
        assert_eq!(transcript.items(), whole.items());
        assert_eq!(transcript.turn(), &Turn::Answered);
        assert!(transcript.open().is_empty());
        transcript.add(Entry::Undone(Undone::Turn));
        transcript.add(Entry::Undone(Undone::Turn));
        assert_eq!(transcript.turn(), &Turn::None);
        assert_eq!((transcript.items().len(), transcript.undoable()), (0, None));
        // One more than there is changes nothing.
        transcript.add(Entry::Undone(Undone::Turn));
        transcript.add(Entry::Undone(Undone::Compaction));
        assert!(transcript.items().is_empty());
    }

    #[test]
    fn a_word_said_into_a_turn_begins_none_and_is_taken_back_with_it() {
        let whole = Transcript::of(turns(&["one"]));
        let mut transcript = whole.clone();
        transcript.add(Entry::User(Item::user("two")));
        let call = r#"{"type":"function_call","call_id":"c","name":"t","arguments":"{}"}"#;
        transcript.add(Entry::Model(Item::parse(call).unwrap()));
        transcript.add(Entry::Said(Item::user("be brief")));
        assert_eq!(transcript.items().last(), Some(&Item::user("be brief")));
        assert_eq!(
            (transcript.open().len(), transcript.prompts().count()),
            (1, 2)
        );
        assert_eq!(transcript.turn(), &Turn::Unfinished);
        assert_eq!(transcript.prompt(), Some(&Item::user("two")));
        transcript.add(compaction(1));
        assert_eq!(transcript.prompt(), Some(&Item::user("two")));
        transcript.add(Entry::Undone(Undone::Turn));
        assert_eq!(transcript.items(), whole.items());
        assert_eq!(transcript.turn(), &Turn::Answered);
    }

    #[test]
    fn a_compaction_that_was_taken_back_gives_every_item_back_also_below_later_ones() {
        let whole = Transcript::of(turns(&["one", "two", "three"]));
        let mut transcript = whole.clone();
        transcript.add(compaction(2));
        assert_eq!(transcript.items().len(), 4);
        assert_eq!(transcript.undoable(), Some(Undone::Compaction));
        for entry in turn("four") {
            transcript.add(entry);
        }
        assert_eq!(transcript.undoable(), Some(Undone::Turn));
        transcript.add(Entry::Undone(Undone::Compaction));
        let expected = Transcript::of(turns(&["one", "two", "three", "four"]));
        assert_eq!(transcript.items(), expected.items());
        assert_eq!(transcript.origins(), expected.origins());
        assert!(transcript.prompts().eq(expected.prompts()));
        assert!(transcript.is_restored());
    }

    #[test]
    fn compactions_with_no_turn_between_are_taken_back_one_after_the_other_and_no_turn_with_them() {
        let whole = Transcript::of(turns(&["one", "two", "three"]));
        let mut transcript = whole.clone();
        let mut seen = Vec::new();
        for kept in [4, 2, 1] {
            seen.push(transcript.items().to_vec());
            transcript.add(compaction(kept));
        }
        for items in seen.iter().rev() {
            assert_eq!(transcript.undoable(), Some(Undone::Compaction));
            transcript.add(Entry::Undone(Undone::Compaction));
            assert_eq!(transcript.items(), items);
        }
        assert_eq!(transcript.origins(), whole.origins());
        assert!(transcript.prompts().eq(whole.prompts()));
        assert_eq!(transcript.undoable(), Some(Undone::Turn));
        // With a turn between them what the first one stands for is not kept for ever.
        transcript.add(compaction(4));
        turn("four")
            .into_iter()
            .for_each(|entry| transcript.add(entry));
        transcript.add(compaction(2));
        transcript.add(Entry::Undone(Undone::Compaction));
        assert_eq!(transcript.undoable(), Some(Undone::Turn));
    }

    #[test]
    fn a_turn_whose_beginning_was_summed_up_is_taken_back_whole() {
        let mut transcript = Transcript::of(turns(&["one", "two"]));
        let before = transcript.items().to_vec();
        transcript.add(Entry::User(Item::user("three")));
        transcript.add(Entry::Model(Item::assistant("on it")));
        transcript.add(compaction(1));
        assert_eq!(transcript.prompt(), Some(&Item::user("three")));
        transcript.add(Entry::Undone(Undone::Turn));
        assert_eq!(transcript.items(), before);
    }

    #[test]
    fn a_turn_that_was_summed_up_more_than_once_keeps_its_prompt_and_is_taken_back_whole() {
        let mut transcript = Transcript::of(turns(&["one"]));
        let before = transcript.items().to_vec();
        transcript.add(Entry::User(Item::user("two")));
        let mut seen = Vec::new();
        for said in ["on it", "still", "nearly"] {
            transcript.add(Entry::Model(Item::assistant(said)));
            seen.push(transcript.items().to_vec());
            transcript.add(compaction(1));
            assert_eq!(transcript.prompt(), Some(&Item::user("two")), "{said}");
        }
        let mut again = transcript.clone();
        for items in seen.iter().rev() {
            assert_eq!(again.undoable(), Some(Undone::Compaction));
            again.add(Entry::Undone(Undone::Compaction));
            assert!(again.items().starts_with(items), "{:?}", again.items());
        }
        assert_eq!(again.undoable(), Some(Undone::Turn));
        transcript.add(Entry::Undone(Undone::Turn));
        assert_eq!(transcript.items(), before);
    }

    #[test]
    fn what_only_providers_can_read_is_taken_back_however_many_lie_behind_each_other() {
        let whole = Transcript::of(turns(&["one", "two", "three"]));
        let mut transcript = Transcript::of(turns(&["one"]));
        let sealed = |kept| Entry::Compaction {
            summary: vec![Part::summary("sealed")],
            kept,
            maker: Some("me".to_owned()),
        };
        for prompt in ["two", "three"] {
            turn(prompt)
                .into_iter()
                .for_each(|entry| transcript.add(entry));
            transcript.add(sealed(2));
        }
        assert_eq!(
            (transcript.maker(), transcript.items().len()),
            (Some("me"), 3)
        );
        while transcript.maker().is_some() {
            transcript.add(Entry::Undone(Undone::Compaction));
        }
        assert_eq!(transcript.items(), whole.items());
        assert!(transcript.prompts().eq(whole.prompts()));
    }
}
