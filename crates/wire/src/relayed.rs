//! A client's own request, to be passed on in the dialect it came in.
//!
//! Only what routing needs is read here, and only what must be another is written anew (`written`): the model's
//! name, the response it continues, and that the answer is streamed. Everything else, known or not, goes on as the
//! bytes it came in and in its order.

mod written;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::fields::{Fields, Places, elements, is_bounded};
use crate::{Dialect, Item, NotARequest, chat};

/// A client's request.
#[derive(Clone, Debug)]
pub struct Relayed {
    dialect: Dialect,
    body: Bytes,
    /// Where the body's members stand in it.
    places: Places,
    /// The items of its input (Responses).
    input: Vec<Item>,
    /// The model, as the client calls it.
    pub model: String,
    /// The type of a WebSocket's frame; none over HTTP.
    pub kind: Option<String>,
    /// Whether it only prepares, and wants no answer (`generate: false`, over WebSocket).
    pub prepares: bool,
    /// Whether the client wants its answer streamed; absent means no, in every dialect.
    pub stream: bool,
    /// Whether a stream shall end with its usage; false only where Chat Completions does not ask.
    pub include_usage: bool,
    /// The response it continues (Responses).
    pub previous_response_id: Option<String>,
    /// What stays the same along a conversation, where the client says it.
    pub cache_key: Option<String>,
    /// Whether the model may think for a while before it says a word.
    pub reasons: bool,
    /// How hard it is asked to think; empty where it is not said.
    pub effort: String,
}

impl Relayed {
    /// Reads a body as far as its carrier must.
    ///
    /// # Errors
    /// [`NotARequest`] if it is no JSON object, names no model, has an input that is none or more messages than
    /// anybody reads, or says one thing twice: of two members with one name, who checks and who obeys might read
    /// different ones.
    pub fn parse(dialect: Dialect, body: Bytes) -> Result<Self, NotARequest> {
        let fields = Fields::of(&body).ok_or_else(|| NotARequest::no_object(&body))?;
        if let Some(name) = fields.repeated() {
            let name: String = name.chars().take(80).collect();
            return Err(NotARequest::shape(format!("{name:?} stands there twice")));
        }
        let model: Option<String> = fields.read("model");
        let model = model.filter(|model| !model.trim().is_empty());
        let no_model = || NotARequest::shape("`model` is missing or is no text").at("model");
        let model = model.ok_or_else(no_model)?;
        for list in ["input", "messages"] {
            fields
                .json(list)
                .map_or(Ok(()), |json| is_bounded(json, list))?;
        }
        let input = match dialect {
            Dialect::Responses => items(&fields)?,
            Dialect::Chat | Dialect::Messages => Vec::new(),
        };
        let stream = flag(&fields, "stream")?.unwrap_or(false);
        if flag(&fields, "background")?.unwrap_or(false) {
            let why = "\"background\" cannot be passed on: nothing is kept to be asked for later";
            return Err(NotARequest::shape(why));
        }
        let text = |name: &str| fields.string(name).filter(|text| !text.is_empty());
        let (continued, cache_key) = (text("previous_response_id"), text("prompt_cache_key"));
        Ok(Self {
            dialect,
            model,
            kind: fields.string("type"),
            prepares: flag(&fields, "generate")? == Some(false),
            stream,
            include_usage: dialect != Dialect::Chat || chat::wants_usage(&fields),
            previous_response_id: continued.filter(|_| dialect == Dialect::Responses),
            cache_key,
            reasons: reasons(dialect, &fields),
            effort: effort(&fields).unwrap_or_default(),
            places: fields.places(&body),
            input,
            body,
        })
    }

    /// The dialect it is said in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The items of its input (Responses).
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.input
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    fn fields(&self) -> Fields<'_> {
        self.places.fields(&self.body)
    }
}

fn no_input() -> NotARequest {
    NotARequest::shape("`input` is neither a text nor a list of items").at("input")
}

/// The items of the input. They are read before anybody else is asked: later it would look like a
/// provider's refusal.
fn items(fields: &Fields<'_>) -> Result<Vec<Item>, NotARequest> {
    let Some(json) = fields.json("input") else {
        return Ok(Vec::new());
    };
    if json.starts_with('"') {
        let text = fields.string("input").ok_or_else(no_input)?;
        return Ok(vec![Item::user(&text)]);
    }
    let items: Vec<&RawValue> = elements(json, "input")?.ok_or_else(no_input)?;
    let item = |(at, value)| {
        Item::of_value(value).map_err(|_odd| {
            let why = NotARequest::shape("an item is not an object");
            why.at(format!("input[{at}]"))
        })
    };
    items.into_iter().enumerate().map(item).collect()
}

/// The models of Responses think without being told to.
fn reasons(dialect: Dialect, fields: &Fields<'_>) -> bool {
    let told = ["reasoning", "reasoning_effort", "thinking"];
    dialect == Dialect::Responses || told.iter().any(|name| fields.json(name).is_some())
}

fn effort(fields: &Fields<'_>) -> Option<String> {
    let nested = fields.object("reasoning");
    let effort = nested.and_then(|reasoning| reasoning.string("effort"));
    effort.or_else(|| fields.string("reasoning_effort"))
}

fn flag(fields: &Fields<'_>, name: &str) -> Result<Option<bool>, NotARequest> {
    let Some(json) = fields.json(name) else {
        return Ok(None);
    };
    let flag = serde_json::from_str(json);
    flag.map(Some)
        .map_err(|_| NotARequest::shape(format!("{name:?} is neither true nor false")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for json in [
            r#"{"model":"a","model":"b"}"#,
            r#"{"model":"a","input":[],"input":"x"}"#,
            r#"{"model":"a","\u006dodel":"b"}"#,
            r#"{"model":7}"#,
            r#"{"model":" "}"#,
            r#"{"model":"a","stream":"yes"}"#,
            r#"{"model":"a","background":true}"#,
            r#"{"input":[]}"#,
            "[]",
            "",
        ] {
            let read = Relayed::parse(Dialect::Responses, Bytes::from_static(json.as_bytes()));
            assert!(read.is_err(), "{json}");
        }
    }

    #[test]
    fn an_input_that_is_no_list_is_named() {
        for (json, param) in [
            (r#"{"model":"m","input":{"a":1}}"#, "input"),
            (r#"{"model":"m","input":7}"#, "input"),
            (r#"{"model":"m","input":"\ud800"}"#, "input"),
            (r#"{"model":"m","input":[{},[[]]]}"#, "input[1]"),
        ] {
            let why = Relayed::parse(Dialect::Responses, json.into()).unwrap_err();
            assert_eq!(why.param(), Some(param), "{why}");
        }
    }
}
