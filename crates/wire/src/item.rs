//! One item of a conversation: a message, a tool call, its output, a reasoning blob.
//!
//! An item is kept as the JSON text it arrived in, and read through a view when needed. So whatever
//! a provider put in comes back to it byte for byte, an item is encoded once however often it is
//! sent, and "the same item" is a comparison of two strings.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A conversation item in the Responses dialect's shape (OpenAI Responses API, `input` and `output`).
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    json: Arc<str>,
}

/// What an item says, borrowed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemView<'a> {
    /// Somebody said something.
    Message {
        /// `user`, `assistant`, `developer` or `system`.
        role: Cow<'a, str>,
        /// The provider's mark for preambles and final answers (`commentary`, `final_answer`).
        phase: Option<Cow<'a, str>>,
        /// All text parts in order, joined.
        text: String,
        /// The refusal, where the model refused.
        refusal: Option<String>,
    },
    /// The model wants a tool to run.
    FunctionCall {
        /// Ties the call to its output.
        call_id: Cow<'a, str>,
        /// The tool's name.
        name: Cow<'a, str>,
        /// JSON, as the model wrote it; it may be broken.
        arguments: Cow<'a, str>,
    },
    /// What the tool gave back.
    FunctionCallOutput {
        /// The call it answers.
        call_id: Cow<'a, str>,
        /// The text the model reads.
        output: String,
    },
    /// Reasoning, mostly encrypted.
    Reasoning {
        /// The readable summary, if there is one.
        summary: String,
    },
    /// Anything else; it is kept and sent back all the same.
    Other {
        /// The item's `type`.
        kind: Cow<'a, str>,
    },
}

/// The text is not a JSON object, so it is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a conversation item: expected one JSON object")]
pub struct NotAnItem;

/// The phase of a message that is said on the way to the answer.
const PREAMBLE: &str = "commentary";

/// The phase of a message that nothing will follow.
const FINAL: &str = "final_answer";

/// The type of reasoning.
const REASONING: &str = "reasoning";

impl ItemView<'_> {
    /// Whether this is a message that is said on the way to the answer, and is not the answer.
    #[must_use]
    pub fn is_preamble(&self) -> bool {
        matches!(self, Self::Message { phase: Some(phase), .. } if phase == PREAMBLE)
    }
}

impl Item {
    /// Takes an item from its JSON text.
    ///
    /// # Errors
    /// [`NotAnItem`] if the text is not one JSON object.
    pub fn parse(json: &str) -> Result<Self, NotAnItem> {
        // White space around an item is the sender's layout; two spellings would be two items.
        let json = json.trim_matches([' ', '\t', '\r', '\n']);
        let is_json = serde_json::from_str::<IgnoredAny>(json).is_ok();
        if !is_json || !json.starts_with('{') {
            return Err(NotAnItem);
        }
        Ok(Self { json: json.into() })
    }

    /// Takes an item from a value that was read already.
    pub(crate) fn of_value(value: &RawValue) -> Result<Self, NotAnItem> {
        match value.get().starts_with('{') {
            true => Ok(Self::written(value.get())),
            false => Err(NotAnItem),
        }
    }

    /// A message from the user.
    #[must_use]
    pub fn user(text: &str) -> Self {
        Self::message("user", "input_text", text)
    }

    /// A message from the user that shows images, each a `data:` address (OpenAI Responses API, input
    /// message content).
    #[must_use]
    pub fn user_showing(text: &str, images: &[String]) -> Self {
        let mut content = vec![serde_json::json!({"type": "input_text", "text": text})];
        content.extend(images.iter().map(|image| {
            serde_json::json!({"type": "input_image", "image_url": image, "detail": "auto"})
        }));
        Self::encode(&serde_json::json!({"type": "message", "role": "user", "content": content}))
    }

    /// Instructions that rank above the user's.
    #[must_use]
    pub fn developer(text: &str) -> Self {
        Self::message("developer", "input_text", text)
    }

    /// Something the assistant said.
    #[must_use]
    pub fn assistant(text: &str) -> Self {
        Self::message("assistant", "output_text", text)
    }

    /// A tool's answer to a call.
    #[must_use]
    pub fn function_call_output(call_id: &str, output: &str) -> Self {
        Self::encode(&serde_json::json!({
            "type": "function_call_output", "call_id": call_id, "output": output,
        }))
    }

    fn message(role: &str, part: &str, text: &str) -> Self {
        Self::encode(&serde_json::json!({
            "type": "message", "role": role, "content": [{"type": part, "text": text}],
        }))
    }

    fn encode(value: &serde_json::Value) -> Self {
        Self::written(&value.to_string())
    }

    /// An item whose JSON was written here, and is an object.
    pub(crate) fn written(json: &str) -> Self {
        Self { json: json.into() }
    }

    /// The item's JSON, byte for byte.
    #[must_use]
    pub fn json(&self) -> &Arc<str> {
        &self.json
    }

    /// The same call under another id; nothing where its text cannot be taken apart.
    #[must_use]
    pub fn with_call_id(&self, call_id: &str) -> Option<Self> {
        let mut fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.json).ok()?;
        fields.insert("call_id".to_owned(), call_id.into());
        Some(Self::encode(&fields.into()))
    }

    /// What the item says.
    #[must_use]
    pub fn view(&self) -> ItemView<'_> {
        // `parse` has read this text before; an item made here is an object by construction.
        serde_json::from_str::<Fields<'_>>(&self.json)
            .map_or(ItemView::Other { kind: "".into() }, Fields::into_view)
    }

    /// Whether it is reasoning.
    #[must_use]
    pub fn is_reasoning(&self) -> bool {
        // To look into an item is to read all its text, and most say nothing of the kind.
        self.may_say(REASONING) && matches!(self.view(), ItemView::Reasoning { .. })
    }

    /// Whether a word may stand in its text: as it is, or with a letter of it escaped. Escapes of control
    /// characters and of other alphabets, which are common, do not count.
    fn may_say(&self, word: &str) -> bool {
        let mut escapes = self.json.match_indices("\\u00");
        let is_letter = |(at, _): (usize, &str)| {
            let digit = self.json.as_bytes().get(at + 4);
            digit.is_some_and(|digit| (b'5'..=b'7').contains(digit))
        };
        self.json.contains(word) || escapes.any(is_letter)
    }

    /// Whether it is a message that is marked as one that nothing follows.
    #[must_use]
    pub fn is_final_answer(&self) -> bool {
        let is_final = |fields: Fields<'_>| {
            fields.is_message(&string(fields.kind)) && string(fields.phase) == FINAL
        };
        self.may_say(FINAL) && serde_json::from_str::<Fields<'_>>(&self.json).is_ok_and(is_final)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({})", self.json)
    }
}

impl Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.json).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::of_value(&raw).map_err(serde::de::Error::custom)
    }
}

/// The fields a view reads. Everything is optional and untyped: another kind of item may have a
/// field of the same name that is no text.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    role: Option<&'a RawValue>,
    #[serde(borrow, default)]
    phase: Option<&'a RawValue>,
    #[serde(borrow, default)]
    call_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    #[serde(borrow, default)]
    summary: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    fn into_view(self) -> ItemView<'a> {
        let kind = string(self.kind);
        match kind.as_ref() {
            kind if self.is_message(kind) => ItemView::Message {
                role: string(self.role),
                phase: self.phase.map(string_or_json),
                text: text_of(self.content),
                refusal: refusal_of(self.content),
            },
            "function_call" => ItemView::FunctionCall {
                call_id: string(self.call_id),
                name: string(self.name),
                arguments: string(self.arguments),
            },
            "function_call_output" => ItemView::FunctionCallOutput {
                call_id: string(self.call_id),
                output: text_of(self.output),
            },
            REASONING => ItemView::Reasoning {
                summary: text_of(self.summary),
            },
            _ => ItemView::Other { kind },
        }
    }

    /// A message may come without a type (Hermes Agent sends only role and content).
    fn is_message(&self, kind: &str) -> bool {
        matches!(kind, "message" | "") && self.role.is_some()
    }
}

/// A content part; only its text matters to a view.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
}

/// A string, or the text of a list of parts; anything else is empty.
fn text_of(value: Option<&RawValue>) -> String {
    let raw = value.map_or("", RawValue::get);
    if raw.starts_with('"') {
        return serde_json::from_str(raw).unwrap_or_default();
    }
    parts(raw)
        .into_iter()
        .filter_map(|part| part.text)
        .collect()
}

/// The refusal in a list of parts, where there is one.
fn refusal_of(value: Option<&RawValue>) -> Option<String> {
    let raw = value.map_or("", RawValue::get);
    let refusal: String = parts(raw)
        .into_iter()
        .filter_map(|part| part.refusal)
        .collect();
    (!refusal.is_empty()).then_some(refusal)
}

/// Each part by itself: one that cannot be read does not take the others with it.
fn parts(raw: &str) -> Vec<Part<'_>> {
    let parts: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
    parts
        .into_iter()
        .filter_map(|part| serde_json::from_str(part.get()).ok())
        .collect()
}

/// A field's text; empty where the field is missing or null.
fn string(field: Option<&RawValue>) -> Cow<'_, str> {
    field.map_or(Cow::Borrowed(""), string_or_json)
}

/// A JSON string's content, or the JSON itself where a provider sent something else.
fn string_or_json(raw: &RawValue) -> Cow<'_, str> {
    serde_json::from_str::<Borrowed<'_>>(raw.get()).map_or(Cow::Borrowed(raw.get()), |text| text.0)
}

/// `Cow` borrows only through a field attribute, so it needs a struct around it.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests;
