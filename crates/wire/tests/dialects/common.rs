//! What the tests share: a stream read as a transport and an agent read it.

use alipes_wire::responses::Terminal;
use alipes_wire::{
    Assembler, Dialect, Item, ItemView, ModelEvent, ModelRequest, SseDecoder, SseItem, SseLimits,
    StreamReader,
};
use serde_json::Value;

/// What became of a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) events: Vec<ModelEvent>,
    pub(crate) items: Vec<Item>,
    /// `None`: it was cut.
    pub(crate) terminal: Option<Terminal>,
    pub(crate) skipped: usize,
    pub(crate) unreadable: usize,
}

impl Read {
    pub(crate) fn text(&self) -> String {
        self.joined(|event| match event {
            ModelEvent::TextDelta { delta } => Some(delta),
            _ => None,
        })
    }

    pub(crate) fn reasoning(&self) -> String {
        self.joined(|event| match event {
            ModelEvent::ReasoningDelta { delta } => Some(delta),
            _ => None,
        })
    }

    fn joined(&self, piece: impl Fn(&ModelEvent) -> Option<&String>) -> String {
        self.events.iter().filter_map(piece).cloned().collect()
    }

    /// `name(arguments)` of each call.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.items.iter().filter_map(|item| match item.view() {
            ItemView::FunctionCall {
                name, arguments, ..
            } => Some(format!("{name}({arguments})")),
            _ => None,
        });
        calls.collect()
    }

    pub(crate) fn call_ids(&self) -> Vec<String> {
        let ids = self.items.iter().filter_map(|item| match item.view() {
            ItemView::FunctionCall { call_id, .. } => Some(call_id.into_owned()),
            _ => None,
        });
        ids.collect()
    }
}

/// Reads a stream that arrives in these chunks.
pub(crate) fn read(dialect: Dialect, chunks: &[&[u8]]) -> Read {
    let mut decoder = SseDecoder::new(SseLimits::default());
    let mut items = Vec::new();
    for chunk in chunks {
        decoder.push(chunk, &mut items).unwrap();
    }
    items.extend(decoder.finish());
    let mut reader = StreamReader::new(dialect);
    let mut assembler = Assembler::new(dialect);
    let mut read = Read {
        events: Vec::new(),
        items: Vec::new(),
        terminal: None,
        skipped: 0,
        unreadable: 0,
    };
    for item in items {
        let SseItem::Event { data, .. } = item else {
            continue;
        };
        let Ok(event) = reader.event(data.into()) else {
            read.unreadable += 1;
            continue;
        };
        assembler.push(&event, &mut read.events);
        read.terminal = read.terminal.or_else(|| reader.terminal(&event));
    }
    let forgotten = reader.missing_end().filter(|_| read.terminal.is_none());
    if let Some(end) = forgotten {
        assembler.push(&end, &mut read.events);
        read.terminal = reader.terminal(&end);
    }
    read.skipped = assembler.skipped();
    read.items = assembler.into_items();
    read
}

/// A stream of these events' data.
pub(crate) fn stream(events: &[&str]) -> String {
    events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect()
}

pub(crate) fn read_events(dialect: Dialect, events: &[&str]) -> Read {
    read(dialect, &[stream(events).as_bytes()])
}

pub(crate) fn item(json: Value) -> Item {
    Item::parse(&json.to_string()).unwrap()
}

pub(crate) fn request(input: Vec<Item>) -> ModelRequest {
    ModelRequest {
        model: "m".to_owned(),
        input,
        ..ModelRequest::default()
    }
}

pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
