//! Whatever a client sends us to be passed on, reading it never fails but by an error, and what goes on
//! is one request, streamed, for the model that was meant, with everything else as it came.

use std::collections::BTreeMap;

use alipes_wire::{Dialect, Item, Relayed};
use bytes::Bytes;
use serde_json::value::RawValue;

const DIALECTS: [Dialect; 3] = [Dialect::Responses, Dialect::Chat, Dialect::Messages];

/// What must be another, or is written by the route.
const ANEW: [&str; 8] = [
    "model",
    "stream",
    "stream_options",
    "input",
    "messages",
    "type",
    "generate",
    "previous_response_id",
];

/// The bytes are a body or a frame.
pub(crate) fn holds(bytes: &[u8]) {
    for dialect in DIALECTS {
        let Ok(words) = Relayed::parse(dialect, Bytes::copy_from_slice(bytes)) else {
            continue;
        };
        assert!(!words.model.trim().is_empty());
        goes_on(dialect, &words);
        if dialect == Dialect::Responses {
            let said = [&[Item::user("before")], words.items()].concat();
            let whole = words.continuing(&said);
            assert_eq!(whole.previous_response_id, None);
            assert_eq!(whole.items(), said);
            goes_on(dialect, &whole);
        }
    }
}

fn goes_on(dialect: Dialect, words: &Relayed) {
    let encoded = words.encode("n", Some("theirs"), &|_| false);
    let again = Relayed::parse(dialect, encoded.body()).expect("what goes on is one request");
    assert_eq!((again.model.as_str(), again.stream), ("n", true));
    assert_eq!(members(words.body()), members(&encoded.body()));
}

/// The members that nobody has to change, as they stand there.
fn members(body: &[u8]) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).unwrap();
    members
        .into_iter()
        .filter(|(name, _)| !ANEW.contains(&name.as_str()) && name != "client_metadata")
        .map(|(name, json)| (name, json.get().to_owned()))
        .collect()
}
