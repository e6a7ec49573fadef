//! What each dialect keeps of a conversation: one row per thing, one column per dialect.
//!
//! `Same`: it is encoded, read by a server of that dialect, and is the same item again. `Moved`: it
//! arrives in another form. `LeftOut`: it is bound to its provider or a hint, and listed. `Refused`:
//! the request is an error that names it.

use alipes_wire::{CannotCarry, Dialect, Item, ModelRequest, Quirks, messages};
use serde_json::{Value, json};

use crate::common::{item, request};
use Kept::{LeftOut, Moved, Refused, Same};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Same,
    Moved,
    LeftOut,
    Refused,
}

/// A thing, the items it is in, and what Responses, Chat and Messages do with it.
type Row = (&'static str, Vec<Value>, [Kept; 3]);

fn user(part: Value) -> Vec<Value> {
    vec![json!({"type": "message", "role": "user", "content": [part]})]
}

fn assistant(part: Value) -> Vec<Value> {
    vec![json!({"type": "message", "role": "assistant", "content": [part]})]
}

fn call(id: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{\"a\": 1e2}"})
}

fn output(id: &str, output: Value) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": output})
}

fn text(text: &str) -> Value {
    json!({"type": "input_text", "text": text})
}

const PNG: &str = "data:image/png;base64,QUJD";
const PDF: &str = "data:application/pdf;base64,QUJD";

fn contents() -> Vec<Row> {
    let marked = |own: &str| json!({"type": "input_text", "text": "hi", own: {"cache_control": {"type": "ephemeral"}}});
    vec![
        ("text", user(text("hi")), [Same, Same, Same]),
        (
            "several texts",
            vec![json!({"type": "message", "role": "user", "content": [text("a"), text("b")]})],
            [Same, Same, Same],
        ),
        (
            "an image by address",
            user(json!({"type": "input_image", "image_url": "https://x/y.png"})),
            [Same, Same, Same],
        ),
        (
            "an image as data",
            user(json!({"type": "input_image", "image_url": PNG})),
            [Same, Same, Same],
        ),
        (
            "an image by file id",
            user(json!({"type": "input_image", "file_id": "file_1"})),
            [Same, Refused, Same],
        ),
        (
            "a file as data",
            user(json!({"type": "input_file", "filename": "n.pdf", "file_data": PDF})),
            [Same, Same, Same],
        ),
        (
            "a file by address",
            user(json!({"type": "input_file", "file_url": "https://x/y.pdf"})),
            [Same, Refused, Same],
        ),
        (
            "a file by id",
            user(json!({"type": "input_file", "file_id": "file_1"})),
            [Same, Same, Same],
        ),
        (
            "sound",
            user(json!({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}})),
            [Same, Same, Refused],
        ),
        (
            "content nobody knows",
            user(json!({"type": "input_smell", "smell": "rose"})),
            [Same, Refused, Refused],
        ),
        (
            "a Chat part nobody else knows",
            user(json!({"type": "x_chat", "x_chat": {"type": "video_url"}})),
            [Refused, Same, Refused],
        ),
        (
            "a Messages block nobody else knows",
            user(json!({"type": "x_messages", "x_messages": {"type": "search_result"}})),
            [Refused, Refused, Same],
        ),
        (
            "a Messages cache marker",
            user(marked("x_messages")),
            [LeftOut, LeftOut, Same],
        ),
        (
            "a Chat cache marker",
            user(marked("x_chat")),
            [LeftOut, Same, Moved],
        ),
    ]
}

fn answers() -> Vec<Row> {
    let sources = json!([{"type": "url_citation", "url": "https://x", "title": "t", "start_index": 0, "end_index": 2}]);
    let mut final_answer = assistant(json!({"type": "output_text", "text": "hi"}));
    final_answer[0]["phase"] = json!("final_answer");
    vec![
        (
            "an answer",
            assistant(json!({"type": "output_text", "text": "hi"})),
            [Same, Same, Same],
        ),
        (
            "a refusal",
            assistant(json!({"type": "refusal", "refusal": "no"})),
            [Same, Same, LeftOut],
        ),
        (
            "sources",
            assistant(json!({"type": "output_text", "text": "hi", "annotations": sources})),
            [Same, LeftOut, LeftOut],
        ),
        ("the phase", final_answer, [Same, LeftOut, LeftOut]),
        (
            "fields of tomorrow on a message",
            vec![
                json!({"type": "message", "role": "user", "content": [text("hi")], "x_chat": {"name": "bob"}}),
            ],
            [LeftOut, Same, LeftOut],
        ),
        (
            "encrypted reasoning of Responses",
            vec![json!({"type": "reasoning", "summary": [], "encrypted_content": "g"})],
            [Same, LeftOut, LeftOut],
        ),
        (
            "signed thinking",
            vec![
                json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "x_messages": {"signature": "s", "thinking": "hm", "type": "thinking"}}),
            ],
            [LeftOut, LeftOut, Same],
        ),
        (
            "redacted thinking",
            vec![
                json!({"type": "reasoning", "summary": [], "x_messages": {"data": "d", "type": "redacted_thinking"}}),
            ],
            [LeftOut, LeftOut, Same],
        ),
        (
            "reasoning_content",
            vec![
                json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "x_chat": {"reasoning_content": "hm"}}),
            ],
            [LeftOut, Same, LeftOut],
        ),
        (
            "reasoning_details",
            vec![
                json!({"type": "reasoning", "summary": [], "x_chat": {"reasoning_details": [{"data": "d", "type": "reasoning.encrypted"}]}}),
            ],
            [LeftOut, Same, LeftOut],
        ),
        (
            "a web search of OpenAI's",
            vec![json!({"type": "web_search_call", "id": "w", "status": "completed"})],
            [Same, LeftOut, LeftOut],
        ),
        (
            "a web search of Anthropic's",
            vec![
                json!({"type": "x_messages", "role": "assistant", "x_messages": {"id": "s", "type": "server_tool_use"}}),
            ],
            [LeftOut, LeftOut, Same],
        ),
        (
            "an item nobody knows",
            vec![json!({"type": "brand_new"})],
            [Same, Refused, Refused],
        ),
        (
            "a stored item",
            vec![json!({"type": "item_reference", "id": "i"})],
            [Same, Refused, Refused],
        ),
    ]
}

fn tools() -> Vec<Row> {
    let picture = json!([text("see"), {"type": "input_image", "image_url": PNG}]);
    let mut failed = output("a", json!("no"));
    failed["x_messages"] = json!({"is_error": true});
    let mut signed = call("a");
    signed["x_chat"] = json!({"extra_content": {"google": {"thought_signature": "s"}}});
    let mut broken = call("a");
    broken["arguments"] = json!("{\"a\"");
    vec![
        (
            "a call and its result",
            vec![call("a"), output("a", json!("ok"))],
            [Same, Same, Same],
        ),
        (
            "parallel calls",
            vec![
                call("a"),
                call("b"),
                output("a", json!("1")),
                output("b", json!("2")),
            ],
            [Same, Same, Same],
        ),
        (
            "a call with words before it",
            vec![
                assistant(json!({"type": "output_text", "text": "hm"})).remove(0),
                call("a"),
                output("a", json!("ok")),
            ],
            [Same, Same, Same],
        ),
        (
            "an image in a result",
            vec![call("a"), output("a", picture)],
            [Same, Moved, Same],
        ),
        (
            "an error mark on a result",
            vec![call("a"), failed],
            [LeftOut, LeftOut, Same],
        ),
        (
            "Gemini's signature on a call",
            vec![signed, output("a", json!("ok"))],
            [LeftOut, Same, LeftOut],
        ),
        (
            "broken arguments",
            vec![broken, output("a", json!("ok"))],
            [Same, Same, Moved],
        ),
        (
            "a call without a result",
            vec![call("a")],
            [Same, Refused, Refused],
        ),
        (
            "a result without a call",
            vec![output("a", json!("ok"))],
            [Same, Refused, Refused],
        ),
        (
            "a later system message",
            vec![
                user(text("hi")).remove(0),
                json!({"type": "message", "role": "developer", "content": [text("be brief")]}),
            ],
            [Same, Moved, Moved],
        ),
    ]
}

#[test]
fn each_dialect_keeps_what_it_can_and_names_the_rest() {
    let mut wrong = Vec::new();
    for (thing, items, expected) in [contents(), answers(), tools()].concat() {
        let input: Vec<Item> = items.into_iter().map(item).collect();
        for (dialect, expected) in [Dialect::Responses, Dialect::Chat, Dialect::Messages]
            .into_iter()
            .zip(expected)
        {
            let (kept, said) = kept(dialect, &input);
            if kept != expected {
                wrong.push(format!(
                    "{thing} over {dialect:?}: {kept:?}, not {expected:?}: {said}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What becomes of the items on their way through a dialect.
fn kept(dialect: Dialect, input: &[Item]) -> (Kept, String) {
    let asked = request(input.to_vec());
    // Our own cache markers say nothing about the conversation.
    let quirks = Quirks {
        messages: messages::Quirks {
            cache: false,
            ..messages::Quirks::default()
        },
        ..Quirks::default()
    };
    let encoded = match dialect.encode(&asked, &quirks) {
        Ok(encoded) => encoded,
        Err(refusal) => return (Refused, refusal.to_string()),
    };
    let said = String::from_utf8(encoded.body().to_vec()).unwrap();
    let again = server(dialect, said.as_bytes());
    let left_out = encoded.left_out();
    match again.input == input {
        // A marker that could not be placed anywhere is gone, though nothing else is.
        true if left_out.is_empty() => (Same, said),
        false if left_out.iter().any(is_gone) => (LeftOut, said),
        false => (Moved, said),
        true => (LeftOut, said),
    }
}

/// Whether something is missing, and not only in another place.
fn is_gone(note: &CannotCarry) -> bool {
    !note.what.contains("place of")
        && !note.what.contains("rank of")
        && !note.what.contains("arguments")
}

fn server(dialect: Dialect, body: &[u8]) -> ModelRequest {
    dialect.read(body).unwrap().request
}
