//! What a provider says went wrong, in whichever of its shapes it says it.
//!
//! Seen: `{"error":{…}}` (OpenAI), `{"detail":…}` (the ChatGPT backend's FastAPI layer),
//! `{"error":"text"}` (small servers), and a flat `{"code":…,"message":…}` (stream error events).

use serde_json::value::RawValue;

use crate::fields::Fields;
use crate::retry_after::LONGEST;

/// The fields of an error that anything acts on. Texts are for people; nothing parses them except
/// the documented "try again in" delay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// Machine-readable code, such as `context_length_exceeded`.
    pub code: Option<String>,
    /// Machine-readable type, such as `usage_limit_reached`.
    pub kind: Option<String>,
    /// The provider's words.
    pub message: Option<String>,
    /// The request field that is to blame.
    pub param: Option<String>,
    /// When a usage limit resets, in seconds since the Unix epoch; at most the year 2106.
    pub resets_at: Option<u64>,
    /// In how many seconds a usage limit resets; at most 136 years, so that clocks can add it.
    pub resets_in_seconds: Option<u64>,
}

impl ApiError {
    /// Reads an error out of a response body; `None` if the body has no error in a known shape.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Option<Self> {
        Self::beneath(&Fields::of(body)?)
    }

    /// The error that an object holds or is; `None` if it has none in a known shape.
    pub(crate) fn beneath(object: &Fields<'_>) -> Option<Self> {
        let named = ["error", "detail"]
            .iter()
            .find_map(|name| Self::in_field(object, name));
        named.or_else(|| {
            let flat = Self::read(object);
            (flat.message.is_some() || flat.code.is_some()).then_some(flat)
        })
    }

    /// The error in one field of an object: fields of its own, a text, or a list of complaints.
    pub(crate) fn in_field(object: &Fields<'_>, name: &str) -> Option<Self> {
        if let Some(error) = object.object(name) {
            return Some(Self::read(&error));
        }
        let text = object.read::<String>(name);
        let message = text.or_else(|| Some(validation(object.read(name)?)));
        message.filter(|m| !m.is_empty()).map(|message| Self {
            message: Some(message),
            ..Self::default()
        })
    }

    /// Whether the code or the type is `name`: providers put the same word in either place.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.code.as_deref() == Some(name) || self.kind.as_deref() == Some(name)
    }

    fn read(error: &Fields<'_>) -> Self {
        // Rounded up: a wait is never shortened.
        let seconds = |name| {
            let seconds = error.number(name).filter(|seconds| *seconds >= 0.0)?;
            Some((seconds.ceil() as u64).min(LONGEST.as_secs()))
        };
        Self {
            // Some servers put the HTTP status, a number, where the code belongs.
            code: error.text("code"),
            kind: error.text("type"),
            message: error.text("message"),
            param: error.text("param"),
            resets_at: seconds("resets_at"),
            resets_in_seconds: seconds("resets_in_seconds"),
        }
    }
}

/// FastAPI's validation list: `[{"loc":["body","model"],"msg":"field required"}]`.
fn validation(complaints: Vec<&RawValue>) -> String {
    let messages: Vec<String> = complaints
        .into_iter()
        .filter_map(|complaint| Fields::of(complaint.get().as_bytes())?.text("msg"))
        .collect();
    messages.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_shape_is_read() {
        let table = [
            (
                r#"{"error":{"type":"usage_limit_reached","message":"m","resets_in_seconds":5}}"#,
                Some("m"),
            ),
            (r#"{"error":"m"}"#, Some("m")),
            (r#"{"detail":"m"}"#, Some("m")),
            (r#"{"detail":[{"loc":["body"],"msg":"m"}]}"#, Some("m")),
            (
                r#"{"type":"error","code":"server_error","message":"m"}"#,
                Some("m"),
            ),
            (r#"{"error":{"code":404,"message":null}}"#, None),
        ];
        for (body, message) in table {
            let error = ApiError::from_body(body.as_bytes()).unwrap();
            assert_eq!(error.message.as_deref(), message, "{body}");
        }
        let limit = ApiError::from_body(table[0].0.as_bytes()).unwrap();
        assert!(limit.is("usage_limit_reached"));
        assert_eq!(limit.resets_in_seconds, Some(5));
    }

    #[test]
    fn what_is_no_error_is_none() {
        for body in [
            "<html>",
            "[]",
            "{}",
            r#"{"error":null}"#,
            r#"{"id":"resp_1"}"#,
        ] {
            assert_eq!(ApiError::from_body(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn waits_are_read_however_they_are_spelt() {
        let table = [
            (r#""5""#, Some(5)),
            ("5.0", Some(5)),
            ("5.2", Some(6)),
            ("null", None),
            ("-1", None),
            ("18446744073709551615", Some(u64::from(u32::MAX))),
        ];
        for (spelt, seconds) in table {
            let body = format!(
                r#"{{"error":{{"code":"c","resets_in_seconds":{spelt},"resets_at":{spelt}}}}}"#
            );
            let error = ApiError::from_body(body.as_bytes()).unwrap();
            let waits = (error.resets_in_seconds, error.resets_at);
            assert_eq!(waits, (seconds, seconds), "{spelt}");
        }
    }

    #[test]
    fn an_odd_field_does_not_lose_the_code() {
        let body = r#"{"x":1e999,"error":{"y":1e999,"code":"c","message":{}}}"#;
        assert!(ApiError::from_body(body.as_bytes()).unwrap().is("c"));
    }
}
