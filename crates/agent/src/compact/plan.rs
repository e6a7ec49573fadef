//! What a compaction will do: which items go, what is told in their place, and whether that is worth
//! it.

use alipes_models::Sealed;
use alipes_store::{Entry, Origin, Part, Transcript};
use alipes_wire::{Item, ItemView};

use super::cut::{self, Keep};
use super::retell::{clipped, retold};
use crate::context::{size, weight};

/// The longest that a digest without a model may be, in bytes.
const DIGEST: usize = 12 * 1024;

/// What must be left of a conversation at most, in parts of ten.
const AT_MOST: u64 = 8;

/// How long a tool's output stays where nothing else helps, in bytes.
const OUTPUT: usize = 4 * 1024;

/// How much of a conversation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What is old.
    Usual,
    /// Also the middle of long outputs among what is new.
    Deep,
}

/// A compaction that has not happened yet. It holds for the conversation it was made for, however
/// much is said there meanwhile, until something of it is taken back.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The items before this place go.
    at: usize,
    /// What is told before the summary as it always was: the project's notes, the setting.
    head: Vec<Part>,
    /// The prompt of a turn that is cut in the middle.
    prompt: Option<Part>,
    depth: Depth,
}

impl Plan {
    /// A plan that leaves as much as it is.
    pub(crate) fn of(transcript: &Transcript, keep: Keep, depth: Depth) -> Option<Self> {
        let at = cut::place(transcript, keep)?;
        let (old, new) = transcript.items().split_at(at);
        let is_worth_it = cut::is_worth_it(size(old), size(transcript.items()));
        if !is_worth_it && depth == Depth::Usual {
            return None;
        }
        let part = |item: &Item, origin| Part {
            item: item.clone(),
            origin,
        };
        let told = [
            (transcript.project(), Origin::Project),
            (transcript.setting(), Origin::Setting),
        ];
        let told = told
            .into_iter()
            .filter_map(|(item, origin)| Some((item?, origin)));
        let head = told
            .filter(|(item, _)| old.contains(item) && !new.contains(item))
            .map(|(item, origin)| part(item, origin));
        let is_cut = transcript.prompts().all(|prompt| prompt < at);
        let prompt = transcript.prompt().filter(|_| is_cut);
        Some(Self {
            at,
            head: head.collect(),
            prompt: prompt.map(|item| part(item, Origin::Person)),
            depth,
        })
    }

    /// What goes, in plain text of at most `most` bytes.
    pub(crate) fn story(&self, transcript: &Transcript, most: usize) -> String {
        let old = told(transcript).take(self.at);
        retold(old.filter(|(item, _)| !self.is_repeated(item)), most)
    }

    /// What stands for it without a model: the same story, much shorter.
    pub(crate) fn digest(&self, transcript: &Transcript) -> String {
        self.story(transcript, DIGEST)
    }

    /// What goes, as it is.
    pub(crate) fn old<'t>(&self, transcript: &'t Transcript) -> &'t [Item] {
        &transcript.items()[..self.at]
    }

    /// The compaction with a text that stands for the old items; nothing if that would not make the
    /// conversation smaller.
    pub(crate) fn carried_out(&self, transcript: &Transcript, told: &str) -> Option<Entry> {
        self.replaced(transcript, vec![Part::summary(told)], None)
    }

    /// The same with what a provider has made of them: it gives messages back as they were, and only
    /// those that are told anyway are left out. It may have written them anew.
    pub(crate) fn sealed(&self, transcript: &Transcript, sealed: Sealed) -> Option<Entry> {
        let items = sealed.items.into_iter().filter(|item| !self.is_told(item));
        let parts = items.map(|item| {
            let old = told(transcript).take(self.at);
            let mut same = old.filter(|(old, _)| says_the_same(old, &item));
            let origin = same.next().map_or(Origin::Summary, |(_, origin)| origin);
            Part { item, origin }
        });
        self.replaced(transcript, parts.collect(), Some(sealed.maker))
    }

    fn replaced(
        &self,
        transcript: &Transcript,
        told: Vec<Part>,
        maker: Option<String>,
    ) -> Option<Entry> {
        let items = transcript.items();
        let new = items.get(self.at..)?;
        let mut summary = self.head.clone();
        summary.extend(told);
        summary.extend(self.prompt.clone());
        let kept = match self.depth {
            Depth::Usual => new.len(),
            Depth::Deep => {
                let new = self::told(transcript).skip(self.at);
                summary.extend(new.map(|(item, origin)| Part {
                    item: without_its_middle(item),
                    origin,
                }));
                0
            }
        };
        let told: u64 = summary.iter().map(|part| weight(&part.item)).sum();
        let after = told + size(&items[items.len() - kept..]);
        let shrinks = after.saturating_mul(10) <= size(items).saturating_mul(AT_MOST);
        shrinks.then_some(Entry::Compaction {
            summary,
            kept,
            maker,
        })
    }

    /// Whether what a message says stands before or behind the summary.
    fn is_told(&self, item: &Item) -> bool {
        self.repeated().any(|told| says_the_same(told, item))
    }

    fn is_repeated(&self, item: &Item) -> bool {
        self.repeated().any(|told| told == item)
    }

    /// What stays word for word although it is old.
    fn repeated(&self) -> impl Iterator<Item = &Item> {
        let parts = self.head.iter().chain(&self.prompt);
        parts.map(|part| &part.item)
    }
}

/// What the model sees, each with its origin.
fn told(transcript: &Transcript) -> impl Iterator<Item = (&Item, Origin)> + Clone {
    let origins = transcript.origins().iter().copied();
    transcript.items().iter().zip(origins)
}

/// Whether both are messages that say the same in the same role.
fn says_the_same(one: &Item, other: &Item) -> bool {
    match (one.view(), other.view()) {
        (
            ItemView::Message { role, text, .. },
            ItemView::Message {
                role: other,
                text: same,
                ..
            },
        ) => role == other && text == same,
        _ => false,
    }
}

fn without_its_middle(item: &Item) -> Item {
    match item.view() {
        ItemView::FunctionCallOutput { call_id, output } if output.len() > OUTPUT => {
            Item::function_call_output(&call_id, &clipped(&output, OUTPUT))
        }
        _ => item.clone(),
    }
}
