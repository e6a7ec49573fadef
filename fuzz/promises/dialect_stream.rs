//! Whatever a server sends as an answer, in whichever dialect, reading it never fails, its readers
//! agree on how it ended, and a client of any dialect can be sent what was read.

use alipes_wire::responses::Terminal;
use alipes_wire::{
    AnswerOut, ApiError, Assembler, Dialect, Frame, Item, ItemView, Label, ModelEvent,
    ModelRequest, Quirks, Signal, StreamReader,
};
use bytes::Bytes;
use serde_json::Value;

const DIALECTS: [Dialect; 3] = [Dialect::Responses, Dialect::Chat, Dialect::Messages];

/// What an answer told.
struct Told {
    events: Vec<ModelEvent>,
    terminal: Option<Terminal>,
}

/// Every line is an event's data.
pub(crate) fn holds(bytes: &[u8]) {
    for dialect in DIALECTS {
        let told = read(dialect, bytes.split(|byte| *byte == b'\n'));
        if dialect != Dialect::Responses {
            goes_back(dialect, &told);
        }
        for target in DIALECTS.into_iter().filter(|target| *target != dialect) {
            let frames = served(dialect, target, bytes);
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
        served(dialect, dialect, bytes);
        let _ = dialect.answer(bytes);
    }
}

/// What a client that speaks `target` is sent of a stream in `dialect`.
fn served(dialect: Dialect, target: Dialect, bytes: &[u8]) -> Vec<Frame> {
    let mut reader = StreamReader::new(dialect);
    let mut out = AnswerOut::new(dialect, target, Label::default()).whole();
    let mut frames = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(event) = reader.event(Bytes::copy_from_slice(line)) {
            frames.extend(out.push(&event));
        }
    }
    if let Some(end) = reader.missing_end().filter(|_| !out.has_ended()) {
        frames.extend(out.push(&end));
    }
    if let Some(object) = out.object() {
        is_json(&object);
    }
    frames.extend(out.fail(&ApiError::default()));
    for frame in frames.iter().filter(|frame| frame.data.trim() != "[DONE]") {
        is_json(&frame.data);
    }
    frames
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
        // The kinds of the other dialects mean something there alone.
        let by_kind = Signal::of(&event) == Signal::Terminal;
        let agreed = by_kind == terminal.is_some() || dialect == Dialect::Responses;
        assert!(agreed, "{event:?}");
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
