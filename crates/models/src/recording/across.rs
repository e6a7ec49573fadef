//! A secret that no event of an answer holds alone, and all of them together do: a stream may bring it in
//! pieces. What the pieces make is looked through; where it holds one, the first event gets the whole of
//! it without the secret, and the others nothing.

use std::collections::BTreeMap;

use alipes_base::Redactor;
use bytes::Bytes;
use serde_json::Value;

/// What all three dialects call a piece of something longer.
const PIECE: &str = "delta";

/// The kind of an event and a place in it: pieces there make one text.
type Place = (String, String);

/// The events as texts, none of which holds a secret that goes on in the next.
pub(super) fn without(events: &[Bytes], redactor: &Redactor) -> Vec<String> {
    let mut read: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_slice(event).unwrap_or_default())
        .collect();
    let mut is_changed = vec![false; events.len()];
    for ((_, place), at) in pieces(&read) {
        let text = |at: &usize| read[*at].pointer(&place).and_then(Value::as_str);
        let joined: String = at.iter().filter_map(text).collect();
        let apart = at.iter().filter_map(text).map(|text| redactor.redact(text));
        let mut whole = Some(redactor.redact(&joined));
        if whole == Some(apart.collect()) {
            continue;
        }
        for at in at {
            if let Some(text) = read[at].pointer_mut(&place) {
                *text = whole.take().unwrap_or_default().into();
                is_changed[at] = true;
            }
        }
    }
    let told = events.iter().zip(read).zip(is_changed);
    let told = told.map(|((event, read), is_changed)| match is_changed {
        true => read.to_string(),
        false => String::from_utf8_lossy(event).into_owned(),
    });
    told.collect()
}

/// In which events there are pieces, by what they are pieces of.
fn pieces(events: &[Value]) -> BTreeMap<Place, Vec<usize>> {
    let mut found: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        let kind = event["type"].as_str().unwrap_or_default();
        for place in places(event) {
            found.entry((kind.to_owned(), place)).or_default().push(at);
        }
    }
    found
}

/// Where the event has texts that are pieces, as JSON pointers.
fn places(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), false, event)];
    while let Some((place, is_piece, value)) = left.pop() {
        match value {
            Value::String(_) if is_piece => found.push(place),
            Value::Object(fields) => left.extend(fields.iter().map(|(name, value)| {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                let is_piece = is_piece || name == PIECE;
                (format!("{place}/{escaped}"), is_piece, value)
            })),
            Value::Array(values) => {
                let values = values.iter().enumerate();
                left.extend(values.map(|(at, value)| (format!("{place}/{at}"), is_piece, value)));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Secret;

    #[test]
    fn a_secret_in_pieces_is_found_in_every_dialect_and_the_rest_is_kept() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("open-sesame".to_owned()));
        let responses = |text: &str| {
            format!(r#"{{"type":"response.output_text.delta","item_id":"m","delta":"{text}"}}"#)
        };
        let chat =
            |text: &str| format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#);
        let messages =
            |text: &str| format!(r#"{{"type":"content_block_delta","delta":{{"text":"{text}"}}}}"#);
        for event in [&responses as &dyn Fn(&str) -> String, &chat, &messages] {
            let between = r#"{"type":"ping"}"#.to_owned();
            let events = [
                event("say open-"),
                between.clone(),
                event("ses"),
                event("ame!"),
            ];
            let events = events.map(Bytes::from);
            let told = without(&events, &redactor);
            assert!(told[0].contains("say [redacted]!"), "{told:?}");
            assert_eq!(told[1], between);
            assert!(!told.concat().contains("ses") && !told.concat().contains("ame!"));
            assert_eq!(told.len(), 4);
        }
    }

    #[test]
    fn pieces_without_a_secret_are_as_they_came() {
        let events = [r#"{"delta" : "open-"}"#, r#"{"delta":"door"}"#, "no json"];
        let events = events.map(Bytes::from);
        assert_eq!(without(&events, &Redactor::new()), events);
    }
}
