//! The same model, and the same faults, in Chat Completions and Messages.

use alipes_simulator::{Keys, Options, Simulator};
use alipes_wire::responses::Terminal;
use alipes_wire::{
    Assembler, Dialect, Item, ItemView, ModelEvent, ModelRequest, Quirks, SseDecoder, SseItem,
    StreamReader, ToolDefinition,
};
use serde_json::json;

use crate::client::{End, Raw, ask, object, options, start, text};
use crate::faults::SSE;

const DIALECTS: [Dialect; 2] = [Dialect::Chat, Dialect::Messages];

fn path(dialect: Dialect) -> String {
    format!("/v1/{}", dialect.path())
}

fn request(input: Vec<Item>) -> ModelRequest {
    ModelRequest {
        model: "sim-model".to_owned(),
        instructions: "test".to_owned(),
        input,
        tools: vec![ToolDefinition {
            name: "list_files".to_owned(),
            description: "lists".to_owned(),
            parameters: json!({"type": "object"}),
        }],
        ..ModelRequest::default()
    }
}

fn body(dialect: Dialect, input: Vec<Item>) -> String {
    let encoded = dialect.encode(&request(input), &Quirks::default()).unwrap();
    String::from_utf8(encoded.body().to_vec()).unwrap()
}

/// Reads a whole stream with the same code as our client.
fn assemble(dialect: Dialect, stream: &str) -> (Vec<ModelEvent>, Vec<Item>, Option<Terminal>) {
    let mut items = Vec::new();
    SseDecoder::default()
        .push(stream.as_bytes(), &mut items)
        .unwrap();
    let mut reader = StreamReader::new(dialect);
    let mut assembler = Assembler::new(dialect);
    let (mut events, mut terminal) = (Vec::new(), None);
    for item in items {
        let SseItem::Event { name, data } = item else {
            continue;
        };
        let event = reader.event(data.into()).unwrap();
        let named = event.kind().split('/').next() == Some(name.as_str());
        assert!(
            named || (name.is_empty() && dialect == Dialect::Chat),
            "{name}: {event:?}"
        );
        assembler.push(&event, &mut events);
        terminal = terminal.or_else(|| reader.terminal(&event));
    }
    assert_eq!(assembler.skipped(), 0);
    (events, assembler.into_items(), terminal)
}

async fn answered(simulator: &Simulator, dialect: Dialect, input: Vec<Item>) -> Vec<Item> {
    let response = ask(simulator, "POST", &path(dialect), &[], body(dialect, input)).await;
    assert_eq!(response.status, 200);
    let (events, items, terminal) = assemble(dialect, &text(response).await);
    assert!(events.len() > 3, "{events:?}");
    let Some(Terminal::Completed {
        usage: Some(usage), ..
    }) = terminal
    else {
        panic!("{dialect:?}: {terminal:?}");
    };
    assert!(usage.input_tokens > 0 && usage.output_tokens > 0);
    items
}

#[tokio::test]
async fn a_turn_with_a_tool_goes_its_whole_way() {
    let simulator = start(&[]).await;
    for dialect in DIALECTS {
        let mut input = vec![Item::user("list the files")];
        let step = answered(&simulator, dialect, input.clone()).await;
        let call = step.iter().find_map(|item| match item.view() {
            ItemView::FunctionCall { call_id, name, .. } => {
                Some((call_id.into_owned(), name.into_owned()))
            }
            _ => None,
        });
        let (call_id, name) = call.unwrap();
        assert_eq!(name, "list_files");
        input.extend(step);
        input.push(Item::function_call_output(&call_id, "a.txt\nb.txt"));
        let answer = answered(&simulator, dialect, input).await;
        let ItemView::Message { text, .. } = answer[0].view() else {
            panic!("{answer:?}");
        };
        assert!(
            text.starts_with("(simulated)") && text.contains("a.txt"),
            "{dialect:?}: {text}"
        );
    }
}

#[tokio::test]
async fn who_does_not_stream_gets_one_object() {
    let simulator = start(&[]).await;
    for dialect in DIALECTS {
        let plain =
            body(dialect, vec![Item::user("hi")]).replace("\"stream\":true", "\"stream\":false");
        let response = ask(&simulator, "POST", &path(dialect), &[], plain).await;
        let answer = dialect.answer(text(response).await.as_bytes()).unwrap();
        assert!(matches!(
            answer.terminal,
            Terminal::Completed { usage: Some(_), .. }
        ));
        let said = answer.events.iter().any(|event| matches!(event, ModelEvent::TextDelta { delta } if delta.contains("(simulated)")));
        assert!(said, "{:?}", answer.events);
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_in_the_vendors_words() {
    let keys = Keys::Exactly(vec!["key".to_owned()]);
    let options = Options {
        keys,
        ..options(&[])
    };
    let simulator = Simulator::start(options).await.unwrap();
    let bearer = [("authorization", "Bearer key")];
    let own = [("x-api-key", "key")];
    let orphan = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]});
    let unlimited = json!({"model": "m", "messages": []});
    let table = [
        (
            Dialect::Chat,
            &[][..],
            "{}".to_owned(),
            401,
            "invalid_api_key",
        ),
        (
            Dialect::Messages,
            &[][..],
            "{}".to_owned(),
            401,
            "authentication_error",
        ),
        (
            Dialect::Chat,
            &bearer[..],
            "no json".to_owned(),
            400,
            "not JSON",
        ),
        (
            Dialect::Chat,
            &bearer[..],
            r#"{"messages":[],"n":2}"#.to_owned(),
            400,
            "several answers",
        ),
        (
            Dialect::Messages,
            &own[..],
            orphan.to_string(),
            400,
            "call_id t",
        ),
        (
            Dialect::Messages,
            &own[..],
            unlimited.to_string(),
            400,
            "max_tokens",
        ),
    ];
    for (dialect, headers, body, status, words) in table {
        let response = ask(&simulator, "POST", &path(dialect), headers, body.clone()).await;
        assert_eq!(response.status, status, "{dialect:?}: {body}");
        let answer = object(response).await;
        assert!(
            answer.to_string().contains(words),
            "{dialect:?}: {body}: {answer}"
        );
        let is_messages = dialect == Dialect::Messages;
        assert_eq!(answer["type"] == json!("error"), is_messages, "{answer}");
    }
    let response = ask(&simulator, "GET", "/v1/messages", &own, "").await;
    assert_eq!(response.status, 405);
}

/// What the last event of a broken answer is in each dialect.
fn mark(dialect: Dialect, last: &str) -> &'static str {
    let (chat, messages) = match last {
        "" => ("", ""),
        "response.created" => (r#""role":"assistant""#, "message_start"),
        "response.output_text.delta" => (r#""delta":{"content":"(simulated)"#, "text_delta"),
        "response.completed" => (r#""finish_reason":"stop""#, r#""stop_reason":"end_turn""#),
        "response.incomplete" => (
            r#""finish_reason":"length""#,
            r#""stop_reason":"max_tokens""#,
        ),
        "response.output_item.done" => ("simulated", "content_block_stop"),
        _ => (r#"data: {"error":{"#, r#"data: {"type":"error","#),
    };
    match dialect {
        Dialect::Chat => chat,
        _ => messages,
    }
}

#[tokio::test]
async fn every_fault_of_a_stream_strikes_in_every_dialect() {
    let simulator = start(&[]).await;
    for (fault, status, last, end) in SSE {
        for dialect in DIALECTS {
            simulator.set_scenario(options(&[fault]).scenario);
            let mark = match *fault {
                "sse-stall-after-reasoning" => "Let me see.",
                "sse-stall-after-call" => "list_files",
                _ => mark(dialect, last),
            };
            let mut raw = Raw::open(&simulator).await;
            let body = body(dialect, vec![Item::user("hi")]);
            raw.send("POST", &path(dialect), &body).await;
            let ended = raw
                .read(|text| *end == End::Quiet && text.contains(mark))
                .await;
            assert_eq!(
                (&ended, raw.status()),
                (end, *status),
                "{fault} in {dialect:?}"
            );
            assert!(
                raw.text.contains(mark),
                "{fault} in {dialect:?}: {}",
                raw.text
            );
            assert_eq!(simulator.seen().last().unwrap().fault, Some(*fault));
            if *fault == "sse-encoded" {
                // Some words of what is compressed stand there as they are.
                continue;
            }
            let is_whole = raw.text.contains("[DONE]") || raw.text.contains("message_stop");
            let ends = matches!(*last, "response.completed" | "response.incomplete")
                || *fault == "sse-text-after-final-event";
            assert_eq!(is_whole, ends, "{fault} in {dialect:?}: {}", raw.text);
        }
    }
}
