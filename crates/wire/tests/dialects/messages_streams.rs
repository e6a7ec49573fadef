//! Messages answers: the events by the book, and what other servers of the dialect make of them.

use alipes_wire::responses::Terminal;
use alipes_wire::{Dialect, ModelEvent, Usage};
use serde_json::json;

use crate::common::{Read, item, read_events};

fn messages(events: &[&str]) -> Read {
    read_events(Dialect::Messages, events)
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":20,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;
const END: &str = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}"#;

fn text(index: u64, text: &str) -> [String; 3] {
    [
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"text","text":""}}}}"#
        ),
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        ),
        format!(r#"{{"type":"content_block_stop","index":{index}}}"#),
    ]
}

/// Thinking, a text, and a call, as the vendor's documentation shows them.
fn turn() -> Vec<String> {
    let mut events = vec![
        START.to_owned(),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#.to_owned(),
        r#"{"type":"ping"}"#.to_owned(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h"}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}"#.to_owned(),
        r#"{"type":"content_block_stop","index":0}"#.to_owned(),
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"xx"}}"#.to_owned(),
        r#"{"type":"content_block_stop","index":1}"#.to_owned(),
    ];
    events.extend(text(2, "I look."));
    events.extend([
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"n\": 1e2"}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"}"}}"#.to_owned(),
        r#"{"type":"content_block_stop","index":3}"#.to_owned(),
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}"#.to_owned(),
        STOP.to_owned(),
    ]);
    events
}

fn borrowed(events: &[String]) -> Vec<&str> {
    events.iter().map(String::as_str).collect()
}

#[test]
fn a_turn_by_the_book_gives_items_that_go_back_unchanged() {
    let read = messages(&borrowed(&turn()));
    assert_eq!(read.skipped, 0);
    assert_eq!(
        (read.reasoning().as_str(), read.text().as_str()),
        ("hm", "I look.")
    );
    assert_eq!(read.calls(), ["f({\"n\": 1e2})"]);
    assert_eq!(read.items.len(), 4);
    let thought = item(
        json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "x_messages": {"signature": "EqQB", "thinking": "hm", "type": "thinking"}}),
    );
    assert_eq!(read.items[0], thought);
    assert!(read.items[1].json().contains(r#""data":"xx""#));
    assert!(read.events.contains(&ModelEvent::ToolCallStarted {
        name: "f".to_owned()
    }));
    let usage = Usage {
        input_tokens: 33,
        cached_input_tokens: 20,
        cache_write_tokens: 3,
        output_tokens: 15,
        reasoning_tokens: 0,
    };
    let expected = Terminal::Completed {
        id: "msg_1".to_owned(),
        usage: Some(usage),
        end_turn: None,
    };
    assert_eq!(read.terminal, Some(expected));
}

#[test]
fn neighbouring_texts_are_one_message() {
    let mut events = vec![START.to_owned()];
    events.extend(text(0, "a"));
    events.extend([
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"b"}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"char_location"}}}"#.to_owned(),
        r#"{"type":"content_block_stop","index":1}"#.to_owned(),
        END.to_owned(), STOP.to_owned(),
    ]);
    let read = messages(&borrowed(&events));
    assert_eq!(
        (read.text().as_str(), read.items.len(), read.skipped),
        ("ab", 1, 0)
    );
    assert!(
        read.items[0]
            .json()
            .contains(r#""x_messages":{"citations":[{"type":"char_location"}]}"#),
        "{:?}",
        read.items
    );
    let starts = read
        .events
        .iter()
        .filter(|e| matches!(e, ModelEvent::MessageStarted { .. }));
    assert_eq!(starts.count(), 1);
}

#[test]
fn every_stop_reason_has_its_meaning() {
    let incomplete = |reason: &str| {
        Some(Terminal::Incomplete {
            reason: reason.to_owned(),
        })
    };
    let table = [
        ("max_tokens", incomplete("max_output_tokens")),
        ("refusal", incomplete("refusal")),
        (
            "model_context_window_exceeded",
            incomplete("model_context_window_exceeded"),
        ),
    ];
    let end = |reason: &str| END.replace("end_turn", reason);
    for (reason, expected) in table {
        let [begin, delta, _] = text(0, "hi");
        let read = messages(&[START, &begin, &delta, &end(reason), STOP]);
        assert_eq!(read.terminal, expected, "{reason}");
        assert!(
            read.items[0].json().contains(r#""status":"incomplete""#),
            "{reason}"
        );
    }
    for (reason, goes_on) in [
        ("end_turn", None),
        ("stop_sequence", None),
        ("pause_turn", Some(false)),
        ("tomorrow", None),
    ] {
        let read = messages(&[START, &end(reason), STOP]);
        assert!(
            matches!(read.terminal, Some(Terminal::Completed { end_turn, .. }) if end_turn == goes_on),
            "{reason}"
        );
    }
}

#[test]
fn errors_in_the_stream_stand_for_their_statuses() {
    let [begin, delta, _] = text(0, "hi");
    for (kind, status) in [
        ("overloaded_error", 529),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("authentication_error", 401),
        ("request_too_large", 413),
    ] {
        let error = format!(
            r#"{{"type":"error","error":{{"type":"{kind}","message":"m"}},"request_id":"r"}}"#
        );
        let read = messages(&[START, &begin, &delta, &error]);
        let Some(Terminal::Error(frame)) = &read.terminal else {
            panic!("{kind}: {:?}", read.terminal);
        };
        assert!(frame.error.is(kind), "{frame:?}");
        assert_eq!(frame.status, Some(status), "{kind}");
    }
    let untyped = messages(&[START, r#"{"error":{"message":"m"}}"#]).terminal;
    assert!(matches!(untyped, Some(Terminal::Error(_))), "{untyped:?}");
}

#[test]
fn what_servers_forget_is_made_up_for() {
    let [begin, delta, stop] = text(0, "hi");
    let bare = delta.replace(r#""index":0,"#, "");
    let table: &[(&str, Vec<&str>)] = &[
        ("no message_stop", vec![START, &begin, &delta, &stop, END]),
        (
            "no content_block_stop",
            vec![START, &begin, &delta, END, STOP],
        ),
        (
            "no content_block_start",
            vec![START, &delta, &stop, END, STOP],
        ),
        ("no message_start", vec![&begin, &delta, &stop, END, STOP]),
        (
            "no index",
            vec![
                START,
                &begin,
                &bare,
                r#"{"type":"content_block_stop"}"#,
                END,
                STOP,
            ],
        ),
        ("no stop_reason", vec![START, &begin, &delta, &stop, STOP]),
        (
            "an event of tomorrow",
            vec![
                START,
                &begin,
                r#"{"type":"tomorrow"}"#,
                &delta,
                &stop,
                END,
                STOP,
            ],
        ),
        (
            "a delta of tomorrow",
            vec![
                START,
                &begin,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"tomorrow"}}"#,
                &delta,
                &stop,
                END,
                STOP,
            ],
        ),
    ];
    for (what, events) in table {
        let read = messages(events);
        assert_eq!(
            (read.text().as_str(), read.items.len()),
            ("hi", 1),
            "{what}"
        );
        assert!(
            matches!(read.terminal, Some(Terminal::Completed { .. })),
            "{what}: {:?}",
            read.terminal
        );
    }
    assert_eq!(messages(&[START, &begin, &delta]).terminal, None, "cut");
}

#[test]
fn a_call_that_was_cut_short_does_not_run() {
    let call = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}"#;
    let piece = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}"#;
    let read = messages(&[
        START,
        call,
        piece,
        &END.replace("end_turn", "max_tokens"),
        STOP,
    ]);
    assert_eq!((read.calls().len(), read.skipped), (0, 1));
}

#[test]
fn an_answer_in_one_piece_tells_the_same_as_its_stream() {
    let streamed = messages(&borrowed(&turn()));
    let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "EqQB"}, {"type": "redacted_thinking", "data": "xx"},
        {"type": "text", "text": "I look."}, {"type": "tool_use", "id": "toolu_1", "name": "f", "input": "NUMBER"}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 10, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 20, "output_tokens": 15}});
    let body = body.to_string().replace("\"NUMBER\"", r#"{"n": 1e2}"#);
    let answer = Dialect::Messages.answer(body.as_bytes()).unwrap();
    assert_eq!(Some(answer.terminal), streamed.terminal);
    let items: Vec<_> = answer
        .events
        .iter()
        .filter_map(|event| match event {
            ModelEvent::ItemDone(item) => Some(item.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(items, streamed.items);
}
