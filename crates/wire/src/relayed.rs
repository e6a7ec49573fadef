//! A client's own request, to be passed on in the dialect it came in.
//!
//! Only what routing needs is read, and only what must be another is written anew: the model's name,
//! the response it continues, and that the answer is streamed. Everything else, known or not, goes on
//! as the bytes it came in and in its order.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::cannot_carry::LeftOut;
use crate::fields::{Fields, elements, is_bounded};
use crate::json::{Object, quoted};
use crate::sealed::{is_readable, without_unreadable};
use crate::{Dialect, EncodedRequest, Item, NotARequest, chat, messages, responses};

/// A client's request.
#[derive(Clone, Debug)]
pub struct Relayed {
    dialect: Dialect,
    body: Bytes,
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
        let model = model.ok_or_else(|| NotARequest::shape("\"model\" is missing"))?;
        for list in ["input", "messages"] {
            fields
                .json(list)
                .map_or(Ok(()), |json| is_bounded(json, list))?;
        }
        if dialect == Dialect::Responses {
            is_input(&fields)?;
        }
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
            body,
        })
    }

    /// The dialect it is said in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The items of its input (Responses).
    ///
    /// # Errors
    /// [`NotARequest`] if it is no list of items.
    pub fn items(&self) -> Result<Vec<Item>, NotARequest> {
        items(&Fields::of(&self.body).unwrap_or_default())
    }

    /// The same request with this input, whole, so that it continues no other (Responses).
    #[must_use]
    pub fn continuing(self, input: &[Item]) -> Self {
        let fields = Fields::of(&self.body).unwrap_or_default();
        let input: Vec<String> = input.iter().map(|item| item.json().to_string()).collect();
        let kept = fields.members();
        let kept = kept.filter(|(name, _)| !["input", "previous_response_id"].contains(name));
        let body = Object::new().distinct(kept).list("input", &input);
        Self {
            body: body.end().into(),
            previous_response_id: None,
            ..self
        }
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The same request for an endpoint of the same dialect that calls the model `model`, and the
    /// response that is continued `previous_response_id`; for a streamed answer. `is_foreign` tells of an
    /// opaque text whether somebody else made it: then the reasoning around it is left out.
    ///
    /// # Errors
    /// [`NotARequest`] if its input is no list of items.
    pub fn encode(
        &self,
        model: &str,
        previous_response_id: Option<&str>,
        is_foreign: &dyn Fn(&str) -> bool,
    ) -> Result<EncodedRequest, NotARequest> {
        let fields = Fields::of(&self.body).unwrap_or_default();
        let mut left_out = LeftOut::default();
        match self.dialect {
            Dialect::Responses => {
                let mut input = items(&fields)?;
                input.retain(|item| is_readable(item.json(), is_foreign, &mut left_out));
                let members = of_responses(&fields, model, previous_response_id);
                let request = responses::EncodedRequest::of_members(&members, input);
                let request = request.without(left_out.into_list());
                Ok(EncodedRequest::Responses(request))
            }
            Dialect::Chat => {
                let mut body = of_messages(&fields, model, is_foreign, &mut left_out);
                if !self.stream {
                    // Whoever gets the answer in one piece gets its usage with it.
                    body = body.raw("stream_options", r#"{"include_usage":true}"#);
                }
                let request = chat::EncodedRequest::of_body(body.end(), left_out.into_list());
                Ok(EncodedRequest::Chat(request))
            }
            Dialect::Messages => {
                let body = of_messages(&fields, model, is_foreign, &mut left_out).end();
                let request = messages::EncodedRequest::of_body(body, left_out.into_list());
                Ok(EncodedRequest::Messages(request))
            }
        }
    }
}

/// Members that a request of Responses is written with by its route, not by its client.
const BY_THE_ROUTE: &[&str] = &[
    "input",
    "stream",
    "type",
    "generate",
    "client_metadata",
    "previous_response_id",
];

/// The members but the input, without the braces around them.
fn of_responses(fields: &Fields<'_>, model: &str, previous_response_id: Option<&str>) -> String {
    let members = anew(fields, model, BY_THE_ROUTE)
        .put_some("previous_response_id", previous_response_id)
        .raw("stream", "true")
        .end();
    let members = members.strip_prefix('{').unwrap_or(&members);
    members.strip_suffix('}').unwrap_or(members).to_owned()
}

/// A request that holds `messages`.
fn of_messages(
    fields: &Fields<'_>,
    model: &str,
    is_foreign: &dyn Fn(&str) -> bool,
    left_out: &mut LeftOut,
) -> Object {
    match without_unreadable(&fields.list("messages"), is_foreign, left_out) {
        Some(messages) => anew(fields, model, &["stream", "messages"]).raw("messages", &messages),
        None => anew(fields, model, &["stream"]),
    }
    .raw("stream", "true")
}

/// Whether there is an input that can be read, or none. It is asked before anybody else is: later it
/// would look like a provider's refusal.
fn is_input(fields: &Fields<'_>) -> Result<(), NotARequest> {
    match fields.json("input") {
        None => Ok(()),
        Some(json) if json.starts_with('"') => {
            fields.string("input").map(drop).ok_or_else(no_input)
        }
        Some(json) => {
            let items: Vec<&RawValue> = elements(json, "input")?.ok_or_else(no_input)?;
            let odd = items.iter().position(|item| !item.get().starts_with('{'));
            odd.map_or(Ok(()), |at| {
                let why = NotARequest::shape("an item is not an object");
                Err(why.at(format!("input[{at}]")))
            })
        }
    }
}

fn no_input() -> NotARequest {
    NotARequest::shape("`input` is neither a text nor a list of items").at("input")
}

fn items(fields: &Fields<'_>) -> Result<Vec<Item>, NotARequest> {
    match fields.json("input") {
        None => Ok(Vec::new()),
        Some(json) if json.starts_with('"') => {
            let text: String = fields.string("input").unwrap_or_default();
            Ok(vec![Item::user(&text)])
        }
        Some(json) => elements(json, "input")?.ok_or_else(no_input),
    }
}

/// The members but those that are `left`, with another model.
fn anew(fields: &Fields<'_>, model: &str, left: &[&str]) -> Object {
    let model = quoted(model);
    let kept = fields.members().filter(|(name, _)| !left.contains(name));
    Object::new().distinct(kept.map(|(name, json)| match name {
        "model" => (name, model.as_str()),
        _ => (name, json),
    }))
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

    /// No text is known to be somebody else's.
    const NOBODYS: &dyn Fn(&str) -> bool = &|_| false;

    fn relayed(dialect: Dialect, json: &'static str) -> Relayed {
        Relayed::parse(dialect, Bytes::from_static(json.as_bytes())).unwrap()
    }

    fn encoded(dialect: Dialect, json: &'static str) -> String {
        let request = relayed(dialect, json).encode("n", None, NOBODYS).unwrap();
        String::from_utf8(request.body().to_vec()).unwrap()
    }

    #[test]
    fn all_but_the_model_goes_on_as_it_came() {
        let json = r#"{"new":1e999,"model":"m","tools":null,"store":true,"input":[{"type":"x","n":12345678901234567890.0}]}"#;
        let expected = r#"{"new":1e999,"model":"n","tools":null,"store":true,"stream":true,"input":[{"type":"x","n":12345678901234567890.0}]}"#;
        assert_eq!(encoded(Dialect::Responses, json), expected);
        let json = r#"{"messages":[{"role":"user","x":[1.50]}],"model":"m","stream":true}"#;
        let expected = r#"{"messages":[{"role":"user","x":[1.50]}],"model":"n","stream":true}"#;
        assert_eq!(encoded(Dialect::Chat, json), expected);
        assert_eq!(encoded(Dialect::Messages, json), expected);
    }

    #[test]
    fn a_text_is_a_message_of_the_user() {
        let body = encoded(Dialect::Responses, r#"{"model":"m","input":"hi"}"#);
        assert!(body.contains(&**Item::user("hi").json()), "{body}");
    }

    #[test]
    fn the_response_that_is_continued_is_named_as_its_maker_named_it() {
        let json = r#"{"model":"m","previous_response_id":"ours","input":[]}"#;
        let request = relayed(Dialect::Responses, json);
        assert_eq!(request.previous_response_id.as_deref(), Some("ours"));
        let body = request.encode("n", Some("theirs"), NOBODYS).unwrap().body();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            body.contains(r#""previous_response_id":"theirs""#),
            "{body}"
        );
        assert!(!body.contains("ours"), "{body}");
    }

    #[test]
    fn another_providers_reasoning_does_not_go_to_one_that_cannot_read_it() {
        let reasoning = r#"alipes1:{\"type\":\"reasoning\",\"summary\":[]}"#;
        let table = [
            (
                Dialect::Responses,
                format!(
                    r#"{{"model":"m","input":[{{"type":"reasoning","encrypted_content":"{reasoning}"}},{{"role":"user","content":"alipes1:"}}]}}"#
                ),
                r#"{"model":"n","stream":true,"input":[{"role":"user","content":"alipes1:"}]}"#,
            ),
            (
                Dialect::Chat,
                format!(
                    r#"{{"model":"m","stream":true,"messages":[{{"role":"assistant","content":"a","reasoning_details":[{{"data":"{reasoning}"}},{{"data":"own"}}]}}]}}"#
                ),
                r#"{"model":"n","messages":[{"role":"assistant","content":"a","reasoning_details":[{"data":"own"}]}],"stream":true}"#,
            ),
            (
                Dialect::Messages,
                format!(
                    r#"{{"model":"m","messages":[{{"role":"assistant","content":[{{"type":"thinking","signature":"{reasoning}"}},{{"type":"text","text":"alipes1:{{}}"}}]}}]}}"#
                ),
                r#"{"model":"n","messages":[{"role":"assistant","content":[{"type":"text","text":"alipes1:{}"}]}],"stream":true}"#,
            ),
        ];
        for (dialect, body, expected) in table {
            let words = Relayed::parse(dialect, body.into()).unwrap();
            let sent = words.encode("n", None, NOBODYS).unwrap();
            assert_eq!(String::from_utf8_lossy(&sent.body()), expected);
        }
    }

    #[test]
    fn reasoning_that_somebody_else_made_is_left_out_and_that_is_told() {
        let table = [
            (
                Dialect::Responses,
                r#"{"model":"m","input":[{"type":"reasoning","encrypted_content":"theirs"},{"type":"reasoning","encrypted_content":"own"}]}"#,
                r#"{"model":"n","stream":true,"input":[{"type":"reasoning","encrypted_content":"own"}]}"#,
            ),
            (
                Dialect::Messages,
                r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","signature":"theirs"},{"type":"thinking","signature":"own"}]}]}"#,
                r#"{"model":"n","messages":[{"role":"assistant","content":[{"type":"thinking","signature":"own"}]}],"stream":true}"#,
            ),
        ];
        for (dialect, body, expected) in table {
            let words = relayed(dialect, body);
            let sent = words.encode("n", None, &|text| text == "theirs").unwrap();
            assert_eq!(String::from_utf8_lossy(&sent.body()), expected);
            let left_out: Vec<&str> = sent.left_out().iter().map(|left| &*left.what).collect();
            assert_eq!(left_out, ["another account's reasoning"]);
            let own = words.encode("n", None, NOBODYS).unwrap();
            assert!(own.left_out().is_empty());
        }
    }

    #[test]
    fn a_request_goes_on_behind_what_was_said_before() {
        let json = r#"{"type":"response.create","generate":false,"model":"m","previous_response_id":"r","new":1e999,"input":"b"}"#;
        let words = relayed(Dialect::Responses, json);
        assert_eq!(
            (words.kind.as_deref(), words.prepares),
            (Some("response.create"), true)
        );
        let said = [vec![Item::user("a")], words.items().unwrap()].concat();
        let words = words.continuing(&said);
        assert_eq!(
            (words.previous_response_id.clone(), words.items().unwrap()),
            (None, said)
        );
        let sent =
            String::from_utf8(words.encode("m", None, NOBODYS).unwrap().body().to_vec()).unwrap();
        assert!(
            sent.starts_with(r#"{"model":"m","new":1e999,"stream":true,"input":[{"#),
            "{sent}"
        );
    }

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
