//! Answers, written once, and played as often as somebody asks.
//!
//! The pieces of an answer with a pace are written anew when they leave, each as the time at which it
//! does, in as many digits as before. So the JSON around them stays as it is, and who reads them can
//! tell how long each was on its way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use alipes_wire::responses::ResponseWriter;
use alipes_wire::{Dialect, Frame, Label, Usage};
use bytes::Bytes;
use tokio::time::Instant;

use super::Shared;
use super::plan::Plan;
use crate::inject::Step;
use crate::speaker::Speaker;

/// Bytes of a piece: fifteen digits and a blank.
pub(super) const PIECE: usize = 16;

/// Scripts that are kept; a bench needs a handful.
const MOST: usize = 64;

/// When the answers say they were made, in seconds since the Unix epoch.
const CREATED_AT: u64 = 1_767_225_600;

/// The text of a piece.
pub(super) fn piece(number: u64) -> String {
    format!("{number:015} ")
}

/// An answer.
#[derive(Debug)]
pub(super) struct Script {
    events: Vec<Event>,
    /// Which events are pieces: from the first to behind the last.
    first: usize,
    behind: usize,
    /// All pieces, as the events behind them repeat them.
    text: String,
    /// The answer for who does not stream.
    pub(super) object: Bytes,
}

/// An event, as each route needs it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) sse: Bytes,
    pub(super) data: String,
}

impl Script {
    fn write(dialect: Dialect, count: usize) -> Self {
        let mut writer = ResponseWriter::labelled(label("resp_0"));
        let pieces: Vec<String> = (0..count as u64).map(piece).collect();
        let parts: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let mut frames = writer.open();
        frames.extend(writer.message("msg_0", Some("final_answer"), &parts));
        frames.push(writer.complete(Some(usage(count)), None));
        let object = writer.object().unwrap_or_default().to_owned();
        let (events, object) = match dialect {
            Dialect::Responses => (frames.iter().map(Event::of).collect(), object),
            other => foreign(other, frames),
        };
        let has = |event: &Event, piece: &String| event.data.contains(piece.trim_end());
        let first = pieces
            .first()
            .and_then(|piece| events.iter().position(|event: &Event| has(event, piece)));
        let first = first.unwrap_or(events.len());
        Self {
            behind: (first + count).min(events.len()),
            events,
            first,
            text: pieces.concat(),
            object: object.into(),
        }
    }
}

impl Event {
    fn of(frame: &Frame) -> Self {
        Self {
            sse: frame.sse().into(),
            data: frame.data.clone(),
        }
    }

    /// The same with another text in it.
    fn saying(&self, text: &str, instead_of: &str) -> Self {
        let data = self.data.replacen(instead_of, text, 1);
        let sse = String::from_utf8_lossy(&self.sse).replacen(&self.data, &data, 1);
        Self {
            sse: sse.into(),
            data,
        }
    }
}

fn label(id: &str) -> Label {
    Label {
        id: id.to_owned(),
        model: "lean".to_owned(),
        created_at: CREATED_AT,
        include_usage: true,
        ..Label::default()
    }
}

fn usage(pieces: usize) -> Usage {
    Usage {
        input_tokens: 100,
        output_tokens: pieces as u64,
        ..Usage::default()
    }
}

/// The answer in another dialect.
fn foreign(dialect: Dialect, frames: Vec<Frame>) -> (Vec<Event>, String) {
    let said: Vec<String> = frames.into_iter().map(|frame| frame.data).collect();
    let speaker = || Speaker::new(dialect, label("chatcmpl-0"));
    let object = speaker().object(said.clone());
    let steps = said.into_iter().map(Step::Event).collect();
    let spoken = speaker().respeak(steps).into_iter();
    let events = spoken.filter_map(|step| match step {
        Step::Event(data) => Some(Event {
            sse: format!("data: {data}\n\n").into(),
            data,
        }),
        _ => None,
    });
    (events.collect(), object)
}

/// All scripts so far.
#[derive(Debug, Default)]
pub(super) struct Scripts(Mutex<HashMap<(Dialect, usize), Arc<Script>>>);

impl Scripts {
    pub(super) fn script(&self, plan: Plan) -> Arc<Script> {
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (plan.dialect, plan.pieces);
        if let Some(script) = scripts.get(&key) {
            return Arc::clone(script);
        }
        if scripts.len() >= MOST {
            scripts.clear();
        }
        let script = Arc::new(Script::write(plan.dialect, plan.pieces));
        scripts.insert(key, Arc::clone(&script));
        script
    }
}

/// An answer under way.
pub(super) struct Play {
    script: Arc<Script>,
    plan: Plan,
    shared: Arc<Shared>,
    begun: Instant,
    at: usize,
    /// What the pieces said, where there is a pace.
    said: String,
}

impl Play {
    pub(super) fn new(script: Arc<Script>, plan: Plan, shared: &Arc<Shared>) -> Self {
        Self {
            script,
            plan,
            begun: shared.clock.now(),
            shared: Arc::clone(shared),
            at: 0,
            said: String::new(),
        }
    }

    /// The next event; `None` behind the last.
    pub(super) async fn next(&mut self) -> Option<Event> {
        let at = self.at;
        let script = &self.script;
        let event = script.events.get(at)?;
        self.at += 1;
        if self.plan.pace.is_zero() || at < script.first {
            return Some(event.clone());
        }
        if at >= script.behind {
            return Some(event.saying(&self.said, &script.text));
        }
        let index = at - script.first;
        let steps = u32::try_from(index).unwrap_or(u32::MAX);
        tokio::time::sleep_until(self.begun + self.plan.pace * steps).await;
        let now = self.shared.clock.since(self.shared.begun);
        let said = piece(u64::try_from(now.as_micros()).unwrap_or(u64::MAX));
        let event = event.saying(&said, &piece(index as u64));
        self.said.push_str(&said);
        Some(event)
    }
}
