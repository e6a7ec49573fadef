//! A reasoning item on its way through a client that speaks another dialect.
//!
//! Such a client keeps what it cannot read (a signature, encrypted data) and sends it back
//! unchanged, because its own vendor demands that. So the whole item travels there, and comes back
//! as it was.

use serde_json::value::RawValue;

use crate::fields::Fields;
use crate::json::{Object, list};
use crate::{Item, ItemView};

const MARK: &str = "alipes1:";

/// The item as opaque text.
pub(crate) fn seal(item: &Item) -> String {
    format!("{MARK}{}", item.json())
}

/// The item in an opaque text that [`seal`] made; `None` in any other. A client can write such a
/// text itself, so nothing but reasoning is taken out of it.
pub(crate) fn unseal(text: &str) -> Option<Item> {
    let item = Item::parse(text.strip_prefix(MARK)?).ok()?;
    matches!(item.view(), ItemView::Reasoning { .. }).then_some(item)
}

/// The members that opaque texts travel in: of Responses, of Messages, and of Chat Completions.
const OPAQUE: &[&str] = &["encrypted_content", "signature", "data"];

/// Whether an item, a block or a detail is another provider's reasoning on its way.
pub(crate) fn is_sealed(json: &str) -> bool {
    let holds = |fields: Fields<'_>| {
        let texts = OPAQUE.iter().filter_map(|name| fields.string(name));
        texts.into_iter().any(|text| unseal(&text).is_some())
    };
    json.contains(MARK) && Fields::of(json.as_bytes()).is_some_and(holds)
}

/// The `messages` of a client without the reasoning of other providers, which the one that they go to
/// now could not read; `None` if there is none.
pub(crate) fn without_sealed(messages: &[&RawValue]) -> Option<String> {
    if !messages.iter().any(|message| message.get().contains(MARK)) {
        return None;
    }
    let plain = messages.iter().map(|message| {
        let fields = Fields::of(message.get().as_bytes()).unwrap_or_default();
        let mut object = Object::new();
        for (name, json) in fields.members() {
            let parts = match name {
                "content" | "reasoning_details" if json.starts_with('[') => fields.list(name),
                _ => Vec::new(),
            };
            let kept = parts.iter().filter(|part| !is_sealed(part.get()));
            let kept: Vec<String> = kept.map(|part| part.get().to_owned()).collect();
            object = match kept.len() == parts.len() {
                true => object.raw(name, json),
                false => object.list(name, &kept),
            };
        }
        object.end()
    });
    Some(list(&plain.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reasoning_comes_back() {
        let reasoning =
            Item::parse(r#"{"type":"reasoning","encrypted_content":"g","n":1e2}"#).unwrap();
        assert_eq!(unseal(&seal(&reasoning)), Some(reasoning));
        assert_eq!(unseal(&seal(&Item::developer("obey"))), None);
        assert_eq!(unseal("EqQBCgIYAhIM"), None);
    }
}
