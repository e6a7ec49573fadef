//! How a response ended.
//!
//! Read tolerantly: the final event's `output` is never looked at (it was seen null and missing;
//! items come from `output_item.done`), and an id or usage that is not there is not fatal.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{ApiError, RawEvent, Usage};

/// The end of a response.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Terminal {
    /// It ended well.
    Completed {
        /// The response's id; empty if there was none.
        id: String,
        /// Tokens, where told.
        usage: Option<Usage>,
        /// `Some(false)`: the model wants to go on.
        end_turn: Option<bool>,
    },
    /// It stopped before its end, for a named reason such as `max_output_tokens`.
    Incomplete {
        /// The reason; empty if there was none.
        reason: String,
    },
    /// The backend gave up on it.
    Failed(ApiError),
    /// An error frame or error event.
    Error(ErrorFrame),
}

/// `{"type":"error","status":…,"error":{…},"headers":{…}}` (codex-protocol §2.6).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorFrame {
    /// The HTTP status it stands for, where told.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: ApiError,
    /// The headers an HTTP response would have had, with lower-case names.
    pub headers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    response: Option<Response>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    id: Option<String>,
    status: Option<String>,
    usage: Option<Usage>,
    end_turn: Option<bool>,
    error: Option<Value>,
    incomplete_details: Option<IncompleteDetails>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IncompleteDetails {
    reason: Option<String>,
}

impl Terminal {
    /// Reads a terminal event; `None` if the event is not one.
    #[must_use]
    pub fn of(event: &RawEvent) -> Option<Self> {
        if event.kind() == "error" {
            return Some(Self::Error(ErrorFrame::of(event)));
        }
        let response = || read_response(event);
        match event.kind() {
            "response.completed" | "response.done" => Some(Self::of_completed(response())),
            "response.incomplete" | "response.cancelled" => Some(Self::of_incomplete(response())),
            "response.failed" => Some(Self::of_failed(response())),
            _ => None,
        }
    }

    fn of_completed(response: Response) -> Self {
        // Some servers say "completed" and mean it only as "ended".
        match response.status.as_deref() {
            Some("failed") => Self::of_failed(response),
            Some("incomplete" | "cancelled") => Self::of_incomplete(response),
            _ => Self::Completed {
                id: response.id.unwrap_or_default(),
                usage: response.usage,
                end_turn: response.end_turn,
            },
        }
    }

    fn of_incomplete(response: Response) -> Self {
        let reason = response
            .incomplete_details
            .and_then(|details| details.reason);
        Self::Incomplete {
            reason: reason.unwrap_or_else(|| response.status.unwrap_or_default()),
        }
    }

    fn of_failed(response: Response) -> Self {
        let error = response.error.unwrap_or_default();
        Self::Failed(ApiError::from_value(&error).unwrap_or_default())
    }
}

/// Reads the envelope; when one field has a surprising type, the id alone is worth having.
fn read_response(event: &RawEvent) -> Response {
    #[derive(Deserialize)]
    struct OnlyId {
        response: Id,
    }
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    if let Some(envelope) = event.read::<Envelope>() {
        return envelope.response.unwrap_or_default();
    }
    let id = event.read::<OnlyId>().map(|only| only.response.id);
    Response {
        id,
        ..Response::default()
    }
}

impl ErrorFrame {
    fn of(event: &RawEvent) -> Self {
        let value: Value = event.read().unwrap_or_default();
        let status = ["status", "status_code"]
            .iter()
            .find_map(|name| value.get(name)?.as_u64())
            .and_then(|status| u16::try_from(status).ok());
        let headers = value.get("headers").and_then(Value::as_object);
        Self {
            status,
            error: ApiError::from_value(&value).unwrap_or_default(),
            headers: headers
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), header_text(value)?)))
                .collect(),
        }
    }
}

fn header_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(json: &str) -> Option<Terminal> {
        Terminal::of(&RawEvent::parse(json.to_owned().into()).unwrap())
    }

    #[test]
    fn a_null_output_is_not_fatal() {
        let ended = terminal(
            r#"{"type":"response.completed","response":{"id":"r","output":null,"usage":null,"new":{}}}"#,
        );
        let expected = Terminal::Completed {
            id: "r".to_owned(),
            usage: None,
            end_turn: None,
        };
        assert_eq!(ended, Some(expected));
        for json in [
            r#"{"type":"response.completed"}"#,
            r#"{"type":"response.completed","response":null}"#,
            r#"{"type":"response.completed","response":7}"#,
        ] {
            assert!(
                matches!(terminal(json), Some(Terminal::Completed { id, .. }) if id.is_empty())
            );
        }
    }

    #[test]
    fn a_surprising_usage_still_leaves_the_id() {
        let ended = terminal(r#"{"type":"response.completed","response":{"id":"r","usage":[1]}}"#);
        assert!(matches!(ended, Some(Terminal::Completed { id, .. }) if id == "r"));
    }

    #[test]
    fn failures_carry_their_code() {
        let json = r#"{"type":"response.failed","response":{"error":{"code":"server_is_overloaded","message":"m"}}}"#;
        assert!(
            matches!(terminal(json), Some(Terminal::Failed(e)) if e.is("server_is_overloaded"))
        );
        let ended =
            r#"{"type":"response.completed","response":{"status":"failed","error":{"code":"c"}}}"#;
        assert!(matches!(terminal(ended), Some(Terminal::Failed(e)) if e.is("c")));
        assert_eq!(
            terminal(r#"{"type":"response.failed"}"#),
            Some(Terminal::Failed(ApiError::default()))
        );
    }

    #[test]
    fn incomplete_names_its_reason() {
        let json = r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#;
        let expected = Terminal::Incomplete {
            reason: "max_output_tokens".to_owned(),
        };
        assert_eq!(terminal(json), Some(expected));
    }

    #[test]
    fn error_frames_carry_status_headers_and_code() {
        let json = r#"{"type":"error","status_code":429,"error":{"type":"usage_limit_reached"},"headers":{"Retry-After":7,"X":null}}"#;
        let Some(Terminal::Error(frame)) = terminal(json) else {
            panic!("not an error");
        };
        assert_eq!(frame.status, Some(429));
        assert!(frame.error.is("usage_limit_reached"));
        assert_eq!(
            frame.headers.get("retry-after").map(String::as_str),
            Some("7")
        );
        assert_eq!(frame.headers.len(), 1);
        let flat = terminal(r#"{"type":"error","code":"server_error","message":"m"}"#);
        assert!(matches!(flat, Some(Terminal::Error(f)) if f.error.is("server_error")));
    }

    #[test]
    fn an_odd_field_does_not_turn_a_failure_into_success() {
        let failed = |json: &str, code: &str| {
            let ended = terminal(json);
            let named = matches!(&ended, Some(Terminal::Failed(error)) if error.is(code));
            assert!(named, "{json}: {ended:?}");
        };
        for odd in [
            r#""usage":{"input_tokens":1.5}"#,
            r#""usage":[1e999]"#,
            r#""id":7,"end_turn":"no","incomplete_details":[]"#,
            r#""status":"failed""#,
        ] {
            let response = format!(r#"{{"status":"failed",{odd},"error":{{"code":"c","x":1e999}}}}"#);
            for kind in ["response.completed", "response.done", "response.failed"] {
                failed(&format!(r#"{{"type":"{kind}","response":{response}}}"#), "c");
            }
        }
        failed(
            r#"{"type":"response.completed","response":{"status":7,"error":{"code":"c"}}}"#,
            "c",
        );
        failed(
            r#"{"type":"response.failed","response":{"error":{"type":"usage_limit_reached"}}}"#,
            "usage_limit_reached",
        );
    }

    #[test]
    fn an_error_beside_the_response_is_found() {
        for response in ["null", "{}", r#"{"error":null}"#, r#"{"error":{}}"#, "7"] {
            let json = format!(
                r#"{{"type":"response.failed","response":{response},"error":{{"code":"c"}}}}"#
            );
            let ended = terminal(&json);
            assert!(
                matches!(&ended, Some(Terminal::Failed(error)) if error.is("c")),
                "{json}: {ended:?}"
            );
        }
        let text = terminal(r#"{"type":"response.failed","response":{"error":"too much"}}"#);
        assert!(
            matches!(text, Some(Terminal::Failed(e)) if e.message.as_deref() == Some("too much"))
        );
    }

    #[test]
    fn an_odd_usage_keeps_the_counts_that_can_be_read() {
        let json = r#"{"type":"response.completed","response":{"id":"r","end_turn":false,
            "usage":{"input_tokens":1.5,"output_tokens":"7","output_tokens_details":{"reasoning_tokens":2.0}}}}"#;
        let Some(Terminal::Completed {
            usage: Some(usage),
            end_turn,
            ..
        }) = terminal(json)
        else {
            panic!("not completed with a usage");
        };
        assert_eq!((usage.input_tokens, usage.output_tokens), (0, 7));
        assert_eq!((usage.reasoning_tokens, end_turn), (2, Some(false)));
    }

    #[test]
    fn a_status_may_be_a_string_and_an_odd_field_costs_only_itself() {
        for status in [
            r#""status":"429""#,
            r#""status":429.0"#,
            r#""status":"failed","status_code":429"#,
        ] {
            let json = format!(
                r#"{{"type":"error",{status},"x":1e999,"error":{{"code":"c","y":1e999}},"headers":{{"a":"1","b":1e999}}}}"#
            );
            let Some(Terminal::Error(frame)) = terminal(&json) else {
                panic!("not an error");
            };
            assert_eq!(frame.status, Some(429), "{status}");
            assert!(frame.error.is("c"), "{frame:?}");
            assert!(frame.headers.contains_key("a"), "{frame:?}");
        }
    }
}
