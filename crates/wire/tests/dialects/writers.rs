//! What we write as a server, read as a client of that dialect would.

use alipes_wire::chat::ChatWriter;
use alipes_wire::messages::MessageWriter;
use alipes_wire::responses::Terminal;
use alipes_wire::{ApiError, Dialect, Frame, Item, ModelEvent, Usage, chat, messages};
use serde_json::{Value, json};

use crate::common::{Read, item, json, read};

/// A step with everything in it, as any upstream may tell it.
fn step() -> Vec<ModelEvent> {
    let encrypted = item(
        json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"}),
    );
    let blind = item(json!({"type": "reasoning", "summary": [], "encrypted_content": "gBBB"}));
    let call = |id: &str| {
        item(
            json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{\"n\":1e2}"}),
        )
    };
    let delta = |text: &str| ModelEvent::TextDelta {
        delta: text.to_owned(),
    };
    vec![
        ModelEvent::Created {
            id: "up_1".to_owned(),
        },
        ModelEvent::ReasoningDelta {
            delta: "hm".to_owned(),
        },
        ModelEvent::ItemDone(encrypted),
        ModelEvent::ItemDone(blind),
        ModelEvent::MessageStarted { preamble: true },
        delta("I "),
        delta("look."),
        ModelEvent::ItemDone(Item::assistant("I look.")),
        ModelEvent::ToolCallStarted {
            name: "f".to_owned(),
        },
        ModelEvent::ItemDone(call("a")),
        ModelEvent::ItemDone(call("b")),
        ModelEvent::Completed {
            id: "up_1".to_owned(),
            usage: Some(usage()),
            end_turn: None,
        },
    ]
}

fn usage() -> Usage {
    Usage {
        input_tokens: 30,
        cached_input_tokens: 20,
        cache_write_tokens: 3,
        output_tokens: 15,
        reasoning_tokens: 4,
    }
}

fn items(events: &[ModelEvent]) -> Vec<Item> {
    let items = events.iter().filter_map(|event| match event {
        ModelEvent::ItemDone(item) => Some(item.clone()),
        _ => None,
    });
    items.collect()
}

fn sse(frames: &[Frame]) -> String {
    frames.iter().map(Frame::sse).collect()
}

fn chat_frames(events: &[ModelEvent]) -> (ChatWriter, Vec<Frame>) {
    let mut writer = ChatWriter::new("c1", "m", 7, true);
    let frames = events.iter().flat_map(|event| writer.push(event)).collect();
    (writer, frames)
}

fn message_frames(events: &[ModelEvent]) -> (MessageWriter, Vec<Frame>) {
    let mut writer = MessageWriter::new("msg_1", "m");
    let frames = events.iter().flat_map(|event| writer.push(event)).collect();
    (writer, frames)
}

fn told(read: &Read) -> (String, String, Vec<String>, Option<Usage>) {
    let usage = match &read.terminal {
        Some(Terminal::Completed { usage, .. }) => *usage,
        other => panic!("not completed: {other:?}"),
    };
    (read.text(), read.reasoning(), read.calls(), usage)
}

#[test]
fn a_chat_client_gets_the_whole_step() {
    let (_, frames) = chat_frames(&step());
    assert!(
        frames
            .iter()
            .all(|frame| frame.name.is_empty() && !frame.data.contains('\n'))
    );
    assert_eq!(
        frames.last().map(|frame| frame.data.as_str()),
        Some("[DONE]")
    );
    let chunk = json(frames[0].data.as_bytes());
    assert_eq!(
        (&chunk["id"], &chunk["created"], &chunk["object"]),
        (&json!("c1"), &json!(7), &json!("chat.completion.chunk"))
    );
    let read = read(Dialect::Chat, &[sse(&frames).as_bytes()]);
    let calls = vec!["f({\"n\":1e2})".to_owned(); 2];
    assert_eq!(
        told(&read),
        ("I look.".to_owned(), "hm".to_owned(), calls, Some(usage()))
    );
    assert_eq!(read.call_ids(), ["a", "b"]);
}

#[test]
fn a_messages_client_gets_the_whole_step() {
    let (_, frames) = message_frames(&step());
    for frame in &frames {
        assert_eq!(json(frame.data.as_bytes())["type"], json!(frame.name));
    }
    let read = read(Dialect::Messages, &[sse(&frames).as_bytes()]);
    let calls = vec!["f({\"n\":1e2})".to_owned(); 2];
    assert_eq!(
        told(&read),
        ("I look.".to_owned(), "hm".to_owned(), calls, Some(usage()))
    );
    assert_eq!(read.skipped, 0);
    // Sealed reasoning is opened by our own reader: the items are those of the upstream.
    assert_eq!(read.items, items(&step()));
}

#[test]
fn blocks_open_and_close_in_order() {
    let (_, frames) = message_frames(&step());
    let mut open = None;
    let mut next = 0;
    for frame in &frames {
        let event: Value = json(frame.data.as_bytes());
        match &*frame.name {
            "content_block_start" => {
                assert_eq!((open, &event["index"]), (None, &json!(next)));
                open = Some(next);
                next += 1;
            }
            "content_block_delta" => assert_eq!(event["index"].as_u64(), open),
            "content_block_stop" => assert_eq!(event["index"].as_u64(), open.take()),
            _ => {}
        }
    }
    assert_eq!(open, None);
}

#[test]
fn reasoning_survives_a_client_of_another_dialect() {
    let asked = items(&step());
    let (writer, _) = chat_frames(&step());
    let answer = json(writer.object().as_bytes());
    let message = answer["choices"][0]["message"].clone();
    let body = json!({"model": "m", "messages": [message]}).to_string();
    let back = Dialect::Chat.read(body.as_bytes()).unwrap();
    assert_eq!(back.request.input, asked, "through a Chat client");

    let (writer, _) = message_frames(&step());
    let answer = json(writer.object().as_bytes());
    let body =
        json!({"model": "m", "messages": [{"role": "assistant", "content": answer["content"]}]});
    let back = Dialect::Messages.read(body.to_string().as_bytes()).unwrap();
    let read: Vec<Value> = back
        .request
        .input
        .iter()
        .map(|i| json(i.json().as_bytes()))
        .collect();
    assert_eq!(
        read[..3],
        asked
            .iter()
            .map(|i| json(i.json().as_bytes()))
            .collect::<Vec<_>>()[..3],
        "through a Messages client"
    );
}

#[test]
fn who_does_not_stream_gets_the_same_in_one_piece() {
    let (writer, frames) = chat_frames(&step());
    let streamed = read(Dialect::Chat, &[sse(&frames).as_bytes()]);
    let answer = Dialect::Chat.answer(writer.object().as_bytes()).unwrap();
    assert_eq!(Some(&answer.terminal), streamed.terminal.as_ref());
    assert_eq!(items(&answer.events), streamed.items);
    let (writer, frames) = message_frames(&step());
    let streamed = read(Dialect::Messages, &[sse(&frames).as_bytes()]);
    let answer = Dialect::Messages
        .answer(writer.object().as_bytes())
        .unwrap();
    assert_eq!(Some(&answer.terminal), streamed.terminal.as_ref());
    assert_eq!(items(&answer.events), streamed.items);
}

#[test]
fn text_that_came_in_no_delta_is_written_and_messages_stay_apart() {
    let said = item(
        json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}]}),
    );
    let refusal = item(
        json!({"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}),
    );
    let events = [
        ModelEvent::TextDelta {
            delta: "a".to_owned(),
        },
        ModelEvent::ItemDone(Item::assistant("a")),
        ModelEvent::ItemDone(said),
        ModelEvent::ItemDone(refusal),
        ModelEvent::Completed {
            id: String::new(),
            usage: None,
            end_turn: None,
        },
    ];
    let (writer, frames) = chat_frames(&events);
    assert_eq!(
        read(Dialect::Chat, &[sse(&frames).as_bytes()]).text(),
        "a\n\nb"
    );
    assert_eq!(
        json(writer.object().as_bytes())["choices"][0]["message"]["refusal"],
        json!("no")
    );
    let (writer, _) = message_frames(&events);
    let answer = json(writer.object().as_bytes());
    let texts: Vec<&Value> = answer["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| &b["text"])
        .collect();
    assert_eq!(
        (texts, &answer["stop_reason"]),
        (
            vec![&json!("a"), &json!("b"), &json!("no")],
            &json!("refusal")
        )
    );
}

#[test]
fn an_answer_that_was_cut_short_says_so() {
    for reason in ["max_output_tokens", "content_filter"] {
        let begun = [ModelEvent::TextDelta {
            delta: "a".to_owned(),
        }];
        let (mut writer, mut frames) = chat_frames(&begun);
        frames.extend(writer.stop_short(reason, None));
        let ended = read(Dialect::Chat, &[sse(&frames).as_bytes()]).terminal;
        assert_eq!(
            ended,
            Some(Terminal::Incomplete {
                reason: reason.to_owned()
            })
        );
        let (mut writer, mut frames) = message_frames(&begun);
        frames.extend(writer.stop_short(reason, None));
        let ended = read(Dialect::Messages, &[sse(&frames).as_bytes()]).terminal;
        assert!(
            matches!(ended, Some(Terminal::Incomplete { .. })),
            "{ended:?}"
        );
    }
}

#[test]
fn a_failure_is_told_in_the_vendors_own_shape() {
    let error = ApiError {
        code: Some("server_is_overloaded".to_owned()),
        message: Some("busy".to_owned()),
        ..ApiError::default()
    };
    let begun = [ModelEvent::TextDelta {
        delta: "a".to_owned(),
    }];
    let (mut writer, mut frames) = chat_frames(&begun);
    frames.extend(writer.fail(&error));
    let ended = read(Dialect::Chat, &[sse(&frames).as_bytes()]).terminal;
    assert!(
        matches!(ended, Some(Terminal::Error(frame)) if frame.error.is("server_is_overloaded"))
    );
    let (mut writer, mut frames) = message_frames(&begun);
    frames.extend(writer.fail(&error));
    let ended = read(Dialect::Messages, &[sse(&frames).as_bytes()]).terminal;
    assert!(matches!(ended, Some(Terminal::Error(frame)) if frame.error.is("overloaded_error")));
    assert_eq!(
        json(messages::error_body(&error, Some(503)).as_bytes())["error"]["type"],
        json!("overloaded_error")
    );
    assert_eq!(
        json(messages::error_body(&ApiError::default(), Some(404)).as_bytes())["error"]["type"],
        json!("not_found_error")
    );
    assert_eq!(
        json(chat::error_body(&error).as_bytes())["error"]["message"],
        json!("busy")
    );
}

#[test]
fn a_responses_answer_in_one_piece_is_read_too() {
    let said = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]});
    let body = |status: &str| {
        json!({"id": "r", "object": "response", "status": status, "output": [said],
            "incomplete_details": {"reason": "max_output_tokens"}, "error": {"code": "c"},
            "usage": {"input_tokens": 3, "output_tokens": 2}})
        .to_string()
    };
    let read = |status: &str| Dialect::Responses.answer(body(status).as_bytes()).unwrap();
    let completed = read("completed");
    assert_eq!(items(&completed.events), [item(said.clone())]);
    assert!(
        matches!(completed.terminal, Terminal::Completed { id, usage: Some(_), .. } if id == "r")
    );
    let reason = "max_output_tokens".to_owned();
    assert_eq!(read("incomplete").terminal, Terminal::Incomplete { reason });
    assert!(matches!(read("failed").terminal, Terminal::Failed(error) if error.is("c")));
}

#[test]
fn what_is_no_answer_is_an_error_or_none() {
    for dialect in [Dialect::Responses, Dialect::Chat, Dialect::Messages] {
        for body in ["", "<html>", "[]", "{}", "7"] {
            assert!(
                dialect.answer(body.as_bytes()).is_err(),
                "{dialect:?}: {body}"
            );
        }
    }
    for dialect in [Dialect::Chat, Dialect::Messages] {
        let answer = dialect.answer(br#"{"error":{"message":"m"}}"#).unwrap();
        assert!(matches!(answer.terminal, Terminal::Error(_)), "{dialect:?}");
    }
}
