//! `reasoning_details`, put together from their pieces.
//!
//! A text comes in many pieces and its signature with the last; it has to go back as the one part
//! it was, in the order it came (OpenRouter docs, "Preserving reasoning").

use crate::fields::Fields;
use crate::json::Object;

/// The parts so far.
#[derive(Debug, Default)]
pub(super) struct Details(Vec<String>);

/// The members that grow from piece to piece.
const GROWING: &[&str] = &["text", "summary"];

impl Details {
    /// Takes one piece, and gives what is readable in it.
    pub(super) fn push(&mut self, json: &str) -> Option<String> {
        let piece = Fields::of(json.as_bytes())?;
        let readable = GROWING.iter().find_map(|name| piece.string(name));
        let grown = self.0.last().and_then(|last| {
            let last = Fields::of(last.as_bytes())?;
            let same = |name| last.json(name) == piece.json(name);
            let grows = GROWING.iter().any(|name| last.json(name).is_some());
            (grows && same("type") && same("index")).then(|| joined(&last, &piece))
        });
        match grown {
            Some(grown) => {
                self.0.pop();
                self.0.push(grown);
            }
            None => self.0.push(json.to_owned()),
        }
        readable
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.0
    }
}

/// Both pieces as one: what grows is joined, of the rest the later counts.
fn joined(first: &Fields<'_>, second: &Fields<'_>) -> String {
    let mut object = Object::new();
    for name in GROWING {
        let (before, more) = (first.string(name), second.string(name));
        if before.is_some() || more.is_some() {
            let text = before.unwrap_or_default() + &more.unwrap_or_default();
            object = object.put(name, text);
        }
    }
    object.merge(Some(second)).merge(Some(first)).end()
}
