//! One model step on its way into one assistant message.

use super::parts_out::{self, PartsOut};
use super::quirks::Quirks;
use crate::CannotCarry;
use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::{Object, list, quoted};
use crate::parts::{CHAT, Content, ItemFields};

/// What has been said, called and thought.
#[derive(Debug, Default)]
pub(super) struct Step {
    content: PartsOut,
    refusal: Option<String>,
    calls: Vec<String>,
    /// Parts that stand before the text (Mistral's thinking).
    thinking: Vec<String>,
    /// Members of the message by name: texts are joined, lists put together.
    reasoning: Vec<(String, Vec<String>)>,
    extras: Option<String>,
    spoken: bool,
}

impl Step {
    /// Whether another text has to begin another message. Behind calls it cannot: their results
    /// must follow at once.
    pub(super) fn is_closed_to_text(&self) -> bool {
        self.spoken && self.calls.is_empty()
    }

    pub(super) fn say(
        &mut self,
        item: &ItemFields<'_>,
        quirks: &Quirks,
        left_out: &mut LeftOut,
    ) -> Result<(), CannotCarry> {
        self.spoken = true;
        self.extras = item.extras(CHAT).and_then(|extras| extras.rest(&[]));
        for part in item.content() {
            if part.has_annotations() {
                let why = "requests of this dialect have no place for them";
                left_out.note("the sources of an answer", why);
            }
            match &part.content {
                Content::Refusal(refusal) => {
                    self.refusal.get_or_insert_default().push_str(refusal);
                }
                _ => self.content.push(parts_out::part(&part, quirks, left_out)?),
            }
        }
        Ok(())
    }

    pub(super) fn call(&mut self, item: &ItemFields<'_>, id: &str) {
        let function = Object::new()
            .put("name", item.text("name"))
            .put("arguments", item.arguments())
            .end();
        let call = Object::new()
            .put("id", id)
            .put("type", "function")
            .raw("function", &function);
        let extras = item.extras(CHAT);
        self.calls.push(call.merge(extras.as_ref()).end());
    }

    /// Takes the members that the reasoning came in.
    pub(super) fn think(&mut self, own: &Fields<'_>) {
        for (name, json) in own.iter() {
            if name == "content" {
                let parts = own.list("content").into_iter();
                self.thinking
                    .extend(parts.map(|part| part.get().to_owned()));
                continue;
            }
            let at = self.reasoning.iter().position(|(known, _)| known == name);
            match at {
                Some(at) => self.reasoning[at].1.push(json.to_owned()),
                None => self
                    .reasoning
                    .push((name.to_owned(), vec![json.to_owned()])),
            }
        }
    }

    /// The message, unless nothing was said.
    pub(super) fn message(self) -> Option<String> {
        let thought = !self.reasoning.is_empty() || !self.thinking.is_empty();
        if !self.spoken && self.calls.is_empty() && !thought {
            return None;
        }
        let is_wordless = self.content.is_empty() && (!self.spoken || self.refusal.is_some());
        let content = match is_wordless {
            _ if !self.thinking.is_empty() => self.content.behind(self.thinking),
            true => "null".to_owned(),
            false => self.content.joined(""),
        };
        let extras = self.extras.unwrap_or_default();
        let extras = Fields::of(extras.as_bytes());
        let mut message = Object::new()
            .put("role", "assistant")
            .raw("content", &content)
            .put_some("refusal", self.refusal);
        for (name, values) in self.reasoning {
            message = message.raw(&name, &together(&values));
        }
        if !self.calls.is_empty() {
            message = message.list("tool_calls", &self.calls);
        }
        Some(message.merge(extras.as_ref()).end())
    }
}

/// Texts joined, lists put together; of anything else the last.
fn together(values: &[String]) -> String {
    if let [only] = values {
        return only.clone();
    }
    let texts: Result<Vec<String>, _> = values.iter().map(|v| serde_json::from_str(v)).collect();
    if let Ok(texts) = texts {
        return quoted(&texts.join("\n\n"));
    }
    let lists: Result<Vec<Vec<&serde_json::value::RawValue>>, _> =
        values.iter().map(|v| serde_json::from_str(v)).collect();
    match lists {
        Ok(lists) => {
            let elements = lists.iter().flatten().map(|raw| raw.get().to_owned());
            list(&elements.collect::<Vec<_>>())
        }
        Err(_) => values.last().cloned().unwrap_or_default(),
    }
}
