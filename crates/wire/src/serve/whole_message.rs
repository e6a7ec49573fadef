//! An answer in Messages, put together from its events with all they hold.

use std::collections::BTreeMap;

use crate::fields::Fields;
use crate::json::{Object, quoted};

/// One answer.
#[derive(Debug, Default)]
pub(super) struct WholeMessage {
    /// The members of the message by name, in their order.
    members: Vec<(String, String)>,
    usage: Vec<(String, String)>,
    blocks: BTreeMap<u64, Block>,
    ended: bool,
}

/// One block of content.
#[derive(Debug, Default)]
struct Block {
    start: Vec<(String, String)>,
    /// Texts that grow, by the member they belong to.
    texts: BTreeMap<&'static str, String>,
    /// The input of a call as it is written, piece by piece.
    input: String,
    citations: Vec<String>,
}

/// The types of deltas, and the member that each of their texts belongs to.
const TEXTS: &[(&str, &str)] = &[
    ("text_delta", "text"),
    ("thinking_delta", "thinking"),
    ("signature_delta", "signature"),
];

impl WholeMessage {
    pub(super) fn push(&mut self, event: &str) {
        let event = Fields::of(event.as_bytes()).unwrap_or_default();
        let at = event.whole("index").unwrap_or(0);
        match event.string("type").unwrap_or_default().as_str() {
            "message_start" => {
                let message = event.object("message").unwrap_or_default();
                take(&mut self.members, &message, &["content", "usage"]);
                self.used(&message);
            }
            "content_block_start" => {
                let block = event.object("content_block").unwrap_or_default();
                take(&mut self.blocks.entry(at).or_default().start, &block, &[]);
            }
            "content_block_delta" => {
                let delta = event.object("delta").unwrap_or_default();
                self.blocks.entry(at).or_default().grow(&delta);
            }
            "message_delta" => {
                let delta = event.object("delta").unwrap_or_default();
                take(&mut self.members, &delta, &[]);
                take(&mut self.members, &event, &["type", "delta", "usage"]);
                self.used(&event);
            }
            "message_stop" => self.ended = true,
            _ => {}
        }
    }

    pub(super) fn object(&self) -> Option<String> {
        let blocks: Vec<String> = self.blocks.values().map(Block::json).collect();
        let members = self.members.iter();
        let object = Object::new()
            .distinct(members.map(|(name, json)| (name.as_str(), json.as_str())))
            .list("content", &blocks);
        let usage = self.usage.iter();
        let usage =
            Object::new().distinct(usage.map(|(name, json)| (name.as_str(), json.as_str())));
        self.ended.then(|| object.raw("usage", &usage.end()).end())
    }

    fn used(&mut self, event: &Fields<'_>) {
        if let Some(usage) = event.object("usage") {
            take(&mut self.usage, &usage, &[]);
        }
    }
}

impl Block {
    fn grow(&mut self, delta: &Fields<'_>) {
        let kind = delta.string("type").unwrap_or_default();
        if let Some((_, member)) = TEXTS.iter().find(|(known, _)| *known == kind) {
            let text = delta.string(member).unwrap_or_default();
            self.texts.entry(member).or_default().push_str(&text);
        } else if kind == "input_json_delta" {
            self.input
                .push_str(&delta.string("partial_json").unwrap_or_default());
        } else {
            let citation = delta.json("citation").map(str::to_owned);
            self.citations.extend(citation);
        }
    }

    fn json(&self) -> String {
        let mut start = self.start.clone();
        for (member, text) in &self.texts {
            let begun = start.iter().find(|(name, _)| name == member);
            let begun: Option<String> = begun.and_then(|(_, json)| serde_json::from_str(json).ok());
            put(
                &mut start,
                member,
                quoted(&(begun.unwrap_or_default() + text)),
            );
        }
        if Fields::of(self.input.as_bytes()).is_some() {
            put(&mut start, "input", self.input.clone());
        } else if !self.input.is_empty() {
            put(&mut start, "input", quoted(&self.input));
        }
        if !self.citations.is_empty() {
            put(&mut start, "citations", crate::json::list(&self.citations));
        }
        let members = start.iter();
        Object::new()
            .distinct(members.map(|(name, json)| (name.as_str(), json.as_str())))
            .end()
    }
}

/// Takes the members of an object over those that were there, unless they say nothing.
fn take(members: &mut Vec<(String, String)>, object: &Fields<'_>, but: &[&str]) {
    for (name, json) in object.members().filter(|(name, _)| !but.contains(name)) {
        let is_known = members.iter().any(|(known, _)| known == name);
        if json != "null" || !is_known {
            put(members, name, json.to_owned());
        }
    }
}

fn put(members: &mut Vec<(String, String)>, name: &str, json: String) {
    match members.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = json,
        None => members.push((name.to_owned(), json)),
    }
}
