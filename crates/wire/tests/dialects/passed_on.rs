//! Answers passed on in the dialect they came in: what is another's, and that nothing else is.

use alipes_wire::{AnswerOut, Dialect, Label, StreamReader};
use serde_json::{Value, json};

use crate::common::json as parsed;

fn out(dialect: Dialect) -> AnswerOut {
    let label = Label {
        id: "own_1".to_owned(),
        model: "alias".to_owned(),
        ..Label::default()
    };
    AnswerOut::new(dialect, dialect, label)
}

/// The data of each event that is passed on.
fn passed(dialect: Dialect, events: &[&str]) -> Vec<String> {
    let mut out = out(dialect);
    let mut reader = StreamReader::new(dialect);
    let mut data = Vec::new();
    for event in events {
        let event = reader.event((*event).to_owned().into()).unwrap();
        data.extend(out.push(&event).into_iter().map(|frame| frame.data));
    }
    data
}

fn whole(dialect: Dialect, events: &[&str]) -> Value {
    let mut out = out(dialect).whole();
    let mut reader = StreamReader::new(dialect);
    for event in events {
        out.push(&reader.event((*event).to_owned().into()).unwrap());
    }
    parsed(out.object().unwrap().as_bytes())
}

#[test]
fn events_of_a_collected_answer_are_not_written() {
    let item = r#"{"type":"message","id":"m_1","content":[{"type":"output_text","text":"hi"}]}"#;
    let events = [
        r#"{"type":"response.created","response":{"id":"theirs","output":[]}}"#.to_owned(),
        r#"{"type":"response.output_text.delta","delta":"hi"}"#.to_owned(),
        format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#),
        r#"{"type":"response.completed","response":{"output":[],"status":"completed"}}"#.to_owned(),
    ];
    let mut out = out(Dialect::Responses).whole();
    let mut reader = StreamReader::new(Dialect::Responses);
    let written = events.map(|event| out.push(&reader.event(event.into()).unwrap()).len());
    assert_eq!(written, [0, 0, 0, 0]);
    assert_eq!(out.kept_as(), Some("theirs"));
    let whole = parsed(out.object().unwrap().as_bytes());
    assert_eq!(whole["output"], json!([parsed(item.as_bytes())]));
}

#[test]
fn only_what_is_ours_is_another() {
    let table: &[(Dialect, &str, &str)] = &[
        (
            Dialect::Responses,
            r#"{"type":"response.created","sequence_number":41,"response":{"id":"theirs","model":"m-2026","previous_response_id":null,"new":{"id":"x","n":1.50}}}"#,
            r#"{"type":"response.created","sequence_number":0,"response":{"id":"own_1","model":"alias","previous_response_id":null,"new":{"id":"x","n":1.50}}}"#,
        ),
        (
            Dialect::Responses,
            r#"{"type":"response.output_text.delta", "item_id":"msg_1","delta":"a\u00e9","sequence_number": 42 ,"obfuscation":"zz"}"#,
            r#"{"type":"response.output_text.delta", "item_id":"msg_1","delta":"a\u00e9","sequence_number": 1 ,"obfuscation":"zz"}"#,
        ),
        (
            Dialect::Responses,
            r#"{"type":"response.brand_new","huge":123456789012345678901234567890}"#,
            r#"{"sequence_number":2,"type":"response.brand_new","huge":123456789012345678901234567890}"#,
        ),
        (
            Dialect::Chat,
            r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x","id":"y","model":"z"}}],"created":5}"#,
            r#"{"id":"own_1","model":"alias","choices":[{"index":0,"delta":{"content":"x","id":"y","model":"z"}}],"created":5}"#,
        ),
        (Dialect::Chat, "[DONE]", "[DONE]"),
        (
            Dialect::Messages,
            r#"{"type":"message_start","message":{"id":"m","model":"n","role":"assistant","content":[],"usage":{"input_tokens":1e0}}}"#,
            r#"{"type":"message_start","message":{"id":"own_1","model":"alias","role":"assistant","content":[],"usage":{"input_tokens":1e0}}}"#,
        ),
        (
            Dialect::Messages,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}"#,
        ),
    ];
    for dialect in [Dialect::Responses, Dialect::Chat, Dialect::Messages] {
        let rows = table.iter().filter(|(of, ..)| *of == dialect);
        let (events, expected): (Vec<&str>, Vec<&str>) =
            rows.map(|(_, event, expected)| (*event, *expected)).unzip();
        assert_eq!(passed(dialect, &events), expected);
    }
}

#[test]
fn a_frame_has_the_vendors_name_and_is_one_line() {
    let mut out = out(Dialect::Messages);
    let mut reader = StreamReader::new(Dialect::Messages);
    let event = "{\"type\":\"content_block_delta\",\r\n\"index\":0,\n\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\nb\"}}";
    let event = reader.event(event.into()).unwrap();
    let frames = out.push(&event);
    let sse = frames[0].sse();
    let expected = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",  \"index\":0, \"delta\":{\"type\":\"text_delta\",\"text\":\"a\\nb\"}}\n\n";
    assert_eq!(sse, expected);
}

#[test]
fn a_turns_token_stays_between_us_and_the_provider() {
    let events = [
        r#"{"type":"response.created","response":{"id":"r"}}"#,
        r#"{"type":"response.metadata","headers":{"x-codex-turn-state":"secret"}}"#,
        r#"{"type":"codex.rate_limits","rate_limits":{}}"#,
    ];
    let passed = passed(Dialect::Responses, &events);
    // What is about the account is no part of the answer, and has no number in it.
    assert_eq!(passed.len(), 2);
    assert_eq!(passed[1], events[2]);
}

#[test]
fn an_older_name_of_the_end_is_told_as_the_one_that_clients_know() {
    let end = r#"{"type":"response.done","response":{"id":"r"}}"#;
    let mut out = out(Dialect::Responses);
    let event = StreamReader::new(Dialect::Responses)
        .event(end.into())
        .unwrap();
    let frames = out.push(&event);
    assert_eq!(frames[0].name, "response.completed");
    let expected = r#"{"sequence_number":0,"type":"response.completed","response":{"id":"own_1"}}"#;
    assert_eq!(frames[0].data, expected);
    assert_eq!((out.has_ended(), out.kept_as()), (true, Some("r")));
}

#[test]
fn nothing_is_passed_on_behind_the_end() {
    let events = [
        r#"{"type":"response.completed","response":{"id":"r"}}"#,
        r#"{"type":"response.output_text.delta","delta":"late"}"#,
    ];
    assert_eq!(passed(Dialect::Responses, &events).len(), 1);
}

#[test]
fn a_response_in_one_piece_has_its_items_also_where_the_backend_leaves_them_out() {
    let done = r#"{"type":"response.output_item.done","item":{"type":"message","n":1.50}}"#;
    for output in ["null", "[]"] {
        let end = format!(
            r#"{{"type":"response.completed","response":{{"id":"r","model":"m","output":{output},"new":null}}}}"#
        );
        let response = whole(Dialect::Responses, &[done, &end]);
        assert_eq!(response["output"], json!([{"type": "message", "n": 1.5}]));
        assert_eq!(
            (&response["id"], &response["new"]),
            (&json!("own_1"), &Value::Null)
        );
    }
    let end = r#"{"type":"response.incomplete","response":{"id":"r","output":[{"own":1}]}}"#;
    let response = whole(Dialect::Responses, &[done, end]);
    assert_eq!(response["output"], json!([{"own": 1}]));
}

#[test]
fn a_chat_answer_in_one_piece_keeps_what_nobody_else_knows() {
    let chunks = [
        r#"{"id":"c","object":"chat.completion.chunk","model":"m","system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant","content":"he"},"logprobs":{"content":[{"token":"he"}]},"finish_reason":null}],"usage":null}"#,
        r#"{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":1,"delta":{"role":"assistant","content":"other"}},{"index":0,"delta":{"role":"assistant","content":"llo"},"logprobs":{"content":[{"token":"llo"}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\""}},{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}},{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[],"usage":{"total_tokens":9},"service_tier":"flex"}"#,
        "[DONE]",
    ];
    let answer = whole(Dialect::Chat, &chunks);
    let expected = json!({
        "id": "own_1", "object": "chat.completion", "model": "alias", "system_fingerprint": "fp",
        "usage": {"total_tokens": 9}, "service_tier": "flex",
        "choices": [
            {
                "index": 0, "finish_reason": "tool_calls",
                "logprobs": {"content": [{"token": "he"}, {"token": "llo"}]},
                "message": {"role": "assistant", "content": "hello", "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                    {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]},
            },
            {"index": 1, "message": {"role": "assistant", "content": "other"}},
        ],
    });
    assert_eq!(answer, expected);
}

#[test]
fn a_message_in_one_piece_keeps_what_nobody_else_knows() {
    let events = [
        r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"n","content":[],"stop_reason":null,"new":1,"usage":{"input_tokens":5,"output_tokens":1,"tier":"std"}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"hi"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"cited_text":"c"}}}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"n\": 123"}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"45678901234567890123}"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9},"context_management":{"e":[]}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let mut out = out(Dialect::Messages).whole();
    let mut reader = StreamReader::new(Dialect::Messages);
    for event in events {
        out.push(&reader.event(event.into()).unwrap());
    }
    let text = out.object().unwrap();
    assert!(
        text.contains(r#""input":{"n": 12345678901234567890123}"#),
        "{text}"
    );
    let mut message = parsed(text.as_bytes());
    message["content"][2]["input"] = json!({});
    let expected = json!({
        "id": "own_1", "type": "message", "role": "assistant", "model": "alias",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "hi", "citations": [{"cited_text": "c"}]},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null, "new": 1,
        "usage": {"input_tokens": 5, "output_tokens": 9, "tier": "std"},
        "context_management": {"e": []},
    });
    assert_eq!(message, expected);
}
