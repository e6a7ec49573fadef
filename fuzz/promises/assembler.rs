//! Whatever a provider sends as a response's events, reading them never fails, and everybody who
//! reads them agrees on what the response was.

use alipes_wire::responses::{
    Assembler, DeltaRecorder, EncodedRequest, Signal, Terminal, turn_state,
};
use alipes_wire::{Item, ModelEvent, ModelRequest, RawEvent};
use bytes::Bytes;

/// What the assembler gave, counted.
#[derive(Debug, Default)]
struct Told {
    items: Vec<Item>,
    completed: Vec<String>,
}

/// Every line is an event's JSON.
pub(crate) fn holds(bytes: &[u8]) {
    let request = request(vec![Item::user("hi")]);
    let mut assembler = Assembler::new();
    let mut recorder = DeltaRecorder::new(&request);
    let mut told = Told::default();
    let mut events = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(event) = RawEvent::parse(Bytes::copy_from_slice(line)) else {
            continue;
        };
        events += 1;
        agree_on_the_end(&event);
        let _ = turn_state(&event);
        recorder.observe(&event);
        match assembler.push(&event) {
            Some(ModelEvent::ItemDone(item)) => told.items.push(item),
            Some(ModelEvent::Completed { id, .. }) => told.completed.push(id),
            _ => {}
        }
    }
    assert!(assembler.skipped() <= events);
    assert!(told.completed.len() <= 1, "a response ends once");
    assert_eq!(assembler.into_items(), told.items);
    extends(recorder, request, &told);
}

/// The transport stops reading at the kind, the assembler at the meaning.
fn agree_on_the_end(event: &RawEvent) {
    let by_kind = Signal::of(event) == Signal::Terminal;
    assert_eq!(by_kind, Terminal::of(event).is_some(), "{event:?}");
}

/// A base for the next request holds what was asked and what was assembled, and nothing else.
fn extends(recorder: DeltaRecorder, asked: EncodedRequest, told: &Told) {
    let Some(base) = recorder.finish() else {
        return;
    };
    assert_eq!(told.completed, [base.response_id()]);
    let said = [asked.input(), &told.items].concat();
    let next = [said.clone(), vec![Item::user("and?")]].concat();
    assert_eq!(base.tail(&request(said)), Some(&[][..]));
    assert_eq!(base.tail(&request(next)), Some(&[Item::user("and?")][..]));
}

fn request(input: Vec<Item>) -> EncodedRequest {
    EncodedRequest::new(&ModelRequest {
        model: "m".to_owned(),
        input,
        ..ModelRequest::default()
    })
}
