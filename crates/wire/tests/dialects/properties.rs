//! What holds for every conversation and every stream, not only for those we thought of.

use alipes_wire::{Dialect, Item, ItemView, ModelEvent, Quirks, chat, messages};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{item, read, request};

#[path = "../../../../fuzz/promises/dialect_request.rs"]
mod dialect_request;
#[path = "../../../../fuzz/promises/dialect_stream.rs"]
mod dialect_stream;

const DIALECTS: [Dialect; 2] = [Dialect::Chat, Dialect::Messages];

/// Words with everything in them that JSON and SSE treat in a special way.
fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\{}\u{e9}\u{1F600} \n\t\r:]{0,11}[a-z]"
}

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => words().prop_map(|text| json!({"type": "input_text", "text": text})),
        1 => Just(json!({"type": "input_image", "image_url": "https://x/y.png"})),
        1 => "[A-Za-z0-9+/]{4}".prop_map(|data| json!({"type": "input_image", "image_url": format!("data:image/png;base64,{data}")})),
        1 => "[A-Za-z0-9+/]{4}".prop_map(|data| json!({"type": "input_file", "filename": "n.pdf", "file_data": format!("data:application/pdf;base64,{data}")})),
    ]
}

/// JSON as a model writes it, with numbers that no parser keeps.
fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        words().prop_map(|text| json!({"a": text}).to_string()),
        Just(r#"{"n": 12345678901234567890123, "f": 1.50, "e": 1e2}"#.to_owned()),
    ]
}

/// What one model step says: whether it thinks, what it says, and what it calls.
#[derive(Clone, Debug)]
struct Step {
    thought: Option<String>,
    words: Option<String>,
    calls: Vec<(String, String)>,
}

fn step() -> impl Strategy<Value = Step> {
    let calls = prop::collection::vec((arguments(), words()), 0..3);
    (prop::option::of(words()), prop::option::of(words()), calls).prop_map(
        |(thought, words, calls)| Step {
            thought,
            words,
            calls,
        },
    )
}

/// Questions, each with the steps that follow it.
fn exchanges() -> impl Strategy<Value = Vec<(Vec<Value>, Vec<Step>)>> {
    let question = prop::collection::vec(part(), 1..3);
    prop::collection::vec((question, prop::collection::vec(step(), 0..4)), 1..4)
}

/// The items of a conversation as `dialect` itself would make them.
fn items(dialect: Dialect, exchanges: &[(Vec<Value>, Vec<Step>)]) -> Vec<Item> {
    let mut items = Vec::new();
    for (question, steps) in exchanges {
        items.push(item(
            json!({"type": "message", "role": "user", "content": question}),
        ));
        let before = items.len();
        for step in steps {
            let number = items.len();
            items.extend(said(dialect, step, number));
            for (at, (_, output)) in step.calls.iter().enumerate() {
                items.push(Item::function_call_output(
                    &format!("call_{number}_{at}"),
                    output,
                ));
            }
            if step.calls.is_empty() {
                break;
            }
        }
        // Two questions in a row would be one in Messages, where roles take turns.
        if items.len() == before {
            items.push(Item::assistant("so"));
        }
    }
    items
}

/// What a step says and calls; `number` keeps its ids apart from those of other steps.
fn said(dialect: Dialect, step: &Step, number: usize) -> Vec<Item> {
    let mut items = Vec::new();
    items.extend(step.thought.as_ref().map(|text| thought(dialect, text)));
    items.extend(step.words.as_ref().map(|text| Item::assistant(text)));
    items.extend(step.calls.iter().enumerate().map(|(at, (arguments, _))| {
        let id = format!("call_{number}_{at}");
        item(json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments}))
    }));
    items
}

fn thought(dialect: Dialect, text: &str) -> Item {
    let own = match dialect {
        Dialect::Messages => (
            "x_messages",
            json!({"signature": "s", "thinking": text, "type": "thinking"}),
        ),
        _ => ("x_chat", json!({"reasoning_content": text})),
    };
    let summary = json!([{"type": "summary_text", "text": text}]);
    item(json!({"type": "reasoning", "summary": summary, own.0: own.1}))
}

/// The quirks that keep the most.
fn quirks() -> Quirks {
    Quirks {
        chat: chat::Quirks {
            images_in_results: true,
            reasoning: chat::ReasoningBack::Always,
            ..chat::Quirks::openai()
        },
        messages: messages::Quirks {
            cache: false,
            ..messages::Quirks::default()
        },
    }
}

fn served(dialect: Dialect, body: &[u8]) -> Vec<Item> {
    dialect.read(body).unwrap().request.input
}

/// The answer of one step, as an upstream tells it.
fn told(dialect: Dialect, step: &Step) -> Vec<ModelEvent> {
    let mut events = vec![ModelEvent::Created { id: "r".to_owned() }];
    if let Some(text) = &step.thought {
        events.push(ModelEvent::ReasoningDelta {
            delta: text.clone(),
        });
    }
    for item in said(dialect, step, 0) {
        if let ItemView::Message { text, .. } = item.view() {
            events.push(ModelEvent::MessageStarted { preamble: false });
            let pieces = text.split_inclusive(' ').map(str::to_owned);
            events.extend(pieces.map(|delta| ModelEvent::TextDelta { delta }));
        }
        events.push(ModelEvent::ItemDone(item));
    }
    events.push(ModelEvent::Completed {
        id: "r".to_owned(),
        usage: None,
        end_turn: None,
    });
    events
}

fn written(dialect: Dialect, events: &[ModelEvent]) -> String {
    let mut chat = chat::ChatWriter::new("r", "m", 0, false);
    let mut messages = messages::MessageWriter::new("r", "m");
    let frames = events.iter().flat_map(|event| match dialect {
        Dialect::Chat => chat.push(event),
        _ => messages.push(event),
    });
    frames.map(|frame| frame.sse()).collect()
}

/// JSON of the words that the dialects know, in places where they do not belong.
fn json_of_words() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "text",
        "choices",
        "delta",
        "message",
        "messages",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "index",
        "finish_reason",
        "stop_reason",
        "usage",
        "error",
        "code",
        "content_block",
        "partial_json",
        "signature",
        "thinking",
        "input",
        "source",
        "data",
        "tool_use_id",
        "tool_call_id",
        "system",
        "tools",
        "reasoning",
        "reasoning_details",
        "reasoning_content",
        "refusal",
        "url",
        "image_url",
        "x_chat",
        "x_messages",
        "prompt_tokens",
    ]);
    let texts = prop::sample::select(vec![
        "",
        "user",
        "assistant",
        "system",
        "tool",
        "text",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_result",
        "image",
        "document",
        "base64",
        "file",
        "function",
        "stop",
        "length",
        "error",
        "message",
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "text_delta",
        "input_json_delta",
        "signature_delta",
        "thinking_delta",
        "{\"a\":1}",
        "{",
        "alipes1:{}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_conversation_is_the_same_after_its_way_through_a_dialect(exchanges in exchanges()) {
        for dialect in DIALECTS {
            let input = items(dialect, &exchanges);
            let encoded = dialect.encode(&request(input.clone()), &quirks()).unwrap();
            prop_assert_eq!(encoded.left_out(), &[]);
            prop_assert_eq!(served(dialect, &encoded.body()), input, "{:?}", dialect);
        }
    }

    #[test]
    fn an_answer_is_the_same_after_its_way_through_a_dialect(step in step()) {
        for dialect in DIALECTS {
            let events = told(dialect, &step);
            let read = read(dialect, &[written(dialect, &events).as_bytes()]);
            let said = events.iter().filter_map(|event| match event {
                ModelEvent::ItemDone(item) => Some(item.clone()),
                _ => None,
            });
            let nothing_said = step.words.is_none() && step.calls.is_empty();
            // Thinking alone is no answer in Chat Completions, but a reason is given.
            prop_assert!(read.terminal.is_some() || nothing_said);
            prop_assert_eq!(read.items, said.collect::<Vec<_>>(), "{:?}", dialect);
        }
    }

    #[test]
    fn chunks_do_not_matter(step in step(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9)) {
        for dialect in DIALECTS {
            let stream = written(dialect, &told(dialect, &step));
            let bytes = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut chunks = Vec::new();
            let mut start = 0;
            for cut in cuts {
                chunks.push(&bytes[start..cut]);
                start = cut;
            }
            prop_assert_eq!(read(dialect, &chunks), read(dialect, &[bytes]));
        }
    }

    #[test]
    fn no_events_make_it_panic(events in prop::collection::vec(json_of_words(), 0..6)) {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        dialect_stream::holds(lines.join("\n").as_bytes());
    }

    #[test]
    fn no_request_makes_it_panic(messages in prop::collection::vec(json_of_words(), 0..4), rest in json_of_words()) {
        let mut body = json!({"messages": messages});
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            body.extend(rest);
        }
        dialect_request::holds(body.to_string().as_bytes());
    }

    #[test]
    fn no_item_makes_it_panic(items in prop::collection::vec(json_of_words(), 0..4)) {
        let input: Vec<Item> = items.iter().filter_map(|json| Item::parse(&json.to_string()).ok()).collect();
        for dialect in [Dialect::Responses, Dialect::Chat, Dialect::Messages] {
            if let Ok(encoded) = dialect.encode(&request(input.clone()), &quirks()) {
                prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&encoded.body()).is_ok());
            }
        }
    }
}
