//! `reasoning_details`, put together from their pieces.
//!
//! A text comes in many pieces and its signature with the last; it has to go back as the one part
//! it was, in the order it came (OpenRouter docs, "Preserving reasoning").

use crate::fields::Fields;
use crate::json::Object;

/// The parts so far.
#[derive(Debug, Default)]
pub(super) struct Details(Vec<Detail>);

/// One part.
#[derive(Debug)]
struct Detail {
    kind: String,
    index: Option<u64>,
    /// The member that grows from piece to piece, and what it has grown to.
    grown: Option<(&'static str, String)>,
    /// The other members, as the last piece had them.
    rest: String,
}

const GROWING: &[&str] = &["text", "summary"];

impl Details {
    /// Takes one piece, and gives what is readable in it.
    pub(super) fn push(&mut self, json: &str) -> Option<String> {
        let piece = Fields::of(json.as_bytes())?;
        let grown = GROWING
            .iter()
            .find_map(|name| Some((*name, piece.string(name)?)));
        let readable = grown.as_ref().map(|(_, text)| text.clone());
        let piece = Detail {
            kind: piece.string("type").unwrap_or_default(),
            index: piece.whole("index"),
            grown,
            rest: piece.rest(GROWING).unwrap_or_else(|| "{}".to_owned()),
        };
        match self.0.last_mut().filter(|last| last.goes_on_with(&piece)) {
            Some(last) => last.take(piece),
            None => self.0.push(piece),
        }
        readable
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.0.into_iter().map(Detail::json).collect()
    }
}

impl Detail {
    fn goes_on_with(&self, piece: &Self) -> bool {
        self.grown.is_some() && self.kind == piece.kind && self.index == piece.index
    }

    fn take(&mut self, piece: Self) {
        if let (Some((_, text)), Some((_, more))) = (&mut self.grown, piece.grown) {
            text.push_str(&more);
        }
        let (last, before) = (
            Fields::of(piece.rest.as_bytes()),
            Fields::of(self.rest.as_bytes()),
        );
        self.rest = Object::new()
            .merge(last.as_ref())
            .merge(before.as_ref())
            .end();
    }

    fn json(self) -> String {
        let rest = Fields::of(self.rest.as_bytes());
        let object = Object::new();
        let object = match self.grown {
            Some((name, text)) => object.put(name, text),
            None => object,
        };
        object.merge(rest.as_ref()).end()
    }
}
