//! A reasoning item on its way through a client that speaks another dialect.
//!
//! Such a client keeps what it cannot read (a signature, encrypted data) and sends it back
//! unchanged, because its own vendor demands that. So the whole item travels there, and comes back
//! as it was.

use serde_json::value::RawValue;

use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::{Object, list};
use crate::opaque::{self, may_hold};
use crate::{Item, ItemView};

/// What is left out with reasoning that another provider made, and why.
pub(crate) const OF_ANOTHER_PROVIDER: (&str, &str) = (
    "another provider's reasoning",
    "only the provider that made it can read it",
);

/// The same with reasoning that another account made.
pub(crate) const OF_ANOTHER_ACCOUNT: (&str, &str) = (
    "another account's reasoning",
    "only the account that it was made for can read it",
);

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

/// The `messages` of a client without the reasoning that the one they go to now could not read; `None`
/// if there is none.
pub(crate) fn without_unreadable(
    messages: &[&RawValue],
    is_foreign: &dyn Fn(&str) -> bool,
    left_out: &mut LeftOut,
) -> Option<String> {
    if !messages.iter().any(|message| may_hold(message.get())) {
        return None;
    }
    let mut found = false;
    let mut is_kept = |part: &&&RawValue| {
        let readable = is_readable(part.get(), is_foreign, left_out);
        found |= !readable;
        readable
    };
    let mut plain = Vec::with_capacity(messages.len());
    for message in messages {
        let fields = Fields::of(message.get().as_bytes()).unwrap_or_default();
        let mut object = Object::new();
        for (name, json) in fields.members() {
            let parts = match name {
                "content" | "reasoning_details" if json.starts_with('[') => fields.list(name),
                _ => Vec::new(),
            };
            let kept: Vec<String> = parts
                .iter()
                .filter(&mut is_kept)
                .map(|part| part.get().to_owned())
                .collect();
            object = match kept.len() == parts.len() {
                true => object.raw(name, json),
                false => object.list(name, &kept),
            };
        }
        plain.push(object.end());
    }
    found.then(|| list(&plain))
}

/// Whether the one that an item, a block or a detail goes to can read it, as far as that is known; what
/// is not is noted as left out.
pub(crate) fn is_readable(
    json: &str,
    is_foreign: &dyn Fn(&str) -> bool,
    left_out: &mut LeftOut,
) -> bool {
    for text in opaque::texts(json) {
        if unseal(&text).is_some() {
            left_out.note(OF_ANOTHER_PROVIDER.0, OF_ANOTHER_PROVIDER.1);
            return false;
        }
        if is_foreign(&text) {
            left_out.note(OF_ANOTHER_ACCOUNT.0, OF_ANOTHER_ACCOUNT.1);
            return false;
        }
    }
    true
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
