//! A client's request as it goes on: what must be another is written anew, everything else is what came.

use super::Relayed;
use crate::cannot_carry::LeftOut;
use crate::fields::Fields;
use crate::json::{Object, quoted};
use crate::sealed::{is_readable, without_unreadable};
use crate::{Dialect, EncodedBody, EncodedRequest, Item, responses};

impl Relayed {
    /// The same request with this input, whole, so that it continues no other (Responses).
    #[must_use]
    pub fn continuing(self, input: &[Item]) -> Self {
        let fields = self.fields();
        let texts: Vec<String> = input.iter().map(|item| item.json().to_string()).collect();
        let kept = fields.members();
        let kept = kept.filter(|(name, _)| !["input", "previous_response_id"].contains(name));
        let body = Object::new().distinct(kept).list("input", &texts).end();
        let places = Fields::of(body.as_bytes()).map(|fields| fields.places(body.as_bytes()));
        Self {
            places: places.unwrap_or_default(),
            body: body.into(),
            input: input.to_vec(),
            previous_response_id: None,
            ..self
        }
    }

    /// The same request for an endpoint of the same dialect that calls the model `model`, and the
    /// response that is continued `previous_response_id`; for a streamed answer. `is_foreign` tells of an
    /// opaque text whether somebody else made it: then the reasoning around it is left out.
    #[must_use]
    pub fn encode(
        &self,
        model: &str,
        previous_response_id: Option<&str>,
        is_foreign: &dyn Fn(&str) -> bool,
    ) -> EncodedRequest {
        let fields = self.fields();
        let mut left_out = LeftOut::default();
        match self.dialect {
            Dialect::Responses => {
                let mut is_kept =
                    |item: &&Item| is_readable(item.json(), is_foreign, &mut left_out);
                let input = self.input.iter().filter(&mut is_kept).cloned().collect();
                let members = of_responses(&fields, model, previous_response_id);
                let request = responses::EncodedRequest::of_members(&members, input);
                let request = request.without(left_out.into_list());
                EncodedRequest::Responses(request)
            }
            Dialect::Chat => {
                let mut body = of_messages(&fields, model, is_foreign, &mut left_out);
                if !self.stream {
                    // Whoever gets the answer in one piece gets its usage with it.
                    body = body.raw("stream_options", r#"{"include_usage":true}"#);
                }
                EncodedRequest::Chat(EncodedBody::new(body.end(), left_out))
            }
            Dialect::Messages => {
                let body = of_messages(&fields, model, is_foreign, &mut left_out).end();
                EncodedRequest::Messages(EncodedBody::new(body, left_out))
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

/// The members but those that are `left`, with another model.
fn anew(fields: &Fields<'_>, model: &str, left: &[&str]) -> Object {
    let model = quoted(model);
    let kept = fields.members().filter(|(name, _)| !left.contains(name));
    Object::new().distinct(kept.map(|(name, json)| match name {
        "model" => (name, model.as_str()),
        _ => (name, json),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// No text is known to be somebody else's.
    const NOBODYS: &dyn Fn(&str) -> bool = &|_| false;

    fn relayed(dialect: Dialect, json: &'static str) -> Relayed {
        Relayed::parse(dialect, Bytes::from_static(json.as_bytes())).unwrap()
    }

    fn encoded(dialect: Dialect, json: &'static str) -> String {
        let request = relayed(dialect, json).encode("n", None, NOBODYS);
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
        let body = request.encode("n", Some("theirs"), NOBODYS).body();
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
            let sent = words.encode("n", None, NOBODYS);
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
            let sent = words.encode("n", None, &|text| text == "theirs");
            assert_eq!(String::from_utf8_lossy(&sent.body()), expected);
            let left_out: Vec<&str> = sent.left_out().iter().map(|left| &*left.what).collect();
            assert_eq!(left_out, ["another account's reasoning"]);
            let own = words.encode("n", None, NOBODYS);
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
        let said = [vec![Item::user("a")], words.items().to_vec()].concat();
        let words = words.continuing(&said);
        assert_eq!(
            (words.previous_response_id.clone(), words.items().to_vec()),
            (None, said)
        );
        let sent = String::from_utf8(words.encode("m", None, NOBODYS).body().to_vec()).unwrap();
        assert!(
            sent.starts_with(r#"{"model":"m","new":1e999,"stream":true,"input":[{"#),
            "{sent}"
        );
    }
}
