//! Whatever a server sends as an answer in Chat Completions or Messages, reading it never fails, its
//! readers agree on how it ended, and what was read can be written again.

use alipes_wire::chat::ChatWriter;
use alipes_wire::messages::MessageWriter;
use alipes_wire::responses::Terminal;
use alipes_wire::{
    Assembler, Dialect, Frame, Item, ItemView, ModelEvent, ModelRequest, Quirks, Signal,
    StreamReader,
};
use bytes::Bytes;
use serde_json::Value;

/// What an answer told.
struct Told {
    events: Vec<ModelEvent>,
    terminal: Option<Terminal>,
}

/// Every line is an event's data.
pub(crate) fn holds(bytes: &[u8]) {
    for dialect in [Dialect::Chat, Dialect::Messages] {
        let told = read(dialect, bytes.split(|byte| *byte == b'\n'));
        goes_back(dialect, &told);
        let chat = written(Dialect::Chat, &told);
        let messages = written(Dialect::Messages, &told);
        for (target, frames) in [(Dialect::Chat, chat), (Dialect::Messages, messages)] {
            let lines = frames.iter().map(|frame| frame.data.as_bytes());
            let again = read(target, lines);
            let completed = matches!(told.terminal, Some(Terminal::Completed { .. }));
            // In Messages an answer that ends in a refusal is not whole.
            if completed && !refuses(&told) && !items(&told).is_empty() {
                let ends_well = matches!(again.terminal, Some(Terminal::Completed { .. }));
                assert!(ends_well, "{dialect:?} as {target:?}: {frames:?}");
                assert_eq!(calls(&again), calls(&told), "{dialect:?} as {target:?}");
            }
        }
        let _ = dialect.answer(bytes);
    }
}

fn read<'b>(dialect: Dialect, lines: impl Iterator<Item = &'b [u8]>) -> Told {
    let mut reader = StreamReader::new(dialect);
    let mut assembler = Assembler::new(dialect);
    let mut told = Told {
        events: Vec::new(),
        terminal: None,
    };
    for line in lines {
        let Ok(event) = reader.event(Bytes::copy_from_slice(line)) else {
            continue;
        };
        let terminal = reader.terminal(&event);
        let by_kind = Signal::of(&event) == Signal::Terminal;
        assert_eq!(by_kind, terminal.is_some(), "{event:?}");
        assembler.push(&event, &mut told.events);
        told.terminal = told.terminal.or(terminal);
    }
    if let (None, Some(end)) = (&told.terminal, reader.missing_end()) {
        assembler.push(&end, &mut told.events);
        told.terminal = reader.terminal(&end);
    }
    let completed = |event: &&ModelEvent| matches!(event, ModelEvent::Completed { .. });
    assert!(told.events.iter().filter(completed).count() <= 1);
    assert_eq!(assembler.into_items(), items(&told));
    told
}

fn refuses(told: &Told) -> bool {
    let refusal = |event: &ModelEvent| matches!(event, ModelEvent::RefusalDelta { .. });
    told.events.iter().any(refusal)
}

fn items(told: &Told) -> Vec<Item> {
    let items = told.events.iter().filter_map(|event| match event {
        ModelEvent::ItemDone(item) => Some(item.clone()),
        _ => None,
    });
    items.collect()
}

/// The names and arguments of the calls.
fn calls(told: &Told) -> Vec<(String, String)> {
    let items = items(told);
    let calls = items.iter().filter_map(|item| match item.view() {
        ItemView::FunctionCall {
            name, arguments, ..
        } => Some((name.into_owned(), meaning(&arguments))),
        _ => None,
    });
    calls.collect()
}

/// No arguments mean the same as empty ones.
fn meaning(arguments: &str) -> String {
    match arguments.trim() {
        "" => "{}".to_owned(),
        text => text.to_owned(),
    }
}

/// The items of an answer are input of the next request, in every dialect.
fn goes_back(dialect: Dialect, told: &Told) {
    let mut input = items(told);
    let answers: Vec<Item> = input
        .iter()
        .filter_map(|item| match item.view() {
            ItemView::FunctionCall { call_id, .. } => {
                Some(Item::function_call_output(&call_id, "done"))
            }
            _ => None,
        })
        .collect();
    input.extend(answers);
    let request = ModelRequest {
        input,
        ..ModelRequest::default()
    };
    for target in [Dialect::Responses, Dialect::Chat, Dialect::Messages] {
        let encoded = target.encode(&request, &Quirks::default());
        let encoded = encoded.unwrap_or_else(|error| panic!("{dialect:?} as {target:?}: {error}"));
        serde_json::from_slice::<serde::de::IgnoredAny>(&encoded.body()).unwrap();
    }
}

fn written(dialect: Dialect, told: &Told) -> Vec<Frame> {
    let mut frames = Vec::new();
    match dialect {
        Dialect::Chat => {
            let mut writer = ChatWriter::new("c", "m", 0, true);
            told.events
                .iter()
                .for_each(|event| frames.extend(writer.push(event)));
            is_json(&writer.object());
        }
        _ => {
            let mut writer = MessageWriter::new("msg", "m");
            told.events
                .iter()
                .for_each(|event| frames.extend(writer.push(event)));
            is_json(&writer.object());
        }
    }
    for frame in frames.iter().filter(|frame| frame.data != "[DONE]") {
        is_json(&frame.data);
    }
    frames
}

fn is_json(text: &str) {
    assert!(!text.contains('\n'), "{text}");
    let read: Result<Value, _> = serde_json::from_str(text);
    // A number that is too large for us may have come from the other side.
    if let Err(error) = read {
        assert!(
            error.to_string().contains("number out of range")
                || error.to_string().contains("recursion limit"),
            "{error}: {text}"
        );
    }
}
