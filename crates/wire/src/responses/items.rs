//! The items that events frame.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Item, RawEvent};

#[derive(Deserialize)]
struct ItemDone<'a> {
    #[serde(borrow)]
    item: &'a RawValue,
}

/// The item that a `response.output_item.done` completes, byte for byte; `None` if it has none.
#[must_use]
pub fn done_item(event: &RawEvent) -> Option<Item> {
    let done: ItemDone<'_> = event.read()?;
    Item::of_value(done.item).ok()
}
