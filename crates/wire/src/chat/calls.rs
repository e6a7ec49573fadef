//! Tool calls, put together from their pieces.
//!
//! By the book a piece has an `index`, its first one `id` and name, the others arguments alone. In
//! the wild the index is missing (ollama/ollama#7881, Gemini: openai/openai-python#2806) or 0 for
//! all (ai-dynamo/dynamo#4723), the id is missing (ggml-org/llama.cpp#11992), id and name come with
//! every piece (NousResearch/hermes-agent#8259), and arguments are an object
//! (ggml-org/llama.cpp#20198).

use crate::Item;
use crate::call_ids;
use crate::fields::Fields;
use crate::parts::{self, CHAT};

/// The calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    /// Members of tomorrow, and Gemini's `extra_content` with the signature it wants back.
    extras: Option<String>,
}

const KNOWN: &[&str] = &["index", "id", "type", "function", "name", "arguments"];

impl Calls {
    /// Takes one piece; gives the name of a call that begins with it.
    pub(super) fn push(&mut self, piece: &Fields<'_>) -> Option<String> {
        let function = piece.object("function");
        let function = function.as_ref().unwrap_or(piece);
        let index = piece.whole("index");
        let id = piece.text("id").unwrap_or_default();
        let name = function.string("name").unwrap_or_default();
        let at = self.place(index, &id, &name);
        let call = &mut self.0[at];
        if call.id.is_empty() {
            call.id = id;
        }
        let begins = call.name.is_empty() && !name.is_empty();
        if begins {
            call.name.clone_from(&name);
        }
        if let Some(json) = function.json("arguments") {
            let text = serde_json::from_str::<String>(json);
            call.arguments.push_str(text.as_deref().unwrap_or(json));
        }
        call.extras = piece.rest(KNOWN).or(call.extras.take());
        begins.then_some(name)
    }

    /// The call that a piece belongs to; a new one if it begins one.
    fn place(&mut self, index: Option<u64>, id: &str, name: &str) -> usize {
        let same_id = |call: &Call| !id.is_empty() && call.id == id;
        let found = self.0.iter().rposition(|call| match index {
            // Another id or a whole new set of arguments under a known index is another call.
            Some(index) => call.index == Some(index) && !call.is_other(id, name),
            None => same_id(call),
        });
        let last = || {
            let at = self.0.len().checked_sub(1)?;
            let call = &self.0[at];
            (index.is_none() && !call.is_other(id, name)).then_some(at)
        };
        found.or_else(last).unwrap_or_else(|| {
            self.0.push(Call {
                index,
                ..Call::default()
            });
            self.0.len() - 1
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The calls as items; those without a name cannot be called, and are counted.
    pub(super) fn into_items(self, response: &str) -> (Vec<Item>, usize) {
        let all = self.0.len();
        let named = self.0.into_iter().filter(|call| !call.name.is_empty());
        let items: Vec<Item> = named
            .enumerate()
            .map(|(at, call)| call.into_item(response, at))
            .collect();
        let nameless = all - items.len();
        (items, nameless)
    }
}

impl Call {
    /// Whether a piece with this id and name belongs to another call than this one.
    fn is_other(&self, id: &str, name: &str) -> bool {
        if !id.is_empty() && !self.id.is_empty() {
            return id != self.id;
        }
        // Without an id to go by, a name behind whole arguments begins another call.
        let is_whole = || serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok();
        let names_other = !name.is_empty() && !self.name.is_empty() && name != self.name;
        names_other || (!name.is_empty() && !self.name.is_empty() && is_whole())
    }

    fn into_item(self, response: &str, at: usize) -> Item {
        let id = match self.id.is_empty() {
            true => call_ids::invent(response, at, &self.name, &self.arguments),
            false => self.id,
        };
        let arguments = match self.arguments.is_empty() {
            true => "{}",
            false => &self.arguments,
        };
        let call = parts::call(&id, &self.name, arguments);
        parts::item(call.raw_some(CHAT, self.extras.as_deref()))
    }
}
