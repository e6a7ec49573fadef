//! A request as a server reads it: the body of `POST …/responses`, or a `response.create` frame.
//!
//! The items are untrusted and kept as they are; only what a server must act on is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Item, ToolDefinition};

/// What a client asks for. Unknown fields are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateRequest {
    /// The frame's type over WebSocket (`response.create`); `None` over HTTP.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The model's name.
    pub model: String,
    /// The system prompt.
    #[serde(deserialize_with = "null_is_default")]
    pub instructions: String,
    /// The input; a plain string is one user message.
    #[serde(deserialize_with = "input")]
    pub input: Vec<Item>,
    /// The function tools on offer; other kinds are left out.
    #[serde(deserialize_with = "function_tools")]
    pub tools: Vec<ToolDefinition>,
    /// The response that the input continues.
    pub previous_response_id: Option<String>,
    /// `Some(false)`: prepare, but do not answer.
    pub generate: Option<bool>,
    /// Whether the answer shall be streamed; absent means no, over HTTP.
    pub stream: Option<bool>,
    /// Whether the response shall be kept by the server.
    pub store: Option<bool>,
    /// Strings the client attached.
    #[serde(deserialize_with = "null_is_default")]
    pub client_metadata: BTreeMap<String, String>,
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn input<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Item>, D::Error> {
    use serde::de::Error;
    // By hand and not as an untagged enum: that would take the items apart and re-encode them.
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    match raw.get().as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
            Ok(vec![Item::user(&text)])
        }
        Some(b'n') => Ok(Vec::new()),
        _ => serde_json::from_str(raw.get()).map_err(D::Error::custom),
    }
}

fn function_tools<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ToolDefinition>, D::Error> {
    let values: Vec<Value> = null_is_default(deserializer)?;
    Ok(values
        .into_iter()
        .filter(|tool| tool.get("type").and_then(Value::as_str) == Some("function"))
        .filter_map(|tool| serde_json::from_value(tool).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ItemView, ModelRequest};

    #[test]
    fn what_we_encode_we_can_read() {
        let request = ModelRequest {
            model: "m".to_owned(),
            instructions: "i".to_owned(),
            input: vec![Item::user("hi")],
            tools: vec![ToolDefinition {
                name: "f".to_owned(),
                description: String::new(),
                parameters: serde_json::json!({"type": "object"}),
            }],
            ..ModelRequest::default()
        };
        let body = super::super::EncodedRequest::new(&request).body();
        let read: CreateRequest = serde_json::from_str(&body).unwrap();
        assert_eq!((read.model, read.input), (request.model, request.input));
        assert_eq!(read.tools, request.tools);
        assert_eq!((read.stream, read.generate), (Some(true), None));
    }

    #[test]
    fn a_plain_string_is_one_message() {
        let read: CreateRequest =
            serde_json::from_str(r#"{"model":"m","input":"x","tools":null,"instructions":null}"#)
                .unwrap();
        assert!(matches!(read.input[0].view(), ItemView::Message { text, .. } if text == "x"));
    }

    #[test]
    fn items_that_are_no_objects_are_refused() {
        assert!(serde_json::from_str::<CreateRequest>(r#"{"input":[1]}"#).is_err());
    }
}
