//! Answers on their way through a server of ours: from each dialect into each.

use alipes_wire::responses::Terminal;
use alipes_wire::{
    AnswerOut, AnswerWriter, ApiError, Dialect, Echo, Frame, Item, Label, ModelEvent, StreamReader,
    Usage,
};
use serde_json::{Value, json};

use crate::common::{Read, item, json as parsed, read, request};

const DIALECTS: [Dialect; 3] = [Dialect::Responses, Dialect::Chat, Dialect::Messages];

fn label(id: &str) -> Label {
    Label {
        id: id.to_owned(),
        model: "mine".to_owned(),
        created_at: 7,
        include_usage: true,
        ..Label::default()
    }
}

fn usage() -> Usage {
    Usage {
        input_tokens: 90,
        cached_input_tokens: 30,
        cache_write_tokens: 10,
        output_tokens: 20,
        reasoning_tokens: 5,
    }
}

fn text(delta: &str) -> ModelEvent {
    let delta = delta.to_owned();
    ModelEvent::TextDelta { delta }
}

fn said(json: Value) -> ModelEvent {
    ModelEvent::ItemDone(item(json))
}

/// An answer with all that an answer can hold.
fn answer() -> Vec<ModelEvent> {
    let message = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]});
    let call = |id: &str, arguments: &str| {
        said(json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments}))
    };
    vec![
        ModelEvent::Created { id: "r".to_owned() },
        ModelEvent::ReasoningDelta {
            delta: "hm".to_owned(),
        },
        said(
            json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "g"}),
        ),
        ModelEvent::MessageStarted { preamble: false },
        text("hel"),
        text("lo"),
        said(message),
        call("a", r#"{"n": 12345678901234567890123, "e": 1e2}"#),
        call("b", "{}"),
        ModelEvent::Completed {
            id: "r".to_owned(),
            usage: Some(usage()),
            end_turn: None,
        },
    ]
}

fn stream(frames: &[Frame]) -> String {
    frames.iter().map(Frame::sse).collect()
}

/// The stream of a provider that speaks `dialect`.
fn provided(dialect: Dialect, events: &[ModelEvent]) -> Vec<Frame> {
    let mut writer = AnswerWriter::new(dialect, label("theirs_1"));
    events.iter().flat_map(|event| writer.push(event)).collect()
}

/// What a client is sent of a provider's stream.
fn sent(from: Dialect, to: Dialect, stream: &[Frame]) -> (AnswerOut, Vec<Frame>) {
    let mut out = AnswerOut::new(from, to, label("ours_1"));
    let mut reader = StreamReader::new(from);
    let mut frames = Vec::new();
    for frame in stream {
        let event = reader.event(frame.data.clone().into()).unwrap();
        frames.extend(out.push(&event));
    }
    (out, frames)
}

/// The same for a client that wants it in one piece.
fn collected(from: Dialect, to: Dialect, stream: &[Frame]) -> Option<String> {
    let mut out = AnswerOut::new(from, to, label("ours_1")).whole();
    let mut reader = StreamReader::new(from);
    for frame in stream {
        out.push(&reader.event(frame.data.clone().into()).unwrap());
    }
    out.object()
}

fn told(dialect: Dialect, frames: &[Frame]) -> Read {
    read(dialect, &[stream(frames).as_bytes()])
}

/// Every pair of dialects.
fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    DIALECTS
        .into_iter()
        .flat_map(|from| DIALECTS.into_iter().map(move |to| (from, to)))
}

/// The events of a response follow one another as the reference says.
pub(crate) fn is_well_formed(frames: &[Frame]) {
    let mut open: Vec<(u64, Vec<String>)> = Vec::new();
    let mut done = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        let event: Value = serde_json::from_str(&frame.data).unwrap();
        assert_eq!(event["sequence_number"], json!(number), "{frame:?}");
        assert_eq!(event["type"], json!(frame.name));
        let index = event["output_index"].as_u64();
        let under_way = open.iter().position(|(known, _)| Some(*known) == index);
        match &*frame.name {
            "response.created" => assert_eq!(number, 0),
            "response.in_progress" => assert_eq!(number, 1),
            "response.output_item.added" => {
                assert!(under_way.is_none(), "{frame:?}");
                assert!(event["item"]["id"].is_string(), "{frame:?}");
                open.push((index.unwrap(), Vec::new()));
            }
            "response.output_item.done" => {
                let (_, parts) = open.remove(under_way.expect("an item that was begun"));
                assert!(
                    parts.iter().all(String::is_empty),
                    "an open part: {frame:?}"
                );
                done.push((index.unwrap(), event["item"].clone()));
            }
            "response.completed" | "response.incomplete" => {
                assert!(open.is_empty(), "{frame:?}");
                done.sort_by_key(|(index, _)| *index);
                let items: Vec<Value> = done.iter().map(|(_, item)| item.clone()).collect();
                assert_eq!(event["response"]["output"], json!(items));
                assert_eq!(number, frames.len() - 1, "nothing comes behind the end");
            }
            "response.failed" => assert_eq!(number, frames.len() - 1),
            "error" => assert_eq!(number, frames.len() - 2),
            kind => {
                let (_, parts) = &mut open[under_way.expect("an item that was begun")];
                match kind.rsplit('.').next().unwrap_or_default() {
                    "added" => parts.push("part".to_owned()),
                    "delta" if event["delta"].is_string() => {}
                    "done" if event["part"].is_object() => {
                        assert_eq!(parts.pop().as_deref(), Some("part"), "{frame:?}");
                        parts.push(String::new());
                    }
                    "done" => {}
                    _ => panic!("an unknown event: {frame:?}"),
                }
            }
        }
    }
}

#[test]
fn an_answer_says_the_same_in_every_dialect() {
    for (from, to) in pairs() {
        let provided = provided(from, &answer());
        let (_, frames) = sent(from, to, &provided);
        let read = told(to, &frames);
        let about = format!("{from:?} as {to:?}: {}", stream(&frames));
        assert_eq!(
            (read.text().as_str(), read.reasoning().as_str()),
            ("hello", "hm"),
            "{about}"
        );
        let calls = [r#"f({"n": 12345678901234567890123, "e": 1e2})"#, "f({})"];
        assert_eq!(read.calls(), calls, "{about}");
        assert_eq!(read.call_ids(), ["a", "b"], "{about}");
        let Some(Terminal::Completed {
            id, usage: told, ..
        }) = &read.terminal
        else {
            panic!("it did not end: {about}");
        };
        assert_eq!((id.as_str(), *told), ("ours_1", Some(usage())), "{about}");
        assert_eq!((read.skipped, read.unreadable), (0, 0), "{about}");
        if to == Dialect::Responses {
            is_well_formed(&frames);
        }
        // In one piece it is the same answer.
        let whole = collected(from, to, &provided).unwrap();
        let whole = to.answer(whole.as_bytes()).unwrap();
        assert_eq!(Some(whole.terminal), read.terminal, "{about}");
        let items = whole.events.iter().filter_map(|event| match event {
            ModelEvent::ItemDone(item) => Some(item.clone()),
            _ => None,
        });
        assert_eq!(items.collect::<Vec<_>>(), read.items, "{about}");
    }
}

#[test]
fn why_an_answer_ended_is_told_in_every_dialect() {
    let table = [
        ("max_output_tokens", ["max_output_tokens"; 3]),
        (
            "content_filter",
            ["content_filter", "content_filter", "refusal"],
        ),
    ];
    for (from, to) in pairs() {
        for (reason, names) in table {
            let mut writer = AnswerWriter::new(from, label("theirs_1"));
            let mut stream = writer.push(&ModelEvent::Created { id: String::new() });
            stream.extend(writer.push(&text("he")));
            stream.extend(writer.stop_short(reason, Some(usage())));
            let (_, frames) = sent(from, to, &stream);
            let read = told(to, &frames);
            let reason = names[DIALECTS.iter().position(|known| *known == to).unwrap()];
            let expected = Terminal::Incomplete {
                reason: reason.to_owned(),
            };
            // What a filter stopped is a refusal in Messages, and stays one from there on.
            let from_messages = from == Dialect::Messages && reason != "max_output_tokens";
            if from_messages {
                assert!(matches!(read.terminal, Some(Terminal::Incomplete { .. })));
            } else {
                assert_eq!(read.terminal, Some(expected), "{from:?} as {to:?}");
            }
            assert_eq!(read.text(), "he");
            let tokens = stream_tokens(to, &frames);
            assert_eq!(tokens, Some(20), "{from:?} as {to:?}");
            if to == Dialect::Responses {
                is_well_formed(&frames);
            }
        }
    }
}

/// The output tokens that a stream tells.
fn stream_tokens(dialect: Dialect, frames: &[Frame]) -> Option<u64> {
    let name = match dialect {
        Dialect::Chat => "completion_tokens",
        _ => "output_tokens",
    };
    frames.iter().rev().find_map(|frame| {
        let event: Value = serde_json::from_str(&frame.data).ok()?;
        let usage = match dialect {
            Dialect::Responses => &event["response"]["usage"],
            _ => &event["usage"],
        };
        usage[name].as_u64()
    })
}

#[test]
fn a_refusal_is_told_in_every_dialect() {
    let events = [
        ModelEvent::Created { id: String::new() },
        ModelEvent::MessageStarted { preamble: false },
        ModelEvent::RefusalDelta {
            delta: "no".to_owned(),
        },
        said(
            json!({"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}),
        ),
        ModelEvent::Completed {
            id: String::new(),
            usage: None,
            end_turn: None,
        },
    ];
    for (from, to) in pairs() {
        let (_, frames) = sent(from, to, &provided(from, &events));
        let all = stream(&frames);
        assert!(all.contains("no"), "{from:?} as {to:?}: {all}");
        let marks = [
            ("response.refusal.delta", Dialect::Responses),
            (r#""refusal":"no""#, Dialect::Chat),
            (r#""stop_reason":"refusal""#, Dialect::Messages),
        ];
        let (mark, _) = marks
            .into_iter()
            .find(|(_, dialect)| *dialect == to)
            .unwrap();
        // From Messages it comes as text, and only the reason tells that it refuses.
        let kept = from != Dialect::Messages || to == Dialect::Messages;
        let reason = all.contains("refusal") || all.contains("content_filter");
        assert!(
            if kept { all.contains(mark) } else { reason },
            "{from:?} as {to:?}: {all}"
        );
    }
}

#[test]
fn a_fault_is_told_in_the_vendors_own_event_whatever_came_before() {
    let error = ApiError {
        code: Some("silent".to_owned()),
        message: Some("no word for 60 s".to_owned()),
        ..ApiError::default()
    };
    for (from, to) in pairs() {
        let stream = provided(from, &answer());
        for seen in 0..=stream.len() {
            let (mut out, mut frames) = sent(from, to, &stream[..seen]);
            let over = out.has_ended();
            frames.extend(out.fail(&error));
            assert!(out.fail(&error).is_empty(), "it fails once");
            let read = told(to, &frames);
            let failed = match &read.terminal {
                Some(Terminal::Failed(error)) => Some(error.clone()),
                Some(Terminal::Error(frame)) => Some(frame.error.clone()),
                _ => None,
            };
            assert_eq!(failed.is_none(), over, "{from:?} as {to:?}: {frames:?}");
            let message = failed.and_then(|error| error.message);
            assert!(message.is_none_or(|message| message == "no word for 60 s"));
            if to == Dialect::Responses {
                is_well_formed(&frames);
            }
        }
    }
}

#[test]
fn a_providers_own_failure_is_told_on() {
    let error = ApiError {
        code: Some("server_is_overloaded".to_owned()),
        message: Some("too many".to_owned()),
        ..ApiError::default()
    };
    for (from, to) in pairs() {
        let mut writer = AnswerWriter::new(from, label("theirs_1"));
        let mut stream = writer.push(&text("he"));
        stream.extend(writer.fail(&error));
        let (out, frames) = sent(from, to, &stream);
        assert!(out.has_ended());
        let last = &frames.last().unwrap().data;
        assert!(last.contains("too many"), "{from:?} as {to:?}: {last}");
    }
}

#[test]
fn reasoning_comes_home_through_any_client() {
    let thoughts = [
        (
            Dialect::Responses,
            json!({"type": "reasoning", "summary": [], "encrypted_content": "g", "n": 1}),
        ),
        (
            Dialect::Chat,
            json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "x_chat": {"reasoning_content": "hm"}}),
        ),
        (
            Dialect::Messages,
            json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "x_messages": {"signature": "s", "thinking": "hm", "type": "thinking"}}),
        ),
    ];
    for (maker, thought) in thoughts {
        let thought = item(thought);
        for client in DIALECTS.into_iter().filter(|client| *client != maker) {
            let mut writer = AnswerWriter::new(client, label("ours_1"));
            let events = [
                ModelEvent::ItemDone(thought.clone()),
                said(
                    json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}),
                ),
                ModelEvent::Completed {
                    id: String::new(),
                    usage: None,
                    end_turn: None,
                },
            ];
            for event in &events {
                writer.push(event);
            }
            let back = next_request(client, &writer.object());
            let input = client.read(back.as_bytes()).unwrap().request.input;
            assert!(
                input.contains(&thought),
                "{maker:?} through {client:?}: {back}"
            );
            let home = maker.encode(&request(input), &quirks()).unwrap();
            let home = String::from_utf8(home.body().to_vec()).unwrap();
            assert!(!home.contains("alipes1"), "{home}");
        }
    }
}

fn quirks() -> alipes_wire::Quirks {
    alipes_wire::Quirks::default()
}

/// What a client asks next, with the answer in its history.
fn next_request(client: Dialect, answer: &str) -> String {
    let answer = parsed(answer.as_bytes());
    let body = match client {
        Dialect::Responses => json!({"model": "m", "input": answer["output"]}),
        Dialect::Chat => json!({"model": "m", "messages": [answer["choices"][0]["message"]]}),
        Dialect::Messages => {
            json!({"model": "m", "messages": [{"role": "assistant", "content": answer["content"]}]})
        }
    };
    body.to_string()
}

#[test]
fn a_response_repeats_what_was_asked() {
    let asked = br#"{"model":"m","instructions":"be brief","temperature":0.50,"store":true,"metadata":{"k":"v"},"input":"hi","tools":[{"type":"function","name":"f"}]}"#;
    let label = Label {
        echo: Echo::of(asked),
        previous_response_id: Some("resp_0".to_owned()),
        ..label("resp_1")
    };
    let mut writer = AnswerWriter::new(Dialect::Responses, label);
    for event in &answer() {
        writer.push(event);
    }
    let response = writer.object();
    assert!(
        response.contains(r#""temperature":0.50"#),
        "as it was spelt: {response}"
    );
    let response = parsed(response.as_bytes());
    assert_eq!(response["instructions"], json!("be brief"));
    assert_eq!(response["metadata"], json!({"k": "v"}));
    let tool = json!({"type": "function", "name": "f", "description": null, "parameters": null, "strict": null});
    assert_eq!(response["tools"], json!([tool]), "with what every tool has");
    assert_eq!(response["previous_response_id"], json!("resp_0"));
    assert_eq!(response["store"], json!(false), "nothing is kept");
    assert_eq!(response.get("input"), None);
    // Open Responses demands these of every response.
    for name in [
        "object",
        "created_at",
        "completed_at",
        "status",
        "incomplete_details",
        "error",
        "truncation",
        "text",
        "top_p",
        "presence_penalty",
        "frequency_penalty",
        "top_logprobs",
        "reasoning",
        "max_output_tokens",
        "max_tool_calls",
        "background",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
    ] {
        assert!(response.get(name).is_some(), "{name}");
    }
}

#[test]
fn an_item_is_told_once_whichever_way_it_comes() {
    let whole = [
        said(json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]})),
        said(
            json!({"type": "message", "role": "assistant", "phase": "final_answer", "content": [{"type": "output_text", "text": "hi"}]}),
        ),
        ModelEvent::Completed {
            id: String::new(),
            usage: None,
            end_turn: Some(false),
        },
    ];
    let frames = provided(Dialect::Responses, &whole);
    is_well_formed(&frames);
    let read = told(Dialect::Responses, &frames);
    assert_eq!(
        (read.text().as_str(), read.reasoning().as_str()),
        ("hi", "hm")
    );
    assert_eq!(read.items.len(), 2);
    assert!(read.items[1].json().contains(r#""phase":"final_answer""#));
    assert!(matches!(
        read.terminal,
        Some(Terminal::Completed {
            end_turn: Some(false),
            ..
        })
    ));
    assert_ne!(Item::user("hi"), read.items[0]);
}
