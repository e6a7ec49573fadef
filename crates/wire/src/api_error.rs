//! What a provider says went wrong, in whichever of its shapes it says it.
//!
//! Seen: `{"error":{…}}` (OpenAI), `{"detail":…}` (the ChatGPT backend's FastAPI layer),
//! `{"error":"text"}` (small servers), and a flat `{"code":…,"message":…}` (stream error events).

use serde_json::Value;

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
    /// When a usage limit resets, in seconds since the Unix epoch.
    pub resets_at: Option<u64>,
    /// In how many seconds a usage limit resets.
    pub resets_in_seconds: Option<u64>,
}

impl ApiError {
    /// Reads an error out of a response body; `None` if the body has no error in a known shape.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Option<Self> {
        Self::from_value(&serde_json::from_slice(body).ok()?)
    }

    /// Reads an error out of JSON that holds one; `None` if it has none in a known shape.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        match (object.get("error"), object.get("detail")) {
            (Some(Value::Object(error)), _) => Some(Self::from_fields(error)),
            (Some(Value::String(message)), _) => Some(Self::from_message(message)),
            (_, Some(Value::String(message))) => Some(Self::from_message(message)),
            (_, Some(Value::Object(detail))) => Some(Self::from_fields(detail)),
            (_, Some(Value::Array(details))) => Some(Self::from_validation(details)),
            _ if object.contains_key("message") || object.contains_key("code") => {
                Some(Self::from_fields(object))
            }
            _ => None,
        }
    }

    /// Whether the code or the type is `name`: providers put the same word in either place.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.code.as_deref() == Some(name) || self.kind.as_deref() == Some(name)
    }

    fn from_message(message: &str) -> Self {
        Self {
            message: Some(message.to_owned()),
            ..Self::default()
        }
    }

    fn from_fields(fields: &serde_json::Map<String, Value>) -> Self {
        let text = |name: &str| match fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            // Some servers put the HTTP status where the code belongs.
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let whole = |name: &str| fields.get(name).and_then(Value::as_u64);
        Self {
            code: text("code"),
            kind: text("type"),
            message: text("message"),
            param: text("param"),
            resets_at: whole("resets_at"),
            resets_in_seconds: whole("resets_in_seconds"),
        }
    }

    /// FastAPI's validation list: `[{"loc":["body","model"],"msg":"field required"}]`.
    fn from_validation(details: &[Value]) -> Self {
        let message: Vec<&str> = details
            .iter()
            .filter_map(|detail| detail.get("msg").and_then(Value::as_str))
            .collect();
        Self::from_message(&message.join("; "))
    }
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
