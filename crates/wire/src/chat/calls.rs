//! Tool calls, put together from their pieces.
//!
//! By the book a piece has an `index`, its first one `id` and name, the others arguments alone. In
//! the wild the index is missing (ollama/ollama#7881, Gemini: openai/openai-python#2806) or 0 for
//! all (ai-dynamo/dynamo#4723), the id is missing (ggml-org/llama.cpp#11992), id and name come with
//! every piece (NousResearch/hermes-agent#8259) or the name in pieces (continuedev/continue#5849),
//! and arguments are an object (ggml-org/llama.cpp#20198).

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

/// What one chunk says of a call.
#[derive(Debug)]
struct Piece {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    extras: Option<String>,
}

/// An answer has one call more than anybody makes.
#[derive(Debug)]
pub(super) struct TooMany;

/// Most calls in one answer; each piece is compared with them.
const MOST: usize = 1_000;

const KNOWN: &[&str] = &["index", "id", "type", "function", "name", "arguments"];

impl Calls {
    /// Takes one piece; gives the name of a call that begins with it.
    ///
    /// # Errors
    /// [`TooMany`] if it is one call too many.
    pub(super) fn push(&mut self, piece: &Fields<'_>) -> Result<Option<String>, TooMany> {
        let piece = Piece::read(piece);
        let at = self.place(&piece);
        let call = self.0.get_mut(at).ok_or(TooMany)?;
        let begins = call.name.is_empty() && !piece.name.is_empty();
        call.take(piece);
        Ok(begins.then(|| call.name.clone()))
    }

    /// The call that a piece belongs to; a new one if it begins one.
    fn place(&mut self, piece: &Piece) -> usize {
        let same_id = |call: &Call| !piece.id.is_empty() && call.id == piece.id;
        let found = match piece.index {
            Some(index) => self
                .0
                .iter()
                .rposition(|call| call.index == Some(index) && call.goes_on_with(piece)),
            None => self.0.iter().rposition(same_id).or_else(|| {
                let last = self.0.len().checked_sub(1)?;
                self.0[last].goes_on_with(piece).then_some(last)
            }),
        };
        found.unwrap_or_else(|| {
            let next = self.0.len();
            if next < MOST {
                self.0.push(Call {
                    index: piece.index,
                    ..Call::default()
                });
            }
            next
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The calls as items, and how many have no name, so that nobody can be called.
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

impl Piece {
    fn read(piece: &Fields<'_>) -> Self {
        let function = piece.object("function");
        let function = function.as_ref().unwrap_or(piece);
        let arguments = function.json("arguments").map(|json| {
            let text = serde_json::from_str::<String>(json);
            text.unwrap_or_else(|_not_a_text| json.to_owned())
        });
        Self {
            index: piece.whole("index"),
            id: piece.text("id").unwrap_or_default(),
            name: function.string("name").unwrap_or_default(),
            arguments: arguments.unwrap_or_default(),
            extras: piece.rest(KNOWN),
        }
    }
}

impl Call {
    /// Whether a piece that came where this call's would is one of them.
    fn goes_on_with(&self, piece: &Piece) -> bool {
        if !piece.id.is_empty() && !self.id.is_empty() {
            return piece.id == self.id;
        }
        if piece.name.is_empty() || self.name.is_empty() {
            return true;
        }
        if piece.name != self.name {
            // A name in pieces comes before any argument, and under one index.
            return piece.index.is_some() && self.arguments.is_empty();
        }
        // The name again, with arguments behind whole ones: the same tool is called again.
        piece.arguments.is_empty() || !is_whole(&self.arguments)
    }

    fn take(&mut self, piece: Piece) {
        if self.id.is_empty() {
            self.id = piece.id;
        }
        if self.arguments.is_empty() && piece.name != self.name {
            match piece.name.starts_with(&self.name) {
                true => self.name = piece.name,
                false => self.name.push_str(&piece.name),
            }
        }
        self.arguments.push_str(&piece.arguments);
        self.extras = piece.extras.or(self.extras.take());
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

fn is_whole(arguments: &str) -> bool {
    // Asked for every piece, and only once in a long text is it worth reading all of it.
    arguments.trim_end().ends_with('}')
        && serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok()
}
