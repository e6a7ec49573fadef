//! One block of an answer while it grows.

use super::from_block;
use crate::fields::Fields;
use crate::json::{Object, quoted};
use crate::{Item, ModelEvent};

/// A block that has begun.
#[derive(Debug)]
pub(super) struct OpenBlock {
    kind: String,
    /// The block as it began.
    start: String,
    /// Text, thinking or the pieces of JSON.
    text: String,
    signature: String,
    citations: Vec<String>,
}

/// The delta says something that no block has.
#[derive(Debug)]
pub(super) struct UnknownDelta;

impl OpenBlock {
    pub(super) fn new(block: &Fields<'_>) -> Self {
        let kind = block.string("type").unwrap_or_default();
        let text = match kind.as_str() {
            "text" => block.string("text"),
            "thinking" => block.string("thinking"),
            _ => None,
        };
        Self {
            start: block.rest(&[]).unwrap_or_else(|| "{}".to_owned()),
            text: text.unwrap_or_default(),
            signature: block.string("signature").unwrap_or_default(),
            citations: Vec::new(),
            kind,
        }
    }

    /// The block that a delta without one must belong to.
    pub(super) fn for_delta(delta: &Fields<'_>) -> Option<Self> {
        let kind = match delta.string("type")?.as_str() {
            "text_delta" => "text",
            "thinking_delta" => "thinking",
            _ => return None,
        };
        let start = Object::of_type(kind).end();
        Fields::of(start.as_bytes()).map(|fields| Self::new(&fields))
    }

    pub(super) fn is_text(&self) -> bool {
        self.kind == "text"
    }

    /// Whether the block means something; a call that was cut short must not run, and one without a
    /// name cannot.
    pub(super) fn is_of_use(&self, whole: bool) -> bool {
        self.kind != "tool_use" || (whole && !self.name().is_empty())
    }

    fn name(&self) -> String {
        let start = Fields::of(self.start.as_bytes()).unwrap_or_default();
        start.string("name").unwrap_or_default()
    }

    /// What the beginning of the block already tells.
    pub(super) fn started(&self) -> Option<ModelEvent> {
        let text = self.text.clone();
        match self.kind.as_str() {
            "text" if !text.is_empty() => Some(ModelEvent::TextDelta { delta: text }),
            "thinking" if !text.is_empty() => Some(ModelEvent::ReasoningDelta { delta: text }),
            "tool_use" => Some(ModelEvent::ToolCallStarted { name: self.name() }),
            _ => None,
        }
    }

    /// Takes a piece of the block.
    pub(super) fn grow(&mut self, delta: &Fields<'_>) -> Result<Option<ModelEvent>, UnknownDelta> {
        let kind = delta.string("type").unwrap_or_default();
        let mut piece = |name: &str| {
            let piece = delta.string(name).ok_or(UnknownDelta)?;
            self.text.push_str(&piece);
            Ok(Some(piece).filter(|piece| !piece.is_empty()))
        };
        match kind.as_str() {
            "text_delta" => {
                let told = piece("text")?;
                Ok(told.map(|delta| ModelEvent::TextDelta { delta }))
            }
            "thinking_delta" => {
                let told = piece("thinking")?;
                Ok(told.map(|delta| ModelEvent::ReasoningDelta { delta }))
            }
            "input_json_delta" => piece("partial_json").map(|_| None),
            "signature_delta" => {
                let signature = delta.string("signature").ok_or(UnknownDelta)?;
                self.signature.push_str(&signature);
                Ok(None)
            }
            "citations_delta" => {
                let citation = delta.json("citation").ok_or(UnknownDelta)?;
                self.citations.push(citation.to_owned());
                Ok(None)
            }
            _ => Err(UnknownDelta),
        }
    }

    /// The part of a message that a text becomes.
    pub(super) fn part(&self) -> Option<String> {
        let whole = self.whole();
        let block = Fields::of(whole.as_bytes())?;
        let is_empty = self.text.is_empty() && self.citations.is_empty();
        (!is_empty).then(|| from_block::text("assistant", &block))
    }

    /// The item that any other block becomes.
    pub(super) fn item(&self) -> Item {
        let whole = self.whole();
        let block = Fields::of(whole.as_bytes()).unwrap_or_default();
        from_block::assistant(&block)
    }

    /// The block with all its pieces, as an answer in one piece would have it.
    fn whole(&self) -> String {
        let start = Fields::of(self.start.as_bytes()).unwrap_or_default();
        let object = Object::of_type(&self.kind);
        let object = match self.kind.as_str() {
            "text" => {
                let object = object.put("text", &self.text);
                match self.citations.is_empty() {
                    true => object,
                    false => object.list("citations", &self.citations),
                }
            }
            "thinking" => object
                .put("thinking", &self.text)
                .put("signature", &self.signature),
            _ if self.text.is_empty() => object,
            // The pieces of a call's input; of a broken one the text is kept.
            _ => match Fields::of(self.text.as_bytes()) {
                Some(_) => object.raw("input", self.text.trim()),
                None => object.raw("input", &quoted(&self.text)),
            },
        };
        object.merge(Some(&start)).end()
    }
}
