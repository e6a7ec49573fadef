//! A reasoning item on its way through a client that speaks another dialect.
//!
//! Such a client keeps what it cannot read (a signature, encrypted data) and sends it back
//! unchanged, because its own vendor demands that. So the whole item travels there, and comes back
//! as it was.

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
