//! Turns the events of a healthy answer into what is really played, with a fault worked in.
//!
//! Pure data: both routes play the same steps, each in its own framing, and a test can read what a
//! fault will do without a socket.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::faults::{Action, Bend, FaultInfo, Flood, Point, Said};
use crate::framing::Dress;
use crate::plug::Pull;
use crate::speaker;

/// One thing the server does on an open stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sends one event's JSON.
    Event(String),
    /// Sends one event without the blank line that ends it (SSE; over WebSocket a plain event).
    Unfinished(String),
    /// Sends these bytes as they are (SSE; over WebSocket nothing).
    Bytes(Bytes),
    /// From here on events look so (SSE; over WebSocket as always).
    Dress(Dress),
    /// Says nothing more.
    Stall,
    /// Says nothing for so long.
    Pause(Duration),
    /// Ends the connection.
    Pull(Pull),
    /// Sends a close frame (WebSocket; over SSE nothing).
    CloseFrame(u16),
    /// Sends up to 1 GB of comments, of one line, or of events.
    Flood(Flooding),
}

/// How much of what is still to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flooding {
    pub(crate) piece: Bytes,
    pub(crate) pieces: u64,
}

impl Step {
    fn event(self) -> Option<String> {
        match self {
            Self::Event(event) => Some(event),
            _ => None,
        }
    }
}

impl Flooding {
    /// One piece, for a route that sends text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.piece).into_owned()
    }
}

/// The padding of a huge event: twice what the services take in a frame, and more than anything needs.
const HUGE: usize = 64 << 20;

/// How much an endless stream sends in all.
const FLOOD: u64 = 1 << 30;

/// The steps of an answer whose healthy form is `events`. `now` is in seconds since the Unix epoch.
pub(crate) fn script(events: Vec<String>, fault: Option<&FaultInfo>, now: u64) -> Vec<Step> {
    let Some(fault) = fault else {
        return events.into_iter().map(Step::Event).collect();
    };
    let at = position(&events, fault.point);
    let response = response_of(&events);
    let mut rest = events;
    let mut steps: Vec<Step> = rest.drain(..at).map(Step::Event).collect();
    let rest = rest.into_iter().map(Step::Event);
    if let Some(pull) = fault.action.pull() {
        steps.push(Step::Pull(pull));
        return steps;
    }
    match fault.action {
        Action::Stall => steps.push(Step::Stall),
        Action::CutLate(after) => steps.extend(cut_late(after)),
        Action::SayItem(item, cut) => {
            steps.extend(said(item).into_iter().map(Step::Event));
            match cut {
                Some(after) => steps.extend(cut_late(after)),
                None => steps.push(Step::Stall),
            }
        }
        Action::CloseFrame(code) => steps.push(Step::CloseFrame(code)),
        Action::ErrorFrame(answer) => steps.push(Step::Event(answer.frame(now))),
        Action::ErrorAndClose(answer, code) => {
            steps.extend([Step::Event(answer.frame(now)), Step::CloseFrame(code)]);
        }
        Action::Fail(code, message) => steps.push(failed(response, code, message)),
        Action::FailOpen(code, message) => {
            steps.extend([failed(response, code, message), Step::Stall]);
        }
        Action::StopShort(reason) => steps.push(incomplete(response, reason)),
        Action::Flood(flood) => steps.push(Step::Flood(flooding(flood))),
        Action::Pause(length) => {
            steps.push(Step::Pause(length));
            steps.extend(rest);
        }
        Action::Say(text) => {
            steps.push(Step::Event(text.to_owned()));
            steps.extend(rest);
        }
        Action::SayBytes(bytes) => {
            steps.push(Step::Bytes(Bytes::from_static(bytes)));
            steps.extend(rest);
        }
        Action::SayHuge => {
            steps.push(Step::Event(unknown(HUGE)));
            steps.extend(rest);
        }
        Action::Dress(dress) => {
            steps.push(Step::Dress(dress));
            steps.extend(rest);
        }
        Action::Renumber => {
            let events: Vec<String> = rest.filter_map(Step::event).collect();
            steps.extend(backwards(&events).into_iter().map(Step::Event));
        }
        Action::End => {}
        Action::Bend(bend) => steps.extend(rest.flat_map(|end| bent(end, bend))),
        // These strike before there are events.
        _ => steps.extend(rest),
    }
    steps
}

/// Before which event a fault strikes. An answer without text is struck at its end.
fn position(events: &[String], point: Point) -> usize {
    let end = events.len().saturating_sub(1);
    match point {
        Point::AfterCreated => end.min(1),
        Point::AfterText => {
            let mut deltas = (0..events.len()).filter(|index| is_text(&events[*index]));
            let count = deltas.clone().count();
            deltas
                .nth(count.saturating_sub(1) / 2)
                .map_or(end, |last| last + 1)
        }
        Point::End => end,
        _ => 0,
    }
}

/// An event's type. Every event here is written by us, with the type first.
pub(crate) fn kind_of(event: &str) -> &str {
    let kind = event
        .strip_prefix(r#"{"type":""#)
        .and_then(|rest| rest.split_once('"'));
    kind.map_or("", |(kind, _)| kind)
}

/// Whether the event is a piece of the visible text.
pub(crate) fn is_text(event: &str) -> bool {
    kind_of(event) == "response.output_text.delta" || speaker::is_text(event)
}

/// Whether the steps come to a good end.
pub(crate) fn completes(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Event(event) | Step::Unfinished(event) => kind_of(event) == "response.completed",
        _ => false,
    })
}

/// The envelope that `response.created` carried.
fn response_of(events: &[String]) -> Value {
    let created: Value = events
        .first()
        .and_then(|event| serde_json::from_str(event).ok())
        .unwrap_or_default();
    created["response"].clone()
}

fn failed(mut response: Value, code: &str, message: &str) -> Step {
    response["status"] = json!("failed");
    response["error"] = json!({"code": code, "message": message});
    Step::Event(json!({"type": "response.failed", "response": response}).to_string())
}

fn incomplete(mut response: Value, reason: &str) -> Step {
    response["status"] = json!("incomplete");
    response["incomplete_details"] = json!({"reason": reason});
    Step::Event(json!({"type": "response.incomplete", "response": response}).to_string())
}

fn bent(end: Step, bend: Bend) -> Vec<Step> {
    let Step::Event(event) = end else {
        return vec![end];
    };
    match bend {
        Bend::NullOutput => {
            let mut value: Value = serde_json::from_str(&event).unwrap_or_default();
            value["response"]["output"] = Value::Null;
            vec![Step::Event(value.to_string())]
        }
        Bend::Twice => vec![Step::Event(event.clone()), Step::Event(event)],
        Bend::NoBlankLine => vec![Step::Unfinished(event)],
        Bend::Done => vec![Step::Event(event), Step::Event("[DONE]".to_owned())],
        Bend::MoreText => vec![Step::Event(event), Step::Event(more_text())],
        Bend::Missing => Vec::new(),
    }
}

fn flooding(flood: Flood) -> Flooding {
    let piece = match flood {
        Flood::Comments => ": still here\n".repeat(1_024),
        Flood::Line => "x".repeat(16 << 10),
        Flood::Events => unknown(16 << 10),
    };
    let pieces = FLOOD / piece.len() as u64;
    Flooding {
        piece: piece.into(),
        pieces,
    }
}

/// An event of a kind nobody knows.
fn unknown(bytes: usize) -> String {
    json!({"type": "response.weather_report", "weather": "x".repeat(bytes)}).to_string()
}

/// A piece of text that belongs to no message.
fn more_text() -> String {
    json!({
        "type": "response.output_text.delta", "item_id": "msg_late", "output_index": 0,
        "content_index": 0, "delta": "This comes too late.",
    })
    .to_string()
}

fn cut_late(after: Duration) -> [Step; 2] {
    [Step::Pause(after), Step::Pull(Pull::Cut)]
}

/// The events of an item of its own, always the same one: whoever has it twice can tell.
fn said(item: Said) -> Vec<String> {
    let (item, progress) = match item {
        Said::Reasoning => (
            json!({
                "type": "reasoning", "id": "rs_lost", "encrypted_content": "bG9zdA==",
                "summary": [{"type": "summary_text", "text": "Let me see."}],
            }),
            json!({
                "type": "response.reasoning_summary_text.delta", "item_id": "rs_lost",
                "output_index": 0, "summary_index": 0, "delta": "Let me see.",
            }),
        ),
        Said::Call => (
            json!({
                "type": "function_call", "id": "fc_lost", "call_id": "call_lost",
                "name": "list_files", "arguments": "{}", "status": "completed",
            }),
            json!({
                "type": "response.function_call_arguments.delta", "item_id": "fc_lost",
                "output_index": 0, "delta": "{}",
            }),
        ),
    };
    let framed = |kind: &str| json!({"type": kind, "output_index": 0, "item": item}).to_string();
    vec![
        framed("response.output_item.added"),
        progress.to_string(),
        framed("response.output_item.done"),
    ]
}

/// The same events with their sequence numbers counting down.
fn backwards(events: &[String]) -> Vec<String> {
    (0..events.len())
        .rev()
        .zip(events)
        .map(|(number, event)| {
            let mut value: Value = serde_json::from_str(event).unwrap_or_default();
            value["sequence_number"] = json!(number);
            value.to_string()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults;

    fn events() -> Vec<String> {
        let kinds = [
            "response.created",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.completed",
        ];
        let event = |kind: &str| json!({"type": kind, "response": {"id": "r", "output": []}});
        kinds.iter().map(|kind| event(kind).to_string()).collect()
    }

    fn played(fault: &str) -> Vec<String> {
        let fault = faults::find(fault).unwrap();
        let kind = |json: &str| serde_json::from_str::<Value>(json).map(|v| v["type"].clone());
        script(events(), Some(fault), 0)
            .into_iter()
            .map(|step| match step {
                Step::Event(event) => kind(&event).map_or("broken".to_owned(), |kind| {
                    let kind = kind.as_str().unwrap_or_default();
                    kind.trim_start_matches("response.").to_owned()
                }),
                Step::Unfinished(_) => "unfinished".to_owned(),
                Step::Bytes(_) => "bytes".to_owned(),
                Step::Dress(dress) => format!("{dress:?}"),
                Step::Flood(_) => "flood".to_owned(),
                Step::Stall => "stall".to_owned(),
                Step::Pause(_) => "pause".to_owned(),
                Step::Pull(how) => format!("{how:?}"),
                Step::CloseFrame(code) => code.to_string(),
            })
            .collect()
    }

    #[test]
    fn each_fault_strikes_at_its_point_and_does_what_it_says() {
        let delta = "output_text.delta";
        let table: &[(&str, &[&str])] = &[
            ("sse-stall-before-first-event", &["stall"]),
            ("sse-reset-after-created", &["created", "Reset"]),
            (
                "sse-stall-after-call",
                &[
                    "created",
                    "output_item.added",
                    "function_call_arguments.delta",
                    "output_item.done",
                    "stall",
                ],
            ),
            ("sse-cut-late", &["created", "pause", "Cut"]),
            ("sse-cut-after-text", &["created", delta, delta, "Cut"]),
            (
                "websocket-freeze-after-text",
                &["created", delta, delta, "Freeze"],
            ),
            ("websocket-close-1009-before-first-event", &["1009"]),
            ("websocket-usage-limit", &["error"]),
            ("websocket-connection-limit", &["error", "1000"]),
            (
                "sse-pause-after-text",
                &["created", delta, delta, "pause", delta, "completed"],
            ),
            ("sse-failed", &["created", delta, delta, "failed"]),
            (
                "sse-failed-held-open",
                &["created", delta, delta, "failed", "stall"],
            ),
            ("sse-incomplete", &["created", delta, delta, "incomplete"]),
            (
                "sse-broken-json",
                &["created", delta, delta, "broken", delta, "completed"],
            ),
            (
                "sse-unknown-event",
                &[
                    "created",
                    delta,
                    delta,
                    "weather_report",
                    delta,
                    "completed",
                ],
            ),
            (
                "sse-null-output",
                &["created", delta, delta, delta, "completed"],
            ),
            (
                "sse-completed-twice",
                &["created", delta, delta, delta, "completed", "completed"],
            ),
            (
                "sse-no-blank-line",
                &["created", delta, delta, delta, "unfinished"],
            ),
            (
                "sse-done",
                &["created", delta, delta, delta, "completed", "broken"],
            ),
            (
                "websocket-text-after-final-event",
                &["created", delta, delta, delta, "completed", delta],
            ),
            (
                "sse-numbers-backwards",
                &["created", delta, delta, delta, "completed"],
            ),
            (
                "sse-invalid-utf8",
                &["created", delta, delta, "bytes", delta, "completed"],
            ),
            ("sse-empty", &[]),
            ("sse-no-final-event", &["created", delta, delta, delta]),
            ("sse-endless", &["flood"]),
        ];
        for (fault, expected) in table {
            assert_eq!(played(fault), *expected, "{fault}");
        }
    }

    #[test]
    fn an_answer_without_text_is_struck_at_its_end() {
        let mut silent = events();
        silent.drain(1..4);
        let fault = faults::find("sse-cut-after-text").unwrap();
        let steps = script(silent, Some(fault), 0);
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1], Step::Pull(Pull::Cut));
    }
}
