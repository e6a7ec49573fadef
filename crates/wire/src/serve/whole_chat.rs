//! An answer in Chat Completions, put together from its chunks with all they hold: several choices,
//! probabilities, members of tomorrow.

use serde_json::{Map, Value, json};

use crate::chat;

/// One answer.
#[derive(Debug, Default)]
pub(super) struct WholeChat {
    members: Map<String, Value>,
    choices: Vec<Map<String, Value>>,
    ended: bool,
}

/// Texts that come whole, however often; all others come in pieces.
const WHOLE: &[&str] = &[
    "id",
    "type",
    "role",
    "name",
    "finish_reason",
    "model",
    "object",
];

/// Most choices, and most elements of a list that are told by their index.
const MOST: u64 = 1_000;

impl WholeChat {
    pub(super) fn push(&mut self, chunk: &str) {
        if chunk.trim() == chat::DONE {
            self.ended = true;
            return;
        }
        let Ok(Value::Object(chunk)) = serde_json::from_str(chunk) else {
            return;
        };
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("choices", Value::Array(choices)) => {
                    choices.into_iter().for_each(|choice| self.choice(choice));
                }
                ("object", _) => {
                    self.members.insert(name, json!("chat.completion"));
                }
                (_, Value::Null) => {
                    self.members.entry(name).or_insert(Value::Null);
                }
                (_, value) => {
                    self.members.insert(name, value);
                }
            }
        }
    }

    pub(super) fn object(&self) -> Option<String> {
        let mut object = self.members.clone();
        let choices = self.choices.iter().map(|choice| {
            let mut choice = choice.clone();
            let message = choice.get_mut("message").and_then(Value::as_object_mut);
            if let Some(message) = message {
                finish(message);
            }
            Value::Object(choice)
        });
        object.insert("choices".to_owned(), choices.collect());
        self.ended.then(|| Value::Object(object).to_string())
    }

    fn choice(&mut self, choice: Value) {
        let Value::Object(mut choice) = choice else {
            return;
        };
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        if index >= MOST {
            return;
        }
        if let Some(delta) = choice.remove("delta") {
            choice.insert("message".to_owned(), delta);
        }
        let at = index as usize;
        if self.choices.len() <= at {
            self.choices.resize_with(at + 1, Map::new);
        }
        merge(&mut self.choices[at], choice);
    }
}

/// What a whole message has, and its pieces do not need.
fn finish(message: &mut Map<String, Value>) {
    message.entry("content").or_insert(Value::Null);
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    for call in calls.into_iter().flatten().filter_map(Value::as_object_mut) {
        call.shift_remove("index");
    }
}

fn merge(into: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (name, value) in piece {
        let is_whole = WHOLE.contains(&name.as_str());
        let Some(known) = into.get_mut(&name).filter(|known| !known.is_null()) else {
            into.insert(name, begun(value));
            continue;
        };
        match (known, value) {
            (_, Value::Null) => {}
            (Value::String(known), Value::String(more)) if !is_whole || known.is_empty() => {
                known.push_str(&more);
            }
            (Value::String(_), Value::String(_)) => {}
            (Value::Object(known), Value::Object(more)) => merge(known, more),
            (Value::Array(known), Value::Array(more)) => {
                more.into_iter().for_each(|element| append(known, element));
            }
            (known, value) => *known = value,
        }
    }
}

/// A first piece: a list of indexed elements is merged like any later one, for some send several
/// pieces of one element at once.
fn begun(value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut list = Vec::new();
            elements
                .into_iter()
                .for_each(|element| append(&mut list, element));
            Value::Array(list)
        }
        value => value,
    }
}

fn append(list: &mut Vec<Value>, element: Value) {
    let index = element.get("index").and_then(Value::as_u64);
    let same = index.and_then(|index| {
        list.iter_mut()
            .find(|known| known.get("index").and_then(Value::as_u64) == Some(index))
    });
    match (same, element) {
        (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
        (_, element) => list.push(element),
    }
}
