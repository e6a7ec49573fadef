//! How a response ended.
//!
//! Read tolerantly: the final event's `output` is never looked at (it was seen null and missing;
//! items come from `output_item.done`), an id or usage that is not there is not fatal, and each field
//! is read by itself, so that an odd one can neither hide a failure nor its code.

use std::collections::BTreeMap;

use crate::fields::Fields;
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

/// A terminal event and the response in it.
struct Ended<'a> {
    event: &'a RawEvent,
    response: Fields<'a>,
}

impl Terminal {
    /// Reads a terminal event; `None` if the event is not one.
    #[must_use]
    pub fn of(event: &RawEvent) -> Option<Self> {
        let ended = || Ended::of(event);
        match event.kind() {
            "response.completed" | "response.done" => Some(ended().completed()),
            "response.incomplete" | "response.cancelled" => Some(ended().incomplete()),
            "response.failed" => Some(ended().failed()),
            "error" => Some(Self::Error(ErrorFrame::read(&event.fields()))),
            _ => None,
        }
    }
}

impl<'a> Ended<'a> {
    fn of(event: &'a RawEvent) -> Self {
        let response = Fields::of_member(event.raw(), "response").unwrap_or_default();
        Self { event, response }
    }

    fn completed(&self) -> Terminal {
        // Some servers say "completed" and mean it only as "ended".
        match self.status().as_deref() {
            Some("failed") => self.failed(),
            Some("incomplete" | "cancelled") => self.incomplete(),
            Some("completed") => self.well(),
            // No status, or none we know: an error that is told decides.
            _ if self.inner_error().is_some() => self.failed(),
            _ => self.well(),
        }
    }

    fn well(&self) -> Terminal {
        let usage = self.response.object("usage");
        Terminal::Completed {
            id: self.response.read("id").unwrap_or_default(),
            usage: usage.map(|usage| Usage::read(&usage)),
            end_turn: self.response.read("end_turn"),
        }
    }

    fn incomplete(&self) -> Terminal {
        let details = self.response.object("incomplete_details");
        let reason = details.and_then(|details| details.read("reason"));
        Terminal::Incomplete {
            reason: reason.or_else(|| self.status()).unwrap_or_default(),
        }
    }

    fn failed(&self) -> Terminal {
        let error = self.inner_error();
        let error = error.or_else(|| ApiError::beneath(&self.event.fields()));
        Terminal::Failed(error.unwrap_or_default())
    }

    fn status(&self) -> Option<String> {
        self.response.read("status")
    }

    /// The response's own error, if it says anything.
    fn inner_error(&self) -> Option<ApiError> {
        ApiError::in_field(&self.response, "error").filter(|error| *error != ApiError::default())
    }
}

impl ErrorFrame {
    pub(crate) fn read(frame: &Fields<'_>) -> Self {
        let status = ["status", "status_code"]
            .iter()
            .find_map(|name| u16::try_from(frame.whole(name)?).ok());
        let headers = frame.object("headers").unwrap_or_default();
        Self {
            status,
            error: ApiError::beneath(frame).unwrap_or_default(),
            headers: headers
                .names()
                .filter_map(|name| Some((name.to_ascii_lowercase(), headers.text(name)?)))
                .collect(),
        }
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
            r#"{"type":"response.completed","response":{"error":{}}}"#,
            r#"{"type":"response.completed","response":{"error":""}}"#,
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
            let response =
                format!(r#"{{"status":"failed",{odd},"error":{{"code":"c","x":1e999}}}}"#);
            for kind in ["response.completed", "response.done", "response.failed"] {
                failed(
                    &format!(r#"{{"type":"{kind}","response":{response}}}"#),
                    "c",
                );
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
