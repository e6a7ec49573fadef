//! The items of a conversation, and where each comes from, kept in step.

use alipes_wire::Item;

use crate::{Origin, Part};

/// Two lists of one length: whoever asks a model needs the items alone, side by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    items: Vec<Item>,
    origins: Vec<Origin>,
}

impl Parts {
    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn origins(&self) -> &[Origin] {
        &self.origins
    }

    pub(super) fn push(&mut self, item: Item, origin: Origin) {
        self.items.push(item);
        self.origins.push(origin);
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.items.truncate(length);
        self.origins.truncate(length);
    }

    /// Puts a beginning in the place of the first `old`, and gives these.
    pub(super) fn begin_with(&mut self, beginning: Self, old: usize) -> Self {
        Self {
            items: self.items.splice(..old, beginning.items).collect(),
            origins: self.origins.splice(..old, beginning.origins).collect(),
        }
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<T: IntoIterator<Item = Part>>(parts: T) -> Self {
        let parts = parts.into_iter().map(|part| (part.item, part.origin));
        let (items, origins) = parts.unzip();
        Self { items, origins }
    }
}
