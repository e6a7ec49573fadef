//! Lines of the log: one for each attempt and one for the call, each with the call's id.

use alipes_store::{AskedRecord, AttemptEnd, AttemptRecord, CallEnd, CallRecord, FaultRecord};
use serde_json::{Map, Value, json};

use crate::calls::date;
use crate::style::one_line;

/// The longest text from elsewhere, in characters.
const LONGEST: usize = 400;

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// `DATE level what name=value …`
    Text,
}

/// The lines of a call, in the order in which things ended.
pub(super) fn lines(call: &CallRecord, format: Format) -> Vec<String> {
    let attempts = call.attempts.iter().map(|one| attempt(call, one));
    let all = attempts.chain([whole(call)]);
    all.map(|line| line.spelt(format)).collect()
}

/// A line, still as what it says.
struct Line {
    at_ms: u64,
    level: &'static str,
    what: &'static str,
    fields: Map<String, Value>,
}

fn attempt(call: &CallRecord, attempt: &AttemptRecord) -> Line {
    let asked = call.asked.get(attempt.asked);
    let ended_us = attempt.begun_us.saturating_add(attempt.took_us);
    let level = match attempt.end {
        AttemptEnd::Fault | AttemptEnd::NotTried => "warn",
        _ => "info",
    };
    let mut line = Line::new(call, ended_us, (level, "attempt"));
    line.asked(asked);
    line.put("attempt", attempt.number);
    line.put("route", attempt.route.as_str());
    line.put("end", attempt.end.as_str());
    line.put("took_ms", attempt.took_us / 1_000);
    line.some("beside", attempt.beside);
    let connection = attempt.connection.as_ref();
    line.some(
        "remote_addr",
        connection.map(|one| one.remote_addr.as_str()),
    );
    line.some("egress", connection.map(|one| one.egress.as_str()));
    line.fault(attempt.fault.as_ref());
    line.some("reaction", attempt.reaction.as_deref());
    line
}

fn whole(call: &CallRecord) -> Line {
    let level = match call.end {
        CallEnd::Failed => "error",
        CallEnd::Answered | CallEnd::Left => "info",
    };
    let mut line = Line::new(call, call.took_us, (level, "call"));
    line.asked(call.last_asked());
    line.some("client", call.client.as_deref());
    if !call.conversation.is_empty() {
        line.put("conversation", call.conversation.as_str());
    }
    if call.auxiliary {
        line.put("auxiliary", true);
    }
    line.put("end", call.end.as_str());
    line.put("took_ms", call.took_us / 1_000);
    line.some("first_event_ms", call.first_event_us.map(|us| us / 1_000));
    line.put("attempts", call.attempts.len());
    line.put("bytes_received", call.bytes_received);
    if let Some(usage) = &call.usage {
        line.put("input_tokens", usage.input_tokens);
        line.put("output_tokens", usage.output_tokens);
    }
    line.fault(call.final_fault());
    line
}

impl Line {
    fn new(call: &CallRecord, after_us: u64, (level, what): (&'static str, &'static str)) -> Self {
        let mut line = Self {
            at_ms: call.begun_ms.saturating_add(after_us / 1_000),
            level,
            what,
            fields: Map::new(),
        };
        line.put("call", call.id.as_str());
        line.put("front", call.front.as_str());
        line
    }

    fn asked(&mut self, asked: Option<&AskedRecord>) {
        let Some(asked) = asked else {
            return;
        };
        self.put("model", asked.model.as_str());
        self.put("endpoint", asked.endpoint.as_str());
        if !asked.account.is_empty() {
            self.put("account", asked.account.as_str());
        }
    }

    fn fault(&mut self, fault: Option<&FaultRecord>) {
        let Some(fault) = fault else {
            return;
        };
        self.put("cause", fault.cause.as_str());
        self.put("phase", fault.phase.as_str());
        self.put("blame", fault.blame.as_str());
        self.some("status", fault.status);
        self.some("code", fault.code.as_deref());
        self.some("cf_ray", fault.cf_ray.as_deref());
        self.some("request_id", fault.request_id.as_deref());
        self.some("message", fault.message.as_deref());
    }

    fn some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Texts come from anywhere: each becomes one harmless, bounded line.
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::String(text) => Value::from(one_line(&text, LONGEST)),
            value => value,
        };
        self.fields.insert(name.to_owned(), value);
    }

    fn spelt(self, format: Format) -> String {
        let (date, level, what) = (date(self.at_ms), self.level, self.what);
        match format {
            Format::Json => {
                let mut line = Map::new();
                for (name, value) in [("time", date.as_str()), ("level", level), ("what", what)] {
                    line.insert(name.to_owned(), json!(value));
                }
                line.extend(self.fields);
                Value::Object(line).to_string()
            }
            Format::Text => {
                let mut line = format!("{date} {level:<5} {what}");
                for (name, value) in &self.fields {
                    line.push_str(&format!(" {name}={}", plain(value)));
                }
                line
            }
        }
    }
}

/// A value as it is, or between quotes where it could be taken for more than one.
fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) if is_plain(text) => text.to_owned(),
        _ => value.to_string(),
    }
}

fn is_plain(text: &str) -> bool {
    let is_part = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=' | '\\');
    !text.is_empty() && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(message: &str) -> CallRecord {
        serde_json::from_value(json!({
            "id": "call_0123", "begun_ms": 1_795_248_123_456_u64, "took_us": 2_000_000,
            "front": "serve", "client": "my laptop", "end": "failed",
            "asked": [{"model": "p/m", "endpoint": "p"}],
            "attempts": [{
                "number": 1, "route": "sse", "took_us": 1_000_000, "end": "fault", "reaction": "stop",
                "fault": {"cause": "challenge", "phase": "headers", "blame": "edge", "status": 403,
                    "message": message},
            }],
        }))
        .unwrap()
    }

    #[test]
    fn a_call_is_a_line_for_each_attempt_and_one_for_itself() {
        let lines = lines(&call("go away"), Format::Text);
        assert_eq!(
            lines,
            [
                "2026-11-21T08:02:04.456Z warn  attempt call=call_0123 front=serve model=p/m endpoint=p \
                 attempt=1 route=sse end=fault took_ms=1000 cause=challenge phase=headers blame=edge \
                 status=403 message=\"go away\" reaction=stop",
                "2026-11-21T08:02:05.456Z error call call=call_0123 front=serve model=p/m endpoint=p \
                 client=\"my laptop\" end=failed took_ms=2000 attempts=1 bytes_received=0 \
                 cause=challenge phase=headers blame=edge status=403 message=\"go away\"",
            ]
        );
    }

    #[test]
    fn no_text_from_elsewhere_makes_a_line_or_a_field_of_its_own() {
        let evil = "x\n2026 error call call=call_9 \u{1b}[2J\u{202e}\" end=answered";
        for format in [Format::Text, Format::Json] {
            for line in lines(&call(evil), format) {
                let harmful = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!line.contains(harmful), "{line:?}");
                assert!(!line.contains(" end=answered "), "{line}");
                if format == Format::Json {
                    let line: Value = serde_json::from_str(&line).unwrap();
                    assert_eq!(line["call"], "call_0123");
                    assert_eq!(line["cause"], "challenge");
                }
            }
        }
        let long = "y".repeat(1 << 20);
        let bounded = lines(&call(&long), Format::Text);
        assert!(bounded.iter().all(|line| line.len() < 2_000));
    }
}
